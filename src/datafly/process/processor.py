"""The loop of process: `raw` in batches through the steps into `events`, each event once."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from datafly.log.base import EVENTS, RAW, Log, Record, Retention
from datafly.model.clock import Clock
from datafly.model.consent import ConsentSettings
from datafly.model.errors import OperatorError, Unavailable
from datafly.model.event import Event
from datafly.model.installation import Pipeline
from datafly.observe.base import emit
from datafly.observe.process import (
    ProcessAppendFailed,
    ProcessBatchAppended,
    ProcessEventsWithheld,
    ProcessEventUnreadable,
    ProcessRecordsLost,
    ProcessStateCaughtUp,
)
from datafly.process.batch import Batch, govern_batch, prepare, read_batch
from datafly.process.dedupe import fingerprint
from datafly.process.lookup import state_path
from datafly.process.memory import Memory, Seen
from datafly.process.state_file import StateFile
from datafly.process.steps import Context

Pipelines = Callable[[], Mapping[str, Pipeline]]
"""Pipeline id → pipeline."""
Consents = Callable[[], ConsentSettings]

BATCH: Final = 1_000
"""So many records are appended together."""
SLICE: Final = 250
"""So many of them are in memory decoded at once."""
UNWRITTEN: Final = 10_000
"""So many message ids wait in memory at most; then, or as soon as nothing comes in, they are written."""
REMEMBERED: Final = 10_000
"""So many visitors, users and choices are kept in memory between batches."""
FIRST_PAUSE: Final = 0.001
LONGEST_PAUSE: Final = 0.02
LONGEST_RETRY: Final = 1.0
DRAIN_SECONDS: Final = 2.0

_decode_event: Final = msgspec.json.Decoder(Event).decode


class Processor:
    """Works on the given partitions (all, if none are given): partition n of `raw` goes to partition n of `events`.

    Both streams therefore have the same number of partitions, and whoever appends to `raw` keeps a key in one of them.
    """

    def __init__(
        self,
        log: Log,
        state: Path,
        *,
        pipelines: Pipelines,
        clock: Clock,
        partitions: Iterable[int] | None = None,
        consent: Consents = ConsentSettings,
    ) -> None:
        """`state` is the folder of the state files, `consent` what is decided on it for all pipelines.

        Raises `OperatorError` if another process works on a partition.
        """
        if log.partitions(RAW) != log.partitions(EVENTS):
            raise OperatorError("The streams raw and events must have the same number of partitions.")
        numbers = range(log.partitions(EVENTS)) if partitions is None else partitions
        self._clock = clock
        self._workers: list[PartitionWorker] = []
        try:
            for number in numbers:
                self._workers.append(PartitionWorker(log, state, number, pipelines, consent))
        except BaseException:
            self.close()
            raise

    @property
    def partitions(self) -> list[int]:
        """Those that are worked on here."""
        return [worker.partition for worker in self._workers]

    def position(self, partition: int = 0) -> int:
        """Up to where `raw` is processed; what lies before is not needed any more."""
        return self._worker(partition).position

    def retain(self, retention: Retention, *, keep_from: int, partition: int = 0) -> list[tuple[int, int]]:
        """As `Appender.retain`, of `events`; what the state has not written down is kept in any case."""
        return self._worker(partition).retain(retention, keep_from)

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`; then what is left in `raw` is processed, for two seconds at most."""
        await asyncio.gather(*(self._run(worker, stop) for worker in self._workers))

    def close(self) -> None:
        for worker in self._workers:
            worker.close()
        self._workers.clear()

    def _worker(self, partition: int) -> "PartitionWorker":
        return next(worker for worker in self._workers if worker.partition == partition)

    async def _run(self, worker: "PartitionWorker", stop: asyncio.Event) -> None:
        pause = FIRST_PAUSE
        while not stop.is_set():
            worked, pause = await self._turn(worker, pause)
            if not worked:
                await self._clock.sleep(pause)
        await self._drain(worker)

    async def _turn(self, worker: "PartitionWorker", pause: float) -> tuple[int, float]:
        """How many records, and how long to wait if none: short after work, longer in idleness and in trouble."""
        try:
            worked = await asyncio.to_thread(worker.turn)
        except Unavailable as error:
            pause = min(pause * 2, LONGEST_RETRY)
            emit(ProcessAppendFailed(worker.partition, error.message, pause))
            return 0, pause
        return worked, FIRST_PAUSE if worked else min(pause * 1.5, LONGEST_PAUSE)

    async def _drain(self, worker: "PartitionWorker") -> None:
        deadline = self._clock.monotonic() + DRAIN_SECONDS
        with contextlib.suppress(Unavailable):  # what is not done now is done after the next start
            while await asyncio.to_thread(worker.turn) and self._clock.monotonic() < deadline:
                pass
            await asyncio.to_thread(worker.flush)


class PartitionWorker:
    """One partition. Blocking; one call at a time."""

    def __init__(
        self, log: Log, state: Path, partition: int, pipelines: Pipelines, consent: Consents = ConsentSettings
    ) -> None:
        self.partition = partition
        self._pipelines = pipelines
        self._consent = consent
        self._appender = log.appender(EVENTS, partition)
        try:
            self._raw = log.reader(RAW, partition)
            self._events = log.reader(EVENTS, partition)
            self._state = StateFile(state_path(state, partition))
        except BaseException:
            self._appender.close()
            raise
        self._memory = Memory()
        self._unwritten: list[Seen] = []
        self._caught_up = False
        self.applied = self._state.applied
        self.position = self._appender.consumed() or 0

    def turn(self) -> int:
        """Process a batch; how many records. Raises `Unavailable` when it could not be appended."""
        if not self._caught_up:
            self._catch_up()
        if len(self._unwritten) >= UNWRITTEN:
            self.flush()
        records = self._raw.read(self.position, max_records=BATCH)
        if not records:
            self.flush()
            return 0
        try:
            self._process(records)
        except BaseException:
            self._forget()
            raise
        self._state.write_choices(self._memory)
        return len(records)

    def flush(self) -> None:
        """Write what was learnt."""
        if not self._unwritten:
            return
        head = self._unwritten[-1].offset + 1
        self._state.write(self._memory, self._unwritten, applied=head)
        self.applied = head
        self._unwritten = []
        self._memory.seen.clear()
        self._memory.trim(REMEMBERED)

    def retain(self, retention: Retention, keep_from: int) -> list[tuple[int, int]]:
        return self._appender.retain(retention, keep_from=min(keep_from, self.applied))

    def close(self) -> None:
        self._raw.close()
        self._events.close()
        self._state.close()
        self._appender.close()

    def _process(self, records: Sequence[Record]) -> None:
        context, batch = Context(self._pipelines(), self._consent()), Batch()
        for start in range(0, len(records), SLICE):
            incoming = read_batch(records[start : start + SLICE], self.partition, batch)
            prepare(incoming, self._memory, self._state)
            govern_batch(incoming, self.partition, context, self._memory, batch)
        position = records[-1].offset + 1
        first = self._appender.append(batch.entries, consumed=position)
        self._tell_lost(records[0].offset)
        self.position = position
        self._unwritten += [Seen(mark, at_ms, offset) for offset, (mark, at_ms) in enumerate(batch.marks, first)]
        for pipeline_id, events in batch.withheld.items():
            emit(ProcessEventsWithheld(self.partition, pipeline_id, events))
        emit(ProcessBatchAppended(self.partition, len(batch.entries), batch.duplicates, batch.refused))

    def _tell_lost(self, found: int) -> None:
        """Once, as the position goes beyond it with the append that is durable by now."""
        if found > self.position and not self._raw.skips:
            emit(ProcessRecordsLost(self.partition, self.position, found - 1))

    def _forget(self) -> None:
        """What was learnt from events that were not appended must go; the rest is learnt again from the log."""
        self._memory = Memory()
        self._unwritten = []
        self._caught_up = False
        self.position = self._appender.consumed() or 0

    def _catch_up(self) -> None:
        """Learn what was appended and not yet written down."""
        self._state.load_clock(self._memory)
        self.applied, learnt = min(self._state.applied, self._events.bounds().head), 0
        offset = self.applied
        while records := self._events.read(offset, max_records=BATCH):
            learnt += self._learn(records)
            offset = records[-1].offset + 1
        self._caught_up = True
        if learnt:
            emit(ProcessStateCaughtUp(self.partition, learnt))

    def _learn(self, records: Sequence[Record]) -> int:
        """How many. What cannot be read teaches nothing, and must not keep process from starting for ever."""
        readable = [(record.offset, event) for record in records if (event := self._read(record)) is not None]
        self._load([event for _, event in readable])
        for _, event in readable:
            self._memory.learn(event)
        self._unwritten = [
            Seen(fingerprint(event.pipeline_id, event.message_id), event.received_ms, offset)
            for offset, event in readable
        ]
        self.flush()
        return len(readable)

    def _read(self, record: Record) -> Event | None:
        try:
            return _decode_event(record.value)
        except (msgspec.MsgspecError, ValueError) as error:
            emit(ProcessEventUnreadable(self.partition, record.offset, str(error)))
            return None

    def _load(self, events: list[Event]) -> None:
        self._state.load(
            self._memory,
            visitors={about for event in events for about in (event.anonymous_id, event.previous_id) if about},
            users={event.user_id for event in events if event.user_id},
            keys={event.key for event in events},
        )
