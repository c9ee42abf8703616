"""How fast a vendor may be called: one bucket per credential, shared by all that use it, live or replayed."""

from typing import Final

from datafly.model.clock import Clock

_BURST_SECONDS: Final = 1.0
"""As many requests as one second allows may leave at once; the rest is spread evenly."""


class Pace:
    """A token bucket, kept as the time at which it would be full again (GCRA): no tokens to refill."""

    def __init__(self, requests_per_minute: int, clock: Clock) -> None:
        self._clock = clock
        self._full_at = self._held_until = clock.monotonic()
        self.retune(requests_per_minute)

    def retune(self, requests_per_minute: int) -> None:
        self._interval = 60.0 / max(requests_per_minute, 1)
        self._burst = max(_BURST_SECONDS - self._interval, 0.0)

    def book(self) -> float:
        """The turn of one more request, after all that were booked before; `due_in` says how long it is off."""
        now = self._clock.monotonic()
        full_at = max(self._full_at, now)
        self._full_at = full_at + self._interval
        return full_at - self._burst

    def due_in(self, turn: float) -> float:
        """Seconds until a request may leave that booked `turn`; 0 or less: now. A later `hold` puts it off."""
        return max(turn, self._held_until) - self._clock.monotonic()

    def hold(self, seconds: float) -> None:
        """The vendor asked for silence: no request leaves before that, nor does one that booked its turn earlier."""
        self._held_until = max(self._held_until, self._clock.monotonic() + seconds)
        self._full_at = max(self._full_at, self._held_until + self._burst)


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
