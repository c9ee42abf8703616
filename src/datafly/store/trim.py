"""Forgetting: what is older than it must be kept, a bounded number a call."""

from typing import Any, Final

import sqlalchemy as sa

from datafly.store import parts, schema

_KEYS: Final = ("installation_id", "run_id", "partition")


def trim(connection: sa.Connection, *, before_ms: int, limit: int) -> int:
    """Row by row; where the tables lie in parts by time, of what no part covers (`parts.keep_up` does the others)."""
    attempts = _trim(connection, schema.attempts, "started_ms", before_ms, limit)
    return attempts + _trim(connection, schema.outcomes, "decided_ms", before_ms, limit - attempts)


def _trim(connection: sa.Connection, whole: sa.Table, column: str, before_ms: int, limit: int) -> int:
    if limit <= 0:
        return 0
    table = parts.row_by_row(connection, whole)
    at_ms: sa.Column[int] = table.c[column]
    old = sa.select(table.c.id).where(at_ms < before_ms, ~_above_mark(table)).order_by(at_ms).limit(limit)
    return connection.execute(sa.delete(table).where(table.c.id.in_(old.scalar_subquery()))).rowcount


def _above_mark(table: sa.Table) -> sa.ColumnElement[bool]:
    """Its run has a mark at or below its last offset: progress still tells of it."""
    marks: Any = schema.marks.c
    same = [marks[key] == table.c[key] for key in _KEYS]
    return sa.exists().where(*same, marks.mark <= table.c.last)
