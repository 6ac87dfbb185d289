"""Attendance of lessons: marks, sheets, and how a client attended."""

from collections import namedtuple
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from attendance.adapters.sql.attendance.visits import AFTER, BEFORE_ALL, CLIENT_ID, COUNT, SUMMARY, VISITS
from attendance.adapters.sql.club.groups import is_member_on
from attendance.adapters.sql.club.lessons import SqlLessons
from attendance.adapters.sql.engine.bulk import Bulk, among, bound_rows
from attendance.adapters.sql.engine.connection import Connection, Statements
from attendance.adapters.sql.tables import accounts, attendance, clients, group_members, lessons
from attendance.application.pagination import PageRequest
from attendance.application.ports import Attendance, UnpaidMark
from attendance.application.ports.attendance import SheetEntry, VisitCriteria, VisitRow, VisitsSummary
from attendance.domain.attendance.charging import Charge
from attendance.domain.attendance.marks import Changed, Mark
from attendance.domain.attendance.status import Status
from attendance.domain.club.lessons import Lesson
from attendance.domain.ids import ClientId, LessonId
from attendance.domain.reporting.statistics import Counts

# looked up, not made: a sheet has many
STATUSES = {status.value: status for status in Status}
KEYS = ("lesson_id", "client_id")
COPIES = ("date", "starts")
OWN = [column for column in attendance.c if column.name not in COPIES]
LESSON_ID: Any = sa.bindparam("lesson_id", type_=sa.Uuid)
DATE: Any = sa.bindparam("date", type_=sa.Date)
STARTS: Any = sa.bindparam("starts", type_=sa.Time)

OF_LESSON = sa.select(*OWN).where(attendance.c.lesson_id == LESSON_ID).order_by(attendance.c.client_id)
OF_LESSON_AND_CLIENTS: Statements = {
    dialect: OF_LESSON.where(is_of_clients)
    for dialect, is_of_clients in among(attendance.c.client_id, "client_ids").items()
}
OF_CLIENT: Statements = {
    dialect: sa.select(*OWN)
    .where(is_of_lessons, attendance.c.client_id == CLIENT_ID)
    .order_by(attendance.c.lesson_id)
    for dialect, is_of_lessons in among(attendance.c.lesson_id, "lesson_ids").items()
}
# it has a mark: the one in this row
LESSON = [
    column if column.key != "is_marked" else sa.literal_column("true", sa.Boolean).label("is_marked")
    for column in SqlLessons.mapper.columns["sqlite"]
]
LessonRow = namedtuple("LessonRow", [column.key for column in LESSON])  # type: ignore[misc]
OF_LESSON_BESIDE = [
    column.label("lesson_version") if column.key == "version" else column for column in LESSON
]
UNPAID = (
    sa.select(*OF_LESSON_BESIDE, *OWN)
    .where(attendance.c.client_id == CLIENT_ID, attendance.c.unpaid, attendance.c.lesson_id == lessons.c.id)
    .order_by(lessons.c.date, lessons.c.starts, lessons.c.id)
)
# a date anywhere is less than two days from the instant
FARTHEST = timedelta(days=2)
PLANNED_ABSENCES: Statements = {
    dialect: sa.select(*OWN)
    .where(
        is_of_clients,
        attendance.c.date >= DATE,
        attendance.c.status == sa.literal_column(f"'{Status.EXCUSED.value}'"),
        attendance.c.lesson_id == lessons.c.id,
        lessons.c.starts_at > sa.bindparam("at", type_=lessons.c.starts_at.type),
    )
    .order_by(*attendance.c["lesson_id", "client_id"])
    for dialect, is_of_clients in among(attendance.c.client_id, "client_ids").items()
}
OF_LESSONS: Statements = {
    dialect: sa.select(*OWN).where(is_of_lessons).order_by(*attendance.c["lesson_id", "client_id"])
    for dialect, is_of_lessons in among(attendance.c.lesson_id, "lesson_ids").items()
}
WRITE = Bulk(
    attendance,
    upsert_on=KEYS,
    columns=[column.name for column in OWN],
    copied=("lesson_id", lessons.c["id", *COPIES]),
)
DELETE: Statements = {
    dialect: sa.delete(attendance).where(sa.tuple_(*attendance.c[*KEYS]).in_(rows))
    for dialect, rows in bound_rows([*attendance.c[*KEYS]]).items()
}


def _sheet(dialect: str) -> sa.Select[Any]:
    """Members first, then guests: whoever is marked and no member."""
    member = sa.select(group_members.c.client_id, sa.literal_column("0").label("guest")).where(
        group_members.c.group_id == sa.bindparam("group_id"), is_member_on(DATE)
    )
    marked = sa.select(attendance.c.client_id, sa.literal_column("1")).where(
        attendance.c.lesson_id == LESSON_ID
    )
    either = sa.union_all(member, marked).subquery()
    listed = (
        sa.select(either.c.client_id, sa.func.min(either.c.guest).label("guest"))
        .group_by(either.c.client_id)
        .cte("listed")
    )
    is_client = clients.c.id == listed.c.client_id
    if dialect == "postgresql":
        # by itself it reads all clients rather than look up so many
        client_ids = sa.select(listed.c.client_id).correlate(None).scalar_subquery()
        is_client = sa.and_(is_client, clients.c.id == sa.any_(sa.func.array(client_ids)))
    mark = sa.and_(attendance.c.lesson_id == LESSON_ID, attendance.c.client_id == listed.c.client_id)
    joined = listed.join(clients, is_client).outerjoin(attendance, mark)
    columns: dict[str, Any] = {
        **{column.name: column for column in (listed.c.client_id, clients.c.name, clients.c.birthday)},
        "guest": listed.c.guest,
        "last_visit_on": _last_visit_on(listed.c.client_id),
        "unpaid_visits": _unpaid_visits(listed.c.client_id),
        **{column.name: column for column in OWN if column.name not in KEYS},
        "marked_by_name": sa.func.coalesce(
            sa.func.nullif(accounts.c.name, sa.literal_column("''")), accounts.c.username
        ),
    }
    return (
        sa.select(*(columns[name].label(name) for name in SheetEntry._fields if name in columns))
        .select_from(joined.outerjoin(accounts, accounts.c.id == attendance.c.marked_by))
        .order_by(listed.c.guest, clients.c.name_key, clients.c.id)
    )


def _last_visit_on(client_id: Any) -> Any:
    """The date on which a client last came to a lesson before this one: the end of a part of an index."""
    mark, lesson = attendance.alias("visited"), lessons.alias("visited_lesson")
    return (
        sa.select(mark.c.date)
        .where(
            mark.c.client_id == client_id,
            sa.tuple_(mark.c.date, mark.c.starts) < sa.tuple_(DATE, STARTS),
            mark.c.status.in_([sa.literal_column("'present'"), sa.literal_column("'late'")]),
            lesson.c.id == mark.c.lesson_id,
            ~lesson.c.cancelled,
        )
        .order_by(mark.c.date.desc(), mark.c.starts.desc(), mark.c.lesson_id.desc())
        .limit(sa.literal_column("1"))
        .scalar_subquery()
    )


def _unpaid_visits(client_id: Any) -> Any:
    mark = attendance.alias("unpaid_mark")
    return sa.select(sa.func.count()).where(mark.c.client_id == client_id, mark.c.unpaid).scalar_subquery()


SHEET = {dialect: _sheet(dialect) for dialect in ("postgresql", "sqlite")}


@dataclass(frozen=True, slots=True)
class SqlAttendance(Attendance):
    connection: Connection

    def of_lesson(
        self, lesson_id: LessonId, client_ids: Collection[ClientId] | None = None
    ) -> tuple[Mark, ...]:
        if client_ids is None:
            rows = self.connection.run(OF_LESSON, {"lesson_id": lesson_id}).rows
        else:
            parameters = {"lesson_id": lesson_id, "client_ids": [*client_ids]}
            rows = self.connection.run(OF_LESSON_AND_CLIENTS, parameters).rows
        return tuple(mark_in(row, row.lesson_id, row.client_id) for row in rows)

    def planned_absences(self, client_ids: Collection[ClientId], at: datetime) -> tuple[Mark, ...]:
        parameters = {"client_ids": [*client_ids], "at": at, "date": at.date() - FARTHEST}
        rows = self.connection.run(PLANNED_ABSENCES, parameters).rows
        return tuple(mark_in(row, row.lesson_id, row.client_id) for row in rows)

    def of_lessons(self, lesson_ids: Collection[LessonId]) -> tuple[Mark, ...]:
        rows = self.connection.run(OF_LESSONS, {"lesson_ids": [*lesson_ids]}).rows
        return tuple(mark_in(row, row.lesson_id, row.client_id) for row in rows)

    def unpaid_of(self, client_id: ClientId) -> tuple[UnpaidMark, ...]:
        rows = self.connection.run(UNPAID, {"client_id": client_id}).rows
        return tuple(
            UnpaidMark(
                mark=mark_in(row, row.lesson_id, client_id),
                lesson=SqlLessons.mapper.entity(LessonRow._make(row[: len(LESSON)])),
            )
            for row in rows
        )

    def save(self, changes: Collection[Changed]) -> None:
        written = [it.after for it in changes if it.after is not None and it.after != it.before]
        removed = [it.before for it in changes if it.before is not None and it.after is None]
        with self.connection.transaction():
            WRITE.write(self.connection, [*map(_row, written)])
            if removed:
                rows = [{"lesson_id": mark.lesson_id, "client_id": mark.client_id} for mark in removed]
                self.connection.run(DELETE, {"rows": rows})

    def sheet(self, lesson: Lesson) -> tuple[SheetEntry, ...]:
        parameters = {
            "lesson_id": lesson.id,
            "group_id": lesson.group_id,
            "date": lesson.date,
            "starts": lesson.starts,
        }
        return tuple(map(_entry, self.connection.run(SHEET, parameters).rows))

    def of_client(self, client_id: ClientId, lesson_ids: Collection[LessonId]) -> tuple[Mark, ...]:
        parameters = {"client_id": client_id, "lesson_ids": [*lesson_ids]}
        rows = self.connection.run(OF_CLIENT, parameters).rows if lesson_ids else []
        return tuple(mark_in(row, row.lesson_id, client_id) for row in rows)

    def visits(self, criteria: VisitCriteria, page_request: PageRequest[VisitRow]) -> tuple[VisitRow, ...]:
        last = page_request.after
        place = (last.date, last.starts, last.mark.lesson_id) if last else BEFORE_ALL
        after = {bound.key: value for bound, value in zip(AFTER, place, strict=True)}
        page = {"limit": page_request.limit, "offset": page_request.offset}
        rows = self.connection.run(VISITS, _parameters(criteria) | after | page).rows
        return tuple(
            VisitRow(
                mark=mark_in(row, row.lesson_id, row.client_id),
                group_id=row.group_id,
                date=row.date,
                starts=row.starts,
            )
            for row in rows
        )

    def count(self, criteria: VisitCriteria) -> int:
        return int(self.connection.run(COUNT, _parameters(criteria)).rows[0].total)

    def summary(self, criteria: VisitCriteria, at: datetime) -> VisitsSummary:
        rows = self.connection.run(SUMMARY, {**_parameters(criteria), "at": at}).rows
        return VisitsSummary(
            counts=Counts(**{row.status or "unmarked": row.number for row in rows}),
            consecutive_absences=sum(row.run for row in rows),
        )


def _parameters(criteria: VisitCriteria) -> dict[str, Any]:
    return {
        "client_id": criteria.client_id,
        "since": criteria.since or date.min,
        "until": criteria.until or date.max,
    }


def _entry(row: Any) -> SheetEntry:
    """The columns are in the order of the fields."""
    client_id, name, birthday, guest, last_visit_on, unpaid_visits, *mark = row
    guest, (version, status, *rest) = bool(guest), mark
    if status is None:
        return SheetEntry(client_id, name, birthday, guest, last_visit_on, unpaid_visits)
    status = STATUSES[status]
    return SheetEntry(client_id, name, birthday, guest, last_visit_on, unpaid_visits, version, status, *rest)


def mark_in(row: Any, lesson_id: LessonId, client_id: ClientId) -> Mark:
    return Mark(
        lesson_id=lesson_id,
        client_id=client_id,
        status=STATUSES[row.status],
        note=row.note,
        minutes_late=row.minutes_late,
        trial=row.trial,
        announced=row.announced,
        charge=Charge(row.subscription_id, row.unpaid),
        marked_by=row.marked_by,
        marked_at=row.marked_at,
        version=row.version,
    )


def _row(mark: Mark) -> dict[str, Any]:
    return {
        "lesson_id": mark.lesson_id,
        "client_id": mark.client_id,
        "status": mark.status.value,
        "note": mark.note,
        "minutes_late": mark.minutes_late,
        "trial": mark.trial,
        "subscription_id": mark.charge.subscription_id,
        "unpaid": mark.charge.unpaid,
        "marked_by": mark.marked_by,
        "marked_at": mark.marked_at,
        "version": mark.version,
        "announced": mark.announced,
    }
