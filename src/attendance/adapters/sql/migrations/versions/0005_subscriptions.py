"""Subscriptions and attendance."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"

JSON = sa.JSON().with_variant(JSONB(), "postgresql")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "subscriptions",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("client_id", sa.Uuid, nullable=False),
        sa.Column("price_id", sa.Uuid, nullable=False),
        sa.Column("contract_id", sa.Uuid),
        sa.Column("sold_on", sa.Date, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("discount_percent", sa.Integer, nullable=False),
        sa.Column("visits", sa.Integer),
        sa.Column("group_ids", JSON, nullable=False),
        sa.Column("charges_absence", sa.Boolean, nullable=False),
        sa.Column("starts_on", sa.Date, nullable=False),
        sa.Column("ends_on", sa.Date),
        sa.Column("freezes", JSON, nullable=False),
        sa.Column("cancelled_on", sa.Date),
        sa.Column("valid_until", sa.Date),
        sa.Column("amount_due", sa.BigInteger, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_subscriptions"),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name="fk_subscriptions_client_id"),
        sa.ForeignKeyConstraint(["price_id"], ["prices.id"], name="fk_subscriptions_price_id"),
        sa.ForeignKeyConstraint(["contract_id"], ["contracts.id"], name="fk_subscriptions_contract_id"),
    )
    op.create_index("ix_subscriptions_sold_on", "subscriptions", ["sold_on"])
    op.create_index("ix_subscriptions_client_id", "subscriptions", ["client_id"])
    op.create_index("ix_subscriptions_contract_id", "subscriptions", ["contract_id"])
    op.create_table(
        "attendance",
        sa.Column("lesson_id", sa.Uuid, nullable=False),
        sa.Column("client_id", sa.Uuid, nullable=False),
        sa.Column("date", sa.Date, nullable=False),
        sa.Column("starts", sa.Time, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("minutes_late", sa.Integer),
        sa.Column("trial", sa.Boolean, nullable=False),
        sa.Column("subscription_id", sa.Uuid),
        sa.Column("unpaid", sa.Boolean, nullable=False),
        sa.Column("marked_by", sa.Uuid, nullable=False),
        sa.Column("marked_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("lesson_id", "client_id", name="pk_attendance"),
        sa.ForeignKeyConstraint(
            ["lesson_id", "date", "starts"],
            ["lessons.id", "lessons.date", "lessons.starts"],
            name="fk_attendance_lesson_id_date_starts",
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name="fk_attendance_client_id"),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["subscriptions.id"], name="fk_attendance_subscription_id"
        ),
        sa.CheckConstraint(
            "status IN ('present', 'absent', 'late', 'excused')", name=op.f("ck_attendance_status")
        ),
        sa.CheckConstraint("subscription_id IS NULL OR NOT unpaid", name=op.f("ck_attendance_charge")),
    )
    op.create_index(
        "ix_attendance_client_id_date", "attendance", ["client_id", "date", "starts", "lesson_id", "status"]
    )
    subscription_is_known = sa.text("subscription_id IS NOT NULL")
    op.create_index(
        "ix_attendance_subscription_id",
        "attendance",
        ["subscription_id"],
        postgresql_where=subscription_is_known,
        sqlite_where=subscription_is_known,
    )
    op.create_index(
        "ix_attendance_unpaid",
        "attendance",
        ["client_id"],
        postgresql_where=sa.text("unpaid"),
        # SQLite uses the index only where it is asked with the same words
        sqlite_where=sa.text("unpaid = 1"),
    )


def downgrade() -> None:
    for table in ("attendance", "subscriptions"):
        op.drop_table(table)
