"""How many calls a session or a token may make a minute."""

import threading
from collections.abc import Callable
from typing import Final

from datafly.model.errors import CallerError

_MANY: Final = 10_000


class Rate:
    """A bucket for each caller: full at first, filled anew evenly over a minute. In memory of this process."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._buckets: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def require(self, caller: str, per_minute: int) -> None:
        """Counts a call. Raises `CallerError`, 429 `RATE_LIMITED`, with the time to wait. 0 is unlimited."""
        if per_minute and (wait := self._take(caller, per_minute)):
            seconds = max(1, -int(-wait // 1))
            raise CallerError(
                f"More than {per_minute} requests a minute. Try again in {seconds} s; programs have more with an API "
                "token.",
                code="RATE_LIMITED",
                status=429,
                retry_after_seconds=seconds,
            )

    def _take(self, caller: str, per_minute: int) -> float:
        """Seconds to wait for; 0: taken."""
        now, a_second = self._monotonic(), per_minute / 60
        with self._lock:
            left, then = self._buckets.get(caller, (float(per_minute), now))
            left = min(float(per_minute), left + (now - then) * a_second)
            taken = left >= 1
            self._buckets[caller] = (left - 1 if taken else left, now)
            if len(self._buckets) > _MANY:
                self._forget(now)
        return 0.0 if taken else (1 - left) / a_second

    def _forget(self, now: float) -> None:
        """Whoever did not call for a minute has a full bucket again."""
        self._buckets = {caller: bucket for caller, bucket in self._buckets.items() if now - bucket[1] < 60}
