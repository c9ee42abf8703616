"""The partitions that are delivered here, each with its feed: all of them, or those that were taken for a while."""

import asyncio
from functools import partial

from datafly.deliver.entries import EventReader
from datafly.deliver.feed import Feed
from datafly.deliver.loop import keep_going
from datafly.deliver.offload import Offload
from datafly.deliver.site import Parts
from datafly.log.base import EVENTS
from datafly.observe.base import emit
from datafly.observe.deliver import DeliverPartitionTaken


class Partitions:
    """`feeds`: partition → feed. `epochs`: partition → how often it had another owner; None where all stay here."""

    def __init__(self, parts: Parts, offload: Offload) -> None:
        self._parts = parts
        self._offload = offload
        self._total = parts.log.partitions(EVENTS)
        self._wanted: set[int] = set()
        self._leaving: set[int] = set()
        self._came = False
        self._loops: dict[int, asyncio.Task[None]] = {}
        self.feeds: dict[int, Feed] = {}
        self.epochs: dict[int, int] | None = {} if parts.partitioned else None
        if not parts.partitioned:
            self.feeds = {partition: self._feed(partition) for partition in range(self._total)}

    @property
    def part(self) -> float:
        """Of all that is delivered: what a rate for all of it leaves to those here. Above 0."""
        return max(len(self.feeds), 1) / self._total if self._parts.partitioned else 1 / self._parts.share.of

    def start(self) -> None:
        """On the loop of whoever calls. Those that are claimed later begin by themselves."""
        for partition in self.feeds:
            self._run(partition)

    def want(self, partition: int) -> None:
        self._wanted.add(partition)

    async def claim(self) -> bool:
        """Whether any came, of those that are wanted, since that was told last. Raises `Unavailable`."""
        for partition in sorted(self._wanted - self.feeds.keys() - self._leaving):
            epoch, was_broken_off = await self._offload(partial(self._parts.ledger.take_over, partition))
            if partition not in self._wanted or self.epochs is None:
                continue
            self.epochs[partition] = epoch
            self.feeds[partition] = feed = self._feed(partition)
            feed.broken_off_ms = self._parts.clock.now_ms() if was_broken_off else 0
            self._run(partition)
            emit(DeliverPartitionTaken(partition=partition, epoch=epoch))
            self._came = True
        came, self._came = self._came, False
        return came

    def leave(self, partition: int) -> Feed | None:
        """Nothing begins there any more; what is under way can still be written, until `forget`."""
        self._wanted.discard(partition)
        self._leaving.add(partition)
        return self.feeds.pop(partition, None)

    def forget(self, partition: int) -> None:
        """Nothing of it is written here any more."""
        self._leaving.discard(partition)
        if self.epochs is not None:
            self.epochs.pop(partition, None)
        if loop := self._loops.pop(partition, None):
            loop.cancel()

    def stop(self) -> list[asyncio.Task[None]]:
        """Cancelled; wait for them before their readers are closed."""
        loops = [*self._loops.values()]
        for loop in loops:
            loop.cancel()
        self._loops.clear()
        return loops

    def _run(self, partition: int) -> None:
        step = self.feeds[partition].run
        self._loops[partition] = asyncio.create_task(keep_going(f"feed {partition}", step, self._parts.clock))

    def _feed(self, number: int) -> Feed:
        def open_reader() -> EventReader:
            return EventReader(parts.log.reader(EVENTS, number), parts.decode, awake=parts.settings.awake_events)

        parts = self._parts
        feed = Feed(open_reader, clock=parts.clock, offload=self._offload, settings=parts.settings, share=parts.share)
        feed.broken_off_ms = parts.broken_off_ms
        return feed
