"""Writings that come again because their answer was lost: a database that falls in a commit cannot be asked then."""

from typing import Final

import sqlalchemy as sa

from datafly.store.base import WritingId
from datafly.store.dialect import insert_of
from datafly.store.schema import writers

_FORGOTTEN_MS: Final = 24 * 3_600_000
"""A writer that was silent for a day has ended; its writings do not come again."""


def is_new(connection: sa.Connection, given: WritingId, at_ms: int) -> bool:
    """Whether it is not there yet. From now on it is."""
    insert = insert_of(connection)(writers).values(writer=given.writer, number=given.number, at_ms=at_ms)
    later = insert.excluded.number > writers.c.number
    changed = {"number": insert.excluded.number, "at_ms": insert.excluded.at_ms}
    statement = insert.on_conflict_do_update(index_elements=[writers.c.writer], set_=changed, where=later)
    return connection.execute(statement.execution_options(preserve_rowcount=True)).rowcount > 0


def forget(connection: sa.Connection, now_ms: int) -> None:
    connection.execute(sa.delete(writers).where(writers.c.at_ms < now_ms - _FORGOTTEN_MS))
