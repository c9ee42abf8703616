"""The sandbox as one ASGI application: an index, health, and every vendor's room under its own prefix."""

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from litestar import Litestar, MediaType, Request, Response, get
from litestar.enums import ScopeType
from litestar.exceptions import NotFoundException
from litestar.exceptions.responses import create_exception_response
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler, Guard, Receive, Scope, Send

from datafly.sandbox.drawn import every_room
from datafly.sandbox.guards import only_for_hosts
from datafly.sandbox.pages import Pages
from datafly.sandbox.rooms import Clock, OpenRoom, Room, utc_now
from datafly.sandbox.settings import SandboxSettings

_STATIC = Path(__file__).parent / "static"
_STATIC_TYPES = {".css": MediaType.CSS, ".js": "text/javascript", ".svg": "image/svg+xml"}


class Sandbox:
    """Every room in service; an ASGI application that owns what the rooms opened until `close`."""

    def __init__(self, rooms: Sequence[Room], settings: SandboxSettings, clock: Clock) -> None:
        self._open: dict[str, OpenRoom] = {room.slug: room.open(settings, clock) for room in rooms}
        self._roots = {(room.slug, root) for room in rooms for root in room.roots}
        self._rooms, self._hosts = rooms, settings.allowed_hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP and (room := self._room_of(scope["path"])):
            await room.api(scope, receive, send)
        else:
            await self._site(scope, receive, send)

    def close(self) -> None:
        """Let go of files; closing twice is harmless."""
        for room in self._open.values():
            room.close()

    @cached_property
    def _site(self) -> Litestar:
        """Built when a server starts it, else for the first who looks at a page: vendors' APIs answer without it."""
        pages = [page for room in self._open.values() for page in room.pages]
        return _site(self._rooms, pages, self.close, only_for_hosts(self._hosts))

    def _room_of(self, path: str) -> OpenRoom | None:
        """The room whose vendor API this path belongs to."""
        slug, root, *_ = (*path.lstrip("/").split("/", 2), "", "")
        return self._open.get(slug) if (slug, root) in self._roots else None


def create_app(settings: SandboxSettings, *, clock: Clock = utc_now) -> Sandbox:
    """Open every room that is found; what was done in them before is still there."""
    (settings.data_dir / "sandbox").mkdir(parents=True, exist_ok=True)
    return Sandbox(every_room(), settings, clock)


def _site(
    rooms: Sequence[Room], pages: Sequence[ControllerRouterHandler], close: Callable[[], None], guard: Guard
) -> Litestar:
    drawn = Pages(rooms=rooms)

    @get("/", sync_to_thread=False)
    def index(request: Request[Any, Any, Any]) -> Response[str]:
        return drawn.draw("index.html", {"origin": str(request.base_url).rstrip("/")})

    def missing(request: Request[Any, Any, Any], error: NotFoundException) -> Response[Any]:
        """A page for a browser; a script gets JSON as before."""
        if "text/html" not in request.headers.get("accept", ""):
            return create_exception_response(request, error)
        return drawn.draw("missing.html", {"path": request.url.path}, status=404)

    return Litestar(
        route_handlers=[index, _health, _static, *pages],
        exception_handlers={NotFoundException: missing},
        guards=[guard],
        on_shutdown=[close],
        openapi_config=None,
        logging_config=None,
    )


@get(["/healthz", "/readyz"], sync_to_thread=False)
def _health() -> dict[str, str]:
    return {"status": "ok"}


@get("/_static/{name:str}", sync_to_thread=False)
def _static(name: FromPath[str]) -> Response[bytes]:
    """A file of the static folder; names are compared with what is there, so none leads out of it."""
    found = next((file for file in _STATIC.iterdir() if file.name == name), None)
    if found is None:
        raise NotFoundException
    media_type = _STATIC_TYPES.get(found.suffix, "application/octet-stream")
    return Response(found.read_bytes(), media_type=media_type, headers={"cache-control": "no-cache"})
