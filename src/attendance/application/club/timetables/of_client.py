"""The groups and the lessons of one client, as employees and parents see them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from attendance.application.club.lessons import LessonDetails
from attendance.application.forms.client_access import readable_client
from attendance.application.forms.listing import Listed, Reading
from attendance.application.forms.read_models import read_model
from attendance.application.forms.retrying import retried
from attendance.application.forms.use_case import DatedQuery
from attendance.application.pagination import PageRequest, parse_sort, validate_range
from attendance.application.ports import Clock, Kind, UnitOfWork
from attendance.application.ports.club import GROUPS, GroupCriteria
from attendance.domain.attendance.absences import may_be_announced
from attendance.domain.attendance.marks import Mark, is_announced
from attendance.domain.attendance.status import Status
from attendance.domain.club.groups import Group, GroupMembership, Slot
from attendance.domain.club.lessons import Lesson
from attendance.domain.dates import ONE_DAY, length_error
from attendance.domain.errors import raise_if_errors
from attendance.domain.ids import ClientId, GroupId, LocationId
from attendance.domain.permissions.actor import Actor
from attendance.domain.text import sort_key

MOST_GROUPS = 10_000
USUAL_RANGE = timedelta(days=30)
"""How far the lessons to come reach unless a last day is given."""

Names = Mapping[UUID, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupOfClientDetails:
    """A client's membership in a group, from `since` to `until`, both included; `until` None: open end.

    `teachers` are the names of who teaches the group today, or on the day of the membership nearest to it, by
    name; of somebody without a name the username.
    """

    group_id: GroupId
    name: str
    location_id: LocationId
    location_name: str
    since: date
    until: date | None
    teachers: tuple[str, ...]
    schedule: tuple[Slot, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LessonOfClientDetails(LessonDetails):
    """A lesson of a group that a client is in on its date, and what is marked of the client in it.

    `status` None: not marked. `announced`: the client's own accounts have announced the absence.
    `absence_open`: they may still announce it, or take it back: the lesson is not cancelled and has not
    begun, and nobody else has marked the client. `note`: what was said with an announced absence, None for
    any other mark. `has_begun`: it is going on, or over. `is_over`: its end has passed.
    """

    group_name: str
    location_name: str
    status: Status | None
    announced: bool
    note: str | None
    absence_open: bool
    has_begun: bool
    is_over: bool

    @classmethod
    def of_client(
        cls, lesson: Lesson, mark: Mark | None, names: Mapping[UUID, str], now: datetime
    ) -> "LessonOfClientDetails":
        """`names`: those of groups and locations, by their ids."""
        return read_model(
            cls,
            lesson,
            state=lesson.state(at=now),
            group_name=names[lesson.group_id],
            location_name=names[lesson.location_id],
            status=mark.status if mark else None,
            announced=is_announced(mark),
            note=mark.note if mark and is_announced(mark) else None,
            has_begun=lesson.has_begun(now),
            absence_open=may_be_announced(lesson, mark, at=now),
            is_over=lesson.is_over(now),
        )


class GroupsOfClient(DatedQuery):
    """List a client's memberships in groups that are not over, by the group's name, ties by id, then by day.

    `ended`: those that are over, too. For employees, and for parents of their own clients. Raises Forbidden,
    ClientNotFound.
    """

    @retried
    def __call__(
        self, actor: Actor, *, client_id: ClientId, ended: bool = False
    ) -> Listed[GroupOfClientDetails]:
        readable_client(self.store, actor, client_id)
        today = self.today()
        criteria = GroupCriteria(member_id=client_id, member_after=date.min if ended else today - ONE_DAY)
        page_request: PageRequest[Group] = PageRequest(
            order=parse_sort("name", GROUPS.sort), limit=MOST_GROUPS
        )

        def read(work: UnitOfWork) -> tuple[tuple[Group, ...], Names, Names]:
            groups = work.groups.list(criteria, page_request)
            locations = work.statistics.names_of(Kind.LOCATION, {group.location_id for group in groups})
            teacher_ids = {it.user_id for group in groups for it in group.teachers}
            return groups, locations, work.statistics.names_of(Kind.EMPLOYEE, teacher_ids)

        groups, locations, teachers = Reading(self.store).one(read)
        items = tuple(
            _membership(group, member, locations, teachers, today)
            for group in groups
            for member in group.members
            if member.client_id == client_id and (ended or (member.until or today) >= today)
        )
        return Listed(items=items, total=len(items))


def _membership(
    group: Group, member: GroupMembership, locations: Names, teachers: Names, today: date
) -> GroupOfClientDetails:
    nearest = min(max(today, member.since), member.until or date.max)
    names = (teachers[user_id] for user_id in group.teachers_on(nearest))
    return GroupOfClientDetails(
        group_id=group.id,
        name=group.name,
        location_id=group.location_id,
        location_name=locations[group.location_id],
        since=member.since,
        until=member.until,
        teachers=tuple(sorted(names, key=sort_key)),
        schedule=group.schedule,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LessonsOfClient(DatedQuery):
    """List the lessons of the groups that a client is in on their date, by date and start, ties by id.

    `since`, `until`: local dates, both included; without `since` from today, without `until` for 30 days
    more. At most 366 days. Each with what is marked of the client, without notes but for those of
    announced absences; cancelled ones are in it.
    For employees, and for parents of their own clients. Raises Invalid, Forbidden, ClientNotFound.
    """

    clock: Clock

    @retried
    def __call__(
        self, actor: Actor, *, client_id: ClientId, since: date | None = None, until: date | None = None
    ) -> Listed[LessonOfClientDetails]:
        days = lessons_range(since, until, today=self.today())
        readable_client(self.store, actor, client_id)
        now = self.clock()
        with self.store.read() as work:
            lessons = work.lessons.of_member(client_id, *days)
            marks = work.attendance.of_client(client_id, [lesson.id for lesson in lessons])
            groups = work.statistics.names_of(Kind.GROUP, {lesson.group_id for lesson in lessons})
            locations = work.statistics.names_of(Kind.LOCATION, {lesson.location_id for lesson in lessons})
        marked, names = {mark.lesson_id: mark for mark in marks}, {**groups, **locations}
        items = tuple(
            LessonOfClientDetails.of_client(lesson, marked.get(lesson.id), names, now) for lesson in lessons
        )
        return Listed(items=items, total=len(items))


def lessons_range(since: date | None, until: date | None, *, today: date) -> tuple[date, date]:
    """The first and the last day of a range of lessons, both included: from today for 30 days more.

    Raises Invalid for one that ends before it begins, or is longer than 366 days.
    """
    validate_range(since, until)
    first = since or min(today, until or today)
    begin = max(today, first)
    last = until or (begin + USUAL_RANGE if date.max - begin >= USUAL_RANGE else date.max)
    raise_if_errors(length_error("to", first, last))
    return first, last
