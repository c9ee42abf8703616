"""Rate limits: so many units a minute of a pool, for each key."""

import math
from datetime import datetime

import msgspec


class RateLimit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`retry_after` tells whether a refusal says when to come back; Insider only sometimes does."""

    requests: int
    window_seconds: float = 60.0
    retry_after: bool = True

    def __post_init__(self) -> None:
        if self.requests < 0:
            raise ValueError("requests is at least 0")
        if not 0 < self.window_seconds <= 86_400:
            raise ValueError("window_seconds is more than 0 and at most 86400")


class Refusal(msgspec.Struct, frozen=True):
    retry_after: int | None


class RateLimits:
    """Counts in windows that begin with a key's first request; an override takes the place of every limit."""

    def __init__(self) -> None:
        self.override: RateLimit | None = None
        self._windows: dict[tuple[int, str], tuple[datetime, float]] = {}

    def clear(self) -> None:
        self._windows.clear()

    def refusal(self, key_id: int, pool: str, units_a_minute: int, now: datetime, *, units: float) -> Refusal | None:
        """Count a request of so many units; a refusal where the window has none left. An override counts requests."""
        limit = self.override or RateLimit(requests=units_a_minute)
        cost = 1.0 if self.override else units
        began, count = self._windows.get((key_id, pool), (now, 0.0))
        if (now - began).total_seconds() >= limit.window_seconds:
            began, count = now, 0.0
        self._windows[key_id, pool] = (began, count + cost)
        if count + cost <= limit.requests:
            return None
        left = limit.window_seconds - (now - began).total_seconds()
        return Refusal(max(1, math.ceil(left)) if limit.retry_after else None)

    def used(self, key_id: int, pool: str) -> float:
        """What the key spent of the pool in its window."""
        return self._windows.get((key_id, pool), (None, 0.0))[1]
