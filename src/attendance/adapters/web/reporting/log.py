"""The log: who did what to whom, and when."""

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import groupby
from uuid import UUID

from attendance.adapters.http.server.fields.ids import sent_id
from attendance.adapters.web.office import LOG, require_part
from attendance.adapters.web.reporting.event_texts import Told, teller
from attendance.adapters.web.reporting.event_words import KINDS
from attendance.adapters.web.server.declaration import Answer, Page, PageRoom, Visit
from attendance.adapters.web.server.forms import Typed
from attendance.adapters.web.server.languages import N_, words
from attendance.application.accounts.read_models import UserDetails
from attendance.application.club.clients import ClientDetails
from attendance.application.forms.listing import Listed
from attendance.application.pagination import LONGEST_PAGE, NumberedPage
from attendance.application.ports.events import LoggedEvent
from attendance.application.reporting.events import lesson_of
from attendance.domain.events import SubjectKind
from attendance.domain.ids import OPERATOR_ID, AccountId
from attendance.domain.text import search_key, trimmed

room = PageRoom()

FILTERS = ("from", "to", "kind", "who", "client", "subject")
OPERATOR = "operator"
NOBODY_FOUND = N_("Nobody of this name is found.")
SEVERAL_FOUND = N_("several are found: choose one below, or type more of the name")
MANY = NumberedPage(1, LONGEST_PAGE)
MOST_SHOWN = 20
"""Of those who may be meant; whoever means another one types more of the name."""


def refused_log(visit: Visit) -> Answer:
    """The filters as they were chosen, with those who may be meant, and nothing below them."""
    require_part(visit, LOG)
    people, clients = _people(visit), _clients(visit)
    return _page(
        visit,
        people=people[:MOST_SHOWN] if len(people) > 1 else (),
        clients=clients[:MOST_SHOWN] if len(clients) > 1 else (),
    )


@room.page("GET", LOG.path, form=refused_log)
def log(visit: Visit) -> Answer:
    """What happened, newest first, by day: all of it, or what the filters let through."""
    require_part(visit, LOG)
    filters = visit.filters
    since, until = filters.day("from"), filters.day("to")
    kind, page = filters.choice("kind", SubjectKind), filters.number("page") or 1
    people, clients = _people(visit), _clients(visit)
    for name, found in (("who", [person.id for person in people]), ("client", [it.id for it in clients])):
        if len(found) > 1:
            filters.refuse(name, SEVERAL_FOUND)
    filters.raise_if_errors()
    if (filters.text("who") and not people and not _is_operator(visit, "who")) or (
        filters.text("client") and not clients
    ):
        return _page(visit, is_nobody=True)
    subject: UUID | None = sent_id(filters.text("subject")) if filters.text("subject") else None
    by: AccountId | None = OPERATOR_ID if _is_operator(visit, "who") else None
    listed = visit.use_cases.list_events(
        visit.signed_in,
        subject=clients[0].id if clients else subject,
        kind=kind,
        by=people[0].id if people else by,
        since=since,
        until=until,
        page=page,
    )
    return _page(visit, listed)


def _is_operator(visit: Visit, name: str) -> bool:
    return name == "who" and trimmed(visit.query["who"]) == OPERATOR


def _people(visit: Visit) -> Sequence[UserDetails]:
    """Who may be meant by the filter for people; the one with exactly that username, if there is one."""
    who = trimmed(visit.query["who"])
    if not who or _is_operator(visit, "who"):
        return ()
    found = [*visit.use_cases.list_users(visit.signed_in, name=who, page=MANY)]
    return [user for user in found if search_key(user.username) == search_key(who)] or found


def _clients(visit: Visit) -> Sequence[ClientDetails]:
    """Who may be meant by the filter for clients; those of exactly that name, if there are any."""
    client = trimmed(visit.query["client"])
    if not client:
        return ()
    found = [*visit.use_cases.list_clients(visit.signed_in, q=client, page=MANY)]
    return [each for each in found if search_key(each.name) == search_key(client)] or found


def _page(
    visit: Visit,
    listed: Listed[LoggedEvent] | None = None,
    *,
    people: Sequence[UserDetails] = (),
    clients: Sequence[ClientDetails] = (),
    is_nobody: bool = False,
) -> Answer:
    """The log, a heading for each day in the club's zone."""
    zone, gettext = visit.service.settings.zone, words(visit.language).gettext
    told_by = teller(visit.language, zone)

    def day_of(told: Told) -> date:
        return told.at.astimezone(zone).date()

    ids = {lesson_id for each in listed or () if (lesson_id := lesson_of(each.event))}
    lessons = visit.use_cases.lessons_of_events(visit.signed_in, lesson_ids=ids)
    shown = [told_by.told(logged, lessons) for logged in listed or ()]
    query = Typed({name: visit.query.as_shown()[name] for name in FILTERS if visit.query[name]})
    subject = _name_of(query["subject"], listed or ())
    values = {
        "listed": listed,
        "days": [(day, [*told]) for day, told in groupby(shown, day_of)],
        "query": query,
        "asked": visit.query.as_shown(),
        "kinds": {kind.value: gettext(text) for kind, text in KINDS.items()},
        "people": people,
        "clients": clients,
        "subject": subject,
        "notice": NOBODY_FOUND if is_nobody else "",
    }
    return Page("office/log.html", values)


def _name_of(subject: str, listed: Iterable[LoggedEvent]) -> str | None:
    """What the one thing is called that was asked for; None where nothing was, or nothing happened to it."""
    if not subject:
        return None
    return next((it.subject_name for it in listed if str(it.event.subject_id) == subject), None)
