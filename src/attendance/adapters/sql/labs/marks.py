"""Marks in labs. What marking asks, and what it writes, is one statement each on PostgreSQL."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from attendance.adapters.sql.engine.connection import Connection, insert_into
from attendance.adapters.sql.engine.statements import made_by
from attendance.adapters.sql.events import ADD as ADD_EVENT, event_row
from attendance.adapters.sql.tables import accounts, events, lab_marks, lab_members, labs
from attendance.application.ports import Contended, LabAttendance
from attendance.application.ports.labs import LabHistory, LabHistoryRow, LabSheet, LabSheetRow
from attendance.domain.attendance.status import Status
from attendance.domain.events import Event
from attendance.domain.ids import AccountId, LabId, LabMarkId
from attendance.domain.labs.marks import LabEntry, LabMark, LabOrUserNotFound, LabPlace

LAB_ID: Any = sa.bindparam("lab_id")
USER_ID: Any = sa.bindparam("user_id")
DATE: Any = sa.bindparam("date")
# looked up, not made: a sheet has many
STATUSES = {status.value: status for status in Status}
sheet_row = made_by(LabSheetRow)
MARK_FIELDS = ("id", "lab_id", "user_id", "date", "status", "note", "marked_by", "marked_at", "version")
EVENT_FIELDS = tuple(column.name for column in events.c if column.name != "position")

OWNER = labs.c.owner_id.label("owner_id")
MARK = tuple(
    lab_marks.c[name].label(f"mark_{name}")
    for name in ("id", "status", "note", "marked_by", "marked_at", "version")
)

PLACE = (
    sa.select(OWNER, accounts.c.id.label("account_id"), lab_members.c.user_id.label("member_id"), *MARK)
    .select_from(
        labs.outerjoin(accounts, accounts.c.id == USER_ID)
        .outerjoin(lab_members, sa.and_(lab_members.c.lab_id == labs.c.id, lab_members.c.user_id == USER_ID))
        .outerjoin(
            lab_marks,
            sa.and_(
                lab_marks.c.lab_id == labs.c.id, lab_marks.c.user_id == USER_ID, lab_marks.c.date == DATE
            ),
        )
    )
    .where(labs.c.id == LAB_ID)
)
FIND = (
    sa.select(OWNER, *MARK, lab_marks.c.user_id, lab_marks.c.date)
    .select_from(
        labs.outerjoin(
            lab_marks, sa.and_(lab_marks.c.lab_id == labs.c.id, lab_marks.c.id == sa.bindparam("mark_id"))
        )
    )
    .where(labs.c.id == LAB_ID)
)
SHEET = (
    sa.select(
        OWNER, accounts.c.id.label("user_id"), accounts.c.username, lab_marks.c.status, lab_marks.c.note
    )
    .select_from(
        labs.outerjoin(
            lab_marks, sa.and_(lab_marks.c.lab_id == labs.c.id, lab_marks.c.date == DATE)
        ).outerjoin(accounts, accounts.c.id == lab_marks.c.user_id)
    )
    .where(labs.c.id == LAB_ID)
    .order_by(accounts.c.username_sort_key, accounts.c.id)
)
HISTORY = (
    sa.select(OWNER, accounts.c.username, lab_marks.c.date, lab_marks.c.status, lab_marks.c.note)
    .select_from(
        labs.outerjoin(accounts, accounts.c.id == USER_ID).outerjoin(
            lab_marks,
            sa.and_(
                lab_marks.c.lab_id == labs.c.id,
                lab_marks.c.user_id == accounts.c.id,
                lab_marks.c.date.between(sa.bindparam("since"), sa.bindparam("until")),
            ),
        )
    )
    .where(labs.c.id == LAB_ID)
    .order_by(lab_marks.c.date)
)


def _guarded(change: Any) -> dict[str, Any]:
    """The change by itself, and, for PostgreSQL, with its event in one statement: both happen or neither."""
    done = change.returning(lab_marks.c.id).cte("done")
    event = sa.select(*(sa.bindparam(f"event_{name}", type_=events.c[name].type) for name in EVENT_FIELDS))
    return {
        "sqlite": change,
        "postgresql": sa.insert(events)
        .inline()
        .from_select(EVENT_FIELDS, event.select_from(done))
        .add_cte(done),
    }


ADD = _guarded(
    insert_into["postgresql"](lab_marks)
    .values({name: sa.bindparam(name, type_=lab_marks.c[name].type) for name in MARK_FIELDS})
    .on_conflict_do_nothing(index_elements=["lab_id", "user_id", "date"])
)
REVISE = _guarded(
    sa.update(lab_marks)
    .where(lab_marks.c.id == sa.bindparam("mark_id"), lab_marks.c.version == sa.bindparam("mark_version") - 1)
    .values({name: sa.bindparam(name) for name in ("status", "note", "marked_by", "marked_at", "version")})
)
DELETE = _guarded(
    sa.delete(lab_marks).where(
        lab_marks.c.id == sa.bindparam("mark_id"), lab_marks.c.version == sa.bindparam("mark_version")
    )
)


@dataclass(frozen=True, slots=True)
class SqlLabAttendance(LabAttendance):
    connection: Connection

    def place(self, lab_id: LabId, user_id: AccountId, on: date) -> LabPlace:
        row = self.connection.run(PLACE, {"lab_id": lab_id, "user_id": user_id, "date": on}).one_or_none()
        if row is None:
            raise LabOrUserNotFound
        return LabPlace(
            lab_id=lab_id,
            owner_id=row.owner_id,
            user_id=user_id,
            date=on,
            user_exists=row.account_id is not None,
            is_member=row.member_id is not None,
            mark=mark_of(row, lab_id, user_id, on),
        )

    def find(self, lab_id: LabId, mark_id: LabMarkId) -> tuple[AccountId, LabMark | None] | None:
        row = self.connection.run(FIND, {"lab_id": lab_id, "mark_id": mark_id}).one_or_none()
        return None if row is None else (row.owner_id, mark_of(row, lab_id, row.user_id, row.date))

    def save(self, mark: LabMark, event: Event) -> None:
        changed = {
            "status": mark.entry.status,
            "note": mark.entry.note,
            "marked_by": mark.marked_by,
            "marked_at": mark.marked_at,
            "version": mark.version,
        }
        if mark.version == 1:
            place = {"id": mark.id, "lab_id": mark.lab_id, "user_id": mark.user_id, "date": mark.date}
            self._change(ADD, place | changed, event)
        else:
            self._change(REVISE, {"mark_id": mark.id, "mark_version": mark.version} | changed, event)

    def delete(self, mark: LabMark, event: Event) -> None:
        self._change(DELETE, {"mark_id": mark.id, "mark_version": mark.version}, event)

    def _change(self, change: dict[str, Any], parameters: dict[str, Any], event: Event) -> None:
        if self.connection.dialect == "postgresql":
            about = {f"event_{name}": value for name, value in event_row(event).items()}
            if self.connection.run(change, parameters | about).rowcount != 1:
                raise Contended
            return
        with self.connection.transaction():
            if self.connection.run(change, parameters).rowcount != 1:
                raise Contended
            self.connection.run(ADD_EVENT, event_row(event))

    def sheet(self, lab_id: LabId, on: date) -> LabSheet | None:
        rows = self.connection.run(SHEET, {"lab_id": lab_id, "date": on}).rows
        if not rows:
            return None
        owner_id = rows[0].owner_id
        if rows[0].user_id is None:
            return LabSheet(lab_id, owner_id, on, ())
        _, user_ids, usernames, statuses, notes = zip(*rows, strict=True)
        marks = zip(user_ids, usernames, map(STATUSES.__getitem__, statuses), notes, strict=True)
        return LabSheet(lab_id, owner_id, on, tuple(map(sheet_row, marks)))

    def history(
        self, lab_id: LabId, user_id: AccountId, since: date | None, until: date | None
    ) -> tuple[AccountId, LabHistory | None] | None:
        dates = {"since": since or date.min, "until": until or date.max}
        rows = self.connection.run(HISTORY, {"lab_id": lab_id, "user_id": user_id} | dates).rows
        if not rows:
            return None
        marks = (LabHistoryRow(row.date, STATUSES[row.status], row.note) for row in rows if row.date)
        owner_id, username = rows[0].owner_id, rows[0].username
        return owner_id, None if username is None else LabHistory(lab_id, user_id, username, tuple(marks))


def mark_of(row: sa.Row[Any], lab_id: LabId, user_id: AccountId, on: date) -> LabMark | None:
    """The mark whose columns are `MARK` in a row, None where there is none."""
    if row.mark_id is None:
        return None
    return LabMark(
        id=row.mark_id,
        lab_id=lab_id,
        user_id=user_id,
        date=on,
        entry=LabEntry(status=Status(row.mark_status), note=row.mark_note),
        marked_by=row.mark_marked_by,
        marked_at=row.mark_marked_at,
        version=row.mark_version,
    )
