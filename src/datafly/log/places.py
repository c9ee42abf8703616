"""Where the records of one partition went, in another log that has several (decision 0211)."""

from array import array
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

GONE: Final = -1
"""The partition of what is in no log any more."""


class Places:
    """Old offsets, ascending, and for each its new partition and offset; in a partition the order is the same."""

    def __init__(self, partitions: int) -> None:
        self._olds = [array("q") for _ in range(partitions)]
        self._news = [array("q") for _ in range(partitions)]
        self.heads = [0] * partitions

    def add(self, old: int, partition: int, new: int) -> None:
        self._olds[partition].append(old)
        self._news[partition].append(new)

    def each(self, offsets: Iterable[int]) -> dict[int, dict[int, int]]:
        """Partition → old offset → new one; those that are gone stay what they are, in `GONE`."""
        found: dict[int, dict[int, int]] = defaultdict(dict)
        for offset in offsets:
            partition, new = self._find(offset)
            found[partition][offset] = new
        return found

    def spans(self, first: int, last: int) -> Iterator[tuple[int, int, int]]:
        """(partition, first, last) of what is left of a range."""
        for partition, olds in enumerate(self._olds):
            begin, end = bisect_left(olds, first), bisect_right(olds, last)
            if begin < end:
                yield partition, self._news[partition][begin], self._news[partition][end - 1]

    def positions(self, offset: int) -> list[int]:
        """For each partition, where whoever stood at the old offset goes on."""
        return [
            news[at] if (at := bisect_left(olds, offset)) < len(news) else head
            for olds, news, head in zip(self._olds, self._news, self.heads, strict=True)
        ]

    def _find(self, offset: int) -> tuple[int, int]:
        for partition, olds in enumerate(self._olds):
            at = bisect_left(olds, offset)
            if at < len(olds) and olds[at] == offset:
                return partition, self._news[partition][at]
        return GONE, offset
