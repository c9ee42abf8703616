"""What of a pipeline's events looks like personal data and has no rule, and whom rules keep a vendor from knowing."""

import itertools
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from datafly.management.looks import CARD, by_name, leaves, looks_like, may_be_card
from datafly.management.search import Filters, event_at, fits
from datafly.management.services import Catalog, Composed
from datafly.model.errors import Invalid, SignalError
from datafly.model.event import Event
from datafly.model.installation import Installation, Pipeline
from datafly.model.pii import HASHED, NO_RULES, TAKEN_OUT, PiiRules, Told, kept, sent

LOOKED_THROUGH: Final = 1_000
_MOST: Final = 100
_IDS: Final = {"userId": "user_id", "anonymousId": "anonymous_id", "groupId": "group_id"}
_SOMEBODY: Final = {"email": "ann.sample@example.com", "phone": "+4915123456789", "name": "Ann Sample"}


class FoundField(msgspec.Struct, frozen=True):
    """`looks_like`: what its values, or its name, look like. `events`: in so many of those that were looked through.
    `rule`: hashed or taken out, by a rule that is about it; null where there is none, and of an id, of which there
    can be none.
    """

    field: str
    looks_like: str
    events: int
    rule: str | None


class RecipientView(msgspec.Struct, frozen=True):
    """`gets`: of fields that are hashed, `hash` or `value`. `not_known_by`: identifiers, in the vendor's words, that it
    is not told because of the rules.
    """

    pipeline_integration_id: str
    integration_name: str
    vendor: str
    gets: str
    not_known_by: list[str]


class PersonalDataView(msgspec.Struct, frozen=True):
    """`pii_rules`: the pipeline's. `found`: fields without a rule first. `looked_through`: so many of its newest
    events.
    """

    pipeline_id: str
    pii_rules: PiiRules
    looked_through: int
    found: list[FoundField]
    recipients: list[RecipientView]


def personal_data(services: Composed, pipeline: Pipeline) -> PersonalDataView:
    """Blocking, and bounded."""
    events = list(_newest(services, pipeline))
    found = sorted(_found(events, pipeline.pii_rules), key=lambda one: (one.rule is not None, -one.events, one.field))
    installed = [one for one in services.control.installations() if one.pipeline_id == pipeline.id]
    recipients = [_recipient(services, one, pipeline.pii_rules) for one in installed]
    return PersonalDataView(pipeline.id, pipeline.pii_rules, len(events), found[:_MOST], recipients)


def of_event(event: Event, rules: PiiRules) -> list[FoundField]:
    """What of one event looks like personal data and has no rule."""
    return [one for one in _found([event], rules) if one.rule is None]


def require_vendors(catalog: Catalog, rules: Any) -> None:
    """Raises `Invalid` for one that is not installed with Signal. What is no rules says nothing of vendors."""
    known = {one.slug for one in catalog.all()} if isinstance(rules, PiiRules) and rules.raw_for else set()
    for slug in rules.raw_for if known else ():
        if slug not in known:
            raise Invalid(
                f"pii_rules.raw_for: there is no integration {slug[:100]!r}; there are {', '.join(sorted(known))}.",
                field="pii_rules.raw_for",
            )


def _newest(services: Composed, pipeline: Pipeline) -> Iterator[Event]:
    wanted, places = Filters(pipeline_id=pipeline.id), services.log.newest(services.log.heads())
    mine = (place for place in itertools.islice(places, services.settings.scan_records) if fits(place, wanted))
    return (event for place in itertools.islice(mine, LOOKED_THROUGH) if (event := event_at(place)) is not None)


def _found(events: list[Event], rules: PiiRules) -> Iterator[FoundField]:
    seen: dict[tuple[str, str], set[int]] = defaultdict(set)
    like_cards: dict[str, set[int]] = defaultdict(set)
    judged: dict[tuple[str, str], tuple[str, bool]] = {}
    for number, event in enumerate(events):
        for field, value in _fields(event):
            kind, is_like_a_card = _judged(field, value, judged)
            if kind:
                seen[field, kind].add(number)
            if is_like_a_card:
                like_cards[field].add(number)
    for (field, kind), numbers in seen.items():
        if kind != CARD or len(numbers) * 2 > len(like_cards[field]):
            yield FoundField(field, kind, len(numbers), _rule(field, rules))


def _fields(event: Event) -> Iterator[tuple[str, Any]]:
    for part in ("properties", "traits", "context"):
        yield from leaves(getattr(event, part), part)
    yield from ((field, getattr(event, name)) for field, name in _IDS.items())


def _judged(field: str, value: Any, known: dict[tuple[str, str], tuple[str, bool]]) -> tuple[str, bool]:
    """Most texts come again with other events: each is looked at once."""
    if not isinstance(value, str):
        return _kind(field, value), may_be_card(value)
    found = known.get((field, value))
    if found is None:
        found = known[field, value] = _kind(field, value), may_be_card(value)
    return found


def _kind(field: str, value: Any) -> str:
    part, _, name = field.partition(".")
    if value in (None, "", [], {}) or field.startswith(("context.consent.", "context.traits.")):
        return ""
    return looks_like(value) or ("" if _is_hash(value) else by_name(part, name.partition(".")[0]))


def _is_hash(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 64 and all(sign in "0123456789abcdef" for sign in value)


def _rule(field: str, rules: PiiRules) -> str | None:
    """As of an event that has nothing but this field."""
    part, *names = field.split(".")
    if not names or not rules.enabled:
        return None
    value: Any = "a value"
    for name in reversed(names):
        value = {name: value}
    told: dict[Told, None] = {}
    for cleaner in (sent(rules, ""), kept(rules)):
        if cleaner is not None:
            cleaner.part(part, value, told)
    done = {one.how for one in told}
    return next((how for how in (TAKEN_OUT, HASHED) if how in done), None)


def _recipient(services: Composed, installation: Installation, rules: PiiRules) -> RecipientView:
    gets = "value" if installation.vendor in rules.raw_for else "hash"
    lost = _not_known_by(services, installation, rules)
    return RecipientView(installation.id, installation.name, installation.vendor, gets, lost)


def _not_known_by(services: Composed, installation: Installation, rules: PiiRules) -> list[str]:
    """The mapping is asked what it would make of somebody, with and without the rules."""
    cleaner = sent(rules, installation.vendor)
    if cleaner is None:
        return []
    try:
        whom = services.compile(msgspec.structs.replace(installation, pii_rules=NO_RULES)).whom
        somebody = Event("m", "identify", "", "k", 0, 0, user_id="user-1", traits=dict(_SOMEBODY))
        before, after = (dict(_flat(whom(one))) for one in (somebody, cleaner.event(somebody)))
    except SignalError:
        return []  # a config that cannot be used is told elsewhere
    return sorted(name for name in before if name not in after)


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _flat(inner, f"{path}.{name}" if path else name)
    else:
        yield path, value
