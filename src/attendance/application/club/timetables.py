"""Lessons and groups with the names of people and places around them: timetables, overviews, rosters."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from attendance.application.club.clients import ClientDetails
from attendance.application.club.groups import GroupDetails
from attendance.application.club.lessons import LessonDetails
from attendance.application.forms.client_access import readable_client
from attendance.application.forms.listing import Listed, Reading, listed
from attendance.application.forms.read_models import read_model
from attendance.application.forms.retrying import retried
from attendance.application.forms.use_case import DatedQuery, Query, TimedQuery
from attendance.application.pagination import PageChoice, PageRequest, SortKey, parse_sort, validate_range
from attendance.application.ports import Clock, Kind, Today, UnitOfWork
from attendance.application.ports.club import (
    CLIENTS,
    GROUPS,
    ClientCriteria,
    GroupCriteria,
    LessonCriteria,
    LessonInContext,
)
from attendance.domain.attendance.absences import may_be_announced
from attendance.domain.attendance.marks import Mark, is_announced
from attendance.domain.attendance.status import Status
from attendance.domain.club.groups import MOST_MEMBERSHIPS, Group, GroupMembership, GroupNotFound, Slot
from attendance.domain.club.lessons import Lesson, LessonState
from attendance.domain.club.locations import Location
from attendance.domain.club.schedules import LONGEST_RANGE
from attendance.domain.dates import ONE_DAY
from attendance.domain.errors import error_if
from attendance.domain.ids import AccountId, ClientId, GroupId, LocationId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import require_level, sees_members
from attendance.domain.permissions.table import Permission, allows
from attendance.domain.text import raise_if_errors, sort_key, words_of

LESSONS_SORT = ("date", "created_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class LessonInContextDetails(LessonDetails):
    """A lesson among those of all groups, with what its group and location are called.

    `teacher_names`: of the lesson's own teachers, by name; of somebody without a name the username.
    `untaken`: it has begun, is not cancelled, and nobody who teaches has marked anybody. `roster`: how many
    clients are its group's members on its date, without guests; `unmarked`: how many of them have no mark;
    `marked`: how many clients have one, guests among them. All three are None for whoever does not work here.
    """

    group_name: str
    location_name: str
    teacher_names: tuple[str, ...]
    untaken: bool
    roster: int | None
    unmarked: int | None
    marked: int | None

    @classmethod
    def of_context(
        cls, context: LessonInContext, teachers: "Names", actor: Actor, now: datetime
    ) -> "LessonInContextDetails":
        """`teachers`: the names of its teachers, by their ids."""
        lesson, sees_numbers = context.lesson, sees_members(actor)
        return read_model(
            cls,
            lesson,
            state=lesson.state(at=now),
            group_name=context.group_name,
            location_name=context.location_name,
            teacher_names=tuple(sorted((teachers[each] for each in lesson.teachers), key=sort_key)),
            untaken=lesson.is_untaken(at=now),
            roster=context.roster if sees_numbers else None,
            unmarked=context.unmarked if sees_numbers else None,
            marked=context.marked if sees_numbers else None,
        )

    @staticmethod
    def hidden(actor: Actor) -> tuple[str, ...]:
        return () if sees_members(actor) else ("roster", "unmarked", "marked")


@dataclass(frozen=True, slots=True)
class _NamedLesson:
    """A lesson in its context, and the names of teachers, its own among them, by their ids."""

    context: LessonInContext
    teachers: "Names"


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
    begun, and nobody else has marked the client.
    """

    group_name: str
    location_name: str
    status: Status | None
    announced: bool
    absence_open: bool

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
            absence_open=may_be_announced(lesson, mark, at=now),
        )


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
    and have no mark; False: the others. How many are on the roster and marked is for employees and above.
    `page` (from 1): that page of 20; None: the whole list. A page takes at most four statements,
    however many lessons it has. Raises Invalid, Forbidden.
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
        page: PageChoice = None,
        sort: str = "",
    ) -> Listed[LessonInContextDetails]:
        order, now, today = lessons_order(sort, ("date",)), self.clock(), self.today()
        validate_range(since, until)
        first, last = since or min(today, until or today), until or max(today, since or today)
        raise_if_errors(
            error_if(
                last - first >= timedelta(days=LONGEST_RANGE),
                "to",
                f"must be at most {LONGEST_RANGE} days from from",
            )
        )
        criteria = LessonCriteria(
            at=now,
            since=first,
            until=last,
            teacher_id=teacher_id,
            group_id=group_id,
            location_id=location_id,
            state=state,
            untaken=untaken,
        )

        def rows(work: UnitOfWork, page_request: PageRequest[_NamedLesson]) -> tuple[_NamedLesson, ...]:
            last = page_request.after
            of_lessons: PageRequest[Lesson] = replace(page_request, after=last and last.context.lesson)  # type: ignore[arg-type, assignment]
            contexts = work.lessons.in_context(work.lessons.list(criteria, of_lessons))
            teacher_ids = {each for context in contexts for each in context.lesson.teachers}
            names = work.statistics.names_of(Kind.EMPLOYEE, teacher_ids) if teacher_ids else {}
            return tuple(_NamedLesson(context, names) for context in contexts)

        return listed(
            self.store,
            lambda: require_level(actor, Permission.READ_LESSONS),
            order=order,
            page=page,
            count=lambda work: work.lessons.count(criteria),
            rows=rows,
            details=lambda row: LessonInContextDetails.of_context(row.context, row.teachers, actor, now),
            hidden=LessonInContextDetails.hidden(actor),
        )


def lessons_order(sort: str, known: Collection[str]) -> tuple[SortKey, ...]:
    """The sort keys of a list of lessons, by date unless `sort` says otherwise: of one date by start.

    Raises Invalid.
    """
    order: list[SortKey] = []
    for key in parse_sort(sort or "date", known):
        order += [key, SortKey("starts", key.descending)] if key.field == "date" else [key]
    return tuple(order)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class TeacherDetails:
    """Who teaches or may teach, by name; of somebody without a name the username.

    `may_teach`: an active account of level 3 or above.
    """

    user_id: AccountId
    name: str
    may_teach: bool


class ListTeachers(Query):
    """Return everybody who may teach, by name, ties by id, and those of `user_ids`, who may have taught.

    For employees and above. Two statements. Raises Forbidden.
    """

    @retried
    def __call__(self, actor: Actor, *, user_ids: Collection[AccountId] = ()) -> tuple[TeacherDetails, ...]:
        require_level(actor, Permission.LIST_CLIENTS)
        with self.store.read() as work:
            able = work.statistics.names(Kind.EMPLOYEE)
            others = work.statistics.names_of(Kind.EMPLOYEE, {*user_ids} - able.keys())
        found = (
            TeacherDetails(user_id=AccountId(user_id), name=name, may_teach=user_id in able)
            for user_id, name in {**able, **others}.items()
        )
        return tuple(sorted(found, key=lambda teacher: (sort_key(teacher.name), teacher.user_id)))


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupOverview(GroupDetails):
    """A group among others: the name of its location, and what it is like today.

    `teacher_names`: who teaches it today, by name. `size`: how many members it has today. `next_lesson`: the
    first that is not over and not cancelled, None where none is planned.
    """

    location_name: str
    teacher_names: tuple[str, ...]
    size: int
    active: bool
    next_lesson: LessonDetails | None


@dataclass(frozen=True, slots=True)
class _InContext:
    """A group and what its overview has beside it."""

    group: Group
    location_name: str
    teacher_names: tuple[str, ...]
    next_lesson: Lesson | None

    def overview(self, today: date, now: datetime) -> GroupOverview:
        following = self.next_lesson
        return read_model(
            GroupOverview,
            self.group,
            location_name=self.location_name,
            teacher_names=self.teacher_names,
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
    teachers = work.statistics.names_of(
        Kind.EMPLOYEE, {user_id for group in groups for user_id in group.teachers_on(today)}
    )
    lessons = {
        lesson.group_id: lesson for lesson in work.lessons.next_of_groups([group.id for group in groups], now)
    }
    return tuple(
        _InContext(
            group,
            places[group.location_id],
            tuple(sorted((teachers[each] for each in group.teachers_on(today)), key=sort_key)),
            lessons.get(group.id),
        )
        for group in groups
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterEntry:
    """A client who is in a group on a day, from `since` to `until`, both included; None: open end."""

    client: ClientDetails
    since: date
    until: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupTeacher:
    """Who teaches a group from `since` to `until`, both included; None: open end."""

    user_id: AccountId
    name: str
    since: date
    until: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterDetails:
    """A group, where it meets, who teaches it, and who is in it on `day`, by name.

    `changes`: the days after `day` on which somebody joins, or is no longer there, in order. `teaches`: the
    actor is one of today's teachers. `may_add_lessons`: the actor may add lessons to the group today.
    """

    group: GroupDetails
    location: Location
    day: date
    today: date
    entries: tuple[RosterEntry, ...]
    teachers: tuple[GroupTeacher, ...]
    changes: tuple[date, ...]
    teaches: bool
    may_add_lessons: bool


class ShowRoster(DatedQuery):
    """Return who is in a group on a day, today unless given, with the group and its location.

    For employees and above. Four statements. Raises Forbidden, GroupNotFound.
    """

    @retried
    def __call__(self, actor: Actor, *, group_id: GroupId, day: date | None = None) -> RosterDetails:
        require_level(actor, Permission.LIST_CLIENTS)
        today = self.today()
        day = day or today

        def read(work: UnitOfWork) -> RosterDetails:
            group = work.groups.get(group_id)
            criteria = ClientCriteria(group_id=group_id, member_on=day)
            request: PageRequest[object] = PageRequest(
                order=parse_sort("name", CLIENTS.sort), limit=MOST_MEMBERSHIPS
            )
            members = {member.client_id: member for member in group.members if member.covers(day)}
            clients = work.clients.list(criteria, request)  # type: ignore[arg-type]
            names = work.statistics.names_of(Kind.EMPLOYEE, {each.user_id for each in group.teachers})
            teaches = actor.id in group.teachers_on(today)
            return RosterDetails(
                group=GroupDetails.of(group, actor),
                location=work.locations.get(group.location_id),
                day=day,
                today=today,
                entries=tuple(
                    RosterEntry(
                        client=ClientDetails.of(client, actor),
                        since=members[client.id].since,
                        until=members[client.id].until,
                    )
                    for client in clients
                ),
                teachers=tuple(
                    GroupTeacher(
                        user_id=each.user_id,
                        name=names[each.user_id],
                        since=each.since,
                        until=each.until,
                    )
                    for each in group.teachers
                ),
                changes=group.roster_changes_after(day),
                teaches=teaches,
                may_add_lessons=allows(Permission.ADD_LESSON, actor.level, own=teaches),
            )

        return Reading(self.store).deciding(read)
