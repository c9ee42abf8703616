"""The decision on one event for one installation: consent first, then the vendor's mapping."""

from collections.abc import Mapping

from datafly.model.event import Event
from datafly.shape.consent import consent_ruling
from datafly.spec.compiled import Compiled, Shaped


def shape_event(compiled: Compiled, event: Event, now_ms: int, newer: Mapping[str, bool] | None = None) -> Shaped:
    """Items in sending order, or a SKIPPED or REJECTED ruling. Same arguments, same bytes."""
    return consent_ruling(compiled, event, newer) or compiled.shape(event.with_choices(newer), now_ms)
