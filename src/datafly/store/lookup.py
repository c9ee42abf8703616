"""Reading the ledger: every look-up is a few short stretches of an index."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

import msgspec
import sqlalchemy as sa

from datafly.model.delivery import Attempt, Outcome, Share
from datafly.model.verdict import FINAL, Ruling, Verdict
from datafly.store import members, schema, shares
from datafly.store.base import Delivery, Progress
from datafly.store.batch import attempt_of, pending_of
from datafly.store.offsets import Offsets
from datafly.store.unpacked import Unpacked

_A: Final = schema.attempts.c
_O: Final = schema.outcomes.c
_P: Final = schema.pending.c
_AT_ONCE: Final = 500


def _reaching(
    table: sa.Table, same: Iterable[sa.ColumnElement[bool]], *columns: sa.Column[Any]
) -> sa.CompoundSelect[Any]:
    """Rows whose range touches `:first`..`:last`, through one stretch of the index per size class."""
    first, last = sa.bindparam("first", type_=sa.BigInteger), sa.bindparam("last", type_=sa.BigInteger)
    held = tuple(same)
    return sa.union_all(
        *(
            sa.select(*columns).where(
                *held,
                table.c.reach == sa.literal_column(str(reach)),
                table.c.first.between(first - sa.literal_column(str((1 << reach) - 1)), last),
                table.c.last >= first,
            )
            for reach in members.REACHES
        )
    )


def _anybodys(table: sa.Table, *columns: sa.Column[Any]) -> sa.CompoundSelect[Any]:
    """Of every run in `:partition`."""
    return _reaching(table, [table.c.partition == sa.bindparam("partition", type_=sa.Integer)], *columns)


def _touching(table: sa.Table, *columns: sa.Column[Any]) -> sa.CompoundSelect[Any]:
    """Of one `Run`."""
    same = (table.c[name] == sa.bindparam(name, type_=table.c[name].type) for name in Run._fields)
    return _reaching(table, same, *columns)


class Run(NamedTuple):
    """One installation's run in one partition."""

    installation_id: str
    run_id: str
    partition: int

    def holds(self, table: sa.Table) -> sa.ColumnElement[bool]:
        return sa.and_(*(table.c[name] == value for name, value in self._asdict().items()))


_ATTEMPTS_THERE: Final = _anybodys(schema.attempts, _A.id, _A.members)
_OUTCOMES_THERE: Final = _anybodys(schema.outcomes, _O.id)
_WAITING_THERE: Final = sa.select(_P.body).where(
    _P.partition == sa.bindparam("partition"), _P.first <= sa.bindparam("last"), _P.last >= sa.bindparam("first")
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


def deliveries(
    connection: sa.Connection, partition: int, first: int, last: int, unpacked: Unpacked
) -> dict[int, list[Delivery]]:
    """Offset → what is known of it, for those of `first`..`last` of which anything is. By a few statements for all."""
    asked = {"partition": partition, "first": first, "last": last}
    delivering, deciding = _delivering(connection, asked), _deciding(connection, asked)
    ids = {attempt_id for attempt_id, _ in delivering} | {o.attempt_id for o in deciding if o.attempt_id}
    attempts = unpacked.get_all(ids, partial(_read, connection))
    final: defaultdict[int, list[Delivery]] = defaultdict(list)
    for attempt_id, offsets in delivering:
        if attempt := attempts.get(attempt_id):
            taken = Delivery(attempt.installation_id, attempt.run_id, Verdict.DELIVERED, attempt=attempt)
            for offset in offsets:
                final[offset].append(taken)
    for o in deciding:
        decided = Delivery(o.installation_id, o.run_id, o.verdict, attempt=attempts.get(o.attempt_id or ""), outcome=o)
        for offset in range(max(o.first, first), min(o.last, last) + 1):
            final[offset].append(decided)
    waiting = _waiting(connection, asked)
    return {offset: _ordered(final[offset], waiting[offset]) for offset in final.keys() | waiting.keys()}


def _ordered(final: list[Delivery], waiting: list[Delivery]) -> list[Delivery]:
    """Finals first, then what waits where nothing is final."""
    known = {_order(delivery) for delivery in final}
    left = (delivery for delivery in waiting if _order(delivery) not in known)
    return sorted(final, key=_order) + sorted(left, key=_order)


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


def _delivering(connection: sa.Connection, asked: Mapping[str, int]) -> list[tuple[str, list[int]]]:
    """Attempts, each with those of the offsets that it delivered. Members are looked at before bodies are read.

    An event of several items is several members.
    """
    first, last = asked["first"], asked["last"]
    near = (
        (row.id, sorted({offset for offset in members.unpack(row.members)[1] if first <= offset <= last}))
        for row in connection.execute(_ATTEMPTS_THERE, asked)
    )
    return [(attempt_id, offsets) for attempt_id, offsets in near if offsets]


def _deciding(connection: sa.Connection, asked: Mapping[str, int]) -> list[Outcome]:
    ids = connection.execute(_OUTCOMES_THERE, asked).scalars().all()
    return [
        outcome_of(row)
        for some in _some(ids)
        for row in connection.execute(sa.select(schema.outcomes).where(_O.id.in_(some)))
    ]


def _waiting(connection: sa.Connection, asked: Mapping[str, int]) -> defaultdict[int, list[Delivery]]:
    found: defaultdict[int, list[Delivery]] = defaultdict(list)
    for row in connection.execute(_WAITING_THERE, asked):
        pending = pending_of(row.body)
        for offset in pending.offsets:
            if asked["first"] <= offset <= asked["last"]:
                found[offset].append(Delivery(pending.installation_id, pending.run_id, None, pending=pending))
    return found


def _some(ids: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Not more than a statement takes."""
    return (ids[start : start + _AT_ONCE] for start in range(0, len(ids), _AT_ONCE))


def _read(connection: sa.Connection, ids: Sequence[str]) -> dict[str, Attempt]:
    return {
        row.id: attempt_of(row.body, row.members)
        for some in _some(ids)
        for row in connection.execute(sa.select(_A.id, _A.members, _A.body).where(_A.id.in_(some)))
    }
