"""Two requests for one event → the fields in which they differ.

Not counted as differences: objects without a field, and the same moment written with or without milliseconds.
"""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec

from beside.events import Case, corpus
from beside.senders import Sent, sent_by_segment, sent_by_signal

REQUEST = "request"
"""The field by which one sends, and the other does not."""


class Difference(msgspec.Struct, frozen=True):
    """`of`: the name of the track, else the type of the event. `field`: its path, without the numbers of lists.

    `segment`, `signal`: JSON text, empty where the field is absent; of `request`: `sent`, or why nothing is.
    `when`: what is special about the case: the names of settings that were chosen, of the actions of Segment's
    mapping that take it, and what `special` claims. `theirs`: all that Segment's mapping sends.
    """

    case: str
    of: str
    field: str
    segment: str
    signal: str
    when: frozenset[str]
    theirs: Sent = Sent()

    def is_about(self, path: str) -> bool:
        """Whether a path of the sandbox, e.g. `users.0.events.1.event_name`, is that of the field."""
        return self.field == REQUEST or re.sub(r"\.\d+(?=\.|$)", "", path) == f"users.{self.field}"

    def __str__(self) -> str:
        return f"{self.case} ({self.of}): {self.field}: {self.segment or 'absent'} | {self.signal or 'absent'}"


def differences() -> list[Difference]:
    cases = corpus()
    theirs = sent_by_segment([case.as_sent for case in cases])
    found = []
    for case, segment in zip(cases, theirs, strict=True):
        when = special(case) | set(segment.actions)
        for field, one, other in between(segment, sent_by_signal(case)):
            found.append(Difference(case.title, case.event.label, field, one, other, when, segment))
    return found


def special(case: Case) -> frozenset[str]:
    claims = {
        "withdrawal": case.event.consent.withdrawn,
        "historical": case.event.historical,
        "without products": not case.event.properties.get("products"),
        "list price alone": "list_price" in case.event.properties and "price" not in case.event.properties,
        "other spelling": case.event.original is not None,
    }
    return frozenset({*case.given.get("config", {}), *(claim for claim, holds in claims.items() if holds)})


def between(segment: Sent, signal: Sent) -> Iterator[tuple[str, str, str]]:
    if segment.nothing or signal.nothing:
        if not (segment.nothing and signal.nothing):
            yield REQUEST, segment.nothing or "sent", signal.nothing or "sent"
        return
    one, other = by_way(segment), by_way(signal)
    for way in sorted({*one, *other}):
        if way in one and way in other:
            yield from unequal(flat(one[way]), flat(other[way]))
        else:
            yield "requests", way if way in one else "", way if way in other else ""


def by_way(sent: Sent) -> dict[str, dict[str, Any]]:
    """One event never makes two requests of one way."""
    ways = {f"{one['method']} {urlsplit(one['url']).path}": one for one in sent.requests}
    if len(ways) != len(sent.requests):
        raise ValueError(f"two requests of one way: {list(ways)}")
    return ways


def flat(request: dict[str, Any]) -> dict[str, Any]:
    """The fields of a request for one event: those of its user without the way to it."""
    head = {name: value for name, value in request.items() if name != "body"}
    (user,) = request["body"].get("users", [{}])
    rest = {name: value for name, value in request["body"].items() if name != "users"}
    return {**head, **rest, **user}


def unequal(one: Any, other: Any, path: str = "") -> Iterator[tuple[str, str, str]]:
    if holds_objects(one) and holds_objects(other):
        if len(one) != len(other):
            yield path, str(len(one)), str(len(other))
        for left, right in zip(one, other, strict=False):
            yield from unequal(left, right, path)
    elif {dict} <= {type(one), type(other)} <= {dict, type(None)}:
        one, other = one or {}, other or {}
        for name in sorted({*one, *other}):
            yield from unequal(one.get(name), other.get(name), f"{path}.{name}".lstrip("."))
    elif not same(one, other):
        yield path, text(one), text(other)


def holds_objects(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(one, dict) for one in value)


def text(value: Any) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def same(one: Any, other: Any) -> bool:
    """`2` and `2.0` are one number, `…40Z` and `…40.000Z` one moment; true is no number."""
    if isinstance(one, str) and isinstance(other, str) and moment(one):
        return moment(one) == moment(other)
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text.endswith("Z") else None
    except ValueError:
        return None
