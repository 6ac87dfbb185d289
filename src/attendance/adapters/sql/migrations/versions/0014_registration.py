"""The language of an account's mails, and which accounts are in the public directory.

Those that came through the labs protocol, which asks for no address, and those that own or have joined a lab.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

IN_LABS = """
UPDATE accounts SET in_labs = {true} WHERE
    EXISTS (SELECT 1 FROM labs WHERE labs.owner_id = accounts.id)
    OR EXISTS (SELECT 1 FROM lab_members WHERE lab_members.user_id = accounts.id)
    OR EXISTS (
        SELECT 1 FROM events
        WHERE events.subject_id = accounts.id AND events.action = 'account.registered' AND {email} IS NULL
    )
"""


def upgrade() -> None:
    is_postgres = op.get_bind().dialect.name == "postgresql"
    op.add_column("accounts", sa.Column("language", sa.Text))
    op.add_column("accounts", sa.Column("in_labs", sa.Boolean, nullable=False, server_default=sa.false()))
    email = "events.after ->> 'email'" if is_postgres else "json_extract(events.after, '$.email')"
    op.execute(IN_LABS.format(true="true" if is_postgres else "1", email=email))
    listed = sa.text("active AND in_labs" if is_postgres else "active = 1 AND in_labs = 1")
    op.create_index(
        "ix_accounts_directory",
        "accounts",
        ["username_sort_key", "id"],
        postgresql_where=listed,
        sqlite_where=listed,
    )


def downgrade() -> None:
    """Nobody has a language of their own then, and the directory lists everybody."""
    op.drop_index("ix_accounts_directory", "accounts")
    for column in ("in_labs", "language"):
        op.execute(f"ALTER TABLE accounts DROP COLUMN {column}")
