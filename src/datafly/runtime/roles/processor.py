"""The processor: from `raw` to `events`, each event once."""

import asyncio
import contextlib
from collections.abc import Callable

from datafly.model.errors import Unavailable
from datafly.observe import add_measure, add_sink
from datafly.process.processor import Processor
from datafly.runtime.chores import retain_events, tell_position
from datafly.runtime.clock import SystemClock
from datafly.runtime.compose import open_log
from datafly.runtime.figures import Unprocessed, log_sizes
from datafly.runtime.intake import Intake
from datafly.runtime.lookup import state_folder
from datafly.runtime.pipelines import Pipelines
from datafly.runtime.prepare import open_the_store
from datafly.settings import Settings


async def run(settings: Settings, stop: asyncio.Event, ready: Callable[[], None]) -> None:
    store = open_the_store(settings)
    pipelines = Pipelines(store.control)
    clock = SystemClock()
    log = open_log(settings)
    processor = Processor(
        log,
        state_folder(settings),
        pipelines=pipelines.by_id,
        clock=clock,
        consent=pipelines.consent,
    )
    intake = Intake(store.intake, clock, kept=settings.refused_kept, pipelines=pipelines.by_id)
    add_sink(intake.sink)
    unprocessed = Unprocessed(log, processor)
    forget = add_measure(unprocessed)
    add_measure(lambda: log_sizes(settings))
    beside = [
        asyncio.create_task(pipelines.follow()),
        asyncio.create_task(intake.follow()),
        asyncio.create_task(tell_position(store.ledger, processor.position)),
        asyncio.create_task(retain_events(settings, processor.retain, store.control, store.ledger)),
    ]
    try:
        ready()
        await processor.run(stop)
    finally:
        for task in beside:
            task.cancel()
        forget()
        unprocessed.close()
        processor.close()
        with contextlib.suppress(Unavailable):  # what could not be counted is no reason to end badly
            await asyncio.to_thread(intake.write)
        store.close()
