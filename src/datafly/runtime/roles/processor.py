"""The processor: from `raw` to `events`, each event once."""

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from datafly.log.base import EVENTS, STATE
from datafly.log.holding import hold
from datafly.model.errors import Unavailable
from datafly.observe import add_measure, add_sink
from datafly.process.processor import Processor
from datafly.runtime.chores import retain_events, retain_shared_raw, tell_positions
from datafly.runtime.clock import SystemClock
from datafly.runtime.compose import open_log
from datafly.runtime.figures import Unprocessed, log_sizes
from datafly.runtime.health import HEALTH
from datafly.runtime.intake import Intake
from datafly.runtime.lookup import folder_of_the_log, state_folder
from datafly.runtime.pipelines import Pipelines
from datafly.runtime.prepare import open_the_store
from datafly.settings import Settings
from datafly.store.open import SqlStore

_THREADS = 8
"""Beside one for each partition: some may learn for minutes, and keep nobody waiting."""
GROUP = "processor"
"""Whoever is in it gets a share of the partitions, where they are shared out."""


async def run(settings: Settings, stop: asyncio.Event, ready: Callable[[], None]) -> None:
    with open_the_store(settings) as store:
        await _process(settings, stop, ready, store)


async def _process(settings: Settings, stop: asyncio.Event, ready: Callable[[], None], store: SqlStore) -> None:
    log = open_log(settings)
    shared = log.partitions(STATE) > 0
    pipelines = Pipelines(store.control)
    processor = Processor(
        log,
        folder_of_the_log(settings) if shared else state_folder(settings),
        pipelines=pipelines.by_id,
        clock=SystemClock(),
        partitions=() if shared else None,
        consent=pipelines.consent,
        erased=pipelines.erased,
    )
    intake = Intake(store.intake, SystemClock(), kept=settings.refused_kept, pipelines=pipelines.by_id)
    add_sink(intake.sink)
    HEALTH.follow("events", processor.trouble)
    unprocessed = Unprocessed(log, processor)
    forget = add_measure(unprocessed)
    add_measure(lambda: log_sizes(settings))
    beside = [
        asyncio.create_task(pipelines.follow()),
        asyncio.create_task(intake.follow()),
        asyncio.create_task(tell_positions(store.ledger, processor.positions)),
        asyncio.create_task(retain_events(settings, processor.retaining, store.control, store.ledger)),
    ]
    if shared:
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(log.partitions(EVENTS) + _THREADS))
        beside.append(asyncio.create_task(retain_shared_raw(settings, log, processor.positions)))
    try:
        ready()
        follow = partial(HEALTH.follow, "partitions")
        await (hold(log, GROUP, processor.serve, stop, follow=follow) if shared else processor.run(stop))
    finally:
        for task in beside:
            task.cancel()
        forget()
        unprocessed.close()
        processor.close()
        with contextlib.suppress(Unavailable):  # what could not be counted is no reason to end badly
            await asyncio.to_thread(intake.write)
