"""What delivery tells."""

import logging
from collections.abc import Mapping
from typing import ClassVar, Final

from datafly.observe.base import Telemetry
from datafly.observe.figures import Gauge


class DeliverInstallationSuspended(Telemetry, frozen=True):
    """The alert of an episode: told once, until the installation runs again."""

    level: ClassVar[int] = logging.ERROR
    labels: ClassVar[tuple[str, ...]] = ("installation_id", "vendor", "reason")

    installation_id: str
    vendor: str
    reason: str
    cause: str
    cure: str


class DeliverInstallationResumed(Telemetry, frozen=True):
    labels: ClassVar[tuple[str, ...]] = ("installation_id", "vendor")

    installation_id: str
    vendor: str
    was: str


class DeliverBreakerOpened(Telemetry, frozen=True):
    """The vendor fails whatever is sent; one probe at a time from now on."""

    level: ClassVar[int] = logging.WARNING
    labels: ClassVar[tuple[str, ...]] = ("installation_id", "vendor")

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
    labels: ClassVar[tuple[str, ...]] = ("installation_id", "vendor")

    installation_id: str
    vendor: str
    requests_per_minute: int
    documented: int


class DeliverInstallationChanged(Telemetry, frozen=True):
    labels: ClassVar[tuple[str, ...]] = ("installation_id", "vendor")

    installation_id: str
    vendor: str
    standing: str
    revision: int


class DeliverRequestAnswered(Telemetry, frozen=True):
    """One request, all that is to be known of it but what was in it. `status` None: no answer came.

    `attempt_id`: empty where nothing became final with it. `items` of `events` were in it; `verdicts`: how many items
    got which. `reason`: of what speaks loudest among them. `retry`: the same was sent before.
    """

    level: ClassVar[int] = logging.DEBUG
    labels: ClassVar[tuple[str, ...]] = ("installation_id", "vendor", "status", "outcome", "retry")
    amounts: ClassVar[tuple[str, ...]] = ("items", "body_bytes")
    timings: ClassVar[Mapping[str, tuple[str, ...]]] = {"latency_ms": ("installation_id", "vendor")}
    wide: ClassVar[bool] = True

    installation_id: str
    vendor: str
    revision: int
    route: str
    partition: int
    run_id: str
    attempt_id: str
    status: int | None
    outcome: str
    reason: str
    verdicts: dict[str, int]
    events: int
    items: int
    body_bytes: int
    tries: int
    retry: bool
    latency_ms: float
    trace_id: str

    @property
    def is_bad(self) -> bool:
        return not self.verdicts.keys() <= {"DELIVERED", "SKIPPED"}


class DeliverEventsDecided(Telemetry, frozen=True):
    """So many events got this final verdict. `intentional`: we chose not to send."""

    level: ClassVar[int] = logging.DEBUG
    labels: ClassVar[tuple[str, ...]] = ("installation_id", "vendor", "verdict", "reason")
    amounts: ClassVar[tuple[str, ...]] = ("events",)

    installation_id: str
    vendor: str
    verdict: str
    reason: str
    events: int
    intentional: bool


class DeliverContractDrifted(Telemetry, frozen=True):
    """A vendor's answer contradicts its own contract."""

    level: ClassVar[int] = logging.WARNING
    labels: ClassVar[tuple[str, ...]] = ("installation_id", "vendor")

    installation_id: str
    vendor: str
    drift: str


class DeliverEventReadFailed(Telemetry, frozen=True):
    level: ClassVar[int] = logging.ERROR
    labels: ClassVar[tuple[str, ...]] = ("installation_id",)

    installation_id: str
    partition: int
    offset: int
    fault: str


class DeliverEventsLost(Telemetry, frozen=True):
    """Retention dropped events that were still due."""

    level: ClassVar[int] = logging.ERROR
    labels: ClassVar[tuple[str, ...]] = ("installation_id",)
    amounts: ClassVar[tuple[str, ...]] = ("events",)

    installation_id: str
    partition: int
    first: int
    last: int

    @property
    def events(self) -> int:
        return self.last - self.first + 1


class DeliverShapeFailed(Telemetry, frozen=True):
    level: ClassVar[int] = logging.ERROR
    labels: ClassVar[tuple[str, ...]] = ("installation_id", "vendor")

    installation_id: str
    vendor: str
    error: str


class DeliverJudgeFailed(Telemetry, frozen=True):
    level: ClassVar[int] = logging.ERROR
    labels: ClassVar[tuple[str, ...]] = ("installation_id", "vendor")

    installation_id: str
    vendor: str
    error: str


class DeliverErasureAsked(Telemetry, frozen=True):
    """A vendor was asked to erase somebody; `verdict`: how its answer is judged."""

    installation_id: str
    vendor: str
    verdict: str


class DeliverSightingFailed(Telemetry, frozen=True):
    """What was delivered could not be read again, so readiness does not count it."""

    level: ClassVar[int] = logging.ERROR
    labels: ClassVar[tuple[str, ...]] = ("installation_id", "vendor")

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


LAG: Final = Gauge(
    "deliver_lag_events",
    "Events of `events` that the installation has not decided, in each partition; of other pipelines too, which cost "
    "nothing.",
    ("installation", "vendor", "partition"),
)
OLDEST: Final = Gauge(
    "deliver_oldest_event_age_seconds",
    "How long the oldest event has waited that is not decided; 0 where none waits.",
    ("installation", "vendor"),
)
STANDING: Final = Gauge(
    "deliver_installation_state",
    "1 for how the installation stands: running, backing_off, suspended, paused or disabled; 0 for the others.",
    ("installation", "vendor", "state"),
)
NAMED: Final = Gauge(
    "deliver_installation_info",
    "Always 1: the name that people gave the installation, and its pipeline; to be joined with the others.",
    ("installation", "vendor", "name", "pipeline"),
)
