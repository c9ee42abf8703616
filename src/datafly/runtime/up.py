"""`datafly up`: prepare, start every role, say what to do next, drain on Ctrl-C."""

import asyncio
import os
import platform
import signal
from contextlib import nullcontext
from functools import partial
from typing import Final

import msgspec

from datafly.observe import add_sink, emit
from datafly.observe.lines import line_sink
from datafly.observe.runtime import RuntimeWorkersRefused
from datafly.runtime.aside import aside
from datafly.runtime.child import names_of, preload
from datafly.runtime.compose import embedded_log
from datafly.runtime.continuity import go_on_beyond_what_was_read
from datafly.runtime.figures import offered
from datafly.runtime.folder import alone_in_the_folder
from datafly.runtime.ports import refuse_busy_ports, shared_with_nobody_else
from datafly.runtime.prepare import open_the_store
from datafly.runtime.process import start
from datafly.runtime.sharing import share_out_deliveries
from datafly.runtime.shed import shed_code
from datafly.runtime.supervisor import supervise
from datafly.runtime.tracing import require_tracing
from datafly.runtime.welcome import welcome
from datafly.settings import Settings

_DRAIN_SECONDS: Final = 2.5
"""Of a role, whatever the setting says: all together have less than five, for the person who waits."""


async def up(settings: Settings) -> None:
    """Run until SIGINT or SIGTERM. Raises `OperatorError` with a cure where the set-up is wrong."""
    # Events are about persons: what is made is its owner's alone, also in a data folder that others may enter.
    os.umask(0o077)
    stop = stop_on_signals()
    add_sink(line_sink(role="supervisor", level=settings.log_level, style=settings.log_format))
    require_tracing(settings)
    refuse_busy_ports(settings)
    async with alone_in_the_folder(settings, stop) as held:
        if held is not None:
            settings = _with_a_port_that_can_be_shared(settings)
            with shared_with_nobody_else(settings) if settings.gateway_workers > 1 else nullcontext():
                await _run(settings, stop, held)


async def _run(settings: Settings, stop: asyncio.Event, held: int) -> None:
    """`held`: the descriptor by which the tree has its data folder to itself."""
    settings = msgspec.structs.replace(settings, drain_seconds=_DRAIN_SECONDS)
    roles = _roles(settings)
    preload(roles, settings)
    aside(partial(_make_tables, settings))
    text = _make_ready(settings)

    async def announce() -> None:
        print(text, flush=True)  # noqa: T201  what a person waits for at the terminal
        shed_code()

    async with offered("supervisor", settings.data_dir):
        await supervise(settings, roles, stop, announce, start=partial(start, held=(held,)))


def _make_tables(settings: Settings) -> None:
    open_the_store(settings, alone=True).close()


def _make_ready(settings: Settings) -> str:
    """What there is to be before a role runs; the words for who started it.

    Not aside: what is done to the store here for the first time, roles have not to do again, each in pages of its own.
    """
    with open_the_store(settings) as store:
        store.control.ensure_default_pipeline()
        if not settings.log_url:
            go_on_beyond_what_was_read(embedded_log(settings), store.ledger)
        share_out_deliveries(store, 1 if settings.log_url else settings.delivery_workers)
        return welcome(settings, store)


def _with_a_port_that_can_be_shared(settings: Settings) -> Settings:
    if settings.gateway_workers == 1 or platform.system() == "Linux":
        return settings
    reason = "only Linux shares out who connects among processes that listen on one port"
    emit(RuntimeWorkersRefused(settings.gateway_workers, reason))
    return msgspec.structs.replace(settings, gateway_workers=1)


def _roles(settings: Settings) -> tuple[str, ...]:
    """In the order of the flow, which is the order of draining."""
    several = settings.gateway_workers > 1
    counts = {
        "gateway": settings.gateway_workers,
        "keeper": int(several),
        "processor": 1,
        "delivery": settings.delivery_workers,
        "management": 1,
        "sandbox": int(settings.demo),
    }
    return tuple(name for role, count in counts.items() for name in names_of(role, count))


def stop_on_signals() -> asyncio.Event:
    """Set by Ctrl-C or SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})  # it may have waited for this (`runtime.anew`)
    return stop
