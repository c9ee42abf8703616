"""Followers of partitions, each at work in a task of its own: what a role must know where process is elsewhere."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Collection
from pathlib import Path
from typing import Final

from datafly.log.base import Log
from datafly.model.errors import Unavailable
from datafly.observe import emit
from datafly.observe.runtime import RuntimeStandbyFailed
from datafly.process.follower import Follower
from datafly.process.lookup import StateReader

_FIRST_PAUSE: Final = 0.005
_LONGEST_PAUSE: Final = 0.1
_LONGEST_RETRY: Final = 1.0
STALE_SECONDS: Final = 10.0
"""Who could not look at the log for so long does not know any more what visitors decide."""

Opened = Callable[[Log, Path, int], Follower]


class Standby:
    """`folder`: of what is learnt, for this process alone. `opened`: a follower of one partition."""

    def __init__(
        self, log: Log, folder: Path, opened: Opened, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._log, self._folder, self._opened = log, folder, opened
        self._monotonic = monotonic
        self._reader = StateReader(folder, log.partitions("events"))
        self._looked: dict[int, float] = {}
        """Partition that is caught up → when its follower was at work last."""
        self._failures: dict[int, str] = {}
        """Partition whose last turn came to nothing → why."""

    @contextlib.asynccontextmanager
    async def following(self, partition: int) -> AsyncIterator[asyncio.Event]:
        """The event is set once all is learnt that the log had when it began. Raises `OperatorError`."""
        follower = await asyncio.to_thread(self._opened, self._log, self._folder, partition)
        caught_up, stop = asyncio.Event(), asyncio.Event()
        learning = asyncio.create_task(self._learn(partition, follower, caught_up, stop))
        try:
            yield caught_up
        finally:
            stop.set()
            await learning
            self._looked.pop(partition, None)
            self._failures.pop(partition, None)
            await asyncio.to_thread(follower.close)

    def find_offset(self, message_id: str, pipeline_id: str | None = None) -> list[tuple[int, int]]:
        """As `StateReader.find_offset`."""
        return self._reader.find_offset(message_id, pipeline_id)

    def consents_of(self, keys: Collection[str], since_ms: int = 0) -> dict[str, tuple[dict[str, bool], int]]:
        """As `StateReader.consents_of`. Raises `Unavailable` too where what is known is not of this moment: nothing is
        sent to who may have withdrawn.
        """
        if trouble := self.trouble():
            raise Unavailable(trouble)
        return self._reader.consents_of(keys, since_ms)

    def trouble(self) -> str | None:
        """Why what is known is not of this moment."""
        oldest = min(tuple(self._looked.values()), default=None)
        if oldest is None or self._monotonic() - oldest <= STALE_SECONDS:
            return None
        said = f"For more than {STALE_SECONDS:g} seconds it could not be learnt what visitors decide"
        why = next(iter(tuple(self._failures.values())), "")
        return f"{said}: {why}" if why else f"{said}."

    def close(self) -> None:
        """Nothing may be followed any more."""
        self._reader.close()

    async def _learn(self, partition: int, follower: Follower, caught_up: asyncio.Event, stop: asyncio.Event) -> None:
        pause = _FIRST_PAUSE
        while not stop.is_set():
            learnt, pause = await self._turn(partition, follower, pause)
            if follower.caught_up:
                caught_up.set()
            if caught_up.is_set() and pause <= _LONGEST_PAUSE:
                self._looked[partition] = self._monotonic()
            if not learnt:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), pause)

    async def _turn(self, partition: int, follower: Follower, pause: float) -> tuple[int, float]:
        """How many records, and how long to wait if none; in trouble longer than ever without."""
        try:
            learnt = await asyncio.to_thread(follower.turn)
        except Exception as error:  # noqa: BLE001 - told, and tried again: what is known grows old meanwhile
            pause = min(max(pause, _LONGEST_PAUSE) * 2, _LONGEST_RETRY)
            self._failures[partition] = str(error)
            emit(RuntimeStandbyFailed(partition=partition, message=str(error)))
            return 0, pause
        self._failures.pop(partition, None)
        return learnt, _FIRST_PAUSE if learnt or pause > _LONGEST_PAUSE else min(pause * 1.5, _LONGEST_PAUSE)
