"""Sources: who may post signed requests, with the secrets that are compared."""

import hmac
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from datafly.model.source import Source
from datafly.store import rows
from datafly.store.database import Database
from datafly.store.schema import pipelines, sources
from datafly.store.seal import Sealer

_TAGS: Final = "entity tags of sources"
_COLUMNS: Final = ("id", "pipeline_id", "kind", "created_ms")


class Sources:
    """The part of `Control` that keeps sources."""

    _database: Database
    _sealer: Sealer

    def sources(self) -> list[Source]:
        """Oldest first, secrets as `Secret`."""
        select = sa.select(sources).order_by(sources.c.created_ms, sources.c.id)
        with self._database.read() as connection:
            return [self._source_of(row) for row in connection.execute(select).mappings()]

    def put_source(self, source: Source) -> Source:
        """Adds it, or replaces the one of that id. A time that is 0 is filled in."""
        source = msgspec.structs.replace(source, created_ms=source.created_ms or self._database.now_ms())
        with self._database.change() as connection:
            known = sa.select(pipelines.c.id).where(pipelines.c.id == source.pipeline_id)
            rows.first(connection, known, f"There is no pipeline {source.pipeline_id}.")
            connection.execute(sa.delete(sources).where(sources.c.id == source.id))
            connection.execute(sa.insert(sources).values(self._source_row(source)))
        return source

    def drop_source(self, source_id: str) -> Source:
        """What it was."""
        with self._database.change() as connection:
            known = sa.select(sources).where(sources.c.id == source_id)
            source = self._source_of(rows.first(connection, known, f"There is no source {source_id}."))
            connection.execute(sa.delete(sources).where(sources.c.id == source_id))
            return source

    def _tag(self, source: Source) -> str:
        """Changes with the secret too, and tells nothing of it to who has not the store's key."""
        told = msgspec.structs.asdict(source) | {"secret": source.secret.reveal() if source.secret else None}
        key = self._sealer.derived(_TAGS).reveal().encode()
        return hmac.digest(key, msgspec.json.encode(told), "sha256")[:12].hex()

    def _source_row(self, source: Source) -> dict[str, Any]:
        told = msgspec.structs.asdict(source)
        columns = {name: told.pop(name) for name in _COLUMNS}
        return columns | {"config": self._sealer.seal(told, template_id=source.id)}

    def _source_of(self, row: rows.Row) -> Source:
        config = self._sealer.unseal(row["config"], template_id=row["id"])
        return Source(**{name: row[name] for name in _COLUMNS}, **config)
