"""Pieces of a page that the server sends as they change: server-sent events, each a drawn template."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final

from litestar.response import ServerSentEvent
from litestar.response.sse import ServerSentEventMessage

from datafly.management.services import Composed

_PAUSE_SECONDS: Final = 0.5


def stream_of(
    services: Composed, look: Callable[[], tuple[str, bool]], may_look: Callable[[], bool]
) -> ServerSentEvent:
    """`look` (blocking) draws the piece as it is now, and says whether it can still change."""
    return ServerSentEvent(_drawn(services, look, may_look), headers={"X-Accel-Buffering": "no"})


async def _drawn(
    services: Composed, look: Callable[[], tuple[str, bool]], may_look: Callable[[], bool]
) -> AsyncIterator[ServerSentEventMessage]:
    last, goes_on, silent = "", True, 0.0
    while goes_on and not services.stop.is_set() and await asyncio.to_thread(may_look):
        text, goes_on = await asyncio.to_thread(look)
        if text != last:
            yield ServerSentEventMessage(data=text, event="draw")
        elif silent >= services.settings.heartbeat_seconds:
            yield ServerSentEventMessage(comment="still here")
        silent = 0.0 if text != last else silent + _PAUSE_SECONDS
        last = text
        if goes_on:
            await services.clock.sleep(_PAUSE_SECONDS)
    yield ServerSentEventMessage(data="", event="end")
