"""Pipeline keys that count no more, so that their senders can be told so.

Revision: 0017
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "revoked_keys",
        sa.Column("pipeline_key", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("pipeline_key", name=op.f("pk_revoked_keys")),
    )


def downgrade() -> None:
    op.drop_table("revoked_keys")
