"""Users."""

from typing import Any, Final

import msgspec
import sqlalchemy as sa

from datafly.model.errors import Conflict
from datafly.model.people import User, same_address
from datafly.store import rows
from datafly.store.database import Database
from datafly.store.ids import fresh_id
from datafly.store.schema import links, refresh_tokens, sessions, users

_CHANGEABLE: Final = frozenset({"email", "name", "role", "status", "subject", "last_login_ms"})


class Users:
    """The part of `Control` that keeps users."""

    _database: Database

    def users(self) -> list[User]:
        """Oldest first."""
        with self._database.read() as connection:
            found = connection.execute(sa.select(users).order_by(users.c.created_ms, users.c.id)).mappings()
            return [user_of(row) for row in found]

    def user(self, user_id: str) -> User:
        with self._database.read() as connection:
            return _one(connection, user_id)

    def user_by_email(self, email: str) -> User | None:
        return self._user_where(users.c.address == same_address(email))

    def user_by_subject(self, subject: str) -> User | None:
        return self._user_where(users.c.subject == subject)

    def password_hash(self, user_id: str) -> str | None:
        with self._database.read() as connection:
            found = connection.execute(sa.select(users.c.password_hash).where(users.c.id == user_id)).scalar()
            return None if found is None else str(found)

    def create_user(self, user: User) -> User:
        """An empty id and times that are 0 are filled in. An address that is taken → `Conflict`."""
        now_ms = self._database.now_ms()
        created = msgspec.structs.replace(
            user,
            id=user.id or fresh_id("usr", now_ms),
            created_ms=user.created_ms or now_ms,
            updated_ms=user.updated_ms or now_ms,
        )
        with self._database.change() as connection:
            _require_free(connection, created)
            connection.execute(sa.insert(users).values(_row(created)))
        return created

    def change_user(self, user_id: str, changes: dict[str, Any], *, if_match: str | None = None) -> User:
        """Whoever is not active any more loses their sessions. The last active owner stays one: `LAST_OWNER`."""
        unknown = set(changes) - _CHANGEABLE
        if unknown:
            raise ValueError(f"no such field of a user: {sorted(unknown)}")
        with self._database.change() as connection:
            before = _one(connection, user_id)
            rows.require_match(before, if_match)
            after = msgspec.structs.replace(before, **changes | {"updated_ms": self._database.now_ms()})
            _require_an_owner(connection, before, after)
            _require_free(connection, after)
            connection.execute(sa.update(users).where(users.c.id == user_id).values(_row(after)))
            if after.status == "disabled":
                self._end_all(connection, user_id)
            return after

    def set_password_hash(self, user_id: str, password_hash: str) -> None:
        with self._database.change() as connection:
            change = sa.update(users).where(users.c.id == user_id)
            connection.execute(change.values(password_hash=password_hash, updated_ms=self._database.now_ms()))

    def note_login(self, user_id: str) -> None:
        """Its entity tag stays: nobody who edits the user is in the way of a log-in."""
        with self._database.change() as connection:
            change = sa.update(users).where(users.c.id == user_id)
            connection.execute(change.values(last_login_ms=self._database.now_ms()))

    def remove_user(self, user_id: str, *, if_match: str | None = None) -> User:
        """With sessions and links. The last active owner stays: `LAST_OWNER`."""
        with self._database.change() as connection:
            before = _one(connection, user_id)
            rows.require_match(before, if_match)
            _require_an_owner(connection, before, None)
            held = sa.select(sessions.c.id).where(sessions.c.user_id == user_id).scalar_subquery()
            connection.execute(sa.delete(refresh_tokens).where(refresh_tokens.c.session_id.in_(held)))
            for table in (sessions, links):
                connection.execute(sa.delete(table).where(table.c.user_id == user_id))
            connection.execute(sa.delete(users).where(users.c.id == user_id))
            return before

    def _end_all(self, connection: sa.Connection, user_id: str) -> None:
        running = sa.update(sessions).where(sessions.c.user_id == user_id, sessions.c.ended_ms.is_(None))
        connection.execute(running.values(ended_ms=self._database.now_ms()))

    def _user_where(self, condition: sa.ColumnElement[bool]) -> User | None:
        with self._database.read() as connection:
            row = connection.execute(sa.select(users).where(condition)).mappings().first()
            return None if row is None else user_of(row)


def user_of(row: rows.Row) -> User:
    return User(**{name: row[name] for name in User.__struct_fields__})


def _row(user: User) -> dict[str, Any]:
    return msgspec.structs.asdict(user) | {"address": same_address(user.email)}


def _one(connection: sa.Connection, user_id: str) -> User:
    select = sa.select(users).where(users.c.id == user_id)
    return user_of(rows.first(connection, select, f"There is no user {user_id[:100]}."))


def _require_free(connection: sa.Connection, user: User) -> None:
    taken = sa.select(users.c.id).where(users.c.address == same_address(user.email), users.c.id != user.id)
    if connection.execute(taken).first():
        raise Conflict(f"There is a user {user.email} already.", field="email")


def _require_an_owner(connection: sa.Connection, before: User, after: User | None) -> None:
    if not _is_owner(before) or (after is not None and _is_owner(after)):
        return
    others = sa.select(users.c.id).where(users.c.role == "owner", users.c.status == "active", users.c.id != before.id)
    if not connection.execute(others).first():
        raise Conflict(
            f"{before.email} is the last owner. Make another user an owner first.", code="LAST_OWNER", status=409
        )


def _is_owner(user: User) -> bool:
    return user.role == "owner" and user.status == "active"
