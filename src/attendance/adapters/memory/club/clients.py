"""Clients by id."""

from attendance.adapters.memory.repository import MemoryRepository, Resource
from attendance.application.ports.club import ClientCriteria
from attendance.domain.club.clients import Client, ClientNotFound
from attendance.domain.text import folded


def _is_named(client: Client, criteria: ClientCriteria) -> bool:
    return criteria.part in folded(client.name) or criteria.part in folded(client.guardian_name)


class MemoryClients(MemoryRepository[Client, ClientCriteria]):
    resource = Resource(
        "clients",
        ClientNotFound,
        sort={"name": lambda client: folded(client.name)},
        predicates={"part": _is_named},
    )
