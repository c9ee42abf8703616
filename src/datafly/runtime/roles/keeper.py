"""The keeper of `raw`, where there are several gateways: appends for all of them."""

import asyncio
from collections.abc import Callable

from datafly.ingest.signature import UsedSignatures
from datafly.log.base import RAW
from datafly.log.group import GroupCommit
from datafly.runtime.chores import retain_raw
from datafly.runtime.clock import SystemClock
from datafly.runtime.compose import open_log
from datafly.runtime.frames import socket_path
from datafly.runtime.keeper import Keeper
from datafly.runtime.prepare import open_the_store
from datafly.settings import Settings


async def run(settings: Settings, stop: asyncio.Event, ready: Callable[[], None]) -> None:
    store = open_the_store(settings)
    appender = open_log(settings).appender(RAW, 0)
    group = GroupCommit(appender, max_waiting_bytes=settings.gateway_buffer_bytes // 4)
    retaining = asyncio.create_task(retain_raw(settings, appender, store.ledger))
    keeper = Keeper(group, UsedSignatures(SystemClock()))
    try:
        ready()
        await keeper.run(socket_path(settings.data_dir), stop)
    finally:
        retaining.cancel()
        await group.close()
        appender.close()
        store.close()
