"""How much of its documented rate a vendor takes from us: halved when it says no, raised bit by bit while it says yes.

Additive increase, multiplicative decrease (docs/decisions/0058): others may use the account, and the limit may be
another than documented, so what fits is found by trying.
"""

from collections import deque
from typing import Final

from datafly.model.clock import Clock

_CUT: Final = 0.5
_RAISE_PER_MINUTE: Final = 0.05
"""Of the documented rate, for each minute of requests at the rate of the moment that were all taken."""
_FLOOR: Final = 0.01
_FLOOR_PER_MINUTE: Final = 6.0
_SETTLE_SECONDS: Final = 30.0
"""Half of the minute by which vendors count: the refusals that follow a cut within it are of the same excess."""
_SLICE_SECONDS: Final = 10.0
_SLICES: Final = 6
_SHOWN_STEPS: Final = 20


class Rate:
    """`documented`: requests a minute, the ceiling. `since_ms`: when it was cut first, None at the ceiling.

    `part`, above 0: of a rate that several share, what this one sends; `shown` is what it comes to if all are like it.
    """

    def __init__(self, documented: int, clock: Clock, part: float = 1.0) -> None:
        self._clock = clock
        self.part = part
        self._documented = max(documented, 1)
        self._share = 1.0
        self._settled_at = clock.monotonic()
        self._sent: deque[tuple[float, int]] = deque(maxlen=_SLICES)
        self.since_ms: int | None = None

    @property
    def documented(self) -> int:
        return self._documented

    @property
    def share(self) -> float:
        """Of what is documented, 1 at the ceiling."""
        return self._share

    @property
    def allowed(self) -> float:
        """Requests a minute, of this part."""
        return self._documented * self._share * self.part

    @property
    def shown(self) -> int:
        """`allowed` in twentieths of the ceiling, rounded down: for a person, and so that it does not change always."""
        step = self._documented / _SHOWN_STEPS
        return round(max(self._documented * self._share // step * step, self._documented * self._floor()))

    def retune(self, documented: int) -> None:
        self._documented = max(documented, 1)

    def leaves(self) -> None:
        """A request is sent."""
        now = self._clock.monotonic()
        start, count = self._sent[-1] if self._sent else (now, 0)
        if not self._sent or now - start >= _SLICE_SECONDS:
            self._sent.append((now, 1))
        else:
            self._sent[-1] = (start, count + 1)

    def taken(self) -> None:
        """The vendor dealt with a request."""
        self._share = min(self._share + _RAISE_PER_MINUTE / self.allowed, 1.0)
        if self._share == 1.0:
            self.since_ms = None

    def refused(self, sent_at: float) -> bool:
        """The vendor said that it was too many, to a request sent at `sent_at` (monotonic). Whether that lowers it."""
        if sent_at < self._settled_at:
            return False
        self._settled_at = self._clock.monotonic() + _SETTLE_SECONDS
        before, self._share = self._share, max(min(self._share, self._used_share()) * _CUT, self._floor())
        if self._share < before:
            self.since_ms = self.since_ms or self._clock.now_ms()
        return self._share < before

    def _used_share(self) -> float:
        """What was sent in the busiest ten seconds of the last minute, as a share of what is documented.

        The limit is below that; the rate that was allowed may be far above, where there was little to send.
        """
        since = self._clock.monotonic() - _SLICES * _SLICE_SECONDS
        busiest = max((count for start, count in self._sent if start >= since), default=0)
        return busiest * 60.0 / _SLICE_SECONDS / self.part / self._documented

    def _floor(self) -> float:
        return min(max(_FLOOR, _FLOOR_PER_MINUTE / self._documented), 1.0)
