"""The files of one partition: their names, how they are made, opened and listed."""

import contextlib
import fcntl
import os
import sys
from pathlib import Path
from typing import Final

import apsw
import msgspec

from datafly.model.errors import OperatorError, Unavailable

SUFFIX: Final = ".db"
UNFINISHED: Final = ".new"
FORMAT: Final = 1
BUSY_MS: Final = 5_000
READ_CACHE_KB: Final = 128
"""A reader goes over each page once and keeps several segments open; SQLite would give each of them 2 MB."""
WRITE_CACHE_KB: Final = 512
"""A writer adds at the end: what it wrote before is not looked at again."""

_DURABLE: Final = {"synchronous": "full", "wal_autocheckpoint": 0, "cache_size": -WRITE_CACHE_KB} | (
    {"fullfsync": 1, "checkpoint_fullfsync": 1} if sys.platform == "darwin" else {}
)
"""macOS answers a plain fsync before the disk has it."""

_SCHEMA: Final = f"""
    PRAGMA user_version = {FORMAT};
    CREATE TABLE records (offset INTEGER PRIMARY KEY, key TEXT NOT NULL, at_ms INTEGER NOT NULL, value BLOB NOT NULL);
    CREATE TABLE position (id INTEGER PRIMARY KEY CHECK (id = 0), consumed INTEGER);
"""


class Folder(msgspec.Struct, frozen=True):
    """Where one partition lives. `vfs`: through which it is written."""

    path: Path
    stream: str
    partition: int
    vfs: str | None = None

    def file(self, first: int) -> Path:
        return self.path / f"{first:020d}{SUFFIX}"

    def firsts(self) -> list[int]:
        """The first offsets of the segments, ascending."""
        try:
            names = os.listdir(self.path)  # noqa: PTH208 - asked for at every idle poll
        except FileNotFoundError:
            return []
        return sorted(int(name[: -len(SUFFIX)]) for name in names if name.endswith(SUFFIX))

    def lock(self) -> int:
        """Holds the partition for writing until the descriptor is closed or the process ends."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise OperatorError(f"The log cannot write {self.path}: {error.strerror}.") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            raise OperatorError(
                f"Another process is writing {self.path}. Stop the other Signal, or give this one a data directory of "
                "its own (DATAFLY_DATA_DIR)."
            ) from error
        return descriptor

    def create(self, first: int, consumed: int | None) -> None:
        """Make an empty segment, whole or not at all: it gets its name when it is complete on disk."""
        unfinished = self.file(first).with_suffix(UNFINISHED)
        _remove(unfinished)
        connection = apsw.Connection(str(unfinished), vfs=self.vfs)
        try:
            connection.pragma("synchronous", "full")
            with connection:
                connection.execute(_SCHEMA)
                connection.execute("INSERT INTO position VALUES (0, ?)", (consumed,))
            connection.pragma("journal_mode", "wal")
        finally:
            connection.close()
        unfinished.rename(self.file(first))
        self.sync()

    def open_for_writing(self, first: int) -> apsw.Connection:
        connection = apsw.Connection(str(self.file(first)), flags=apsw.SQLITE_OPEN_READWRITE, vfs=self.vfs)
        try:
            connection.set_busy_timeout(BUSY_MS)
            for name, value in _DURABLE.items():
                connection.pragma(name, value)
            version = connection.pragma("user_version")
        except apsw.Error:
            connection.close()
            raise
        if version != FORMAT:
            connection.close()
            raise OperatorError(
                f"{self.file(first)} has format {version}, this version of Signal writes format {FORMAT}."
            )
        return connection

    def open_for_reading(self, first: int) -> apsw.Connection | None:
        """None: the segment is not there any more."""
        file = self.file(first)
        try:
            connection = apsw.Connection(str(file), flags=apsw.SQLITE_OPEN_READONLY)
        except apsw.Error as error:
            if not file.exists():
                return None
            raise Unavailable(f"{file} cannot be read: {error}.") from error
        connection.set_busy_timeout(BUSY_MS)
        connection.pragma("cache_size", -READ_CACHE_KB)
        return connection

    def bytes_of(self, first: int) -> int:
        """On disk, with what waits in the write-ahead log."""
        file = self.file(first)
        return sum(_size(Path(f"{file}{tail}")) for tail in ("", "-wal"))

    def has_wal(self, first: int) -> bool:
        return _size(Path(f"{self.file(first)}-wal")) > 0

    def drop(self, first: int) -> None:
        """The database goes first: whoever opens it meanwhile finds it whole or not at all."""
        _remove(self.file(first))

    def tidy(self) -> None:
        """Remove what a crash left half made or half removed."""
        for file in self.path.iterdir():
            name, _, tail = file.name.partition(SUFFIX)
            orphan = tail in ("-wal", "-shm") and not (self.path / f"{name}{SUFFIX}").exists()
            if orphan or UNFINISHED in file.name:
                file.unlink(missing_ok=True)

    def sync(self) -> None:
        """Make names durable."""
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _size(file: Path) -> int:
    with contextlib.suppress(FileNotFoundError):
        return file.stat().st_size
    return 0


def _remove(file: Path) -> None:
    for tail in ("", "-wal", "-shm"):
        Path(f"{file}{tail}").unlink(missing_ok=True)
