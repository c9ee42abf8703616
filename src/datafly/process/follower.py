"""What other roles must know of a partition where process is another machine's: learnt from the log, beside process.

A follower never appends. Its file is one of `StateFile`, in a folder of its own, with what is asked of it and nothing
else: what visitors chose (delivery asks), or where message ids are (management asks).
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from datafly.log.base import EVENTS, STATE, Bounds, Log, Record
from datafly.process.consent import own_word
from datafly.process.dedupe import fingerprint
from datafly.process.inheritance import inherit
from datafly.process.learner import REMEMBERED, REMEMBERED_MS
from datafly.process.lookup import state_path
from datafly.process.memory import Memory, Seen
from datafly.process.state_file import StateFile

BATCH: Final = 2_000
FAR: Final = 5_000_000
"""Events behind the head: then it is quicker to begin with what process has handed on."""


class _Context(msgspec.Struct, frozen=True):
    consent: Any = None
    managed: Any = msgspec.field(default=None, name="consentManagement")


class _Told(msgspec.Struct, frozen=True):
    """Of an `Event`, what a visitor's choice is learnt from."""

    type: str
    key: str
    timestamp_ms: int
    received_ms: int
    behind_ms: int = 0
    context: _Context = _Context()
    properties: msgspec.Raw = msgspec.Raw(b"{}")

    def own_word(self) -> dict[str, bool]:
        context = {"consent": self.context.consent} if self.context.consent is not None else {}
        if self.context.managed is not None:
            context["consentManagement"] = self.context.managed
        told = msgspec.json.decode(self.properties, type=dict[str, Any]) if self.type == "consent" else {}
        return own_word(self.type, context, told)


class _Identified(msgspec.Struct, frozen=True):
    pipeline_id: str
    message_id: str
    received_ms: int


_decode_told: Final = msgspec.json.Decoder(_Told).decode
_decode_identified: Final = msgspec.json.Decoder(_Identified).decode
_FAULTS: Final = (msgspec.MsgspecError, ValueError)
"""Of what is no event: delivery and process have told of it."""


class Follower:
    """Blocking; one call at a time. `caught_up`: it knows all that the log had when it began.

    `applied`: up to where in `events` everything is learnt.
    """

    def __init__(self, log: Log, folder: Path, partition: int) -> None:
        """`folder`: of its files, which `StateReader` reads. Raises `OperatorError`."""
        self._log, self._partition = log, partition
        self._events = log.reader(EVENTS, partition)
        self._state = StateFile(state_path(folder, partition))
        self._memory = Memory()
        self._goal: int | None = None
        self.applied = self._state.applied

    @property
    def caught_up(self) -> bool:
        return self._goal is not None and self.applied >= self._goal

    def turn(self) -> int:
        """Learn on; how many records, 0 at the head. Raises `Unavailable`."""
        if self._goal is None:
            bounds = self._events.bounds()
            self.applied = self._begin(bounds)
            self._goal = bounds.head
        records = self._events.read(self.applied, max_records=BATCH)
        if not records:
            self._goal = min(self._goal, self.applied)
            return 0
        applied = records[-1].offset + 1
        self._state.write(self._memory, self._learn(records), applied=applied)
        self._memory.trim(REMEMBERED)
        self.applied = applied
        return len(records)

    def close(self) -> None:
        self._events.close()
        self._state.close()

    def _begin(self, bounds: Bounds) -> int:
        """From where on to learn."""
        raise NotImplementedError

    def _learn(self, records: Sequence[Record]) -> Sequence[Seen]:
        """Into memory; and the message ids that are to be kept."""
        raise NotImplementedError


class Choices(Follower):
    """What visitors chose."""

    def _begin(self, bounds: Bounds) -> int:
        """Where its file is new, or too old to go on from, with what process has handed on."""
        if self.applied and max(bounds.earliest, bounds.head - FAR) <= self.applied <= bounds.head:
            return self.applied
        self._state.empty()
        return self._inherited() if self._log.partitions(STATE) else 0

    def _inherited(self) -> int:
        reader = self._log.reader(STATE, self._partition)
        try:
            found = inherit(reader, self._state, bool, tables=("choices",))
        finally:
            reader.close()
        return found.mark.applied if found.mark else 0

    def _learn(self, records: Sequence[Record]) -> Sequence[Seen]:
        told = [(one, own) for record in records if (one := _told(record)) is not None and (own := one.own_word())]
        self._state.load(self._memory, visitors=(), users=(), keys={one.key for one, _ in told})
        for one, own in told:
            at_ms, steady_ms = one.timestamp_ms + one.behind_ms, one.received_ms + one.behind_ms
            self._memory.learn_choices(one.key, own, at_ms, steady_ms)
        return ()


class Ids(Follower):
    """Where message ids of about the last day are."""

    def __init__(
        self, log: Log, folder: Path, partition: int, *, now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000
    ) -> None:
        super().__init__(log, folder, partition)
        self._now_ms = now_ms

    def _begin(self, bounds: Bounds) -> int:
        return max(self.applied, self._events.offset_at(self._now_ms() - REMEMBERED_MS), bounds.earliest)

    def _learn(self, records: Sequence[Record]) -> Sequence[Seen]:
        return [one for record in records if (one := _seen(record)) is not None]


def _told(record: Record) -> _Told | None:
    try:
        return _decode_told(record.value)
    except _FAULTS:
        return None


def _seen(record: Record) -> Seen | None:
    try:
        event = _decode_identified(record.value)
    except _FAULTS:
        return None
    return Seen(fingerprint(event.pipeline_id, event.message_id), event.received_ms, record.offset)
