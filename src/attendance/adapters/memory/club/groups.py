"""Groups by id."""

from attendance.adapters.memory.repository import MemoryRepository, Resource
from attendance.application.ports.club import GroupCriteria
from attendance.domain.club.groups import Group, GroupNotFound
from attendance.domain.text import folded


class MemoryGroups(MemoryRepository[Group, GroupCriteria]):
    resource = Resource("groups", GroupNotFound, sort={"name": lambda group: folded(group.name)})
