"""The first event that an installation delivered: what its owner waits for."""

from datafly.management.fates import Fates
from datafly.management.search import event_at
from datafly.management.services import Composed
from datafly.management.views.event import LiveEvent
from datafly.model.installation import Installation
from datafly.model.verdict import Verdict


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
