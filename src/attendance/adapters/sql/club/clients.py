"""Clients."""

import sqlalchemy as sa

from attendance.adapters.sql.engine.repository import SqlRepository, TableMapper
from attendance.adapters.sql.engine.searching import holding
from attendance.adapters.sql.tables import clients
from attendance.application.ports.club import ClientCriteria
from attendance.domain.club.clients import Client, ClientNotFound
from attendance.domain.text import folded


class SqlClients(SqlRepository[Client, ClientCriteria]):
    mapper = TableMapper(
        clients,
        Client,
        ClientNotFound,
        ClientCriteria,
        sort={"name": "name_key", "birthday": "birthday", "created_at": "created_at"},
        derived={
            "name_key": lambda client: folded(client.name),
            "guardian_name_key": lambda client: folded(client.guardian_name),
        },
        conditions=lambda dialect: {
            "part": sa.or_(*(holding(dialect, it) for it in clients.c["name_key", "guardian_name_key"]))
        },
    )
