"""Delivery: a worker per installation, a feed per partition, and one recorder for all."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Final

from datafly.deliver.entries import EventReader
from datafly.deliver.feed import Feed
from datafly.deliver.loop import Step, insist, keep_going
from datafly.deliver.offload import Inline, Threads
from datafly.deliver.pace import Paces
from datafly.deliver.recorder import Recorder
from datafly.deliver.replay import Replaying
from datafly.deliver.site import Parts
from datafly.deliver.worker import Worker
from datafly.log.base import EVENTS
from datafly.model.delivery import Replay, State
from datafly.model.installation import Installation

_READING_THREADS: Final = 2
_DRAIN_LOOK_SECONDS: Final = 0.01


class Delivery:
    """Delivers the events of the given partitions (all, if None) for every installation, until it is stopped.

    Of several that share the keys, the first carries out replays, each whole.
    `threads`: where blocking calls run; by default on threads of its own.
    """

    def __init__(self, parts: Parts, *, partitions: Sequence[int] | None = None, threads: Inline | None = None) -> None:
        self._parts = parts
        self._clock = parts.clock
        self._reading: Threads | Inline = threads or Threads("deliver-read", _READING_THREADS)
        self._writing: Threads | Inline = threads or Threads("deliver-write", 1)
        self._recorder = Recorder(parts.ledger, parts.clock, self._writing, parts.share, parts.sent)
        self._paces = Paces(parts.clock, parts.share.of)
        owned = range(parts.log.partitions(EVENTS)) if partitions is None else partitions
        self._feeds = {partition: self._feed(partition) for partition in owned}
        self._workers: dict[str, Worker] = {}
        self._replays: dict[str, Replaying] = {}
        self._loops: list[asyncio.Task[None]] = []
        self._carrying: dict[str, asyncio.Task[None]] = {}
        self._version: int | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Serves until `stop` is set, then finishes what is in flight (up to `drain_seconds`) and writes it down."""
        settings = self._parts.settings
        self._loop("recorder", self._recorder.run)
        for number, feed in self._feeds.items():
            self._loop(f"feed {number}", feed.run)
        self._loop("control", partial(self._then_sleep, self._reconcile, settings.control_interval_seconds))
        self._loop("marks", partial(self._then_sleep, self._keep_marks, settings.mark_interval_seconds))
        try:
            await stop.wait()
            await self._drain()
        finally:
            await self._end()

    def lowest_mark(self, partition: int) -> int | None:
        """What delivery still needs of the log begins here; None: nothing. Other processes: `retention.keep_from`."""
        marks = [
            *(worker.runs[partition].mark for worker in self._workers.values() if partition in worker.runs),
            *(low for replay in self._replays.values() if (low := replay.lowest(partition)) is not None),
        ]
        return min(marks, default=None)

    def _feed(self, number: int) -> Feed:
        def open_reader() -> EventReader:
            return EventReader(parts.log.reader(EVENTS, number), parts.decode, awake=parts.settings.awake_events)

        parts = self._parts
        return Feed(open_reader, clock=self._clock, offload=self._reading, settings=parts.settings, share=parts.share)

    def _loop(self, name: str, step: Step) -> None:
        self._loops.append(asyncio.create_task(keep_going(name, step, self._clock)))

    async def _then_sleep(self, step: Step, seconds: float) -> None:
        await step()
        await self._clock.sleep(seconds)

    async def _keep_marks(self) -> None:
        for worker in self._workers.values():
            await worker.keep_marks()

    async def _reconcile(self) -> None:
        """Makes what is served what people decided."""
        version = await self._reading(self._parts.control.version)
        if version != self._version:
            await self._serve(await self._decided())
            await self._hold_replays()
            await self._take_replays(["queued"] if self._version is not None else ["running", "queued"])
            self._version = version
        await self._let_go()

    async def _decided(self) -> list[Installation]:
        """Those in force, and those removed that have something left to close."""
        control = self._parts.control
        if self._version is None:
            every = await self._reading(partial(control.installations, removed=True))
            marks = await self._reading(self._parts.ledger.marks)
            return [one for one in every if one.removed_ms is None or self._is_left(one, marks)]
        in_force = await self._reading(control.installations)
        gone = self._workers.keys() - {installation.id for installation in in_force}
        return [*in_force, *[await self._reading(partial(control.installation, one)) for one in gone]]

    def _is_left(self, removed: Installation, marks: dict[tuple[str, int], int]) -> bool:
        return any(
            partition not in removed.end
            or marks.get((removed.id, partition), removed.start.get(partition, 0)) < removed.end[partition]
            for partition in self._feeds
        )

    async def _serve(self, installations: Sequence[Installation]) -> None:
        states = await self._reading(self._parts.ledger.states)
        for installation in installations:
            if worker := self._workers.get(installation.id):
                await self._apply(worker, installation)
            else:
                await self._employ(installation, states.get(installation.id))

    async def _apply(self, worker: Worker, installation: Installation) -> None:
        await worker.apply(installation)
        for replaying in self._replays.values():
            if replaying.replay.installation_id == installation.id:
                replaying.disturb()

    async def _employ(self, installation: Installation, before: State | None) -> Worker:
        worker = Worker(
            installation,
            self._parts,
            feeds=self._feeds,
            recorder=self._recorder,
            paces=self._paces,
            offload=self._reading,
        )
        await worker.start(before)
        self._workers[installation.id] = worker
        return worker

    async def _take_replays(self, states: Sequence[str]) -> None:
        for state in states if self._parts.share.number == 0 else ():
            for replay in await self._reading(partial(self._parts.control.replays, state=state)):
                if replay.id not in self._replays:
                    await self._begin(replay)

    async def _hold_replays(self) -> None:
        """Those that somebody paused or cancelled."""
        for replay_id, replaying in self._replays.items():
            found = await self._reading(partial(self._parts.control.replay, replay_id))
            if found.state in {"paused", "cancelled"}:
                replaying.hold()

    async def _begin(self, replay: Replay) -> None:
        worker = self._workers.get(replay.installation_id)
        if worker is None:
            control = self._parts.control
            installation = await self._reading(partial(control.installation, replay.installation_id))
            worker = await self._employ(installation, None)
        replaying = Replaying(replay, worker.site, self._parts, feeds=self._feeds, offload=self._reading)
        self._replays[replay.id] = replaying
        step = partial(insist, f"replay {replay.id}", replaying.carry_out, self._clock)
        self._carrying[replay.id] = asyncio.create_task(step())

    async def _let_go(self) -> None:
        """Of replays that are done, and of installations that are removed and closed."""
        for replay_id in [replay_id for replay_id, task in self._carrying.items() if task.done()]:
            del self._carrying[replay_id]
            self._replays.pop(replay_id).close()
            await self._take_replays(["queued"])  # it may be told to go on before it had come to a halt
        replayed = {replaying.replay.installation_id for replaying in self._replays.values()}
        for worker in [worker for worker in self._workers.values() if worker.finished]:
            if worker.site.id not in replayed:
                await worker.keep_marks()
                await worker.stop()
                worker.close()
                del self._workers[worker.site.id]

    async def _drain(self) -> None:
        ends = self._clock.monotonic() + self._parts.settings.drain_seconds
        for worker in self._workers.values():
            worker.gate.shut("stopping", shut=True)
        while self._is_busy() and self._clock.monotonic() < ends:
            await self._clock.sleep(_DRAIN_LOOK_SECONDS)
        await self._recorder.drain(max(ends - self._clock.monotonic(), 0.0))

    def _is_busy(self) -> bool:
        return any(worker.busy for worker in self._workers.values()) or any(
            replaying.busy for replaying in self._replays.values()
        )

    async def _end(self) -> None:
        """At once; what was not recorded is repeated after a restart."""
        tasks = [*self._loops, *self._carrying.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(worker.stop() for worker in self._workers.values()))
        self._reading.close()
        self._writing.close()
        readers: list[Worker | Replaying | Feed] = [*self._workers.values(), *self._replays.values()]
        for reader in (*readers, *self._feeds.values()):
            reader.close()
