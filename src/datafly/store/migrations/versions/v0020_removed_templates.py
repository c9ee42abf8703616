"""Integrations of the organisation that were deleted, and without their secrets.

Revision: 0020
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None
expands = True


def upgrade() -> None:
    op.create_table(
        "removed_templates",
        sa.Column("template_id", sa.String(length=64), nullable=False),
        sa.Column("removed_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["template_id"], ["templates.id"], name=op.f("fk_removed_templates_template_id")),
        sa.PrimaryKeyConstraint("template_id", name=op.f("pk_removed_templates")),
    )


def downgrade() -> None:
    op.drop_table("removed_templates")
