"""What a drawn sandbox says: the answers that the definition declares, and our own where it declares none."""

from collections.abc import Sequence
from typing import Final

from datafly.sandbox.faults import Fault
from datafly.sandbox.kit import OurWord, Outcome
from datafly.sandbox.kit.conditions import retry_after
from datafly.sandbox.kit.vendor import Use
from datafly.sandbox.wire import Incoming, Reply, json_reply
from datafly.spec.integration import Integration
from datafly.spec.words import Failure

NOTHING: Final = "none"
"""The choice of `FAILURE` with which requests are answered as they deserve."""
FAILURE: Final = "failure"
"""The switch by which a declared failure is asked for by its name."""

OURS: Final = (
    OurWord("drawn", "all of it", "how items are read, told apart and kept: from the definition, not from the vendor"),
    OurWord("no_path", "status 404", "there is no such call"),
    OurWord("no_method", "status 405", "there is no such method"),
    OurWord("refused", "status 401", "what does not fit; where a failure of 401 or 403 is declared, that"),
    OurWord("no_constant", "status 400", "a header that the definition always sends is not as declared"),
    OurWord("too_large", "status 413", "the body is larger than the limits say"),
    OurWord("too_many_items", "status 400", "a request holds more items than the limits say"),
    OurWord("no_json", "status 400", "the body is not JSON"),
    OurWord("unlike", "status 400", "the body is not of the declared shape, and where"),
    OurWord("too_many", "status 429", "Retry-After, and ratelimit-limit, -remaining and -reset with every answer"),
    OurWord("taken", "status 200", "{}, where the definition does not say what a good answer looks like"),
)


def said(status: int, ours: str, message: str) -> Outcome:
    return Outcome(json_reply(status, {"error": message}), (), ours)


def missing(_: Incoming) -> Outcome:
    return said(404, "no_path", "there is no such call")


def wrong_method(_: Incoming) -> Outcome:
    return said(405, "no_method", "there is no such method")


def as_declared(failure: Failure) -> Reply:
    return Reply(status=failure.status, body=failure.answer.encode())


def failure_of(integration: Integration, statuses: Sequence[int]) -> Failure | None:
    """The first that is declared of one of these statuses, of no route in particular if there is one."""
    found = [one for one in integration.failures if one.status in statuses]
    return next((one for one in found if one.route is None), next(iter(found), None))


def refused(integration: Integration, what: str) -> Outcome:
    declared = failure_of(integration, (401, 403))
    return said(401, "refused", f"{what} does not fit") if declared is None else Outcome(as_declared(declared))


def too_many(integration: Integration, uses: Sequence[Use]) -> Outcome:
    declared = failure_of(integration, (429,))
    reply = said(429, "too_many", "too many requests").reply if declared is None else as_declared(declared)
    headers = (*reply.headers, ("retry-after", str(retry_after(uses))), *limit_headers(uses))
    return Outcome(Reply(status=429, body=reply.body, headers=headers), (), "too_many")


def limit_headers(uses: Sequence[Use]) -> tuple[tuple[str, str], ...]:
    """Of the limit that is nearest."""
    if not uses:
        return ()
    nearest = min(uses, key=lambda use: use.left)
    return (
        ("ratelimit-limit", str(nearest.pool.requests)),
        ("ratelimit-remaining", str(nearest.left)),
        ("ratelimit-reset", str(round(nearest.resets_in))),
    )


def on_demand(integration: Integration, fault: Fault) -> Reply:
    """The answer that is declared for a status."""
    status = fault.status or 500
    declared = failure_of(integration, (status,))
    if fault.body is None and declared is not None:
        return as_declared(declared)
    return Reply(status=status, body=(fault.body or '{"error":"a fault on demand"}').encode())


def taken(answer: str, count: int, ticket: str) -> Outcome:
    """`answer` with its marks filled in, see `spec.integration.Route`."""
    body = answer.replace('"$count"', str(count)).replace("$ticket", ticket)
    return Outcome(Reply(status=200, body=(body or "{}").encode()), (), "" if answer else "taken")
