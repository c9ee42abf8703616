"""The end of a token's text, by which people tell tokens apart, and who made it.

Revision: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Made anew: SQLite would add columns behind the constraints, and no two stores would look alike."""
    added = [sa.Column("hint", sa.String(length=16), nullable=True), sa.Column("created_by", sa.Text(), nullable=True)]
    _make_anew(added)


def downgrade() -> None:
    _make_anew([])


def _make_anew(added: list[sa.Column[str]]) -> None:
    kept = [dict(row) for row in op.get_bind().execute(sa.text("SELECT * FROM tokens")).mappings()]
    op.drop_table("tokens")
    tokens = op.create_table(
        "tokens",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("text_hash", sa.String(length=64), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=True),
        sa.Column("last_used_ms", sa.BigInteger(), nullable=True),
        sa.Column("revoked_ms", sa.BigInteger(), nullable=True),
        *added,
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tokens")),
        sa.UniqueConstraint("text_hash", name=op.f("uq_tokens_text_hash")),
    )
    names = {column.name for column in tokens.columns}
    op.bulk_insert(tokens, [{name: value for name, value in row.items() if name in names} for row in kept])
