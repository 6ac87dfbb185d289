"""Run by Alembic: migrate the connection the caller put into `config.attributes`."""

from alembic import context

from attendance.adapters.sql.schema.version import VERSION_TABLE
from attendance.adapters.sql.tables import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=True,
    version_table=VERSION_TABLE,
    version_table_schema=connection.dialect.default_schema_name,
)
context.run_migrations()
