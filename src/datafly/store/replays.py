"""Replays: runs over events that were given, or over a stretch of the log."""

from collections.abc import Collection
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from datafly.model.delivery import Plan, Replay
from datafly.model.errors import NotFound
from datafly.store import rows
from datafly.store.database import Database
from datafly.store.schema import installations, replay_plans, replays

MEMBERS: Final = msgspec.msgpack.Decoder(tuple[tuple[int, int], ...])
_PLANNED: Final = sa.select(*replays.c, replay_plans.c.document.label("plan")).select_from(
    replays.outerjoin(replay_plans, replay_plans.c.replay_id == replays.c.id)
)


class Replays:
    """The part of `Control` that keeps replays."""

    _database: Database

    def create_replay(self, replay: Replay) -> None:
        with self._database.change() as connection:
            select = sa.select(installations.c.id).where(installations.c.id == replay.installation_id)
            rows.first(connection, select, f"There is no pipeline integration {replay.installation_id}.")
            connection.execute(sa.insert(replays).values(_row(replay, self._database.now_ms())))
            if replay.plan is not None:
                plan = {"replay_id": replay.id, "document": msgspec.to_builtins(replay.plan)}
                connection.execute(sa.insert(replay_plans).values(plan))

    def replay(self, replay_id: str) -> Replay:
        with self._database.read() as connection:
            select = _PLANNED.where(replays.c.id == replay_id)
            return _replay(rows.first(connection, select, f"There is no replay {replay_id}."))

    def replays(self, *, state: str | None = None) -> list[Replay]:
        """Oldest first."""
        select = _PLANNED.order_by(replays.c.created_ms, replays.c.id)
        if state is not None:
            select = select.where(replays.c.state == state)
        with self._database.read() as connection:
            return [_replay(row) for row in connection.execute(select).mappings()]

    def set_replay_state(self, replay_id: str, state: str, *, only_from: Collection[str] | None = None) -> bool:
        change = sa.update(replays).where(replays.c.id == replay_id)
        if only_from is not None:
            change = change.where(replays.c.state.in_(list(only_from)))
        with self._database.change() as connection:
            if connection.execute(change.values(state=state)).rowcount:
                return True
            known = sa.select(replays.c.id).where(replays.c.id == replay_id)
            if connection.execute(known).first() is None:
                raise NotFound(f"There is no replay {replay_id}.")
        return False


def _row(replay: Replay, now_ms: int) -> dict[str, Any]:
    row = msgspec.structs.asdict(replay)
    del row["plan"]
    return row | {
        "members": msgspec.msgpack.encode(replay.members),
        "created_ms": replay.created_ms or now_ms,
    }


def _replay(row: rows.Row) -> Replay:
    told: Any = dict(row) | {"members": MEMBERS.decode(row["members"])}
    plan = told.pop("plan")
    return Replay(**told, plan=None if plan is None else msgspec.convert(plan, Plan))
