"""The data folder and the keys in it: there, ours, and nobody else's."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from datafly.model.errors import OperatorError
from datafly.runtime.checkup.finding import Finding, Ground, Level


def check(ground: Ground) -> Iterator[Finding]:
    folder = ground.settings.data_dir
    if not folder.exists():
        yield _to_be_made(folder)
        return
    if not folder.is_dir():
        yield Finding("folder", Level.FAIL, f"{folder} is no folder.", "Set DATAFLY_DATA_DIR to another.")
        return
    yield _ours(folder)
    yield from _key(ground)


def _to_be_made(folder: Path) -> Finding:
    parent = next(one for one in folder.absolute().parents if one.exists())
    if os.access(parent, os.W_OK | os.X_OK):
        return Finding("folder", Level.OK, f"{folder} is not there yet; the first start makes it.")
    cure = f"Make it and give it to the user that runs Signal: install -d -m 700 -o USER {folder}"
    return Finding("folder", Level.FAIL, f"{folder} is not there, and {parent} may not be written to.", cure)


def _ours(folder: Path) -> Finding:
    status = folder.stat()
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        cure = f"Run Signal as the user who owns it (id {status.st_uid}), or give the folder to this one."
        return Finding("folder", Level.FAIL, f"{folder} may not be read and written by this user.", cure)
    if status.st_uid != os.geteuid():
        cure = "Run this as that user: files that another one makes there may keep Signal from starting."
        return Finding("folder", Level.WARN, f"{folder} belongs to another user (id {status.st_uid}).", cure)
    if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        said = f"Other users of this machine may look into {folder} ({stat.filemode(status.st_mode)})."
        return Finding("folder", Level.WARN, said, f"chmod 700 {folder}")
    return Finding("folder", Level.OK, f"{folder} is there, and its owner's alone.")


def _key(ground: Ground) -> Iterator[Finding]:
    file = ground.key_file
    if ground.settings.encryption_key is not None:
        ground.key()
        yield Finding("key", Level.OK, "The encryption key is given by a setting.")
    elif not file.is_file():
        yield Finding("key", Level.OK, "There is no encryption key yet; the first start makes one.")
    else:
        yield _file(ground, file)


def _file(ground: Ground, file: Path) -> Finding:
    try:
        ground.key()
    except OperatorError as error:
        return Finding("key", Level.FAIL, error.message, "Put the key back from where it is kept besides.")
    mode = file.stat().st_mode
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        said = f"Others than its owner may read {file} ({stat.filemode(mode)}): with it the vendors' keys are open."
        return Finding("key", Level.FAIL, said, f"chmod 600 {file}")
    return Finding("key", Level.OK, f"{file} is a key, and its owner's alone. Keep a copy elsewhere.")
