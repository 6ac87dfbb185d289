"""What is done at a start, so that the database is as this code expects it."""

import sqlalchemy as sa

from attendance.adapters.sql.engine.databases import Database
from attendance.adapters.sql.engine.errors import reason_of
from attendance.adapters.sql.schema.stored_keys import has_current_keys, renew_keys
from attendance.adapters.sql.schema.version import UnusableDatabase, is_current


def bring_up_to_date(database: Database) -> None:
    """Migrate and renew keys where needed; several processes may do so at once.

    Raise UnusableDatabase, also with what the database says where it refuses, and Unavailable.
    """
    try:
        if not is_current(database):
            # only here: Alembic is large, and a start that finds all well goes without it
            from attendance.adapters.sql.schema.migrating import migrate

            migrate(database)
        if not has_current_keys(database):
            renew_keys(database)
    except sa.exc.DBAPIError as error:
        raise UnusableDatabase(f"the database refuses: {reason_of(error)}") from error
