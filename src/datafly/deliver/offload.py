"""Blocking calls (log, store) leave the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

T = TypeVar("T")


class Offload(Protocol):
    async def __call__(self, call: Callable[[], T]) -> T: ...


class Threads:
    """Runs calls on threads of its own."""

    def __init__(self, name: str, count: int) -> None:
        self._pool = ThreadPoolExecutor(count, thread_name_prefix=name)

    async def __call__(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, call)

    def close(self) -> None:
        """Waits for what runs; what has not begun does not run any more."""
        self._pool.shutdown(wait=True, cancel_futures=True)


class Inline:
    """Runs calls where they are made: for tests that own the time."""

    async def __call__(self, call: Callable[[], T]) -> T:
        return call()

    def close(self) -> None: ...
