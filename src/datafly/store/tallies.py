"""What became of events over time: counted by minute as it is written, later by hour, then by day.

A row is told by the beginning of its span alone. What grows old is added to the row of the hour, then of the day, that
it lies in; so a sum over any steps of whole hours, or of whole days, is the same before and after.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa

from datafly.model.delivery import LIVE, WARNING
from datafly.model.verdict import Verdict
from datafly.store.base import Tally, Writing
from datafly.store.dialect import delete_each, upsert
from datafly.store.schema import tallies as table

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 60 * MINUTE_MS
DAY_MS: Final = 24 * HOUR_MS
_FOLDS: Final = ((2 * DAY_MS, HOUR_MS), (40 * DAY_MS, DAY_MS))
"""After so long, what is shorter is added to the span of the second that it lies in."""
_KEPT_MS: Final = 400 * DAY_MS
_FOLDED_AT_ONCE: Final = 5_000

REQUESTS: Final = "requests"
FAILED: Final = "failed"
"""Requests that nothing was taken of."""
WAITING: Final = "waiting"
LOOKS: Final = "looks"
"""Events that were not final, summed over so many looks: what is left after adding up is their mean."""
REPLAYED: Final = "replay:"
LATENCY: Final = "latency:"
SPENT: Final = "spent:"
SPARED: Final = "spent:spared"
_PER_DOUBLING: Final = 4
_BUCKETS: Final = 80

Row = dict[str, Any]


def bucket(milliseconds: float) -> int:
    """Four for each doubling, so a value is known to a fifth; up to about 17 minutes."""
    return min(max(math.ceil(math.log2(milliseconds) * _PER_DOUBLING), 0), _BUCKETS) if milliseconds > 1 else 0


def bound_ms(number: int) -> float:
    """The most that is in the bucket."""
    return float(2 ** (number / _PER_DOUBLING))


def rows_of(writings: Sequence[Writing]) -> list[Row]:
    counted: Counter[tuple[str, int, str]] = Counter()
    for writing in writings:
        for attempt in writing.attempts:
            place = attempt.installation_id, _minute(attempt.started_ms + round(attempt.latency_ms))
            counted[*place, REQUESTS] += 1
            counted[*place, f"{LATENCY}{bucket(attempt.latency_ms)}"] += 1
            if attempt.delivered:
                counted[*place, _name(Verdict.DELIVERED, attempt.run_id)] += len(attempt.delivered)
            else:
                counted[*place, FAILED] += 1
            if attempt.warnings:
                counted[*place, WARNING] += len(attempt.warnings)
        for outcome in writing.outcomes:
            name = _name(outcome.verdict, outcome.run_id)
            counted[outcome.installation_id, _minute(outcome.decided_ms), name] += outcome.last - outcome.first + 1
        for installation_id, at_ms, what, count in writing.spent:
            counted[installation_id, _minute(at_ms), f"{SPENT}{what}"] += count
        for installation_id, at_ms, requests in writing.failed:
            for name in (REQUESTS, FAILED):
                counted[installation_id, _minute(at_ms), name] += requests
    return [
        {"installation_id": installation_id, "began_ms": began_ms, "name": name, "count": count}
        for (installation_id, began_ms, name), count in counted.items()
    ]


def looked(at_ms: int, waiting: Mapping[str, int]) -> list[Row]:
    """Installation → events that are not final at that moment."""
    return [
        {"installation_id": installation_id, "began_ms": _minute(at_ms), "name": name, "count": count}
        for installation_id, events in waiting.items()
        for name, count in ((WAITING, events), (LOOKS, 1))
    ]


def keep(connection: sa.Connection, rows: Sequence[Row]) -> None:
    upsert(connection, table, rows, added=frozenset({"count"}))


def since(
    connection: sa.Connection, since_ms: int, until_ms: int, step_ms: int, installation_ids: Sequence[str] | None
) -> list[Tally]:
    """Summed by step: at most as many rows as there are steps, installations and names."""
    step = (table.c.began_ms - table.c.began_ms % step_ms).label("began_ms")
    total = sa.func.sum(table.c.count).label("total")
    where = [table.c.began_ms >= since_ms, table.c.began_ms < until_ms]
    if installation_ids is not None:
        where.append(table.c.installation_id.in_(installation_ids))
    keys = (table.c.installation_id, step, table.c.name)
    select = sa.select(*keys, total).where(*where).group_by(*keys).order_by(step, table.c.installation_id, table.c.name)
    return [Tally(row.installation_id, row.began_ms, row.name, int(row.total)) for row in connection.execute(select)]


def fold(connection: sa.Connection, now_ms: int) -> None:
    """A bounded number a call; what is left waits for the next."""
    for age_ms, longer_ms in _FOLDS:
        whole = (now_ms - age_ms) // longer_ms * longer_ms
        old = (table.c.began_ms < whole, table.c.began_ms % longer_ms != 0)
        rows = connection.execute(sa.select(table).where(*old).limit(_FOLDED_AT_ONCE)).mappings().all()
        summed: Counter[tuple[str, int, str]] = Counter()
        for row in rows:
            summed[row["installation_id"], row["began_ms"] // longer_ms * longer_ms, row["name"]] += row["count"]
        delete_each(connection, table, rows)
        keep(
            connection,
            [
                {"installation_id": one, "began_ms": began_ms, "name": name, "count": count}
                for (one, began_ms, name), count in summed.items()
            ],
        )
    connection.execute(sa.delete(table).where(table.c.began_ms < now_ms - _KEPT_MS))


def _minute(at_ms: int) -> int:
    return at_ms - at_ms % MINUTE_MS


def _name(verdict: Verdict, run_id: str) -> str:
    return verdict.value if run_id == LIVE else f"{REPLAYED}{verdict.value}"
