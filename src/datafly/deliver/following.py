"""What the vendor took as a job: its outcome is asked for later, and given back to the events that it is of."""

import secrets as randomness
from collections.abc import Collection, Mapping
from functools import partial
from typing import Final

import msgspec

from datafly.deliver.batch import Batch
from datafly.deliver.judge import THROTTLED, Decision
from datafly.deliver.notices import drift_of
from datafly.deliver.offload import Offload
from datafly.deliver.record import outcomes_of, shown_ruling
from datafly.deliver.site import Site
from datafly.model.delivery import Followed, Outcome, Reply
from datafly.model.ids import ENTROPY_BYTES, make_id
from datafly.model.verdict import DELIVERED, Judgement, Ruling, Verdict
from datafly.observe.base import emit
from datafly.observe.deliver import DeliverEventsDecided, DeliverJudgeFailed
from datafly.spec.compiled import Compiled, CompiledLater
from datafly.store.base import Writing

_AT_ONCE: Final = 50
_MOST_ASKED: Final = 60
"""So many requests about one job; its failures may be told in pages."""
_LONGEST_WAIT_SECONDS: Final = 600
_GONE: Final = frozenset({404, 410})
_NEVER_TOLD: Final = "What became of a job is not known: the vendor did not tell it, or has forgotten it."


def followed_of(
    batch: Batch, reply: Reply, decision: Decision, *, place: tuple[str, int, str], now_ms: int
) -> Followed | None:
    """`place`: installation, partition, run. None where the outcome is known, or nobody is to be asked."""
    later = batch.compiled.later.get(batch.call)
    is_taken = any(ruling.verdict is Verdict.DELIVERED for ruling in decision.rulings)
    ticket = later.ticket(reply) if later and is_taken else None
    if later is None or ticket is None:
        return None
    installation_id, partition, run_id = place
    return Followed(
        id=make_id("fol", now_ms, randomness.token_bytes(ENTROPY_BYTES)),
        installation_id=installation_id,
        partition=partition,
        call=batch.call,
        ticket=ticket,
        offsets=batch.offsets(),
        since_ms=now_ms,
        due_ms=now_ms + later.first_seconds * 1_000,
        run_id=run_id,
    )


class Following:
    """Of one installation: looks now and then what is due, and asks one after the other at a pace of its own.

    `partitions`: those whose jobs are asked for here, as they are at any time; None: all.
    """

    def __init__(self, site: Site, offload: Offload, partitions: Collection[int] | None = None) -> None:
        self._site = site
        self._offload = offload
        self._partitions = partitions

    async def step(self) -> None:
        await self._site.clock.sleep(self._site.settings.following_interval_seconds)
        compiled, site = self._site.compiled, self._site
        if compiled is None or not compiled.later or site.closing is not None or not site.gate.running:
            return
        partitions = None if self._partitions is None else frozenset(self._partitions)
        due_ms = site.clock.now_ms()
        find = partial(site.parts.ledger.followed, site.id, due_ms=due_ms, limit=_AT_ONCE, partitions=partitions)
        for one in await self._offload(find):
            await self._look_after(compiled, one)

    async def _look_after(self, compiled: Compiled, one: Followed) -> None:
        later = compiled.later.get(one.call)
        told = await self._asked(compiled, later, one) if later else ""
        is_told = isinstance(told, Judgement)
        if isinstance(told, Judgement) and await self._settled(compiled, one, told):
            return
        if later is None or told == "" or (not is_told and self._age_seconds(one) >= later.give_up_seconds):
            drift = drift_of(self._site.id, _NEVER_TOLD, compiled.secrets, self._site.clock.now_ms())
            await self._write(one, Writing(settled=((one.installation_id, one.id),), notices=(drift,)))
        else:
            await self._write(one, Writing(followed=(self._put_off(one, later.first_seconds),)))

    async def _asked(self, compiled: Compiled, later: CompiledLater, one: Followed) -> Judgement | str | None:
        """What became of it; None: it is not known yet; "": nobody will tell."""
        replies: list[Reply] = []
        path = later.path(one.ticket)
        for _ in range(_MOST_ASKED):
            reply = await self._reply_to(compiled, later, path)
            if reply.status in _GONE:
                return ""
            if reply.status is None or not 200 <= reply.status < 300:
                return None
            replies.append(reply)
            told = self._judged(compiled, later, replies, len(one.offsets))
            if not isinstance(told, str):
                return told
            path = told
        return None

    async def _reply_to(self, compiled: Compiled, later: CompiledLater, path: str) -> Reply:
        pace = self._site.pace(compiled, later.rate_key)
        turn = pace.book()
        while (delay := pace.due_in(turn)) > 0:
            await self._site.clock.sleep(delay)
        sent_at = self._site.clock.monotonic()
        pace.rate.leaves()
        reply = await self._site.parts.transport.send(later.ask(path))
        if reply.status == THROTTLED:
            pace.rate.refused(sent_at)
            pace.hold(_asked_to_wait(reply.headers))
        return reply

    def _judged(
        self, compiled: Compiled, later: CompiledLater, replies: list[Reply], count: int
    ) -> Judgement | str | None:
        try:
            return later.judge(replies, count)
        except Exception as error:  # noqa: BLE001 - a definition's fault: counted, and asked for again
            words = f"{type(error).__name__}: {error}"
            emit(DeliverJudgeFailed(installation_id=self._site.id, vendor=compiled.vendor, error=words))
            return None

    async def _settled(self, compiled: Compiled, one: Followed, told: Judgement) -> bool:
        """False: an event has items that are still under way, so that it has no verdict to be changed yet."""
        refused = _refused(compiled, one, told)
        if refused and not await self._are_final(one, refused):
            return False
        now_ms = self._site.clock.now_ms()
        template = Outcome(one.installation_id, one.partition, 0, 0, DELIVERED, now_ms, run_id=one.run_id)
        drift = (drift_of(self._site.id, told.drift, compiled.secrets, now_ms),) if told.drift else ()
        late = outcomes_of(refused.items(), template)
        await self._write(one, Writing(late=late, notices=drift, settled=((one.installation_id, one.id),)))
        for outcome in late:
            emit(
                DeliverEventsDecided(
                    installation_id=self._site.id,
                    vendor=self._site.vendor,
                    verdict=outcome.verdict.value,
                    reason=outcome.ruling.reason,
                    events=outcome.last - outcome.first + 1,
                    intentional=False,
                )
            )
        return True

    async def _are_final(self, one: Followed, refused: Mapping[int, Ruling]) -> bool:
        first, last = min(refused), max(refused)
        decided = self._site.parts.ledger.decided
        known = await self._offload(lambda: decided(one.installation_id, one.partition, first, last, run_id=one.run_id))
        return all(any(begins <= offset <= ends for begins, ends, *_ in known) for offset in refused)

    def _put_off(self, one: Followed, first_seconds: int) -> Followed:
        seconds = min(first_seconds * 2 ** min(one.asked, 16), _LONGEST_WAIT_SECONDS)
        due_ms = self._site.clock.now_ms() + seconds * 1_000
        return msgspec.structs.replace(one, asked=one.asked + 1, due_ms=due_ms)

    def _age_seconds(self, one: Followed) -> float:
        return (self._site.clock.now_ms() - one.since_ms) / 1_000

    async def _write(self, one: Followed, writing: Writing) -> None:
        await self._site.recorder.post(writing, partition=one.partition)


def _refused(compiled: Compiled, one: Followed, told: Judgement) -> dict[int, Ruling]:
    """Event → why; the first of its items that was refused speaks for it."""
    rulings = (*told.items[: len(one.offsets)], *(told.whole for _ in one.offsets[len(told.items) :]))
    found: dict[int, Ruling] = {}
    for offset, ruling in zip(one.offsets, rulings, strict=True):
        if ruling.verdict is Verdict.REJECTED:
            found.setdefault(offset, shown_ruling(ruling, compiled.secrets))
    return found


def _asked_to_wait(headers: Mapping[str, str]) -> float:
    said = headers.get("retry-after", "")
    return min(float(said), _LONGEST_WAIT_SECONDS) if said.isdecimal() else 1.0
