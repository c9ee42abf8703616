"""The one writer of a partition: a transaction per append, durable when it returns."""

import contextlib
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import apsw

from datafly.log.base import Entry, Retention
from datafly.log.sqlite.checkpoint import Checkpoints
from datafly.log.sqlite.segment import Folder
from datafly.model.errors import Unavailable
from datafly.observe.base import emit
from datafly.observe.log import LogAppendFailed, LogSegmentDropped, LogSegmentRolled

_INSERTS: Final = {
    rows: f"INSERT INTO records (offset, key, at_ms, value) VALUES {','.join(['(?,?,?,?)'] * rows)}"  # noqa: S608 - no value
    for rows in (64, 16, 4, 1)
}
"""Many rows a statement: every statement gives the interpreter lock away once, and may have to wait for it."""

ROW_BYTES: Final = 24
"""What a record costs beside key and value, about."""


class SqliteAppender:
    """Safe to call from several threads, one at a time goes on.

    After a failure it goes on with the same open file: a commit that failed may stand complete in the write-ahead log
    (its fsync failed), and only as long as a connection is open does SQLite know that it does not count. The next
    commit overwrites it.
    """

    def __init__(
        self, folder: Folder, *, segment_bytes: int, segment_seconds: float, now_ms: Callable[[], int]
    ) -> None:
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._segment_ms = segment_seconds * 1000
        self._now_ms = now_ms
        self._mutex = threading.Lock()
        self._lock = folder.lock()
        self._connection: apsw.Connection | None = None
        self._next: int | None = None
        self._consumed: int | None = None
        try:
            folder.tidy()
            self._open()
            self._settle_sealed()
        except (apsw.Error, OSError) as error:
            self._abandon()
            os.close(self._lock)
            raise Unavailable(f"The log in {folder.path} cannot be opened: {error}.") from error
        except BaseException:
            os.close(self._lock)
            raise

    def append(self, entries: Sequence[Entry], *, consumed: int | None = None) -> int:
        with self._mutex:
            try:
                connection = self._ready()
                first = self._head()
                self._commit(connection, first, entries, consumed)
            except (apsw.Error, OSError) as error:
                raise self._unavailable(len(entries), error) from error
            self._checkpoints.after_commit()
            return first

    def consumed(self) -> int | None:
        return self._consumed

    def retain(self, retention: Retention, *, keep_from: int) -> list[tuple[int, int]]:
        with self._mutex:
            try:
                self._settle_sealed()
                doomed = list(self._doomed(retention, keep_from))
                if doomed and doomed[-1][1] + 1 == self._head():
                    self._roll()
            except (apsw.Error, OSError) as error:
                raise self._unavailable(0, error) from error
        for first, last in doomed:
            self._drop(first, last)
        return doomed

    def go_on_at(self, offset: int, *, consumed: int | None) -> int:
        """Where files are gone: the next append has at least this offset. The head as it was found.

        `consumed`, if given, is the position kept from then on. A segment that never held a record
        does not stay: what lies before `offset` is missing, and reads as dropped.
        """
        with self._mutex:
            head, before = self._head(), self._first
            if head < offset:
                try:
                    self._next = offset
                    self._consumed = self._consumed if consumed is None else consumed
                    self._roll()
                    if before == head:
                        self._folder.drop(before)
                except (apsw.Error, OSError) as error:
                    raise self._unavailable(0, error) from error
            return head

    def close(self) -> None:
        with self._mutex:
            self._abandon()
            if self._lock >= 0:
                os.close(self._lock)
            self._lock = -1

    def _head(self) -> int:
        assert self._next is not None, "known since the first opening"  # noqa: S101
        return self._next

    def _ready(self) -> apsw.Connection:
        if self._lock < 0:
            raise Unavailable("The log is closed.")
        connection = self._connection or self._open()
        return self._roll() if self._is_due() else connection

    def _is_due(self) -> bool:
        if self._head() == self._first:
            return False
        full = self._size >= self._segment_bytes or self._checkpoints.stuck
        return full or self._now_ms() - self._first_ms > self._segment_ms

    def _commit(self, connection: apsw.Connection, first: int, entries: Sequence[Entry], consumed: int | None) -> None:
        at_ms = self._now_ms()
        connection.execute("BEGIN IMMEDIATE")
        try:
            _insert(connection, first, at_ms, entries)
            if consumed is not None:
                connection.execute("UPDATE position SET consumed = ?", (consumed,))
            connection.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(apsw.Error):
                connection.execute("ROLLBACK")
            raise
        if first == self._first:
            self._first_ms = at_ms
        self._next = first + len(entries)
        self._consumed = self._consumed if consumed is None else consumed
        self._size += sum([len(entry.value) + len(entry.key) for entry in entries]) + ROW_BYTES * len(entries)

    def _open(self) -> apsw.Connection:
        firsts = self._folder.firsts()
        if not firsts:
            self._folder.create(0, None)
        return self._use(firsts[-1] if firsts else 0)

    def _use(self, first: int) -> apsw.Connection:
        connection = self._connection = self._folder.open_for_writing(first)
        head = connection.execute("SELECT max(offset) + 1 FROM records").get
        self._first, self._next = first, first if head is None else head
        self._consumed = connection.execute("SELECT consumed FROM position").get
        oldest = connection.execute("SELECT at_ms FROM records ORDER BY offset LIMIT 1").get
        self._first_ms = self._now_ms() if oldest is None else oldest
        self._size = connection.pragma("page_count") * connection.pragma("page_size")
        self._checkpoints = Checkpoints(self._folder, connection)
        return connection

    def _roll(self) -> apsw.Connection:
        """The position goes along, so that the newest segment always has it."""
        first = self._head()
        self._folder.create(first, self._consumed)
        self._abandon()
        emit(LogSegmentRolled(self._folder.stream, self._folder.partition, first))
        return self._use(first)

    def _abandon(self) -> None:
        """Closing also moves the write-ahead log into the database, unless a reader is there."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(apsw.Error):
                connection.close()

    def _settle_sealed(self) -> None:
        """Closed segments whose write-ahead log a reader kept: opening and closing them empties it."""
        for first in self._folder.firsts()[:-1]:
            if self._folder.has_wal(first):
                connection = self._folder.open_for_writing(first)
                connection.set_busy_timeout(0)
                with contextlib.suppress(apsw.BusyError):
                    connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
                connection.close()

    def _doomed(self, retention: Retention, keep_from: int) -> Iterator[tuple[int, int]]:
        """Ranges over a limit, oldest first, up to the first that must stay."""
        firsts = self._folder.firsts()
        sizes = {first: self._folder.bytes_of(first) for first in firsts[:-1]} | {firsts[-1]: self._size}
        total = sum(sizes.values())
        for first, after in zip(firsts, [*firsts[1:], self._head()], strict=True):
            over = retention.max_bytes is not None and total > retention.max_bytes
            if after == first or after > keep_from or not (over or self._is_old(first, retention)):
                return
            total -= sizes[first]
            yield first, after - 1

    def _is_old(self, first: int, retention: Retention) -> bool:
        if retention.max_age_seconds is None:
            return False
        connection = self._folder.open_for_reading(first)
        if connection is None:
            return True
        newest = connection.execute("SELECT at_ms FROM records ORDER BY offset DESC LIMIT 1").get
        connection.close()
        return newest is None or self._now_ms() - newest > retention.max_age_seconds * 1000

    def _drop(self, first: int, last: int) -> None:
        size = self._folder.bytes_of(first)
        self._folder.drop(first)
        emit(LogSegmentDropped(self._folder.stream, self._folder.partition, first, last, size))

    def _unavailable(self, records: int, error: Exception) -> Unavailable:
        emit(LogAppendFailed(self._folder.stream, self._folder.partition, records, str(error)))
        return Unavailable(f"The log cannot be written: {error}.")


def _insert(connection: apsw.Connection, first: int, at_ms: int, entries: Sequence[Entry]) -> None:
    done = 0
    for rows, statement in _INSERTS.items():
        while len(entries) - done >= rows:
            chunk = enumerate(entries[done : done + rows], first + done)
            connection.execute(statement, [cell for at, entry in chunk for cell in (at, entry.key, at_ms, entry.value)])
            done += rows
