"""How the two revisions of a canary fare: what became of the newest events that came since its share was set."""

import itertools
import math
from collections import Counter, defaultdict
from typing import Final

import msgspec

from datafly.management.events_log import Place
from datafly.management.search import Filters, fits
from datafly.management.services import Composed
from datafly.model.delivery import LIVE
from datafly.model.installation import Canary, Installation, canary_salt, is_tried
from datafly.model.verdict import Verdict

LOOKED_THROUGH: Final = 2_000
_MOST_REASONS: Final = 8
_REQUESTS: Final = 500


class Side(msgspec.Struct, frozen=True):
    """One revision's. `verdicts`: events by what became of them. `reasons`: why not delivered → events. `took_ms`: how
    long its requests were waited for, of the newest ones.
    """

    revision_number: int
    events: int
    verdicts: dict[str, int]
    reasons: dict[str, int]
    took_ms: tuple[float, ...] = ()

    def took(self, share: float) -> float | None:
        """The time in which that share of its requests was answered; None of none."""
        ordered = sorted(self.took_ms)
        return ordered[math.ceil(share * len(ordered)) - 1] if ordered else None


class Faring(msgspec.Struct, frozen=True):
    """`since_ms`: from when on events were looked at. `complete` false: there are older ones since then."""

    since_ms: int
    deployed: Side
    tried: Side
    waiting: int
    complete: bool


def faring(services: Composed, installation: Installation, canary: Canary) -> Faring:
    """Blocking, and bounded. Which revision an event went by is told by its key, as delivery does."""
    salt = canary_salt(installation.id, canary.revision.id)
    found: dict[bool, Counter[tuple[str, str]]] = defaultdict(Counter)
    places, complete = _since(services, installation.updated_ms)
    mine = [place for place in places if fits(place, Filters(pipeline_id=installation.pipeline_id))]
    fates = _fates(services, installation.id, mine)
    for place in mine:
        fate = fates.get((place.partition, place.offset))
        if fate:
            found[is_tried(place.record.key, canary.percent, salt)][fate] += 1
    took = _took(services, installation)
    return Faring(
        since_ms=installation.updated_ms,
        deployed=_side(installation.revision.number, found[False], took[installation.revision.number]),
        tried=_side(canary.revision.number, found[True], took[canary.revision.number]),
        waiting=len(mine) - sum(counts.total() for counts in found.values()),
        complete=complete,
    )


def _since(services: Composed, since_ms: int) -> tuple[list[Place], bool]:
    newest = services.log.newest(services.log.heads())
    young = itertools.takewhile(lambda place: place.record.at_ms >= since_ms, newest)
    found = list(itertools.islice(young, LOOKED_THROUGH))
    return found, len(found) < LOOKED_THROUGH


def _fates(services: Composed, installation_id: str, places: list[Place]) -> dict[tuple[int, int], tuple[str, str]]:
    """Place → verdict and reason, of those that are decided."""
    found: dict[tuple[int, int], tuple[str, str]] = {}
    for partition in {place.partition for place in places}:
        offsets = [place.offset for place in places if place.partition == partition]
        first, last = min(offsets), max(offsets)
        for begins, ends, verdict, reason in services.ledger.decided(installation_id, partition, first, last):
            within = range(max(begins, first), min(ends, last) + 1)
            found |= {(partition, offset): (verdict.value, reason) for offset in within}
    return found


def _took(services: Composed, installation: Installation) -> dict[int, list[float]]:
    """Revision → milliseconds of its newest requests since the share was set."""
    found: dict[int, list[float]] = defaultdict(list)
    for attempt in services.ledger.attempts(installation_id=installation.id, limit=_REQUESTS):
        if attempt.started_ms >= installation.updated_ms and attempt.run_id == LIVE:
            found[attempt.revision_number].append(attempt.latency_ms)
    return found


def _side(number: int, counts: Counter[tuple[str, str]], took_ms: list[float]) -> Side:
    verdicts: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for (verdict, reason), count in counts.items():
        verdicts[verdict] += count
        if verdict != Verdict.DELIVERED:
            reasons[reason or verdict] += count
    return Side(number, counts.total(), dict(verdicts), dict(reasons.most_common(_MOST_REASONS)), tuple(took_ms))
