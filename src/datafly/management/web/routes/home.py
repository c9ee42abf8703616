"""`/`: is everything well, and if not, what is to be done."""

from typing import Any

import msgspec
from litestar import Response, get
from litestar.params import FromPath, FromQuery

from datafly.management.causes import causes
from datafly.management.figures import Series, Window, grown, stood, window
from datafly.management.metrics import RANGES
from datafly.management.readiness import readiness
from datafly.management.services import Composed, Services
from datafly.management.standings import Standings
from datafly.management.views.installation import PipelineIntegration
from datafly.management.web.charts import Chart, chart
from datafly.management.web.frame import draw, fragment
from datafly.management.web.visit import Visit
from datafly.model.refusal import ACCEPTED
from datafly.store.figures import Figure

_VERDICTS = {"DELIVERED": "delivered", "REJECTED": "rejected", "EXHAUSTED": "gave up", "SKIPPED": "skipped"}


class Place(msgspec.Struct, frozen=True):
    """An installation on the home page. `drains_seconds`: until its backlog is gone at the pace of now, None if it
    does not shrink. `ready`: (segments ready, segments that could be).
    """

    view: PipelineIntegration
    latency: dict[str, float]
    drains_seconds: float | None
    ready: tuple[int, int] | None
    charts: tuple[Chart, ...]


@get("/", sync_to_thread=True)
def home(*, services: Services, request: Visit, over: FromQuery[str] = "1h") -> Response[str]:
    chosen = over if over in RANGES else "1h"
    steps = window(services.clock.now_ms(), chosen)
    figures = services.figures.since(steps.steps[0], step_ms=steps.step_ms) if services.figures else []
    standings = Standings(services)
    installations = services.control.installations()
    places = [_place(services, standings.of(one), figures, steps) for one in installations]
    return draw(
        request,
        "home.html",
        place="/",
        over=chosen,
        ranges=tuple(RANGES),
        came=chart("Events in", "per minute", [_came(services, steps)], steps),
        places=places,
        minute=_last_minute(services, figures),
        has_events=any(services.log.heads().values()),
    )


@get("/home/causes", sync_to_thread=True)
def top_causes(*, services: Services) -> Response[str]:
    """A piece of the home page, which does not wait for it: it looks through many dead letters."""
    found = [one for one in causes(services).data if one.open]
    return fragment("home_causes.html", causes=found[:5])


@get("/integrations/{integration_id:str}/readiness", sync_to_thread=True)
def segments(*, services: Services, request: Visit, integration_id: FromPath[str]) -> Response[str]:
    installation = services.control.installation(integration_id)
    found = readiness(services, integration_id)
    vendor = services.catalog.get(installation.vendor).name
    values: dict[str, Any] = {"id": integration_id, "name": installation.name, "vendor": vendor, "found": found}
    return draw(request, "readiness.html", place="/integrations", **values)


def _came(services: Composed, steps: Window) -> Series:
    """Accepted by all pipelines, as the gateway counted it, per minute."""
    seconds = 60 if steps.step_ms < 3_600_000 else 3_600
    found = dict.fromkeys(steps.steps, 0.0)
    for pipeline in services.control.pipelines():
        for span in services.intake.spans(pipeline.id, seconds=seconds, since_ms=steps.steps[0]):
            step = span.began_ms // steps.step_ms * steps.step_ms
            if step in found:
                found[step] += span.counts.get(ACCEPTED, 0) * steps.per_minute
    return Series("accepted", tuple(found.values()))


def _last_minute(services: Composed, figures: list[Figure]) -> dict[str, float | None]:
    """What went out in the last whole minute, all installations together."""
    now_ms = services.clock.now_ms()
    steps = Window(60_000, (now_ms // 60_000 * 60_000 - 60_000,))
    recent = services.figures.since(steps.steps[0], step_ms=60_000) if services.figures else figures
    out = {one.name: one.values[0] for one in grown(recent, steps, tuple(_VERDICTS))}
    return {"in": _came(services, steps).values[0], **out}


def _place(services: Composed, view: PipelineIntegration, figures: list[Figure], steps: Window) -> Place:
    series = grown(figures, steps, tuple(_VERDICTS), subject=view.id)
    named = [Series(_VERDICTS[one.name], one.values) for one in series]
    times = stood(figures, steps, ("p50", "p95", "p99"), subject=view.id)
    last = {one.name: known[-1] for one in times if (known := [value for value in one.values if value is not None])}
    charts = (
        chart(f"{view.integration_name}: events out", "per minute", named, steps),
        chart(f"{view.integration_name}: time to answer", "milliseconds", times, steps),
    )
    return Place(view, last, _drains(view, figures), _ready(services, view), charts)


def _drains(view: PipelineIntegration, figures: list[Figure]) -> float | None:
    """By how the backlog changed between the two newest figures of it."""
    lags = [(one.at_ms, one.value) for one in figures if (one.subject, one.name) == (view.id, "lag")][-2:]
    if view.lag == 0 or len(lags) < 2:
        return 0.0 if view.lag == 0 else None
    (before_ms, before), (after_ms, after) = lags
    shrinks = (before - after) / max((after_ms - before_ms) / 1_000, 1)
    return view.lag / shrinks if shrinks > 0 else None


def _ready(services: Composed, view: PipelineIntegration) -> tuple[int, int] | None:
    if services.catalog.get(view.vendor).readiness is None:
        return None
    segments = [one for one in readiness(services, view.id).segments if one.state != "vendor_only"]
    return sum(one.state == "ready" for one in segments), len(segments)


ROUTES = (home, top_causes, segments)
