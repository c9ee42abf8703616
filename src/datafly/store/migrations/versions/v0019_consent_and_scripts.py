"""How `d.js` is built for a pipeline, and what is decided on consent for all of them.

Revision: 0019
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pipeline_scripts",
        sa.Column("pipeline_id", sa.String(length=64), nullable=False),
        sa.Column("js_builder_config", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["pipeline_id"], ["pipelines.id"], name=op.f("fk_pipeline_scripts_pipeline_id")),
        sa.PrimaryKeyConstraint("pipeline_id", name=op.f("pk_pipeline_scripts")),
    )
    op.create_table(
        "consent_settings",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_settings")),
    )


def downgrade() -> None:
    for name in ("consent_settings", "pipeline_scripts"):
        op.drop_table(name)
