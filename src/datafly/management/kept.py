"""The governed events that are kept, newest first, within bounds of time; what became of them is not looked up."""

from collections.abc import Iterator, Mapping

from datafly.management.events_log import Place
from datafly.management.fates import Fates
from datafly.management.paging import Page, decode_cursor, page
from datafly.management.received import received_of
from datafly.management.search import Filters, Positions, event_at, fits, places_of
from datafly.management.services import Composed
from datafly.management.views.event import EventView, WholeEvent, event_view, whole_event
from datafly.model.errors import NotFound


def kept_events(
    services: Composed, filters: Filters, *, since_ms: int | None, until_ms: int | None, cursor: str | None, limit: int
) -> Page[EventView]:
    """By the time when they were governed. A page may be short, or empty, and still not the last."""
    positions: dict[int, int] = dict(decode_cursor(cursor, Positions) if cursor else _ends(services, until_ms))
    found: list[EventView] = []
    left = services.settings.scan_records
    places = _newest(services, positions, since_ms)
    for place in places:
        positions[place.partition] = place.offset
        left -= 1
        event = event_at(place) if fits(place, filters) else None
        found.extend([event_view(event)] if event else [])
        if len(found) == limit or not left:
            return page(found, positions if next(places, None) else None)
    return page(found, None)


def one_event(services: Composed, message_id: str, pipeline_id: str | None) -> WholeEvent:
    """The newest of that id. Raises `NotFound`."""
    fates = Fates(services)
    for place in places_of(services, message_id):
        event = event_at(place)
        if event and pipeline_id in {None, event.pipeline_id}:
            return whole_event(fates.of(event, place.partition, place.offset), received_of(services, event))
    raise NotFound("This event is not here: it never came, has not been processed yet, or is not kept any more.")


def _ends(services: Composed, until_ms: int | None) -> Mapping[int, int]:
    if until_ms is None:
        return services.log.heads()
    return {partition: services.log.first_since(partition, until_ms) for partition in services.log.partitions}


def _newest(services: Composed, positions: Mapping[int, int], since_ms: int | None) -> Iterator[Place]:
    for place in services.log.newest(positions):
        if since_ms is not None and place.record.at_ms < since_ms:
            return
        yield place
