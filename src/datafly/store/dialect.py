"""The only module that knows which database is below: connections, locks and the statements that differ."""

import fcntl
import hashlib
import os
import sys
import threading
import time
import weakref
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url

from datafly.model.errors import OperatorError

FILE: Final = "store.db"
BUSY_SECONDS: Final = 10
CONNECTIONS: Final = 10
"""How many a process opens to a server at most, unless it is told otherwise."""
_CACHE_KB: Final = 256
"""Each connection has a cache of its own, 2 MB by default, and the system keeps the file's pages anyway."""
_WRITES: Final = "datafly_writes"
_MIGRATION_LOCK: Final = 0x5157_4E41
_DRIVER: Final = "postgresql+psycopg"
_BOUNDS: Final = {
    "idle_in_transaction_session_timeout": "5s",
    "lock_timeout": "20s",
    "tcp_keepalives_idle": "10s",
    "tcp_keepalives_interval": "5s",
    "tcp_keepalives_count": "4",
    "tcp_user_timeout": "30s",
}
"""Who stops in the middle of a transaction, with its machine or its network, holds others up no longer (0212)."""
_CLIENT: Final[Mapping[str, int]] = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 4,
    "tcp_user_timeout": 30_000,
}
"""For libpq: who asks a server that is gone without a word waits no longer. Seconds, but for the last one."""
_LOCK_MS: Final = 3_000
_LOCKED_TOO_LONG: Final = "55P03"
_NAMED: Final = "datafly"
_AT_ONCE: Final = 1_000


def url_of(place: str | Path) -> URL:
    """A URL as it is; else a file `….db`, or a data directory, whose store is the file `store.db` in it."""
    if isinstance(place, str) and "://" in place:
        return _server_url(place)
    path = Path(place)
    file = path if path.suffix == ".db" and not path.is_dir() else path / FILE
    return URL.create("sqlite+pysqlite", database=str(file.absolute()))


def _server_url(text: str) -> URL:
    if text.partition("?")[0].count("@") > 1:  # what is behind the first would be told as the name of a host
        raise OperatorError("The store's URL cannot be read: write an @ of the user or the password as %40.")
    try:
        url = make_url(text)
    except (sa.exc.ArgumentError, ValueError) as error:  # the second of a port that is no number
        raise OperatorError("The store's URL cannot be read: postgresql://USER:PASSWORD@HOST:5432/DATABASE.") from error
    return url.set(drivername=_DRIVER) if url.drivername in {"postgresql", "postgres"} else url


def create_engine(url: URL, *, connections: int = CONNECTIONS, code: str = "") -> sa.Engine:
    """`connections`: how many to a server at most; who finds none free for ten seconds is told `Unavailable`.

    `code`: the revision that this code was written for; others on the same server see it (`codes_beside`).
    """
    if url.get_backend_name() == "sqlite":
        return _sqlite_engine(url)
    if url.get_backend_name() == "postgresql":
        return _postgres_engine(url, connections, f"{_NAMED} {code}".rstrip())
    raise OperatorError(f"The store cannot be {url.get_backend_name()!r}: give a data directory or a PostgreSQL URL.")


def writer_lock(url: URL) -> AbstractContextManager[None]:
    """Held around every write transaction and every close. Reusable, not re-entrant."""
    return _FileLock(Path(f"{url.database}.lock")) if url.get_backend_name() == "sqlite" else nullcontext()


def reading(connection: sa.Connection) -> sa.Connection:
    """Its next transaction sees one snapshot, from its first statement on."""
    if connection.dialect.name == "postgresql":
        return connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return connection


def writing(connection: sa.Connection) -> sa.Connection:
    """Its next transaction will write. SQLite takes the write lock when that begins: it cannot fail half-way."""
    return connection.execution_options(**{_WRITES: True})


def lock_migrations(connection: sa.Connection) -> None:
    """Until the transaction ends nobody else migrates. In SQLite the writer lock is that already."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL lock_timeout = 0")  # another one may take its time
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATION_LOCK)))


def wait_no_longer(connection: sa.Connection) -> None:
    """Until the transaction ends it waits no longer than seconds for others' locks: who comes behind it waits too."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {_LOCK_MS}")


def waited_too_long(error: BaseException | None) -> bool:
    """Whether that is what `Unavailable` was raised from."""
    return getattr(getattr(error, "orig", None), "sqlstate", None) == _LOCKED_TOO_LONG


def codes_beside(connection: sa.Connection) -> set[str]:
    """Revisions that the code of other processes on this database was written for; empty text: it does not say."""
    if connection.dialect.name != "postgresql":
        return set()
    others = sa.text(
        "SELECT DISTINCT application_name FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    told = [str(name or "").split() for name in connection.execute(others).scalars()]
    return {" ".join(words[1:]) for words in told if words[:1] == [_NAMED]}


def go_on_numbering(source: sa.Connection, target: sa.Connection, table: sa.Table) -> None:
    """Numbers that the database gives go on where those of `source`, which is SQLite, are: none is used twice."""
    column = table.autoincrement_column
    if column is None or target.dialect.name != "postgresql":
        return
    ends = sa.text("SELECT max(seq) FROM sqlite_sequence WHERE name = :name")
    given = source.execute(ends, {"name": table.name}).scalar()
    highest = source.execute(sa.select(sa.func.max(column))).scalar()
    last = max(given or 0, highest or 0)
    if last:
        sequence = sa.func.pg_get_serial_sequence(table.name, column.name)
        target.execute(sa.select(sa.func.setval(sequence, last)))


def name_of(connection: sa.Connection) -> str:
    """As people call it."""
    return "PostgreSQL" if connection.dialect.name == "postgresql" else "SQLite"


def has_parts(connection: sa.Connection) -> bool:
    """Whether attempts and outcomes lie in parts by time (`store.parts`)."""
    return connection.dialect.name == "postgresql"


def server_ahead_seconds(connection: sa.Connection, now: Callable[[], float]) -> float | None:
    """By how much the server's clock is ahead of `now` (seconds since 1970); None where there is no server."""
    if connection.dialect.name != "postgresql":
        return None
    began, at = time.perf_counter(), now()
    asked = sa.select(sa.func.extract("epoch", sa.func.clock_timestamp()))
    shown = float(connection.execute(asked).scalar_one())
    return shown - at - (time.perf_counter() - began) / 2


def hold(connection: sa.Connection, names: Collection[str]) -> None:
    """Until the transaction ends nobody else holds one of `names`. In SQLite the writer lock is that already.

    Taken in one order, so that two never wait for each other.
    """
    if connection.dialect.name == "postgresql":
        for number in sorted({_number(name) for name in names}):
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.cast(number, sa.BigInteger))))


def is_shared(engine: sa.Engine) -> bool:
    """Whether processes of other machines may use it."""
    return engine.dialect.name == "postgresql"


def takes_arrays(connection: sa.Connection) -> bool:
    """Whether the rows of several tables can go to it in one statement (`store.counting`)."""
    return connection.dialect.name == "postgresql"


def try_hold(connection: sa.Connection, name: str, *, kept_seconds: int) -> bool:
    """As `hold`, where nobody holds it just now. The server ends a transaction that says nothing for so long."""
    connection.exec_driver_sql(f"SET LOCAL idle_in_transaction_session_timeout = '{kept_seconds}s'")
    number = sa.cast(_number(name), sa.BigInteger)
    return bool(connection.execute(sa.select(sa.func.pg_try_advisory_xact_lock(number))).scalar())


def _number(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big", signed=True)


def insert_of(connection: sa.Connection) -> Any:
    """The `insert` that knows `ON CONFLICT`."""
    return _insert_of(connection.dialect.name)


def _insert_of(name: str) -> Any:
    """Each is loaded where it is used: that of PostgreSQL is 2 MB."""
    if name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert  # noqa: PLC0415

        return insert
    from sqlalchemy.dialects.sqlite import insert as insert_into_sqlite  # noqa: PLC0415

    return insert_into_sqlite


def upsert(
    connection: sa.Connection,
    table: sa.Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    added: frozenset[str] = frozenset(),
    greatest: frozenset[str] = frozenset(),
) -> None:
    """Insert or overwrite by primary key; columns in `added` are summed up, those in `greatest` never go back.

    Later rows of a key count after earlier ones. In the order of the keys, so that two never wait for each other.
    """
    if rows:
        statement = _upserting(connection.dialect.name, table, added, greatest)
        connection.execute(statement, merged(table, rows, added, greatest))


def delete_each(connection: sa.Connection, table: sa.Table, keys: Sequence[Mapping[Any, Any]]) -> None:
    """The rows of these primary keys; what else a mapping holds is not looked at."""
    columns = list(table.primary_key.columns)
    given = [tuple(key[column.name] for column in columns) for key in keys]
    for first in range(0, len(given), _AT_ONCE):
        some = given[first : first + _AT_ONCE]
        connection.execute(sa.delete(table).where(sa.tuple_(*columns).in_(some)))


def merged(
    table: sa.Table,
    rows: Sequence[Mapping[str, Any]],
    added: frozenset[str] = frozenset(),
    greatest: frozenset[str] = frozenset(),
) -> list[Mapping[str, Any]]:
    """One of each key, in their order: PostgreSQL takes all in one statement, which changes no row twice."""
    names = [column.name for column in table.primary_key.columns]
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        key = tuple(row[name] for name in names)
        before = found.setdefault(key, {})
        sums = {name: before[name] + row[name] for name in added if before}
        highest = {name: max(before[name], row[name]) for name in greatest if before}
        before.update({**row, **sums, **highest})
    return [found[key] for key in sorted(found)]


def insert_new(connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """What is there already under the primary key stays as it is."""
    name = connection.dialect.name
    statement = _insert_of(name)(table).on_conflict_do_nothing(index_elements=list(table.primary_key.columns))
    connection.execute(_in_one(name, statement), list(rows))


@lru_cache(maxsize=64)
def _upserting(name: str, table: sa.Table, added: frozenset[str], greatest: frozenset[str]) -> Any:
    """There are few, and building one takes longer than running it."""
    statement = _insert_of(name)(table)
    changes = {
        column.name: _change(column, statement.excluded[column.name], added=added, greatest=greatest)
        for column in table.columns
        if not column.primary_key
    }
    keys = list(table.primary_key.columns)
    return _in_one(name, statement.on_conflict_do_update(index_elements=keys, set_=changes))


def _in_one(name: str, statement: Any) -> Any:
    """All its rows at once: an insert that says `ON CONFLICT` goes row by row where it returns nothing."""
    return statement.returning(sa.true()) if name == "postgresql" else statement


def _change(
    column: sa.Column[Any], new: sa.ColumnElement[Any], *, added: frozenset[str], greatest: frozenset[str]
) -> sa.ColumnElement[Any]:
    if column.name in added:
        return column + new
    if column.name in greatest:
        return sa.case((column > new, column), else_=new)
    return new


def _sqlite_engine(url: URL) -> sa.Engine:
    _create_private(Path(str(url.database)))
    # Last in, first out: those that were opened for a rush do not keep their memory warm by taking turns.
    engine = sa.create_engine(
        url, connect_args={"timeout": BUSY_SECONDS}, pool_size=8, max_overflow=24, pool_use_lifo=True
    )
    sa.event.listen(engine, "connect", _configure)
    sa.event.listen(engine, "begin", _begin)
    return engine


def _postgres_engine(url: URL, connections: int, name: str) -> sa.Engine:
    given = {name: value for name, value in {**_CLIENT, "application_name": name}.items() if name not in url.query}
    try:
        engine = sa.create_engine(
            url,
            connect_args={**given, "options": _options(url)},
            pool_size=min(connections, 5),
            max_overflow=max(connections - 5, 0),
            pool_timeout=BUSY_SECONDS,
            pool_pre_ping=True,
        )
    except ModuleNotFoundError as error:
        raise OperatorError(
            "The store's URL names PostgreSQL, whose driver is not installed: pip install 'datafly-signal[postgres]'."
        ) from error
    engine.dialect.use_insertmanyvalues_wo_returning = True
    sa.event.listen(engine, "do_executemany", _one_by_one)
    return engine


def _options(url: URL) -> str:
    """What the URL says comes after ours, so it counts."""
    told = url.query.get("options", ())
    ours = [f"-c {name}={value}" for name, value in _BOUNDS.items()]
    return " ".join([*ours, *([told] if isinstance(told, str) else told)])


def _one_by_one(cursor: Any, statement: str, rows: Sequence[Any], _context: object) -> bool:
    """Not as the driver would, in a pipeline: between two messages of one the server waits for a client that was
    stopped without an end, and its transaction holds what it holds (decision 0212).
    """
    for row in rows:
        cursor.execute(statement, row)
    return True


def _create_private(file: Path) -> None:
    """The store holds what was sent to vendors: nobody but its owner reads it."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(_open_private(file))
    except OSError as error:
        raise OperatorError(f"The store {file} cannot be opened: {error.strerror}.") from error


def _open_private(file: Path) -> int:
    return os.open(file, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)


def _configure(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions are begun here (`_begin`), not guessed by the driver
    settings = ["journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"cache_size={-_CACHE_KB}"]
    settings.append(f"busy_timeout={BUSY_SECONDS * 1000}")
    if sys.platform == "darwin":
        settings += ["fullfsync=ON", "checkpoint_fullfsync=ON"]
    for setting in settings:
        connection.execute(f"PRAGMA {setting}").fetchall()


def _begin(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


class _FileLock:
    """One writer at a time, among threads and processes, queued by the kernel; a process that dies lets go.

    Two reasons. SQLite alone makes writers poll for their turn, with sleeps up to 100 ms. And its releases before
    3.51.3 can corrupt a WAL when one connection checkpoints while another commits (sqlite.org/wal.html#walresetbug);
    the interpreter's SQLite is often older. Commits and their checkpoints all happen in here.
    """

    def __init__(self, file: Path) -> None:
        self._threads = threading.Lock()
        self._descriptor = _open_private(file)
        weakref.finalize(self, os.close, self._descriptor)

    def __enter__(self) -> None:
        self._threads.acquire()
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        except BaseException:
            self._threads.release()
            raise

    def __exit__(self, *_: object) -> None:
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        self._threads.release()
