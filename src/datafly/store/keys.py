"""The encryption key: 32 bytes, configured or made at first start and kept in a file beside the store."""

import base64
import binascii
import os
import secrets
import string
from pathlib import Path
from typing import Final

from datafly.model.errors import OperatorError
from datafly.model.secret import Secret
from datafly.observe import emit
from datafly.observe.store import StoreKeyMade
from datafly.store import dialect

FILE: Final = "encryption.key"
KEY_BYTES: Final = 32
_FORM: Final = f"{KEY_BYTES} bytes, as {KEY_BYTES * 2} hexadecimal digits or in base64"
_MAKE: Final = f"`openssl rand -base64 {KEY_BYTES}` makes one"


def load_or_create_key(data_dir: Path, configured: Secret | None) -> Secret:
    """The configured key, else that of the file `encryption.key`, which is made if there is none and no store yet.

    Several processes may start at once: all get the key of the one that was first. Raises `OperatorError`.
    """
    if configured:
        key_bytes(configured, where="The setting encryption_key (DATAFLY_ENCRYPTION_KEY)")
        return configured
    file = data_dir / FILE
    try:
        if not file.exists():
            _require_no_store(data_dir)
            return _create(file)
        return _read(file)
    except OSError as error:
        raise OperatorError(f"The encryption key {file} cannot be read or made: {error.strerror}.") from error


def key_bytes(key: Secret, *, where: str = "The encryption key") -> bytes:
    """Raises `OperatorError` that says what a key looks like, never what was given."""
    text = key.reveal().strip()
    if len(text) == KEY_BYTES * 2 and all(character in string.hexdigits for character in text):
        return bytes.fromhex(text)
    try:
        raw = base64.b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != KEY_BYTES:
        raise OperatorError(f"{where} is malformed: it takes {_FORM}; {_MAKE}.")
    return raw


def _require_no_store(data_dir: Path) -> None:
    """A new key would open nothing, and look like the lost one."""
    store = data_dir / dialect.FILE
    if store.exists():
        raise OperatorError(
            f"The encryption key of the store {store} is missing: put the file {FILE} back beside it, or give it by "
            "the setting encryption_key (DATAFLY_ENCRYPTION_KEY); without it the secrets in the store cannot be read."
        )


def _read(file: Path) -> Secret:
    key = Secret(file.read_text("ascii", errors="replace").strip())
    key_bytes(key, where=f"The file {file}")
    return key


def _create(file: Path) -> Secret:
    """Written whole under a name of its own, then linked: a reader never sees half a key, and the first one wins."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = file.with_name(f".{FILE}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        _write_private(draft, base64.b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n")
        os.link(draft, file)
        _sync_directory(file.parent)
        emit(StoreKeyMade(file=str(file)))
    except FileExistsError:
        pass
    finally:
        draft.unlink(missing_ok=True)
    return _read(file)


def _write_private(file: Path, content: bytes) -> None:
    descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
