"""Counts of what arrived at a vendor → what it can make of it, by what its definition says that it needs."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final

from datafly.management.services import Composed
from datafly.management.views.readiness import (
    HintView,
    NeedView,
    OtherEventView,
    ParameterView,
    ReadinessView,
    SegmentView,
    StandardEventView,
    WindowView,
)
from datafly.management.views.times import moment
from datafly.model.delivery import Sighting
from datafly.model.errors import Conflict
from datafly.model.installation import Installation
from datafly.spec.integration import Integration
from datafly.spec.readiness import EventsNeed, Readiness, Segment, StandardEvent

WINDOW_DAYS: Final = 7
LOOKED_BACK_DAYS: Final = 45
"""As long as sightings are kept."""
NEARLY_EVERY: Final = 0.95
"""A share from which a parameter counts as arriving; ours, since vendors name none."""
_OTHERS_SHOWN: Final = 50
_EPOCH: Final = date(1970, 1, 1)
_DAY_MS: Final = 86_400_000


def readiness(services: Composed, installation_id: str) -> ReadinessView:
    """Raises `NotFound`, or `Conflict` where nothing is known of what the vendor needs."""
    installation = services.control.installation(installation_id)
    integration = services.catalog.get(installation.vendor)
    if integration.readiness is None:
        raise Conflict(
            f"Nothing is known of which standard events {integration.name} needs.", code="NO_READINESS", status=409
        )
    today = services.clock.now_ms() // _DAY_MS
    sightings = services.ledger.sightings(installation.id, since_day=today - LOOKED_BACK_DAYS + 1)
    return _Judge(integration, integration.readiness, sightings, today).view(installation)


class _Judge:
    """`counts`: (day, name, param) → how many."""

    def __init__(self, integration: Integration, known: Readiness, sightings: Sequence[Sighting], today: int) -> None:
        self._integration = integration
        self._known = known
        self._today = today
        self._counts = {(one.day, one.name, one.param): one.count for one in sightings}
        self._days: dict[str, list[int]] = {}
        for day, name, param in sorted(self._counts):
            if not param:
                self._days.setdefault(name, []).append(day)

    def view(self, installation: Installation) -> ReadinessView:
        everything = self._by_name(WINDOW_DAYS)
        return ReadinessView(
            vendor=installation.vendor,
            window=WindowView(
                days=WINDOW_DAYS,
                first=_date(self._today - WINDOW_DAYS + 1),
                last=_date(self._today),
                events=everything.total(),
            ),
            counted_since=max(moment(installation.created_ms), _start_of(self._today - LOOKED_BACK_DAYS + 1)),
            events=[self._event(one) for one in self._known.events],
            other_events=self._others(everything),
            segments=[self._segment(one) for one in self._known.segments],
            source=self._known.source,
        )

    def _count(self, name: str, param: str = "", *, days: int = WINDOW_DAYS) -> int:
        return sum(self._counts.get((self._today - ago, name, param), 0) for ago in range(days))

    def _by_name(self, days: int) -> Counter[str]:
        found: Counter[str] = Counter()
        for (day, name, param), count in self._counts.items():
            if not param and day > self._today - days:
                found[name] += count
        return found

    def _event(self, event: StandardEvent) -> StandardEventView:
        count, days = self._count(event.name), self._days.get(event.name)
        needed = {param for one in self._known.segments if _needs(one, event.name) for param in one.params}
        return StandardEventView(
            name=event.name,
            display_name=event.display,
            sent_for=event.sent_for,
            state="arrives" if count else "stopped" if days else "missing",
            count=count,
            first_seen_on=_date(days[0]) if days else None,
            last_seen_on=_date(days[-1]) if days else None,
            parameters=[self._parameter(event.name, param, count, needed) for param in event.params],
        )

    def _parameter(self, event: str, param: str, events: int, needed: set[str]) -> ParameterView:
        count = self._count(event, param)
        state = "missing" if not count else "arrives" if count >= NEARLY_EVERY * events else "partly"
        return ParameterView(name=param, state=state, count=count, needed=param in needed)

    def _others(self, everything: Counter[str]) -> list[OtherEventView]:
        standard = self._known.standard_names()
        others = [(name, count) for name, count in everything.most_common() if name not in standard]
        return [OtherEventView(name, count) for name, count in others[:_OTHERS_SHOWN]]

    def _segment(self, segment: Segment) -> SegmentView:
        if segment.vendor_only:
            return SegmentView(segment.name, segment.vendor_only, "vendor_only", [], None)
        needs = list(self._needs_of(segment))
        ready = all(need.met for need in needs)
        hint = None if ready else self._hint(segment)
        return SegmentView(segment.name, segment.note, "ready" if ready else "not_ready", needs, hint)

    def _needs_of(self, segment: Segment) -> Iterator[NeedView]:
        for need in segment.events:
            yield self._enough(need)
        for need in segment.events:
            if segment.running_days:
                yield self._running(need.event, segment.running_days)
        for need in segment.events:
            for param in segment.params:
                yield self._carried(need, param)

    def _enough(self, need: EventsNeed) -> NeedView:
        have = self._count(need.event, days=need.days)
        words = f"at least {need.at_least:,} {need.event} in {need.days} days"
        return NeedView(words, have >= need.at_least, f"{have:,} in the last {need.days} days")

    def _running(self, event: str, wanted: int) -> NeedView:
        """From the first day on which it was seen; a day on which none came does not begin it anew."""
        days = self._days.get(event)
        running = self._today - days[0] if days else 0
        have = f"since {_date(days[0])}, {running} days" if days else "not seen yet"
        return NeedView(f"{event} for at least {wanted} days", running >= wanted, have)

    def _carried(self, need: EventsNeed, param: str) -> NeedView:
        events, carried = (self._count(need.event, which, days=need.days) for which in ("", param))
        met = events > 0 and carried >= NEARLY_EVERY * events
        return NeedView(f"{param} with {need.event}", met, f"with {carried:,} of {events:,} in {need.days} days")

    def _hint(self, segment: Segment) -> HintView | None:
        """Where an event that it needs does not come at all, and others come by names that the vendor does not know."""
        absent = any(not self._count(need.event, days=need.days) for need in segment.events)
        if not absent or not self._others(self._by_name(LOOKED_BACK_DAYS)):
            return None
        hints = (one for one in self._integration.hints if one.symptom == self._known.hint)
        return next((HintView(one.symptom, one.cause, one.cure) for one in hints), None)


def _needs(segment: Segment, event: str) -> bool:
    return any(need.event == event for need in segment.events)


def _date(day: int) -> date:
    return _EPOCH + timedelta(days=day)


def _start_of(day: int) -> datetime:
    return datetime.combine(_date(day), datetime.min.time(), UTC)
