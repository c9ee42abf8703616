"""Tables of what became of events, and of what came in."""

from typing import Any

import sqlalchemy as sa

from datafly.store.schema.base import (
    BigKey,
    big_column,
    document_column,
    id_column,
    metadata,
    reference_column,
    text_column,
)

replays = sa.Table(
    "replays",
    metadata,
    id_column(),
    reference_column("installation_id", "installations.id"),
    sa.Column("members", sa.LargeBinary, nullable=False),
    big_column("created_ms"),
    text_column("created_by"),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Index("ix_replays_state", "state"),
)


replay_plans = sa.Table(
    "replay_plans", metadata, sa.Column("replay_id", sa.String(64), primary_key=True), document_column("document")
)
"""Of a replay over a stretch of the log: which, what of it, and how."""


def _key(name: str) -> sa.Column[Any]:
    kind = sa.Integer if name in {"partition", "share", "lane", "day"} else sa.String(64)
    return sa.Column(name, kind, primary_key=True, autoincrement=False)


# The ledger has no foreign keys: it outlives what it tells of, and is trimmed by age.

attempts = sa.Table(
    "attempts",
    metadata,
    id_column(),
    sa.Column("installation_id", sa.String(64), nullable=False),
    sa.Column("run_id", sa.String(64), nullable=False),
    sa.Column("partition", sa.Integer, nullable=False),
    # Bounds of what was delivered, and their size class (`members.reach`); NULL if nothing was.
    sa.Column("first", sa.BigInteger),
    sa.Column("last", sa.BigInteger),
    sa.Column("reach", sa.SmallInteger),
    big_column("started_ms"),
    # Before the body, so that a look at the members does not page through the body.
    sa.Column("members", sa.LargeBinary, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Index("ix_attempts_installation_id", "installation_id", "id"),
    sa.Index("ix_attempts_run", "installation_id", "run_id", "partition", "last"),
    sa.Index("ix_attempts_offsets", "partition", "reach", "first", "last"),
    sa.Index("ix_attempts_started_ms", "started_ms"),
)

outcomes = sa.Table(
    "outcomes",
    metadata,
    sa.Column("id", BigKey, primary_key=True, autoincrement=True),
    sa.Column("installation_id", sa.String(64), nullable=False),
    sa.Column("run_id", sa.String(64), nullable=False),
    sa.Column("partition", sa.Integer, nullable=False),
    big_column("first"),
    big_column("last"),
    sa.Column("reach", sa.SmallInteger, nullable=False),
    sa.Column("verdict", sa.String(16), nullable=False),
    big_column("decided_ms"),
    sa.Column("attempt_id", sa.String(64)),
    document_column("ruling"),
    sa.Index("ix_outcomes_verdict", "verdict", "id"),
    sa.Index("ix_outcomes_installation_id", "installation_id", "verdict", "id"),
    sa.Index("ix_outcomes_run", "installation_id", "run_id", "partition", "last"),
    sa.Index("ix_outcomes_offsets", "partition", "reach", "first", "last"),
    sa.Index("ix_outcomes_decided_ms", "decided_ms"),
    sqlite_autoincrement=True,  # an id is never used twice, so paging by it holds after a trim
)

# `share`: whose of several delivery workers (`model.delivery.Share`). Where workers share partitions instead of keys,
# a state has that of each partition in its place.

marks = sa.Table(
    "marks", metadata, _key("installation_id"), _key("run_id"), _key("partition"), _key("share"), big_column("mark")
)

pending = sa.Table(
    "pending",
    metadata,
    _key("installation_id"),
    _key("run_id"),
    _key("partition"),
    _key("share"),
    _key("lane"),
    big_column("first"),
    big_column("last"),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Index("ix_pending_offsets", "partition", "first"),
)

states = sa.Table("states", metadata, _key("installation_id"), _key("share"), document_column("state"))

losses = sa.Table(
    "losses",
    metadata,
    _key("installation_id"),
    _key("partition"),
    sa.Column("first", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("last", sa.BigInteger, primary_key=True, autoincrement=False),
    document_column("outcome"),
)
"""What the log lost, and one share of several had not read: decided once all have passed it (`store.losses`)."""

counters = sa.Table(
    "counters",
    metadata,
    _key("installation_id"),
    sa.Column("name", sa.String(16), primary_key=True),
    big_column("count"),
)

refusals = sa.Table(
    "refusals",
    metadata,
    sa.Column("id", BigKey, primary_key=True, autoincrement=True),
    sa.Column("pipeline_id", sa.String(64), nullable=False),
    sa.Column("code", sa.String(64), nullable=False),
    big_column("at_ms"),
    document_column("refusal"),
    sa.Index("ix_refusals_pipeline_id", "pipeline_id", "id"),
    sa.Index("ix_refusals_code", "pipeline_id", "code", "id"),
    sa.Index("ix_refusals_at_ms", "at_ms"),
    sqlite_autoincrement=True,  # an id is never used twice, so paging by it holds after a trim
)

intake = sa.Table(
    "intake",
    metadata,
    sa.Column("pipeline_id", sa.String(64), primary_key=True),
    # Of the span that is counted: 60, 3600, or 0 for all time.
    sa.Column("seconds", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("began_ms", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("code", sa.String(64), primary_key=True),
    big_column("count"),
    sa.Index("ix_intake_began_ms", "seconds", "began_ms"),
)

notices = sa.Table(
    "notices",
    metadata,
    _key("installation_id"),
    sa.Column("kind", sa.String(16), primary_key=True),
    sa.Column("digest", sa.String(32), primary_key=True),
    text_column("sentence"),
    big_column("count"),
    big_column("last_ms"),
    sa.Index("ix_notices_last_ms", "last_ms"),
)

sightings = sa.Table(
    "sightings",
    metadata,
    _key("installation_id"),
    _key("day"),
    sa.Column("name", sa.String(100), primary_key=True),
    sa.Column("param", sa.String(100), primary_key=True),
    big_column("count"),
    sa.Index("ix_sightings_day", "day"),
)

followed = sa.Table(
    "followed",
    metadata,
    id_column(),
    sa.Column("installation_id", sa.String(64), nullable=False),
    big_column("since_ms"),
    big_column("due_ms"),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Index("ix_followed_due_ms", "installation_id", "due_ms"),
    sa.Index("ix_followed_since_ms", "since_ms"),
)

tallies = sa.Table(
    "tallies",
    metadata,
    _key("installation_id"),
    sa.Column("began_ms", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("name", sa.String(32), primary_key=True),
    big_column("count"),
    sa.Index("ix_tallies_began_ms", "began_ms"),
)

writers = sa.Table(
    "writers",
    metadata,
    id_column("writer"),
    big_column("number"),
    big_column("at_ms"),
    sa.Index("ix_writers_at_ms", "at_ms"),
)
"""The last writing of each process that writes to the ledger (`store.writers`)."""

owners = sa.Table(
    "owners", metadata, sa.Column("role", sa.String(16), primary_key=True), _key("partition"), big_column("epoch")
)
"""How often a partition has had another owner in a role: only the last one writes (`store.owners`)."""

drained = sa.Table(
    "drained",
    metadata,
    _key("installation_id"),
    sa.Column("slot", sa.BigInteger, primary_key=True, autoincrement=False),
    big_column("count"),
    sa.Index("ix_drained_slot", "slot"),
)
