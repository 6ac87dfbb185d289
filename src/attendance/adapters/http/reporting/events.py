"""The log."""

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response
from msgspec import UNSET, UnsetType

from attendance.adapters.http.events import OPERATOR, EventView, event_view
from attendance.adapters.http.server.answers import Paged, listing
from attendance.adapters.http.server.exports.tables import Format, InFormat, exported
from attendance.adapters.http.server.fields.ids import sent_id
from attendance.adapters.http.server.fields.queries import LARGEST_WHOLE_NUMBER, AnyText, PageNumber
from attendance.adapters.http.server.operations.declaration import Room
from attendance.adapters.http.server.wire import JSON
from attendance.application.pagination import LARGEST_PAGE
from attendance.application.use_cases import UseCases
from attendance.domain.errors import error_if, raise_if_errors
from attendance.domain.events import Action, SubjectKind
from attendance.domain.ids import OPERATOR_ID, AccountId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.table import Permission

FROM_WHERE = "Oldest first, from just after this position; from the beginning with 0"

room = Room("Events")


class EventsView(Paged, kw_only=True):
    """`position`, with `after` instead of `total`: after which to read on."""

    events: list[EventView]
    total: int | UnsetType = UNSET  # type: ignore[assignment]
    position: int | UnsetType = UNSET


Position = Annotated[int, msgspec.Meta(ge=0, le=LARGEST_WHOLE_NUMBER, description=FROM_WHERE)]
Limit = Annotated[int, msgspec.Meta(ge=1, le=LARGEST_PAGE, description="With `after`: how many at most")]


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
    after: Position | None = None,
    limit: Limit | None = None,
    form: InFormat = Format.JSON,
) -> Response[EventsView]:
    """What happened, newest first; `actor` is an id or `operator`, `subject` an id.

    With the id of a client as `subject`: the events of their marks, contracts and passes, too. `kind`: about
    this kind of subject.

    With `after`: oldest first, for programs that follow the log. Ask again after the `position` that is
    answered, and every event is got once; as long as there is none, it is the same.
    """
    filters: dict[str, Any] = {
        "subject": subject,
        "kind": kind,
        "by": None if by is None else OPERATOR_ID if by == OPERATOR else AccountId(sent_id(by)),
        "action": action,
        "since": since,
        "until": until,
    }
    if after is None:
        raise_if_errors(error_if(limit is not None, "limit", "is for `after` alone"))
        listed = use_cases.list_events(actor, **filters, page=page)
        return listing(EventsView, listed, form, view=event_view)
    raise_if_errors(error_if(page is not None, "page", "is not for `after`"))
    stretch = use_cases.follow_events(actor, after=after, limit=limit or LARGEST_PAGE, **filters)
    views = [*map(event_view, stretch.events)]
    if form is not Format.JSON:
        return exported("events", EventView, views, form)
    return Response(EventsView(events=views, position=stretch.position), media_type=JSON)
