"""What other roles ask of the state of process, read-only and from their own process."""

import threading
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

import apsw
import msgspec

from datafly.model.erasure import Whom
from datafly.process.consent import Choices
from datafly.process.dedupe import fingerprint
from datafly.process.people import traits_of, users_of, visitors_of
from datafly.process.seen_files import find_by_message
from datafly.process.state_file import BUSY_MS, CACHE_KB, SEEN, ask, reachable, read_runs


class _Received(msgspec.Struct, array_like=True, gc=False):
    """`Choices`, of which the time alone is read: it is asked of every event, and hardly ever new."""

    by_category: msgspec.Raw
    received_ms: int


_CHOICES: Final = msgspec.msgpack.Decoder(Choices)
_received_ms: Final = msgspec.msgpack.Decoder(_Received).decode


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

    def consents_of(self, keys: Collection[str], since_ms: int = 0) -> dict[str, tuple[dict[str, bool], int]]:
        """What the visitors of these keys chose, and when the newest change was received (as `Event.steady_ms`).

        Only of those who chose something, the last at or after `since_ms`.
        """
        found: dict[str, tuple[dict[str, bool], int]] = {}
        with self._mutex, reachable():
            for partition in reversed(self._partitions):
                for key, value in self._choices(partition, keys):
                    if _received_ms(value).received_ms >= since_ms:
                        choices = _CHOICES.decode(value)
                        found[key] = choices.categories(), choices.received_ms
        return found

    def whom(self, *, user_id: str = "", anonymous_id: str = "", email: str = "") -> Whom:
        """With all ids that they are known by. There is no index of people: all that is known is looked through."""
        users, visitors = ({one: None} if one else {} for one in (user_id, anonymous_id))
        traits: dict[str, str] = {}
        with self._mutex, reachable():
            for connection in filter(None, map(self._connection, self._partitions)):
                users |= dict.fromkeys(users_of(connection, visitors, email))
                visitors |= dict.fromkeys(visitors_of(connection, users))
                traits |= traits_of(connection, users)
        return Whom(tuple(users), tuple(visitors), traits | ({"email": email} if email else {}))

    def close(self) -> None:
        with self._mutex:
            for connection in self._open.values():
                connection.close()
            self._open.clear()

    def _choices(self, partition: int, keys: Collection[str]) -> Iterator[tuple[str, bytes]]:
        connection = self._connection(partition)
        if connection is not None:
            yield from ask(connection, "SELECT id, value FROM choices WHERE id IN ", list(keys))

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
            connection.set_busy_timeout(BUSY_MS)  # first: whatever reads the schema may have to wait
            connection.pragma("cache_size", -CACHE_KB)
            if connection.pragma("user_version") == 0:
                connection.close()
                return None
            self._open[partition] = connection
        return connection
