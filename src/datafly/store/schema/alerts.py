"""Tables of alerts."""

import sqlalchemy as sa

from datafly.store.schema.base import big_column, document_column, id_column, metadata

alert_rules = sa.Table("alert_rules", metadata, id_column(), big_column("created_ms"), document_column("document"))

alert_channels = sa.Table(
    "alert_channels", metadata, id_column(), big_column("created_ms"), document_column("document")
)

alert_episodes = sa.Table(
    "alert_episodes",
    metadata,
    id_column(),
    sa.Column("rule_id", sa.String(64), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("ended_ms", sa.BigInteger),
    document_column("document"),
    sa.Index("ix_alert_episodes_state", "state", "id"),
    sa.Index("ix_alert_episodes_rule_id", "rule_id", "id"),
)

alert_messages = sa.Table(
    "alert_messages",
    metadata,
    id_column(),
    sa.Column("channel_id", sa.String(64), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("ended_ms", sa.BigInteger),
    document_column("document"),
    sa.Index("ix_alert_messages_state", "state", "id"),
    sa.Index("ix_alert_messages_channel_id", "channel_id", "id"),
)
