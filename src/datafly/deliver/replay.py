"""A replay: a run over given events with marks of its own; the live cursor does not move."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping

from datafly.deliver.feed import Feed, Members
from datafly.deliver.offload import Offload
from datafly.deliver.run import Run, every_lane
from datafly.deliver.site import Parts, Site
from datafly.deliver.tracker import Tracker
from datafly.model.delivery import Replay
from datafly.store.base import Writing


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

    @property
    def busy(self) -> bool:
        return any(run.busy for run in self._runs)

    def lowest(self, partition: int) -> int | None:
        """Below it this replay needs nothing of the log."""
        if not self._runs:
            return min((offset for at, offset in self.replay.members if at == partition), default=None)
        return min((run.mark for run in self._runs if run.partition == partition), default=None)

    def disturb(self) -> None:
        for run in self._runs:
            run.disturb()

    async def carry_out(self) -> None:
        """Returns when every member has its verdict and the replay is marked done."""
        await self._set_state("running")
        members: dict[int, list[int]] = defaultdict(list)
        for partition, offset in self.replay.members:
            members[partition].append(offset)
        opened = [await self._open_run(partition, sorted(set(offsets))) for partition, offsets in members.items()]
        self._runs = [run for run in opened if run is not None]
        for run in self._runs:
            run.start()
        try:
            await asyncio.gather(*(run.until_finished() for run in self._runs))
        finally:
            await self.stop()
        await self._set_state("done")

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

    async def _set_state(self, state: str) -> None:
        control, replay_id = self._parts.control, self.replay.id
        await self._offload(lambda: control.set_replay_state(replay_id, state))
