"""Reading the ledger: every look-up is a few short stretches of an index."""

from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

import msgspec
import sqlalchemy as sa

from datafly.model.delivery import Attempt, Outcome, Pending, Share
from datafly.model.verdict import FINAL, Ruling, Verdict
from datafly.store import members, schema, shares
from datafly.store.base import Delivery, Progress
from datafly.store.batch import attempt_of, pending_of
from datafly.store.offsets import Offsets
from datafly.store.unpacked import Unpacked

_A: Final = schema.attempts.c
_O: Final = schema.outcomes.c
_P: Final = schema.pending.c


def _holding(table: sa.Table, *columns: sa.Column[Any]) -> sa.CompoundSelect[Any]:
    """Rows whose range holds `:offset`, through one stretch of the index per size class."""
    partition, offset = sa.bindparam("partition", type_=sa.Integer), sa.bindparam("offset", type_=sa.BigInteger)
    return sa.union_all(
        *(
            sa.select(*columns).where(
                table.c.partition == partition,
                table.c.reach == sa.literal_column(str(reach)),
                table.c.first.between(offset - sa.literal_column(str((1 << reach) - 1)), offset),
                table.c.last >= offset,
            )
            for reach in members.REACHES
        )
    )


def _touching(table: sa.Table, *columns: sa.Column[Any]) -> sa.CompoundSelect[Any]:
    """Rows of a `Run` whose range touches `:first`..`:last`, through one stretch of the index per size class."""
    first, last = sa.bindparam("first", type_=sa.BigInteger), sa.bindparam("last", type_=sa.BigInteger)
    return sa.union_all(
        *(
            sa.select(*columns).where(
                *(table.c[name] == sa.bindparam(name, type_=table.c[name].type) for name in Run._fields),
                table.c.reach == sa.literal_column(str(reach)),
                table.c.first.between(first - sa.literal_column(str((1 << reach) - 1)), last),
                table.c.last >= first,
            )
            for reach in members.REACHES
        )
    )


class Run(NamedTuple):
    """One installation's run in one partition."""

    installation_id: str
    run_id: str
    partition: int

    def holds(self, table: sa.Table) -> sa.ColumnElement[bool]:
        return sa.and_(*(table.c[name] == value for name, value in self._asdict().items()))


_ATTEMPTS_HOLDING: Final = _holding(schema.attempts, _A.id, _A.members)
_OUTCOMES_HOLDING: Final = _holding(schema.outcomes, _O.id)
_WAITING_AT: Final = sa.select(_P.body).where(
    _P.partition == sa.bindparam("partition"), _P.first <= sa.bindparam("offset"), _P.last >= sa.bindparam("offset")
)
_DELIVERED_TOUCHING: Final = _touching(schema.attempts, _A.id, _A.members)
_DECIDED_TOUCHING: Final = _touching(schema.outcomes, _O.first, _O.last, _O.ruling)
"""Built once: building them costs ten times what running them does."""

Covered = tuple[int, int, Verdict]


def progress(connection: sa.Connection, run: Run, share: Share | None = None) -> Progress | None:
    mark = shares.mark(connection, run.holds(schema.marks), share)
    if mark is None:
        return None
    return Progress(mark, Offsets((max(first, mark), last) for first, last, _ in covered(connection, run, since=mark)))


def coverage(connection: sa.Connection, run: Run) -> list[Covered]:
    return list(_joined(sorted(covered(connection, run, since=None))))


def decided(connection: sa.Connection, run: Run, first: int, last: int) -> Iterator[tuple[int, int, Verdict, str]]:
    """Ranges that touch `first`..`last`."""
    asked = {**run._asdict(), "first": first, "last": last}
    for row in connection.execute(_DELIVERED_TOUCHING, asked):
        for begins, ends in members.ranges(members.unpack(row.members)[1]):
            if begins <= last and ends >= first:
                yield begins, ends, Verdict.DELIVERED, ""
    for row in connection.execute(_DECIDED_TOUCHING, asked):
        ruling = msgspec.convert(row.ruling, Ruling)
        yield row.first, row.last, ruling.verdict, ruling.reason


def delivering(connection: sa.Connection, run: Run, offset: int) -> list[tuple[str, bytes]]:
    """Attempts of the run by which the event was delivered: id, members."""
    near = connection.execute(_DELIVERED_TOUCHING, {**run._asdict(), "first": offset, "last": offset}).all()
    return [(row.id, row.members) for row in near if offset in members.unpack(row.members)[1]]


def deliveries(connection: sa.Connection, partition: int, offset: int, unpacked: Unpacked) -> list[Delivery]:
    taken = [
        Delivery(attempt.installation_id, attempt.run_id, Verdict.DELIVERED, attempt=attempt)
        for attempt in _delivering(connection, partition, offset, unpacked)
    ]
    decided = [
        Delivery(
            o.installation_id, o.run_id, o.verdict, attempt=_attempt(connection, o.attempt_id, unpacked), outcome=o
        )
        for o in _deciding(connection, partition, offset)
    ]
    final = sorted([*taken, *decided], key=_order)
    known = {_order(delivery) for delivery in final}
    waiting = [Delivery(p.installation_id, p.run_id, None, pending=p) for p in _waiting(connection, partition, offset)]
    return final + sorted((delivery for delivery in waiting if _order(delivery) not in known), key=_order)


def outcomes(
    connection: sa.Connection,
    installation_id: str | None,
    verdicts: frozenset[Verdict] | None,
    where: sa.ColumnElement[bool],
    limit: int,
    *,
    oldest_first: bool,
) -> list[tuple[int, Outcome]]:
    """One stretch of the index per verdict: the few dead letters are not searched for among the many skipped."""
    order = _O.id.asc() if oldest_first else _O.id.desc()
    found: list[sa.Row[Any]] = []
    for verdict in sorted(verdicts if verdicts is not None else FINAL - {Verdict.DELIVERED}):
        select = sa.select(schema.outcomes).where(_O.verdict == verdict.value, where).order_by(order).limit(limit)
        if installation_id is not None:
            select = select.where(_O.installation_id == installation_id)
        found.extend(connection.execute(select))
    first = sorted(found, key=lambda row: row.id, reverse=not oldest_first)[:limit]
    return [(row.id, outcome_of(row)) for row in first]


def newer_than(outcome_id: int) -> sa.ColumnElement[bool]:
    return _O.id > outcome_id


def older_than(outcome_id: int | None) -> sa.ColumnElement[bool]:
    """None: all of them."""
    return sa.true() if outcome_id is None else _O.id < outcome_id


def attempts(connection: sa.Connection, installation_id: str | None, before: str | None, limit: int) -> list[Attempt]:
    select = sa.select(_A.members, _A.body).order_by(_A.id.desc()).limit(limit)
    if installation_id is not None:
        select = select.where(_A.installation_id == installation_id)
    if before is not None:
        select = select.where(_A.id < before)
    return [attempt_of(row.body, row.members) for row in connection.execute(select)]


def outcome_of(row: sa.Row[Any]) -> Outcome:
    fields = {name: getattr(row, name) for name in Outcome.__struct_fields__}
    return Outcome(**fields | {"ruling": msgspec.convert(row.ruling, Ruling)})


def _order(delivery: Delivery) -> tuple[str, str]:
    return delivery.installation_id, delivery.run_id


def covered(connection: sa.Connection, run: Run, *, since: int | None) -> Iterator[Covered]:
    """Final ranges; with `since`, of the rows that reach up to it or beyond."""
    delivered = sa.select(_A.members).where(run.holds(schema.attempts), _A.last.is_not(None))
    decided = sa.select(_O.first, _O.last, _O.verdict).where(run.holds(schema.outcomes))
    if since is not None:
        delivered, decided = delivered.where(_A.last >= since), decided.where(_O.last >= since)
    for row in connection.execute(delivered):
        for first, last in members.ranges(members.unpack(row.members)[1]):
            yield first, last, Verdict.DELIVERED
    for row in connection.execute(decided):
        yield row.first, row.last, Verdict(row.verdict)


def _joined(ascending: Iterable[Covered]) -> Iterator[Covered]:
    held: Covered | None = None
    for first, last, verdict in ascending:
        if held and held[1] + 1 == first and held[2] == verdict:
            held = (held[0], last, verdict)
            continue
        if held:
            yield held
        held = (first, last, verdict)
    if held:
        yield held


def _delivering(connection: sa.Connection, partition: int, offset: int, unpacked: Unpacked) -> Iterator[Attempt]:
    """Members are looked at before bodies are read."""
    near = connection.execute(_ATTEMPTS_HOLDING, {"partition": partition, "offset": offset}).all()
    chosen = [row.id for row in near if offset in members.unpack(row.members)[1]]
    return (attempt for attempt in (_attempt(connection, attempt_id, unpacked) for attempt_id in chosen) if attempt)


def _deciding(connection: sa.Connection, partition: int, offset: int) -> list[Outcome]:
    near = connection.execute(_OUTCOMES_HOLDING, {"partition": partition, "offset": offset}).scalars().all()
    if not near:
        return []
    return [outcome_of(row) for row in connection.execute(sa.select(schema.outcomes).where(_O.id.in_(near)))]


def _waiting(connection: sa.Connection, partition: int, offset: int) -> list[Pending]:
    near = connection.execute(_WAITING_AT, {"partition": partition, "offset": offset})
    found = [pending_of(row.body) for row in near]
    return [waiting for waiting in found if offset in waiting.offsets]


def _attempt(connection: sa.Connection, attempt_id: str | None, unpacked: Unpacked) -> Attempt | None:
    if attempt_id is None:
        return None
    return unpacked.get(attempt_id, lambda: _read(connection, attempt_id))


def _read(connection: sa.Connection, attempt_id: str) -> Attempt | None:
    row = connection.execute(sa.select(_A.members, _A.body).where(_A.id == attempt_id)).first()
    return attempt_of(row.body, row.members) if row else None
