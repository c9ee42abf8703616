"""A live event: what came, what each step did to it, and what became of it at every installation."""

from datetime import datetime
from typing import Any

import msgspec

from datafly.management.views.exchange import AheadView, RequestView, ResponseView
from datafly.management.views.steps import all_steps
from datafly.management.views.times import moment, moment_or_none
from datafly.model.event import Event, Original, Received, Step
from datafly.model.verdict import Verdict


class ConsentView(msgspec.Struct, frozen=True):
    """`source`: `event`, `visitor`, or whose default it is: `pipeline`, `organisation` (of all pipelines), `defaults`
    (some of each); null where nothing is known.
    """

    categories: dict[str, bool]
    source: str | None


class DeliveryView(msgspec.Struct, frozen=True):
    """A final verdict. `verdict` is null only where its record is older than what is kept.

    `status` is the vendor's HTTP status, null where nothing was sent or answered. `reason` of a DELIVERED one is what
    the vendor said of it although it holds, e.g. of a call that went before the event's own; `ahead` shows such calls.
    `request` holds only the part of the request that this event caused. `attempts` counts the requests that carried
    it, `earlier` are the answers to those before the last, which began at `started_at`. `run_id` names the replay, if
    one.
    """

    pipeline_integration_id: str
    integration_name: str
    vendor: str
    verdict: Verdict | None
    status: int | None
    reason: str | None
    cause: str | None
    cure: str | None
    symptom: str | None
    request: RequestView | None
    response: ResponseView | None
    attempts: int
    started_at: datetime | None
    earlier: list[ResponseView]
    latency_ms: float | None
    ahead: list[AheadView]
    warnings: list[str]
    attempt_id: str | None
    trace_id: str | None
    revision_number: int | None
    run_id: str | None
    decided_at: datetime | None


class PendingView(msgspec.Struct, frozen=True):
    """An event that still waits. `state`: queued, retrying, suspended, paused."""

    pipeline_integration_id: str
    integration_name: str
    vendor: str
    state: str
    reason: str | None
    cause: str | None
    cure: str | None
    symptom: str | None
    last_answer: ResponseView | None
    attempts: int
    next_try_at: datetime | None
    run_id: str | None


class EventView(msgspec.Struct, frozen=True):
    """`event` is the canonical name of a track; `original` holds what was sent where it was changed.

    `steps`: the effect of each step of process, in order.
    """

    message_id: str
    type: str
    event: str | None
    name: str | None
    pipeline_id: str
    user_id: str | None
    user_id_learnt: bool
    anonymous_id: str | None
    group_id: str | None
    received_at: datetime
    timestamp: datetime
    historical: bool
    properties: dict[str, Any]
    traits: dict[str, Any]
    known_traits: dict[str, Any]
    context: dict[str, Any]
    consent: ConsentView
    original: Original | None
    steps: tuple[Step, ...]


class LiveEvent(EventView, frozen=True):
    """With what became of it, or what it waits for, at each installation that it concerns."""

    deliveries: list[DeliveryView]
    pending: list[PendingView]


class ReceivedView(msgspec.Struct, frozen=True):
    """The request that brought an event: `body` as it was sent, `door` the path that took it."""

    received_at: datetime
    sent_at: datetime | None
    door: str
    ip: str | None
    user_agent: str | None
    historical: bool
    body: Any


class WholeEvent(LiveEvent, frozen=True):
    """With the request that brought it; null where that is not kept any more."""

    request: ReceivedView | None


class EventSummary(msgspec.Struct, frozen=True):
    """Enough of an event to know which it is."""

    message_id: str
    type: str
    event: str | None
    user_id: str | None
    anonymous_id: str | None
    received_at: datetime


def event_view(event: Event) -> EventView:
    return EventView(**_told(event))


def live_event(event: Event, deliveries: list[DeliveryView], pending: list[PendingView]) -> LiveEvent:
    return LiveEvent(**_told(event), deliveries=deliveries, pending=pending)


def whole_event(live: LiveEvent, received: Received | None) -> WholeEvent:
    told = {name: getattr(live, name) for name in LiveEvent.__struct_fields__}
    return WholeEvent(**told, request=_received(received) if received else None)


def summary(event: Event) -> EventSummary:
    return EventSummary(
        message_id=event.message_id,
        type=event.type,
        event=event.event,
        user_id=event.user_id,
        anonymous_id=event.anonymous_id,
        received_at=moment(event.received_ms),
    )


def _told(event: Event) -> dict[str, Any]:
    return {
        "message_id": event.message_id,
        "type": event.type,
        "event": event.event,
        "name": event.name,
        "pipeline_id": event.pipeline_id,
        "user_id": event.user_id,
        "user_id_learnt": event.user_id_learnt,
        "anonymous_id": event.anonymous_id,
        "group_id": event.group_id,
        "received_at": moment(event.received_ms),
        "timestamp": moment(event.timestamp_ms),
        "historical": event.historical,
        "properties": event.properties,
        "traits": event.traits,
        "known_traits": event.known_traits,
        "context": event.context,
        "consent": ConsentView(categories=event.consent.categories, source=event.consent.source or None),
        "original": event.original,
        "steps": all_steps(event),
    }


def _received(received: Received) -> ReceivedView:
    return ReceivedView(
        received_at=moment(received.received_ms),
        sent_at=moment_or_none(received.sent_ms),
        door=received.door,
        ip=received.ip,
        user_agent=received.user_agent,
        historical=received.historical,
        body=_body(received.body),
    )


def _body(body: bytes) -> Any:
    """As text where it cannot be read."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeError):
        return bytes(body).decode(errors="replace")
