"""Calendars to subscribe to, and the tokens that are part of their addresses."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, delete, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, QueryParameter

from attendance.adapters.calendars import render
from attendance.adapters.http.accounts.users import USER
from attendance.adapters.http.club.groups import GROUP
from attendance.adapters.http.server.authentication import FromCaller, permitted, permitted_by_calendar_token
from attendance.adapters.http.server.errors import refusals
from attendance.adapters.http.server.ids import sent_id
from attendance.adapters.http.server.paths import API, user_of
from attendance.adapters.http.server.queries import ID
from attendance.application.reporting.calendars import MadeCalendarToken
from attendance.application.use_cases import UseCases
from attendance.domain.ids import GroupId
from attendance.domain.permissions.table import Permission
from attendance.domain.reporting.calendars import Calendar

TAGS = ["Calendars"]
ICALENDAR = "text/calendar"
TOKEN = f"{USER}/calendar_token"

CalendarToken = Annotated[
    str | None,
    QueryParameter(
        description="A calendar token, in place of `Authorization`: for programs that know an address alone",
        schema_extra=ID,
    ),
]


class CalendarUrlsView(msgspec.Struct):
    """Addresses to subscribe to; `groups` are those that the user teaches today, by id."""

    user: str
    groups: dict[str, str]


class CalendarTokenView(msgspec.Struct):
    """A token that reads calendars, told this once, and addresses that hold it."""

    token: str
    urls: CalendarUrlsView


def _calendar(calendar: Calendar) -> Response[bytes]:
    return Response(render(calendar), media_type=ICALENDAR)


def calendar_handlers(use_cases: UseCases, base_url: str) -> list[HTTPRouteHandler]:
    def address(kind: str, of_id: UUID, token: str) -> str:
        return f"{base_url}{API}/{kind}/{of_id}/calendar.ics?token={token}"

    def view(made: MadeCalendarToken) -> CalendarTokenView:
        groups = {str(it): address("groups", it, made.token) for it in made.group_ids}
        urls = CalendarUrlsView(address("users", made.user_id, made.token), groups)
        return CalendarTokenView(made.token, urls)

    @post(
        TOKEN,
        sync_to_thread=True,
        responses=refusals(401, 403, 404),
        tags=TAGS,
        **permitted(Permission.MAKE_CALENDAR_TOKEN),
    )
    def make_calendar_token(caller: FromCaller, user_id: FromPath[str]) -> CalendarTokenView:
        """Make a token that reads one's calendars and nothing else; the one before ends."""
        actor = caller.actor()
        return view(use_cases.make_calendar_token(actor, user_id=user_of(actor, user_id)))

    @delete(
        TOKEN,
        sync_to_thread=True,
        responses=refusals(401, 403, 404),
        tags=TAGS,
        **permitted(Permission.REVOKE_CALENDAR_TOKEN),
    )
    def revoke_calendar_token(caller: FromCaller, user_id: FromPath[str]) -> None:
        """End one's calendar token, if there is one."""
        actor = caller.actor()
        use_cases.revoke_calendar_token(actor, user_id=user_of(actor, user_id))

    options: dict[str, Any] = {"media_type": ICALENDAR, "sync_to_thread": True, "tags": TAGS}

    @get(
        f"{USER}/calendar.ics",
        responses=refusals(401, 403, 404),
        **options,
        **permitted_by_calendar_token(Permission.READ_USER_CALENDAR),
    )
    def user_calendar(
        caller: FromCaller,
        user_id: FromPath[str],
        token: CalendarToken = None,  # noqa: ARG001 # the caller has it
    ) -> Response[bytes]:
        """The lessons that one teaches, from 90 days ago to 366 days ahead, as iCalendar."""
        actor = caller.reader_of_calendars()
        return _calendar(use_cases.show_user_calendar(actor, user_id=user_of(actor, user_id)))

    @get(
        f"{GROUP}/calendar.ics",
        responses=refusals(401, 403, 404),
        **options,
        **permitted_by_calendar_token(Permission.READ_GROUP_CALENDAR),
    )
    def group_calendar(
        caller: FromCaller,
        group_id: FromPath[str],
        token: CalendarToken = None,  # noqa: ARG001 # the caller has it
    ) -> Response[bytes]:
        """A group's lessons, from 90 days ago to 366 days ahead, as iCalendar."""
        actor = caller.reader_of_calendars()
        return _calendar(use_cases.show_group_calendar(actor, group_id=GroupId(sent_id(group_id))))

    return [make_calendar_token, revoke_calendar_token, user_calendar, group_calendar]
