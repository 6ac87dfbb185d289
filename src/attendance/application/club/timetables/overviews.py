"""Groups at a glance, and who may teach them."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime

from attendance.application.club.groups import GroupDetails
from attendance.application.club.lessons import LessonDetails
from attendance.application.club.timetables.listing import by_name
from attendance.application.forms.listing import Listed, listed
from attendance.application.forms.read_models import read_model
from attendance.application.forms.retrying import retried
from attendance.application.forms.use_case import DatedQuery, Query
from attendance.application.pagination import PageChoice, PageRequest, parse_sort
from attendance.application.ports import Clock, Employee, Kind, UnitOfWork
from attendance.application.ports.club import GROUPS, GroupCriteria
from attendance.domain.club.groups import Group
from attendance.domain.club.lessons import Lesson
from attendance.domain.ids import AccountId, LocationId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import require_level
from attendance.domain.permissions.table import Permission
from attendance.domain.text import sort_key, words_of


@dataclass(frozen=True, slots=True, kw_only=True)
class TeacherDetails:
    """Who teaches or may teach, by name; of somebody without a name the username.

    `may_teach`: an active account of level 3 or above. `active` False: the account is switched off.
    """

    user_id: AccountId
    name: str
    may_teach: bool
    active: bool


class ListTeachers(Query):
    """Return everybody who may teach, by name, ties by id, and those of `user_ids`, who may have taught.

    For employees and above. Two statements. Raises Forbidden.
    """

    @retried
    def __call__(self, actor: Actor, *, user_ids: Collection[AccountId] = ()) -> tuple[TeacherDetails, ...]:
        require_level(actor, Permission.LIST_CLIENTS)
        with self.store.read() as work:
            able = work.statistics.names(Kind.EMPLOYEE)
            others = work.statistics.employees({*user_ids} - able.keys())
        known = {user_id: Employee(name=name, active=True) for user_id, name in able.items()} | {**others}
        found = (
            TeacherDetails(
                user_id=AccountId(user_id), name=it.name, may_teach=user_id in able, active=it.active
            )
            for user_id, it in known.items()
        )
        return tuple(sorted(found, key=lambda teacher: (sort_key(teacher.name), teacher.user_id)))


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupOverview(GroupDetails):
    """A group among others: the name of its location, and what it is like today.

    `teacher_names`: who teaches it today, by name. `taught_by`: the same, and whose account is switched off.
    `size`: how many members it has today. `next_lesson`: the
    first that is not over and not cancelled, None where none is planned.
    """

    location_name: str
    teacher_names: tuple[str, ...]
    taught_by: tuple[Employee, ...]
    size: int
    active: bool
    next_lesson: LessonDetails | None


@dataclass(frozen=True, slots=True)
class _InContext:
    """A group and what its overview has beside it."""

    group: Group
    location_name: str
    taught_by: tuple[Employee, ...]
    next_lesson: Lesson | None

    def overview(self, today: date, now: datetime) -> GroupOverview:
        following = self.next_lesson
        return read_model(
            GroupOverview,
            self.group,
            location_name=self.location_name,
            teacher_names=tuple(each.name for each in self.taught_by),
            taught_by=self.taught_by,
            size=len(self.group.roster_on(today)),
            active=self.group.is_active(today),
            next_lesson=LessonDetails.of(following, now) if following else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ListGroupOverviews(DatedQuery):
    """List groups by name, ties by id, with what employees want to know of each at a glance.

    `q`, `active`, `location_id`, `teacher_id` and `page` are those of `list_groups`. `ended`: only those
    whose last day is before today, or only the others, those to come as well. A page takes at most five
    statements, however many groups it has. For employees and above. Raises Invalid, Forbidden.
    """

    clock: Clock

    def __call__(
        self,
        actor: Actor,
        *,
        page: PageChoice = None,
        q: str = "",
        active: bool | None = None,
        ended: bool | None = None,
        location_id: LocationId | None = None,
        teacher_id: AccountId | None = None,
    ) -> Listed[GroupOverview]:
        now, today = self.clock(), self.today()
        criteria = GroupCriteria(
            words=words_of("q", q),
            active=active,
            ended=ended,
            location_id=location_id,
            teacher_id=teacher_id,
            on=today,
        )

        def rows(work: UnitOfWork, page_request: PageRequest[_InContext]) -> tuple[_InContext, ...]:
            last = page_request.after
            of_groups: PageRequest[Group] = replace(page_request, after=last and last.group)  # type: ignore[arg-type, assignment]
            return _in_context(work, work.groups.list(criteria, of_groups), today, now)

        return listed(
            self.store,
            lambda: require_level(actor, Permission.LIST_CLIENTS),
            order=parse_sort("name", GROUPS.sort),
            page=page,
            count=lambda work: work.groups.count(criteria),
            rows=rows,
            details=lambda found: found.overview(today, now),
        )


def _in_context(
    work: UnitOfWork, groups: Collection[Group], today: date, now: datetime
) -> tuple[_InContext, ...]:
    """These groups with the names of their locations and today's teachers, and their next lessons."""
    places = work.statistics.names_of(Kind.LOCATION, {group.location_id for group in groups})
    teachers = work.statistics.employees(
        {user_id for group in groups for user_id in group.teachers_on(today)}
    )
    lessons = {
        lesson.group_id: lesson for lesson in work.lessons.next_of_groups([group.id for group in groups], now)
    }
    return tuple(
        _InContext(
            group,
            places[group.location_id],
            by_name(teachers[each] for each in group.teachers_on(today)),
            lessons.get(group.id),
        )
        for group in groups
    )
