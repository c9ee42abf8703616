"""Whole-request answers of Insider, word for word; `ours` names what its documents leave open."""

from collections.abc import Iterable

import msgspec

from datafly.sandbox.faults import Fault
from datafly.sandbox.wire import Reply, json_reply

OURS_HEADER = "x-sandbox-ours"


class Answer(msgspec.Struct, frozen=True):
    status: int
    body: dict[str, object]
    ours: str = ""

    def reply(self) -> Reply:
        return marked(json_reply(self.status, self.body), [self.ours] if self.ours else [])


def marked(reply: Reply, ours: Iterable[str]) -> Reply:
    """Names in a header what in the answer is the sandbox's own, so that no test takes it for Insider's word."""
    names = ", ".join(sorted(set(ours)))
    return with_header(reply, OURS_HEADER, names) if names else reply


def with_header(reply: Reply, name: str, value: str) -> Reply:
    return msgspec.structs.replace(reply, headers=(*reply.headers, (name, value)))


def _refusal(message: str) -> dict[str, object]:
    return {"success": False, "message": message}


ACCESS_DENIED = Answer(403, _refusal("Access Denied. You do not have sufficient access to perform this action."))
PARTNER_INVALID = Answer(400, _refusal("Partner is invalid."))
TOKEN_FAILED = Answer(401, _refusal("Partner token authentication failed."))
NOT_JSON_TYPE = Answer(400, {"error": "content type must be application/json"})
TOO_LARGE = Answer(400, {"error": "request body is bigger than maximum allowed size 5,000,000 bytes"})
NOT_JSON = Answer(400, _refusal("Request data is not in valid JSON format."))
NO_USERS = Answer(400, {"error": "users must be defined: bad request"})
TOO_MANY_REQUESTS = Answer(429, {"error": "rejected: too many requests"})
UNKNOWN_ERROR = Answer(500, _refusal("The request processing has failed because of an unknown error."))
NO_SUCH_USER = Answer(404, {"error": "no such user for these identifiers: no data"})

SAME_VALUES = Answer(400, {"error": "identifier values are the same: bad request"})
NOT_ONE_ENTRY = Answer(400, {"error": "there must be exactly 1 entry for both new and old identifiers: bad request"})
TAKEN_IDENTIFIER = Answer(400, {"error": "new identifier already has a user assigned to it: bad request"})
NO_VALID_IDENTIFIER = Answer(400, {"error": "no valid identifier: bad request"})
SOLE_IDENTIFIER = Answer(400, {"error": "you cannot delete the sole identifier specified for a user: bad request"})
NOTHING = Answer(200, {})


def _ours(status: int, message: str, name: str) -> Answer:
    return Answer(status, {"error": message}, ours=name)


TOO_MANY_USERS = _ours(400, "users must not be more than 1000: bad request", "users_too_many")
NOT_FOUND = _ours(404, "no such path: not found", "unknown_path")
WRONG_METHOD = _ours(405, "method not allowed: bad request", "wrong_method")
NO_SUCH_OLD_USER = _ours(404, "no such user for these identifiers: no data", "old_identifier_unknown")
NOT_ONE_IDENTITY = _ours(400, "exactly one of identifiers and insider_id must be defined: bad request", "one_identity")
NOT_ONE_IDENTIFIER = _ours(400, "there must be exactly 1 entry for identifiers: bad request", "one_identifier")
OTHER_TYPE = _ours(400, "old and new identifier must be of the same type: bad request", "same_type")
BAD_IDENTIFIER_VALUE = _ours(400, "not a valid identifier value: bad request", "identifier_value")
BAD_TABLE = _ours(400, "table must be one of contacts, events: bad request", "metadata_table")
UNREADABLE_FAULT = _ours(400, "X-Sandbox-Fault cannot be read", "unreadable_fault")

OURS: tuple[Answer, ...] = tuple(
    answer for answer in list(globals().values()) if isinstance(answer, Answer) and answer.ours
)

# A proxy's error page in shape only: no vendor publishes one for this host.
_HTML_520 = (
    b"<!DOCTYPE html><html><head><title>520: Web server is returning an unknown error</title></head>"
    b"<body><h1>Error 520</h1></body></html>\n"
)
_BY_STATUS = {answer.status: answer for answer in (NOT_JSON_TYPE, TOKEN_FAILED, ACCESS_DENIED)}
_BY_STATUS |= {answer.status: answer for answer in (TOO_MANY_REQUESTS, UNKNOWN_ERROR)}


def fault_reply(fault: Fault) -> Reply:
    """What Insider answers at that status, as far as it is documented; 503 and 504 promise no JSON."""
    reply = _faulty(fault.status or 500, fault.body)
    return with_retry_after(reply, fault.retry_after)


def with_retry_after(reply: Reply, seconds: int | None) -> Reply:
    if seconds is None:
        return reply
    return with_header(reply, "retry-after", str(seconds))


def _faulty(status: int, body: str | None) -> Reply:
    if body is not None:
        return Reply(status=status, body=body.encode())
    if status in _BY_STATUS:
        return _BY_STATUS[status].reply()
    if status == 520:
        return Reply(status=520, body=_HTML_520, headers=(("content-type", "text/html; charset=UTF-8"),))
    return Reply(status=status, headers=(("content-type", "text/plain"),))
