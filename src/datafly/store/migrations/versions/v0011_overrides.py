"""What revisions change of a mapping, and which revision an installation tries or had before.

Revision: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "revision_overrides",
        sa.Column("revision_id", sa.String(length=64), nullable=False),
        sa.Column("overrides", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["revision_id"], ["revisions.id"], name=op.f("fk_revision_overrides_revision_id")),
        sa.PrimaryKeyConstraint("revision_id", name=op.f("pk_revision_overrides")),
    )
    op.create_table(
        "rollouts",
        sa.Column("installation_id", sa.String(length=64), nullable=False),
        sa.Column("former_revision_id", sa.String(length=64), nullable=True),
        sa.Column("canary_revision_id", sa.String(length=64), nullable=True),
        sa.Column("canary_percent", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["installation_id"], ["installations.id"], name=op.f("fk_rollouts_installation_id")),
        sa.ForeignKeyConstraint(["former_revision_id"], ["revisions.id"], name=op.f("fk_rollouts_former_revision_id")),
        sa.ForeignKeyConstraint(["canary_revision_id"], ["revisions.id"], name=op.f("fk_rollouts_canary_revision_id")),
        sa.PrimaryKeyConstraint("installation_id", name=op.f("pk_rollouts")),
    )


def downgrade() -> None:
    for name in ("rollouts", "revision_overrides"):
        op.drop_table(name)
