"""Locations and their closures."""

import datetime as dt
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, get, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody, QueryParameter

from attendance.adapters.http.server.authentication import FromCaller, permitted
from attendance.adapters.http.server.changes import changes_in
from attendance.adapters.http.server.entries import entries
from attendance.adapters.http.server.errors import refusals
from attendance.adapters.http.server.etag import Versions, etag
from attendance.adapters.http.server.exports import Format, InFormat
from attendance.adapters.http.server.fields import line
from attendance.adapters.http.server.ids import sent_id
from attendance.adapters.http.server.lists import Paged, PageNumber, Sort, listing
from attendance.adapters.http.server.paths import API
from attendance.adapters.http.server.queries import BOOLEAN
from attendance.adapters.http.server.strict_json import StrictJson
from attendance.application.use_cases import UseCases
from attendance.domain.club.locations import (
    LARGEST_CAPACITY,
    LONGEST_LOCATION_NAME,
    LONGEST_PLACE,
    LONGEST_REASON,
    LONGEST_URL,
    MOST_CLOSURES,
    Closure,
    Location,
)
from attendance.domain.ids import LocationId
from attendance.domain.permissions.table import Permission

TAGS = ["Locations"]
LOCATION = f"{API}/locations/{{location_id:str}}"
CLEARED = {"url": ""}

Name = Annotated[str, line(LONGEST_LOCATION_NAME, shortest=1)]
Place = Annotated[str, line(LONGEST_PLACE, shortest=1)]
Url = Annotated[str, line(LONGEST_URL)]
Zone = Annotated[str, line(100, shortest=1)]
Capacity = Annotated[int, msgspec.Meta(ge=1, le=LARGEST_CAPACITY)]


class AddLocationBody(msgspec.Struct, forbid_unknown_fields=True):
    """The time zone is the organisation's unless another is named (IANA)."""

    name: Name
    address: Place
    url: Url | msgspec.UnsetType | None = msgspec.UNSET
    timezone: Zone | msgspec.UnsetType = msgspec.UNSET
    capacity: Capacity | msgspec.UnsetType | None = msgspec.UNSET
    active: bool | msgspec.UnsetType = msgspec.UNSET


class EditLocationBody(msgspec.Struct, forbid_unknown_fields=True):
    """What is left out stays as it is; null clears."""

    name: Name | msgspec.UnsetType = msgspec.UNSET
    address: Place | msgspec.UnsetType = msgspec.UNSET
    url: Url | msgspec.UnsetType | None = msgspec.UNSET
    timezone: Zone | msgspec.UnsetType = msgspec.UNSET
    capacity: Capacity | msgspec.UnsetType | None = msgspec.UNSET
    active: bool | msgspec.UnsetType = msgspec.UNSET


class ClosureBody(msgspec.Struct, forbid_unknown_fields=True):
    """Days on which the location is closed, both ends included."""

    since: dt.date = msgspec.field(name="from")
    until: dt.date
    reason: Annotated[str, line(LONGEST_REASON)] = ""


class ClosuresBody(msgspec.Struct, forbid_unknown_fields=True):
    closures: Annotated[list[ClosureBody], msgspec.Meta(max_length=MOST_CLOSURES)]


class LocationView(msgspec.Struct, kw_only=True):
    id: UUID
    created_at: dt.datetime
    updated_at: dt.datetime
    version: int
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


def location_view(location: Location) -> LocationView:
    return msgspec.convert(location, LocationView, from_attributes=True)


def _shown(location: Location, *, status: int = 200) -> Response[LocationView]:
    where = {"Location": f"{API}/locations/{location.id}"} if status == 201 else {}
    return Response(location_view(location), status_code=status, headers=etag(location.version) | where)


def _closures(location: Location) -> Response[ClosuresView]:
    shown = [ClosureBody(it.since, it.until, it.reason) for it in location.closures]
    return Response(ClosuresView(shown), headers=etag(location.version))


def _closure(sent: ClosureBody) -> Closure:
    return Closure(since=sent.since, until=sent.until, reason=sent.reason)


def location_handlers(use_cases: UseCases) -> list[HTTPRouteHandler]:
    @get(
        f"{API}/locations",
        sync_to_thread=True,
        responses=refusals(401, 403),
        tags=TAGS,
        **permitted(Permission.READ_LOCATIONS),
    )
    def list_locations(
        caller: FromCaller,
        page: PageNumber = None,
        sort: Sort = "",
        active: Annotated[bool | None, QueryParameter(schema_extra=BOOLEAN)] = None,
        form: InFormat = Format.JSON,
    ) -> Response[LocationsView]:
        """Locations by name; `sort` knows name and created_at."""
        listed = use_cases.list_locations(caller.actor(), page=page, sort=sort, active=active)
        return listing(LocationsView, listed, location_view, form)

    @post(
        f"{API}/locations",
        dto=StrictJson,
        return_dto=None,
        sync_to_thread=True,
        responses=refusals(401, 403, 409, 415),
        tags=TAGS,
        **permitted(Permission.ADD_LOCATION),
    )
    def add_location(caller: FromCaller, data: JSONBody[AddLocationBody]) -> Response[LocationView]:
        """Add a location."""
        return _shown(use_cases.add_location(caller.actor(), **changes_in(data, CLEARED)), status=201)

    @get(
        LOCATION,
        sync_to_thread=True,
        responses=refusals(401, 403, 404),
        tags=TAGS,
        **permitted(Permission.READ_LOCATIONS),
    )
    def show_location(caller: FromCaller, location_id: FromPath[str]) -> Response[LocationView]:
        """One location."""
        return _shown(use_cases.show_location(caller.actor(), location_id=LocationId(sent_id(location_id))))

    @put(
        LOCATION,
        dto=StrictJson,
        return_dto=None,
        sync_to_thread=True,
        responses=refusals(401, 403, 404, 409, 412, 415),
        tags=TAGS,
        **permitted(Permission.EDIT_LOCATION),
    )
    def edit_location(
        caller: FromCaller, versions: Versions, location_id: FromPath[str], data: JSONBody[EditLocationBody]
    ) -> Response[LocationView]:
        """Change what is sent."""
        return _shown(
            use_cases.edit_location(
                caller.actor(),
                location_id=LocationId(sent_id(location_id)),
                versions=versions,
                **changes_in(data, CLEARED),
            )
        )

    @get(
        f"{LOCATION}/closures",
        sync_to_thread=True,
        responses=refusals(401, 403, 404),
        tags=TAGS,
        **permitted(Permission.READ_LOCATIONS),
    )
    def show_closures(caller: FromCaller, location_id: FromPath[str]) -> Response[ClosuresView]:
        """When a location is closed."""
        return _closures(
            use_cases.show_location(caller.actor(), location_id=LocationId(sent_id(location_id)))
        )

    @put(
        f"{LOCATION}/closures",
        dto=StrictJson,
        return_dto=None,
        sync_to_thread=True,
        responses=refusals(401, 403, 404, 412, 415),
        tags=TAGS,
        **permitted(Permission.EDIT_LOCATION),
    )
    def replace_closures(
        caller: FromCaller, versions: Versions, location_id: FromPath[str], data: JSONBody[ClosuresBody]
    ) -> Response[ClosuresView]:
        """Replace the whole list of closures."""
        return _closures(
            use_cases.edit_location(
                caller.actor(),
                location_id=LocationId(sent_id(location_id)),
                versions=versions,
                closures=entries("closures", data.closures, _closure),
            )
        )

    return [
        list_locations,
        add_location,
        show_location,
        edit_location,
        show_closures,
        replace_closures,
    ]
