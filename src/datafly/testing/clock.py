"""A clock that a test moves."""

import asyncio
import heapq
import itertools


class FakeClock:
    """Time stands still until `advance`; sleepers wake in order of their due times."""

    def __init__(self, now_ms: int = 1_795_600_000_000) -> None:
        self._wall_ms = now_ms
        self._seconds = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    def now_ms(self) -> int:
        return self._wall_ms

    def monotonic(self) -> float:
        return self._seconds

    async def sleep(self, seconds: float) -> None:
        due = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._seconds + max(seconds, 0.0), next(self._order), due))
        await due

    @property
    def sleeping(self) -> int:
        return sum(not future.done() for _, _, future in self._sleepers)

    def jump(self, milliseconds: int) -> None:
        """The wall clock is set; no time passes."""
        self._wall_ms += milliseconds

    def pass_by(self, seconds: float) -> None:
        """Time passes while nobody sleeps: for simulations of many thousand steps."""
        if self.sleeping:
            raise RuntimeError("Somebody sleeps: advance instead.")
        self._move(self._seconds + seconds)

    async def advance(self, seconds: float) -> None:
        """Time passes, and who is due goes on until all wait again."""
        end = self._seconds + seconds
        await self._settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            due, _, future = heapq.heappop(self._sleepers)
            self._move(due)
            if not future.done():
                future.set_result(None)
            await self._settle()
        self._move(end)

    def _move(self, seconds: float) -> None:
        self._wall_ms += round((seconds - self._seconds) * 1000)
        self._seconds = seconds

    async def _settle(self) -> None:
        for _ in range(50):
            await asyncio.sleep(0)
