"""Answers kept under a key of the caller's, and an index of what is unpaid, by date."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_table(
        "kept_answers",
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("content", sa.LargeBinary),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "key", name="pk_kept_answers"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_kept_answers_account_id"),
    )
    op.create_index("ix_kept_answers_created_at", "kept_answers", ["created_at"])
    op.create_index(
        "ix_attendance_unpaid_date",
        "attendance",
        ["date", "starts", "lesson_id", "client_id"],
        postgresql_where=sa.text("unpaid"),
        # SQLite uses the index only where it is asked with the same words
        sqlite_where=sa.text("unpaid = 1"),
    )


def downgrade() -> None:
    op.drop_index("ix_attendance_unpaid_date", "attendance")
    op.drop_table("kept_answers")
