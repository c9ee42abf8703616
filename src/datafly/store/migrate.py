"""Brings the tables to the revision that this code was written for, or to another that it knows.

A revision that says `expands` only adds: code of the revision before it goes on working with its tables. The oldest
such code is kept with the tables, so that it also starts beside newer tables (decision 0209).
"""

import importlib
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from datafly.model.errors import OperatorError, Unavailable
from datafly.observe import emit
from datafly.observe.store import StoreMigrated
from datafly.store import dialect
from datafly.store.database import Database
from datafly.store.schema import facts

if TYPE_CHECKING:
    from alembic.config import Config

HEAD: Final = "0025"
"""The newest revision in `migrations/versions`; named here so that most starts need not load Alembic."""

FOLDER: Final = Path(__file__).parent / "migrations"
_VERSION: Final = sa.table("alembic_version", sa.column("version_num"))
TABLES_SERVE: Final = "tables_serve"
"""The fact: the revision of the tables and the oldest code that they serve."""
_UNNAMED: Final = "0019"
"""Code that does not say what it was written for was written for this at most."""
_PAUSES: Final = (1.0, 2.0, 4.0)


def migrate(database: Database, before_upgrading: Callable[[], None] | None = None) -> None:
    """All or nothing, by one process of those that start. A store of a newer Signal → `OperatorError`.

    `before_upgrading`: called where there are tables already; what it raises leaves them as they are.
    """
    with database.read() as connection:
        if fits(connection):
            return
    change(database, HEAD, before_upgrading)


def change(database: Database, to: str, before_changing: Callable[[], None] | None = None) -> None:
    """Up or down to this revision, all or nothing. Tried again where others' locks were waited for too long.

    Raises `OperatorError`: there is no such revision; the tables are of a newer Signal; processes are connected that
    the new tables would not serve; the tables are in use too much.
    """
    if to not in revisions():
        raise OperatorError(f"There is no revision {to[:20]} of the store's tables: {revisions()[0]} to {HEAD}.")
    for pause in (*_PAUSES, None):
        try:
            _change(database, to, before_changing)
        except Unavailable as error:
            if not dialect.waited_too_long(error.__cause__):
                raise
            if pause is None:
                raise OperatorError("The store's tables are in use too much to be changed now. Try again.") from error
            time.sleep(pause)
        else:
            return


def revisions() -> list[str]:
    """Oldest first."""
    return sorted(file.name[1:5] for file in (FOLDER / "versions").glob("v????_*.py"))


def serves(revision: str) -> str:
    """The oldest code that goes on working with the tables of this revision."""
    module = _module(revision)
    return serves(module.down_revision) if getattr(module, "expands", False) else revision


def _module(revision: str) -> ModuleType:
    (file,) = (FOLDER / "versions").glob(f"v{revision}_*.py")
    return importlib.import_module(f"datafly.store.migrations.versions.{file.stem}")


def fits(connection: sa.Connection) -> bool:
    """The tables are of this code, or of a newer one that serves it."""
    revision = revision_of(connection)
    if revision <= HEAD:
        return revision == HEAD
    told = connection.execute(sa.select(facts.c.value).where(facts.c.name == TABLES_SERVE)).scalar()
    of, _, oldest = str(told or "").partition(" ")
    return of == revision and oldest <= HEAD


def _change(database: Database, to: str, before_changing: Callable[[], None] | None) -> None:
    with database.write() as connection:
        dialect.lock_migrations(connection)
        before = revision_of(connection)
        if before == to or (to == HEAD and fits(connection)):
            return
        if before and before not in revisions():
            raise OperatorError(
                f"The store is at revision {before}, which this version of Signal does not know: it was written by a "
                f"newer one. Install that version again, or let it take the tables back: datafly migrate --to {HEAD}."
            )
        if before and before_changing:
            before_changing()
        oldest = serves(to)
        if before:
            _require_served(connection, to, oldest)
        dialect.wait_no_longer(connection)
        _run(connection, before, to)
        dialect.upsert(connection, facts, [{"name": TABLES_SERVE, "value": f"{to} {oldest}"}])
    emit(StoreMigrated(before=before, after=to))


def _require_served(connection: sa.Connection, to: str, oldest: str) -> None:
    """Of the processes that are connected all go on with these tables: none is older than they serve, none is newer."""
    unserved = sorted(code for code in dialect.codes_beside(connection) if not oldest <= (code or _UNNAMED) <= to)
    if unserved:
        raise OperatorError(
            f"Processes of Signal are connected to the database that tables of revision {to} do not serve. Stop them, "
            "then try again."
        )


def revision_of(connection: sa.Connection) -> str:
    """Empty: there are no tables yet."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return ""
    return str(connection.execute(sa.select(_VERSION.c.version_num)).scalar() or "")


def _run(connection: sa.Connection, before: str, to: str) -> None:
    from alembic import command  # noqa: PLC0415 - heavy, and most starts have nothing to migrate

    config = _config(connection)
    if to > before:
        command.upgrade(config, to)
    else:
        command.downgrade(config, to)


def _config(connection: sa.Connection) -> "Config":
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
