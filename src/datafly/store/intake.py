"""What came in, counted by span of time, and the newest of what was refused."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from datafly.model.refusal import IntakeCount, KeptRefusal
from datafly.store.database import Database
from datafly.store.dialect import upsert
from datafly.store.incoming import Span
from datafly.store.schema import intake, refusals

MINUTE: Final = 60
HOUR: Final = 3600
ALL_TIME: Final = 0
_KEPT_SECONDS: Final = {MINUTE: 86_400, HOUR: 45 * 86_400}

Row = dict[str, Any]


class SqlIntake:
    """`Intake` over SQLAlchemy."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, counts: Sequence[IntakeCount], kept: Sequence[KeptRefusal], *, most: int) -> None:
        """Counts of several processes add up; a crash loses what was not written yet."""
        rows = _rows(counts)
        with self._database.write(of=("intake",)) as connection:
            upsert(connection, intake, rows, added=frozenset({"count"}))
            if kept:
                connection.execute(sa.insert(refusals), [_row(one) for one in kept])
            for pipeline_id, code in {(one.pipeline_id, one.code) for one in kept}:
                _drop_beyond(connection, pipeline_id, code, most)

    def totals(self, pipeline_id: str) -> dict[str, int]:
        return {
            code: count
            for span in self.spans(pipeline_id, seconds=ALL_TIME, since_ms=0)
            for code, count in span.counts.items()
        }

    def spans(self, pipeline_id: str, *, seconds: int, since_ms: int) -> list[Span]:
        where = (intake.c.pipeline_id == pipeline_id, intake.c.seconds == seconds, intake.c.began_ms >= since_ms)
        found: dict[int, dict[str, int]] = {}
        with self._database.read() as connection:
            for row in connection.execute(sa.select(intake).where(*where).order_by(intake.c.began_ms)).mappings():
                found.setdefault(row["began_ms"], {})[row["code"]] = row["count"]
        return [Span(began_ms, counts) for began_ms, counts in found.items()]

    def refusals(
        self, pipeline_id: str | None, *, code: str | None = None, before_id: int | None = None, limit: int = 50
    ) -> list[tuple[int, KeptRefusal]]:
        where = [] if pipeline_id is None else [refusals.c.pipeline_id == pipeline_id]
        where += [] if code is None else [refusals.c.code == code]
        where += [] if before_id is None else [refusals.c.id < before_id]
        select = sa.select(refusals.c.id, refusals.c.refusal).where(*where).order_by(refusals.c.id.desc()).limit(limit)
        with self._database.read() as connection:
            return [(row.id, msgspec.convert(row.refusal, KeptRefusal)) for row in connection.execute(select)]

    def forget(self, *, before_ms: int, now_ms: int) -> None:
        with self._database.write(of=("intake",)) as connection:
            connection.execute(sa.delete(refusals).where(refusals.c.at_ms < before_ms))
            for seconds, kept_seconds in _KEPT_SECONDS.items():
                old = (intake.c.seconds == seconds, intake.c.began_ms < now_ms - kept_seconds * 1000)
                connection.execute(sa.delete(intake).where(*old))


def _rows(counts: Sequence[IntakeCount]) -> list[Row]:
    """Each counts in its minute, in its hour and for all time."""
    summed: Counter[tuple[str, int, int, str]] = Counter()
    for one in counts:
        for seconds in (MINUTE, HOUR, ALL_TIME):
            began_ms = one.at_ms - one.at_ms % (seconds * 1000) if seconds else 0
            summed[one.pipeline_id, seconds, began_ms, one.code] += one.count
    names = ("pipeline_id", "seconds", "began_ms", "code")
    return [dict(zip(names, key, strict=True)) | {"count": count} for key, count in summed.items()]


def _row(one: KeptRefusal) -> Row:
    return {"pipeline_id": one.pipeline_id, "code": one.code, "at_ms": one.at_ms, "refusal": msgspec.to_builtins(one)}


def _drop_beyond(connection: sa.Connection, pipeline_id: str, code: str, most: int) -> None:
    mine = (refusals.c.pipeline_id == pipeline_id, refusals.c.code == code)
    newest = sa.select(refusals.c.id).where(*mine).order_by(refusals.c.id.desc()).offset(most).limit(1)
    connection.execute(sa.delete(refusals).where(*mine, refusals.c.id <= newest.scalar_subquery()))
