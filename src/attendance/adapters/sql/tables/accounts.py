"""Accounts, and what hangs on them."""

from uuid import UUID

import sqlalchemy as sa

from attendance.adapters.sql.tables.columns import Choice, Key, ListOf, UtcDateTime, metadata
from attendance.domain.accounts.accounts import Language
from attendance.domain.accounts.links import Purpose
from attendance.domain.accounts.role_changes import Kind, State
from attendance.domain.permissions.roles import Role

accounts = sa.Table(
    "accounts",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("username", sa.Text, nullable=False),
    sa.Column("username_key", Key, nullable=False),
    sa.Column("username_sort_key", Key, nullable=False, server_default=""),
    sa.Column("password_hash", sa.Text),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("updated_at", UtcDateTime, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("email", sa.Text),
    sa.Column("email_key", Key),
    sa.Column("pending_email", sa.Text),
    sa.Column("email_confirmed_at", UtcDateTime),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("name_key", Key, nullable=False),
    sa.Column("role", Choice(Role), nullable=False),
    sa.Column("owner_since", UtcDateTime),
    sa.Column("language", Choice(Language)),
    sa.Column("in_labs", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.UniqueConstraint("username_key"),
    sa.UniqueConstraint("email_key"),
    sa.CheckConstraint(
        "role IN ('user', 'employee', 'manager', 'head_manager', 'owner', 'admin')", name="role"
    ),
    sa.Index("ix_accounts_username_sort_key_id", "username_sort_key", "id"),
)

_IN_DIRECTORY = sa.and_(accounts.c.active, accounts.c.in_labs)
sa.Index(
    "ix_accounts_directory",
    accounts.c.username_sort_key,
    accounts.c.id,
    postgresql_where=_IN_DIRECTORY,
    sqlite_where=_IN_DIRECTORY,
)

guards = sa.Table("guards", metadata, sa.Column("name", sa.Text, primary_key=True))
"""Rows that are there to be locked: whoever holds one decides alone."""

sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("account_id", sa.ForeignKey("accounts.id"), nullable=False, index=True),
    sa.Column("started_at", UtcDateTime, nullable=False),
    sa.Column("expires_at", UtcDateTime, nullable=False),
    sa.Column("last_seen_at", UtcDateTime, nullable=False),
    sa.Column("remembered", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("address", sa.Text),
    sa.Column("user_agent", sa.Text, nullable=False, server_default=""),
)

sign_in_addresses = sa.Table(
    "sign_in_addresses",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("account_id", sa.ForeignKey("accounts.id"), nullable=False, index=True),
    sa.Column("last_on", sa.Date, nullable=False, index=True),
)
"""From where somebody signed in to which account: `key` is a digest of both."""

links = sa.Table(
    "links",
    metadata,
    sa.Column("account_id", sa.ForeignKey("accounts.id"), primary_key=True),
    sa.Column("purpose", Choice(Purpose), primary_key=True),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("email", sa.Text, nullable=False),
    sa.Column("expires_at", UtcDateTime, nullable=False),
    sa.Column("used_at", UtcDateTime),
    sa.UniqueConstraint("digest"),
)

role_changes = sa.Table(
    "role_changes",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("user_id", sa.ForeignKey("accounts.id"), nullable=False),
    sa.Column("requested_by", sa.Uuid, nullable=False),
    sa.Column("kind", Choice(Kind), nullable=False),
    sa.Column("before", sa.Text, nullable=False),
    sa.Column("after", sa.Text, nullable=False),
    sa.Column("expires_at", UtcDateTime, nullable=False),
    sa.Column("stored_state", Choice(State), nullable=False),
    sa.Column("decided_by", sa.Uuid),
    sa.Column("decided_at", UtcDateTime),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("updated_at", UtcDateTime, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.CheckConstraint("kind IN ('role', 'active')", name="kind"),
    sa.CheckConstraint(
        "stored_state IN ('awaiting', 'applied', 'rejected', 'withdrawn', 'expired', 'superseded')",
        name="stored_state",
    ),
    sa.Index("ix_role_changes_created_at_id", "created_at", "id"),
)

sa.Index(
    "uq_role_changes_user_id",
    role_changes.c.user_id,
    unique=True,
    postgresql_where=role_changes.c.stored_state == sa.literal_column("'awaiting'"),
    sqlite_where=role_changes.c.stored_state == sa.literal_column("'awaiting'"),
)

favorites = sa.Table(
    "favorites",
    metadata,
    sa.Column("account_id", sa.ForeignKey("accounts.id"), primary_key=True),
    sa.Column("groups", ListOf(UUID), nullable=False),
    sa.Column("lessons", ListOf(UUID), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
)

calendar_tokens = sa.Table(
    "calendar_tokens",
    metadata,
    sa.Column("account_id", sa.ForeignKey("accounts.id"), primary_key=True),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.UniqueConstraint("digest"),
)

kept_answers = sa.Table(
    "kept_answers",
    metadata,
    sa.Column("account_id", sa.ForeignKey("accounts.id"), primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("fingerprint", sa.Text, nullable=False),
    sa.Column("content", sa.LargeBinary),
    sa.Column("created_at", UtcDateTime, nullable=False, index=True),
)
