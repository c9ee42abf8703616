"""What process knows of a partition, in the stream `state` of the log, for whoever takes the partition over.

Of each visitor, user and key the newest record is kept there, and of the *mark*, which says up to which offset of
`events` the others hold. What came after the mark is learnt from `events`, and so are the message ids of the last day.
"""

from collections.abc import Callable, Collection
from typing import Final

import msgspec

from datafly.log.base import STATE, Entry, Log, Reader, Record
from datafly.process.state_file import Row, StateFile

HANDED_SECONDS: Final = 30.0
"""So often what changed is handed on, at least where something did."""
HANDED_CHANGES: Final = 10_000
_AT_ONCE: Final = 2_000
MARK: Final = "mark"
PREFIXES: Final = {"visitors": "v:", "users": "u:", "choices": "c:"}
_TABLES: Final = {prefix: table for table, prefix in PREFIXES.items()}


class Mark(msgspec.Struct, frozen=True, array_like=True):
    """`applied`: an offset of `events`. The clock as `Memory` has it. `position`: up to where `raw` was processed then.

    Brokers forget the position of a partition that nothing came into for a week, or whatever they are set to.
    """

    applied: int = 0
    behind_ms: int = 0
    newest_ms: int = 0
    position: int = 0

    def encoded(self) -> bytes:
        return _encode(self)


_decode: Final = msgspec.msgpack.Decoder(Mark).decode
_encode: Final = msgspec.msgpack.Encoder().encode


class Inherited(msgspec.Struct):
    """`position`: where in `state` to go on; `mark`: the newest; `news`: how many records there were; `is_new`: the
    mark was among them.
    """

    position: int
    mark: Mark | None
    news: int = 0
    is_new: bool = False


def inherit(
    reader: Reader, state: StateFile, leaving: Callable[[], bool], *, tables: Collection[str] = tuple(PREFIXES)
) -> Inherited:
    """Take what is new in `state`, of these tables, into the file, unless `leaving`. That it was is not kept yet."""
    position, mark = state.handed
    found = Inherited(position, None if mark is None else _decode(mark))
    while not leaving() and (records := reader.read(found.position, max_records=_AT_ONCE)):
        state.take([row for record in records if (row := _row(record)) and row[0] in tables])
        for record in records:
            if record.key == MARK:
                found.mark, found.is_new = _decode(record.value), True
        found.news += len(records)
        found.position = records[-1].offset + 1
    return found


def _row(record: Record) -> Row | None:
    table = _TABLES.get(record.key[:2])
    return (table, record.key[2:], record.value) if table else None


class Will:
    """Writes what the owner of a partition knows into `state`; whoever opens it later shuts the former out."""

    def __init__(self, log: Log, partition: int, state: StateFile, monotonic: Callable[[], float]) -> None:
        self._appender = log.appender(STATE, partition)
        self._state = state
        self._monotonic = monotonic
        self._next = monotonic() + HANDED_SECONDS
        self.applied = 0
        """What lies before is in `state`, and is needed in `events` for its message ids alone."""

    def is_due(self, applied: int) -> bool:
        if applied <= self.applied:
            return False
        return self._monotonic() >= self._next or self._state.count_changed() >= HANDED_CHANGES

    def postpone(self) -> None:
        self._next = self._monotonic() + HANDED_SECONDS

    def write(self, mark: Mark) -> None:
        """All that changed up to the mark, which is in the file; it comes last. Raises as `Appender.append`."""
        self.postpone()
        while rows := self._state.changed(_AT_ONCE):
            first = self._appender.append([Entry(PREFIXES[table] + one, value) for table, one, value in rows])
            self._state.hand(rows, position=first + len(rows))
        first = self._appender.append([Entry(MARK, mark.encoded())])
        self._state.hand([], position=first + 1, mark=mark.encoded())
        self.applied = mark.applied

    def close(self) -> None:
        self._appender.close()
