"""Lessons of a group."""

import datetime as dt
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, get, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody, QueryParameter

from attendance.adapters.http.club.groups import GROUP
from attendance.adapters.http.server.authentication import FromCaller, permitted
from attendance.adapters.http.server.changes import changes_in
from attendance.adapters.http.server.errors import refusals
from attendance.adapters.http.server.etag import Versions, etag
from attendance.adapters.http.server.exports import Format, InFormat
from attendance.adapters.http.server.fields import Text, line
from attendance.adapters.http.server.ids import sent_id
from attendance.adapters.http.server.lists import Paged, PageNumber, Sort, listing
from attendance.adapters.http.server.queries import DATE, one_of
from attendance.adapters.http.server.strict_json import StrictJson
from attendance.adapters.http.server.times import TimeOfDay, sent_time, shown_time
from attendance.application.club.read_models import LessonDetails
from attendance.application.use_cases import UseCases
from attendance.domain.club.lessons import (
    LONGEST_REASON,
    LONGEST_TOPIC,
    MOST_LESSON_TEACHERS,
    LessonState,
)
from attendance.domain.ids import AccountId, GroupId, LessonId, LocationId
from attendance.domain.permissions.table import Permission

TAGS = ["Lessons"]
LESSON = f"{GROUP}/lessons/{{lesson_id:str}}"
CLEARED = {"teachers": (), "topic": "", "reason": ""}

Teachers = Annotated[list[Text], msgspec.Meta(max_length=MOST_LESSON_TEACHERS)]
Topic = Annotated[str, line(LONGEST_TOPIC)]
Reason = Annotated[str, line(LONGEST_REASON)]


class WantedState(StrEnum):
    """What somebody can decide: a lesson is held by being attended."""

    PLANNED = "planned"
    CANCELLED = "cancelled"


NAMES = {"state": "cancelled"}
KINDS: dict[str, Callable[[Any], Any]] = {
    "starts": sent_time,
    "ends": sent_time,
    "location_id": lambda sent: LocationId(sent_id(sent)),
    "teachers": lambda sent: tuple(AccountId(sent_id(it)) for it in sent),
    "state": lambda sent: sent is WantedState.CANCELLED,
}


class EditLessonBody(msgspec.Struct, forbid_unknown_fields=True):
    """What is left out stays as it is; null clears. `cancelled` needs a reason, `planned` restores."""

    date: dt.date | msgspec.UnsetType = msgspec.UNSET
    starts: TimeOfDay | msgspec.UnsetType = msgspec.UNSET
    ends: TimeOfDay | msgspec.UnsetType = msgspec.UNSET
    location_id: Text | msgspec.UnsetType = msgspec.UNSET
    teachers: Teachers | msgspec.UnsetType | None = msgspec.UNSET
    topic: Topic | msgspec.UnsetType | None = msgspec.UNSET
    state: WantedState | msgspec.UnsetType = msgspec.UNSET
    reason: Reason | msgspec.UnsetType | None = msgspec.UNSET


class ScheduledView(msgspec.Struct):
    """The place in the schedule that a lesson was made for, wherever it was moved."""

    date: dt.date
    starts: str


class LessonView(msgspec.Struct, kw_only=True):
    """A lesson and its state now; date and times are local to `timezone`."""

    id: UUID
    created_at: dt.datetime
    updated_at: dt.datetime
    version: int
    group_id: UUID
    location_id: UUID
    date: dt.date
    starts: str
    ends: str
    timezone: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    teachers: list[UUID]
    topic: str
    state: LessonState
    reason: str
    capacity: int | None
    scheduled: ScheduledView | None


class LessonsView(Paged, kw_only=True):
    lessons: list[LessonView]


def lesson_view(lesson: LessonDetails) -> LessonView:
    place = lesson.scheduled
    return LessonView(
        id=lesson.id,
        created_at=lesson.created_at,
        updated_at=lesson.updated_at,
        version=lesson.version,
        group_id=lesson.group_id,
        location_id=lesson.location_id,
        date=lesson.date,
        starts=shown_time(lesson.starts),
        ends=shown_time(lesson.ends),
        timezone=lesson.timezone,
        starts_at=lesson.starts_at,
        ends_at=lesson.ends_at,
        teachers=[*lesson.teachers],
        topic=lesson.topic,
        state=lesson.state,
        reason=lesson.reason,
        capacity=lesson.capacity,
        scheduled=ScheduledView(place.date, shown_time(place.starts)) if place else None,
    )


def lesson_handlers(use_cases: UseCases) -> list[HTTPRouteHandler]:
    def shown(lesson: LessonDetails) -> Response[LessonView]:
        return Response(lesson_view(lesson), headers=etag(lesson.version))

    @get(
        f"{GROUP}/lessons",
        sync_to_thread=True,
        responses=refusals(401, 403, 404),
        tags=TAGS,
        **permitted(Permission.READ_LESSONS),
    )
    def list_lessons(
        caller: FromCaller,
        group_id: FromPath[str],
        page: PageNumber = None,
        sort: Sort = "",
        since: Annotated[dt.date | None, QueryParameter(name="from", schema_extra=DATE)] = None,
        until: Annotated[dt.date | None, QueryParameter(name="to", schema_extra=DATE)] = None,
        in_state: Annotated[
            LessonState | None, QueryParameter(name="state", schema_extra=one_of(LessonState))
        ] = None,
        form: InFormat = Format.JSON,
    ) -> Response[LessonsView]:
        """Lessons of a group by date, `from` and `to` included; `sort` knows date and created_at."""
        group = GroupId(sent_id(group_id))
        listed = use_cases.list_lessons(
            caller.actor(), group_id=group, page=page, sort=sort, since=since, until=until, state=in_state
        )
        return listing(LessonsView, listed, lesson_view, form)

    @get(
        LESSON,
        sync_to_thread=True,
        responses=refusals(401, 403, 404),
        tags=TAGS,
        **permitted(Permission.READ_LESSONS),
    )
    def show_lesson(
        caller: FromCaller, group_id: FromPath[str], lesson_id: FromPath[str]
    ) -> Response[LessonView]:
        """One lesson of a group."""
        actor, criteria, lesson = caller.actor(), GroupId(sent_id(group_id)), LessonId(sent_id(lesson_id))
        return shown(use_cases.show_lesson(actor, group_id=criteria, lesson_id=lesson))

    @put(
        LESSON,
        dto=StrictJson,
        return_dto=None,
        sync_to_thread=True,
        responses=refusals(401, 403, 404, 409, 412, 415),
        tags=TAGS,
        **permitted(Permission.EDIT_LESSON),
    )
    def edit_lesson(
        caller: FromCaller,
        versions: Versions,
        group_id: FromPath[str],
        lesson_id: FromPath[str],
        data: JSONBody[EditLessonBody],
    ) -> Response[LessonView]:
        """Change what is sent: move it, cancel it, restore it, say who teaches and what about."""
        actor, criteria, lesson = caller.actor(), GroupId(sent_id(group_id)), LessonId(sent_id(lesson_id))
        changes = meant(changes_in(data, CLEARED))
        return shown(
            use_cases.edit_lesson(actor, group_id=criteria, lesson_id=lesson, versions=versions, **changes)
        )

    return [list_lessons, show_lesson, edit_lesson]


def meant(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of a body as the use cases have them."""
    return {
        NAMES.get(name, name): KINDS[name](value) if name in KINDS and value is not None else value
        for name, value in fields.items()
    }
