"""Sightings of long ago are found by their day.

Revision: 0004
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_sightings_day", "sightings", ["day"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_sightings_day", "sightings")
