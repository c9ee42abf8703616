"""What each kind of alert reads, and whether that is bad: one reading for each subject that its rule watches."""

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Final

import msgspec

from datafly.management.services import Composed
from datafly.management.spending import spent_since
from datafly.model.alert import AlertRule, Kind
from datafly.model.delivery import State
from datafly.model.errors import Invalid, NotFound
from datafly.model.installation import Installation, Pipeline
from datafly.model.refusal import ACCEPTED
from datafly.model.verdict import DEAD_LETTERS, Verdict
from datafly.spec.spending import Meter
from datafly.store.tallies import FAILED, HOUR_MS, MINUTE_MS, REQUESTS, SPARED

_DAY_MS: Final = 24 * HOUR_MS


class Reading(msgspec.Struct, frozen=True):
    """`subject`: an installation, a pipeline, or "" for the whole. `sentence` says what is bad, with the figure."""

    subject: str
    name: str
    bad: bool
    value: float
    sentence: str


class Look:
    """One look at how everything stands; each figure is read once, for all rules that ask for it."""

    def __init__(self, services: Composed) -> None:
        self._services = services
        self.now_ms = services.clock.now_ms()
        self._tallies: dict[int, dict[str, Counter[str]]] = {}

    @cached_property
    def installations(self) -> list[Installation]:
        return self._services.control.installations()

    @cached_property
    def pipelines(self) -> list[Pipeline]:
        return self._services.control.pipelines()

    @cached_property
    def states(self) -> dict[str, State]:
        return self._services.ledger.states()

    @cached_property
    def marks(self) -> dict[tuple[str, int], int]:
        """Read before the heads, so that no lag is negative."""
        return self._services.ledger.marks()

    def tallied(self, installation_id: str, window_seconds: int) -> Counter[str]:
        """What became of its events in the window, which begins with a minute."""
        if window_seconds not in self._tallies:
            self._tallies[window_seconds] = self._summed(window_seconds)
        return self._tallies[window_seconds].get(installation_id, Counter())

    def meter(self, installation: Installation) -> Meter | None:
        """None also of one that cannot be set up any more, which is told otherwise."""
        try:
            return self._services.compile(installation).meter
        except (Invalid, NotFound):
            return None

    def spent_today(self, installation_id: str) -> int:
        """What its events cost since midnight, UTC."""
        counts = spent_since(self._services, installation_id, self.now_ms // _DAY_MS * _DAY_MS)
        return counts.total() - counts[SPARED]

    def oldest_ms(self, installation: Installation) -> int | None:
        """When the oldest event came that is not decided yet; of other pipelines too, which are passed in no time."""
        log, found = self._services.log, []
        marks = self.marks
        for partition, head in log.heads().items():
            mark = marks.get((installation.id, partition), installation.start.get(partition, 0))
            if mark < head:
                found += [place.record.at_ms for place in log.after_one(partition, mark)]
        return min(found, default=None)

    def accepted(self, pipeline_id: str, *, seconds: int, since_ms: int) -> int:
        spans = self._services.intake.spans(pipeline_id, seconds=seconds, since_ms=since_ms)
        return sum(span.counts.get(ACCEPTED, 0) for span in spans)

    def free_share(self) -> float | None:
        """Of the disk that the data folder is on."""
        if self._services.settings.data_dir is None:
            return None
        usage = shutil.disk_usage(self._services.settings.data_dir)
        return usage.free / usage.total

    def _summed(self, window_seconds: int) -> dict[str, Counter[str]]:
        since_ms = (self.now_ms - window_seconds * 1000) // MINUTE_MS * MINUTE_MS
        found: dict[str, Counter[str]] = {}
        for one in self._services.ledger.tallies(
            since_ms=since_ms, until_ms=self.now_ms + MINUTE_MS, step_ms=MINUTE_MS, installation_ids=None
        ):
            found.setdefault(one.installation_id, Counter())[one.name] += one.count
        return found


def readings(rule: AlertRule, look: Look) -> list[Reading]:
    """Of what is in force and in the rule's scope."""
    return list(_READ[rule.kind](rule, look))


def _delivery_success(rule: AlertRule, look: Look) -> Iterator[Reading]:
    for installation in _installations(rule, look):
        counts = look.tallied(installation.id, rule.window_seconds)
        delivered = counts[Verdict.DELIVERED]
        tried = delivered + sum(counts[verdict] for verdict in DEAD_LETTERS)
        share = delivered / tried if tried else 1.0
        yield Reading(
            installation.id,
            installation.name,
            tried >= rule.least and share < rule.threshold,
            share,
            f"{_percent(share)} of {tried} events were delivered in {_span(rule.window_seconds)}; "
            f"at least {_percent(rule.threshold)} are expected.",
        )


def _error_rate(rule: AlertRule, look: Look) -> Iterator[Reading]:
    """A vendor that takes nothing is asked by a probe now and then: then the standing tells."""
    for installation in _installations(rule, look):
        counts = look.tallied(installation.id, rule.window_seconds)
        share = counts[FAILED] / counts[REQUESTS] if counts[REQUESTS] else 0.0
        state = look.states.get(installation.id)
        away = state is not None and state.name == "backing_off"
        said = f"{_percent(share)} of {counts[REQUESTS]} requests failed in {_span(rule.window_seconds)}"
        yield Reading(
            installation.id,
            installation.name,
            away or (counts[REQUESTS] >= rule.least and share > rule.threshold),
            1.0 if away else share,
            f"The vendor does not answer as it should; probes are sent. {said}."
            if away
            else f"{said}; up to {_percent(rule.threshold)} is borne.",
        )


def _backlog_age(rule: AlertRule, look: Look) -> Iterator[Reading]:
    for installation in _installations(rule, look):
        oldest_ms = look.oldest_ms(installation)
        age = max(look.now_ms - oldest_ms, 0) / 1000 if oldest_ms is not None else 0.0
        yield Reading(
            installation.id,
            installation.name,
            age > rule.threshold,
            round(age, 1),
            f"The oldest undecided event has waited {_span(age)}; up to {_span(rule.threshold)} is borne.",
        )


def _zero_traffic(rule: AlertRule, look: Look) -> Iterator[Reading]:
    """Only where something came the day before the window: a pipeline that nobody uses yet is no trouble."""
    for pipeline in look.pipelines:
        if not pipeline.enabled or rule.pipeline_id not in {None, pipeline.id} or rule.installation_id:
            continue
        since_ms = look.now_ms - rule.window_seconds * 1000
        came = look.accepted(pipeline.id, seconds=60, since_ms=since_ms)
        quiet = came == 0 and look.accepted(pipeline.id, seconds=3600, since_ms=since_ms - _DAY_MS) >= rule.least
        yield Reading(pipeline.id, pipeline.name, quiet, came, f"Nothing has come in for {_span(rule.window_seconds)}.")


def _suspended(rule: AlertRule, look: Look) -> Iterator[Reading]:
    for installation in _installations(rule, look):
        state = look.states.get(installation.id)
        bad = state is not None and state.name == "suspended"
        said = " ".join(f"{part.rstrip('.')}." for part in (state.cause, state.cure) if part) if state else ""
        yield Reading(installation.id, installation.name, bad, float(bad), f"It is suspended. {said}".strip())


def _disk(rule: AlertRule, look: Look) -> Iterator[Reading]:
    free = look.free_share()
    if free is not None:
        said = f"{_percent(free)} of the disk is free; at least {_percent(rule.threshold)} is needed."
        yield Reading("", "The disk of the data folder", free < rule.threshold, free, said)


def _spend(rule: AlertRule, look: Look) -> Iterator[Reading]:
    """Only where a cap is set."""
    for installation in _installations(rule, look):
        meter = look.meter(installation)
        if meter is not None and meter.cap:
            spent = look.spent_today(installation.id)
            share = spent / meter.cap
            said = f"{spent:,} of {meter.cap:,} {meter.unit} are spent today (UTC)"
            yield Reading(
                installation.id,
                installation.name,
                share > rule.threshold,
                share,
                f"{said}; up to {_percent(rule.threshold)} is borne.",
            )


_READ: Final[dict[Kind, Callable[[AlertRule, Look], Iterator[Reading]]]] = {
    "delivery_success": _delivery_success,
    "error_rate": _error_rate,
    "backlog_age": _backlog_age,
    "zero_traffic": _zero_traffic,
    "suspended": _suspended,
    "disk": _disk,
    "spend": _spend,
}

DEFAULTS: Final = (
    AlertRule(
        id="", name="Events are refused", kind="delivery_success", threshold=0.95, window_seconds=900, for_seconds=300
    ),
    AlertRule(id="", name="Requests fail", kind="error_rate", threshold=0.25, window_seconds=600, for_seconds=300),
    AlertRule(id="", name="Events wait", kind="backlog_age", threshold=900.0),
    AlertRule(id="", name="Nothing comes in", kind="zero_traffic", window_seconds=3_600, for_seconds=0),
    AlertRule(id="", name="An integration is suspended", kind="suspended", for_seconds=30),
    AlertRule(id="", name="The disk is nearly full", kind="disk", threshold=0.1),
    AlertRule(id="", name="The spending of a day nears its cap", kind="spend", threshold=0.8, for_seconds=0),
)
"""What is watched from the first start on."""


def _installations(rule: AlertRule, look: Look) -> Iterator[Installation]:
    for one in look.installations:
        fits = rule.pipeline_id in {None, one.pipeline_id} and rule.installation_id in {None, one.id}
        if fits and one.enabled:
            yield one


def _percent(share: float) -> str:
    return f"{share * 100:.1f} %"


def _span(seconds: float) -> str:
    for unit, name in ((3600, "hours"), (60, "minutes")):
        if seconds >= 2 * unit:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds:.0f} seconds"
