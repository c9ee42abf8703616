"""Tables of what people decide."""

import sqlalchemy as sa

from datafly.store.schema.base import (
    big_column,
    document_column,
    flag_column,
    id_column,
    metadata,
    reference_column,
    text_column,
)

facts = sa.Table("facts", metadata, sa.Column("name", sa.String(64), primary_key=True), text_column("value"))
"""What the store knows of itself: the id and the salt of its encryption key."""

control_version = sa.Table(
    "control_version",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    big_column("version"),
)
"""One row. Every change of the control plane begins by counting it up, so changes also happen one after another."""

pipelines = sa.Table(
    "pipelines",
    metadata,
    id_column(),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("slug", sa.Text, nullable=False, unique=True),
    sa.Column("pipeline_key", sa.Text, nullable=False, unique=True),
    text_column("type"),
    document_column("domain_allowlist"),
    big_column("rate_limit_rps"),
    document_column("consent_defaults"),
    document_column("parameters"),
    flag_column("enabled"),
    big_column("created_ms"),
    big_column("updated_ms"),
)

pipeline_scripts = sa.Table(
    "pipeline_scripts",
    metadata,
    sa.Column("pipeline_id", sa.String(64), sa.ForeignKey("pipelines.id"), primary_key=True),
    document_column("js_builder_config"),
)
"""Of the pipelines whose `d.js` is not the usual one."""

pipeline_pii = sa.Table(
    "pipeline_pii",
    metadata,
    sa.Column("pipeline_id", sa.String(64), sa.ForeignKey("pipelines.id"), primary_key=True),
    document_column("pii_rules"),
)
"""Of the pipelines that have rules on personal data."""

consent_settings = sa.Table(
    "consent_settings",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    document_column("document"),
)
"""One row, or none while nothing was decided."""

pipeline_keys = sa.Table(
    "pipeline_keys",
    metadata,
    id_column(),
    reference_column("pipeline_id", "pipelines.id"),
    sa.Column("pipeline_key", sa.Text, nullable=False, unique=True),
    big_column("replaced_ms"),
    sa.Column("expires_ms", sa.BigInteger),
)
"""Those that were replaced and are still taken."""

revoked_keys = sa.Table("revoked_keys", metadata, sa.Column("pipeline_key", sa.Text, primary_key=True))
"""Those of former ones that were revoked, also by the end of their pipeline."""

removed_pipelines = sa.Table(
    "removed_pipelines",
    metadata,
    sa.Column("pipeline_id", sa.String(64), sa.ForeignKey("pipelines.id"), primary_key=True),
    text_column("name"),
    text_column("slug"),
    big_column("removed_ms"),
)
"""Their rows stay, as what was installed on them speaks of them; name and slug are free again."""

sources = sa.Table(
    "sources",
    metadata,
    id_column(),
    reference_column("pipeline_id", "pipelines.id"),
    text_column("kind"),
    document_column("config"),
    big_column("created_ms"),
)

templates = sa.Table(
    "templates",
    metadata,
    id_column(),
    text_column("name"),
    # The name while it is taken; NULL, which is equal to nothing, once the last installation is removed.
    sa.Column("taken_name", sa.Text, unique=True),
    text_column("vendor"),
    text_column("variant"),
    text_column("description"),
    big_column("created_ms"),
    big_column("updated_ms"),
)

removed_templates = sa.Table(
    "removed_templates",
    metadata,
    sa.Column("template_id", sa.String(64), sa.ForeignKey("templates.id"), primary_key=True),
    big_column("removed_ms"),
)
"""Their rows stay, and those of their revisions, without what was secret: attempts and the audit log speak of them."""

revisions = sa.Table(
    "revisions",
    metadata,
    id_column(),
    reference_column("template_id", "templates.id"),
    sa.Column("number", sa.Integer, nullable=False),
    document_column("config"),
    text_column("delivery_mode"),
    text_column("change_summary"),
    text_column("created_by"),
    big_column("created_ms"),
    sa.UniqueConstraint("template_id", "number"),
)

revision_overrides = sa.Table(
    "revision_overrides",
    metadata,
    sa.Column("revision_id", sa.String(64), sa.ForeignKey("revisions.id"), primary_key=True),
    document_column("overrides"),
)
"""Of the revisions that have any."""

installations = sa.Table(
    "installations",
    metadata,
    id_column(),
    reference_column("pipeline_id", "pipelines.id"),
    reference_column("template_id", "templates.id"),
    reference_column("revision_id", "revisions.id"),
    document_column("start_offsets"),
    document_column("end_offsets"),
    flag_column("enabled"),
    flag_column("paused"),
    sa.Column("removed_ms", sa.BigInteger),
    big_column("created_ms"),
    big_column("updated_ms"),
    sa.Index("ix_installations_template_id", "template_id"),
)

rollouts = sa.Table(
    "rollouts",
    metadata,
    sa.Column("installation_id", sa.String(64), sa.ForeignKey("installations.id"), primary_key=True),
    sa.Column("former_revision_id", sa.String(64), sa.ForeignKey("revisions.id")),
    sa.Column("canary_revision_id", sa.String(64), sa.ForeignKey("revisions.id")),
    sa.Column("canary_percent", sa.Float, nullable=False),
)
"""Of the installations whose pinned revision was ever another, or that try one."""

tokens = sa.Table(
    "tokens",
    metadata,
    id_column(),
    text_column("name"),
    text_column("role"),
    sa.Column("text_hash", sa.String(64), nullable=False, unique=True),
    big_column("created_ms"),
    sa.Column("expires_ms", sa.BigInteger),
    sa.Column("last_used_ms", sa.BigInteger),
    sa.Column("revoked_ms", sa.BigInteger),
    # The end of its text, by which people tell tokens apart; NULL for those made before it was kept.
    sa.Column("hint", sa.String(16)),
    sa.Column("created_by", sa.Text),
)
