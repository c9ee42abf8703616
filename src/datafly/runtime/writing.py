"""Whether the log takes what is handed to it, as the gateway's readiness tells it."""

from collections.abc import Awaitable, Callable, Sequence

from datafly.log.base import Entry
from datafly.model.clock import Clock
from datafly.model.errors import Unavailable

Append = Callable[[Sequence[Entry]], Awaitable[int]]


_REMEMBERED_SECONDS = 5.0
"""Then it counts as ready again: a balancer that sends nothing while it is not would never find out."""


class Writing:
    """Passes appends on, and remembers why the last one failed until one succeeds, or for a few seconds."""

    def __init__(self, append: Append, clock: Clock) -> None:
        self._append = append
        self._clock = clock
        self._trouble: str | None = None
        self._since = 0.0

    async def append(self, entries: Sequence[Entry], /) -> int:
        """As the append it passes on to. Raises `Unavailable`."""
        try:
            offset = await self._append(entries)
        except Unavailable as error:
            self._trouble, self._since = error.message, self._clock.monotonic()
            raise
        self._trouble = None
        return offset

    def trouble(self) -> str | None:
        """None, or why events cannot be taken just now."""
        recent = self._clock.monotonic() - self._since < _REMEMBERED_SECONDS
        return self._trouble if recent else None
