"""Email addresses, roles and what hangs on them: links, role changes, favorites, tallies, outgoing mail."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"

JSON = sa.JSON().with_variant(JSONB(), "postgresql")
INSTANT = sa.DateTime(timezone=True)

SEARCHED_WHEN_ADDED = (
    "CREATE TRIGGER accounts_searched_when_added AFTER INSERT ON accounts BEGIN "
    "INSERT INTO accounts_search (username_key, id) VALUES (new.username_key, new.id); END"
)
SEARCHED_WHEN_RENAMED = (
    "CREATE TRIGGER accounts_searched_when_renamed AFTER UPDATE OF username_key ON accounts "
    "WHEN old.username_key <> new.username_key BEGIN "
    "UPDATE accounts_search SET username_key = new.username_key WHERE id = new.id; END"
)
# INSERT OR REPLACE removes a row without a word to the trigger that refuses DELETE
FINAL_FOR_REPLACE = (
    "CREATE TRIGGER events_are_final_for_replace BEFORE INSERT ON events "
    "WHEN EXISTS (SELECT 1 FROM events WHERE position = new.position OR id = new.id) BEGIN "
    "SELECT RAISE(ABORT, 'events are never changed or removed'); END"
)


def upgrade() -> None:
    if not _is_postgres():
        # the table is made anew, without its triggers
        op.execute("DROP TRIGGER accounts_searched_when_added")
    with op.batch_alter_table("accounts") as accounts:
        accounts.alter_column("password_hash", existing_type=sa.Text, nullable=True)
        accounts.add_column(sa.Column("email", sa.Text))
        accounts.add_column(sa.Column("email_key", _key()))
        accounts.add_column(sa.Column("pending_email", sa.Text))
        accounts.add_column(sa.Column("email_confirmed_at", INSTANT))
        accounts.add_column(sa.Column("name", sa.Text, nullable=False, server_default=""))
        accounts.add_column(sa.Column("name_key", _key(), nullable=False, server_default=""))
        accounts.add_column(sa.Column("role", sa.Text, nullable=False, server_default="user"))
        accounts.add_column(sa.Column("owner_since", INSTANT))
        accounts.create_unique_constraint("uq_accounts_email_key", ["email_key"])
        accounts.create_check_constraint(
            op.f("ck_accounts_role"),
            "role IN ('user', 'employee', 'manager', 'head_manager', 'owner', 'admin')",
        )
    with op.batch_alter_table("accounts") as accounts:
        for column in ("name", "role"):
            accounts.alter_column(column, existing_type=sa.Text, server_default=None)
        accounts.alter_column("name_key", existing_type=_key(), server_default=None)
    if not _is_postgres():
        op.execute(SEARCHED_WHEN_ADDED)
        op.execute(SEARCHED_WHEN_RENAMED)
        op.execute(FINAL_FOR_REPLACE)
    op.create_table(
        "guards",
        sa.Column("name", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_guards"),
    )
    op.execute("INSERT INTO guards (name) VALUES ('owners')")
    op.create_table(
        "links",
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("used_at", INSTANT),
        sa.PrimaryKeyConstraint("account_id", "purpose", name="pk_links"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_links_account_id"),
        sa.UniqueConstraint("digest", name="uq_links_digest"),
    )
    op.create_table(
        "role_changes",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("requested_by", sa.Uuid, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("before", sa.Text, nullable=False),
        sa.Column("after", sa.Text, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("stored_state", sa.Text, nullable=False),
        sa.Column("decided_by", sa.Uuid),
        sa.Column("decided_at", INSTANT),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_role_changes"),
        sa.ForeignKeyConstraint(["user_id"], ["accounts.id"], name="fk_role_changes_user_id"),
        sa.CheckConstraint("kind IN ('role', 'active')", name=op.f("ck_role_changes_kind")),
        sa.CheckConstraint(
            "stored_state IN ('awaiting', 'applied', 'rejected', 'withdrawn', 'expired', 'superseded')",
            name=op.f("ck_role_changes_stored_state"),
        ),
    )
    op.create_index("ix_role_changes_created_at_id", "role_changes", ["created_at", "id"])
    op.create_index(
        "uq_role_changes_user_id",
        "role_changes",
        ["user_id"],
        unique=True,
        postgresql_where=sa.text("stored_state = 'awaiting'"),
        sqlite_where=sa.text("stored_state = 'awaiting'"),
    )
    op.create_table(
        "favorites",
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("groups", JSON, nullable=False),
        sa.Column("lessons", JSON, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("account_id", name="pk_favorites"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_favorites_account_id"),
    )
    op.create_table(
        "tallies",
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("times", JSON, nullable=False),
        sa.Column("last_at", INSTANT),
        sa.PrimaryKeyConstraint("key", name="pk_tallies"),
    )
    op.create_index("ix_tallies_last_at", "tallies", ["last_at"])
    op.create_table(
        "outbox",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("to", sa.Text, nullable=False),
        sa.Column("facts", JSON),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("error", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.CheckConstraint("state IN ('waiting', 'sent', 'dead')", name=op.f("ck_outbox_state")),
    )
    op.create_index("ix_outbox_state_due_at", "outbox", ["state", "due_at"])


def downgrade() -> None:
    """Accounts that never had a password lose their way in: nothing before this could make one for them."""
    for table in ("outbox", "tallies", "favorites", "role_changes", "links", "guards"):
        op.drop_table(table)
    op.execute("UPDATE accounts SET password_hash = '' WHERE password_hash IS NULL")
    if not _is_postgres():
        op.execute("DROP TRIGGER events_are_final_for_replace")
        op.execute("DROP TRIGGER accounts_searched_when_renamed")
        op.execute("DROP TRIGGER accounts_searched_when_added")
    with op.batch_alter_table("accounts") as accounts:
        accounts.drop_constraint(op.f("ck_accounts_role"), type_="check")
        accounts.drop_constraint("uq_accounts_email_key", type_="unique")
        for column in (
            "owner_since",
            "role",
            "name_key",
            "name",
            "email_confirmed_at",
            "pending_email",
            "email_key",
            "email",
        ):
            accounts.drop_column(column)
        accounts.alter_column("password_hash", existing_type=sa.Text, nullable=False)
    if not _is_postgres():
        op.execute(SEARCHED_WHEN_ADDED)


def _is_postgres() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _key() -> sa.Text:
    return sa.Text(collation="C") if _is_postgres() else sa.Text()
