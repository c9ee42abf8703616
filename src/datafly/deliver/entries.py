"""Records of the log, decoded for delivery."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from sys import intern
from typing import Final

import msgspec

from datafly.log.base import Reader, Record
from datafly.model.delivery import WHOLE, Share
from datafly.model.event import Event

Decode = Callable[[bytes], Event]

_EMPTY_READS_PER_CHECK: Final = 100
_FAULTS: Final = (msgspec.MsgspecError, ValueError)
"""What decoding raises."""


class Entry(msgspec.Struct, gc=False, eq=False):
    """One offset. Not readable: `fault` says why, or it is *lost* up to `last` (not in the log).

    What waits is kept as the bytes that it was read as, a quarter of what it takes decoded, and with the few fields
    that are asked for meanwhile. `historical`: it is told as history, whatever it says itself.
    """

    offset: int
    last: int
    value: bytes = b""
    decode: Decode | None = None
    key: str = ""
    pipeline_id: str = ""
    type: str = ""
    steady_ms: int = 0
    fault: str = ""
    historical: bool = False
    decoded: Event | None = None
    trace: str = ""

    @property
    def is_readable(self) -> bool:
        return self.decode is not None

    @property
    def is_lost(self) -> bool:
        return self.decode is None and not self.fault

    @property
    def size(self) -> int:
        return len(self.value)

    @property
    def event(self) -> Event:
        """Of a readable one; decoded anew where it was put to rest."""
        event = self.decoded
        if event is None:
            assert self.decode is not None  # noqa: S101  it is readable
            event = self.decode(self.value)
        return msgspec.structs.replace(event, historical=True) if self.historical else event


def read_entry(offset: int, value: bytes, decode: Decode) -> Entry:
    """A readable one. Raises what `decode` raises."""
    event = decode(value)
    kept = (event.key, intern(event.pipeline_id), intern(event.type), event.steady_ms)
    return Entry(offset, offset, value, decode, *kept, decoded=event, trace=event.trace)


class EventReader:
    """A `Reader` whose records are events. Blocking; who closes it waits for a read that is under way.

    Of what it read, the newest `awake` events are kept decoded, for all who are about to shape them; those before are
    put to rest.
    """

    def __init__(self, reader: Reader, decode: Decode, *, awake: int = 0) -> None:
        self._reader = reader
        self._decode = decode
        self._empty_reads = 0
        self._empty_looks = 0
        """What does not answer any more is noticed by those that are reads instead."""
        self._most_awake = awake
        self._awake: deque[Entry] = deque()
        self._busy = threading.Lock()
        self._closed = False
        self._rested = -1
        """Where nothing was left, and nothing is stepped over."""

    def read(self, offset: int, limit: int, share: Share = WHOLE) -> tuple[list[Entry], int]:
        """Of up to `limit` records from `offset` on those of the share, and the position after all that were read.

        What is gone between `offset` and the first record that is left comes first, as one lost entry, to every share:
        whose it was cannot be told any more.
        """
        with self._busy:
            return ([], offset) if self._closed else self._read(offset, limit, share)

    def look(self, offset: int, limit: int, share: Share = WHOLE) -> tuple[list[Entry], int] | None:
        """As `read`, and at once: perhaps nothing although there is something. None: it has to be read."""
        with self._busy:
            if self._closed:
                return [], offset
            found = self._reader.look(offset, max_records=limit)
            if found is None:
                return None
            records, after = found
            if not records and self._reader.skips:
                self._empty_looks += 1
                return ([], after) if self._empty_looks % _EMPTY_READS_PER_CHECK else None
            return self._told(offset, records, share)

    def _read(self, offset: int, limit: int, share: Share) -> tuple[list[Entry], int]:
        records = self._reader.read(offset, max_records=limit)
        if not records and self._reader.skips and offset != self._rested:
            records, offset = self._beyond(offset, limit)
        return self._told(offset, records, share)

    def _told(self, offset: int, records: Sequence[Record], share: Share) -> tuple[list[Entry], int]:
        mine = records if share.is_whole else [record for record in records if share.takes(record.key)]
        entries = self._entries(mine)
        lost = self._lost(offset, records)
        if lost is not None:
            entries.insert(0, lost)
        if records:
            return entries, records[-1].offset + 1
        return entries, entries[-1].last + 1 if entries else offset

    def _beyond(self, offset: int, limit: int) -> tuple[list[Record], int]:
        """Past offsets at the head that hold no record and never will: else a mark would stand below the head for ever.

        The head is asked for before the log says once more that there is nothing.
        """
        bounds = self._reader.bounds()
        records = self._reader.read(offset, max_records=limit)
        if not records and bounds.earliest <= offset:  # else what is gone is yet to be told
            self._rested = offset = max(bounds.head, offset)
        return records, offset

    def head(self) -> int:
        return self._reader.bounds().head

    def rest(self, awake: int = 0) -> None:
        """All but the newest `awake` are put to rest: they wait, and nobody knows for how long."""
        while len(self._awake) > awake:
            self._awake.popleft().decoded = None

    def close(self) -> None:
        with self._busy:
            self._closed = True
            self.rest()
            self._reader.close()

    def _lost(self, offset: int, records: Sequence[Record]) -> Entry | None:
        """A gap in front, or, now and then, nothing at all: everything may have been dropped."""
        if records:
            self._empty_reads, first = 0, records[0].offset
            gone = self._reader.gone_below(first) if first > offset else offset
        else:
            self._empty_reads += 1
            gone = offset if self._empty_reads % _EMPTY_READS_PER_CHECK else self._reader.bounds().earliest
        return Entry(offset=offset, last=gone - 1) if gone > offset else None

    def _entries(self, records: Sequence[Record]) -> list[Entry]:
        decode, entries = self._decode, list[Entry]()
        awake = self._awake
        self.rest(max(self._most_awake - len(records), 0))
        for record in records:
            offset = record.offset
            try:
                entry = read_entry(offset, record.value, decode)
            except _FAULTS as error:
                entries.append(Entry(offset, offset, fault=str(error) or type(error).__name__))
            else:
                entries.append(entry)
                awake.append(entry)
        return entries
