"""Labs, their members and marks."""

import sqlalchemy as sa

from attendance.adapters.sql.tables.columns import Key, Sequence, UtcDateTime, metadata

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
