"""Locations, and when they are closed."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache

from babel.dates import get_timezone_location

from attendance.adapters.http.server.fields.ids import sent_id
from attendance.adapters.web.office import LOCATIONS, require_part
from attendance.adapters.web.server.declaration import Answer, Page, PageRoom, Redirect, Visit
from attendance.adapters.web.server.fields import CHECKED
from attendance.adapters.web.server.formats import LOCALES
from attendance.adapters.web.server.forms import Typed
from attendance.application.forms.field_errors import errors_of
from attendance.domain.accounts.accounts import Language
from attendance.domain.club.locations import Closure, Location, LocationChanges
from attendance.domain.errors import FieldError, NotFound, Outdated
from attendance.domain.ids import LocationId

room = PageRoom()

PATH = LOCATIONS.path
ONE = f"{PATH}/{{location_id:str}}"
SINCE, UNTIL, REASON = "closures.since", "closures.until", "closures.reason"
_OLD_NAMES = ("Etc/", "US/", "Canada/", "Brazil/", "Chile/", "Mexico/")
"""How those begin that are no places, or places by another name."""


@room.page("GET", PATH)
def locations(visit: Visit) -> Answer:
    """All locations, by name."""
    require_part(visit, LOCATIONS)
    listed = visit.use_cases.list_locations(visit.signed_in, page=visit.filters.number("page") or 1)
    return Page("office/locations.html", {"listed": listed, "notice": visit.query["notice"]})


@room.page("GET", f"{PATH}/new")
def new_location(visit: Visit) -> Answer:
    """The form for a location that is new, in the time zone of all others, or else the organisation's."""
    require_part(visit, LOCATIONS)
    zones = {each.timezone for each in visit.use_cases.list_locations(visit.signed_in)}
    zone = zones.pop() if len(zones) == 1 else visit.use_cases.add_location.zones.own
    return _form(visit, None, {"timezone": zone, "active": CHECKED})


@room.page("POST", f"{PATH}/new", form=new_location)
def add_location(visit: Visit) -> Answer:
    use_case = visit.use_cases.add_location
    added = use_case(visit.signed_in, **_read(visit, use_case.errors_in))
    return Redirect(f"{PATH}/{added.id}?notice=added")


@room.page("GET", ONE)
def location(visit: Visit, location_id: str) -> Answer:
    """The form of one location, and its closures."""
    stored = _stored(visit, location_id)
    return _form(visit, stored, _as_typed(stored))


@room.page("POST", ONE, form=location)
def edit_location(visit: Visit, location_id: str) -> Answer:
    """Change a location, unless somebody else has changed it meanwhile."""
    use_case = visit.use_cases.edit_location
    before = _stored(visit, location_id)
    after = use_case(
        visit.signed_in,
        location_id=before.id,
        versions=visit.fields.versions,
        **_read(visit, use_case.errors_in),
    )
    notice = "saved" if after.timezone == before.timezone else "zone-corrected"
    return Redirect(f"{PATH}/{location_id}?notice={notice}")


@room.page("GET", f"{ONE}/closures/new")
def new_closure(visit: Visit, location_id: str) -> Answer:
    """The form for days on which a location is closed."""
    return _closure_form(_stored(visit, location_id), None)


@room.page("POST", f"{ONE}/closures/new", form=new_closure)
def add_closure(visit: Visit, location_id: str) -> Answer:
    added = _closure_read(visit)
    return _replace_closures(visit, location_id, lambda closures: (*closures, added), "closure-added")


@room.page("GET", f"{ONE}/closures/{{days:str}}/remove")
@room.page("GET", f"{ONE}/closures/{{days:str}}")
def closure(visit: Visit, location_id: str, days: str) -> Answer:
    """The form of a closure by its days; of a new one where somebody else has removed it meanwhile."""
    stored = _stored(visit, location_id)
    found = next((each for each in stored.closures if key_of(each) == days), None)
    if found is None and not visit.form:
        raise NotFound
    return _closure_form(stored, found)


@room.page("POST", f"{ONE}/closures/{{days:str}}", form=closure)
def edit_closure(visit: Visit, location_id: str, days: str) -> Answer:
    """Change the days or the reason of a closure."""
    changed = _closure_read(visit)
    return _replace_closures(
        visit,
        location_id,
        lambda closures: _with_another(closures, days, (changed,)),
        "closure-saved",
    )


@room.page("POST", f"{ONE}/closures/{{days:str}}/remove", form=closure)
def remove_closure(visit: Visit, location_id: str, days: str) -> Answer:
    """Open again on the days of a closure; lessons that it cancelled take place."""
    return _replace_closures(
        visit, location_id, lambda closures: _with_another(closures, days, ()), "closure-removed"
    )


def key_of(closed: Closure) -> str:
    """How a path names a closure: by its days."""
    return f"{closed.since}_{closed.until}"


def _replace_closures(
    visit: Visit,
    location_id: str,
    replaced: Callable[[tuple[Closure, ...]], Iterable[Closure]],
    notice: str,
) -> Answer:
    """Store other closures, by their days, unless somebody else has changed the location meanwhile."""
    before = _stored(visit, location_id)
    visit.use_cases.edit_location(
        visit.signed_in,
        location_id=before.id,
        versions=visit.fields.versions or (before.version,),
        closures=tuple(sorted(replaced(before.closures), key=_by_days)),
    )
    return Redirect(f"{PATH}/{location_id}?notice={notice}#closures")


def _by_days(closed: Closure) -> tuple[date, date]:
    return closed.since, closed.until


def _with_another(
    closures: tuple[Closure, ...], days: str, others: tuple[Closure, ...]
) -> tuple[Closure, ...]:
    """The closures with others in place of the first of these days. Raises Outdated where there is none."""
    for place, each in enumerate(closures):
        if key_of(each) == days:
            return (*closures[:place], *others, *closures[place + 1 :])
    raise Outdated


def _stored(visit: Visit, location_id: str) -> Location:
    require_part(visit, LOCATIONS)
    return visit.use_cases.show_location(visit.signed_in, location_id=LocationId(sent_id(location_id)))


def _form(visit: Visit, stored: Location | None, now: Mapping[str, str]) -> Answer:
    """The form as it was typed, or with what there is now."""
    zones = visit.use_cases.add_location.zones
    values = {
        "location": stored,
        "closures": [(key_of(each), each) for each in stored.closures] if stored else [],
        "now": Typed(now),
        "zones": _zones(visit.language, frozenset(zones.names())),
        "notice": visit.query["notice"],
    }
    return Page("office/location.html", values)


def _closure_form(stored: Location, closed: Closure | None) -> Answer:
    values = {
        "location": stored,
        "days": None if closed is None else key_of(closed),
        "closure": closed,
        "now": Typed()
        if closed is None
        else Typed({SINCE: f"{closed.since}", UNTIL: f"{closed.until}", REASON: closed.reason}),
    }
    return Page("office/closure.html", values)


def _read(visit: Visit, errors_in: Callable[[LocationChanges], Iterable[FieldError]]) -> LocationChanges:
    """The fields of the form. Raises Invalid with everything that is wrong with them."""
    form = visit.fields
    fields = LocationChanges(
        name=form.text("name"),
        address=form.text("address"),
        url=form.text("url"),
        timezone=form.text("timezone").strip(),
        capacity=form.number("capacity"),
        active=form.checked("active"),
    )
    form.also(errors_in(fields))
    form.raise_if_errors()
    return fields


def _closure_read(visit: Visit) -> Closure:
    """The closure in the form. Raises Invalid with everything that is wrong with it."""
    form = visit.fields
    since, until = form.required_day(SINCE), form.required_day(UNTIL)
    form.also(errors_of(lambda: Closure(since=since, until=until, reason=form.text(REASON))))
    form.raise_if_errors()
    return Closure(since=since, until=until, reason=form.text(REASON))


def _as_typed(stored: Location) -> Mapping[str, str]:
    """What one would type for what is stored."""
    return {
        "name": stored.name,
        "address": stored.address,
        "url": stored.url,
        "timezone": stored.timezone,
        "capacity": "" if stored.capacity is None else f"{stored.capacity}",
        "active": CHECKED if stored.active else "",
    }


@dataclass(frozen=True, slots=True)
class NamedZone:
    """A time zone by its IANA name, and its place in a language."""

    name: str
    place: str


@cache
def _zones(language: Language, names: frozenset[str]) -> tuple[NamedZone, ...]:
    """The zones that are places, by their IANA names."""
    locale = LOCALES[language]
    return tuple(
        NamedZone(name, get_timezone_location(name, locale=locale, return_city=True))
        for name in sorted(names)
        if "/" in name and not name.startswith(_OLD_NAMES)
    )
