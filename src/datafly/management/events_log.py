"""The stream of governed events, read backwards, at one place, and onwards."""

import heapq
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, islice
from typing import Final, TypeVar

import msgspec

from datafly.log.base import Bounds, Reader, Record

_FIRST_CHUNK: Final = 128
_LARGEST_CHUNK: Final = 4_096
_AT_ONCE: Final = 12

T = TypeVar("T")
R = TypeVar("R")


class Place(msgspec.Struct, frozen=True, gc=False):
    """A record, and the partition where it is."""

    partition: int
    record: Record

    @property
    def offset(self) -> int:
        return self.record.offset


class EventsLog:
    """Blocking, and safe from any thread: one reader for each partition, opened when it is first needed.

    Of records that are hidden `at` and `newest` know nothing. `as_kept`: what of records may be read at all.
    """

    def __init__(
        self,
        readers: Sequence[Callable[[], Reader]],
        is_hidden: Callable[[Record], bool] = lambda _: False,
        as_kept: Callable[[list[Record]], list[Record]] = lambda records: records,
    ) -> None:
        self._partitions = [_Partition(open_reader, as_kept) for open_reader in readers]
        self._is_hidden = is_hidden

    @property
    def partitions(self) -> range:
        return range(len(self._partitions))

    def heads(self) -> dict[int, int]:
        """Partition → the offset that its next record will have."""
        return {partition: self._partitions[partition].bounds().head for partition in self.partitions}

    def at(self, partition: int, offset: int) -> Place | None:
        """None where nothing is there, never was, or is not kept any more."""
        found = self._read(partition, offset, 1)
        is_there = bool(found) and found[0].offset == offset and not self._is_hidden(found[0])
        return Place(partition, found[0]) if is_there else None

    def as_written(self, partition: int, offset: int) -> Record | None:
        """For who has to know what may not be shown. None as with `at`."""
        found = self._partitions[partition].written(offset, 1) if partition in self.partitions else []
        is_there = bool(found) and found[0].offset == offset and not self._is_hidden(found[0])
        return found[0] if is_there else None

    def first_since(self, partition: int, since_ms: int) -> int:
        """The offset of the first record that was appended then or later; the head if there is none."""
        return self._partitions[partition].offset_at(since_ms)

    def between(self, partition: int, first: int, last: int) -> Iterator[Place]:
        """Records of `first`..`last`, ascending."""
        offset = first
        while offset <= last and (found := self._read(partition, offset, last - offset + 1)):
            for record in found:
                if record.offset > last:
                    return
                yield Place(partition, record)
            offset = found[-1].offset + 1

    def after_one(self, partition: int, offset: int) -> list[Place]:
        """The record at that offset, or the next one that is kept; none beyond the head."""
        return [Place(partition, record) for record in self._read(partition, offset, 1)]

    def after(self, positions: Mapping[int, int], *, limit: int) -> list[Place]:
        """At most `limit` of each partition from its position on, in the order in which they were appended."""

        def read(partition: int) -> list[Place]:
            found = self._partitions[partition].read(positions[partition], limit)
            return [Place(partition, record) for record in found]

        return sorted(chain.from_iterable(_side_by_side(read, self.partitions)), key=lambda place: place.record.at_ms)

    def newest(self, uppers: Mapping[int, int], *, hidden: bool = False) -> Iterator[Place]:
        """All records below `uppers` (partition → offset), newest first; one beyond the head is taken for the head.

        `hidden`: those too, for who looks through many for a few and asks `hides` of these.
        """
        hides = (lambda _: False) if hidden else self.hides
        streams = [self._backwards(partition, upper, hides) for partition, upper in sorted(uppers.items())]
        begun = _side_by_side(_begun, streams)
        return heapq.merge(*begun, key=lambda place: place.record.at_ms, reverse=True)

    def hides(self, place: Place) -> bool:
        return self._is_hidden(place.record)

    def close(self) -> None:
        for partition in self._partitions:
            partition.close()

    def _read(self, partition: int, offset: int, limit: int) -> list[Record]:
        if partition not in self.partitions:
            return []
        return self._partitions[partition].read(offset, min(limit, _LARGEST_CHUNK))

    def _backwards(self, partition: int, upper: int, hides: Callable[[Place], bool]) -> Iterator[Place]:
        if partition not in self.partitions:
            return
        bounds, chunk = self._partitions[partition].bounds(), _FIRST_CHUNK
        earliest, upper = bounds.earliest, min(upper, bounds.head)
        while upper > earliest:
            lower = max(earliest, upper - chunk)
            found = list(self.between(partition, lower, upper - 1))
            yield from (place for place in reversed(found) if not hides(place))
            upper, chunk = lower, min(chunk * 2, _LARGEST_CHUNK)


def _begun(places: Iterator[Place]) -> Iterator[Place]:
    """With its first one read already."""
    return chain([*islice(places, 1)], places)


def _side_by_side(call: Callable[[T], R], given: Sequence[T]) -> list[R]:
    """Brokers take a tenth of a second for a partition at times: all are waited for together."""
    if len(given) < 2:
        return [call(one) for one in given]
    with ThreadPoolExecutor(min(len(given), _AT_ONCE), "events-log") as pool:
        return [*pool.map(call, given)]


class _Partition:
    def __init__(self, open_reader: Callable[[], Reader], as_kept: Callable[[list[Record]], list[Record]]) -> None:
        self._open = open_reader
        self._as_kept = as_kept
        self._reader: Reader | None = None
        self._lock = threading.Lock()

    def read(self, offset: int, limit: int) -> list[Record]:
        return self._as_kept(self.written(offset, limit))

    def written(self, offset: int, limit: int) -> list[Record]:
        with self._lock:
            return self._opened().read(offset, max_records=limit)

    def bounds(self) -> Bounds:
        with self._lock:
            return self._opened().bounds()

    def offset_at(self, at_ms: int) -> int:
        with self._lock:
            return self._opened().offset_at(at_ms)

    def close(self) -> None:
        with self._lock:
            if self._reader is not None:
                self._reader.close()
            self._reader = None

    def _opened(self) -> Reader:
        if self._reader is None:
            self._reader = self._open()
        return self._reader
