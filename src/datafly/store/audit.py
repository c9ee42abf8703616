"""The audit log: who changed what, and who came in."""

from typing import Any

import msgspec
import sqlalchemy as sa

from datafly.model.people import AuditEntry
from datafly.store.database import Database
from datafly.store.ids import fresh_id
from datafly.store.rows import Row
from datafly.store.schema import audit


class Audit:
    """The part of `Control` that keeps the audit log. There is no way to change or shorten it."""

    _database: Database

    def note(self, entry: AuditEntry) -> AuditEntry:
        """An empty id and a time of 0 are filled in. Inside a transaction it stands or falls with that."""
        now_ms = self._database.now_ms()
        noted = msgspec.structs.replace(entry, id=fresh_id("log", now_ms), timestamp_ms=entry.timestamp_ms or now_ms)
        with self._database.write() as connection:
            connection.execute(sa.insert(audit).values(msgspec.structs.asdict(noted)))
        return noted

    def audit_log(
        self, *, before: str | None = None, limit: int = 50, since_ms: int = 0, until_ms: int | None = None, **like: str
    ) -> list[AuditEntry]:
        """Newest first. `like`: columns that must be equal, e.g. `action`; `before`: an id to go on after."""
        conditions: list[sa.ColumnElement[bool]] = [audit.c[name] == value for name, value in like.items()]
        if before is not None:
            place = sa.select(audit.c.number).where(audit.c.id == before).scalar_subquery()
            conditions.append(audit.c.number < place)
        if since_ms:
            conditions.append(audit.c.timestamp_ms >= since_ms)
        if until_ms is not None:
            conditions.append(audit.c.timestamp_ms < until_ms)
        select = sa.select(audit).where(*conditions).order_by(audit.c.number.desc()).limit(limit)
        with self._database.read() as connection:
            return [_entry_of(row) for row in connection.execute(select).mappings()]


def _entry_of(row: Row) -> AuditEntry:
    fields: dict[str, Any] = {name: row[name] for name in AuditEntry.__struct_fields__}
    return AuditEntry(**fields)
