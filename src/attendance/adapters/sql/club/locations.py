"""Locations, each with its closures."""

from dataclasses import asdict
from datetime import date
from typing import Any

import sqlalchemy as sa

from attendance.adapters.sql.engine.listing import Listing, SortColumn
from attendance.adapters.sql.engine.repository import SqlRepository, TableMapper, without
from attendance.adapters.sql.tables import locations
from attendance.application.ports.club import LocationCriteria
from attendance.domain.club.locations import Closure, Location, LocationNotFound
from attendance.domain.text import folded

LISTING: Listing[Location] = Listing(
    shown=list(locations.c),
    tie=SortColumn(locations.c.id, lambda location: location.id),
    keys={
        "name": SortColumn(locations.c.name_key, lambda location: folded(location.name)),
        "created_at": SortColumn(locations.c.created_at, lambda location: location.created_at),
    },
    conditions={"active": locations.c.active == sa.bindparam("active")},
)


class SqlLocations(SqlRepository[Location, LocationCriteria]):
    mapper = TableMapper(locations, dict.fromkeys(("postgresql", "sqlite"), LISTING), LocationNotFound)

    @staticmethod
    def entity(row: Any) -> Location:
        closures = tuple(
            Closure(
                since=date.fromisoformat(closure["since"]),
                until=date.fromisoformat(closure["until"]),
                reason=closure["reason"],
            )
            for closure in row.closures
        )
        return Location(**without(row, "name_key", "address_key") | {"closures": closures})

    @staticmethod
    def row(entity: Location) -> dict[str, Any]:
        closures = [
            {"since": it.since.isoformat(), "until": it.until.isoformat(), "reason": it.reason}
            for it in entity.closures
        ]
        keys = {"name_key": folded(entity.name), "address_key": entity.address_key, "closures": closures}
        return asdict(entity) | keys

    @staticmethod
    def given(criteria: LocationCriteria) -> dict[str, Any]:
        return {} if criteria.active is None else {"active": criteria.active}
