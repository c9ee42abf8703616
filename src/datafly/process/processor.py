"""The loop of process: `raw` in batches through the steps into `events`, each event once."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from datafly.log.base import EVENTS, RAW, Log
from datafly.log.holding import Tenure
from datafly.model.clock import Clock
from datafly.model.consent import ConsentSettings
from datafly.model.erasure import NOBODY_ERASED
from datafly.model.errors import OperatorError, Unavailable
from datafly.observe.base import emit
from datafly.observe.process import ProcessAppendFailed
from datafly.process.worker import Consents, Departed, PartitionWorker, Pipelines

FIRST_PAUSE: Final = 0.001
LONGEST_PAUSE: Final = 0.02
LONGEST_RETRY: Final = 1.0
DRAIN_SECONDS: Final = 2.0


class Processor:
    """Works on the given partitions (all, if none are given): partition n of `raw` goes to partition n of `events`.

    Both streams therefore have the same number of partitions, and whoever appends to `raw` keeps a key in one of them.
    Of partitions that are shared out, none are given: `serve` works on each while it is held.
    """

    def __init__(
        self,
        log: Log,
        state: Path,
        *,
        pipelines: Pipelines,
        clock: Clock,
        partitions: Iterable[int] | None = None,
        consent: Consents = ConsentSettings,
        erased: Departed = lambda: NOBODY_ERASED,
    ) -> None:
        """`state` is the folder of the state files, `consent` what is decided on it for all pipelines.

        Raises `OperatorError` if another process works on a partition.
        """
        if log.partitions(RAW) != log.partitions(EVENTS):
            raise OperatorError("The streams raw and events must have the same number of partitions.")
        self._log, self._state, self._clock = log, state, clock
        self._pipelines, self._consent, self._erased = pipelines, consent, erased
        self._workers: dict[int, PartitionWorker] = {}
        self._wrong: dict[int, str] = {}
        """Partition whose last turn came to nothing → why."""
        try:
            for number in range(log.partitions(EVENTS)) if partitions is None else partitions:
                self._workers[number] = self._open(number)
        except BaseException:
            self.close()
            raise

    def positions(self) -> dict[int, int]:
        """Partition worked on → up to where `raw` is processed; what lies before is not needed any more."""
        return {number: worker.position for number, worker in [*self._workers.items()]}

    def trouble(self) -> str | None:
        """None, or why a partition stands still just now. From any thread."""
        return next(iter([*self._wrong.values()]), None)

    def position(self, partition: int = 0) -> int:
        return self._workers[partition].position

    def retaining(self) -> dict[int, Callable[..., list[tuple[int, int]]]]:
        """Partition worked on → as `Appender.retain`, of its `events`; what is needed for what is known stays."""
        return {number: worker.retain for number, worker in [*self._workers.items()]}

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`; then what is left in `raw` is processed, for two seconds at most."""
        await asyncio.gather(*(self._run(worker, stop) for worker in self._workers.values()))

    async def serve(self, tenure: Tenure) -> None:
        """Work on a partition for as long as it is held (`log.holding`)."""
        worker = await asyncio.to_thread(self._open, tenure.partition, leaving=tenure.stop.is_set)
        self._workers[tenure.partition] = worker
        tenure.wrong = None
        try:
            await self._turns(worker, tenure.stop)
            if not tenure.lost:
                await self._leave(worker)
        finally:
            del self._workers[tenure.partition]
            self._wrong.pop(tenure.partition, None)
            await asyncio.to_thread(worker.close)

    def close(self) -> None:
        for worker in self._workers.values():
            worker.close()
        self._workers.clear()

    def _open(self, partition: int, *, leaving: Callable[[], bool] = bool) -> PartitionWorker:
        return PartitionWorker(
            self._log,
            self._state,
            partition,
            self._pipelines,
            self._consent,
            erased=self._erased,
            monotonic=self._clock.monotonic,
            leaving=leaving,
        )

    async def _run(self, worker: PartitionWorker, stop: asyncio.Event) -> None:
        await self._turns(worker, stop)
        await self._drain(worker)

    async def _turns(self, worker: PartitionWorker, stop: asyncio.Event) -> None:
        pause = FIRST_PAUSE
        while not stop.is_set():
            worked, pause = await self._turn(worker, pause)
            if not worked:
                await self._clock.sleep(pause)

    async def _turn(self, worker: PartitionWorker, pause: float) -> tuple[int, float]:
        """How many records, and how long to wait if none: short after work, longer in idleness and in trouble."""
        try:
            worked = await asyncio.to_thread(worker.turn_or_wait)
        except Unavailable as error:
            pause = min(pause * 2, LONGEST_RETRY)
            emit(ProcessAppendFailed(worker.partition, error.message, pause))
            self._wrong[worker.partition] = error.message
            return 0, pause
        self._wrong.pop(worker.partition, None)
        return worked, FIRST_PAUSE if worked else min(pause * 1.5, LONGEST_PAUSE)

    async def _drain(self, worker: PartitionWorker) -> None:
        deadline = self._clock.monotonic() + DRAIN_SECONDS
        with contextlib.suppress(Unavailable):  # what is not done now is done after the next start
            while await asyncio.to_thread(worker.turn) and self._clock.monotonic() < deadline:
                pass
            await self._leave(worker)

    async def _leave(self, worker: PartitionWorker) -> None:
        with contextlib.suppress(Unavailable):  # what is not written is learnt again
            await asyncio.to_thread(worker.leave)
