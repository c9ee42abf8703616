"""`/events?id=`: one event, and everything that is known of it."""

from typing import Annotated, Final

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Redirect

from datafly.management import replaying
from datafly.management.events_log import Place
from datafly.management.routes.dead_letters import started
from datafly.management.search import Filters, event_at, fits, places_of
from datafly.management.services import Composed, Services
from datafly.management.web.frame import draw, see
from datafly.management.web.visit import Visit
from datafly.management.web.way import way_of
from datafly.model.errors import NotFound

_NOT_HERE: Final = "This event is not here: it never came, has not been processed yet, or is not kept any more."
_NO_INDEX: Final = (
    "Signal is started with message_index off, so that by its id only one of the newest events is found: open an older "
    "one from Live Events."
)
_LONGEST_PLACE: Final = 30


@get("/events", sync_to_thread=True)
def one_event(
    *,
    services: Services,
    request: Visit,
    message_id: Annotated[str, QueryParameter(name="id")] = "",
    at: FromQuery[str] = "",
) -> Response[str]:
    """Message ids are chosen by senders and may hold what no path can. `at`: which, where pipelines share one; there it
    is found also if no index has it.
    """
    if not message_id:
        return draw(request, "event_wanted.html", place="/live-events")
    places = places_of(services, message_id)
    named = _named(services, message_id, at)
    chosen = named or (places[0] if places else None)
    way = way_of(services, chosen) if chosen else None
    if way is None:
        raise NotFound(_NOT_HERE if services.settings.message_index else f"{_NOT_HERE} {_NO_INDEX}")
    others = [place for one in places if (place := _at(one)) != (_at(chosen) if chosen else "")]
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


def _at(place: Place) -> str:
    return f"{place.partition}-{place.offset}"


def _named(services: Composed, message_id: str, at: str) -> Place | None:
    partition, _, offset = at.partition("-")
    if not (partition.isdecimal() and offset.isdecimal() and len(at) < _LONGEST_PLACE):
        return None
    place = services.log.at(int(partition), int(offset))
    return place if place is not None and fits(place, Filters(message_id=message_id)) else None


ROUTES = (one_event, send_again)
