"""Vendors are asked to erase somebody."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

import msgspec

from datafly.deliver.offload import Offload
from datafly.deliver.record import shown_answer, shown_request, shown_ruling
from datafly.deliver.site import Parts, Site
from datafly.deliver.thrift import Taken
from datafly.model.delivery import Outgoing, Reply
from datafly.model.erasure import CallTry, ErasureCall, Whom
from datafly.model.event import Event
from datafly.model.verdict import FINAL, Ruling, Verdict
from datafly.observe.base import emit
from datafly.observe.deliver import DeliverErasureAsked, DeliverJudgeFailed
from datafly.spec.calls import DELETE_USER, rate_key
from datafly.spec.compiled import Compiled
from datafly.transport.base import address_not_allowed, was_refused

_FIRST_RETRY_SECONDS: Final = 1.0
_MAX_RETRY_SECONDS: Final = 600.0
_GIVE_UP_MS: Final = 7 * 86_400_000
_ATTEMPTS: Final = 10
_WORST_FIRST: Final = (Verdict.REJECTED, Verdict.EXHAUSTED, Verdict.DELIVERED, Verdict.SKIPPED)
_REMOVED: Final = Ruling(
    Verdict.REJECTED,
    "installation_removed",
    cause="The integration was removed before the vendor was asked.",
    cure="Erase the person at the vendor.",
)
_UNUSABLE: Final = Ruling(
    Verdict.RETRY, "not_configured", cause="The integration's configuration cannot be used.", cure="Correct it."
)


class Erasing:
    """Makes the calls of all installations, those of one after the other. One process of those that deliver does."""

    def __init__(self, parts: Parts, site_of: Callable[[str], Site | None], offload: Offload) -> None:
        self._parts = parts
        self._site_of = site_of
        self._offload = offload

    async def step(self) -> None:
        due = await self._offload(partial(self._parts.control.due_calls, self._parts.clock.now_ms()))
        of_each: dict[str, list[tuple[ErasureCall, Whom]]] = {}
        for call, whom in due:
            of_each.setdefault(call.installation_id, []).append((call, whom))
        await asyncio.gather(*(self._of_one(calls) for calls in of_each.values()))

    async def _of_one(self, calls: Sequence[tuple[ErasureCall, Whom]]) -> None:
        for call, whom in calls:
            after = await self._made(call, whom)
            await self._offload(partial(self._parts.control.keep_call, after))
            if after.next_ms is not None:
                return  # what fails for one fails for the next: it has its time

    async def _made(self, call: ErasureCall, whom: Whom) -> ErasureCall:
        site = self._site_of(call.installation_id)
        if site is None or site.compiled is None:
            is_removed = await self._offload(partial(self._is_removed, call.installation_id))
            return _ended(call, _REMOVED) if is_removed else self._put_off(call, _UNUSABLE)
        requests = _requests(site.compiled, whom)
        for wanted in requests[call.subjects :]:
            call, ruling = await self._asked(site, site.compiled, call, whom, wanted)
            if ruling.verdict not in FINAL:
                return self._put_off(call, ruling)
            call = _taken(call, ruling)
            await self._offload(partial(self._forget_sent, site, site.compiled, whom))
        return _ended(call, call.worst or _not_known(call.name))

    def _is_removed(self, installation_id: str) -> bool:
        return self._parts.control.installation(installation_id).removed_ms is not None

    async def _asked(
        self, site: Site, compiled: Compiled, call: ErasureCall, whom: Whom, wanted: Outgoing | Ruling
    ) -> tuple[ErasureCall, Ruling]:
        if isinstance(wanted, Ruling):
            return call, wanted
        started_ms = site.clock.now_ms()
        outgoing = compiled.sign(wanted, (), started_ms) if compiled.sign else wanted
        reply = await self._reply_to(site, compiled, outgoing)
        hidden = compiled.secrets | whom.texts()
        answer = shown_answer(reply, outgoing, hidden, site.settings.answer_bytes)
        attempt = CallTry(started_ms, reply.latency_ms, shown_request(outgoing, hidden), answer)
        ruling = shown_ruling(self._judged(site, compiled, reply), hidden)
        emit(DeliverErasureAsked(installation_id=site.id, vendor=site.vendor, verdict=ruling.verdict.value))
        return msgspec.structs.replace(call, attempts=(*call.attempts, attempt)[-_ATTEMPTS:]), ruling

    async def _reply_to(self, site: Site, compiled: Compiled, outgoing: Outgoing) -> Reply:
        pace = site.pace(compiled, rate_key(DELETE_USER))
        turn = pace.book()
        while (delay := pace.due_in(turn)) > 0:
            await site.clock.sleep(delay)
        pace.rate.leaves()
        return await self._parts.transport.send(outgoing)

    def _judged(self, site: Site, compiled: Compiled, reply: Reply) -> Ruling:
        if was_refused(reply):
            return address_not_allowed(reply)
        try:
            return compiled.calls[DELETE_USER].judge(reply)
        except Exception as error:  # noqa: BLE001 - a definition's fault: counted, and asked again
            words = f"{type(error).__name__}: {error}"
            emit(DeliverJudgeFailed(installation_id=site.id, vendor=site.vendor, error=words))
            return Ruling(Verdict.RETRY, "not_understood", cause=f"The answer cannot be judged: {words}")

    def _put_off(self, call: ErasureCall, ruling: Ruling) -> ErasureCall:
        now_ms = self._parts.clock.now_ms()
        if now_ms - call.since_ms > _GIVE_UP_MS:
            return _ended(call, msgspec.structs.replace(ruling, verdict=Verdict.EXHAUSTED))
        seconds = min(_FIRST_RETRY_SECONDS * 2 ** min(call.tries, 16), _MAX_RETRY_SECONDS)
        seconds = max(seconds, min(ruling.retry_after_seconds or 0.0, _MAX_RETRY_SECONDS))
        next_ms = now_ms + int(seconds * 1_000)
        return msgspec.structs.replace(call, tries=call.tries + 1, next_ms=next_ms, ruling=ruling)

    def _forget_sent(self, site: Site, compiled: Compiled, whom: Whom) -> None:
        """Whatever is sent of them from now on is sent whole. Blocking."""
        if self._parts.sent is not None and compiled.meter is not None:
            taken = [one for subject in whom.subjects() for one in _told(site, compiled, subject)]
            self._parts.sent.keep(taken, site.clock.now_ms())


def _told(site: Site, compiled: Compiled, subject: Event) -> list[Taken]:
    now_ms = site.clock.now_ms()
    shaped = compiled.shape(msgspec.structs.replace(subject, timestamp_ms=now_ms, received_ms=now_ms), now_ms)
    return [] if isinstance(shaped, Ruling) else site.thrift.forgotten(compiled, shaped)


def _requests(compiled: Compiled, whom: Whom) -> list[Outgoing | Ruling]:
    """One for each of whom the vendor may know, none twice; or why one cannot be made."""
    found: dict[object, Outgoing | Ruling] = {}
    for subject in whom.subjects():
        user = compiled.whom(subject)
        if user:
            made = _request(compiled, user)
            found.setdefault((made.url, made.body) if isinstance(made, Outgoing) else made, made)
    return list(found.values())


def _request(compiled: Compiled, user: Mapping[str, object]) -> Outgoing | Ruling:
    try:
        return compiled.calls[DELETE_USER].make({"user": user})
    except ValueError as error:
        cure = "Nothing, if there is no such profile; else erase it at the vendor."
        return Ruling(Verdict.SKIPPED, "not_erasable_by_call", cause=str(error), cure=cure)


def _taken(call: ErasureCall, ruling: Ruling) -> ErasureCall:
    known = [one for one in (call.worst, ruling) if one is not None]
    worst = min(known, key=lambda one: _WORST_FIRST.index(one.verdict))
    return msgspec.structs.replace(call, subjects=call.subjects + 1, tries=0, worst=worst)


def _ended(call: ErasureCall, ruling: Ruling) -> ErasureCall:
    return msgspec.structs.replace(call, next_ms=None, ruling=ruling)


def _not_known(name: str) -> Ruling:
    return Ruling(Verdict.SKIPPED, "not_known_there", cause=f"{name} knows nobody by what is known of this person.")
