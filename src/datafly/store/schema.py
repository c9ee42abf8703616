"""The tables. Columns that are searched or ordered by are columns; the rest of a value is one document."""

from typing import Any

import msgspec
import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
    }
)
"""Every constraint has a name, so that a later migration can speak of it."""

BigKey = sa.BigInteger().with_variant(sa.Integer, "sqlite")
"""SQLite numbers rows by itself only where the type is INTEGER."""


class Document(sa.TypeDecorator[Any]):
    """JSON as text, the same in every database."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> str:  # noqa: ARG002 - SQLAlchemy's signature
        return msgspec.json.encode(value).decode()

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Any:  # noqa: ARG002
        return msgspec.json.decode(value)


def _id(name: str = "id") -> sa.Column[str]:
    return sa.Column(name, sa.String(64), primary_key=True)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _big(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False)


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean, nullable=False)


def _document(name: str) -> sa.Column[Any]:
    return sa.Column(name, Document, nullable=False)


def _reference(name: str, target: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(64), sa.ForeignKey(target), nullable=False)


facts = sa.Table("facts", metadata, sa.Column("name", sa.String(64), primary_key=True), _text("value"))
"""What the store knows of itself: the id and the salt of its encryption key."""

control_version = sa.Table(
    "control_version", metadata, sa.Column("id", sa.Integer, primary_key=True, autoincrement=False), _big("version")
)
"""One row. Every change of the control plane begins by counting it up, so changes also happen one after another."""

pipelines = sa.Table(
    "pipelines",
    metadata,
    _id(),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("slug", sa.Text, nullable=False, unique=True),
    sa.Column("pipeline_key", sa.Text, nullable=False, unique=True),
    _text("type"),
    _document("domain_allowlist"),
    _big("rate_limit_rps"),
    _document("consent_defaults"),
    _document("parameters"),
    _flag("enabled"),
    _big("created_ms"),
    _big("updated_ms"),
)

sources = sa.Table(
    "sources",
    metadata,
    _id(),
    _reference("pipeline_id", "pipelines.id"),
    _text("kind"),
    _document("config"),
    _big("created_ms"),
)

templates = sa.Table(
    "templates",
    metadata,
    _id(),
    _text("name"),
    # The name while it is taken; NULL, which is equal to nothing, once the last installation is removed.
    sa.Column("taken_name", sa.Text, unique=True),
    _text("vendor"),
    _text("variant"),
    _text("description"),
    _big("created_ms"),
    _big("updated_ms"),
)

revisions = sa.Table(
    "revisions",
    metadata,
    _id(),
    _reference("template_id", "templates.id"),
    sa.Column("number", sa.Integer, nullable=False),
    _document("config"),
    _text("delivery_mode"),
    _text("change_summary"),
    _text("created_by"),
    _big("created_ms"),
    sa.UniqueConstraint("template_id", "number"),
)

installations = sa.Table(
    "installations",
    metadata,
    _id(),
    _reference("pipeline_id", "pipelines.id"),
    _reference("template_id", "templates.id"),
    _reference("revision_id", "revisions.id"),
    _document("start_offsets"),
    _document("end_offsets"),
    _flag("enabled"),
    _flag("paused"),
    sa.Column("removed_ms", sa.BigInteger),
    _big("created_ms"),
    _big("updated_ms"),
    sa.Index("ix_installations_template_id", "template_id"),
)

tokens = sa.Table(
    "tokens",
    metadata,
    _id(),
    _text("name"),
    _text("role"),
    sa.Column("text_hash", sa.String(64), nullable=False, unique=True),
    _big("created_ms"),
    sa.Column("expires_ms", sa.BigInteger),
    sa.Column("last_used_ms", sa.BigInteger),
    sa.Column("revoked_ms", sa.BigInteger),
)

users = sa.Table(
    "users",
    metadata,
    _id(),
    _text("email"),
    # The address without its letter case: by this it is unique.
    sa.Column("address", sa.String(320), nullable=False, unique=True),
    _text("name"),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("subject", sa.String(512), unique=True),
    sa.Column("password_hash", sa.Text),
    _big("created_ms"),
    _big("updated_ms"),
    sa.Column("last_login_ms", sa.BigInteger),
)

sessions = sa.Table(
    "sessions",
    metadata,
    _id(),
    _reference("user_id", "users.id"),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("method", sa.String(16), nullable=False),
    # The hash of the cookie's text; an `api` session has none, its tokens are in `refresh_tokens`.
    sa.Column("text_hash", sa.String(64), unique=True),
    _big("created_ms"),
    _big("last_seen_ms"),
    _big("expires_ms"),
    _text("address"),
    _text("user_agent"),
    sa.Column("ended_ms", sa.BigInteger),
    sa.Index("ix_sessions_user_id", "user_id"),
    sa.Index("ix_sessions_expires_ms", "expires_ms"),
)

refresh_tokens = sa.Table(
    "refresh_tokens",
    metadata,
    sa.Column("text_hash", sa.String(64), primary_key=True),
    _reference("session_id", "sessions.id"),
    _big("created_ms"),
    sa.Column("used_ms", sa.BigInteger),
    sa.Index("ix_refresh_tokens_session_id", "session_id"),
)

links = sa.Table(
    "links",
    metadata,
    _id(),
    sa.Column("purpose", sa.String(16), nullable=False),
    sa.Column("user_id", sa.String(64), sa.ForeignKey("users.id")),
    sa.Column("text_hash", sa.String(64), nullable=False, unique=True),
    _big("created_ms"),
    _big("expires_ms"),
    sa.Column("used_ms", sa.BigInteger),
)

login_failures = sa.Table(
    "login_failures",
    metadata,
    sa.Column("subject", sa.String(64), primary_key=True),
    _big("count"),
    _big("since_ms"),
    sa.Index("ix_login_failures_since_ms", "since_ms"),
)
"""By the hash of an e-mail address, whether a user has it or not, and by that of an internet address."""

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("number", BigKey, primary_key=True, autoincrement=True),
    sa.Column("id", sa.String(64), nullable=False, unique=True),
    sa.Column("action", sa.String(64), nullable=False),
    sa.Column("resource_type", sa.String(64), nullable=False),
    sa.Column("resource_id", sa.String(255), nullable=False),
    _big("timestamp_ms"),
    sa.Column("user_id", sa.String(64)),
    sa.Column("user_email", sa.Text),
    sa.Column("token_id", sa.String(64)),
    sa.Column("token_name", sa.Text),
    _document("changes"),
    _text("ip_address"),
    _text("user_agent"),
    sa.Index("ix_audit_resource", "resource_type", "resource_id", "number"),
    sa.Index("ix_audit_user_id", "user_id", "number"),
)
"""Only ever added to; its numbers ascend. Triggers refuse the rest, whoever asks."""

AUDIT_TRIGGERS = tuple(
    f"CREATE TRIGGER audit_is_never_{done} BEFORE {act} ON audit "
    "BEGIN SELECT RAISE(ABORT, 'the audit log is only ever added to'); END"
    for act, done in (("UPDATE", "changed"), ("DELETE", "shortened"))
)
"""For SQLite."""

for _trigger in AUDIT_TRIGGERS:
    sa.event.listen(audit, "after_create", sa.DDL(_trigger).execute_if(dialect="sqlite"))  # type: ignore[no-untyped-call]

retries = sa.Table(
    "retries",
    metadata,
    sa.Column("caller", sa.String(64), primary_key=True),
    sa.Column("key", sa.String(255), primary_key=True),
    sa.Column("request_hash", sa.String(64), nullable=False),
    _big("created_ms"),
    # NULL while the first call is under way.
    sa.Column("status", sa.Integer),
    sa.Column("answer", sa.LargeBinary),
    sa.Index("ix_retries_created_ms", "created_ms"),
)
"""What calls with an `Idempotency-Key` were answered."""

replays = sa.Table(
    "replays",
    metadata,
    _id(),
    _reference("installation_id", "installations.id"),
    sa.Column("members", sa.LargeBinary, nullable=False),
    _big("created_ms"),
    _text("created_by"),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Index("ix_replays_state", "state"),
)


def _key(name: str) -> sa.Column[Any]:
    kind = sa.Integer if name in {"partition", "share", "lane", "day"} else sa.String(64)
    return sa.Column(name, kind, primary_key=True, autoincrement=False)


# The ledger has no foreign keys: it outlives what it tells of, and is trimmed by age.

attempts = sa.Table(
    "attempts",
    metadata,
    _id(),
    sa.Column("installation_id", sa.String(64), nullable=False),
    sa.Column("run_id", sa.String(64), nullable=False),
    sa.Column("partition", sa.Integer, nullable=False),
    # Bounds of what was delivered, and their size class (`members.reach`); NULL if nothing was.
    sa.Column("first", sa.BigInteger),
    sa.Column("last", sa.BigInteger),
    sa.Column("reach", sa.SmallInteger),
    _big("started_ms"),
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
    _big("first"),
    _big("last"),
    sa.Column("reach", sa.SmallInteger, nullable=False),
    sa.Column("verdict", sa.String(16), nullable=False),
    _big("decided_ms"),
    sa.Column("attempt_id", sa.String(64)),
    _document("ruling"),
    sa.Index("ix_outcomes_verdict", "verdict", "id"),
    sa.Index("ix_outcomes_installation_id", "installation_id", "verdict", "id"),
    sa.Index("ix_outcomes_run", "installation_id", "run_id", "partition", "last"),
    sa.Index("ix_outcomes_offsets", "partition", "reach", "first", "last"),
    sa.Index("ix_outcomes_decided_ms", "decided_ms"),
    sqlite_autoincrement=True,  # an id is never used twice, so paging by it holds after a trim
)

# `share`: whose of several delivery workers (`model.delivery.Share`).

marks = sa.Table(
    "marks", metadata, _key("installation_id"), _key("run_id"), _key("partition"), _key("share"), _big("mark")
)

pending = sa.Table(
    "pending",
    metadata,
    _key("installation_id"),
    _key("run_id"),
    _key("partition"),
    _key("share"),
    _key("lane"),
    _big("first"),
    _big("last"),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Index("ix_pending_offsets", "partition", "first"),
)

states = sa.Table("states", metadata, _key("installation_id"), _key("share"), _document("state"))

losses = sa.Table(
    "losses",
    metadata,
    _key("installation_id"),
    _key("partition"),
    sa.Column("first", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("last", sa.BigInteger, primary_key=True, autoincrement=False),
    _document("outcome"),
)
"""What the log lost, and one share of several had not read: decided once all have passed it (`store.losses`)."""

counters = sa.Table(
    "counters", metadata, _key("installation_id"), sa.Column("name", sa.String(16), primary_key=True), _big("count")
)

refusals = sa.Table(
    "refusals",
    metadata,
    sa.Column("id", BigKey, primary_key=True, autoincrement=True),
    sa.Column("pipeline_id", sa.String(64), nullable=False),
    sa.Column("code", sa.String(64), nullable=False),
    _big("at_ms"),
    _document("refusal"),
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
    _big("count"),
    sa.Index("ix_intake_began_ms", "seconds", "began_ms"),
)

notices = sa.Table(
    "notices",
    metadata,
    _key("installation_id"),
    sa.Column("kind", sa.String(16), primary_key=True),
    sa.Column("digest", sa.String(32), primary_key=True),
    _text("sentence"),
    _big("count"),
    _big("last_ms"),
    sa.Index("ix_notices_last_ms", "last_ms"),
)

sightings = sa.Table(
    "sightings",
    metadata,
    _key("installation_id"),
    _key("day"),
    sa.Column("name", sa.String(100), primary_key=True),
    sa.Column("param", sa.String(100), primary_key=True),
    _big("count"),
    sa.Index("ix_sightings_day", "day"),
)
