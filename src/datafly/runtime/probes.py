"""The small port of a role that runs alone: whether it lives, whether it can do its work, and its metrics."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Final

import msgspec

from datafly.model.errors import error_body
from datafly.runtime.figures import exposed_of_one
from datafly.runtime.health import Health
from datafly.runtime.serve import plain_config, serve
from datafly.settings import Settings

Reply = tuple[int, bytes, str]
"""Status, body, content type."""
Page = Callable[[str], Awaitable[Reply]]
"""What is accepted → the reply."""

JSON: Final = "application/json"


def pages(role: str, health: Health) -> dict[str, Page]:
    """Path → what is there."""

    async def livez(_accept: str) -> Reply:
        return 200, msgspec.json.encode({"status": "ok"}), JSON

    async def readyz(_accept: str) -> Reply:
        wrong = health.wrong()
        if not wrong:
            return 200, msgspec.json.encode({"status": "ready"}), JSON
        return 503, msgspec.json.encode(error_body("NOT_READY", " ".join(wrong.values()), wrong)), JSON

    async def metrics(accept: str) -> Reply:
        return 200, *await exposed_of_one(role, accept)

    return {"/livez": livez, "/readyz": readyz, "/metrics": metrics}


@contextlib.asynccontextmanager
async def probes(role: str, settings: Settings, health: Health) -> AsyncIterator[None]:
    """Served inside, also while the role ends."""
    stop, started = asyncio.Event(), asyncio.Event()
    config = plain_config(_app(pages(role, health)), host=settings.host, port=settings.health_port)
    serving = asyncio.create_task(serve(config, stop, started.set))
    waiting = asyncio.create_task(started.wait())
    try:
        await asyncio.wait([serving, waiting], return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            await serving
        yield
    finally:
        waiting.cancel()
        stop.set()
        await serving


def _app(routes: Mapping[str, Page]) -> Any:
    async def app(
        scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
    ) -> None:
        if scope["type"] == "lifespan":
            return await _live(receive, send)
        page = routes.get(scope["path"]) if scope["method"] in {"GET", "HEAD"} else None
        nothing = error_body("NOT_FOUND", f"There is {', '.join(routes)} here.")
        accept = dict(scope["headers"]).get(b"accept", b"").decode("latin-1")
        status, body, kind = await page(accept) if page else (404, msgspec.json.encode(nothing), JSON)
        headers = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        return await send({"type": "http.response.body", "body": body})

    return app


async def _live(receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]) -> None:
    while True:
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})
        if kind == "lifespan.shutdown":
            return
