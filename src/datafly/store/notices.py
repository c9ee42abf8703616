"""How often each notice was given: a bounded number of them for each installation."""

import hashlib
from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa

from datafly.model.delivery import Notice
from datafly.store.dialect import upsert
from datafly.store.schema import notices as table

MOST: Final = 100
"""Of one kind. Whoever invents names of fields invents sentences; those given longest ago are summed up."""
_DIGEST_BYTES: Final = 16

Row = dict[str, Any]


def rows_of(notices: Sequence[Notice]) -> list[Row]:
    """One row for each sentence, summed up."""
    rows: dict[tuple[str, str, str], Row] = {}
    for notice in notices:
        key = (notice.installation_id, notice.kind, _digest(notice.sentence))
        row = rows.setdefault(key, _row(notice, key[2]))
        row["count"] += notice.count
        row["last_ms"] = max(row["last_ms"], notice.last_ms)
    return list(rows.values())


def keep(connection: sa.Connection, rows: Sequence[Row]) -> None:
    _add(connection, rows)
    for installation_id, kind in {(row["installation_id"], row["kind"]) for row in rows}:
        _sum_up(connection, installation_id, kind)


def of(connection: sa.Connection, installation_id: str) -> list[Notice]:
    """The most frequent first; what was summed up, with the sentence "", last."""
    order = (table.c.kind, table.c.sentence == "", table.c.count.desc(), table.c.last_ms.desc())
    select = sa.select(table).where(table.c.installation_id == installation_id).order_by(*order)
    return [
        Notice(row["installation_id"], row["kind"], row["sentence"], row["count"], row["last_ms"])
        for row in connection.execute(select).mappings()
    ]


def forget(connection: sa.Connection, before_ms: int) -> None:
    connection.execute(sa.delete(table).where(table.c.last_ms < before_ms))


def _add(connection: sa.Connection, rows: Sequence[Row]) -> None:
    upsert(connection, table, rows, added=frozenset({"count"}), greatest=frozenset({"last_ms"}))


def _sum_up(connection: sa.Connection, installation_id: str, kind: str) -> None:
    mine = (table.c.installation_id == installation_id, table.c.kind == kind)
    newest = sa.select(table.c.digest, table.c.count.label("events"), table.c.last_ms).where(
        *mine, table.c.digest != ""
    )
    beyond = connection.execute(newest.order_by(table.c.last_ms.desc(), table.c.digest).offset(MOST)).all()
    if not beyond:
        return
    connection.execute(sa.delete(table).where(*mine, table.c.digest.in_([row.digest for row in beyond])))
    others = Notice(installation_id, kind, "", sum(row.events for row in beyond), max(row.last_ms for row in beyond))
    _add(connection, rows_of([others]))


def _row(notice: Notice, digest: str) -> Row:
    return {
        "installation_id": notice.installation_id,
        "kind": notice.kind,
        "digest": digest,
        "sentence": notice.sentence,
        "count": 0,
        "last_ms": notice.last_ms,
    }


def _digest(sentence: str) -> str:
    """What was summed up has none."""
    return hashlib.blake2b(sentence.encode(), digest_size=_DIGEST_BYTES).hexdigest() if sentence else ""
