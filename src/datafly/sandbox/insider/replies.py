"""Whole-request answers of Insider, word for word; `ours` marks what its documents leave open."""

import msgspec

from datafly.sandbox.faults import Fault
from datafly.sandbox.wire import Reply, json_reply


class Answer(msgspec.Struct, frozen=True):
    status: int
    body: dict[str, object]
    ours: bool = False

    def reply(self) -> Reply:
        return json_reply(self.status, self.body)


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

TOO_MANY_USERS = Answer(400, {"error": "users must not be more than 1000: bad request"}, ours=True)
NOT_FOUND = Answer(404, {"error": "no such path: not found"}, ours=True)
WRONG_METHOD = Answer(405, {"error": "method not allowed: bad request"}, ours=True)
BAD_PROFILE_REQUEST = Answer(
    400, {"error": "exactly one of identifiers and insider_id must be defined: bad request"}, ours=True
)
BAD_TABLE = Answer(400, {"error": "table must be one of contacts, events: bad request"}, ours=True)
UNREADABLE_FAULT = Answer(400, {"error": "X-Sandbox-Fault cannot be read"}, ours=True)

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
    return msgspec.structs.replace(reply, headers=(*reply.headers, ("retry-after", str(seconds))))


def _faulty(status: int, body: str | None) -> Reply:
    if body is not None:
        return Reply(status=status, body=body.encode())
    if status in _BY_STATUS:
        return _BY_STATUS[status].reply()
    if status == 520:
        return Reply(status=520, body=_HTML_520, headers=(("content-type", "text/html; charset=UTF-8"),))
    return Reply(status=status, headers=(("content-type", "text/plain"),))
