"""The gateway: takes events on its port and answers when they are durable in `raw`."""

import asyncio
import contextlib
import resource
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

_OWN_FILES = 128
"""Descriptors beside the connections: the log, the store, the loop, and what comes beyond the limit to be refused."""


async def run(settings: Settings, stop: asyncio.Event, ready: Callable[[], None]) -> None:
    store = open_the_store(settings)
    pipelines = Pipelines(store.control)
    appender = open_log(settings).appender(RAW, 0)
    group = GroupCommit(appender, max_waiting_bytes=settings.gateway_buffer_bytes // 4)
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
        app,
        host=settings.host,
        port=settings.gateway_port,
        head_seconds=settings.body_timeout_seconds,
        most=_connections(settings),
        most_at_once=settings.gateway_buffer_bytes // 8,
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
        max_arriving_bytes=settings.gateway_buffer_bytes // 2,
        max_beginning_bytes=settings.gateway_buffer_bytes // 8,
    )


def _connections(settings: Settings) -> int:
    """As many as there may be files, the log's own apart: where those ran out, no segment could be opened."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = settings.gateway_connections + _OWN_FILES
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with contextlib.suppress(ValueError, OSError):  # the system allows no more
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return max(1, min(settings.gateway_connections, allowed - _OWN_FILES))
