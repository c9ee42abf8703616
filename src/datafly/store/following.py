"""Jobs whose outcome is asked for later, and what that is then."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
import sqlalchemy as sa

from datafly.model.delivery import Followed, Outcome
from datafly.model.verdict import Verdict
from datafly.store import lookup, members, schema
from datafly.store.batch import Row, followed_of
from datafly.store.dialect import upsert

_F: Final = schema.followed.c
_MOST: Final = 10_000


def keep(connection: sa.Connection, rows: Sequence[Row], settled: Sequence[str]) -> None:
    upsert(connection, schema.followed, rows)
    for installation_id in {row["installation_id"] for row in rows}:
        mine = _F.installation_id == installation_id
        many = connection.execute(sa.select(sa.func.count()).where(mine)).scalar_one()
        if many > _MOST:
            oldest = sa.select(_F.id).where(mine).order_by(_F.since_ms, _F.id).limit(many - _MOST)
            connection.execute(sa.delete(schema.followed).where(_F.id.in_(oldest.scalar_subquery())))
    if settled:
        connection.execute(sa.delete(schema.followed).where(_F.id.in_(settled)))


def due(connection: sa.Connection, installation_id: str, due_ms: int) -> Iterator[Followed]:
    """The longest due first."""
    where = (_F.installation_id == installation_id, _F.due_ms <= due_ms)
    rows = connection.execute(sa.select(_F.body).where(*where).order_by(_F.due_ms, _F.id)).scalars()
    return map(followed_of, rows)


def forget(connection: sa.Connection, before_ms: int) -> None:
    connection.execute(sa.delete(schema.followed).where(_F.since_ms < before_ms))


def taken_back(connection: sa.Connection, late: Sequence[Outcome]) -> tuple[Outcome, ...]:
    """Of these what was DELIVERED: it is so no more, and is now to be written as it is given here."""
    return tuple(one for outcome in late for one in _taken_back(connection, outcome))


def uncounted(found: Sequence[Outcome]) -> list[Row]:
    """What the counters have too much by what was taken back."""
    counted = Counter(one.installation_id for one in found)
    name = Verdict.DELIVERED.value
    return [{"installation_id": one, "name": name, "count": -count} for one, count in counted.items()]


def _taken_back(connection: sa.Connection, outcome: Outcome) -> Iterator[Outcome]:
    run = lookup.Run(outcome.installation_id, outcome.run_id, outcome.partition)
    for offset in range(outcome.first, outcome.last + 1):
        for attempt_id, packed_members in lookup.delivering(connection, run, offset):
            _withdraw(connection, attempt_id, packed_members, offset)
            yield msgspec.structs.replace(outcome, first=offset, last=offset, attempt_id=attempt_id)


def _withdraw(connection: sa.Connection, attempt_id: str, packed_members: bytes, offset: int) -> None:
    offsets, delivered = members.unpack(packed_members)
    left = tuple(one for one in delivered if one != offset)
    rows = {"members": members.pack(offsets, left), **members.bounds(left)}
    table = schema.attempts
    connection.execute(sa.update(table).where(table.c.id == attempt_id).values(rows))
