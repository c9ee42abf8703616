"""What is known of one partition, brought up to what the log has of it: memory before a file of its own."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from datafly.log.base import EVENTS, STATE, Log, Reader, Record
from datafly.model.erasure import NOBODY_ERASED, Erased
from datafly.model.event import Event
from datafly.observe.base import emit
from datafly.observe.process import ProcessEventUnreadable, ProcessStateCaughtUp, ProcessStateInherited
from datafly.process.dedupe import WINDOW_MS, fingerprint
from datafly.process.inheritance import Mark, inherit
from datafly.process.lookup import state_path
from datafly.process.memory import Memory, Seen
from datafly.process.state_file import StateFile

BATCH: Final = 1_000
UNWRITTEN: Final = 5_000
"""So many message ids wait in memory at most; then, or as soon as nothing comes in, they are written."""
REMEMBERED: Final = 10_000
"""So many visitors, users and choices are kept in memory between batches."""
REMEMBERED_MS: Final = WINDOW_MS + 3_600_000
"""So long `events` tells message ids; so far apart, an hour, the clocks of gateways and brokers may be."""


class _Identified(msgspec.Struct, frozen=True):
    """Of an `Event`, what its message id is remembered by."""

    pipeline_id: str
    message_id: str
    received_ms: int


_decode_event: Final = msgspec.json.Decoder(Event).decode
_decode_identified: Final = msgspec.json.Decoder(_Identified).decode


class Learner:
    """Blocking; one call at a time. `applied`: up to where in `events` everything is written into the file.

    What takes long ends early where it is `leaving`, and goes on from there another time.
    """

    def __init__(
        self, log: Log, folder: Path, partition: int, *, marking: bool = False, leaving: Callable[[], bool] = bool
    ) -> None:
        """`folder`: of the state files. `marking`: as of `StateFile`. Raises `OperatorError`."""
        self._partition = partition
        self._leaving = leaving
        self._log = log
        self._shared = log.partitions(STATE) > 0
        self._readers: dict[str, Reader] = {}
        self.state = StateFile(state_path(folder, partition), marking=marking)
        self.memory = Memory()
        self._erased: Erased = NOBODY_ERASED
        self._heeded = True
        self.applied = self.state.applied
        self._unwritten: list[Seen] = []

    @property
    def is_full(self) -> bool:
        """Time to `flush`."""
        return len(self._unwritten) >= UNWRITTEN

    def heed(self, erased: Erased) -> None:
        """Forget whoever was erased, in memory and in the file, and learn nothing of what came before that."""
        if erased is self._erased and self._heeded:
            return
        self.flush()
        if erased and self.state.forget(erased):
            self.memory.trim(0)
        self._erased = self.memory.erased = erased
        self._heeded = True

    def note(self, seen: Sequence[Seen]) -> None:
        """These were appended, and `memory` has learnt them."""
        self._unwritten += seen

    def flush(self) -> None:
        """Write what was learnt."""
        if not self._unwritten:
            return
        head = self._unwritten[-1].offset + 1
        self.state.write(self.memory, self._unwritten, applied=head)
        self.applied = head
        self._unwritten = []
        self.memory.seen.clear()
        self.memory.trim(REMEMBERED)

    def forget(self) -> None:
        """What memory has and the file has not; the log has it still."""
        self.memory = self._new_memory()
        self._unwritten = []

    def inherit(self, as_of_ms: Callable[[Mark], int | None]) -> Mark | None:
        """Take in what others knew of the partition, up to the mark that is returned; None where there is none.

        `as_of_ms`: when the oldest record was appended that is still to be processed; now, if there is none.
        """
        if not self._shared:
            return None
        self._require_this_log()
        found = inherit(self._reader(STATE), self.state, self._leaving)
        if found.mark is None or not found.is_new:
            return found.mark
        self._heeded = False  # others may not have heard of it
        now_ms = time.time_ns() // 1_000_000
        since_ms = (as_of_ms(found.mark) or now_ms) - REMEMBERED_MS
        self._recall(max(self.state.applied, self._reader(EVENTS).offset_at(since_ms)), found.mark)
        if not self._leaving():
            mark = found.mark
            self.state.hand([], position=found.position, mark=mark.encoded(), applied=mark.applied)
            emit(ProcessStateInherited(self._partition, found.news))
        return found.mark

    def catch_up(self) -> int:
        """Learn what was appended and is not in the file; how many events that were."""
        self.state.load_clock(self.memory)
        self.applied, learnt = min(self.state.applied, self._reader(EVENTS).bounds().head), 0
        offset = self.applied
        while not self._leaving() and (records := self._reader(EVENTS).read(offset, max_records=BATCH)):
            learnt += self._learn(records)
            offset = records[-1].offset + 1
        if learnt:
            emit(ProcessStateCaughtUp(self._partition, learnt))
        return learnt

    def rest(self) -> None:
        """Nothing is to be read for now: what reading takes is given back."""
        for reader in self._readers.values():
            reader.close()
        self._readers.clear()

    def close(self) -> None:
        self.rest()
        self.state.close()

    def _reader(self, stream: str) -> Reader:
        if stream not in self._readers:
            self._readers[stream] = self._log.reader(stream, self._partition)
        return self._readers[stream]

    def _require_this_log(self) -> None:
        """What was learnt from topics that were deleted since is nothing to go on from."""
        beyond = self.state.handed[0] > self._reader(STATE).bounds().head
        if beyond or self.state.applied > self._reader(EVENTS).bounds().head:
            self.state.empty()

    def _recall(self, offset: int, mark: Mark) -> None:
        """Only the message ids of what lies before the mark: the rest of it is inherited."""
        self.state.load_clock(self.memory)
        self.memory.behind_ms = max(self.memory.behind_ms, mark.behind_ms)
        self.memory.newest_ms = max(self.memory.newest_ms, mark.newest_ms)
        while offset < mark.applied and not self._leaving():
            records = self._reader(EVENTS).read(offset, max_records=10 * BATCH)
            offset = records[-1].offset + 1 if records else mark.applied
            seen = [one for record in records if (one := self._seen(record)) is not None]
            self.state.write(self.memory, seen, applied=min(offset, mark.applied))
        self.state.write(self.memory, [], applied=self.state.applied)
        self.memory = self._new_memory()

    def _new_memory(self) -> Memory:
        memory = Memory()
        memory.erased = self._erased
        return memory

    def _seen(self, record: Record) -> Seen | None:
        try:
            event = _decode_identified(record.value)
        except (msgspec.MsgspecError, ValueError):
            return None  # told of where everything is learnt from it
        return Seen(fingerprint(event.pipeline_id, event.message_id), event.received_ms, record.offset)

    def _learn(self, records: Sequence[Record]) -> int:
        """How many. What cannot be read teaches nothing, and must not keep process from starting for ever."""
        readable = [(record.offset, event) for record in records if (event := self._read(record)) is not None]
        self._load([event for _, event in readable])
        for _, event in readable:
            self.memory.learn(event)
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
            emit(ProcessEventUnreadable(self._partition, record.offset, str(error)))
            return None

    def _load(self, events: list[Event]) -> None:
        self.state.load(
            self.memory,
            visitors={about for event in events for about in (event.anonymous_id, event.previous_id) if about},
            users={event.user_id for event in events if event.user_id},
            keys={event.key for event in events},
        )
