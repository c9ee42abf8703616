"""The SQLite file of the room: schema, transactions, rows by name."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

_SCHEMA = """
CREATE TABLE IF NOT EXISTS accounts (
    id INTEGER PRIMARY KEY, partner TEXT NOT NULL UNIQUE, rules TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS keys (
    id INTEGER PRIMARY KEY AUTOINCREMENT, account_id INTEGER NOT NULL, digest BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL, scopes TEXT NOT NULL, allowed_ips TEXT NOT NULL, ending TEXT NOT NULL,
    created_at TEXT NOT NULL, last_used_at TEXT
) STRICT;
CREATE TABLE IF NOT EXISTS sessions (digest BLOB PRIMARY KEY, account_id INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS profiles (
    id INTEGER PRIMARY KEY AUTOINCREMENT, account_id INTEGER NOT NULL, insider_id TEXT NOT NULL UNIQUE,
    attributes TEXT NOT NULL, custom TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS profiles_by_update ON profiles (account_id, updated_at);
CREATE TABLE IF NOT EXISTS identifiers (
    account_id INTEGER NOT NULL, type TEXT NOT NULL, value TEXT NOT NULL, profile_id INTEGER NOT NULL,
    PRIMARY KEY (account_id, type, value)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS identifiers_by_profile ON identifiers (profile_id);
CREATE TABLE IF NOT EXISTS events (
    id INTEGER PRIMARY KEY AUTOINCREMENT, profile_id INTEGER NOT NULL, digest BLOB NOT NULL, name TEXT NOT NULL,
    moment TEXT NOT NULL, parameters TEXT NOT NULL, custom TEXT NOT NULL, times_received INTEGER NOT NULL,
    received_at TEXT NOT NULL, request_id INTEGER NOT NULL,
    UNIQUE (profile_id, digest)
) STRICT;
CREATE TABLE IF NOT EXISTS names (
    account_id INTEGER NOT NULL, place TEXT NOT NULL, name TEXT NOT NULL, type TEXT,
    PRIMARY KEY (account_id, place, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ignored (
    id INTEGER PRIMARY KEY, request_id INTEGER NOT NULL, profile_id INTEGER NOT NULL,
    path TEXT NOT NULL, value TEXT NOT NULL, reason TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS ignored_by_request ON ignored (request_id);
CREATE INDEX IF NOT EXISTS ignored_by_profile ON ignored (profile_id);
CREATE TABLE IF NOT EXISTS history (
    id INTEGER PRIMARY KEY, profile_id INTEGER NOT NULL, request_id INTEGER NOT NULL, at TEXT NOT NULL,
    kind TEXT NOT NULL, detail TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS history_by_profile ON history (profile_id);
CREATE TABLE IF NOT EXISTS pending (
    id INTEGER PRIMARY KEY AUTOINCREMENT, account_id INTEGER NOT NULL, request_id INTEGER NOT NULL,
    place INTEGER NOT NULL, received_at TEXT NOT NULL, due_at TEXT NOT NULL,
    appends INTEGER NOT NULL, user TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS pending_by_due ON pending (due_at);
CREATE TABLE IF NOT EXISTS requests (
    id INTEGER PRIMARY KEY AUTOINCREMENT, account_id INTEGER, received_at TEXT NOT NULL, method TEXT NOT NULL,
    path TEXT NOT NULL, headers TEXT NOT NULL, body BLOB NOT NULL, body_bytes INTEGER NOT NULL,
    status INTEGER, reply_headers TEXT NOT NULL, reply BLOB NOT NULL, elapsed_ms INTEGER NOT NULL,
    note TEXT NOT NULL, accepted INTEGER NOT NULL, refused INTEGER NOT NULL, ignored INTEGER NOT NULL,
    verdicts BLOB NOT NULL
) STRICT;
"""
_FORGETTABLE = ("profiles", "identifiers", "events", "names", "ignored", "history", "pending", "requests")
_ACCOUNTS = ("accounts", "keys", "sessions")

Row = sqlite3.Row
Values = Sequence[object] | Mapping[str, object]


class Database:
    """One connection. A crash of the process loses nothing committed; a crash of the machine may lose the last."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.executescript(_SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def write(self, statement: str, values: Values = ()) -> int:
        """Run a statement; the row id that an INSERT made."""
        return self._connection.execute(statement, values).lastrowid or 0

    def changed(self, statement: str, values: Values = ()) -> int:
        """Run a statement; how many rows it changed."""
        return self._connection.execute(statement, values).rowcount

    def rows(self, statement: str, values: Values = ()) -> list[Row]:
        return self._connection.execute(statement, values).fetchall()

    def row(self, statement: str, values: Values = ()) -> Row | None:
        found: Row | None = self._connection.execute(statement, values).fetchone()
        return found

    def empty(self, *, keep_accounts: bool) -> None:
        for table in _FORGETTABLE if keep_accounts else (*_FORGETTABLE, *_ACCOUNTS):
            self._connection.execute(f"DELETE FROM {table}")  # noqa: S608 - names from the tuples above

    def close(self) -> None:
        self._connection.close()


def as_utc(moment: datetime, timespec: str = "milliseconds") -> str:
    """RFC 3339 with Z, of one length, so that text sorts as time does."""
    return moment.astimezone(UTC).isoformat(timespec=timespec).replace("+00:00", "Z")


def to_text(value: object) -> str:
    return msgspec.json.encode(value).decode()


def from_text(text: str) -> Any:
    return msgspec.json.decode(text)
