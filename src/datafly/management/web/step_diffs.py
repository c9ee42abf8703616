"""What each step changed of an event, field by field: what was sent beside what the step made of it.

It is read from what was received and from the event, which holds what each step decided: nothing is computed anew with
what is known of people today.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from datafly.management.views.event import LiveEvent
from datafly.management.views.times import moment
from datafly.model.consent import read
from datafly.model.event import PII, STRIPPED, Event, Step
from datafly.model.pii import REDACTED
from datafly.model.traits import tells_who

_MOST_LINES: Final = 400
_SENT: Final = {"user_id": "userId", "anonymous_id": "anonymousId", "group_id": "groupId"}
_SHAPED: Final = ("event", "name", "properties", "traits", "context")
_TITLES: Final = {
    "dedupe": "Seen before?",
    "normalise": "Names and shape",
    "clock_skew": "Time",
    "identity": "Who it is",
    "consent": "Consent",
    PII: "Personal data",
    "routing": "Where it may go",
}


class Line(msgspec.Struct, frozen=True):
    """One field that changed. `sign`: removed, added."""

    sign: str
    field: str
    value: str


class StepDiff(msgspec.Struct, frozen=True):
    """`effect`: in words. `lines` empty: it changed nothing."""

    title: str
    effect: str
    lines: tuple[Line, ...]


def step_diffs(live: LiveEvent, event: Event, body: Mapping[str, Any] | None) -> tuple[StepDiff, ...]:
    """In their order. `body`: what was received; None where it is not kept any more, and the event's word counts."""
    told = body if body is not None else _remembered(event)
    by_rules, sent = _redacted(_parts(told, _SHAPED)), _without_redacted(told)
    stripped = _taken_out(event, sent)
    sides = {
        "normalise": (_without(_parts(sent, _SHAPED), stripped), _governed(event)),
        "clock_skew": _times(event, sent),
        "identity": _people(event, sent, known=body is not None),
        "consent": _consents(event, sent, known=body is not None),
        PII: (_both(stripped, by_rules), {}),
    }
    return tuple(
        StepDiff(
            _TITLES.get(step.name, step.name), _effect(step, event, by_rules), _lines(*sides.get(step.name, ({}, {})))
        )
        for step in live.steps
    )


def _effect(step: Step, event: Event, by_rules: Mapping[str, Any]) -> str:
    """A rule that was made after the event came is not told by it."""
    if step.name != PII or not by_rules or any(one.name == PII for one in event.steps):
        return step.effect
    return "not shown any more, by a rule that was made after it came"


def _both(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    return {part: {**one.get(part, {}), **other.get(part, {})} for part in {**one, **other}}


def _redacted(value: Any) -> Any:
    """What of it was taken out by a rule; nothing else."""
    if isinstance(value, Mapping):
        return {name: inner for name, one in value.items() if (inner := _redacted(one)) not in (None, {}, [])}
    if isinstance(value, list):
        return [inner for one in value if (inner := _redacted(one)) not in (None, {}, [])]
    return value if value == REDACTED else None


def _without_redacted(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _without_redacted(one) for name, one in value.items() if one != REDACTED}
    if isinstance(value, list):
        return [_without_redacted(one) for one in value]
    return value


def _taken_out(event: Event, sent: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Part of the event → what of it was taken out because nothing was known of consent."""
    if STRIPPED not in event.steps:
        return {}
    found = {
        name: value if isinstance(value := sent.get(name), dict) else {} for name in ("traits", "properties", "context")
    }
    return {
        "traits": found["traits"],
        "properties": {name: value for name, value in found["properties"].items() if tells_who(name)},
        "context": {name: value for name, value in found["context"].items() if name not in event.context},
    }


def _without(parts: dict[str, Any], taken_out: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What another step tells of is not told twice."""
    left = {
        part: {name: inner for name, inner in value.items() if name not in taken_out.get(part, {})}
        if isinstance(value, dict)
        else value
        for part, value in parts.items()
    }
    return {part: value for part, value in left.items() if value != {}}


def _parts(values: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: values[name] for name in names if values.get(name) not in (None, {})}


def _governed(event: Event) -> dict[str, Any]:
    return {name: value for name in _SHAPED if (value := getattr(event, name)) not in (None, {})}


def _remembered(event: Event) -> dict[str, Any]:
    """The record itself says what of it was changed."""
    told = msgspec.to_builtins(event.original) if event.original else {}
    return {**_governed(event), **{name: value for name, value in told.items() if value}}


def _times(event: Event, sent: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Only where it was corrected by what is worth saying."""
    if not any(step.name == "clock_skew" for step in event.steps):
        return {}, {}
    told = event.original.timestamp if event.original and event.original.timestamp else sent.get("timestamp")
    return {"timestamp": told} if told else {}, {"timestamp": moment(event.timestamp_ms)}


def _people(event: Event, sent: Mapping[str, Any], *, known: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    after: dict[str, Any] = {name: getattr(event, name) for name in _SENT}
    before = {name: sent.get(theirs) for name, theirs in _SENT.items()} if known else dict(after)
    if event.user_id_learnt:
        before["user_id"] = None
    after |= {"known_traits": event.known_traits, "linked with": event.links}
    return _parts(before, tuple(before)), _parts(after, tuple(after))


def _consents(event: Event, sent: Mapping[str, Any], *, known: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    if not known:
        return {}, {}
    context = sent.get("context")
    said = read(context.get("consent")) if isinstance(context, dict) else {}
    return said, event.consent.categories


def _lines(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Line, ...]:
    old, new = dict(_flat(before)), dict(_flat(after))
    lines: list[Line] = []
    for field in sorted({*old, *new}):
        if old.get(field) != new.get(field):
            lines.extend([Line("removed", field, old[field])] if field in old else [])
            lines.extend([Line("added", field, new[field])] if field in new else [])
    return tuple(lines[:_MOST_LINES])


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping) and value:
        for name, inner in value.items():
            yield from _flat(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list) and value:
        for index, inner in enumerate(value):
            yield from _flat(inner, f"{path}[{index}]")
    elif path:
        yield path, msgspec.json.encode(value).decode()
