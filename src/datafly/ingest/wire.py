"""The few shapes of ASGI that the gateway speaks: the scope read once, an answer, a body within bounds."""

import asyncio
import zlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

import msgspec

from datafly.ingest.codes import Code, Refused

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

JSON: Final = (b"content-type", b"application/json")
_BODILESS: Final = frozenset({204, 304})
_GZIP: Final = 16 + zlib.MAX_WBITS
_MAX_LENGTH_DIGITS: Final = 15


class Disconnected(Exception):
    """The caller went away before the request was whole."""


class Request(msgspec.Struct, gc=False):
    """Header names are lower case; of a repeated header the last counts."""

    method: str
    path: str
    query: bytes
    headers: dict[bytes, bytes]
    header_count: int
    peer: str | None
    scheme: str


class Reply(msgspec.Struct, gc=False):
    """`headers` without content-length, which is that of `body`."""

    status: int
    body: bytes
    headers: list[tuple[bytes, bytes]]


def read_request(scope: Scope) -> Request:
    client = scope.get("client")
    return Request(
        scope["method"],
        scope["path"],
        scope["query_string"],
        dict(scope["headers"]),
        len(scope["headers"]),
        client[0] if client else None,
        scope.get("scheme", "http"),
    )


def json_reply(status: int, body: Any, *headers: tuple[bytes, bytes]) -> Reply:
    return Reply(status, msgspec.json.encode(body), [JSON, *headers])


async def write_reply(send: Send, reply: Reply, *, head: bool = False) -> None:
    headers = reply.headers
    if reply.status not in _BODILESS:
        headers.append((b"content-length", b"%d" % len(reply.body)))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head else reply.body})


async def read_body(request: Request, receive: Receive, *, limit: int, over: Refused, timeout_seconds: float) -> bytes:
    """The whole body, decompressed. Raises `Refused` (`over` past the limit), `Disconnected`."""
    declared = request.headers.get(b"content-length", b"0")
    if len(declared) > _MAX_LENGTH_DIGITS or (declared.isdigit() and int(declared) > limit):
        raise over
    try:
        async with asyncio.timeout(timeout_seconds):
            body = await _collect(receive, limit, over)
    except TimeoutError:
        late = f"The body did not arrive within {timeout_seconds:g} seconds."
        raise Refused(Code.REQUEST_TIMEOUT, late, headers=((b"connection", b"close"),)) from None
    encoding = request.headers.get(b"content-encoding")
    return body if encoding is None else _decoded(body, encoding.strip().lower(), limit, over)


async def _collect(receive: Receive, limit: int, over: Refused) -> bytes:
    chunks, size = [], 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise Disconnected
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise over
        chunks.append(chunk)
        if not message.get("more_body", False):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _decoded(body: bytes, encoding: bytes, limit: int, over: Refused) -> bytes:
    if encoding == b"identity":
        return body
    if encoding not in (b"gzip", b"x-gzip"):
        said = encoding[:50].decode("latin-1")
        raise Refused(Code.UNSUPPORTED_ENCODING, f"Content-Encoding {said} is not read; send gzip or none.")
    return _inflated(body, limit, over)


def _inflated(body: bytes, limit: int, over: Refused) -> bytes:
    """Never holds more than the limit, whatever the body would become."""
    whole = b""
    while body:
        inflater = zlib.decompressobj(_GZIP)
        try:
            whole += inflater.decompress(body, limit + 1 - len(whole))
        except zlib.error:
            raise Refused(Code.INVALID_GZIP) from None
        if len(whole) > limit:
            raise over
        if not inflater.eof:
            raise Refused(Code.INVALID_GZIP, "The gzip body is cut off.")
        body = inflater.unused_data
    return whole
