"""Attendance in labs: a mark for each lab, user and date, made by the lab's owner."""

from dataclasses import dataclass, replace
from datetime import date, datetime

from attendance.domain.attendance.status import Status
from attendance.domain.errors import Conflict, Forbidden, NotFound, raise_if_errors
from attendance.domain.events import Action, ChangeContext, Event, Facts
from attendance.domain.ids import AccountId, LabId, LabMarkId
from attendance.domain.text import prose_error

LONGEST_NOTE = 1000


class OnlyOwnerManages(Forbidden):
    """Attendance in a lab is marked by its owner alone."""

    text = "only lab owner can manage attendance"


class OnlyOwnerViews(Forbidden):
    """Attendance in a lab is read by its owner alone."""

    text = "only lab owner can view attendance"


class OnlyOwnerDeletes(Forbidden):
    """Attendance in a lab is deleted by its owner alone."""

    text = "only lab owner can delete attendance"


class LabOrUserNotFound(NotFound):
    text = "lab or user not found"


class AttendanceNotFound(NotFound):
    text = "attendance not found"


class NotAMember(Conflict):
    """Only members are marked; the owner is not one."""

    text = "user is not a member of the lab"


@dataclass(frozen=True, slots=True, kw_only=True)
class LabEntry:
    """The status and note of one member on one date. Raises Invalid for the note."""

    status: Status
    note: str = ""

    def __post_init__(self) -> None:
        raise_if_errors(prose_error("note", self.note, longest=LONGEST_NOTE))


@dataclass(frozen=True, slots=True, kw_only=True)
class LabMark:
    """The attendance of one member in a lab on a date."""

    id: LabMarkId
    lab_id: LabId
    user_id: AccountId
    date: date
    entry: LabEntry
    marked_by: AccountId
    marked_at: datetime
    version: int = 1

    def facts(self) -> Facts:
        """The mark as its events have it."""
        return {
            "lab_id": str(self.lab_id),
            "user_id": str(self.user_id),
            "date": self.date.isoformat(),
            "status": self.entry.status.value,
            "note": self.entry.note,
        }

    def deleted(self, change_context: ChangeContext) -> Event:
        return change_context.event(Action.LAB_ATTENDANCE_DELETED, self.id, before=self.facts())


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """A mark, and the event of its change; None where nothing has changed."""

    mark: LabMark
    event: Event | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LabPlace:
    """What marking a user in a lab on a date depends on, as of when it was read."""

    lab_id: LabId
    owner_id: AccountId
    user_id: AccountId
    date: date
    user_exists: bool
    is_member: bool
    mark: LabMark | None

    def marked(
        self, entry: LabEntry, change_context: ChangeContext, *, by: AccountId, mark_id: LabMarkId
    ) -> Marked:
        """The mark with this entry: a new one with the id `mark_id`, or the next version of the existing one.

        The same entry again changes nothing. Raises LabOrUserNotFound, NotAMember.
        """
        if not self.user_exists:
            raise LabOrUserNotFound
        if not self.is_member:
            raise NotAMember
        before = self.mark
        if before is None:
            mark = LabMark(
                id=mark_id,
                lab_id=self.lab_id,
                user_id=self.user_id,
                date=self.date,
                entry=entry,
                marked_by=by,
                marked_at=change_context.at,
            )
        elif before.entry == entry:
            return Marked(mark=before, event=None)
        else:
            mark = replace(
                before,
                entry=entry,
                marked_by=by,
                marked_at=change_context.at,
                version=before.version + 1,
            )
        event = change_context.event(
            Action.LAB_ATTENDANCE_MARKED,
            mark.id,
            before=before.facts() if before else None,
            after=mark.facts(),
        )
        return Marked(mark=mark, event=event)
