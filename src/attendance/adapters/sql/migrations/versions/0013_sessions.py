"""Sessions that are remembered and tell from where they were started; addresses known to accounts."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.add_column("sessions", sa.Column("remembered", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("sessions", sa.Column("address", sa.Text))
    op.add_column("sessions", sa.Column("user_agent", sa.Text, nullable=False, server_default=""))
    op.create_table(
        "sign_in_addresses",
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("last_on", sa.Date, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_sign_in_addresses"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_sign_in_addresses_account_id"),
    )
    op.create_index("ix_sign_in_addresses_account_id", "sign_in_addresses", ["account_id"])
    op.create_index("ix_sign_in_addresses_last_on", "sign_in_addresses", ["last_on"])


def downgrade() -> None:
    """Remembered sessions end: what comes before knows of none that lasts as long."""
    op.drop_table("sign_in_addresses")
    op.execute("DELETE FROM sessions WHERE remembered")
    for column in ("user_agent", "address", "remembered"):
        op.drop_column("sessions", column)
