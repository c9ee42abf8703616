"""A user's life as one timeline by day, newest first: what they did, how the profile changed, what was ignored."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby

import msgspec

from datafly.sandbox.insider.state.history import Change
from datafly.sandbox.insider.state.profiles import StoredEvent, StoredIgnored


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One of the three is there; lines of an order share their moment and stay in the order that they arrived in."""

    moment: datetime
    request_id: int
    event: StoredEvent | None = None
    change: Change | None = None
    ignored: tuple[StoredIgnored, ...] = ()


class Day(msgspec.Struct, frozen=True):
    words: str
    entries: tuple[Entry, ...]


def timeline(
    events: Sequence[StoredEvent], changes: Sequence[Change], ignored: Sequence[StoredIgnored]
) -> tuple[Day, ...]:
    entries = [*map(_of_event, events), *_of_requests(ignored), *map(_of_change, changes)]
    entries.sort(key=lambda entry: (entry.moment, entry.request_id), reverse=True)
    days = groupby(entries, key=lambda entry: entry.moment.date())
    return tuple(Day(f"{date:%A}, {date.day} {date:%B %Y}", tuple(found)) for date, found in days)


def _of_event(event: StoredEvent) -> Entry:
    return Entry(moment=datetime.fromisoformat(event.timestamp), request_id=event.request_id, event=event)


def _of_change(change: Change) -> Entry:
    return Entry(moment=datetime.fromisoformat(change.at), request_id=change.request_id, change=change)


def _of_requests(ignored: Sequence[StoredIgnored]) -> Iterable[Entry]:
    in_order = sorted(ignored, key=lambda each: each.request_id)
    for request_id, found in groupby(in_order, key=lambda each: each.request_id):
        together = tuple(found)
        yield Entry(moment=datetime.fromisoformat(together[0].at), request_id=request_id, ignored=together)
