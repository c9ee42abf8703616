"""Delivery: from `events` to the vendors, for every installation."""

import asyncio
from collections.abc import Callable

from datafly.deliver.sent_file import SentFile
from datafly.deliver.service import Delivery
from datafly.deliver.settings import DeliverySettings
from datafly.deliver.site import Parts
from datafly.model.delivery import Share
from datafly.runtime.chores import trim_attempts
from datafly.runtime.clock import SystemClock
from datafly.runtime.compose import open_log, open_transport
from datafly.runtime.installations import compiler
from datafly.runtime.lookup import open_lookup
from datafly.runtime.prepare import open_the_store
from datafly.settings import Settings
from datafly.shape import withheld

_DRAIN_SECONDS = 2.0
"""For a vendor that is slow to answer; the roles before and after need the rest of what a stop may take."""


async def run(settings: Settings, stop: asyncio.Event, ready: Callable[[], None], *, number: int = 1) -> None:
    """`number`: which of `delivery_workers`, from 1."""
    store = open_the_store(settings)
    lookup = open_lookup(settings)
    transport = open_transport(settings)
    sent = SentFile(settings.data_dir / "deliver" / "sent.sqlite3")
    parts = Parts(
        log=open_log(settings),
        ledger=store.ledger,
        control=store.control,
        transport=transport,
        clock=SystemClock(),
        compile=compiler(settings),
        withheld=withheld,
        withdrawn=lookup.consents_of,
        settings=DeliverySettings(
            lanes=settings.delivery_lanes,
            give_up_seconds=settings.give_up_seconds,
            drain_seconds=_DRAIN_SECONDS,
        ),
        share=Share(number - 1, settings.delivery_workers),
        sent=sent,
    )
    chores = [asyncio.create_task(trim_attempts(settings, store.ledger, store.intake))] if number == 1 else []
    try:
        ready()
        await Delivery(parts).run(stop)
    finally:
        for chore in chores:
            chore.cancel()
        await transport.close()
        lookup.close()
        sent.close()
        store.close()
