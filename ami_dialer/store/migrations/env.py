"""Alembic's entry point: `store.migrate` hands the connection in, so there is no alembic.ini."""

from alembic import context

from ami_dialer.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite changes a table by copying it
)
with context.begin_transaction():
    context.run_migrations()
