"""Groups: adding, listing, showing and editing them."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Unpack

from attendance.application.attendance.charging import charge_again, clear_marks
from attendance.application.forms.editing import edit
from attendance.application.forms.field_errors import NOBODY, record_errors
from attendance.application.forms.listing import Listed
from attendance.application.forms.read_models import read_model
from attendance.application.forms.retrying import retried
from attendance.application.forms.use_case import Command, DatedCommand, DatedQuery, Query
from attendance.application.pagination import PageChoice
from attendance.application.ports import Contended, Store, UnitOfWork
from attendance.application.ports.club import GROUPS, GroupCriteria
from attendance.domain.club.clients import ClientArchived, ClientNotFound
from attendance.domain.club.groups import (
    Group,
    GroupChanges,
    GroupFields,
    GroupMembership,
    HeldRosterChanges,
    RosterHeld,
    longer_members,
)
from attendance.domain.club.lessons import LessonsPlanned, LessonState
from attendance.domain.dates import ONE_DAY
from attendance.domain.errors import FieldError, error_if, raise_if_errors
from attendance.domain.events import ChangeContext, Event
from attendance.domain.ids import AccountId, ClientId, GroupId, LocationId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import may_rewrite_rosters, require_level, sees_members
from attendance.domain.permissions.table import Permission
from attendance.domain.text import words_of


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupDetails(GroupFields):
    """A group; `members` are None for whoever does not work here."""

    members: tuple[GroupMembership, ...] | None

    @classmethod
    def of(cls, group: Group, actor: Actor) -> "GroupDetails":
        return read_model(cls, group, cls.hidden(actor))

    @staticmethod
    def hidden(actor: Actor) -> tuple[str, ...]:
        return () if sees_members(actor) else ("members",)


class ListGroups(DatedQuery):
    """List groups, by name unless `sort` says otherwise; ties by id. Members only to employees and above.

    `sort`: fields with commas, `-` before one for descending order, of `name`, `created_at`. `q`: words that
    are all found, in any order, in the name, whatever their case and accents. `active`: only those that are
    active today, or only the others. `location_id`: only those at this location. `teacher_id`: only those
    that this user teaches today. `page` (from 1): that page of 20; None: the whole list. Raises Invalid,
    Forbidden.
    """

    def __call__(
        self,
        actor: Actor,
        *,
        page: PageChoice = None,
        sort: str = "",
        q: str = "",
        active: bool | None = None,
        location_id: LocationId | None = None,
        teacher_id: AccountId | None = None,
    ) -> Listed[GroupDetails]:
        criteria = GroupCriteria(
            words=words_of("q", q),
            active=active,
            location_id=location_id,
            teacher_id=teacher_id,
            on=self.today(),
        )
        return self._listed(
            GROUPS,
            criteria,
            lambda group: GroupDetails.of(group, actor),
            permitted=lambda: require_level(actor, Permission.READ_GROUPS),
            page=page,
            sort=sort or "name",
            hidden=GroupDetails.hidden(actor),
        )


class AddGroup(Command):
    """Add a group and return it. `fields` are those of `GroupChanges`; name and location are required.

    Memberships that run on past `active_until` end with it. Raises Invalid, Forbidden, LocationNotFound,
    UserNotFound, ClientNotFound, ClientArchived, OutsideGroup where one begins after it, and GroupFull where
    on some day it has more members than its capacity.
    """

    def errors_in(self, fields: Mapping[str, Any]) -> list[FieldError]:
        return group_errors(fields)

    @retried
    def __call__(self, actor: Actor, **fields: Unpack[GroupChanges]) -> GroupDetails:
        group = Group(**self._new_record(fields))
        group = replace(group, members=group.members_to_its_end())
        require_level(actor, Permission.ADD_GROUP)
        with self.store.transaction() as work:
            _require_references(work, None, group)
            work.groups.add(group)
            work.events.add(group.added(self._change_context(actor)))
        return GroupDetails.of(group, actor)


class ShowGroup(Query):
    """Return one group; its members only to employees and above. Raises Forbidden, GroupNotFound."""

    @retried
    def __call__(self, actor: Actor, *, group_id: GroupId) -> GroupDetails:
        require_level(actor, Permission.READ_GROUPS)
        return GroupDetails.of(self._stored(GROUPS, group_id), actor)


class EditGroup(Command):
    """Change the given fields of a group, those of `GroupChanges`, and return it. Lists are replaced whole.

    The same values again change nothing; lessons made before stay as they are. Below head managers the
    rosters of lessons that were held must stay (RosterHeld). A new or longer membership ends with the group
    at the latest, and is refused where it begins after the group's last day (OutsideGroup). An earlier
    `active_until` ends the group: memberships that run on end with it, and lessons that are planned after it
    are cancelled if `cancel_lessons` says so, else it is refused (LessonsPlanned). `keep_held_rosters`:
    refuse what head managers may do, too, and say which days it is about (HeldRosterChanges). `versions`:
    refuse unless the stored version is one of these; None: any.

    Raises Invalid, Forbidden, GroupNotFound, Outdated, LocationNotFound, UserNotFound, ClientNotFound,
    ClientArchived, GroupFull, OutsideGroup, RosterHeld, HeldRosterChanges, LessonsPlanned.
    """

    def errors_in(self, fields: Mapping[str, Any]) -> list[FieldError]:
        # from when the group is active may be stored
        return group_errors({"active_from": date.min, **fields})

    @retried
    def __call__(
        self,
        actor: Actor,
        *,
        group_id: GroupId,
        versions: Collection[int] | None = None,
        cancel_lessons: bool = False,
        keep_held_rosters: bool = False,
        **changes: Unpack[GroupChanges],
    ) -> GroupDetails:
        raise_if_errors(*self.errors_in(changes))
        require_level(actor, Permission.EDIT_GROUP)
        context = self._change_context(actor)
        with self.store.transaction() as work:

            def edited(before: Group) -> tuple[Group, Event | None]:
                after, event = before.edited(changes, context)
                _require_same_held_rosters(work, actor, before, after, context, keep_held_rosters)
                _clear_absences(work, before, after, context)
                if before.is_ended_by(after):
                    end_lessons(work, after, context, cancel_lessons=cancel_lessons)
                _require_references(work, before, after)
                return after, event

            return GroupDetails.of(edit(work, work.groups, group_id, versions, edited), actor)


class AddMember(Command):
    """Add a client to a group from `since` to `until`, both included, and return the group.

    `until` None: open end; it ends with the group at the latest. `versions`: refuse (Outdated) unless the
    group has one of these; None: any. The roster of a lesson that was held changes only by head managers and
    above (RosterHeld), and for nobody where `keep_held_rosters` says so (HeldRosterChanges).
    Raises Invalid, Forbidden, GroupNotFound, Outdated, ClientNotFound, ClientArchived,
    GroupFull, RosterHeld, HeldRosterChanges, OutsideGroup where it begins after the group's last day, and
    AlreadyInGroup where the client is in the group on one of these days.
    """

    def errors_in(self, fields: Mapping[str, Any]) -> list[FieldError]:
        since, until = fields.get("since"), fields.get("until")
        error = error_if(since and until and until < since, "until", "must not be before from")
        return [error] if error else []

    @retried
    def __call__(
        self,
        actor: Actor,
        *,
        group_id: GroupId,
        client_id: ClientId,
        since: date,
        until: date | None = None,
        versions: Collection[int] | None = None,
        keep_held_rosters: bool = False,
    ) -> GroupDetails:
        raise_if_errors(*self.errors_in({"since": since, "until": until}))
        member = GroupMembership(client_id=client_id, since=since, until=until)
        return _edit_members(
            self.store,
            actor,
            group_id,
            versions,
            self._change_context(actor),
            lambda group: group.members_with(member),
            keep_held_rosters,
        )


class EndMember(DatedCommand):
    """End the client's membership that runs on the day `until` with that day, and return the group.

    Where none runs on it, remove the first that begins after both it and today. The client's planned absences
    from later lessons of the group go with it. `until`: today unless given. `versions`: refuse (Outdated)
    unless the group has one of these; None: any. The roster of a lesson that was held changes only by head
    managers and above (RosterHeld), and for nobody where `keep_held_rosters` says so (HeldRosterChanges).
    Raises Forbidden, GroupNotFound, Outdated, MembershipNotFound, RosterHeld, HeldRosterChanges.
    """

    @retried
    def __call__(
        self,
        actor: Actor,
        *,
        group_id: GroupId,
        client_id: ClientId,
        until: date | None = None,
        versions: Collection[int] | None = None,
        keep_held_rosters: bool = False,
    ) -> GroupDetails:
        today = self.today()
        return _edit_members(
            self.store,
            actor,
            group_id,
            versions,
            self._change_context(actor),
            lambda group: group.members_when_ended(client_id, last=until or today, today=today),
            keep_held_rosters,
        )


def _edit_members(
    store: Store,
    actor: Actor,
    group_id: GroupId,
    versions: Collection[int] | None,
    context: ChangeContext,
    members: Callable[[Group], tuple[GroupMembership, ...]],
    keep_held_rosters: bool,
) -> GroupDetails:
    """Give a group other members, and return it."""
    require_level(actor, Permission.EDIT_GROUP)
    with store.transaction() as work:

        def edited(before: Group) -> tuple[Group, Event | None]:
            after, event = before.edited({"members": members(before)}, context)
            _require_same_held_rosters(work, actor, before, after, context, keep_held_rosters)
            _clear_absences(work, before, after, context)
            _require_references(work, before, after)
            return after, event

        return GroupDetails.of(edit(work, work.groups, group_id, versions, edited), actor)


def _require_same_held_rosters(
    work: UnitOfWork,
    actor: Actor,
    before: Group,
    after: Group,
    context: ChangeContext,
    keep_held_rosters: bool,
) -> None:
    """Raise RosterHeld where the roster of a lesson that was held changes, unless the actor may change it.

    HeldRosterChanges where the actor may, and `keep_held_rosters` says to tell first. Before clients are
    locked: whoever marks attendance locks the lesson first.
    """
    may_rewrite = may_rewrite_rosters(actor)
    if after.members == before.members or (may_rewrite and not keep_held_rosters):
        return
    held_dates = work.lessons.lock_held_dates(before.id, context.at)
    if changed_dates := before.days_with_other_roster(after, held_dates):
        raise (HeldRosterChanges if may_rewrite else RosterHeld)(*changed_dates)


def _clear_absences(work: UnitOfWork, before: Group, after: Group, context: ChangeContext) -> None:
    """Remove the planned absences of clients from lessons on whose roster they are no longer.

    Lessons are locked before clients, as whoever marks attendance does. Raises Contended where somebody
    announced one meanwhile.
    """
    leaving_ids = {member.client_id for member in longer_members(after.members, before.members)}
    if not leaving_ids:
        return
    planned = work.attendance.planned_absences(leaving_ids, context.at)
    lessons = {
        lesson.id: lesson for lesson in work.lessons.get_all_for_update({mark.lesson_id for mark in planned})
    }
    work.clients.lock_existing(leaving_ids)
    absences = work.attendance.planned_absences(leaving_ids, context.at)
    if any(mark.lesson_id not in lessons for mark in absences):
        raise Contended
    missed = [(mark, lessons[mark.lesson_id]) for mark in absences]
    gone = [
        mark
        for mark, lesson in missed
        if lesson.group_id == after.id and mark.client_id not in after.roster_on(lesson.date)
    ]
    clear_marks(work, gone, context)


def end_lessons(work: UnitOfWork, group: Group, context: ChangeContext, *, cancel_lessons: bool) -> None:
    """Cancel the lessons that are planned after the group's end. Raises LessonsPlanned unless they may be.

    What was held after it stays. The group must be locked.
    """
    if group.active_until is None or group.active_until == date.max:
        return
    later = work.lessons.lock_of_group(group.id, group.active_until + ONE_DAY, date.max)
    planned = [lesson for lesson in later if lesson.state(at=context.at) is LessonState.PLANNED]
    if planned and not cancel_lessons:
        raise LessonsPlanned(*planned)
    for lesson in later:
        if lesson.state(at=context.at) is LessonState.HELD:
            continue
        after, event = lesson.ended_with_group(context)
        if event:
            work.lessons.save(after)
            work.events.add(event)
            charge_again(work, lesson, after, context)


def _require_references(work: UnitOfWork, before: Group | None, after: Group) -> None:
    """Raise NotFound for a new location, teacher or member that does not exist.

    Locks the clients that join; raises ClientArchived where one of them is archived.
    """
    if before is None or before.location_id != after.location_id:
        work.locations.get(after.location_id)
    teacher_ids = {teaching.user_id for teaching in before.teachers} if before else set()
    for user_id in sorted({teaching.user_id for teaching in after.teachers} - teacher_ids):
        work.accounts.get(user_id)
    joining_ids = {
        member.client_id for member in longer_members(before.members if before else (), after.members)
    }
    clients = work.clients.get_all_for_update(joining_ids)
    if len(clients) < len(joining_ids):
        raise ClientNotFound
    if not all(client.active for client in clients):
        raise ClientArchived


def group_errors(fields: Mapping[str, Any]) -> list[FieldError]:
    """What is wrong with some of a group's fields."""
    return record_errors(Group, fields, name="x", location_id=NOBODY)
