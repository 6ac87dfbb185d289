"""Locations by id."""

from attendance.adapters.memory.repository import MemoryRepository, Resource
from attendance.application.ports.club import LocationCriteria
from attendance.domain.club.locations import AddressTaken, Location, LocationNotFound
from attendance.domain.text import folded


class MemoryLocations(MemoryRepository[Location, LocationCriteria]):
    resource = Resource(
        "locations",
        LocationNotFound,
        sort={"name": lambda location: folded(location.name)},
        unique=((AddressTaken, lambda location: location.address_key),),
    )
