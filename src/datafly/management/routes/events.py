"""`/v1/admin/events`"""

from pathlib import Path
from typing import Annotated
from urllib.parse import unquote

from litestar import Router, get
from litestar.params import FromPath, QueryParameter

from datafly.management.kept import kept_events, one_event
from datafly.management.paging import Cursor, Limit, Page
from datafly.management.parameters import When, milliseconds
from datafly.management.routes.caller import Caller
from datafly.management.search import Filters
from datafly.management.services import Services
from datafly.management.views.event import EventView, WholeEvent

Text = Annotated[str | None, QueryParameter(max_length=1_000)]


@get("/", summary="Governed events that are kept, newest first", sync_to_thread=True)
def list_events(
    *,
    services: Services,
    message_id: Text = None,
    user_id: Text = None,
    anonymous_id: Text = None,
    email: Text = None,
    event: Text = None,
    pipeline_id: Text = None,
    text: Text = None,
    since: When = None,
    until: When = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[EventView]:
    """What became of them is told by live events. A page looks through a bounded number of events: it may be short, or
    empty, although `has_more`. `until` counts for the first page; the cursor of the next holds where it goes on.
    """
    filters = Filters(
        message_id=message_id,
        user_id=user_id,
        anonymous_id=anonymous_id,
        email=email,
        event=event,
        pipeline_id=pipeline_id,
        text=text,
    )
    return kept_events(
        services,
        filters,
        since_ms=milliseconds(since, "since"),
        until_ms=milliseconds(until, "until"),
        cursor=cursor,
        limit=limit,
    )


@get("/{message_id:path}", summary="One event, whole", sync_to_thread=True)
def get_event(
    *,
    services: Services,
    message_id: FromPath[Path],  # noqa: ARG001 - for the route and the document; it has lost slashes
    request: Caller,
    pipeline_id: Text = None,
) -> WholeEvent:
    """The request that brought it, each step, and what became of it. The newest, where several bear this id, which may
    hold slashes and anything else, percent-encoded.
    """
    return one_event(services, _id_in(request), pipeline_id)


def _id_in(request: Caller) -> str:
    """As it was sent: a server decodes a slash that is part of an id as it does one that divides a path."""
    sent = request.scope["raw_path"].decode("ascii", errors="replace").partition("?")[0]
    return unquote(sent.partition("/admin/events/")[2].rstrip("/"))


router = Router("/v1/admin/events", route_handlers=[list_events, get_event], tags=["Events"])
