"""One partition of process: a batch of `raw` at a time through the steps into `events`, each event once."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from datafly.log.base import EVENTS, RAW, STATE, Log, Record, Retention
from datafly.model.consent import ConsentSettings
from datafly.model.erasure import NOBODY_ERASED, Erased
from datafly.model.errors import Unavailable
from datafly.model.installation import Pipeline
from datafly.observe.base import emit
from datafly.observe.process import (
    ProcessBatchAppended,
    ProcessEventsWithheld,
    ProcessRecordsLost,
    ProcessStateNotHanded,
)
from datafly.process.batch import Batch, govern_batch, prepare, read_batch
from datafly.process.inheritance import Mark, Will
from datafly.process.learner import REMEMBERED_MS, Learner
from datafly.process.memory import Seen
from datafly.process.steps import Context
from datafly.process.tracing import tell_spans

Pipelines = Callable[[], Mapping[str, Pipeline]]
"""Pipeline id → pipeline."""
Consents = Callable[[], ConsentSettings]
Departed = Callable[[], Erased]
"""Who was erased; the same value as long as nobody else is."""

BATCH: Final = 500
"""So many records are appended together."""
SLICE: Final = 250
"""So many of them are in memory decoded at once."""
WAIT_SECONDS: Final = 0.5


class PartitionWorker:
    """Blocking; one call at a time. Whoever opens one for a partition is the only one to work on it from then on.

    A worker that another process has taken over from raises `OperatorError` with the code FENCED at its next append.
    """

    def __init__(
        self,
        log: Log,
        state: Path,
        partition: int,
        pipelines: Pipelines,
        consent: Consents = ConsentSettings,
        *,
        erased: Departed = lambda: NOBODY_ERASED,
        monotonic: Callable[[], float] = time.monotonic,
        leaving: Callable[[], bool] = bool,
    ) -> None:
        """`leaving`: whether the partition is to be given up, so that what takes long may end early."""
        self.partition = partition
        self._pipelines = pipelines
        self._consent = consent
        self._erased = erased
        self._leaving = leaving
        shared = log.partitions(STATE) > 0
        self._appender = log.appender(EVENTS, partition)
        try:
            self._raw = log.reader(RAW, partition)
            self._learner = Learner(log, state, partition, marking=shared, leaving=leaving)
            self._will = Will(log, partition, self._learner.state, monotonic) if shared else None
        except BaseException:
            self._appender.close()
            raise
        self._inherited = self._caught_up = False
        self._begins = 0
        self.position = self._appender.consumed() or 0

    @property
    def applied(self) -> int:
        """What lies before in `events` is not needed for what is known, whoever works on from here."""
        return self._learner.applied if self._will is None else min(self._learner.applied, self._will.applied)

    def turn(self) -> int:
        """Process a batch; how many records. Raises `Unavailable` when it could not be appended."""
        self._learner.heed(self._erased())
        if not self._caught_up and not self._catch_up():
            return 0
        if self._learner.is_full:
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
        self._learner.state.write_choices(self._learner.memory)
        return len(records)

    def turn_or_wait(self) -> int:
        """As `turn`; where partitions are shared out, it waits a moment for records if there are none."""
        worked = self.turn()
        if not worked and self._will is not None and not self._leaving():
            self._raw.wait(WAIT_SECONDS)
        return worked

    def flush(self) -> None:
        """Write what was learnt; what others would have to know, now and then."""
        self._learner.flush()
        if self._will is not None and self._will.is_due(self._learner.applied):
            self._hand_on(self._will)

    def leave(self) -> None:
        """Everything that was learnt is written, for whoever takes over."""
        self._learner.flush()
        if self._will is not None and self._caught_up and self._learner.applied > self._will.applied:
            self._hand_on(self._will)

    def retain(self, retention: Retention, *, keep_from: int) -> list[tuple[int, int]]:
        """Where partitions move, message ids are learnt from `events`: for a day nothing goes for its age."""
        if self._will is not None and retention.max_age_seconds is not None:
            longer = max(retention.max_age_seconds, REMEMBERED_MS / 1_000)
            retention = msgspec.structs.replace(retention, max_age_seconds=longer)
        return self._appender.retain(retention, keep_from=min(keep_from, self.applied))

    def close(self) -> None:
        self._raw.close()
        self._learner.close()
        if self._will is not None:
            self._will.close()
        self._appender.close()

    def _hand_on(self, will: Will) -> None:
        """Where that fails, `events` has it for longer."""
        memory = self._learner.memory
        try:
            will.write(Mark(self._learner.applied, memory.behind_ms, memory.newest_ms, self.position))
        except Unavailable as error:
            emit(ProcessStateNotHanded(self.partition, error.message))

    def _process(self, records: Sequence[Record]) -> None:
        began_ns = time.time_ns()
        context, batch = Context(self._pipelines(), self._consent()), Batch()
        memory = self._learner.memory
        for start in range(0, len(records), SLICE):
            incoming = read_batch(records[start : start + SLICE], self.partition, batch)
            prepare(incoming, memory, self._learner.state)
            govern_batch(incoming, self.partition, context, memory, batch)
        position = records[-1].offset + 1
        first = self._appender.append(batch.entries, consumed=position)
        self._tell_lost(records[0].offset)
        self.position = position
        self._learner.note([Seen(mark, at_ms, offset) for offset, (mark, at_ms) in enumerate(batch.marks, first)])
        for pipeline_id, events in batch.withheld.items():
            emit(ProcessEventsWithheld(self.partition, pipeline_id, events))
        emit(ProcessBatchAppended(self.partition, len(batch.entries), batch.duplicates, batch.refused))
        if batch.traced:
            tell_spans(batch.traced, began_ns, self.partition)

    def _tell_lost(self, found: int) -> None:
        """Once, as the position goes beyond it with the append that is durable by now."""
        if found > self.position and (gone := self._raw.gone_below(found)) > self.position:
            emit(ProcessRecordsLost(self.partition, self.position, gone - 1))

    def _forget(self) -> None:
        """What was learnt from events that were not appended must go; the rest is learnt again from the log."""
        self._learner.forget()
        self._caught_up = False

    def _catch_up(self) -> bool:
        """Whether all is known. Where an append failed, the position is read by the next turn alone: to read it may
        open the partition anew, and whoever has lost it meanwhile would shut its new owner out.
        """
        if not self._leaving():
            self.position = max(self._appender.consumed() or 0, self._begins)
        if self._will is not None and not self._inherited:
            mark = self._learner.inherit(self._waiting_since) or Mark()
            self._will.applied, self._begins = mark.applied, mark.position
            self.position = max(self.position, self._begins)
            self._inherited = not self._leaving()
        if not self._leaving():
            self._learner.catch_up()
        self._learner.rest()
        self._caught_up = not self._leaving()
        return self._caught_up

    def _waiting_since(self, mark: Mark) -> int | None:
        """When the next record to be processed was appended; None where none waits."""
        waiting = self._raw.read(max(self.position, mark.position), max_records=1)
        return waiting[0].at_ms if waiting else None
