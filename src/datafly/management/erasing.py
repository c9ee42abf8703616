"""Somebody asks to be erased: who that is, which vendors are asked, and that nothing of before is shown any more."""

from datetime import datetime
from typing import Any, Final, Protocol

import msgspec

from datafly.log.base import Record
from datafly.management.services import Catalog, WhoIs
from datafly.management.views.times import moment, moment_or_none
from datafly.model.clock import Clock
from datafly.model.erasure import NOBODY_ERASED, CallTry, Erased, Erasure, ErasureCall
from datafly.model.errors import Conflict, Invalid
from datafly.model.event import Event
from datafly.model.installation import Installation
from datafly.model.verdict import Ruling, Verdict
from datafly.spec.calls import DELETE_USER
from datafly.store.base import Control

_LOOK_MS: Final = 1_000
_LONGEST: Final = 1_000
_BY_HAND: Final = frozenset({"no_deletion_call", "not_erasable_by_call"})


class EraseBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Any of them; whoever is known by one is erased by all ids that belong to it."""

    user_id: str | None = None
    anonymous_id: str | None = None
    email: str | None = None


class CallTryView(msgspec.Struct, frozen=True):
    """In place of secrets, and of what says who it is, stands `***`."""

    started_at: datetime
    latency_ms: float
    request: dict[str, Any]
    response: dict[str, Any]


class ErasureCallView(msgspec.Struct, frozen=True):
    """`state`: waiting (for its first or next try), done, nothing_to_do, by_hand (it has no call that
    does it), not_done. `verdict` is of the last answer.
    """

    pipeline_integration_id: str
    integration_name: str
    vendor: str
    state: str
    verdict: str | None
    reason: str
    cause: str
    cure: str
    tries: int
    next_try_at: datetime | None
    attempts: list[CallTryView]


class ErasureView(msgspec.Struct, frozen=True):
    """`user_ids`, `anonymous_ids`, `emails`: as long as something is left to do; when all is done, nobody knows any
    more who it was.
    """

    id: str
    created_at: datetime
    created_by: str
    state: str
    user_ids: list[str]
    anonymous_ids: list[str]
    emails: list[str]
    calls: list[ErasureCallView]


class Ground(Protocol):
    """What an erasure is decided on: the services of the API, or what the command line opens."""

    @property
    def control(self) -> Control: ...

    @property
    def catalog(self) -> Catalog: ...

    @property
    def clock(self) -> Clock: ...

    @property
    def whom(self) -> WhoIs: ...


def erase(services: Ground, body: EraseBody, by: str, *, after_seconds: float) -> Erasure:
    """Vendors are asked `after_seconds`. Raises `Invalid` where nobody is named."""
    asked = {name: value.strip() for name in body.__struct_fields__ if (value := getattr(body, name)) is not None}
    if not any(asked.values()) or any(len(value) > _LONGEST for value in asked.values()):
        raise Invalid("Name a user_id, an anonymous_id or an email.", field="user_id")
    whom = services.whom(**asked)
    due_ms = services.clock.now_ms() + int(after_seconds * 1_000)
    calls = [_call(services, one, due_ms) for one in services.control.installations()]
    return services.control.erase(whom, calls, created_by=by)


def ask_again(services: Ground, erasure_id: str) -> Erasure:
    """Raises `Conflict` (`ERASURE_CLOSED`) where nobody knows any more who it was."""
    if services.control.erasure(erasure_id).whom is None:
        raise Conflict("It is done, or over a month old: who it was is forgotten. Erase anew.", code="ERASURE_CLOSED")
    return services.control.retry_calls(erasure_id)


def view_of(erasure: Erasure) -> ErasureView:
    calls = [_call_view(one) for one in erasure.calls]
    whom = erasure.whom
    return ErasureView(
        id=erasure.id,
        created_at=moment(erasure.created_ms),
        created_by=erasure.created_by,
        state=_state_of([one.state for one in calls]),
        user_ids=list(whom.user_ids) if whom else [],
        anonymous_ids=list(whom.anonymous_ids) if whom else [],
        emails=[whom.traits["email"]] if whom and "email" in whom.traits else [],
        calls=calls,
    )


def _call(services: Ground, installation: Installation, due_ms: int) -> ErasureCall:
    integration = services.catalog.get(installation.vendor)
    call = ErasureCall("", installation.id, installation.vendor, installation.template.name, due_ms)
    if any(one.key == DELETE_USER for one in integration.calls):
        return call
    ruling = Ruling(
        Verdict.SKIPPED,
        "no_deletion_call",
        cause=f"{integration.name} has no call by which somebody is erased.",
        cure=f"Erase the person in {integration.name} itself.",
    )
    return msgspec.structs.replace(call, next_ms=None, ruling=ruling)


def _state_of(states: list[str]) -> str:
    worst = ("waiting", "not_done", "by_hand")
    return next((one for one in worst if one in states), "done")


def _call_view(call: ErasureCall) -> ErasureCallView:
    ruling = call.ruling or Ruling(Verdict.RETRY)
    return ErasureCallView(
        pipeline_integration_id=call.installation_id,
        integration_name=call.name,
        vendor=call.vendor,
        state=_call_state(call),
        verdict=call.ruling.verdict.value if call.ruling else None,
        reason=ruling.reason,
        cause=ruling.cause,
        cure=ruling.cure,
        tries=call.tries,
        next_try_at=moment_or_none(call.next_ms),
        attempts=[_try_view(one) for one in call.attempts],
    )


def _call_state(call: ErasureCall) -> str:
    if not call.is_final or call.ruling is None:
        return "waiting"
    if call.ruling.reason in _BY_HAND:
        return "by_hand"
    return {Verdict.DELIVERED: "done", Verdict.SKIPPED: "nothing_to_do"}.get(call.ruling.verdict, "not_done")


def _try_view(one: CallTry) -> CallTryView:
    return CallTryView(
        moment(one.started_ms), one.latency_ms, msgspec.to_builtins(one.request), msgspec.to_builtins(one.response)
    )


class Hidden:
    """Records of people who were erased later: they are in the log until it forgets them, and nobody is shown them."""

    def __init__(self, control: Control, clock: Clock) -> None:
        self._control = control
        self._clock = clock
        self._erased: Erased = NOBODY_ERASED
        self._looked_ms = -_LOOK_MS

    def __call__(self, record: Record) -> bool:
        erased = self._known()
        if not erased or record.at_ms > erased.newest_ms + _LOOK_MS:
            return False
        try:
            return erased.covers(msgspec.json.decode(record.value, type=Event))
        except (msgspec.DecodeError, UnicodeError):
            return False

    def _known(self) -> Erased:
        now_ms = self._clock.now_ms()
        if now_ms - self._looked_ms >= _LOOK_MS:
            self._erased, self._looked_ms = self._control.erased(), now_ms
        return self._erased
