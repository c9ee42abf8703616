"""A role as a copy of the supervisor: nothing is loaded again, and what nobody changes is in memory once.

Linux alone. The supervisor must have one thread.
"""

import asyncio
import contextlib
import gc
import os
import signal
import sys
import traceback
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from typing import Final, NoReturn

import setproctitle

from datafly.observe import forget_sinks
from datafly.runtime.child import work
from datafly.settings import Settings

_ASKED_BY: Final = {signal.SIGINT, signal.SIGTERM}


class Forked:
    """A `runtime.process.Process`: a child of this one, told of its end by the kernel through a descriptor."""

    def __init__(self, pid: int, lifeline: int, said: asyncio.StreamReader) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._lifeline: int | None = lifeline
        self._said = said
        self._loop = asyncio.get_running_loop()
        self._ended = self._loop.create_future()
        self._watched = os.pidfd_open(pid)
        self._loop.add_reader(self._watched, self._reap)

    async def lines(self) -> AsyncIterator[bytes]:
        async for line in self._said:
            yield line

    async def wait(self) -> int:
        return await asyncio.shield(self._ended)

    def let_go(self) -> None:
        self._close_lifeline()
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        if self.returncode is None:  # until it is reaped nobody else can have its id
            os.kill(self.pid, number)

    def _reap(self) -> None:
        _, status = os.waitpid(self.pid, 0)
        self.returncode = os.waitstatus_to_exitcode(status)
        self._loop.remove_reader(self._watched)
        os.close(self._watched)
        self._close_lifeline()
        self._ended.set_result(self.returncode)

    def _close_lifeline(self) -> None:
        if self._lifeline is not None:
            os.close(self._lifeline)
            self._lifeline = None


async def fork(name: str, settings: Settings, *, held: Sequence[int] = ()) -> Forked:
    """A process that works as the role, with the descriptors `held`. Raises `OSError` where the system gives none."""
    loop = asyncio.get_running_loop()
    ears, lifeline = os.pipe()
    said, mouth = os.pipe()
    try:
        made: asyncio.Future[int] = loop.create_future()
        # Not from within a task: the copy would have to believe that it is inside of it for ever.
        loop.call_soon(_fork, made, partial(_become, name, settings, ears, mouth, held))
        pid = await made
    except BaseException:
        os.close(lifeline)
        os.close(said)
        raise
    finally:
        os.close(ears)
        os.close(mouth)
    return Forked(pid, lifeline, await _reader(said))


async def _reader(descriptor: int) -> asyncio.StreamReader:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    pipe = os.fdopen(descriptor, "rb", 0)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
    return reader


def _fork(made: "asyncio.Future[int]", become: Callable[[], NoReturn]) -> None:
    """`made` hears the id, or why there is none. In the copy this does not return."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()  # what is still to be written would be written twice
    # A signal that came to the copy before it has forgotten the loop would be taken for the supervisor's.
    signal.pthread_sigmask(signal.SIG_BLOCK, _ASKED_BY)
    try:
        pid = os.fork()
        if pid == 0:
            become()
        made.set_result(pid)
    except OSError as error:
        made.set_exception(error)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ASKED_BY)


def _become(name: str, settings: Settings, ears: int, mouth: int, held: Sequence[int]) -> NoReturn:
    """Work as the role and end; whatever happens, nothing above this on the stack goes on."""
    status = 1
    try:
        # What the supervisor holds must never be collected here: it would close descriptors, by then those of others.
        gc.freeze()
        _hold_only(ears, mouth, held)
        _forget_the_supervisor()
        setproctitle.setproctitle(f"datafly up: {name}")
        work(name, settings)
        status = 0
    except SystemExit as end:
        status = _told(end)
    except BaseException:  # noqa: BLE001  the process ends with it, as it would if it were its own
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError):
                stream.flush()
        os._exit(status)


def _hold_only(ears: int, mouth: int, held: Sequence[int]) -> None:
    """Standard streams, `held`, and nothing of the sisters: who held a sister's lifeline would keep it alive."""
    os.dup2(ears, 0)
    os.dup2(mouth, 1)
    lowest = 3
    for descriptor in sorted(held):
        os.closerange(lowest, descriptor)
        lowest = descriptor + 1
    os.closerange(lowest, os.sysconf("SC_OPEN_MAX"))


def _forget_the_supervisor() -> None:
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    forget_sinks()


def _told(end: SystemExit) -> int:
    """As an interpreter ends with it."""
    if end.code is None or isinstance(end.code, int):
        return end.code or 0
    sys.stderr.write(f"{end.code}\n")  # in one piece: sisters write to the same stream
    return 1
