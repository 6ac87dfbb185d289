"""What was sold, and who attended which lesson."""

from uuid import UUID

import sqlalchemy as sa

from attendance.adapters.sql.tables.columns import ListOf, Money, UtcDateTime, metadata
from attendance.domain.club.subscriptions import Freeze

subscriptions = sa.Table(
    "subscriptions",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("client_id", sa.ForeignKey("clients.id"), nullable=False, index=True),
    sa.Column("price_id", sa.ForeignKey("prices.id"), nullable=False),
    sa.Column("price_name", sa.Text, nullable=False, server_default=""),
    sa.Column("contract_id", sa.ForeignKey("contracts.id"), index=True),
    sa.Column("sold_on", sa.Date, nullable=False, index=True),
    sa.Column("amount", Money, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("discount_percent", sa.Integer, nullable=False),
    sa.Column("visits", sa.Integer),
    sa.Column("visits_per_week", sa.Integer),
    sa.Column("group_ids", ListOf(UUID), nullable=False),
    sa.Column("charges_absence", sa.Boolean, nullable=False),
    sa.Column("starts_on", sa.Date, nullable=False),
    sa.Column("ends_on", sa.Date),
    sa.Column("freezes", ListOf(Freeze), nullable=False),
    sa.Column("cancelled_on", sa.Date),
    # what the domain makes of what is beside it, to be asked for
    sa.Column("valid_until", sa.Date),
    sa.Column("amount_due", Money, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("updated_at", UtcDateTime, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
)

attendance = sa.Table(
    "attendance",
    metadata,
    sa.Column("lesson_id", sa.Uuid, primary_key=True),
    sa.Column("client_id", sa.ForeignKey("clients.id"), primary_key=True),
    # copies of the lesson's, for an index; the foreign key keeps them true
    sa.Column("date", sa.Date, nullable=False),
    sa.Column("starts", sa.Time, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("minutes_late", sa.Integer),
    sa.Column("trial", sa.Boolean, nullable=False),
    sa.Column("subscription_id", sa.ForeignKey("subscriptions.id")),
    sa.Column("unpaid", sa.Boolean, nullable=False),
    # no foreign key: the operator has no account
    sa.Column("marked_by", sa.Uuid, nullable=False),
    sa.Column("marked_at", UtcDateTime, nullable=False),
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),
    sa.Column("announced", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.ForeignKeyConstraint(
        ["lesson_id", "date", "starts"], ["lessons.id", "lessons.date", "lessons.starts"], onupdate="CASCADE"
    ),
    sa.CheckConstraint("status IN ('present', 'absent', 'late', 'excused')", name="status"),
    sa.CheckConstraint("subscription_id IS NULL OR NOT unpaid", name="charge"),
    # the marks of a client in their order
    sa.Index("ix_attendance_client_id_date", "client_id", "date", "starts", "lesson_id", "status"),
    # the marks of a lesson side by side
    sqlite_with_rowid=False,
)

sa.Index(
    "ix_attendance_subscription_id",
    attendance.c.subscription_id,
    postgresql_where=attendance.c.subscription_id.is_not(None),
    sqlite_where=attendance.c.subscription_id.is_not(None),
)
sa.Index(
    "ix_attendance_unpaid",
    attendance.c.client_id,
    postgresql_where=attendance.c.unpaid,
    sqlite_where=attendance.c.unpaid,
)
# all that is unpaid, in its order
sa.Index(
    "ix_attendance_unpaid_date",
    *attendance.c["date", "starts", "lesson_id", "client_id"],
    postgresql_where=attendance.c.unpaid,
    sqlite_where=attendance.c.unpaid,
)
