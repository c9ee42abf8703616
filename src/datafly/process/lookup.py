"""What other roles ask of the state of process, read-only and from their own process."""

import contextlib
from pathlib import Path
from typing import Any, Final

import apsw
import msgspec

from datafly.process.consent import Choices
from datafly.process.dedupe import fingerprint
from datafly.process.state_file import BUSY_MS, windows

_CHOICES: Final = msgspec.msgpack.Decoder(Choices)


def state_path(folder: Path, partition: int) -> Path:
    return folder / f"{partition}.db"


class StateReader:
    """Over all partitions. Not for use by two threads at once.

    What process has appended can be found here within a moment: at once when little comes in, within some ten thousand
    events under load; what visitors chose, always at once.
    """

    def __init__(self, folder: Path, partitions: int) -> None:
        self._folder = folder
        self._partitions = range(partitions)
        self._open: dict[int, apsw.Connection] = {}

    def find_offset(self, message_id: str, pipeline_id: str | None = None) -> list[tuple[int, int]]:
        """(partition, offset) of each event with this message id within about a day, the oldest first.

        A pipeline may be named; without one it may be several, in several pipelines.
        """
        mark = fingerprint(pipeline_id or "", message_id)
        found: list[tuple[int, int]] = []
        for partition in self._partitions:
            found += [
                (partition, offset)
                for second, offset in self._seen(partition, mark[0])
                if pipeline_id is None or second == mark[1]
            ]
        return found

    def consent_of(self, key: str) -> tuple[dict[str, bool], int] | None:
        """What the visitor of this key chose, and when the newest change was received; None if nothing is known."""
        for partition in self._partitions:
            connection = self._connection(partition)
            value = connection and connection.execute("SELECT value FROM choices WHERE id = ?", (key,)).get
            if value:
                choices = _CHOICES.decode(value)
                return choices.categories(), choices.received_ms
        return None

    def close(self) -> None:
        for connection in self._open.values():
            connection.close()
        self._open.clear()

    def _seen(self, partition: int, first: int) -> list[tuple[int, int]]:
        connection = self._connection(partition)
        if connection is None:
            return []
        found: list[Any] = []
        for window in windows(connection):
            question = f"SELECT second, offset FROM seen_{window} WHERE first = ?"  # noqa: S608 - a number
            with contextlib.suppress(apsw.SQLError):  # the window was dropped in between
                found += connection.execute(question, (first,))
        return sorted(found, key=lambda row: row[1])

    def _connection(self, partition: int) -> apsw.Connection | None:
        """None: process has not started yet."""
        connection = self._open.get(partition)
        if connection is None:
            file = state_path(self._folder, partition)
            if not file.exists():
                return None
            connection = apsw.Connection(str(file), flags=apsw.SQLITE_OPEN_READONLY)
            connection.set_busy_timeout(BUSY_MS)
            if connection.pragma("user_version") == 0:
                connection.close()
                return None
            self._open[partition] = connection
        return connection
