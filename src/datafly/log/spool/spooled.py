"""Takes calls: to the brokers, or to the disk."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

from datafly.log.base import Entry, partition_of
from datafly.log.spool.behind import Behind
from datafly.log.spool.disk import FULL, Disk
from datafly.log.spool.replay import Replay
from datafly.log.spool.spread import Placed, Spread
from datafly.model.errors import Invalid, OperatorError, SignalError, Unavailable
from datafly.observe.base import emit
from datafly.observe.log import LogSpoolBegan, LogSpoolEnded, LogSpoolRefused

_FIRST_ANSWER_SECONDS: Final = 3.0
_NOBODY: Final = "no broker answers"


class Spooled:
    """What a `log.group.GroupCommit` of a gateway writes to. `open_spread` raises `Unavailable` while no broker
    answers, and `OperatorError` where they refuse: at the start that is raised here too, if it is known in time.

    `first_answer_seconds`: how long brokers may take at the start before it begins with the spool.
    """

    def __init__(
        self,
        open_spread: Callable[[], Spread],
        disk: Disk,
        *,
        first_answer_seconds: float = _FIRST_ANSWER_SECONDS,
    ) -> None:
        self.disk, self.behind = disk, Behind(disk.begin)
        self.mutex = threading.Lock()
        """Held by whoever writes, and while a partition's way changes."""
        self._open = open_spread
        self._direct: Spread | None = None
        self._since = time.monotonic()
        self._replayed = 0
        self._replay = Replay(self)
        self._start(first_answer_seconds)

    def take(self, calls: Sequence[Sequence[Entry]]) -> list[int | Exception]:
        """As `log.group.Takes`; there is no offset to tell."""
        with self.mutex:
            taking = _Taking(self, calls)
            taking.send()
            taking.keep()
            return taking.answers

    def trouble(self) -> str | None:
        """None, or why events cannot be taken just now."""
        full = self.behind and not self.disk.has_room
        return f"{self._replay.why} {FULL}".lstrip() if full else None

    @property
    def waiting_bytes(self) -> int:
        """On the disk, of what the brokers have not taken; 0 where nothing waits."""
        return self.disk.size if self.behind else 0

    def close(self) -> None:
        """What waits stays for the next start. Nobody may be writing."""
        has_ended = self._replay.end()
        if self._direct is not None:
            self._direct.close()
        if has_ended:
            self.disk.close()

    def way_of(self, key: str) -> int | None:
        """The partition where it is direct, None where its records wait. Raises `UnicodeEncodeError`."""
        partition = partition_of(key, 1 if self._direct is None else self._direct.partitions)
        return None if self._direct is None or partition in self.behind else partition

    def send(self, placed: Sequence[Placed]) -> list[SignalError | None]:
        """To the brokers; partitions that they do not take are behind from then on."""
        outcomes = self._direct.send(placed) if self._direct is not None and placed else []
        failed = {
            partition: outcome.message
            for (partition, _), outcome in zip(placed, outcomes, strict=True)
            if outcome is not None and not isinstance(outcome, Invalid)
        }
        if failed:
            self._fall(failed)
        return outcomes

    def open_spread(self) -> Spread:
        """A way of its own for who replays. Raises `SignalError`."""
        spread = self._open()
        if self._direct is None:
            direct = self._open()
            with self.mutex:
                self._direct = direct
                self.behind.know(direct.partitions)
        return spread

    def settle(self, records: int) -> None:
        """So many more are with the brokers; what is behind no longer goes straight to them. Under the mutex."""
        was_behind = bool(self.behind)
        self.behind.catch_up(self.disk.head)
        self._replayed += records
        if was_behind and not self.behind and self._replayed:
            emit(LogSpoolEnded(self._replayed, round(time.monotonic() - self._since, 3)))
            self._replayed = 0

    def let_go(self) -> None:
        """Of what is with the brokers. Under the mutex. Raises `Unavailable`."""
        lowest = self.behind.lowest(self.disk.head)
        if lowest > self.disk.begin:
            self.disk.let_go(lowest)

    def _fall(self, failed: dict[int, str]) -> None:
        if not self.behind:
            self._since = time.monotonic()
        for partition in failed:
            self.behind.fall(partition, self.disk.head)
        emit(LogSpoolBegan(len(failed), next(iter(failed.values()))))
        self._replay.wake()

    def _start(self, patience: float) -> None:
        refusal = self._replay.begin(patience)
        if isinstance(refusal, OperatorError):
            self.close()
            raise refusal
        if self._direct is None:
            emit(LogSpoolBegan(None, _NOBODY if refusal is None else refusal.message))


class _Taking:
    """Calls that are taken together. Of a call with something that must wait, and no room for it, nothing is sent."""

    def __init__(self, spooled: Spooled, calls: Sequence[Sequence[Entry]]) -> None:
        self.answers: list[int | Exception] = [0] * len(calls)
        self._spooled = spooled
        self._direct: list[tuple[int, Placed]] = []
        self._waiting: list[tuple[int, Entry]] = []
        for number, call in enumerate(calls):
            self._sort(number, call)

    def _sort(self, number: int, call: Sequence[Entry]) -> None:
        try:
            ways = [self._spooled.way_of(entry.key) for entry in call]
        except UnicodeEncodeError as error:
            self.answers[number] = error
            return
        if None in ways and not self._spooled.disk.has_room:
            self.answers[number] = Unavailable(FULL)  # whoever sends need not know why
            emit(LogSpoolRefused(len(call), FULL))
            return
        for way, entry in zip(ways, call, strict=True):
            if way is None:
                self._waiting.append((number, entry))
            else:
                self._direct.append((number, (way, entry)))

    def send(self) -> None:
        """What the brokers do not take now waits with the rest."""
        outcomes = self._spooled.send([placed for _, placed in self._direct])
        for (number, (_, entry)), outcome in zip(self._direct, outcomes, strict=True):
            if isinstance(outcome, Invalid):
                self.answers[number] = outcome
            elif outcome is not None:
                self._waiting.append((number, entry))

    def keep(self) -> None:
        if not self._waiting:
            return
        try:
            self._spooled.disk.keep([entry for _, entry in self._waiting])
        except Unavailable as error:
            for number, _ in self._waiting:
                self.answers[number] = Unavailable(error.message)
