"""An offset that was used is never given out again, also where files of the log are gone.

A log that begins anew below what was read of it would give new events the offsets of old ones: they would pass for
processed and for delivered, and nobody would ever hear of them.
"""

from datafly.log.base import EVENTS, RAW
from datafly.log.sqlite import SqliteLog
from datafly.observe import emit
from datafly.observe.runtime import RuntimeLogShortened
from datafly.runtime.chores import PROCESSOR
from datafly.store.base import Ledger


def go_on_beyond_what_was_read(log: SqliteLog, ledger: Ledger) -> None:
    """Before any role runs. What is missing is told; where all of it is, it ends EXHAUSTED for who had not read it."""
    read = ledger.marks().get((PROCESSOR, 0))
    consumed = _go_on(log, EVENTS, _decided_to(ledger), read)
    _go_on(log, RAW, consumed or 0, None)


def _go_on(log: SqliteLog, stream: str, beyond: int, consumed: int | None) -> int | None:
    """The consumer's position that the stream holds then; `consumed` is taken for it where a part is missing."""
    appender = log.appender(stream, 0)
    try:
        head = appender.go_on_at(beyond, consumed=consumed)
        if head < beyond:
            emit(RuntimeLogShortened(stream=stream, partition=0, first=head, last=beyond - 1))
        return appender.consumed()
    finally:
        appender.close()


def _decided_to(ledger: Ledger) -> int:
    """One beyond the highest offset of `events` that any installation has decided, by any of its workers."""
    ends = [0]
    for (reader, partition), mark in ledger.marks(furthest=True).items():
        progress = ledger.progress(reader, partition) if reader != PROCESSOR else None
        if progress is not None:
            ends += [mark, *(offset + 1 for offset in progress.finals)]
    return max(ends)
