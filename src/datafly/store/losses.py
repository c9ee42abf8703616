"""What the log lost while several delivery workers shared the keys.

Whose a lost event was cannot be told any more: one share may have read it before, and another stands below it. When the
last has passed, what was read is decided, and what nobody decided was read by nobody. Then, in the transaction that
moves the last mark, it ends as the range was told, once.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from datafly.model.delivery import LIVE, Outcome
from datafly.store import lookup, schema, shares
from datafly.store.dialect import insert_new

Row = dict[str, Any]

_L: Final = schema.losses.c
_ANY: Final = sa.select(_L.first).limit(1)
"""Asked with every transaction."""


def keep(connection: sa.Connection, rows: Sequence[Row]) -> None:
    """Several shares may tell the same range."""
    if rows:
        insert_new(connection, schema.losses, rows)


def settled(connection: sa.Connection, marks: Sequence[Row]) -> tuple[Outcome, ...]:
    """What is decided now that these marks have moved; forgotten here, to be written in the same transaction."""
    if not marks or connection.execute(_ANY).first() is None:
        return ()
    places = {(row["installation_id"], row["partition"]) for row in marks if row["run_id"] == LIVE}
    return tuple(outcome for place in sorted(places) for outcome in _settle(connection, *place))


def _settle(connection: sa.Connection, installation_id: str, partition: int) -> Iterator[Outcome]:
    run = lookup.Run(installation_id, LIVE, partition)
    lowest = shares.mark(connection, run.holds(schema.marks), None) or 0
    mine = sa.and_(_L.installation_id == installation_id, _L.partition == partition, _L.last < lowest)
    rows = connection.execute(sa.select(schema.losses).where(mine).order_by(_L.first, _L.last)).all()
    if not rows:
        return
    connection.execute(sa.delete(schema.losses).where(mine))
    known = sorted((first, last) for first, last, _ in lookup.covered(connection, run, since=rows[0].first))
    beyond = 0
    for row in rows:
        told = msgspec.convert(row.outcome, Outcome)
        for first, last in _gaps(known, max(row.first, beyond), row.last):
            yield msgspec.structs.replace(told, first=first, last=last)
        beyond = max(beyond, row.last + 1)


def _gaps(known: Sequence[tuple[int, int]], first: int, last: int) -> Iterator[tuple[int, int]]:
    """What of `first`..`last` no known range holds."""
    for known_first, known_last in known:
        if known_first > last:
            break
        if known_first > first:
            yield first, known_first - 1
        first = max(first, known_last + 1)
    if first <= last:
        yield first, last
