"""What process tells."""

import logging
from typing import ClassVar, Final

from datafly.observe.base import Telemetry
from datafly.observe.figures import Gauge


class ProcessBatchAppended(Telemetry, frozen=True):
    """So many records of `raw` were processed; `events` of them are durable in `events`."""

    level: ClassVar[int] = logging.DEBUG
    labels: ClassVar[tuple[str, ...]] = ("partition",)
    amounts: ClassVar[tuple[str, ...]] = ("events", "duplicates", "refused")
    partition: int
    events: int
    duplicates: int
    refused: int


class ProcessRecordRefused(Telemetry, frozen=True):
    """A record of `raw` cannot be an event. It stays in `raw` at `offset` as long as that is kept."""

    level: ClassVar[int] = logging.WARNING
    labels: ClassVar[tuple[str, ...]] = ("partition",)
    partition: int
    offset: int
    pipeline_id: str
    message_id: str
    reason: str


class ProcessRecordsLost(Telemetry, frozen=True):
    """Records of `raw`, `first` to `last`, are gone from the log, and were not processed: somebody removed them."""

    level: ClassVar[int] = logging.ERROR
    labels: ClassVar[tuple[str, ...]] = ("partition",)
    amounts: ClassVar[tuple[str, ...]] = ("records",)
    partition: int
    first: int
    last: int

    @property
    def records(self) -> int:
        return self.last - self.first + 1


class ProcessEventsWithheld(Telemetry, frozen=True):
    """So many events were not kept: nothing is known of their consent. They stay in `raw` as long as that is kept."""

    level: ClassVar[int] = logging.DEBUG
    labels: ClassVar[tuple[str, ...]] = ("pipeline_id",)
    amounts: ClassVar[tuple[str, ...]] = ("events",)
    partition: int
    pipeline_id: str
    events: int


class ProcessAppendFailed(Telemetry, frozen=True):
    """Nothing was appended; it is tried again, from what is durable."""

    level: ClassVar[int] = logging.ERROR
    labels: ClassVar[tuple[str, ...]] = ("partition",)
    partition: int
    reason: str
    again_in_seconds: float


class ProcessEventUnreadable(Telemetry, frozen=True):
    """A record of `events` cannot be read: nothing is learnt from it. Delivery tells of it for each installation."""

    level: ClassVar[int] = logging.ERROR
    labels: ClassVar[tuple[str, ...]] = ("partition",)
    partition: int
    offset: int
    reason: str


class ProcessStateCaughtUp(Telemetry, frozen=True):
    """The state had not learnt all of `events`; it has now."""

    labels: ClassVar[tuple[str, ...]] = ("partition",)
    amounts: ClassVar[tuple[str, ...]] = ("events",)

    partition: int
    events: int


class ProcessStateInherited(Telemetry, frozen=True):
    """What others knew of the partition was taken over from `state`, from so many records."""

    partition: int
    records: int


class ProcessStateNotHanded(Telemetry, frozen=True):
    """What is known could not be written to `state`; it is tried again, and `events` is kept for as long."""

    level: ClassVar[int] = logging.WARNING
    partition: int
    reason: str


LAG: Final = Gauge("process_lag_records", "Records of `raw` that are not processed.", ("partition",))
