"""Figures over time, as the API shows them."""

from datetime import datetime

import msgspec

from datafly.management.causes import Cause
from datafly.management.views.installation import PipelineIntegration

Values = tuple[float | None, ...]
"""One for each step."""


class EventsIn(msgspec.Struct, frozen=True):
    """Events a minute that were taken, and that were refused; of the pipelines chosen."""

    accepted: Values
    refused: Values


class EventsOut(msgspec.Struct, frozen=True):
    """Events a minute that became final, by verdict; `replayed` in replays, beside what came live."""

    pipeline_integration_id: str
    name: str
    vendor: str
    verdicts: dict[str, Values]
    replayed: dict[str, Values]


class Requests(msgspec.Struct, frozen=True):
    """Requests to vendors a minute, and those of them that nothing was taken of. `error_rate`: of all, 0 to 1."""

    sent: Values
    failed: Values
    error_rate: float | None


class Latency(msgspec.Struct, frozen=True):
    """How long vendors took to answer, in milliseconds, to a fifth: p50, p95, p99; null where nothing was asked."""

    whole: dict[str, float | None]
    steps: dict[str, Values]


class BacklogNow(msgspec.Struct, frozen=True):
    """What is not final yet. `seconds_left` null: nothing moves, or nothing waits."""

    pipeline_integration_id: str
    state: str
    lag: int
    events_per_second: float
    seconds_left: float | None


class MetricsView(msgspec.Struct, frozen=True):
    """Series over one range in `steps`, of which the last is under way. At most 72 steps, whatever the range.

    `waiting`: events that were not final, the mean of each step over all together; null where nobody looked.
    `top_causes`: why events became dead letters in that time, at most ten.
    """

    range: str
    since: datetime
    until: datetime
    step_seconds: int
    steps: list[datetime]
    events_in: EventsIn
    events_out: list[EventsOut]
    requests: Requests
    latency: Latency
    waiting: Values
    backlog: list[BacklogNow]
    top_causes: list[Cause]


def backlog_view(shown: PipelineIntegration) -> BacklogNow:
    return BacklogNow(
        pipeline_integration_id=shown.id,
        state=shown.state.name,
        lag=shown.lag,
        events_per_second=shown.drain.events_per_second,
        seconds_left=shown.drain.seconds_left,
    )
