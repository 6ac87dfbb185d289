"""Storing many rows at once, past the use cases."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from attendance.adapters.sql import tables
from attendance.adapters.sql.accounts.accounts import SqlAccounts
from attendance.adapters.sql.engine.databases import open_database
from attendance.domain.labs.labs import Lab
from attendance.domain.labs.marks import LabMark
from attendance.domain.text import searched_text, sort_key
from benchmarks.seed import World

Rows = Iterable[dict[str, Any]]


def fill(url: str, world: World) -> None:
    """Store the world in a database that has the current shape."""
    store_rows(
        url,
        {
            tables.accounts: map(SqlAccounts.mapper.row, world.accounts),
            tables.sessions: map(asdict, world.sessions),
            tables.labs: map(_lab_row, world.labs),
            tables.lab_members: map(asdict, world.members),
            tables.lab_marks: map(_mark_row, world.marks),
        },
    )


def store_rows(url: str, rows: dict[sa.Table, Rows]) -> None:
    """All in one transaction; on PostgreSQL then what autovacuum would do a minute later."""
    database = open_database(url, pool_size=1)
    with database.engine.connect() as connection:
        with database.transaction(connection.connection.dbapi_connection):
            for table, of_table in rows.items():
                connection.execute(sa.insert(table), list(of_table))
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("VACUUM ANALYZE")
    database.engine.dispose()


def _lab_row(lab: Lab) -> dict[str, Any]:
    return {
        **asdict(lab),
        "name_key": sort_key(lab.name),
        "search_key": searched_text(lab.name, lab.description),
    }


def _mark_row(mark: LabMark) -> dict[str, Any]:
    row = asdict(mark)
    return row | row.pop("entry")
