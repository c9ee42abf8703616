"""Jobs that vendors took, and whose outcome is asked for later.

Revision: 0018
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "followed",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("installation_id", sa.String(length=64), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.Column("due_ms", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_followed")),
    )
    op.create_index("ix_followed_due_ms", "followed", ["installation_id", "due_ms"], unique=False)
    op.create_index("ix_followed_since_ms", "followed", ["since_ms"], unique=False)


def downgrade() -> None:
    op.drop_table("followed")
