"""Attendance of lessons: one mark per lesson and client, each change of it told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, NotRequired, TypedDict
from uuid import UUID, uuid5

from attendance.domain.attendance.charging import NOTHING, Charge
from attendance.domain.club.lessons import Lesson, TooLate
from attendance.domain.errors import FieldError
from attendance.domain.events import Action, ChangeContext, Event, Facts
from attendance.domain.ids import AccountId, ClientId, LessonId, MarkId, SubscriptionId
from attendance.domain.permissions.roles import Level
from attendance.domain.status import Status
from attendance.domain.text import prose_error

LONGEST_NOTE = 1000
LONGEST_DELAY = 600
MOST_ENTRIES = 1000


class SentMark(TypedDict):
    """What is said of one client: what is left out stays as it is, None resets it.

    `status` None clears the mark; `subscription_id` names the pass that is to pay.
    """

    client_id: ClientId
    status: Status | None
    note: NotRequired[str | None]
    minutes_late: NotRequired[int | None]
    trial: NotRequired[bool | None]
    subscription_id: NotRequired[SubscriptionId | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkingRules:
    """How long after a lesson's date its marks may be changed, by level, and how early before it begins.

    Head managers and above may at any time.
    """

    teacher_days: int = 7
    manager_days: int = 60
    early: timedelta = timedelta(minutes=15)

    def days_for(self, level: Level) -> int | None:
        if level >= Level.HEAD_MANAGER:
            return None
        return self.manager_days if level >= Level.MANAGER else self.teacher_days

    def require_in_time(self, level: Level, lesson_on: date, *, today: date) -> None:
        """Raise TooLate when the days of this level are over."""
        days = self.days_for(level)
        if days is not None and (today - lesson_on).days > days:
            raise TooLate

    def is_future(self, lesson: Lesson, *, at: datetime) -> bool:
        """Whether it is still to come: then somebody can be excused, and no more is known."""
        return at < lesson.starts_at - self.early


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """How one client attended one lesson, what it costs, and who said so when.

    `minutes_late` only of who was late; `trial`: came to try, and pays nothing.
    """

    lesson_id: LessonId
    client_id: ClientId
    status: Status
    note: str = ""
    minutes_late: int | None = None
    trial: bool = False
    charge: Charge = NOTHING
    marked_by: AccountId
    marked_at: datetime

    @property
    def id(self) -> MarkId:
        """The same for a client and a lesson for ever: what happens to the mark is one history."""
        return mark_id(self.lesson_id, self.client_id)

    def said(self) -> Facts:
        """What somebody said, as its events tell it."""
        return {
            "lesson_id": str(self.lesson_id),
            "client_id": str(self.client_id),
            "status": self.status.value,
            "note": self.note,
            "minutes_late": self.minutes_late,
            "trial": self.trial,
        }

    def recharged(self, charge: Charge, change_context: ChangeContext) -> "Changed":
        """With another payer, or none."""
        if charge == self.charge:
            return Changed(before=self, after=self)
        after = replace(self, charge=charge)
        return Changed(
            before=self, after=after, events=(_charged(self.id, self.charge, charge, change_context),)
        )

    def cleared(self, change_context: ChangeContext) -> "Changed":
        """Taken away: nothing is known any more, and nothing is charged."""
        facts = {**self.said(), **_facts(self.charge)}
        event = change_context.event(Action.ATTENDANCE_CLEARED, self.id, before=facts)
        return Changed(before=self, after=None, events=(event,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A mark before and after, either may be missing, and the events that tell the difference."""

    before: Mark | None
    after: Mark | None
    events: tuple[Event, ...] = ()


def marked(
    sent: Mapping[str, Any],
    before: Mark | None,
    charge: Charge,
    *,
    lesson_id: LessonId,
    change_context: ChangeContext,
    by: AccountId,
) -> Changed:
    """The mark with what was sent of it, at this charge. The same again changes nothing."""
    status: Status = sent["status"]
    said = {
        "status": status,
        "note": _said(sent, "note", before, ""),
        "minutes_late": _said(sent, "minutes_late", before, None) if status is Status.LATE else None,
        "trial": _said(sent, "trial", before, False),
    }
    if before is not None and all(getattr(before, name) == value for name, value in said.items()):
        return before.recharged(charge, change_context)
    after = Mark(
        lesson_id=lesson_id,
        client_id=sent["client_id"],
        **said,
        charge=charge,
        marked_by=by,
        marked_at=change_context.at,
    )
    subject = after.id
    told = change_context.event(
        Action.ATTENDANCE_MARKED, subject, before=before.said() if before else None, after=after.said()
    )
    costs = before.charge if before else NOTHING
    events = (told,) if costs == charge else (told, _charged(subject, costs, charge, change_context))
    return Changed(before=before, after=after, events=events)


def is_trial(sent: Mapping[str, Any], before: Mark | None) -> bool:
    """Whether the mark with what was sent of it is of somebody on trial."""
    return bool(_said(sent, "trial", before, False))


def entry_errors(attendances: Sequence[Mapping[str, Any]]) -> list[FieldError]:
    """What is wrong with each entry, by its place, that can be told without looking anything up.

    One that lacks fields is judged by those it has.
    """
    field_errors: list[FieldError] = []
    places: dict[ClientId, int] = {}
    if len(attendances) > MOST_ENTRIES:
        field_errors.append(FieldError("attendances", f"must be at most {MOST_ENTRIES}"))
    for place, sent in enumerate(attendances[:MOST_ENTRIES]):
        if "client_id" in sent and places.setdefault(sent["client_id"], place) != place:
            field_errors.append(entry_error(place, "client_id", "must not be repeated"))
        field_errors += _faults_in_entry(place, sent)
    return field_errors


def time_error(place: int, sent: Mapping[str, Any], before: Mark | None) -> FieldError | None:
    """What cannot be known of a lesson that has not begun: anything but who is excused, and what is known."""
    known = {None, Status.EXCUSED, before.status if before else None}
    is_fine = sent["status"] in known
    return None if is_fine else entry_error(place, "status", "must be excused: the lesson has not begun")


def entry_error(place: int, field: str, message: str) -> FieldError:
    """A fault in one entry of a sheet that was sent."""
    return FieldError(f"attendances[{place}].{field}", message)


def _faults_in_entry(place: int, sent: Mapping[str, Any]) -> list[FieldError]:
    field_errors: list[FieldError] = []
    minutes, status = sent.get("minutes_late"), sent.get("status")
    if minutes is not None and "status" in sent and status is not Status.LATE:
        field_errors.append(entry_error(place, "minutes_late", "must be given only for late"))
    if minutes is not None and not 1 <= minutes <= LONGEST_DELAY:
        field_errors.append(
            entry_error(place, "minutes_late", f"must be a whole number from 1 to {LONGEST_DELAY}")
        )
    if field_error := prose_error("note", sent.get("note") or "", longest=LONGEST_NOTE):
        field_errors.append(entry_error(place, "note", field_error.message))
    return field_errors


def _said(sent: Mapping[str, Any], name: str, before: Mark | None, usual: Any) -> Any:
    """What is sent; what was said before where nothing is; what is usual for None or where nothing was."""
    if name not in sent:
        return usual if before is None else getattr(before, name)
    return usual if sent[name] is None else sent[name]


def mark_id(lesson_id: LessonId, client_id: ClientId) -> MarkId:
    return MarkId(uuid5(lesson_id, client_id.hex))


def _charged(mark: UUID, before: Charge, after: Charge, change_context: ChangeContext) -> Event:
    return change_context.event(Action.ATTENDANCE_CHARGED, mark, before=_facts(before), after=_facts(after))


def _facts(charge: Charge) -> dict[str, Any]:
    payer = charge.subscription_id
    return {"subscription_id": None if payer is None else str(payer), "unpaid": charge.unpaid}
