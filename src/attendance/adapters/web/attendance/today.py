"""The lessons of a day, and those of the last days that nobody has taken."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import cast

from attendance.adapters.web.accounts.role_names import called
from attendance.adapters.web.server.declaration import Answer, Page, PageRoom, Visit
from attendance.adapters.web.server.navigation import TODAY
from attendance.application.club.timetables.listing import LessonInContextDetails
from attendance.application.pagination import LONGEST_PAGE, NumberedPage
from attendance.domain.club.lessons import LessonState
from attendance.domain.dates import ONE_DAY
from attendance.domain.ids import AccountId, LocationId
from attendance.domain.permissions.roles import Role
from attendance.domain.permissions.table import Permission

room = PageRoom()

LAST_DAYS = timedelta(days=7)
"""How far back lessons that nobody has taken are looked for."""
ONES_OWN = "me"
"""As a teacher: oneself."""
MOST_CHOICES = NumberedPage(1, LONGEST_PAGE)


@room.page("GET", TODAY, has_scripts=True)
def today(visit: Visit) -> Answer:
    """The lessons of a day: one's own, or for managers those of everybody, of one teacher, at one place."""
    filters = visit.filters
    today, day, number = visit.today, filters.day("day") or visit.today, filters.number("page")
    sees_all = Permission.LIST_USERS in visit.permissions
    chosen = visit.query["teacher"] if sees_all else ONES_OWN
    teacher_id = visit.signed_in.id if chosen == ONES_OWN else filters.id("teacher", AccountId)
    location_id = filters.id("place", LocationId) if sees_all else None
    filters.raise_if_errors()
    list_lessons, actor = visit.use_cases.list_all_lessons, visit.signed_in
    of_day = list_lessons(
        actor,
        since=day,
        until=day,
        teacher_id=teacher_id,
        location_id=location_id,
        page=NumberedPage(number or 1, LONGEST_PAGE),
    )
    untaken = list_lessons(
        actor,
        since=today - LAST_DAYS,
        until=today - ONE_DAY,
        teacher_id=teacher_id,
        location_id=location_id,
        untaken=True,
        sort="-date",
        page=MOST_CHOICES,
    )
    query = {name: visit.query[name] for name in ("teacher", "place") if sees_all and visit.query[name]}
    values = {
        "day": day,
        "today": today,
        "zone_here": str(visit.service.settings.zone),
        "before": day - ONE_DAY if day > date.min else None,
        "after": day + ONE_DAY if day < date.max else None,
        "lessons": [(lesson, state_of(lesson)) for lesson in of_day],
        "untaken": [*untaken] if day == today else [],
        "more_untaken": untaken.total - len(untaken),
        "number": number or 1,
        "pages": of_day.pages,
        "query": query,
        "sees_all": sees_all,
        **(_choices(visit, teacher_id) if sees_all else {}),
    }
    return Page("attendance/today.html", values)


def state_of(lesson: LessonInContextDetails) -> str:
    """How far it is with a lesson: cancelled, untaken, coming, and once marks are made partly or done."""
    if lesson.untaken:
        return "untaken"
    match lesson.state:
        case LessonState.CANCELLED:
            return "cancelled"
        case LessonState.PLANNED:
            return "coming"
        case LessonState.HELD:
            return "partly" if lesson.unmarked else "done"


def _choices(visit: Visit, teacher_id: AccountId | None) -> Mapping[str, Mapping[str, str]]:
    """Whose lessons may be asked for, and where. Raises UserNotFound where nobody has the id asked for."""
    use_cases, actor = visit.use_cases, visit.signed_in
    teachers = [*use_cases.list_users(actor, role=Role.EMPLOYEE, active=True, sort="name", page=MOST_CHOICES)]
    if teacher_id not in {None, actor.id, *(each.id for each in teachers)}:
        teachers.append(use_cases.show_user(actor, user_id=cast(AccountId, teacher_id)))
    places = use_cases.list_locations(actor, active=True, page=MOST_CHOICES)
    return {
        "teachers": {
            str(each.id): called(each.name or each.username, active=each.active, language=visit.language)
            for each in teachers
        },
        "places": {str(each.id): each.name for each in places},
    }
