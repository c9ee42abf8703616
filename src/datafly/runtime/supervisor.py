"""One process tree: starts a process for every role, restarts what falls, and drains in the order of the flow."""

import asyncio
import contextlib
import itertools
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from datafly.model.errors import OperatorError
from datafly.observe import emit
from datafly.observe.runtime import RuntimeDrained, RuntimeRoleExited, RuntimeRoleStarted
from datafly.runtime.child import role_of
from datafly.runtime.process import Process, Start, start
from datafly.settings import Settings

_START_SECONDS = 60.0
_KILL_SECONDS = 4.2
"""Ctrl-C to the end is under 5 s, whatever hangs, also where the machine is busy."""
_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 10.0
_SOUND_SECONDS = 30.0
"""A role that ran so long did not fall over its own start: it is started again at once, as after a first fall."""


def _pause_seconds(falls: int) -> float:
    """Before the next start; so many times in a row the role fell soon after the one before."""
    return 0.0 if falls == 1 else min(_FIRST_PAUSE_SECONDS * 2.0 ** min(falls - 2, 10), _LONGEST_PAUSE_SECONDS)


class Child:
    """A process of a role, kept running until told to stop. Once `stopping`, one that ends is not started again."""

    def __init__(self, role: str, settings: Settings, start: Start, stopping: asyncio.Event) -> None:
        self.role = role
        self.ready = asyncio.Event()
        self._settings = settings
        self._begin = start
        self._stopping = stopping
        self._process: Process | None = None
        self._starting = asyncio.Lock()
        self._stop = asyncio.Event()

    async def run(self) -> None:
        """Returns once stopped. Raises `OperatorError` if the role ends before it was ever ready."""
        falls = 0
        while process := await self._start():
            started = time.monotonic()
            status = await self._attend(process)
            if self._stop.is_set() or self._stopping.is_set():
                return
            if not self.ready.is_set():
                raise OperatorError(f"The role {self.role} could not start (status {status}); see the lines above.")
            falls = 1 if time.monotonic() - started > _SOUND_SECONDS else falls + 1
            pause = _pause_seconds(falls)
            emit(RuntimeRoleExited(role=self.role, pid=process.pid, status=status, again_in_seconds=pause))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), pause)

    async def _start(self) -> Process | None:
        """None where it was told to stop."""
        async with self._starting:
            if self._stop.is_set():
                return None
            process = await self._begin(self.role, self._settings)
            emit(RuntimeRoleStarted(role=self.role, pid=process.pid))
            self._process = process
            return process

    async def _attend(self, process: Process) -> int:
        async for line in process.lines():
            if line.strip() == b"ready":
                self.ready.set()
        return await process.wait()

    async def drain(self, deadline: float) -> bool:
        """Tell it to end and wait; kill at the deadline (monotonic seconds). True if it ended by itself."""
        self._stop.set()
        async with self._starting:
            process = self._process
        if process is None or process.returncode is not None:
            return True
        process.let_go()
        try:
            await asyncio.wait_for(process.wait(), max(deadline - time.monotonic(), 0.05))
        except TimeoutError:
            process.kill()
            return False
        return True


async def supervise(
    settings: Settings,
    roles: Sequence[str],
    stop: asyncio.Event,
    announce: Callable[[], Awaitable[None]],
    *,
    start: Start = start,
) -> None:
    """Run the roles until `stop`. `announce` is called once all are ready.

    `roles` are names, `delivery-2` among them. They drain in the order given, those of one role together.
    """
    children = [Child(role, settings, start, stop) for role in roles]
    running = [asyncio.create_task(child.run()) for child in children]
    stopped = asyncio.create_task(stop.wait())
    try:
        if await _all_ready(children, running, stopped):
            await announce()
            await asyncio.wait([stopped, *running], return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopped.cancel()
        await _drain(children)
        failures = [result for result in await asyncio.gather(*running, return_exceptions=True) if result]
    for failure in failures:
        raise failure


async def _all_ready(
    children: Sequence[Child], running: Sequence["asyncio.Task[None]"], stopped: "asyncio.Task[bool]"
) -> bool:
    ready = asyncio.create_task(_ready(children))
    waited: list[asyncio.Task[Any]] = [ready, stopped, *running]
    done, _ = await asyncio.wait(waited, timeout=_START_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    if not done:
        slow = ", ".join(child.role for child in children if not child.ready.is_set())
        ready.cancel()
        raise OperatorError(f"These roles were not ready within {_START_SECONDS:g} seconds: {slow}.")
    ok = ready in done and not any(task.done() for task in running)
    ready.cancel()
    return ok


async def _ready(children: Sequence[Child]) -> None:
    await asyncio.gather(*(child.ready.wait() for child in children))


async def _drain(children: Sequence[Child]) -> None:
    began = time.monotonic()
    deadline = began + _KILL_SECONDS
    killed: list[str] = []
    for _, group in itertools.groupby(children, key=lambda child: role_of(child.role)):
        together = list(group)
        ended = await asyncio.gather(*(child.drain(deadline) for child in together))
        killed += [child.role for child, by_itself in zip(together, ended, strict=True) if not by_itself]
    emit(RuntimeDrained(seconds=round(time.monotonic() - began, 3), killed=tuple(killed)))
