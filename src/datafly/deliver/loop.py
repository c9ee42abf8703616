"""A stage's loop: it meets faults, counts them, and goes on."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any, Final

from datafly.model.clock import Clock
from datafly.observe.base import emit
from datafly.observe.deliver import DeliverLoopFailed

Step = Callable[[], Awaitable[object]]

_FIRST_PAUSE_SECONDS: Final = 0.1
_MAX_PAUSE_SECONDS: Final = 10.0


async def keep_going(name: str, step: Step, clock: Clock) -> None:
    """Takes step after step until cancelled."""
    while True:
        await insist(name, step, clock)
        await asyncio.sleep(0)  # others get a turn even if the step had nothing to wait for


async def insist(name: str, step: Step, clock: Clock) -> None:
    """Takes a step until it succeeds; after a fault it pauses, longer each time."""
    pause = _FIRST_PAUSE_SECONDS
    while True:
        try:
            await step()
        except Exception as error:  # noqa: BLE001 - a stage's loop: counted, and what it holds is kept
            emit(DeliverLoopFailed(loop=name, error=f"{type(error).__name__}: {error}"))
            await clock.sleep(pause)
            pause = min(pause * 2, _MAX_PAUSE_SECONDS)
        else:
            return


async def together(steps: Iterable[Coroutine[Any, Any, object]]) -> None:
    """Side by side. Raises the first fault, once all have ended."""
    for told in await asyncio.gather(*steps, return_exceptions=True):
        if isinstance(told, BaseException):
            raise told
