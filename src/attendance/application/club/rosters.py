"""Who teaches and who comes: groups with the names of people and places, for whoever works here."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime

from attendance.application.club.clients import ClientDetails
from attendance.application.club.groups import GroupDetails
from attendance.application.club.lessons import LessonDetails
from attendance.application.forms.listing import Listed, Reading, listed
from attendance.application.forms.read_models import read_model
from attendance.application.forms.retrying import retried
from attendance.application.forms.use_case import DatedQuery, Query
from attendance.application.pagination import PageChoice, PageRequest, parse_sort
from attendance.application.ports import Clock, Kind, UnitOfWork
from attendance.application.ports.club import CLIENTS, GROUPS, ClientCriteria, GroupCriteria
from attendance.domain.club.groups import MOST_MEMBERSHIPS, Group
from attendance.domain.club.lessons import Lesson
from attendance.domain.club.locations import Location
from attendance.domain.ids import AccountId, GroupId, LocationId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import require_level
from attendance.domain.permissions.table import Permission, allows
from attendance.domain.text import sort_key, words_of


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

    `q`, `active`, `location_id`, `teacher_id` and `page` are those of `list_groups`. A page takes at most
    five statements, however many groups it has. For employees and above. Raises Invalid, Forbidden.
    """

    clock: Clock

    def __call__(
        self,
        actor: Actor,
        *,
        page: PageChoice = None,
        q: str = "",
        active: bool | None = None,
        location_id: LocationId | None = None,
        teacher_id: AccountId | None = None,
    ) -> Listed[GroupOverview]:
        now, today = self.clock(), self.today()
        criteria = GroupCriteria(
            words=words_of("q", q), active=active, location_id=location_id, teacher_id=teacher_id, on=today
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

        return Reading(self.store).one(read)
