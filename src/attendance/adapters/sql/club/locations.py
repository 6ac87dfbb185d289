"""Locations, each with its closures."""

from attendance.adapters.sql.engine.repository import SqlRepository, TableMapper
from attendance.adapters.sql.tables import locations
from attendance.application.ports.club import LOCATIONS, LocationCriteria
from attendance.domain.club.locations import Location


class SqlLocations(SqlRepository[Location, LocationCriteria]):
    mapper = TableMapper(LOCATIONS, locations)
