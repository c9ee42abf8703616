"""What the transport tells."""

import logging
from typing import ClassVar

from datafly.observe.base import Telemetry


class TransportRequestFailed(Telemetry, frozen=True):
    """No answer came. `unknown_outcome`: the request may have been taken."""

    level: ClassVar[int] = logging.DEBUG
    labels: ClassVar[tuple[str, ...]] = ("kind", "unknown_outcome")

    method: str
    kind: str
    unknown_outcome: bool


class TransportRequestRefused(Telemetry, frozen=True):
    """We did not send: the address is not one that may be called."""

    level: ClassVar[int] = logging.WARNING

    objection: str
