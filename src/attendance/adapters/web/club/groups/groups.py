"""Groups: finding one, who comes and when, adding, editing and ending one."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from attendance.adapters.web.accounts.role_names import called
from attendance.adapters.web.club.clients.ages import namesakes
from attendance.adapters.web.club.groups.forms import GROUPS, REWRITE, fields_called, group_path
from attendance.adapters.web.club.groups.schedule_words import in_words
from attendance.adapters.web.server.declaration import Answer, Page, PageRoom, Redirect, Visit
from attendance.adapters.web.server.fields import CHECKED, FieldReader
from attendance.adapters.web.server.forms import Typed
from attendance.adapters.web.server.ids import id_in_path
from attendance.adapters.web.server.languages import N_
from attendance.application.club.groups import GroupDetails
from attendance.application.club.schedules import WhySkipped
from attendance.application.club.timetables.listing import LessonInContextDetails
from attendance.application.club.timetables.rosters import RosterDetails
from attendance.domain.club.lessons import CLOSED, GROUP_ENDED, LessonState
from attendance.domain.club.locations import Closure, Location
from attendance.domain.dates import LONGEST_RANGE, ONE_DAY
from attendance.domain.errors import FieldError, Invalid
from attendance.domain.ids import AccountId, GroupId, LocationId
from attendance.domain.permissions.table import Permission
from attendance.domain.text import search_key

room = PageRoom()

STATES: dict[str, dict[str, Any]] = {
    "": {"ended": False},
    "running": {"active": True},
    "not-running": {"active": False},
    "ended": {"ended": True},
    "all": {},
}
"""Which groups are shown."""
AHEAD, PAST = "", "past"
A_YEAR = dt.timedelta(days=LONGEST_RANGE - 1)
MOST_ALIKE = 5
IS_NEW = "is_new"
"""The box to tick where a group is to be called what another is called."""
MOST_LESSONS_SHOWN = 10
"""Of those that end with a group."""
WHY = {
    WhySkipped.MADE_BEFORE: N_("made before"),
    WhySkipped.IN_THE_WAY: N_("another lesson is at that time"),
    WhySkipped.CLOSED: N_("closed"),
}
"""Why no lesson is made."""
REASONS = {CLOSED: N_("closed"), GROUP_ENDED: N_("the group has ended")}
"""Reasons that nobody typed."""


@room.page("GET", GROUPS)
def groups(visit: Visit) -> Answer:
    """Groups by name, with filters."""
    filters = visit.filters
    place, page = filters.id("place", LocationId), filters.number("page")
    filters.raise_if_errors()
    state, is_mine = visit.query["state"], filters.checked("mine")
    asked: dict[str, Any] = {
        "q": visit.query["q"],
        "location_id": place,
        "teacher_id": visit.signed_in.id if is_mine else None,
    }
    find = visit.use_cases.list_group_overviews
    listed = find(visit.signed_in, page=page or 1, **asked, **STATES.get(state, STATES[""]))
    others = 0 if listed.total or state == "all" else find(visit.signed_in, page=1, **asked).total or 0
    locations = visit.use_cases.list_locations(visit.signed_in)
    values = {
        "groups": [(group, in_words(group.schedule, visit.language)) for group in listed],
        "total": listed.total,
        "others": others,
        "number": listed.page,
        "pages": listed.pages,
        "locations": {location.id: location.name for location in locations},
        "query": Typed(
            (name, text) for name, text in visit.query.as_shown().items() if name != "page" and text
        ),
    }
    return Page("club/groups/list.html", values)


@dataclass(frozen=True, slots=True)
class LessonRow:
    """A lesson of a group as its page shows it.

    `is_open`: whoever looks may mark and edit it. `are_others`: its teachers are not the group's of that day.
    """

    lesson: LessonInContextDetails
    is_open: bool
    is_untaken: bool
    closure: Closure | None
    teachers: tuple[str, ...]
    are_others: bool


@room.page("GET", f"{GROUPS}/{{group_id:str}}")
def show_group(visit: Visit, group_id: str) -> Answer:
    """Who comes as of a day, when it meets, who teaches, and its lessons, those to come or the past ones."""
    of, filters = id_in_path(group_id, GroupId), visit.filters
    day, page = filters.day("day"), filters.number("page")
    filters.raise_if_errors()
    roster = visit.use_cases.show_roster(visit.signed_in, group_id=of, day=day)
    is_past = visit.query["lessons"] == PAST
    today = roster.today
    lessons = visit.use_cases.list_all_lessons(
        visit.signed_in,
        group_id=of,
        # one that goes on past midnight is of the day before
        since=today - A_YEAR if is_past else today - ONE_DAY,
        until=today if is_past else today + A_YEAR - ONE_DAY,
        over=is_past,
        sort="-date" if is_past else "date",
        page=page or 1,
    )
    names = names_of_teachers(visit, *(lesson.teachers for lesson in lessons))
    values = {
        **values_of_group(visit, roster),
        "roster": roster,
        "namesakes": namesakes(entry.client.name for entry in roster.entries),
        "teachers": [each for each in roster.teachers if not is_over(each, today)],
        "earlier_teachers": [each for each in roster.teachers if is_over(each, today)],
        "lessons": [_lesson_row(lesson, roster, visit, names) for lesson in lessons],
        "total": lessons.total,
        "number": lessons.page,
        "pages": lessons.pages,
        "is_past": is_past,
        "closures": [closure for closure in roster.location.closures if closure.until >= today],
        "query": {name: visit.query[name] for name in ("day", "lessons") if visit.query[name]},
        "notice": visit.query["notice"],
        "made": {name: visit.filters.number(name) or 0 for name in ("made", "removed")},
        "skipped": [(WHY[why], count) for why in WHY if (count := visit.filters.number(why))],
        "reasons": REASONS,
    }
    return Page("club/groups/show.html", values)


def is_over(period: Any, today: dt.date) -> bool:
    """Whether a membership, or somebody's time as a teacher, ended before today."""
    return period.until is not None and period.until < today


def values_of_group(visit: Visit, roster: RosterDetails) -> dict[str, Any]:
    """What every page of a group shows of it."""
    return {
        "group": roster.group,
        "group_path": group_path(roster.group.id),
        "schedule": in_words(roster.group.schedule, visit.language),
        "overlapping": [in_words(pair, visit.language) for pair in roster.group.overlapping_slots()],
        "today": roster.today,
        "first_day": max(roster.today, roster.group.active_from or roster.today),
    }


def names_of_teachers(visit: Visit, *ids: tuple[AccountId, ...]) -> Mapping[UUID, str]:
    """The names of those who teach lessons, now or once."""
    user_ids = {user_id for each in ids for user_id in each}
    found = visit.use_cases.list_teachers(visit.signed_in, user_ids=user_ids)
    return {each.user_id: called(each.name, active=each.active, language=visit.language) for each in found}


def _lesson_row(
    lesson: LessonInContextDetails, roster: RosterDetails, visit: Visit, names: Mapping[UUID, str]
) -> LessonRow:
    usual = {each.user_id for each in roster.group.teachers if each.covers(lesson.date)}
    me = visit.signed_in.id
    return LessonRow(
        lesson=lesson,
        is_open=Permission.EDIT_GROUP in visit.permissions or me in usual or me in lesson.teachers,
        is_untaken=lesson.untaken,
        closure=closure_of(lesson, roster.location),
        teachers=tuple(names[user_id] for user_id in lesson.teachers if user_id in names),
        are_others={*lesson.teachers} != usual,
    )


def closure_of(lesson: Any, location: Location) -> Closure | None:
    """The closure of its place that a cancelled lesson falls into."""
    if lesson.state is not LessonState.CANCELLED or lesson.location_id != location.id:
        return None
    return location.closure_on(lesson.date)


# Adding and editing


@room.page("GET", f"{GROUPS}/new")
def new_group(visit: Visit) -> Answer:
    """The form to add a group with."""
    visit.require(Permission.ADD_GROUP)
    values = {"group": None, "locations": _locations(visit), "action": "new", "alike": _alike(visit, None)}
    return Page("club/groups/edit.html", values)


@room.page("POST", f"{GROUPS}/new", form=new_group)
def add_group(visit: Visit) -> Answer:
    """Add a group, without members, teachers and schedule: its page leads on to these."""
    fields = _group_fields(visit)
    _ask_about_namesakes(visit, None)
    group = visit.use_cases.add_group(visit.signed_in, **fields)
    return Redirect(f"{group_path(group.id)}?notice=added")


@room.page("GET", f"{GROUPS}/{{group_id:str}}/edit")
def edit_group_form(visit: Visit, group_id: str) -> Answer:
    """The form to edit a group's name, place, capacity and dates with."""
    visit.require(Permission.EDIT_GROUP)
    group = visit.use_cases.show_group(visit.signed_in, group_id=id_in_path(group_id, GroupId))
    values = {
        "group": group,
        "locations": _locations(visit, group.location_id),
        "action": "edit",
        "group_path": group_path(group.id),
        "alike": _alike(visit, group),
    }
    return Page("club/groups/edit.html", values)


@room.page(
    "POST",
    f"{GROUPS}/{{group_id:str}}/edit",
    form=edit_group_form,
    said_at={"group_full": ("capacity",), "outside_group_dates": ("active_until",)},
)
def edit_group(visit: Visit, group_id: str) -> Answer:
    """Change name, place, capacity and dates of a group, unless somebody else changed it meanwhile."""
    of, fields = id_in_path(group_id, GroupId), _group_fields(visit)
    _ask_about_namesakes(visit, visit.use_cases.show_group(visit.signed_in, group_id=of))
    group = visit.use_cases.edit_group(
        visit.signed_in,
        group_id=of,
        versions=visit.fields.versions,
        keep_held_rosters=not visit.fields.checked(REWRITE),
        **fields,
    )
    return Redirect(f"{group_path(group.id)}?notice=saved")


def _group_fields(visit: Visit) -> dict[str, Any]:
    fields = visit.fields
    values = {
        "name": fields.text("name"),
        "location_id": fields.required_id("location_id", LocationId),
        "capacity": fields.number("capacity"),
        "active_from": fields.day("active_from"),
        "active_until": fields.day("active_until"),
    }
    for error in visit.use_cases.add_group.errors_in(values):
        fields.refuse(error.field, error.message)
    fields.raise_if_errors()
    return values


def _alike(visit: Visit, group: GroupDetails | None) -> list[GroupDetails]:
    """The groups that are not over and called what was typed, where that is another name than `group` has."""
    key = search_key(" ".join(visit.form["name"].split()))
    if not key or (group and key == search_key(group.name)):
        return []
    found = visit.use_cases.list_groups(visit.signed_in, q=visit.form["name"])
    running = (each for each in found if (each.active_until or visit.today) >= visit.today)
    return [each for each in running if search_key(each.name) == key][:MOST_ALIKE]


def _ask_about_namesakes(visit: Visit, group: GroupDetails | None) -> None:
    """Raise Invalid where a group is called so already, unless that is meant."""
    if visit.form[IS_NEW] != CHECKED and _alike(visit, group):
        raise Invalid(FieldError(IS_NEW, N_("a group of this name is here already")))


def _locations(visit: Visit, chosen: LocationId | None = None) -> dict[LocationId, str]:
    """The places to choose of: those that are used, and the one that is chosen already."""
    locations = visit.use_cases.list_locations(visit.signed_in)
    return {location.id: location.name for location in locations if location.active or location.id == chosen}


# Ending


def end_group_form(visit: Visit, group_id: str) -> Page:
    """The last day of a group, to be said; once it can be its last one, what ends with it, and the button."""
    visit.require(Permission.EDIT_GROUP)
    typed = visit.form or visit.query
    last = FieldReader(typed).day("last")
    roster = visit.use_cases.show_roster(visit.signed_in, group_id=id_in_path(group_id, GroupId), day=last)
    values = {
        **values_of_group(visit, roster),
        "roster": roster,
        "last": None,
        "typed_last": typed.as_shown()["last"],
    }
    wrong = last is None or [*_errors_in_end(visit, roster.group, last)]
    if last is None or wrong or last > dt.date.max - A_YEAR - ONE_DAY:
        return Page("club/groups/end.html", values)
    planned = visit.use_cases.list_all_lessons(
        visit.signed_in,
        group_id=roster.group.id,
        since=last + ONE_DAY,
        until=last + A_YEAR,
        state=LessonState.PLANNED,
        page=1,
    )
    values |= {
        "last": last,
        "leaving": [entry for entry in roster.entries if entry.until is None or entry.until > last],
        "joining_later": len({each.client_id for each in roster.group.members or () if each.since > last}),
        "lessons": [*planned][:MOST_LESSONS_SHOWN],
        "total": planned.total,
    }
    return Page("club/groups/end.html", values)


@room.page("GET", f"{GROUPS}/{{group_id:str}}/end", form=end_group_form)
def ending_group(visit: Visit, group_id: str) -> Answer:
    """The form to end a group with; where a day is said, with what ends on it."""
    visit.require(Permission.EDIT_GROUP)
    if "last" in visit.query:
        filters = visit.filters
        last = filters.required_day("last")
        group = visit.use_cases.show_group(visit.signed_in, group_id=id_in_path(group_id, GroupId))
        filters.also(_errors_in_end(visit, group, last))
        filters.raise_if_errors()
    return end_group_form(visit, group_id)


def _errors_in_end(visit: Visit, group: GroupDetails, last: dt.date) -> Iterator[FieldError]:
    """What is wrong with the last day of a group."""
    dates = {"active_from": group.active_from, "active_until": last}
    for error in visit.use_cases.edit_group.errors_in(dates):
        yield FieldError("last", error.message)


@room.page(
    "POST",
    f"{GROUPS}/{{group_id:str}}/end",
    form=end_group_form,
    said_at={"lessons_planned": ("last",), "outside_group_dates": ("last",)},
)
def end_group(visit: Visit, group_id: str) -> Answer:
    """End a group with a day, and the memberships that run on; cancel later lessons if that was said."""
    fields = visit.fields
    last = fields.required_day("last")
    fields.raise_if_errors()
    with fields_called(lambda name: "last" if name == "active_until" else name):
        group = visit.use_cases.edit_group(
            visit.signed_in,
            group_id=id_in_path(group_id, GroupId),
            versions=visit.fields.versions,
            active_until=last,
            cancel_lessons=fields.checked("cancel_lessons"),
            keep_held_rosters=not fields.checked(REWRITE),
        )
    return Redirect(f"{group_path(group.id)}?notice=ended")
