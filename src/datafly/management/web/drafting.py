"""A draft of overrides as a form puts it together: entry by entry, each told in words, each taken out again."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from datafly.management.bodies import decode
from datafly.model.errors import Invalid
from datafly.model.overrides import EventOverride, FieldMapping, GlobalOverride, Overrides, Scalar
from datafly.model.taxonomy import canonical_event

FIELDS: Final = (
    "event",
    "sent",
    "vendor_name",
    "like",
    "condition",
    "target",
    "source",
    "value",
    "omit",
    "transform",
    "value_map",
    "default",
    "field_condition",
)
_OF_EVENT: Final = ("sent", "vendor_name", "like", "condition")
_EVERY: Final = "every event"
_LABELS: Final = {
    "vendor_event_name": "Its name at the vendor",
    "like": "Mapped as",
    "target": "Field at the vendor",
    "source": "From the event’s",
    "value": "Or always",
    "transform": "Made into",
    "value_map": "Values",
    "default_value": "Where it is missing",
    "condition": "Only where",
}
"""Field of an override → its label on the page."""
_PART: Final = re.compile(
    rf"overrides\.(?:global|events\.(?P<event>[^\n]*?))(?:\.mappings\[\d+\])?\.(?P<part>{'|'.join(_LABELS)}):"
)


class Entry(msgspec.Struct, frozen=True):
    """One thing that the draft changes. `event`: "" for every event. `part`: a field of the override, or a mapping."""

    event: str
    part: str
    says: str


def drafted(form: Mapping[str, Any]) -> Overrides:
    """The draft as data, with what the fields beside it say. Raises `Invalid`."""
    return with_fields(_data(form), typed(form))


def typed(form: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(form.get(name, "")).strip() for name in FIELDS}


def with_fields(overrides: Overrides, said: Mapping[str, str]) -> Overrides:
    """What is said of one event, or of every one, and of one field. Raises `Invalid` where half of it is missing."""
    mappings = (_mapping(said),) if said["target"] else ()
    if not said["target"] and any(said[name] for name in ("source", "value", "omit", "value_map", "default")):
        raise Invalid("Say into which field at the vendor it goes.", field="target")
    event = said["event"]
    if not event:
        if any(said[name] for name in ("sent", "vendor_name", "like")):
            raise Invalid("Say of which event it is.", field="event")
        return _everywhere(overrides, said["condition"], mappings)
    if not mappings and not any(said[name] for name in _OF_EVENT):
        return overrides
    event = next((one for one in overrides.events if canonical_event(one) == canonical_event(event)), event)
    known = overrides.events.get(event, EventOverride())
    changed = msgspec.structs.replace(
        known,
        enabled=known.enabled if not said["sent"] else said["sent"] == "yes",
        vendor_event_name=said["vendor_name"] or known.vendor_event_name,
        like=said["like"] or known.like,
        condition=said["condition"] or known.condition,
        mappings=_together(known.mappings, mappings),
    )
    return msgspec.structs.replace(overrides, events={**overrides.events, event: changed})


def in_words(problem: str) -> str:
    """With the labels of the form in place of the names that fields have in the data."""
    return _PART.sub(lambda found: f"{found['event'] or _EVERY}, “{_LABELS[found['part']]}”:", problem)


def entries(overrides: Overrides) -> list[Entry]:
    """In a fixed order, so that one is known by its number."""
    return list(_entries(overrides))


def without(overrides: Overrides, entry: Entry) -> Overrides:
    if not entry.event:
        return msgspec.structs.replace(overrides, everywhere=_less(overrides.everywhere, entry.part))
    left = _less(overrides.events[entry.event], entry.part)
    events = {**overrides.events, entry.event: left}
    return msgspec.structs.replace(
        overrides, events={name: one for name, one in events.items() if one != EventOverride()}
    )


def shown(overrides: Overrides) -> str:
    return msgspec.json.format(msgspec.json.encode(overrides)).decode()


def _data(form: Mapping[str, Any]) -> Overrides:
    return decode(str(form.get("overrides", "")).strip().encode() or b"{}", Overrides)


def _everywhere(overrides: Overrides, condition: str, mappings: tuple[FieldMapping, ...]) -> Overrides:
    known = overrides.everywhere
    changed = GlobalOverride(condition=condition or known.condition, mappings=_together(known.mappings, mappings))
    return msgspec.structs.replace(overrides, everywhere=changed)


def _together(known: tuple[FieldMapping, ...], said: tuple[FieldMapping, ...]) -> tuple[FieldMapping, ...]:
    """What is said anew of a field replaces what was said of it."""
    targets = {one.target for one in said}
    return (*(one for one in known if one.target not in targets), *said)


def _mapping(said: Mapping[str, str]) -> FieldMapping:
    if sum(bool(said[name]) for name in ("source", "value", "omit")) != 1:
        raise Invalid(
            "Say where the field comes from: a value of the event, or always the same, or left out.", field="source"
        )
    return FieldMapping(
        target=said["target"],
        source=said["source"] or None,
        value=_scalar(said["value"]) if said["value"] else None,
        omit=bool(said["omit"]),
        transform=said["transform"] or None,
        value_map=dict(_pair(line) for line in said["value_map"].splitlines() if line.strip()),
        default_value=_scalar(said["default"]) if said["default"] else None,
        condition=said["field_condition"] or None,
    )


def _pair(line: str) -> tuple[str, Scalar]:
    came, sign, sent = line.partition("=")
    if not sign or not sent.strip():
        raise Invalid(f"Values: write WHAT CAME=WHAT IS SENT, one per line, not “{line[:100]}”.", field="value_map")
    return came.strip(), _scalar(sent.strip())


def _scalar(text: str) -> Scalar:
    """12, 1.5, true and "12" as JSON has them; all else is text."""
    try:
        found: Any = msgspec.json.decode(text.encode())
    except (msgspec.DecodeError, UnicodeError):
        return text
    return found if isinstance(found, str | int | float | bool) else text


def _entries(overrides: Overrides) -> Iterator[Entry]:
    if overrides.everywhere.condition:
        yield Entry("", "condition", f"{_EVERY}: only where {overrides.everywhere.condition}")
    for one in overrides.everywhere.mappings:
        yield Entry("", one.target, f"{_EVERY}: {_told(one)}")
    for event, said in overrides.events.items():
        if not said.enabled:
            yield Entry(event, "enabled", f"{event}: is not sent")
        if said.vendor_event_name:
            yield Entry(event, "vendor_event_name", f"{event}: is called {said.vendor_event_name}")
        if said.like:
            yield Entry(event, "like", f"{event}: is mapped as {said.like}")
        if said.condition:
            yield Entry(event, "condition", f"{event}: only where {said.condition}")
        for one in said.mappings:
            yield Entry(event, one.target, f"{event}: {_told(one)}")


def _told(one: FieldMapping) -> str:
    if one.omit:
        words = f"{one.target} is left out"
    else:
        words = f"{one.target} is {_json(one.value)}" if one.source is None else f"{one.target} from {one.source}"
    if one.transform:
        words += f" as {one.transform}"
    if one.value_map:
        words += f", by the values {', '.join(f'{came}→{_json(sent)}' for came, sent in one.value_map.items())}"
    if one.default_value is not None:
        words += f", else {_json(one.default_value)}"
    return f"{words}, only where {one.condition}" if one.condition else words


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _less(said: Any, part: str) -> Any:
    if part in said.__struct_fields__ and part != "mappings":
        default = getattr(type(said)(), part)
        return msgspec.structs.replace(said, **{part: default})
    return msgspec.structs.replace(said, mappings=tuple(one for one in said.mappings if one.target != part))
