"""What became of one event at one installation: a final verdict, or what it waits for."""

from collections.abc import Callable
from typing import Any, Final

from datafly.management.views.event import DeliveryView, PendingView
from datafly.management.views.exchange import RequestView, ahead_view, parsed, request_view, response_view
from datafly.management.views.times import moment
from datafly.model.delivery import LIVE, Attempt, Outcome, Pending, State
from datafly.model.errors import SignalError
from datafly.model.installation import Installation
from datafly.model.verdict import DELIVERED, Ruling, Verdict
from datafly.store.base import Delivery

Pick = Callable[[str, int], str]
"""The part of a request's body that one item caused: `spec.Compiled.pick`."""

UNREADABLE: Final = (SignalError, ValueError, LookupError, TypeError, AttributeError)
"""What a vendor's functions raise over a config or a body that they did not foresee."""

_EXPIRED: Final = Ruling(
    Verdict.DELIVERED,
    reason="record_expired",
    cause="It was decided; the record of how is older than what is kept.",
    cure="Keep records longer, if you need them.",
)
_PAUSED: Final = Ruling(Verdict.RETRY, "paused", "This integration was paused.", "Resume it; nothing is lost.")
_REMOVED: Final = Ruling(Verdict.SKIPPED, "installation_removed", "This integration was removed; it is being closed.")


def delivery_view(installation: Installation, found: Delivery, offset: int, pick: Pick | None) -> DeliveryView:
    """`found` has a verdict. `pick` None: the whole body of the request is shown."""
    attempt = found.attempt
    ruling = found.outcome.ruling if found.outcome else _told(attempt, offset)
    return DeliveryView(
        pipeline_integration_id=installation.id,
        integration_name=installation.name,
        vendor=installation.vendor,
        verdict=found.verdict,
        status=attempt.response.status if attempt else None,
        **_words(ruling),
        request=own_request(attempt, offset, pick) if attempt else None,
        response=response_view(attempt.response) if attempt else None,
        attempts=attempt.tries if attempt else 0,
        started_at=moment(attempt.started_ms) if attempt else None,
        earlier=[response_view(one) for one in attempt.earlier] if attempt else [],
        latency_ms=attempt.latency_ms if attempt else None,
        ahead=[ahead_view(call) for call in attempt.ahead.get(offset, ())] if attempt else [],
        warnings=list(attempt.warnings.get(offset, ())) if attempt else [],
        attempt_id=attempt.id if attempt else None,
        trace_id=(attempt.trace_id or None) if attempt else None,
        revision_number=attempt.revision_number if attempt else None,
        run_id=found.run_id or None,
        decided_at=moment(_decided_ms(attempt, found.outcome)),
    )


def expired_view(installation: Installation) -> DeliveryView:
    return DeliveryView(
        pipeline_integration_id=installation.id,
        integration_name=installation.name,
        vendor=installation.vendor,
        verdict=None,
        status=None,
        **_words(_EXPIRED),
        request=None,
        response=None,
        attempts=0,
        started_at=None,
        earlier=[],
        latency_ms=None,
        ahead=[],
        warnings=[],
        attempt_id=None,
        trace_id=None,
        revision_number=None,
        run_id=None,
        decided_at=None,
    )


def pending_view(
    installation: Installation, waits: Pending | None, state: State | None, *, run_id: str = LIVE
) -> PendingView:
    """`waits`: the row of the lane whose head batch holds the event; None where it is behind that, or in no lane."""
    name, ruling = _why(installation, waits, state)
    due_ms = waits.next_try_ms if waits and name == "retrying" else state.next_probe_ms if state else None
    return PendingView(
        pipeline_integration_id=installation.id,
        integration_name=installation.name,
        vendor=installation.vendor,
        state=name,
        **_words(ruling),
        last_answer=response_view(waits.answer) if waits else None,
        attempts=waits.tries if waits else 0,
        next_try_at=moment(due_ms) if due_ms else None,
        run_id=run_id or None,
    )


def own_request(attempt: Attempt, offset: int, pick: Pick | None) -> RequestView:
    return request_view(attempt.request, _own_body(attempt, offset, pick))


def _told(attempt: Attempt | None, offset: int) -> Ruling:
    return attempt.told.get(offset, DELIVERED) if attempt else DELIVERED


def _own_body(attempt: Attempt, offset: int, pick: Pick | None) -> Any:
    """One part where the event is one item, a list of parts where it is several."""
    whole = attempt.request.body
    places = [index for index, member in enumerate(attempt.offsets) if member == offset]
    if pick is None or not places:
        return parsed(whole)
    try:
        parts = [parsed(pick(whole, index)) for index in places]
    except UNREADABLE:
        return parsed(whole)
    return parts[0] if len(parts) == 1 else parts


def _why(installation: Installation, waits: Pending | None, state: State | None) -> tuple[str, Ruling]:
    """What holds the whole integration comes before what holds one batch."""
    if installation.removed_ms is not None:
        return "queued", _REMOVED
    if installation.paused:
        return "paused", _PAUSED
    if waits and waits.ruling.verdict is Verdict.SUSPENDED:
        return "suspended", waits.ruling
    if state and state.name == "suspended":
        return "suspended", _of_state(state)
    if waits:
        return "retrying", waits.ruling
    return "queued", _of_state(state) if state else Ruling(Verdict.RETRY)


def _of_state(state: State) -> Ruling:
    return Ruling(Verdict.RETRY, state.reason, state.cause, state.cure, state.symptom)


def _words(ruling: Ruling) -> dict[str, Any]:
    return {name: getattr(ruling, name) or None for name in ("reason", "cause", "cure", "symptom")}


def _decided_ms(attempt: Attempt | None, outcome: Outcome | None) -> float:
    if outcome:
        return outcome.decided_ms
    return attempt.started_ms + attempt.latency_ms if attempt else 0
