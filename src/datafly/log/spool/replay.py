"""Brings to the brokers what waits on the disk, in a thread of its own."""

import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import msgspec

from datafly.log.base import Entry, partition_of
from datafly.log.spool.spread import Spread
from datafly.model.errors import SignalError, Unavailable
from datafly.observe.base import emit
from datafly.observe.log import LogSpoolReplayFailed

if TYPE_CHECKING:
    from datafly.log.spool.spooled import Spooled

_CHUNK: Final = 1_000
_PAUSE_SECONDS: Final = 0.2
_TOLD_AGAIN_SECONDS: Final = 60.0
_END_SECONDS: Final = 2.0
_LET_GO_AFTER: Final = 20_000
"""Records; then their room on the disk is given back, while more wait."""


class _Sent(msgspec.Struct, frozen=True):
    """`end`: beyond the last record that was read. `failed`: partition → its first record that was not taken."""

    end: int
    taken: int
    failed: dict[int, int]
    failure: SignalError | None


class Replay:
    """Of one `Spooled`."""

    def __init__(self, spooled: "Spooled") -> None:
        self._spooled = spooled
        self._stop, self._work, self._tried = threading.Event(), threading.Event(), threading.Event()
        self._failure: SignalError | None = None
        """Why the last try came to nothing."""
        self._told, self._told_at = "", 0.0
        self._spread: Spread | None = None
        self._since_let_go = 0
        self._thread = threading.Thread(target=self._run, name="log-spool", daemon=True)

    def begin(self, patience: float) -> SignalError | None:
        """Returns once the brokers were asked, or after so many seconds; what was wrong with that."""
        self._thread.start()
        self._tried.wait(patience)
        return self._failure

    @property
    def why(self) -> str:
        """The last time that something could not be replayed."""
        return self._told

    def wake(self) -> None:
        self._work.set()

    def end(self) -> bool:
        """False where it is still asking brokers: it ends with the process."""
        self._stop.set()
        self._work.set()
        self._thread.join(_END_SECONDS)
        return not self._thread.is_alive()

    def _run(self) -> None:
        sound = False
        while not self._stop.is_set():
            self._work.clear()
            sound = self._step(closing_in=sound)
            self._tried.set()
            if not self._spooled.behind:
                self._let_go()
                self._close()
                self._work.wait()
                sound = False
            elif not sound:
                self._stop.wait(_PAUSE_SECONDS)
            elif self._since_let_go >= _LET_GO_AFTER:
                self._let_go()
        self._close()

    def _step(self, *, closing_in: bool) -> bool:
        """Whether the brokers took what they were given, if that was anything."""
        try:
            spread = self._spread = self._spread or self._spooled.open_spread()
            self._failure = None
            return self._some(spread, closing_in=closing_in)
        except SignalError as error:
            self._fail(error)
            return False

    def _some(self, spread: Spread, *, closing_in: bool) -> bool:
        """One chunk. The last is sent while nobody else writes: where more comes in, there would always be more."""
        spooled = self._spooled
        with spooled.mutex:
            due = spooled.behind.due(sound=closing_in)
            start = min(due.values(), default=spooled.disk.head)
            if closing_in and spooled.disk.head - start <= _CHUNK:
                return self._note(due, self._send(spread, due, start))
        sent = self._send(spread, due, start)
        with spooled.mutex:
            return self._note(due, sent)

    def _send(self, spread: Spread, due: Mapping[int, int], start: int) -> _Sent:
        records = self._spooled.disk.read(start, _CHUNK) if due else []
        placed = [(partition_of(one.key, spread.partitions), one) for one in records]
        chosen = [(partition, one) for partition, one in placed if partition in due and one.offset >= due[partition]]
        outcomes = spread.send([(partition, Entry(one.key, one.value)) for partition, one in chosen]) if chosen else []
        failed: dict[int, int] = {}
        for (partition, one), outcome in zip(chosen, outcomes, strict=True):
            if outcome is not None:
                failed.setdefault(partition, one.offset)
        failure = next((outcome for outcome in outcomes if outcome is not None), None)
        return _Sent(records[-1].offset + 1 if records else start, outcomes.count(None), failed, failure)

    def _note(self, due: Mapping[int, int], sent: _Sent) -> bool:
        for partition in due:
            if partition in sent.failed:
                self._spooled.behind.failed(partition, sent.failed[partition])
            else:
                self._spooled.behind.went_on(partition, sent.end)
        self._spooled.settle(sent.taken)
        self._since_let_go += sent.taken
        if sent.failure is not None:
            self._fail(sent.failure)
        return bool(due) and len(sent.failed) < len(due)

    def _fail(self, failure: SignalError) -> None:
        """Told when it is another one, and now and then."""
        self._failure, now = failure, time.monotonic()
        if failure.message != self._told or now - self._told_at > _TOLD_AGAIN_SECONDS:
            self._told, self._told_at = failure.message, now
            emit(LogSpoolReplayFailed(self._spooled.waiting_bytes, failure.message))

    def _let_go(self) -> None:
        self._since_let_go = 0
        with self._spooled.mutex, suppress(Unavailable):  # the appender has told it; it is replayed again at worst
            self._spooled.let_go()

    def _close(self) -> None:
        spread, self._spread = self._spread, None
        if spread is not None:
            spread.close()
