"""Figures over time, as the home page and the API show them: sums of what was counted as it happened."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from datafly.management.causes import Cause, causes
from datafly.management.services import Composed
from datafly.management.standings import Standings
from datafly.management.views.metrics import (
    BacklogNow,
    EventsIn,
    EventsOut,
    Latency,
    MetricsView,
    Requests,
    Values,
    backlog_view,
)
from datafly.management.views.times import moment
from datafly.model.errors import NotFound
from datafly.model.installation import Installation
from datafly.model.refusal import ACCEPTED
from datafly.model.verdict import FINAL
from datafly.store.base import Tally
from datafly.store.tallies import FAILED, HOUR_MS, LATENCY, LOOKS, MINUTE_MS, REPLAYED, REQUESTS, WAITING, bound_ms

RANGES: Final = {
    "1h": (HOUR_MS, MINUTE_MS),
    "6h": (6 * HOUR_MS, 5 * MINUTE_MS),
    "24h": (24 * HOUR_MS, 20 * MINUTE_MS),
    "7d": (7 * 24 * HOUR_MS, 3 * HOUR_MS),
    "30d": (30 * 24 * HOUR_MS, 12 * HOUR_MS),
}
"""Name → how far back, and how long each step is: 56 to 72 steps, whatever the range."""
PERCENTILES: Final = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
_MOST_CAUSES: Final = 10
_VERDICTS: Final = tuple(sorted(verdict.value for verdict in FINAL))


class Window(msgspec.Struct, frozen=True):
    """The steps of a range by their beginnings, oldest first; the last one is under way."""

    step_ms: int
    steps: tuple[int, ...]
    now_ms: int

    @property
    def since_ms(self) -> int:
        return self.steps[0]

    @property
    def until_ms(self) -> int:
        return self.steps[-1] + self.step_ms

    def per_minute(self, counts: Mapping[int, int]) -> Values:
        """Of the step under way: by the time that it has run, a minute at least."""
        return tuple(round(counts.get(step, 0) / self._minutes(step), 3) for step in self.steps)

    def _minutes(self, step: int) -> float:
        return max(min(self.step_ms, self.now_ms - step), MINUTE_MS) / MINUTE_MS


def window(now_ms: int, name: str) -> Window:
    span_ms, step_ms = RANGES[name]
    last = now_ms // step_ms * step_ms
    return Window(step_ms, tuple(range(last - span_ms + step_ms, last + 1, step_ms)), now_ms)


def metrics(
    services: Composed, range_name: str, *, pipeline_id: str | None = None, installation_id: str | None = None
) -> MetricsView:
    """Raises `NotFound` for a pipeline or an installation that is not there."""
    over = window(services.clock.now_ms(), range_name)
    chosen = _chosen(services, pipeline_id, installation_id)
    told = services.ledger.tallies(
        since_ms=over.since_ms,
        until_ms=over.until_ms,
        step_ms=over.step_ms,
        installation_ids=[one.id for one in chosen],
    )
    pipelines = [pipeline_id] if pipeline_id else sorted({one.pipeline_id for one in chosen})
    if pipeline_id is None and installation_id is None:
        pipelines = [one.id for one in services.control.pipelines()]
    return MetricsView(
        range=range_name,
        since=moment(over.since_ms),
        until=moment(over.now_ms),
        step_seconds=over.step_ms // 1000,
        steps=[moment(step) for step in over.steps],
        events_in=events_in(services, over, pipelines),
        events_out=events_out(over, chosen, told),
        requests=requests(over, told),
        latency=latency(over, told),
        waiting=waiting(over, told),
        backlog=_backlog(services, chosen),
        top_causes=_top_causes(services, over, chosen, is_all=pipeline_id is None and installation_id is None),
    )


def percentile(counts: Mapping[int, int], share: float) -> float | None:
    """Milliseconds, from counts by bucket: exact to the width of one, within it evenly spread. None of nothing."""
    total = sum(counts.values())
    rank, below = share * total, 0
    for number in sorted(counts):
        if below + counts[number] >= rank and counts[number]:
            lower = bound_ms(number - 1) if number else 0.0
            return round(lower + (bound_ms(number) - lower) * (rank - below) / counts[number], 1)
        below += counts[number]
    return None


def _chosen(services: Composed, pipeline_id: str | None, installation_id: str | None) -> list[Installation]:
    """With those that were removed: their past is past all the same."""
    if pipeline_id is not None:
        services.control.pipeline(pipeline_id)
    every = services.control.installations(removed=True)
    found = [one for one in every if pipeline_id in {None, one.pipeline_id} and installation_id in {None, one.id}]
    if installation_id is not None and not found:
        raise NotFound(f"There is no pipeline integration {installation_id} (of that pipeline).")
    return found


def events_in(services: Composed, over: Window, pipeline_ids: Sequence[str]) -> EventsIn:
    seconds = 60 if over.step_ms < HOUR_MS else 3600
    came: dict[bool, Counter[int]] = {True: Counter(), False: Counter()}
    for pipeline_id in pipeline_ids:
        for span in services.intake.spans(pipeline_id, seconds=seconds, since_ms=over.since_ms):
            for code, count in span.counts.items():
                came[code == ACCEPTED][span.began_ms // over.step_ms * over.step_ms] += count
    return EventsIn(accepted=over.per_minute(came[True]), refused=over.per_minute(came[False]))


def events_out(over: Window, chosen: Iterable[Installation], told: Sequence[Tally]) -> list[EventsOut]:
    """Removed ones where they sent anything in that time."""
    counted: dict[tuple[str, str], dict[int, int]] = defaultdict(dict)
    for one in told:
        counted[one.installation_id, one.name][one.began_ms] = one.count
    shown = []
    for installation in chosen:
        names = [name for name in _VERDICTS if (installation.id, name) in counted]
        replays = [name for name in _VERDICTS if (installation.id, REPLAYED + name) in counted]
        if names or replays or installation.removed_ms is None:
            shown.append(
                EventsOut(
                    pipeline_integration_id=installation.id,
                    name=installation.name,
                    vendor=installation.vendor,
                    verdicts={name: over.per_minute(counted[installation.id, name]) for name in names},
                    replayed={name: over.per_minute(counted[installation.id, REPLAYED + name]) for name in replays},
                )
            )
    return shown


def requests(over: Window, told: Sequence[Tally]) -> Requests:
    sums: dict[str, Counter[int]] = {REQUESTS: Counter(), FAILED: Counter()}
    for one in told:
        if one.name in sums:
            sums[one.name][one.began_ms] += one.count
    total, failed = (sums[name].total() for name in (REQUESTS, FAILED))
    return Requests(
        sent=over.per_minute(sums[REQUESTS]),
        failed=over.per_minute(sums[FAILED]),
        error_rate=round(failed / total, 6) if total else None,
    )


def latency(over: Window, told: Iterable[Tally]) -> Latency:
    steps: dict[int, Counter[int]] = defaultdict(Counter)
    for one in told:
        if one.name.startswith(LATENCY):
            steps[one.began_ms][int(one.name.removeprefix(LATENCY))] += one.count
    whole: Counter[int] = sum(steps.values(), Counter())
    return Latency(
        whole={name: percentile(whole, share) for name, share in PERCENTILES.items()},
        steps={
            name: tuple(percentile(steps.get(step, {}), share) for step in over.steps)
            for name, share in PERCENTILES.items()
        },
    )


def waiting(over: Window, told: Iterable[Tally]) -> Values:
    """Of each installation the mean over the looks at it in a step, and of these the sum."""
    sums: dict[tuple[int, str], Counter[str]] = defaultdict(Counter)
    for one in told:
        if one.name in {WAITING, LOOKS}:
            sums[one.began_ms, one.installation_id][one.name] += one.count
    means: dict[int, float] = {}
    for (step, _), counts in sums.items():
        if counts[LOOKS]:
            means[step] = means.get(step, 0.0) + counts[WAITING] / counts[LOOKS]
    return tuple(round(means[step], 1) if step in means else None for step in over.steps)


def _backlog(services: Composed, chosen: Iterable[Installation]) -> list[BacklogNow]:
    standings = Standings(services)
    return [backlog_view(standings.of(one)) for one in chosen if one.removed_ms is None]


def _top_causes(services: Composed, over: Window, chosen: Sequence[Installation], *, is_all: bool) -> list[Cause]:
    """Why events became dead letters in that time, the most frequent first."""
    one_id = chosen[0].id if len(chosen) == 1 else None
    known = {one.id for one in chosen}
    found = causes(services, installation_id=one_id, since_ms=over.since_ms).data
    fitting = [one for one in found if is_all or one.pipeline_integration_id in known]
    return sorted(fitting, key=lambda one: -one.count)[:_MOST_CAUSES]
