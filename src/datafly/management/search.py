"""Finds events: one message by its id, or the newest that fit, page by page and within bounds."""

from typing import Annotated, Final

import msgspec

from datafly.management.events_log import Place
from datafly.management.fates import Fates
from datafly.management.paging import Page, decode_cursor, page
from datafly.management.services import Composed
from datafly.management.views.event import LiveEvent
from datafly.model.event import Event
from datafly.model.verdict import Verdict

Positions = Annotated[dict[int, Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]], msgspec.Meta(min_length=1)]
"""Partition → offset: where each partition is gone on from."""

_STATE_OF: Final = {Verdict.RETRY: "retrying", Verdict.SUSPENDED: "suspended"}


class _SentName(msgspec.Struct, frozen=True):
    event: str | None = None


class Glance(msgspec.Struct, frozen=True):
    """What of an event a filter looks at; the rest is not decoded."""

    message_id: str
    type: str
    pipeline_id: str
    user_id: str | None = None
    event: str | None = None
    original: _SentName | None = None


class Filters(msgspec.Struct, frozen=True):
    """`event` is the canonical name, the name as sent, or the type of what is no track."""

    message_id: str | None = None
    user_id: str | None = None
    event: str | None = None
    verdict: Verdict | None = None
    pipeline_id: str | None = None

    def fits(self, glance: Glance) -> bool:
        return (
            self.message_id in {None, glance.message_id}
            and self.user_id in {None, glance.user_id}
            and self.pipeline_id in {None, glance.pipeline_id}
            and (self.event is None or self.event in _names(glance))
        )

    def fits_fate(self, live: LiveEvent) -> bool:
        """RETRY and SUSPENDED are verdicts over attempts: they find what waits because of them."""
        if self.verdict is None:
            return True
        waiting = _STATE_OF.get(self.verdict)
        return any(delivery.verdict == self.verdict for delivery in live.deliveries) or any(
            pending.state == waiting for pending in live.pending
        )


_GLANCES: Final = msgspec.json.Decoder(Glance)
_EVENTS: Final = msgspec.json.Decoder(Event)


def event_at(place: Place) -> Event:
    return _EVENTS.decode(place.record.value)


def fits(place: Place, filters: Filters) -> bool:
    return filters.fits(_GLANCES.decode(place.record.value))


def find(services: Composed, filters: Filters, cursor: str | None, limit: int) -> Page[LiveEvent]:
    """Newest first. A page may be short, or empty, and still not the last: that is where the bounds ended it."""
    if filters.message_id is not None:
        return page(_by_message_id(services, filters, filters.message_id)[:limit], None)
    positions: Positions = services.log.heads() if cursor is None else decode_cursor(cursor, Positions)
    return _Scan(services, filters, positions).page(limit)


def _by_message_id(services: Composed, filters: Filters, message_id: str) -> list[LiveEvent]:
    fates = Fates(services)
    places = [services.log.at(partition, offset) for partition, offset in services.find_offset(message_id)]
    fitting = [place for place in places if place is not None and fits(place, filters)]
    fitting.sort(key=lambda place: place.record.at_ms, reverse=True)
    found = [fates.of(event_at(place), place.partition, place.offset) for place in fitting]
    return [live for live in found if filters.fits_fate(live)]


class _Scan:
    """One call's way back through the log."""

    def __init__(self, services: Composed, filters: Filters, positions: Positions) -> None:
        self._filters = filters
        self._positions = dict(positions)
        self._fates = Fates(services)
        self._places = services.log.newest(positions)
        self._records_left = services.settings.scan_records
        self._verdicts_left = services.settings.scan_verdicts

    def page(self, limit: int) -> Page[LiveEvent]:
        found: list[LiveEvent] = []
        while len(found) < limit and (place := self._next()):
            live = self._look(place)
            found.extend([live] if live else [])
        return page(found, self._positions if self._has_more() else None)

    def _next(self) -> Place | None:
        if self._records_left <= 0 or self._verdicts_left <= 0:
            return None
        self._records_left -= 1
        place = next(self._places, None)
        if place:
            self._positions[place.partition] = place.offset
        return place

    def _look(self, place: Place) -> LiveEvent | None:
        if not fits(place, self._filters):
            return None
        if self._filters.verdict is not None:
            self._verdicts_left -= 1
        live = self._fates.of(event_at(place), place.partition, place.offset)
        return live if self._filters.fits_fate(live) else None

    def _has_more(self) -> bool:
        """Asked once, at the end: it takes the next record."""
        return next(self._places, None) is not None


def _names(glance: Glance) -> set[str | None]:
    sent = glance.original.event if glance.original else None
    return {glance.event, sent} | (set() if glance.type == "track" else {glance.type})
