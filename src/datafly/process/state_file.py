"""The state of one partition on disk: what `Memory` holds, derived from the `events` log (decision 0011).

It says up to which offset of `events` it has learnt; what came after is learnt again at the next start. So it needs no
fsync of its own, and no transaction has to span two files. Message ids lie in one table per window of eight hours; a
window that is over for a day is dropped whole.
"""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import apsw
import msgspec

from datafly.model.errors import OperatorError, Unavailable
from datafly.process.consent import Choices
from datafly.process.dedupe import WINDOW_MS, Fingerprint
from datafly.process.identity import User, Visitor
from datafly.process.memory import Memory, Seen

FORMAT: Final = 1
TABLE_MS: Final = 8 * 3_600_000
BUSY_MS: Final = 5_000
CHUNK: Final = 250
"""Ids in one question: a statement of one length is prepared once."""

_SCHEMA: Final = """
    CREATE TABLE IF NOT EXISTS position (id INTEGER PRIMARY KEY CHECK (id = 0), applied INTEGER NOT NULL);
    INSERT OR IGNORE INTO position VALUES (0, 0);
    CREATE TABLE IF NOT EXISTS visitors (id TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS users (id TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS choices (id TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
"""
_DECODERS: Final[dict[str, msgspec.msgpack.Decoder[Any]]] = {
    "visitors": msgspec.msgpack.Decoder(Visitor),
    "users": msgspec.msgpack.Decoder(User),
    "choices": msgspec.msgpack.Decoder(Choices),
}
_encode: Final = msgspec.msgpack.Encoder().encode


class StateFile:
    """The only connection that writes. Other processes look things up by `lookup.StateReader`.

    A disk that is full or read-only raises `Unavailable`; nothing of the call is kept then.
    """

    def __init__(self, file: Path) -> None:
        """Raises `OperatorError` if the file cannot be used."""
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._connection = apsw.Connection(str(file))
            self._prepare(file)
        except (apsw.Error, OSError) as error:
            raise OperatorError(
                f"{file} cannot be used: {error}. Move it away if it is damaged: what the log has is learnt again."
            ) from error

    def _prepare(self, file: Path) -> None:
        self._connection.set_busy_timeout(BUSY_MS)
        self._connection.pragma("journal_mode", "wal")
        self._connection.pragma("synchronous", "normal")
        self._connection.pragma("wal_autocheckpoint", 4_000)
        version = self._connection.pragma("user_version")
        if version not in (0, FORMAT):
            raise OperatorError(f"{file} has format {version}, this version of Signal writes format {FORMAT}.")
        with self._connection:
            self._connection.execute(_SCHEMA)
            self._connection.pragma("user_version", FORMAT)
        self._windows = windows(self._connection)

    @property
    def applied(self) -> int:
        """The offset of `events` up to which everything is learnt."""
        applied: int = self._connection.execute("SELECT applied FROM position").get
        return applied

    def load(self, memory: Memory, *, visitors: Iterable[str], users: Iterable[str], keys: Iterable[str]) -> None:
        """Make `memory` know what there is to know of these, or that there is nothing."""
        self._load("visitors", memory.visitors, visitors)
        linked = (visitor.user_id for visitor in map(memory.visitors.get, visitors) if visitor and visitor.user_id)
        self._load("users", memory.users, {*users, *linked})
        self._load("choices", memory.choices, keys)

    def seen(self, marks: Sequence[Fingerprint]) -> dict[Fingerprint, int]:
        """Which of these message ids were there, and when the last one was received."""
        wanted = set(marks)
        found: dict[Fingerprint, int] = {}
        for window in self._windows:
            question = f"SELECT first, second, received_ms FROM {_table(window)} WHERE first IN "  # noqa: S608 - a number
            for first, second, received_ms in self._ask(question, [mark[0] for mark in marks]):
                if (first, second) in wanted:
                    found[first, second] = max(received_ms, found.get((first, second), received_ms))
        return found

    def write(self, memory: Memory, seen: Sequence[Seen], *, applied: int) -> None:
        """All that changed in `memory`, these message ids and the position, in one transaction."""
        self._windows = windows(self._connection)
        with _keeping(), self._connection:
            self._put("visitors", memory.visitors, memory.changed_visitors)
            self._put("users", memory.users, memory.changed_users)
            self._put("choices", memory.choices, memory.changed_choices)
            self._put_seen(seen)
            self._connection.execute("UPDATE position SET applied = ?", (applied,))
        memory.changed_visitors.clear()
        memory.changed_users.clear()
        memory.changed_choices.clear()

    def write_choices(self, memory: Memory) -> None:
        """Only what visitors chose, at once: learning it again later changes nothing."""
        if memory.changed_choices:
            with _keeping(), self._connection:
                self._put("choices", memory.choices, memory.changed_choices)
            memory.changed_choices.clear()

    def close(self) -> None:
        self._connection.close()

    def _load(self, table: str, known: dict[str, Any], ids: Iterable[str]) -> None:
        missing = [one for one in ids if one not in known]
        if not missing:
            return
        known.update(dict.fromkeys(missing))
        decode = _DECODERS[table].decode
        for one, value in self._ask(f"SELECT id, value FROM {table} WHERE id IN ", missing):  # noqa: S608 - our names
            known[one] = decode(value)

    def _ask(self, question: str, values: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
        statement = f"{question}({','.join('?' * CHUNK)})"
        with _keeping():
            for start in range(0, len(values), CHUNK):
                chunk = values[start : start + CHUNK]
                yield from self._connection.execute(statement, [*chunk, *[None] * (CHUNK - len(chunk))])

    def _put(self, table: str, known: dict[str, Any], changed: Iterable[str]) -> None:
        rows = [(one, _encode(known[one])) for one in sorted(changed)]
        self._connection.executemany(f"INSERT OR REPLACE INTO {table} VALUES (?, ?)", rows)  # noqa: S608 - our names

    def _put_seen(self, seen: Sequence[Seen]) -> None:
        if not seen:
            return
        by_window: dict[int, list[tuple[int, int, int, int]]] = {}
        for one in seen:
            by_window.setdefault(one.received_ms // TABLE_MS, []).append(
                (*one.fingerprint, one.received_ms, one.offset)
            )
        self._turn_windows(by_window)
        for window, rows in by_window.items():
            rows.sort()
            self._connection.executemany(f"INSERT OR REPLACE INTO {_table(window)} VALUES (?, ?, ?, ?)", rows)  # noqa: S608

    def _turn_windows(self, wanted: Iterable[int]) -> None:
        for window in set(wanted) - set(self._windows):
            self._connection.execute(
                f"CREATE TABLE IF NOT EXISTS {_table(window)} (first INTEGER, second INTEGER, received_ms INTEGER, "
                "offset INTEGER, PRIMARY KEY (first, second)) WITHOUT ROWID"
            )
            self._windows.append(window)
        oldest = max(self._windows) - WINDOW_MS // TABLE_MS
        for window in [window for window in self._windows if window < oldest]:
            self._connection.execute(f"DROP TABLE {_table(window)}")
            self._windows.remove(window)


@contextlib.contextmanager
def _keeping() -> Iterator[None]:
    try:
        yield
    except apsw.Error as error:
        raise Unavailable(f"The state of process cannot be read or written: {error}.") from error


def windows(connection: apsw.Connection) -> list[int]:
    """The numbers of the windows that have a table."""
    names = connection.execute("SELECT name FROM sqlite_schema WHERE name LIKE 'seen\\_%' ESCAPE '\\'")
    return sorted(int(name.removeprefix("seen_")) for (name,) in names)


def _table(window: int) -> str:
    return f"seen_{window}"
