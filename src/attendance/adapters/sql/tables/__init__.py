"""The tables, as the migrations make them. Columns bear the names of the fields they hold."""

from attendance.adapters.sql.tables.accounts import (
    accounts,
    calendar_tokens,
    favorites,
    guards,
    kept_answers,
    links,
    role_changes,
    sessions,
    sign_in_addresses,
)
from attendance.adapters.sql.tables.attendance import attendance, subscriptions
from attendance.adapters.sql.tables.club import client_accounts, clients, contracts, locations, prices
from attendance.adapters.sql.tables.columns import metadata
from attendance.adapters.sql.tables.groups import group_members, group_teachers, groups, lessons
from attendance.adapters.sql.tables.labs import lab_marks, lab_members, labs
from attendance.adapters.sql.tables.shared import events, key_version, outbox, rate_limit_windows

__all__ = [
    "accounts",
    "attendance",
    "calendar_tokens",
    "client_accounts",
    "clients",
    "contracts",
    "events",
    "favorites",
    "group_members",
    "group_teachers",
    "groups",
    "guards",
    "kept_answers",
    "key_version",
    "lab_marks",
    "lab_members",
    "labs",
    "lessons",
    "links",
    "locations",
    "metadata",
    "outbox",
    "prices",
    "rate_limit_windows",
    "role_changes",
    "sessions",
    "sign_in_addresses",
    "subscriptions",
]
