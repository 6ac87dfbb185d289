"""Locations, each with its closures."""

from attendance.adapters.sql.engine.repository import SqlRepository, TableMapper
from attendance.adapters.sql.tables import locations
from attendance.application.ports.club import LocationCriteria
from attendance.domain.club.locations import Location, LocationNotFound
from attendance.domain.text import folded


class SqlLocations(SqlRepository[Location, LocationCriteria]):
    mapper = TableMapper(
        locations,
        Location,
        LocationNotFound,
        LocationCriteria,
        sort={"name": "name_key", "created_at": "created_at"},
        derived={"name_key": lambda location: folded(location.name)},
    )
