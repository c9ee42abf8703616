"""`datafly tail`: the live events of the management API, one line each."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import msgspec
from rich.console import Console
from rich.text import Text

from datafly.model.errors import OperatorError
from datafly.runtime.token import create_token
from datafly.settings import Settings

_COLOURS = {"DELIVERED": "green", "SKIPPED": "yellow", "REJECTED": "red", "EXHAUSTED": "red"}
_TOKEN_MS = 12 * 3600 * 1000


def run(settings: Settings, *, url: str | None, token: str | None, as_json: bool) -> None:
    """Follow until Ctrl-C. Raises `OperatorError` when there is no Signal to follow."""
    base = url or f"http://{settings.host}:{settings.management_port}"
    expires_ms = int(time.time() * 1000) + _TOKEN_MS
    text = token or create_token(settings, name="tail", role="viewer", expires_ms=expires_ms)
    asyncio.run(_follow(base, text, Console(highlight=False, soft_wrap=True), as_json=as_json))


async def _follow(base: str, token: str, console: Console, *, as_json: bool) -> None:
    console.print(f"Live events of {base}; Ctrl-C ends it.", style="dim") if not as_json else None
    try:
        async for event in _events(base, token):
            if as_json:
                console.out(msgspec.json.encode(event).decode())
            else:
                console.print(line(event))
    except aiohttp.ClientConnectionError as error:
        raise OperatorError(f"No Signal answers at {base} ({error}): start it with `datafly up`.") from error


async def _events(base: str, token: str) -> AsyncIterator[dict[str, Any]]:
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=10)
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        aiohttp.ClientSession(timeout=timeout, headers=headers, read_bufsize=1 << 22) as session,
        session.get(f"{base}/v1/admin/live-events", params={"follow": "true"}) as reply,
    ):
        if reply.status != 200:
            raise OperatorError(f"{base} answered {reply.status}: {(await reply.text())[:300]}")
        async for raw in reply.content:
            if raw.startswith(b"data:"):
                yield msgspec.json.decode(raw[5:])


def line(event: dict[str, Any]) -> Text:
    """`12:00:01 track Order Completed user-123  insider DELIVERED 200 41 ms`."""
    who = event.get("user_id") or event.get("anonymous_id") or "-"
    text = Text(f"{str(event.get('received_at', ''))[11:19]} {event.get('type', ''):<8} ")
    text.append(str(event.get("event") or event.get("name") or ""), style="bold")
    text.append(f" {who}", style="cyan")
    for delivery in event.get("deliveries", []):
        text.append_text(_delivery(delivery))
    for waiting in event.get("pending", []):
        text.append(f"  {waiting.get('vendor', '')} {waiting.get('state', 'waiting')}", style="dim")
    return text


def _delivery(delivery: dict[str, Any]) -> Text:
    verdict = str(delivery.get("verdict", ""))
    said = Text(f"  {delivery.get('vendor', '')} ")
    said.append(verdict, style=_COLOURS.get(verdict, "magenta"))
    if delivery.get("status"):
        said.append(f" {delivery['status']} {delivery.get('latency_ms') or 0:.0f} ms")
    if delivery.get("reason"):
        said.append(f" {delivery['reason']}", style="dim")
    return said
