"""What the log tells."""

import logging
from typing import ClassVar, Final

from datafly.observe.base import Telemetry
from datafly.observe.figures import Gauge


class LogSegmentRolled(Telemetry, frozen=True):
    """A segment is full or old; `first` is the first offset of the next one."""

    level: ClassVar[int] = logging.DEBUG
    labels: ClassVar[tuple[str, ...]] = ("stream", "partition")
    stream: str
    partition: int
    first: int


class LogSegmentDropped(Telemetry, frozen=True):
    """Retention dropped the offsets `first`..`last`, both included."""

    labels: ClassVar[tuple[str, ...]] = ("stream", "partition")
    amounts: ClassVar[tuple[str, ...]] = ("size_bytes",)

    stream: str
    partition: int
    first: int
    last: int
    size_bytes: int


class LogAppendFailed(Telemetry, frozen=True):
    """Nothing of the append was kept, and the caller was told so."""

    level: ClassVar[int] = logging.ERROR
    labels: ClassVar[tuple[str, ...]] = ("stream", "partition")
    amounts: ClassVar[tuple[str, ...]] = ("records",)
    stream: str
    partition: int
    records: int
    reason: str


class LogCheckpointFailed(Telemetry, frozen=True):
    """Records are durable in the write-ahead log; moving them into the database is tried again later."""

    level: ClassVar[int] = logging.WARNING
    labels: ClassVar[tuple[str, ...]] = ("stream", "partition")
    stream: str
    partition: int
    wal_pages: int
    reason: str


class LogClientTold(Telemetry, frozen=True):
    """What the brokers' client is worried about, in its words; of one kind at most one in ten seconds."""

    level: ClassVar[int] = logging.WARNING
    message: str


class LogGroupFailed(Telemetry, frozen=True):
    """The brokers share out no partitions for now; it is tried again. What is held already is worked on."""

    level: ClassVar[int] = logging.ERROR
    labels: ClassVar[tuple[str, ...]] = ("group",)
    group: str
    reason: str


class LogPartitionGiven(Telemetry, frozen=True):
    """To work on, from now on."""

    labels: ClassVar[tuple[str, ...]] = ("group",)
    group: str
    partition: int


class LogPartitionGone(Telemetry, frozen=True):
    """Others work on it from now on. `lost`: this process fell silent for too long, and was not asked."""

    labels: ClassVar[tuple[str, ...]] = ("group", "lost")
    group: str
    partition: int
    lost: bool


class LogPartitionTaken(Telemetry, frozen=True):
    """Somebody else writes a partition that is this process's by the group: it is taken back after a pause."""

    level: ClassVar[int] = logging.ERROR
    labels: ClassVar[tuple[str, ...]] = ("group",)
    group: str
    partition: int
    reason: str
    again_in_seconds: float


class LogClockApart(Telemetry, frozen=True):
    """The clocks of this machine and of the brokers differ; told every ten minutes while they do. What people decide
    keeps its order all the same; the times that vendors are told are off by as much.
    """

    level: ClassVar[int] = logging.ERROR
    seconds: float
    reason: str


class LogSpoolBegan(Telemetry, frozen=True):
    """The brokers do not take events of these partitions (None: of any): they wait on this machine's own disk."""

    level: ClassVar[int] = logging.ERROR
    partitions: int | None
    reason: str


class LogSpoolEnded(Telemetry, frozen=True):
    """All that waited on this machine's disk is with the brokers."""

    amounts: ClassVar[tuple[str, ...]] = ("records",)
    records: int
    seconds: float


class LogSpoolRefused(Telemetry, frozen=True):
    """The spool is full, or cannot be written: senders are told to come again."""

    level: ClassVar[int] = logging.ERROR
    amounts: ClassVar[tuple[str, ...]] = ("records",)
    records: int
    reason: str


class LogSpoolReplayFailed(Telemetry, frozen=True):
    """What waits on this machine's disk cannot go to the brokers; it is tried again until it can."""

    level: ClassVar[int] = logging.WARNING
    waiting_bytes: int
    reason: str


SIZE: Final = Gauge("log_stream_size_bytes", "What the log of a stream takes on this disk.", ("stream",))

SPOOLED: Final = Gauge(
    "log_spool_bytes", "What waits on this gateway's disk for brokers to take it; 0 where nothing waits."
)


class LogPartitionWaits(Telemetry, frozen=True):
    """What work on a partition needs cannot be reached: it begins after a pause."""

    level: ClassVar[int] = logging.WARNING
    group: str
    partition: int
    reason: str
    again_in_seconds: float
