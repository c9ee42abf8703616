"""What the gateway tells. One request is one event; those of the busy path are only counted."""

import logging
from typing import ClassVar, Final

from datafly.observe.base import Telemetry
from datafly.observe.figures import Gauge


class IngestRequestAccepted(Telemetry, frozen=True):
    """`events` are durable; `refused` of the same batch were not taken."""

    level: ClassVar[int] = logging.DEBUG
    labels: ClassVar[tuple[str, ...]] = ("pipeline_id", "door")
    amounts: ClassVar[tuple[str, ...]] = ("events", "refused")
    pipeline_id: str
    door: str
    events: int
    refused: int


class IngestEventRefused(Telemetry, frozen=True):
    """One event of a batch whose others were taken."""

    level: ClassVar[int] = logging.DEBUG
    labels: ClassVar[tuple[str, ...]] = ("pipeline_id", "door", "code")
    pipeline_id: str
    door: str
    code: str


class IngestRequestRefused(Telemetry, frozen=True):
    """A whole request was not taken; `code` is of docs/reference/errors.md. `pipeline_id`: empty without a good key."""

    level: ClassVar[int] = logging.DEBUG
    labels: ClassVar[tuple[str, ...]] = ("pipeline_id", "code", "status")
    path: str
    code: str
    status: int
    pipeline_id: str = ""


class IngestAppendFailed(Telemetry, frozen=True):
    """The log could not keep events; the sender was asked to come again."""

    level: ClassVar[int] = logging.WARNING
    amounts: ClassVar[tuple[str, ...]] = ("events",)
    reason: str
    events: int


class IngestRequestFailed(Telemetry, frozen=True):
    """A fault of ours; nothing was taken, the sender was answered 500."""

    level: ClassVar[int] = logging.ERROR
    path: str
    error: str


WAITING: Final = Gauge("ingest_waiting_records", "Events that came and are not durable yet: their senders wait.")
