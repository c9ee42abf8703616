"""How often each warning was given, and each contradiction between a vendor's answers and its contract.

Revision: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "notices",
        sa.Column("installation_id", sa.String(length=64), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("last_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("installation_id", "kind", "digest", name=op.f("pk_notices")),
    )
    op.create_index("ix_notices_last_ms", "notices", ["last_ms"], unique=False)


def downgrade() -> None:
    op.drop_table("notices")
