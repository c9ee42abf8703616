"""Group commit: many callers on an event loop share one durable append."""

import asyncio
import queue
import threading
from collections.abc import Sequence
from typing import Final, Protocol

import msgspec

from datafly.log.base import Appender, Entry
from datafly.model.errors import Unavailable

MAX_WAITING: Final = 20_000
MAX_WAITING_BYTES: Final = 64 * 1024 * 1024
MAX_COMMIT: Final = 2_000
"""Records in one transaction: enough to share the cost of an fsync, few enough to keep the wait of each short."""


class _Call(msgspec.Struct, eq=False):
    entries: Sequence[Entry]
    size: int
    answer: asyncio.Future[int]


class Takes(Protocol):
    """What may take some calls and not others. Blocking."""

    def take(self, calls: Sequence[Sequence[Entry]]) -> list[int | Exception]:
        """For each call its offset, as far as there is one, once all of it is durable; else why it is not taken."""


class GroupCommit:
    """One thread appends all that waits in one transaction, and takes what came meanwhile for the next.

    Use it from one event loop. It holds what it writes to from its first call to the end of `close`, which leaves that
    open. `to`: an appender, which takes all or nothing, or what takes each call for itself.
    """

    def __init__(
        self, to: Appender | Takes, *, max_waiting: int = MAX_WAITING, max_waiting_bytes: int = MAX_WAITING_BYTES
    ) -> None:
        self._take = to.take if hasattr(to, "take") else _Together(to).take
        self._max_waiting = max_waiting
        self._max_bytes = max_waiting_bytes
        self._calls: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        self._waiting = 0
        self._bytes = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._closed = False

    @property
    def waiting(self) -> int:
        """Records handed over that are not durable yet."""
        return self._waiting

    async def append(self, entries: Sequence[Entry]) -> int:
        """The offset of the first, once all are durable. As `submit`."""
        return await self.submit(entries)

    def submit(self, entries: Sequence[Entry]) -> asyncio.Future[int]:
        """Will hold the offset of the first, once all are durable.

        Raises `Unavailable` when too much waits already, when the log cannot take it, or after `close`.
        """
        size = sum(len(entry.value) for entry in entries)
        if self._closed:
            raise Unavailable("The log is closing.")
        if self._waiting and (self._waiting + len(entries) > self._max_waiting or self._bytes + size > self._max_bytes):
            raise Unavailable("Too much is waiting to be written to the log. Send it again in a moment.")
        loop = self._loop or self._start()
        call = _Call(entries, size, loop.create_future())
        self._waiting += len(entries)
        self._bytes += size
        self._calls.put(call)
        return call.answer

    async def close(self) -> None:
        """Everything handed over is settled when it returns."""
        self._closed = True
        if self._thread is None or self._loop is None:
            return
        self._calls.put(None)
        await self._loop.run_in_executor(None, self._thread.join)

    def _start(self) -> asyncio.AbstractEventLoop:
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._work, args=(self._loop,), name="log-commit", daemon=True)
        self._thread.start()
        return self._loop

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        is_open = True
        while is_open:
            call = self._calls.get()
            calls = [call] if call else []
            is_open = call is not None and self._gather(calls)
            answers = self._taken(calls)
            loop.call_soon_threadsafe(self._answer, calls, answers)

    def _gather(self, calls: list[_Call]) -> bool:
        """Add what waits, up to a limit; false when the end was reached."""
        count = len(calls[0].entries)
        while count < MAX_COMMIT and not self._calls.empty():
            call = self._calls.get()
            if call is None:
                return False
            calls.append(call)
            count += len(call.entries)
        return True

    def _taken(self, calls: Sequence[_Call]) -> list[int | Exception]:
        if not calls:
            return []
        try:
            return self._take([call.entries for call in calls])
        except Exception as error:  # noqa: BLE001 - the thread must go on, and the callers hear of it
            return [error for _ in calls]

    def _answer(self, calls: Sequence[_Call], answers: Sequence[int | Exception]) -> None:
        for call, answer in zip(calls, answers, strict=True):
            self._waiting -= len(call.entries)
            self._bytes -= call.size
            if call.answer.done():
                continue
            if isinstance(answer, Exception):
                call.answer.set_exception(answer)
            else:
                call.answer.set_result(answer)


class _Together:
    """An appender, of which all calls are one transaction."""

    def __init__(self, appender: Appender) -> None:
        self._appender = appender

    def take(self, calls: Sequence[Sequence[Entry]]) -> list[int | Exception]:
        """What is wrong with one call alone must not fail the others."""
        try:
            first = self._appender.append([entry for call in calls for entry in call])
        except Unavailable as error:
            return [Unavailable(error.message) for _ in calls]
        except Exception as error:  # noqa: BLE001 - the thread must go on, and the caller hears of it
            return [error] if len(calls) == 1 else [answer for call in calls for answer in self.take([call])]
        answers: list[int | Exception] = []
        for call in calls:
            answers.append(first)
            first += len(call)
        return answers
