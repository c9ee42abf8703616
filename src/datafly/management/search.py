"""Finds events: one message by its id, or the newest that fit, page by page and within bounds."""

import itertools
from typing import Annotated, Any, Final

import msgspec

from datafly.management.events_log import Place
from datafly.management.fates import PAGE, Fates
from datafly.management.paging import Page, decode_cursor, page
from datafly.management.services import Composed
from datafly.management.views.event import DeliveryView, LiveEvent, PendingView
from datafly.model.event import Event
from datafly.model.pii import hashed
from datafly.model.taxonomy import is_called
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
    anonymous_id: str | None = None
    event: str | None = None
    original: _SentName | None = None


class _Mail(msgspec.Struct, frozen=True):
    email: Any = None


class _Traits(msgspec.Struct, frozen=True):
    traits: _Mail = _Mail()
    known_traits: _Mail = _Mail()
    properties: _Mail = _Mail()


class Filters(msgspec.Struct, frozen=True):
    """`event` is its name in any spelling (`purchase` is Order Completed), or the type of what is no track.

    `email` is compared with the traits that came with the event or were known then, and with its property, in any
    case, and hashed with what is hashed. `text` is anywhere in the event, in any case. `vendor` and `integration_id`:
    whose verdict is meant.
    """

    message_id: str | None = None
    user_id: str | None = None
    anonymous_id: str | None = None
    email: str | None = None
    event: str | None = None
    verdict: Verdict | None = None
    pipeline_id: str | None = None
    vendor: str | None = None
    integration_id: str | None = None
    text: str | None = None

    def fits(self, glance: Glance) -> bool:
        return (
            self.message_id in {None, glance.message_id}
            and self.user_id in {None, glance.user_id}
            and self.anonymous_id in {None, glance.anonymous_id}
            and self.pipeline_id in {None, glance.pipeline_id}
            and (self.event is None or is_called(_names(glance), self.event))
        )

    def fits_bytes(self, value: bytes) -> bool:
        """What is asked of the record as it is written; dear, so it is asked last."""
        if self.text is not None and not _holds(value, self.text):
            return False
        if self.email is None:
            return True
        known = {self.email.lower(), hashed(self.email)}
        return any(_holds(value, one) for one in known) and not known.isdisjoint(_emails(value))

    @property
    def asks_fate(self) -> bool:
        """Whether verdicts must be looked up to tell if an event fits."""
        return (self.verdict, self.vendor, self.integration_id) != (None, None, None)

    def fits_fate(self, live: LiveEvent) -> bool:
        """RETRY and SUSPENDED are verdicts over attempts: they find what waits because of them."""
        if not self.asks_fate:
            return True
        waiting = _STATE_OF.get(self.verdict) if self.verdict else None
        return any(self.verdict in {None, one.verdict} and self._is_meant(one) for one in live.deliveries) or any(
            (self.verdict is None or one.state == waiting) and self._is_meant(one) for one in live.pending
        )

    def _is_meant(self, fate: DeliveryView | PendingView) -> bool:
        return self.vendor in {None, fate.vendor} and self.integration_id in {None, fate.pipeline_integration_id}


_GLANCES: Final = msgspec.json.Decoder(Glance)
_TRAITS: Final = msgspec.json.Decoder(_Traits)
_EVENTS: Final = msgspec.json.Decoder(Event)


def event_at(place: Place) -> Event | None:
    """None for a record that is no event: delivery has told of it, there is nothing to show."""
    try:
        return _EVENTS.decode(place.record.value)
    except (msgspec.DecodeError, UnicodeError):
        return None


def fits(place: Place, filters: Filters) -> bool:
    try:
        value = place.record.value
        return filters.fits(_GLANCES.decode(value)) and filters.fits_bytes(value)
    except (msgspec.DecodeError, UnicodeError):
        return False


def find(services: Composed, filters: Filters, cursor: str | None, limit: int) -> Page[LiveEvent]:
    """Newest first. A page may be short, or empty, and still not the last: that is where the bounds ended it."""
    if filters.message_id is not None:
        return page(_by_message_id(services, filters, filters.message_id)[:limit], None)
    positions: Positions = services.log.heads() if cursor is None else decode_cursor(cursor, Positions)
    return _Scan(services, filters, positions, services.settings.scan_records).page(limit)


def newest_found(services: Composed, filters: Filters, limit: int) -> tuple[list[tuple[Place, LiveEvent]], bool]:
    """The first page of `find`, each with its place; and whether more follow."""
    if filters.message_id is not None:
        fates = Fates(services)
        looked = [(place, live_at(place, filters, fates)) for place in places_of(services, filters.message_id)]
        return [(place, live) for place, live in looked if live][:limit], False
    scan = _Scan(services, filters, services.log.heads(), services.settings.scan_records)
    found = scan.found(limit)
    return found, scan.has_more()


def _by_message_id(services: Composed, filters: Filters, message_id: str) -> list[LiveEvent]:
    """By the index, which may lag a little; so what it does not have is looked for among the newest."""
    places = indexed(services, message_id)
    if not places:
        return _Scan(services, filters, services.log.heads(), services.settings.scan_recent).page(1).data
    fates = Fates(services)
    places.sort(key=lambda place: place.record.at_ms, reverse=True)
    found = [live_at(place, filters, fates) for place in places]
    return [live for live in found if live]


def indexed(services: Composed, message_id: str) -> list[Place]:
    """Where the index has it; it may lag a little."""
    known = [services.log.at(partition, offset) for partition, offset in services.find_offset(message_id)]
    return [place for place in known if place is not None]


def places_of(services: Composed, message_id: str) -> list[Place]:
    """Where the events of that id are, newest first: by the index, else among the newest."""
    found = indexed(services, message_id)
    if not found:
        newest = itertools.islice(services.log.newest(services.log.heads()), services.settings.scan_recent)
        wanted = Filters(message_id=message_id)
        found = list(itertools.islice((place for place in newest if fits(place, wanted)), 1))
    return sorted(found, key=lambda place: place.record.at_ms, reverse=True)


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
        self._fates = Fates(services, neighbours=PAGE)
        self._places = services.log.newest(positions)
        self._records_left = records
        self._verdicts_left = services.settings.scan_verdicts

    def page(self, limit: int) -> Page[LiveEvent]:
        found = [live for _, live in self.found(limit)]
        return page(found, self._positions if self.has_more() else None)

    def found(self, limit: int) -> list[tuple[Place, LiveEvent]]:
        found: list[tuple[Place, LiveEvent]] = []
        while len(found) < limit and (place := self._next()):
            live = self._look(place)
            found.extend([(place, live)] if live else [])
        return found

    def _next(self) -> Place | None:
        if self._records_left <= 0 or self._verdicts_left <= 0:
            return None
        self._records_left -= 1
        place = next(self._places, None)
        if place:
            self._positions[place.partition] = place.offset
        return place

    def _look(self, place: Place) -> LiveEvent | None:
        if self._filters.asks_fate and fits(place, self._filters):
            self._verdicts_left -= 1
        return live_at(place, self._filters, self._fates)

    def has_more(self) -> bool:
        """Asked once, at the end: it takes the next record."""
        return next(self._places, None) is not None


def _names(glance: Glance) -> set[str | None]:
    sent = glance.original.event if glance.original else None
    return {glance.event, sent} | (set() if glance.type == "track" else {glance.type})


def _holds(value: bytes, text: str) -> bool:
    """In any case. As JSON has it, which escapes what is special."""
    written = msgspec.json.encode(text)[1:-1].decode()
    return written.lower() in value.decode("utf-8", "replace").lower()


def _emails(value: bytes) -> set[str]:
    known = _TRAITS.decode(value)
    found = (one.email for one in (known.traits, known.known_traits, known.properties))
    return {email.lower() for email in found if isinstance(email, str)}
