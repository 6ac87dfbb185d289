"""A parent's children: what is left of their passes, where they go next, absences, and where they were."""

import calendar
import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from attendance.adapters.web.accounts.calendar_link import is_sent_again
from attendance.adapters.web.server.declaration import Answer, Page, PageRoom, Redirect, Visit
from attendance.adapters.web.server.ids import id_in_path
from attendance.adapters.web.server.navigation import CHILDREN
from attendance.application.attendance.read_models import VisitDetails
from attendance.application.club.clients import ClientDetails
from attendance.application.club.subscriptions import SubscriptionDetails
from attendance.application.club.timetables.of_client import LessonOfClientDetails
from attendance.domain.club.clients import ClientNotFound
from attendance.domain.club.lessons import LessonState
from attendance.domain.club.renewals import CURRENT
from attendance.domain.club.subscriptions import SubscriptionState
from attendance.domain.ids import ClientId, LessonId

room = PageRoom()

CHILD = f"{CHILDREN}/{{client_id:str}}"
ABSENCE = f"{CHILD}/absences/{{lesson_id:str}}"
CALENDAR = f"{CHILD}/calendar"
MOST_LESSONS = 8
"""Shown of those of the next 30 days, unless all are asked for."""
YEARS = range(1900, 2200)
YEAR = dt.timedelta(days=365)


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarEntry:
    """A lesson in the calendar of a child; `group_name` None: as a guest.

    `kind` is the status, or else `cancelled`, `unmarked` or `planned`.
    """

    starts: dt.time
    group_name: str | None
    kind: str
    minutes_late: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A day of the calendar; `is_of_month` False: it fills a week."""

    date: dt.date
    is_of_month: bool
    entries: tuple[CalendarEntry, ...]


@room.page("GET", CHILDREN)
def children(visit: Visit) -> Answer:
    """One's children: the only one at once, of several those to choose from."""
    own = visit.use_cases.own_clients(visit.signed_in)
    if len(own) == 1:
        return _child(visit, own[0], own)
    return Page(
        "attendance/children/children.html",
        {"children": [_at_a_glance(visit, each) for each in own], "user": visit.user},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """A child among others: its passes as its page has them, and the next lesson that takes place."""

    child: ClientDetails
    passes: list[SubscriptionDetails]
    next_lesson: LessonOfClientDetails | None


def _at_a_glance(visit: Visit, of: ClientDetails) -> Glance:
    use_cases, actor = visit.use_cases, visit.signed_in
    lessons = use_cases.lessons_of_client(actor, client_id=of.id)
    return Glance(
        child=of,
        passes=_of_interest([*use_cases.subscriptions_of_client(actor, client_id=of.id)]),
        next_lesson=next(
            (each for each in lessons if not each.has_begun and each.state is not LessonState.CANCELLED), None
        ),
    )


@room.page("GET", CHILD)
def child(visit: Visit, client_id: str, lesson_id: str = "") -> Answer:
    """A child of one's own. `lesson_id`: the lesson whose absence was refused."""
    own = visit.use_cases.own_clients(visit.signed_in)
    return _child(visit, _own(own, client_id), own, lesson_id)


@room.page("POST", ABSENCE, form=child)
def report_absence(visit: Visit, client_id: str, lesson_id: str) -> Answer:
    """Excuse one's child from a lesson."""
    own = _own(visit.use_cases.own_clients(visit.signed_in), client_id)
    visit.use_cases.announce_absence(
        visit.signed_in,
        client_id=own.id,
        lesson_id=id_in_path(lesson_id, LessonId),
        note=visit.form["note"],
    )
    return Redirect(f"{CHILDREN}/{own.id}?notice=reported")


@room.page("POST", f"{ABSENCE}/take-back", form=child)
def take_back_absence(visit: Visit, client_id: str, lesson_id: str) -> Answer:
    """Let one's child come after all."""
    own = _own(visit.use_cases.own_clients(visit.signed_in), client_id)
    visit.use_cases.take_back_absence(
        visit.signed_in, client_id=own.id, lesson_id=id_in_path(lesson_id, LessonId)
    )
    return Redirect(f"{CHILDREN}/{own.id}?notice=taken-back")


@room.page("GET", CALENDAR)
def calendar_link(visit: Visit, client_id: str) -> Answer:
    """What the link of a child's calendar is, and a button that makes one."""
    own = _own(visit.use_cases.own_clients(visit.signed_in), client_id)
    values = {
        "child": own,
        "notice": visit.query["notice"],
        "address": None,
        "made_at": visit.use_cases.make_calendar_token.made_at(visit.signed_in, user_id=visit.signed_in.id),
    }
    return Page("attendance/children/calendar.html", values)


@room.page("POST", CALENDAR, form=calendar_link, has_scripts=True, holds_secrets=True)
def make_calendar_link(visit: Visit, client_id: str) -> Answer:
    """Make the link of one's calendars, and show this once its address for each of one's children.

    A form that is sent again makes none: reloading the page ends no link.
    """
    children = [*visit.use_cases.own_clients(visit.signed_in)]
    own = _own(children, client_id)
    if is_sent_again(visit):
        return Redirect(f"{CHILDREN}/{own.id}/calendar?notice=made")
    made = visit.use_cases.make_calendar_token(visit.signed_in, user_id=visit.signed_in.id)
    addresses = {
        each.id: visit.service.settings.calendar_url("clients", each.id, made.token) for each in children
    }
    values = {
        "child": own,
        "notice": "",
        "address": addresses[own.id],
        "others": [(each.name, addresses[each.id]) for each in children if each.id != own.id],
    }
    return Page("attendance/children/calendar.html", values)


@room.page("POST", f"{CALENDAR}/end", form=calendar_link)
def end_calendar_links(visit: Visit, client_id: str) -> Answer:
    """End the links of all of one's calendars."""
    own = _own(visit.use_cases.own_clients(visit.signed_in), client_id)
    visit.use_cases.revoke_calendar_token(visit.signed_in, user_id=visit.signed_in.id)
    return Redirect(f"{CHILDREN}/{own.id}/calendar?notice=ended")


def _own(own: Iterable[ClientDetails], client_id: str) -> ClientDetails:
    """The one of one's children that a path names. Raises ClientNotFound, for another's child as for none."""
    named = id_in_path(client_id, ClientId)
    found = next((each for each in own if each.id == named), None)
    if found is None:
        raise ClientNotFound
    return found


def _child(visit: Visit, shown: ClientDetails, own: Iterable[ClientDetails], refused_id: str = "") -> Page:
    use_cases, actor, today = visit.use_cases, visit.signed_in, visit.today
    filters = visit.filters
    first = (filters.day("month") or today).replace(day=1)
    if first.year not in YEARS:
        filters.refuse("month", "must be a date")
    filters.raise_if_errors()
    last = first.replace(day=calendar.monthrange(first.year, first.month)[1])
    passes = [*use_cases.subscriptions_of_client(actor, client_id=shown.id)]
    to_come = use_cases.lessons_of_client(actor, client_id=shown.id)
    upcoming = [each for each in to_come if not each.is_over]
    lessons = use_cases.lessons_of_client(actor, client_id=shown.id, since=first, until=last)
    month = use_cases.visits_of_client(actor, client_id=shown.id, since=first, until=last)
    year = use_cases.visits_of_client(actor, client_id=shown.id, since=today - YEAR, until=today, page=1)
    # one that was refused keeps its form
    is_behind = refused_id in {str(each.id) for each in upcoming[MOST_LESSONS:]}
    shows_all = is_behind or visit.query["lessons"] == "all"
    values = {
        "child": shown,
        "children": [*own],
        "notice": visit.query["notice"],
        "passes": _of_interest(passes),
        "unpaid": len(use_cases.unpaid_visits_of_client(actor, client_id=shown.id)),
        "lessons": upcoming if shows_all else upcoming[:MOST_LESSONS],
        "more": 0 if shows_all else len(upcoming[MOST_LESSONS:]),
        "refused_id": refused_id,
        "month": first,
        "before": first - dt.timedelta(days=1),
        "after": last + dt.timedelta(days=1) if last < today else None,
        "weeks": [*_weeks(first, [*_entries(lessons, month.attendances, today)])],
        "counts": month.summary.counts,
        "year_counts": year.summary.counts,
        "today": today,
    }
    return Page("attendance/children/child.html", values)


def _of_interest(passes: list[SubscriptionDetails]) -> list[SubscriptionDetails]:
    """The passes that are not over, by when they begin; without one the last that was."""
    current = sorted((each for each in passes if each.state in CURRENT), key=lambda each: each.starts_on)
    return current or [each for each in passes if each.state is not SubscriptionState.CANCELLED][-1:]


def _entries(
    lessons: Iterable[LessonOfClientDetails], visits: Iterable[VisitDetails], today: dt.date
) -> Iterator[tuple[dt.date, CalendarEntry]]:
    """What there is in a month, with its day: lessons of the child's groups, and visits as a guest."""
    marks = {each.lesson_id: each for each in visits}
    for lesson in lessons:
        mark = marks.pop(LessonId(lesson.id), None)
        yield (
            lesson.date,
            CalendarEntry(
                starts=lesson.starts,
                group_name=lesson.group_name,
                kind=_kind(lesson, today),
                minutes_late=mark.minutes_late if mark else None,
            ),
        )
    for mark in marks.values():
        yield (
            mark.date,
            CalendarEntry(
                starts=mark.starts, group_name=None, kind=mark.status, minutes_late=mark.minutes_late
            ),
        )


def _kind(lesson: LessonOfClientDetails, today: dt.date) -> str:
    if lesson.state is LessonState.CANCELLED:
        return "cancelled"
    return lesson.status or ("unmarked" if lesson.date < today else "planned")


def _weeks(first: dt.date, entries: list[tuple[dt.date, CalendarEntry]]) -> Iterator[list[Day]]:
    """The weeks of a month from Monday on, each day with its lessons by their start."""
    of_days: dict[dt.date, list[CalendarEntry]] = {}
    for date, entry in entries:
        of_days.setdefault(date, []).append(entry)
    for week in calendar.Calendar().monthdatescalendar(first.year, first.month):
        yield [
            Day(
                date=date,
                is_of_month=date.month == first.month,
                entries=tuple(sorted(of_days.get(date, ()), key=lambda entry: entry.starts)),
            )
            for date in week
        ]
