"""What other roles ask of the state of process, read-only and from their own process."""

import threading
from pathlib import Path
from typing import Final

import apsw
import msgspec

from datafly.process.consent import Choices
from datafly.process.dedupe import fingerprint
from datafly.process.seen_files import find_by_message
from datafly.process.state_file import BUSY_MS, SEEN, reachable, read_runs

_CHOICES: Final = msgspec.msgpack.Decoder(Choices)


def state_path(folder: Path, partition: int) -> Path:
    return folder / f"{partition}.db"


class StateReader:
    """Over all partitions, from any thread. Raises `Unavailable` if the disk refuses.

    What process has appended can be found here within a moment: at once when little comes in, within some ten thousand
    events under load; what visitors chose, always at once.
    """

    def __init__(self, folder: Path, partitions: int) -> None:
        self._folder = folder
        self._partitions = range(partitions)
        self._open: dict[int, apsw.Connection] = {}
        self._mutex = threading.Lock()

    def find_offset(self, message_id: str, pipeline_id: str | None = None) -> list[tuple[int, int]]:
        """(partition, offset) of each event with this message id within about a day, the oldest first.

        A pipeline may be named; without one it may be several, in several pipelines.
        """
        first, second = fingerprint(pipeline_id or "", message_id)
        with self._mutex, reachable():
            return [
                (partition, offset)
                for partition in self._partitions
                for other, offset in self._seen(partition, first)
                if pipeline_id is None or other == second
            ]

    def consent_of(self, key: str) -> tuple[dict[str, bool], int] | None:
        """What the visitor of this key chose, and when the newest change was received (as `Event.steady_ms`).

        None if nothing is known.
        """
        with self._mutex, reachable():
            values = [value for partition in self._partitions if (value := self._choices(partition, key))]
        if not values:
            return None
        choices = _CHOICES.decode(values[0])
        return choices.categories(), choices.received_ms

    def close(self) -> None:
        with self._mutex:
            for connection in self._open.values():
                connection.close()
            self._open.clear()

    def _choices(self, partition: int, key: str) -> bytes | None:
        connection = self._connection(partition)
        if connection is None:
            return None
        value: bytes | None = connection.execute("SELECT value FROM choices WHERE id = ?", (key,)).get
        return value

    def _seen(self, partition: int, first: int) -> list[tuple[int, int]]:
        connection = self._connection(partition)
        if connection is None:
            return []
        folder = state_path(self._folder, partition).with_suffix(SEEN)
        found = [one for run in read_runs(connection) for one in find_by_message(folder, run, first)]
        return sorted(set(found), key=lambda one: one[1])

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
