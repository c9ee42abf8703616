"""`datafly gateway` and its sisters: a role as a process of its own, any number of them, on any number of machines."""

import asyncio
import contextlib
import faulthandler
import importlib
import os
import sys
import threading
import time
from collections.abc import Collection
from functools import partial
from typing import Final

import msgspec

from datafly.model.errors import Unavailable
from datafly.observe import add_sink, emit
from datafly.observe.lines import bridge_libraries, line_sink
from datafly.observe.runtime import RuntimeDrained, RuntimeRoleWaits
from datafly.runtime.child import collect_rarely
from datafly.runtime.figures import offered
from datafly.runtime.folder import one_of_a_role
from datafly.runtime.health import HEALTH
from datafly.runtime.ports import refuse_busy_ports
from datafly.runtime.probes import probes
from datafly.runtime.shared_engines import Watched, prepare_shared, require_shared_engines
from datafly.runtime.tracing import require_tracing, tracing
from datafly.runtime.up import stop_on_signals
from datafly.settings import Settings

OWN_HEALTH_PORT: Final = {"gateway": 8081, "processor": 8082, "delivery": 8083, "management": 8085}
_AGAIN_SECONDS: Final = 1.0
_CHORES_SECONDS: Final = 2.0
_LATE: Final = 1
"""The exit status where it had to be cut off."""


async def run_role(role: str, settings: Settings) -> None:
    """Until SIGINT or SIGTERM. Raises `OperatorError` with a cure where the set-up is wrong."""
    os.umask(0o077)
    stop = stop_on_signals()
    bridge_libraries()
    add_sink(line_sink(role=role, level=settings.log_level, style=settings.log_format))
    collect_rarely()
    require_shared_engines(settings, role)
    settings = msgspec.structs.replace(settings, health_port=settings.health_port or OWN_HEALTH_PORT[role])
    require_tracing(settings)
    refuse_busy_ports(settings, ports_of(role))
    async with (
        one_of_a_role(settings, role, stop),
        offered(role, settings.data_dir),
        probes(settings, role, HEALTH),
    ):
        asking = asyncio.create_task(_end_in_time(settings, role, stop))
        try:
            if await _prepared(settings, role, stop):
                Watched(settings, role, HEALTH).begin()
                with tracing(role, settings):
                    await importlib.import_module(f"datafly.runtime.roles.{role}").run(settings, stop, HEALTH.begun)
        finally:
            asking.cancel()


def ports_of(role: str) -> Collection[str]:
    """The settings of the ports that it listens on."""
    own = {"gateway": ["gateway_port"], "management": ["management_port"]}
    return [*own.get(role, []), "health_port"]


async def _prepared(settings: Settings, role: str, stop: asyncio.Event) -> bool:
    """Once what it needs can be reached; False where it was told to stop before."""
    said = ""
    while not stop.is_set():
        try:
            await asyncio.to_thread(prepare_shared, settings, role)
        except Unavailable as error:
            if error.message != said:
                said = error.message
                emit(RuntimeRoleWaits(role=role, reason=said))
            HEALTH.follow("engines", partial(str, said))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _AGAIN_SECONDS)
        else:
            HEALTH.forget("engines")
            return True
    return False


async def _end_in_time(settings: Settings, role: str, stop: asyncio.Event) -> None:
    """Once it is told to stop it is not ready, and at the deadline it is gone, whatever hangs."""
    await stop.wait()
    HEALTH.ending()
    began = time.monotonic()

    def cut_off() -> None:
        emit(RuntimeDrained(seconds=round(time.monotonic() - began, 3), killed=(role,)))
        with contextlib.suppress(OSError, ValueError):
            faulthandler.dump_traceback(sys.stderr)  # what it hangs in
        _exit(_LATE)

    timer = threading.Timer(settings.drain_seconds, cut_off)
    timer.daemon = True
    timer.start()


def leave_soon(seconds: float = _CHORES_SECONDS) -> None:
    """The role has ended well. What other threads are at is a chore that is done again elsewhere, such as dropping what
    is old at brokers that do not answer: the interpreter would wait for it, and is not let wait for longer than this.
    """
    timer = threading.Timer(seconds, _exit, (0,))
    timer.daemon = True
    timer.start()


def _exit(status: int) -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    os._exit(status)
