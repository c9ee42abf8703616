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


def event_at(place: Place) -> Event | None:
    """None for a record that is no event: delivery has told of it, there is nothing to show."""
    try:
        return _EVENTS.decode(place.record.value)
    except (msgspec.DecodeError, UnicodeError):
        return None


def fits(place: Place, filters: Filters) -> bool:
    try:
        return filters.fits(_GLANCES.decode(place.record.value))
    except (msgspec.DecodeError, UnicodeError):
        return False


def find(services: Composed, filters: Filters, cursor: str | None, limit: int) -> Page[LiveEvent]:
    """Newest first. A page may be short, or empty, and still not the last: that is where the bounds ended it."""
    if filters.message_id is not None:
        return page(_by_message_id(services, filters, filters.message_id)[:limit], None)
    positions: Positions = services.log.heads() if cursor is None else decode_cursor(cursor, Positions)
    return _Scan(services, filters, positions, services.settings.scan_records).page(limit)


def _by_message_id(services: Composed, filters: Filters, message_id: str) -> list[LiveEvent]:
    """By the index, which may lag a little; so what it does not have is looked for among the newest."""
    known = [services.log.at(partition, offset) for partition, offset in services.find_offset(message_id)]
    places = [place for place in known if place is not None]
    if not places:
        return _Scan(services, filters, services.log.heads(), services.settings.scan_recent).page(1).data
    fates = Fates(services)
    places.sort(key=lambda place: place.record.at_ms, reverse=True)
    found = [live_at(place, filters, fates) for place in places]
    return [live for live in found if live]


def live_at(place: Place, filters: Filters, fates: Fates) -> LiveEvent | None:
    """None where it does not fit."""
    event = event_at(place) if fits(place, filters) else None
    live = fates.of(event, place.partition, place.offset) if event else None
    return live if live and filters.fits_fate(live) else None


class _Scan:
    """One call's way back through the log."""

    def __init__(self, services: Composed, filters: Filters, positions: Positions, records: int) -> None:
        self._filters = filters
        self._positions = dict(positions)
        self._fates = Fates(services)
        self._places = services.log.newest(positions)
        self._records_left = records
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
        if self._filters.verdict is not None and fits(place, self._filters):
            self._verdicts_left -= 1
        return live_at(place, self._filters, self._fates)

    def _has_more(self) -> bool:
        """Asked once, at the end: it takes the next record."""
        return next(self._places, None) is not None


def _names(glance: Glance) -> set[str | None]:
    sent = glance.original.event if glance.original else None
    return {glance.event, sent} | (set() if glance.type == "track" else {glance.type})
