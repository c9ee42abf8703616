"""Whether an installation may send: breaker, suspension and pause, with one half-open probe at a time."""

import asyncio
import random
from collections import deque
from collections.abc import Callable
from typing import Final

from datafly.deliver.settings import DeliverySettings
from datafly.model.clock import Clock
from datafly.model.verdict import DELIVERED, Ruling

RUNNING: Final = "running"
BACKING_OFF: Final = "backing_off"
SUSPENDED: Final = "suspended"


class Ticket:
    """Leave to send one request. `probe`: the only one while the gate is shut."""

    __slots__ = ("epoch", "probe")

    def __init__(self, epoch: int, *, probe: bool) -> None:
        self.epoch = epoch
        self.probe = probe


class Gate:
    """All lanes of one installation pass here, in order of arrival.

    `told` is called when the standing changes or a probe is put off. While the gate is shut, whoever waits longest
    probes; a lane that failed goes to the end, so probes rotate over the lanes. A lane that is *released* gets no
    ticket: it has something to close, nothing to send.
    """

    def __init__(self, clock: Clock, settings: DeliverySettings, rng: random.Random, told: Callable[[], None]) -> None:
        self._clock = clock
        self._settings = settings
        self._rng = rng
        self._told = told
        self.name = RUNNING
        self.ruling: Ruling = DELIVERED
        self.next_probe_ms: int | None = None
        self.successes = 0
        self._released = False
        self._shut = {"paused": False, "stopping": False, "blocked": False, "capped": False}
        self._epoch = 0
        self._failures = 0
        self._probes = 0
        self._probe: Ticket | None = None
        self._probe_at = 0.0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._timer: asyncio.Task[None] | None = None
        self._idle_seconds = 0.0
        self._idle_since: float | None = None

    @property
    def running(self) -> bool:
        return self.name == RUNNING

    @property
    def open(self) -> bool:
        return self.running and not any(self._shut.values())

    def idle_seconds(self) -> float:
        """How long altogether the gate was not open: time in which nothing ages."""
        extra = 0.0 if self._idle_since is None else self._clock.monotonic() - self._idle_since
        return self._idle_seconds + extra

    async def admit(self) -> Ticket | None:
        """Waits until a request may be sent; None when released. Give the ticket back by `leave`."""
        while not self._released:
            if ticket := self._ticket():
                return ticket
            await self._turn()
        return None

    def stands(self, ticket: Ticket) -> bool:
        """Whether what the ticket was given for still holds."""
        return ticket.epoch == self._epoch and not self._released and not any(self._shut.values())

    def leave(self, ticket: Ticket) -> None:
        """Nothing was learnt, or it was told before."""
        if ticket is self._probe:
            self._probe = None
            self._wake()

    def works(self, ticket: Ticket) -> None:
        """The vendor answered as one who takes events."""
        self.successes += 1
        self._failures = 0
        if ticket.probe and ticket.epoch == self._epoch and not self.running:
            self._stand(RUNNING, DELIVERED)

    def fails(self, ticket: Ticket, ruling: Ruling) -> None:
        """A transient failure. So many in a row, whoever met them, open the breaker."""
        if ticket.epoch != self._epoch:
            return
        if ticket.probe:
            self._put_off(ruling)
            return
        self._failures += 1
        if self._failures >= self._settings.breaker_failures:
            self._stand(BACKING_OFF, ruling)

    def suspends(self, ticket: Ticket, ruling: Ruling) -> None:
        """The installation itself is wrong."""
        if ticket.epoch != self._epoch:
            return
        if self.name != SUSPENDED:
            self._stand(SUSPENDED, ruling)
        else:
            self.ruling = ruling
            self._put_off(ruling)

    def resume_suspended(self, ruling: Ruling) -> None:
        """It was suspended before the restart: one probe at once, instead of a request from each lane."""
        self._stand(SUSPENDED, ruling)
        self.nudge()

    def nudge(self) -> None:
        """Something was changed: the next probe is due now, and failing it counts from the start.

        A probe that is under way does not hold it up: it was sent before the change, and says nothing of it.
        """
        self._probes = 0
        self._failures = 0
        self._probe_at = self._clock.monotonic()
        if not self.running:
            self._epoch += 1
            self._probe = None
            self.next_probe_ms = self._clock.now_ms()
        self._wake()

    def shut(self, why: str, *, shut: bool) -> None:
        """`paused`, `stopping`, `blocked` (no configuration to send with) or `capped` (nothing left to spend).

        Nobody passes, not even a probe.
        """
        self._shut[why] = shut
        self._account()
        self._wake()

    def is_shut(self, why: str) -> bool:
        return self._shut[why]

    def release(self, *, released: bool) -> None:
        self._released = released
        self._wake()

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _ticket(self) -> Ticket | None:
        if any(self._shut.values()):
            return None
        if self.running:
            return Ticket(self._epoch, probe=False)
        if self._probe is not None or self._clock.monotonic() < self._probe_at:
            return None
        self._probe = Ticket(self._epoch, probe=True)
        return self._probe

    async def _turn(self) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        self._wake()
        try:
            await future
        except asyncio.CancelledError:
            self._wake()
            raise
        finally:
            if future in self._waiting:
                self._waiting.remove(future)

    def _wake(self) -> None:
        if self._released or self.open:
            while self._waiting:
                _let(self._waiting.popleft())
        elif not any(self._shut.values()) and self._probe is None and self._waiting:
            delay = self._probe_at - self._clock.monotonic()
            if delay > 0:
                self._arm(delay)
            else:
                _let(self._waiting.popleft())

    def _arm(self, delay: float) -> None:
        self.close()
        self._timer = asyncio.create_task(self._after(delay))

    async def _after(self, delay: float) -> None:
        await self._clock.sleep(delay)
        self._timer = None
        self._wake()

    def _stand(self, name: str, ruling: Ruling) -> None:
        self.name, self.ruling = name, ruling
        self._epoch += 1
        self._failures = self._probes = 0
        self._probe = None
        self.next_probe_ms = None
        self._account()
        if self.running:
            self._wake()
            self._told()
        else:
            self._put_off(ruling)

    def _put_off(self, ruling: Ruling) -> None:
        delay = max(self._delay(), min(ruling.retry_after_seconds or 0.0, self._settings.max_retry_after_seconds))
        self._probe = None
        self._probes += 1
        self._probe_at = self._clock.monotonic() + delay
        self.next_probe_ms = self._clock.now_ms() + round(delay * 1000)
        self._told()
        self._wake()

    def _delay(self) -> float:
        """Doubling to the cap, of which the first half is certain: probes of many installations spread."""
        settings = self._settings
        first, most = (
            (settings.first_suspended_probe_seconds, settings.max_suspended_probe_seconds)
            if self.name == SUSPENDED
            else (settings.first_probe_seconds, settings.max_probe_seconds)
        )
        delay = min(first * 2 ** min(self._probes, 30), most)
        return self._rng.uniform(delay / 2, delay)

    def _account(self) -> None:
        now = self._clock.monotonic()
        if self._idle_since is not None:
            self._idle_seconds += now - self._idle_since
        self._idle_since = None if self.open else now


def _let(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
