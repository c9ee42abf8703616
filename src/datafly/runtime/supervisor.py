"""One process tree: starts a process for every role, restarts what falls, and drains in the order of the flow."""

import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

from datafly.model.errors import OperatorError
from datafly.observe import emit
from datafly.observe.runtime import RuntimeDrained, RuntimeRoleExited, RuntimeRoleStarted
from datafly.runtime.child import dump
from datafly.settings import Settings

Command = Callable[[str], Sequence[str]]
"""Role → the command line of its process."""

_START_SECONDS = 60.0
_KILL_SECONDS = 4.2
"""Ctrl-C to the end is under 5 s, whatever hangs, also where the machine is busy."""
_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 10.0
_SOUND_SECONDS = 30.0
"""A role that ran so long did not fall over its own start: it is started again without a longer pause."""


def role_command(role: str) -> Sequence[str]:
    return (sys.executable, "-m", "datafly.runtime.child", role)


class Child:
    """A role's process, kept running until told to stop. Once `stopping`, one that ends is not started again."""

    def __init__(self, role: str, settings: Settings, command: Command, stopping: asyncio.Event) -> None:
        self.role = role
        self.ready = asyncio.Event()
        self._settings = settings
        self._command = command
        self._stopping = stopping
        self._process: asyncio.subprocess.Process | None = None
        self._starting = asyncio.Lock()
        self._stop = asyncio.Event()

    async def run(self) -> None:
        """Returns once stopped. Raises `OperatorError` if the role ends before it was ever ready."""
        pause = _FIRST_PAUSE_SECONDS
        while process := await self._start():
            started = time.monotonic()
            status = await self._attend(process)
            if self._stop.is_set() or self._stopping.is_set():
                return
            if not self.ready.is_set():
                raise OperatorError(f"The role {self.role} could not start (status {status}); see the lines above.")
            is_sound = time.monotonic() - started > _SOUND_SECONDS
            pause = _FIRST_PAUSE_SECONDS if is_sound else min(pause * 2, _LONGEST_PAUSE_SECONDS)
            emit(RuntimeRoleExited(role=self.role, pid=process.pid, status=status, again_in_seconds=pause))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), pause)

    async def _start(self) -> asyncio.subprocess.Process | None:
        """None where it was told to stop."""
        async with self._starting:
            if self._stop.is_set():
                return None
            pipe = asyncio.subprocess.PIPE
            with _deaf_to_ctrl_c():
                process = await asyncio.create_subprocess_exec(*self._command(self.role), stdin=pipe, stdout=pipe)
            assert process.stdin  # noqa: S101  asked for above
            process.stdin.write(dump(self._settings))
            emit(RuntimeRoleStarted(role=self.role, pid=process.pid))
            self._process = process
            return process

    async def _attend(self, process: asyncio.subprocess.Process) -> int:
        assert process.stdout  # noqa: S101  asked for in _start
        async for line in process.stdout:
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
        if process.stdin:
            process.stdin.close()
        with contextlib.suppress(ProcessLookupError):
            process.terminate()  # to one that is still being loaded this is the end at once
        try:
            await asyncio.wait_for(process.wait(), max(deadline - time.monotonic(), 0.05))
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            return False
        return True


@contextlib.contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """A process started inside never hears Ctrl-C, not even while its interpreter starts: it inherits the mask.

    Not restored but unblocked: several are started at once, and each would restore what it found.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


async def supervise(
    settings: Settings,
    roles: Sequence[str],
    stop: asyncio.Event,
    announce: Callable[[], Awaitable[None]],
    *,
    command: Command = role_command,
) -> None:
    """Run the roles until `stop`. `announce` is called once all are ready. Roles drain in the order given."""
    children = [Child(role, settings, command, stop) for role in roles]
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
    killed = [child.role for child in children if not await child.drain(deadline)]
    emit(RuntimeDrained(seconds=round(time.monotonic() - began, 3), killed=tuple(killed)))
