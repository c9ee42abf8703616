"""A replay: a run over given events with marks of its own; the live cursor does not move."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final

from datafly.deliver.bell import Bell
from datafly.deliver.entries import Entry
from datafly.deliver.feed import Feed, Members, Stretch
from datafly.deliver.offload import Offload
from datafly.deliver.run import Run, every_lane
from datafly.deliver.site import Parts, Site
from datafly.deliver.tracker import Tracker
from datafly.model.delivery import Plan, Replay
from datafly.store.base import Progress, Writing

_LOOK_SECONDS: Final = 0.05
_OTHERS_SECONDS: Final = 1.0
"""How often it is looked whether others have finished their partitions."""

Part = Sequence[int]
"""Of one partition: a range of a stretch, or the members, ascending."""


class Replaying:
    """Shares gate, pace and slots with the live run of its installation; restarted, it goes on where it was.

    `feeds`: partition → feed, as they are at any time. In other partitions others carry it out; all of it is done when
    each is.
    """

    def __init__(
        self, replay: Replay, site: Site, parts: Parts, *, feeds: Mapping[int, Feed], offload: Offload
    ) -> None:
        self.replay = replay
        self._site = site
        self._parts = parts
        self._feeds = feeds
        self._offload = offload
        self._left = _parts_of(replay)
        """Partition → what of it is not opened here."""
        self._runs: dict[int, Run] = {}
        self._told_to_hold = asyncio.Event()
        self._changed = Bell(parts.clock)

    @property
    def busy(self) -> bool:
        return any(run.busy for run in self._runs.values())

    def lowest(self, partition: int) -> int | None:
        """Below it this replay needs nothing of the log."""
        if partition in self._left:
            return self.replay.first(partition)
        run = self._runs.get(partition)
        return run.mark if run is not None else None

    def disturb(self) -> None:
        for run in self._runs.values():
            run.disturb()

    def hold(self) -> None:
        """Somebody paused or cancelled it: what is under way is finished, then `carry_out` returns."""
        self._told_to_hold.set()

    def settle(self) -> None:
        """A partition came."""
        self._changed.ring()

    def run_of(self, partition: int) -> Run | None:
        return self._runs.get(partition)

    def release(self, partition: int) -> Run | None:
        """Another goes on with that partition; whoever calls this stops and closes the run."""
        if partition not in self._left and partition in (parts := _parts_of(self.replay)):
            self._left[partition] = parts[partition]
        self._changed.ring()
        return self._runs.pop(partition, None)

    async def carry_out(self) -> None:
        """Returns when every member has its verdict and the replay is marked done, or once it is held."""
        if not await self._set_state("running", {"queued", "running"}):
            return
        for partition in [*self._runs]:
            await self._put_away(partition)
        try:
            is_done = await self._finished_or_held()
        finally:
            await self.stop()
        if is_done:
            await self._set_state("done", {"running"})

    async def _finished_or_held(self) -> bool:
        finishing = asyncio.create_task(self._finish())
        holding = asyncio.create_task(self._held())
        try:
            await asyncio.wait([finishing, holding], return_when=asyncio.FIRST_COMPLETED)
            if finishing.done():
                await finishing
                return True
            await self._come_to_a_halt()
            return False
        finally:
            finishing.cancel()
            holding.cancel()
            await asyncio.gather(finishing, holding, return_exceptions=True)

    async def _finish(self) -> None:
        while True:
            await self._open_ours()
            if not await self._are_ours_finished():
                continue
            for run in [*self._runs.values()]:
                await self._close(run)
            self._runs.clear()
            if not await self._offload(self._is_left):
                return
            await self._changed.wait(_OTHERS_SECONDS)

    async def _open_ours(self) -> None:
        while ours := self._left.keys() & self._feeds.keys():
            partition = min(ours)
            feed = self._feeds[partition]
            run = await self._opened(partition, feed)
            if self._feeds.get(partition) is not feed:
                continue
            del self._left[partition]
            if run is not None:
                self._runs[partition] = run
                run.start()

    async def _are_ours_finished(self) -> bool:
        """False where partitions came or went before they were."""
        finishing = asyncio.create_task(self._until_ours_are_finished())
        changing = asyncio.create_task(self._changed.wait())
        try:
            await asyncio.wait([finishing, changing], return_when=asyncio.FIRST_COMPLETED)
            if finishing.done():
                await finishing
            return not changing.done()
        finally:
            finishing.cancel()
            changing.cancel()
            await asyncio.gather(finishing, changing, return_exceptions=True)

    async def _until_ours_are_finished(self) -> None:
        await asyncio.gather(*(run.until_finished() for run in self._runs.values()))

    def _is_left(self) -> bool:
        """Blocking. Whether anything is to be decided yet, by whoever."""
        return any(self._is_part_left(partition, part) for partition, part in _parts_of(self.replay).items())

    def _is_part_left(self, partition: int, part: Part) -> bool:
        progress = self._parts.ledger.progress(self._site.id, partition, run_id=self.replay.id)
        if progress is None:
            return True
        if isinstance(part, range):
            return progress.mark < part.stop
        return any(offset >= progress.mark and offset not in progress.finals for offset in part)

    async def _held(self) -> None:
        await self._told_to_hold.wait()

    async def _come_to_a_halt(self) -> None:
        for run in self._runs.values():
            run.hold()
        while self.busy:
            await self._parts.clock.sleep(_LOOK_SECONDS)

    async def _put_away(self, partition: int) -> None:
        """To begin there anew."""
        if (run := self.release(partition)) is not None:
            await self._close(run)

    async def _close(self, run: Run) -> None:
        await run.stop()
        await self._offload(run.close)

    async def stop(self) -> None:
        await asyncio.gather(*(run.stop() for run in self._runs.values()))

    def close(self) -> None:
        for run in self._runs.values():
            run.close()

    async def _opened(self, partition: int, feed: Feed) -> Run | None:
        """None where it is finished there."""
        ledger, site, run_id = self._parts.ledger, self._site, self.replay.id
        part = _parts_of(self.replay)[partition]
        progress = await self._offload(lambda: ledger.progress(site.id, partition, run_id=run_id))
        if progress is None:
            progress = Progress(part[0])
            writing = Writing(marks=((site.id, run_id, partition, progress.mark),))
        else:
            writing = Writing(cleared=every_lane(site.id, run_id, partition))
        await site.recorder.post(writing, partition=partition)
        if isinstance(part, range):
            return self._stretch(partition, feed, part, progress)
        return self._members(partition, feed, part, progress)

    def _members(self, partition: int, feed: Feed, part: Sequence[int], progress: Progress) -> Run | None:
        left = [offset for offset in part if offset >= progress.mark and offset not in progress.finals]
        if not left:
            return None
        tracker = Tracker(left[0])
        run_id, end = self.replay.id, left[-1] + 1
        return Run(self._site, Members(feed, left), tracker, partition=partition, run_id=run_id, end=end)

    def _stretch(self, partition: int, feed: Feed, part: range, progress: Progress) -> Run | None:
        if progress.mark >= part.stop:
            return None
        source = Stretch(
            feed,
            progress.mark,
            part.stop - 1,
            pick=partial(self._pick, partition),
            seconds_each=self._seconds_each(),
        )
        tracker = Tracker(progress.mark, progress.finals)
        return Run(self._site, source, tracker, partition=partition, run_id=self.replay.id, end=part.stop)

    def _pick(self, partition: int, entries: list[Entry]) -> list[Entry]:
        """Blocking. Those that the plan takes, told as history where it is quiet."""
        plan = self.replay.plan or Plan()
        picked = [one for one in entries if plan.selection.fits(one.event)]
        if picked and plan.selection.asks_fate:
            first, last = picked[0].offset, picked[-1].offset
            fitting: set[int] = set()
            for begins, ends, verdict, reason in self._parts.ledger.decided(self._site.id, partition, first, last):
                if plan.selection.fits_fate(verdict, reason):
                    fitting.update(range(max(begins, first), min(ends, last) + 1))
            picked = [one for one in picked if one.offset in fitting]
        if plan.quiet:
            for one in picked:
                one.historical = True
        return picked

    def _seconds_each(self) -> float:
        """0: as fast as it goes."""
        plan, compiled = self.replay.plan, self._site.compiled
        if plan is None or plan.rate_share >= 1 or compiled is None:
            return 0.0
        limits = compiled.limits
        return 60 / (limits.requests_per_minute * limits.max_items * plan.rate_share)

    async def _set_state(self, state: str, only_from: set[str]) -> bool:
        control, replay_id = self._parts.control, self.replay.id
        return await self._offload(lambda: control.set_replay_state(replay_id, state, only_from=only_from))


def _parts_of(replay: Replay) -> dict[int, Part]:
    parts: dict[int, Part] = {}
    members: dict[int, set[int]] = defaultdict(set)
    for partition, offset in replay.members:
        members[partition].add(offset)
    parts.update({partition: sorted(offsets) for partition, offsets in members.items()})
    spans = replay.plan.spans if replay.plan else ()
    parts.update({partition: range(first, last + 1) for partition, first, last in spans})
    return parts
