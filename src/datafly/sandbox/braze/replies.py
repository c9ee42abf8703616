"""Answers in Braze's form (contracts/klaviyo-braze-movable-ink-webhook.md §2.4)."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from datafly.sandbox.faults import Fault
from datafly.sandbox.kit import Outcome, Verdict
from datafly.sandbox.kit.vendor import Use
from datafly.sandbox.wire import Incoming, Reply, json_reply

NO_VALID_DATA: Final = "Valid data must be provided in the 'attributes', 'events', or 'purchases' fields."
TOO_MANY_IDS: Final = "The max number of external_ids and aliases per request was exceeded"
_WORDS: Final = {
    400: NO_VALID_DATA,
    401: "Invalid API Key",
    403: "The API key does not have the permission for this endpoint",
    404: "Invalid URL",
    413: "Request body is too large",
    415: "Unsupported media type",
    429: "Too Many Requests",
    503: "Service Unavailable",
}


class Wrong(msgspec.Struct, frozen=True):
    """One object that is not taken. `input_array` and `index`: where it stood."""

    type: str
    input_array: str
    index: int


def said(status: int, told: Mapping[str, Any] | None = None) -> Outcome:
    """A success, with what is told beside it."""
    return Outcome(json_reply(status, {"message": "success", **(told or {})}))


def refused(status: int, message: str = "", *, ours: str = "", wrong: Sequence[Wrong] = ()) -> Outcome:
    told = {"errors": [msgspec.structs.asdict(one) for one in wrong]} if wrong else {}
    return Outcome(json_reply(status, {"message": message or _WORDS[status], **told}), (), ours)


def with_verdicts(outcome: Outcome, verdicts: Sequence[Verdict]) -> Outcome:
    return msgspec.structs.replace(outcome, verdicts=verdicts)


def fault(asked: Fault) -> Reply:
    status = asked.status or 500
    if asked.body:
        return Reply(status=status, body=asked.body.encode(), headers=(("content-type", "application/json"),))
    return json_reply(status, {"message": _WORDS.get(status, "Internal Server Error")})


def too_many(uses: Sequence[Use]) -> Outcome:
    """No Retry-After: the header that tells when is `x-ratelimit-reset`."""
    outcome = refused(429, ours="too_many_requests")
    over = [use for use in uses if use.is_over]
    headers = (*outcome.reply.headers, *limit_headers(over))
    return msgspec.structs.replace(outcome, reply=msgspec.structs.replace(outcome.reply, headers=headers))


def limit_headers(uses: Sequence[Use]) -> tuple[tuple[str, str], ...]:
    """`x-ratelimit-reset` is a moment, in seconds since 1970."""
    if not uses:
        return ()
    last = uses[-1]
    return (
        ("x-ratelimit-limit", str(last.pool.requests)),
        ("x-ratelimit-remaining", str(last.left)),
        ("x-ratelimit-reset", str(int(last.resets_at.timestamp()) + 1)),
    )


def missing(_incoming: Incoming) -> Outcome:
    return refused(404)


def wrong_method(_incoming: Incoming) -> Outcome:
    return refused(404, ours="method")
