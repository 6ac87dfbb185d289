"""Attendance of a lab by date: for the lab's owner alone."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import date
from typing import Any

from attendance.application.forms.field_errors import record_errors
from attendance.application.forms.retrying import retried
from attendance.application.forms.use_case import Command, Query
from attendance.application.pagination import validate_range
from attendance.application.ports.labs import LabHistory, LabSheet
from attendance.domain.attendance.status import Status
from attendance.domain.errors import FieldError
from attendance.domain.ids import AccountId, LabId, LabMarkId
from attendance.domain.labs.labs import LabNotFound
from attendance.domain.labs.marks import (
    AttendanceNotFound,
    LabEntry,
    LabMark,
    LabOrUserNotFound,
    OnlyOwnerDeletes,
    OnlyOwnerManages,
    OnlyOwnerViews,
)
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import owns, require, require_level
from attendance.domain.permissions.table import Permission


class MarkLabAttendance(Command):
    """Mark a member's attendance on a date, or change the mark, and return it.

    The same again changes nothing. `note`: at most 1000 characters. Raises Invalid for the note, Forbidden,
    LabOrUserNotFound, OnlyOwnerManages, NotAMember.
    """

    def errors_in(self, fields: Mapping[str, Any]) -> list[FieldError]:
        return record_errors(LabEntry, fields, status=Status.PRESENT)

    def expected(
        self, *, lab_id: LabId, user_id: AccountId, date: date, **_: object
    ) -> AbstractContextManager[object]:
        """A block in which this is about to be called with these, once it is known who asks."""
        return self.store.expecting(lambda work: work.lab_attendance.place(lab_id, user_id, date))

    @retried
    def __call__(
        self, actor: Actor, *, lab_id: LabId, user_id: AccountId, date: date, status: Status, note: str = ""
    ) -> LabMark:
        entry = LabEntry(status=status, note=note)
        require_level(actor, Permission.MARK_LAB_ATTENDANCE)
        with self.store.autocommit() as work:
            lab_place = work.lab_attendance.place(lab_id, user_id, date)
            require(owns(actor, lab_place.owner_id), OnlyOwnerManages)
            mark_id = LabMarkId(self.new_id())
            marked = lab_place.marked(entry, self._change_context(actor), by=actor.id, mark_id=mark_id)
            if marked.event:
                work.lab_attendance.save(marked.mark, marked.event)
        return marked.mark


class LabAttendanceByDate(Query):
    """Return the marks of a lab on one date, by username. Raises Forbidden, LabNotFound, OnlyOwnerViews."""

    def expected(self, *, lab_id: LabId, date: date) -> AbstractContextManager[object]:
        """A block in which this is about to be called with these, once it is known who asks."""
        return self.store.expecting(lambda work: work.lab_attendance.sheet(lab_id, date))

    @retried
    def __call__(self, actor: Actor, *, lab_id: LabId, date: date) -> LabSheet:
        require_level(actor, Permission.READ_LAB_ATTENDANCE)
        # with the marks comes who may see them
        with self.store.autocommit() as work:
            sheet = work.lab_attendance.sheet(lab_id, date)
        if sheet is None:
            raise LabNotFound
        require(owns(actor, sheet.owner_id), OnlyOwnerViews)
        return sheet


class LabAttendanceHistory(Query):
    """Return a user's marks in a lab, by date.

    `since`, `until`: only dates from and to these, both included; None: open at that end. Raises Invalid
    where `since` is after `until`, Forbidden, LabOrUserNotFound, OnlyOwnerViews.
    """

    @retried
    def __call__(
        self,
        actor: Actor,
        *,
        lab_id: LabId,
        user_id: AccountId,
        since: date | None = None,
        until: date | None = None,
    ) -> LabHistory:
        validate_range(since, until)
        require_level(actor, Permission.READ_LAB_ATTENDANCE)
        with self.store.autocommit() as work:
            found = work.lab_attendance.history(lab_id, user_id, since, until)
        if found is None:
            raise LabOrUserNotFound
        owner_id, history = found
        require(owns(actor, owner_id), OnlyOwnerViews)
        if history is None:
            raise LabOrUserNotFound
        return history


class DeleteLabAttendance(Command):
    """Remove a mark; its events stay. Raises Forbidden, AttendanceNotFound, OnlyOwnerDeletes."""

    @retried
    def __call__(self, actor: Actor, *, lab_id: LabId, attendance_id: LabMarkId) -> None:
        require_level(actor, Permission.DELETE_LAB_ATTENDANCE)
        with self.store.autocommit() as work:
            found = work.lab_attendance.find(lab_id, attendance_id)
            if found is None:
                raise AttendanceNotFound
            owner_id, mark = found
            require(owns(actor, owner_id), OnlyOwnerDeletes)
            if mark is None:
                raise AttendanceNotFound
            event = mark.deleted(self._change_context(actor))
            work.lab_attendance.delete(mark, event)
