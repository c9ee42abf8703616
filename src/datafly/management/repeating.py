"""POST with an `Idempotency-Key`: a call that is repeated is answered as the first was, and changes nothing more."""

import asyncio
import base64
import hashlib
from typing import Any, Final

import msgspec
from litestar import Request
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, HTTPReceiveMessage, Message, Receive, Scope, Send

from datafly.management.auditing import NOTED
from datafly.management.services import services_of
from datafly.model.errors import CallerError, Invalid
from datafly.model.people import Actor
from datafly.store.base import Control

HEADER: Final = "Idempotency-Key"
_LONGEST: Final = 255
_REPLAYED: Final = (b"idempotency-replayed", b"true")


class _Answer(msgspec.Struct, array_like=True):
    """As it went over the wire; `body` in base64."""

    headers: list[tuple[str, str]]
    body: str


class Repeating(ASGIMiddleware):
    """Inside of `Access`: keys are a caller's own. What failed is not kept, it may be tried again."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        request: Request[Any, Any, Any] = Request(scope, receive=receive)
        actor: Actor | None = scope.get("auth")
        key = request.headers.get(HEADER)
        if request.method != "POST" or actor is None or key is None:
            await next_app(scope, receive, send)
            return
        _require_good(key)
        services = services_of(request)
        body = await _read(receive, services.settings.max_body_bytes)
        kept = await asyncio.to_thread(services.control.begin_call, actor.id, key, _hash(request, body))
        if kept is not None:
            scope["state"][NOTED] = True
            await _replay(kept[0], msgspec.json.decode(kept[1], type=_Answer), send)
            return
        call = _Call(actor.id, key, services.control)

        async def listening(message: Message) -> None:
            await call.hear(message)
            await send(message)

        try:
            await next_app(scope, _again(body, receive), listening)
        finally:
            await asyncio.shield(call.end())


class _Call:
    """The first one with its key; `hear` is told its answer."""

    def __init__(self, caller: str, key: str, control: Control) -> None:
        self._caller, self._key, self._control = caller, key, control
        self._status = 500
        self._answer = _Answer([], "")
        self._parts: list[bytes] = []
        self._done = False

    async def hear(self, message: Message) -> None:
        """Kept before the last of it is sent: whoever has the answer can repeat the call at once."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            told = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in message["headers"]]
            self._answer = _Answer(told, "")
        elif message["type"] == "http.response.body":
            self._parts.append(message.get("body", b""))
            if not message.get("more_body", False):
                await self.end(whole=True)

    async def end(self, *, whole: bool = False) -> None:
        if self._done:
            return
        self._done = True
        if whole and self._status < 400:
            self._answer.body = base64.b64encode(b"".join(self._parts)).decode()
            answer = msgspec.json.encode(self._answer).decode()
            await asyncio.to_thread(self._control.finish_call, self._caller, self._key, self._status, answer)
        else:
            await asyncio.to_thread(self._control.abandon_call, self._caller, self._key)


async def _read(receive: Receive, most: int) -> bytes:
    parts, size, more = [], 0, True
    while more:
        message: Any = await receive()
        if message["type"] == "http.disconnect":
            raise CallerError("The body did not come whole.")
        parts.append(message.get("body", b""))
        size, more = size + len(parts[-1]), message.get("more_body", False)
        if size > most:
            raise CallerError("The body is too large.", code="PAYLOAD_TOO_LARGE", status=413)
    return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    """The body that was read, then what comes after it."""
    unread = [body]

    async def receive_again() -> HTTPReceiveMessage:
        if unread:
            return {"type": "http.request", "body": unread.pop(), "more_body": False}
        return await receive()  # type: ignore[return-value]  # an application of HTTP

    return receive_again


def _require_good(key: str) -> None:
    if not 0 < len(key) <= _LONGEST or not key.isprintable():
        raise Invalid(f"{HEADER}: 1 to {_LONGEST} printable characters, such as a UUID.", field=HEADER)


def _hash(request: Request[Any, Any, Any], body: bytes) -> str:
    parts = (request.method, request.url.path, request.url.query, request.headers.get("if-match", ""))
    return hashlib.sha256("\0".join(parts).encode() + b"\0" + body).hexdigest()


async def _replay(status: int, answer: _Answer, send: Send) -> None:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
    await send({"type": "http.response.start", "status": status, "headers": [*headers, _REPLAYED]})
    await send({"type": "http.response.body", "body": base64.b64decode(answer.body), "more_body": False})
