"""All rows of one store into another that is empty, by ids, in steps that may be interrupted (decision 0211).

How far it came is kept in the target, with the rows of each step; until the last one nobody else opens the target.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from datafly.model.errors import Invalid, OperatorError
from datafly.store import dialect, parts, schema
from datafly.store.database import Database
from datafly.store.migrate import TABLES_SERVE
from datafly.store.schema import control_version, facts
from datafly.store.schema.base import Document

MOVING: Final = "moving"
"""The fact of a target that is not whole yet."""
LOG_ID: Final = "log_id"
_STEP: Final = 500
"""Rows at a time; each may be a request of 100 kB."""
_LATER: Final = frozenset({"facts", "control_version"})
"""What makes the target a store comes with the last step."""

Moved = Callable[[int, int], None]
"""Rows that are there, and how many it will be."""
Row = dict[str, Any]


class Standing(msgspec.Struct):
    """`log`: of which store this is a part, by the id of its log. `tables`: the last key of each, None at its end."""

    log: str
    tables: dict[str, list[Any] | None] = {}


class Moving:
    """From `source`, which nobody writes to meanwhile."""

    def __init__(self, source: Database, target: Database, log_id: str) -> None:
        self._source, self._target, self._log_id = source, target, log_id
        self._standing = Standing(log_id)
        self._tables = [table for table in schema.metadata.sorted_tables if table.name not in _LATER]

    def begin(self, *, anew: bool) -> bool:
        """False: all of it is there already. `anew`: the source may have changed since an earlier beginning.

        Raises `OperatorError`: the target has another store, or a part of this one as it was before it changed.
        """
        with self._target.write() as connection:
            told = {row.name: row.value for row in connection.execute(sa.select(facts))}
            if MOVING not in told:
                others = told.keys() - {TABLES_SERVE}
                if others and told.get(LOG_ID) != self._log_id:
                    raise OperatorError("The database holds another store already. Give an empty one.")
                if not others:
                    self._keep(connection)
                return not others
        self._standing = msgspec.json.decode(told[MOVING], type=Standing)
        if self._standing.log != self._log_id or (anew and self._standing.tables):
            raise OperatorError("The database holds a part of a store whose move was given up. Give an empty one.")
        return True

    def copy(self, moved: Moved) -> None:
        """Goes on where it was. Raises `OperatorError` where a row cannot be kept."""
        with self._source.read() as reading:
            total = sum(_count(reading, table) for table in self._tables)
            with self._target.read() as there:
                done = sum(_count(there, table) for table in self._tables if table.name in self._standing.tables)
            moved(done, total)
            if (oldest := _oldest(reading)) is not None:
                parts.make_back(self._target, oldest)
            for table in self._tables:
                for rows in self._steps(reading, table):
                    done += self._put(table, rows)
                    moved(done, total)

    def finish(self) -> None:
        """From now on the target is a store."""
        with self._source.read() as reading, self._target.write() as connection:
            self._require_whole(reading, connection)
            own = reading.execute(sa.select(facts).where(facts.c.name != TABLES_SERVE)).mappings().all()
            dialect.upsert(connection, facts, [*map(dict, own), {"name": LOG_ID, "value": self._log_id}])
            version = reading.execute(sa.select(control_version.c.version)).scalar_one()
            connection.execute(sa.update(control_version).values(version=version + 1))
            for table in self._tables:
                dialect.go_on_numbering(reading, connection, table)
            connection.execute(sa.delete(facts).where(facts.c.name == MOVING))

    def _steps(self, reading: sa.Connection, table: sa.Table) -> Iterator[list[Row]]:
        """The last one is shorter than the others, and may be empty."""
        plain, keys = _plain(table), [column.name for column in table.primary_key.columns]
        order = [plain.c[name] for name in keys]
        known = self._standing.tables
        while known.get(table.name, []) is not None:
            last = known.get(table.name)
            select = sa.select(plain).order_by(*order).limit(_STEP)
            if last:
                select = select.where(sa.tuple_(*order) > sa.tuple_(*map(sa.literal, last)))
            rows = [_clean(row) for row in reading.execute(select).mappings()]
            known[table.name] = [rows[-1][name] for name in keys] if len(rows) == _STEP else None
            yield rows

    def _put(self, table: sa.Table, rows: Sequence[Row]) -> int:
        try:
            with self._target.write() as connection:
                if rows:
                    connection.execute(sa.insert(_plain(table)), rows)
                self._keep(connection)
        except (sa.exc.DBAPIError, Invalid) as error:
            raise OperatorError(f"A row of {table.name} cannot be moved: {error}.") from error
        return len(rows)

    def _keep(self, connection: sa.Connection) -> None:
        dialect.upsert(connection, facts, [{"name": MOVING, "value": msgspec.json.encode(self._standing).decode()}])

    def _require_whole(self, reading: sa.Connection, connection: sa.Connection) -> None:
        for table in self._tables:
            before, after = _count(reading, table), _count(connection, table)
            if before != after:
                raise OperatorError(f"Of {before} rows of {table.name} {after} are there: it was written to meanwhile.")


def _plain(table: sa.Table) -> sa.TableClause:
    """Documents as the text that they are."""
    kinds = ((column.name, sa.Text() if isinstance(column.type, Document) else column.type) for column in table.columns)
    return sa.table(table.name, *(sa.column(name, kind) for name, kind in kinds))


def _clean(row: Any) -> Row:
    """PostgreSQL keeps no NUL, which SQLite does: it may stand in the names of events that were refused."""
    return {name: value.replace("\0", "\ufffd") if isinstance(value, str) else value for name, value in row.items()}


def _count(connection: sa.Connection, table: sa.Table) -> int:
    return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def _oldest(connection: sa.Connection) -> int | None:
    """When the first of what is kept by time was."""
    times = (schema.attempts.c.started_ms, schema.outcomes.c.decided_ms)
    found = [connection.execute(sa.select(sa.func.min(at_ms))).scalar() for at_ms in times]
    return min((at_ms for at_ms in found if at_ms is not None), default=None)
