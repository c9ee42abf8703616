"""Who was erased, and what vendors were asked."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from datafly.model.erasure import Erased, Erasure, ErasureCall, Whom, erased_of
from datafly.model.verdict import Verdict
from datafly.store import rows
from datafly.store.database import Database
from datafly.store.dialect import upsert
from datafly.store.ids import fresh_id
from datafly.store.schema import erasure_calls, erasures
from datafly.store.seal import Sealer

_PURPOSE: Final = "erasure"
_OPEN_MS: Final = 30 * 86_400_000
"""So long it is kept who is meant by an erasure that a vendor did not do; afterwards only that it was not done."""
_DONE: Final = frozenset({Verdict.DELIVERED, Verdict.SKIPPED})


class Erasures:
    """The part of `Control` that keeps erasures."""

    _database: Database
    _sealer: Sealer

    def erase(self, whom: Whom, calls: Sequence[ErasureCall], *, created_by: str) -> Erasure:
        """From its moment on what came of them before is not sent any more. `calls` get its id and time."""
        now_ms, key = self._database.now_ms(), self._sealer.derived(_PURPOSE)
        digests = tuple(one.hex() for one in whom.digests(key))
        made = Erasure(fresh_id("ers", now_ms), now_ms, created_by, whom, digests)
        calls = [msgspec.structs.replace(one, erasure_id=made.id, since_ms=now_ms) for one in calls]
        with self._database.change() as connection:
            connection.execute(sa.insert(erasures).values(_row(made)))
            _put(connection, calls)
            self._forget_who(connection, made.id)
        return self.erasure(made.id)

    def erasures(self) -> list[Erasure]:
        """Newest first, with their calls."""
        with self._database.read() as connection:
            return _read(connection, sa.select(erasures).order_by(erasures.c.created_ms.desc(), erasures.c.id.desc()))

    def erasure(self, erasure_id: str) -> Erasure:
        with self._database.read() as connection:
            select = sa.select(erasures).where(erasures.c.id == erasure_id)
            rows.first(connection, select, f"There is no erasure {erasure_id}.")
            return _read(connection, select)[0]

    def erased(self) -> Erased:
        """All who were ever erased here."""
        with self._database.read() as connection:
            found = [_erasure(row, ()) for row in connection.execute(sa.select(erasures)).mappings()]
        return erased_of(self._sealer.derived(_PURPOSE), found)

    def due_calls(self, now_ms: int, *, limit: int = 50) -> list[tuple[ErasureCall, Whom]]:
        """Those to be made by then, the longest due first."""
        select = (
            sa.select(erasure_calls.c.document, erasures.c.whom)
            .join(erasures, erasures.c.id == erasure_calls.c.erasure_id)
            .where(erasure_calls.c.next_ms <= now_ms)
            .order_by(erasure_calls.c.next_ms)
            .limit(limit)
        )
        with self._database.read() as connection:
            return [
                (msgspec.convert(row["document"], ErasureCall), msgspec.convert(row["whom"], Whom))
                for row in connection.execute(select).mappings()
            ]

    def keep_call(self, call: ErasureCall) -> None:
        """How it stands. When all are done, it is forgotten who it was."""
        with self._database.write() as connection:
            _put(connection, [call])
            self._forget_who(connection, call.erasure_id)

    def retry_calls(self, erasure_id: str) -> Erasure:
        """Those that a vendor did not do are made again, at once."""
        before, now_ms = self.erasure(erasure_id), self._database.now_ms()
        again = [
            msgspec.structs.replace(one, next_ms=now_ms, since_ms=now_ms, subjects=0, tries=0, worst=None)
            for one in before.calls
            if before.whom is not None and one.is_final and not _is_done(one)
        ]
        with self._database.change() as connection:
            _put(connection, again)
        return self.erasure(erasure_id)

    def _forget_who(self, connection: sa.Connection, erasure_id: str) -> None:
        """Of this one if it is done, and of those that nobody cared for in time."""
        found = _read(connection, sa.select(erasures).where(erasures.c.id == erasure_id))
        if found and all(one.is_final and _is_done(one) for one in found[0].calls):
            connection.execute(sa.update(erasures).where(erasures.c.id == erasure_id).values(whom={}))
        old = erasures.c.created_ms <= self._database.now_ms() - _OPEN_MS
        connection.execute(sa.update(erasures).where(old).values(whom={}))


def _is_done(call: ErasureCall) -> bool:
    return call.ruling is not None and call.ruling.verdict in _DONE


def _put(connection: sa.Connection, calls: Sequence[ErasureCall]) -> None:
    upsert(
        connection,
        erasure_calls,
        [
            {
                "erasure_id": one.erasure_id,
                "installation_id": one.installation_id,
                "next_ms": one.next_ms,
                "document": msgspec.to_builtins(one),
            }
            for one in calls
        ],
    )


def _read(connection: sa.Connection, select: sa.Select[Any]) -> list[Erasure]:
    found = list(connection.execute(select).mappings())
    asked = sa.select(erasure_calls).where(erasure_calls.c.erasure_id.in_([row["id"] for row in found]))
    calls = [msgspec.convert(row["document"], ErasureCall) for row in connection.execute(asked).mappings()]
    calls.sort(key=lambda one: (one.name, one.installation_id))
    return [_erasure(row, tuple(one for one in calls if one.erasure_id == row["id"])) for row in found]


def _erasure(row: rows.Row, calls: tuple[ErasureCall, ...]) -> Erasure:
    whom = msgspec.convert(row["whom"], Whom) if row["whom"] else None
    return Erasure(row["id"], row["created_ms"], row["created_by"], whom, tuple(row["digests"]), calls)


def _row(made: Erasure) -> dict[str, Any]:
    row = {name: getattr(made, name) for name in ("id", "created_ms", "created_by")}
    return row | {"whom": msgspec.to_builtins(made.whom), "digests": list(made.digests)}
