"""SQLite keeps the marks of a lesson side by side: the table is the index of its key.

It had both before, and every mark was looked up in one and then in the other. PostgreSQL has no such tables.
"""

from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

WITHOUT_ROWID = " WITHOUT ROWID"


def upgrade() -> None:
    _made_anew(lambda made: made + WITHOUT_ROWID)


def downgrade() -> None:
    _made_anew(lambda made: made.removesuffix(WITHOUT_ROWID))


def _made_anew(change: Callable[[str], str]) -> None:
    """Copy the marks, in the order of their key, to a table that is made a little otherwise."""
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        return

    def made(kind: str) -> list[str]:
        statement = (
            "SELECT sql FROM sqlite_master WHERE tbl_name = 'attendance' AND type = :kind AND sql IS NOT NULL"
        )
        return [*connection.scalars(sa.text(statement), {"kind": kind})]

    (table,), indexes, triggers = made("table"), made("index"), made("trigger")
    op.execute(change(table).replace("attendance", "attendance_made_anew", 1))
    op.execute("INSERT INTO attendance_made_anew SELECT * FROM attendance ORDER BY lesson_id, client_id")
    op.drop_table("attendance")
    op.rename_table("attendance_made_anew", "attendance")
    for statement in (*indexes, *triggers):
        op.execute(statement)
