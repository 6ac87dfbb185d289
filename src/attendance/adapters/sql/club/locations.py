"""Locations, each with its closures."""

from attendance.adapters.sql.engine.repository import SqlRepository, TableMapper
from attendance.adapters.sql.tables import locations
from attendance.application.ports.club import LOCATIONS, LocationCriteria
from attendance.domain.club.locations import Location
from attendance.domain.text import sort_key


class SqlLocations(SqlRepository[Location, LocationCriteria]):
    mapper = TableMapper(
        LOCATIONS,
        locations,
        derived={"name_key": lambda location: sort_key(location.name)},
    )
