"""Looks up what became of events: for every installation that an event concerns, a delivery or what it waits for."""

from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from datafly.management.as_sent import AsSent
from datafly.management.services import Composed
from datafly.management.views.event import DeliveryView, LiveEvent, PendingView, live_event
from datafly.management.views.fate import UNREADABLE, Pick, delivery_view, expired_view, pending_view
from datafly.model.delivery import LIVE, State
from datafly.model.event import Event
from datafly.model.installation import Installation
from datafly.spec.compiled import Compiled
from datafly.store.base import Delivery, Progress

PAGE: Final = 64
"""As `neighbours`: about a page of events."""
_CLOSE: Final = 16


class _Stretch(msgspec.Struct, frozen=True):
    """What is known of `first`..`last` of a partition."""

    first: int
    last: int
    found: dict[int, list[Delivery]]


class Fates:
    """One look at the ledger, for a page of events: marks and states are read once, before any delivery.

    That order matters: a mark is written together with what it covers, so what lies below a mark that was read has its
    record, or had it. `neighbours`: so many offsets are looked up together where events lie close, one after
    another.
    """

    def __init__(self, services: Composed, *, neighbours: int = 1) -> None:
        self._services = services
        self._neighbours = neighbours
        self._known: dict[int, _Stretch] = {}
        self._installations = services.control.installations(removed=True)
        self._states: dict[str, State] = services.ledger.states()
        self._progress: dict[tuple[str, int], Progress | None] = {}
        self._picks: dict[str, Pick | None] = {}
        self.as_sent = AsSent(services.log)

    def of(self, event: Event, partition: int, offset: int) -> LiveEvent:
        concerned = [found for found in self._installations if concerns(found, event.pipeline_id, partition, offset)]
        decided = {found.id: self._is_final(found.id, partition, offset) for found in concerned}
        known = self._deliveries(partition, offset) if concerned else []
        deliveries: list[DeliveryView] = []
        pending: list[PendingView] = []
        for installation in concerned:
            mine = [found for found in known if found.installation_id == installation.id]
            for view in self._each(installation, mine, offset, decided=decided[installation.id]):
                if isinstance(view, DeliveryView):
                    deliveries.append(self.as_sent.view(view, installation, partition, offset))
                else:
                    pending.append(self.as_sent.view(view, installation, partition, offset))
        return live_event(event, deliveries, pending)

    def is_final(self, event: Event, partition: int, offset: int) -> bool:
        """Whether every installation that the event concerns has decided."""
        return all(
            self._is_final(found.id, partition, offset)
            for found in self._installations
            if concerns(found, event.pipeline_id, partition, offset)
        )

    def suspended(self) -> frozenset[str]:
        """The installations that wait for an operator."""
        return frozenset(found for found, state in self._states.items() if state.name == "suspended")

    def pick(self, installation: Installation) -> Pick | None:
        if installation.id not in self._picks:
            self._picks[installation.id] = compiled_pick(self._services.compile, installation)
        return self._picks[installation.id]

    def _each(
        self, installation: Installation, known: list[Delivery], offset: int, *, decided: bool
    ) -> Iterator[DeliveryView | PendingView]:
        state = self._states.get(installation.id)
        for found in known:
            if found.verdict is not None:
                yield delivery_view(installation, found, offset, self.pick(installation))
            elif found.pending:
                yield pending_view(installation, found.pending, state, run_id=found.run_id)
        if any(found.run_id == LIVE for found in known):
            return
        if decided:
            yield expired_view(installation)
        else:
            yield pending_view(installation, None, state)

    def _deliveries(self, partition: int, offset: int) -> list[Delivery]:
        """Of many that lie close a stretch at a time; one that lies apart is looked up alone."""
        known = self._known.get(partition)
        if known is None or not known.first <= offset <= known.last:
            known = self._known[partition] = self._read(partition, offset, known)
        return known.found.get(offset, [])

    def _read(self, partition: int, offset: int, before: _Stretch | None) -> _Stretch:
        first = last = offset
        if before and min(abs(offset - before.first), abs(offset - before.last)) <= _CLOSE:
            first = max(offset - offset % self._neighbours, 0)
            last = first + self._neighbours - 1
        for found in self._installations:
            if _concerns_any(found, partition, first, last):
                self._is_final(found.id, partition, offset)
        return _Stretch(first, last, self._services.ledger.deliveries_within(partition, first, last))

    def _is_final(self, installation_id: str, partition: int, offset: int) -> bool:
        key = (installation_id, partition)
        if key not in self._progress:
            self._progress[key] = self._services.ledger.progress(installation_id, partition)
        progress = self._progress[key]
        return progress is not None and (offset < progress.mark or offset in progress.finals)


def concerns(installation: Installation, pipeline_id: str, partition: int, offset: int) -> bool:
    """Whether the event at this place comes after the installation's start and, once removed, before its end."""
    if installation.pipeline_id != pipeline_id or offset < installation.start.get(partition, 0):
        return False
    return installation.removed_ms is None or offset < installation.end.get(partition, 0)


def _concerns_any(installation: Installation, partition: int, first: int, last: int) -> bool:
    """Whether it may have had to do with one of these."""
    if last < installation.start.get(partition, 0):
        return False
    return installation.removed_ms is None or first < installation.end.get(partition, 0)


def compiled_pick(compile_: Callable[[Installation], Compiled], installation: Installation) -> Pick | None:
    """None where the installation's config does not compile."""
    try:
        return compile_(installation).pick
    except UNREADABLE:
        return None
