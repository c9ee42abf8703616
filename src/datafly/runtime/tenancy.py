"""Delivery of the partitions that a process holds for a while, each once what its visitors decided is known."""

import asyncio
from collections.abc import Awaitable, Callable

from datafly.deliver.service import Delivery
from datafly.deliver.site import Parts
from datafly.log.holding import Tenure
from datafly.model.errors import TakenOver
from datafly.runtime.standby import Standby


class Tenancy:
    """`work` is what `log.holding` does for each partition; `run` serves for as long as that goes on."""

    def __init__(self, parts: Parts, standby: Standby) -> None:
        self._standby = standby
        self._taken_over: dict[int, asyncio.Event] = {}
        self._delivery = Delivery(parts, on_taken_over=self._lose)

    async def run(self, holding: Callable[[asyncio.Event], Awaitable[None]], stop: asyncio.Event) -> None:
        """Until `stop`: then partitions are given up first, and what they had in flight is finished."""
        over = asyncio.Event()
        delivering = asyncio.create_task(self._delivery.run(over))
        held = asyncio.ensure_future(holding(stop))
        await asyncio.wait([delivering, held], return_when=asyncio.FIRST_COMPLETED)
        over.set()
        stop.set()
        await asyncio.gather(delivering, held)

    async def work(self, tenure: Tenure) -> None:
        partition = tenure.partition
        async with self._standby.following(partition) as caught_up:
            tenure.wrong = None
            await _first(caught_up, tenure.stop)
            if tenure.stop.is_set():
                return
            taken_over = self._taken_over[partition] = asyncio.Event()
            self._delivery.take(partition)
            await _first(taken_over, tenure.stop)
            if tenure.lost or taken_over.is_set():
                await self._delivery.drop(partition)
            else:
                await self._delivery.give_up(partition)
            if taken_over.is_set() and not tenure.stop.is_set():
                raise TakenOver([partition])

    def _lose(self, partition: int) -> None:
        self._taken_over[partition].set()


async def _first(*events: asyncio.Event) -> None:
    waiting = [asyncio.create_task(event.wait()) for event in events]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
