"""Clients by id, and by the accounts that are linked to them."""

from collections.abc import Iterable

from attendance.adapters.memory.repository import MemoryRepository
from attendance.application.ports.club import CLIENTS, ClientCriteria
from attendance.domain.club.clients import Client
from attendance.domain.ids import AccountId, ClientId


class MemoryClients(MemoryRepository[Client, ClientCriteria]):
    resource = CLIENTS

    def add(self, entity: Client) -> None:
        with self.tables.journal.undone_if_raised():
            super().add(entity)
            self._link(entity.id, (), entity.user_ids)

    def save(self, entity: Client) -> None:
        stored = self.table.get(entity.id)
        with self.tables.journal.undone_if_raised():
            super().save(entity)
            self._link(entity.id, stored.user_ids if stored else (), entity.user_ids)

    def _candidates(self, criteria: ClientCriteria) -> Iterable[Client]:
        found = self.table.all()
        if criteria.user_id is not None:
            linked = self.tables.clients_of.get(criteria.user_id) or frozenset()
            found = [self.table.rows[client_id] for client_id in linked]
        if criteria.group_id is None or criteria.member_on is None:
            return found
        group = self.tables.groups.get(criteria.group_id)
        members = group.roster_on(criteria.member_on) if group else frozenset()
        return (client for client in found if client.id in members)

    def _link(self, client_id: ClientId, before: Iterable[AccountId], after: Iterable[AccountId]) -> None:
        for user_id in {*before} ^ {*after}:
            linked = self.tables.clients_of.get(user_id) or frozenset()
            self.tables.clients_of.put(user_id, linked ^ {client_id})
