"""Groups: who teaches them, who is in them, and when they meet."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from operator import attrgetter
from typing import Any, TypedDict

from attendance.domain.club.locations import capacity_error
from attendance.domain.errors import Conflict, FieldError, NotFound
from attendance.domain.events import Action, ChangeContext, Event
from attendance.domain.ids import AccountId, ClientId, GroupId, LocationId
from attendance.domain.revisions import created, edited
from attendance.domain.text import name_error, raise_if_errors

LONGEST_GROUP_NAME = 200
MOST_TEACHERS = 100
MOST_MEMBERSHIPS = 5000
MOST_SLOTS = 100
ONE_DAY = timedelta(days=1)


class GroupNotFound(NotFound):
    text = "group not found"


class GroupFull(Conflict):
    """No date may have more members than the group has places."""

    text = "group is full"


class RosterHeld(Conflict):
    """Who could have been there when lessons were held is history."""

    text = "lessons were held with another roster"

    def __init__(self, *days: date) -> None:
        super().__init__(f"{type(self).text}: {', '.join(map(str, days))}")
        self.days = days


class OnlyToBeEnded(Conflict):
    """What has begun happened: from today on it may end, yesterday's roster stays."""

    text = "what has begun can only be ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Teaching:
    """Somebody teaches a group from a day on, to `until` (included) or for as long as is known."""

    user_id: AccountId
    since: date
    until: date | None = None

    def covers(self, day: date) -> bool:
        return self.since <= day <= (self.until or day)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupMembership:
    """A client is in a group from a day on, to `until` (included) or for as long as is known."""

    client_id: ClientId
    since: date
    until: date | None = None

    def covers(self, day: date) -> bool:
        return self.since <= day <= (self.until or day)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """When a group meets in a week: an ISO weekday (Monday is 1) and local times."""

    weekday: int
    starts: time
    ends: time


class GroupChanges(TypedDict, total=False):
    """What is to be different; what is not named stays. Lists are replaced whole."""

    name: str
    location_id: LocationId
    capacity: int | None
    active_from: date | None
    active_until: date | None
    teachers: tuple[Teaching, ...]
    members: tuple[GroupMembership, ...]
    schedule: tuple[Slot, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupFields:
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
    created_at: datetime
    updated_at: datetime
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Group(GroupFields):
    """A group. Its roster on a date follows from who was a member then. Raises Invalid, GroupFull."""

    members: tuple[GroupMembership, ...] = ()

    def __post_init__(self) -> None:
        is_backwards = self.active_from and self.active_until and self.active_until < self.active_from
        raise_if_errors(
            name_error("name", self.name, longest=LONGEST_GROUP_NAME),
            capacity_error(self.capacity),
            FieldError("active_until", "must not be before active_from") if is_backwards else None,
            *_faults_in_spans("teachers", _spans(self.teachers)),
            *_faults_in_spans("members", _spans(self.members)),
            *_faults_in_schedule(self.schedule),
            _fault_in_number("teachers", len(self.teachers), MOST_TEACHERS),
            _fault_in_number("members", len(self.members), MOST_MEMBERSHIPS),
            _fault_in_number("schedule", len(self.schedule), MOST_SLOTS),
        )
        if self.capacity is not None and most_at_once(self.members) > self.capacity:
            raise GroupFull
        # one order, however they were given: the same entries are the same group
        object.__setattr__(self, "teachers", _sorted(self.teachers, "since", "user_id"))
        object.__setattr__(self, "members", _sorted(self.members, "since", "client_id"))
        object.__setattr__(self, "schedule", _sorted(self.schedule, "weekday", "starts"))

    def is_active(self, on: date) -> bool:
        return (self.active_from or on) <= on <= (self.active_until or on)

    def teachers_on(self, day: date) -> tuple[AccountId, ...]:
        return tuple(sorted({teaching.user_id for teaching in self.teachers if teaching.covers(day)}))

    def roster_on(self, day: date) -> frozenset[ClientId]:
        return frozenset(member.client_id for member in self.members if member.covers(day))

    def require_only_ended(self, changed: "Group", *, today: date) -> None:
        """Raise OnlyToBeEnded unless whatever has begun is as it was, or ends from yesterday on."""
        _require_only_ended(_spans(self.teachers), _spans(changed.teachers), today)
        _require_only_ended(_spans(self.members), _spans(changed.members), today)

    def touched(self, changed: "Group", days: Iterable[date]) -> list[date]:
        """Of these days, those on which the roster would be another."""
        return sorted({day for day in days if self.roster_on(day) != changed.roster_on(day)})

    def added(self, change_context: ChangeContext) -> Event:
        return created(self, Action.GROUP_ADDED, change_context)

    def edited(
        self, changes: Mapping[str, Any], change_context: ChangeContext
    ) -> tuple["Group", Event | None]:
        return edited(self, changes, Action.GROUP_EDITED, change_context)


def most_at_once(members: Iterable[GroupMembership]) -> int:
    """How many members the fullest date has."""
    steps: dict[date, int] = {}
    for member in members:
        steps[member.since] = steps.get(member.since, 0) + 1
        if member.until is not None and member.until < date.max:
            steps[member.until + ONE_DAY] = steps.get(member.until + ONE_DAY, 0) - 1
    most = present = 0
    for day in sorted(steps):
        present += steps[day]
        most = max(most, present)
    return most


Span = tuple[Any, date, date | None]
"""Who, from when, until when."""


def _sorted(entries: tuple[Any, ...], *by: str) -> tuple[Any, ...]:
    return tuple(sorted(entries, key=attrgetter(*by)))


def _spans(entries: "Iterable[Teaching | GroupMembership]") -> list[Span]:
    return [(it.user_id if isinstance(it, Teaching) else it.client_id, it.since, it.until) for it in entries]


def _faults_in_spans(field: str, spans: list[Span]) -> list[FieldError]:
    field_errors = [
        FieldError(f"{field}[{n}].until", "must not be before from")
        for n, (_, since, until) in enumerate(spans)
        if until is not None and until < since
    ]
    places = sorted(range(len(spans)), key=lambda n: (str(spans[n][0]), spans[n][1]))
    for one, next_one in pairwise(places):
        (who, _, until), (other, since, _) = spans[one], spans[next_one]
        if who == other and since <= (until or date.max):
            field_errors.append(
                FieldError(f"{field}[{next_one}].from", "must not overlap with another entry")
            )
    return field_errors


def _faults_in_schedule(schedule: tuple[Slot, ...]) -> list[FieldError]:
    field_errors: list[FieldError] = []
    for n, slot in enumerate(schedule):
        if not 1 <= slot.weekday <= 7:
            field_errors.append(FieldError(f"schedule[{n}].weekday", "must be from 1 (Monday) to 7"))
        if slot.ends <= slot.starts:
            field_errors.append(FieldError(f"schedule[{n}].ends", "must be after starts"))
        if any((other.weekday, other.starts) == (slot.weekday, slot.starts) for other in schedule[:n]):
            field_errors.append(FieldError(f"schedule[{n}].starts", "must not be repeated"))
    return field_errors


def _fault_in_number(field: str, number: int, most: int) -> FieldError | None:
    return FieldError(field, f"must be at most {most}") if number > most else None


def _require_only_ended(before: list[Span], after: list[Span], today: date) -> None:
    now = {(who, since): until for who, since, until in after}
    for who, since, until in before:
        if since > today:
            continue
        if (who, since) not in now:
            raise OnlyToBeEnded
        changed = now[who, since]
        if changed != until and (min(changed or date.max, until or date.max) < today - ONE_DAY):
            raise OnlyToBeEnded
