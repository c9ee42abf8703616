"""What the store tells."""

import logging
from typing import ClassVar

from datafly.observe.base import Telemetry


class StoreMigrated(Telemetry, frozen=True):
    """The tables were brought from one revision (empty: there were none) to another."""

    before: str
    after: str


class StoreClockApart(Telemetry, frozen=True):
    """The clocks of the database and of this machine differed when the role began."""

    level: ClassVar[int] = logging.ERROR
    seconds: float
    reason: str


class StoreKeyMade(Telemetry, frozen=True):
    """An encryption key was made, because none was configured or found."""

    file: str


class StoreTransactionFailed(Telemetry, frozen=True):
    """The database refused: locked too long, disk full, read-only, unreachable."""

    level: ClassVar[int] = logging.ERROR
    error: str


class StoreLedgerTrimmed(Telemetry, frozen=True):
    """Attempts and outcomes past their age were forgotten, as intended."""

    level: ClassVar[int] = logging.DEBUG
    amounts: ClassVar[tuple[str, ...]] = ("rows",)
    rows: int
