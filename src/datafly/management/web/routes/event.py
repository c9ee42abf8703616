"""`/events?id=`: one event, and everything that is known of it."""

from typing import Annotated

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Redirect

from datafly.management import replaying
from datafly.management.routes.dead_letters import started
from datafly.management.search import event_at, places_of
from datafly.management.services import Services
from datafly.management.web.frame import draw, see
from datafly.management.web.visit import Visit
from datafly.management.web.way import way_of
from datafly.model.errors import NotFound


@get("/events", sync_to_thread=True)
def one_event(
    *,
    services: Services,
    request: Visit,
    message_id: Annotated[str, QueryParameter(name="id")],
    at: FromQuery[str] = "",
) -> Response[str]:
    """Message ids are chosen by senders and may hold what no path can. `at`: which, where pipelines share one."""
    places = places_of(services, message_id)
    chosen = next((one for one in places if f"{one.partition}-{one.offset}" == at), places[0] if places else None)
    way = way_of(services, chosen) if chosen else None
    if way is None:
        raise NotFound("This event is not here: it never came, has not been processed yet, or is not kept any more.")
    others = [f"{one.partition}-{one.offset}" for one in places if one is not chosen]
    pipelines = {one.id: one.name for one in services.control.pipelines()}
    return draw(request, "event.html", place="/live-events", way=way, others=others, pipelines=pipelines)


@post("/integrations/{integration_id:str}/send-again/{partition:int}/{offset:int}", sync_to_thread=True)
def send_again(
    *,
    services: Services,
    request: Visit,
    integration_id: FromPath[str],
    partition: FromPath[int],
    offset: FromPath[int],
) -> Redirect:
    chosen = replaying.one_event(services, integration_id, partition, offset)
    place = services.log.at(partition, offset)
    event = event_at(place) if place else None
    run = started(services, request, chosen)
    return see(f"/replays/{run.id}", f"{event.label if event else 'The event'} is sent again.")


ROUTES = (one_event, send_again)
