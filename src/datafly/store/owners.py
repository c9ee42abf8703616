"""Whose a partition is, where processes share them out: each new owner raises the epoch, and only the last one writes.

A process that was thought dead, and is not, holds an epoch that is over: what it writes is refused in the transaction
in which it writes it.
"""

from collections.abc import Mapping
from typing import Final

import sqlalchemy as sa

from datafly.model.errors import TakenOver
from datafly.store.dialect import insert_of
from datafly.store.schema import owners

_O: Final = owners.c


def take_over(connection: sa.Connection, role: str, partition: int) -> int:
    """The new epoch. In PostgreSQL it waits for a writing of the one before that is under way."""
    insert = insert_of(connection)(owners).values(role=role, partition=partition, epoch=1)
    raised = insert.on_conflict_do_update(index_elements=[_O.role, _O.partition], set_={"epoch": _O.epoch + 1})
    epoch: int = connection.execute(raised.returning(_O.epoch)).scalar_one()
    return epoch


def require(connection: sa.Connection, role: str, owned: Mapping[int, int]) -> None:
    """Until the transaction ends nobody else takes these over. Raises `TakenOver` where somebody has."""
    select = sa.select(_O.partition, _O.epoch).where(_O.role == role, _O.partition.in_(owned))
    held = {row.partition: row.epoch for row in connection.execute(select.with_for_update(read=True))}
    if gone := {partition for partition, epoch in owned.items() if held.get(partition) != epoch}:
        raise TakenOver(gone)
