"""Locations and their closures."""

from dataclasses import dataclass
from datetime import date
from typing import TypedDict

from attendance.domain.dates import Period
from attendance.domain.errors import Conflict, FieldError, NotFound, error_if, raise_if_errors
from attendance.domain.ids import LocationId
from attendance.domain.revisions import Record, RecordFields
from attendance.domain.text import name_error, trim

LONGEST_LOCATION_NAME = 200
LONGEST_PLACE = 500
LONGEST_URL = 2000
LONGEST_REASON = 500
LARGEST_CAPACITY = 100_000
MOST_CLOSURES = 1000


class LocationNotFound(NotFound):
    text = "location not found"


class AddressTaken(Conflict):
    """Another location has this address."""

    text = "address is taken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure(Period):
    """A location is closed from `since` to `until`, both included. Raises Invalid."""

    since: date
    until: date
    reason: str = ""

    def __post_init__(self) -> None:
        trim(self, "reason")
        raise_if_errors(
            error_if(self.until < self.since, "closures.until", "must not be before from"),
            name_error("closures.reason", self.reason, longest=LONGEST_REASON) if self.reason else None,
        )


class LocationChanges(TypedDict, total=False):
    """The fields to change; others stay as they are."""

    name: str
    address: str
    url: str
    timezone: str
    capacity: int | None
    active: bool
    closures: tuple[Closure, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Location(RecordFields, Record):
    """A place where lessons are given. `timezone` is an IANA name. Raises Invalid."""

    kind = "location"

    id: LocationId
    name: str
    address: str
    url: str = ""
    timezone: str
    capacity: int | None = None
    active: bool = True
    closures: tuple[Closure, ...] = ()

    def __post_init__(self) -> None:
        trim(self, "name", "address", "url")
        is_web = self.url.startswith(("http://", "https://"))
        raise_if_errors(
            name_error("name", self.name, longest=LONGEST_LOCATION_NAME),
            name_error("address", self.address, longest=LONGEST_PLACE),
            name_error("url", self.url, longest=LONGEST_URL) if self.url else None,
            error_if(self.url and not is_web, "url", "must begin with http:// or https://"),
            capacity_error(self.capacity),
            error_if(len(self.closures) > MOST_CLOSURES, "closures", f"must be at most {MOST_CLOSURES}"),
        )

    def closure_on(self, day: date) -> Closure | None:
        """The first closure, in their order, that covers a day; None where it is open."""
        return next((closure for closure in self.closures if closure.covers(day)), None)


def capacity_error(capacity: int | None) -> FieldError | None:
    if capacity is None or 1 <= capacity <= LARGEST_CAPACITY:
        return None
    return FieldError("capacity", f"must be a whole number from 1 to {LARGEST_CAPACITY}")
