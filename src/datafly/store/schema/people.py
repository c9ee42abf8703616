"""Tables of who may come in, and of what they did."""

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

users = sa.Table(
    "users",
    metadata,
    id_column(),
    text_column("email"),
    # The address without its letter case: by this it is unique.
    sa.Column("address", sa.String(320), nullable=False, unique=True),
    text_column("name"),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("subject", sa.String(512), unique=True),
    sa.Column("password_hash", sa.Text),
    big_column("created_ms"),
    big_column("updated_ms"),
    sa.Column("last_login_ms", sa.BigInteger),
)

sessions = sa.Table(
    "sessions",
    metadata,
    id_column(),
    reference_column("user_id", "users.id"),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("method", sa.String(16), nullable=False),
    # The hash of the cookie's text; an `api` session has none, its tokens are in `refresh_tokens`.
    sa.Column("text_hash", sa.String(64), unique=True),
    big_column("created_ms"),
    big_column("last_seen_ms"),
    big_column("expires_ms"),
    text_column("address"),
    text_column("user_agent"),
    sa.Column("ended_ms", sa.BigInteger),
    sa.Index("ix_sessions_user_id", "user_id"),
    sa.Index("ix_sessions_expires_ms", "expires_ms"),
)

refresh_tokens = sa.Table(
    "refresh_tokens",
    metadata,
    sa.Column("text_hash", sa.String(64), primary_key=True),
    reference_column("session_id", "sessions.id"),
    big_column("created_ms"),
    sa.Column("used_ms", sa.BigInteger),
    sa.Index("ix_refresh_tokens_session_id", "session_id"),
)

links = sa.Table(
    "links",
    metadata,
    id_column(),
    sa.Column("purpose", sa.String(16), nullable=False),
    sa.Column("user_id", sa.String(64), sa.ForeignKey("users.id")),
    sa.Column("text_hash", sa.String(64), nullable=False, unique=True),
    big_column("created_ms"),
    big_column("expires_ms"),
    sa.Column("used_ms", sa.BigInteger),
)

login_failures = sa.Table(
    "login_failures",
    metadata,
    sa.Column("subject", sa.String(64), primary_key=True),
    big_column("count"),
    big_column("since_ms"),
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
    big_column("timestamp_ms"),
    sa.Column("user_id", sa.String(64)),
    sa.Column("user_email", sa.Text),
    sa.Column("token_id", sa.String(64)),
    sa.Column("token_name", sa.Text),
    document_column("changes"),
    text_column("ip_address"),
    text_column("user_agent"),
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

AUDIT_TRIGGERS_OF_POSTGRES = (
    """CREATE FUNCTION audit_is_only_added_to() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'the audit log is only ever added to'; END $$""",
    """CREATE TRIGGER audit_is_only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_only_added_to()""",
)

for _engine, _triggers in (("sqlite", AUDIT_TRIGGERS), ("postgresql", AUDIT_TRIGGERS_OF_POSTGRES)):
    for _trigger in _triggers:
        _made = sa.DDL(_trigger).execute_if(dialect=_engine)  # type: ignore[no-untyped-call]
        sa.event.listen(audit, "after_create", _made)

retries = sa.Table(
    "retries",
    metadata,
    sa.Column("caller", sa.String(64), primary_key=True),
    sa.Column("key", sa.String(255), primary_key=True),
    sa.Column("request_hash", sa.String(64), nullable=False),
    big_column("created_ms"),
    # NULL while the first call is under way.
    sa.Column("status", sa.Integer),
    sa.Column("answer", sa.LargeBinary),
    sa.Index("ix_retries_created_ms", "created_ms"),
)
"""What calls with an `Idempotency-Key` were answered."""
