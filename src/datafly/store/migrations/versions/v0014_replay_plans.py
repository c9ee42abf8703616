"""Replays over stretches of the log.

Revision: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "replay_plans",
        sa.Column("replay_id", sa.String(length=64), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("replay_id", name=op.f("pk_replay_plans")),
    )


def downgrade() -> None:
    op.drop_table("replay_plans")
