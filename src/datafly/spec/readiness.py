"""What a vendor makes of the events that it gets: its standard events, and what its segments need of them."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

Seen = Mapping[tuple[str, tuple[str, ...]], int]
"""(name of an event, its parameters in the order sent) → how often."""


class Observed(msgspec.Struct, frozen=True):
    """Where an item of a request has its events: a list `items` of objects with a `name` and an object of `params`."""

    items: str
    name: str
    params: str


class StandardEvent(msgspec.Struct, frozen=True, omit_defaults=True):
    """An event that the vendor knows by itself. `also`: other names of it. `sent_for`: what becomes it, in words."""

    name: str
    display: str
    sent_for: str
    params: tuple[str, ...] = ()
    also: tuple[str, ...] = ()


class EventsNeed(msgspec.Struct, frozen=True):
    """`at_least` so many of the event in `days` days."""

    event: str
    at_least: int
    days: int


class Segment(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the vendor computes. Each event of `events` must come often enough and carry all `params`.

    `running_days`: for so long each of them must have been coming. `vendor_only`: why no event of ours makes it work.
    """

    name: str
    note: str
    events: tuple[EventsNeed, ...] = ()
    params: tuple[str, ...] = ()
    running_days: int = 0
    vendor_only: str = ""


class Readiness(msgspec.Struct, frozen=True):
    """`hint`: the symptom of the hint that applies where a segment misses an event and others come by own names."""

    observed: Observed
    events: tuple[StandardEvent, ...]
    segments: tuple[Segment, ...]
    hint: str
    source: str

    def standard_names(self) -> dict[str, StandardEvent]:
        """By every name."""
        return {name: one for one in self.events for name in (one.name, *one.also)}


def reader_of(readiness: Readiness) -> Callable[[Iterable[bytes]], Seen]:
    """Items → the events in them, counted. Reads names only, since it is done with everything that is delivered."""
    keys = readiness.observed
    event: Any = msgspec.defstruct(
        "SeenEvent",
        [
            ("name", str, msgspec.field(name=keys.name, default="")),
            ("params", dict[str, msgspec.Raw], msgspec.field(name=keys.params, default_factory=dict)),
        ],
    )
    item: Any = msgspec.defstruct(
        "SeenItem", [("events", list[event], msgspec.field(name=keys.items, default_factory=list))]
    )
    decode = msgspec.json.Decoder(item).decode

    def read(bodies: Iterable[bytes]) -> Seen:
        found: Counter[tuple[str, tuple[str, ...]]] = Counter()
        for body in bodies:
            for one in decode(body).events:
                found[one.name, tuple(one.params)] += 1
        return found

    return read
