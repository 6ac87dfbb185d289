"""Lists of lessons: of one group, and of all groups with the names of people and places around them."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from uuid import UUID

from attendance.application.club.lessons import LessonDetails
from attendance.application.forms.listing import Listed, Reading, listed
from attendance.application.forms.read_models import read_model
from attendance.application.forms.use_case import TimedQuery
from attendance.application.pagination import PageChoice, PageRequest, SortKey, parse_sort, validate_range
from attendance.application.ports import Employee, Today, UnitOfWork
from attendance.application.ports.club import LessonCriteria, LessonInContext
from attendance.domain.club.groups import GroupNotFound
from attendance.domain.club.lessons import Lesson, LessonState
from attendance.domain.dates import length_error
from attendance.domain.errors import raise_if_errors
from attendance.domain.ids import AccountId, GroupId, LocationId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import require_level, sees_members
from attendance.domain.permissions.table import Permission
from attendance.domain.text import sort_key

LESSONS_SORT = ("date", "created_at")


Employees = Mapping[UUID, Employee]


def by_name(employees: Iterable[Employee]) -> tuple[Employee, ...]:
    """Those who teach, in the order in which their names are shown."""
    return tuple(sorted(employees, key=lambda each: sort_key(each.name)))


@dataclass(frozen=True, slots=True, kw_only=True)
class LessonInContextDetails(LessonDetails):
    """A lesson among those of all groups, with what its group and location are called.

    `teacher_names`: of the lesson's own teachers, by name; of somebody without a name the username.
    `taught_by`: the same, and whose account is switched off.
    `is_on`: it takes place now.
    `untaken`: it has begun, is not cancelled, and nobody who teaches has marked anybody. `roster`: how many
    clients are its group's members on its date, without guests; `unmarked`: how many of them have no mark;
    `marked`: how many clients have one, guests among them. These
    and `taught_by` are None for whoever does not work here.
    """

    group_name: str
    location_name: str
    teacher_names: tuple[str, ...]
    taught_by: tuple[Employee, ...] | None
    is_on: bool
    untaken: bool
    roster: int | None
    unmarked: int | None
    marked: int | None

    @classmethod
    def of_context(
        cls, context: LessonInContext, teachers: "Employees", actor: Actor, now: datetime
    ) -> "LessonInContextDetails":
        """`teachers`: its teachers, by their ids."""
        lesson, sees_numbers = context.lesson, sees_members(actor)
        taught_by = by_name(teachers[each] for each in lesson.teachers)
        return read_model(
            cls,
            lesson,
            state=lesson.state(at=now),
            group_name=context.group_name,
            location_name=context.location_name,
            teacher_names=tuple(each.name for each in taught_by),
            taught_by=taught_by if sees_numbers else None,
            is_on=lesson.is_on(at=now),
            untaken=lesson.is_untaken(at=now),
            roster=context.roster if sees_numbers else None,
            unmarked=context.unmarked if sees_numbers else None,
            marked=context.marked if sees_numbers else None,
        )

    @staticmethod
    def hidden(actor: Actor) -> tuple[str, ...]:
        return () if sees_members(actor) else ("taught_by", "roster", "unmarked", "marked")


@dataclass(frozen=True, slots=True)
class _NamedLesson:
    """A lesson in its context, and teachers, its own among them, by their ids."""

    context: LessonInContext
    teachers: "Employees"


class ListLessons(TimedQuery):
    """List the lessons of a group with their state now, by date unless `sort` says otherwise.

    Those of one date by start, ties by id. `sort`: fields with commas, `-` before one for descending order,
    of `date`, `created_at`. `since`, `until`: only local dates from and to these, both included. `state`:
    only those that have it now. `page` (from 1): that page of 20; None: the whole list. Raises Invalid,
    Forbidden, GroupNotFound.
    """

    def __call__(
        self,
        actor: Actor,
        *,
        group_id: GroupId,
        page: PageChoice = None,
        sort: str = "",
        since: date | None = None,
        until: date | None = None,
        state: LessonState | None = None,
    ) -> Listed[LessonDetails]:
        order, now = lessons_order(sort, LESSONS_SORT), self.clock()
        criteria = LessonCriteria(group_id=group_id, at=now, since=since, until=until, state=state)
        validate_range(since, until)

        def permitted() -> None:
            require_level(actor, Permission.READ_LESSONS)
            if not Reading(self.store).one(lambda work: work.groups.existing_ids([group_id])):
                raise GroupNotFound

        return listed(
            self.store,
            permitted,
            order=order,
            page=page,
            count=lambda work: work.lessons.count(criteria),
            rows=lambda work, page_request: work.lessons.list(criteria, page_request),
            details=lambda lesson: LessonDetails.of(lesson, now),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ListAllLessons(TimedQuery):
    """List lessons of all groups with their state now, by date and start, ties by id; or by `-date`.

    `since`, `until`: local dates, both included, at most 366 days; one that is left out is today, or the
    other one where today is on the wrong side of it. `teacher_id`: lessons whose own teachers include it.
    `group_id`, `location_id`, `state`: only those. `untaken` True: those that have begun, are not cancelled
    and have no mark; False: the others. `over` True: those that have ended; False: the others. How many are
    on the roster and marked is for employees and above. `page` (from 1): that page of 20; None: the whole
    list. A page takes at most four statements, however many lessons it has. Raises Invalid, Forbidden.
    """

    today: Today

    def __call__(
        self,
        actor: Actor,
        *,
        since: date | None = None,
        until: date | None = None,
        teacher_id: AccountId | None = None,
        group_id: GroupId | None = None,
        location_id: LocationId | None = None,
        state: LessonState | None = None,
        untaken: bool | None = None,
        over: bool | None = None,
        page: PageChoice = None,
        sort: str = "",
    ) -> Listed[LessonInContextDetails]:
        order, now, today = lessons_order(sort, ("date",)), self.clock(), self.today()
        validate_range(since, until)
        first, last = since or min(today, until or today), until or max(today, since or today)
        raise_if_errors(length_error("to", first, last))
        criteria = LessonCriteria(
            at=now,
            since=first,
            until=last,
            teacher_id=teacher_id,
            group_id=group_id,
            location_id=location_id,
            state=state,
            untaken=untaken,
            over=over,
        )

        return listed(
            self.store,
            lambda: require_level(actor, Permission.READ_LESSONS),
            order=order,
            page=page,
            count=lambda work: work.lessons.count(criteria),
            rows=partial(_named_lessons, criteria),
            details=lambda row: LessonInContextDetails.of_context(row.context, row.teachers, actor, now),
            hidden=LessonInContextDetails.hidden(actor),
        )


def _named_lessons(
    criteria: LessonCriteria, work: UnitOfWork, page_request: PageRequest[_NamedLesson]
) -> tuple[_NamedLesson, ...]:
    last = page_request.after
    of_lessons: PageRequest[Lesson] = replace(page_request, after=last and last.context.lesson)  # type: ignore[arg-type, assignment]
    contexts = work.lessons.in_context(work.lessons.list(criteria, of_lessons))
    teacher_ids = {each for context in contexts for each in context.lesson.teachers}
    teachers = work.statistics.employees(teacher_ids) if teacher_ids else {}
    return tuple(_NamedLesson(context, teachers) for context in contexts)


def lessons_order(sort: str, known: Collection[str]) -> tuple[SortKey, ...]:
    """The sort keys of a list of lessons, by date unless `sort` says otherwise: of one date by start.

    Raises Invalid.
    """
    order: list[SortKey] = []
    for key in parse_sort(sort or "date", known):
        order += [key, SortKey("starts", key.descending)] if key.field == "date" else [key]
    return tuple(order)
