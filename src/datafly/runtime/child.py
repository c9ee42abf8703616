"""What a role does in a process of its own, however that was started (`runtime.process`).

Its standard input is the lifeline: when it closes, because the supervisor asks or is gone, the role drains and ends.
It says `ready` on standard output. Ctrl-C is the supervisor's business.

A role of which there are several has a number in its name, `delivery-2`, and is handed it.
"""

import asyncio
import contextlib
import gc
import importlib
import os
import signal
import sys
import threading
from collections.abc import Sequence
from typing import Any, Final

from datafly.model.errors import SignalError
from datafly.observe import add_sink
from datafly.observe.lines import bridge_libraries, line_sink
from datafly.runtime.figures import offered
from datafly.runtime.tracing import load_tracing, tracing
from datafly.settings import Settings

_LIFELINE: Final = 0


def names_of(role: str, count: int) -> tuple[str, ...]:
    """The names of so many processes of a role; one alone has no number."""
    return (role,) if count == 1 else tuple(f"{role}-{number}" for number in range(1, count + 1))


def role_of(name: str) -> str:
    return name.partition("-")[0]


def preload(names: Sequence[str], settings: Settings) -> None:
    """Import all that the roles import, and prepare what they prepare: a process that is forked then loads nothing, and
    shares what it leaves alone.

    What is there then is never looked at by the garbage collector, here or there: to look would be to write.
    """
    for name in names:
        module = importlib.import_module(_module_of(name))
        if hasattr(module, "prepare"):
            module.prepare(settings)
    load_tracing(settings)
    loop_factory()
    gc.collect()
    gc.freeze()
    gc.enable()  # `runtime.anew` starts without it


def collect_rarely() -> None:
    """What comes from JSON has no cycles: to look for them at Python's own pace costs each event something."""
    gc.enable()
    gc.set_threshold(100_000, 50, 1_000)


def work(name: str, settings: Settings) -> None:
    """Until the role has ended. Raises `SystemExit` with a sentence where it cannot go on."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    bridge_libraries()
    add_sink(line_sink(role=name, level=settings.log_level, style=settings.log_format, attempts=settings.log_attempts))
    collect_rarely()
    try:
        with tracing(name, settings), asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(_main(name, settings))
    except SignalError as error:
        sys.exit(f"datafly {name}: {error.message}")


async def _main(name: str, settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    _watch_lifeline(loop, stop)
    module = importlib.import_module(_module_of(name))
    number = name.partition("-")[2]
    async with offered(name, settings.data_dir):
        await module.run(settings, stop, _say_ready, **({"number": int(number)} if number else {}))


def _watch_lifeline(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    def wait() -> None:
        while os.read(_LIFELINE, 4096):  # no buffered read: its lock would outlive the interpreter
            pass
        with contextlib.suppress(RuntimeError):  # SIGTERM was faster, and the loop is closed
            loop.call_soon_threadsafe(stop.set)

    threading.Thread(target=wait, name="lifeline", daemon=True).start()


def _say_ready() -> None:
    with contextlib.suppress(BrokenPipeError):  # the supervisor is gone: the lifeline ends this role
        os.write(sys.stdout.fileno(), b"ready\n")


def _module_of(name: str) -> str:
    return f"datafly.runtime.roles.{role_of(name)}"


def loop_factory() -> Any:
    """What loops are made by; None: Python's own."""
    if sys.platform == "win32":
        return None
    import uvloop  # noqa: PLC0415  not there on Windows

    return uvloop.new_event_loop
