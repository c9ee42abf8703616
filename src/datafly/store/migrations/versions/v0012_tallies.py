"""What became of events over time, by minute, hour and day.

Revision: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tallies",
        sa.Column("installation_id", sa.String(length=64), autoincrement=False, nullable=False),
        sa.Column("began_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("installation_id", "began_ms", "name", name=op.f("pk_tallies")),
    )
    op.create_index("ix_tallies_began_ms", "tallies", ["began_ms"], unique=False)


def downgrade() -> None:
    op.drop_table("tallies")
