"""The gateway: takes events on its port and answers when they are durable in `raw`."""

import asyncio
import contextlib
from collections.abc import Callable

from datafly.ingest.app import create_gateway
from datafly.ingest.server import server_config
from datafly.ingest.settings import GatewaySettings
from datafly.log.base import RAW
from datafly.log.group import GroupCommit
from datafly.model.errors import Unavailable
from datafly.observe import add_sink
from datafly.runtime.chores import retain_raw
from datafly.runtime.clock import SystemClock
from datafly.runtime.compose import open_log
from datafly.runtime.intake import Intake
from datafly.runtime.pipelines import Pipelines
from datafly.runtime.prepare import open_the_store
from datafly.runtime.serve import serve
from datafly.runtime.writing import Writing
from datafly.settings import Settings


async def run(settings: Settings, stop: asyncio.Event, ready: Callable[[], None]) -> None:
    store = open_the_store(settings)
    pipelines = Pipelines(store.control)
    appender = open_log(settings).appender(RAW, 0)
    group = GroupCommit(appender)
    clock = SystemClock()
    writing = Writing(group.append, clock)
    intake = Intake(store.intake, clock, kept=settings.refused_kept)
    add_sink(intake.sink)
    app = create_gateway(
        _gateway_settings(settings),
        append=writing.append,
        pipelines=pipelines.by_key,
        sources=pipelines.sources,
        clock=clock,
        ready=writing.trouble,
        keep_refusal=intake.keep,
    )
    following = asyncio.create_task(pipelines.follow())
    counting = asyncio.create_task(intake.follow())
    retaining = asyncio.create_task(retain_raw(settings, appender, store.ledger))
    config = server_config(
        app, host=settings.host, port=settings.gateway_port, head_seconds=settings.body_timeout_seconds
    )
    try:
        await serve(config, stop, ready)
    finally:
        following.cancel()
        counting.cancel()
        retaining.cancel()
        await group.close()
        appender.close()
        with contextlib.suppress(Unavailable):  # what could not be counted is no reason to end badly
            await asyncio.to_thread(intake.write)
        store.close()


def _gateway_settings(settings: Settings) -> GatewaySettings:
    proxies = tuple(one.strip() for one in settings.trusted_proxies.split(",") if one.strip())
    return GatewaySettings(
        cookie_domain=settings.cookie_domain,
        trusted_proxies=proxies,
        demo=settings.demo,
        body_timeout_seconds=settings.body_timeout_seconds,
    )
