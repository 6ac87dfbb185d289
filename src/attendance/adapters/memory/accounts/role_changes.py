"""Role changes by id."""

from attendance.adapters.memory.repository import MemoryRepository
from attendance.application.ports import RoleChanges
from attendance.application.ports.accounts import ROLE_CHANGES, RoleChangeCriteria
from attendance.domain.accounts.role_changes import RoleChange, State


class MemoryRoleChanges(MemoryRepository[RoleChange, RoleChangeCriteria], RoleChanges):
    resource = ROLE_CHANGES

    def awaiting(self) -> tuple[RoleChange, ...]:
        found = (change for change in self.table.all() if change.stored_state is State.AWAITING)
        return tuple(sorted(found, key=lambda change: (change.created_at, change.id)))
