"""Pipelines."""

from typing import Any, Final

import msgspec
import sqlalchemy as sa

from datafly.model.errors import Conflict, Invalid
from datafly.model.installation import Pipeline
from datafly.store import rows
from datafly.store.database import Database
from datafly.store.ids import fresh_id, fresh_pipeline_key, slug_of
from datafly.store.schema import pipelines

DEFAULT_NAME: Final = "Default"
_FIXED: Final = frozenset({"id", "pipeline_key", "created_ms", "updated_ms"})
_UNIQUE: Final = ("name", "slug", "pipeline_key", "id")


class Pipelines:
    """The part of `Control` that keeps pipelines."""

    _database: Database

    def pipelines(self) -> list[Pipeline]:
        """Oldest first."""
        with self._database.read() as connection:
            return _all(connection)

    def pipeline(self, pipeline_id: str) -> Pipeline:
        with self._database.read() as connection:
            return _one(connection, pipeline_id)

    def create_pipeline(self, pipeline: Pipeline) -> Pipeline:
        """What is empty of `id`, `slug`, `pipeline_key` and times is filled in."""
        with self._database.change() as connection:
            return _create(connection, _completed(pipeline, self._database.now_ms()))

    def ensure_default_pipeline(self) -> Pipeline:
        """The oldest pipeline; "Default" is made if there is none, once, however many processes ask."""
        with self._database.read() as connection:
            if found := _all(connection):
                return found[0]
        with self._database.change() as connection:
            found = _all(connection)
            default = Pipeline(id="", name=DEFAULT_NAME, slug="", pipeline_key="")
            return found[0] if found else _create(connection, _completed(default, self._database.now_ms()))

    def update_pipeline(self, pipeline_id: str, changes: dict[str, Any], *, if_match: str | None = None) -> Pipeline:
        with self._database.change() as connection:
            before = _one(connection, pipeline_id)
            rows.require_match(before, if_match)
            after = _changed(before, changes | {"updated_ms": self._database.now_ms()}, allowed=changes)
            _require_unique(connection, after)
            connection.execute(sa.update(pipelines).where(pipelines.c.id == after.id).values(rows.pipeline_row(after)))
            return after


def _all(connection: sa.Connection) -> list[Pipeline]:
    select = sa.select(pipelines).order_by(pipelines.c.created_ms, pipelines.c.id)
    return [rows.pipeline_of(row) for row in connection.execute(select).mappings()]


def _one(connection: sa.Connection, pipeline_id: str) -> Pipeline:
    select = sa.select(pipelines).where(pipelines.c.id == pipeline_id)
    return rows.pipeline_of(rows.first(connection, select, f"There is no pipeline {pipeline_id}."))


def _create(connection: sa.Connection, pipeline: Pipeline) -> Pipeline:
    _require_unique(connection, pipeline, created=True)
    connection.execute(sa.insert(pipelines).values(rows.pipeline_row(pipeline)))
    return pipeline


def _completed(pipeline: Pipeline, now_ms: int) -> Pipeline:
    return msgspec.structs.replace(
        pipeline,
        id=pipeline.id or fresh_id("pip", now_ms),
        slug=pipeline.slug or slug_of(pipeline.name),
        pipeline_key=pipeline.pipeline_key or fresh_pipeline_key(),
        created_ms=pipeline.created_ms or now_ms,
        updated_ms=pipeline.updated_ms or now_ms,
    )


def _changed(before: Pipeline, values: dict[str, Any], *, allowed: dict[str, Any]) -> Pipeline:
    for name in allowed:
        if name in _FIXED or name not in Pipeline.__struct_fields__:
            raise Invalid(f"{name} of a pipeline cannot be changed.", field=name)
    try:
        return msgspec.convert(rows.pipeline_row(before) | values, Pipeline)
    except msgspec.ValidationError as error:
        raise Invalid(f"The pipeline cannot be changed like that: {error}.") from error


def _require_unique(connection: sa.Connection, pipeline: Pipeline, *, created: bool = False) -> None:
    for name in _UNIQUE:
        value = getattr(pipeline, name)
        select = sa.select(pipelines.c.id).where(pipelines.c[name] == value)
        if not created:
            select = select.where(pipelines.c.id != pipeline.id)
        if connection.execute(select).first():
            raise Conflict(f'A pipeline with the {name} "{value}" exists already.', field=name)
