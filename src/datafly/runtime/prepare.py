"""What must be there before a role starts: the data folder, the key, the store with its default pipeline."""

from functools import partial

from datafly.model.secret import Secret
from datafly.runtime.folder import require_nobody_in, usable_folder
from datafly.settings import Settings
from datafly.store.keys import load_or_create_key
from datafly.store.open import SqlStore, open_store


def encryption_key(settings: Settings) -> Secret:
    """The key from the settings, or that of the data folder. Raises `OperatorError` where the folder cannot be had."""
    with usable_folder(settings):
        return load_or_create_key(settings.data_dir, settings.encryption_key)


def open_the_store(settings: Settings, *, alone: bool = False) -> SqlStore:
    """`alone`: who opens it has the folder to itself, and may bring tables of an earlier version to this one's.

    Others do so only while no Signal runs there. Raises `OperatorError`.
    """
    before = None if alone else partial(require_nobody_in, settings)
    return open_store(settings.data_dir, encryption_key=encryption_key(settings), before_migrating=before)
