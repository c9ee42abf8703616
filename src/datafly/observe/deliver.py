"""What delivery tells."""

import logging
from typing import ClassVar

from datafly.observe.base import Telemetry


class DeliverInstallationSuspended(Telemetry, frozen=True):
    """The alert of an episode: told once, until the installation runs again."""

    level: ClassVar[int] = logging.ERROR

    installation_id: str
    vendor: str
    reason: str
    cause: str
    cure: str


class DeliverInstallationResumed(Telemetry, frozen=True):
    installation_id: str
    vendor: str
    was: str


class DeliverBreakerOpened(Telemetry, frozen=True):
    """The vendor fails whatever is sent; one probe at a time from now on."""

    level: ClassVar[int] = logging.WARNING

    installation_id: str
    vendor: str
    reason: str
    cause: str


class DeliverPartitionTaken(Telemetry, frozen=True):
    """It is delivered here from now on. `epoch`: how often it had another owner."""

    partition: int
    epoch: int


class DeliverPartitionGivenUp(Telemetry, frozen=True):
    """What was in flight is finished and written down, as far as there was time for it."""

    partition: int


class DeliverPartitionTakenOver(Telemetry, frozen=True):
    """Another process delivers it, and nobody had told this one: nothing more of it is sent or written here."""

    level: ClassVar[int] = logging.WARNING

    partition: int


class DeliverPaceSlowed(Telemetry, frozen=True):
    """The vendor said that it was too many requests: fewer a minute are sent now, of those that it documents."""

    level: ClassVar[int] = logging.WARNING

    installation_id: str
    vendor: str
    requests_per_minute: int
    documented: int


class DeliverInstallationChanged(Telemetry, frozen=True):
    installation_id: str
    vendor: str
    standing: str
    revision: int


class DeliverRequestAnswered(Telemetry, frozen=True):
    """One request. `status` None: no answer came."""

    level: ClassVar[int] = logging.DEBUG

    installation_id: str
    vendor: str
    status: int | None
    items: int
    tries: int
    latency_ms: float
    outcome: str


class DeliverEventsDecided(Telemetry, frozen=True):
    """So many events got this final verdict. `intentional`: we chose not to send."""

    level: ClassVar[int] = logging.DEBUG

    installation_id: str
    verdict: str
    reason: str
    events: int
    intentional: bool


class DeliverContractDrifted(Telemetry, frozen=True):
    """A vendor's answer contradicts its own contract."""

    level: ClassVar[int] = logging.WARNING

    installation_id: str
    vendor: str
    drift: str


class DeliverEventReadFailed(Telemetry, frozen=True):
    level: ClassVar[int] = logging.ERROR

    installation_id: str
    partition: int
    offset: int
    fault: str


class DeliverEventsLost(Telemetry, frozen=True):
    """Retention dropped events that were still due."""

    level: ClassVar[int] = logging.ERROR

    installation_id: str
    partition: int
    first: int
    last: int


class DeliverShapeFailed(Telemetry, frozen=True):
    level: ClassVar[int] = logging.ERROR

    installation_id: str
    vendor: str
    error: str


class DeliverJudgeFailed(Telemetry, frozen=True):
    level: ClassVar[int] = logging.ERROR

    installation_id: str
    vendor: str
    error: str


class DeliverSightingFailed(Telemetry, frozen=True):
    """What was delivered could not be read again, so readiness does not count it."""

    level: ClassVar[int] = logging.ERROR

    installation_id: str
    vendor: str
    error: str


class DeliverLoopFailed(Telemetry, frozen=True):
    """A loop met a fault, keeps its records, and goes on."""

    level: ClassVar[int] = logging.ERROR

    loop: str
    error: str


class DeliverSentUnreadable(Telemetry, frozen=True):
    """What a vendor took before cannot be read: what did not change is sent again."""

    level: ClassVar[int] = logging.ERROR

    error: str


class DeliverRecordingFailed(Telemetry, frozen=True):
    """The ledger did not take outcomes; they are kept and written again, and nothing more is sent meanwhile."""

    level: ClassVar[int] = logging.ERROR

    writings: int
    error: str
