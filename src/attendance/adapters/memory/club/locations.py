"""Locations by id."""

from uuid import UUID

from attendance.adapters.memory.repository import MemoryRepository
from attendance.adapters.memory.tables import Table
from attendance.application.ports.club import LocationCriteria
from attendance.domain.club.locations import AddressTaken, Location, LocationNotFound
from attendance.domain.text import folded


class MemoryLocations(MemoryRepository[Location, LocationCriteria]):
    not_found = LocationNotFound
    keys = {  # noqa: RUF012 # nobody changes it
        "name": lambda location: folded(location.name),
        "created_at": lambda location: location.created_at,
    }
    unique = {AddressTaken: lambda location: location.address_key}  # noqa: RUF012 # nobody changes it

    @property
    def table(self) -> Table[UUID, Location]:
        return self.tables.locations

    @staticmethod
    def matches(entity: Location, criteria: LocationCriteria) -> bool:
        return criteria.active in (None, entity.active)
