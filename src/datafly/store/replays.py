"""Replays: runs over dead letters."""

from typing import Any, Final

import msgspec
import sqlalchemy as sa

from datafly.model.delivery import Replay
from datafly.model.errors import NotFound
from datafly.store import rows
from datafly.store.database import Database
from datafly.store.schema import installations, replays

_MEMBERS: Final = msgspec.msgpack.Decoder(tuple[tuple[int, int], ...])


class Replays:
    """The part of `Control` that keeps replays."""

    _database: Database

    def create_replay(self, replay: Replay) -> None:
        with self._database.change() as connection:
            select = sa.select(installations.c.id).where(installations.c.id == replay.installation_id)
            rows.first(connection, select, f"There is no pipeline integration {replay.installation_id}.")
            connection.execute(sa.insert(replays).values(_row(replay, self._database.now_ms())))

    def replays(self, *, state: str | None = None) -> list[Replay]:
        """Oldest first."""
        select = sa.select(replays).order_by(replays.c.created_ms, replays.c.id)
        if state is not None:
            select = select.where(replays.c.state == state)
        with self._database.read() as connection:
            return [_replay(row) for row in connection.execute(select).mappings()]

    def set_replay_state(self, replay_id: str, state: str) -> None:
        with self._database.change() as connection:
            done = connection.execute(sa.update(replays).where(replays.c.id == replay_id).values(state=state))
            if done.rowcount == 0:
                raise NotFound(f"There is no replay {replay_id}.")


def _row(replay: Replay, now_ms: int) -> dict[str, Any]:
    return msgspec.structs.asdict(replay) | {
        "members": msgspec.msgpack.encode(replay.members),
        "created_ms": replay.created_ms or now_ms,
    }


def _replay(row: rows.Row) -> Replay:
    return Replay(**dict(row) | {"members": _MEMBERS.decode(row["members"])})
