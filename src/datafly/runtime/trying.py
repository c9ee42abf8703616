"""How management tries events without sending them: the stages and the sandboxes, which it does not know itself."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from urllib.parse import urlsplit

from litestar.types.asgi_types import HTTPScope

from datafly import catalog
from datafly.management.previewing import request_of
from datafly.management.services import Trying
from datafly.model.consent import ConsentSettings
from datafly.model.delivery import Item, Outgoing, Reply
from datafly.model.event import Event
from datafly.model.installation import Installation, Pipeline
from datafly.model.secret import Secret
from datafly.model.verdict import Ruling
from datafly.process.memory import Memory
from datafly.process.steps import Context
from datafly.runtime.installations import operator_defaults
from datafly.runtime.preview import govern
from datafly.sandbox.rooms import Room
from datafly.sandbox.settings import SandboxSettings, Seed, SeedKey
from datafly.settings import Settings
from datafly.shape import shape_event, told_less
from datafly.spec.compile import compile_integration, explainer
from datafly.spec.compiled import Compiled
from datafly.spec.explaining import Explained
from datafly.spec.integration import Integration
from datafly.spec.parameters import resolved_config, resolved_overrides
from datafly.spec.setting import Address
from datafly.spec.setting import Secret as SecretSetting

_STAND_IN: Final = SeedKey(partner="preview", key="secret-of-a-preview")
"""Secrets never leave for a sandbox; it is told that this is the key."""


def trying(settings: Settings) -> Trying:
    def explain(installation: Installation) -> Callable[[Event, int], Explained | Ruling]:
        integration, revision = catalog.get(installation.vendor), installation.revision
        explained = explainer(
            integration,
            resolved_config(revision.config, installation.parameters),
            variant=installation.template.variant,
            defaults=operator_defaults(settings, integration),
            overrides=resolved_overrides(revision.overrides, installation.parameters),
        )
        return told_less(explained, installation.pii_rules, installation.vendor)

    return Trying(shape=shape_event, explain=explain, govern=governed, ask=ask)


def governed(sent: bytes, pipeline: Pipeline, consent: ConsentSettings, now_ms: int) -> Event | Ruling:
    """As if it were the first event of its user."""
    context = Context({pipeline.id: pipeline}, consent)
    return govern(sent, 1, now_ms, context, Memory(), pipeline_id=pipeline.id)


async def ask(installation: Installation, items: Sequence[Item], now_ms: int) -> list[Reply] | None:
    """The vendor's sandbox as it is when it is new; what it learns is forgotten when it has answered."""
    room = room_of(installation.vendor)
    if room is None:
        return None
    if not items:
        return []
    compiled = compile_for(room, installation)
    return await answers(room, [request_of(compiled, item, now_ms) for item in items], now_ms)


def room_of(vendor: str) -> Room | None:
    from datafly.sandbox.drawn import every_room  # noqa: PLC0415  3 MB, for who tries an event

    return next((room for room in every_room() if room.slug == vendor), None)


def compile_for(room: Room, installation: Installation) -> Compiled:
    """As it is, but sending to a room that was seeded with the stand-in: its own secrets are not in it."""
    integration, revision = catalog.get(installation.vendor), installation.revision
    config = resolved_config(revision.config, installation.parameters)
    kept = [one for one in integration.settings if isinstance(one, SecretSetting) and one.name in config]
    stand_ins = {one.name: Secret(one.stand_in(_STAND_IN.key, config[one.name].reveal())) for one in kept}
    return compile_integration(
        integration,
        {**config, **stand_ins, **config_at(room, integration, f"http://127.0.0.1/{room.slug}", _STAND_IN)},
        variant=installation.template.variant,
        overrides=resolved_overrides(revision.overrides, installation.parameters),
    )


def config_at(room: Room, integration: Integration, base: str, key: SeedKey) -> dict[str, Any]:
    """What sends an integration to a room that is at `base`."""
    addresses = {one.name: base for one in integration.settings if isinstance(one, Address)}
    secret = integration.secret_names()
    said = {**addresses, **room.settings_for(base, key)}
    return {name: Secret(value) if name in secret else value for name, value in said.items()}


async def answers(room: Room, requests: Sequence[Outgoing], now_ms: int) -> list[Reply]:
    """To requests as `compile_for` makes them, of a room that nobody was in before."""
    with TemporaryDirectory(prefix="signal-preview-") as folder:
        (Path(folder) / "sandbox").mkdir()
        seed = Seed(partners=(_STAND_IN.partner,), keys=(_STAND_IN,))
        settings = SandboxSettings(data_dir=Path(folder), seed=seed)
        opened = room.open(settings, lambda: datetime.fromtimestamp(now_ms / 1000, UTC))
        try:
            return [await _answer(opened.api, request) for request in requests]
        finally:
            opened.close()


async def _answer(api: Any, request: Outgoing) -> Reply:
    told: list[dict[str, Any]] = []
    parts, headers = urlsplit(request.url), plain_headers(request)
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


def plain_headers(request: Outgoing) -> dict[str, str]:
    shown = request.headers.items()
    return {name.lower(): text.reveal() if isinstance(text, Secret) else text for name, text in shown}


def _reply(told: list[dict[str, Any]]) -> Reply:
    start = next((message for message in told if message["type"] == "http.response.start"), None)
    if start is None:
        return Reply(None, error="The sandbox gave no answer.")
    headers = {name.decode("latin-1").lower(): text.decode("latin-1") for name, text in start["headers"]}
    return Reply(start["status"], headers, b"".join(message.get("body", b"") for message in told))
