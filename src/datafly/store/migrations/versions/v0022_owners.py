"""Who owns a partition: every new owner raises its epoch, and the one before is refused.

Revision: 0022
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None
expands = True


def upgrade() -> None:
    op.create_table(
        "owners",
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("role", "partition", name=op.f("pk_owners")),
    )


def downgrade() -> None:
    op.drop_table("owners")
