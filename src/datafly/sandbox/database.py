"""The SQLite file of a room: transactions, rows by name, moments as text that sorts as time does."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

Row = sqlite3.Row
Values = Sequence[object] | Mapping[str, object]


class Database:
    """One connection. A crash of the process loses nothing committed; a crash of the machine may lose the last."""

    def __init__(self, path: Path, schema: str) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.executescript(schema)

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

    def empty(self, *tables: str) -> None:
        for table in tables:
            self._connection.execute(f"DELETE FROM {table}")  # noqa: S608 - names from constants of the rooms

    def close(self) -> None:
        self._connection.close()


def as_utc(moment: datetime, timespec: str = "milliseconds") -> str:
    """RFC 3339 with Z, of one length, so that text sorts as time does."""
    return moment.astimezone(UTC).isoformat(timespec=timespec).replace("+00:00", "Z")


def to_text(value: object) -> str:
    return msgspec.json.encode(value).decode()


def from_text(text: str) -> Any:
    return msgspec.json.decode(text)
