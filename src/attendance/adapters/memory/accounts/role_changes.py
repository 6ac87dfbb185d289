"""Role changes by id."""

from collections.abc import Iterator
from dataclasses import dataclass

from attendance.adapters.memory.pagination import page_of
from attendance.adapters.memory.tables import Tables
from attendance.application.pagination import PageRequest
from attendance.application.ports import Contended, RoleChanges
from attendance.application.ports.accounts import RoleChangeCriteria
from attendance.domain.accounts.role_changes import RoleChange, RoleChangeAwaits, RoleChangeNotFound, State
from attendance.domain.ids import RoleChangeId


@dataclass(frozen=True, slots=True)
class MemoryRoleChanges(RoleChanges):
    tables: Tables

    def get(self, role_change_id: RoleChangeId) -> RoleChange:
        change = self.tables.role_changes.get(role_change_id)
        if change is None:
            raise RoleChangeNotFound
        return change

    def add(self, role_change: RoleChange) -> None:
        if any(change.user_id == role_change.user_id for change in self.awaiting()):
            raise RoleChangeAwaits
        self.tables.role_changes.put(role_change.id, role_change)

    def save(self, role_change: RoleChange) -> None:
        stored = self.tables.role_changes.get(role_change.id)
        if stored is None or stored.version != role_change.version - 1:
            raise Contended
        self.tables.role_changes.put(role_change.id, role_change)

    def awaiting(self) -> tuple[RoleChange, ...]:
        found = (it for it in self.tables.role_changes.all() if it.stored_state is State.AWAITING)
        return tuple(sorted(found, key=lambda change: (change.created_at, change.id)))

    def list(
        self, criteria: RoleChangeCriteria, page_request: PageRequest[RoleChange]
    ) -> tuple[RoleChange, ...]:
        keys = {"created_at": lambda change: change.created_at}
        return page_of(self._matching(criteria), page_request, keys=keys, tie=lambda change: change.id)

    def count(self, criteria: RoleChangeCriteria) -> int:
        return sum(1 for _ in self._matching(criteria))

    def _matching(self, criteria: RoleChangeCriteria) -> Iterator[RoleChange]:
        for change in self.tables.role_changes.all():
            if criteria.state in (None, change.state(at=criteria.at)):
                yield change
