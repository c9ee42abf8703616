"""What must be there before a role starts: the data folder, the key, the store with its default pipeline."""

import contextlib
from collections.abc import Iterator

from datafly.model.errors import OperatorError
from datafly.model.secret import Secret
from datafly.settings import Settings
from datafly.store.keys import load_or_create_key
from datafly.store.open import SqlStore, open_store


def encryption_key(settings: Settings) -> Secret:
    """The key from the settings, or that of the data folder. Raises `OperatorError` where the folder cannot be had."""
    with usable_folder(settings):
        return load_or_create_key(settings.data_dir, settings.encryption_key)


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


def open_the_store(settings: Settings) -> SqlStore:
    return open_store(settings.data_dir, encryption_key=encryption_key(settings))
