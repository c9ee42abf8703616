"""What must be there before a role starts: the data folder, the key, the store with its default pipeline."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast
from uuid import uuid4

from datafly.model.errors import OperatorError
from datafly.model.secret import Secret
from datafly.runtime.closed import require_open
from datafly.runtime.compose import open_log
from datafly.runtime.folder import held_folder, require_nobody_in, usable_folder
from datafly.settings import Settings
from datafly.store.keys import load_or_create_key
from datafly.store.migrate import HEAD
from datafly.store.open import SqlStore, change_tables, open_store

if TYPE_CHECKING:
    from datafly.log.kafka import KafkaLog


def encryption_key(settings: Settings) -> Secret:
    """The key from the settings, or that of the data folder. Raises `OperatorError` where the folder cannot be had."""
    with usable_folder(settings):
        return load_or_create_key(settings.data_dir, settings.encryption_key)


def open_the_store(settings: Settings, *, alone: bool = False) -> SqlStore:
    """`alone`: who opens it has the folder to itself, and may bring tables of an earlier version to this one's.

    Others do so only while no Signal runs there; in a database, of which many may be users, by `datafly migrate` alone.
    Raises `OperatorError`.
    """
    url = settings.store_url
    store = open_store(
        _place(settings),
        encryption_key=encryption_key(settings),
        before_migrating=None if alone else _guard(settings),
        connections=settings.store_connections,
    )
    if alone and url is not None:
        store.belong_to(log_id(settings))
    return store


def bring_along(settings: Settings, *, with_this_log: bool = False) -> str:
    """The store's tables are those of this version afterwards, whose revision is returned. Raises `OperatorError`.

    `with_this_log`: a database goes on with the log of this data folder, whichever it had.
    """
    url = settings.store_url
    before = partial(require_nobody_in, settings) if url is None else None
    with open_store(_place(settings), encryption_key=encryption_key(settings), before_migrating=before) as store:
        if with_this_log and url is not None:
            store.belong_to(log_id(settings), from_now_on=True)
    return HEAD


def change_tables_to(settings: Settings, revision: str) -> str:
    """Up or down, for the version of Signal that is started next; the revision. Raises `OperatorError`."""
    place = _place(settings)
    if settings.store_url is not None:
        change_tables(place, revision)
        return revision
    with held_folder(settings, "change its tables"):
        change_tables(place, revision)
    return revision


def log_id(settings: Settings) -> str:
    """The same for as long as the log is there, on the brokers or in the data folder, and no other log's.

    Raises `Unavailable` where no broker answers.
    """
    if settings.log_url:
        return cast("KafkaLog", open_log(settings)).id()
    file = settings.data_dir / "log" / "id"
    with usable_folder(settings):
        file.parent.mkdir(exist_ok=True, mode=0o700)
        if not file.exists():
            file.write_text(uuid4().hex)
        return file.read_text().strip()


def _place(settings: Settings) -> Path | str:
    """Raises `OperatorError` where the data folder says that its store is not to be used."""
    if settings.store_url is not None:
        return settings.store_url.reveal()
    require_open(settings)
    return settings.data_dir


def _guard(settings: Settings) -> Callable[[], None]:
    return partial(require_nobody_in, settings) if settings.store_url is None else _refuse_to_bring_along


def _refuse_to_bring_along() -> None:
    raise OperatorError("The store's tables are of an earlier version: run `datafly migrate`, then start again.")
