"""How many requests a vendor takes in which time."""

import msgspec

MINUTE_SECONDS = 60.0


class Window(msgspec.Struct, frozen=True):
    """At most so many requests in any so many seconds."""

    requests: int
    seconds: float


class Pacing(msgspec.Struct, frozen=True):
    """A minute's requests, and the `windows` that the vendor counts beside it; each of them holds.

    `pool`: what shares in it, of one credential; calls of one path by one method are one pool. Empty: all others.
    """

    requests_per_minute: int
    windows: tuple[Window, ...] = ()
    pool: str = ""

    def every(self) -> tuple[Window, ...]:
        """Shortest first."""
        minute = Window(max(self.requests_per_minute, 1), MINUTE_SECONDS)
        return tuple(sorted((*self.windows, minute), key=lambda window: window.seconds))

    @property
    def sustained_per_minute(self) -> int:
        """What all windows allow together in the long run."""
        return max(int(min(window.requests * MINUTE_SECONDS / window.seconds for window in self.every())), 1)
