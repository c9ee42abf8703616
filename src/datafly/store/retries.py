"""Calls that may be repeated: what a call with an `Idempotency-Key` was answered, sealed, for a day."""

from typing import Any, Final

import msgspec
import sqlalchemy as sa

from datafly.model.errors import Conflict, Invalid
from datafly.model.secret import Secret
from datafly.store.database import Database
from datafly.store.schema import retries
from datafly.store.seal import Sealer

KEPT_MS: Final = 24 * 3_600_000
LOST_MS: Final = 5 * 60_000
"""After that a call that was never finished is taken for lost with its process, and may be made again."""


class Retries:
    """The part of `Control` that knows calls by their key."""

    _database: Database
    _sealer: Sealer

    def begin_call(self, caller: str, key: str, request_hash: str) -> tuple[int, str] | None:
        """The status and the answer of before; None: it is the first, make it, then finish or abandon it.

        Raises `Conflict` (`CALL_UNDER_WAY`); `Invalid` (`KEY_OF_ANOTHER_CALL`) where the key came with another call.
        """
        now_ms = self._database.now_ms()
        with self._database.write() as connection:
            connection.execute(sa.delete(retries).where(retries.c.created_ms <= now_ms - KEPT_MS))
            lost = retries.c.status.is_(None) & (retries.c.created_ms <= now_ms - LOST_MS)
            connection.execute(sa.delete(retries).where(_this(caller, key), lost))
            row = connection.execute(sa.select(retries).where(_this(caller, key))).mappings().first()
            if row is None:
                fresh = {"caller": caller, "key": key, "request_hash": request_hash, "created_ms": now_ms}
                connection.execute(sa.insert(retries).values(fresh))
                return None
        _require_same(row, request_hash)
        return int(row["status"]), self._unsealed(row, caller, key)

    def finish_call(self, caller: str, key: str, status: int, answer: str) -> None:
        """It may hold the text of a fresh token: it is kept as secrets are."""
        sealed = self._sealer.seal({"answer": Secret(answer)}, template_id=_place(caller, key))
        change = sa.update(retries).where(_this(caller, key))
        with self._database.write() as connection:
            connection.execute(change.values(status=status, answer=msgspec.json.encode(sealed)))

    def abandon_call(self, caller: str, key: str) -> None:
        """It changed nothing, so it may be made again, also otherwise."""
        with self._database.write() as connection:
            connection.execute(sa.delete(retries).where(_this(caller, key), retries.c.status.is_(None)))

    def _unsealed(self, row: Any, caller: str, key: str) -> str:
        sealed = msgspec.json.decode(row["answer"])
        answer: Secret = self._sealer.unseal(sealed, template_id=_place(caller, key))["answer"]
        return answer.reveal()


def _require_same(row: Any, request_hash: str) -> None:
    if row["request_hash"] != request_hash:
        raise Invalid(
            "Idempotency-Key: it came before with another call. Take a new key for each call.",
            code="KEY_OF_ANOTHER_CALL",
            field="Idempotency-Key",
        )
    if row["status"] is None:
        raise Conflict("The first call with this Idempotency-Key is under way. Try again.", code="CALL_UNDER_WAY")


def _place(caller: str, key: str) -> str:
    return f"retry {caller} {key}"


def _this(caller: str, key: str) -> sa.ColumnElement[bool]:
    return (retries.c.caller == caller) & (retries.c.key == key)
