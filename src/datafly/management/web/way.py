"""The whole way of one event: the request that brought it, what each step changed, what became of it, what helps."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from datafly.management.events_log import Place
from datafly.management.fates import Fates
from datafly.management.received import received_of
from datafly.management.search import event_at
from datafly.management.services import Composed
from datafly.management.views.event import DeliveryView, LiveEvent, PendingView
from datafly.management.views.times import moment
from datafly.model.event import Event, Received

_LINES: Final = 400
_BODY: Final = msgspec.json.Decoder(dict[str, Any])
_NAMES: Final = {"userId": "user_id", "anonymousId": "anonymous_id", "groupId": "group_id"}
_COMPARED: Final = ("event", "name", "user_id", "anonymous_id", "group_id", "properties", "traits")


class Line(msgspec.Struct, frozen=True):
    """One field that changed. `sign`: removed, added."""

    sign: str
    field: str
    value: str


class Cure(msgspec.Struct, frozen=True):
    """A button: `path` is posted to (`posts`) or linked."""

    words: str
    path: str
    posts: bool
    role: str = "editor"


class Fate(msgspec.Struct, frozen=True):
    """What became of it at one installation: one of `final` and `waits`."""

    integration_id: str
    integration_name: str
    name: str
    final: DeliveryView | None
    waits: PendingView | None
    cures: tuple[Cure, ...]


class Way(msgspec.Struct, frozen=True):
    """`received` None: the request is not kept any more."""

    live: LiveEvent
    event: Event
    place: str
    received: Received | None
    received_body: Any
    diff: tuple[Line, ...]
    fates: tuple[Fate, ...]


def way_of(services: Composed, place: Place) -> Way | None:
    event = event_at(place)
    if event is None:
        return None
    live = Fates(services).of(event, place.partition, place.offset)
    received = received_of(services, event)
    body = _body(received)
    return Way(
        live=live,
        event=event,
        place=f"{place.partition}-{place.offset}",
        received=received,
        received_body=body,
        diff=tuple(_diff(_sent(body) if body else _original(event), event)),
        fates=tuple(_fates(live, place)),
    )


def received_at(received: Received) -> Any:
    return moment(received.received_ms)


def _fates(live: LiveEvent, place: Place) -> Iterator[Fate]:
    for final in live.deliveries:
        name = final.verdict.value if final.verdict else "decided"
        cures = tuple(_cures(name, final, place))
        yield Fate(final.pipeline_integration_id, final.integration_name, name, final, None, cures)
    for waits in live.pending:
        cures = tuple(_cures(waits.state, waits, place))
        yield Fate(waits.pipeline_integration_id, waits.integration_name, waits.state, None, waits, cures)


def _cures(name: str, fate: DeliveryView | PendingView, place: Place) -> Iterator[Cure]:
    """What a person can do about it here, if anything."""
    at = f"/integrations/{fate.pipeline_integration_id}"
    if name in {"REJECTED", "EXHAUSTED"}:
        yield Cure("Send again", f"{at}/send-again/{place.partition}/{place.offset}", posts=True)
    if name in {"REJECTED", "EXHAUSTED", "suspended", "retrying"}:
        yield Cure("Edit settings", f"{at}/settings", posts=False)
    if name in {"REJECTED", "SKIPPED"} and fate.reason not in {"disabled", "installation_removed"}:
        yield Cure("Edit mapping", f"{at}/mapping", posts=False)
    if name == "paused":
        yield Cure("Resume", f"{at}/resume", posts=True)
    if name == "SKIPPED" and fate.reason == "disabled":
        yield Cure("Enable", f"{at}/enable", posts=True)
        yield Cure("Send again", f"{at}/send-again/{place.partition}/{place.offset}", posts=True)
    if name == "SKIPPED" and fate.reason not in {"disabled", "installation_removed"}:
        yield Cure("Edit settings", f"{at}/settings", posts=False)


def _body(received: Received | None) -> dict[str, Any] | None:
    try:
        return _BODY.decode(received.body) if received else None
    except (msgspec.DecodeError, UnicodeError):
        return None


def _sent(body: Mapping[str, Any]) -> dict[str, Any]:
    """What was sent, by the names under which it is governed."""
    named = {_NAMES.get(name, name): value for name, value in body.items()}
    return {name: named[name] for name in _COMPARED if name in named}


def _original(event: Event) -> dict[str, Any]:
    """Where the request is gone, the record still says what was changed."""
    told = msgspec.to_builtins(event.original) if event.original else {}
    return {**_governed(event), **{name: value for name, value in told.items() if name in _COMPARED and value}}


def _governed(event: Event) -> dict[str, Any]:
    return {name: value for name in _COMPARED if (value := getattr(event, name)) not in (None, {})}


def _diff(before: Mapping[str, Any], event: Event) -> list[Line]:
    old, new = dict(_flat(before)), dict(_flat(_governed(event)))
    lines: list[Line] = []
    for field in sorted({*old, *new}):
        if old.get(field) != new.get(field):
            lines.extend([Line("removed", field, old[field])] if field in old else [])
            lines.extend([Line("added", field, new[field])] if field in new else [])
    return lines[:_LINES]


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _flat(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list) and value:
        for index, inner in enumerate(value):
            yield from _flat(inner, f"{path}[{index}]")
    else:
        yield path, msgspec.json.encode(value).decode()
