"""What the management API tells."""

import logging
from typing import ClassVar

from datafly.observe.base import Telemetry


class ManagementRequestFailed(Telemetry, frozen=True):
    """A fault of ours. `id` is what the caller was told; `trace` is for whoever looks it up."""

    level: ClassVar[int] = logging.ERROR

    id: str
    method: str
    path: str
    error: str
    trace: str


class ManagementAccessRefused(Telemetry, frozen=True):
    """`actor_id` is of the token or user; empty where no good one came."""

    level: ClassVar[int] = logging.WARNING
    labels: ClassVar[tuple[str, ...]] = ("code",)

    code: str
    method: str
    path: str
    actor_id: str = ""


class ManagementResourceChanged(Telemetry, frozen=True):
    """`action`: created, changed, removed, replayed. `by` names the token or the user."""

    labels: ClassVar[tuple[str, ...]] = ("action", "resource")

    action: str
    resource: str
    id: str
    by: str


class ManagementAlertChanged(Telemetry, frozen=True):
    """`what`: firing, reminder, resolved. `subject`: an installation, a pipeline, or empty for the whole."""

    level: ClassVar[int] = logging.WARNING
    labels: ClassVar[tuple[str, ...]] = ("what", "rule")

    what: str
    rule: str
    subject: str


class ManagementAlertSent(Telemetry, frozen=True):
    amounts: ClassVar[tuple[str, ...]] = ("alerts",)

    channel: str
    message: str
    alerts: int


class ManagementAlertSendFailed(Telemetry, frozen=True):
    """It is tried again, up to a number of times."""

    level: ClassVar[int] = logging.WARNING

    channel: str
    message: str
    error: str


class ManagementAlertWatchFailed(Telemetry, frozen=True):
    """One look failed; the next one comes in a few seconds."""

    level: ClassVar[int] = logging.ERROR

    error: str
