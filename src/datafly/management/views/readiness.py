"""What of a vendor's standard events arrives there, and whether its segments can work with it."""

from datetime import date, datetime

import msgspec


class WindowView(msgspec.Struct, frozen=True):
    """Days in UTC by the time of sending, both included; `events`: how many of the vendor's events were delivered."""

    days: int
    first: date
    last: date
    events: int


class ParameterView(msgspec.Struct, frozen=True):
    """`state`: arrives (with nearly every event of the window), partly, missing; `needed`: by a segment."""

    name: str
    state: str
    count: int
    needed: bool


class StandardEventView(msgspec.Struct, frozen=True):
    """`state`: arrives, stopped (not in the window, but before), missing. `count`: in the window.

    `parameters` are judged by the events of the window. `sent_for`: what becomes this event.
    """

    name: str
    display_name: str
    sent_for: str
    state: str
    count: int
    first_seen_on: date | None
    last_seen_on: date | None
    parameters: list[ParameterView]


class OtherEventView(msgspec.Struct, frozen=True):
    """An event whose name is not the vendor's own; "" sums up those beyond a bounded number."""

    name: str
    count: int


class NeedView(msgspec.Struct, frozen=True):
    """What a segment needs, in words, and what there is."""

    need: str
    met: bool
    have: str


class HintView(msgspec.Struct, frozen=True):
    """The row of the integration's Troubleshooting that applies."""

    symptom: str
    cause: str
    cure: str


class SegmentView(msgspec.Struct, frozen=True):
    """`state`: ready, not_ready, vendor_only (`note` says why no event of ours makes it work)."""

    name: str
    note: str
    state: str
    needs: list[NeedView]
    hint: HintView | None


class ReadinessView(msgspec.Struct, frozen=True):
    """`window` is what events and parameters are judged by; each need of a segment names its own days.

    `counted_since`: nothing was counted before. What is counted is what the vendor took.
    """

    vendor: str
    window: WindowView
    counted_since: datetime
    events: list[StandardEventView]
    other_events: list[OtherEventView]
    segments: list[SegmentView]
    source: str
