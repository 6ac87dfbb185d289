"""Adding lessons: one, or those of the schedule for a range of days."""

import datetime as dt
from typing import Any

import msgspec
from litestar import Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from attendance.adapters.http.club.groups import GROUP
from attendance.adapters.http.club.lessons import TAGS, LessonView, Teachers, Topic, lesson_view, meant
from attendance.adapters.http.server.authentication import FromCaller, permitted
from attendance.adapters.http.server.changes import changes_in
from attendance.adapters.http.server.errors import refusals
from attendance.adapters.http.server.etag import etag
from attendance.adapters.http.server.fields import Text
from attendance.adapters.http.server.ids import sent_id
from attendance.adapters.http.server.paths import API
from attendance.adapters.http.server.strict_json import StrictJson
from attendance.adapters.http.server.times import TimeOfDay
from attendance.application.club.read_models import LessonDetails
from attendance.application.club.schedules import MadeLessons
from attendance.application.use_cases import UseCases
from attendance.domain.errors import FieldError
from attendance.domain.ids import GroupId
from attendance.domain.permissions.table import Permission
from attendance.domain.text import raise_if_errors

LIKE_THE_GROUP = {"topic": ""}
RANGE, ONE = frozenset({"since", "until"}), frozenset({"date", "starts", "ends"})
NAMES = {"since": "from"}


class AddLessonsBody(msgspec.Struct, forbid_unknown_fields=True):
    """Either one lesson, or the days `from` and `until` (both included) to make those of the schedule.

    Location and teachers are the group's unless others are named.
    """

    date: dt.date | msgspec.UnsetType = msgspec.UNSET
    starts: TimeOfDay | msgspec.UnsetType = msgspec.UNSET
    ends: TimeOfDay | msgspec.UnsetType = msgspec.UNSET
    location_id: Text | msgspec.UnsetType | None = msgspec.UNSET
    teachers: Teachers | msgspec.UnsetType | None = msgspec.UNSET
    topic: Topic | msgspec.UnsetType | None = msgspec.UNSET
    since: dt.date | msgspec.UnsetType = msgspec.field(name="from", default=msgspec.UNSET)
    until: dt.date | msgspec.UnsetType = msgspec.UNSET


class MadeLessonsView(msgspec.Struct):
    """Lessons made now, `total` of them; `existing` had been made before or are in the way."""

    lessons: list[LessonView]
    total: int
    existing: int


def scheduling_handlers(use_cases: UseCases) -> list[HTTPRouteHandler]:
    def added(lesson: LessonDetails) -> Response[Any]:
        where = {"Location": f"{API}/groups/{lesson.group_id}/lessons/{lesson.id}"}
        return Response(lesson_view(lesson), headers=etag(lesson.version) | where)

    def made(them: MadeLessons) -> Response[Any]:
        lessons = [lesson_view(lesson) for lesson in them.lessons]
        return Response(MadeLessonsView(lessons, len(lessons), them.existing))

    @post(
        f"{GROUP}/lessons",
        dto=StrictJson,
        return_dto=None,
        sync_to_thread=True,
        responses=refusals(401, 403, 404, 409, 415),
        tags=TAGS,
        **permitted(Permission.ADD_LESSON),
    )
    def add_lessons(
        caller: FromCaller, group_id: FromPath[str], data: JSONBody[AddLessonsBody]
    ) -> Response[LessonView | MadeLessonsView]:
        """Add one lesson, or make those of the schedule; what was made before is not made again."""
        actor, criteria, fields = caller.actor(), GroupId(sent_id(group_id)), _of_one_kind(data)
        if fields.keys() >= RANGE:
            return made(use_cases.make_lessons(actor, group_id=criteria, **fields))
        return added(use_cases.add_lesson(actor, group_id=criteria, **fields))

    return [add_lessons]


def _of_one_kind(data: AddLessonsBody) -> dict[str, Any]:
    """What is said of one lesson, or of a range of days.

    Raises Invalid for what is missing, and for a mixture of both.
    """
    fields = changes_in(data, LIKE_THE_GROUP)
    wanted, others = (RANGE, fields.keys() - RANGE) if RANGE & fields.keys() else (ONE, set())
    raise_if_errors(
        *(FieldError(NAMES.get(it, it), "is missing") for it in sorted(wanted - fields.keys())),
        *(FieldError(it, "must not be given beside from and until") for it in sorted(others)),
    )
    return meant(fields)
