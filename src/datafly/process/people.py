"""Who belongs together: what the state of process knows of ids and e-mail addresses."""

from collections.abc import Collection, Iterator
from typing import Any, Final

import apsw
import msgspec

from datafly.model.pii import hashed
from datafly.process.identity import User, Visitor

_VISITOR: Final = msgspec.msgpack.Decoder(Visitor).decode
_USER: Final = msgspec.msgpack.Decoder(User).decode
_TOLD: Final = ("email", "phone")
"""Traits by which vendors know somebody who is no user of theirs."""


def users_of(connection: apsw.Connection, visitors: Collection[str], email: str) -> Iterator[str]:
    """Whom these visitors are, and whose e-mail address that is, in any case, and where only its hash is known."""
    for one in visitors:
        found = _value(connection, "visitors", one)
        if found and (user_id := _VISITOR(found).user_id):
            yield user_id
    known = (email.lower(), hashed(email)) if email else ()
    for text in (email, *known[1:]) if email else ():
        lowered = "".join(sign.lower() if sign.isascii() else sign for sign in text)  # as SQLite does it
        for one, value in _holding(connection, "users", lowered):
            if str(_USER(value).traits.get("email", "")).lower() in known:
                yield one


def visitors_of(connection: apsw.Connection, users: Collection[str]) -> Iterator[str]:
    for user_id in users:
        question = "SELECT id, value FROM visitors WHERE instr(value, CAST(? AS BLOB))"
        for one, value in connection.execute(question, (user_id,)):
            if _VISITOR(value).user_id == user_id:
                yield one


def traits_of(connection: apsw.Connection, users: Collection[str]) -> dict[str, str]:
    known: dict[str, Any] = {}
    for user_id in users:
        found = _value(connection, "users", user_id)
        known |= _USER(found).traits if found else {}
    return {name: known[name] for name in _TOLD if isinstance(known.get(name), str) and known[name]}


def _value(connection: apsw.Connection, table: str, one: str) -> bytes | None:
    question = f"SELECT value FROM {table} WHERE id = ?"  # noqa: S608 - our names
    found: bytes | None = connection.execute(question, (one,)).get
    return found


def _holding(connection: apsw.Connection, table: str, text: str) -> Iterator[tuple[str, bytes]]:
    """Those in whose value the text is, in any case: most are not decoded."""
    question = f"SELECT id, value FROM {table} WHERE instr(lower(CAST(value AS TEXT)), ?)"  # noqa: S608 - our names
    yield from connection.execute(question, (text,))
