"""Records of the log, decoded for delivery."""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from datafly.log.base import Reader, Record
from datafly.model.delivery import WHOLE, Share
from datafly.model.event import Event

Decode = Callable[[bytes], Event]

_EMPTY_READS_PER_CHECK: Final = 100
_FAULTS: Final = (msgspec.MsgspecError, ValueError)
"""What decoding raises."""


class Entry(msgspec.Struct, gc=False):
    """One offset. No `event`: `fault` says why it cannot be read, or it is *lost* up to `last` (not in the log)."""

    offset: int
    last: int
    event: Event | None = None
    size: int = 0
    fault: str = ""

    @property
    def is_lost(self) -> bool:
        return self.event is None and not self.fault


class EventReader:
    """A `Reader` whose records are events. Blocking."""

    def __init__(self, reader: Reader, decode: Decode) -> None:
        self._reader = reader
        self._decode = decode
        self._empty_reads = 0

    def read(self, offset: int, limit: int, share: Share = WHOLE) -> tuple[list[Entry], int]:
        """Of up to `limit` records from `offset` on those of the share, and the position after all that were read.

        What is gone between `offset` and the first record that is left comes first, as one lost entry, to every share:
        whose it was cannot be told any more.
        """
        records = self._reader.read(offset, max_records=limit)
        mine = records if share.is_whole else [record for record in records if share.takes(record.key)]
        entries = self._entries(mine)
        lost = self._lost(offset, records)
        if lost is not None:
            entries.insert(0, lost)
        if records:
            return entries, records[-1].offset + 1
        return entries, entries[-1].last + 1 if entries else offset

    def head(self) -> int:
        return self._reader.bounds().head

    def close(self) -> None:
        self._reader.close()

    def _lost(self, offset: int, records: Sequence[Record]) -> Entry | None:
        if not self._is_worth_checking(offset, records):
            return None
        earliest = self._reader.bounds().earliest
        if records:
            first = records[0].offset
            earliest = min(earliest, first) if self._reader.skips else first
        return Entry(offset=offset, last=earliest - 1) if earliest > offset else None

    def _is_worth_checking(self, offset: int, records: Sequence[Record]) -> bool:
        """A gap in front, or, now and then, nothing at all: everything may have been dropped."""
        if records:
            self._empty_reads = 0
            return records[0].offset > offset
        self._empty_reads += 1
        return self._empty_reads % _EMPTY_READS_PER_CHECK == 0

    def _entries(self, records: Sequence[Record]) -> list[Entry]:
        decode, entries = self._decode, list[Entry]()
        for record in records:
            offset = record.offset
            try:
                event = decode(record.value)
            except _FAULTS as error:
                entries.append(Entry(offset, offset, fault=str(error) or type(error).__name__))
            else:
                entries.append(Entry(offset, offset, event, len(record.value)))
        return entries
