"""The tables, as the migrations make them. Columns bear the names of the fields they hold."""

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB


class ZonelessUtc(sa.TypeDecorator[datetime]):
    """Aware datetimes in UTC, in and out of a database that forgets the zone."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        return value and value.replace(tzinfo=UTC)


UtcDateTime = sa.DateTime(timezone=True).with_variant(ZonelessUtc(), "sqlite")
"""An instant; PostgreSQL's connections are set to UTC."""


Key = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
"""Text compared by code point, wherever the database stands."""

Facts = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
Sequence = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

accounts = sa.Table(
    "accounts",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("username", sa.Text, nullable=False),
    sa.Column("username_key", Key, nullable=False),
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
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("owner_since", UtcDateTime),
    sa.UniqueConstraint("username_key"),
    sa.UniqueConstraint("email_key"),
    sa.CheckConstraint(
        "role IN ('user', 'employee', 'manager', 'head_manager', 'owner', 'admin')", name="role"
    ),
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
)

links = sa.Table(
    "links",
    metadata,
    sa.Column("account_id", sa.ForeignKey("accounts.id"), primary_key=True),
    sa.Column("purpose", sa.Text, primary_key=True),
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
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("before", sa.Text, nullable=False),
    sa.Column("after", sa.Text, nullable=False),
    sa.Column("expires_at", UtcDateTime, nullable=False),
    sa.Column("stored_state", sa.Text, nullable=False),
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
    sa.Column("groups", Facts, nullable=False),
    sa.Column("lessons", Facts, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
)

tallies = sa.Table(
    "tallies",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("times", Facts, nullable=False),
    sa.Column("last_at", UtcDateTime, index=True),
)

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("to", sa.Text, nullable=False),
    sa.Column("facts", Facts),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("due_at", UtcDateTime, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("error", sa.Text),
    sa.CheckConstraint("state IN ('waiting', 'sent', 'dead')", name="state"),
    sa.Index("ix_outbox_state_due_at", "state", "due_at"),
)

labs = sa.Table(
    "labs",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("owner_id", sa.ForeignKey("accounts.id"), nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("name_key", Key, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("search_key", Key, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Index("ix_labs_name_key_id", "name_key", "id"),
)

lab_members = sa.Table(
    "lab_members",
    metadata,
    sa.Column("position", Sequence, sa.Identity(), primary_key=True),
    sa.Column("lab_id", sa.ForeignKey("labs.id"), nullable=False),
    sa.Column("user_id", sa.ForeignKey("accounts.id"), nullable=False),
    sa.Column("joined_at", UtcDateTime, nullable=False),
    sa.UniqueConstraint("lab_id", "user_id"),
)

lab_marks = sa.Table(
    "lab_marks",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("lab_id", sa.Uuid, nullable=False),
    sa.Column("user_id", sa.Uuid, nullable=False),
    sa.Column("date", sa.Date, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("marked_by", sa.ForeignKey("accounts.id"), nullable=False),
    sa.Column("marked_at", UtcDateTime, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.UniqueConstraint("lab_id", "user_id", "date"),
    sa.ForeignKeyConstraint(["lab_id", "user_id"], ["lab_members.lab_id", "lab_members.user_id"]),
    sa.CheckConstraint("status IN ('present', 'absent', 'late', 'excused')", name="status"),
    sa.Index("ix_lab_marks_lab_id_date", "lab_id", "date"),
)

events = sa.Table(
    "events",
    metadata,
    sa.Column("position", Sequence, sa.Identity(), primary_key=True),
    sa.Column("id", sa.Uuid, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("actor_id", sa.Uuid),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("subject_kind", sa.Text, nullable=False),
    sa.Column("subject_id", sa.Uuid, nullable=False),
    sa.Column("before", Facts),
    sa.Column("after", Facts),
    sa.UniqueConstraint("id"),
    sa.Index("ix_events_subject_id_position", "subject_id", "position"),
)
