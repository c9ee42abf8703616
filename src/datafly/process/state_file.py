"""The state of one partition on disk: what `Memory` holds, derived from the `events` log (decision 0011).

It says up to which offset of `events` it has learnt; what came after is learnt again at the next start. So it needs no
fsync of its own, and no transaction has to span two files.
"""

import contextlib
import errno
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import apsw
import msgspec

from datafly.model.erasure import USER, VISITOR, Erased
from datafly.model.errors import OperatorError, Unavailable
from datafly.process.consent import Choices
from datafly.process.dedupe import Fingerprint
from datafly.process.identity import NOBODY, STRANGER, User, Visitor, known_since
from datafly.process.memory import Memory, Seen
from datafly.process.seen_files import Run, SeenFiles, boot_id

FORMAT: Final = 1
BUSY_MS: Final = 5_000
CACHE_KB: Final = 512
"""What is known best is in memory already (`process.memory`); SQLite would keep 2 MB of the file beside it."""
SEEN: Final = ".seen"
"""The folder of message ids beside the file."""
CHUNKS: Final = (1, 25, 250)
"""Ids in one question: a statement of one length is prepared once."""

_SCHEMA: Final = """
    CREATE TABLE IF NOT EXISTS position (id INTEGER PRIMARY KEY CHECK (id = 0), applied INTEGER NOT NULL, boot TEXT);
    INSERT OR IGNORE INTO position VALUES (0, 0, NULL);
    CREATE TABLE IF NOT EXISTS clock (id INTEGER PRIMARY KEY CHECK (id = 0), behind_ms INTEGER, newest_ms INTEGER);
    INSERT OR IGNORE INTO clock VALUES (0, 0, 0);
    CREATE TABLE IF NOT EXISTS runs (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS visitors (id TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS users (id TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS choices (id TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS handed (id INTEGER PRIMARY KEY CHECK (id = 0), position INTEGER NOT NULL, mark BLOB);
    INSERT OR IGNORE INTO handed VALUES (0, 0, NULL);
    CREATE TABLE IF NOT EXISTS changed (kind TEXT, id TEXT, PRIMARY KEY (kind, id)) WITHOUT ROWID;
"""
Row = tuple[str, str, bytes]
"""Table, id, and what is known, as it is kept."""
_DECODERS: Final[dict[str, msgspec.msgpack.Decoder[Any]]] = {
    "visitors": msgspec.msgpack.Decoder(Visitor),
    "users": msgspec.msgpack.Decoder(User),
    "choices": msgspec.msgpack.Decoder(Choices),
}
_PEOPLE: Final = (("visitors", VISITOR), ("users", USER))
_UNKNOWN: Final = {"visitors": NOBODY, "users": STRANGER}
_MARKS: Final = {size: ",".join("?" * size) for size in CHUNKS}
_decode_run: Final = msgspec.msgpack.Decoder(Run).decode
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_encode: Final = msgspec.msgpack.Encoder().encode


class StateFile:
    """The only connection that writes. Other processes look things up by `lookup.StateReader`.

    A disk that is full or read-only raises `Unavailable`; nothing of the call is kept then.
    """

    def __init__(self, file: Path, *, marking: bool = False) -> None:
        """Raises `OperatorError` if the file cannot be used, `Unavailable` if the disk is full.

        `marking`: what changes is noted, to be handed on.
        """
        self._marking = marking
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._connection = apsw.Connection(str(file))
            self._prepare(file)
        except (apsw.Error, OSError) as error:
            if isinstance(error, apsw.FullError) or getattr(error, "errno", None) in _NO_ROOM:
                raise Unavailable(f"{file} cannot be used now: {error}.") from error
            raise OperatorError(
                f"{file} cannot be used: {error}. Move it away if it is damaged: what the log has is learnt again."
            ) from error

    def _prepare(self, file: Path) -> None:
        self._connection.set_busy_timeout(BUSY_MS)  # first: whatever reads the schema may have to wait
        self._connection.pragma("cache_size", -CACHE_KB)
        self._connection.pragma("journal_mode", "wal")
        self._connection.pragma("synchronous", "normal")
        self._connection.pragma("wal_autocheckpoint", 4_000)
        version = self._connection.pragma("user_version")
        if version not in (0, FORMAT):
            raise OperatorError(f"{file} has format {version}, this version of Signal writes format {FORMAT}.")
        with self._connection:
            self._connection.execute(_SCHEMA)
            self._connection.pragma("user_version", FORMAT)
        folder = file.with_suffix(SEEN)
        self._seen = SeenFiles(folder, self._trusted_runs(folder))

    def _trusted_runs(self, folder: Path) -> list[Run]:
        """Others are learnt again: files that are gone, and those not synced before the power may have been lost."""
        boot = boot_id()
        same_boot = boot != "" and boot == self._connection.execute("SELECT boot FROM position").get
        runs = read_runs(self._connection)
        lost = [run for run in runs if not ((same_boot or run.sealed) and (folder / run.name).exists())]
        with self._connection:
            self._connection.execute("UPDATE position SET boot = ?", (boot,))
            for run in lost:
                self._connection.execute("DELETE FROM runs WHERE name = ?", (run.name,))
                self._connection.execute("UPDATE position SET applied = min(applied, ?)", (run.from_offset,))
        return [run for run in runs if run not in lost]

    @property
    def applied(self) -> int:
        """The offset of `events` up to which everything is learnt."""
        applied: int = self._connection.execute("SELECT applied FROM position").get
        return applied

    @property
    def handed(self) -> tuple[int, bytes | None]:
        """Up to where in the stream `state` everything is in here, and the newest mark there, if there is one."""
        handed: tuple[int, bytes | None] = self._connection.execute("SELECT position, mark FROM handed").get
        return handed

    def take(self, rows: Sequence[Row]) -> None:
        """What others knew takes the place of what is here. Again the same is no change, so it comes first:

        that it was taken is kept afterwards, by `hand`.
        """
        with reachable(), self._connection:
            for table in _DECODERS:
                self._replace(table, [(one, value) for kind, one, value in rows if kind == table])

    def changed(self, limit: int) -> list[Row]:
        """Some of what changed and is not handed on yet."""
        with reachable():
            marked: list[Any] = self._connection.execute("SELECT kind, id FROM changed LIMIT ?", (limit,)).fetchall()
            return [
                (table, one, value)
                for table in _DECODERS
                for one, value in self._rows(table, [one for kind, one in marked if kind == table])
            ]

    def count_changed(self) -> int:
        with reachable():
            count: int = self._connection.execute("SELECT count(*) FROM changed").get
            return count

    def hand(
        self, rows: Sequence[Row], *, position: int, mark: bytes | None = None, applied: int | None = None
    ) -> None:
        """These are in `state`, which is in here up to `position`, and `mark` is the newest there.

        `applied`: from where in `events` to learn on.
        """
        with reachable(), self._connection:
            self._connection.executemany("DELETE FROM changed WHERE kind = ? AND id = ?", [row[:2] for row in rows])
            self._connection.execute("UPDATE handed SET position = ?, mark = ifnull(?, mark)", (position, mark))
            if applied is not None:
                self._connection.execute("UPDATE position SET applied = ?", (applied,))

    def empty(self) -> None:
        """To begin anew; message ids are kept."""
        with reachable(), self._connection:
            for table in (*_DECODERS, "changed"):
                self._connection.execute(f"DELETE FROM {table}")  # noqa: S608 - our names
            self._connection.execute("UPDATE position SET applied = 0")
            self._connection.execute("UPDATE handed SET position = 0, mark = NULL")

    def load_clock(self, memory: Memory) -> None:
        """Make `memory` know how far our clock has gone back."""
        with reachable():
            memory.behind_ms, memory.newest_ms = self._connection.execute("SELECT behind_ms, newest_ms FROM clock").get

    def load(self, memory: Memory, *, visitors: Iterable[str], users: Iterable[str], keys: Iterable[str]) -> None:
        """Make `memory` know what there is to know of these, or that there is nothing."""
        self._load("visitors", memory.visitors, visitors)
        linked = (visitor.user_id for visitor in map(memory.visitors.get, visitors) if visitor and visitor.user_id)
        self._load("users", memory.users, {*users, *linked})
        self._load("choices", memory.choices, keys)

    def seen(self, marks: Sequence[Fingerprint]) -> dict[Fingerprint, int]:
        """Which of these message ids were there, and when the last one was received."""
        with reachable():
            return self._seen.find(marks)

    def write(self, memory: Memory, seen: Sequence[Seen], *, applied: int) -> None:
        """All that changed in `memory`, these message ids and the position, in one transaction."""
        with reachable():
            self._seen.put(seen)
        with reachable(), self._connection:
            self._put("visitors", memory.visitors, memory.changed_visitors)
            self._put("users", memory.users, memory.changed_users)
            self._put("choices", memory.choices, memory.changed_choices)
            self._put_runs()
            self._connection.execute("UPDATE position SET applied = ?", (applied,))
            self._connection.execute(
                "UPDATE clock SET behind_ms = ?, newest_ms = ?", (memory.behind_ms, memory.newest_ms)
            )
        memory.changed_visitors.clear()
        memory.changed_users.clear()
        memory.changed_choices.clear()
        self._seen.forget_old()

    def write_choices(self, memory: Memory) -> None:
        """Only what visitors chose, at once: learning it again later changes nothing."""
        if memory.changed_choices:
            with reachable(), self._connection:
                self._put("choices", memory.choices, memory.changed_choices)
            memory.changed_choices.clear()

    def forget(self, erased: Erased) -> bool:
        """What was known of users and visitors before they were erased; what they chose on consent stays.

        Whether there was anybody to forget. Where what changes is handed on, that nothing is known of them is.
        """
        with reachable(), self._connection:
            gone = [row for table, kind in _PEOPLE for row in self._departed(table, kind, erased)]
            for table, one in gone:
                self._connection.execute(f"DELETE FROM {table} WHERE id = ?", (one,))  # noqa: S608 - our names
                if self._marking:
                    self._replace(table, [(one, _encode(_UNKNOWN[table]))])
                    self._connection.execute("INSERT OR IGNORE INTO changed VALUES (?, ?)", (table, one))
        return bool(gone)

    def _departed(self, table: str, kind: str, erased: Erased) -> list[tuple[str, str]]:
        decode = _DECODERS[table].decode
        every = self._connection.execute(f"SELECT id, value FROM {table}")  # noqa: S608 - our names
        found = ((one, value, erased.since_ms(kind, one)) for one, value in every)
        return [(table, one) for one, value, at_ms in found if at_ms and known_since(decode(value)) <= at_ms]

    def close(self) -> None:
        self._seen.close()
        self._connection.close()

    def _load(self, table: str, known: dict[str, Any], ids: Iterable[str]) -> None:
        missing = [one for one in ids if one not in known]
        if not missing:
            return
        known.update(dict.fromkeys(missing))
        decode = _DECODERS[table].decode
        with reachable():
            for one, value in self._rows(table, missing):
                known[one] = decode(value)

    def _rows(self, table: str, ids: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        yield from ask(self._connection, f"SELECT id, value FROM {table} WHERE id IN ", ids)  # noqa: S608 - our names

    def _put(self, table: str, known: dict[str, Any], changed: Iterable[str]) -> None:
        self._replace(table, ((one, _encode(known[one])) for one in sorted(changed)))
        if self._marking:
            marks = [(table, one) for one in changed]
            self._connection.executemany("INSERT OR IGNORE INTO changed VALUES (?, ?)", marks)

    def _replace(self, table: str, rows: Iterable[tuple[str, bytes]]) -> None:
        self._connection.executemany(f"INSERT OR REPLACE INTO {table} VALUES (?, ?)", rows)  # noqa: S608 - our names

    def _put_runs(self) -> None:
        self._connection.execute("DELETE FROM runs")
        rows = [(run.name, _encode(run)) for run in self._seen.kept()]
        self._connection.executemany("INSERT INTO runs VALUES (?, ?)", rows)


def ask(connection: apsw.Connection, question: str, values: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
    """The rows of a question that ends in `IN`, in no order."""
    for start in range(0, len(values), CHUNKS[-1]):
        chunk = values[start : start + CHUNKS[-1]]
        size = next(size for size in CHUNKS if size >= len(chunk))
        yield from connection.execute(f"{question}({_MARKS[size]})", [*chunk, *[None] * (size - len(chunk))])


@contextlib.contextmanager
def reachable() -> Iterator[None]:
    """What the disk refuses is `Unavailable`."""
    try:
        yield
    except (apsw.Error, OSError) as error:
        raise Unavailable(f"The state of process cannot be read or written: {error}.") from error


def read_runs(connection: apsw.Connection) -> list[Run]:
    return [_decode_run(value) for (value,) in connection.execute("SELECT value FROM runs")]
