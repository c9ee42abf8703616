"""How management tries events without sending them: the stages and the sandboxes, which it does not know itself."""

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from urllib.parse import urlsplit

from litestar.types.asgi_types import HTTPScope

from datafly import catalog
from datafly.management.services import Trying
from datafly.model.delivery import Outgoing, Reply
from datafly.model.event import Event
from datafly.model.installation import Installation, Pipeline
from datafly.model.secret import Secret
from datafly.model.verdict import Ruling
from datafly.process.memory import Memory
from datafly.process.steps import Context
from datafly.runtime.clock import SystemClock
from datafly.runtime.installations import operator_defaults
from datafly.runtime.preview import govern
from datafly.sandbox.rooms import Room, find_rooms, utc_now
from datafly.sandbox.settings import SandboxSettings, Seed
from datafly.settings import Settings
from datafly.shape import shape_event
from datafly.spec.compile import explainer
from datafly.spec.explaining import Explained
from datafly.spec.parameters import resolved_config, resolved_overrides

_STAND_IN: Final = "secret-of-a-preview"
"""Secrets never leave for a sandbox; it is told that this is the key."""
_CLOCK: Final = SystemClock()


def trying(settings: Settings) -> Trying:
    def explain(installation: Installation) -> Callable[[Event, int], Explained | Ruling]:
        integration, revision = catalog.get(installation.vendor), installation.revision
        return explainer(
            integration,
            resolved_config(revision.config, installation.parameters),
            variant=installation.template.variant,
            defaults=operator_defaults(settings, integration),
            overrides=resolved_overrides(revision.overrides, installation.parameters),
        )

    return Trying(shape=shape_event, explain=explain, govern=governed, ask=ask)


def governed(sent: bytes, pipeline: Pipeline) -> Event | Ruling:
    """As if it were the first event of its user."""
    return govern(sent, 1, _CLOCK.now_ms(), Context({pipeline.id: pipeline}), Memory(), pipeline_id=pipeline.id)


async def ask(vendor: str, base: str, requests: Sequence[Outgoing]) -> list[Reply] | None:
    """The vendor's sandbox as it is when it is new; what it learns is forgotten when it has answered."""
    room = next((room for room in find_rooms() if room.slug == vendor and room.seed_of), None)
    if room is None:
        return None
    if not requests:
        return []
    with TemporaryDirectory(prefix="signal-preview-") as folder:
        return await _answers(room, Path(folder), base, requests)


async def _answers(room: Room, folder: Path, base: str, requests: Sequence[Outgoing]) -> list[Reply]:
    (folder / "sandbox").mkdir()
    shown = [_headers(request) for request in requests]
    seed = room.seed_of(shown[0]) if room.seed_of else Seed()
    opened = room.open(SandboxSettings(data_dir=folder, seed=seed), utc_now)
    try:
        return [
            await _answer(opened.api, f"/{room.slug}{request.url.removeprefix(base)}", request, headers)
            for request, headers in zip(requests, shown, strict=True)
        ]
    finally:
        opened.close()


def _headers(request: Outgoing) -> dict[str, str]:
    return {name.lower(): _STAND_IN if isinstance(text, Secret) else text for name, text in request.headers.items()}


async def _answer(api: Any, target: str, request: Outgoing, headers: dict[str, str]) -> Reply:
    told: list[dict[str, Any]] = []
    parts = urlsplit(target)
    scope: Any = {
        "type": "http",
        "method": request.method,
        "path": parts.path,
        "query_string": parts.query.encode(),
        "headers": [(name.encode("latin-1"), text.encode("latin-1")) for name, text in headers.items()],
        "client": ("127.0.0.1", 0),
    }
    bodies = [{"type": "http.request", "body": request.body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        return bodies.pop() if bodies else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        told.append(message)

    asked: HTTPScope = scope
    await api(asked, receive, send)
    return _reply(told)


def _reply(told: list[dict[str, Any]]) -> Reply:
    start = next((message for message in told if message["type"] == "http.response.start"), None)
    if start is None:
        return Reply(None, error="The sandbox gave no answer.")
    headers = {name.decode("latin-1").lower(): text.decode("latin-1") for name, text in start["headers"]}
    return Reply(start["status"], headers, b"".join(message.get("body", b"") for message in told))
