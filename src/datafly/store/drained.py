"""How many events became final, by stretches of ten seconds: how fast an installation works off what waits."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa

from datafly.model.delivery import LIVE
from datafly.store.base import Drained, Writing
from datafly.store.schema import drained as table

SLOT_MS: Final = 10_000

Row = dict[str, Any]


def rows_of(writings: Sequence[Writing]) -> list[Row]:
    """Of live runs: a replay works off nothing that waits."""
    counted: Counter[tuple[str, int]] = Counter()
    for writing in writings:
        for attempt in writing.attempts:
            if attempt.run_id == LIVE:
                ended_ms = attempt.started_ms + round(attempt.latency_ms)
                counted[attempt.installation_id, ended_ms // SLOT_MS] += len(attempt.delivered)
        for outcome in writing.outcomes:
            if outcome.run_id == LIVE:
                slot = outcome.decided_ms // SLOT_MS
                counted[outcome.installation_id, slot] += outcome.last - outcome.first + 1
    return [
        {"installation_id": installation_id, "slot": slot, "count": count}
        for (installation_id, slot), count in counted.items()
        if count
    ]


def forget(connection: sa.Connection, before_ms: int) -> None:
    connection.execute(sa.delete(table).where(table.c.slot < before_ms // SLOT_MS))


def since(connection: sa.Connection, installation_id: str, since_ms: int) -> Drained:
    """From the beginning of the stretch that `since_ms` is in."""
    slot = since_ms // SLOT_MS
    where = (table.c.installation_id == installation_id, table.c.slot >= slot)
    events = connection.execute(sa.select(sa.func.coalesce(sa.func.sum(table.c.count), 0)).where(*where)).scalar_one()
    return Drained(int(events), slot * SLOT_MS)
