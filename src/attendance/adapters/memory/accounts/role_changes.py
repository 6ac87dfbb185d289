"""Role changes by id."""

from attendance.adapters.memory.repository import MemoryRepository, Resource
from attendance.application.ports import RoleChanges
from attendance.application.ports.accounts import RoleChangeCriteria
from attendance.domain.accounts.role_changes import RoleChange, RoleChangeAwaits, RoleChangeNotFound, State


def _who_awaits(change: RoleChange) -> object:
    return change.user_id if change.stored_state is State.AWAITING else None


class MemoryRoleChanges(MemoryRepository[RoleChange, RoleChangeCriteria], RoleChanges):
    resource = Resource(
        "role_changes",
        RoleChangeNotFound,
        predicates={"state": lambda change, criteria: change.state(at=criteria.at) is criteria.state},
        unique=((RoleChangeAwaits, _who_awaits),),
    )

    def awaiting(self) -> tuple[RoleChange, ...]:
        found = (change for change in self.table.all() if change.stored_state is State.AWAITING)
        return tuple(sorted(found, key=lambda change: (change.created_at, change.id)))
