"""Lessons, and who teaches them."""

from collections.abc import Collection
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from attendance.adapters.sql.club.groups import AS_JSON
from attendance.adapters.sql.engine.bulk import Bulk
from attendance.adapters.sql.engine.listing import Listing, SortColumn
from attendance.adapters.sql.engine.repository import SqlRepository, TableMapper, held, without
from attendance.adapters.sql.tables import attendance, group_teachers, lessons
from attendance.adapters.sql.tables.columns import Facts
from attendance.application.ports import Lessons, Taught
from attendance.application.ports.club import LessonCriteria
from attendance.domain.club.lessons import Lesson, LessonNotFound, Scheduled
from attendance.domain.ids import AccountId, GroupId, LessonId, LocationId

GROUP_ID: Any = sa.bindparam("group_id")
LOCATION_ID: Any = sa.bindparam("location_id")
SINCE, UNTIL = (sa.bindparam(name, type_=sa.Date) for name in ("since", "until"))
IS_MARKED = sa.exists().where(attendance.c.lesson_id == lessons.c.id)
SHOWN = (*lessons.c, IS_MARKED.label("is_marked"))
HAS_BEGUN = lessons.c.starts_at <= sa.bindparam("at", type_=lessons.c.starts_at.type)
STATE = sa.case(
    (lessons.c.cancelled, sa.literal_column("'cancelled'")),
    (sa.and_(HAS_BEGUN, IS_MARKED), sa.literal_column("'held'")),
    else_=sa.literal_column("'planned'"),
)
LISTING: Listing[Lesson] = Listing(
    shown=SHOWN,
    tie=SortColumn(lessons.c.id, lambda lesson: lesson.id),
    keys={
        "date": SortColumn(lessons.c.date, lambda lesson: lesson.date),
        "starts": SortColumn(lessons.c.starts, lambda lesson: lesson.starts),
        "created_at": SortColumn(lessons.c.created_at, lambda lesson: lesson.created_at),
    },
    conditions={
        "group_id": lessons.c.group_id == GROUP_ID,
        "since": lessons.c.date >= SINCE,
        "until": lessons.c.date <= UNTIL,
        "state": sa.bindparam("state", type_=sa.Text) == STATE,
    },
)
ADD_ALL = Bulk(lessons)


def _taught(dialect: str) -> sa.Select[Any]:
    teachers = (
        sa.select(AS_JSON[dialect][0](group_teachers.c.user_id, type_=Facts))
        .where(
            group_teachers.c.group_id == lessons.c.group_id,
            group_teachers.c.since <= lessons.c.date,
            sa.or_(group_teachers.c.until.is_(None), group_teachers.c.until >= lessons.c.date),
        )
        .scalar_subquery()
    )
    return sa.select(*SHOWN, teachers.label("group_teachers")).where(lessons.c.id == sa.bindparam("id"))


TAUGHT = {dialect: _taught(dialect) for dialect in AS_JSON}
TAUGHT_HELD = {dialect: held(taught) for dialect, taught in TAUGHT.items()}
SLOTS_TAKEN = sa.select(*lessons.c["date", "starts", "scheduled_date", "scheduled_starts"]).where(
    lessons.c.group_id == GROUP_ID,
    sa.or_(lessons.c.date.between(SINCE, UNTIL), lessons.c.scheduled_date.between(SINCE, UNTIL)),
)
HELD_DAYS = (
    sa.select(lessons.c.date)
    .distinct()
    .where(lessons.c.group_id == GROUP_ID, ~lessons.c.cancelled, HAS_BEGUN, IS_MARKED)
)
LOCK_BEGUN = held(
    sa.select(lessons.c.id).where(lessons.c.group_id == GROUP_ID, HAS_BEGUN).order_by(lessons.c.id)
)
LOCK_AT = held(
    sa.select(lessons.c.id)
    .where(lessons.c.location_id == LOCATION_ID, lessons.c.date.between(SINCE, UNTIL))
    .order_by(lessons.c.id)
)


class SqlLessons(SqlRepository[Lesson, LessonCriteria], Lessons):
    mapper = TableMapper(lessons, dict.fromkeys(AS_JSON, LISTING), LessonNotFound)

    @staticmethod
    def entity(row: Any) -> Lesson:
        fields = without(row, "scheduled_date", "scheduled_starts")
        fields.pop("group_teachers", None)
        teachers = tuple(AccountId(UUID(text)) for text in row.teachers)
        scheduled = None
        if row.scheduled_date is not None:
            scheduled = Scheduled(date=row.scheduled_date, starts=row.scheduled_starts)
        return Lesson(**fields | {"teachers": teachers, "scheduled": scheduled})

    @staticmethod
    def row(entity: Lesson) -> dict[str, Any]:
        fields = {column.name: getattr(entity, column.name, None) for column in lessons.c}
        scheduled = entity.scheduled
        return fields | {
            "teachers": [*map(str, entity.teachers)],
            "scheduled_date": scheduled.date if scheduled else None,
            "scheduled_starts": scheduled.starts if scheduled else None,
        }

    @staticmethod
    def given(criteria: LessonCriteria) -> dict[str, Any]:
        given = {
            "group_id": criteria.group_id,
            "at": criteria.at,
            "since": criteria.since,
            "until": criteria.until,
            "state": criteria.state and criteria.state.value,
        }
        return {name: value for name, value in given.items() if value is not None}

    def taught(self, lesson_id: LessonId, *, held: bool) -> Taught:
        row = self.work.run(TAUGHT_HELD if held else TAUGHT, {"id": lesson_id}).one_or_none()
        if row is None:
            raise self.mapper.not_found
        lesson = self.entity(row)
        teachers = (AccountId(UUID(text)) for text in row.group_teachers or ())
        return Taught(lesson=lesson, teachers=frozenset({*lesson.teachers, *teachers}))

    def add_all(self, lessons: Collection[Lesson]) -> None:
        ADD_ALL.write(self.work, [*map(self.row, lessons)])

    def slots_taken(self, group_id: GroupId, since: date, until: date) -> frozenset[tuple[date, time]]:
        rows = self.work.run(SLOTS_TAKEN, {"group_id": group_id, "since": since, "until": until}).rows
        places = {(row.date, row.starts) for row in rows}
        places |= {(row.scheduled_date, row.scheduled_starts) for row in rows if row.scheduled_date}
        return frozenset((day, starts) for day, starts in places if since <= day <= until)

    def lock_held_dates(self, group_id: GroupId, at: datetime) -> frozenset[date]:
        criteria = {"group_id": group_id, "at": at}
        self.work.run(LOCK_BEGUN, criteria)
        return frozenset(row.date for row in self.work.run(HELD_DAYS, criteria).rows)

    def hold_at(self, location_id: LocationId, since: date, until: date) -> tuple[Lesson, ...]:
        where = {"location_id": location_id, "since": since, "until": until}
        ids = [row.id for row in self.work.run(LOCK_AT, where).rows]
        return self._all(self.mapper.get_all_for_update, ids)
