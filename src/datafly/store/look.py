"""A store looked at from outside: nothing is made, brought along or kept."""

import time
from pathlib import Path

import msgspec
import sqlalchemy as sa

from datafly.model.secret import Secret
from datafly.store import dialect
from datafly.store.database import Database
from datafly.store.migrate import HEAD, fits, revision_of
from datafly.store.open import key_id_of
from datafly.store.seal import Sealer


class Looked(msgspec.Struct, frozen=True):
    """`revision`: of its tables, empty where there are none; `head` is what this code was written for, and `fits` tells
    whether they serve it.

    `key_fits` None: nothing is sealed there yet. `ahead_seconds`: by how much the server's clock is ahead of ours, None
    where there is no server; `answered_ms`: what a question takes.
    """

    engine: str
    revision: str
    head: str
    fits: bool
    key_fits: bool | None
    ahead_seconds: float | None
    answered_ms: float


def look_at(place: str | Path, key: Secret) -> Looked:
    """Raises `OperatorError`; `Unavailable` where it cannot be reached."""
    database = Database(dialect.url_of(place), lambda: 0, connections=2)
    try:
        with database.read() as connection:
            ahead = dialect.server_ahead_seconds(connection, time.time)
            began = time.perf_counter()
            revision = revision_of(connection)
            took = time.perf_counter() - began
            known = key_id_of(connection) if revision else None
            return Looked(
                engine=_engine(connection),
                revision=revision,
                head=HEAD,
                fits=fits(connection) if revision else False,
                key_fits=None if known is None else known == Sealer(key).key_id,
                ahead_seconds=ahead,
                answered_ms=took * 1000,
            )
    finally:
        database.close()


def _engine(connection: sa.Connection) -> str:
    name = dialect.name_of(connection)
    version = connection.dialect.server_version_info or ()
    return f"{name} {'.'.join(str(part) for part in version[:3])}"
