"""Run by Alembic: migrate the connection the caller put into `config.attributes`."""

from alembic import context

from attendance.adapters.sql.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
context.run_migrations()
