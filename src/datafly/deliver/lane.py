"""One lane: one request after the other; nothing overtakes, and what became of one is durable before the next."""

from collections.abc import Sequence
from typing import Final, Protocol

from datafly.deliver import reasons, tracing
from datafly.deliver.backlog import Backlog
from datafly.deliver.batch import Batch, Member, Unit
from datafly.deliver.bell import Bell
from datafly.deliver.following import followed_of
from datafly.deliver.gate import Ticket
from datafly.deliver.judge import THROTTLED, Decision, Meaning, decide
from datafly.deliver.notices import drift_of
from datafly.deliver.record import Exchange, ahead_call, attempt_of, shown_answer, shown_ruling
from datafly.deliver.site import Site
from datafly.deliver.telling import tell_answered
from datafly.deliver.thrift import NOTHING_SPENT, Spent
from datafly.model.delivery import LIVE, Answer, Attempt, Notice, Outgoing, Pending, Reply, Sighting
from datafly.model.verdict import FINAL, Ruling, Verdict
from datafly.observe.base import emit
from datafly.observe.deliver import DeliverPaceSlowed
from datafly.store.base import Writing

Finals = Sequence[tuple[int, Ruling]]
_LARGEST_DOUBLING: Final = 30
_GATEWAY_TIMEOUT: Final = 504
_MOST_AMENDS: Final = 3


class Book(Protocol):
    """Where a lane's outcomes go: the run that it belongs to."""

    partition: int
    run_id: str
    held: bool
    broken_off_ms: int

    async def decide(
        self,
        finals: Finals,
        *,
        attempt: Attempt | None = None,
        sightings: tuple[Sighting, ...] = (),
        local: Finals = (),
        cleared: int | None = None,
        spent: Spent = NOTHING_SPENT,
    ) -> None:
        """Durable on return. `finals` came of the attempt, `local` of no request; lane `cleared` waits no more."""

    def tell_pending(self, pending: Pending) -> None: ...

    def tell_notice(self, notice: Notice) -> None: ...


class Lane:
    """`busy`: a request is under way, or what it came to is not durable yet."""

    def __init__(self, number: int, site: Site, book: Book) -> None:
        self.number = number
        self.busy = False
        self._site = site
        self._book = book
        self._backlog = Backlog(site, broken_off_ms=book.broken_off_ms)
        self._bell = Bell(site.clock)
        self._changed = Bell(site.clock)
        self._told_pending = False
        self._pending_at = 0.0

    @property
    def queued_bytes(self) -> int:
        return self._backlog.queued_bytes

    @property
    def _place(self) -> tuple[str, int, str]:
        return (self._site.id, self._book.partition, self._book.run_id)

    def put(self, members: Sequence[Member]) -> None:
        """And look up, if anything waits."""
        self._backlog.put(members)
        if self._backlog:
            self._bell.ring()

    def disturb(self) -> None:
        """Something changed: do not sleep on."""
        self._bell.ring()
        self._changed.ring()

    async def step(self) -> None:
        """Decides some of what waits, waiting for it if need be."""
        await self._ripen()
        if self._site.closing is not None:
            await self._close(self._site.closing)
            return
        ticket = await self._site.gate.admit()
        if ticket is None:
            return
        try:
            async with self._site.slots:
                backoff = await self._take_turn(ticket)
        finally:
            self._site.gate.leave(ticket)
        if backoff > 0:
            await self._changed.wait(backoff)

    async def _ripen(self) -> None:
        while not self._backlog or self._book.held:
            await self._bell.wait()
        while self._site.closing is None and (delay := self._backlog.due_in(self._site.clock.monotonic())) > 0:
            await self._bell.wait(delay)

    async def _close(self, ruling: Ruling) -> None:
        self._backlog.close_all(ruling)
        await self._decide()

    async def _take_turn(self, ticket: Ticket) -> float:
        """At most one request. How many seconds this lane should wait before its next turn."""
        batch = self._next_batch(ticket)
        batch = batch and await self._in_turn(ticket, batch)
        if batch is None or batch.outgoing is None:
            await self._decide()
            return 0.0
        self.busy = True
        try:
            return await self._exchange(ticket, batch, batch.outgoing)
        finally:
            self.busy = False

    def _next_batch(self, ticket: Ticket) -> Batch | None:
        if not self._may_send(ticket):
            return None
        batch = self._backlog.head()
        if ticket.probe and batch is not None and batch.fails and len(batch.units) == 1:
            self._backlog.step_aside()
            batch = self._backlog.head()
        return batch

    def _may_send(self, ticket: Ticket) -> bool:
        return not self._book.held and self._site.gate.stands(ticket)

    async def _in_turn(self, ticket: Ticket, batch: Batch) -> Batch | None:
        """The batch, once the pace lets it go; None if things changed meanwhile: it is to be looked at again."""
        pace = self._site.pace(batch.compiled, batch.call)
        turn = pace.book()
        if pace.due_in(turn) <= 0:
            return batch
        while (delay := pace.due_in(turn)) > 0:
            if await self._changed.wait(delay):
                return None
        # Looked at again, and not chosen anew: a probe that let it step aside would wait for another turn, for ever.
        return batch if self._may_send(ticket) and self._backlog.head() is batch else None

    async def _exchange(self, ticket: Ticket, batch: Batch, outgoing: Outgoing) -> float:
        started_ms, sent_at = self._site.clock.now_ms(), self._site.clock.monotonic()
        traced = tracing.begin(batch)
        self._site.pace(batch.compiled, batch.call).rate.leaves()
        if batch.compiled.sign is not None:
            outgoing = batch.compiled.sign(outgoing, batch.items(), started_ms)
        reply = await self._site.parts.transport.send(outgoing)
        batch.tries += 1
        batch.sealed = True
        decision = decide(batch.compiled, reply, batch.items(), installation_id=self._site.id)
        batch.doubted = batch.doubted or (not batch.compiled.idempotent and _may_be_taken(reply, decision))
        if decision.drift:
            secrets = batch.compiled.secrets
            self._book.tell_notice(drift_of(self._site.id, decision.drift, secrets, started_ms))
        self._pace_itself(batch, reply, decision, sent_at)
        answer = shown_answer(reply, outgoing, batch.compiled.secrets, self._site.settings.answer_bytes)
        backoff = self._report(ticket, batch, reply, decision)
        taken = _taken(batch, decision)
        self._follow(batch, reply, decision, started_ms)
        finals, rest = self._sort_out(batch, decision, reply)
        exchange = Exchange(outgoing, answer, started_ms, reply.latency_ms, traced)
        _keep_ahead(batch, exchange, rest)
        attempt = self._attempt(batch, exchange, finals) if finals else None
        self._site.failed += attempt is None
        tell_answered(batch, exchange, decision, place=self._place, attempt_id=attempt.id if attempt else "")
        for part in rest:
            part.earlier = (*batch.earlier, answer)[-self._site.settings.earlier_answers :]
            part.outgoing = None  # made again of the same items it is the same
        self._backlog.replace_head(rest)
        spent = self._account(batch, taken)
        sightings = self._site.sightings.of(batch, attempt.delivered, started_ms) if attempt else ()
        await self._decide(finals, attempt, sightings, spent)
        if rest and decision.told.verdict not in FINAL:
            self._tell_pending(rest, decision.told, answer, backoff)
        return backoff

    def _account(self, batch: Batch, taken: Sequence[Unit]) -> Spent:
        pairs = ((unit.member.entry.type, unit.item) for unit in taken)
        return self._site.thrift.account(batch.compiled, pairs, is_live=self._book.run_id == LIVE)

    def _follow(self, batch: Batch, reply: Reply, decision: Decision, started_ms: int) -> None:
        """Posted before what became final with it, so never later durable than that."""
        followed = followed_of(batch, reply, decision, place=self._place, now_ms=started_ms)
        if followed is not None:
            batch.ticket = followed.ticket
            self._site.recorder.post(Writing(followed=(followed,)), partition=self._book.partition)

    def _attempt(self, batch: Batch, exchange: Exchange, finals: Finals) -> Attempt:
        delivered = [offset for offset, ruling in finals if ruling.verdict is Verdict.DELIVERED]
        return attempt_of(batch, exchange, place=self._place, delivered=delivered)

    def _pace_itself(self, batch: Batch, reply: Reply, decision: Decision, sent_at: float) -> None:
        rate = self._site.pace(batch.compiled, batch.call).rate
        if reply.status == THROTTLED and rate.refused(sent_at):
            emit(
                DeliverPaceSlowed(
                    installation_id=self._site.id,
                    vendor=batch.compiled.vendor,
                    requests_per_minute=rate.shown,
                    documented=rate.documented,
                )
            )
        elif decision.meaning is Meaning.WORKS:
            rate.taken()

    def _report(self, ticket: Ticket, batch: Batch, reply: Reply, decision: Decision) -> float:
        """Tells the gate, and counts the failure for the batch. Seconds that the lane should wait."""
        gate = self._site.gate
        successes = gate.successes
        if decision.meaning is Meaning.WORKS:
            gate.works(ticket)
        elif not self._site.serves(batch.compiled):
            return 0.0  # judged by a revision that is replaced: built anew and asked again
        elif decision.meaning is Meaning.SUSPENDS:
            gate.suspends(ticket, shown_ruling(decision.told, batch.compiled.secrets))
            return 0.0
        else:
            gate.fails(ticket, shown_ruling(decision.told, batch.compiled.secrets))
        if decision.told.verdict is not Verdict.RETRY:
            return 0.0
        self._count_failure(batch, successes)
        return self._backoff(batch, reply, decision.told)

    def _count_failure(self, batch: Batch, successes: int) -> None:
        if batch.fails == 0:
            batch.failing_since = self._open_seconds()
            batch.successes_before = successes
        batch.fails += 1

    def _open_seconds(self) -> float:
        """Time that only passes while the installation may send: nothing ages while the vendor is down."""
        return self._site.clock.monotonic() - self._site.gate.idle_seconds()

    def _backoff(self, batch: Batch, reply: Reply, told: Ruling) -> float:
        settings = self._site.settings
        asked = min(told.retry_after_seconds or 0.0, settings.max_retry_after_seconds)
        if asked > 0 and reply.status == THROTTLED:
            self._site.pace(batch.compiled, batch.call).hold(asked)
        doubled = settings.first_retry_seconds * 2 ** min(batch.fails - 1, _LARGEST_DOUBLING)
        jittered = self._site.parts.rng.uniform(0.0, min(doubled, settings.max_retry_seconds))
        return max(jittered, asked) if self._site.gate.running else 0.0

    def _sort_out(self, batch: Batch, decision: Decision, reply: Reply) -> tuple[Finals, list[Batch]]:
        """What is final now, and the batches that are left of this one."""
        throttled = reply.status == THROTTLED
        if decision.split:
            return [], list(batch.halves())
        finals: list[tuple[int, Ruling]] = []
        again: list[Unit] = []
        amended = _amended(batch, decision)
        for unit, ruling in zip(batch.units, decision.rulings, strict=True):
            if unit in amended:
                continue
            if ruling.verdict in FINAL:
                self._settle(unit.member, ruling, batch, finals)
            else:
                again.append(unit)
        otherwise = batch.alone([unit for unit in amended if not unit.member.done])
        again = [unit for unit in again if not unit.member.done]
        if not again:
            return finals, otherwise
        if reply.unknown_outcome and len(again) > 1 and batch.call in batch.compiled.repeats_alone:
            return finals, [*otherwise, *batch.alone(again)]
        if self._is_given_up(batch, again, decision, throttled=throttled):
            self._settle(again[0].member, reasons.exhausted(decision.told), batch, finals)
            return finals, []
        rest = self._remainder(batch, again, throttled=throttled or decision.meaning is Meaning.SUSPENDS)
        return finals, [*otherwise, *rest]

    def _settle(self, member: Member, ruling: Ruling, batch: Batch, finals: list[tuple[int, Ruling]]) -> None:
        """An event is DELIVERED when all its items are; its first other final verdict is its own."""
        if member.done:
            return
        shown = shown_ruling(ruling, batch.compiled.secrets)
        if ruling.verdict is Verdict.DELIVERED:
            member.told = member.told or _told(batch, shown)
            member.left -= 1
            if member.left > 0:
                return
        member.done = True
        finals.append((member.offset, shown))

    def _remainder(self, batch: Batch, again: list[Unit], *, throttled: bool) -> list[Batch]:
        """A part of one event begins its own count: what it failed in company says little about it."""
        rest = batch if len(again) == len(batch.units) else batch.part(again)
        if len(again) == 1:
            return [rest]
        if not throttled and self._is_to_be_isolated(batch):
            return [*rest.suspects()]
        rest.fails, rest.failing_since, rest.successes_before = batch.fails, batch.failing_since, batch.successes_before
        return [rest]

    def _is_to_be_isolated(self, batch: Batch) -> bool:
        settings = self._site.settings
        if batch.suspect:
            return batch.fails > 0
        if self._others_succeed(batch):
            return batch.fails >= settings.isolate_after_tries
        return batch.fails >= settings.isolate_down_after_tries

    def _is_given_up(self, batch: Batch, again: list[Unit], decision: Decision, *, throttled: bool) -> bool:
        if len(batch.units) > 1 or not again or throttled or decision.meaning is not Meaning.FAILS:
            return False
        age = self._open_seconds() - batch.failing_since
        return age >= self._site.settings.give_up_seconds and self._others_succeed(batch)

    def _others_succeed(self, batch: Batch) -> bool:
        return batch.fails > 0 and self._site.gate.successes > batch.successes_before

    async def _decide(
        self,
        finals: Finals = (),
        attempt: Attempt | None = None,
        sightings: tuple[Sighting, ...] = (),
        spent: Spent = NOTHING_SPENT,
    ) -> None:
        local = self._backlog.take_decided()
        cleared = self._told_pending and not self._backlog.todo
        self._told_pending = self._told_pending and not cleared
        if finals or local or cleared or spent.taken or spent.counts:
            lane = self.number if cleared else None
            await self._book.decide(
                finals, attempt=attempt, sightings=sightings, local=local, cleared=lane, spent=spent
            )

    def _tell_pending(self, rest: list[Batch], told: Ruling, answer: Answer, backoff: float) -> None:
        now = self._site.clock.monotonic()
        if self._told_pending and now - self._pending_at < self._site.settings.pending_interval_seconds:
            return
        self._told_pending, self._pending_at = True, now
        next_try_ms = self._site.gate.next_probe_ms or self._site.clock.now_ms() + round(backoff * 1000)
        self._book.tell_pending(
            Pending(
                installation_id=self._site.id,
                partition=self._book.partition,
                lane=self.number,
                offsets=tuple(member.offset for part in rest for member in part.members()),
                tries=rest[0].tries,
                ruling=shown_ruling(told, rest[0].compiled.secrets),
                answer=answer,
                next_try_ms=next_try_ms,
                run_id=self._book.run_id,
            )
        )


def _may_be_taken(reply: Reply, decision: Decision) -> bool:
    """Although nobody said so: no answer came, also to whoever stands between, or a success that nobody can read."""
    unread = decision.drift and decision.told.verdict is Verdict.RETRY
    return reply.unknown_outcome or reply.status == _GATEWAY_TIMEOUT or bool(reply.status and unread)


def _taken(batch: Batch, decision: Decision) -> list[Unit]:
    """What the vendor took with this answer."""
    if batch.compiled.meter is None or decision.split:
        return []
    told = zip(batch.units, decision.rulings, strict=True)
    return [unit for unit, ruling in told if ruling.verdict is Verdict.DELIVERED]


def _amended(batch: Batch, decision: Decision) -> list[Unit]:
    """Those in whose place something else is sent, and not for ever."""
    found = []
    for unit, item in zip(batch.units, decision.instead, strict=False):
        if item is not None and unit.amends < _MOST_AMENDS:
            unit.item, unit.amends = item, unit.amends + 1
            found.append(unit)
    return found


def _told(batch: Batch, ruling: Ruling) -> Ruling | None:
    """What is to be known of an item that was delivered."""
    if ruling.reason:
        return ruling
    if batch.doubted:
        return reasons.POSSIBLY_DOUBLED
    return reasons.taken_as_job(batch.ticket) if batch.ticket else None


def _keep_ahead(batch: Batch, exchange: Exchange, rest: list[Batch]) -> None:
    """An item that was taken while others of its event are still to go is told with the one that settles the event."""
    waits = {id(unit) for part in rest for unit in part.units}
    for index, unit in enumerate(batch.units):
        if not unit.member.done and id(unit) not in waits:
            unit.member.ahead += (ahead_call(batch, exchange, index),)
