"""What the supervisor and its roles tell."""

import logging
from typing import ClassVar, Final

from datafly.observe.base import Telemetry
from datafly.observe.figures import Gauge


class RuntimeRoleStarted(Telemetry, frozen=True):
    level = logging.DEBUG
    labels: ClassVar[tuple[str, ...]] = ("role",)
    role: str
    pid: int


class RuntimeRoleExited(Telemetry, frozen=True):
    """A role ended although nobody asked it to; it is started again after a pause."""

    level = logging.ERROR
    labels: ClassVar[tuple[str, ...]] = ("role",)
    role: str
    pid: int
    status: int
    again_in_seconds: float


class RuntimeDrained(Telemetry, frozen=True):
    level = logging.DEBUG
    seconds: float
    killed: tuple[str, ...]


class RuntimeRoleWaits(Telemetry, frozen=True):
    """A role cannot begin: what it needs cannot be reached yet. It asks again every second."""

    level = logging.WARNING
    role: str
    reason: str


class RuntimeDeliveryShared(Telemetry, frozen=True):
    """So many deliver from this start on, and it was another number before."""

    workers: int
    installations: tuple[str, ...]


class RuntimeKeeperLost(Telemetry, frozen=True):
    """What appends for this gateway has gone; so many events were handed over and not answered: they get a 503."""

    level = logging.ERROR
    waiting: int


class RuntimeGatewayRefused(Telemetry, frozen=True):
    """What came over the socket of `raw` is nothing that a gateway says."""

    level = logging.ERROR
    message: str


class RuntimeWorkersRefused(Telemetry, frozen=True):
    """More than one gateway was asked for where a port cannot be shared; one runs."""

    level = logging.WARNING
    asked: int
    reason: str


class RuntimeRetentionDropped(Telemetry, frozen=True):
    """Whole segments were over the retention limits."""

    labels: ClassVar[tuple[str, ...]] = ("stream", "partition")

    stream: str
    partition: int
    first: int
    last: int


class RuntimeRetentionForced(Telemetry, frozen=True):
    """The log was over `retention_bytes`: segments went although installations had not read them (EXHAUSTED)."""

    level = logging.ERROR
    labels: ClassVar[tuple[str, ...]] = ("stream", "partition")
    amounts: ClassVar[tuple[str, ...]] = ("records",)
    stream: str
    partition: int
    first: int
    last: int

    @property
    def records(self) -> int:
        return self.last - self.first + 1


class RuntimeLogShortened(Telemetry, frozen=True):
    """Files of the log were removed, or are older than the store: what is missing was read, or is lost."""

    level = logging.ERROR
    labels: ClassVar[tuple[str, ...]] = ("stream", "partition")
    amounts: ClassVar[tuple[str, ...]] = ("records",)
    stream: str
    partition: int
    first: int
    last: int

    @property
    def records(self) -> int:
        return self.last - self.first + 1


class RuntimeFiguresHidden(Telemetry, frozen=True):
    """The metrics of this process cannot be asked for: the data folder takes no socket."""

    level = logging.WARNING
    reason: str


class RuntimeStandbyFailed(Telemetry, frozen=True):
    """What a role has to know of a partition could not be read from the log, or not be kept; it is tried again."""

    level = logging.ERROR
    partition: int
    message: str


class RuntimeChoreFailed(Telemetry, frozen=True):
    """A periodic chore (retention, trimming) failed; it is tried again at its next turn."""

    level = logging.ERROR
    labels: ClassVar[tuple[str, ...]] = ("chore",)
    chore: str
    message: str


STARTED: Final = Gauge("runtime_process_start_seconds", "When the process began, since 1970.", ("version",))
CPU: Final = Gauge("runtime_cpu_seconds_total", "Processor time that the process has used.", kind="counter")
MEMORY: Final = Gauge("runtime_memory_bytes", "Resident memory, with what it shares with the other processes.")
FILES: Final = Gauge("runtime_open_files", "Files, sockets and connections that the process has open.")
DISK_FREE: Final = Gauge("runtime_disk_free_bytes", "Free on the disk of the data folder.")
DISK_SIZE: Final = Gauge("runtime_disk_size_bytes", "Size of the disk of the data folder.")
