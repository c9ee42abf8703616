"""What became of one event at one installation: a final verdict, or what it waits for."""

from collections.abc import Callable
from typing import Any, Final

from datafly.management.views.event import DeliveryView, PendingView
from datafly.management.views.exchange import RequestView, ahead_view, parsed, request_view, response_view
from datafly.management.views.times import moment
from datafly.model.delivery import LIVE, Attempt, Outcome, Pending, State
from datafly.model.errors import SignalError
from datafly.model.installation import Installation
from datafly.model.pii import sent
from datafly.model.verdict import DELIVERED, Ruling, Verdict
from datafly.store.base import Delivery

Pick = Callable[[str, int], str]
"""The part of a request's body that one item caused: `spec.Compiled.pick`."""

UNREADABLE: Final = (SignalError, ValueError, LookupError, TypeError, AttributeError)
"""What a vendor's functions raise over a config or a body that they did not foresee."""

_UNTOLD: Final = (
    "Not shown: this request is of several events, and which part is of this one cannot be told ({why}). Signal has "
    "rules on personal data for the pipeline, and of the others it cannot hide what these are about."
)
_NO_PICK: Final = "the settings of the integration cannot be used; mend them"
_NO_PARTS: Final = "it is not as the integration makes them now"

_EXPIRED: Final = Ruling(
    Verdict.DELIVERED,
    reason="record_expired",
    cause="It was decided; the record of how is older than what is kept.",
    cure="Keep records longer, if you need them.",
)
_PAUSED: Final = Ruling(Verdict.RETRY, "paused", "This integration was paused.", "Resume it; nothing is lost.")
_REMOVED: Final = Ruling(Verdict.SKIPPED, "installation_removed", "This integration was removed; it is being closed.")


def delivery_view(installation: Installation, found: Delivery, offset: int, pick: Pick | None) -> DeliveryView:
    """`found` has a verdict. `pick` None: nobody can tell which part of a request's body is of the event. It is
    shown whole then, but where rules on personal data are in force and others are in it.
    """
    attempt = found.attempt
    ruling = found.outcome.ruling if found.outcome else _told(attempt, offset)
    return DeliveryView(
        pipeline_integration_id=installation.id,
        integration_name=installation.name,
        vendor=installation.vendor,
        verdict=found.verdict,
        status=attempt.response.status if attempt else None,
        **_words(ruling),
        request=_own_request(installation, attempt, offset, pick) if attempt else None,
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


def _own_request(installation: Installation, attempt: Attempt, offset: int, pick: Pick | None) -> RequestView:
    whole = attempt.request.body
    parts = _own_parts(attempt, offset, pick) if pick else []
    if parts and (whole not in parts or set(attempt.offsets) == {offset}):
        shown = [parsed(part) for part in parts]
        return request_view(attempt.request, shown[0] if len(shown) == 1 else shown)
    is_ruled = sent(installation.pii_rules, installation.vendor) is not None
    if whole and is_ruled and set(attempt.offsets) != {offset}:
        return request_view(attempt.request, _UNTOLD.format(why=_NO_PARTS if pick else _NO_PICK))
    return request_view(attempt.request, parsed(whole))


def _told(attempt: Attempt | None, offset: int) -> Ruling:
    return attempt.told.get(offset, DELIVERED) if attempt else DELIVERED


def _own_parts(attempt: Attempt, offset: int, pick: Pick) -> list[str]:
    """A part for each item that the event is. What cannot be picked apart is a part as a whole, or there is none."""
    places = [index for index, member in enumerate(attempt.offsets) if member == offset]
    try:
        return [pick(attempt.request.body, index) for index in places]
    except UNREADABLE:
        return []


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
