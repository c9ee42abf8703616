"""A role's process as the supervisor holds it: forked from itself where that is safe, else a program of its own.

A fork shares what is imported with all its sisters, and loads nothing. It is safe while the supervisor has one thread,
on a system whose libraries do not start threads of their own (decision 0088).
"""

import os
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Protocol

from datafly.settings import Settings


class Process(Protocol):
    """`returncode`: None while it runs, minus the signal where one ended it. One that has ended hears nothing."""

    @property
    def pid(self) -> int: ...

    @property
    def returncode(self) -> int | None: ...

    def lines(self) -> AsyncIterator[bytes]:
        """What it says on standard output, to its end."""

    async def wait(self) -> int:
        """Its return code, once it has ended."""

    def let_go(self) -> None:
        """Close its lifeline, and ask it by SIGTERM: to one that is still being loaded this is the end at once."""

    def kill(self) -> None: ...


Start = Callable[[str, Settings], Awaitable[Process]]
"""Name of a role, `delivery-2` → its process."""


async def start(name: str, settings: Settings, *, held: Sequence[int] = ()) -> Process:
    """A process that works as the role, with the descriptors `held` open until it ends.

    It never hears Ctrl-C, not even while it starts.
    """
    if can_fork():
        from datafly.runtime.forked import fork  # noqa: PLC0415  uses what only Linux has

        return await fork(name, settings, held=held)
    from datafly.runtime.spawned import spawn  # noqa: PLC0415  not needed where it can fork

    return await spawn(name, settings, held=held)


def can_fork() -> bool:
    is_main = threading.current_thread() is threading.main_thread()
    return sys.platform == "linux" and hasattr(os, "pidfd_open") and is_main and _threads() == 1


def _threads() -> int:
    """Those of which Python does not know among them; 0 where the system does not tell."""
    tasks = Path("/proc/self/task")
    return len(list(tasks.iterdir())) if tasks.is_dir() else 0
