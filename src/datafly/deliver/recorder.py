"""Writes to the ledger: one transaction for all lanes that wait for one."""

import asyncio
import secrets
from collections import deque
from collections.abc import Callable, Collection, Sequence

import msgspec

from datafly.deliver.bell import Bell
from datafly.deliver.offload import Offload
from datafly.deliver.thrift import Sent, Taken
from datafly.model.clock import Clock
from datafly.model.delivery import WHOLE, Share
from datafly.model.errors import TakenOver
from datafly.observe.base import emit
from datafly.observe.deliver import DeliverRecordingFailed
from datafly.store.base import Ledger, Writing, WritingId

_FIRST_RETRY_SECONDS = 0.1
_MAX_RETRY_SECONDS = 5.0

Troubles = dict[str, frozenset[str]]
"""Installation → the troubles that its other shares were in when its state was written."""
Written = asyncio.Future[Troubles]


class _Posted(msgspec.Struct, eq=False, gc=False):
    """`partition` None: it is of none. `epoch`: by which it was ours then, None where partitions stay."""

    writing: Writing
    taken: Sequence[Taken]
    future: Written
    partition: int | None
    epoch: int | None


class Recorder:
    """Writings become durable in the order in which they were posted; a failure keeps them, in order."""

    def __init__(
        self,
        ledger: Ledger,
        clock: Clock,
        offload: Offload,
        share: Share = WHOLE,
        sent: Sent | None = None,
        *,
        owned: dict[int, int] | None = None,
        on_taken_over: Callable[[Collection[int]], None] = lambda _: None,
    ) -> None:
        """`owned`: partition → epoch, as it is at any time, where partitions come and go; None: they stay.

        `on_taken_over`: takes partitions out of it that are another's by now.
        """
        self._owned = owned
        self._on_taken_over = on_taken_over
        self._sent = sent
        self._ledger = ledger
        self._share = share
        self._clock = clock
        self._offload = offload
        self._posted: deque[_Posted] = deque()
        self._bell = Bell(clock)
        self._drained = Bell(clock)
        self._writing = False
        self._known_as = WritingId(secrets.token_hex(8), 0)

    def post(self, writing: Writing, taken: Sequence[Taken] = (), *, partition: int | None = None) -> Written:
        """Done when it is durable, or is nobody's business here any more: of a partition that was given up meanwhile.

        What was `taken` is durable before that it was.
        """
        future: Written = asyncio.get_running_loop().create_future()
        epoch = None if self._owned is None or partition is None else self._owned.get(partition)
        self._posted.append(_Posted(writing, taken, future, partition, epoch))
        self._bell.ring()
        return future

    async def run(self) -> None:
        while True:
            while not self._posted:
                await self._bell.wait()
            await self._write_all()

    async def drain(self, seconds: float) -> bool:
        """Waits until everything posted is durable; False if that takes longer."""
        ends = self._clock.monotonic() + seconds
        while self._posted or self._writing:
            left = ends - self._clock.monotonic()
            if left <= 0:
                return False
            await self._drained.wait(left)
        return True

    async def _write_all(self) -> None:
        self._writing = True
        self._known_as = WritingId(self._known_as.writer, self._known_as.number + 1)
        posted = [*self._posted]
        self._posted.clear()
        delay = _FIRST_RETRY_SECONDS
        while (troubles := await self._written([one for one in posted if self._is_ours(one)])) is None:
            await self._clock.sleep(delay)
            delay = min(delay * 2, _MAX_RETRY_SECONDS)
        for one in posted:
            if not one.future.done():
                one.future.set_result(troubles)
        self._writing = False
        self._drained.ring()

    def _is_ours(self, one: _Posted) -> bool:
        """Not of a partition that went, and came again: what was told before it went is of another time."""
        if self._owned is None or one.partition is None:
            return True
        return one.epoch is not None and one.epoch == self._owned.get(one.partition)

    async def _written(self, posted: Sequence[_Posted]) -> Troubles | None:
        """None where they could not be written."""
        writings, taken = [one.writing for one in posted], [known for one in posted for known in one.taken]
        owned = None if self._owned is None else dict(self._owned)
        try:
            return await self._offload(lambda: self._write(writings, taken, owned))
        except TakenOver as error:
            known, now = owned or {}, self._owned or {}
            self._on_taken_over([one for one in error.partitions if known.get(one) == now.get(one)])
            return await self._written([one for one in posted if self._is_ours(one)])
        except Exception as error:  # noqa: BLE001 - a stage's loop: counted, and the writings are kept
            emit(DeliverRecordingFailed(writings=len(writings), error=str(error)))
            return None

    def _write(self, writings: list[Writing], taken: Sequence[Taken], owned: dict[int, int] | None) -> Troubles:
        """Blocking."""
        if self._sent is not None and taken:
            self._sent.keep(taken, self._clock.now_ms())
        return self._ledger.write(writings, share=self._share, known_as=self._known_as, owned=owned)
