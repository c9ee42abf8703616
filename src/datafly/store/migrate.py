"""Brings the tables to the revision that this code was written for."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from datafly.model.errors import OperatorError
from datafly.observe import emit
from datafly.observe.store import StoreMigrated
from datafly.store import dialect
from datafly.store.database import Database

HEAD: Final = "0022"
"""The newest revision in `migrations/versions`; named here so that most starts need not load Alembic."""

FOLDER: Final = Path(__file__).parent / "migrations"
_VERSION: Final = sa.table("alembic_version", sa.column("version_num"))


def migrate(database: Database, before_upgrading: Callable[[], None] | None = None) -> None:
    """All or nothing, by one process of those that start. A store of a newer Signal → `OperatorError`.

    `before_upgrading`: called where there are tables already; what it raises leaves them as they are.
    """
    with database.read() as connection:
        if _revision(connection) == HEAD:
            return
    with database.write() as connection:
        dialect.lock_migrations(connection)
        before = _revision(connection)
        if before == HEAD:
            return
        if before and before_upgrading:
            before_upgrading()
        _upgrade(connection, before)


def _revision(connection: sa.Connection) -> str:
    """Empty: there are no tables yet."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return ""
    return str(connection.execute(sa.select(_VERSION.c.version_num)).scalar() or "")


def _upgrade(connection: sa.Connection, before: str) -> None:
    from alembic import command  # noqa: PLC0415 - heavy, and most starts have nothing to migrate
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, HEAD)
    except CommandError as error:
        raise OperatorError(
            f"The store is at revision {before}, which this version of Signal does not know: it was written by a newer "
            "one. Install that version again, or give another data directory."
        ) from error
    emit(StoreMigrated(before=before, after=HEAD))
