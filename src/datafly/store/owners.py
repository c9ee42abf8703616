"""Whose a partition is, where processes share them out: each new owner raises the epoch, and only the last one writes.

A process that was thought dead, and is not, holds an epoch that is over: what it writes is refused in the transaction
in which it writes it.
"""

from collections.abc import Mapping
from typing import Final

import sqlalchemy as sa

from datafly.model.errors import TakenOver
from datafly.store.dialect import upsert
from datafly.store.schema import owners

_O: Final = owners.c


def take_over(connection: sa.Connection, role: str, partition: int) -> tuple[int, bool]:
    """The new epoch, and whether the one before was not put away. Odd: somebody has it.

    In PostgreSQL it waits for a writing of the one before that is under way.
    """
    mine = sa.and_(_O.role == role, _O.partition == partition)
    before = connection.execute(sa.select(_O.epoch).where(mine)).scalar() or 0
    epoch = before + 1 + before % 2
    upsert(connection, owners, [{"role": role, "partition": partition, "epoch": epoch}])
    return epoch, before % 2 == 1


def put_away(connection: sa.Connection, role: str, partition: int, epoch: int) -> None:
    """By whoever has it, if nobody else has by now."""
    mine = sa.and_(_O.role == role, _O.partition == partition, _O.epoch == epoch)
    connection.execute(sa.update(owners).where(mine).values(epoch=epoch + 1))


def require(connection: sa.Connection, role: str, owned: Mapping[int, int]) -> None:
    """Until the transaction ends nobody else takes these over. Raises `TakenOver` where somebody has."""
    select = sa.select(_O.partition, _O.epoch).where(_O.role == role, _O.partition.in_(owned))
    held = {row.partition: row.epoch for row in connection.execute(select.with_for_update(read=True))}
    if gone := {partition for partition, epoch in owned.items() if held.get(partition) != epoch}:
        raise TakenOver(gone)
