"""The log."""

import datetime as dt
from uuid import UUID

from litestar import Response

from attendance.adapters.http.events import OPERATOR, EventView, event_view
from attendance.adapters.http.server.answers import Paged, listing
from attendance.adapters.http.server.exports.tables import Format, InFormat
from attendance.adapters.http.server.fields.ids import sent_id
from attendance.adapters.http.server.fields.queries import AnyText, PageNumber
from attendance.adapters.http.server.operations.declaration import Room
from attendance.application.use_cases import UseCases
from attendance.domain.events import Action, SubjectKind
from attendance.domain.ids import OPERATOR_ID, AccountId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.table import Permission

room = Room("Events")


class EventsView(Paged, kw_only=True):
    events: list[EventView]


@room.operation("GET", "/events", Permission.READ_EVENTS)
def list_events(
    use_cases: UseCases,
    actor: Actor,
    subject: UUID | None = None,
    kind: SubjectKind | None = None,
    by: AnyText | None = None,
    action: Action | None = None,
    since: dt.date | None = None,
    until: dt.date | None = None,
    page: PageNumber | None = None,
    form: InFormat = Format.JSON,
) -> Response[EventsView]:
    """What happened, newest first; `actor` is an id or `operator`, `subject` an id.

    With the id of a client as `subject`: the events of their marks, contracts and passes, too. `kind`: about
    this kind of subject.
    """
    listed = use_cases.list_events(
        actor,
        subject=subject,
        kind=kind,
        by=None if by is None else OPERATOR_ID if by == OPERATOR else AccountId(sent_id(by)),
        action=action,
        since=since,
        until=until,
        page=page,
    )
    return listing(EventsView, listed, form, view=event_view)
