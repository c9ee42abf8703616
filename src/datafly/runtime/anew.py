"""`datafly up`, or a role alone, goes on as a program that has the command line behind it.

All roles of `datafly up` are copies of the supervisor, so what the command line had loaded, 16 MB of it, would be with
them for ever.
The process stays the same one, for whoever started it and waits for it.
"""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Mapping
from typing import Final, NoReturn

from datafly.model.errors import SignalError
from datafly.runtime.child import loop_factory
from datafly.runtime.spawned import dump, load
from datafly.settings import Settings

UP: Final = "up"
_CTRL_C: Final = {signal.SIGINT}
_BLOCK: Final = str(128 << 10)
_MEMORY: Final = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": _BLOCK,
    "MALLOC_TRIM_THRESHOLD_": _BLOCK,
    "PYTHONNODEBUGRANGES": "1",
}
"""The first three for glibc. An arena for each thread keeps what another could use, and threads here wait for one lock
anyway. Both thresholds are where glibc begins, and would grow with the largest block that was ever freed: after one
log-in, whose hash takes 19 MB, as much would never be given back; at 1 MB what requests were made of would stay. The
last for Python: where in a line a traceback points to is 0.7 MB of tables.
"""


def go_on_anew(settings: Settings, environment: Mapping[str, str], role: str = UP) -> NoReturn:
    """Replaces this program by the one below, where roles are forked; else runs here. Ends the process."""
    _open_standard_streams()
    if sys.platform != "linux":
        sys.exit(_run(settings, role))
    reader, writer = os.pipe()
    os.write(writer, dump(settings))
    os.close(writer)
    os.set_inheritable(reader, True)  # noqa: FBT003  positional only
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:  # it was closed when the program began
            stream.flush()
    # Ctrl-C waits until somebody who knows what to do with it listens; the mask stays, as the process does.
    signal.pthread_sigmask(signal.SIG_BLOCK, _CTRL_C)
    words = [sys.executable, "-P", "-m", "datafly.runtime.anew", str(reader), role]
    os.execve(sys.executable, words, {**_MEMORY, **environment})  # noqa: S606


def _open_standard_streams() -> None:
    """Where whoever started it closed one, the next descriptor that is opened would be taken for it."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # noqa: FBT003  the lowest that is free


def main() -> NoReturn:
    import setproctitle  # noqa: PLC0415  only there on Linux

    gc.disable()  # what is loaded stays: to look for garbage in it again and again would be a sixth of the start
    role = sys.argv[2]
    setproctitle.setproctitle("datafly up: supervisor" if role == UP else f"datafly {role}")
    with os.fdopen(int(sys.argv[1]), "rb") as told:
        settings = load(told.readline())
    sys.exit(_run(settings, role))


def _run(settings: Settings, role: str) -> int:
    """The exit status: 2 for a foreseen failure, told in one sentence."""
    try:
        if role == UP:
            from datafly.runtime.up import up  # noqa: PLC0415  not before the command line is gone

            asyncio.run(up(settings))
        else:
            from datafly.runtime.lone import leave_soon, run_role  # noqa: PLC0415  as above

            with asyncio.Runner(loop_factory=loop_factory()) as runner:
                runner.run(run_role(role, settings))
                leave_soon()
    except SignalError as error:
        sys.stderr.write(f"datafly: {error.message}\n")  # in one piece: other roles write to the same stream
        return 2
    return 0


if __name__ == "__main__":
    main()
