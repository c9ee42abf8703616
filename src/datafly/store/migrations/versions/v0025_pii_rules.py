"""Rules of a pipeline on personal data.

Revision: 0025
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0023"
branch_labels = None
depends_on = None
expands = True


def upgrade() -> None:
    op.create_table(
        "pipeline_pii",
        sa.Column("pipeline_id", sa.String(length=64), nullable=False),
        sa.Column("pii_rules", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["pipeline_id"], ["pipelines.id"], name=op.f("fk_pipeline_pii_pipeline_id")),
        sa.PrimaryKeyConstraint("pipeline_id", name=op.f("pk_pipeline_pii")),
    )


def downgrade() -> None:
    op.drop_table("pipeline_pii")
