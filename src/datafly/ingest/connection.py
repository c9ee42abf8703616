"""One connection of a caller, within bounds of time and size that uvicorn itself does not set."""

import asyncio
from typing import Any, ClassVar, Final, cast

import httptools
import msgspec
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from datafly.ingest.codes import Code, Refused
from datafly.ingest.wire import JSON
from datafly.observe import emit
from datafly.observe.ingest import IngestRequestRefused

MAX_HEAD_BYTES: Final = 64 * 1024
"""Of what came before the headers ended. A head that arrives in one piece may have a piece's size, 256 KB."""
BEYOND_SECONDS: Final = 1.0
"""So long may one that came beyond the limit say nothing: it is answered when it asks, for an answer that nobody waits
for may be lost."""
RETRY: Final = ((b"retry-after", b"1"),)
TOO_MUCH: Final = "Too much arrives at once."
TOO_MANY: Final = "Too many connections are open."


class Connection(HttpToolsProtocol):
    """`head_seconds`: a request's headers must be there this long after its first byte, as must be the rest of a body
    whose request was answered before. A connection that says nothing is closed as one that says nothing more.
    `most`: so many may be open; who comes beyond them is answered 503, as is who says something when `most_at_once`
    bytes were read of all together and nobody has had a turn yet to deal with them.
    """

    head_seconds: ClassVar[float] = 30.0
    most: ClassVar[int] = 5_000
    most_at_once: ClassVar[int] = 32 * 1024 * 1024
    read_at_once: ClassVar[int] = 0

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._head_bytes = 0
        self._is_beyond = False
        self._in_head = False
        self._in_message = False
        self._upgrade = False
        self._ends = False
        self._until: float | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._is_beyond = len(self.connections) > self.most
        self._close_in(BEYOND_SECONDS if self._is_beyond else self.timeout_keep_alive)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._unset_keepalive_if_required()

    def eof_received(self) -> bool:  # type: ignore[override]  # asyncio asks for it; uvicorn always hangs up
        """Whether to keep the connection: who says that nothing more comes still waits for what was asked before."""
        last = self.pipeline[0][0] if self.pipeline else self.cycle
        if self._in_message or last is None or last.response_complete:
            return False
        last.keep_alive = False
        return True

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        if self._is_beyond:
            return self._refuse(Refused(Code.UNAVAILABLE, TOO_MANY, headers=RETRY))
        if self._is_too_much_at_once(len(data)):
            return self._refuse(Refused(Code.UNAVAILABLE, TOO_MUCH, headers=RETRY))
        self._feed(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._until = None
        elif not self.transport.is_closing():
            self._wait_for_the_rest(len(data))
        return None

    def _is_too_much_at_once(self, size: int) -> bool:
        """The loop reads of every connection that has something before it gives the requests a turn."""
        kind = type(self)
        if kind.read_at_once == 0:
            self.loop.call_soon(kind.begin_anew)
        kind.read_at_once += size
        return kind.read_at_once > self.most_at_once

    @classmethod
    def begin_anew(cls) -> None:
        cls.read_at_once = 0

    def _feed(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._stay_plain(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            self._refuse(Refused(Code.NOT_HTTP))

    def _wait_for_the_rest(self, arrived: int) -> None:
        self._head_bytes = self._head_bytes + arrived if self._in_head else 0
        if self._head_bytes > MAX_HEAD_BYTES:
            return self._refuse(Refused(Code.HEADERS_TOO_LARGE))
        now = self.loop.time()
        self._until = self._until or now + self.head_seconds
        return self._close_in(max(0.0, self._until - now))

    def _close_in(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def on_message_begin(self) -> None:
        self._in_head = self._in_message = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._head_bytes = 0
        self._upgrade = self.parser.should_upgrade()
        if not self._upgrade:
            super().on_headers_complete()
            if not self.cycle.keep_alive:
                self.cycle.transport = cast("asyncio.Transport", _Lingering(self))

    def on_message_complete(self) -> None:
        self._in_message = False
        if self._ends:
            self.transport.close()
        elif not self._upgrade:
            super().on_message_complete()

    def end_after_the_rest(self) -> None:
        """Closes, once all of the request is there: who is hung up on while sending loses the answer to a reset."""
        if not self._in_message:
            return self.transport.close()
        self._ends = True
        return self.transport.write_eof()

    def on_response_complete(self) -> None:
        """What came of a request while another was answered is no reason to wait as long as for a new one."""
        super().on_response_complete()
        if self._in_message and self.timeout_keep_alive_task is not None:
            self._unset_keepalive_if_required()
            self._wait_for_the_rest(0)

    def _stay_plain(self, rest: bytes) -> None:
        """A client may offer another protocol with any request (Java's does with each on plain http): it is read as
        if the offer was not made. The parser takes the body for the other protocol's, so it reads the head again.
        """
        method = self.parser.get_method()
        if method == b"CONNECT":
            return self._refuse(
                Refused(Code.METHOD_NOT_ALLOWED, "The gateway is no proxy.", cure="Ask for a path of it.")
            )
        head = [b"%b %b HTTP/%b" % (method, self.url, self.parser.get_http_version().encode())]
        head += [b"%b: %b" % (name, value) for name, value in self.headers if name != b"upgrade"]
        self.parser = httptools.HttpRequestParser(self)
        return self._feed(b"\r\n".join([*head, b"", rest]))

    def _refuse(self, refused: Refused) -> None:
        """Answers for bytes that are no request, and hangs up; what was asked before is answered first."""
        emit(IngestRequestRefused("", refused.code, refused.status))
        cycle = self.cycle
        if cycle is not None and not cycle.response_complete and not cycle.more_body:
            cycle.keep_alive = False
            return self.flow.pause_reading()
        body = msgspec.json.encode(refused.as_body())
        headers = [JSON, *refused.headers, (b"content-length", b"%d" % len(body)), (b"connection", b"close")]
        lines = b"".join(b"%b: %b\r\n" % header for header in headers)
        self.transport.write(STATUS_LINE[refused.status] + lines + b"\r\n" + body)
        return self.transport.close()


class _Lingering:
    """The transport of a request that asks to be the last."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection.transport, name)

    def close(self) -> None:
        self._connection.end_after_the_rest()


def connection_type(*, head_seconds: float, most: int, most_at_once: int) -> type[Connection]:
    """A kind of its own, since it counts over its connections."""
    return type("Connection", (Connection,), {"head_seconds": head_seconds, "most": most, "most_at_once": most_at_once})
