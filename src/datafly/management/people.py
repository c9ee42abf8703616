"""Why is this person not there? What came of somebody, what was sent where, what was withheld and why."""

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from datafly.management.events_log import Place
from datafly.management.fates import Fates
from datafly.management.paging import decode_cursor, encode_cursor
from datafly.management.search import Filters, event_at, fits
from datafly.management.services import Composed
from datafly.management.views.event import DeliveryView, LiveEvent, PendingView
from datafly.model.errors import Invalid
from datafly.model.event import Event

SHOWN: Final = 50
_CARRIED: Final = 20
_ROUNDS: Final = 2
"""Who was searched for, then whom that one is linked with."""


class PlaceView(msgspec.Struct, frozen=True):
    """What became of the person's events at one installation: verdict or state → events, reason → events withheld."""

    pipeline_integration_id: str
    integration_name: str
    verdicts: dict[str, int]
    withheld: dict[str, int]


class PersonView(msgspec.Struct, frozen=True):
    """`consent`, `traits`: as the newest event has them. `events`: newest first, at most 50.

    `complete` false: older events than were looked through may be there; `older` goes on among those. `looked_through`
    counts events.
    """

    user_ids: list[str]
    anonymous_ids: list[str]
    emails: list[str]
    traits: dict[str, Any]
    consent: dict[str, bool]
    consent_source: str | None
    places: list[PlaceView]
    events: list[LiveEvent]
    looked_through: int
    complete: bool
    older: str | None


class _Older(msgspec.Struct, frozen=True, array_like=True):
    """Where a search goes on (partition → offset), and who was found to be meant."""

    below: dict[int, int]
    user_ids: tuple[str, ...]
    anonymous_ids: tuple[str, ...]


class _Known:
    """The ids that are taken for the person; it grows by what the found events say."""

    def __init__(self, words: str, before: _Older | None) -> None:
        self.words = words
        self.user_ids: dict[str, None] = dict.fromkeys(before.user_ids if before else ())
        self.anonymous_ids: dict[str, None] = dict.fromkeys(before.anonymous_ids if before else ())
        self.emails: dict[str, None] = {}
        self._written = self._as_written()

    def is_of(self, place: Place) -> bool:
        """The bytes are asked first: of most records nothing is decoded."""
        value = place.record.value
        by_id = [one for one, written in self._written.items() if written in value]
        if any(fits(place, Filters(user_id=one)) or fits(place, Filters(anonymous_id=one)) for one in by_id):
            return True
        return "@" in self.words and fits(place, Filters(email=self.words))

    def _as_written(self) -> dict[str, bytes]:
        """Each id as a record has it, which the same encoder wrote."""
        return {one: msgspec.json.encode(one) for one in (self.words, *self.user_ids, *self.anonymous_ids)}

    def learn(self, event: Event) -> None:
        self.user_ids |= dict.fromkeys(filter(None, [event.user_id]))
        self.anonymous_ids |= dict.fromkeys(filter(None, [event.links, event.anonymous_id]))
        emails = [event.traits.get("email"), event.known_traits.get("email")] if event.type != "group" else []
        self.emails |= {email: None for email in emails if isinstance(email, str)}
        self._written = self._as_written()

    @property
    def size(self) -> int:
        return len(self.user_ids) + len(self.anonymous_ids)


def find_person(services: Composed, words: str, before: str = "") -> PersonView:
    """By user id, anonymous id or e-mail, among the newest events; `before`: the `older` of a search, to go on with it.
    Raises `Invalid` for nothing, or too much.
    """
    return person_at(services, words, before)[0]


def person_at(services: Composed, words: str, before: str = "") -> tuple[PersonView, list[Place]]:
    """The same, and where each of the events is."""
    if not 0 < len(words) <= 1_000:
        raise Invalid("q: give a user id, an e-mail or an anonymous id.", field="q")
    further = _older(before) if before else None
    known, heads = _Known(words, further), services.log.heads()
    below = {one: min(further.below.get(one, 0), head) for one, head in heads.items()} if further else heads
    scan = _Scan((), 0, below, complete=True)
    for _ in range(_ROUNDS):
        size = known.size
        scan = _scan(services, known, below)
        for _, event in scan.found:
            known.learn(event)
        if known.size == size or not scan.found:
            break
    return _view(services, known, scan), [place for place, _ in scan.found]


class _Scan(msgspec.Struct, frozen=True):
    """`below`: up to where it looked (partition → offset). `complete`: nothing older is kept."""

    found: Sequence[tuple[Place, Event]]
    looked: int
    below: dict[int, int]
    complete: bool


def _scan(services: Composed, known: _Known, below: dict[int, int]) -> _Scan:
    found: list[tuple[Place, Event]] = []
    looked, reached = 0, dict(below)
    places = services.log.newest(below, hidden=True)
    for place in itertools.islice(places, services.settings.scan_records):
        looked, reached[place.partition] = looked + 1, place.offset
        if known.is_of(place) and not services.log.hides(place) and (event := event_at(place)):
            found.append((place, event))
        if len(found) == SHOWN:
            break
    return _Scan(found, looked, reached, complete=next(places, None) is None)


def _older(text: str) -> _Older:
    found: _Older = decode_cursor(text, _Older, field="before", cure="take `older` of the search before")
    return found


def _further(known: _Known, scan: _Scan) -> str | None:
    if scan.complete:
        return None
    ids = [tuple(itertools.islice(one, _CARRIED)) for one in (known.user_ids, known.anonymous_ids)]
    return encode_cursor(_Older(scan.below, *ids))


def _view(services: Composed, known: _Known, scan: _Scan) -> PersonView:
    found = scan.found
    fates = Fates(services)
    events = [fates.of(event, place.partition, place.offset) for place, event in found]
    newest = found[0][1] if found else None
    with_user = next((event for _, event in found if event.user_id and event.type != "group"), None)
    return PersonView(
        user_ids=list(known.user_ids),
        anonymous_ids=list(known.anonymous_ids),
        emails=list(known.emails),
        traits={**with_user.known_traits, **with_user.traits} if with_user else {},
        consent=newest.consent.categories if newest else {},
        consent_source=(newest.consent.source or None) if newest else None,
        places=list(_places(events)),
        events=events,
        looked_through=scan.looked,
        complete=scan.complete,
        older=_further(known, scan),
    )


def _places(events: list[LiveEvent]) -> Iterator[PlaceView]:
    names: dict[str, str] = {}
    verdicts: dict[str, Counter[str]] = {}
    withheld: dict[str, Counter[str]] = {}
    for event in events:
        fates: list[DeliveryView | PendingView] = [*event.deliveries, *event.pending]
        for fate in fates:
            place = fate.pipeline_integration_id
            names[place] = fate.integration_name
            name = fate.state if isinstance(fate, PendingView) else fate.verdict or "decided"
            verdicts.setdefault(place, Counter())[str(name)] += 1
            if str(name) != "DELIVERED":
                withheld.setdefault(place, Counter())[fate.cause or fate.reason or str(name)] += 1
    for place, name in names.items():
        yield PlaceView(place, name, dict(verdicts[place]), dict(withheld.get(place, {})))
