"""Clients."""

import sqlalchemy as sa

from attendance.adapters.sql.engine.repository import SqlRepository, TableMapper
from attendance.adapters.sql.engine.searching import holding
from attendance.adapters.sql.tables import clients
from attendance.application.ports.club import CLIENTS, ClientCriteria
from attendance.domain.club.clients import Client


class SqlClients(SqlRepository[Client, ClientCriteria]):
    mapper = TableMapper(
        CLIENTS,
        clients,
        conditions=lambda dialect: {
            "part": sa.or_(*(holding(dialect, it) for it in clients.c["name_key", "guardian_name_key"]))
        },
    )
