"""How often a log-in failed of late, by account and by address."""

import sqlalchemy as sa

from datafly.store import dialect
from datafly.store.database import Database
from datafly.store.ids import hash_of
from datafly.store.schema import login_failures


class Failures:
    """The part of `Control` that counts tries to log in. Subjects are kept as hashes: they may be anybody's."""

    _database: Database

    def count_try(self, subject: str, *, most: int, window_ms: int) -> int:
        """Milliseconds that it must wait; 0: it may try now, and the try is counted before it is judged, so that
        many at one time are many. A window begins with the first try, and anew when it is full.
        """
        now_ms = self._database.now_ms()
        with self._database.write() as connection:
            _forget(connection, now_ms - window_ms)
            row = connection.execute(_select(subject)).mappings().first()
            count = 0 if row is None else int(row["count"])
            if row is not None and count >= most:
                return max(1, int(row["since_ms"]) + window_ms - now_ms)
            # The window of a lock begins when it locks, so that it lasts its whole time.
            since = now_ms if row is None or count + 1 >= most else int(row["since_ms"])
            counted = {"subject": hash_of(subject), "count": count + 1, "since_ms": since}
            dialect.upsert(connection, login_failures, [counted])
        return 0

    def forget_tries(self, subject: str) -> None:
        with self._database.write() as connection:
            connection.execute(sa.delete(login_failures).where(login_failures.c.subject == hash_of(subject)))

    def return_try(self, subject: str) -> None:
        """It was a good one."""
        good = sa.update(login_failures).where(login_failures.c.subject == hash_of(subject), login_failures.c.count > 0)
        with self._database.write() as connection:
            connection.execute(good.values(count=login_failures.c.count - 1))


def _select(subject: str) -> sa.Select[tuple[int, int]]:
    table = login_failures.c
    return sa.select(table.count, table.since_ms).where(table.subject == hash_of(subject))


def _forget(connection: sa.Connection, before_ms: int) -> None:
    connection.execute(sa.delete(login_failures).where(login_failures.c.since_ms <= before_ms))
