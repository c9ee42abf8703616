"""What the store says of events in one log, said of them in another, in one transaction (decision 0211).

Of whatever is in no log any more the rows stay, in a partition that there is not: lists show them, and no event is
taken for one of theirs.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final, Protocol

import msgspec
import sqlalchemy as sa

from datafly.model.delivery import Attempt
from datafly.store import members, schema
from datafly.store.batch import attempt_of, packed
from datafly.store.replays import MEMBERS

_STEP: Final = 500
_TOLD_ANEW: Final = (schema.pending, schema.losses, schema.followed, schema.owners)
"""What waits is told again at the start. Jobs whose outcome was asked for later stay as they were decided."""

Row = dict[str, Any]


class Places(Protocol):
    """Of each old offset, where it is; see `log.places`."""

    def each(self, offsets: Any) -> dict[int, dict[int, int]]: ...

    def spans(self, first: int, last: int) -> Iterator[tuple[int, int, int]]: ...

    def positions(self, offset: int) -> list[int]: ...


def relocate(connection: sa.Connection, places: Places, gone: int) -> None:
    """All marks are of one share already (`share_out`). `gone`: the partition that there is not."""
    for table in _TOLD_ANEW:
        connection.execute(sa.delete(table))
    _marks(connection, places)
    _attempts(connection, places)
    _outcomes(connection, places, gone)
    _installations(connection, places)
    _replays(connection, places, gone)


def _marks(connection: sa.Connection, places: Places) -> None:
    rows = [dict(row) for row in connection.execute(sa.select(schema.marks)).mappings()]
    connection.execute(sa.delete(schema.marks))
    moved = [
        row | {"partition": partition, "mark": mark}
        for row in rows
        if not row["installation_id"].startswith("role:")
        for partition, mark in enumerate(places.positions(row["mark"]))
    ]
    if moved:
        connection.execute(sa.insert(schema.marks), moved)


def _attempts(connection: sa.Connection, places: Places) -> None:
    for rows in _steps(connection, schema.attempts):
        moved = [one for row in rows for one in _attempts_of(row, places)]
        table = schema.attempts
        connection.execute(sa.delete(table).where(table.c.id.in_([row["id"] for row in rows])))
        connection.execute(sa.insert(table), moved)


def _attempts_of(row: Row, places: Places) -> Iterator[Row]:
    """One for each partition in which it has events: the request is told with each."""
    attempt = attempt_of(row["body"], row["members"])
    for number, (partition, at) in enumerate(sorted(places.each(attempt.offsets).items())):
        part = _part(attempt, partition, at)
        part = part if number == 0 else msgspec.structs.replace(part, id=f"{part.id}-{partition}")
        yield row | {
            "id": part.id,
            "partition": partition,
            **members.bounds(part.delivered),
            "members": members.pack(part.offsets, part.delivered),
            "body": packed(msgspec.structs.replace(part, offsets=(), delivered=())),
        }


def _part(attempt: Attempt, partition: int, at: dict[int, int]) -> Attempt:
    return msgspec.structs.replace(
        attempt,
        partition=partition,
        offsets=tuple(at[one] for one in attempt.offsets if one in at),
        delivered=tuple(at[one] for one in attempt.delivered if one in at),
        warnings={at[one]: said for one, said in attempt.warnings.items() if one in at},
        told={at[one]: said for one, said in attempt.told.items() if one in at},
        ahead={at[one]: said for one, said in attempt.ahead.items() if one in at},
    )


def _outcomes(connection: sa.Connection, places: Places, gone: int) -> None:
    """A row that is in several partitions keeps its number in the first; the others get new ones."""
    for rows in _steps(connection, schema.outcomes):
        kept: list[Row] = []
        added: list[Row] = []
        for row in rows:
            spans = list(places.spans(row["first"], row["last"])) or [(gone, row["first"], row["last"])]
            told = [row | {"partition": at, **_range(first, last)} for at, first, last in spans]
            kept.append(told[0])
            added += [{name: value for name, value in one.items() if name != "id"} for one in told[1:]]
        table = schema.outcomes
        connection.execute(sa.delete(table).where(table.c.id.in_([row["id"] for row in rows])))
        connection.execute(sa.insert(table), kept)
        if added:
            connection.execute(sa.insert(table), added)


def _range(first: int, last: int) -> Row:
    return {"first": first, "last": last, "reach": members.reach(first, last)}


def _installations(connection: sa.Connection, places: Places) -> None:
    table = schema.installations
    for row in connection.execute(sa.select(table.c.id, table.c.start_offsets, table.c.end_offsets)).all():
        moved = {
            "start_offsets": _positions(row.start_offsets, places),
            "end_offsets": _positions(row.end_offsets, places),
        }
        connection.execute(sa.update(table).where(table.c.id == row.id).values(moved))


def _positions(told: dict[str, int], places: Places) -> dict[str, int]:
    return {str(at): offset for at, offset in enumerate(places.positions(told["0"]))} if "0" in told else told


def _replays(connection: sa.Connection, places: Places, gone: int) -> None:
    table, plans = schema.replays, schema.replay_plans
    for row in connection.execute(sa.select(table.c.id, table.c.members)).all():
        found = places.each([offset for _, offset in MEMBERS.decode(row.members)])
        moved = sorted((at, new) for at, news in found.items() if at != gone for new in news.values())
        connection.execute(sa.update(table).where(table.c.id == row.id).values(members=msgspec.msgpack.encode(moved)))
    for row in connection.execute(sa.select(plans)).all():
        spans = [one for _, first, last in row.document.get("spans", ()) for one in places.spans(first, last)]
        changed = row.document | {"spans": spans}
        connection.execute(sa.update(plans).where(plans.c.replay_id == row.replay_id).values(document=changed))


def _steps(connection: sa.Connection, table: sa.Table) -> Iterator[Sequence[Row]]:
    """By id; rows that are added meanwhile are not among them."""
    ids = connection.execute(sa.select(table.c.id).order_by(table.c.id)).scalars().all()
    for start in range(0, len(ids), _STEP):
        chosen = table.c.id.in_(ids[start : start + _STEP])
        yield [dict(row) for row in connection.execute(sa.select(table).where(chosen)).mappings()]
