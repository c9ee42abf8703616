"""Waiting for something to change, or for a time."""

import asyncio

from datafly.model.clock import Clock


class Bell:
    """Check a condition, then `wait` without awaiting between: no ring is missed."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: set[asyncio.Future[bool]] = set()

    def ring(self) -> None:
        for future in self._waiting:
            if not future.done():
                future.set_result(True)

    async def wait(self, seconds: float | None = None) -> bool:
        """True when it rang, False when the time is over."""
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        timer = None if seconds is None else asyncio.create_task(self._after(seconds, future))
        try:
            return await future
        finally:
            self._waiting.discard(future)
            if timer is not None:
                timer.cancel()

    async def _after(self, seconds: float, future: asyncio.Future[bool]) -> None:
        await self._clock.sleep(seconds)
        if not future.done():
            future.set_result(False)
