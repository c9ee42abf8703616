"""HTTP by aiohttp: one session for all vendors, private addresses refused when the connection is made."""

import asyncio
import errno
import io
import socket
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, Final

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from datafly.model.delivery import Outgoing, Reply
from datafly.model.secret import Secret
from datafly.observe.base import emit
from datafly.observe.transport import TransportRequestFailed, TransportRequestRefused
from datafly.transport.address import Reach
from datafly.transport.base import NOT_ALLOWED
from datafly.transport.body import read_body
from datafly.transport.lookup import addresses_of

_HEADERS: Final = {"User-Agent": "datafly-signal", "Accept-Encoding": "identity"}
_PRIVATE: Final = "the address is private, loopback, link-local or reserved"
_WRITTEN_AT_ONCE: Final = 1_000_000
_BREAKS: Final = frozenset("\r\n\0")


class _Refused(OSError):
    """Raised while a connection is made: its address is not one that may be called."""


class _Lost(aiohttp.ClientError):
    """The connection broke. Told so that aiohttp does not send an idempotent request again by itself."""


class HttpTransport:
    """Sends requests of all installations, each host over at most `connections_per_host` connections.

    Https alone, and only to public addresses, judged by the IP that is connected to (a name may resolve to another one
    each time); `allow_private` opens all others, `private_hosts` the named ones (`address.Reach`). An answer is read up
    to `answer_bytes`. `resolver`, and `look_up` for `foreseen`: instead of the system's. What the other side does not
    confirm for `unconfirmed_seconds` is not sent any more, also if the request was given up meanwhile (Linux; None: the
    system keeps on as long as it does).
    """

    def __init__(
        self,
        *,
        allow_private: bool = False,
        private_hosts: Iterable[str] = (),
        connections_per_host: int = 100,
        connect_timeout_seconds: float = 10.0,
        answer_bytes: int = 1_000_000,
        unconfirmed_seconds: float | None = None,
        resolver: AbstractResolver | None = None,
        look_up: Callable[[str], Sequence[str]] = addresses_of,
    ) -> None:
        self._reach = Reach(private_hosts, everywhere=allow_private)
        self._resolver = resolver
        self._look_up = look_up
        self._connections_per_host = connections_per_host
        self._connect_timeout_seconds = connect_timeout_seconds
        self._answer_bytes = answer_bytes
        self._unconfirmed_seconds = unconfirmed_seconds
        self._sessions: dict[bool, aiohttp.ClientSession] = {}

    async def send(self, outgoing: Outgoing) -> Reply:
        began = time.monotonic()
        progress = SimpleNamespace(sent=False)
        try:
            reply = await self._exchange(outgoing, progress)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError, RuntimeError) as error:
            reply = _failure(error, outgoing, sent=progress.sent)
        return _timed(reply, (time.monotonic() - began) * 1000)

    def objection(self, address: str) -> str:
        """The error that a request to this URL would get, as far as no name has to be looked up; "" where none."""
        try:
            url = URL(address)
        except ValueError:
            return f"{NOT_ALLOWED}the URL cannot be read"
        objection = self._objection(url) or (_PRIVATE if self._reach.leads_nowhere(url.host or "") else "")
        return _told(objection, url) if objection else ""

    def foreseen(self, address: str) -> str:
        """As `objection`, and of a name that leads to addresses which are not allowed, and to no other, now. Blocking:
        it is looked up. Each request is judged anew by the address that it connects to.
        """
        if objection := self.objection(address):
            return objection
        host = URL(address).host or ""
        named = self._reach.is_named(host)
        found = self._look_up(host)
        allowed = not found or any(self._reach.allows(one, named=named) for one in found)
        return "" if allowed else _told(_PRIVATE, URL(address))

    async def close(self) -> None:
        while self._sessions:
            await self._sessions.popitem()[1].close()

    async def _exchange(self, outgoing: Outgoing, progress: SimpleNamespace) -> Reply:
        url = URL(outgoing.url)
        headers = _revealed(outgoing.headers)
        if objection := self._objection(url) or _header_objection(headers):
            return _refusal(objection, url)
        async with self._opened(named=self._reach.is_named(url.host or "")).request(
            outgoing.method,
            url,
            data=_payload(outgoing.body),
            headers=headers,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=outgoing.timeout_seconds, sock_connect=self._connect_timeout_seconds),
            trace_request_ctx=progress,
        ) as response:
            body = await read_body(response, self._answer_bytes)
            return Reply(status=response.status, headers=_plain(response.headers), body=body)

    def _objection(self, url: URL) -> str:
        if url.scheme not in {"http", "https"} or not url.host:
            return "the URL is not an http(s) address"
        if url.scheme == "http" and not self._reach.takes_plain_http(url.host):
            return "plain http would show the credentials to everyone on the way"
        return ""

    def _opened(self, *, named: bool) -> aiohttp.ClientSession:
        """A connection that was made for a named host is not one for others, whose addresses are judged otherwise."""
        if named not in self._sessions:
            self._sessions[named] = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=0,
                    limit_per_host=self._connections_per_host,
                    ttl_dns_cache=30,
                    socket_factory=self._socket_factory(named=named),
                    resolver=self._resolver,
                ),
                headers=_HEADERS,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                middlewares=(_once,),
                trace_configs=[_sent_marker()],
            )
        return self._sessions[named]

    def _socket_factory(self, *, named: bool) -> Callable[[tuple[Any, ...]], socket.socket]:
        """Called by aiohttp with the very address that it is about to connect to."""

        def make(address: tuple[Any, ...]) -> socket.socket:
            family, kind, protocol, _, where = address
            if not self._reach.allows(where[0], named=named):
                raise _Refused(errno.EACCES, _PRIVATE)
            made = socket.socket(family=family, type=kind, proto=protocol)
            if self._unconfirmed_seconds is not None and sys.platform == "linux":
                made.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(self._unconfirmed_seconds * 1000))
            return made

        return make


async def _once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _Lost(str(error) or "the server closed the connection") from error


def _sent_marker() -> aiohttp.TraceConfig:
    """Notes when a request begins to leave: from then on a failure leaves open whether it was taken."""
    config = aiohttp.TraceConfig()

    async def mark(_session: Any, context: SimpleNamespace, _params: Any) -> None:
        context.trace_request_ctx.sent = True

    config.on_request_headers_sent.append(mark)
    return config


def _failure(error: Exception, outgoing: Outgoing, *, sent: bool) -> Reply:
    if refused := _refused_by(error):
        return _refusal(refused, URL(outgoing.url) if isinstance(error, OSError) else None)
    words = _words(error)
    emit(TransportRequestFailed(method=outgoing.method, kind=type(error).__name__, unknown_outcome=sent))
    return Reply(status=None, error=words, unknown_outcome=sent)


def _refused_by(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, _Refused):
        return str(error.os_error.strerror)
    if isinstance(error, aiohttp.InvalidURL):
        return "the URL cannot be read"
    if isinstance(error, ValueError) and not isinstance(error, OSError):  # a bad certificate is both
        return "the URL or a header cannot be sent as it is"
    return ""


def _refusal(objection: str, url: URL | None) -> Reply:
    emit(TransportRequestRefused(objection=objection))
    return Reply(status=None, error=_told(objection, url))


def _told(objection: str, url: URL | None) -> str:
    where = f" ({url.scheme}://{url.host})" if url is not None and url.host else ""
    return f"{NOT_ALLOWED}{objection}{where}"


def _words(error: Exception) -> str:
    if isinstance(error, (asyncio.TimeoutError, TimeoutError)):
        return "connecting took too long" if isinstance(error, aiohttp.ConnectionTimeoutError) else "no answer in time"
    return str(error) or type(error).__name__


def _payload(body: bytes) -> bytes | io.BytesIO | None:
    """A large body is written in pieces, so that other requests are not kept waiting."""
    return io.BytesIO(body) if len(body) > _WRITTEN_AT_ONCE else body or None


def _revealed(headers: Mapping[str, str | Secret]) -> dict[str, str]:
    return {name: value.reveal() if isinstance(value, Secret) else value for name, value in headers.items()}


def _header_objection(headers: Mapping[str, str]) -> str:
    broken = [name for name, value in headers.items() if _BREAKS & {*name, *value}]
    return f"the header {broken[0]!r} holds a line break" if broken else ""


def _plain(headers: Mapping[str, str]) -> dict[str, str]:
    """Names in lower case; of a name that is repeated, all values."""
    found: dict[str, str] = {}
    for name, value in headers.items():
        key = name.lower()
        found[key] = f"{found[key]}, {value}" if key in found else value
    return found


def _timed(reply: Reply, latency_ms: float) -> Reply:
    return Reply(
        status=reply.status,
        headers=reply.headers,
        body=reply.body,
        error=reply.error,
        latency_ms=round(latency_ms, 3),
        unknown_outcome=reply.unknown_outcome,
    )
