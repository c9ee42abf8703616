"""Chooses the members of a replay: which events of which dead letters are sent again."""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from datafly.management.dead_letters import Replays, Row, Wanted, by_id, expand, is_settled
from datafly.management.installing import in_force
from datafly.management.search import Filters, fits
from datafly.management.services import Composed
from datafly.model.delivery import DISCARDED, Outcome, Replay
from datafly.model.errors import Conflict, Invalid, NotFound
from datafly.model.installation import Installation
from datafly.store.ids import fresh_id

_CHUNK: Final = 500
Member = tuple[int, int]


class Chosen(msgspec.Struct, frozen=True):
    """`members` ascending. `more`: others fit, beyond the bound. `not_kept`: dead letters whose events are gone."""

    installation_id: str
    members: tuple[Member, ...]
    more: bool = False
    not_kept: int = 0


def by_ids(services: Composed, ids: Sequence[str]) -> Chosen:
    """Just these, also if they were replayed before. Raises `NotFound`, or `Invalid` over the bound."""
    rows = [by_id(services, dead_letter_id) for dead_letter_id in dict.fromkeys(ids)]
    installation_ids = sorted({outcome.installation_id for _, outcome in rows})
    if len(installation_ids) > 1:
        raise Invalid(
            "ids: they are of several pipeline integrations; a replay is of one.",
            field="ids",
            pipeline_integration_ids=installation_ids,
        )
    chosen = _Choice(services, in_force(services, installation_ids[0])).of(rows, even_if_settled=True)
    if chosen.more:
        raise Invalid(
            f"ids: they stand for more than {services.settings.replay_members} events. "
            "Replay by pipeline_integration_id, which goes on where it ended.",
            field="ids",
        )
    return chosen


def one_event(services: Composed, installation_id: str, partition: int, offset: int) -> Chosen:
    """Just this event, whatever became of it. Raises `NotFound` where it is not the installation's, or not kept."""
    installation = in_force(services, installation_id)
    place = services.log.at(partition, offset)
    if place is None or not fits(place, Filters(pipeline_id=installation.pipeline_id)):
        raise NotFound("This event is not kept any more, or is none of this integration's.")
    return Chosen(installation.id, ((partition, offset),))


def discard(services: Composed, chosen: Chosen, *, by: str) -> Replay:
    """They count as settled from then on, and are found by what is asked for by id alone. Durable when it returns."""
    if not chosen.members:
        raise Conflict("There is nothing to discard: no dead letter that is open fits.", code="NOTHING_TO_REPLAY")
    now_ms = services.clock.now_ms()
    run = Replay(fresh_id("dis", now_ms), chosen.installation_id, chosen.members, now_ms, by, DISCARDED)
    services.control.create_replay(run)
    return run


def start(services: Composed, chosen: Chosen, *, by: str) -> Replay:
    """The run, durable. Raises `Conflict` where nothing is chosen."""
    if not chosen.members:
        raise Conflict(
            "There is nothing to replay: no dead letter fits, or those that do were delivered since, wait in a replay "
            "that is not done (see /v1/admin/replays), or are not kept any more (`not_kept`). Replay by ids to send "
            "one again all the same.",
            code="NOTHING_TO_REPLAY",
            not_kept=chosen.not_kept,
        )
    now_ms = services.clock.now_ms()
    run = Replay(fresh_id("run", now_ms), chosen.installation_id, chosen.members, now_ms, by)
    services.control.create_replay(run)
    return run


def by_filter(services: Composed, wanted: Wanted, installation_id: str) -> Chosen:
    """All that fit and that no run has delivered, or is about to try, up to the bound.

    What was refused longest ago comes first: what fails again and again does not keep the rest from being tried.
    """
    rows = _all(services, wanted, installation_id)
    return _Choice(services, in_force(services, installation_id)).of(rows, even_if_settled=False)


def _all(services: Composed, wanted: Wanted, installation_id: str) -> Iterator[Row]:
    after = 0
    while chunk := services.ledger.outcomes_after(
        after, installation_id=installation_id, verdicts=wanted.verdicts, limit=_CHUNK
    ):
        yield from ((row_id, outcome) for row_id, outcome in chunk if wanted.fits(outcome))
        after = chunk[-1][0]


class _Choice:
    def __init__(self, services: Composed, installation: Installation) -> None:
        self._services = services
        self._installation = installation
        self._limit = services.settings.replay_members
        self._replays = Replays(services)
        self._members: dict[Member, None] = {}
        self._not_kept = 0

    def of(self, rows: Sequence[Row] | Iterator[Row], *, even_if_settled: bool) -> Chosen:
        more = False
        for _, outcome in rows:
            self._take(outcome, even_if_settled=even_if_settled)
            if more := len(self._members) > self._limit:
                break
        members = tuple(sorted(list(self._members)[: self._limit]))
        return Chosen(self._installation.id, members, more=more, not_kept=self._not_kept)

    def _take(self, outcome: Outcome, *, even_if_settled: bool) -> None:
        kept = False
        for place in expand(self._services, self._installation, outcome):
            kept = True
            if even_if_settled or not is_settled(self._services, outcome, place.offset, self._replays):
                self._members[place.partition, place.offset] = None
            if len(self._members) > self._limit:
                return
        self._not_kept += not kept
