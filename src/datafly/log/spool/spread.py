"""What the brokers are to the spool."""

from collections.abc import Sequence
from typing import Protocol

from datafly.log.base import Entry
from datafly.model.errors import SignalError

Placed = tuple[int, Entry]
"""A record to be, and its partition."""


class Spread(Protocol):
    """Writes all partitions of a stream, for one thread at a time."""

    @property
    def partitions(self) -> int: ...

    def send(self, placed: Sequence[Placed]) -> list[SignalError | None]:
        """What became of each record: None where it is durable. Blocking, for seconds at most.

        `Invalid` is refused for what it is. Of a partition nothing else is durable behind what is not. What is not
        durable may be there all the same, or be there within moments.
        """

    def close(self) -> None: ...
