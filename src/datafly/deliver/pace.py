"""How fast a vendor may be called: one pace per credential and pool, shared by all that use it, live or replayed."""

from collections import deque
from collections.abc import Iterable
from typing import Final

from datafly.deliver.rate import Rate
from datafly.model.clock import Clock
from datafly.spec.pacing import MINUTE_SECONDS, Pacing, Window

_BURST_SECONDS: Final = 1.0
_LONGEST_BURST_SECONDS: Final = 6.0
"""As many requests as one second allows may leave at once; where there are windows beside the minute, as many as the
shortest holds, but no more than six seconds allow: what leaves at once is missing for as long at the end of the minute.
"""
_ROUNDING: Final = 1e-9
_ROUNDING_SECONDS: Final = 1e-6
_UNDER_WAY_SECONDS: Final = 0.2
"""A window is kept so much longer than the vendor counts it: some requests are longer under way than others."""


class Pace:
    """A token bucket, kept as the time at which it would be full again (GCRA), and behind it every window of the
    vendor: of the turns that are booked none ever holds more than it may, wherever it begins.

    Turns are told in a time of their own, which stands still while the vendor wants silence, so that what waited does
    not leave all at once after it. `rate` learns from answers how much the vendor takes, which stretches what is
    spread; the windows stay those that are documented.
    """

    def __init__(self, pacing: Pacing, clock: Clock, part: float = 1.0) -> None:
        """`part`: as of `Rate`."""
        self._clock = clock
        self.rate = Rate(pacing.sustained_per_minute, clock, part)
        self._pacing = pacing
        self._spans = [_Span(window, part) for window in pacing.every()]
        self._full_at = self._latest = self._held_until = clock.monotonic()
        self._held_seconds = 0.0

    def retune(self, pacing: Pacing) -> None:
        if pacing == self._pacing:
            return
        self._pacing = pacing
        self.rate.retune(pacing.sustained_per_minute)
        self._count_anew()

    def give(self, part: float) -> None:
        """What is booked keeps its turn."""
        self.rate.part = part
        self._count_anew()

    def book(self) -> float:
        """The turn of one more request, after all that were booked before; `due_in` says how long it is off."""
        interval, burst = self._spread()
        turn = max(self._full_at - burst, self._now(), self._latest)
        for span in self._spans:
            turn = span.opens(turn)
        for span in self._spans:
            span.turns.append(turn)
        self._latest = turn
        self._full_at = max(self._full_at, turn) + interval
        return turn

    def due_in(self, turn: float) -> float:
        """Seconds until a request may leave that booked `turn`; 0 or less: now. A later `hold` puts it off."""
        return max(turn + self._held_seconds, self._held_until) - self._clock.monotonic()

    def hold(self, seconds: float) -> None:
        """The vendor asked for silence: no request leaves before that, nor does one that booked its turn earlier."""
        until = self._clock.monotonic() + seconds
        if until <= self._held_until:
            return
        self._held_seconds += until - max(self._held_until, self._clock.monotonic())
        self._held_until = until
        self._full_at = max(self._full_at, self._now() + self._spread()[1])

    def _count_anew(self) -> None:
        turns = max((span.turns for span in self._spans), key=len)
        self._spans = [_Span(window, self.rate.part, turns) for window in self._pacing.every()]

    def _now(self) -> float:
        return max(self._clock.monotonic(), self._held_until) - self._held_seconds

    def _spread(self) -> tuple[float, float]:
        """Seconds between two requests, and how far ahead of that some may go."""
        interval = MINUTE_SECONDS / self.rate.allowed
        at_once = self._spans[0].requests * self.rate.share if self._pacing.windows else 1
        burst = max(_BURST_SECONDS, min(at_once * interval, _LONGEST_BURST_SECONDS), interval)
        return interval, burst - interval + _ROUNDING_SECONDS


class _Span:
    """The turns of the last so many seconds, as far as they may still count; of a part of all that is sent.

    A part of less than one request is one in a longer time.
    """

    def __init__(self, window: Window, part: float, turns: Iterable[float] = ()) -> None:
        self.requests = max(int(window.requests * part + _ROUNDING), 1)
        self._seconds = (window.seconds + _UNDER_WAY_SECONDS) * max(1 / part / window.requests, 1.0)
        self.turns = deque(turns)

    def opens(self, turn: float) -> float:
        """The first moment from `turn` on at which one more fits."""
        turns, seconds = self.turns, self._seconds
        while turns and turns[0] + seconds <= turn:
            turns.popleft()
        return max(turn, turns[-self.requests] + seconds) if len(turns) >= self.requests else turn


class Paces:
    """Those of this process, by vendor and credential. Of several that deliver, each has its `part` of a rate."""

    def __init__(self, clock: Clock, part: float = 1.0) -> None:
        self._clock = clock
        self._part = part
        self._paces: dict[tuple[str, str, str], Pace] = {}

    def give(self, part: float) -> None:
        self._part = part
        for pace in self._paces.values():
            pace.give(part)

    def of(self, vendor: str, credential: str, pacing: Pacing) -> Pace:
        key = (vendor, credential, pacing.pool)
        if key not in self._paces:
            self._paces[key] = Pace(pacing, self._clock, self._part)
        pace = self._paces[key]
        pace.retune(pacing)
        return pace
