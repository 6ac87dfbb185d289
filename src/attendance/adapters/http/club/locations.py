"""Locations and their closures."""

import datetime as dt
from typing import Annotated

import msgspec
from litestar import Response
from msgspec import UNSET

from attendance.adapters.http.server.answers import Paged, Resource, RevisionView, listing, resource
from attendance.adapters.http.server.bodies.meaning import Body, Clearable, Fields, Sent
from attendance.adapters.http.server.callers.versions import Versions
from attendance.adapters.http.server.exports.tables import Format, InFormat
from attendance.adapters.http.server.fields.queries import PageNumber, Sort
from attendance.adapters.http.server.fields.texts import line
from attendance.adapters.http.server.operations.declaration import Room
from attendance.application.use_cases import UseCases
from attendance.domain.club.locations import (
    LARGEST_CAPACITY,
    LONGEST_LOCATION_NAME,
    LONGEST_PLACE,
    LONGEST_REASON,
    LONGEST_URL,
    MOST_CLOSURES,
    Closure,
)
from attendance.domain.ids import LocationId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.table import Permission

LOCATION = "/locations/{location_id}"

Name = Annotated[str, line(LONGEST_LOCATION_NAME, shortest=1)]
Place = Annotated[str, line(LONGEST_PLACE, shortest=1)]

room = Room("Locations")


class EditLocationBody(Body):
    """What is left out stays as it is; null clears."""

    name: Sent[Name] = UNSET
    address: Sent[Place] = UNSET
    url: Clearable[Annotated[str, line(LONGEST_URL)]] = UNSET
    timezone: Sent[Annotated[str, line(100, shortest=1)]] = UNSET
    capacity: Clearable[Annotated[int, msgspec.Meta(ge=1, le=LARGEST_CAPACITY)]] = UNSET
    active: Sent[bool] = UNSET


class AddLocationBody(EditLocationBody, kw_only=True):
    """The time zone is the organisation's unless another is named (IANA)."""

    name: Name
    address: Place


class ClosureBody(Body):
    """Days on which the location is closed, both ends included."""

    means = Closure

    since: dt.date = msgspec.field(name="from")
    until: dt.date
    reason: Annotated[str, line(LONGEST_REASON)] = ""


class ClosuresBody(Body):
    closures: Annotated[list[ClosureBody], msgspec.Meta(max_length=MOST_CLOSURES)]


class LocationView(RevisionView):
    name: str
    address: str
    url: str
    timezone: str
    capacity: int | None
    active: bool


class LocationsView(Paged, kw_only=True):
    locations: list[LocationView]


class ClosuresView(msgspec.Struct):
    closures: list[ClosureBody]


@room.operation("GET", "/locations", Permission.READ_LOCATIONS)
def list_locations(
    use_cases: UseCases,
    actor: Actor,
    page: PageNumber | None = None,
    sort: Sort = "",
    active: bool | None = None,
    form: InFormat = Format.JSON,
) -> Response[LocationsView]:
    """Locations by name; `sort` knows name and created_at."""
    return listing(LocationsView, use_cases.list_locations(actor, page=page, sort=sort, active=active), form)


@room.operation("POST", "/locations", Permission.ADD_LOCATION, refuses=(409,))
def add_location(
    use_cases: UseCases, actor: Actor, fields: Fields[AddLocationBody]
) -> Resource[LocationView]:
    """Add a location."""
    return resource(LocationView, use_cases.add_location(actor, **fields))


@room.operation("GET", LOCATION, Permission.READ_LOCATIONS)
def show_location(use_cases: UseCases, actor: Actor, location_id: LocationId) -> Resource[LocationView]:
    """One location."""
    return resource(LocationView, use_cases.show_location(actor, location_id=location_id))


@room.operation("PUT", LOCATION, Permission.EDIT_LOCATION, refuses=(409,))
def edit_location(
    use_cases: UseCases,
    actor: Actor,
    location_id: LocationId,
    versions: Versions,
    fields: Fields[EditLocationBody],
) -> Resource[LocationView]:
    """Change what is sent."""
    return resource(
        LocationView, use_cases.edit_location(actor, location_id=location_id, versions=versions, **fields)
    )


@room.operation("GET", f"{LOCATION}/closures", Permission.READ_LOCATIONS)
def show_closures(use_cases: UseCases, actor: Actor, location_id: LocationId) -> Resource[ClosuresView]:
    """When a location is closed."""
    return resource(ClosuresView, use_cases.show_location(actor, location_id=location_id))


@room.operation("PUT", f"{LOCATION}/closures", Permission.EDIT_LOCATION, judged_by="edit_location")
def replace_closures(
    use_cases: UseCases,
    actor: Actor,
    location_id: LocationId,
    versions: Versions,
    fields: Fields[ClosuresBody],
) -> Resource[ClosuresView]:
    """Replace the whole list of closures."""
    return resource(
        ClosuresView, use_cases.edit_location(actor, location_id=location_id, versions=versions, **fields)
    )
