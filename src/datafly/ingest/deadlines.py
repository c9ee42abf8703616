"""One deadline for many short waits, without a timer of its own for each: most are over before it matters."""

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

T = TypeVar("T")


class Deadlines:
    """A wait ends between `seconds` and an eighth more. Use it from one event loop."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._waiting: dict[asyncio.Task[Any], float] = {}
        self._late: set[asyncio.Task[Any]] = set()
        self._looks = False

    async def hold(self, waited: Awaitable[T]) -> T:
        """Raises `TimeoutError` when it takes too long."""
        task, loop = asyncio.current_task(), asyncio.get_running_loop()
        if task is None:
            raise RuntimeError("only a task can wait")
        self._waiting[task] = loop.time() + self.seconds
        if not self._looks:
            self._look_later(loop)
        try:
            return await waited
        except asyncio.CancelledError:
            if task not in self._late:
                raise
            task.uncancel()
            raise TimeoutError from None
        finally:
            del self._waiting[task]
            self._late.discard(task)

    def _look_later(self, loop: asyncio.AbstractEventLoop) -> None:
        self._looks = True
        loop.call_later(self.seconds / 8, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """All wait equally long, so who came first is late first."""
        now = loop.time()
        for task, until in self._waiting.items():
            if until > now:
                break
            if task not in self._late:
                self._late.add(task)
                task.cancel()
        self._looks = False
        if self._waiting:
            self._look_later(loop)
