"""What is written down about everything: tallies, mails that wait, the log."""

import sqlalchemy as sa

from attendance.adapters.sql.tables.columns import Choice, Facts, Sequence, UtcDateTime, metadata
from attendance.domain.accounts.mail import MailKind, MailState
from attendance.domain.events import Action

key_version = sa.Table("key_version", metadata, sa.Column("version", sa.Text, primary_key=True))
"""By which rules all stored keys were made: one row."""

rate_limit_windows = sa.Table(
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
    sa.Column("kind", Choice(MailKind), nullable=False),
    sa.Column("to", sa.Text, nullable=False),
    sa.Column("facts", Facts),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("due_at", UtcDateTime, nullable=False),
    sa.Column("state", Choice(MailState), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("error", sa.Text),
    sa.CheckConstraint("state IN ('waiting', 'sent', 'dead')", name="state"),
    sa.Index("ix_outbox_state_due_at", "state", "due_at"),
)

events = sa.Table(
    "events",
    metadata,
    sa.Column("position", Sequence, sa.Identity(), primary_key=True),
    sa.Column("id", sa.Uuid, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("actor_id", sa.Uuid),
    sa.Column("action", Choice(Action), nullable=False),
    sa.Column("subject_kind", sa.Text, nullable=False),
    sa.Column("subject_id", sa.Uuid, nullable=False),
    sa.Column("before", Facts),
    sa.Column("after", Facts),
    sa.Column("client_id", sa.Uuid),
    sa.UniqueConstraint("id"),
    sa.Index("ix_events_subject_id_position", "subject_id", "position"),
    sa.Index(
        "ix_events_client_id_position",
        "client_id",
        "position",
        postgresql_where=sa.text("client_id IS NOT NULL"),
        sqlite_where=sa.text("client_id IS NOT NULL"),
    ),
)
