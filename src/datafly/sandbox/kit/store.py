"""What a room remembers, in one SQLite file with one connection, used from one thread: records, requests, credentials.

A record is JSON under a kind and an id, and may belong to another. It is visible from a moment on: a vendor that is
consistent only in the end shows it later than it answers.
"""

import sqlite3
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from datafly.sandbox.database import Database, as_utc, to_text
from datafly.sandbox.wire import Incoming, Reply

_SCHEMA = """
CREATE TABLE IF NOT EXISTS credentials (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, given TEXT NOT NULL, created_at TEXT NOT NULL,
    last_used_at TEXT
) STRICT;
CREATE TABLE IF NOT EXISTS records (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, id TEXT NOT NULL, owner TEXT NOT NULL, body TEXT NOT
    NULL, at TEXT NOT NULL, visible_at TEXT NOT NULL, times INTEGER NOT NULL, request_id INTEGER NOT NULL, UNIQUE (kind,
    id) ) STRICT; CREATE INDEX IF NOT EXISTS records_by_owner ON records (owner, kind, seq); CREATE INDEX IF NOT EXISTS
    records_by_kind ON records (kind, at); CREATE TABLE IF NOT EXISTS names ( space TEXT NOT NULL, name TEXT NOT NULL,
    id TEXT NOT NULL, PRIMARY KEY (space, name) ) STRICT, WITHOUT ROWID; CREATE INDEX IF NOT EXISTS names_by_id ON names
    (id); CREATE TABLE IF NOT EXISTS requests ( id INTEGER PRIMARY KEY AUTOINCREMENT, received_at TEXT NOT NULL, method
    TEXT NOT NULL, path TEXT NOT NULL, headers TEXT NOT NULL, body BLOB NOT NULL, body_bytes INTEGER NOT NULL, status
    INTEGER, reply_headers TEXT NOT NULL, reply BLOB NOT NULL, elapsed_ms INTEGER NOT NULL, note TEXT NOT NULL, accepted
    INTEGER NOT NULL, refused INTEGER NOT NULL, verdicts BLOB NOT NULL ) STRICT;
"""
_SUMMARY = "id, received_at, method, path, status, body_bytes, elapsed_ms, note, accepted, refused"


class Record(msgspec.Struct, frozen=True):
    """`times`: how often it was told. `request_id`: what told it last."""

    seq: int
    kind: str
    id: str
    owner: str
    body: dict[str, Any]
    at: str
    visible_at: str
    times: int
    request_id: int


class Verdict(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one item of a request, for the inspector. `place`: where it stood, `events.3`; `who`: whom it is
    about. `kind` and `id`: the record that it became. `said`: why it was refused, or what of it was ignored.
    """

    place: str
    accepted: bool
    who: str = ""
    kind: str = ""
    id: str = ""
    said: tuple[str, ...] = ()


class RequestSummary(msgspec.Struct, frozen=True, kw_only=True):
    """`status` None: the connection was dropped."""

    id: int
    received_at: str
    method: str
    path: str
    status: int | None
    body_bytes: int
    elapsed_ms: int
    note: str
    accepted: int
    refused: int


class RequestRecord(msgspec.Struct, frozen=True, kw_only=True):
    summary: RequestSummary
    headers: dict[str, str]
    body: str
    reply_headers: dict[str, str]
    reply: str
    verdicts: list[Verdict]


class Store:
    """`lag_seconds`: how much later than now what is written becomes visible."""

    def __init__(self, path: Path, *, requests_kept: int) -> None:
        self._database = Database(path, _SCHEMA)
        self._kept = requests_kept

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing of what is written inside."""
        with self._database.transaction():
            yield

    def close(self) -> None:
        self._database.close()

    def reset(self, *, keep_credentials: bool) -> None:
        self._database.empty("records", "names", "requests", *(() if keep_credentials else ("credentials",)))

    # records

    def put(
        self,
        kind: str,
        key: str,
        body: Mapping[str, Any],
        *,
        now: datetime,
        request_id: int,
        owner: str = "",
        visible_at: datetime | None = None,
        at: datetime | None = None,
    ) -> None:
        """Adds the record, or replaces the body of the one of that id, whose place stays. `at`: when it happened."""
        self._database.write(
            "INSERT INTO records (kind, id, owner, body, at, visible_at, times, request_id)"
            " VALUES (?, ?, ?, ?, ?, ?, 1, ?)"
            " ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body, owner = excluded.owner, at = excluded.at,"
            " times = times + 1, request_id = excluded.request_id",
            (kind, key, owner, to_text(body), as_utc(at or now), as_utc(visible_at or now), request_id),
        )

    def get(self, kind: str, key: str) -> Record | None:
        """Visible or not: the vendor itself knows it."""
        return _record(self._database.row("SELECT * FROM records WHERE kind = ? AND id = ?", (kind, key)))

    def drop(self, kind: str, key: str) -> None:
        self._database.write("DELETE FROM records WHERE kind = ? AND id = ?", (kind, key))
        self._database.write("DELETE FROM names WHERE id = ?", (key,))

    def forget(self, owner: str) -> None:
        """All that belongs to one, and the one."""
        self._database.write("DELETE FROM records WHERE owner = ? OR id = ?", (owner, owner))
        self._database.write("DELETE FROM names WHERE id = ?", (owner,))

    def told_again(self, kind: str, key: str) -> None:
        self._database.write("UPDATE records SET times = times + 1 WHERE kind = ? AND id = ?", (kind, key))

    def give(self, owner: str, to: str) -> None:
        """What belonged to one belongs to another."""
        self._database.write("UPDATE records SET owner = ? WHERE owner = ?", (to, owner))

    def records(
        self, kind: str, *, now: datetime, words: str = "", before: int | None = None, limit: int = 50
    ) -> list[Record]:
        """The newest first, of those that are visible; `words` stand somewhere in their id or JSON."""
        rows = self._database.rows(
            "SELECT * FROM records WHERE kind = ? AND visible_at <= ? AND seq < ?"
            " AND (? = '' OR instr(lower(id || ' ' || body), ?) > 0) ORDER BY seq DESC LIMIT ?",
            (kind, as_utc(now), before or 2**62, words, words.lower(), limit),
        )
        return [found for row in rows if (found := _record(row))]

    def of_owner(self, owner: str, kinds: Sequence[str], *, now: datetime, limit: int = 500) -> list[Record]:
        marks = ", ".join("?" for _ in kinds)
        rows = self._database.rows(
            f"SELECT * FROM records WHERE owner = ? AND kind IN ({marks}) AND visible_at <= ?"  # noqa: S608  only marks
            " ORDER BY at DESC, seq DESC LIMIT ?",
            (owner, *kinds, as_utc(now), limit),
        )
        return [found for row in rows if (found := _record(row))]

    def arrivals(self, kind: str, *, now: datetime, after: int = 0, limit: int = 1_000) -> list[Record]:
        """In the order of their arrival."""
        rows = self._database.rows(
            "SELECT * FROM records WHERE kind = ? AND visible_at <= ? AND seq > ? ORDER BY seq LIMIT ?",
            (kind, as_utc(now), after, limit),
        )
        return [found for row in rows if (found := _record(row))]

    def count(self, kind: str, *, now: datetime) -> int:
        row = self._database.row(
            "SELECT count(*) AS n FROM records WHERE kind = ? AND visible_at <= ?", (kind, as_utc(now))
        )
        return int(row["n"]) if row else 0

    def waiting(self, *, now: datetime) -> int:
        row = self._database.row("SELECT count(*) AS n FROM records WHERE visible_at > ?", (as_utc(now),))
        return int(row["n"]) if row else 0

    def show_all(self, now: datetime) -> None:
        self._database.write("UPDATE records SET visible_at = ? WHERE visible_at > ?", (as_utc(now), as_utc(now)))

    # names: what leads to a record, such as an identifier to a profile

    def named(self, space: str, name: str) -> str | None:
        row = self._database.row("SELECT id FROM names WHERE space = ? AND name = ?", (space, name))
        return str(row["id"]) if row else None

    def name(self, space: str, name: str, key: str) -> None:
        self._database.write(
            "INSERT INTO names VALUES (?, ?, ?) ON CONFLICT (space, name) DO UPDATE SET id = excluded.id",
            (space, name, key),
        )

    def names_of(self, key: str) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for row in self._database.rows("SELECT space, name FROM names WHERE id = ? ORDER BY space, name", (key,)):
            found.setdefault(row["space"], []).append(row["name"])
        return found

    def rename(self, key: str, to: str) -> None:
        """All names of one lead to another."""
        self._database.write("UPDATE names SET id = ? WHERE id = ?", (to, key))

    def unname(self, space: str, name: str) -> None:
        self._database.write("DELETE FROM names WHERE space = ? AND name = ?", (space, name))

    # credentials

    def credentials(self) -> list[dict[str, Any]]:
        rows = self._database.rows("SELECT * FROM credentials ORDER BY id")
        return [{**dict(row), "values": msgspec.json.decode(row["given"])} for row in rows]

    def add_credential(self, name: str, values: Mapping[str, str], *, now: datetime) -> int:
        return self._database.write(
            "INSERT INTO credentials (name, given, created_at) VALUES (?, ?, ?)", (name, to_text(values), as_utc(now))
        )

    def revoke(self, credential_id: int) -> bool:
        return self._database.changed("DELETE FROM credentials WHERE id = ?", (credential_id,)) > 0

    def note_use(self, credential_id: int, now: datetime) -> None:
        self._database.write("UPDATE credentials SET last_used_at = ? WHERE id = ?", (as_utc(now), credential_id))

    # requests

    def open_request(self, incoming: Incoming, now: datetime, headers: Mapping[str, str]) -> int:
        made = self._database.write(
            "INSERT INTO requests (received_at, method, path, headers, body, body_bytes, reply_headers, reply,"
            " elapsed_ms, note, accepted, refused, verdicts) VALUES (?, ?, ?, ?, ?, ?, '{}', x'', 0, '', 0, 0, x'')",
            (
                as_utc(now),
                incoming.method,
                incoming.path,
                to_text(headers),
                zlib.compress(incoming.body, 1),
                len(incoming.body),
            ),
        )
        self._database.write("DELETE FROM requests WHERE id <= ?", (made - self._kept,))
        return made

    def answer_request(
        self, request_id: int, reply: Reply | None, verdicts: Sequence[Verdict], *, note: str, elapsed_ms: int
    ) -> None:
        accepted = sum(verdict.accepted for verdict in verdicts)
        self._database.write(
            "UPDATE requests SET status = ?, reply_headers = ?, reply = ?, elapsed_ms = ?, note = ?, accepted = ?,"
            " refused = ?, verdicts = ? WHERE id = ?",
            (
                reply.status if reply else None,
                to_text(dict(reply.headers)) if reply else "{}",
                zlib.compress(reply.body, 1) if reply else b"",
                elapsed_ms,
                note,
                accepted,
                len(verdicts) - accepted,
                zlib.compress(msgspec.json.encode(list(verdicts)), 1),
                request_id,
            ),
        )

    def requests(self, *, before: int | None = None, limit: int = 50, failed: bool = False) -> list[RequestSummary]:
        rows = self._database.rows(
            f"SELECT {_SUMMARY} FROM requests WHERE id < ?"  # noqa: S608  a constant
            " AND (? = 0 OR status IS NULL OR status >= 300 OR refused > 0) ORDER BY id DESC LIMIT ?",
            (before or 2**62, int(failed), limit),
        )
        return [RequestSummary(**dict(row)) for row in rows]

    def request(self, request_id: int) -> RequestRecord | None:
        row = self._database.row("SELECT * FROM requests WHERE id = ?", (request_id,))
        if row is None:
            return None
        return RequestRecord(
            summary=RequestSummary(**{name: row[name] for name in RequestSummary.__struct_fields__}),
            headers=msgspec.json.decode(row["headers"]),
            body=_inflated(row["body"]),
            reply_headers=msgspec.json.decode(row["reply_headers"]),
            reply=_inflated(row["reply"]),
            verdicts=msgspec.json.decode(zlib.decompress(row["verdicts"]), type=list[Verdict])
            if row["verdicts"]
            else [],
        )


def _inflated(stored: bytes) -> str:
    return zlib.decompress(stored).decode("utf-8", "replace") if stored else ""


def _record(row: sqlite3.Row | None) -> Record | None:
    if row is None:
        return None
    return Record(**{**dict(row), "body": msgspec.json.decode(row["body"])})
