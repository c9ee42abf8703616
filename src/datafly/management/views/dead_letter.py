"""Dead letters and the replays over them, as the API shows them."""

from datetime import datetime
from typing import Final

import msgspec

from datafly.management.views.event import EventSummary
from datafly.management.views.exchange import RequestView, ResponseView
from datafly.management.views.times import moment
from datafly.model.delivery import Replay
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
    """A run over dead letters. `state`: queued, running, done. `verdicts` counts what is final so far."""

    id: str
    pipeline_integration_id: str
    state: str
    count: int
    created_at: datetime
    created_by: str
    verdicts: dict[str, int]


def dead_letter_id(row_id: int) -> str:
    return f"{PREFIX}{row_id}"


def replay_view(replay: Replay, verdicts: dict[str, int]) -> ReplayView:
    return ReplayView(
        id=replay.id,
        pipeline_integration_id=replay.installation_id,
        state=replay.state,
        count=len(replay.members),
        created_at=moment(replay.created_ms),
        created_by=replay.created_by,
        verdicts=verdicts,
    )
