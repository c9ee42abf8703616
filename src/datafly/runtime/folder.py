"""A data folder has one Signal: whoever comes second is told so before it has changed anything.

That is one tree of `datafly up`, or of roles that run alone at most one of each. The lock of a tree is on an open file
that every role inherits, so it holds for as long as any process of the tree is there, also where the supervisor was
killed and its roles are still finishing (decision 0135).
"""

import asyncio
import contextlib
import fcntl
import os
import time
from collections.abc import AsyncIterator, Iterator
from typing import Final

from datafly.model.errors import OperatorError
from datafly.settings import Settings

_WAIT_SECONDS: Final = 5.0
"""Roles of a supervisor that was killed are gone by then."""
_LOOK_SECONDS: Final = 0.05


@contextlib.contextmanager
def usable_folder(settings: Settings) -> Iterator[None]:
    """The data folder is there; what cannot be read or written in it inside is an `OperatorError` with the cure."""
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        yield
    except OSError as error:
        raise OperatorError(
            f"The data folder {settings.data_dir} cannot be used ({error.strerror}): make it writable or set "
            "DATAFLY_DATA_DIR to another."
        ) from error


@contextlib.asynccontextmanager
async def alone_in_the_folder(settings: Settings, stop: asyncio.Event) -> AsyncIterator[int | None]:
    """The descriptor that holds the folder, for the roles to inherit; None where `stop` came first.

    Raises `OperatorError` where another Signal has it.
    """
    descriptor = _open(settings)
    try:
        yield descriptor if await _held(settings, descriptor, stop, "Another Signal") else None
    finally:
        os.close(descriptor)


@contextlib.asynccontextmanager
async def one_of_a_role(settings: Settings, role: str, stop: asyncio.Event) -> AsyncIterator[None]:
    """The folder is no process tree's, and no other process of that role has it. Raises `OperatorError`."""
    together, own = _open(settings), _open(settings, f"{role}.lock")
    try:
        await _held(settings, together, stop, "A `datafly up`", how=fcntl.LOCK_SH)
        await _held(settings, own, stop, f"Another `datafly {role}`")
        yield
    finally:
        os.close(own)
        os.close(together)


async def _held(
    settings: Settings, descriptor: int, stop: asyncio.Event, who: str, *, how: int = fcntl.LOCK_EX
) -> bool:
    ends = time.monotonic() + _WAIT_SECONDS
    while not stop.is_set():
        if _takes(settings, descriptor, how):
            return True
        if time.monotonic() > ends:
            raise OperatorError(
                f"{who} is running on the data folder {settings.data_dir}. Stop it, or give this one a folder "
                "of its own (DATAFLY_DATA_DIR)."
            )
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), _LOOK_SECONDS)
    return False


def _takes(settings: Settings, descriptor: int, how: int = fcntl.LOCK_EX) -> bool:
    with usable_folder(settings):
        try:
            fcntl.flock(descriptor, how | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def somebody_is_in(settings: Settings, role: str = "up") -> bool:
    """Whether a Signal runs on the folder, or that role alone. Makes nothing."""
    try:
        descriptor = os.open(settings.data_dir / f"{role}.lock", os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return not _takes(settings, descriptor)
    finally:
        os.close(descriptor)


def require_nobody_in(settings: Settings) -> None:
    """Raises `OperatorError` where a Signal runs on the folder: it would not know the tables of this version."""
    descriptor = _open(settings)
    try:
        if not _takes(settings, descriptor):
            raise OperatorError(
                f"The Signal that runs on {settings.data_dir} is of an earlier version than this command. Stop it and "
                "start this version; what it keeps is brought along then."
            )
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def held_folder(settings: Settings, then: str) -> Iterator[None]:
    """No Signal starts on the folder while the block lasts. `then`: what to do once the one that runs has stopped.

    Raises `OperatorError` where one runs.
    """
    descriptor = _open(settings)
    try:
        if not _takes(settings, descriptor):
            raise OperatorError(f"A Signal is running on the data folder {settings.data_dir}. Stop it, then {then}.")
        yield
    finally:
        os.close(descriptor)


def _open(settings: Settings, name: str = "up.lock") -> int:
    with usable_folder(settings):
        return os.open(settings.data_dir / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
