"""Dead letters and the replays over them, as the API shows them."""

from datetime import datetime
from typing import Final

import msgspec

from datafly.management.views.event import EventSummary
from datafly.management.views.exchange import RequestView, ResponseView
from datafly.management.views.times import moment
from datafly.model.delivery import Plan, Replay
from datafly.model.verdict import Verdict

PREFIX: Final = "dl_"


class ReplayOfEvent(msgspec.Struct, frozen=True):
    """A run that holds the dead letter; `verdict` is what came of it there, null until it is final."""

    id: str
    state: str
    verdict: Verdict | None


class DeadLetter(msgspec.Struct, frozen=True):
    """A refusal or a giving up. It may stand for a range of events (`count`); `event` is then the first of them.

    `event` is null where the event itself is not kept any more: it cannot be replayed then.
    """

    id: str
    pipeline_integration_id: str
    integration_name: str | None
    vendor: str | None
    verdict: Verdict
    reason: str | None
    cause: str | None
    cure: str | None
    symptom: str | None
    decided_at: datetime
    run_id: str | None
    count: int
    event: EventSummary | None
    attempts: int
    request: RequestView | None
    response: ResponseView | None
    replayed: bool
    discarded: bool
    replays: list[ReplayOfEvent]


class ReplayView(msgspec.Struct, frozen=True):
    """Events that are sent again. `state`: queued, running, paused, cancelled, done. `verdicts` counts what is final.

    `count`: events in it; where `is_counted` is false, so many at least. `progress`: 0 to 1. `rate_share`: the most
    that it takes of the vendor's rate. `quiet`: sent as history. `filter`: what of the stretch of time is taken.
    """

    id: str
    pipeline_integration_id: str
    state: str
    count: int
    created_at: datetime
    created_by: str
    verdicts: dict[str, int]
    progress: float
    is_counted: bool
    rate_share: float
    quiet: bool
    filter: dict[str, str]


def dead_letter_id(row_id: int) -> str:
    return f"{PREFIX}{row_id}"


def replay_view(replay: Replay, verdicts: dict[str, int], progress: float | None = None) -> ReplayView:
    """`progress` None: as many as are decided."""
    plan = replay.plan or Plan(count=len(replay.members))
    decided = 1.0 if replay.state == "done" else min(sum(verdicts.values()) / max(plan.count, 1), 1.0)
    return ReplayView(
        id=replay.id,
        pipeline_integration_id=replay.installation_id,
        state=replay.state,
        count=plan.count,
        created_at=moment(replay.created_ms),
        created_by=replay.created_by,
        verdicts=verdicts,
        progress=round(decided if progress is None else progress, 4),
        is_counted=plan.is_counted,
        rate_share=plan.rate_share,
        quiet=plan.quiet,
        filter=msgspec.to_builtins(plan.selection),
    )
