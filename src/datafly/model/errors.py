"""The tree of errors; each class says who must act.

    SignalError
    ├── CallerError          the caller of an API must change the call     → one JSON shape, 4xx
    │   ├── Invalid          a field is wrong                              → 422 (or 400 at the gateway)
    │   ├── NotFound         there is no such thing                        → 404
    │   ├── Conflict         it exists already, or changed meanwhile       → 409 / 412
    │   └── Unauthorized     no credential, or not a good one              → 401 / 403
    ├── OperatorError        whoever runs Signal must change the set-up    → stops a start with one sentence
    │   └── TakenOver        nobody: another process goes on with it       → what is held of it is dropped
    └── Unavailable          nobody: try again later                       → 503 with Retry-After

Expected outcomes of a delivery are no errors but values: see `model.verdict`.
"""

from collections.abc import Collection
from typing import Any


class SignalError(Exception):
    """What a person can see of a failure: a stable code, a sentence with a cure, and details as data."""

    code = "INTERNAL"
    status = 500

    def __init__(self, message: str, *, code: str | None = None, status: int | None = None, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.status = status or type(self).status
        self.details = details

    def as_body(self) -> dict[str, Any]:
        """`{"error": {"code", "message", "details"}}`, the one JSON shape of every error."""
        return error_body(self.code, self.message, self.details)


class CallerError(SignalError):
    code = "BAD_REQUEST"
    status = 400


class Invalid(CallerError):
    code = "VALIDATION_FAILED"
    status = 422


class NotFound(CallerError):
    code = "NOT_FOUND"
    status = 404


class Conflict(CallerError):
    code = "CONFLICT"
    status = 409


class Unauthorized(CallerError):
    code = "INVALID_TOKEN"
    status = 401


class OperatorError(SignalError):
    code = "SETUP"


class TakenOver(OperatorError):
    """These partitions belong to another process by now; nothing of what was asked for is done."""

    code = "FENCED"

    def __init__(self, partitions: Collection[int]) -> None:
        told = ", ".join(map(str, sorted(partitions)))
        super().__init__(f"Another process has taken over partition {told}.", partitions=sorted(partitions))
        self.partitions = frozenset(partitions)


class Unavailable(SignalError):
    code = "UNAVAILABLE"
    status = 503


def error_body(code: str, message: str, details: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "details": details or {}}}
