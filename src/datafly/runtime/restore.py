"""`datafly restore`: a backup into an empty data folder."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Final

import msgspec

from datafly.model.errors import OperatorError
from datafly.runtime.backup import FORMAT, MANIFEST, Backup, Copied, digest_of
from datafly.runtime.closed import FILE as CLOSED
from datafly.runtime.closed import close_folder, reopen_folder, why_closed
from datafly.runtime.folder import held_folder, usable_folder
from datafly.runtime.snapshot import sync
from datafly.settings import Settings
from datafly.store import keys

_MAY_BE_THERE: Final = {"up.lock", keys.FILE}


def restore(settings: Settings, source: Path, *, copied: Copied) -> Backup:
    """Nothing is started on the folder before it is whole; what was interrupted is done again.

    Raises `OperatorError`: no backup, damaged, something is in the folder already.
    """
    backup = _manifest(source)
    with usable_folder(settings), held_folder(settings, "restore into another folder"):
        _require_room(settings, source, backup)
        with _closed(settings, source):
            total, done = sum(one.bytes for one in backup.files.values()), 0
            for name, kept in backup.files.items():
                _copy(source / name, settings.data_dir / name, kept.blake2b)
                done += kept.bytes
                copied(done, total)
    return backup


def _manifest(source: Path) -> Backup:
    try:
        backup = msgspec.json.decode((source / MANIFEST).read_bytes(), type=Backup)
    except (OSError, msgspec.MsgspecError) as error:
        raise OperatorError(
            f"{source} is no backup, or one that was not finished: it has no {MANIFEST} that can be read."
        ) from error
    if backup.format != FORMAT:
        raise OperatorError(f"The backup {source} is of a newer Signal: restore it with that version.")
    for name in map(PurePosixPath, backup.files):
        if name.is_absolute() or ".." in name.parts:
            raise OperatorError(f"The backup {source} names a file outside of itself, {name}: it is not whole.")
    return backup


def _require_room(settings: Settings, source: Path, backup: Backup) -> None:
    found = {path.name for path in settings.data_dir.iterdir()}
    if found - _MAY_BE_THERE and why_closed(settings) != _sentence(source):
        raise OperatorError(
            f"The data folder {settings.data_dir} holds something already, and no backup is written over it. Move "
            "it away, or set DATAFLY_DATA_DIR to another folder."
        )
    key = settings.data_dir / keys.FILE
    own = source / keys.FILE
    if backup.with_key and own.exists() and key.exists() and key.read_text().strip() != own.read_text().strip():
        raise OperatorError(f"The key {key} is not that of the backup. Move it away: the backup has its own.")


@contextmanager
def _closed(settings: Settings, source: Path) -> Iterator[None]:
    close_folder(settings, _sentence(source))
    yield
    for folder in [settings.data_dir, *(path for path in settings.data_dir.rglob("*") if path.is_dir())]:
        sync(folder)
    reopen_folder(settings)


def _sentence(source: Path) -> str:
    return (
        f"The backup {source.resolve()} was not restored whole. Restore it again (datafly restore), or remove what is "
        f"in the data folder, the file {CLOSED} last."
    )


def _copy(file: Path, to: Path, blake2b: str) -> None:
    to.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    to.unlink(missing_ok=True)
    to.touch(mode=0o600)
    try:
        shutil.copyfile(file, to)
    except FileNotFoundError as error:
        raise OperatorError(f"The backup is damaged: {file} is missing.") from error
    sync(to)
    if digest_of(to) != blake2b:
        raise OperatorError(f"The backup is damaged: {file} is not what was written.")
