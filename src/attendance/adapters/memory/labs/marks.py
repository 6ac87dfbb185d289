"""Lab marks by lab, user and date."""

from dataclasses import dataclass
from datetime import date

from attendance.adapters.memory.tables import Tables
from attendance.application.ports import Contended, LabAttendance
from attendance.application.ports.labs import LabHistory, LabHistoryRow, LabSheet, LabSheetRow
from attendance.domain.events import Event
from attendance.domain.ids import AccountId, LabId, LabMarkId
from attendance.domain.labs.marks import LabMark, LabOrUserNotFound, LabPlace
from attendance.domain.text import sort_key


@dataclass(frozen=True, slots=True)
class MemoryLabAttendance(LabAttendance):
    tables: Tables

    def place(self, lab_id: LabId, user_id: AccountId, on: date) -> LabPlace:
        lab = self.tables.labs.get(lab_id)
        if lab is None:
            raise LabOrUserNotFound
        return LabPlace(
            lab_id=lab_id,
            owner_id=lab.owner_id,
            user_id=user_id,
            date=on,
            user_exists=self.tables.accounts.get(user_id) is not None,
            is_member=user_id in (self.tables.members.get(lab_id) or {}),
            mark=self.tables.lab_marks.get((lab_id, user_id, on)),
        )

    def save(self, mark: LabMark, event: Event) -> None:
        key = (mark.lab_id, mark.user_id, mark.date)
        stored = self.tables.lab_marks.get(key)
        if (stored.version if stored else 0) != mark.version - 1 or (stored and stored.id != mark.id):
            raise Contended
        self.tables.lab_marks.put(key, mark)
        self.tables.lab_mark_keys.put(mark.id, key)
        self.tables.log(event)

    def find(self, lab_id: LabId, mark_id: LabMarkId) -> tuple[AccountId, LabMark | None] | None:
        lab = self.tables.labs.get(lab_id)
        key = self.tables.lab_mark_keys.get(mark_id)
        mark = self.tables.lab_marks.get(key) if key and key[0] == lab_id else None
        return (lab.owner_id, mark) if lab else None

    def delete(self, mark: LabMark, event: Event) -> None:
        key = (mark.lab_id, mark.user_id, mark.date)
        if self.tables.lab_marks.get(key) != mark:
            raise Contended
        self.tables.lab_marks.remove(key)
        self.tables.lab_mark_keys.remove(mark.id)
        self.tables.log(event)

    def sheet(self, lab_id: LabId, on: date) -> LabSheet | None:
        lab = self.tables.labs.get(lab_id)
        if lab is None:
            return None
        marked = sorted(
            (
                (self.tables.accounts.rows[mark.user_id], mark)
                for mark in self.tables.lab_marks.all()
                if mark.lab_id == lab_id and mark.date == on
            ),
            key=lambda pair: (sort_key(pair[0].username), pair[0].id),
        )
        rows = (LabSheetRow(who.id, who.username, mark.entry.status, mark.entry.note) for who, mark in marked)
        return LabSheet(lab_id, lab.owner_id, on, tuple(rows))

    def history(
        self, lab_id: LabId, user_id: AccountId, since: date | None, until: date | None
    ) -> tuple[AccountId, LabHistory | None] | None:
        lab = self.tables.labs.get(lab_id)
        if lab is None:
            return None
        account = self.tables.accounts.get(user_id)
        if account is None:
            return lab.owner_id, None
        marks = sorted(
            (
                mark
                for mark in self.tables.lab_marks.all()
                if (mark.lab_id, mark.user_id) == (lab_id, user_id)
                and (since or mark.date) <= mark.date <= (until or mark.date)
            ),
            key=lambda mark: mark.date,
        )
        rows = tuple(LabHistoryRow(mark.date, mark.entry.status, mark.entry.note) for mark in marks)
        return lab.owner_id, LabHistory(lab_id, user_id, account.username, rows)
