"""Clients by id."""

from uuid import UUID

from attendance.adapters.memory.repository import MemoryRepository
from attendance.adapters.memory.tables import Table
from attendance.application.ports.club import ClientCriteria
from attendance.domain.club.clients import Client, ClientNotFound
from attendance.domain.text import folded


class MemoryClients(MemoryRepository[Client, ClientCriteria]):
    not_found = ClientNotFound
    keys = {  # noqa: RUF012 # nobody changes it
        "name": lambda client: folded(client.name),
        "birthday": lambda client: client.birthday,
        "created_at": lambda client: client.created_at,
    }

    @property
    def table(self) -> Table[UUID, Client]:
        return self.tables.clients

    @staticmethod
    def matches(entity: Client, criteria: ClientCriteria) -> bool:
        is_named = criteria.part in folded(entity.name) or criteria.part in folded(entity.guardian_name)
        is_of = criteria.user_id in (None, entity.user_id)
        return is_named and is_of and criteria.active in (None, entity.active)
