"""What can be steered while the room is open; none of it survives a restart."""

from datafly.sandbox.faults import FaultQueue
from datafly.sandbox.insider.limits import RateLimit, RateLimits
from datafly.sandbox.settings import AuthErrors


class Conditions:
    """`lag_seconds` is how long an upsert that was answered stays invisible: 0 is consistent at once."""

    def __init__(self, auth_errors: AuthErrors) -> None:
        self._auth_errors_at_start = auth_errors
        self.auth_errors = auth_errors
        self.faults = FaultQueue()
        self.limits = RateLimits()
        self.lag_seconds = 0.0

    def steer(self, *, auth_errors: AuthErrors, limit: RateLimit | None, lag_seconds: float) -> None:
        """How requests are answered from now on; windows of limits begin anew."""
        self.auth_errors = auth_errors
        self.limits.override = limit
        self.limits.clear()
        self.lag_seconds = lag_seconds

    def reset(self) -> None:
        """As at the start."""
        self.faults.clear()
        self.steer(auth_errors=self._auth_errors_at_start, limit=None, lag_seconds=0.0)
