"""Counts go up in several tables at once: last in a transaction, and in as little time as can be.

All that deliver for an installation count in the same rows, and a row that was counted in is the transaction's until
that has ended: whoever counts beside it waits for the rest of it.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import sqlalchemy as sa

from datafly.store import dialect

Row = Mapping[str, Any]
_COUNT: Final = "count"
_ADDED: Final = frozenset({_COUNT})


def count_up(connection: sa.Connection, counted: Sequence[tuple[sa.Table, Sequence[Row]]]) -> None:
    """Adds each row's `count` to that of its key. Name the tables in one order always, so that two never wait for each
    other; the rows of a table go in the order of their keys.
    """
    counted = [(table, dialect.merged(table, rows, added=_ADDED)) for table, rows in counted]
    if not dialect.takes_arrays(connection):
        for table, rows in counted:
            dialect.upsert(connection, table, rows, added=_ADDED)
    elif any(rows for _, rows in counted):
        statement = _in_one(dialect.insert_of(connection), tuple(table for table, _ in counted))
        columns = [(column, rows) for table, rows in counted for column in table.columns]
        connection.execute(statement, {_named(one): [row[one.name] for row in rows] for one, rows in columns})


def _named(column: sa.Column[Any]) -> str:
    return f"{column.table.name}_{column.name}"


@lru_cache
def _in_one(insert: Any, tables: tuple[sa.Table, ...]) -> Any:
    """One text for any number of rows; a table that has none is in it too.

    PostgreSQL runs the statement itself first, and what it is given along with it from the last to the first.
    """
    first, *others = [_adding(insert, table) for table in tables]
    for other in reversed(others):
        first = first.add_cte(other.cte(f"into_{other.table.name}"))
    return first


def _adding(insert: Any, table: sa.Table) -> Any:
    arrays = [sa.bindparam(_named(column), type_=sa.ARRAY(_unbounded(column.type))) for column in table.columns]
    shaped = [sa.column(column.name, column.type) for column in table.columns]
    given = sa.func.unnest(*arrays).table_valued(*shaped).render_derived()
    statement = insert(table).from_select([column.name for column in table.columns], sa.select(*given.columns))
    counted = {_COUNT: table.c[_COUNT] + statement.excluded[_COUNT]}
    return statement.on_conflict_do_update(index_elements=[*table.primary_key.columns], set_=counted)


def _unbounded(kind: Any) -> Any:
    """To name the type of an array cuts what is too long, without a word; the column refuses it."""
    return sa.String() if isinstance(kind, sa.String) else kind
