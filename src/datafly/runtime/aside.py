"""Work that is done once, in a copy of this process that ends with it (decision 0137).

What it loads is gone with the copy; done here it would be in the memory of every role that is forked later.
"""

import gc
import os
import sys
import traceback
from collections.abc import Callable
from typing import NoReturn

from datafly.model.errors import OperatorError, SignalError
from datafly.runtime.process import can_fork


def aside(work: Callable[[], None]) -> None:
    """Returns once `work` is done. Blocking. Raises `OperatorError` with the sentence of a foreseen failure.

    Where this process cannot be copied, the work is done in it.
    """
    if not can_fork():
        work()
        return
    reader, writer = os.pipe()
    _flush()
    if (pid := os.fork()) == 0:
        _work(work, writer)
    os.close(writer)
    with os.fdopen(reader, encoding="utf-8") as heard:
        failure = heard.read()
    _, status = os.waitpid(pid, 0)
    if failure:
        raise OperatorError(failure)
    if status:
        raise OperatorError(
            f"What Signal prepares before it starts ended with status {os.waitstatus_to_exitcode(status)}; "
            "see the lines above."
        )


def _work(work: Callable[[], None], writer: int) -> NoReturn:
    """Whatever happens, nothing above this on the stack goes on in the copy."""
    status = 1
    try:
        gc.freeze()  # what is above must not be collected here: it would close what is the other's
        work()
        status = 0
    except SignalError as error:
        os.write(writer, error.message.encode())
    except BaseException:  # noqa: BLE001  the copy ends with it, as it would if it were a program of its own
        traceback.print_exc()
    finally:
        _flush()
        os._exit(status)


def _flush() -> None:
    """What is still to be written would be written by both."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
