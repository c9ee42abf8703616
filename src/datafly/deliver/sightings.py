"""Which of the vendor's events arrive there, counted by day: what readiness is told from."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

import msgspec

from datafly.deliver.batch import Batch
from datafly.model.delivery import Sighting
from datafly.observe.base import emit
from datafly.observe.deliver import DeliverSightingFailed
from datafly.spec.compiled import Compiled

DAY_MS: Final = 86_400_000
_MOST_NAMES: Final = 50
_MOST_CHARS: Final = 100


class Sightings:
    """Of one installation, as long as it is served. `names`: those that are not the vendor's own, a bounded number."""

    def __init__(self, installation_id: str) -> None:
        self._installation_id = installation_id
        self._names: set[str] = set()

    def of(self, batch: Batch, delivered: Sequence[int], at_ms: int) -> tuple[Sighting, ...]:
        """What came with the items of those members."""
        seen, taken = batch.compiled.seen, frozenset(delivered)
        if seen is None or not taken:
            return ()
        try:
            found = seen(unit.item.body for unit in batch.units if unit.member.offset in taken)
        except msgspec.MsgspecError as error:  # what is counted for a person must not stop what is delivered
            vendor = batch.compiled.vendor
            emit(DeliverSightingFailed(installation_id=self._installation_id, vendor=vendor, error=str(error)))
            return ()
        counted: Counter[tuple[str, str]] = Counter()
        for (sent, params), events in found.items():
            name, known = self._known(batch.compiled, sent)
            counted[name, ""] += events
            for param in params:
                if param in known:
                    counted[name, param] += events
        day = at_ms // DAY_MS
        return tuple(Sighting(self._installation_id, day, *key, events) for key, events in counted.items())

    def _known(self, compiled: Compiled, sent: str) -> tuple[str, tuple[str, ...]]:
        """The name under which it counts, "" for those of too many; and the parameters that do."""
        if standard := compiled.standard.get(sent):
            return standard.name, standard.params
        name = sent[:_MOST_CHARS]
        if name not in self._names and len(self._names) >= _MOST_NAMES:
            return "", ()
        self._names.add(name)
        return name, ()
