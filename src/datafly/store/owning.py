"""Whose partitions are, where processes of delivery share them out; a part of the ledger."""

from typing import Protocol


class Owning(Protocol):
    """What was taken over is named by `Ledger.write`, as `owned`."""

    def take_over(self, partition: int) -> tuple[int, bool]:
        """The epoch from which on whoever calls delivers this partition alone: all that were before are refused.

        And whether whoever had it before was broken off: it did not put it away.
        """

    def put_away(self, partition: int, epoch: int) -> None:
        """Nothing of it is in flight any more."""
