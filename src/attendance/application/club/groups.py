"""Groups: adding, listing, showing and editing them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Unpack

from attendance.application.club.read_models import GroupDetails
from attendance.application.editing import change_context, edit
from attendance.application.field_errors import NOBODY, record_errors
from attendance.application.listing import Listed, listed
from attendance.application.pagination import parse_sort
from attendance.application.ports import Clock, NewId, Store, Today, UnitOfWork
from attendance.application.ports.club import GroupCriteria
from attendance.application.retrying import retried
from attendance.domain.club.clients import ClientArchived, ClientNotFound
from attendance.domain.club.groups import Group, GroupChanges, RosterHeld
from attendance.domain.errors import FieldError
from attendance.domain.events import Event
from attendance.domain.ids import GroupId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import may_rewrite_rosters, require_level
from attendance.domain.permissions.table import Permission
from attendance.domain.text import raise_if_errors

GROUPS_SORT = ("name", "created_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListGroups:
    """Groups by name unless `sort` says otherwise, without their members to those who may not see them.

    With `page` (from 1) 20 of them, otherwise all. Raises Invalid, Forbidden.
    """

    store: Store

    def __call__(self, actor: Actor, *, page: int | None = None, sort: str = "") -> Listed[GroupDetails]:
        order = parse_sort(sort or "name", GROUPS_SORT)
        criteria = GroupCriteria()
        return listed(
            self.store,
            lambda: require_level(actor, Permission.READ_GROUPS),
            order=order,
            page=page,
            count=lambda work: work.groups.count(criteria),
            rows=lambda work, page_request: work.groups.list(criteria, page_request),
            details=lambda group: GroupDetails.of(group, actor),
            hidden=GroupDetails.hidden(actor),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AddGroup:
    """Add a group. Raises Invalid, Forbidden, LocationNotFound, UserNotFound, ClientNotFound, ClientArchived.

    GroupFull where its members are more than its places.
    """

    store: Store
    clock: Clock
    new_id: NewId

    def errors_in(self, fields: Mapping[str, Any]) -> list[FieldError]:
        return group_errors(fields)

    @retried
    def __call__(self, actor: Actor, **fields: Unpack[GroupChanges]) -> GroupDetails:
        now = self.clock()
        given: dict[str, Any] = {**fields}
        group = Group(**given, id=GroupId(self.new_id()), created_at=now, updated_at=now)
        require_level(actor, Permission.ADD_GROUP)
        with self.store.transaction() as work:
            _require_there(work, None, group)
            work.groups.add(group)
            work.events.add(group.added(change_context(self, actor)))
        return GroupDetails.of(group, actor)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowGroup:
    """One group, without its members to those who may not see them. Raises Forbidden, GroupNotFound."""

    store: Store

    @retried
    def __call__(self, actor: Actor, *, group_id: GroupId) -> GroupDetails:
        require_level(actor, Permission.READ_GROUPS)
        with self.store.autocommit() as work:
            return GroupDetails.of(work.groups.get(group_id), actor)


@dataclass(frozen=True, slots=True, kw_only=True)
class EditGroup:
    """Change what is named; lists are replaced whole. Lessons that were made stay as they are.

    What has begun may only be ended, and the roster of a lesson that was held stays, but for head managers
    and above. `versions`: those the caller has seen, None for any. Raises Invalid, Forbidden, GroupNotFound,
    Outdated, LocationNotFound, UserNotFound, ClientNotFound, ClientArchived, GroupFull, OnlyToBeEnded,
    RosterHeld.
    """

    store: Store
    clock: Clock
    today: Today
    new_id: NewId

    def errors_in(self, fields: Mapping[str, Any]) -> list[FieldError]:
        return group_errors(fields)

    @retried
    def __call__(
        self,
        actor: Actor,
        *,
        group_id: GroupId,
        versions: Collection[int] | None = None,
        **changes: Unpack[GroupChanges],
    ) -> GroupDetails:
        raise_if_errors(*self.errors_in(changes))
        require_level(actor, Permission.EDIT_GROUP)
        with self.store.transaction() as work:

            def revised(before: Group) -> tuple[Group, Event | None]:
                after, event = before.edited(changes, change_context(self, actor))
                if not may_rewrite_rosters(actor):
                    before.require_only_ended(after, today=self.today())
                    if after.members != before.members:
                        # before clients are held: whoever marks holds the lesson first
                        self._require_same_past(work, before, after)
                _require_there(work, before, after)
                return after, event

            return GroupDetails.of(edit(work, work.groups, group_id, versions, revised), actor)

    def _require_same_past(self, work: UnitOfWork, before: Group, after: Group) -> None:
        if touched := before.touched(after, work.lessons.lock_held_dates(before.id, self.clock())):
            raise RosterHeld(*touched)


def _require_there(work: UnitOfWork, before: Group | None, after: Group) -> None:
    """Raise NotFound for a location, teacher or client that is not there, ClientArchived for one who left."""
    if before is None or before.location_id != after.location_id:
        work.locations.get(after.location_id)
    known = {it.user_id for it in before.teachers} if before else set()
    for user_id in sorted({it.user_id for it in after.teachers} - known):
        work.accounts.get(user_id)
    entries = {(it.client_id, it.since) for it in before.members} if before else set()
    joining = {it.client_id for it in after.members if (it.client_id, it.since) not in entries}
    clients = work.clients.get_all_for_update(joining)
    if len(clients) < len(joining):
        raise ClientNotFound
    if not all(client.active for client in clients):
        raise ClientArchived


def group_errors(fields: Mapping[str, Any]) -> list[FieldError]:
    """What is wrong with some of a group's fields."""
    return record_errors(Group, fields, name="x", location_id=NOBODY)
