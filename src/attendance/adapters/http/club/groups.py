"""Groups: who teaches them, who is in them, and when they meet."""

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, get, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from attendance.adapters.http.server.authentication import FromCaller, permitted
from attendance.adapters.http.server.changes import changes_in
from attendance.adapters.http.server.entries import entries
from attendance.adapters.http.server.errors import refusals
from attendance.adapters.http.server.etag import Versions, etag
from attendance.adapters.http.server.exports import Format, InFormat
from attendance.adapters.http.server.fields import Text, line
from attendance.adapters.http.server.ids import sent_id
from attendance.adapters.http.server.lists import Paged, PageNumber, Sort, listing
from attendance.adapters.http.server.paths import API
from attendance.adapters.http.server.strict_json import StrictJson
from attendance.adapters.http.server.times import TimeOfDay, sent_time, shown_time
from attendance.application.club.read_models import GroupDetails
from attendance.application.use_cases import UseCases
from attendance.domain.club.groups import (
    LONGEST_GROUP_NAME,
    MOST_MEMBERSHIPS,
    MOST_SLOTS,
    MOST_TEACHERS,
    GroupMembership,
    Slot,
    Teaching,
)
from attendance.domain.club.locations import LARGEST_CAPACITY
from attendance.domain.ids import AccountId, ClientId, GroupId, LocationId
from attendance.domain.permissions.table import Permission

TAGS = ["Groups"]
GROUP = f"{API}/groups/{{group_id:str}}"
CLEARED = {"teachers": (), "members": (), "schedule": ()}

Name = Annotated[str, line(LONGEST_GROUP_NAME, shortest=1)]
Capacity = Annotated[int, msgspec.Meta(ge=1, le=LARGEST_CAPACITY)]


class TeacherBody(msgspec.Struct, forbid_unknown_fields=True):
    """Who teaches, both ends included; without `until` for as long as is known."""

    user_id: Text
    since: dt.date = msgspec.field(name="from")
    until: dt.date | None = None


class MemberBody(msgspec.Struct, forbid_unknown_fields=True):
    """Who is in the group, both ends included; without `until` for as long as is known."""

    client_id: Text
    since: dt.date = msgspec.field(name="from")
    until: dt.date | None = None


class SlotBody(msgspec.Struct, forbid_unknown_fields=True):
    """When the group meets each week, in the time of its location; Monday is 1."""

    weekday: Annotated[int, msgspec.Meta(ge=1, le=7)]
    starts: TimeOfDay
    ends: TimeOfDay


Teachers = Annotated[list[TeacherBody], msgspec.Meta(max_length=MOST_TEACHERS)]
Members = Annotated[list[MemberBody], msgspec.Meta(max_length=MOST_MEMBERSHIPS)]
Schedule = Annotated[list[SlotBody], msgspec.Meta(max_length=MOST_SLOTS)]


class AddGroupBody(msgspec.Struct, forbid_unknown_fields=True):
    name: Name
    location_id: Text
    capacity: Capacity | msgspec.UnsetType | None = msgspec.UNSET
    active_from: dt.date | msgspec.UnsetType | None = msgspec.UNSET
    active_until: dt.date | msgspec.UnsetType | None = msgspec.UNSET
    teachers: Teachers | msgspec.UnsetType | None = msgspec.UNSET
    members: Members | msgspec.UnsetType | None = msgspec.UNSET
    schedule: Schedule | msgspec.UnsetType | None = msgspec.UNSET


class EditGroupBody(msgspec.Struct, forbid_unknown_fields=True):
    """What is left out stays as it is; null clears. Lists are replaced whole."""

    name: Name | msgspec.UnsetType = msgspec.UNSET
    location_id: Text | msgspec.UnsetType = msgspec.UNSET
    capacity: Capacity | msgspec.UnsetType | None = msgspec.UNSET
    active_from: dt.date | msgspec.UnsetType | None = msgspec.UNSET
    active_until: dt.date | msgspec.UnsetType | None = msgspec.UNSET
    teachers: Teachers | msgspec.UnsetType | None = msgspec.UNSET
    members: Members | msgspec.UnsetType | None = msgspec.UNSET
    schedule: Schedule | msgspec.UnsetType | None = msgspec.UNSET


class GroupView(msgspec.Struct, kw_only=True):
    """A group; `members` for those who work here alone."""

    id: UUID
    created_at: dt.datetime
    updated_at: dt.datetime
    version: int
    name: str
    location_id: UUID
    capacity: int | None
    active_from: dt.date | None
    active_until: dt.date | None
    teachers: list[TeacherBody]
    members: list[MemberBody] | msgspec.UnsetType = msgspec.UNSET
    schedule: list[SlotBody]


class GroupsView(Paged, kw_only=True):
    groups: list[GroupView]


def _view(group: GroupDetails) -> GroupView:
    return GroupView(
        id=group.id,
        created_at=group.created_at,
        updated_at=group.updated_at,
        version=group.version,
        name=group.name,
        location_id=group.location_id,
        capacity=group.capacity,
        active_from=group.active_from,
        active_until=group.active_until,
        teachers=[TeacherBody(str(it.user_id), it.since, it.until) for it in group.teachers],
        members=msgspec.UNSET
        if group.members is None
        else [MemberBody(str(it.client_id), it.since, it.until) for it in group.members],
        schedule=[SlotBody(it.weekday, shown_time(it.starts), shown_time(it.ends)) for it in group.schedule],
    )


def _shown(group: GroupDetails, *, status: int = 200) -> Response[GroupView]:
    where = {"Location": f"{API}/groups/{group.id}"} if status == 201 else {}
    return Response(_view(group), status_code=status, headers=etag(group.version) | where)


def _teaching(sent: TeacherBody) -> Teaching:
    return Teaching(user_id=AccountId(sent_id(sent.user_id)), since=sent.since, until=sent.until)


def _membership(sent: MemberBody) -> GroupMembership:
    return GroupMembership(client_id=ClientId(sent_id(sent.client_id)), since=sent.since, until=sent.until)


def _slot(sent: SlotBody) -> Slot:
    return Slot(weekday=sent.weekday, starts=sent_time(sent.starts), ends=sent_time(sent.ends))


def _changes(data: AddGroupBody | EditGroupBody) -> dict[str, Any]:
    changes = changes_in(data, CLEARED)
    if "location_id" in changes:
        changes["location_id"] = LocationId(sent_id(changes["location_id"]))
    kinds: dict[str, Any] = {"teachers": _teaching, "members": _membership, "schedule": _slot}
    return changes | {name: entries(name, changes[name], kinds[name]) for name in kinds if name in changes}


def group_handlers(use_cases: UseCases) -> list[HTTPRouteHandler]:
    @get(
        f"{API}/groups",
        sync_to_thread=True,
        responses=refusals(401, 403),
        tags=TAGS,
        **permitted(Permission.READ_GROUPS),
    )
    def list_groups(
        caller: FromCaller, page: PageNumber = None, sort: Sort = "", form: InFormat = Format.JSON
    ) -> Response[GroupsView]:
        """Groups by name; `sort` knows name and created_at."""
        listed = use_cases.list_groups(caller.actor(), page=page, sort=sort)
        return listing(GroupsView, listed, _view, form)

    @post(
        f"{API}/groups",
        dto=StrictJson,
        return_dto=None,
        sync_to_thread=True,
        responses=refusals(401, 403, 404, 409, 415),
        tags=TAGS,
        **permitted(Permission.ADD_GROUP),
    )
    def add_group(caller: FromCaller, data: JSONBody[AddGroupBody]) -> Response[GroupView]:
        """Add a group."""
        return _shown(use_cases.add_group(caller.actor(), **_changes(data)), status=201)

    @get(
        GROUP,
        sync_to_thread=True,
        responses=refusals(401, 403, 404),
        tags=TAGS,
        **permitted(Permission.READ_GROUPS),
    )
    def show_group(caller: FromCaller, group_id: FromPath[str]) -> Response[GroupView]:
        """One group."""
        return _shown(use_cases.show_group(caller.actor(), group_id=GroupId(sent_id(group_id))))

    @put(
        GROUP,
        dto=StrictJson,
        return_dto=None,
        sync_to_thread=True,
        responses=refusals(401, 403, 404, 409, 412, 415),
        tags=TAGS,
        **permitted(Permission.EDIT_GROUP),
    )
    def edit_group(
        caller: FromCaller, versions: Versions, group_id: FromPath[str], data: JSONBody[EditGroupBody]
    ) -> Response[GroupView]:
        """Change what is sent; lessons that were made stay as they are."""
        group = use_cases.edit_group(
            caller.actor(), group_id=GroupId(sent_id(group_id)), versions=versions, **_changes(data)
        )
        return _shown(group)

    return [list_groups, add_group, show_group, edit_group]
