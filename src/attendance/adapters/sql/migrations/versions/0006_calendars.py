"""Calendar tokens."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "calendar_tokens",
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("account_id", name="pk_calendar_tokens"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_calendar_tokens_account_id"),
        sa.UniqueConstraint("digest", name="uq_calendar_tokens_digest"),
    )


def downgrade() -> None:
    op.drop_table("calendar_tokens")
