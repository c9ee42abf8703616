"""How installations stand, as metrics. Read from the store, so they are told while delivery is away, too."""

from collections.abc import Iterator

from datafly.management.alerts.readings import Look
from datafly.management.services import Composed
from datafly.model.installation import Installation
from datafly.observe.deliver import LAG, NAMED, OLDEST, STANDING
from datafly.observe.figures import Measured

_STATES = ("running", "backing_off", "suspended", "paused", "disabled")


def standings(services: Composed) -> Iterator[Measured]:
    look = Look(services)
    marks, heads = look.marks, services.log.heads()
    for installation in look.installations:
        own = (installation.id, installation.vendor)
        yield NAMED.of(1, *own, installation.name, installation.pipeline_id)
        yield from _standing(installation, look)
        for partition, head in heads.items():
            mark = marks.get((installation.id, partition), installation.start.get(partition, 0))
            yield LAG.of(max(head - mark, 0), *own, str(partition))
        oldest_ms = look.oldest_ms(installation)
        yield OLDEST.of(0.0 if oldest_ms is None else max(look.now_ms - oldest_ms, 0) / 1000, *own)


def _standing(installation: Installation, look: Look) -> Iterator[Measured]:
    state = look.states.get(installation.id)
    name = "disabled" if not installation.enabled else state.name if state else "running"
    for one in _STATES:
        yield STANDING.of(one == name, installation.id, installation.vendor, one)
