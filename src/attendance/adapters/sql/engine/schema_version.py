"""Which shape of the tables this code is written for, told without loading what could change it."""

from typing import Any

import sqlalchemy as sa

from attendance.adapters.sql.engine.databases import Database
from attendance.adapters.sql.engine.errors import meaning

HEAD = "0006"
"""The newest migration."""

_REACHED: sa.Select[Any] = sa.select(sa.column("version_num")).select_from(sa.table("alembic_version"))


def is_current(database: Database) -> bool:
    """Whether the database has exactly this shape. Raise Unavailable when it cannot be asked."""
    try:
        with database.engine.connect() as connection:
            if not connection.dialect.has_table(connection, "alembic_version"):
                return False
            return list(connection.scalars(_REACHED)) == [HEAD]
    except Exception as error:
        raise meaning(error) from error


def bring_up_to_date(database: Database) -> None:
    """Migrate where it is needed; several processes may do so at once. Raise Unavailable."""
    if not is_current(database):
        # only here: Alembic is large, and a start that finds all well goes without it
        from attendance.adapters.sql.engine.migrating import migrate

        migrate(database)
