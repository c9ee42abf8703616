"""`/`: is everything well, and if not, what is to be done."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from litestar import Response, get
from litestar.params import FromPath, FromQuery

from datafly.management import metrics
from datafly.management.causes import causes
from datafly.management.metrics import RANGES, Window, window
from datafly.management.readiness import readiness
from datafly.management.services import Composed, Services
from datafly.management.standings import Standings
from datafly.management.views.alert import episode_view
from datafly.management.views.installation import PipelineIntegration
from datafly.management.views.metrics import EventsOut, Latency, Values
from datafly.management.web.charts import Chart, Series, chart
from datafly.management.web.frame import draw, fragment
from datafly.management.web.visit import PIECE, Visit
from datafly.model.installation import Installation
from datafly.store.base import Tally
from datafly.store.tallies import MINUTE_MS

_VERDICTS: Final = {"DELIVERED": "delivered", "REJECTED": "rejected", "EXHAUSTED": "gave up", "SKIPPED": "skipped"}
_MOST_CAUSES: Final = 5


class Place(msgspec.Struct, frozen=True):
    """An installation on the home page. `ready`: (segments ready, segments that could be)."""

    view: PipelineIntegration
    latency: Latency
    ready: tuple[int, int] | None
    charts: tuple[Chart, ...]


@get("/", sync_to_thread=True)
def home(*, services: Services, request: Visit, over: FromQuery[str] = "1h") -> Response[str]:
    chosen = over if over in RANGES else "1h"
    steps = window(services.clock.now_ms(), chosen)
    every = services.control.installations(removed=True)
    told = _tallies(services, steps)
    out = metrics.events_out(steps, every, told)
    standings = Standings(services)
    return draw(
        request,
        "home.html",
        place="/",
        over=chosen,
        ranges=tuple(RANGES),
        charts=_of_all(services, steps, out, told),
        places=[_place(services, standings.of(one), steps, out, told) for one in every if one.removed_ms is None],
        minute=_last_minute(services, every),
        firing=[episode_view(one) for one in services.control.open_episodes() if one.state == "firing"],
        has_events=any(services.log.heads().values()),
    )


@get("/home/causes", opt=PIECE, sync_to_thread=True)
def top_causes(*, services: Services, over: FromQuery[str] = "1h") -> Response[str]:
    """A piece of the home page, which does not wait for it: it looks through many dead letters."""
    chosen = over if over in RANGES else "1h"
    since_ms = window(services.clock.now_ms(), chosen).since_ms
    found = sorted(causes(services, since_ms=since_ms).data, key=lambda one: -one.count)
    return fragment("home_causes.html", causes=found[:_MOST_CAUSES], over=chosen)


@get("/integrations/{integration_id:str}/readiness", sync_to_thread=True)
def segments(*, services: Services, request: Visit, integration_id: FromPath[str]) -> Response[str]:
    installation = services.control.installation(integration_id)
    found = readiness(services, integration_id)
    vendor = services.catalog.get(installation.vendor).name
    values: dict[str, Any] = {"id": integration_id, "name": installation.name, "vendor": vendor, "found": found}
    return draw(request, "readiness.html", place="/integrations", **values)


def _tallies(services: Composed, over: Window) -> list[Tally]:
    return services.ledger.tallies(since_ms=over.since_ms, until_ms=over.until_ms, step_ms=over.step_ms)


def _of_all(services: Composed, steps: Window, out: Sequence[EventsOut], told: Sequence[Tally]) -> list[Chart]:
    """What came, what went out, and the requests, over everything."""
    came = metrics.events_in(services, steps, [one.id for one in services.control.pipelines()])
    asked = metrics.requests(steps, told)
    return [
        chart("Events in", "per minute", _named(accepted=came.accepted, refused=came.refused), steps),
        chart("Events out", "per minute", _by_verdict([one.verdicts for one in out], steps), steps),
        chart("Requests to vendors", "per minute", _named(sent=asked.sent, failed=asked.failed), steps),
        chart("Backlog", "events waiting", _named(waiting=metrics.waiting(steps, told)), steps),
    ]


def _place(
    services: Composed, view: PipelineIntegration, steps: Window, out: Sequence[EventsOut], told: Sequence[Tally]
) -> Place:
    mine = [one.verdicts for one in out if one.pipeline_integration_id == view.id]
    own = [one for one in told if one.installation_id == view.id]
    took, waits = metrics.latency(steps, own), metrics.waiting(steps, own)
    charts = (
        chart(f"{view.integration_name}: events out", "per minute", _by_verdict(mine, steps), steps),
        chart(f"{view.integration_name}: time to answer", "milliseconds", _named(**took.steps), steps),
        chart(f"{view.integration_name}: backlog", "events waiting", _named(waiting=waits), steps),
    )
    return Place(view, took, _ready(services, view), charts)


def _named(**values: Values) -> list[Series]:
    return [Series(name, one) for name, one in values.items()]


def _by_verdict(every: Iterable[dict[str, Values]], steps: Window) -> list[Series]:
    """Summed, each verdict a line."""
    sums = {name: Counter[int]() for name in _VERDICTS}
    for verdicts in every:
        for name, values in verdicts.items():
            sums[name].update({place: value for place, value in enumerate(values) if value})
    places = range(len(steps.steps))
    return [Series(words, tuple(sums[name][place] for place in places)) for name, words in _VERDICTS.items()]


def _last_minute(services: Composed, every: Sequence[Installation]) -> dict[str, float]:
    """What came and went out in the last whole minute, all together."""
    now_ms = services.clock.now_ms()
    last = Window(MINUTE_MS, (now_ms // MINUTE_MS * MINUTE_MS - MINUTE_MS,), now_ms)
    out = metrics.events_out(last, every, _tallies(services, last))
    came = metrics.events_in(services, last, [one.id for one in services.control.pipelines()])
    sums = {name: sum(one.verdicts.get(name, (0.0,))[0] or 0.0 for one in out) for name in _VERDICTS}
    return {"in": came.accepted[0] or 0.0, **sums}


def _ready(services: Composed, view: PipelineIntegration) -> tuple[int, int] | None:
    if services.catalog.get(view.vendor).readiness is None:
        return None
    segments = [one for one in readiness(services, view.id).segments if one.state != "vendor_only"]
    return sum(one.state == "ready" for one in segments), len(segments)


ROUTES = (home, top_causes, segments)
