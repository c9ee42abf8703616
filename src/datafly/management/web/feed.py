"""Live events for a page: sampled where more come than anybody can read, so that no tab and no role is held up.

Every step reads on from where the last one ended. Of what fits, at most `SHOWN` are looked up and drawn, spread
evenly; the rest is counted, and the page says so. Where the log grew by more than `READ` since, the oldest of it is
passed over and counted too.
"""

import itertools
from typing import Final

import msgspec

from datafly.management.events_log import Place
from datafly.management.fates import PAGE, Fates
from datafly.management.paging import encode_cursor
from datafly.management.search import Filters, Positions, event_at, fits
from datafly.management.services import Composed
from datafly.management.views.event import LiveEvent
from datafly.model.event import Event

SHOWN: Final = 20
READ: Final = 2_000
BEGINS_WITH: Final = 50
"""Rows that the page has when it is opened."""
_WAITING: Final = 200


class Row(msgspec.Struct, frozen=True):
    """An event and its place, which names its row on the page."""

    place: str
    live: LiveEvent


class _Waiting(msgspec.Struct, frozen=True):
    """An event whose last verdict is to come. `drawn`: its row is on the page already."""

    event: Event
    drawn: bool


class Glimpse(msgspec.Struct, frozen=True):
    """What a step has to show. `arrived`: events since the last step; `fitting`: how many of them fit, as far as
    their verdicts need not be known; None where some were passed over unread. `decided`: shown before, final now.
    """

    rows: tuple[Row, ...] = ()
    decided: tuple[Row, ...] = ()
    arrived: int = 0
    fitting: int | None = 0


class Feed:
    """One page's way through the log, from `positions` on. Blocking; for one caller at a time."""

    def __init__(self, services: Composed, filters: Filters, positions: Positions) -> None:
        self._services = services
        self._filters = filters
        self._positions = positions
        self._waiting: dict[tuple[int, int], _Waiting] = {}
        self._look_back()

    @property
    def place(self) -> str:
        """From which a page that comes back misses nothing."""
        return encode_cursor(self._positions)

    def step(self) -> Glimpse:
        heads = self._services.log.heads()
        arrived = sum(max(head - self._positions[partition], 0) for partition, head in heads.items())
        places, passed = self._read(heads)
        if not places and not self._waiting:
            return Glimpse(arrived=arrived)
        fitting = [place for place in places if fits(place, self._filters)]
        fates = Fates(self._services, neighbours=PAGE)
        decided, late = self._decided(fates)
        rows = (*late, *self._rows(_spread(fitting, SHOWN), fates))
        return Glimpse(rows=rows, decided=decided, arrived=arrived, fitting=None if passed else len(fitting))

    def _look_back(self) -> None:
        """What the page has already, and waits, is told when it is decided."""
        newest = itertools.islice(self._services.log.newest(self._positions), BEGINS_WITH)
        fitting = [place for place in newest if fits(place, self._filters)]
        fates = Fates(self._services, neighbours=PAGE)
        for place in reversed(fitting):
            event = event_at(place)
            if event and not fates.is_final(event, place.partition, place.offset):
                live = fates.of(event, place.partition, place.offset)
                drawn = self._filters.fits_fate(live)
                self._remember((place.partition, place.offset), _Waiting(event, drawn))

    def _read(self, heads: dict[int, int]) -> tuple[list[Place], bool]:
        """The newest of each partition since the last step, and whether older ones were passed over."""
        passed = False
        for partition, head in heads.items():
            newest = max(self._positions[partition], head - READ)
            passed = passed or newest > self._positions[partition]
            self._positions[partition] = newest
        places: list[Place] = []
        while found := self._services.log.after(self._positions, limit=READ):
            for place in found:
                self._positions[place.partition] = max(self._positions[place.partition], place.offset + 1)
            places.extend(found)
            if len(places) >= READ:
                break
        return places, passed

    def _rows(self, places: list[Place], fates: Fates) -> list[Row]:
        found = []
        for place in places:
            event = event_at(place)
            live = fates.of(event, place.partition, place.offset) if event else None
            drawn = live is not None and self._filters.fits_fate(live)
            if event and live and live.pending:
                self._remember((place.partition, place.offset), _Waiting(event, drawn))
            if live and drawn:
                found.append(Row(row_id(place.partition, place.offset), live))
        return found

    def _decided(self, fates: Fates) -> tuple[tuple[Row, ...], tuple[Row, ...]]:
        """Rows to be drawn anew, and rows that fit only now that their verdict is known."""
        again: list[Row] = []
        late: list[Row] = []
        for key, waiting in list(self._waiting.items()):
            if fates.is_final(waiting.event, *key):
                del self._waiting[key]
                row = Row(row_id(*key), fates.of(waiting.event, *key))
                if waiting.drawn:
                    again.append(row)
                elif self._filters.fits_fate(row.live):
                    late.append(row)
        return tuple(again), tuple(late)

    def _remember(self, key: tuple[int, int], waiting: _Waiting) -> None:
        self._waiting[key] = waiting
        if len(self._waiting) > _WAITING:
            del self._waiting[next(iter(self._waiting))]


def row_id(partition: int, offset: int) -> str:
    return f"e{partition}-{offset}"


def _spread(places: list[Place], most: int) -> list[Place]:
    """At most so many, evenly, the newest among them."""
    if len(places) <= most:
        return places
    return [places[len(places) - 1 - (index * len(places)) // most] for index in reversed(range(most))]
