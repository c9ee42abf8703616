"""What waits on the disk: the embedded log, of one partition, that is emptied from its front."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from datafly.log.base import Entry, Record, Retention
from datafly.log.sqlite import SqliteLog
from datafly.model.errors import Unavailable
from datafly.observe.base import emit
from datafly.observe.log import LogSpoolRefused

FULL: Final = "What waits for the brokers on this machine's disk is as much as it may be."
_SEGMENTS: Final = 16
"""So many at most: a part of it is given back to the disk as soon as it is replayed."""
_LEAST_SEGMENT_BYTES: Final = 1_000_000
_LARGEST_SEGMENT_BYTES: Final = 64_000_000
_ALL: Final = Retention(max_bytes=0)
_ROW_BYTES: Final = 40
"""What a record costs beside key and value, about."""


class Disk:
    """`most_bytes`: what it holds at most. Raises `OperatorError` where another process has the folder."""

    def __init__(self, folder: Path, most_bytes: int) -> None:
        segment = min(max(most_bytes // _SEGMENTS, _LEAST_SEGMENT_BYTES), _LARGEST_SEGMENT_BYTES)
        log = SqliteLog(folder.parent, {folder.name: 1}, segment_bytes=segment)
        self._appender, self._reader = log.appender(folder.name, 0), log.reader(folder.name, 0)
        self._folder, self._most = folder, most_bytes
        bounds = self._reader.bounds()
        self.head = bounds.head
        self.begin = max(self._appender.consumed() or 0, bounds.earliest)
        """Where what nobody has replayed begins, or before."""
        self.size = self._measured()

    @property
    def has_room(self) -> bool:
        return self.size < self._most

    def keep(self, entries: Sequence[Entry]) -> None:
        """Durable when it returns. Raises `Unavailable`."""
        try:
            first = self._appender.append(entries)
        except Unavailable as error:
            emit(LogSpoolRefused(len(entries), error.message))
            raise
        self.head = first + len(entries)
        self.size += sum([len(one.value) + len(one.key) + _ROW_BYTES for one in entries])

    def read(self, offset: int, most: int) -> list[Record]:
        return self._reader.read(offset, max_records=most)

    def let_go(self, before: int) -> None:
        """What lies before that offset is with the brokers. Raises `Unavailable`: then it may be replayed again."""
        self._appender.append([], consumed=before)
        self._appender.retain(_ALL, keep_from=before)
        self.begin, self.size = before, self._measured()

    def close(self) -> None:
        self._reader.close()
        self._appender.close()

    def _measured(self) -> int:
        return sum(_size(file) for file in self._folder.rglob("*"))


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0
