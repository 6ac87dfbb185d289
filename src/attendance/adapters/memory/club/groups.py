"""Groups by id."""

from uuid import UUID

from attendance.adapters.memory.repository import MemoryRepository
from attendance.adapters.memory.tables import Table
from attendance.application.ports.club import GroupCriteria
from attendance.domain.club.groups import Group, GroupNotFound
from attendance.domain.text import folded


class MemoryGroups(MemoryRepository[Group, GroupCriteria]):
    not_found = GroupNotFound
    keys = {  # noqa: RUF012 # nobody changes it
        "name": lambda group: folded(group.name),
        "created_at": lambda group: group.created_at,
    }

    @property
    def table(self) -> Table[UUID, Group]:
        return self.tables.groups

    @staticmethod
    def matches(entity: Group, criteria: GroupCriteria) -> bool:  # noqa: ARG004 # all do
        return True
