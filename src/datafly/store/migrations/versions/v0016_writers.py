"""The last writing of each writer, so that one whose answer was lost is not written twice.

Revision: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "writers",
        sa.Column("writer", sa.String(length=64), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("writer", name=op.f("pk_writers")),
    )
    op.create_index("ix_writers_at_ms", "writers", ["at_ms"], unique=False)


def downgrade() -> None:
    op.drop_table("writers")
