"""What is worth a look about an installation: warnings, and where the vendor's answers contradict its contract."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from datafly.management.views.times import moment
from datafly.model.delivery import DRIFT, WARNING, Notice


class NoticeView(msgspec.Struct, frozen=True):
    """`sentence` holds names of fields and no values: `…` and `[]` stand in their place, `n` for a number."""

    sentence: str
    count: int
    last_seen_at: datetime


class NoticesView(msgspec.Struct, frozen=True):
    """The most frequent first. `warnings` count events, `drift` counts answers.

    Only the sentences that were given last are kept one by one; `other_warnings` and `other_drift` sum up the rest.
    """

    warnings: list[NoticeView]
    other_warnings: int
    drift: list[NoticeView]
    other_drift: int


def notices_view(notices: Sequence[Notice]) -> NoticesView:
    return NoticesView(
        warnings=_told(notices, WARNING),
        other_warnings=_others(notices, WARNING),
        drift=_told(notices, DRIFT),
        other_drift=_others(notices, DRIFT),
    )


def _told(notices: Sequence[Notice], kind: str) -> list[NoticeView]:
    return [
        NoticeView(one.sentence, one.count, moment(one.last_ms)) for one in notices if one.kind == kind and one.sentence
    ]


def _others(notices: Sequence[Notice], kind: str) -> int:
    return sum(one.count for one in notices if one.kind == kind and not one.sentence)
