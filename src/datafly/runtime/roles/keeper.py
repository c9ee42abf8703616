"""The keeper of `raw`, where there are several gateways: appends for all of them."""

import asyncio
from collections.abc import Callable

from datafly.ingest.signature import UsedSignatures
from datafly.runtime.clock import SystemClock
from datafly.runtime.frames import socket_path
from datafly.runtime.keeper import Keeper
from datafly.runtime.prepare import open_the_store
from datafly.runtime.raw import open_raw
from datafly.settings import Settings


async def run(settings: Settings, stop: asyncio.Event, ready: Callable[[], None]) -> None:
    store = open_the_store(settings)
    try:
        async with open_raw(settings, store.ledger) as raw:
            ready()
            await Keeper(raw.group, UsedSignatures(SystemClock())).run(socket_path(settings.data_dir), stop)
    finally:
        store.close()
