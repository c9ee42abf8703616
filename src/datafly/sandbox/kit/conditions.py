"""What can be steered while a room is open; none of it survives a restart."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from datafly.sandbox.faults import FaultQueue
from datafly.sandbox.kit.vendor import Pool, Use


class RateLimit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """In place of every limit of the vendor."""

    requests: int
    window_seconds: float = 60.0

    def __post_init__(self) -> None:
        if self.requests < 0:
            raise ValueError("requests is at least 0")
        if not 0 < self.window_seconds <= 86_400:
            raise ValueError("window_seconds is more than 0 and at most 86400")


class Conditions:
    """`modes`: name → what may be chosen; the first holds at the start. `lag_seconds`: 0 is consistent at once."""

    def __init__(self, modes: Mapping[str, Sequence[str]]) -> None:
        self._modes = {name: tuple(choices) for name, choices in modes.items()}
        self.faults = FaultQueue()
        self.override: RateLimit | None = None
        self.lag_seconds = 0.0
        self.mode = {name: choices[0] for name, choices in self._modes.items()}
        self._windows: dict[tuple[int, str], tuple[datetime, int]] = {}

    def steer(
        self,
        *,
        override: RateLimit | msgspec.UnsetType | None = msgspec.UNSET,
        lag_seconds: float | msgspec.UnsetType = msgspec.UNSET,
        mode: Mapping[str, str] | None = None,
    ) -> None:
        """What is not given stays. Raises ValueError for a mode that is none, and then changes nothing."""
        for name, choice in (mode or {}).items():
            if choice not in self._modes.get(name, ()):
                known = ", ".join(self._modes.get(name, ())) or "nothing"
                raise ValueError(f"{name} is {known}, not {choice}")
        if override is not msgspec.UNSET:
            self.override = override
            self._windows.clear()
        if lag_seconds is not msgspec.UNSET:
            self.lag_seconds = lag_seconds
        self.mode = {**self.mode, **(mode or {})}

    def reset(self) -> None:
        self.faults.clear()
        first = {name: choices[0] for name, choices in self._modes.items()}
        self.steer(override=None, lag_seconds=0.0, mode=first)

    def spend(self, credential_id: int, pools: Sequence[Pool], now: datetime) -> tuple[Use, ...]:
        """Counts a request; windows begin with the first request in them."""
        limits = pools
        if self.override is not None:
            limits = (Pool("override", self.override.requests, self.override.window_seconds),)
        return tuple(self._spend(credential_id, pool, now) for pool in limits)

    def _spend(self, credential_id: int, pool: Pool, now: datetime) -> Use:
        began, count = self._windows.get((credential_id, pool.name), (now, 0))
        if (now - began).total_seconds() >= pool.seconds:
            began, count = now, 0
        self._windows[credential_id, pool.name] = (began, count + 1)
        ends = began + timedelta(seconds=pool.seconds)
        return Use(pool, count + 1, (ends - now).total_seconds(), ends)


def retry_after(uses: Sequence[Use]) -> int:
    """Seconds, whole, until every pool that is over has room again."""
    return max((math.ceil(use.resets_in) for use in uses if use.is_over), default=1)
