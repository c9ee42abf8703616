"""Rows ↔ values of the control plane."""

import hashlib
from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec
import sqlalchemy as sa

from datafly.model.alert import AlertChannel, AlertRule
from datafly.model.consent import ConsentSettings
from datafly.model.delivery import Replay
from datafly.model.errors import Conflict, NotFound
from datafly.model.installation import Canary, Installation, Pipeline, Revision, Template
from datafly.model.overrides import NO_OVERRIDES, Overrides
from datafly.model.people import User
from datafly.model.pii import NO_RULES, PiiRules
from datafly.store import schema
from datafly.store.base import Tagged, Token
from datafly.store.seal import Sealer

Row = Mapping[Any, Any]


def first(connection: sa.Connection, select: sa.Select[Any], missing: str) -> Row:
    """The row, or `NotFound` with that sentence."""
    row = connection.execute(select).mappings().first()
    if row is None:
        raise NotFound(missing)
    return row


def etag(value: Tagged) -> str:
    """Changes whenever the value does, but for when it was last used. An installation's config is told by its
    revision, which never changes; a replay is told by how it stands, not by how far it is.
    """
    told: Any = value
    if isinstance(value, Token):
        told = msgspec.structs.replace(value, last_used_ms=None)
    if isinstance(value, User):
        told = msgspec.structs.replace(value, last_login_ms=None)
    if isinstance(value, Installation):
        told = [value.id, value.revision.id, value.enabled, value.paused, value.removed_ms, value.updated_ms, value.end]
        if value.canary:
            told += [value.canary.revision.id, value.canary.percent]
    if isinstance(value, AlertRule | AlertChannel):
        told = [value.id, value.version]
    if isinstance(value, Replay):
        told = [value.id, value.state]
    return hashlib.blake2b(msgspec.json.encode(told), digest_size=12).hexdigest()


def require_match(value: Tagged, if_match: str | None) -> None:
    if if_match is not None and if_match != etag(value):
        what = "What is decided on consent" if isinstance(value, ConsentSettings) else _called(value)
        raise Conflict(
            f"{what} was changed meanwhile. Read it again, then repeat the change.",
            code="STALE",
            status=412,
        )


def _called(value: Any) -> str:
    return getattr(value, "name", "") or str(value.id)


def pipeline_row(pipeline: Pipeline) -> dict[str, Any]:
    """How its script is built, and what it does with personal data, are rows of their own."""
    row = msgspec.structs.asdict(pipeline)
    del row["js_builder_config"], row["pii_rules"]
    return row


def pipeline_of(row: Row) -> Pipeline:
    fields = {name: row[name] for name in Pipeline.__struct_fields__}
    beside = {"js_builder_config": fields["js_builder_config"] or {}, "pii_rules": rules_of(row)}
    return msgspec.convert(fields | beside, Pipeline)


def rules_of(row: Row) -> PiiRules:
    return NO_RULES if row["pii_rules"] is None else msgspec.convert(row["pii_rules"], PiiRules)


def template_row(template: Template) -> dict[str, Any]:
    return msgspec.structs.asdict(template) | {"taken_name": template.name}


def template_of(row: Row) -> Template:
    return Template(**{name: row[name] for name in Template.__struct_fields__})


def revision_row(revision: Revision, sealer: Sealer) -> dict[str, Any]:
    """Its overrides are a row of their own."""
    sealed = sealer.seal(revision.config, template_id=revision.template_id)
    row = msgspec.structs.asdict(revision) | {"config": sealed}
    del row["overrides"]
    return row


def revision_of(row: Row, sealer: Sealer, prefix: str = "") -> Revision:
    fields = {name: row[prefix + name] for name in Revision.__struct_fields__}
    overrides = fields["overrides"]
    fields["overrides"] = NO_OVERRIDES if overrides is None else msgspec.convert(overrides, Overrides)
    return Revision(**fields | {"config": sealer.unseal(fields["config"], template_id=fields["template_id"])})


def revision_select() -> sa.Select[Any]:
    """Revisions with their overrides."""
    table, overrides = schema.revisions, schema.revision_overrides
    joined = table.outerjoin(overrides, overrides.c.revision_id == table.c.id)
    return sa.select(*table.c, overrides.c.overrides).select_from(joined)


def installation_row(installation: Installation) -> dict[str, Any]:
    row = msgspec.structs.asdict(installation)
    template, revision = row.pop("template"), row.pop("revision")
    for name in ("canary", "former_revision_id", "parameters", "pii_rules"):
        del row[name]
    row |= {"start_offsets": row.pop("start"), "end_offsets": row.pop("end")}
    return row | {"template_id": template.id, "revision_id": revision.id}


@cache
def installation_select() -> sa.Select[Any]:
    """Installations with their template, revisions, parameters and rules, oldest first. Building it costs more than
    running it does.
    """
    table, rollouts = schema.installations, schema.rollouts
    pinned, tried = revision_select().subquery("pinned"), revision_select().subquery("tried")
    joined = (
        table.join(schema.templates, table.c.template_id == schema.templates.c.id)
        .join(pinned, table.c.revision_id == pinned.c.id)
        .join(schema.pipelines, table.c.pipeline_id == schema.pipelines.c.id)
        .outerjoin(schema.pipeline_pii, schema.pipeline_pii.c.pipeline_id == table.c.pipeline_id)
        .outerjoin(rollouts, rollouts.c.installation_id == table.c.id)
        .outerjoin(tried, rollouts.c.canary_revision_id == tried.c.id)
    )
    beside = [rollouts.c.former_revision_id, rollouts.c.canary_percent]
    beside += [schema.pipelines.c.parameters, schema.pipeline_pii.c.pii_rules]
    parts = [("t_", schema.templates), ("r_", pinned), ("c_", tried)]
    labelled = [column.label(prefix + column.name) for prefix, part in parts for column in part.c]
    return sa.select(*table.c, *beside, *labelled).select_from(joined).order_by(table.c.created_ms, table.c.id)


def installation_of(row: Row, sealer: Sealer) -> Installation:
    return Installation(
        id=row["id"],
        pipeline_id=row["pipeline_id"],
        template=Template(**{name: row["t_" + name] for name in Template.__struct_fields__}),
        revision=revision_of(row, sealer, "r_"),
        start=_by_partition(row["start_offsets"]),
        enabled=row["enabled"],
        paused=row["paused"],
        removed_ms=row["removed_ms"],
        end=_by_partition(row["end_offsets"]),
        created_ms=row["created_ms"],
        updated_ms=row["updated_ms"],
        canary=Canary(revision_of(row, sealer, "c_"), row["canary_percent"]) if row["c_id"] else None,
        former_revision_id=row["former_revision_id"],
        parameters=row["parameters"],
        pii_rules=rules_of(row),
    )


def token_of(row: Row) -> Token:
    return Token(**{name: row[name] for name in Token.__struct_fields__})


def _by_partition(offsets: dict[str, int]) -> dict[int, int]:
    """JSON knows no numbers as names."""
    return {int(partition): offset for partition, offset in offsets.items()}
