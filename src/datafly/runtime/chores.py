"""What is done now and then: old segments go, old attempts are forgotten.

Never past a cursor that needs them, but where the size that the operator gave the log forces it: then it is told.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final, Protocol

from datafly.deliver.retention import keep_from
from datafly.log.base import EVENTS, RAW, Appender, Retention
from datafly.observe import emit
from datafly.observe.runtime import RuntimeChoreFailed, RuntimeRetentionDropped, RuntimeRetentionForced
from datafly.settings import Settings
from datafly.store.base import Control, Ledger, Writing
from datafly.store.incoming import Intake

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
            emit(RuntimeChoreFailed(chore=getattr(chore, "__name__", "chore"), message=repr(error)))
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


async def retain_events(settings: Settings, retain: Retain, control: Control, ledger: Ledger) -> None:
    """Until cancelled. Keeps what the cursor of any installation in force has not passed, as far as the size allows."""
    limits = retention_of(settings)
    budget = Retention(max_bytes=limits.max_bytes)

    def retain_segments_of_events() -> None:
        needed = keep_from(control, ledger, 0)
        _tell(EVENTS, retain(limits, keep_from=_EVERYTHING if needed is None else needed))
        for first, last in retain(budget, keep_from=_EVERYTHING):
            emit(RuntimeRetentionForced(stream=EVENTS, partition=0, first=first, last=last))

    await every(_RETAIN_SECONDS, retain_segments_of_events)


async def trim_attempts(settings: Settings, ledger: Ledger, intake: Intake) -> None:
    """Until cancelled. Forgets attempts, outcomes and refusals past their time."""

    def trim_old_attempts() -> None:
        now_ms = int(time.time() * 1000)
        before_ms = int(now_ms - settings.attempts_hours * 3_600_000)
        intake.forget(before_ms=before_ms, now_ms=now_ms)
        while ledger.trim(before_ms=before_ms):
            pass

    await every(_TRIM_SECONDS, trim_old_attempts)


async def tell_position(ledger: Ledger, position: Callable[[], int | None]) -> None:
    """Until cancelled. Writes the processor's position in `raw` where the gateway's retention reads it."""

    def write_position_of_processor() -> None:
        consumed = position()
        if consumed is not None:
            ledger.write([Writing(marks=((PROCESSOR, "", 0, consumed),))])

    await every(_RETAIN_SECONDS / 2, write_position_of_processor)


def _tell(stream: str, dropped: list[tuple[int, int]]) -> None:
    for first, last in dropped:
        emit(RuntimeRetentionDropped(stream=stream, partition=0, first=first, last=last))
