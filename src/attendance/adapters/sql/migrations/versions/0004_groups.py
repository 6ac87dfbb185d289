"""Groups, who teaches and who is in them, and their lessons."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"

JSON = sa.JSON().with_variant(JSONB(), "postgresql")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "groups",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_key", _key(), nullable=False),
        sa.Column("location_id", sa.Uuid, nullable=False),
        sa.Column("capacity", sa.Integer),
        sa.Column("active_from", sa.Date),
        sa.Column("active_until", sa.Date),
        sa.Column("schedule", JSON, nullable=False),
        *_moments(),
        sa.PrimaryKeyConstraint("id", name="pk_groups"),
        sa.ForeignKeyConstraint(["location_id"], ["locations.id"], name="fk_groups_location_id"),
    )
    _create_span_table("group_teachers", "user_id", "accounts")
    _create_span_table("group_members", "client_id", "clients")
    op.create_table(
        "lessons",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("group_id", sa.Uuid, nullable=False),
        sa.Column("location_id", sa.Uuid, nullable=False),
        sa.Column("timezone", sa.Text, nullable=False),
        sa.Column("date", sa.Date, nullable=False),
        sa.Column("starts", sa.Time, nullable=False),
        sa.Column("ends", sa.Time, nullable=False),
        sa.Column("starts_at", INSTANT, nullable=False),
        sa.Column("ends_at", INSTANT, nullable=False),
        sa.Column("capacity", sa.Integer),
        sa.Column("teachers", JSON, nullable=False),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("cancelled", sa.Boolean, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("closed", sa.Boolean, nullable=False),
        sa.Column("scheduled_date", sa.Date),
        sa.Column("scheduled_starts", sa.Time),
        *_moments(),
        sa.PrimaryKeyConstraint("id", name="pk_lessons"),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], name="fk_lessons_group_id"),
        sa.ForeignKeyConstraint(["location_id"], ["locations.id"], name="fk_lessons_location_id"),
        sa.UniqueConstraint("group_id", "date", "starts", name="uq_lessons_group_id_date_starts"),
        sa.UniqueConstraint("date", "starts", "id", name="uq_lessons_date_starts_id"),
        sa.UniqueConstraint(
            "group_id",
            "scheduled_date",
            "scheduled_starts",
            name="uq_lessons_group_id_scheduled_date_scheduled_starts",
        ),
    )
    op.create_index("ix_lessons_location_id_date", "lessons", ["location_id", "date"])


def downgrade() -> None:
    for table in ("lessons", "group_members", "group_teachers", "groups"):
        op.drop_table(table)


def _create_span_table(name: str, who: str, whose: str) -> None:
    op.create_table(
        name,
        sa.Column("group_id", sa.Uuid, nullable=False),
        sa.Column(who, sa.Uuid, nullable=False),
        sa.Column("since", sa.Date, nullable=False),
        sa.Column("until", sa.Date),
        sa.PrimaryKeyConstraint("group_id", who, "since", name=f"pk_{name}"),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], name=f"fk_{name}_group_id"),
        sa.ForeignKeyConstraint([who], [f"{whose}.id"], name=f"fk_{name}_{who}"),
    )
    op.create_index(f"ix_{name}_{who}", name, [who])


def _moments() -> list[sa.Column[object]]:
    return [
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
    ]


def _key() -> sa.Text:
    return sa.Text(collation="C") if op.get_bind().dialect.name == "postgresql" else sa.Text()
