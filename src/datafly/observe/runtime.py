"""What the supervisor and its roles tell."""

import logging

from datafly.observe.base import Telemetry


class RuntimeRoleStarted(Telemetry, frozen=True):
    level = logging.DEBUG
    role: str
    pid: int


class RuntimeRoleExited(Telemetry, frozen=True):
    """A role ended although nobody asked it to; it is started again after a pause."""

    level = logging.ERROR
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

    stream: str
    partition: int
    first: int
    last: int


class RuntimeRetentionForced(Telemetry, frozen=True):
    """The log was over `retention_bytes`: segments went although installations had not read them (EXHAUSTED)."""

    level = logging.ERROR
    stream: str
    partition: int
    first: int
    last: int


class RuntimeLogShortened(Telemetry, frozen=True):
    """Files of the log were removed, or are older than the store: what is missing was read, or is lost."""

    level = logging.ERROR
    stream: str
    partition: int
    first: int
    last: int


class RuntimeChoreFailed(Telemetry, frozen=True):
    """A periodic chore (retention, trimming) failed; it is tried again at its next turn."""

    level = logging.ERROR
    chore: str
    message: str
