"""A replay: a run over given events with marks of its own; the live cursor does not move."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Iterator, Mapping
from functools import partial
from typing import Final

from datafly.deliver.entries import Entry
from datafly.deliver.feed import Feed, Members, Stretch
from datafly.deliver.offload import Offload
from datafly.deliver.run import Run, every_lane
from datafly.deliver.site import Parts, Site
from datafly.deliver.tracker import Tracker
from datafly.model.delivery import Plan, Replay
from datafly.store.base import Progress, Writing

_LOOK_SECONDS: Final = 0.05


class Replaying:
    """Shares gate, pace and slots with the live run of its installation; restarted, it goes on where it was."""

    def __init__(
        self, replay: Replay, site: Site, parts: Parts, *, feeds: Mapping[int, Feed], offload: Offload
    ) -> None:
        self.replay = replay
        self._site = site
        self._parts = parts
        self._feeds = feeds
        self._offload = offload
        self._runs: list[Run] = []
        self._told_to_hold = asyncio.Event()

    @property
    def busy(self) -> bool:
        return any(run.busy for run in self._runs)

    def lowest(self, partition: int) -> int | None:
        """Below it this replay needs nothing of the log."""
        if not self._runs:
            return self.replay.first(partition)
        return min((run.mark for run in self._runs if run.partition == partition), default=None)

    def disturb(self) -> None:
        for run in self._runs:
            run.disturb()

    def hold(self) -> None:
        """Somebody paused or cancelled it: what is under way is finished, then `carry_out` returns."""
        self._told_to_hold.set()

    async def carry_out(self) -> None:
        """Returns when every member has its verdict and the replay is marked done, or once it is held."""
        if not await self._set_state("running", {"queued", "running"}):
            return
        opened = [await one for one in self._openings()]
        self._runs = [run for run in opened if run is not None]
        for run in self._runs:
            run.start()
        try:
            is_done = await self._finished_or_held()
        finally:
            await self.stop()
        if is_done:
            await self._set_state("done", {"running"})

    def _openings(self) -> Iterator[Awaitable[Run | None]]:
        for partition, first, last in self.replay.plan.spans if self.replay.plan else ():
            yield self._open_stretch(partition, first, last)
        members: dict[int, list[int]] = defaultdict(list)
        for partition, offset in self.replay.members:
            members[partition].append(offset)
        for partition, offsets in members.items():
            yield self._open_run(partition, sorted(set(offsets)))

    async def _finished_or_held(self) -> bool:
        finishing = asyncio.create_task(self._finish())
        holding = asyncio.create_task(self._held())
        try:
            await asyncio.wait([finishing, holding], return_when=asyncio.FIRST_COMPLETED)
            if finishing.done():
                await finishing
                return True
            await self._settle()
            return False
        finally:
            finishing.cancel()
            holding.cancel()
            await asyncio.gather(finishing, holding, return_exceptions=True)

    async def _finish(self) -> None:
        await asyncio.gather(*(run.until_finished() for run in self._runs))

    async def _held(self) -> None:
        await self._told_to_hold.wait()

    async def _settle(self) -> None:
        for run in self._runs:
            run.held = True
            run.disturb()
        while self.busy:
            await self._parts.clock.sleep(_LOOK_SECONDS)

    async def stop(self) -> None:
        await asyncio.gather(*(run.stop() for run in self._runs))

    def close(self) -> None:
        for run in self._runs:
            run.close()

    async def _open_run(self, partition: int, offsets: list[int]) -> Run | None:
        ledger, site, run_id = self._parts.ledger, self._site, self.replay.id
        progress = await self._offload(lambda: ledger.progress(site.id, partition, run_id=run_id))
        if progress is None:
            await site.recorder.post(Writing(marks=((site.id, run_id, partition, offsets[0]),)))
            left = offsets
        else:
            await site.recorder.post(Writing(cleared=every_lane(site.id, run_id, partition)))
            left = [offset for offset in offsets if offset >= progress.mark and offset not in progress.finals]
        if not left or partition not in self._feeds:
            return None
        end = left[-1] + 1
        source = Members(self._feeds[partition], left)
        return Run(site, source, Tracker(left[0]), partition=partition, run_id=run_id, end=end)

    async def _open_stretch(self, partition: int, first: int, last: int) -> Run | None:
        ledger, site, run_id = self._parts.ledger, self._site, self.replay.id
        progress = await self._offload(lambda: ledger.progress(site.id, partition, run_id=run_id))
        if progress is None:
            await site.recorder.post(Writing(marks=((site.id, run_id, partition, first),)))
            progress = Progress(first)
        else:
            await site.recorder.post(Writing(cleared=every_lane(site.id, run_id, partition)))
        if progress.mark > last or partition not in self._feeds:
            return None
        source = Stretch(
            self._feeds[partition],
            progress.mark,
            last,
            pick=partial(self._pick, partition),
            seconds_each=self._seconds_each(),
        )
        tracker = Tracker(progress.mark, progress.finals)
        return Run(site, source, tracker, partition=partition, run_id=run_id, end=last + 1)

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
