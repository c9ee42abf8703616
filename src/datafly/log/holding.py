"""Work on the partitions that a process holds, as tasks of its event loop: one for each, from first to last."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Final

from datafly.log.base import Log
from datafly.model.errors import OperatorError, Unavailable
from datafly.observe.base import emit
from datafly.observe.log import LogPartitionGiven, LogPartitionGone, LogPartitionTaken, LogPartitionWaits

_AGAIN_SECONDS: Final = 5.0
"""After a partition that is ours by the group was taken over by who is not in it."""
_UNAVAILABLE_SECONDS: Final = 1.0


class Tenure:
    """A partition, while this process has it. `stop`: set when the work shall end.

    `lost`: another process may work on it already, so what is under way is dropped, not finished. `wrong`: why work
    could not begin when that was tried last; whoever works sets it to None once it has begun.
    """

    def __init__(self, partition: int) -> None:
        self.partition = partition
        self.stop = asyncio.Event()
        self.lost = False
        self.wrong: str | None = None


Work = Callable[[Tenure], Awaitable[None]]
"""Works on a partition until told to stop; nothing of it goes on once it returns. Whoever finds that another process
has taken the partition over raises `OperatorError` with the code FENCED: it begins anew after a pause, if it is still
given then. So does who raises `Unavailable`, sooner."""


Follow = Callable[[Callable[[], str | None]], None]


async def hold(
    log: Log, group: str, work: Work, stop: asyncio.Event, *, follow: Follow = lambda _trouble: None
) -> None:
    """Take part in `group` and do `work` for each partition given, until `stop`. An error of any work ends all.

    `follow` is told whom to ask whether it takes part (`Membership.trouble`), and works on what it was given.
    """
    holding = _Holding(group, work)
    membership = await asyncio.to_thread(log.join, group, holding)
    follow(lambda: membership.trouble() or holding.trouble())
    stopped = asyncio.create_task(stop.wait())
    try:
        ends: list[asyncio.Future[Any]] = [stopped, holding.failed]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopped.cancel()
        await asyncio.to_thread(membership.close)
    if holding.failed.done():
        raise holding.failed.result()


class _Holding:
    """As the group's thread tells it, on the loop of who made it."""

    def __init__(self, group: str, work: Work) -> None:
        self._group, self._work = group, work
        self._loop = asyncio.get_running_loop()
        self._running: dict[int, tuple[Tenure, asyncio.Task[None]]] = {}
        self.failed: asyncio.Future[BaseException] = self._loop.create_future()

    def trouble(self) -> str | None:
        """Why a partition that was given is not worked on. From any thread."""
        return next((tenure.wrong for tenure, _ in [*self._running.values()] if tenure.wrong), None)

    def assigned(self, partitions: Sequence[int]) -> None:
        self._there(self._begin(partitions))

    def revoked(self, partitions: Sequence[int]) -> None:
        self._there(self._end(partitions, lost=False))

    def lost(self, partitions: Sequence[int]) -> None:
        self._there(self._end(partitions, lost=True))

    def _there(self, doing: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(doing, self._loop).result()

    async def _begin(self, partitions: Sequence[int]) -> None:
        for partition in partitions:
            tenure = Tenure(partition)
            self._running[partition] = tenure, asyncio.create_task(self._serve(tenure))
            emit(LogPartitionGiven(self._group, partition))

    async def _end(self, partitions: Sequence[int], *, lost: bool) -> None:
        ending = [self._running.pop(partition) for partition in partitions if partition in self._running]
        for tenure, _ in ending:
            tenure.lost = lost
            tenure.stop.set()
        await asyncio.gather(*(task for _, task in ending))
        for tenure, _ in ending:
            emit(LogPartitionGone(self._group, tenure.partition, lost=lost))

    async def _serve(self, tenure: Tenure) -> None:
        while not tenure.stop.is_set():
            try:
                return await self._work(tenure)
            except Unavailable as error:
                tenure.wrong = error.message
                emit(LogPartitionWaits(self._group, tenure.partition, error.message, _UNAVAILABLE_SECONDS))
                await _pause(tenure, _UNAVAILABLE_SECONDS)
            except OperatorError as error:
                if error.code != "FENCED":
                    return self._fail(error)
                emit(LogPartitionTaken(self._group, tenure.partition, error.message, _AGAIN_SECONDS))
                await _pause(tenure, _AGAIN_SECONDS)
            except Exception as error:  # noqa: BLE001 - the one who waits in `hold` raises it
                return self._fail(error)
        return None

    def _fail(self, error: BaseException) -> None:
        if not self.failed.done():
            self.failed.set_result(error)


async def _pause(tenure: Tenure, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(tenure.stop.wait(), seconds)
