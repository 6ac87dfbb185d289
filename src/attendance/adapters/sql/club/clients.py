"""Clients."""

from attendance.adapters.sql.engine.repository import SqlRepository, TableMapper
from attendance.adapters.sql.engine.searching import has_words
from attendance.adapters.sql.tables import clients
from attendance.application.ports.club import CLIENTS, ClientCriteria
from attendance.domain.club.clients import Client


class SqlClients(SqlRepository[Client, ClientCriteria]):
    mapper = TableMapper(
        CLIENTS,
        clients,
        conditions=lambda dialect: {"words": has_words(dialect, clients.c.searched_text)},
    )
