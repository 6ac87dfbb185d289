"""What the club keeps: clients, contracts, prices, locations."""

from uuid import UUID

import sqlalchemy as sa

from attendance.adapters.sql.tables.columns import Key, ListOf, Money, UtcDateTime, metadata
from attendance.domain.club.locations import Closure

clients = sa.Table(
    "clients",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("name_key", Key, nullable=False),
    sa.Column("guardian_name", sa.Text, nullable=False),
    sa.Column("searched_text", Key, nullable=False, server_default=""),
    sa.Column("birthday", sa.Date),
    sa.Column("phone", sa.Text, nullable=False),
    sa.Column("email", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("notes", sa.Text, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("updated_at", UtcDateTime, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Index("ix_clients_name_key_id_active", "name_key", "id", "active"),
    sa.Index("ix_clients_birthday_id_active", "birthday", "id", "active"),
    sa.Index("ix_clients_created_at_id_active", "created_at", "id", "active"),
)

# ties are by id in either direction, so what descends wants an index of its own
sa.Index("ix_clients_name_key_desc_id_active", clients.c.name_key.desc(), clients.c.id, clients.c.active)
sa.Index("ix_clients_created_at_desc_id_active", clients.c.created_at.desc(), clients.c.id, clients.c.active)

client_accounts = sa.Table(
    "client_accounts",
    metadata,
    sa.Column("client_id", sa.ForeignKey("clients.id"), primary_key=True),
    sa.Column("account_id", sa.ForeignKey("accounts.id"), primary_key=True, index=True),
)
"""The accounts linked to a client: its own, and each parent's."""

contracts = sa.Table(
    "contracts",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("number", sa.Text, nullable=False),
    sa.Column("number_key", Key, nullable=False),
    sa.Column("number_sort_key", Key, nullable=False, server_default=""),
    sa.Column("client_id", sa.ForeignKey("clients.id"), nullable=False, index=True),
    sa.Column("signed_on", sa.Date),
    sa.Column("cancelled_on", sa.Date),
    sa.Column("notes", sa.Text, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("updated_at", UtcDateTime, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.UniqueConstraint("number_key"),
    sa.Index("ix_contracts_number_sort_key_id", "number_sort_key", "id"),
)

prices = sa.Table(
    "prices",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("name_key", Key, nullable=False),
    sa.Column("amount", Money, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("visits", sa.Integer),
    sa.Column("visits_per_week", sa.Integer),
    sa.Column("valid_days", sa.Integer),
    sa.Column("valid_months", sa.Integer),
    sa.Column("group_ids", ListOf(UUID), nullable=False),
    sa.Column("on_sale_from", sa.Date),
    sa.Column("on_sale_until", sa.Date),
    sa.Column("charges_absence", sa.Boolean, nullable=False),
    sa.Column("notes", sa.Text, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("updated_at", UtcDateTime, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
)

locations = sa.Table(
    "locations",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("name_key", Key, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("address_key", Key, nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("timezone", sa.Text, nullable=False),
    sa.Column("capacity", sa.Integer),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("closures", ListOf(Closure), nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("updated_at", UtcDateTime, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.UniqueConstraint("address_key"),
)
