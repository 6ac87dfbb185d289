"""The groups and the lessons of one client: for those who work here, for the client, and for its parents."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from attendance.application.club.read_models import GroupOfClientDetails, LessonOfClientDetails
from attendance.application.forms.client_access import readable_client
from attendance.application.forms.listing import Listed, Reading
from attendance.application.forms.retrying import retried
from attendance.application.forms.use_case import DatedQuery
from attendance.application.pagination import PageRequest, parse_sort, validate_range
from attendance.application.ports import Clock, Kind, UnitOfWork
from attendance.application.ports.club import GROUPS, GroupCriteria
from attendance.domain.club.groups import Group, GroupMembership
from attendance.domain.club.schedules import LONGEST_RANGE
from attendance.domain.dates import ONE_DAY
from attendance.domain.errors import error_if
from attendance.domain.ids import ClientId
from attendance.domain.permissions.actor import Actor
from attendance.domain.text import raise_if_errors, sort_key

MOST_GROUPS = 10_000
USUAL_RANGE = timedelta(days=30)
"""How far the lessons to come reach unless a last day is given."""

Names = Mapping[UUID, str]


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
    more. At most 366 days. Each with what is marked of the client, without notes; cancelled ones are in it.
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
    is_too_long = last - first >= timedelta(days=LONGEST_RANGE)
    raise_if_errors(error_if(is_too_long, "to", f"must be at most {LONGEST_RANGE} days from from"))
    return first, last
