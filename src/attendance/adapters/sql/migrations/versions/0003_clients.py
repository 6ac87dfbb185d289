"""Clients, contracts, prices and locations."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"

JSON = sa.JSON().with_variant(JSONB(), "postgresql")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "clients",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_key", _key(), nullable=False),
        sa.Column("guardian_name", sa.Text, nullable=False),
        sa.Column("guardian_name_key", _key(), nullable=False),
        sa.Column("birthday", sa.Date),
        sa.Column("phone", sa.Text, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("notes", sa.Text, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("user_id", sa.Uuid),
        *_moments(),
        sa.PrimaryKeyConstraint("id", name="pk_clients"),
        sa.ForeignKeyConstraint(["user_id"], ["accounts.id"], name="fk_clients_user_id"),
    )
    op.create_index("ix_clients_user_id", "clients", ["user_id"])
    for key in ("name_key", "birthday", "created_at"):
        op.create_index(f"ix_clients_{key}_id_active", "clients", [key, "id", "active"])
    for key in ("name_key", "created_at"):
        op.create_index(
            f"ix_clients_{key}_desc_id_active", "clients", [sa.text(f"{key} DESC"), "id", "active"]
        )
    op.create_table(
        "contracts",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("number_key", _key(), nullable=False),
        sa.Column("client_id", sa.Uuid, nullable=False),
        sa.Column("signed_on", sa.Date),
        sa.Column("cancelled_on", sa.Date),
        sa.Column("notes", sa.Text, nullable=False),
        *_moments(),
        sa.PrimaryKeyConstraint("id", name="pk_contracts"),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name="fk_contracts_client_id"),
        sa.UniqueConstraint("number_key", name="uq_contracts_number_key"),
    )
    op.create_index("ix_contracts_client_id", "contracts", ["client_id"])
    op.create_table(
        "prices",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_key", _key(), nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("visits", sa.Integer),
        sa.Column("valid_days", sa.Integer),
        sa.Column("valid_months", sa.Integer),
        sa.Column("group_ids", JSON, nullable=False),
        sa.Column("on_sale_from", sa.Date),
        sa.Column("on_sale_until", sa.Date),
        sa.Column("charges_absence", sa.Boolean, nullable=False),
        sa.Column("notes", sa.Text, nullable=False),
        *_moments(),
        sa.PrimaryKeyConstraint("id", name="pk_prices"),
    )
    op.create_table(
        "locations",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_key", _key(), nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("address_key", _key(), nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("timezone", sa.Text, nullable=False),
        sa.Column("capacity", sa.Integer),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("closures", JSON, nullable=False),
        *_moments(),
        sa.PrimaryKeyConstraint("id", name="pk_locations"),
        sa.UniqueConstraint("address_key", name="uq_locations_address_key"),
    )


def downgrade() -> None:
    for table in ("locations", "prices", "contracts", "clients"):
        op.drop_table(table)


def _moments() -> list[sa.Column[object]]:
    return [
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
    ]


def _key() -> sa.Text:
    return sa.Text(collation="C") if op.get_bind().dialect.name == "postgresql" else sa.Text()
