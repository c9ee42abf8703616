"""What arrived and what was answered, for the inspector; bounded, bodies compressed."""

import zlib
from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import msgspec

from datafly.sandbox.database import Database, Row, as_utc, from_text, to_text
from datafly.sandbox.insider.findings import Ignored
from datafly.sandbox.wire import Incoming, Reply

_SUMMARY = "id, account_id, received_at, method, path, status, body_bytes, elapsed_ms, note, accepted, refused, ignored"

Filter = Literal["all", "failed", "refused", "ignored"]
_CONDITIONS: dict[Filter, str] = {
    "all": "1",
    "failed": "(status IS NULL OR status >= 300)",
    "refused": "refused > 0",
    "ignored": "ignored > 0",
}


class UserVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one user object: its errors where refused, what was stored and ignored where accepted.

    `ours` names, by message, the errors that are no word of Insider. `due_at` is when what was taken becomes visible.
    """

    index: int
    accepted: bool
    who: str = ""
    profile_id: int | None = None
    errors: dict[str, list[str]] = {}
    ours: dict[str, str] = {}
    ignored: tuple[Ignored, ...] = ()
    stored_events: int = 0
    duplicate_events: int = 0
    due_at: str | None = None


class RequestSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the inspector's list; `status` is None where the connection was dropped."""

    id: int
    account_id: int | None
    received_at: str
    method: str
    path: str
    status: int | None
    body_bytes: int
    elapsed_ms: int
    note: str
    accepted: int
    refused: int
    ignored: int


class RequestRecord(msgspec.Struct, frozen=True, kw_only=True):
    summary: RequestSummary
    headers: dict[str, str]
    body: str
    reply_headers: dict[str, str]
    reply: str
    verdicts: list[UserVerdict]


class Requests:
    def __init__(self, database: Database, *, kept: int) -> None:
        self._database = database
        self._kept = kept

    def open(self, incoming: Incoming, when: datetime) -> int:
        """Note an arrival; what is written for it refers to the id. The token is kept by its ending only."""
        request_id = self._database.write(
            "INSERT INTO requests (received_at, method, path, headers, body, body_bytes, reply_headers, reply,"
            " elapsed_ms, note, accepted, refused, ignored, verdicts)"
            " VALUES (?, ?, ?, ?, ?, ?, '{}', x'', 0, '', 0, 0, 0, x'')",
            (
                as_utc(when),
                incoming.method,
                incoming.path,
                to_text(_redacted(incoming.headers)),
                zlib.compress(incoming.body, 1),
                len(incoming.body),
            ),
        )
        self._database.write("DELETE FROM requests WHERE id <= ?", (request_id - self._kept,))
        self._database.write("DELETE FROM ignored WHERE request_id <= ?", (request_id - self._kept,))
        return request_id

    def answer(
        self,
        request_id: int,
        *,
        account_id: int | None,
        reply: Reply | None,
        verdicts: list[UserVerdict],
        note: str,
        elapsed_ms: int,
    ) -> None:
        """Complete an arrival; a reply of None is a dropped connection."""
        accepted = sum(verdict.accepted for verdict in verdicts)
        self._database.write(
            "UPDATE requests SET account_id = ?, status = ?, reply_headers = ?, reply = ?, elapsed_ms = ?,"
            " note = ?, accepted = ?, refused = ?, ignored = ?, verdicts = ? WHERE id = ?",
            (
                account_id,
                reply.status if reply else None,
                to_text(dict(reply.headers) if reply else {}),
                zlib.compress(reply.body, 1) if reply else b"",
                elapsed_ms,
                note,
                accepted,
                len(verdicts) - accepted,
                sum(len(verdict.ignored) for verdict in verdicts),
                zlib.compress(msgspec.json.encode(verdicts), 1),
                request_id,
            ),
        )

    def revise(self, request_id: int, late: Mapping[int, UserVerdict]) -> None:
        """Verdicts that were not complete when the request was answered, by the index whose place they take."""
        row = self._database.row("SELECT verdicts FROM requests WHERE id = ?", (request_id,))
        if row is None:
            return
        verdicts = [late.get(each.index, each) for each in _verdicts(row)]
        self._database.write(
            "UPDATE requests SET verdicts = ?, ignored = ? WHERE id = ?",
            (
                zlib.compress(msgspec.json.encode(verdicts), 1),
                sum(len(each.ignored) for each in verdicts),
                request_id,
            ),
        )

    def newest(
        self, *, account_id: int | None = None, limit: int = 50, before: int | None = None, only: Filter = "all"
    ) -> list[RequestSummary]:
        """Newest first. Those of an account come with those that no account could be told for."""
        rows = self._database.rows(
            f"SELECT {_SUMMARY} FROM requests WHERE (? IS NULL OR account_id IS NULL OR account_id = ?)"  # noqa: S608
            f" AND (? IS NULL OR id < ?) AND {_CONDITIONS[only]} ORDER BY id DESC LIMIT ?",
            (account_id, account_id, before, before, limit),
        )
        return [_summary(row) for row in rows]

    def of_id(self, request_id: int) -> RequestRecord | None:
        row = self._database.row("SELECT * FROM requests WHERE id = ?", (request_id,))
        return _record(row) if row else None

    def count(self) -> int:
        row = self._database.row("SELECT count(*) AS n FROM requests")
        return row["n"] if row else 0


def _redacted(headers: dict[str, str]) -> dict[str, str]:
    token = headers.get("x-request-token")
    return headers if token is None else {**headers, "x-request-token": f"…{token[-4:] if len(token) > 8 else ''}"}


def _summary(row: Row) -> RequestSummary:
    return msgspec.convert({name: row[name] for name in RequestSummary.__struct_fields__}, RequestSummary)


def _record(row: Row) -> RequestRecord:
    return RequestRecord(
        summary=_summary(row),
        headers=from_text(row["headers"]),
        body=zlib.decompress(row["body"]).decode("utf-8", "replace"),
        reply_headers=from_text(row["reply_headers"]),
        reply=(zlib.decompress(row["reply"]) if row["reply"] else b"").decode("utf-8", "replace"),
        verdicts=_verdicts(row),
    )


def _verdicts(row: Row) -> list[UserVerdict]:
    packed = zlib.decompress(row["verdicts"]) if row["verdicts"] else b"[]"
    return msgspec.json.decode(packed, type=list[UserVerdict])
