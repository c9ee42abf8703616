"""What a role takes and refuses, on its way to the store: counted and kept in bounds, written now and then."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from datafly.model.clock import Clock
from datafly.model.errors import Unavailable
from datafly.model.outline import keepable
from datafly.model.refusal import ACCEPTED, LOST, NO_CONSENT, NOT_PROCESSED, PROCESS, IntakeCount, Refusal
from datafly.observe import Telemetry
from datafly.observe.ingest import IngestEventRefused, IngestRequestAccepted, IngestRequestRefused
from datafly.observe.process import ProcessEventsWithheld, ProcessRecordRefused, ProcessRecordsLost
from datafly.runtime.chores import every
from datafly.store import incoming

WRITE_SECONDS: Final = 1.0
MOST_OF_A_KIND: Final = 10
"""Of each pipeline and code between two writings: so many are kept, the others only counted."""
MOST: Final = 200
MOST_BYTES: Final = 4 * 1024 * 1024
MOST_OF_A_BODY: Final = 512 * 1024
MOST_COUNTS: Final = 10_000
"""While the store takes nothing. There are not so many pipelines and codes, but minutes pass."""

_Key = tuple[str, str, int]


class Intake:
    """A sink of telemetry, which counts, and a keeper of refusals. Neither blocks nor fails, and both are bounded: a
    flood of refusals costs no memory, and the store no more than `MOST` rows a second.
    """

    def __init__(
        self, store: incoming.Intake, clock: Clock, *, kept: int, pipelines: Callable[[], Iterable[str]] = tuple
    ) -> None:
        """`kept`: so many refusals of each pipeline and code stay in the store. `pipelines`: the ids of all, who are
        told of what may have been anybody's.
        """
        self._store = store
        self._clock = clock
        self._most = kept
        self._pipelines = pipelines
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._unwritten: Counter[_Key] = Counter()
        self._forget()

    def sink(self, event: Telemetry) -> None:
        if isinstance(event, IngestRequestAccepted):
            self._count(event.pipeline_id, ACCEPTED, event.events)
        elif isinstance(event, IngestEventRefused | IngestRequestRefused):
            self._count(event.pipeline_id, event.code, 1)
        elif isinstance(event, ProcessRecordRefused):
            self._of_process(event)
        elif isinstance(event, ProcessRecordsLost):
            self._lost(event)
        elif isinstance(event, ProcessEventsWithheld):
            self._count(event.pipeline_id, NO_CONSENT, event.events)

    def keep(self, refusal: Refusal) -> None:
        kind, size = (refusal.pipeline_id, refusal.code), min(len(refusal.body), MOST_OF_A_BODY)
        with self._lock:
            full = len(self._refusals) >= MOST or self._bytes + size > MOST_BYTES
            if not self._most or full or self._kinds[kind] >= MOST_OF_A_KIND:
                return
            self._kinds[kind] += 1
            self._bytes += size
            self._refusals.append(refusal)

    def write(self) -> None:
        """Blocking. What cannot be written is counted later, and not kept. Raises `Unavailable`."""
        with self._writing:
            self._write()

    def _write(self) -> None:
        with self._lock:
            counts, refusals = self._counts, self._refusals
            self._forget()
        now_ms = self._clock.now_ms()
        for (pipeline_id, code), count in counts.items():
            self._unwritten[pipeline_id, code, now_ms - now_ms % 60_000] += count
        if not self._unwritten and not refusals:
            return
        told = [
            IntakeCount(pipeline_id, code, at_ms, count)
            for (pipeline_id, code, at_ms), count in self._unwritten.items()
        ]
        try:
            self._store.add(told, [keepable(one) for one in refusals], most=self._most)
        except Unavailable:
            self._unwritten = Counter(dict(self._unwritten.most_common(MOST_COUNTS)))
            raise
        self._unwritten.clear()

    async def follow(self) -> None:
        """Until cancelled."""

        def write_intake() -> None:
            self.write()

        await every(WRITE_SECONDS, write_intake)

    def _count(self, pipeline_id: str, code: str, count: int) -> None:
        if pipeline_id and count:
            with self._lock:
                self._counts[pipeline_id, code] += count

    def _of_process(self, told: ProcessRecordRefused) -> None:
        if not told.pipeline_id:
            return
        self._count(told.pipeline_id, NOT_PROCESSED, 1)
        now_ms, message = self._clock.now_ms(), f"{told.reason} It stays in raw at {told.partition}:{told.offset}."
        refusal = Refusal(told.pipeline_id, now_ms, PROCESS, "", NOT_PROCESSED, 0, message)
        self.keep(msgspec.structs.replace(refusal, message_id=told.message_id or None))

    def _lost(self, told: ProcessRecordsLost) -> None:
        now_ms, range_ = self._clock.now_ms(), f"{told.partition}:{told.first} to {told.partition}:{told.last}"
        message = f"Records {range_} of raw are gone from the log and were not processed; whose they were is unknown."
        for pipeline_id in self._pipelines():
            self._count(pipeline_id, LOST, told.last - told.first + 1)
            self.keep(Refusal(pipeline_id, now_ms, PROCESS, "", LOST, 0, message))

    def _forget(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()
        self._kinds: Counter[tuple[str, str]] = Counter()
        self._refusals: list[Refusal] = []
        self._bytes = 0
