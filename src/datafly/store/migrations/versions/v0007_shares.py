"""What delivery keeps of a run is kept for each share of the keys, so that several workers can deliver.

Revision: 0007
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A primary key cannot be widened in SQLite: the tables are made anew. What waits is told anew at every start."""
    marks, states = _taken("marks"), _taken("states")
    op.drop_table("pending")
    _make("marks", _id("installation_id"), _id("run_id"), _int("partition"), _int("share"), beside=[_big("mark")])
    _make("states", _id("installation_id"), _int("share"), beside=[sa.Column("state", sa.Text(), nullable=False)])
    _make(
        "pending",
        *(_id("installation_id"), _id("run_id"), _int("partition"), _int("share"), _int("lane")),
        beside=[_big("first"), _big("last"), sa.Column("body", sa.LargeBinary(), nullable=False)],
    )
    op.create_index("ix_pending_offsets", "pending", ["partition", "first"], unique=False)
    _make(
        "losses",
        *(_id("installation_id"), _int("partition"), _big("first"), _big("last")),
        beside=[sa.Column("outcome", sa.Text(), nullable=False)],
    )
    _given_back("marks", marks)
    _given_back("states", states)


def downgrade() -> None:
    """One worker goes on at the lowest mark of the shares; what is final above it is skipped, as after a crash."""
    marks, states = _taken("marks"), _taken("states")
    for name in ("pending", "losses"):
        op.drop_table(name)
    _make("marks", _id("installation_id"), _id("run_id"), _int("partition"), beside=[_big("mark")])
    _make("states", _id("installation_id"), beside=[sa.Column("state", sa.Text(), nullable=False)])
    _make(
        "pending",
        *(_id("installation_id"), _id("run_id"), _int("partition"), _int("lane")),
        beside=[_big("first"), _big("last"), sa.Column("body", sa.LargeBinary(), nullable=False)],
    )
    op.create_index("ix_pending_offsets", "pending", ["partition", "first"], unique=False)
    lowest: dict[tuple[str, str, int], int] = {}
    for row in marks:
        place = (row["installation_id"], row["run_id"], row["partition"])
        lowest[place] = min(row["mark"], lowest.get(place, row["mark"]))
    names = ("installation_id", "run_id", "partition")
    _put("marks", [dict(zip(names, place, strict=True)) | {"mark": mark} for place, mark in lowest.items()])
    first = {row["installation_id"]: row["state"] for row in sorted(states, key=lambda row: -int(row["share"]))}
    _put("states", [{"installation_id": one, "state": state} for one, state in first.items()])


def _make(name: str, *keys: sa.Column[Any], beside: Sequence[sa.Column[Any]]) -> None:
    key = sa.PrimaryKeyConstraint(*(column.name for column in keys), name=op.f(f"pk_{name}"))
    op.create_table(name, *keys, *beside, key)


def _id(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=64), autoincrement=False, nullable=False)


def _int(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), autoincrement=False, nullable=False)


def _big(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), autoincrement=False, nullable=False)


def _taken(name: str) -> list[dict[str, Any]]:
    """All rows of a small table, which is dropped."""
    rows = [dict(row) for row in op.get_bind().execute(sa.text(f"SELECT * FROM {name}")).mappings()]  # noqa: S608
    op.drop_table(name)
    return rows


def _given_back(name: str, rows: list[dict[str, Any]]) -> None:
    _put(name, [{**row, "share": 0} for row in rows])


def _put(name: str, rows: list[dict[str, Any]]) -> None:
    if rows:
        op.bulk_insert(sa.table(name, *(sa.column(column) for column in rows[0])), rows)
