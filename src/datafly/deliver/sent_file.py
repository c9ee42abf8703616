"""What vendors took of whom, on disk: a digest of each field's value, so that what did not change is not sent again.

It is durable before the outcome of the event that brought it is: what is not known to be final is shaped again, and a
value that the vendor has newly taken must not stand here as the one before it.
"""

import fcntl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import apsw
import msgspec

from datafly.deliver.thrift import Claim, Taken
from datafly.model.errors import OperatorError, Unavailable
from datafly.observe.base import emit
from datafly.observe.deliver import DeliverSentUnreadable

KEPT_MS: Final = 30 * 86_400_000
"""Then all of it is sent once more: somebody may have changed it at the vendor, or erased whom it is about."""
MOST_SUBJECTS: Final = 500_000
_BUSY_MS: Final = 5_000
_TRIMMED_AFTER: Final = 2_000
_FORMAT: Final = 1
_SCHEMA: Final = """
    CREATE TABLE IF NOT EXISTS taken (
        space TEXT NOT NULL, whose BLOB NOT NULL, since_ms INTEGER NOT NULL, fields BLOB NOT NULL,
        PRIMARY KEY (space, whose)
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS taken_since ON taken (since_ms);
"""
_CLAIMS: Final = """
    CREATE TABLE IF NOT EXISTS claims (
        space TEXT NOT NULL, day INTEGER NOT NULL, owner INTEGER NOT NULL, claimed INTEGER NOT NULL,
        PRIMARY KEY (space, day, owner)
    ) WITHOUT ROWID;
"""
_decode: Final = msgspec.msgpack.Decoder(dict[str, bytes]).decode
_encode: Final = msgspec.msgpack.Encoder().encode


class SentFile:
    """One file for all delivery workers of a data folder. `most`: subjects; of more, the oldest are forgotten."""

    def __init__(self, file: Path, *, most: int = MOST_SUBJECTS) -> None:
        """Raises `OperatorError` if the file cannot be used."""
        self._most = most
        self._file = file
        self._kept = 0
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with _alone(file):
                self._writing, self._reading = _opened(file), _opened(file)
        except (apsw.Error, OSError) as error:
            raise OperatorError(
                f"{file} cannot be used: {error}. Move it away if it is damaged: what did not change is sent once more."
            ) from error

    def known(self, space: str, whose: bytes, now_ms: int) -> dict[str, bytes]:
        """Nothing where it cannot be read: then more is sent than need be."""
        try:
            row = self._reading.execute(
                "SELECT since_ms, fields FROM taken WHERE space = ? AND whose = ?", (space, whose)
            ).fetchone()
        except apsw.Error as error:
            emit(DeliverSentUnreadable(error=str(error)))
            return {}
        return _decode(row[1]) if row is not None and 0 <= now_ms - row[0] < KEPT_MS else {}

    def keep(self, taken: Sequence[Taken], now_ms: int) -> None:
        """Durable on return. Raises `Unavailable`, and has kept nothing then."""
        if not taken:
            return
        try:
            with self._writing:
                for one in taken:
                    self._keep(one, now_ms)
                self._kept += len(taken)
                if self._kept >= _TRIMMED_AFTER:
                    self._kept = 0
                    self._trim(now_ms)
        except apsw.Error as error:
            raise Unavailable(f"What vendors took cannot be kept: {error}.") from error

    def claim(self, claim: Claim) -> int | None:
        """Durable on return. One after the other, so all together never claim more than the cap."""
        found: int | None = None
        try:
            with self._writing:
                found = self._claim(claim)
        except apsw.Error as error:
            emit(DeliverSentUnreadable(error=str(error)))
            return None
        return found

    def _claim(self, claim: Claim) -> int:
        whose = (claim.space, claim.day)
        rows: Any = self._writing.execute("SELECT owner, claimed FROM claims WHERE space = ? AND day = ?", whose)
        claimed: dict[int, int] = dict(rows)
        own, free = claimed.get(claim.owner, 0), claim.cap - max(sum(claimed.values()), claim.spent)
        if claim.wanted > free and (claimed or claim.spent):
            return own
        own += max(claim.wanted, min(claim.chunk, free)) if claim.wanted else 0
        self._writing.execute("DELETE FROM claims WHERE space = ? AND day < ?", whose)
        self._writing.execute("INSERT OR REPLACE INTO claims VALUES (?, ?, ?, ?)", (*whose, claim.owner, own))
        return own

    def close(self) -> None:
        with _alone(self._file):  # who closes last puts the WAL into the file
            self._reading.close()
            self._writing.close()

    def _keep(self, one: Taken, now_ms: int) -> None:
        key = (one.space, one.whose)
        if one.fields is None:
            self._writing.execute("DELETE FROM taken WHERE space = ? AND whose = ?", key)
            return
        row = self._writing.execute("SELECT since_ms, fields FROM taken WHERE space = ? AND whose = ?", key).fetchone()
        is_fresh = row is not None and 0 <= now_ms - row[0] < KEPT_MS
        since_ms, before = (row[0], _decode(row[1])) if row is not None and is_fresh else (now_ms, {})
        self._writing.execute(
            "INSERT OR REPLACE INTO taken VALUES (?, ?, ?, ?)", (*key, since_ms, _encode({**before, **one.fields}))
        )

    def _trim(self, now_ms: int) -> None:
        self._writing.execute("DELETE FROM taken WHERE since_ms <= ?", (now_ms - KEPT_MS,))
        count = self._writing.execute("SELECT count(*) FROM taken").get
        if count > self._most:
            self._writing.execute(
                "DELETE FROM taken WHERE (space, whose) IN (SELECT space, whose FROM taken ORDER BY since_ms LIMIT ?)",
                (count - self._most,),
            )


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    """One worker at a time: SQLite does not wait for who turns a file into a WAL, it refuses."""
    with file.with_suffix(".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _opened(file: Path) -> apsw.Connection:
    connection = apsw.Connection(str(file))
    connection.set_busy_timeout(_BUSY_MS)
    connection.transaction_mode = "IMMEDIATE"  # one that reads first could not write after another worker has
    connection.pragma("journal_mode", "wal")
    connection.pragma("synchronous", "full")
    version = connection.pragma("user_version")
    if version not in (0, _FORMAT):
        raise OSError("it is of another version of Signal")
    if version == 0:
        with connection:
            connection.execute(_SCHEMA)
            connection.pragma("user_version", _FORMAT)
    connection.execute(_CLAIMS)
    return connection
