"""One role in a process of its own: `python -m datafly.runtime.child ROLE`.

Its standard input is the lifeline: the first line holds the settings, and when it closes, because the supervisor
asks or is gone, the role drains and ends. It says `ready` on standard output. Ctrl-C is the supervisor's business.
"""

import asyncio
import contextlib
import gc
import importlib
import os
import signal
import sys
import threading
from typing import Any

import msgspec

from datafly.model.errors import SignalError
from datafly.model.secret import Secret
from datafly.observe import add_sink
from datafly.observe.lines import bridge_libraries, line_sink
from datafly.settings import Settings


def dump(settings: Settings) -> bytes:
    """Settings for the lifeline of a child; the only place where a secret setting is written out, into a pipe."""
    plain = {name: getattr(settings, name) for name in settings.__struct_fields__}
    return msgspec.json.encode({name: _plain(value) for name, value in plain.items()}, enc_hook=str) + b"\n"


def load(line: bytes) -> Settings:
    return msgspec.convert(msgspec.json.decode(line), Settings, dec_hook=_rich)


def _plain(value: Any) -> Any:
    return value.reveal() if isinstance(value, Secret) else value


def _rich(kind: type, value: Any) -> Any:
    return kind(value)


def _watch_lifeline(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    def wait() -> None:
        while os.read(sys.stdin.fileno(), 4096):  # no buffered read: its lock would outlive the interpreter
            pass
        with contextlib.suppress(RuntimeError):  # SIGTERM was faster, and the loop is closed
            loop.call_soon_threadsafe(stop.set)

    threading.Thread(target=wait, name="lifeline", daemon=True).start()


async def _main(role: str, settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    _watch_lifeline(loop, stop)
    module = importlib.import_module(f"datafly.runtime.roles.{role}")
    await module.run(settings, stop, _say_ready)


def _say_ready() -> None:
    sys.stdout.write("ready\n")
    sys.stdout.flush()


def main() -> None:
    role = sys.argv[1]
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    settings = load(sys.stdin.buffer.readline())
    bridge_libraries()
    add_sink(line_sink(role=role, level=settings.log_level, style=settings.log_format))
    _calm_the_collector()
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_main(role, settings))
    except SignalError as error:
        sys.exit(f"datafly {role}: {error.message}")


def _calm_the_collector() -> None:
    """What was imported stays, and JSON has no cycles: looking less often gives process a tenth more events."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 1_000)


def _loop_factory() -> Any:
    if sys.platform == "win32":
        return None
    import uvloop  # noqa: PLC0415  not there on Windows

    return uvloop.new_event_loop


if __name__ == "__main__":
    main()
