"""Groups: their teachers, their members, and their weekly schedule."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from itertools import combinations, pairwise
from math import gcd
from operator import attrgetter
from typing import Any, TypedDict
from uuid import UUID

from attendance.domain.club.locations import capacity_error
from attendance.domain.dates import ONE_DAY, Period, ends_wrongly, is_within
from attendance.domain.errors import Conflict, FieldError, NotFound, error_if, raise_if_errors
from attendance.domain.events import ChangeContext, Event
from attendance.domain.ids import AccountId, ClientId, GroupId, LocationId
from attendance.domain.revisions import Record, RecordFields
from attendance.domain.text import name_error, trim

LONGEST_GROUP_NAME = 200
MOST_TEACHERS = 100
MOST_MEMBERSHIPS = 5000
MOST_SLOTS = 100
MOST_WEEKS = 8


class GroupNotFound(NotFound):
    text = "group not found"


class MembershipNotFound(NotFound):
    text = "membership not found"


class AlreadyInGroup(Conflict):
    """The client is in the group already on some of these days."""

    text = "client is in the group already"


class GroupFull(Conflict):
    """On some day the group would have more members than its capacity.

    `members`: how many it has on the day that has the most, where its capacity is to be less than that.
    """

    text = "group is full"

    def __init__(self, members: int | None = None) -> None:
        super().__init__(None if members is None else f"{type(self).text}: {members} members on one day")


class OutsideGroup(Conflict):
    """A lesson is only given, and a membership only begins, on a day on which the group is active."""

    text = "the group is not active on that date"
    code = "outside_group_dates"


class RosterHeld(Conflict):
    """The roster of lessons that were held would change; `days` are their dates, in order."""

    text = "lessons were held with another roster"
    who_may = "only a head manager may change it"

    def __init__(self, *days: date) -> None:
        super().__init__(f"{type(self).text}: {', '.join(map(str, days))}; {self.who_may}")
        self.days = days


class HeldRosterChanges(Conflict):
    """The roster of lessons that were held would change, and whoever may do that wanted to be told first.

    `days` are their dates, in order.
    """

    text = "the roster of lessons that were held changes"

    def __init__(self, *days: date) -> None:
        super().__init__(f"{type(self).text}: {', '.join(map(str, days))}")
        self.days = days


@dataclass(frozen=True, slots=True, kw_only=True)
class Teaching(Period):
    """A user teaches a group from `since` to `until`, both included; `until` None: open end."""

    user_id: AccountId
    since: date
    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupMembership(Period):
    """A client is in a group from `since` to `until`, both included; `until` None: open end."""

    client_id: ClientId
    since: date
    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """When a group meets: an ISO weekday (Monday is 1) and times local to its location.

    `ends` at midnight is the next one. It meets `every` so many weeks, counted from the first such weekday on
    or after `since`; None: the day from which the group is active.
    """

    weekday: int
    starts: time
    ends: time
    every: int = 1
    since: date | None = None

    def meets_on(self, day: date, active_from: date | None) -> bool:
        """Whether a group that is active from a day on (None: always) meets on another."""
        first = self.first_day(active_from)
        if day.isoweekday() != self.weekday:
            return False
        return first is None or (day >= first and (day - first).days // 7 % self.every == 0)

    def first_day(self, active_from: date | None) -> date | None:
        """The day from which its weeks are counted; None: it meets each week."""
        since = self.since or active_from
        if since is None:
            return None
        days = (self.weekday - since.isoweekday()) % 7
        # at the very end of the calendar there is none
        return since + timedelta(days=days) if days <= (date.max - since).days else date.max

    def coincides(self, other: "Slot", active_from: date | None) -> bool:
        """Whether on some day both start at the same time."""
        if (self.weekday, self.starts) != (other.weekday, other.starts):
            return False
        return self._meets_in_a_week_of(other, active_from)

    def overlaps(self, other: "Slot", active_from: date | None) -> bool:
        """Whether on some day one begins before the other has ended."""
        if self.weekday != other.weekday or not self._meets_in_a_week_of(other, active_from):
            return False
        return (self.starts < other.ends or other.ends == time.min) and (
            other.starts < self.ends or self.ends == time.min
        )

    def _meets_in_a_week_of(self, other: "Slot", active_from: date | None) -> bool:
        first, second = self.first_day(active_from), other.first_day(active_from)
        if first is None or second is None:
            return True
        return (first - second).days // 7 % gcd(self.every, other.every) == 0


class GroupChanges(TypedDict, total=False):
    """The fields to change; others stay as they are. Lists are replaced whole."""

    name: str
    location_id: LocationId
    capacity: int | None
    active_from: date | None
    active_until: date | None
    teachers: tuple[Teaching, ...]
    members: tuple[GroupMembership, ...]
    schedule: tuple[Slot, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupFields(RecordFields):
    """What a group and what is shown of it have in common.

    Active from `active_from` to `active_until`, both included; None: open.
    """

    id: GroupId
    name: str
    location_id: LocationId
    capacity: int | None = None
    active_from: date | None = None
    active_until: date | None = None
    teachers: tuple[Teaching, ...] = ()
    schedule: tuple[Slot, ...] = ()

    def overlapping_slots(self) -> list[tuple[Slot, Slot]]:
        """Each two times of the schedule of which one begins before the other has ended, in its order.

        Where both are on one day a lesson is made of the first alone.
        """
        pairs = combinations(self.schedule, 2)
        return [(one, other) for one, other in pairs if one.overlaps(other, self.active_from)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group(GroupFields, Record):
    """A group. Its roster on a day are the clients whose membership covers it. Raises Invalid, GroupFull."""

    kind = "group"

    members: tuple[GroupMembership, ...] = ()

    def __post_init__(self) -> None:
        trim(self, "name")
        is_backwards = self.active_from and self.active_until and self.active_until < self.active_from
        raise_if_errors(
            name_error("name", self.name, longest=LONGEST_GROUP_NAME),
            capacity_error(self.capacity),
            error_if(is_backwards, "active_until", "must not be before active_from"),
            *_period_errors("teachers", self.teachers),
            *_period_errors("members", self.members),
            *_schedule_errors(self.schedule, self.active_from),
            _length_error("teachers", len(self.teachers), MOST_TEACHERS),
            _length_error("members", len(self.members), MOST_MEMBERSHIPS),
            _length_error("schedule", len(self.schedule), MOST_SLOTS),
        )
        if self.capacity is not None and most_at_once(self.members) > self.capacity:
            raise GroupFull
        # in a fixed order: the same entries in another order are no change
        object.__setattr__(self, "teachers", _sorted(self.teachers, "since", "user_id"))
        object.__setattr__(self, "members", _sorted(self.members, "since", "client_id"))
        object.__setattr__(self, "schedule", tuple(sorted(self.schedule, key=_slot_key)))

    def edited(
        self, changes: Mapping[str, Any], change_context: ChangeContext
    ) -> tuple["Group", Event | None]:
        """The group with these changes, its memberships at most to its end, and the event.

        Raises Invalid, GroupFull, and OutsideGroup for a new or longer membership that begins after the end.
        """
        capacity, most = changes.get("capacity"), most_at_once(self.members)
        if capacity is not None and "members" not in changes and capacity < most:
            raise GroupFull(most)
        after, event = Record.edited(self, changes, change_context)
        members = after.members_to_its_end(self)
        if members == after.members:
            return after, event
        return Record.edited(self, {**changes, "members": members}, change_context)

    def members_to_its_end(self, before: "Group | None" = None) -> tuple[GroupMembership, ...]:
        """The memberships, of which those that run on past the group's last day end with it.

        What was so `before` (None: the group is new) stays unless this ends the group. Raises OutsideGroup
        where one that is new, or ends later than before, begins after the last day.
        """
        end, known = self.active_until, before.members if before else ()
        if end is None or end == date.max:
            return self.members
        if any(member.since > end for member in longer_members(known, self.members)):
            raise OutsideGroup
        if before is None or before.is_ended_by(self):
            return ended_by(self.members, end)
        kept = {*known}
        return tuple(
            member if member in kept or member.since > end else _ended(member, end) for member in self.members
        )

    def is_active(self, day: date) -> bool:
        return is_within(day, self.active_from, self.active_until)

    def has_ended(self, day: date) -> bool:
        """Whether the last day of the group is before a day."""
        return self.active_until is not None and self.active_until < day

    def teachers_on(self, day: date) -> tuple[AccountId, ...]:
        """Who teaches the group on a day, in the order of ids."""
        return tuple(sorted({teaching.user_id for teaching in self.teachers if teaching.covers(day)}))

    def roster_on(self, day: date) -> frozenset[ClientId]:
        """Who is in the group on a day."""
        return frozenset(member.client_id for member in self.members if member.covers(day))

    def members_with(self, member: GroupMembership) -> tuple[GroupMembership, ...]:
        """The memberships with one more. Raises AlreadyInGroup."""
        own = (it for it in self.members if it.client_id == member.client_id)
        if any(it.overlaps(member.since, member.until or date.max) for it in own):
            raise AlreadyInGroup
        return (*self.members, member)

    def members_when_ended(
        self, client_id: ClientId, *, last: date, today: date
    ) -> tuple[GroupMembership, ...]:
        """The memberships when the client's that runs on a day ends on it; else the next is gone.

        One that has begun by `today` is not removed. Raises MembershipNotFound.
        """
        own = [member for member in self.members if member.client_id == client_id]
        running = next((member for member in own if member.covers(last)), None)
        if running is not None:
            return tuple(replace(it, until=last) if it is running else it for it in self.members)
        to_come = [member for member in own if member.since > max(last, today)]
        if not to_come:
            raise MembershipNotFound
        gone = min(to_come, key=attrgetter("since"))
        return tuple(member for member in self.members if member is not gone)

    def members_without(self, client_id: ClientId, *, after: date) -> tuple[GroupMembership, ...]:
        """The memberships when a client's end on a day: what runs on ends then, what begins later goes."""
        others = tuple(member for member in self.members if member.client_id != client_id)
        own = (member for member in self.members if member.client_id == client_id)
        return others + ended_by(own, after)

    def roster_changes_after(self, day: date) -> tuple[date, ...]:
        """The days after another on which somebody joins or is no longer in the group, in order."""
        changes = {member.since for member in self.members}
        changes |= {
            member.until + ONE_DAY
            for member in self.members
            if member.until is not None and member.until < date.max
        }
        return tuple(sorted(each for each in changes if each > day))

    def is_ended_by(self, changed: "Group") -> bool:
        """Whether `changed` ends, and this group did not or ended later."""
        end = changed.active_until
        return end is not None and end < (self.active_until or date.max)

    def days_with_other_roster(self, changed: "Group", days: Iterable[date]) -> list[date]:
        """Those of `days`, in order, on which the roster of `changed` differs from this one's."""
        return sorted({day for day in days if self.roster_on(day) != changed.roster_on(day)})


def ended_by(members: Iterable[GroupMembership], day: date) -> tuple[GroupMembership, ...]:
    """Memberships that end on a day at the latest; those that begin later are gone."""
    return tuple(_ended(member, day) for member in members if member.since <= day)


def _ended(member: GroupMembership, day: date) -> GroupMembership:
    return replace(member, until=min(member.until or date.max, day))


def longer_members(
    before: Iterable[GroupMembership], after: Iterable[GroupMembership]
) -> list[GroupMembership]:
    """The memberships that are new, or end later than before, in the order of `after`."""
    ends = {(member.client_id, member.since): member.until or date.max for member in before}
    return [
        member
        for member in after
        if (member.until or date.max) > ends.get((member.client_id, member.since), date.min)
    ]


def most_at_once(members: Iterable[GroupMembership]) -> int:
    """The number of members on the day that has the most."""
    changes: dict[date, int] = {}
    for member in members:
        changes[member.since] = changes.get(member.since, 0) + 1
        if member.until is not None and member.until < date.max:
            day_after = member.until + ONE_DAY
            changes[day_after] = changes.get(day_after, 0) - 1
    most = present = 0
    for day in sorted(changes):
        present += changes[day]
        most = max(most, present)
    return most


def _sorted(entries: tuple[Any, ...], *fields: str) -> tuple[Any, ...]:
    return tuple(sorted(entries, key=attrgetter(*fields)))


def _person_id(entry: Teaching | GroupMembership) -> UUID:
    return entry.user_id if isinstance(entry, Teaching) else entry.client_id


def _period_errors(field: str, entries: Sequence[Teaching | GroupMembership]) -> list[FieldError]:
    """Periods that end before they begin, or overlap with another of the same person."""
    field_errors = [
        FieldError(f"{field}[{index}].until", "must not be before from")
        for index, entry in enumerate(entries)
        if entry.until is not None and entry.until < entry.since
    ]
    indexes = sorted(range(len(entries)), key=lambda i: (str(_person_id(entries[i])), entries[i].since))
    for index, next_index in pairwise(indexes):
        entry, next_entry = entries[index], entries[next_index]
        if _person_id(entry) == _person_id(next_entry) and next_entry.since <= (entry.until or date.max):
            field_errors.append(
                FieldError(f"{field}[{next_index}].from", "must not overlap with another entry")
            )
    return field_errors


def _slot_key(slot: Slot) -> tuple[object, ...]:
    return slot.weekday, slot.starts, slot.ends, slot.every, slot.since or date.min


def _schedule_errors(schedule: tuple[Slot, ...], active_from: date | None) -> list[FieldError]:
    field_errors: list[FieldError] = []
    for index, slot in enumerate(schedule):
        field = f"schedule[{index}]"
        if not 1 <= slot.weekday <= 7:
            field_errors.append(FieldError(f"{field}.weekday", "must be from 1 (Monday) to 7"))
        if ends_wrongly(slot.starts, slot.ends):
            field_errors.append(FieldError(f"{field}.ends", "must be after starts"))
        if not 1 <= slot.every <= MOST_WEEKS:
            field_errors.append(FieldError(f"{field}.every", f"must be from 1 to {MOST_WEEKS}"))
        elif slot.every > 1 and slot.first_day(active_from) is None:
            message = "must be given where every is more than 1 and the group has no active_from"
            field_errors.append(FieldError(f"{field}.from", message))
        elif any(slot.coincides(other, active_from) for other in schedule[:index] if other.every):
            field_errors.append(FieldError(f"{field}.starts", "must not be repeated"))
    return field_errors


def _length_error(field: str, length: int, longest: int) -> FieldError | None:
    return error_if(length > longest, field, f"must be at most {longest}")
