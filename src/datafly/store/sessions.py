"""Sessions of people, and their refresh tokens, each of which works once."""

from typing import Any, Final

import msgspec
import sqlalchemy as sa

from datafly.model.errors import Unauthorized, Unavailable
from datafly.model.people import Held, Session, SessionKind
from datafly.store import rows
from datafly.store.database import Database
from datafly.store.ids import fresh_id, fresh_token, hash_of
from datafly.store.schema import refresh_tokens, sessions, users
from datafly.store.users import user_of

COOKIE_PREFIX: Final = "dfs_"
REFRESH_PREFIX: Final = "dfr_"
SEEN_GRAIN_MS: Final = 60_000
"""A session in constant use costs one write a minute."""
KEPT_MS: Final = 30 * 24 * 3_600_000
"""So long a session that is over stays in the list."""
LONGEST_MS: Final = 30 * 24 * 3_600_000
"""However much it is used, a browser's session ends after that."""


class Sessions:
    """The part of `Control` that keeps sessions."""

    _database: Database

    def open_session(
        self, user_id: str, kind: SessionKind, *, method: str, lasts_ms: int, address: str = "", user_agent: str = ""
    ) -> tuple[Session, str]:
        """And its text: of the cookie, or the first refresh token. It ends `lasts_ms` after it was last used."""
        now_ms = self._database.now_ms()
        session = Session(
            id=fresh_id("ses", now_ms),
            user_id=user_id,
            kind=kind,
            method=method,
            created_ms=now_ms,
            last_seen_ms=now_ms,
            expires_ms=now_ms + lasts_ms,
            address=address,
            user_agent=user_agent,
        )
        text = fresh_token(COOKIE_PREFIX if kind == "browser" else REFRESH_PREFIX)
        with self._database.change() as connection:
            _forget_old(connection, now_ms - KEPT_MS)
            hidden = hash_of(text) if kind == "browser" else None
            connection.execute(sa.insert(sessions).values(msgspec.structs.asdict(session) | {"text_hash": hidden}))
            if kind == "api":
                _add_refresh(connection, session.id, text, now_ms)
        return session, text

    def session_by_cookie(self, text: str, *, lasts_ms: int) -> Held | None:
        """None when unknown, over, or of a user who is not active."""
        return self._held(sessions.c.text_hash == hash_of(text), lasts_ms)

    def session_in_force(self, session_id: str) -> Held | None:
        return self._held(sessions.c.id == session_id, None)

    def refresh(self, text: str, *, lasts_ms: int) -> tuple[Held, str]:
        """The session and its next refresh token. One that was used before ends all sessions of its user: it was
        copied (contracts/signal.md §10.3). Raises `Unauthorized`, `INVALID_REFRESH_TOKEN`.
        """
        found = self._refresh(text, lasts_ms)
        if isinstance(found, Unauthorized):
            raise found
        return found

    def sessions(self, user_id: str | None = None) -> list[Session]:
        """Oldest first, those that are over too, for a month."""
        select = sa.select(sessions).order_by(sessions.c.created_ms, sessions.c.id)
        if user_id is not None:
            select = select.where(sessions.c.user_id == user_id)
        with self._database.read() as connection:
            return [_session_of(row) for row in connection.execute(select).mappings()]

    def session(self, session_id: str) -> Session:
        with self._database.read() as connection:
            select = sa.select(sessions).where(sessions.c.id == session_id)
            return _session_of(rows.first(connection, select, f"There is no session {session_id[:100]}."))

    def end_session(self, session_id: str) -> None:
        """Ending it twice changes nothing."""
        self._end(sessions.c.id == session_id)

    def end_sessions(self, user_id: str, *, but: str = "") -> None:
        """All of this user but one."""
        self._end(sa.and_(sessions.c.user_id == user_id, sessions.c.id != but))

    def _end(self, which: sa.ColumnElement[bool]) -> None:
        with self._database.change() as connection:
            running = sa.update(sessions).where(which, sessions.c.ended_ms.is_(None))
            connection.execute(running.values(ended_ms=self._database.now_ms()))

    def _refresh(self, text: str, lasts_ms: int) -> tuple[Held, str] | Unauthorized:
        """A refusal is not raised in here: that all sessions end must outlive it."""
        now_ms, digest = self._database.now_ms(), hash_of(text)
        with self._database.change() as connection:
            select = sa.select(refresh_tokens).where(refresh_tokens.c.text_hash == digest)
            token = connection.execute(select).mappings().first()
            if token is None:
                return _refused("This refresh token is unknown. Log in again.")
            held = _in_force(connection, sessions.c.id == token["session_id"], now_ms)
            if token["used_ms"] is not None:
                user_id = self._end_family(connection, token["session_id"], now_ms)
                sentence = "This refresh token was used before, so all sessions of its user are ended. Log in again."
                return _refused(sentence, reused_by=user_id)
            if held is None:
                return _refused("This session is over. Log in again.")
            spent = sa.update(refresh_tokens).where(refresh_tokens.c.text_hash == digest)
            connection.execute(spent.values(used_ms=now_ms))
            fresh = fresh_token(REFRESH_PREFIX)
            _add_refresh(connection, held.session.id, fresh, now_ms)
            return _prolonged(connection, held, now_ms, now_ms + lasts_ms), fresh

    def _end_family(self, connection: sa.Connection, session_id: str, now_ms: int) -> str:
        user_id = connection.execute(sa.select(sessions.c.user_id).where(sessions.c.id == session_id)).scalar_one()
        running = sa.update(sessions).where(sessions.c.user_id == user_id, sessions.c.ended_ms.is_(None))
        connection.execute(running.values(ended_ms=now_ms))
        return str(user_id)

    def _held(self, which: sa.ColumnElement[bool], lasts_ms: int | None) -> Held | None:
        now_ms = self._database.now_ms()
        with self._database.read() as connection:
            held = _in_force(connection, which, now_ms)
        if held is None or now_ms - held.session.last_seen_ms < SEEN_GRAIN_MS:
            return held
        session = held.session
        until = session.expires_ms if lasts_ms is None else min(now_ms + lasts_ms, session.created_ms + LONGEST_MS)
        try:
            with self._database.write() as connection:
                return _prolonged(connection, held, now_ms, until)
        except Unavailable:
            return held  # told already; a full disk must not lock the operator out


def _refused(sentence: str, **details: Any) -> Unauthorized:
    return Unauthorized(sentence, code="INVALID_REFRESH_TOKEN", **details)


def _in_force(connection: sa.Connection, which: sa.ColumnElement[bool], now_ms: int) -> Held | None:
    of_user = [column.label(f"u_{column.name}") for column in users.c]
    select = (
        sa.select(*sessions.c, *of_user)
        .select_from(sessions.join(users, users.c.id == sessions.c.user_id))
        .where(which, sessions.c.ended_ms.is_(None), sessions.c.expires_ms > now_ms, users.c.status == "active")
    )
    row = connection.execute(select).mappings().first()
    if row is None:
        return None
    return Held(_session_of(row), user_of({column.name: row["u_" + column.name] for column in users.c}))


def _prolonged(connection: sa.Connection, held: Held, now_ms: int, until_ms: int) -> Held:
    session = msgspec.structs.replace(held.session, last_seen_ms=now_ms, expires_ms=until_ms)
    change = sa.update(sessions).where(sessions.c.id == session.id)
    connection.execute(change.values(last_seen_ms=session.last_seen_ms, expires_ms=session.expires_ms))
    return Held(session, held.user)


def _add_refresh(connection: sa.Connection, session_id: str, text: str, now_ms: int) -> None:
    row = {"text_hash": hash_of(text), "session_id": session_id, "created_ms": now_ms}
    connection.execute(sa.insert(refresh_tokens).values(row))


def _forget_old(connection: sa.Connection, before_ms: int) -> None:
    old = sa.select(sessions.c.id).where(sessions.c.expires_ms < before_ms).scalar_subquery()
    connection.execute(sa.delete(refresh_tokens).where(refresh_tokens.c.session_id.in_(old)))
    connection.execute(sa.delete(sessions).where(sessions.c.expires_ms < before_ms))


def _session_of(row: rows.Row) -> Session:
    return Session(**{name: row[name] for name in Session.__struct_fields__})
