"""Serves one installation: its runs, its gate, and what people decide about it."""

import asyncio
from collections.abc import Mapping
from functools import partial

import msgspec

from datafly.deliver import reasons
from datafly.deliver.feed import Cursor, Feed
from datafly.deliver.following import Following
from datafly.deliver.gate import BACKING_OFF, RUNNING, SUSPENDED, Gate
from datafly.deliver.loop import keep_going, together
from datafly.deliver.offload import Offload
from datafly.deliver.pace import Paces
from datafly.deliver.recorder import Recorder, Written
from datafly.deliver.run import Run, every_lane
from datafly.deliver.site import Parts, Plan, Served, Site
from datafly.deliver.thrift import DAY_MS
from datafly.deliver.tracker import Tracker
from datafly.model.delivery import LIVE, State
from datafly.model.installation import Installation, canary_salt
from datafly.model.verdict import Ruling, Verdict
from datafly.observe.base import emit
from datafly.observe.deliver import (
    DeliverBreakerOpened,
    DeliverInstallationChanged,
    DeliverInstallationResumed,
    DeliverInstallationSuspended,
)
from datafly.store.base import Progress, Writing
from datafly.store.tallies import HOUR_MS, SPARED, SPENT


class Worker:
    """`feeds`: partition → feed, as they are at any time. Start it once, `apply` every change of the installation from
    when it is made, and `settle` where a partition came.
    """

    def __init__(
        self,
        installation: Installation,
        parts: Parts,
        *,
        feeds: Mapping[int, Feed],
        recorder: Recorder,
        paces: Paces,
        offload: Offload,
    ) -> None:
        self._parts = parts
        self._feeds = feeds
        self._recorder = recorder
        self._offload = offload
        self.gate = Gate(parts.clock, parts.settings, parts.rng, self._told)
        self.site = Site(installation, parts, self.gate, recorder, paces)
        self.runs: dict[int, Run] = {}
        self._broken: Ruling | None = None
        self._state = State(installation_id=installation.id, name="")
        self._announced = RUNNING
        self._following: asyncio.Task[None] | None = None

    @property
    def installation(self) -> Installation:
        return self.site.installation

    @property
    def finished(self) -> bool:
        """It was removed, and what was left is closed."""
        return self.installation.removed_ms is not None and all(run.finished for run in self.runs.values())

    @property
    def busy(self) -> bool:
        return any(run.busy for run in self.runs.values())

    async def start(self, before: State | None) -> None:
        """`before`: how it stood when it was last served."""
        self._configure()
        await self._read_spent()
        if before is not None:
            self._state = before
            self._announced = before.name if before.name in {BACKING_OFF, SUSPENDED} else RUNNING
            if before.name == SUSPENDED and self._broken is None and before.reason != reasons.DAILY_CAP:
                ruling = Ruling(Verdict.SUSPENDED, before.reason, before.cause, before.cure, before.symptom)
                self.gate.resume_suspended(ruling)
        await self._apply_standing()
        await self.settle()
        if self._parts.share.number == 0:
            partitions = self._feeds.keys() if self._parts.partitioned else None
            step = Following(self.site, self._offload, partitions).step
            self._following = asyncio.create_task(keep_going(f"following {self.site.id}", step, self._parts.clock))

    async def settle(self) -> None:
        """Begins in the partitions that it does not serve yet."""
        came = [(partition, feed) for partition, feed in self._feeds.items() if partition not in self.runs]
        await together(self._begin(partition, feed) for partition, feed in came)
        if came and self._parts.partitioned:
            self._recorder.post(Writing(states=(self._state,)))

    async def _begin(self, partition: int, feed: Feed) -> None:
        run = await self._open_run(partition, feed)
        if self.installation.removed_ms is not None:
            run.end = await self._end(partition, feed)
        if self._feeds.get(partition) is feed:
            self.runs[partition] = run
            run.start()

    async def apply(self, installation: Installation) -> None:
        before, self.site.installation = self.installation, installation
        if installation == before or (self.site.plan is None and self._broken is None):
            return  # in the second case `start` is still to come, and goes by it
        if _sends_otherwise(installation, before) or self._broken is not None:
            self._configure()
        await self._apply_standing()
        self.gate.nudge()
        for run in [*self.runs.values()]:
            run.disturb()
        for feed in [*self._feeds.values()]:
            feed.disturb()
        emit(
            DeliverInstallationChanged(
                installation_id=installation.id,
                vendor=installation.vendor,
                standing=self._state.name,
                revision=installation.revision.number,
            )
        )

    async def keep_marks(self) -> None:
        """And how fast it is: that changes with answers, also with those to others of the same credential."""
        await self._keep_to_cap()
        self._told()
        self._tell_failed()
        await together(run.keep_mark() for run in self.runs.values())

    async def _keep_to_cap(self) -> None:
        """A cap is over at midnight; `_configure` lifts one that may be another now.

        Of several that deliver, each hears what all have spent.
        """
        if not self._parts.is_alone:
            await self._read_spent()
        self.site.thrift.spent_today()
        if self.site.capped is not None and self.site.thrift.day != self.site.capped_day:
            self.site.leave_cap()

    async def _read_spent(self) -> None:
        compiled = self.site.compiled
        if compiled is None or compiled.meter is None or not compiled.meter.cap:
            return
        today = self._parts.clock.now_ms() // DAY_MS
        spent = await self._offload(lambda: self._spent(today * DAY_MS))
        self.site.thrift.read(today, spent)

    def _spent(self, since_ms: int) -> int:
        told = self._parts.ledger.tallies(
            since_ms=since_ms, until_ms=since_ms + DAY_MS, step_ms=HOUR_MS, installation_ids=[self.site.id]
        )
        return sum(one.count for one in told if one.name.startswith(SPENT) and one.name != SPARED)

    def _tell_failed(self) -> None:
        """Requests that nothing became final with; told now and then, since they come fast while a vendor is away."""
        if failed := self.site.failed:
            self.site.failed = 0
            self._recorder.post(Writing(failed=((self.site.id, self._parts.clock.now_ms(), failed),)))

    async def stop(self) -> None:
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)
        await asyncio.gather(*(run.stop() for run in self.runs.values()))
        self.gate.close()

    def close(self) -> None:
        for run in self.runs.values():
            run.close()

    def _configure(self) -> None:
        """A configuration that cannot be used holds everything until it is corrected."""
        try:
            plan = self._planned()
            if not plan.is_as(self.site.plan):
                self.site.plan = plan
            self._broken = None
        except Exception as error:  # noqa: BLE001 - a definition's fault stops its installation alone
            self.site.plan = None
            self._broken = reasons.cannot_compile(f"{type(error).__name__}: {error}")
        self.site.leave_cap()
        self.gate.shut("blocked", shut=self._broken is not None)

    def _planned(self) -> Plan:
        installation, compile_one = self.installation, self._parts.compile
        pinned = Served(compile_one(installation), installation.revision)
        if installation.canary is None:
            return Plan(pinned)
        revision = installation.canary.revision
        canary = Served(compile_one(msgspec.structs.replace(installation, revision=revision)), revision)
        return Plan(pinned, canary, installation.canary.percent, canary_salt(installation.id, revision.id))

    async def _open_run(self, partition: int, feed: Feed) -> Run:
        site_id = self.site.id
        cleared = every_lane(site_id, LIVE, partition)
        progress = await self._progress(partition)
        if progress is not None:
            await self._recorder.post(Writing(cleared=cleared), partition=partition)
        else:
            start = await self._start(partition, feed)
            begun = ((site_id, LIVE, partition, start),)
            await self._recorder.post(Writing(begun=begun, cleared=cleared), partition=partition)
            progress = await self._progress(partition) or Progress(start)
        tracker = Tracker(progress.mark, progress.finals)
        cursor = Cursor(feed, progress.mark)
        return Run(self.site, cursor, tracker, partition=partition, broken_off_ms=feed.broken_off_ms)

    async def _progress(self, partition: int) -> Progress | None:
        ledger, site_id, share = self._parts.ledger, self.site.id, self._parts.share
        return await self._offload(lambda: ledger.progress(site_id, partition, share=share))

    async def _apply_standing(self) -> None:
        installation = self.installation
        if installation.removed_ms is not None:
            self.site.closing = reasons.REMOVED
            for partition, run in [*self.runs.items()]:
                if run.end is None and partition in self._feeds:
                    run.end = await self._end(partition, self._feeds[partition])
        else:
            self.site.closing = None if installation.enabled else reasons.DISABLED
        self.gate.release(released=self.site.closing is not None)
        self.gate.shut("paused", shut=installation.paused)
        self._told()

    async def _start(self, partition: int, feed: Feed) -> int:
        if partition in self.installation.start:
            return self.installation.start[partition]
        return await self._head(feed)

    async def _end(self, partition: int, feed: Feed) -> int:
        if partition in self.installation.end:
            return self.installation.end[partition]
        return await self._head(feed)

    async def _head(self, feed: Feed) -> int:
        reader = await self._offload(feed.open_reader)
        try:
            return await self._offload(reader.head)
        finally:
            reader.close()

    def _told(self) -> None:
        """Writes how the installation stands, where that changed; alerts once per episode."""
        before, state = self._state, self._standing()
        if state.name == before.name:
            state = msgspec.structs.replace(state, since_ms=before.since_ms)
        if state == before:
            return
        self._state = state
        written = self._recorder.post(Writing(states=(state,)))
        if state.name in {RUNNING, BACKING_OFF, SUSPENDED} and state.name != self._announced:
            self._announce(self._announced, state, written)
            self._announced = state.name

    def _standing(self) -> State:
        if decided := self._decided_name():
            return self._state_of(decided)
        if self._broken is not None:
            return self._state_of(SUSPENDED, self._broken)
        if self.site.capped is not None:
            midnight = (self.site.thrift.day + 1) * DAY_MS
            return self._state_of(SUSPENDED, self.site.capped, midnight)
        if self.gate.running:
            return self._state_of(RUNNING)
        return self._state_of(self.gate.name, self.gate.ruling, self.gate.next_probe_ms)

    def _decided_name(self) -> str:
        """What people decided comes before what the vendor answers; removed and disabled before paused."""
        if self.installation.removed_ms is not None:
            return "removed"
        if not self.installation.enabled:
            return "disabled"
        return "paused" if self.installation.paused else ""

    def _state_of(self, name: str, ruling: Ruling | None = None, next_probe_ms: int | None = None) -> State:
        now_ms, slowed = self._parts.clock.now_ms(), self.site.slowed()
        if ruling is None:
            return State(installation_id=self.site.id, name=name, since_ms=now_ms, slowed=slowed)
        return State(
            installation_id=self.site.id,
            name=name,
            reason=ruling.reason,
            cause=ruling.cause,
            cure=ruling.cure,
            symptom=ruling.symptom,
            since_ms=now_ms,
            next_probe_ms=next_probe_ms,
            slowed=slowed,
        )

    def _announce(self, before: str, state: State, written: Written) -> None:
        """At once where there is no other share; else by the first that it befalls, and the last that is over it."""
        if self._parts.is_alone:
            self._tell(before, state)
        else:
            written.add_done_callback(partial(self._tell_for_all, before, state))

    def _tell_for_all(self, before: str, state: State, written: Written) -> None:
        others = frozenset[str]() if written.cancelled() else written.result().get(self.site.id, frozenset())
        if not any(_is_as_bad(other, state.name) for other in others):
            self._tell(before, state)

    def _tell(self, before: str, state: State) -> None:
        installation_id, vendor = self.site.id, self.installation.vendor
        if state.name == SUSPENDED:
            emit(
                DeliverInstallationSuspended(
                    installation_id=installation_id,
                    vendor=vendor,
                    reason=state.reason,
                    cause=state.cause,
                    cure=state.cure,
                )
            )
        elif state.name == BACKING_OFF:
            emit(
                DeliverBreakerOpened(
                    installation_id=installation_id, vendor=vendor, reason=state.reason, cause=state.cause
                )
            )
        elif state.name == RUNNING and before in {SUSPENDED, BACKING_OFF}:
            emit(DeliverInstallationResumed(installation_id=installation_id, vendor=vendor, was=before))


def _is_as_bad(other: str, name: str) -> bool:
    """Whether a share that stands so makes it no news that another stands as `name`."""
    return name == RUNNING or other in {name, SUSPENDED}


def _sends_otherwise(now: Installation, before: Installation) -> bool:
    return (now.shaped_by, now.canary) != (before.shaped_by, before.canary)
