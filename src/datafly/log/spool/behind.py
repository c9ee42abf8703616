"""Which partitions are behind, and how far each is replayed."""

import time
from typing import Final

_PAUSE_SECONDS: Final = 1.0


class Behind:
    """Offsets are those of the spool. `unknown_from`: while nobody knows how many partitions there are, all of them are
    behind, from there on.
    """

    def __init__(self, unknown_from: int) -> None:
        self.unknown_from: int | None = unknown_from
        self._next: dict[int, int] = {}
        self._failed: dict[int, float] = {}
        """When it may be tried again, of those that the brokers did not take from at the last try."""

    def __bool__(self) -> bool:
        return bool(self._next) or self.unknown_from is not None

    def __contains__(self, partition: int) -> bool:
        return partition in self._next

    def know(self, partitions: int) -> None:
        """There are so many."""
        begin, self.unknown_from = self.unknown_from or 0, None
        self._next = dict.fromkeys(range(partitions), begin)

    def fall(self, partition: int, head: int) -> None:
        self._next[partition] = head

    def due(self, *, sound: bool) -> dict[int, int]:
        """Partition → what is to be replayed next, of those that may be tried now. `sound`: that failed at no try."""
        now = time.monotonic()
        return {
            partition: offset
            for partition, offset in self._next.items()
            if self._failed.get(partition, 0.0) <= now and not (sound and partition in self._failed)
        }

    def went_on(self, partition: int, to: int) -> None:
        self._next[partition] = max(self._next[partition], to)
        self._failed.pop(partition, None)

    def failed(self, partition: int, at: int) -> None:
        self._next[partition] = at
        self._failed[partition] = time.monotonic() + _PAUSE_SECONDS

    def catch_up(self, head: int) -> None:
        """Those of whom nothing is left are behind no longer."""
        self._next = {partition: offset for partition, offset in self._next.items() if offset < head}

    def lowest(self, head: int) -> int:
        """What is needed of the spool begins here."""
        unknown = [] if self.unknown_from is None else [self.unknown_from]
        return min([*self._next.values(), *unknown], default=head)
