"""Writes to the ledger: one transaction for all lanes that wait for one."""

import asyncio
import secrets
from collections import deque
from collections.abc import Sequence

from datafly.deliver.bell import Bell
from datafly.deliver.offload import Offload
from datafly.deliver.thrift import Sent, Taken
from datafly.model.clock import Clock
from datafly.model.delivery import WHOLE, Share
from datafly.observe.base import emit
from datafly.observe.deliver import DeliverRecordingFailed
from datafly.store.base import Ledger, Writing, WritingId

_FIRST_RETRY_SECONDS = 0.1
_MAX_RETRY_SECONDS = 5.0

Troubles = dict[str, frozenset[str]]
"""Installation → the troubles that its other shares were in when its state was written."""
Written = asyncio.Future[Troubles]


class Recorder:
    """Writings become durable in the order in which they were posted; a failure keeps them, in order."""

    def __init__(
        self, ledger: Ledger, clock: Clock, offload: Offload, share: Share = WHOLE, sent: Sent | None = None
    ) -> None:
        self._sent = sent
        self._ledger = ledger
        self._share = share
        self._clock = clock
        self._offload = offload
        self._posted: deque[tuple[Writing, Sequence[Taken], Written]] = deque()
        self._bell = Bell(clock)
        self._drained = Bell(clock)
        self._writing = False
        self._known_as = WritingId(secrets.token_hex(8), 0)

    def post(self, writing: Writing, taken: Sequence[Taken] = ()) -> Written:
        """Done when it is durable. What was `taken` is so before that it was."""
        future: Written = asyncio.get_running_loop().create_future()
        self._posted.append((writing, taken, future))
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
        writings, taken = [one[0] for one in posted], [known for one in posted for known in one[1]]
        while (troubles := await self._written(writings, taken)) is None:
            await self._clock.sleep(delay)
            delay = min(delay * 2, _MAX_RETRY_SECONDS)
        for *_, future in posted:
            if not future.done():
                future.set_result(troubles)
        self._writing = False
        self._drained.ring()

    async def _written(self, writings: list[Writing], taken: Sequence[Taken]) -> Troubles | None:
        """None where they could not be written."""
        try:
            return await self._offload(lambda: self._write(writings, taken))
        except Exception as error:  # noqa: BLE001 - a stage's loop: counted, and the writings are kept
            emit(DeliverRecordingFailed(writings=len(writings), error=str(error)))
            return None

    def _write(self, writings: list[Writing], taken: Sequence[Taken]) -> Troubles:
        """Blocking."""
        if self._sent is not None and taken:
            self._sent.keep(taken, self._clock.now_ms())
        return self._ledger.write(writings, share=self._share, known_as=self._known_as)
