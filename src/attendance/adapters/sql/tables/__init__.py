"""The tables, as the migrations make them. Columns bear the names of the fields they hold."""

from attendance.adapters.sql.tables.accounts import accounts, favorites, guards, links, role_changes, sessions
from attendance.adapters.sql.tables.club import clients, contracts, locations, prices
from attendance.adapters.sql.tables.columns import metadata
from attendance.adapters.sql.tables.labs import lab_marks, lab_members, labs
from attendance.adapters.sql.tables.records import events, outbox, tallies

__all__ = [
    "accounts",
    "clients",
    "contracts",
    "events",
    "favorites",
    "guards",
    "lab_marks",
    "lab_members",
    "labs",
    "links",
    "locations",
    "metadata",
    "outbox",
    "prices",
    "role_changes",
    "sessions",
    "tallies",
]
