"""How fast a vendor may be called: one bucket per credential, shared by all that use it, live or replayed."""

from typing import Final

from datafly.model.clock import Clock

_BURST_SECONDS: Final = 1.0
"""As many requests as one second allows may leave at once; the rest is spread evenly."""


class Pace:
    """A token bucket, kept as the time at which it would be full again (GCRA): no tokens to refill."""

    def __init__(self, requests_per_minute: int, clock: Clock) -> None:
        self._clock = clock
        self._full_at = clock.monotonic()
        self.retune(requests_per_minute)

    def retune(self, requests_per_minute: int) -> None:
        self._interval = 60.0 / max(requests_per_minute, 1)
        self._burst = max(_BURST_SECONDS - self._interval, 0.0)

    async def take(self) -> bool:
        """Waits for the turn of one request, in order of arrival. Whether there was anything to wait for."""
        now = self._clock.monotonic()
        full_at = max(self._full_at, now)
        self._full_at = full_at + self._interval
        delay = full_at - self._burst - now
        if delay <= 0:
            return False
        await self._clock.sleep(delay)
        return True

    def hold(self, seconds: float) -> None:
        """The vendor asked for silence: no request leaves before that."""
        self._full_at = max(self._full_at, self._clock.monotonic() + seconds + self._burst)


class Paces:
    """The buckets of this process, by vendor and credential."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._paces: dict[tuple[str, str], Pace] = {}

    def of(self, vendor: str, credential: str, requests_per_minute: int) -> Pace:
        key = (vendor, credential)
        if key not in self._paces:
            self._paces[key] = Pace(requests_per_minute, self._clock)
        pace = self._paces[key]
        pace.retune(requests_per_minute)
        return pace
