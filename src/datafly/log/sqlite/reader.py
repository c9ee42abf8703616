"""Reads one partition from any process, beside the writer, without ever holding it up."""

import time
from bisect import bisect_right
from typing import Final

import apsw

from datafly.log.base import Bounds, Record
from datafly.log.sqlite.segment import Folder
from datafly.model.errors import Unavailable

_READ: Final = "SELECT offset, key, value, at_ms FROM records WHERE offset >= ? ORDER BY offset LIMIT ?"
OPEN_SEGMENTS: Final = 4
LOOK_SECONDS: Final = 0.01
SETTLED_NS: Final = 1_000_000_000
"""A folder that changed this shortly before it was listed may have changed again unnoticed: its clock ticks slowly."""


class SqliteReader:
    """Not for use by two threads at once. A read transaction lasts as long as one `read`."""

    skips: Final = False

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._firsts: list[int] = []
        self._listed: int | None = None
        self._open: dict[int, apsw.Connection] = {}

    def read(self, offset: int, *, max_records: int, max_bytes: int = 4_000_000) -> list[Record]:
        while self._firsts or self._refresh():
            index = max(bisect_right(self._firsts, offset) - 1, 0)
            sealed = index + 1 < len(self._firsts)
            found = self._read_segment(self._firsts[index], offset, max_records, max_bytes)
            if found:
                return found
            if found is None:
                self._refresh(anyway=True)
            elif sealed:
                # it was closed before it was read, so nothing can have been added to it since
                offset = self._firsts[index + 1]
            elif not self._refresh():
                break
        return []

    def look(self, offset: int, *, max_records: int) -> tuple[list[Record], int]:
        records = self.read(offset, max_records=max_records)
        return records, records[-1].offset + 1 if records else offset

    def wait(self, seconds: float) -> None:
        """A look costs little, and nobody tells of what is new."""
        time.sleep(min(seconds, LOOK_SECONDS))

    def gone_below(self, first: int) -> int:
        return first

    def bounds(self) -> Bounds:
        self._refresh()
        while self._firsts:
            connection = self._connection(self._firsts[-1])
            if connection is not None:
                head = connection.execute("SELECT max(offset) + 1 FROM records").get
                return Bounds(self._firsts[0], self._firsts[-1] if head is None else head)
            self._refresh(anyway=True)
        return Bounds(0, 0)

    def offset_at(self, at_ms: int) -> int:
        """By halves: times ascend with offsets, as far as clocks do."""
        low, high = (bounds := self.bounds()).earliest, bounds.head
        while low < high:
            middle = (low + high) // 2
            found = self.read(middle, max_records=1)
            if found and found[0].at_ms < at_ms:
                low = found[0].offset + 1
            else:
                high = middle
        return low

    def close(self) -> None:
        for connection in self._open.values():
            connection.close()
        self._open.clear()

    def _read_segment(self, first: int, offset: int, max_records: int, max_bytes: int) -> list[Record] | None:
        connection = self._connection(first)
        if connection is None:
            return None
        try:
            cursor = connection.execute(_READ, (offset, max_records))
            try:
                return _collect(cursor, max_bytes)
            finally:
                cursor.close()
        except apsw.Error as error:
            raise Unavailable(f"{self._folder.file(first)} cannot be read: {error}.") from error

    def _connection(self, first: int) -> apsw.Connection | None:
        connection = self._open.pop(first, None) or self._folder.open_for_reading(first)
        if connection is None:
            return None
        self._open[first] = connection
        if len(self._open) > OPEN_SEGMENTS:
            self._open.pop(next(iter(self._open))).close()
        return connection

    def _refresh(self, *, anyway: bool = False) -> bool:
        """Look for new and dropped segments; whether there is a change."""
        changed = self._changed_ns()
        if not anyway and changed == self._listed:
            return False
        now = time.time_ns()
        firsts = self._folder.firsts()
        self._listed = changed if changed is None or abs(now - changed) > SETTLED_NS else None
        for first in self._open.keys() - firsts:
            self._open.pop(first).close()
        before, self._firsts = self._firsts, firsts
        return firsts != before

    def _changed_ns(self) -> int | None:
        try:
            return self._folder.path.stat().st_mtime_ns
        except FileNotFoundError:
            return None


def _collect(cursor: apsw.Cursor, max_bytes: int) -> list[Record]:
    found: list[Record] = []
    left = max_bytes
    for offset, key, value, at_ms in cursor:
        left -= len(value)
        if left < 0 and found:
            break
        found.append(Record(offset, key, value, at_ms))
    return found
