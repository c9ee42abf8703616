"""Opens the store."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self

import sqlalchemy as sa

from datafly.model.errors import OperatorError
from datafly.model.secret import Secret
from datafly.store import dialect
from datafly.store.control import SqlControl
from datafly.store.database import Database, NowMs
from datafly.store.intake import SqlIntake
from datafly.store.ledger import SqlLedger
from datafly.store.migrate import HEAD, change, migrate
from datafly.store.moving import LOG_ID, MOVING, Moving
from datafly.store.relocating import Places, relocate
from datafly.store.schema import facts
from datafly.store.seal import Sealer
from datafly.store.turn import Turn

_KEY_ID: Final = "encryption_key_id"


class SqlStore:
    """Control plane, ledger and intake of one database; threads and processes may share it."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self.control = SqlControl(database, sealer)
        self.ledger = SqlLedger(database)
        self.intake = SqlIntake(database)
        self._database = database

    def belong_to(self, log_id: str, *, from_now_on: bool = False) -> None:
        """The marks in the store are offsets of one log: who comes with another one is an `OperatorError`.

        `from_now_on`: the store goes on with this log, whichever it had.
        """
        with self._database.write() as connection:
            known = connection.execute(sa.select(facts.c.value).where(facts.c.name == LOG_ID)).scalar()
            if from_now_on or known is None:
                dialect.upsert(connection, facts, [{"name": LOG_ID, "value": log_id}])
            elif known != log_id:
                raise OperatorError(
                    "The store belongs to the log of another Signal: what it says was delivered would be wrong for the "
                    "log here. Give this one a database of its own (DATAFLY_STORE_URL). If the other log is gone for "
                    "good and the store shall go on with this one: datafly migrate --with-this-log."
                )

    def turn(self, name: str) -> Turn:
        """The right to do what one process of all that use this store does at a time."""
        return self._database.turn(name)

    def log(self) -> str | None:
        """Which log the marks are of; None where nobody said yet."""
        with self._database.read() as connection:
            return connection.execute(sa.select(facts.c.value).where(facts.c.name == LOG_ID)).scalar()

    def server_ahead_seconds(self) -> float | None:
        """By how much the database's clock is ahead of ours; None where it is a file."""
        with self._database.read() as connection:
            return dialect.server_ahead_seconds(connection, lambda: self._database.now_ms() / 1000)

    def relocate(self, places: Places, gone: int, log_id: str) -> None:
        """What the store says of events in its log is said of them in another from now on, which is `log_id`.

        `places`: where each is; `gone`: a partition that there is not, for those that are nowhere.
        """
        with self._database.write() as connection:
            relocate(connection, places, gone)
            dialect.upsert(connection, facts, [{"name": LOG_ID, "value": log_id}])

    def close(self) -> None:
        """Nothing may be under way. Closing twice does no harm."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_store(
    url_or_path: str | Path,
    *,
    encryption_key: Secret,
    now_ms: NowMs | None = None,
    before_migrating: Callable[[], None] | None = None,
    connections: int = dialect.CONNECTIONS,
) -> SqlStore:
    """A data directory (SQLite, `store.db` in it) or a database URL. Makes or migrates the tables.

    Any number of processes may open it at once. `before_migrating` is called where there are tables of an earlier
    version; what it raises leaves them as they are. `connections`: how many to a server at most. Raises `OperatorError`
    when the key is not the one that the store was written with, or when a newer Signal wrote it; `Unavailable` when the
    database cannot be reached.
    """
    sealer = Sealer(encryption_key)
    database = _database(url_or_path, now_ms, connections)
    try:
        migrate(database, before_migrating)
        _require_key(database, sealer)
    except BaseException:
        database.close()
        raise
    return SqlStore(database, sealer)


def change_tables(url_or_path: str | Path, to: str, before_changing: Callable[[], None] | None = None) -> None:
    """Brings the tables of a store up or down to a revision, as `migrate.change`."""
    database = _database(url_or_path, None, dialect.CONNECTIONS)
    try:
        change(database, to, before_changing)
    finally:
        database.close()


@contextmanager
def moving(source: Path, target: str, log_id: str) -> Iterator[Moving]:
    """From the data folder `source`, whose tables are of this version, to a database; its tables are made."""
    opened = [_database(source, None, dialect.CONNECTIONS), _database(target, None, dialect.CONNECTIONS)]
    try:
        migrate(opened[1], _refuse_other_tables)
        yield Moving(opened[0], opened[1], log_id)
    finally:
        for database in opened:
            database.close()


def _refuse_other_tables() -> None:
    raise OperatorError("The database holds tables of another version already. Give an empty one.")


def _database(url_or_path: str | Path, now_ms: NowMs | None, connections: int) -> Database:
    return Database(dialect.url_of(url_or_path), now_ms or _wall_clock_ms, connections=connections, code=HEAD)


def _wall_clock_ms() -> int:
    return time.time_ns() // 1_000_000


def _require_key(database: Database, sealer: Sealer) -> None:
    with database.read() as connection:
        known = key_id_of(connection)
    if known is None:
        known = _keep_key_id(database, sealer.key_id)
    if known != sealer.key_id:
        raise OperatorError(
            "The store was written with another encryption key. Give that key again (the setting encryption_key, or "
            "the file encryption.key in the data directory); without it the secrets in the store cannot be read."
        )


def key_id_of(connection: sa.Connection) -> str | None:
    """Which key the store was written with; None before the first one."""
    return connection.execute(sa.select(facts.c.value).where(facts.c.name == _KEY_ID)).scalar()


def _keep_key_id(database: Database, key_id: str) -> str:
    with database.write() as connection:
        if connection.execute(sa.select(facts.c.name).where(facts.c.name == MOVING)).first():
            raise OperatorError("A store is being moved into this database: datafly move goes on with it.")
        known = key_id_of(connection)
        if known is None:
            connection.execute(sa.insert(facts).values(name=_KEY_ID, value=key_id))
        return known or key_id
