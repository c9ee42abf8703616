"""How fast a vendor may be called: one bucket per credential, shared by all that use it, live or replayed."""

from typing import Final

from datafly.deliver.rate import Rate
from datafly.model.clock import Clock

_BURST_SECONDS: Final = 1.0
"""As many requests as one second allows may leave at once; the rest is spread evenly."""


class Pace:
    """A token bucket, kept as the time at which it would be full again (GCRA): no tokens to refill.

    `rate` learns from answers how much the vendor takes; what it allows counts from the next request on.
    """

    def __init__(self, requests_per_minute: int, clock: Clock, workers: int = 1) -> None:
        self._clock = clock
        self.rate = Rate(requests_per_minute, clock, workers)
        self._full_at = self._held_until = clock.monotonic()

    def retune(self, requests_per_minute: int) -> None:
        self.rate.retune(requests_per_minute)

    def book(self) -> float:
        """The turn of one more request, after all that were booked before; `due_in` says how long it is off."""
        interval, burst = self._spread()
        full_at = max(self._full_at, self._clock.monotonic())
        self._full_at = full_at + interval
        return full_at - burst

    def due_in(self, turn: float) -> float:
        """Seconds until a request may leave that booked `turn`; 0 or less: now. A later `hold` puts it off."""
        return max(turn, self._held_until) - self._clock.monotonic()

    def hold(self, seconds: float) -> None:
        """The vendor asked for silence: no request leaves before that, nor does one that booked its turn earlier."""
        self._held_until = max(self._held_until, self._clock.monotonic() + seconds)
        self._full_at = max(self._full_at, self._held_until + self._spread()[1])

    def _spread(self) -> tuple[float, float]:
        """Seconds between two requests, and what of a second's worth may go ahead of that."""
        interval = 60.0 / self.rate.allowed
        return interval, max(_BURST_SECONDS - interval, 0.0)


class Paces:
    """The buckets of this process, by vendor and credential. Of `workers` that deliver, each has its part of a rate."""

    def __init__(self, clock: Clock, workers: int = 1) -> None:
        self._clock = clock
        self._workers = workers
        self._paces: dict[tuple[str, str], Pace] = {}

    def of(self, vendor: str, credential: str, requests_per_minute: int) -> Pace:
        key = (vendor, credential)
        if key not in self._paces:
            self._paces[key] = Pace(requests_per_minute, self._clock, self._workers)
        pace = self._paces[key]
        pace.retune(requests_per_minute)
        return pace
