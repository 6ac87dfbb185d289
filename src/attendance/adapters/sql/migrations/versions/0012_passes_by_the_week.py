"""Passes know what their price was called, and prices and passes how many visits they are good for a week."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

PRICES = sa.table("prices", sa.column("id", sa.Uuid), sa.column("name", sa.Text))
SUBSCRIPTIONS = sa.table("subscriptions", sa.column("price_id", sa.Uuid), sa.column("price_name", sa.Text))


def upgrade() -> None:
    op.add_column("prices", sa.Column("visits_per_week", sa.Integer))
    op.add_column("subscriptions", sa.Column("visits_per_week", sa.Integer))
    op.add_column("subscriptions", sa.Column("price_name", sa.Text, nullable=False, server_default=""))
    name = sa.select(PRICES.c.name).where(PRICES.c.id == SUBSCRIPTIONS.c.price_id).scalar_subquery()
    op.execute(sa.update(SUBSCRIPTIONS).values(price_name=name))


def downgrade() -> None:
    for table, column in (
        ("subscriptions", "price_name"),
        ("subscriptions", "visits_per_week"),
        ("prices", "visits_per_week"),
    ):
        op.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
