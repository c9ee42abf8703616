"""Time comes in from outside, so that tests own it."""

from typing import Protocol


class Clock(Protocol):
    def now_ms(self) -> int:
        """Wall clock, milliseconds since the epoch. May jump both ways."""

    def monotonic(self) -> float:
        """Seconds that never go back; for durations."""

    async def sleep(self, seconds: float) -> None: ...
