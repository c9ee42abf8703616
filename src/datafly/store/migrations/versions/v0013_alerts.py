"""Alerts: rules, channels, episodes, messages.

Revision: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("alert_rules", "alert_channels"):
        op.create_table(
            name,
            sa.Column("id", sa.String(length=64), nullable=False),
            sa.Column("created_ms", sa.BigInteger(), nullable=False),
            sa.Column("document", sa.Text(), nullable=False),
            sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
        )
    for name, of in (("alert_episodes", "rule_id"), ("alert_messages", "channel_id")):
        op.create_table(
            name,
            sa.Column("id", sa.String(length=64), nullable=False),
            sa.Column(of, sa.String(length=64), nullable=False),
            sa.Column("state", sa.String(length=16), nullable=False),
            sa.Column("ended_ms", sa.BigInteger(), nullable=True),
            sa.Column("document", sa.Text(), nullable=False),
            sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
        )
        op.create_index(f"ix_{name}_state", name, ["state", "id"], unique=False)
        op.create_index(f"ix_{name}_{of}", name, [of, "id"], unique=False)


def downgrade() -> None:
    for name in ("alert_messages", "alert_episodes", "alert_channels", "alert_rules"):
        op.drop_table(name)
