"""Attendance of lessons: a mark for each lesson and client, with an event for each change."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, NotRequired, TypedDict
from uuid import uuid5

from attendance.domain.attendance.charging import NOTHING, Charge
from attendance.domain.attendance.status import Status
from attendance.domain.club.lessons import AttendedLesson, Lesson, TooLate
from attendance.domain.errors import FieldError
from attendance.domain.events import Action, ChangeContext, Event, Facts
from attendance.domain.ids import AccountId, ClientId, LessonId, MarkId, SubscriptionId
from attendance.domain.permissions.roles import Level
from attendance.domain.text import prose_error

LONGEST_NOTE = 1000
LONGEST_DELAY = 600
MOST_ENTRIES = 1000
FARTHEST_AHEAD = timedelta(minutes=1)
LONGEST_AGO = timedelta(days=7)
NEEDS_STATUS = ("note", "trial", "subscription_id")
"""Fields of an entry that say nothing without a status; so do minutes, which need a certain one."""


class SentMark(TypedDict):
    """An entry for one client: a field that is left out stays as it is, None resets it.

    `status` None removes the mark. `subscription_id`: the pass that is to pay; None: chosen by the rules.
    `note`: at most 1000 characters. `minutes_late`: from 1 to 600, only with status late. `if_version`:
    refuse unless the mark has this version (0: there is none), or is what is sent already. `if_unmarked`:
    leave a mark alone that is there. `noted_at`: when it was noted down, at most 7 days ago and a
    minute ahead; told by the event.
    """

    client_id: ClientId
    status: Status | None
    note: NotRequired[str | None]
    minutes_late: NotRequired[int | None]
    trial: NotRequired[bool | None]
    subscription_id: NotRequired[SubscriptionId | None]
    if_version: NotRequired[int | None]
    if_unmarked: NotRequired[bool | None]
    noted_at: NotRequired[datetime | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkingRules:
    """How many days after a lesson's date its marks may be changed, and how early before it begins.

    `teacher_days`: by employees; `manager_days`: by managers; head managers and above may at any time.
    """

    teacher_days: int = 7
    manager_days: int = 60
    early: timedelta = timedelta(minutes=15)

    def days_for(self, level: Level) -> int | None:
        """The number of days for a level; None: no limit."""
        if level >= Level.HEAD_MANAGER:
            return None
        return self.manager_days if level >= Level.MANAGER else self.teacher_days

    def require_in_time(self, level: Level, lesson_on: date, *, today: date) -> None:
        """Raise TooLate where more days than this level has have passed since the lesson's date."""
        days = self.days_for(level)
        if days is not None and (today - lesson_on).days > days:
            raise TooLate

    def last_day(self, level: Level, lesson_on: date) -> date | None:
        """The last day on which this level may change the marks of a lesson on a date; None: no limit."""
        days = self.days_for(level)
        if days is None:
            return None
        return lesson_on + timedelta(days=min(days, (date.max - lesson_on).days))

    def is_future(self, lesson: Lesson, *, at: datetime) -> bool:
        """Whether the lesson is still to come: then clients can only be excused."""
        return at + self.early < lesson.starts_at

    def starts_at(self, lesson: Lesson) -> datetime:
        """From when on whoever comes to the lesson can be marked."""
        since_ever = lesson.starts_at - datetime.min.replace(tzinfo=UTC)
        return lesson.starts_at - min(self.early, since_ever)

    def require_movable(
        self,
        level: Level,
        before: Lesson,
        after: Lesson,
        marks: Iterable["Mark"],
        *,
        at: datetime,
        zone: tzinfo,
    ) -> None:
        """Raise where a lesson may not be moved with its marks, those of whoever is excused apart.

        AttendedLesson where it would still be to come. TooLate where this level has so many days, and would
        gain some: where the new date is after the old one and after the first of the marks was made, in
        `zone`.
        """
        made_at = [mark.marked_at for mark in marks if mark.status is not Status.EXCUSED]
        if not made_at or before.starts_at == after.starts_at:
            return
        if self.is_future(after, at=at):
            raise AttendedLesson
        first_made_on = min(made_at).astimezone(zone).date()
        if self.days_for(level) is not None and after.date > max(before.date, first_made_on):
            raise TooLate

    def is_open(self, lesson: Lesson, level: Level, *, at: datetime, today: date) -> bool:
        """Whether this level may mark now whoever came to the lesson. `today`: the date where it is given."""
        return self.may_excuse(lesson, level, today=today) and not self.is_future(lesson, at=at)

    def may_excuse(self, lesson: Lesson, level: Level, *, today: date) -> bool:
        """Whether this level may excuse clients now, be the lesson still to come or not."""
        last_day = self.last_day(level, lesson.date)
        return not lesson.cancelled and (last_day is None or today <= last_day)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """How one client attended one lesson, its charge, and who marked it when.

    `minutes_late` None unless the status is late. `trial`: a trial visit, which costs nothing. `announced`:
    an absence that an account of the client announced, and that nobody else has changed. `version`: from 1,
    another one after each change; a number is not used again after the mark was removed.
    """

    lesson_id: LessonId
    client_id: ClientId
    status: Status
    note: str = ""
    minutes_late: int | None = None
    trial: bool = False
    announced: bool = False
    charge: Charge = NOTHING
    marked_by: AccountId
    marked_at: datetime
    version: int = 1

    @property
    def id(self) -> MarkId:
        """The same for a lesson and client even after the mark is removed: its events are one history."""
        return mark_id(self.lesson_id, self.client_id)

    def payload(self) -> Facts:
        """The mark without its charge, as its events have it."""
        return {
            "lesson_id": str(self.lesson_id),
            "client_id": str(self.client_id),
            "status": self.status.value,
            "note": self.note,
            "minutes_late": self.minutes_late,
            "trial": self.trial,
            "announced": self.announced,
            "version": self.version,
        }

    def recharged(self, charge: Charge, context: ChangeContext) -> "Changed":
        """The change to another charge; without events where it is the same."""
        if charge == self.charge:
            return Changed(before=self, after=self)
        after = replace(self, charge=charge, version=self.version + 1)
        return Changed(before=self, after=after, events=(_charged(self.charge, after, context),))

    def cleared(self, context: ChangeContext, *, noted_at: datetime | None = None) -> "Changed":
        """The change that removes the mark and its charge. `noted_at`: when it was noted down."""
        facts = {**self.payload(), **_facts(self.charge), **_noted(noted_at)}
        event = context.event(Action.ATTENDANCE_CLEARED, self.id, before=facts, client_id=self.client_id)
        return Changed(before=self, after=None, events=(event,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A change of a mark: before (None: it is new), after (None: it is removed), and its events.

    Without events nothing changes.
    """

    before: Mark | None
    after: Mark | None
    events: tuple[Event, ...] = ()


def marked(
    sent: SentMark,
    before: Mark | None,
    charge: Charge,
    *,
    lesson_id: LessonId,
    context: ChangeContext,
    by: AccountId,
    versions_used: int = 0,
    announced: bool = False,
) -> Changed:
    """The change of a mark to what an entry says, at this charge; without events where nothing differs.

    `versions_used`: of a mark that is new, the highest version that one removed before it may have had.
    """
    status = sent["status"]
    values = {
        "status": status,
        "note": _value(sent, "note", before, ""),
        "minutes_late": _value(sent, "minutes_late", before, None) if status is Status.LATE else None,
        "trial": _value(sent, "trial", before, False),
    }
    if before is not None and all(getattr(before, name) == value for name, value in values.items()):
        return before.recharged(charge, context)
    after = Mark(
        lesson_id=lesson_id,
        client_id=sent["client_id"],
        **values,
        announced=announced,
        charge=charge,
        marked_by=by,
        marked_at=context.at,
        version=(versions_used if before is None else before.version) + 1,
    )
    event = context.event(
        Action.ATTENDANCE_MARKED,
        after.id,
        before=before.payload() if before else None,
        after={**after.payload(), **_noted(sent.get("noted_at"))},
        client_id=after.client_id,
    )
    charge_before = before.charge if before else NOTHING
    if charge_before == charge:
        return Changed(before=before, after=after, events=(event,))
    return Changed(before=before, after=after, events=(event, _charged(charge_before, after, context)))


def is_trial(sent: SentMark, before: Mark | None) -> bool:
    """Whether the mark that an entry makes is of a trial visit."""
    return bool(_value(sent, "trial", before, False))


def is_left_alone(sent: Mapping[str, Any], before: Mark | None) -> bool:
    """Whether an entry is only for who is unmarked, and the client is marked, by whomever."""
    return bool(sent.get("if_unmarked")) and before is not None


def outdated_error(index: int, sent: Mapping[str, Any], change: Changed) -> FieldError | None:
    """The error of an entry that would change a mark of another version than the one it names."""
    if_version = sent.get("if_version")
    version = change.before.version if change.before else 0
    if if_version in (None, version) or not change.events:
        return None
    return entry_error(index, "if_version", f"is {version} now")


def entry_errors(attendances: Sequence[Mapping[str, Any]], *, at: datetime) -> list[FieldError]:
    """The errors of all entries, by index, that do not depend on what is stored; `at`: now.

    An entry that lacks fields is judged by those it has.
    """
    field_errors: list[FieldError] = []
    indexes: dict[ClientId, int] = {}
    if len(attendances) > MOST_ENTRIES:
        field_errors.append(FieldError("attendances", f"must be at most {MOST_ENTRIES}"))
    for index, sent in enumerate(attendances[:MOST_ENTRIES]):
        if "client_id" in sent and indexes.setdefault(sent["client_id"], index) != index:
            field_errors.append(entry_error(index, "client_id", "must not be repeated"))
        field_errors += _errors_of_entry(index, sent, at)
    return field_errors


def time_error(index: int, sent: Mapping[str, Any], before: Mark | None) -> FieldError | None:
    """The error of an entry for a lesson to come: its status must be excused, None, or what it is."""
    is_allowed = sent["status"] in {None, Status.EXCUSED, before.status if before else None}
    return None if is_allowed else entry_error(index, "status", "must be excused: the lesson has not begun")


def entry_error(index: int, field: str, message: str) -> FieldError:
    """The error of one entry."""
    return FieldError(f"attendances[{index}].{field}", message)


def _errors_of_entry(index: int, sent: Mapping[str, Any], at: datetime) -> list[FieldError]:
    field_errors: list[FieldError] = []
    minutes, status = sent.get("minutes_late"), sent.get("status")
    if "status" in sent and status is None:
        field_errors += [
            entry_error(index, name, "must be given only with a status")
            for name in NEEDS_STATUS
            if sent.get(name)
        ]
    if minutes is not None and "status" in sent and status is not Status.LATE:
        field_errors.append(entry_error(index, "minutes_late", "must be given only for late"))
    if minutes is not None and not 1 <= minutes <= LONGEST_DELAY:
        field_errors.append(
            entry_error(index, "minutes_late", f"must be a whole number from 1 to {LONGEST_DELAY}")
        )
    if field_error := prose_error("note", sent.get("note") or "", longest=LONGEST_NOTE):
        field_errors.append(entry_error(index, "note", field_error.message))
    if (sent.get("if_version") or 0) < 0:
        field_errors.append(entry_error(index, "if_version", "must be a whole number from 0"))
    noted_at = sent.get("noted_at")
    if noted_at is not None and not at - LONGEST_AGO <= noted_at <= at + FARTHEST_AHEAD:
        field_errors.append(
            entry_error(index, "noted_at", "must be at most 7 days ago, and no more than a minute ahead")
        )
    return field_errors


def _value(sent: Mapping[str, Any], name: str, before: Mark | None, default: Any) -> Any:
    """The field of the mark that an entry makes: as sent, or as before where it is left out."""
    if name not in sent:
        return default if before is None else getattr(before, name)
    return default if sent[name] is None else sent[name]


def mark_id(lesson_id: LessonId, client_id: ClientId) -> MarkId:
    """The id that the mark of a client in a lesson has, now or in future."""
    return MarkId(uuid5(lesson_id, client_id.hex))


def _charged(before: Charge, after: Mark, context: ChangeContext) -> Event:
    """The event of a mark that has another charge than before."""
    return context.event(
        Action.ATTENDANCE_CHARGED,
        after.id,
        before=_facts(before),
        after={**_facts(after.charge), "lesson_id": str(after.lesson_id), "version": after.version},
        client_id=after.client_id,
    )


def _facts(charge: Charge) -> dict[str, Any]:
    subscription_id = charge.subscription_id
    return {"subscription_id": subscription_id and str(subscription_id), "unpaid": charge.unpaid}


def is_announced(mark: Mark | None) -> bool:
    """Whether an account of the client has announced the absence beforehand."""
    return mark is not None and mark.status is Status.EXCUSED and mark.announced


def _noted(at: datetime | None) -> dict[str, str]:
    if at is None:
        return {}
    try:
        return {"noted_at": at.astimezone(UTC).isoformat()}
    except OverflowError:
        # at the very ends of the calendar: an error of its entry
        return {}
