"""The few shapes of ASGI that the gateway speaks: the scope read once, an answer, a body within bounds."""

import zlib
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any, Final

import msgspec

from datafly.ingest.codes import Code, Refused
from datafly.ingest.deadlines import Deadlines
from datafly.model.errors import Unavailable

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

JSON: Final = (b"content-type", b"application/json")
_LISTS: Final = {b"cookie": b"; ", b"x-forwarded-for": b", "}
"""Proxies may send these in several lines: HAProxy adds a line of its own for the address that it saw."""
_BODILESS: Final = frozenset({204, 304})
_GZIP: Final = 16 + zlib.MAX_WBITS
_MAX_LENGTH_DIGITS: Final = 15
_BEGINNING_BYTES: Final = 64 * 1024
_MAX_MEMBERS: Final = 100
"""Each costs time, though it may be empty: a body of 5 MB can have a quarter of a million."""
_MEGABYTE: Final = 1024 * 1024


class Disconnected(Exception):
    """The caller went away before the request was whole."""


class Request(msgspec.Struct, gc=False):
    """Header names are lower case; of a repeated header the last counts, but for those that are lists. `signature`: the
    one that was found right, empty where none was asked for. `pipeline_id` and `body` are filled in as they are found,
    for who must tell why the request was refused. `trace`: its span, where it is traced.
    """

    method: str
    path: str
    query: bytes
    headers: dict[bytes, bytes]
    header_count: int
    peer: str | None
    scheme: str
    signature: str = ""
    pipeline_id: str = ""
    body: bytes = b""
    trace: str = ""


class Reply(msgspec.Struct, gc=False):
    """`headers` without content-length, which is that of `body`."""

    status: int
    body: bytes
    headers: list[tuple[bytes, bytes]]


def read_request(scope: Scope) -> Request:
    client, headers = scope.get("client"), scope["headers"]
    return Request(
        scope["method"],
        scope["path"],
        scope["query_string"],
        _by_name(headers),
        len(headers),
        client[0] if client else None,
        scope.get("scheme", "http"),
    )


def _by_name(headers: Sequence[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    found = dict(headers)
    if len(found) < len(headers):
        for name, between in _LISTS.items():
            if name in found:
                found[name] = between.join(value for other, value in headers if other == name)
    return found


def json_reply(status: int, body: Any, *headers: tuple[bytes, bytes]) -> Reply:
    return Reply(status, msgspec.json.encode(body), [JSON, *headers])


async def write_reply(send: Send, reply: Reply, *, head: bool = False) -> None:
    headers = reply.headers
    if reply.status not in _BODILESS:
        headers.append((b"content-length", b"%d" % len(reply.body)))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head else reply.body})


class Bound(msgspec.Struct, frozen=True):
    """How many bytes a body may have, and the code for more."""

    limit: int
    code: Code

    def exceeded(self) -> Refused:
        return Refused(self.code, f"The body has more than {self.size}.")

    def burst(self) -> Refused:
        return Refused(Code.GZIP_TOO_LARGE, f"The body has more than {self.size} once it is unpacked.")

    @property
    def size(self) -> str:
        mega, kilo = divmod(self.limit, _MEGABYTE)
        return f"{mega} MB" if mega else f"{kilo // 1024} KB"


class Room:
    """Where bodies stand while they arrive: so many bytes for all requests together.

    The first 64 KB of each stand apart (`beginnings`), so that a crowd of long bodies that never end does not shut out
    the short. A body that comes in one piece needs no room.
    """

    def __init__(self, long: int, beginnings: int) -> None:
        self._long = long
        self._beginnings = beginnings

    def take(self, size: int, *, is_beginning: bool) -> None:
        """Raises `Unavailable`; then nothing was taken."""
        if size > (self._beginnings if is_beginning else self._long):
            which = "bodies" if is_beginning else "large bodies"
            raise Unavailable(f"Too many {which} are arriving. Send it again in a moment.")
        self._add(-size, is_beginning=is_beginning)

    def give_back(self, size: int, *, is_beginning: bool) -> None:
        self._add(size, is_beginning=is_beginning)

    def _add(self, size: int, *, is_beginning: bool) -> None:
        if is_beginning:
            self._beginnings += size
        else:
            self._long += size


async def read_body(request: Request, receive: Receive, *, bound: Bound, deadlines: Deadlines, room: Room) -> bytes:
    """The whole body, decompressed. Raises `Refused`, `Unavailable`, `Disconnected`."""
    body = await read_wire(request, receive, bound=bound, deadlines=deadlines, room=room)
    encoding = request.headers.get(b"content-encoding")
    return body if encoding is None else decoded(body, encoding.strip().lower(), bound)


def already(body: bytes) -> Receive:
    """As if it came only now."""

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


async def read_wire(request: Request, receive: Receive, *, bound: Bound, deadlines: Deadlines, room: Room) -> bytes:
    """The whole body as it was sent. Raises as `read_body`."""
    declared = request.headers.get(b"content-length", b"0")
    if len(declared) > _MAX_LENGTH_DIGITS or (declared.isdigit() and int(declared) > bound.limit):
        raise bound.exceeded()
    try:
        return await deadlines.hold(_collect(receive, bound, room))
    except TimeoutError:
        late = f"The body did not arrive within {deadlines.seconds:g} seconds."
        raise Refused(Code.REQUEST_TIMEOUT, late, headers=((b"connection", b"close"),)) from None


async def _collect(receive: Receive, bound: Bound, room: Room) -> bytes:
    chunks: list[bytes] = []
    size = begun = taken = 0
    try:
        while True:
            chunk, ends = await _next_chunk(receive)
            size += len(chunk)
            if size > bound.limit:
                raise bound.exceeded()
            if ends:
                return b"".join([*chunks, chunk]) if chunks else chunk
            is_beginning = size <= _BEGINNING_BYTES
            room.take(len(chunk), is_beginning=is_beginning)
            begun, taken = (begun + len(chunk), taken) if is_beginning else (begun, taken + len(chunk))
            chunks.append(chunk)
    finally:
        room.give_back(begun, is_beginning=True)
        room.give_back(taken, is_beginning=False)


async def _next_chunk(receive: Receive) -> tuple[bytes, bool]:
    """And whether it is the last."""
    message = await receive()
    if message["type"] != "http.request":
        raise Disconnected
    return message.get("body", b""), not message.get("more_body", False)


def decoded(body: bytes, encoding: bytes, bound: Bound) -> bytes:
    if encoding == b"identity":
        return body
    if encoding not in (b"gzip", b"x-gzip"):
        said = encoding[:50].decode("latin-1")
        raise Refused(Code.UNSUPPORTED_ENCODING, f"Content-Encoding {said} is not read.")
    return _inflated(body, bound)


def _inflated(body: bytes, bound: Bound) -> bytes:
    """Never holds more than the limit, whatever the body would become."""
    whole = b""
    for _ in range(_MAX_MEMBERS + 1):
        if not body:
            return whole
        inflater = zlib.decompressobj(_GZIP)
        try:
            whole += inflater.decompress(body, bound.limit + 1 - len(whole))
        except zlib.error:
            raise Refused(Code.INVALID_GZIP) from None
        if len(whole) > bound.limit:
            raise bound.burst()
        if not inflater.eof:
            raise Refused(Code.TRUNCATED_GZIP)
        body = inflater.unused_data
    raise Refused(Code.INVALID_GZIP, f"The gzip body has more than {_MAX_MEMBERS} members.")
