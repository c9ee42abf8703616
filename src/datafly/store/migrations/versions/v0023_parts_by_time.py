"""In PostgreSQL attempts and outcomes lie in parts by time, which are dropped whole.

What is there becomes the first part as it is; nothing is copied. Code of before goes on: by its names it finds the
same columns, and what it writes beyond the parts that there are lies in the default part.

Revision: 0023
"""

import time
from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None
expands = True

_DAY_MS: Final = 86_400_000
_AT_MS: Final = {"attempts": "started_ms", "outcomes": "decided_ms"}
_INDEXES: Final = {
    "attempts": {
        "installation_id": "installation_id, id",
        "offsets": "partition, reach, first, last",
        "run": "installation_id, run_id, partition, last",
        "started_ms": "started_ms",
    },
    "outcomes": {
        "decided_ms": "decided_ms",
        "installation_id": "installation_id, verdict, id",
        "offsets": "partition, reach, first, last",
        "run": "installation_id, run_id, partition, last",
        "verdict": "verdict, id",
    },
}


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table, at_ms in _AT_MS.items():
            _cut(table, at_ms)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table in _AT_MS:
            _put_together(table)


def _cut(table: str, at_ms: str) -> None:
    op.execute(f"ALTER TABLE {table} RENAME TO {table}_before")
    op.execute(f"ALTER TABLE {table}_before DROP CONSTRAINT pk_{table}")
    for index in _INDEXES[table]:
        op.execute(f"ALTER INDEX ix_{table}_{index} RENAME TO ix_{table}_before_{index}")
    op.execute(f"CREATE TABLE {table} (LIKE {table}_before INCLUDING DEFAULTS) PARTITION BY RANGE ({at_ms})")
    _index(table, f"id, {at_ms}")
    op.execute(f"CREATE TABLE {table}_default PARTITION OF {table} DEFAULT")
    today = int(time.time() * 1000) // _DAY_MS * _DAY_MS
    attached = _attach_before(table, at_ms, today + _DAY_MS)
    for first in range(today + _DAY_MS * attached, today + 3 * _DAY_MS, _DAY_MS):
        name = f"{table}_from_{time.strftime('%Y%m%d', time.gmtime(first / 1000))}"
        op.execute(f"CREATE TABLE {name} PARTITION OF {table} FOR VALUES FROM ({first}) TO ({first + _DAY_MS})")


def _attach_before(table: str, at_ms: str, until_ms: int) -> bool:
    """Whether there is any. What a clock that ran ahead has written goes to the default part: with it, the first one
    would stay for ever.
    """
    op.execute(
        f"WITH beyond AS (DELETE FROM {table}_before WHERE {at_ms} >= {until_ms} RETURNING *) "  # noqa: S608  our names
        f"INSERT INTO {table}_default SELECT * FROM beyond"
    )
    if op.get_bind().execute(sa.text(f"SELECT 1 FROM {table}_before LIMIT 1")).first() is None:  # noqa: S608
        op.execute(f"DROP TABLE {table}_before")
        return False
    op.execute(f"ALTER TABLE {table} ATTACH PARTITION {table}_before FOR VALUES FROM (MINVALUE) TO ({until_ms})")
    return True


def _put_together(table: str) -> None:
    op.execute(f"CREATE TABLE {table}_whole (LIKE {table} INCLUDING DEFAULTS)")
    op.execute(f"INSERT INTO {table}_whole SELECT * FROM {table}")  # noqa: S608  our names
    _keep_sequence(table, f"{table}_whole")
    op.execute(f"DROP TABLE {table}")
    op.execute(f"ALTER TABLE {table}_whole RENAME TO {table}")
    _index(table, "id")


def _index(table: str, key: str) -> None:
    _keep_sequence(table, table)
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT pk_{table} PRIMARY KEY ({key})")
    for index, columns in _INDEXES[table].items():
        op.execute(f"CREATE INDEX ix_{table}_{index} ON {table} ({columns})")


def _keep_sequence(table: str, owner: str) -> None:
    """It would go with the table that it was made for."""
    if table == "outcomes":
        op.execute(f"ALTER SEQUENCE outcomes_id_seq OWNED BY {owner}.id")
