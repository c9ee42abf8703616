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

    code: str
    method: str
    path: str
    actor_id: str = ""


class ManagementResourceChanged(Telemetry, frozen=True):
    """`action`: created, changed, removed, replayed. `by` names the token or the user."""

    action: str
    resource: str
    id: str
    by: str
