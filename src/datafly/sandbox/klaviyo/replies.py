"""Answers in Klaviyo's form: JSON:API, errors with pointers (contracts/klaviyo-braze-movable-ink-webhook.md §1.7)."""

import uuid
from collections.abc import Sequence
from typing import Any

import msgspec

from datafly.sandbox.faults import Fault
from datafly.sandbox.kit import Outcome, Verdict
from datafly.sandbox.kit.conditions import retry_after
from datafly.sandbox.kit.vendor import Use
from datafly.sandbox.wire import Incoming, Reply

_HEADERS = (("content-type", "application/vnd.api+json"),)
_TITLES = {
    400: ("invalid", "Invalid input."),
    401: ("not_authenticated", "Authentication credentials were not provided."),
    403: ("permission_denied", "You do not have permission to perform this action."),
    404: ("not_found", "Not found."),
    405: ("method_not_allowed", "Method not allowed."),
    409: ("duplicate_profile", "Conflict."),
    410: ("gone", "Gone."),
    413: ("payload_too_large", "Payload too large."),
    415: ("unsupported_media_type", "Unsupported media type in request."),
    429: ("throttled", "Request was throttled."),
}


class Finding(msgspec.Struct, frozen=True):
    """What is wrong with a request, and where: a JSON pointer. `ours`: the name of our word."""

    pointer: str
    detail: str
    ours: str = "invalid_field"


def taken(verdicts: Sequence[Verdict] = ()) -> Outcome:
    """202 and no body: validated and queued."""
    return Outcome(Reply(status=202, headers=()), verdicts)


def resource(status: int, data: Any, verdicts: Sequence[Verdict] = ()) -> Outcome:
    body = msgspec.json.encode({"data": data})
    return Outcome(Reply(status=status, body=body, headers=_HEADERS), verdicts)


def listing(data: Sequence[Any], links: dict[str, str | None]) -> Outcome:
    body = msgspec.json.encode({"data": data, "links": links})
    return Outcome(Reply(status=200, body=body, headers=_HEADERS))


def error(
    status: int, detail: str, *, ours: str = "", pointer: str = "", meta: dict[str, str] | None = None
) -> Outcome:
    return Outcome(_errors(status, [(detail, pointer)], meta), (), ours)


def refused(findings: Sequence[Finding], verdicts: Sequence[Verdict] = ()) -> Outcome:
    """400, with an error for each finding."""
    reply = _errors(400, [(found.detail, found.pointer) for found in findings])
    return Outcome(reply, verdicts, findings[0].ours)


def conflict(duplicate_id: str = "") -> Outcome:
    meta = {"duplicate_profile_id": duplicate_id} if duplicate_id else None
    return error(409, "A profile already exists with one of these identifiers.", pointer="/data/attributes", meta=meta)


def _errors(status: int, found: Sequence[tuple[str, str]], meta: dict[str, str] | None = None) -> Reply:
    code, title = _TITLES.get(status, ("error", "A server error occurred."))
    errors = [
        {
            "id": str(uuid.uuid4()),
            "status": status,
            "code": code,
            "title": title,
            "detail": detail,
            "source": {"pointer": pointer or "/data/"},
            "meta": meta or {},
        }
        for detail, pointer in found
    ]
    return Reply(status=status, body=msgspec.json.encode({"errors": errors}), headers=_HEADERS)


def fault(asked: Fault) -> Reply:
    status = asked.status or 500
    if asked.body:
        return Reply(status=status, body=asked.body.encode(), headers=_HEADERS)
    return _errors(status, [(_TITLES.get(status, ("", "A server error occurred."))[1], "")])


def too_many(uses: Sequence[Use]) -> Outcome:
    """Retry-After and none of the RateLimit headers, as documented."""
    seconds = retry_after(uses)
    told = error(429, f"Request was throttled. Expected available in {seconds} seconds.")
    headers = (*told.reply.headers, ("retry-after", str(seconds)))
    return Outcome(msgspec.structs.replace(told.reply, headers=headers))


def limit_headers(uses: Sequence[Use]) -> tuple[tuple[str, str], ...]:
    """Of the steady window, which stands last."""
    if not uses:
        return ()
    steady = uses[-1]
    return (
        ("RateLimit-Limit", str(steady.pool.requests)),
        ("RateLimit-Remaining", str(steady.left)),
        ("RateLimit-Reset", str(max(int(steady.resets_in), 0))),
    )


def missing(_incoming: Incoming) -> Outcome:
    return error(404, "The path you requested does not exist.")


def wrong_method(incoming: Incoming) -> Outcome:
    return error(405, f'Method "{incoming.method}" not allowed.')
