"""What a gateway that is one of several has in place of an appender: the keeper of `raw`, over its socket."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, cast

from datafly.log.base import Entry
from datafly.log.group import MAX_WAITING, MAX_WAITING_BYTES
from datafly.model.errors import Unavailable
from datafly.observe import emit
from datafly.observe.runtime import RuntimeKeeperLost
from datafly.runtime.frames import Answer, Append, Frames, Use, Used, address, decode_answer, framed

AWAY: Final = "What writes to the log is being started again. Send it again in a moment."
_FIRST_PAUSE_SECONDS: Final = 0.01
_LONGEST_PAUSE_SECONDS: Final = 0.1


class HandOver:
    """Use it from one event loop. What is handed over and not answered is bounded; `share`: among so many gateways.

    `max_waiting_bytes`: of all of them together, as the keeper has it.
    """

    def __init__(self, path: Path, *, share: int = 1, max_waiting_bytes: int = MAX_WAITING_BYTES) -> None:
        self._path = path
        self._max_waiting = MAX_WAITING // share
        self._max_bytes = max_waiting_bytes // share
        self._connection: _Connection | None = None
        self.connected = asyncio.Event()
        self._waiting = 0
        self._bytes = 0

    async def follow(self) -> None:
        """Until cancelled. Connects, again and again."""
        pause = _FIRST_PAUSE_SECONDS
        while True:
            connection = await self._connect()
            if connection is None:
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
                continue
            pause = _FIRST_PAUSE_SECONDS
            self._connection = connection
            self.connected.set()
            try:
                await connection.lost.wait()
                emit(RuntimeKeeperLost(self._waiting))
            finally:
                self.connected.clear()
                self._connection = None
                connection.transport.close()

    @property
    def waiting(self) -> int:
        """Events handed over that are not durable yet."""
        return self._waiting

    def trouble(self) -> str | None:
        """None, or why events cannot be taken just now."""
        return None if self._connection else AWAY

    async def append(self, entries: Sequence[Entry], /) -> int:
        """The offset of the first, once all are durable.

        Raises `Unavailable`; where the keeper fell meanwhile, all of it may be there as if it had succeeded.
        """
        size = sum(len(entry.value) for entry in entries)
        if self._waiting and (self._waiting + len(entries) > self._max_waiting or self._bytes + size > self._max_bytes):
            raise Unavailable("Too much is waiting to be written to the log. Send it again in a moment.")
        connection = self._there()
        self._waiting += len(entries)
        self._bytes += size
        try:
            return await connection.ask(lambda call: Append(call, list(entries)))
        finally:
            self._waiting -= len(entries)
            self._bytes -= size

    async def add(self, signature: str) -> bool:
        """False: a request of that signature is or was there, at any gateway."""
        return bool(await self._there().ask(lambda call: Use(call, signature)))

    def keep(self, signature: str) -> None:
        self._tell(Used(signature, kept=True))

    def forget(self, signature: str) -> None:
        self._tell(Used(signature, kept=False))

    def _tell(self, told: Used) -> None:
        if self._connection is not None:  # else the keeper has forgotten it with the connection
            self._connection.send(framed(told))

    def _there(self) -> "_Connection":
        if self._connection is None:
            raise Unavailable(AWAY)
        return self._connection

    async def _connect(self) -> "_Connection | None":
        try:
            with address(self._path) as name:
                _, made = await asyncio.get_running_loop().create_unix_connection(_Connection, name)
        except OSError:
            return None
        return made


Ask = Callable[[int], Append | Use]
"""Number of the call → what is asked."""


class _Connection(asyncio.Protocol):
    transport: asyncio.Transport

    def __init__(self) -> None:
        self.lost = asyncio.Event()
        self._frames = Frames()
        self._asked: dict[int, asyncio.Future[int]] = {}
        self._unsent: list[bytes] = []
        self._last = 0

    async def ask(self, message: Ask) -> int:
        self._last += 1
        call = self._last
        data = framed(message(call))  # what cannot be written fails before anybody waits for it
        answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._asked[call] = answer
        self.send(data)
        return await answer

    def send(self, data: bytes) -> None:
        """What is sent in one turn of the loop goes out in one piece."""
        if not self._unsent:
            asyncio.get_running_loop().call_soon(self._flush)
        self._unsent.append(data)

    def _flush(self) -> None:
        if not self.lost.is_set():
            self.transport.write(b"".join(self._unsent))
        self._unsent.clear()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        for frame in self._frames.feed(data):
            self._settle(decode_answer(frame))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  asyncio's
        self.lost.set()
        asked, self._asked = self._asked, {}
        for answer in asked.values():
            if not answer.done():
                answer.set_exception(Unavailable(AWAY))

    def _settle(self, told: Answer) -> None:
        answer = self._asked.pop(told.call, None)
        if answer is None or answer.done():
            return
        if told.fault:
            answer.set_exception(RuntimeError(told.trouble))
        elif told.trouble:
            answer.set_exception(Unavailable(told.trouble))
        else:
            answer.set_result(told.value)
