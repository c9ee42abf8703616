"""When the write-ahead log of the segment being written is moved into its database, so that it cannot grow for ever.

Every thousand pages a *passive* checkpoint moves what no reader still needs; the log then starts over unless a reader
is inside it at that very moment. Reads are short, so that is rare; where it happens too often in a row, a *restart*
waits for the readers a moment; where even that does not help (a reader was stopped in the middle of a read), the
segment is `stuck`: the writer goes on in a new one.
"""

from typing import Final

import apsw

from datafly.log.sqlite.segment import BUSY_MS, Folder
from datafly.observe.base import emit
from datafly.observe.log import LogCheckpointFailed

PASSIVE_PAGES: Final = 1_000
RESTART_PAGES: Final = 16_000
STUCK_PAGES: Final = 64_000
RESTART_WAIT_MS: Final = 50


class Checkpoints:
    """Of one connection, the only one that writes and checkpoints its file."""

    def __init__(self, folder: Folder, connection: apsw.Connection) -> None:
        self._folder = folder
        self._connection = connection
        self._pages = 0
        self._due = PASSIVE_PAGES
        connection.set_wal_hook(self._count)

    @property
    def stuck(self) -> bool:
        return self._pages >= STUCK_PAGES

    def after_commit(self) -> None:
        """A failure is no failure of the commit: what it wrote is durable already."""
        if self._pages < self._due:
            if self._pages < PASSIVE_PAGES:
                self._due = PASSIVE_PAGES
            return
        self._due = self._pages + PASSIVE_PAGES
        try:
            self._checkpoint()
        except apsw.Error as error:
            emit(LogCheckpointFailed(self._folder.stream, self._folder.partition, self._pages, str(error)))

    def _checkpoint(self) -> None:
        if self._pages < RESTART_PAGES:
            self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
            return
        self._connection.set_busy_timeout(RESTART_WAIT_MS)
        try:
            self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_RESTART)
        finally:
            self._connection.set_busy_timeout(BUSY_MS)

    def _count(self, _connection: apsw.Connection, _database: str, pages: int) -> int:
        self._pages = pages
        return apsw.SQLITE_OK
