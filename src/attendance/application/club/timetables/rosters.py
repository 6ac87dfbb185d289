"""Who is in a group on a day."""

from dataclasses import dataclass
from datetime import date
from functools import partial

from attendance.application.club.clients import ClientDetails
from attendance.application.club.groups import GroupDetails
from attendance.application.forms.listing import Reading
from attendance.application.forms.retrying import retried
from attendance.application.forms.use_case import DatedQuery
from attendance.application.pagination import PageRequest, parse_sort
from attendance.application.ports import UnitOfWork
from attendance.application.ports.club import CLIENTS, ClientCriteria
from attendance.domain.club.clients import Client
from attendance.domain.club.groups import MOST_MEMBERSHIPS, Group
from attendance.domain.club.locations import Location
from attendance.domain.ids import AccountId, GroupId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import require_level
from attendance.domain.permissions.table import Permission, allows


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterEntry:
    """A client who is in a group on a day, from `since` to `until`, both included; None: open end."""

    client: ClientDetails
    since: date
    until: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupTeacher:
    """Who teaches a group from `since` to `until`, both included; None: open end.

    `active` False: the account is switched off.
    """

    user_id: AccountId
    name: str
    active: bool
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
        read = partial(_roster, actor=actor, group_id=group_id, day=day or today, today=today)
        return Reading(self.store).deciding(read)


def _roster(work: UnitOfWork, *, actor: Actor, group_id: GroupId, day: date, today: date) -> RosterDetails:
    group = work.groups.get(group_id)
    teaches = actor.id in group.teachers_on(today)
    return RosterDetails(
        group=GroupDetails.of(group, actor),
        location=work.locations.get(group.location_id),
        day=day,
        today=today,
        entries=_entries(work, actor, group, day),
        teachers=_teachers(work, group),
        changes=group.roster_changes_after(day),
        teaches=teaches,
        may_add_lessons=allows(Permission.ADD_LESSON, actor.level, own=teaches),
    )


def _entries(work: UnitOfWork, actor: Actor, group: Group, day: date) -> tuple[RosterEntry, ...]:
    """Who is in the group on a day, by name."""
    request: PageRequest[Client] = PageRequest(order=parse_sort("name", CLIENTS.sort), limit=MOST_MEMBERSHIPS)
    members = {member.client_id: member for member in group.members if member.covers(day)}
    return tuple(
        RosterEntry(
            client=ClientDetails.of(client, actor),
            since=members[client.id].since,
            until=members[client.id].until,
        )
        for client in work.clients.list(ClientCriteria(group_id=group.id, member_on=day), request)
    )


def _teachers(work: UnitOfWork, group: Group) -> tuple[GroupTeacher, ...]:
    """Who teaches the group, now or at another time."""
    known = work.statistics.employees({each.user_id for each in group.teachers})
    return tuple(
        GroupTeacher(
            user_id=each.user_id,
            name=known[each.user_id].name,
            active=known[each.user_id].active,
            since=each.since,
            until=each.until,
        )
        for each in group.teachers
    )
