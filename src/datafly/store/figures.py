"""Figures over time, for charts: what counters said at the end of each minute.

A file of its own beside the store, of the role that draws the charts: it can be thrown away at any time, and begins
anew. Rows are totals, not differences, so that writing one twice, or missing some, counts nothing wrong.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec
import sqlalchemy as sa

from datafly.store.database import Database, NowMs
from datafly.store.dialect import upsert, url_of

FILE: Final = "figures.db"
MINUTE_MS: Final = 60_000
HOUR_MS: Final = 60 * MINUTE_MS
KEPT_MINUTES_MS: Final = 50 * HOUR_MS
"""Each minute is kept for two days, each hour for a month."""
KEPT_MS: Final = 32 * 24 * HOUR_MS

_TABLE: Final = sa.Table(
    "figures",
    sa.MetaData(),
    sa.Column("at_ms", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("subject", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(32), primary_key=True),
    sa.Column("value", sa.Float, nullable=False),
    sqlite_with_rowid=False,
)
_C: Final = _TABLE.c


class Figure(msgspec.Struct, frozen=True):
    """`value` of `name` at the end of the minute that began at `at_ms`. `subject`: an installation, "" for all."""

    at_ms: int
    subject: str
    name: str
    value: float


class Figures:
    """Blocking, for several threads and processes."""

    def __init__(self, data_dir: Path, *, now_ms: NowMs) -> None:
        data_dir.mkdir(parents=True, exist_ok=True)
        self._database = Database(url_of(data_dir / FILE), now_ms)
        with self._database.write() as connection:
            _TABLE.create(connection, checkfirst=True)

    def keep(self, figures: Iterable[Figure]) -> None:
        """The later of two for one minute counts. Forgets what is over its time."""
        rows = [msgspec.structs.asdict(one) for one in figures]
        now_ms = self._database.now_ms()
        is_old = sa.and_(_C.at_ms < now_ms - KEPT_MINUTES_MS, _C.at_ms % HOUR_MS != 0)
        with self._database.write() as connection:
            upsert(connection, _TABLE, rows)
            connection.execute(sa.delete(_TABLE).where(sa.or_(is_old, _C.at_ms < now_ms - KEPT_MS)))

    def since(self, since_ms: int, *, step_ms: int) -> list[Figure]:
        """Those of the minutes at which a step begins, oldest first."""
        select = sa.select(_TABLE).where(_C.at_ms >= since_ms, _C.at_ms % step_ms == 0).order_by(_C.at_ms)
        with self._database.read() as connection:
            return [Figure(*row) for row in connection.execute(select)]

    def close(self) -> None:
        self._database.close()
