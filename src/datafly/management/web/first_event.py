"""The first event that an installation delivered: what its owner waits for; and why none is, where events came."""

from typing import Final

import msgspec

from datafly.management.fates import Fates
from datafly.management.search import event_at
from datafly.management.services import Composed
from datafly.management.views.event import LiveEvent
from datafly.model.delivery import Outcome
from datafly.model.installation import Installation
from datafly.model.verdict import DEAD_LETTERS, Ruling, Verdict

_LOOKED_AT: Final = 200
_TOLD: Final = 3


class Withheld(msgspec.Struct, frozen=True):
    """Why so many events did not get there; `message_id`: of one of them, None where it is not kept any more."""

    ruling: Ruling
    count: int
    message_id: str | None


def first_delivered(services: Composed, installation: Installation) -> LiveEvent | None:
    """One of the first request that the vendor took anything of. Blocking; looks at one attempt."""
    if not services.ledger.counts(installation.id).get(Verdict.DELIVERED):
        return None
    for attempt in reversed(services.ledger.attempts(installation_id=installation.id, limit=50)):
        for offset in attempt.delivered[:1]:
            place = services.log.at(attempt.partition, offset)
            event = event_at(place) if place else None
            if event:
                return Fates(services).of(event, attempt.partition, offset)
    return None


def withheld(services: Composed, installation: Installation) -> list[Withheld]:
    """Of the newest events that were not delivered, the most frequent first. Blocking; looks at 200 outcomes."""
    verdicts = DEAD_LETTERS | {Verdict.SKIPPED}
    found = services.ledger.outcomes(installation_id=installation.id, verdicts=verdicts, limit=_LOOKED_AT)
    groups: dict[tuple[Verdict, str], list[Outcome]] = {}
    for _, outcome in found:
        groups.setdefault((outcome.verdict, outcome.ruling.cause or outcome.ruling.reason), []).append(outcome)
    told = [(sum(one.last - one.first + 1 for one in every), every[0]) for every in groups.values()]
    told.sort(key=lambda one: one[0], reverse=True)
    return [_withheld(services, count, newest) for count, newest in told[:_TOLD]]


def _withheld(services: Composed, count: int, outcome: Outcome) -> Withheld:
    place = services.log.at(outcome.partition, outcome.last)
    event = event_at(place) if place else None
    return Withheld(outcome.ruling, count, event.message_id if event else None)
