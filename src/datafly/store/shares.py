"""What several delivery workers keep side by side, each for its share of the keys, and what it comes to together."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from datafly.model.delivery import LIVE, Share, Slowed, State
from datafly.store import schema
from datafly.store.dialect import insert_new

Place = tuple[str, int]
"""Installation and partition."""

Row = dict[str, Any]

_M: Final = schema.marks.c
_WORST: Final = {name: rank for rank, name in enumerate(("running", "backing_off", "suspended"))}
"""What people decided (paused, disabled, removed) is no trouble of a worker: it comes after all of these."""
_TROUBLES: Final = frozenset({"backing_off", "suspended"})


def begin(connection: sa.Connection, rows: Sequence[Row]) -> None:
    """The marks of all shares at once, where there are none: whoever comes first says where it begins."""
    if rows:
        insert_new(connection, schema.marks, rows)


def marks(connection: sa.Connection, *, furthest: bool) -> dict[Place, int]:
    """Of live runs; the lowest of the shares, or the highest."""
    chosen = sa.func.max(_M.mark) if furthest else sa.func.min(_M.mark)
    select = sa.select(_M.installation_id, _M.partition, chosen.label("mark")).where(_M.run_id == LIVE)
    rows = connection.execute(select.group_by(_M.installation_id, _M.partition))
    return {(row.installation_id, row.partition): row.mark for row in rows}


def mark(connection: sa.Connection, where: sa.ColumnElement[bool], share: Share | None) -> int | None:
    """That of one run: of the share, or the lowest of all."""
    select = sa.select(sa.func.min(_M.mark)).where(where)
    found: int | None = connection.execute(select if share is None else select.where(_M.share == share.number)).scalar()
    return found


def share_out(connection: sa.Connection, installation_ids: Collection[str], shares: int) -> list[str]:
    """Cuts what is kept of them anew, where it was of another number; whose that was.

    Every new share begins at the lowest mark of the old ones: what is final above it is skipped, as after a crash.
    """
    held: dict[Place, list[int]] = defaultdict(list)
    for row in connection.execute(sa.select(schema.marks).where(_M.run_id == LIVE)):
        if row.installation_id in installation_ids:
            held[row.installation_id, row.partition].append(row.mark)
    recut = {place: min(found) for place, found in held.items() if len(found) != shares}
    for (installation_id, partition), lowest in recut.items():
        where = (_M.installation_id == installation_id, _M.partition == partition, _M.run_id == LIVE)
        connection.execute(sa.delete(schema.marks).where(*where))
        begin(connection, [*begun_rows((installation_id, LIVE, partition, lowest), shares)])
    changed = sorted({installation_id for installation_id, _ in recut})
    for installation_id in changed:
        _forget(connection, installation_id)
    return changed


def begun_rows(place: tuple[str, str, int, int], shares: int) -> Iterator[Row]:
    installation_id, run_id, partition, lowest = place
    for number in range(shares):
        yield {
            "installation_id": installation_id,
            "run_id": run_id,
            "partition": partition,
            "share": number,
            "mark": lowest,
        }


def _forget(connection: sa.Connection, installation_id: str) -> None:
    """Nobody waits while nobody works; how it stood is kept as one."""
    pending, states = schema.pending, schema.states
    connection.execute(sa.delete(pending).where(pending.c.installation_id == installation_id))
    before = states_of(connection, installation_id)
    connection.execute(sa.delete(states).where(states.c.installation_id == installation_id))
    if before:
        row = {"installation_id": installation_id, "share": 0, "state": merged([*before.values()])}
        connection.execute(sa.insert(states), [row])


# --- how an installation stands -------------------------------------------------------------------------------------


def states(connection: sa.Connection) -> dict[str, State]:
    found: dict[str, list[State]] = defaultdict(list)
    for row in connection.execute(sa.select(schema.states)):
        found[row.installation_id].append(_state(row))
    return {installation_id: merged(told) for installation_id, told in found.items()}


def states_of(connection: sa.Connection, installation_id: str) -> dict[int, State]:
    """By share."""
    table = schema.states
    rows = connection.execute(sa.select(table).where(table.c.installation_id == installation_id))
    return {row.share: _state(row) for row in rows}


def others_troubles(connection: sa.Connection, rows: Iterable[Row]) -> dict[str, frozenset[str]]:
    """For the installations of these rows of states: which troubles shares of theirs that are not among them are in."""
    told: dict[str, set[int]] = defaultdict(set)
    for row in rows:
        told[row["installation_id"]].add(row["share"])
    return {
        installation_id: frozenset(
            state.name
            for number, state in states_of(connection, installation_id).items()
            if number not in own and state.name in _TROUBLES
        )
        for installation_id, own in told.items()
    }


def merged(told: Sequence[State]) -> State:
    """One for all shares: the worst of them, as long as any has stood so, probed when the next one probes."""
    if len(told) == 1:
        return told[0]
    worst = max(told, key=lambda state: _WORST.get(state.name, len(_WORST)))
    alike = [state for state in told if state.name == worst.name]
    probes = [state.next_probe_ms for state in alike if state.next_probe_ms is not None]
    return State(
        installation_id=worst.installation_id,
        name=worst.name,
        reason=worst.reason,
        cause=worst.cause,
        cure=worst.cure,
        symptom=worst.symptom,
        since_ms=min(state.since_ms for state in alike),
        next_probe_ms=min(probes, default=None),
        slowed=_slowed(told),
    )


def _slowed(told: Sequence[State]) -> tuple[Slowed, ...]:
    """Each tells what all would send together if they were as slow: together they send the mean."""
    by_route: dict[str, list[Slowed]] = defaultdict(list)
    for state in told:
        for one in state.slowed:
            by_route[one.route].append(one)
    return tuple(
        Slowed(
            requests_per_minute=_mean(found, len(told)),
            documented=found[0].documented,
            since_ms=min(one.since_ms for one in found),
            route=route,
        )
        for route, found in by_route.items()
    )


def _mean(found: Sequence[Slowed], shares: int) -> int:
    unslowed = (shares - len(found)) * found[0].documented
    return round((sum(one.requests_per_minute for one in found) + unslowed) / shares)


def _state(row: sa.Row[Any]) -> State:
    return msgspec.convert(row.state, State)
