"""What happened to a client, and to one of their marks, in words."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from attendance.adapters.web.club.clients.paths import CLIENTS, client_in_path
from attendance.adapters.web.server.declaration import Answer, Page, PageRoom, Visit
from attendance.adapters.web.server.ids import id_in_path
from attendance.adapters.web.server.languages import N_
from attendance.application.ports.events import LoggedEvent
from attendance.domain.attendance.marks import mark_id
from attendance.domain.events import Action, Facts
from attendance.domain.ids import AccountId, LessonId

room = PageRoom()

FIELDS = {
    "name": N_("Name"),
    "guardian_name": N_("Guardian"),
    "birthday": N_("Birthday"),
    "phone": N_("Phone"),
    "email": N_("Email"),
    "address": N_("Address"),
    "user_ids": N_("Who sees this client"),
    "number": N_("Number"),
    "signed_on": N_("Signed on"),
    "cancelled_on": N_("Cancelled on"),
    "starts_on": N_("Starts on"),
    "ends_on": N_("Ends on"),
    "freezes": N_("Frozen on"),
    "contract_id": N_("Contract"),
    "status": N_("Status"),
    "minutes_late": N_("Minutes late"),
    "note": N_("Note"),
    "trial": N_("Trial"),
}
"""The fields that are told of, in this order."""
DAYS = frozenset({"birthday", "signed_on", "cancelled_on", "starts_on", "ends_on"})


@dataclass(frozen=True, slots=True)
class Changed:
    """A field that was changed: its name as it is shown, and what it was and is; None: nothing."""

    field: str
    label: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Something that happened: when, by whom (None: by itself), and what is known of it.

    `kind` names the sentence that says it: the action, or of an edited client what it was about. `charge`: of
    a mark, what pays for it since that moment.
    """

    at: datetime
    by: str | None
    kind: str
    before: Facts
    after: Facts
    changes: tuple[Changed, ...]
    subject_id: UUID
    name: str | None
    charge: Facts | None = None


@room.page("GET", f"{CLIENTS}/{{client_id:str}}/history")
def client_history(visit: Visit, client_id: str) -> Answer:
    """All that happened to a client, newest first: to the client, the passes, contracts and marks."""
    use_cases, actor, filters = visit.use_cases, visit.signed_in, visit.filters
    client, number = client_in_path(visit, client_id), filters.number("page")
    filters.raise_if_errors()
    events = use_cases.list_events(actor, subject=client.id, page=1 if number is None else number)
    told = [*told_of(events)]
    visits = use_cases.visits_of_client(actor, client_id=client.id).attendances if _has_marks(told) else ()
    values = {
        "client": client,
        "told": told,
        "total": events.total,
        "number": events.page,
        "pages": events.pages,
        "lessons": {mark_id(each.lesson_id, client.id): each for each in visits},
        "pass_names": _pass_names(visit, client.id),
        "account_names": _account_names(visit, told),
    }
    return Page("club/clients/history.html", values)


@room.page("GET", f"{CLIENTS}/{{client_id:str}}/visits/{{lesson_id:str}}")
def mark_history(visit: Visit, client_id: str, lesson_id: str) -> Answer:
    """What was said of a client in one lesson, oldest first, for whoever sees its sheet."""
    use_cases, actor = visit.use_cases, visit.signed_in
    client, lesson = client_in_path(visit, client_id), id_in_path(lesson_id, LessonId)
    events = use_cases.attendance_history(actor, lesson_id=lesson, client_id=client.id)
    values = {
        "client": client,
        "told": [*told_of(events)],
        "sheet": use_cases.show_sheet(actor, lesson_id=lesson),
        "lessons": {},
        "pass_names": _pass_names(visit, client.id),
        "account_names": {},
    }
    return Page("club/mark_history.html", values)


def told_of(events: Iterable[LoggedEvent]) -> Iterator[Told]:
    """What events about a client say, in their order; a mark and what it is paid by are told in one."""
    for _, together in groupby(map(_told, events), key=lambda told: (told.subject_id, told.at)):
        found = [*together]
        kinds = {told.kind: told for told in found}
        marked, charged = kinds.get(Action.ATTENDANCE_MARKED), kinds.get(Action.ATTENDANCE_CHARGED)
        if marked and charged and len(found) == len(kinds):
            yield replace(marked, charge=charged.after)
        else:
            yield from found


def _told(logged: LoggedEvent) -> Told:
    event = logged.event
    before, after = event.before or {}, event.after or {}
    return Told(
        at=event.at,
        by=logged.actor_username,
        kind=_kind(event.action, before, after),
        before=before,
        after=after,
        changes=tuple(_changes(event.action, before, after)),
        subject_id=event.subject_id,
        name=logged.subject_name,
    )


def _kind(action: Action, before: Facts, after: Facts) -> str:
    if action is Action.CLIENT_EDITED:
        if "active" in after:
            return "client.restored" if after["active"] else "client.archived"
        if {*after} == {"user_ids"}:
            return "client.access_changed"
        if not after:
            # what notes say is in no event
            return "client.notes_edited"
    return action.value


def _changes(action: Action, before: Facts, after: Facts) -> Iterator[Changed]:
    """The fields that differ, and of what is new those that say something."""
    if action in (Action.SUBSCRIPTION_SOLD, Action.ATTENDANCE_CHARGED, Action.ATTENDANCE_CLEARED):
        return
    is_new = not before
    for field, label in FIELDS.items():
        was, is_now = (_read(field, facts.get(field)) for facts in (before, after))
        if was != is_now and not (is_new and field in ("status", "number")):
            yield Changed(field, label, was, is_now)


def _read(field: str, value: Any) -> Any:
    """A value as it is shown: a day as a day, None for what is empty."""
    if value and field in DAYS:
        return date.fromisoformat(value)
    if isinstance(value, list):
        return [_period(each) for each in value] or None
    return value or None


def _period(value: Any) -> Any:
    """The two days of a freeze."""
    if isinstance(value, Mapping) and {"since", "until"} <= value.keys():
        return date.fromisoformat(value["since"]), date.fromisoformat(value["until"])
    return value


def _has_marks(told: Iterable[Told]) -> bool:
    return any(each.kind.startswith("attendance.") for each in told)


def _account_names(visit: Visit, told: Iterable[Told]) -> dict[str, str]:
    """What each account that is told of is called, by its id as events have it."""
    ids = {each for it in told for facts in (it.before, it.after) for each in facts.get("user_ids", ())}
    if not ids:
        return {}
    accounts = visit.use_cases.list_users(visit.signed_in, user_ids=[AccountId(UUID(it)) for it in ids])
    return {str(each.id): each.name or each.username for each in accounts}


def _pass_names(visit: Visit, client_id: Any) -> dict[str, str]:
    """What each pass of a client is called, by its id as events have it."""
    passes = visit.use_cases.subscriptions_of_client(visit.signed_in, client_id=client_id)
    return {str(each.id): each.price_name for each in passes}
