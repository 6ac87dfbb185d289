"""Calendars to subscribe to, and the tokens that are part of their addresses."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response

from attendance.adapters.http.accounts.users import USER
from attendance.adapters.http.club.clients import CLIENT
from attendance.adapters.http.club.groups import GROUP
from attendance.adapters.http.server.answers import content_tag
from attendance.adapters.http.server.fields.characters import ANY_TEXT
from attendance.adapters.http.server.fields.ids import UserOrMe
from attendance.adapters.http.server.operations.declaration import Room, Runs, Service, by_calendar_token
from attendance.application.use_cases import UseCases
from attendance.domain.ids import ClientId, GroupId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.table import Permission
from attendance.domain.reporting.calendars import Calendar

ICALENDAR = "text/calendar"
TOKEN = f"{USER}/calendar_token"

CalendarToken = Annotated[
    str,
    msgspec.Meta(
        description="A calendar token, in place of `Authorization`: for programs that know an address alone",
        extra_json_schema={"extra": ANY_TEXT},
    ),
]

room = Room("Calendars")


class CalendarUrlsView(msgspec.Struct):
    """Addresses to subscribe to, by id: `groups` that the user teaches today, `clients` of the user's own."""

    user: str
    groups: dict[str, str]
    clients: dict[str, str]


class CalendarTokenView(msgspec.Struct):
    """A token that reads calendars, told this once, and addresses that hold it."""

    token: str
    urls: CalendarUrlsView


def _calendar(calendar: Calendar) -> Response[bytes]:
    # 4 MiB that most workers have no need of
    from attendance.adapters.calendars import render

    content = render(calendar)
    return Response(content, media_type=ICALENDAR, headers={"ETag": content_tag(content)})


@room.operation("POST", TOKEN, Permission.MAKE_CALENDAR_TOKEN, keeps_answer=False)
def make_calendar_token(
    use_cases: UseCases, service: Service, actor: Actor, user_id: UserOrMe
) -> CalendarTokenView:
    """Make a token that reads one's calendars and nothing else; the one before ends."""
    made = use_cases.make_calendar_token(actor, user_id=user_id)

    def url(kind: str, of_id: UUID) -> str:
        return service.settings.calendar_url(kind, of_id, made.token)

    groups = {str(group_id): url("groups", group_id) for group_id in made.group_ids}
    clients = {str(client_id): url("clients", client_id) for client_id in made.client_ids}
    return CalendarTokenView(made.token, CalendarUrlsView(url("users", made.user_id), groups, clients))


@room.operation("DELETE", TOKEN, Permission.REVOKE_CALENDAR_TOKEN)
def revoke_calendar_token(use_cases: UseCases, actor: Actor, user_id: UserOrMe) -> None:
    """End one's calendar token, if there is one."""
    use_cases.revoke_calendar_token(actor, user_id=user_id)


@room.operation(
    "GET",
    f"{USER}/calendar.ics",
    by_calendar_token(Permission.READ_USER_CALENDAR),
    runs=Runs.AS_EXPORT,
    media_type=ICALENDAR,
)
def user_calendar(
    use_cases: UseCases,
    actor: Actor,
    user_id: UserOrMe,
    token: CalendarToken | None = None,  # noqa: ARG001 # it has told who the actor is
) -> Response[bytes]:
    """The lessons that name one as their teacher, from 90 days ago to 366 days ahead, as iCalendar."""
    return _calendar(use_cases.show_user_calendar(actor, user_id=user_id))


@room.operation(
    "GET",
    f"{GROUP}/calendar.ics",
    by_calendar_token(Permission.READ_GROUP_CALENDAR),
    runs=Runs.AS_EXPORT,
    media_type=ICALENDAR,
)
def group_calendar(
    use_cases: UseCases,
    actor: Actor,
    group_id: GroupId,
    token: CalendarToken | None = None,  # noqa: ARG001 # it has told who the actor is
) -> Response[bytes]:
    """A group's lessons, from 90 days ago to 366 days ahead, as iCalendar."""
    return _calendar(use_cases.show_group_calendar(actor, group_id=group_id))


@room.operation(
    "GET",
    f"{CLIENT}/calendar.ics",
    by_calendar_token(Permission.READ_CLIENT),
    runs=Runs.AS_EXPORT,
    media_type=ICALENDAR,
)
def client_calendar(
    use_cases: UseCases,
    actor: Actor,
    client_id: ClientId,
    token: CalendarToken | None = None,  # noqa: ARG001 # it has told who the actor is
) -> Response[bytes]:
    """The lessons of one client's groups, from 90 days ago to 366 days ahead, as iCalendar."""
    return _calendar(use_cases.show_client_calendar(actor, client_id=client_id))
