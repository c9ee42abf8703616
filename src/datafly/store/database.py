"""Transactions: one way to read, one to write, one to change the control plane."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import URL
from sqlalchemy.exc import DataError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from datafly.model.errors import Invalid, Unavailable
from datafly.observe import emit
from datafly.observe.store import StoreTransactionFailed
from datafly.store import dialect, refusals
from datafly.store.schema import control_version
from datafly.store.turn import Turn

_EVERYTHING: Final = ("store",)
_COUNT_UP: Final = sa.update(control_version).values(version=control_version.c.version + 1)

NowMs = Callable[[], int]


class Database:
    """Thread-safe. `now_ms` is the wall clock that stamps rows."""

    def __init__(self, url: URL, now_ms: NowMs, *, connections: int = dialect.CONNECTIONS, code: str = "") -> None:
        self._engine = dialect.create_engine(url, connections=connections, code=code)
        self._lock = dialect.writer_lock(url)
        self._under_way: ContextVar[sa.Connection | None] = ContextVar("under_way", default=None)
        self.now_ms = now_ms
        with _told(), self._lock:  # the first connection makes the file a WAL, which no two may do at once
            self._connect()

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """One consistent snapshot; inside a transaction that writes, its own state."""
        if (connection := self._under_way.get()) is not None:
            yield connection
            return
        with _told(), self._engine.connect() as connection, dialect.reading(connection).begin():
            yield connection

    @contextmanager
    def write(self, *, of: Collection[str] = _EVERYTHING) -> Iterator[sa.Connection]:
        """Durable when it is left without an exception; nothing of it is kept otherwise.

        Inside another one, of the same thread or task, it is a part of that. Writes that have a name in `of` in common
        never run side by side, so what one has read holds until it has written; without it they are one after another.
        """
        if (connection := self._under_way.get()) is not None:
            yield connection
            return
        with _told(), self._lock, self._engine.connect() as connection, dialect.writing(connection).begin():
            entered = self._under_way.set(connection)
            try:
                dialect.hold(connection, of)
                yield connection
            finally:
                self._under_way.reset(entered)

    @contextmanager
    def change(self) -> Iterator[sa.Connection]:
        """A write that counts the control version up. Changes never run side by side."""
        with self.write() as connection:
            connection.execute(_COUNT_UP)
            yield connection

    def _connect(self) -> None:
        """Raises `OperatorError` where nobody need try again before the set-up is another."""
        try:
            self._engine.connect().close()
        except DBAPIError as error:
            if refusal := refusals.at_connecting(error):
                raise refusal from error
            raise

    def turn(self, name: str) -> Turn:
        return Turn(self._engine, name)

    def close(self) -> None:
        with self._lock:  # the last connection to close moves the WAL into the file
            self._engine.dispose()


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except DataError as error:  # PostgreSQL keeps no NUL and no number beyond its column; SQLite finds nothing by them
        raise Invalid("A value holds what the store cannot keep, such as a NUL.") from error
    except (DBAPIError, NoConnectionFree) as error:
        if isinstance(error, DBAPIError) and (refusal := refusals.at_work(error)):
            raise refusal from error
        if not _is_away(error):
            raise
        reason = refusals.words_of(error)
        emit(StoreTransactionFailed(error=reason))
        raise Unavailable(f"The store cannot be used now: {reason}.") from error


def _is_away(error: Exception) -> bool:
    """Also where the server ended a session that had fallen silent: its driver tells that as an error of ours."""
    return not isinstance(error, DBAPIError) or isinstance(error, OperationalError) or error.connection_invalidated
