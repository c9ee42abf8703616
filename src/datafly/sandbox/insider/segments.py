"""Which segments of Insider would have the data that they need, told from what arrived.

The figures are Insider's (volume and duration of its predictive segments); how they are counted here is ours.
"""

from datetime import datetime, timedelta

import msgspec

from datafly.sandbox.database import as_utc
from datafly.sandbox.insider.account import Account
from datafly.sandbox.insider.state import State

_VIEWS = ("product_detail_page_view",)
_PURCHASES = ("confirmation_page_view", "purchase")
_PRICED = ("product_id", "unit_sale_price", "currency")


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """What a segment asks for; `seen` of at least `wanted`, both in the unit that `words` name.

    What is only `advised` makes it better and is not asked for.
    """

    words: str
    seen: int
    wanted: int
    advised: bool = False

    @property
    def is_met(self) -> bool:
        return self.seen >= self.wanted


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """`cannot` tells why no data of this API can meet it."""

    name: str
    kind: str
    summary: str
    needs: tuple[Need, ...] = ()
    cannot: str = ""

    @property
    def is_met(self) -> bool:
        return not self.cannot and all(need.is_met or need.advised for need in self.needs)


def segments(state: State, account: Account, now: datetime) -> tuple[Segment, ...]:
    return (
        _likelihood(state, account, now),
        Segment(
            name="Discount Affinity",
            kind="predictive",
            summary="Who buys only at a discount.",
            needs=(Need(words="days of data", seen=_days(state, account, now), wanted=30), _priced(state, account)),
        ),
        Segment(
            name="Channel engagement",
            kind="predictive",
            summary="Who opens and clicks in which channel.",
            cannot="It needs events of channels, which Insider produces itself when it sends messages.",
        ),
        *_purchasing(state, account),
        _on_event(state, account),
    )


def _likelihood(state: State, account: Account, now: datetime) -> Segment:
    week = as_utc(now - timedelta(days=7))
    return Segment(
        name="Likelihood to Purchase",
        kind="predictive",
        summary="Who is about to buy. Online and offline data count.",
        needs=(
            Need(
                words="product_detail_page_view in the last 7 days",
                seen=state.explorer.count(account, _VIEWS, since=week),
                wanted=1001,
            ),
            Need(
                words="purchases in the last 7 days",
                seen=state.explorer.count(account, _PURCHASES, since=week),
                wanted=100,
            ),
            Need(words="days that data has been coming in", seen=_days(state, account, now), wanted=14),
            _priced(state, account, (*_VIEWS, *_PURCHASES)),
        ),
    )


def _purchasing(state: State, account: Account) -> tuple[Segment, ...]:
    def segment(name: str, summary: str, *carrying: str) -> Segment:
        words = f"purchase with {' and '.join(carrying)}" if carrying else "purchase"
        seen = state.explorer.count(account, _PURCHASES, carrying=carrying)
        return Segment(name=name, kind="standard", summary=summary, needs=(Need(words=words, seen=seen, wanted=1),))

    return (
        segment("Purchase count", "How often somebody bought.", "event_group_id"),
        segment("Purchase amount", "How much somebody spent.", "unit_sale_price", "currency"),
        segment("Purchased product", "Who bought a product.", "product_id"),
        segment("Purchased category", "Who bought from a category.", "taxonomy"),
    )


def _on_event(state: State, account: Account) -> Segment:
    people = state.profiles.count(account)
    speaking = Need(
        words="users with a language (without one they are reached by “All Languages” only)",
        seen=state.explorer.users_with(account, "language"),
        wanted=max(people, 1),
        advised=True,
    )
    events = Need(words="event of any name", seen=state.explorer.count(account, ()), wanted=1)
    summary = "Journeys that an event starts. Requests with skip_hook start none."
    return Segment(name="On Event", kind="Architect", summary=summary, needs=(events, speaking))


def _priced(state: State, account: Account, names: tuple[str, ...] = _PURCHASES) -> Need:
    """All of these events carry what models read; at least one, so that none is not all."""
    return Need(
        words=f"{'purchases' if names == _PURCHASES else 'views and purchases'} with product_id, price and currency",
        seen=state.explorer.count(account, names, carrying=_PRICED),
        wanted=max(state.explorer.count(account, names), 1),
    )


def _days(state: State, account: Account, now: datetime) -> int:
    oldest = state.explorer.oldest(account)
    return max(0, (now - datetime.fromisoformat(oldest)).days) if oldest else 0
