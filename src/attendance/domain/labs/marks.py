"""Attendance in labs: one mark per lab, user and date, kept by the lab's owner."""

from dataclasses import dataclass, replace
from datetime import date, datetime

from attendance.domain.errors import Conflict, Forbidden, NotFound
from attendance.domain.events import Action, ChangeContext, Event, Facts
from attendance.domain.ids import AccountId, LabId, LabMarkId
from attendance.domain.status import Status
from attendance.domain.text import prose_error, raise_if_errors

LONGEST_NOTE = 1000


class OnlyOwnerManages(Forbidden):
    text = "only lab owner can manage attendance"


class OnlyOwnerViews(Forbidden):
    text = "only lab owner can view attendance"


class OnlyOwnerDeletes(Forbidden):
    text = "only lab owner can delete attendance"


class LabOrUserNotFound(NotFound):
    text = "lab or user not found"


class AttendanceNotFound(NotFound):
    text = "attendance not found"


class NotAMember(Conflict):
    """Only members are marked; the owner is none."""

    text = "user is not a member of the lab"


@dataclass(frozen=True, slots=True, kw_only=True)
class LabEntry:
    """What the owner says about one member on one date. Raises Invalid for a note that cannot be."""

    status: Status
    note: str = ""

    def __post_init__(self) -> None:
        raise_if_errors(prose_error("note", self.note, longest=LONGEST_NOTE))


@dataclass(frozen=True, slots=True, kw_only=True)
class LabMark:
    """One member's attendance in a lab on a date. `version` counts its revisions from 1."""

    id: LabMarkId
    lab_id: LabId
    user_id: AccountId
    date: date
    entry: LabEntry
    marked_by: AccountId
    marked_at: datetime
    version: int = 1

    def facts(self) -> Facts:
        """Everything an event needs to tell the mark again."""
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
    """The mark as it now is, and the event of the change, if anything changed."""

    mark: LabMark
    event: Event | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LabPlace:
    """One user's place in a lab's sheet on a date: what has to be known before it is marked."""

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
        """Record the entry, or revise the mark there is. Saying the same again changes nothing.

        `mark_id` is used for a first mark alone. Raises LabOrUserNotFound, NotAMember.
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
