"""What came in, and what of it was refused."""

from collections import Counter
from datetime import datetime
from typing import Any

import msgspec

from datafly.management.views.times import moment
from datafly.model.refusal import ACCEPTED, KeptRefusal
from datafly.store.incoming import Span


class RefusedEvent(msgspec.Struct, frozen=True):
    """What a valid key sent and was refused. Values are not kept: `outline` has names and kinds, of what is no JSON an
    excerpt with `x` for letters and `0` for digits. `index`: its place in a batch. `status` null: nobody was answered.
    """

    id: str
    pipeline_id: str
    at: datetime
    stage: str
    door: str
    code: str
    status: int | None
    message: str
    index: int | None
    type: str | None
    event: str | None
    message_id: str | None
    size_bytes: int
    outline: str


class IntakeSpan(msgspec.Struct, frozen=True):
    """One minute or hour, told by its beginning. `by_code` counts what was refused."""

    at: datetime
    accepted: int
    refused: int
    by_code: dict[str, int]


class IntakeTotals(msgspec.Struct, frozen=True):
    """Since counting began; these never fall."""

    accepted: int
    refused: int
    by_code: dict[str, int]


class IntakeView(msgspec.Struct, frozen=True):
    """Events; a request that was refused whole is one. `refusal_rate`: of the window, 0 to 1; null if nothing came.

    `spans` are the minutes or hours of the window in which anything came, oldest first.
    """

    pipeline_id: str
    per: str
    since: datetime
    accepted: int
    refused: int
    refusal_rate: float | None
    by_code: dict[str, int]
    spans: list[IntakeSpan]
    totals: IntakeTotals


def refused_event(row_id: int, kept: KeptRefusal) -> RefusedEvent:
    shown: dict[str, Any] = {name: getattr(kept, name) for name in kept.__struct_fields__ if name != "at_ms"}
    return RefusedEvent(**shown | {"id": f"ref_{row_id}", "at": moment(kept.at_ms), "status": kept.status or None})


def intake_view(pipeline_id: str, per: str, since_ms: int, spans: list[Span], totals: dict[str, int]) -> IntakeView:
    counted: Counter[str] = Counter()
    for span in spans:
        counted.update(span.counts)
    window = _told(counted)
    came = window.accepted + window.refused
    return IntakeView(
        pipeline_id=pipeline_id,
        per=per,
        since=moment(since_ms),
        accepted=window.accepted,
        refused=window.refused,
        refusal_rate=window.refused / came if came else None,
        by_code=window.by_code,
        spans=[IntakeSpan(moment(span.began_ms), *msgspec.structs.astuple(_told(span.counts))) for span in spans],
        totals=_told(totals),
    )


def _told(counts: dict[str, int]) -> IntakeTotals:
    by_code = dict(sorted((code, count) for code, count in counts.items() if code != ACCEPTED))
    return IntakeTotals(counts.get(ACCEPTED, 0), sum(by_code.values()), by_code)
