"""Pipelines."""

from typing import Any, Final

import msgspec
import sqlalchemy as sa

from datafly.model.errors import Conflict, Invalid
from datafly.model.installation import SCRIPT, JsBuilderConfig, Pipeline, PipelineKey
from datafly.model.pii import NO_RULES
from datafly.model.wording import wrong
from datafly.store import rows
from datafly.store.database import Database
from datafly.store.dialect import upsert
from datafly.store.ids import fresh_id, fresh_pipeline_key, slug_of
from datafly.store.schema import (
    installations,
    pipeline_keys,
    pipeline_pii,
    pipeline_scripts,
    pipelines,
    removed_pipelines,
    revoked_keys,
    sources,
)

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
            _keep_beside(connection, after)
            return after

    def remove_pipeline(self, pipeline_id: str, *, if_match: str | None = None) -> Pipeline:
        """What it was. Its keys and sources are gone with it; its name is free again."""
        with self._database.change() as connection:
            before = _one(connection, pipeline_id)
            rows.require_match(before, if_match)
            _require_empty(connection, before)
            _revoke(connection, pipeline_keys.c.pipeline_id == pipeline_id)
            for table in (sources, pipeline_keys, pipeline_scripts, pipeline_pii):
                connection.execute(sa.delete(table).where(table.c.pipeline_id == pipeline_id))
            gone = {"pipeline_id": pipeline_id, "name": before.name, "slug": before.slug}
            connection.execute(sa.insert(removed_pipelines).values(removed_ms=self._database.now_ms(), **gone))
            emptied = {"name": pipeline_id, "slug": pipeline_id, "enabled": False}
            connection.execute(sa.update(pipelines).where(pipelines.c.id == pipeline_id).values(emptied))
            return before

    def pipeline_keys(self) -> list[PipelineKey]:
        """The newest first."""
        ordered = sa.select(pipeline_keys).order_by(pipeline_keys.c.replaced_ms.desc(), pipeline_keys.c.id.desc())
        with self._database.read() as connection:
            return [PipelineKey(**row) for row in connection.execute(ordered).mappings()]

    def ended_keys(self) -> list[str]:
        removed = sa.select(removed_pipelines.c.pipeline_id)
        last = sa.select(pipelines.c.pipeline_key).where(pipelines.c.id.in_(removed))
        with self._database.read() as connection:
            return list(connection.execute(sa.select(revoked_keys.c.pipeline_key).union(last)).scalars())

    def renew_key(self, pipeline_id: str, *, expires_ms: int | None, if_match: str | None = None) -> Pipeline:
        """A new key; the one before is taken until `expires_ms`, or until it is revoked."""
        with self._database.change() as connection:
            before = _one(connection, pipeline_id)
            rows.require_match(before, if_match)
            now_ms = self._database.now_ms()
            former = PipelineKey(fresh_id("key", now_ms), pipeline_id, before.pipeline_key, now_ms, expires_ms)
            connection.execute(sa.insert(pipeline_keys).values(msgspec.structs.asdict(former)))
            new = {"pipeline_key": fresh_pipeline_key(), "updated_ms": now_ms}
            connection.execute(sa.update(pipelines).where(pipelines.c.id == pipeline_id).values(new))
            return _one(connection, pipeline_id)

    def revoke_key(self, pipeline_id: str, key_id: str) -> PipelineKey:
        """What it was; it is refused from then on."""
        with self._database.change() as connection:
            its = (pipeline_keys.c.id == key_id, pipeline_keys.c.pipeline_id == pipeline_id)
            row = rows.first(connection, sa.select(pipeline_keys).where(*its), f"There is no former key {key_id}.")
            _revoke(connection, *its)
            connection.execute(sa.delete(pipeline_keys).where(*its))
            return PipelineKey(**row)


def _in_force() -> sa.Select[Any]:
    gone = sa.select(removed_pipelines.c.pipeline_id)
    joined = pipelines.outerjoin(pipeline_scripts, pipeline_scripts.c.pipeline_id == pipelines.c.id)
    joined = joined.outerjoin(pipeline_pii, pipeline_pii.c.pipeline_id == pipelines.c.id)
    columns = (*pipelines.c, pipeline_scripts.c.js_builder_config, pipeline_pii.c.pii_rules)
    return sa.select(*columns).select_from(joined).where(pipelines.c.id.not_in(gone))


def _revoke(connection: sa.Connection, *its: sa.ColumnElement[bool]) -> None:
    found = sa.select(pipeline_keys.c.pipeline_key).where(*its)
    connection.execute(sa.insert(revoked_keys).from_select(["pipeline_key"], found))


def _require_empty(connection: sa.Connection, pipeline: Pipeline) -> None:
    its = (installations.c.pipeline_id == pipeline.id, installations.c.removed_ms.is_(None))
    if connection.execute(sa.select(installations.c.id).where(*its)).first():
        raise Conflict(f"{pipeline.name} has integrations. Uninstall them first.", code="HAS_INTEGRATIONS")


def _all(connection: sa.Connection) -> list[Pipeline]:
    select = _in_force().order_by(pipelines.c.created_ms, pipelines.c.id)
    return [rows.pipeline_of(row) for row in connection.execute(select).mappings()]


def _one(connection: sa.Connection, pipeline_id: str) -> Pipeline:
    select = _in_force().where(pipelines.c.id == pipeline_id)
    return rows.pipeline_of(rows.first(connection, select, f"There is no pipeline {pipeline_id}."))


def _create(connection: sa.Connection, pipeline: Pipeline) -> Pipeline:
    _require_unique(connection, pipeline, created=True)
    connection.execute(sa.insert(pipelines).values(rows.pipeline_row(pipeline)))
    _keep_beside(connection, pipeline)
    return pipeline


def _keep_beside(connection: sa.Connection, pipeline: Pipeline) -> None:
    """Only a script that is not the usual one, and rules where there are any, need a row."""
    script, rules = pipeline.js_builder_config, pipeline.pii_rules
    for table, value, usual in ((pipeline_scripts, script, JsBuilderConfig()), (pipeline_pii, rules, NO_RULES)):
        if value == usual:
            connection.execute(sa.delete(table).where(table.c.pipeline_id == pipeline.id))
        else:
            (column,) = (one.name for one in table.c if one.name != "pipeline_id")
            upsert(connection, table, [{"pipeline_id": pipeline.id, column: msgspec.to_builtins(value)}])


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
        return msgspec.convert(msgspec.structs.asdict(before) | values, Pipeline)
    except msgspec.ValidationError as error:
        raise Invalid(f"The pipeline cannot be changed like that: {wrong(error, Pipeline)}.") from error


def _require_unique(connection: sa.Connection, pipeline: Pipeline, *, created: bool = False) -> None:
    for name in _UNIQUE:
        value = getattr(pipeline, name)
        select = sa.select(pipelines.c.id).where(pipelines.c[name] == value)
        if not created:
            select = select.where(pipelines.c.id != pipeline.id)
        if connection.execute(select).first():
            raise Conflict(f'A pipeline with the {name} "{value}" exists already.', field=name)
    _require_own_script(connection, pipeline)


def _require_own_script(connection: sa.Connection, pipeline: Pipeline) -> None:
    name = pipeline.js_builder_config.script_filename
    others = (one for one in _all(connection) if one.id != pipeline.id)
    taken = next((one for one in others if one.js_builder_config.script_filename == name), None)
    if name != SCRIPT and taken is not None:
        says = f"js_builder_config.script_filename: {name} is the script of {taken.name} already."
        raise Conflict(says, field="js_builder_config.script_filename")
