"""The log."""

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter

from attendance.adapters.http.server.authentication import FromCaller, permitted
from attendance.adapters.http.server.errors import refusals
from attendance.adapters.http.server.exports import Format, InFormat
from attendance.adapters.http.server.ids import sent_id
from attendance.adapters.http.server.lists import Paged, PageNumber, listing
from attendance.adapters.http.server.paths import API
from attendance.adapters.http.server.queries import DATE, ID, one_of
from attendance.application.ports.events import LoggedEvent
from attendance.application.use_cases import UseCases
from attendance.domain.events import Action
from attendance.domain.ids import OPERATOR_ID, AccountId
from attendance.domain.permissions.table import Permission

OPERATOR = "operator"


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


def event_handlers(use_cases: UseCases) -> list[HTTPRouteHandler]:
    @get(
        f"{API}/events",
        sync_to_thread=True,
        responses=refusals(401, 403),
        tags=["Events"],
        **permitted(Permission.READ_EVENTS),
    )
    def list_events(
        caller: FromCaller,
        subject: Annotated[str | None, QueryParameter(schema_extra=ID)] = None,
        actor: Annotated[str | None, QueryParameter(schema_extra=ID)] = None,
        action: Annotated[Action | None, QueryParameter(schema_extra=one_of(Action))] = None,
        since: Annotated[dt.date | None, QueryParameter(name="from", schema_extra=DATE)] = None,
        until: Annotated[dt.date | None, QueryParameter(name="to", schema_extra=DATE)] = None,
        page: PageNumber = None,
        form: InFormat = Format.JSON,
    ) -> Response[EventsView]:
        """What happened, newest first; `actor` is an id or `operator`, `subject` an id."""
        listed = use_cases.list_events(
            caller.actor(),
            subject=None if subject is None else sent_id(subject),
            by=None if actor is None else OPERATOR_ID if actor == OPERATOR else AccountId(sent_id(actor)),
            action=action,
            since=since,
            until=until,
            page=page,
        )
        return listing(EventsView, listed, event_view, form)

    return [list_events]
