"""The gateway: takes events on its port and answers when they are durable in `raw`.

One alone appends to `raw` itself; of several each has a number, and hands over to the keeper of `raw`.
"""

import asyncio
import contextlib
import resource
import socket
from collections.abc import AsyncIterator, Callable

import msgspec

from datafly.ingest.app import create_gateway
from datafly.ingest.doors import ALONE, Ready, Shared
from datafly.ingest.server import server_config
from datafly.ingest.settings import GatewaySettings
from datafly.model.errors import Unavailable
from datafly.observe import add_measure, add_sink
from datafly.observe.ingest import WAITING
from datafly.runtime.buckets import SharedBuckets
from datafly.runtime.clock import SystemClock
from datafly.runtime.frames import socket_path
from datafly.runtime.hand_over import HandOver
from datafly.runtime.health import HEALTH
from datafly.runtime.intake import Intake
from datafly.runtime.pipelines import Pipelines
from datafly.runtime.ports import shared_socket
from datafly.runtime.prepare import open_the_store
from datafly.runtime.raw import open_raw
from datafly.runtime.serve import serve
from datafly.runtime.writing import Append, Writing
from datafly.settings import Settings
from datafly.store.open import SqlStore

_OWN_FILES = 128
"""Descriptors beside the connections: the log, the store, the loop, and what comes beyond the limit to be refused."""


class Way(msgspec.Struct, frozen=True):
    """To the log, and from the port. `on`: its socket where it shares the port."""

    append: Append
    trouble: Ready
    shared: Shared = ALONE
    on: socket.socket | None = None


async def run(settings: Settings, stop: asyncio.Event, ready: Callable[[], None], *, number: int | None = None) -> None:
    store = open_the_store(settings)
    pipelines = Pipelines(store.control)
    clock = SystemClock()
    intake = Intake(store.intake, clock, kept=settings.refused_kept)
    add_sink(intake.sink)
    beside = [asyncio.create_task(pipelines.follow()), asyncio.create_task(intake.follow())]
    try:
        async with _alone(settings, store) if number is None else _of_several(settings, stop) as way:
            writing = Writing(way.append, clock)

            def trouble() -> str | None:
                return way.trouble() or writing.trouble()

            HEALTH.follow("log", trouble)
            app = create_gateway(
                _gateway_settings(settings),
                append=writing.append,
                pipelines=pipelines.by_key,
                sources=pipelines.sources,
                clock=clock,
                ready=trouble,
                keep_refusal=intake.keep,
                shared=way.shared,
            )
            config = server_config(
                app,
                host=settings.host,
                port=settings.gateway_port,
                head_seconds=settings.body_timeout_seconds,
                most=_connections(settings),
                most_at_once=settings.gateway_buffer_bytes // 8,
            )
            await serve(config, stop, ready, on=way.on)
    finally:
        for task in beside:
            task.cancel()
        with contextlib.suppress(Unavailable):  # what could not be counted is no reason to end badly
            await asyncio.to_thread(intake.write)
        store.close()


@contextlib.asynccontextmanager
async def _alone(settings: Settings, store: SqlStore) -> AsyncIterator[Way]:
    async with open_raw(settings, store.ledger) as raw:
        add_measure(lambda: [WAITING.of(raw.group.waiting)])
        yield Way(raw.group.append, raw.trouble)


@contextlib.asynccontextmanager
async def _of_several(settings: Settings, stop: asyncio.Event) -> AsyncIterator[Way]:
    """Listens on the port once the keeper is there: who connects before would be told to come again."""
    keeper = HandOver(
        socket_path(settings.data_dir),
        share=settings.gateway_workers,
        max_waiting_bytes=settings.gateway_buffer_bytes // 4,
    )
    buckets = SharedBuckets(settings.data_dir / "gateway.buckets")
    following = asyncio.create_task(keeper.follow())
    add_measure(lambda: [WAITING.of(keeper.waiting)])
    try:
        await _either(keeper.connected, stop)
        on = shared_socket(settings.host, settings.gateway_port)
        yield Way(keeper.append, keeper.trouble, shared=Shared(keeper, buckets), on=on)
    finally:
        following.cancel()
        buckets.close()


async def _either(*events: asyncio.Event) -> None:
    waiting = [asyncio.create_task(event.wait()) for event in events]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()


def _gateway_settings(settings: Settings) -> GatewaySettings:
    proxies = tuple(one.strip() for one in settings.trusted_proxies.split(",") if one.strip())
    return GatewaySettings(
        cookie_domain=settings.cookie_domain,
        trusted_proxies=proxies,
        demo=settings.demo,
        body_timeout_seconds=settings.body_timeout_seconds,
        max_arriving_bytes=settings.gateway_buffer_bytes // 2,
        max_beginning_bytes=settings.gateway_buffer_bytes // 8,
        trace_ratio=settings.trace_ratio if settings.trace_url else None,
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
