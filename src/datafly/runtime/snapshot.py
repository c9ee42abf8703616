"""A SQLite file as it is at one moment, copied at leisure while others write it."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import apsw

_BUSY_MS: Final = 10_000
_PAGES: Final = 1_000
"""Copied at a time: 4 MB."""


class Snapshot:
    """Holds the moment until it is closed: meanwhile the write-ahead log of the file cannot start over.

    Read-only, so it never moves that log into the file. No other SQLite library may have the file open in this process.
    """

    def __init__(self, file: Path) -> None:
        """The moment is now. Raises `apsw.Error`."""
        self._connection = apsw.Connection(str(file), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            self._connection.set_busy_timeout(_BUSY_MS)
            self._connection.execute("BEGIN")
            self.ask("SELECT count(*) FROM sqlite_master")
        except BaseException:
            self._connection.close()
            raise

    def ask(self, question: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(question).fetchall()

    @property
    def bytes(self) -> int:
        """Of the copy."""
        return int(self._connection.pragma("page_count") * self._connection.pragma("page_size"))

    def copy_to(self, file: Path, copied: Callable[[int], None]) -> None:
        """Durable on return, and for its owner alone. `copied` hears of so many bytes more."""
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        target = apsw.Connection(str(file))
        try:
            target.pragma("synchronous", "off")  # it is synced as a whole
            self._copy_pages(target, copied)
        finally:
            target.close()
        sync(file)

    def _copy_pages(self, target: apsw.Connection, copied: Callable[[int], None]) -> None:
        page_size = self._connection.pragma("page_size")
        with target.backup("main", self._connection, "main") as copying:
            left = None
            while not copying.done:
                copying.step(_PAGES)
                before = copying.page_count if left is None else left
                left = copying.remaining
                copied((before - left) * page_size)

    def close(self) -> None:
        self._connection.close()


def sync(path: Path) -> None:
    """What the file, or the folder, holds is durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
