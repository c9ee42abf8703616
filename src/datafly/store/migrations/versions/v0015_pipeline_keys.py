"""Keys that pipelines had before and that are still taken, and pipelines that were removed.

Revision: 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pipeline_keys",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("pipeline_id", sa.String(length=64), nullable=False),
        sa.Column("pipeline_key", sa.Text(), nullable=False),
        sa.Column("replaced_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["pipeline_id"], ["pipelines.id"], name=op.f("fk_pipeline_keys_pipeline_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pipeline_keys")),
        sa.UniqueConstraint("pipeline_key", name=op.f("uq_pipeline_keys_pipeline_key")),
    )
    op.create_table(
        "removed_pipelines",
        sa.Column("pipeline_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("removed_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["pipeline_id"], ["pipelines.id"], name=op.f("fk_removed_pipelines_pipeline_id")),
        sa.PrimaryKeyConstraint("pipeline_id", name=op.f("pk_removed_pipelines")),
    )


def downgrade() -> None:
    """Pipelines that were removed are there again, without keys or sources."""
    for name in ("removed_pipelines", "pipeline_keys"):
        op.drop_table(name)
