"""How many events of an installation became final, by stretches of time.

Revision: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "drained",
        sa.Column("installation_id", sa.String(length=64), autoincrement=False, nullable=False),
        sa.Column("slot", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("installation_id", "slot", name=op.f("pk_drained")),
    )
    op.create_index("ix_drained_slot", "drained", ["slot"], unique=False)


def downgrade() -> None:
    op.drop_table("drained")
