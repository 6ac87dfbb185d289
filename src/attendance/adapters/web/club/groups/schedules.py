"""When a group meets, and making the lessons of its schedule."""

import datetime as dt
from collections import Counter
from urllib.parse import urlencode

from attendance.adapters.web.club.groups.forms import GROUPS, RowForm, fields_called, group_path, named
from attendance.adapters.web.club.groups.groups import WHY, names_of_teachers, values_of_group
from attendance.adapters.web.club.groups.schedule_words import weekday_names
from attendance.adapters.web.server.declaration import Answer, Page, PageRoom, Redirect, Visit
from attendance.adapters.web.server.ids import id_in_path
from attendance.adapters.web.server.refusals import faults_of
from attendance.application.club.schedules import MadeLessons
from attendance.application.club.timetables.rosters import RosterDetails
from attendance.domain.club.groups import Slot
from attendance.domain.errors import Forbidden, Invalid
from attendance.domain.ids import GroupId
from attendance.domain.permissions.table import Permission

room = PageRoom()

SCHEDULE = f"{GROUPS}/{{group_id:str}}/schedule"
MAKE = f"{GROUPS}/{{group_id:str}}/lessons/make"
FORM = RowForm(
    fields=("weekday", "starts", "ends", "every", "from"), list_name="schedule", wire_names={"since": "from"}
)
EMPTY_ROWS = 2
MOST_ROWS = 18
"""A form has at most 100 fields."""
USUAL_RANGE = dt.timedelta(days=90)


@room.page("GET", SCHEDULE)
def schedule_form(visit: Visit, group_id: str) -> Answer:
    """A row for every time at which the group meets, and empty ones."""
    visit.require(Permission.EDIT_GROUP)
    roster = visit.use_cases.show_roster(visit.signed_in, group_id=id_in_path(group_id, GroupId))
    stored = [
        {
            "weekday": str(slot.weekday),
            "starts": f"{slot.starts:%H:%M}",
            "ends": f"{slot.ends:%H:%M}",
            "every": str(slot.every),
            "from": str(slot.since or ""),
        }
        for slot in roster.group.schedule
    ]
    empty = {"weekday": "", "starts": "", "ends": "", "every": "1", "from": ""}
    values = {
        **values_of_group(visit, roster),
        "rows": FORM.rows(visit, stored, empty=empty, more=EMPTY_ROWS),
        "weekdays": weekday_names(visit.language),
        "is_too_long": len(stored) + EMPTY_ROWS > MOST_ROWS,
    }
    return Page("club/groups/schedule.html", values)


@room.page("POST", SCHEDULE, form=schedule_form)
def replace_schedule(visit: Visit, group_id: str) -> Answer:
    """Say when the group meets; lessons made before stay as they are."""
    fields, numbers = visit.fields, FORM.filled(visit)
    slots = [
        Slot(
            weekday=fields.required_number(f"weekday-{number}"),
            starts=fields.required_time(f"starts-{number}"),
            ends=fields.required_time(f"ends-{number}"),
            every=fields.required_number(f"every-{number}"),
            since=fields.day(f"from-{number}"),
        )
        for number in numbers
    ]
    of = id_in_path(group_id, GroupId)
    active_from = visit.use_cases.show_group(visit.signed_in, group_id=of).active_from
    given = {"schedule": tuple(slots), "active_from": active_from}
    fields.also(named(visit.use_cases.edit_group.errors_in(given), FORM.name_of(numbers)))
    fields.raise_if_errors()
    with fields_called(FORM.name_of(numbers)):
        group = visit.use_cases.edit_group(
            visit.signed_in,
            group_id=of,
            versions=visit.fields.versions,
            schedule=tuple(slots),
        )
    return Redirect(f"{group_path(group.id)}?notice=schedule-saved")


# Lessons of the schedule


@room.page("GET", MAKE)
def make_lessons_form(visit: Visit, group_id: str) -> Answer:
    """The range to make lessons for; once it is said, what would be made, what stays and what is skipped."""
    roster = visit.use_cases.show_roster(visit.signed_in, group_id=id_in_path(group_id, GroupId))
    if not roster.may_add_lessons:
        raise Forbidden
    asked, filters = visit.form or visit.query, visit.filters
    since, until = _usual_range(roster)
    values = {
        **values_of_group(visit, roster),
        "since": asked.as_shown()["from"] or since,
        "until": asked.as_shown()["to"] or until,
        "replaces": asked["replace"] == "yes",
        "seen": None,
        "wrong": {},
        "why": WHY,
    }
    if "from" not in visit.query:
        return Page("club/groups/make_lessons.html", values)
    try:
        since, until = filters.required_day("from"), filters.required_day("to")
        filters.raise_if_errors()
        with fields_called(_name_in_form):
            seen = visit.use_cases.make_lessons(
                visit.signed_in,
                group_id=roster.group.id,
                since=since,
                until=until,
                replace=filters.checked("replace"),
                preview=True,
            )
    except Invalid as invalid:
        wrong = faults_of(invalid, visit.language)
        return Page("club/groups/make_lessons.html", {**values, "wrong": wrong}, refusal=invalid)
    values |= {"seen": seen, "warnings": _warnings(visit, seen)}
    return Page("club/groups/make_lessons.html", values)


@room.page("POST", MAKE, form=make_lessons_form)
def make_lessons(visit: Visit, group_id: str) -> Answer:
    """Make the lessons of the schedule for a range of days."""
    fields = visit.fields
    since, until = fields.required_day("from"), fields.required_day("to")
    fields.raise_if_errors()
    of = id_in_path(group_id, GroupId)
    with fields_called(_name_in_form):
        made = visit.use_cases.make_lessons(
            visit.signed_in, group_id=of, since=since, until=until, replace=fields.checked("replace")
        )
    skipped = Counter(slot.why.value for slot in made.skipped)
    done = {"made": len(made.lessons), "removed": made.removed, **skipped}
    return Redirect(f"{group_path(of)}?{urlencode({'notice': 'made', **done})}")


def _name_in_form(name: str) -> str:
    return {"since": "from", "until": "to"}.get(name, name)


def _usual_range(roster: RosterDetails) -> tuple[dt.date, dt.date]:
    """From today on for three months, within the group's dates."""
    group = roster.group
    since = max(roster.today, group.active_from or roster.today)
    until = since + USUAL_RANGE if since < dt.date.max - USUAL_RANGE else dt.date.max
    return since, max(since, min(until, group.active_until or until))


def _warnings(visit: Visit, seen: MadeLessons) -> list[tuple[object, str, object]]:
    """The lessons whose teachers are elsewhere at that time, with whose name, and where."""
    lessons = {lesson.id: lesson for lesson in seen.lessons}
    names = names_of_teachers(visit, tuple(warning.user_id for warning in seen.warnings))
    return [
        (lessons[warning.lesson_id], names.get(warning.user_id, ""), warning.with_lesson_id)
        for warning in seen.warnings
    ]
