"""The whole way of one event: the request that brought it, what each step changed, what became of it, what helps."""

from collections.abc import Collection, Iterator
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from datafly.management.events_log import Place
from datafly.management.fates import Fates
from datafly.management.personal_data import FoundField, of_event
from datafly.management.received import received_of
from datafly.management.search import event_at
from datafly.management.services import Composed
from datafly.management.views.event import DeliveryView, LiveEvent, PendingView
from datafly.management.views.times import moment
from datafly.management.web.step_diffs import StepDiff, step_diffs
from datafly.model.event import Event, Received
from datafly.model.pii import NO_RULES, PiiRules

_BODY: Final = msgspec.json.Decoder(dict[str, Any])


class Cure(msgspec.Struct, frozen=True):
    """A button: `path` is posted to (`posts`) or linked."""

    words: str
    path: str
    posts: bool
    role: str = "editor"


class Fate(msgspec.Struct, frozen=True):
    """What became of it at one installation: one of `final` and `waits`. One that is uninstalled has no cures."""

    integration_id: str
    integration_name: str
    name: str
    final: DeliveryView | None
    waits: PendingView | None
    cures: tuple[Cure, ...]
    is_installed: bool


class Way(msgspec.Struct, frozen=True):
    """`received` None: the request is not kept any more. `personal`: what looks like personal data and has no rule."""

    live: LiveEvent
    event: Event
    place: str
    received: Received | None
    received_body: Any
    steps: tuple[StepDiff, ...]
    fates: tuple[Fate, ...]
    personal: list[FoundField]


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
        steps=step_diffs(live, event, body),
        fates=tuple(_fates(live, place, {one.id for one in services.control.installations()})),
        personal=of_event(event, _rules(services, event)),
    )


def _rules(services: Composed, event: Event) -> PiiRules:
    found = (one.pii_rules for one in services.control.pipelines() if one.id == event.pipeline_id)
    return next(found, NO_RULES)


def received_at(received: Received) -> Any:
    return moment(received.received_ms)


def _fates(live: LiveEvent, place: Place, installed: Collection[str]) -> Iterator[Fate]:
    for final in live.deliveries:
        name, where = final.verdict.value if final.verdict else "decided", final.pipeline_integration_id
        cures = tuple(_cures(name, final, live, place)) if where in installed else ()
        yield Fate(where, final.integration_name, name, final, None, cures, where in installed)
    for waits in live.pending:
        where = waits.pipeline_integration_id
        cures = tuple(_cures(waits.state, waits, live, place)) if where in installed else ()
        yield Fate(where, waits.integration_name, waits.state, None, waits, cures, where in installed)


def _cures(name: str, fate: DeliveryView | PendingView, live: LiveEvent, place: Place) -> Iterator[Cure]:
    """What a person can do about it here, if anything."""
    at = f"/integrations/{fate.pipeline_integration_id}"
    if name in {"REJECTED", "EXHAUSTED"}:
        yield Cure("Send again", f"{at}/send-again/{place.partition}/{place.offset}", posts=True)
    if name in {"REJECTED", "EXHAUSTED", "suspended", "retrying"}:
        yield Cure("Edit settings", f"{at}/settings", posts=False)
    if name in {"REJECTED", "SKIPPED"} and fate.reason not in {"disabled", "installation_removed"}:
        asked = urlencode({"event": live.event or live.type, "message": live.message_id})
        yield Cure("Edit mapping", f"{at}/mapping?{asked}", posts=False)
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
