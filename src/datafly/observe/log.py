"""What the log tells."""

import logging
from typing import ClassVar

from datafly.observe.base import Telemetry


class LogSegmentRolled(Telemetry, frozen=True):
    """A segment is full or old; `first` is the first offset of the next one."""

    level: ClassVar[int] = logging.DEBUG
    stream: str
    partition: int
    first: int


class LogSegmentDropped(Telemetry, frozen=True):
    """Retention dropped the offsets `first`..`last`, both included."""

    stream: str
    partition: int
    first: int
    last: int
    size_bytes: int


class LogAppendFailed(Telemetry, frozen=True):
    """Nothing of the append was kept, and the caller was told so."""

    level: ClassVar[int] = logging.ERROR
    stream: str
    partition: int
    records: int
    reason: str


class LogCheckpointFailed(Telemetry, frozen=True):
    """Records are durable in the write-ahead log; moving them into the database is tried again later."""

    level: ClassVar[int] = logging.WARNING
    stream: str
    partition: int
    wal_pages: int
    reason: str
