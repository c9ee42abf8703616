"""The work of one lane, in order: events that wait, and the batches that were made of the first of them."""

from collections import deque
from collections.abc import Iterable, Mapping
from itertools import islice, takewhile
from typing import Final

from datafly.deliver import reasons
from datafly.deliver.batch import Batch, Member, Unit
from datafly.deliver.entries import Entry
from datafly.deliver.site import Plan, Served, Site
from datafly.model.delivery import Answer, Item
from datafly.model.verdict import FINAL, Ruling
from datafly.observe.base import emit
from datafly.observe.deliver import DeliverShapeFailed
from datafly.spec.compiled import Compiled, Limits, Shaped
from datafly.spec.spending import Meter

_SHAPED_PER_TURN: Final = 1_000
"""So many events are shaped before others get a turn."""
_LOOKED_UP_AT_ONCE: Final = 250
"""Of so many events it is asked together what their visitors chose."""
_LISTS: Final = 3
"""A request that counts its lists by themselves has so many at most."""
_TRIED_ASIDE: Final = 3
"""So many events of a lane are sent alone while the vendor is silent; then these take turns."""


class Backlog:
    """`queue`: not yet shaped. `todo`: batches to send one after the other; the first is the *head*.

    Consent and shape are decided when a batch is made, and the head is looked at again each time it is asked for:
    members whose consent is gone leave it, and after a change of revision all batches are dissolved and made anew.
    A batch is of one revision. Batches of two are filled beside each other: what is of one key is of one revision.
    What is decided on the way, without sending, is kept in `decided` until it is taken. `broken_off_ms`: what came
    before that time may have been under way when a process ended without a word, up to what a request holds.
    """

    def __init__(self, site: Site, *, broken_off_ms: int = 0) -> None:
        self._site = site
        self._broken_off_ms = broken_off_ms
        self._since_broken_off = 0
        self.queue: deque[Member] = deque()
        self.todo: deque[Batch] = deque()
        self.decided: list[tuple[int, Ruling]] = []
        self.queued_bytes = 0
        self._past: tuple[int, tuple[Answer, ...]] = (0, ())
        self._budget = 0
        self._plan: Plan | None = None
        site.thrift.attend(self)

    def put(self, members: Iterable[Member]) -> None:
        for member in members:
            self.queue.append(member)
            self.queued_bytes += member.size

    def __bool__(self) -> bool:
        return bool(self.queue or self.todo)

    def is_full(self) -> bool:
        compiled = self._site.compiled
        if compiled is None:
            return True
        return len(self.queue) >= compiled.limits.max_items or self.queued_bytes >= compiled.limits.max_bytes

    def due_in(self, now: float) -> float:
        """Seconds until the first event that waits may wait no longer for company; 0 when a request can be made."""
        compiled = self._site.compiled
        if self.todo or compiled is None or self.is_full():
            return 0.0
        return max(self.queue[0].arrived + compiled.limits.flush_interval_ms / 1000 - now, 0.0)

    def head(self) -> Batch | None:
        """The batch to send now, assembled; None when there is nothing to send, perhaps only for this turn."""
        plan = self._site.plan
        if plan is None:
            return None
        if self._plan is not plan:
            self.dissolve()
            self._plan = plan
        self._budget = max(_SHAPED_PER_TURN, plan.pinned.compiled.limits.max_items)
        for batch in self.todo:
            self._recheck(batch)
        while self._fill(plan):
            if self.todo[0].is_few:
                self.replace_head(self.todo[0].alone(self.todo[0].units))
            if self._assemble(self.todo[0], self.todo[0].compiled.limits):
                return self.todo[0]
        return None

    def dissolve(self) -> None:
        """Batches become events again, in order, to be made anew."""
        if not self.todo:
            return
        self._past = (self.todo[0].tries, self.todo[0].earlier)
        waiting = _unfinished(self.todo)
        self.todo.clear()
        for member in reversed(waiting):
            member.left = 0
            self.queue.appendleft(member)
            self.queued_bytes += member.size

    def close_all(self, ruling: Ruling) -> None:
        """Decides everything that waits."""
        self.dissolve()
        self._past = (0, ())
        for member in self.queue:
            self._decide(member, ruling)
        self.queue.clear()
        self.queued_bytes = 0

    def replace_head(self, batches: Iterable[Batch]) -> None:
        """What became of the head: nothing, a part of it, or its halves."""
        self.todo.popleft()
        self.todo.extendleft(reversed([batch for batch in batches if batch.units]))

    def reserved(self) -> int:
        return sum([unit.cost for batch in self.todo for unit in batch.units if not unit.member.done])

    def take_decided(self) -> list[tuple[int, Ruling]]:
        decided, self.decided = self.decided, []
        return decided

    def step_aside(self) -> None:
        """While nothing is heard of the vendor, the head, one event that failed, lets another key be tried.

        It may itself be why the vendor fails. Order holds for each key: the one called up is the first of its key.
        """
        failed = list(takewhile(lambda batch: batch.fails and len(batch.units) == 1, self.todo))
        keys = {batch.units[0].member.key for batch in failed}
        if not failed or (len(failed) < _TRIED_ASIDE and (self._called_from_todo(keys) or self._called_up(keys))):
            return
        for batch in (*failed[1:], failed[0]):
            self.todo.remove(batch)
        self.todo.extendleft(reversed((*failed[1:], failed[0])))

    def _called_from_todo(self, but: set[str]) -> bool:
        for batch in self.todo:
            called = next((member for member in batch.members() if member.key not in but), None)
            if called is not None:
                mine = [unit for unit in batch.units if unit.member is called]
                batch.units, batch.outgoing = [unit for unit in batch.units if unit.member is not called], None
                self.todo.appendleft(batch.part(mine))
                return True
        return False

    def _called_up(self, but: set[str]) -> bool:
        """From the queue: it is shaped before those in front of it."""
        plan = self._site.plan
        index = next((index for index, member in enumerate(self.queue) if member.key not in but), None)
        if index is None or plan is None:
            return False
        todo, self.todo = self.todo, deque()
        self.queue.rotate(-index)
        try:
            self._shape_some(plan, 1)
        finally:  # its consent may be unreadable for a moment
            self.queue.rotate(index)
            for batch in self.todo:
                batch.sealed = True
            self.todo.extend(todo)
        return True

    def _recheck(self, batch: Batch) -> None:
        members = [member for member in batch.members() if not member.done]
        newer = self._site.newer_consents([member.entry for member in members])
        for member, known in zip(members, newer, strict=True):
            if known is not None and (ruling := self._refused(batch.compiled, member, known)):
                self._decide(member, ruling)

    def _refused(self, compiled: Compiled, member: Member, newer: Mapping[str, bool]) -> Ruling | None:
        try:
            return self._site.withheld(compiled, member.entry.event, newer)
        except Exception as error:  # noqa: BLE001 - a stage's loop: counted, and the event is kept as REJECTED
            return self._fault(error)

    def _fill(self, plan: Plan) -> bool:
        """Makes sure of a head with units, as full as may be; False if there is none."""
        while self.todo:
            self.todo[0].drop_done()
            if self.todo[0].units:
                break
            self.todo.popleft()
        while self.queue and self._budget > 0 and (room := self._room(plan)) > 0:
            self._shape_some(plan, min(room, self._budget, _LOOKED_UP_AT_ONCE))
        return bool(self.todo)

    def _room(self, plan: Plan) -> int:
        """How many items fit at least; none when a batch is full, or a revision has a second one."""
        todo = self.todo
        if not todo:
            return max(plan.pinned.compiled.limits.max_items, 1)
        if len(todo) > 1 and (len(todo) > 2 or todo[0].compiled is todo[1].compiled):
            return 0
        if not all(batch.has_room(batch.compiled.limits) for batch in todo):
            return 0
        return max(min(batch.compiled.limits.max_items - len(batch.units) for batch in todo), 1)

    def _shape_some(self, plan: Plan, most: int) -> None:
        """Of the first `most` that wait, until a batch is full. What visitors chose is asked of all of them at once."""
        waiting = list(islice(self.queue, most))
        newer = self._site.newer_consents([member.entry for member in waiting])
        now_ms = self._site.clock.now_ms()
        for member, known in zip(waiting, newer, strict=True):
            served = plan.of(member.key)
            wanted = self._made(served.compiled, member.entry, known, now_ms)
            meter = served.compiled.meter
            made = self._afforded(served.compiled, meter, wanted) if meter else wanted
            if made is None:
                self._budget = 0
                return
            self._budget -= 1
            self.queue.popleft()
            self.queued_bytes -= member.size
            if isinstance(made, Ruling):
                self._decide(member, made)
            elif not self._take_in(served, member, made):
                return

    def _made(self, compiled: Compiled, entry: Entry, newer: Mapping[str, bool] | None, now_ms: int) -> Shaped:
        try:
            event = entry.event
            withheld = self._site.withheld(compiled, event, newer)
            made = withheld or compiled.shape(event if newer is None else event.with_choices(newer), now_ms)
        except Exception as error:  # noqa: BLE001 - a stage's loop: counted, and the event is kept as REJECTED
            return self._fault(error)
        if isinstance(made, Ruling) and made is not withheld and made.verdict not in FINAL:
            return reasons.shape_failed(f"it ruled {made.verdict}")
        return made or reasons.NOTHING_TO_SEND

    def _take_in(self, served: Served, member: Member, items: tuple[Item, ...]) -> bool:
        """Whether more may follow: no batch is full, and none had to be begun behind one of the same revision."""
        compiled, limits = served.compiled, served.compiled.limits
        member.left = len(items)
        self._since_broken_off += member.left
        batch, overflows = self._last_of(compiled), False
        for item in items:
            if batch is None or not batch.takes(item, limits):
                overflows = batch is not None
                batch = self._new_batch(served, member)
                self.todo.append(batch)
            batch.add(_unit(compiled.meter, member, item))
        return not overflows and batch is not None and batch.has_room(limits)

    def _afforded(self, compiled: Compiled, meter: Meter, items: Shaped) -> Shaped | None:
        """What has to be sent of it, and may be today; None: it waits."""
        if isinstance(items, Ruling):
            return items
        try:
            left = self._site.thrift.spared(compiled, meter, items, self._is_under_way)
            found = self._site.thrift.afforded(meter, left) if left else reasons.UNCHANGED
        except Exception as error:  # noqa: BLE001 - as in `_made`
            return self._fault(error)
        if found is None:
            self._site.reach_cap(meter)
        return found

    def _is_under_way(self, whose: bytes) -> bool:
        return any(unit.whose == whose for batch in self.todo for unit in batch.units)

    def _last_of(self, compiled: Compiled) -> Batch | None:
        if self.todo and self.todo[-1].compiled is compiled:
            return self.todo[-1]
        return next((batch for batch in reversed(self.todo) if batch.compiled is compiled), None)

    def _new_batch(self, served: Served, first: Member) -> Batch:
        compiled, revision = served.compiled, served.revision
        (tries, earlier), self._past = self._past, (0, ())
        doubted = self._may_have_left(compiled, first)
        return Batch(compiled, revision.id, revision.number, [], tries=tries, earlier=earlier, doubted=doubted)

    def _may_have_left(self, compiled: Compiled, first: Member) -> bool:
        if not self._broken_off_ms or compiled.idempotent:
            return False
        most = compiled.limits.max_items * (_LISTS if compiled.limits.per_part else 1)
        if first.entry.steady_ms >= self._broken_off_ms or self._since_broken_off - first.left >= most:
            self._broken_off_ms = 0
        return self._broken_off_ms > 0

    def _assemble(self, batch: Batch, limits: Limits) -> bool:
        """Whether it can be sent. If not, it was split, or its only event decided."""
        if batch.outgoing is not None:
            return True
        try:
            batch.arrange()
            outgoing = batch.compiled.assemble(batch.items())
        except Exception as error:  # noqa: BLE001 - as in `_made`
            self._refuse(batch, self._fault(error))
            return False
        if len(outgoing.body) > limits.max_bytes:
            self._refuse(batch, reasons.too_large(len(outgoing.body), limits.max_bytes))
            return False
        batch.outgoing = outgoing
        return True

    def _refuse(self, batch: Batch, ruling: Ruling) -> None:
        """It is one event's fault: split to find which."""
        if len(batch.units) > 1:
            self.replace_head(batch.halves())
        else:
            self._decide(batch.units[0].member, ruling)

    def _decide(self, member: Member, ruling: Ruling) -> None:
        member.done = True
        self.decided.append((member.offset, ruling))

    def _fault(self, error: Exception) -> Ruling:
        words = f"{type(error).__name__}: {error}"
        emit(DeliverShapeFailed(installation_id=self._site.id, vendor=self._site.vendor, error=words))
        return reasons.shape_failed(words)


def _unit(meter: Meter | None, member: Member, item: Item) -> Unit:
    if meter is None:
        return Unit(member, item)
    told = meter.told(item)
    return Unit(member, item, told.whose if told else b"", meter.cost(item) if meter.cap else 0)


def _unfinished(batches: Iterable[Batch]) -> list[Member]:
    """Each member once, in order: of one that was called up, the next items may stand further back."""
    members = (member for batch in batches for member in batch.members() if not member.done)
    return list(dict.fromkeys(members))
