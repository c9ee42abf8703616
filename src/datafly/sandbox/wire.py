"""The bare ASGI under a vendor's API: a whole request in, a whole reply out, or a dropped connection."""

from typing import Any

import msgspec
from litestar.types import Receive, Send
from litestar.types.asgi_types import HTTPScope

_JSON = (("content-type", "application/json"),)


class Incoming(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it arrived; header names are lower-case; `body` is cut at `body_limit` + 1 bytes."""

    method: str
    path: str
    headers: dict[str, str]
    client: str
    body: bytes
    query: str = ""


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = _JSON


def json_reply(status: int, value: object) -> Reply:
    """Compact JSON and a newline, as Go's encoder writes it."""
    return Reply(status=status, body=msgspec.json.encode(value) + b"\n")


async def read_incoming(scope: HTTPScope, receive: Receive, *, body_limit: int) -> Incoming:
    """The request; a body over the limit is read to its end, so that the caller can hear the answer."""
    client = scope.get("client")
    return Incoming(
        method=scope["method"],
        path=scope["path"],
        headers={name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]},
        client=client[0] if client else "",
        body=await _read_body(receive, body_limit),
        query=scope.get("query_string", b"").decode("latin-1"),
    )


async def _read_body(receive: Receive, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            break
        part = message.get("body", b"")
        if size <= limit:
            parts.append(part)
        size += len(part)
        if not message.get("more_body", False):
            break
    return b"".join(parts)[: limit + 1]


async def send_reply(send: Send, reply: Reply) -> None:
    headers = [*reply.headers, ("content-length", str(len(reply.body)))]
    encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    await send({"type": "http.response.start", "status": reply.status, "headers": encoded})
    await send({"type": "http.response.body", "body": reply.body, "more_body": False})


def malformed(reply: Reply) -> Reply:
    """The same reply with a body that no JSON reader takes: its end is missing, and its length is told as it is."""
    return msgspec.structs.replace(reply, body=reply.body[: max(1, len(reply.body) // 2)])


async def send_half(send: Send, receive: Receive, reply: Reply) -> None:
    """Promise a whole body, send half of it, and close the connection."""
    headers = [*reply.headers, ("content-length", str(len(reply.body)))]
    encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    await send({"type": "http.response.start", "status": reply.status, "headers": encoded})
    await send({"type": "http.response.body", "body": reply.body[: len(reply.body) // 2], "more_body": True})
    transport = _transport(send)
    if transport is not None:
        transport.close()
        await _gone(receive)


async def drop_connection(send: Send, receive: Receive) -> None:
    """Cut the connection without an answer.

    ASGI has no word for it. uvicorn's `send` is a method of the object that holds the transport; on a server
    where it is not, a reply that promises a body and never sends it makes the server close half-way.
    """
    transport = _transport(send)
    if transport is None:
        head = [(b"content-length", b"1"), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        return
    transport.abort()
    await _gone(receive)


def _transport(send: Send) -> Any:
    return getattr(getattr(send, "__self__", None), "transport", None)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
