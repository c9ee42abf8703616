"""What the home page shows over time: taken each minute from counters that are there anyway."""

from collections.abc import Iterator, Sequence
from typing import Final, Protocol

import msgspec

from datafly.management.metrics import PERCENTILES, RANGES, latencies, percentile
from datafly.management.services import Composed
from datafly.management.standings import Standings
from datafly.model.verdict import FINAL
from datafly.store.figures import HOUR_MS, MINUTE_MS, Figure

COUNTED: Final = tuple(sorted(verdict.value for verdict in FINAL))


class Keeper(Protocol):
    def keep(self, figures: Sequence[Figure]) -> None: ...

    def since(self, since_ms: int, *, step_ms: int) -> list[Figure]: ...


def take(services: Composed, keeper: Keeper) -> None:
    """Blocking: what the counters say now, for the minute that runs."""
    at_ms = services.clock.now_ms() // MINUTE_MS * MINUTE_MS
    keeper.keep(list(_figures(services, at_ms)))


def _figures(services: Composed, at_ms: int) -> Iterator[Figure]:
    yield Figure(at_ms, "", "events", sum(services.log.heads().values()))
    standings = Standings(services)
    for installation in services.control.installations():
        view = standings.of(installation)
        for name in COUNTED:
            yield Figure(at_ms, installation.id, name, view.counts.get(name, 0))
        yield Figure(at_ms, installation.id, "lag", view.lag)
        for name, value in latency(services, installation.id, since_ms=at_ms - HOUR_MS).items():
            yield Figure(at_ms, installation.id, name, value)


def latency(services: Composed, installation_id: str, *, since_ms: int) -> dict[str, float]:
    """Percentiles of how long the vendor took, in milliseconds, in the hour since then; {} if there was no request.

    By counts, known to a fifth: the requests themselves may be megabytes each.
    """
    told = services.ledger.tallies(
        since_ms=since_ms,
        until_ms=since_ms + HOUR_MS + MINUTE_MS,
        step_ms=MINUTE_MS,
        installation_ids=[installation_id],
    )
    counted = latencies(told)
    found = {name: percentile(counted, share) for name, share in PERCENTILES.items()}
    return {name: value for name, value in found.items() if value is not None}


class Series(msgspec.Struct, frozen=True):
    """One line of a chart: a value for each step, None where nothing was taken."""

    name: str
    values: tuple[float | None, ...]


class Window(msgspec.Struct, frozen=True):
    """The steps of a range: their beginnings, oldest first."""

    step_ms: int
    steps: tuple[int, ...]

    @property
    def per_minute(self) -> float:
        return MINUTE_MS / self.step_ms


def window(now_ms: int, name: str) -> Window:
    """Whole steps, the one that runs not among them."""
    span_ms, step_ms = RANGES[name]
    end = now_ms // step_ms * step_ms
    return Window(step_ms, tuple(range(end - span_ms, end, step_ms)))


def grown(figures: Sequence[Figure], over: Window, names: Sequence[str], *, subject: str = "") -> list[Series]:
    """How much each counter grew per minute in each step; with `subject` "" summed over all that have such a one."""
    return [Series(name, tuple(_rates(figures, over, name, subject))) for name in names]


def stood(figures: Sequence[Figure], over: Window, names: Sequence[str], *, subject: str) -> list[Series]:
    """What each gauge said at each step."""
    found = {(one.at_ms, one.name): one.value for one in figures if one.subject == subject}
    return [Series(name, tuple(found.get((step, name)) for step in over.steps)) for name in names]


def _rates(figures: Sequence[Figure], over: Window, name: str, subject: str) -> Iterator[float | None]:
    totals: dict[int, dict[str, float]] = {}
    for one in figures:
        if one.name == name and subject in {"", one.subject}:
            totals.setdefault(one.at_ms, {})[one.subject] = one.value
    for step in over.steps:
        before, after = totals.get(step), totals.get(step + over.step_ms)
        if before is None or after is None:
            yield None
        else:
            yield sum(max(value - before.get(which, value), 0) for which, value in after.items()) * over.per_minute
