"""A live event: what came, what each step did to it, and what became of it at every installation."""

from datetime import datetime
from typing import Any

import msgspec

from datafly.management.views.exchange import AheadView, RequestView, ResponseView
from datafly.management.views.steps import all_steps
from datafly.management.views.times import moment
from datafly.model.event import Event, Original, Step
from datafly.model.verdict import Verdict


class ConsentView(msgspec.Struct, frozen=True):
    """`source`: `event`, `visitor` or `pipeline`; null where nothing is known."""

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


class LiveEvent(msgspec.Struct, frozen=True):
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
    deliveries: list[DeliveryView]
    pending: list[PendingView]


class EventSummary(msgspec.Struct, frozen=True):
    """Enough of an event to know which it is."""

    message_id: str
    type: str
    event: str | None
    user_id: str | None
    anonymous_id: str | None
    received_at: datetime


def live_event(event: Event, deliveries: list[DeliveryView], pending: list[PendingView]) -> LiveEvent:
    return LiveEvent(
        message_id=event.message_id,
        type=event.type,
        event=event.event,
        name=event.name,
        pipeline_id=event.pipeline_id,
        user_id=event.user_id,
        user_id_learnt=event.user_id_learnt,
        anonymous_id=event.anonymous_id,
        group_id=event.group_id,
        received_at=moment(event.received_ms),
        timestamp=moment(event.timestamp_ms),
        historical=event.historical,
        properties=event.properties,
        traits=event.traits,
        known_traits=event.known_traits,
        context=event.context,
        consent=ConsentView(categories=event.consent.categories, source=event.consent.source or None),
        original=event.original,
        steps=all_steps(event),
        deliveries=deliveries,
        pending=pending,
    )


def summary(event: Event) -> EventSummary:
    return EventSummary(
        message_id=event.message_id,
        type=event.type,
        event=event.event,
        user_id=event.user_id,
        anonymous_id=event.anonymous_id,
        received_at=moment(event.received_ms),
    )
