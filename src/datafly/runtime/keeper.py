"""Appends to `raw` for several gateways: there is one appender, and each hears when its own events are durable."""

import asyncio
import contextlib
from functools import partial
from pathlib import Path
from typing import Any, Final, cast

import msgspec

from datafly.ingest.signature import UsedSignatures
from datafly.log.group import GroupCommit
from datafly.model.errors import Unavailable
from datafly.observe import emit
from datafly.observe.runtime import RuntimeGatewayRefused
from datafly.runtime.frames import Answer, Append, Frames, Use, Used, decode_call, framed, listening, remove

_DRAIN_SECONDS: Final = 2.5
"""For gateways that were told to stop at the same moment; where they were told before, none is left."""


class Keeper:
    """Bounds what waits as the group commit does, whoever it comes from: a gateway is refused, not slowed down."""

    def __init__(self, group: GroupCommit, used: UsedSignatures) -> None:
        self._group = group
        self._used = used
        self._gateways: set[_Gateway] = set()
        self._empty = asyncio.Event()
        self._empty.set()

    async def run(self, path: Path, stop: asyncio.Event) -> None:
        """Until `stop`, and until the gateways have gone, for a moment."""
        loop = asyncio.get_running_loop()
        server = await loop.create_unix_server(partial(_Gateway, self), sock=listening(path))
        try:
            await stop.wait()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._empty.wait(), _DRAIN_SECONDS)
        finally:
            server.close()
            remove(path)
            for gateway in tuple(self._gateways):
                gateway.transport.close()

    def came(self, gateway: "_Gateway") -> None:
        self._gateways.add(gateway)
        self._empty.clear()

    def went(self, gateway: "_Gateway") -> None:
        """What it had under way may come again, to another one: whether it was kept, the log's dedupe tells."""
        self._gateways.discard(gateway)
        for signature in gateway.under_way:
            self._used.forget(signature)
        if not self._gateways:
            self._empty.set()

    def append(self, gateway: "_Gateway", call: Append) -> None:
        try:
            settled = self._group.submit(call.entries)
        except Unavailable as error:
            gateway.answer(Answer(call.call, trouble=error.message))
            return
        settled.add_done_callback(lambda done: gateway.answer(_outcome(call.call, done)))

    def use(self, gateway: "_Gateway", call: Use) -> None:
        is_new = self._used.mark(call.signature)
        if is_new:
            gateway.under_way.add(call.signature)
        gateway.answer(Answer(call.call, int(is_new)))

    def settle(self, gateway: "_Gateway", told: Used) -> None:
        gateway.under_way.discard(told.signature)
        if not told.kept:
            self._used.forget(told.signature)


class _Gateway(asyncio.Protocol):
    """One that is connected. `under_way`: signatures of requests that it has not answered."""

    transport: asyncio.Transport

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._frames = Frames()
        self._unsent: list[bytes] = []
        self.under_way: set[str] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._keeper.came(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  asyncio's
        self._keeper.went(self)

    def data_received(self, data: bytes) -> None:
        try:
            for frame in self._frames.feed(data):
                self._take(decode_call(frame))
        except (ValueError, msgspec.MsgspecError) as error:
            emit(RuntimeGatewayRefused(repr(error)))
            self.transport.close()

    def _take(self, call: Append | Use | Used) -> None:
        if isinstance(call, Append):
            self._keeper.append(self, call)
        elif isinstance(call, Use):
            self._keeper.use(self, call)
        else:
            self._keeper.settle(self, call)

    def answer(self, answer: Answer) -> None:
        if not self._unsent:
            asyncio.get_running_loop().call_soon(self._flush)
        self._unsent.append(framed(answer))

    def _flush(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(b"".join(self._unsent))
        self._unsent.clear()


def _outcome(call: int, done: "asyncio.Future[int]") -> Answer:
    error: Any = done.exception()
    if error is None:
        return Answer(call, done.result())
    if isinstance(error, Unavailable):
        return Answer(call, trouble=error.message)
    return Answer(call, trouble=repr(error), fault=True)
