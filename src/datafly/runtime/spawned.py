"""A role as a program of its own: `python -m datafly.runtime.spawned ROLE`, which imports all it needs anew.

The first line of its standard input holds the settings, so that no secret is in an environment or an argument list.
"""

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any

import msgspec

from datafly.model.secret import Secret
from datafly.runtime.child import work
from datafly.settings import Settings

Command = Callable[[str], Sequence[str]]
"""Name of a role → the command line of its process."""


def role_command(name: str) -> Sequence[str]:
    return (sys.executable, "-m", "datafly.runtime.spawned", name)


class Spawned:
    """A `runtime.process.Process`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.returncode

    async def lines(self) -> AsyncIterator[bytes]:
        assert self._process.stdout  # noqa: S101  asked for in `spawn`
        async for line in self._process.stdout:
            yield line

    async def wait(self) -> int:
        return await self._process.wait()

    def let_go(self) -> None:
        if self._process.stdin:
            self._process.stdin.close()
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()


async def spawn(name: str, settings: Settings, *, command: Command = role_command, held: Sequence[int] = ()) -> Spawned:
    """Start the role; it inherits that SIGINT is blocked, so that not even its interpreter hears Ctrl-C.

    The descriptors `held` are open in it until it ends.
    """
    pipe = asyncio.subprocess.PIPE
    with _deaf_to_ctrl_c():
        process = await asyncio.create_subprocess_exec(*command(name), stdin=pipe, stdout=pipe, pass_fds=held)
    assert process.stdin  # noqa: S101  asked for above
    process.stdin.write(dump(settings))
    return Spawned(process)


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


@contextlib.contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """A process started inside inherits the mask.

    Not restored but unblocked: several are started at once, and each would restore what it found.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


if __name__ == "__main__":
    told = sys.stdin.buffer.readline()
    if told.endswith(b"\n"):  # else the supervisor was gone before it had said all
        work(sys.argv[1], load(told))
