"""Several accounts of a client: its own, and each parent's. Calendar tokens of deactivated accounts end."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

CLIENTS = sa.table("clients", sa.column("id", sa.Uuid), sa.column("user_id", sa.Uuid))
CLIENT_ACCOUNTS = sa.table(
    "client_accounts", sa.column("client_id", sa.Uuid), sa.column("account_id", sa.Uuid)
)
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "client_accounts",
        sa.Column("client_id", sa.Uuid, nullable=False),
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.PrimaryKeyConstraint("client_id", "account_id", name="pk_client_accounts"),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name="fk_client_accounts_client_id"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_client_accounts_account_id"),
    )
    op.create_index("ix_client_accounts_account_id", "client_accounts", ["account_id"])
    linked = sa.select(CLIENTS.c.id, CLIENTS.c.user_id).where(CLIENTS.c.user_id.is_not(None))
    op.execute(sa.insert(CLIENT_ACCOUNTS).from_select(["client_id", "account_id"], linked))
    op.drop_index("ix_clients_user_id", "clients")
    if _is_postgres():
        op.drop_column("clients", "user_id")
    else:
        _drop_user_id()
    op.execute("DELETE FROM calendar_tokens WHERE account_id IN (SELECT id FROM accounts WHERE NOT active)")


def downgrade() -> None:
    """Of several accounts a client keeps the oldest."""
    kind = "UUID" if _is_postgres() else "CHAR(32)"
    refers = "CONSTRAINT fk_clients_user_id REFERENCES accounts (id)"
    op.execute(f"ALTER TABLE clients ADD COLUMN user_id {kind} {refers}")
    accounts = CLIENT_ACCOUNTS.c
    # ids are made in the order of time; PostgreSQL knows no minimum of them
    oldest = (
        sa.select(accounts.account_id)
        .where(accounts.client_id == CLIENTS.c.id)
        .order_by(accounts.account_id)
        .limit(1)
        .scalar_subquery()
    )
    op.execute(sa.update(CLIENTS).values(user_id=oldest))
    op.create_index("ix_clients_user_id", "clients", ["user_id"])
    op.drop_table("client_accounts")


def _drop_user_id() -> None:
    """SQLite drops no column that refers to another table: the clients are copied to a table without it."""
    made = "SELECT sql FROM sqlite_master WHERE tbl_name = 'clients' AND type = 'index' AND sql IS NOT NULL"
    indexes = [*op.get_bind().scalars(sa.text(made))]
    texts = ("name", "name_key", "guardian_name", "phone", "email", "address", "notes")
    columns = [
        sa.Column("id", sa.Uuid, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in texts),
        sa.Column("searched_text", sa.Text, nullable=False, server_default=""),
        sa.Column("birthday", sa.Date),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
    ]
    names = [column.name for column in columns]
    kept: Any = sa.select(*map(sa.column, names)).select_from(sa.table("clients"))
    anew = op.create_table("clients_made_anew", *columns, sa.PrimaryKeyConstraint("id", name="pk_clients"))
    op.execute(sa.insert(anew).from_select(names, kept))
    op.drop_table("clients")
    op.rename_table("clients_made_anew", "clients")
    for statement in indexes:
        op.execute(statement)


def _is_postgres() -> bool:
    return op.get_bind().dialect.name == "postgresql"
