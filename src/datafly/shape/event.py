"""The decision on one event for one installation: the sender's choice and consent first, then the vendor's mapping."""

from collections.abc import Mapping

from datafly.model.event import Event
from datafly.model.verdict import Ruling
from datafly.shape.consent import consent_ruling
from datafly.shape.routing import routing_ruling
from datafly.spec.compiled import Compiled, Shaped


def withheld(compiled: Compiled, event: Event, newer: Mapping[str, bool] | None = None) -> Ruling | None:
    """Why the event may not go to the vendor, None where it may. `newer` as for `consent_ruling`."""
    not_chosen = routing_ruling(compiled, event) if event.integrations else None
    return not_chosen or consent_ruling(compiled, event, newer)


def shape_event(compiled: Compiled, event: Event, now_ms: int, newer: Mapping[str, bool] | None = None) -> Shaped:
    """Items in sending order, or a SKIPPED or REJECTED ruling. Same arguments, same bytes."""
    return withheld(compiled, event, newer) or compiled.shape(event.with_choices(newer), now_ms)
