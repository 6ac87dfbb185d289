"""Clients."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from attendance.adapters.sql.engine.listing import Listing, SortColumn
from attendance.adapters.sql.engine.repository import SqlRepository, TableMapper, without
from attendance.adapters.sql.engine.searching import holding
from attendance.adapters.sql.tables import clients
from attendance.application.ports.club import ClientCriteria
from attendance.domain.club.clients import Client, ClientNotFound
from attendance.domain.text import folded

LISTING: Mapping[str, Listing[Client]] = {
    dialect: Listing(
        shown=list(clients.c),
        tie=SortColumn(clients.c.id, lambda client: client.id),
        keys={
            "name": SortColumn(clients.c.name_key, lambda client: folded(client.name)),
            "birthday": SortColumn(clients.c.birthday, lambda client: client.birthday),
            "created_at": SortColumn(clients.c.created_at, lambda client: client.created_at),
        },
        conditions={
            "part": sa.or_(
                holding(dialect, clients.c.name_key), holding(dialect, clients.c.guardian_name_key)
            ),
            "active": clients.c.active == sa.bindparam("active"),
            "user_id": clients.c.user_id == sa.bindparam("user_id"),
        },
    )
    for dialect in ("postgresql", "sqlite")
}


class SqlClients(SqlRepository[Client, ClientCriteria]):
    mapper = TableMapper(clients, LISTING, ClientNotFound)

    @staticmethod
    def entity(row: Any) -> Client:
        return Client(**without(row, "name_key", "guardian_name_key"))

    @staticmethod
    def row(entity: Client) -> dict[str, Any]:
        keys = {"name_key": folded(entity.name), "guardian_name_key": folded(entity.guardian_name)}
        return asdict(entity) | keys

    @staticmethod
    def given(criteria: ClientCriteria) -> dict[str, Any]:
        given = {"part": criteria.part or None, "active": criteria.active, "user_id": criteria.user_id}
        return {name: value for name, value in given.items() if value is not None}
