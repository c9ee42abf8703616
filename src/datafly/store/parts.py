"""Attempts and outcomes in parts by time, where the database has such (decision 0208): forgetting drops a part whole.

Times that no part covers, as those of a clock that jumped, lie in the default part, from which rows are forgotten one
by one. Every change of the parts is a short transaction of its own, by one process at a time.
"""

import re
import time
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from datafly.store import dialect, schema
from datafly.store.database import Database

_DAY_MS: Final = 86_400_000
_AHEAD_MS: Final = 2 * _DAY_MS
_BACK_MS: Final = 60 * _DAY_MS
_PARTS: Final = 10
"""About so many of what is kept."""
_HELD: Final = ("parts",)
_AT_MS: Final = {schema.attempts: schema.attempts.c.started_ms, schema.outcomes: schema.outcomes.c.decided_ms}
_BOUND: Final = re.compile(r"FROM \((?:'?(-?\d+)'?|MINVALUE)\) TO \('?(-?\d+)'?\)")
_PARTS_OF: Final = sa.text(
    "SELECT c.relname AS name, pg_get_expr(c.relpartbound, c.oid) AS bound, c.reltuples AS rows "
    "FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = to_regclass(:parent)"
)


class Part(NamedTuple):
    """`first_ms` None: from the beginning of time. `until_ms` is not in it. `rows`: about."""

    name: str
    first_ms: int | None
    until_ms: int
    rows: int

    def holds(self, at_ms: int) -> bool:
        return (self.first_ms is None or self.first_ms <= at_ms) and at_ms < self.until_ms


def row_by_row(connection: sa.Connection, table: sa.Table) -> sa.Table:
    """Where rows of it are forgotten one by one."""
    return _named(table, _default(table)) if dialect.has_parts(connection) else table


def keep_up(database: Database, before_ms: int) -> int:
    """Make the parts of the next two days, and drop one part of each table that is older; about how many rows that was.

    Any number of processes may do so at once. What waits for a lock too long is `Unavailable`, and done the next time.
    """
    with database.read() as connection:
        if not dialect.has_parts(connection):
            return 0
        found = {table: parts(connection, table) for table in _AT_MS}
    now_ms = database.now_ms()
    wide = max(1, round((now_ms - before_ms) / _DAY_MS / _PARTS)) * _DAY_MS
    for table, known in found.items():
        if not all(any(part.holds(at) for part in known) for at in (now_ms, now_ms + _AHEAD_MS)):
            _make_from(database, table, now_ms, wide)
    return sum(_drop_oldest(database, table, before_ms) for table, known in found.items() if _old(known, before_ms))


def parts(connection: sa.Connection, table: sa.Table) -> list[Part]:
    """Oldest first, without the default part."""
    found = [
        Part(row.name, None if bound[1] is None else int(bound[1]), int(bound[2]), int(row.rows))
        for row in connection.execute(_PARTS_OF, {"parent": table.name})
        if (bound := _BOUND.search(row.bound))
    ]
    return sorted(found, key=lambda part: part.until_ms)


# --- new ones -------------------------------------------------------------------------------------------------------


def make_back(database: Database, first_ms: int) -> None:
    """For rows from that time on that will come, as those of another store; of more than 60 days ago one by one."""
    with database.read() as connection:
        if not dialect.has_parts(connection):
            return
    for table in _AT_MS:
        _make_from(database, table, max(first_ms, database.now_ms() - _BACK_MS), _DAY_MS)


def _make_from(database: Database, table: sa.Table, first_ms: int, wide: int) -> None:
    with database.write(of=_HELD) as connection:
        for start_ms, until_ms in list(_gaps(parts(connection, table), first_ms, database.now_ms(), wide)):
            _make(connection, table, start_ms, until_ms)


def _gaps(known: Sequence[Part], first_ms: int, now_ms: int, wide: int) -> Iterator[tuple[int, int]]:
    """Stretches of whole days that no part covers, from that one on."""
    at_ms = first_ms // _DAY_MS * _DAY_MS
    while at_ms <= now_ms + _AHEAD_MS:
        covering = next((part for part in known if part.holds(at_ms)), None)
        if covering is not None:
            at_ms = covering.until_ms
            continue
        later = (part.first_ms for part in known if part.first_ms is not None and part.first_ms > at_ms)
        until_ms = min([at_ms + wide, *later])
        yield at_ms, until_ms
        at_ms = until_ms


def _make(connection: sa.Connection, table: sa.Table, first_ms: int, until_ms: int) -> None:
    """Attached, not created within: that would lock readers out too. What the default part has of it moves.

    Writers are kept out from before: one that has chosen the default part already would be refused by it then.
    """
    name, default, at_ms = f"{table.name}_from_{_date(first_ms)}", _default(table), _AT_MS[table].name
    moved = f"DELETE FROM {default} WHERE {at_ms} >= {first_ms} AND {at_ms} < {until_ms} RETURNING *"  # noqa: S608  ours
    dialect.wait_no_longer(connection)
    for statement in (
        f"LOCK TABLE ONLY {table.name} IN SHARE ROW EXCLUSIVE MODE",
        f"CREATE TABLE {name} (LIKE {table.name} INCLUDING ALL)",
        f"LOCK TABLE {default} IN ACCESS EXCLUSIVE MODE",
        f"WITH moved AS ({moved}) INSERT INTO {name} SELECT * FROM moved",  # noqa: S608  our names and numbers
        f"ALTER TABLE {table.name} ATTACH PARTITION {name} FOR VALUES FROM ({first_ms}) TO ({until_ms})",
    ):
        connection.exec_driver_sql(statement)


# --- old ones -------------------------------------------------------------------------------------------------------


def _old(known: Sequence[Part], before_ms: int) -> Part | None:
    return next((part for part in known if part.until_ms <= before_ms), None)


def _drop_oldest(database: Database, table: sa.Table, before_ms: int) -> int:
    """What a restart must skip stays, in the default part."""
    with database.write(of=_HELD) as connection:
        part = _old(parts(connection, table), before_ms)
        if part is None:
            return 0
        kept = list(_runs_above_their_mark(connection, _named(table, part.name)))
        dialect.wait_no_longer(connection)
        connection.exec_driver_sql(f"ALTER TABLE {table.name} DETACH PARTITION {part.name}")
        _insert_again(connection, table, _named(table, part.name), kept)
        connection.exec_driver_sql(f"DROP TABLE {part.name}")
        return max(part.rows, 1)


def _runs_above_their_mark(connection: sa.Connection, part: sa.Table) -> Iterator[sa.ColumnElement[bool]]:
    """Looked for before anything is locked; marks only go on, so what is not found now is not there later either."""
    marks = schema.marks.c
    key = (marks.installation_id, marks.run_id, marks.partition)
    for row in connection.execute(sa.select(*key, sa.func.min(marks.mark).label("mark")).group_by(*key)).all():
        same = [part.c[column.name] == getattr(row, column.name) for column in key]
        above = sa.and_(*same, part.c.last >= row.mark)
        if connection.execute(sa.select(part.c.id).where(above).limit(1)).first():
            yield above


def _insert_again(
    connection: sa.Connection, table: sa.Table, part: sa.Table, kept: Collection[sa.ColumnElement[bool]]
) -> None:
    if kept:
        columns = [column.name for column in table.columns]
        rows: sa.Select[Any] = sa.select(*(part.c[name] for name in columns)).where(sa.or_(*kept))
        connection.execute(sa.insert(table).from_select(columns, rows))


def _default(table: sa.Table) -> str:
    return f"{table.name}_default"


@lru_cache(maxsize=64)
def _named(table: sa.Table, name: str) -> sa.Table:
    """The same columns under another name."""
    return sa.Table(name, sa.MetaData(), *(sa.Column(column.name, column.type) for column in table.columns))


def _date(at_ms: int) -> str:
    return time.strftime("%Y%m%d", time.gmtime(at_ms / 1000))
