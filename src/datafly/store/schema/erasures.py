"""Tables of who was erased, and of what vendors were asked."""

import sqlalchemy as sa

from datafly.store.schema.base import big_column, document_column, id_column, metadata, text_column

erasures = sa.Table(
    "erasures",
    metadata,
    id_column(),
    big_column("created_ms"),
    text_column("created_by"),
    # Who it is, until all is done; `{}` then.
    document_column("whom"),
    document_column("digests"),
)

erasure_calls = sa.Table(
    "erasure_calls",
    metadata,
    sa.Column("erasure_id", sa.String(64), sa.ForeignKey("erasures.id"), primary_key=True),
    sa.Column("installation_id", sa.String(64), primary_key=True),
    # When it is tried next; NULL: it is final.
    sa.Column("next_ms", sa.BigInteger),
    document_column("document"),
    sa.Index("ix_erasure_calls_next_ms", "next_ms"),
)
