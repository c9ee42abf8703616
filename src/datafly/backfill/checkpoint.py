"""How far an import has come, so that another start goes on where it ended, however it ended."""

import contextlib
import fcntl
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from datafly.backfill.files import FileIdentity
from datafly.model.errors import OperatorError

_VERSION: Final = 1


class Counts(msgspec.Struct):
    """Rows. `skipped`: the mapping's `only` left them out."""

    read: int = 0
    accepted: int = 0
    refused: int = 0
    skipped: int = 0


class Purpose(msgspec.Struct, frozen=True):
    """What an import is of: it is gone on with only if nothing of it has changed. `target` and `mapping` are hashes."""

    files: tuple[FileIdentity, ...]
    target: str
    mapping: str


class UnderWay(msgspec.Struct, frozen=True):
    """A batch that was about to be posted: rows `first` to `last` of the file that the checkpoint is in."""

    first: int
    last: int
    message_id: str
    at_ms: int


class Checkpoint(msgspec.Struct, kw_only=True):
    """`file`, `row`: how many files are done, and of the next one how many rows. `under_way`: what was being posted
    when it was written; None once the answer is known.
    """

    purpose: Purpose
    version: int = _VERSION
    file: int = 0
    row: int = 0
    counts: Counts = msgspec.field(default_factory=Counts)
    report_bytes: int = 0
    under_way: UnderWay | None = None
    finished: bool = False


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """Nobody else imports by this checkpoint meanwhile. Raises `OperatorError` where somebody does."""
    lock = path.with_name(path.name + ".lock")
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise OperatorError(f"{lock} cannot be written: {error.strerror}.") from error
    try:
        if not _takes(descriptor, lock):
            raise OperatorError(
                f"Another import that goes by {path} is under way. Wait for it, or name another place with --report."
            )
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)
    finally:
        os.close(descriptor)


def _takes(descriptor: int, lock: Path) -> bool:
    """False too where who had it has just ended and taken the file away: the next import makes another."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(descriptor), lock.stat())
    except (BlockingIOError, FileNotFoundError):
        return False


def load(path: Path, purpose: Purpose) -> Checkpoint | None:
    """None: there was none. Raises `OperatorError` where it is of another import."""
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Checkpoint)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise OperatorError(f"The checkpoint {path} cannot be read: {error}. {_CURE}") from error
    _require_same(path, found.purpose, purpose)
    return found


def save(path: Path, checkpoint: Checkpoint) -> None:
    """Whole or not at all, and durable when it returns. Raises `OperatorError`."""
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as file:
            file.write(msgspec.json.encode(checkpoint))
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise OperatorError(f"The checkpoint {path} cannot be written: {error.strerror}.") from error


_CURE: Final = "--from-start begins anew; --report names another place for report and checkpoint."


def _require_same(path: Path, found: Purpose, now: Purpose) -> None:
    if changed := _changed_file(found.files, now.files):
        raise OperatorError(f"{changed} since the import of which {path} is the checkpoint. {_CURE}")
    if found.target != now.target:
        raise OperatorError(f"{path} is the checkpoint of an import into another gateway or pipeline. {_CURE}")
    if found.mapping != now.mapping:
        raise OperatorError(f"The mapping has changed since the import of which {path} is the checkpoint. {_CURE}")


def _changed_file(found: Sequence[FileIdentity], now: Sequence[FileIdentity]) -> str:
    if [one.name for one in found] != [one.name for one in now]:
        return "The list of files has changed"
    return next((f"{one.name} has changed" for other, one in zip(found, now, strict=True) if other != one), "")
