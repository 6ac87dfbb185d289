"""The log."""

import datetime as dt
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response

from attendance.adapters.http.server.answers import Paged, listing
from attendance.adapters.http.server.exports.tables import Format, InFormat
from attendance.adapters.http.server.fields.ids import sent_id
from attendance.adapters.http.server.fields.queries import AnyText, PageNumber
from attendance.adapters.http.server.operations.declaration import Room
from attendance.application.ports.events import LoggedEvent
from attendance.application.use_cases import UseCases
from attendance.domain.events import Action
from attendance.domain.ids import OPERATOR_ID, AccountId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.table import Permission

OPERATOR = "operator"

room = Room("Events")


class EventActorView(msgspec.Struct):
    """Who did it, by the present username; without an id the operator, or `system`: it happened by itself."""

    id: UUID | None
    name: str


class SubjectView(msgspec.Struct):
    kind: str
    id: UUID


class EventView(msgspec.Struct, kw_only=True):
    """One change of state; `before` is null for what is new, `after` for what is gone."""

    id: UUID
    at: dt.datetime
    actor: EventActorView
    action: Action
    subject: SubjectView
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class EventsView(Paged, kw_only=True):
    events: list[EventView]


def event_view(logged: LoggedEvent) -> EventView:
    event = logged.event
    return EventView(
        id=event.id,
        at=event.at,
        actor=_actor(event.actor_id, logged.actor_username),
        action=event.action,
        subject=SubjectView(event.subject_kind, event.subject_id),
        before=None if event.before is None else {**event.before},
        after=None if event.after is None else {**event.after},
    )


def _actor(actor_id: AccountId | None, username: str | None) -> EventActorView:
    if actor_id is None or actor_id == OPERATOR_ID:
        return EventActorView(None, "system" if actor_id is None else OPERATOR)
    return EventActorView(actor_id, username or "")


@room.operation("GET", "/events", Permission.READ_EVENTS)
def list_events(
    use_cases: UseCases,
    actor: Actor,
    subject: UUID | None = None,
    by: AnyText | None = None,
    action: Action | None = None,
    since: dt.date | None = None,
    until: dt.date | None = None,
    page: PageNumber | None = None,
    form: InFormat = Format.JSON,
) -> Response[EventsView]:
    """What happened, newest first; `actor` is an id or `operator`, `subject` an id."""
    listed = use_cases.list_events(
        actor,
        subject=subject,
        by=None if by is None else OPERATOR_ID if by == OPERATOR else AccountId(sent_id(by)),
        action=action,
        since=since,
        until=until,
        page=page,
    )
    return listing(EventsView, listed, form, view=event_view)
