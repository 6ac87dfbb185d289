"""Groups, who teaches and who is in them, and their lessons."""

from uuid import UUID

import sqlalchemy as sa

from attendance.adapters.sql.tables.columns import Key, ListOf, UtcDateTime, metadata
from attendance.domain.club.groups import Slot

groups = sa.Table(
    "groups",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("name_key", Key, nullable=False),
    sa.Column("location_id", sa.ForeignKey("locations.id"), nullable=False),
    sa.Column("capacity", sa.Integer),
    sa.Column("active_from", sa.Date),
    sa.Column("active_until", sa.Date),
    sa.Column("schedule", ListOf(Slot), nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("updated_at", UtcDateTime, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
)

group_teachers = sa.Table(
    "group_teachers",
    metadata,
    sa.Column("group_id", sa.ForeignKey("groups.id"), primary_key=True),
    sa.Column("user_id", sa.ForeignKey("accounts.id"), primary_key=True, index=True),
    sa.Column("since", sa.Date, primary_key=True),
    sa.Column("until", sa.Date),
)

group_members = sa.Table(
    "group_members",
    metadata,
    sa.Column("group_id", sa.ForeignKey("groups.id"), primary_key=True),
    sa.Column("client_id", sa.ForeignKey("clients.id"), primary_key=True, index=True),
    sa.Column("since", sa.Date, primary_key=True),
    sa.Column("until", sa.Date),
)

lessons = sa.Table(
    "lessons",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("group_id", sa.ForeignKey("groups.id"), nullable=False),
    sa.Column("location_id", sa.ForeignKey("locations.id"), nullable=False),
    sa.Column("timezone", sa.Text, nullable=False),
    sa.Column("date", sa.Date, nullable=False),
    sa.Column("starts", sa.Time, nullable=False),
    sa.Column("ends", sa.Time, nullable=False),
    sa.Column("starts_at", UtcDateTime, nullable=False),
    sa.Column("ends_at", UtcDateTime, nullable=False),
    sa.Column("capacity", sa.Integer),
    sa.Column("teachers", ListOf(UUID), nullable=False),
    sa.Column("topic", sa.Text, nullable=False),
    sa.Column("cancelled", sa.Boolean, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("closed", sa.Boolean, nullable=False),
    sa.Column("scheduled_date", sa.Date),
    sa.Column("scheduled_starts", sa.Time),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("updated_at", UtcDateTime, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.UniqueConstraint("group_id", "date", "starts"),
    # says nothing new: lessons in their order, and what copies of a lesson's place in time refer to
    sa.UniqueConstraint("date", "starts", "id"),
    sa.UniqueConstraint("group_id", "scheduled_date", "scheduled_starts"),
    sa.Index("ix_lessons_location_id_date", "location_id", "date"),
)
