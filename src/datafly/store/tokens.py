"""API tokens. Their text has 256 random bits, so a fast hash hides it: there is nothing to guess, hence no argon2."""

import hmac
from typing import Any, Final

import sqlalchemy as sa

from datafly.model.errors import Conflict, Unavailable
from datafly.store import rows
from datafly.store.base import Token
from datafly.store.database import Database
from datafly.store.ids import fresh_id, fresh_token, hash_of
from datafly.store.schema import tokens

_HINT: Final = 4
LAST_USED_GRAIN_MS: Final = 60_000
"""A token in constant use costs one write a minute."""


class Tokens:
    """The part of `Control` that keeps API tokens."""

    _database: Database

    def create_token(
        self, name: str, role: str, *, expires_ms: int | None = None, created_by: str | None = None
    ) -> tuple[Token, str]:
        text, now_ms = fresh_token(), self._database.now_ms()
        token = Token(
            id=fresh_id("tok", now_ms),
            name=name,
            role=role,
            created_ms=now_ms,
            expires_ms=expires_ms,
            hint=text[-_HINT:],
            created_by=created_by,
        )
        row = {**{field: getattr(token, field) for field in Token.__struct_fields__}, "text_hash": hash_of(text)}
        with self._database.change() as connection:
            connection.execute(sa.insert(tokens).values(row))
        return token, text

    def find_token(self, text: str) -> Token | None:
        """None when unknown, revoked or expired. Found by the index over hashes, which tells nothing of the text."""
        digest, now_ms = hash_of(text), self._database.now_ms()
        with self._database.read() as connection:
            row = connection.execute(sa.select(tokens).where(tokens.c.text_hash == digest)).mappings().first()
        if row is None or not hmac.compare_digest(row["text_hash"], digest):
            return None
        token = rows.token_of(row)
        if token.revoked_ms is not None or (token.expires_ms is not None and token.expires_ms <= now_ms):
            return None
        self._note_use(token, now_ms)
        return token

    def tokens(self) -> list[Token]:
        """Oldest first, revoked ones too."""
        with self._database.read() as connection:
            found = connection.execute(sa.select(tokens).order_by(tokens.c.created_ms, tokens.c.id)).mappings()
            return [rows.token_of(row) for row in found]

    def token(self, token_id: str) -> Token:
        """Revoked ones too."""
        with self._database.read() as connection:
            return _one(connection, token_id)

    def change_token(self, token_id: str, changes: dict[str, Any], *, if_match: str | None = None) -> Token:
        """`name`, `expires_ms`. One that is revoked stays as it is: `Conflict`, code `REVOKED`."""
        unknown = set(changes) - {"name", "expires_ms"}
        if unknown:
            raise ValueError(f"no such field of a token: {sorted(unknown)}")
        with self._database.change() as connection:
            before = _one(connection, token_id)
            rows.require_match(before, if_match)
            if before.revoked_ms is not None:
                raise Conflict(f"{before.name} is revoked; make another.", code="REVOKED")
            if changes:
                connection.execute(sa.update(tokens).where(tokens.c.id == token_id).values(changes))
            return _one(connection, token_id)

    def revoke_token(self, token_id: str) -> None:
        """For ever; revoking twice changes nothing."""
        with self._database.change() as connection:
            rows.first(
                connection, sa.select(tokens.c.id).where(tokens.c.id == token_id), f"There is no token {token_id}."
            )
            revoke = sa.update(tokens).where(tokens.c.id == token_id, tokens.c.revoked_ms.is_(None))
            connection.execute(revoke.values(revoked_ms=self._database.now_ms()))

    def _note_use(self, token: Token, now_ms: int) -> None:
        if token.last_used_ms is not None and abs(now_ms - token.last_used_ms) < LAST_USED_GRAIN_MS:
            return
        try:
            with self._database.write() as connection:
                connection.execute(sa.update(tokens).where(tokens.c.id == token.id).values(last_used_ms=now_ms))
        except Unavailable:
            pass  # told already; a full disk must not lock the operator out


def _one(connection: sa.Connection, token_id: str) -> Token:
    select = sa.select(tokens).where(tokens.c.id == token_id)
    return rows.token_of(rows.first(connection, select, f"There is no token {token_id[:100]}."))
