"""What came in, and what of it was refused.

Revision: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "refusals",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("pipeline_id", sa.String(length=64), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("refusal", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refusals")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_refusals_pipeline_id", "refusals", ["pipeline_id", "id"], unique=False)
    op.create_index("ix_refusals_code", "refusals", ["pipeline_id", "code", "id"], unique=False)
    op.create_index("ix_refusals_at_ms", "refusals", ["at_ms"], unique=False)
    op.create_table(
        "intake",
        sa.Column("pipeline_id", sa.String(length=64), nullable=False),
        sa.Column("seconds", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("began_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("pipeline_id", "seconds", "began_ms", "code", name=op.f("pk_intake")),
    )
    op.create_index("ix_intake_began_ms", "intake", ["seconds", "began_ms"], unique=False)


def downgrade() -> None:
    for name in ("intake", "refusals"):
        op.drop_table(name)
