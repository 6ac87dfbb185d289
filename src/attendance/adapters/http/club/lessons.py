"""Lessons of a group."""

import datetime as dt
from collections.abc import Collection
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response
from msgspec import UNSET

from attendance.adapters.http.club.groups import GROUP
from attendance.adapters.http.server.answers import Paged, Resource, RevisionView, listing, resource, view_of
from attendance.adapters.http.server.bodies.meaning import Body, Clearable, Fields, Sent, cleared, meaning
from attendance.adapters.http.server.callers.versions import Versions
from attendance.adapters.http.server.exports.tables import Format, InFormat
from attendance.adapters.http.server.fields.ids import Id, Teacher, user_meant
from attendance.adapters.http.server.fields.queries import PageNumber, Sort
from attendance.adapters.http.server.fields.texts import line
from attendance.adapters.http.server.fields.times import TimeOfDay
from attendance.adapters.http.server.operations.declaration import Room
from attendance.application.club.overlaps import LessonWarningCode
from attendance.application.use_cases import UseCases
from attendance.domain.club.lessons import LONGEST_TOPIC, MOST_LESSON_TEACHERS, LessonState
from attendance.domain.club.locations import LONGEST_REASON
from attendance.domain.errors import FieldError
from attendance.domain.ids import GroupId, LessonId, LocationId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.table import Permission

LESSONS = f"{GROUP}/lessons"
LESSON = f"{LESSONS}/{{lesson_id}}"
RANGE, ONE = frozenset({"since", "until"}), frozenset({"date", "starts", "ends"})
OF_RANGE = RANGE | {"replace"}
NAMES = {"since": "from"}

Teachers = Annotated[list[Id], msgspec.Meta(max_length=MOST_LESSON_TEACHERS)]
Topic = Annotated[str, line(LONGEST_TOPIC)]

room = Room("Lessons")


class WantedState(StrEnum):
    """What somebody can decide: a lesson is held by being attended."""

    PLANNED = "planned"
    CANCELLED = "cancelled"


def is_cancelled(state: WantedState) -> bool:
    return state is WantedState.CANCELLED


class EditLessonBody(Body):
    """What is left out stays as it is; null clears. `cancelled` needs a reason, `planned` restores."""

    shown = ("date", "starts", "ends", "teachers", "topic")

    date: Sent[dt.date] = UNSET
    starts: Sent[TimeOfDay] = UNSET
    ends: Sent[TimeOfDay] = UNSET
    location_id: Sent[Id] = UNSET
    teachers: Clearable[Teachers] = UNSET
    topic: Clearable[Topic] = UNSET
    cancelled: Sent[Annotated[WantedState, meaning(is_cancelled)]] = msgspec.field(
        name="state", default=UNSET
    )
    reason: Clearable[Annotated[str, line(LONGEST_REASON)]] = UNSET


class AddLessonsBody(Body):
    """Either one lesson, or the days `from` and `until` (both included) to make those of the schedule.

    `replace`: lessons that were made for a slot that is no longer in the schedule go first.
    Location and teachers are the group's unless others are named.
    """

    shown = ("date", "starts", "ends", "topic")

    date: Sent[dt.date] = UNSET
    starts: Sent[TimeOfDay] = UNSET
    ends: Sent[TimeOfDay] = UNSET
    location_id: Clearable[Id] = UNSET
    teachers: Clearable[Annotated[Teachers, cleared(None)]] = UNSET
    topic: Clearable[Topic] = UNSET
    since: Sent[dt.date] = msgspec.field(name="from", default=UNSET)
    until: Sent[dt.date] = UNSET
    replace: Sent[bool] = UNSET

    @classmethod
    def errors_between(cls, sent: Collection[str]) -> list[FieldError]:
        """What is missing of one lesson or of a range of days, or is there of both."""
        sent = {*sent}
        wanted, others = (RANGE, sent - OF_RANGE) if OF_RANGE & sent else (ONE, set())
        return [
            *(FieldError(NAMES.get(it, it), "is missing") for it in sorted(wanted - sent)),
            *(FieldError(it, "must not be given beside from and until") for it in sorted(others)),
        ]


class ScheduledView(msgspec.Struct):
    """The place in the schedule that a lesson was made for, wherever it was moved."""

    date: dt.date
    starts: TimeOfDay


class LessonView(RevisionView, kw_only=True):
    """A lesson and its state now; date and times are local to `timezone`."""

    group_id: UUID
    location_id: UUID
    date: dt.date
    starts: TimeOfDay
    ends: TimeOfDay
    timezone: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    teachers: list[UUID]
    topic: str
    state: LessonState
    reason: str
    capacity: int | None
    scheduled: ScheduledView | None

    def beside_version(self) -> tuple[object, ...]:
        """A lesson is held by being attended, which does not change it."""
        return (self.state.value,) if self.state is LessonState.HELD else ()


class LessonWarningView(msgspec.Struct):
    """A teacher of a lesson teaches another one at the same time."""

    code: LessonWarningCode
    lesson_id: UUID
    user_id: UUID
    with_lesson_id: UUID


class ChangedLessonView(LessonView, kw_only=True):
    """A lesson that was added or edited, and what somebody may want to know of it."""

    warnings: list[LessonWarningView]


class LessonInContextView(LessonView, kw_only=True):
    """A lesson among those of all groups; for those who work here, how many are on its roster and marked.

    `untaken`: it has begun, is not cancelled, and nobody who teaches has marked anybody. `unmarked`: how many
    on its roster have no mark; guests are among `marked` alone.
    """

    group_name: str
    location_name: str
    teacher_names: list[str]
    untaken: bool
    roster: Sent[int] = UNSET
    unmarked: Sent[int] = UNSET
    marked: Sent[int] = UNSET


class LessonsView(Paged, kw_only=True):
    lessons: list[LessonView]


class AllLessonsView(Paged, kw_only=True):
    lessons: list[LessonInContextView]


class MadeLessonsView(msgspec.Struct):
    """Lessons made now, `total` of them; `existing` had been made before or are in the way.

    `removed` were deleted first, because their slot is no longer in the schedule.
    """

    lessons: list[LessonView]
    total: int
    existing: int
    removed: int
    warnings: list[LessonWarningView]


@room.operation("GET", LESSONS, Permission.READ_LESSONS)
def list_lessons(
    use_cases: UseCases,
    actor: Actor,
    group_id: GroupId,
    page: PageNumber | None = None,
    sort: Sort = "",
    since: dt.date | None = None,
    until: dt.date | None = None,
    state: LessonState | None = None,
    form: InFormat = Format.JSON,
) -> Response[LessonsView]:
    """Lessons of a group by date, `from` and `to` included; `sort` knows date and created_at."""
    listed = use_cases.list_lessons(
        actor, group_id=group_id, page=page, sort=sort, since=since, until=until, state=state
    )
    return listing(LessonsView, listed, form)


@room.operation("GET", "/lessons", Permission.READ_LESSONS)
def list_all_lessons(
    use_cases: UseCases,
    actor: Actor,
    since: dt.date | None = None,
    until: dt.date | None = None,
    teacher: Teacher | None = None,
    group_id: GroupId | None = None,
    location_id: LocationId | None = None,
    state: LessonState | None = None,
    untaken: bool | None = None,
    page: PageNumber | None = None,
    sort: Sort = "",
    form: InFormat = Format.JSON,
) -> Response[AllLessonsView]:
    """Lessons of all groups by date and start, those of today unless `from` and `to` say otherwise."""
    listed = use_cases.list_all_lessons(
        actor,
        since=since,
        until=until,
        teacher_id=user_meant(teacher, actor),
        group_id=group_id,
        location_id=location_id,
        state=state,
        untaken=untaken,
        page=page,
        sort=sort,
    )
    return listing(AllLessonsView, listed, form)


def broken_rules(use_cases: UseCases, fields: Fields[AddLessonsBody]) -> list[FieldError]:
    """What is wrong with a lesson, or with a range of days."""
    use_case = use_cases.make_lessons if OF_RANGE & fields.keys() else use_cases.add_lesson
    return use_case.errors_in(fields)


@room.operation("POST", LESSONS, Permission.ADD_LESSON, refuses=(409,), judge=broken_rules)
def add_lessons(
    use_cases: UseCases, actor: Actor, group_id: GroupId, fields: Fields[AddLessonsBody]
) -> Resource[ChangedLessonView] | MadeLessonsView:
    """Add one lesson, or make those of the schedule; what was made before is not made again."""
    if fields.keys() >= RANGE:
        made = use_cases.make_lessons(actor, group_id=group_id, **fields)
        return view_of(MadeLessonsView, made, total=len(made.lessons))
    return resource(ChangedLessonView, use_cases.add_lesson(actor, group_id=group_id, **fields))


@room.operation("GET", LESSON, Permission.READ_LESSONS)
def show_lesson(
    use_cases: UseCases, actor: Actor, group_id: GroupId, lesson_id: LessonId
) -> Resource[LessonView]:
    """One lesson of a group."""
    return resource(LessonView, use_cases.show_lesson(actor, group_id=group_id, lesson_id=lesson_id))


@room.operation("PUT", LESSON, Permission.EDIT_LESSON, refuses=(409,))
def edit_lesson(
    use_cases: UseCases,
    actor: Actor,
    group_id: GroupId,
    lesson_id: LessonId,
    versions: Versions,
    fields: Fields[EditLessonBody],
) -> Resource[ChangedLessonView]:
    """Change what is sent: move it, cancel it, restore it, say who teaches and what about."""
    lesson = use_cases.edit_lesson(actor, group_id=group_id, lesson_id=lesson_id, versions=versions, **fields)
    return resource(ChangedLessonView, lesson)


@room.operation("DELETE", LESSON, Permission.DELETE_LESSON, refuses=(409,), status=204)
def delete_lesson(
    use_cases: UseCases, actor: Actor, group_id: GroupId, lesson_id: LessonId, versions: Versions
) -> None:
    """Delete a lesson that has no marks."""
    use_cases.delete_lesson(actor, group_id=group_id, lesson_id=lesson_id, versions=versions)
