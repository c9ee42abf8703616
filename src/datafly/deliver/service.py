"""Delivery: a worker per installation, a feed per partition, and one recorder for all."""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final

from datafly.deliver.bell import Bell
from datafly.deliver.erasing import Erasing
from datafly.deliver.feed import Feed
from datafly.deliver.loop import Step, insist, keep_going, together
from datafly.deliver.offload import Inline, Threads
from datafly.deliver.pace import Paces
from datafly.deliver.partitions import Partitions
from datafly.deliver.recorder import Recorder
from datafly.deliver.replay import Replaying
from datafly.deliver.run import Run
from datafly.deliver.site import Parts, Site
from datafly.deliver.worker import Worker
from datafly.model.delivery import Replay, State
from datafly.model.errors import Unavailable
from datafly.model.installation import Installation
from datafly.observe.base import emit
from datafly.observe.deliver import DeliverPartitionGivenUp, DeliverPartitionTakenOver

_DRAIN_LOOK_SECONDS: Final = 0.01


class Delivery:
    """Delivers the events of all partitions for every installation, until it is stopped. Where they are shared out
    (`Parts.partitioned`), it begins with none: of those that it is given to `take`, until it gives them up.

    Of several that share the keys, the first carries out replays, each whole.
    `threads`: where blocking calls run; by default on threads of its own. `on_taken_over`: a partition is another's,
    which nobody had told; it is not delivered here any more.
    """

    def __init__(
        self,
        parts: Parts,
        *,
        threads: Inline | None = None,
        on_taken_over: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._parts = parts
        self._clock = parts.clock
        self._reading: Threads | Inline = threads or Threads("deliver-read", parts.settings.reading_threads)
        self._writing: Threads | Inline = threads or Threads("deliver-write", 1)
        self._partitions = Partitions(parts, self._reading)
        self._recorder = Recorder(
            parts.ledger,
            parts.clock,
            self._writing,
            parts.share,
            parts.sent,
            owned=self._partitions.epochs,
            on_taken_over=self._lose,
        )
        self._on_taken_over = on_taken_over
        self._paces = Paces(parts.clock, self._partitions.part)
        self._workers: dict[str, Worker] = {}
        self._coming: set[Worker] = set()
        """They begin to serve their installations; partitions may go meanwhile."""
        self._is_stopping = False
        self._replays: dict[str, Replaying] = {}
        self._loops: list[asyncio.Task[None]] = []
        self._carrying: dict[str, asyncio.Task[None]] = {}
        self._putting_away: set[asyncio.Task[None]] = set()
        self._erasing = Erasing(parts, self._site_of, self._reading)
        self._in_force: Sequence[Installation] = ()
        self._heard: int | None = None
        """The version of what people decided that was heard of; it is served a little later."""
        self._served: int | None = None
        self._bell = Bell(parts.clock)

    async def run(self, stop: asyncio.Event) -> bool:
        """Serves until `stop` is set, then finishes what is in flight (up to `drain_seconds`) and writes it down.
        Whether nothing was left in flight.
        """
        settings = self._parts.settings
        self._loop("recorder", self._recorder.run)
        self._partitions.start()
        self._loop("erasures", partial(self._then_sleep, self._erase, settings.erasing_interval_seconds))
        self._loop("control", partial(self._then_sleep, self._hear, settings.control_interval_seconds))
        self._loop("serving", self._serve)
        self._loop("marks", partial(self._then_sleep, self._keep_marks, settings.mark_interval_seconds))
        try:
            await stop.wait()
            await self._drain()
            return not self._is_busy()
        finally:
            await self._end()

    def take(self, partition: int) -> None:
        """Delivers it, soon, where it was left; once it has begun, what another writes of it is refused."""
        self._partitions.want(partition)

    async def give_up(self, partition: int) -> None:
        """Finishes what is in flight there (up to `drain_seconds`) and writes it down; then it may be another's."""
        feed, runs = self._partitions.leave(partition), self._runs_of(partition)
        if feed is not None:
            for run in runs:
                run.hold()
            if await self._within(self._parts.settings.drain_seconds, self._settled(runs)):
                await self._tell_settled(partition)
            emit(DeliverPartitionGivenUp(partition=partition))
        await self._put_away(partition, feed)

    async def drop(self, partition: int) -> None:
        """At once, since it is another's: what is in flight there is not waited for, and not written down."""
        for run in self._runs_of(partition):
            run.halt()
        await self._put_away(partition, self._partitions.leave(partition))

    def _lose(self, partitions: Collection[int]) -> None:
        for partition in partitions:
            emit(DeliverPartitionTakenOver(partition=partition))
            self._partitions.forget(partition)
            for run in self._runs_of(partition):
                run.halt()
            task = asyncio.create_task(self.drop(partition))
            self._putting_away.add(task)
            task.add_done_callback(self._putting_away.discard)
            self._on_taken_over(partition)

    async def _settled(self, runs: Sequence[Run]) -> None:
        while any(run.busy for run in runs):
            await self._clock.sleep(_DRAIN_LOOK_SECONDS)
        await asyncio.gather(*(run.tell_mark() for run in runs))

    async def _tell_settled(self, partition: int) -> None:
        epoch = (self._partitions.epochs or {}).get(partition)
        if epoch is not None:
            with suppress(Unavailable):  # whoever comes next takes for possible what did not happen
                await self._reading(partial(self._parts.ledger.put_away, partition, epoch))

    async def _within(self, seconds: float, settling: Coroutine[Any, Any, None]) -> bool:
        """By our clock; whether it was done by then."""
        settled = asyncio.create_task(settling)
        tasks = [settled, asyncio.create_task(self._clock.sleep(seconds))]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        is_settled = settled.done()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return is_settled

    async def _put_away(self, partition: int, feed: Feed | None) -> None:
        runs = [run for run in (worker.runs.pop(partition, None) for worker in self._at_work()) if run is not None]
        replayed = (replaying.release(partition) for replaying in self._replays.values())
        runs += [run for run in replayed if run is not None]
        for run in runs:
            run.halt()
        self._partitions.forget(partition)
        self._paces.give(self._partitions.part)
        await asyncio.gather(*(run.stop() for run in runs))
        for run in runs:
            await self._reading(run.close)
        if feed is not None:
            await self._reading(feed.close)

    def _runs_of(self, partition: int) -> list[Run]:
        replayed = [replaying.run_of(partition) for replaying in self._replays.values()]
        found = [*(worker.runs.get(partition) for worker in self._at_work()), *replayed]
        return [run for run in found if run is not None]

    def _at_work(self) -> list[Worker]:
        """What is begun counts."""
        return [*self._workers.values(), *self._coming]

    def lowest_mark(self, partition: int) -> int | None:
        """What delivery still needs of the log begins here; None: nothing. Other processes: `retention.keep_from`."""
        marks = [
            *(worker.runs[partition].mark for worker in self._workers.values() if partition in worker.runs),
            *(low for replay in self._replays.values() if (low := replay.lowest(partition)) is not None),
        ]
        return min(marks, default=None)

    def _loop(self, name: str, step: Step) -> None:
        self._loops.append(asyncio.create_task(keep_going(name, step, self._clock)))

    async def _then_sleep(self, step: Step, seconds: float) -> None:
        await step()
        await self._clock.sleep(seconds)

    async def _erase(self) -> None:
        """By one of those that deliver: the first that share the keys, or who has the first partition."""
        if self._parts.share.number == 0 and 0 in self._partitions.feeds:
            await self._erasing.step()

    def _site_of(self, installation_id: str) -> Site | None:
        worker = self._workers.get(installation_id)
        return worker.site if worker and worker.installation.removed_ms is None else None

    async def _keep_marks(self) -> None:
        await together(worker.keep_marks() for worker in self._workers.values())

    async def _hear(self) -> None:
        """What people decided counts at once where it is served, also while something else waits to begin."""
        version = await self._reading(self._parts.control.version)
        if version != self._heard:
            erased = self._parts.departed.learn(await self._reading(self._parts.control.erased))
            self._in_force = await self._reading(self._parts.control.installations)
            await self._apply({one.id: one for one in self._in_force})
            if erased:
                self._look_again()
            await self._hold_replays()
            self._heard = version
        self._bell.ring()

    async def _apply(self, in_force: Mapping[str, Installation]) -> None:
        for worker in self._at_work():
            now = in_force.get(worker.site.id)
            if now is None:
                now = await self._reading(partial(self._parts.control.installation, worker.site.id))
            if now is not None:
                await worker.apply(now)
        for replaying in [*self._replays.values()]:
            replaying.disturb()

    async def _serve(self) -> None:
        """Begins with what is to be served, in the partitions that are here, and lets go of what is not any more."""
        if self._served == self._heard:
            await self._bell.wait()
        if await self._partitions.claim():
            self._paces.give(self._partitions.part)
            self._served = None
        heard = self._heard
        if heard != self._served:
            await self._employ_all()
            await self._hold_replays()
            await self._take_replays("running", "queued")
            self._served = heard
        await self._let_go()

    def _look_again(self) -> None:
        """At what waits: it may be of somebody who was erased."""
        for worker in self._workers.values():
            for run in worker.runs.values():
                run.disturb()
        for replaying in self._replays.values():
            replaying.disturb()

    async def _employ_all(self) -> None:
        states = await self._reading(self._parts.ledger.states)
        left = await self._left() if self._served is None else ()
        await self._employ_each(left, states)
        while new := [one for one in self._in_force if one.id not in self._workers]:
            await self._employ_each(new, states)
        await together(worker.settle() for worker in self._workers.values())

    async def _employ_each(self, installations: Iterable[Installation], states: Mapping[str, State]) -> None:
        """Side by side: what they write is written together. What people decide from now on reaches all of them."""
        new = [self._comes(one) for one in installations if one.id not in self._workers]
        await together(self._employ(worker, states.get(worker.site.id)) for worker in new)

    async def _left(self) -> list[Installation]:
        """Those removed that have something left to close."""
        every = await self._reading(partial(self._parts.control.installations, removed=True))
        marks = await self._reading(self._parts.ledger.marks)
        return [one for one in every if one.removed_ms is not None and self._is_left(one, marks)]

    def _is_left(self, removed: Installation, marks: dict[tuple[str, int], int]) -> bool:
        return any(
            partition not in removed.end
            or marks.get((removed.id, partition), removed.start.get(partition, 0)) < removed.end[partition]
            for partition in self._partitions.feeds
        )

    def _comes(self, installation: Installation) -> Worker:
        worker = Worker(
            installation,
            self._parts,
            feeds=self._partitions.feeds,
            recorder=self._recorder,
            paces=self._paces,
            offload=self._reading,
        )
        worker.gate.shut("stopping", shut=self._is_stopping)
        self._coming.add(worker)
        return worker

    async def _employ(self, worker: Worker, before: State | None) -> None:
        try:
            await worker.start(before)
        except BaseException:  # it begins anew: what it has begun by then must not go on beside
            await worker.stop()
            await self._reading(worker.close)
            raise
        finally:
            self._coming.discard(worker)
        self._workers[worker.site.id] = worker

    async def _take_replays(self, *states: str) -> None:
        for state in states if self._parts.share.number == 0 else ():
            for replay in await self._reading(partial(self._parts.control.replays, state=state)):
                if replaying := self._replays.get(replay.id):
                    replaying.settle()
                else:
                    await self._begin(replay)

    async def _hold_replays(self) -> None:
        """Those that somebody paused or cancelled."""
        for replay_id, replaying in [*self._replays.items()]:
            found = await self._reading(partial(self._parts.control.replay, replay_id))
            if found.state in {"paused", "cancelled"}:
                replaying.hold()

    async def _begin(self, replay: Replay) -> None:
        worker = self._workers.get(replay.installation_id)
        if worker is None:
            control = self._parts.control
            installation = await self._reading(partial(control.installation, replay.installation_id))
            worker = self._comes(installation)
            await self._employ(worker, None)
        feeds = self._partitions.feeds
        replaying = Replaying(replay, worker.site, self._parts, feeds=feeds, offload=self._reading)
        self._replays[replay.id] = replaying
        step = partial(insist, f"replay {replay.id}", replaying.carry_out, self._clock)
        self._carrying[replay.id] = asyncio.create_task(step())

    async def _let_go(self) -> None:
        """Of replays that are done, and of installations that are removed and closed."""
        for replay_id in [replay_id for replay_id, task in self._carrying.items() if task.done()]:
            del self._carrying[replay_id]
            self._replays.pop(replay_id).close()
            await self._take_replays("queued")  # it may be told to go on before it had come to a halt
        replayed = {replaying.replay.installation_id for replaying in self._replays.values()}
        for worker in [worker for worker in self._workers.values() if worker.finished]:
            if worker.site.id not in replayed:
                await worker.keep_marks()
                await worker.stop()
                await self._reading(worker.close)
                del self._workers[worker.site.id]

    async def _drain(self) -> None:
        ends = self._clock.monotonic() + self._parts.settings.drain_seconds
        self._is_stopping = True
        for worker in self._at_work():
            worker.gate.shut("stopping", shut=True)
        while self._is_busy() and self._clock.monotonic() < ends:
            await self._clock.sleep(_DRAIN_LOOK_SECONDS)
        await self._recorder.drain(max(ends - self._clock.monotonic(), 0.0))

    def _is_busy(self) -> bool:
        return any(worker.busy for worker in self._at_work()) or any(
            replaying.busy for replaying in self._replays.values()
        )

    async def _end(self) -> None:
        """At once; what was not recorded is repeated after a restart."""
        await asyncio.gather(*self._putting_away)
        tasks = [*self._loops, *self._carrying.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, *self._partitions.stop(), return_exceptions=True)
        await asyncio.gather(*(worker.stop() for worker in self._workers.values()))
        self._reading.close()
        self._writing.close()
        readers: list[Worker | Replaying | Feed] = [*self._workers.values(), *self._replays.values()]
        for reader in (*readers, *self._partitions.feeds.values()):
            reader.close()
