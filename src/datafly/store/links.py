"""One-time links, by which a person comes in without a password to set one."""

from typing import Final

import msgspec
import sqlalchemy as sa

from datafly.model.people import Link, LinkPurpose
from datafly.store import rows
from datafly.store.database import Database
from datafly.store.ids import fresh_id, fresh_token, hash_of
from datafly.store.schema import links

LINK_PREFIX: Final = "dfl_"


class Links:
    """The part of `Control` that keeps one-time links."""

    _database: Database

    def create_link(self, purpose: LinkPurpose, user_id: str | None, *, lasts_ms: int) -> tuple[Link, str]:
        """And its text. Links of the same purpose for the same person that were made before do not work any more."""
        now_ms, text = self._database.now_ms(), fresh_token(LINK_PREFIX)
        link = Link(fresh_id("lnk", now_ms), purpose, user_id, now_ms, now_ms + lasts_ms)
        with self._database.change() as connection:
            connection.execute(sa.delete(links).where(links.c.purpose == purpose, _of(user_id)))
            connection.execute(sa.insert(links).values(msgspec.structs.asdict(link) | {"text_hash": hash_of(text)}))
        return link, text

    def link(self, text: str) -> Link | None:
        """None when unknown, used, or expired."""
        with self._database.read() as connection:
            return self._find(connection, text)

    def use_link(self, text: str) -> Link | None:
        """Only the first who asks gets it. All other links of that person end with it."""
        with self._database.change() as connection:
            link = self._find(connection, text)
            if link is not None:
                now_ms = self._database.now_ms()
                spent = sa.update(links).where(_of(link.user_id), links.c.used_ms.is_(None))
                connection.execute(spent.values(used_ms=now_ms))
            return link

    def end_links(self, user_id: str | None) -> None:
        with self._database.change() as connection:
            connection.execute(sa.delete(links).where(_of(user_id)))

    def _find(self, connection: sa.Connection, text: str) -> Link | None:
        waiting = links.c.used_ms.is_(None) & (links.c.expires_ms > self._database.now_ms())
        row = connection.execute(sa.select(links).where(links.c.text_hash == hash_of(text), waiting)).mappings().first()
        return None if row is None else _link_of(row)


def _of(user_id: str | None) -> sa.ColumnElement[bool]:
    return links.c.user_id.is_(None) if user_id is None else links.c.user_id == user_id


def _link_of(row: rows.Row) -> Link:
    return Link(**{name: row[name] for name in Link.__struct_fields__})
