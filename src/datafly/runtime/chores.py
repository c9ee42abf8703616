"""What is done now and then: old segments go, old attempts are forgotten.

Never past a cursor that needs them, but where the size that the operator gave the log forces it: then it is told.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from datafly.deliver.retention import keep_from
from datafly.log.base import EVENTS, RAW, Appender, Log, Retention
from datafly.observe import emit
from datafly.observe.runtime import RuntimeChoreFailed, RuntimeRetentionDropped, RuntimeRetentionForced
from datafly.settings import Settings
from datafly.store.base import Control, Ledger, Writing
from datafly.store.open import SqlStore

PROCESSOR: Final = "role:processor"
"""Under this name the processor tells the gateway, by a mark in the ledger, how far it has read `raw`."""

_EVERYTHING: Final = 2**62
_RETAIN_SECONDS = 60.0
_TRIM_SECONDS = 300.0
_FAILED_SECONDS = 1.0
"""A chore that is done many times a second is not told to fail as often."""


async def every(seconds: float, chore: Callable[[], Any]) -> None:
    """Do the blocking chore in a thread, again and again, until cancelled. A failure is told and tried again."""
    while True:
        await asyncio.sleep(seconds)
        try:
            await asyncio.to_thread(chore)
        except Exception as error:  # noqa: BLE001  a chore's failure must not end its role
            name = getattr(chore, "__name__", "chore")
            emit(RuntimeChoreFailed(chore=name, message=f"{type(error).__name__}: {error}"))
            await asyncio.sleep(_FAILED_SECONDS)


def retention_of(settings: Settings) -> Retention:
    return Retention(max_age_seconds=settings.retention_hours * 3600, max_bytes=settings.retention_bytes or None)


async def retain_raw(settings: Settings, appender: Appender, ledger: Ledger) -> None:
    """Until cancelled. Keeps what the processor has not read."""

    def retain_segments_of_raw() -> None:
        keep_from = ledger.marks().get((PROCESSOR, 0), 0)
        _tell(RAW, appender.retain(retention_of(settings), keep_from=keep_from))

    await every(_RETAIN_SECONDS, retain_segments_of_raw)


class Retain(Protocol):
    """`Appender.retain`, or what keeps more than it."""

    def __call__(self, retention: Retention, /, *, keep_from: int) -> list[tuple[int, int]]: ...


async def retain_events(
    settings: Settings, parts: Callable[[], Mapping[int, Retain]], control: Control, ledger: Ledger
) -> None:
    """Until cancelled. Keeps what the cursor of any installation in force has not passed, as far as the size allows.

    `parts`: partition → what drops from it.
    """
    limits = retention_of(settings)
    budget = Retention(max_bytes=limits.max_bytes)

    def retain_segments_of_events() -> None:
        for partition, retain in parts().items():
            needed = keep_from(control, ledger, partition)
            _tell(EVENTS, retain(limits, keep_from=_EVERYTHING if needed is None else needed), partition)
            for first, last in retain(budget, keep_from=_EVERYTHING):
                emit(RuntimeRetentionForced(stream=EVENTS, partition=partition, first=first, last=last))

    await every(_RETAIN_SECONDS, retain_segments_of_events)


async def retain_shared_raw(settings: Settings, log: Log, positions: Callable[[], Mapping[int, int]]) -> None:
    """Until cancelled. Of partitions that are shared out, whoever processes one drops what is processed of it."""

    def retain_partitions_of_raw() -> None:
        for partition, position in positions().items():
            appender = log.appender(RAW, partition)
            try:
                _tell(RAW, appender.retain(retention_of(settings), keep_from=position), partition)
            finally:
                appender.close()

    await every(_RETAIN_SECONDS, retain_partitions_of_raw)


async def trim_attempts(settings: Settings, store: SqlStore) -> None:
    """Until cancelled. Forgets attempts, outcomes and refusals past their time; of several processes one at a time."""
    turn = store.turn("trim")

    def trim_old_attempts() -> None:
        if not turn.is_mine():
            return
        try:
            trim()
        finally:
            turn.end()

    def trim() -> None:
        now_ms = int(time.time() * 1000)
        before_ms = int(now_ms - settings.attempts_hours * 3_600_000)
        store.intake.forget(before_ms=before_ms, now_ms=now_ms)
        while store.ledger.trim(before_ms=before_ms):
            pass

    await every(_TRIM_SECONDS, trim_old_attempts)


async def tell_positions(ledger: Ledger, positions: Callable[[], Mapping[int, int]]) -> None:
    """Until cancelled. Writes the processor's positions in `raw` where the gateway's retention reads them."""

    def write_positions_of_processor() -> None:
        marks = tuple((PROCESSOR, "", partition, position) for partition, position in positions().items())
        if marks:
            ledger.write([Writing(marks=marks)])

    await every(_RETAIN_SECONDS / 2, write_positions_of_processor)


def _tell(stream: str, dropped: list[tuple[int, int]], partition: int = 0) -> None:
    for first, last in dropped:
        emit(RuntimeRetentionDropped(stream=stream, partition=partition, first=first, last=last))
