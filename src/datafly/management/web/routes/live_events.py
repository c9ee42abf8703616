"""`/live-events`: what comes in, and what becomes of it, as it happens."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from litestar import Response, get
from litestar.datastructures import MultiDict
from litestar.response import ServerSentEvent
from litestar.response.sse import ServerSentEventMessage

from datafly.management.follow import start
from datafly.management.paging import encode_cursor
from datafly.management.search import Filters, newest_found
from datafly.management.services import Composed, Services
from datafly.management.web.feed import BEGINS_WITH, Feed, Glimpse, Row, row_id
from datafly.management.web.frame import draw, part
from datafly.management.web.visit import Visit, may_look
from datafly.model.errors import Invalid
from datafly.model.verdict import Verdict

PLACE: Final = "/live-events"
PAUSE_SECONDS: Final = 0.5
_NAMES: Final = {"pipeline": "pipeline_id", "integration": "integration_id", "user": "user_id", "message": "message_id"}
_FIELDS: Final = ("pipeline", "event", "user", "email", "message", "verdict", "vendor", "integration", "text")


@get("/live-events", sync_to_thread=True)
def live_events(*, services: Services, request: Visit) -> Response[str]:
    asked = asked_of(request.query_params)
    begin = encode_cursor(services.log.heads())  # before the rows are read: what comes meanwhile is told twice
    found, more = newest_found(services, filters_of(asked), BEGINS_WITH)
    return draw(
        request,
        "live_events.html",
        place=PLACE,
        asked=asked,
        rows=[Row(row_id(place.partition, place.offset), live) for place, live in found],
        more=more,
        stream=f"{PLACE}/stream?{urlencode({**asked, 'from': begin})}",
        pipelines=services.control.pipelines(),
        integrations=services.control.installations(),
        vendors=services.catalog.all(),
    )


@get("/live-events/stream", sync_to_thread=True)
def stream(*, services: Services, request: Visit) -> ServerSentEvent:
    """From the place that the page names, or, where its browser lost the connection, from what that saw last."""
    begin = request.headers.get("Last-Event-ID") or request.query_params.get("from")
    feed = Feed(services, filters_of(asked_of(request.query_params)), start(services, begin))
    return ServerSentEvent(_glimpses(services, feed, request), headers={"X-Accel-Buffering": "no"})


def asked_of(query: MultiDict[Any]) -> dict[str, str]:
    """What the form of filters holds; nothing stays nothing."""
    return {name: str(query.get(name, "")).strip() for name in _FIELDS}


def filters_of(asked: dict[str, str]) -> Filters:
    given: dict[str, Any] = {_NAMES.get(name, name): value for name, value in asked.items() if value}
    if "verdict" in given and given["verdict"] not in Verdict.__members__:
        raise Invalid(f"There is no verdict {given['verdict'][:50]}.", field="verdict")
    if any(len(value) > 1_000 for value in given.values()):
        raise Invalid("A filter is too long: at most 1,000 characters.", field="text")
    return msgspec.convert(given, Filters)


async def _glimpses(services: Composed, feed: Feed, request: Visit) -> AsyncIterator[ServerSentEventMessage]:
    silent = 0.0
    yield ServerSentEventMessage(comment="here")
    while not services.stop.is_set() and await asyncio.to_thread(may_look, services, request):
        glimpse = await asyncio.to_thread(feed.step)
        if glimpse.arrived or glimpse.decided or glimpse.rows:
            drawn = await asyncio.to_thread(_drawn, glimpse)
            yield ServerSentEventMessage(event="glimpse", data=drawn, id=feed.place)
        elif silent >= services.settings.heartbeat_seconds:
            yield ServerSentEventMessage(comment="still here")
        silent = 0.0 if glimpse.arrived else silent + PAUSE_SECONDS
        await services.clock.sleep(PAUSE_SECONDS)


def _drawn(glimpse: Glimpse) -> str:
    """As JSON: HTML of the rows, newest first, and the counts that the page sums up."""
    drawn = {
        "rows": "".join(part("live_row.html", row=row) for row in reversed(glimpse.rows)),
        "decided": [(row.place, part("live_row.html", row=row)) for row in glimpse.decided],
        "arrived": glimpse.arrived,
        "fitting": glimpse.fitting,
        "shown": len(glimpse.rows),
        "seconds": PAUSE_SECONDS,
    }
    return msgspec.json.encode(drawn).decode()


ROUTES = (live_events, stream)
