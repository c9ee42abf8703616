"""Rows ↔ values of the control plane."""

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec
import sqlalchemy as sa

from datafly.model.errors import Conflict, NotFound
from datafly.model.installation import Installation, Pipeline, Revision, Template
from datafly.model.people import User
from datafly.store import schema
from datafly.store.base import Token
from datafly.store.seal import Sealer

Row = Mapping[Any, Any]


def first(connection: sa.Connection, select: sa.Select[Any], missing: str) -> Row:
    """The row, or `NotFound` with that sentence."""
    row = connection.execute(select).mappings().first()
    if row is None:
        raise NotFound(missing)
    return row


def etag(value: Pipeline | Installation | Token | User) -> str:
    """Changes whenever the value does, but for when it was last used. An installation's config is told by its
    revision, which never changes.
    """
    told: Any = value
    if isinstance(value, Token):
        told = msgspec.structs.replace(value, last_used_ms=None)
    if isinstance(value, User):
        told = msgspec.structs.replace(value, last_login_ms=None)
    if isinstance(value, Installation):
        told = [value.id, value.revision.id, value.enabled, value.paused, value.removed_ms, value.updated_ms, value.end]
    return hashlib.blake2b(msgspec.json.encode(told), digest_size=12).hexdigest()


def require_match(value: Pipeline | Installation | Token | User, if_match: str | None) -> None:
    if if_match is not None and if_match != etag(value):
        raise Conflict(
            f"{value.name or value.id} was changed meanwhile. Read it again, then repeat the change.",
            code="STALE",
            status=412,
        )


def pipeline_row(pipeline: Pipeline) -> dict[str, Any]:
    return msgspec.structs.asdict(pipeline)


def pipeline_of(row: Row) -> Pipeline:
    return msgspec.convert({name: row[name] for name in Pipeline.__struct_fields__}, Pipeline)


def template_row(template: Template) -> dict[str, Any]:
    return msgspec.structs.asdict(template) | {"taken_name": template.name}


def revision_row(revision: Revision, sealer: Sealer) -> dict[str, Any]:
    sealed = sealer.seal(revision.config, template_id=revision.template_id)
    return msgspec.structs.asdict(revision) | {"config": sealed}


def revision_of(row: Row, sealer: Sealer, prefix: str = "") -> Revision:
    fields = {name: row[prefix + name] for name in Revision.__struct_fields__}
    return Revision(**fields | {"config": sealer.unseal(fields["config"], template_id=fields["template_id"])})


def installation_row(installation: Installation) -> dict[str, Any]:
    row = msgspec.structs.asdict(installation)
    template, revision = row.pop("template"), row.pop("revision")
    row |= {"start_offsets": row.pop("start"), "end_offsets": row.pop("end")}
    return row | {"template_id": template.id, "revision_id": revision.id}


def installation_select() -> sa.Select[Any]:
    """Installations with their template and pinned revision, oldest first."""
    of_template = [column.label(f"t_{column.name}") for column in schema.templates.c]
    of_revision = [column.label(f"r_{column.name}") for column in schema.revisions.c]
    table = schema.installations
    joined = table.join(schema.templates, table.c.template_id == schema.templates.c.id).join(
        schema.revisions, table.c.revision_id == schema.revisions.c.id
    )
    return sa.select(*table.c, *of_template, *of_revision).select_from(joined).order_by(table.c.created_ms, table.c.id)


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
    )


def token_of(row: Row) -> Token:
    return Token(**{name: row[name] for name in Token.__struct_fields__})


def _by_partition(offsets: dict[str, int]) -> dict[int, int]:
    """JSON knows no numbers as names."""
    return {int(partition): offset for partition, offset in offsets.items()}
