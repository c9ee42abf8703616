"""One run of one installation in one partition: reads, deals out to lanes, and keeps the mark."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final, Protocol

from datafly.deliver import reasons
from datafly.deliver.batch import Member
from datafly.deliver.bell import Bell
from datafly.deliver.entries import Entry
from datafly.deliver.lane import Finals, Lane
from datafly.deliver.loop import keep_going
from datafly.deliver.notices import warnings_of
from datafly.deliver.record import outcomes_of
from datafly.deliver.recorder import Written
from datafly.deliver.site import Site
from datafly.deliver.thrift import NOTHING_SPENT, Spent, Taken
from datafly.deliver.tracker import Tracker
from datafly.model.delivery import LIVE, Attempt, Notice, Outcome, Pending, Sighting
from datafly.model.verdict import DELIVERED, Ruling, Verdict
from datafly.observe.base import emit
from datafly.observe.deliver import DeliverEventReadFailed, DeliverEventsDecided, DeliverEventsLost
from datafly.store.base import Writing

_TAKEN_AT_ONCE: Final = 500
_MOST_LANES: Final = 64
_DROWSY_SECONDS: Final = 1.0
"""If nothing is decided for so long, what was read waits for a vendor."""


def every_lane(installation_id: str, run_id: str, partition: int) -> tuple[tuple[str, str, int, int], ...]:
    """After a restart nothing waits that was told to wait before; there may have been more lanes then."""
    return tuple((installation_id, run_id, partition, lane) for lane in range(_MOST_LANES))


class Source(Protocol):
    """Where entries come from. `position`: of the next one."""

    position: int

    async def take(self, limit: int) -> list[Entry]: ...

    def rest(self) -> None: ...

    def close(self) -> None: ...


class Run:
    """`end`: the position at which it is done, None for a live run. A replay's run ends after its last member."""

    def __init__(
        self,
        site: Site,
        source: Source,
        tracker: Tracker,
        *,
        partition: int,
        run_id: str = LIVE,
        end: int | None = None,
        broken_off_ms: int = 0,
    ) -> None:
        self.partition = partition
        self.broken_off_ms = broken_off_ms
        self.run_id = run_id
        self.end = end
        self.held = False
        """Nothing more is sent; what is under way is finished."""
        self._site = site
        self._source = source
        self._tracker = tracker
        self._marked = tracker.mark
        self._bell = Bell(site.clock)
        self._lanes = [Lane(number, site, self) for number in range(site.settings.lanes)]
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def mark(self) -> int:
        return self._tracker.mark

    @property
    def busy(self) -> bool:
        return any(lane.busy for lane in self._lanes)

    @property
    def finished(self) -> bool:
        return self._is_read() and self._tracker.undecided == 0

    def start(self) -> None:
        name = f"{self._site.id}:{self.partition}{self.run_id and ':' + self.run_id}"
        loops = [
            (f"intake {name}", self._take_in),
            *((f"lane {name}:{lane.number}", lane.step) for lane in self._lanes),
        ]
        self._tasks = [asyncio.create_task(keep_going(loop, step, self._site.clock)) for loop, step in loops]

    def disturb(self) -> None:
        """Something about the installation changed."""
        self._bell.ring()
        for lane in self._lanes:
            lane.disturb()

    async def until_finished(self) -> None:
        """And all of it is durable: what was posted before this mark was written before it."""
        while not self.finished:
            await self._bell.wait()
        await self.tell_mark()

    def hold(self) -> None:
        """From now on."""
        self.held = True
        self.disturb()

    def halt(self) -> None:
        """At once, whatever is under way; `stop` waits for that."""
        self.held = True
        for task in self._tasks:
            task.cancel()

    async def stop(self) -> None:
        self.halt()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    def close(self) -> None:
        """After `stop`, and when no read is under way."""
        self._source.close()

    def tell_mark(self) -> Written:
        """Done when all that was told before is durable as well."""
        return self._post(Writing(marks=(self._place(),)))

    async def keep_mark(self) -> None:
        """Makes the mark durable where it moved without an outcome: events of other pipelines went by."""
        if self._tracker.mark > self._marked:
            await self.tell_mark()

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
        self._tracker.finish(*[offset for offset, _ in finals], *[offset for offset, _ in local])
        outcomes = (
            *outcomes_of(finals, self._template(attempt)),
            *outcomes_of(local, self._template(None)),
        )
        self._bell.ring()
        self._count(outcomes, delivered=len(attempt.delivered) if attempt else 0)
        await self._write(
            Writing(
                attempts=(attempt,) if attempt else (),
                outcomes=outcomes,
                notices=warnings_of(attempt, [offset for offset, _ in finals]) if attempt else (),
                sightings=sightings,
                marks=(self._place(),),
                cleared=() if cleared is None else ((self._site.id, self.run_id, self.partition, cleared),),
                spent=tuple((self._site.id, self._site.clock.now_ms(), *one) for one in spent.counts.items()),
            ),
            spent.taken,
        )

    def tell_pending(self, pending: Pending) -> None:
        self._post(Writing(pending=(pending,)))

    def tell_notice(self, notice: Notice) -> None:
        self._post(Writing(notices=(notice,)))

    async def _take_in(self) -> None:
        while self._is_read() or not self._has_room():
            if not await self._bell.wait(_DROWSY_SECONDS):
                self._source.rest()
                await self._bell.wait()
        entries = await self._source.take(_TAKEN_AT_ONCE)
        outcomes = self._accept(within := [*self._within(entries)])
        lost = () if self._decides_losses() else self._lost(within)
        self._tracker.advance(self._source.position if self.end is None else min(self._source.position, self.end))
        if outcomes or lost:
            self._count(outcomes, delivered=0)
            await self._write(Writing(outcomes=outcomes, lost=lost, marks=(self._place(),)))
        if self._is_read():
            self._bell.ring()

    def _is_read(self) -> bool:
        return self.end is not None and self._source.position >= self.end

    def _within(self, entries: Iterable[Entry]) -> Iterable[Entry]:
        """What lies beyond the end is not ours to decide."""
        for entry in entries:
            if self.end is None or entry.last < self.end:
                yield entry
            elif entry.offset < self.end:
                yield Entry(offset=entry.offset, last=self.end - 1)

    def _has_room(self) -> bool:
        settings, tracker = self._site.settings, self._tracker
        if self.held:
            return False
        if self._site.closing is None and self._site.gate.is_shut("paused"):
            return False
        most = settings.window_events
        if not self._site.gate.open or not self._site.gate.successes:
            most = min(most, settings.window_shut_events)
        return (
            tracker.undecided < most
            and tracker.span < settings.span_events
            and sum(lane.queued_bytes for lane in self._lanes) < settings.window_bytes
        )

    def _accept(self, entries: Sequence[Entry]) -> tuple[Outcome, ...]:
        """Deals events out to lanes; what needs no lane is decided here."""
        site, tracker = self._site, self._tracker
        decided: list[tuple[int, Ruling]] = []
        lost: list[Outcome] = []
        ours: list[Entry] = []
        for entry in entries:
            offset = entry.offset
            if entry.is_lost:
                self._tell_lost(entry)
                lost += self._lose(entry) if self._decides_losses() else ()
            elif (entry.is_readable and entry.pipeline_id != site.installation.pipeline_id) or tracker.knows(offset):
                continue  # what cannot be read may be anybody's: it is told to everyone rather than to no one
            elif not entry.is_readable or site.closing is not None:
                decided.append((offset, site.closing or self._unreadable(entry)))
            else:
                tracker.take(offset)
                ours.append(entry)
        self._deal_out(ours)
        return (*lost, *outcomes_of(decided, self._template(None)))

    def _deal_out(self, entries: Iterable[Entry]) -> None:
        lanes, lane_of = self._lanes, self._site.parts.share.lane
        hands: list[list[Member]] = [[] for _ in lanes]
        arrived = self._site.clock.monotonic()
        for entry in entries:
            hands[lane_of(entry.key, len(lanes))].append(Member(entry, arrived))
        for lane, members in zip(lanes, hands, strict=True):
            lane.put(members)

    def _unreadable(self, entry: Entry) -> Ruling:
        emit(
            DeliverEventReadFailed(
                installation_id=self._site.id, partition=self.partition, offset=entry.offset, fault=entry.fault
            )
        )
        return reasons.unreadable(entry.fault)

    def _decides_losses(self) -> bool:
        """Not where others have a share: what is lost to one, another may have read before (`store.losses`)."""
        return self.run_id != LIVE or self._site.parts.share.is_whole

    def _lost(self, entries: Iterable[Entry]) -> tuple[Outcome, ...]:
        template = self._template(None)
        return tuple(_ranged(template, entry.offset, entry.last) for entry in entries if entry.is_lost)

    def _tell_lost(self, entry: Entry) -> None:
        emit(
            DeliverEventsLost(
                installation_id=self._site.id, partition=self.partition, first=entry.offset, last=entry.last
            )
        )

    def _lose(self, entry: Entry) -> Iterable[Outcome]:
        """The range, but for what was final before."""
        template, first = self._template(None), entry.offset
        for known in [*self._tracker.known_between(entry.offset, entry.last), entry.last + 1]:
            if first < known:
                yield _ranged(template, first, known - 1)
            first = known + 1

    def _template(self, attempt: Attempt | None) -> Outcome:
        return Outcome(
            installation_id=self._site.id,
            partition=self.partition,
            first=0,
            last=0,
            ruling=DELIVERED,
            decided_ms=self._site.clock.now_ms(),
            attempt_id=attempt.id if attempt else None,
            run_id=self.run_id,
        )

    def _place(self) -> tuple[str, str, int, int]:
        self._marked = self._tracker.mark
        return (self._site.id, self.run_id, self.partition, self._marked)

    async def _write(self, writing: Writing, taken: tuple[Taken, ...] = ()) -> None:
        await self._post(writing, taken)

    def _post(self, writing: Writing, taken: tuple[Taken, ...] = ()) -> Written:
        return self._site.recorder.post(writing, taken, partition=self.partition)

    def _count(self, outcomes: Sequence[Outcome], *, delivered: int) -> None:
        counts: Counter[tuple[Verdict, str]] = Counter()
        if delivered:
            counts[Verdict.DELIVERED, ""] = delivered
        for outcome in outcomes:
            counts[outcome.verdict, outcome.ruling.reason] += outcome.last - outcome.first + 1
        for (verdict, reason), events in counts.items():
            intentional = verdict is Verdict.SKIPPED
            emit(
                DeliverEventsDecided(
                    installation_id=self._site.id,
                    vendor=self._site.vendor,
                    verdict=verdict.value,
                    reason=reason,
                    events=events,
                    intentional=intentional,
                )
            )


def _ranged(template: Outcome, first: int, last: int) -> Outcome:
    return Outcome(
        installation_id=template.installation_id,
        partition=template.partition,
        first=first,
        last=last,
        ruling=reasons.RETENTION,
        decided_ms=template.decided_ms,
        run_id=template.run_id,
    )
