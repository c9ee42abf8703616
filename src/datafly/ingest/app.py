"""The gateway: one bare ASGI application, routed by a dictionary."""

from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from datafly.ingest import cors
from datafly.ingest.codes import Code, Refused
from datafly.ingest.collector import COLLECTOR, Collector
from datafly.ingest.doors import RETRY, Append, Door, Doors, Pipelines, Ready
from datafly.ingest.settings import GatewaySettings
from datafly.ingest.shop import Shop
from datafly.ingest.wire import (
    App,
    Disconnected,
    Receive,
    Reply,
    Request,
    Scope,
    Send,
    json_reply,
    read_request,
    write_reply,
)
from datafly.model.clock import Clock
from datafly.model.errors import SignalError, Unavailable
from datafly.observe import emit
from datafly.observe.ingest import IngestRequestFailed, IngestRequestRefused

Handler = Callable[[Request, Receive], Awaitable[Reply]]

_GET: Final = ("GET", "HEAD")
_SHOP: Final = "/shop"


class Route(msgspec.Struct, frozen=True):
    """`open`: pages of other origins may call it, so every answer has the headers that let them read it."""

    methods: tuple[str, ...]
    handler: Handler
    open: bool = False


def create_gateway(
    settings: GatewaySettings, *, append: Append, pipelines: Pipelines, clock: Clock, ready: Ready
) -> App:
    """`pipelines`: by pipeline key, cheap to ask, refreshed outside. `ready`: None, or why events cannot be taken."""
    doors = Doors(settings, append=append, pipelines=pipelines, clock=clock, ready=ready)
    routes = {path: Route(("POST", "OPTIONS"), handler, open=True) for path, handler in _door_routes(doors).items()}
    routes |= {path: Route(_GET, handler) for path, handler in _health_routes(ready).items()}
    collector = Collector(COLLECTOR)
    routes |= dict.fromkeys(("/d.js", "/datafly.js"), Route(_GET, collector.get))
    return _Gateway(settings, routes, Shop(pipelines) if settings.demo else None)


def _door_routes(doors: Doors) -> dict[str, Handler]:
    kinds = {"/v1/t": "track", "/v1/p": "page", "/v1/i": "identify", "/v1/g": "group"}

    def one(door: Door) -> Handler:
        return lambda request, receive: doors.post_one(door, request, receive)

    batch = Door("/v1/batch")
    return {path: one(Door(path, kind)) for path, kind in kinds.items()} | {
        batch.path: lambda request, receive: doors.post_batch(batch, request, receive)
    }


def _health_routes(ready: Ready) -> dict[str, Handler]:
    async def healthz(_request: Request, _receive: Receive) -> Reply:
        return json_reply(200, {"status": "ok"})

    async def readyz(_request: Request, _receive: Receive) -> Reply:
        reason = ready()
        if reason is not None:
            raise Refused(Code.NOT_READY, reason, headers=RETRY)
        return json_reply(200, {"status": "ready"})

    return {"/healthz": healthz, "/readyz": readyz}


class _Gateway:
    def __init__(self, settings: GatewaySettings, routes: dict[str, Route], shop: Shop | None) -> None:
        self._max_headers = settings.max_headers
        self._routes = routes
        self._shop = Route(_GET, shop.get) if shop else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await _live(receive, send)
        if scope["type"] != "http":
            return await send({"type": "websocket.close"})
        request = read_request(scope)
        try:
            reply = await self._answer(request, receive)
        except Disconnected:
            return None
        return await write_reply(send, reply, head=request.method == "HEAD")

    async def _answer(self, request: Request, receive: Receive) -> Reply:
        route = self._routes.get(request.path)
        if route is None and self._shop and (request.path == _SHOP or request.path.startswith("/shop/")):
            route = self._shop
        reply = await self._reply(route, request, receive)
        if route is not None and route.open:
            reply.headers.extend(cors.headers(request.headers.get(b"origin")))
        return reply

    async def _reply(self, route: Route | None, request: Request, receive: Receive) -> Reply:
        try:
            handler = self._handler(route, request)
            return await handler(request, receive)
        except Disconnected:
            raise
        except SignalError as error:
            return _refusal(request, error)
        except Exception as error:  # noqa: BLE001  the stage's loop: a fault of ours must not end the process
            emit(IngestRequestFailed(request.path, repr(error)))
            return _refusal(request, SignalError(Code.INTERNAL.sentence))

    def _handler(self, route: Route | None, request: Request) -> Handler:
        if request.header_count > self._max_headers:
            raise Refused(Code.TOO_MANY_HEADERS, f"The request has more than {self._max_headers} headers.")
        if route is None:
            raise Refused(Code.NOT_FOUND, f"There is nothing at {request.path[:200]}.")
        if request.method not in route.methods:
            allow = ", ".join(route.methods)
            said = f"{request.path} takes {allow}, not {request.method[:20]}."
            raise Refused(Code.METHOD_NOT_ALLOWED, said, headers=((b"allow", allow.encode()),))
        return _preflight if request.method == "OPTIONS" else route.handler


async def _preflight(_request: Request, _receive: Receive) -> Reply:
    return Reply(204, b"", cors.preflight())


def _refusal(request: Request, error: SignalError) -> Reply:
    """The one JSON shape of every error. What is not kept is asked for again."""
    emit(IngestRequestRefused(request.path[:200], error.code, error.status))
    extra = error.headers if isinstance(error, Refused) else RETRY if isinstance(error, Unavailable) else ()
    return json_reply(error.status, error.as_body(), *extra)


async def _live(receive: Receive, send: Send) -> None:
    while True:
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})
        if kind == "lifespan.shutdown":
            return
