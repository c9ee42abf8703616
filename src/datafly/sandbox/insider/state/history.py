"""What happened to a profile beside its events: made, merged, written to, renamed, stripped."""

from datetime import datetime
from typing import Any, Literal

import msgspec

from datafly.sandbox.database import Database, as_utc, from_text, to_text

ChangeKind = Literal["created", "merged", "identified", "attributes", "removed", "renamed", "anonymized"]


class Stamp(msgspec.Struct, frozen=True):
    """Which request writes, and when it arrived."""

    request_id: int
    received_at: datetime

    @property
    def text(self) -> str:
        return as_utc(self.received_at)


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """`detail` maps names to what they became; what was removed maps to null."""

    id: int
    request_id: int
    at: str
    kind: ChangeKind
    detail: dict[str, Any]


class History:
    def __init__(self, database: Database) -> None:
        self._database = database

    def note(self, profile_id: int, kind: ChangeKind, detail: dict[str, object], stamp: Stamp) -> None:
        self._database.write(
            "INSERT INTO history (profile_id, request_id, at, kind, detail) VALUES (?, ?, ?, ?, ?)",
            (profile_id, stamp.request_id, stamp.text, kind, to_text(detail)),
        )

    def of_profile(self, profile_id: int, *, limit: int = 200) -> list[Change]:
        """The newest first."""
        rows = self._database.rows(
            "SELECT * FROM history WHERE profile_id = ? ORDER BY id DESC LIMIT ?", (profile_id, limit)
        )
        return [
            Change(
                id=row["id"],
                request_id=row["request_id"],
                at=row["at"],
                kind=row["kind"],
                detail=from_text(row["detail"]),
            )
            for row in rows
        ]


def difference(old: dict[str, object], new: dict[str, object]) -> dict[str, object]:
    """What of `new` is not in `old`, and null for what is gone."""
    changed = {name: value for name, value in new.items() if name not in old or old[name] != value}
    return {**changed, **{name: None for name in old if name not in new}}
