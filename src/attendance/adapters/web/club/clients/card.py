"""The card of a client: all that is known of them, as far as whoever asks may see it."""

from collections.abc import Collection
from datetime import date

from attendance.adapters.web.club.clients.accounts import accounts_of
from attendance.adapters.web.club.clients.ages import age_on, days_to_birthday
from attendance.adapters.web.club.clients.paths import CLIENTS, client_in_path, dialled
from attendance.adapters.web.club.clients.years import months_of
from attendance.adapters.web.club.passes import passes_shown
from attendance.adapters.web.server.declaration import Answer, Page, PageRoom, Redirect, Visit
from attendance.adapters.web.server.languages import N_
from attendance.adapters.web.server.navigation import CHILDREN
from attendance.application.club.timetables.of_client import GroupOfClientDetails
from attendance.domain.permissions.table import Permission

room = PageRoom()

LESSONS_AHEAD = 6
"""How many of the lessons to come are shown."""


@room.page("GET", f"{CLIENTS}/{{client_id:str}}")
def client_card(visit: Visit, client_id: str) -> Answer:
    """The card; parents go on to the page of their child."""
    client = client_in_path(visit, client_id)
    if Permission.LIST_CLIENTS not in visit.permissions:
        return Redirect(f"{CHILDREN}/{client.id}")
    use_cases, actor, today = visit.use_cases, visit.signed_in, visit.today
    year = _year(visit, today)
    since, until = date(year, 1, 1), date(year, 12, 31)
    visits = use_cases.visits_of_client(actor, client_id=client.id, since=since, until=until)
    marks = tuple(visits.attendances)
    shown = passes_shown(visit, client.id)
    passes = shown["passes"]
    memberships = tuple(use_cases.groups_of_client(actor, client_id=client.id, ended=True))
    names = {each.group_id: each.name for each in memberships}
    if any(mark.group_id not in names for mark in marks):
        # visits as a guest of other groups
        names |= {group.id: group.name for group in use_cases.list_groups(actor)}
    lessons = use_cases.lessons_of_client(actor, client_id=client.id)
    own_marks = use_cases.list_marks(actor, client_id=client.id, since=since, until=until)
    unpaid = use_cases.list_marks(actor, client_id=client.id, unpaid=True, sort="-date")
    values = {
        "client": client,
        "notice": visit.query["notice"],
        "sold": next((each for each in passes if str(each.id) == visit.query["sold"]), None),
        "age": age_on(today, client.birthday),
        "birthday_in_days": days_to_birthday(today, client.birthday),
        "phone": dialled(client.phone),
        "since": _since(client.created_at.astimezone(visit.service.settings.zone).date(), memberships),
        **shown,
        "pass_names": {each.id: each.price_name for each in passes},
        "memberships": [each for each in memberships if _is_current(each, today)],
        "former_memberships": [each for each in memberships if not _is_current(each, today)],
        "group_names": names,
        "lessons": [lesson for lesson in lessons if not lesson.is_over][:LESSONS_AHEAD],
        "contracts": tuple(use_cases.contracts_of_client(actor, client_id=client.id)),
        "accounts": accounts_of(visit, client),
        "year": year,
        "months": months_of(year, marks),
        "marks": marks[::-1],
        "summary": visits.summary,
        "with_history": {mark.lesson_id for mark in own_marks},
        "unpaid": tuple(unpaid),
    }
    return Page("club/clients/card.html", values)


def _year(visit: Visit, today: date) -> int:
    """The year that is asked for, or this one. Raises Invalid for one that no calendar has."""
    filters = visit.filters
    year = filters.number("year")
    if year is not None and not date.min.year <= year <= date.max.year:
        filters.refuse("year", N_("must be a year"))
    filters.raise_if_errors()
    return today.year if year is None else year


def _since(added_on: date, memberships: Collection[GroupOfClientDetails]) -> date:
    """Since when somebody is a client: the first day in a group, or the day they were added."""
    return min([added_on, *(each.since for each in memberships)])


def _is_current(membership: GroupOfClientDetails, today: date) -> bool:
    return membership.until is None or membership.until >= today
