"""What an integration spends at a vendor that bills by what it is told."""

from datetime import datetime

import msgspec


class PredictedView(msgspec.Struct, frozen=True):
    """What an event of that name or type costs, by the example of the integration's page."""

    event: str
    cost: int


class SpendingView(msgspec.Struct, frozen=True):
    """Of today, UTC, as Signal counts `unit`. `by_type`: type of event → what was spent with it. `spared`: fields that
    were not sent, since the vendor took them before with the same value. `cap` null: there is none.
    """

    unit: str
    note: str
    since: datetime
    spent: int
    by_type: dict[str, int]
    spared: int
    cap: int | None
    predicted: list[PredictedView]
