"""The log: durable streams of records, in partitions, read at offsets. The contract that every backend passes.

Meanings, the same for SQLite and Kafka:

- A *stream* (`raw`, `events`) has partitions `0..n-1`. Records of one partition have ascending offsets; these may skip
  (a broker's markers, dropped segments), they are never reused.
- An *offset* given to `read`, and every position kept, is that of the *next* record to be read.
- `append` returns when the records are durable: they survive the loss of power. All of one call, or none.
- A consumer that writes what it read (process) hands its position over with the append; position and records become
  durable together, or (Kafka) the position follows and the records are recognised as duplicates.
- Reading costs the same whatever the backlog.
- Retention drops whole segments, by age and size, never past `keep_from`.
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Final, Protocol

import msgspec

RAW: Final = "raw"
EVENTS: Final = "events"
STATE: Final = "state"
"""What process knows, for whoever takes a partition over: of each key the newest record is kept, whatever its age. Only
where partitions can move (`Log.partitions` is 0 where they cannot)."""


class Record(msgspec.Struct, frozen=True, gc=False):
    """`at_ms`: when it was appended."""

    offset: int
    key: str
    value: bytes
    at_ms: int


class Bounds(msgspec.Struct, frozen=True):
    """`earliest`: the first offset that can be read. `head`: the offset that the next append will have."""

    earliest: int
    head: int


class Entry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A record to be."""

    key: str
    value: bytes


class Retention(msgspec.Struct, frozen=True):
    """None: no limit of that kind."""

    max_age_seconds: float | None = None
    max_bytes: int | None = None


def partition_of(key: str, partitions: int) -> int:
    """Where the records of a key belong: the same in every process and every version. Raises `UnicodeEncodeError`.

    By another hash than that by which a partition's keys are dealt out to lanes and shares (`model.delivery`): by the
    same one, all of them would be dealt alike.
    """
    return int.from_bytes(blake2b(key.encode(), digest_size=4, person=b"partition").digest(), "big") % partitions


class Appender(Protocol):
    """The one writer of one partition. Blocking: call it from a thread of its own (`log.group`)."""

    def append(self, entries: Sequence[Entry], *, consumed: int | None = None) -> int:
        """Append durably; the offset of the first. `consumed`: the caller's position in what it reads, kept with it.

        Raises `Unavailable` when it cannot be made durable (disk full, read-only). Nothing of the call can be read
        then; but if the process ends before an append succeeds again, all of it may be there, as if it had succeeded.
        """

    def consumed(self) -> int | None:
        """The position last handed over, None if never."""

    def retain(self, retention: Retention, *, keep_from: int) -> list[tuple[int, int]]:
        """Drop whole segments that are over the limits and wholly below `keep_from`, the oldest first.

        The ranges dropped, as first and last offset, both included. Offsets go on where they were, also if all is gone.
        """

    def close(self) -> None: ...


class Reader(Protocol):
    """Reads one partition, from any process, beside the writer. Blocking, cheap when there is nothing new.

    `skips`: offsets skip although nothing is gone, as a broker's markers make them. Where they do not, what `read`
    steps over is gone; `gone_below` tells of either.
    """

    @property
    def skips(self) -> bool: ...

    def read(self, offset: int, *, max_records: int, max_bytes: int = 4_000_000) -> list[Record]:
        """Records from `offset` on, in order; at least one if there is one; empty at the head.

        Below `earliest` it goes on at `earliest`.
        """

    def look(self, offset: int, *, max_records: int) -> tuple[list[Record], int] | None:
        """Of what `read` would return that which is here already, and where to go on: perhaps nothing, for a moment.

        At once: nobody is asked. None: it does not stand there, and has to `read`.
        """

    def wait(self, seconds: float) -> None:
        """Until there may be something beyond what was read last, or for so long at most; perhaps shorter."""

    def gone_below(self, first: int) -> int:
        """Of what was asked for and lies before `first`, the first record that was read then: below this it is gone.

        Nothing is asked of anybody for it.
        """

    def bounds(self) -> Bounds: ...

    def offset_at(self, at_ms: int) -> int:
        """Of the first record that was appended then or later, as clocks go; the head if there is none."""

    def close(self) -> None: ...


class Claimant(Protocol):
    """A role of one process that works on the partitions it is given. Told by one thread, one call at a time."""

    def assigned(self, partitions: Sequence[int]) -> None:
        """They are this process's from now on. Returns at once: the work goes on beside."""

    def revoked(self, partitions: Sequence[int]) -> None:
        """Another process gets them as soon as it returns, in seconds: nothing works on them any more then."""

    def lost(self, partitions: Sequence[int]) -> None:
        """Another process may have them already: what is under way for them must not count any more."""


class Membership(Protocol):
    def trouble(self) -> str | None:
        """None while this process takes part, or why it gets no partitions just now. From any thread."""

    def close(self) -> None:
        """Leaves the group: what is held is revoked first. Returns when it is given up."""


class Log(Protocol):
    """`partitions` is fixed at first start."""

    def partitions(self, stream: str) -> int:
        """0: there is no such stream here."""

    def join(self, group: str, claimant: Claimant) -> Membership:
        """Take part in sharing out all partitions among the processes of that name, each to one of them at a time."""

    def appender(self, stream: str, partition: int) -> Appender:
        """Raises `OperatorError` if another process holds it."""

    def reader(self, stream: str, partition: int, *, leaps: bool = False) -> Reader:
        """`leaps`: for who reads a little here and there, as pages do, and follows no head."""
