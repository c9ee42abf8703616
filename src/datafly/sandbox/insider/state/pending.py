"""Upserts that were accepted and are not visible yet, while the account's consistency is eventual."""

from datetime import datetime, timedelta

import msgspec

from datafly.sandbox.database import Database, as_utc, from_text, to_text
from datafly.sandbox.insider.state.history import Stamp


class PendingUser(msgspec.Struct, frozen=True, kw_only=True):
    """A user object that its request was told to be successful; `place` is its index there."""

    account_id: int
    stamp: Stamp
    place: int
    appends: bool
    user: object


class Pending:
    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, waiting: PendingUser, delay_seconds: float) -> str:
        """Keep it until it is due; the moment when it is."""
        due_at = as_utc(waiting.stamp.received_at + timedelta(seconds=delay_seconds))
        self._database.write(
            "INSERT INTO pending (account_id, request_id, place, received_at, due_at, appends, user)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                waiting.account_id,
                waiting.stamp.request_id,
                waiting.place,
                as_utc(waiting.stamp.received_at, "microseconds"),
                due_at,
                int(waiting.appends),
                to_text(waiting.user),
            ),
        )
        return due_at

    def take(self, now: datetime | None) -> list[PendingUser]:
        """What is due by now, in the order of its arrival, and no longer kept here; everything for None."""
        limit = as_utc(now) if now else "~"
        rows = self._database.rows("SELECT * FROM pending WHERE due_at <= ? ORDER BY id", (limit,))
        self._database.write("DELETE FROM pending WHERE due_at <= ?", (limit,))
        return [
            PendingUser(
                account_id=row["account_id"],
                stamp=Stamp(row["request_id"], datetime.fromisoformat(row["received_at"])),
                place=row["place"],
                appends=bool(row["appends"]),
                user=from_text(row["user"]),
            )
            for row in rows
        ]

    def count(self) -> int:
        row = self._database.row("SELECT count(*) AS n FROM pending")
        return row["n"] if row else 0
