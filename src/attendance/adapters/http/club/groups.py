"""Groups: who teaches them, who is in them, and when they meet."""

import datetime as dt
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response
from msgspec import UNSET

from attendance.adapters.http.server.answers import Paged, Resource, RevisionView, listing, resource
from attendance.adapters.http.server.bodies.meaning import Body, Clearable, Fields, Sent
from attendance.adapters.http.server.callers.versions import Versions
from attendance.adapters.http.server.exports.tables import Format, InFormat
from attendance.adapters.http.server.fields.ids import Id, Teacher, user_meant
from attendance.adapters.http.server.fields.queries import PageNumber, SearchText, Sort
from attendance.adapters.http.server.fields.texts import line
from attendance.adapters.http.server.fields.times import TimeOfDay
from attendance.adapters.http.server.operations.declaration import API, Room
from attendance.application.use_cases import UseCases
from attendance.domain.club.groups import (
    LONGEST_GROUP_NAME,
    MOST_MEMBERSHIPS,
    MOST_SLOTS,
    MOST_TEACHERS,
    MOST_WEEKS,
    GroupMembership,
    Slot,
    Teaching,
)
from attendance.domain.club.locations import LARGEST_CAPACITY
from attendance.domain.ids import ClientId, GroupId, LocationId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.table import Permission

GROUP = "/groups/{group_id}"
MEMBERS = f"{GROUP}/members"

Name = Annotated[str, line(LONGEST_GROUP_NAME, shortest=1)]

room = Room("Groups")


class TeacherBody(Body):
    """Who teaches, both ends included; without `until` for as long as is known."""

    means = Teaching

    user_id: Id
    since: dt.date = msgspec.field(name="from")
    until: dt.date | None = None


class MemberBody(Body):
    """Who is in the group, both ends included; without `until` for as long as is known."""

    means = GroupMembership

    client_id: Id
    since: dt.date = msgspec.field(name="from")
    until: dt.date | None = None


class SlotBody(Body):
    """When the group meets, in the time of its location; Monday is 1, "00:00" as an end the next midnight.

    `every` so many weeks, counted from the first such weekday on or after `from`, or after `active_from`.
    """

    means = Slot

    weekday: Annotated[int, msgspec.Meta(ge=1, le=7)]
    starts: TimeOfDay
    ends: TimeOfDay
    every: Annotated[int, msgspec.Meta(ge=1, le=MOST_WEEKS)] = 1
    since: dt.date | None = msgspec.field(name="from", default=None)


class GroupBody(Body):
    """What is left out stays as it is; null clears. Lists are replaced whole."""

    name: Sent[Name] = UNSET
    location_id: Sent[Id] = UNSET
    capacity: Clearable[Annotated[int, msgspec.Meta(ge=1, le=LARGEST_CAPACITY)]] = UNSET
    active_from: Clearable[dt.date] = UNSET
    active_until: Clearable[dt.date] = UNSET
    teachers: Clearable[Annotated[list[TeacherBody], msgspec.Meta(max_length=MOST_TEACHERS)]] = UNSET
    members: Clearable[Annotated[list[MemberBody], msgspec.Meta(max_length=MOST_MEMBERSHIPS)]] = UNSET
    schedule: Clearable[Annotated[list[SlotBody], msgspec.Meta(max_length=MOST_SLOTS)]] = UNSET


class EditGroupBody(GroupBody, kw_only=True):
    """What is left out stays as it is; null clears. Lists are replaced whole.

    `cancel_lessons`: lessons that are planned after an earlier `active_until` are cancelled with it.
    """

    cancel_lessons: Sent[bool] = UNSET


class AddGroupBody(GroupBody, kw_only=True):
    name: Name
    location_id: Id


class GroupView(RevisionView, kw_only=True):
    """A group; `members` for those who work here alone."""

    name: str
    location_id: UUID
    capacity: int | None
    active_from: dt.date | None
    active_until: dt.date | None
    teachers: list[TeacherBody]
    members: Sent[list[MemberBody]] = UNSET
    schedule: list[SlotBody]


class GroupsView(Paged, kw_only=True):
    groups: list[GroupView]


@room.operation("GET", "/groups", Permission.READ_GROUPS)
def list_groups(
    use_cases: UseCases,
    actor: Actor,
    page: PageNumber | None = None,
    sort: Sort = "",
    q: SearchText = "",
    active: bool | None = None,
    location_id: LocationId | None = None,
    teacher: Teacher | None = None,
    form: InFormat = Format.JSON,
) -> Response[GroupsView]:
    """Groups by name; `sort` knows name and created_at, `q` any words of it, `teacher` who teaches today."""
    groups = use_cases.list_groups(
        actor,
        page=page,
        sort=sort,
        q=q,
        active=active,
        location_id=location_id,
        teacher_id=user_meant(teacher, actor),
    )
    return listing(GroupsView, groups, form)


@room.operation("POST", "/groups", Permission.ADD_GROUP, refuses=(404, 409))
def add_group(use_cases: UseCases, actor: Actor, fields: Fields[AddGroupBody]) -> Resource[GroupView]:
    """Add a group."""
    return resource(GroupView, use_cases.add_group(actor, **fields))


@room.operation("GET", GROUP, Permission.READ_GROUPS)
def show_group(use_cases: UseCases, actor: Actor, group_id: GroupId) -> Resource[GroupView]:
    """One group."""
    return resource(GroupView, use_cases.show_group(actor, group_id=group_id))


@room.operation("PUT", GROUP, Permission.EDIT_GROUP, refuses=(409,))
def edit_group(
    use_cases: UseCases, actor: Actor, group_id: GroupId, versions: Versions, fields: Fields[EditGroupBody]
) -> Resource[GroupView]:
    """Change what is sent; lessons that were made stay as they are, unless the group ends before them."""
    return resource(GroupView, use_cases.edit_group(actor, group_id=group_id, versions=versions, **fields))


@room.operation("POST", MEMBERS, Permission.EDIT_GROUP, refuses=(409,), status=201)
def add_member(
    use_cases: UseCases, actor: Actor, group_id: GroupId, versions: Versions, fields: Fields[MemberBody]
) -> Resource[GroupView]:
    """Add a client to the group, and answer the group."""
    group = use_cases.add_member(actor, group_id=group_id, versions=versions, **fields)
    return resource(GroupView, group, location=f"{API}/groups/{group.id}")


@room.operation("DELETE", f"{MEMBERS}/{{client_id}}", Permission.EDIT_GROUP, refuses=(409,), status=200)
def end_member(
    use_cases: UseCases,
    actor: Actor,
    group_id: GroupId,
    client_id: ClientId,
    versions: Versions,
    last_day: dt.date | None = None,
) -> Resource[GroupView]:
    """End the membership that runs on the day `until` (today), or remove the next one; answer the group."""
    group = use_cases.end_member(
        actor, group_id=group_id, client_id=client_id, until=last_day, versions=versions
    )
    return resource(GroupView, group)
