"""Locations and their closures: adding, listing, showing and editing them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Unpack

from attendance.application.club.schedules import close_lessons, correct_timezone
from attendance.application.forms.editing import edit
from attendance.application.forms.field_errors import named_errors, record_errors
from attendance.application.forms.listing import Listed
from attendance.application.forms.retrying import retried
from attendance.application.forms.use_case import Command, Query
from attendance.application.pagination import PageChoice
from attendance.application.ports import Zones
from attendance.application.ports.club import LOCATIONS, LocationCriteria
from attendance.domain.club.locations import Location, LocationChanges
from attendance.domain.errors import FieldError, raise_if_errors
from attendance.domain.events import Event
from attendance.domain.ids import LocationId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import require_level
from attendance.domain.permissions.table import Permission


class ListLocations(Query):
    """List locations, by name unless `sort` says otherwise; ties by id.

    `sort`: fields with commas, `-` before one for descending order, of `name`, `created_at`. `active`: only
    those, or only the others. `page` (from 1): that page of 20; None: the whole list. Raises Invalid,
    Forbidden.
    """

    def __call__(
        self, actor: Actor, *, page: PageChoice = None, sort: str = "", active: bool | None = None
    ) -> Listed[Location]:
        criteria = LocationCriteria(active=active)
        return self._listed(
            LOCATIONS,
            criteria,
            lambda location: location,
            permitted=lambda: require_level(actor, Permission.READ_LOCATIONS),
            page=page,
            sort=sort or "name",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationCommand(Command):
    """A use case that is given fields of a location."""

    zones: Zones

    def errors_in(self, fields: Mapping[str, Any]) -> list[FieldError]:
        return [
            *record_errors(Location, fields, name="x", address="x", timezone="UTC"),
            *named_errors(fields, timezone=self.zones.named),
        ]


class AddLocation(LocationCommand):
    """Add a location and return it. `fields` are those of `LocationChanges`; name and address are required.

    `timezone` (IANA) is the organisation's unless given. Raises Invalid, Forbidden, AddressTaken.
    """

    @retried
    def __call__(self, actor: Actor, **fields: Unpack[LocationChanges]) -> Location:
        raise_if_errors(*self.errors_in(fields))
        location = Location(**self._new_record({"timezone": self.zones.own, **fields}))
        require_level(actor, Permission.ADD_LOCATION)
        with self.store.transaction() as work:
            work.locations.add(location)
            work.events.add(location.added(self._change_context(actor)))
        return location


class ShowLocation(Query):
    """Return one location with its closures. Raises Forbidden, LocationNotFound."""

    @retried
    def __call__(self, actor: Actor, *, location_id: LocationId) -> Location:
        require_level(actor, Permission.READ_LOCATIONS)
        return self._stored(LOCATIONS, location_id)


class EditLocation(LocationCommand):
    """Change the given fields of a location, those of `LocationChanges`, and return it.

    The same values again change nothing. `closures` replaces the whole list: lessons to come on days that are
    closed now are cancelled unless they have a mark, and restored when the closure that cancelled them is
    gone. Another `timezone` moves lessons to come that have no mark: their local times stay. Other lessons
    stay as they are. `versions`: refuse unless the stored version is one of these; None:
    any. Raises Invalid, Forbidden, LocationNotFound, Outdated, AddressTaken.
    """

    @retried
    def __call__(
        self,
        actor: Actor,
        *,
        location_id: LocationId,
        versions: Collection[int] | None = None,
        **changes: Unpack[LocationChanges],
    ) -> Location:
        raise_if_errors(*self.errors_in(changes))
        require_level(actor, Permission.EDIT_LOCATION)
        with self.store.transaction() as work:

            def edited(before: Location) -> tuple[Location, Event | None]:
                after, event = before.edited(changes, self._change_context(actor))
                correct_timezone(work, before, after, self._change_context(actor), self.zones)
                close_lessons(work, before, after, self._change_context(actor))
                return after, event

            return edit(work, work.locations, location_id, versions, edited)
