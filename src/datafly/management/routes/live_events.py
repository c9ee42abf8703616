"""`/v1/admin/live-events`"""

from typing import Annotated, Any, Final

from litestar import Router, get
from litestar.params import FromQuery, HeaderParameter, QueryParameter
from litestar.response import Stream
from litestar.response.base import ASGIResponse

from datafly.management import follow as following
from datafly.management.identify import still_holds
from datafly.management.paging import Cursor, Limit, Page
from datafly.management.routes.caller import Caller
from datafly.management.search import Filters, find
from datafly.management.services import Composed, Services
from datafly.management.views.event import LiveEvent
from datafly.model.errors import Invalid
from datafly.model.verdict import Verdict

_MEDIA_TYPE: Final = "text/event-stream"
Text = Annotated[str | None, QueryParameter(max_length=1_000)]
LastEventId = Annotated[
    str | None,
    HeaderParameter(name="Last-Event-ID", description="The `id` that a follower saw last; it goes on there."),
]


class EventStream(Stream):
    """Litestar would give it the media type of the handler's other answer."""

    def to_asgi_response(self, *args: Any, **kwargs: Any) -> ASGIResponse:
        return super().to_asgi_response(*args, **kwargs | {"media_type": _MEDIA_TYPE})


@get(
    "/",
    summary="Live events, newest first, or as they come",
    sync_to_thread=True,
    opt={"answer": Page[LiveEvent], "streams": True},
)
def live_events(
    *,
    services: Services,
    request: Caller,
    message_id: Text = None,
    user_id: Text = None,
    anonymous_id: Text = None,
    email: Text = None,
    event: Text = None,
    verdict: FromQuery[Verdict | None] = None,
    pipeline_id: Text = None,
    vendor: Text = None,
    integration_id: Text = None,
    text: Text = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    follow: Annotated[bool, QueryParameter(description="Server-sent events: one live event each.")] = False,
    last_event_id: LastEventId = None,
) -> Any:
    """A page looks through a bounded number of events: it may be short, or empty, although `has_more`."""
    filters = Filters(
        message_id=message_id,
        user_id=user_id,
        anonymous_id=anonymous_id,
        email=email,
        event=event,
        verdict=verdict,
        pipeline_id=pipeline_id,
        vendor=vendor,
        integration_id=integration_id,
        text=text,
    )
    if not follow:
        return find(services, filters, cursor, limit)
    if cursor is not None:
        raise Invalid("cursor: a follower takes no cursor; it goes on by Last-Event-ID.", field="cursor")
    return _stream(services, request, filters, last_event_id)


def _stream(services: Composed, request: Caller, filters: Filters, last_event_id: str | None) -> EventStream:
    follower = following.Follower(
        services,
        filters,
        following.start(services, last_event_id),
        may_follow=lambda: still_holds(services.control, request, request.auth),
    )
    return EventStream(
        following.messages(follower, services),
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


router = Router("/v1/admin/live-events", route_handlers=[live_events], tags=["Live events"])
