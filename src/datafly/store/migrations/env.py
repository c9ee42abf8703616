"""Runs migrations on the connection that `migrate` hands in, within its transaction."""

from alembic import context

from datafly.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True)
context.run_migrations()
