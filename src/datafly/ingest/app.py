"""The gateway: one bare ASGI application, routed by a dictionary."""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from datafly.ingest import cors, document, pixel
from datafly.ingest.codes import Code, Refused
from datafly.ingest.collector import COLLECTOR, PATHS, Collector
from datafly.ingest.doors import ALONE, RETRY, Append, Doors, Handler, Pipelines, Ready, Shared
from datafly.ingest.paths import DOORS
from datafly.ingest.refusals import Keep, Refusals, forget
from datafly.ingest.sdk_settings import SdkSettings, is_settings
from datafly.ingest.settings import GatewaySettings
from datafly.ingest.shop import Shop, is_shop
from datafly.ingest.signature import Sources
from datafly.ingest.tracing import Tracer
from datafly.ingest.webhook import PATH, Webhooks
from datafly.ingest.wire import (
    JSON,
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
from datafly.model.proxies import Proxies
from datafly.observe import emit
from datafly.observe.ingest import IngestRequestFailed

_GET: Final = ("GET", "HEAD")
_ASK: Final = ("GET", "HEAD", "OPTIONS")
_POST: Final = ("POST", "OPTIONS")


def _refusal(error: SignalError) -> Reply:
    """The one JSON shape of every error. What is not kept is asked for again."""
    return _told(error, error.as_body())


def _flat_refusal(error: SignalError) -> Reply:
    """RudderStack's Python SDK stumbles over an error without `code` and `message` at the top, and then repeats what
    will never be taken.
    """
    return _told(error, error.as_body() | {"success": False, "code": error.code, "message": error.message})


def _told(error: SignalError, body: dict[str, Any]) -> Reply:
    extra = error.headers if isinstance(error, Refused) else RETRY if isinstance(error, Unavailable) else ()
    return json_reply(error.status, body, *extra)


Refuse = Callable[[SignalError], Reply]


class Route(msgspec.Struct, frozen=True):
    """`open`: pages of other origins may call it, so every answer has the headers that let them read it. `refuse`: how
    an error looks.
    """

    methods: tuple[str, ...]
    handler: Handler
    open: bool = False
    refuse: Refuse = _refusal


Under = list[tuple[Callable[[str], bool], Route]]


def create_gateway(
    settings: GatewaySettings,
    *,
    append: Append,
    pipelines: Pipelines,
    clock: Clock,
    ready: Ready,
    sources: Sources = dict,
    keep_refusal: Keep = forget,
    shared: Shared = ALONE,
) -> App:
    """`pipelines`: by pipeline key, `sources`: by id; cheap to ask, refreshed outside. `ready`: None, or why events
    cannot be taken. `keep_refusal`: gets what a valid key sent and was refused.
    """
    doors = Doors(
        settings,
        append=append,
        pipelines=pipelines,
        clock=clock,
        ready=ready,
        sources=sources,
        keep_refusal=keep_refusal,
        shared=shared,
    )
    routes = _routes_of_doors(doors) | _routes_beside(ready)
    routes[PATH] = Route(("POST",), Webhooks(settings, doors, sources, clock).post)
    sdk_settings = SdkSettings(doors, Proxies(settings.trusted_proxies))
    routes |= dict.fromkeys(("/sourceConfig", "/sourceConfig/"), Route(_ASK, sdk_settings.rudder, open=True))
    collector = Collector(COLLECTOR, pipelines)
    routes |= dict.fromkeys(PATHS, Route(_GET, collector.get))
    under: Under = [
        (is_settings, Route(_ASK, sdk_settings.segment, open=True)),
        (pixel.is_pixel, Route(_GET, pixel.Pixel(settings, doors).get, refuse=pixel.refusal)),
        (collector.serves, Route(_GET, collector.get)),
        *([(is_shop, Route(_GET, Shop(pipelines).get))] if settings.demo else []),
    ]
    return _Gateway(settings, routes, under, doors.refusals)


def _routes_of_doors(doors: Doors) -> dict[str, Route]:
    return {
        door.path: Route(_POST, doors.post(door), open=True, refuse=_flat_refusal if door.flat else _refusal)
        for door in DOORS
    }


def _routes_beside(ready: Ready) -> dict[str, Route]:
    """What a gateway answers without a key."""
    routes = {path: Route(_GET, handler) for path, handler in _health_routes(ready).items()}
    return routes | {document.PATH: Route(_ASK, _openapi, open=True)}


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
    """`under`: routes of paths that are not known by heart, each with the test of a path."""

    def __init__(self, settings: GatewaySettings, routes: dict[str, Route], under: Under, refusals: Refusals) -> None:
        self._tracer = Tracer(settings.trace_ratio) if settings.trace_ratio is not None else None
        self._max_headers = settings.max_headers
        self._routes = routes
        self._under = under
        self._refusals = refusals

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
        if route is None:
            route = next((route for holds, route in self._under if holds(request.path)), None)
        reply = await self._reply(route, request, receive)
        if route is not None and route.open:
            reply.headers.extend(cors.headers(request.headers.get(b"origin")))
        return reply

    async def _reply(self, route: Route | None, request: Request, receive: Receive) -> Reply:
        refuse = _refusal if route is None else route.refuse
        try:
            handler = self._handler(route, request)
            if self._tracer is None:
                return await handler(request, receive)
            return await self._tracer.traced(handler, request, receive)
        except Disconnected:
            raise
        except SignalError as error:
            # Its traceback leads to this frame, which holds it: the body would stay until the collector comes by.
            told: SignalError = error.with_traceback(None)
        except Exception as error:  # noqa: BLE001  the stage's loop: a fault of ours must not end the process
            emit(IngestRequestFailed(request.path, repr(error)))
            told = SignalError(Code.INTERNAL.sentence)
        self._refusals.of_request(request, told)
        return refuse(told)

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


async def _openapi(_request: Request, _receive: Receive) -> Reply:
    return Reply(200, document.encoded(), [JSON])


async def _preflight(request: Request, _receive: Receive) -> Reply:
    return Reply(204, b"", cors.preflight(request.headers.get(b"access-control-request-headers", b"")))


async def _live(receive: Receive, send: Send) -> None:
    while True:
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})
        if kind == "lifespan.shutdown":
            return
