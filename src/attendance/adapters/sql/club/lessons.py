"""Lessons, and who teaches them."""

from collections.abc import Collection, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from attendance.adapters.sql.club.groups import AS_JSON, is_member_on
from attendance.adapters.sql.engine.bulk import Bulk, among
from attendance.adapters.sql.engine.connection import Statements
from attendance.adapters.sql.engine.repository import SqlRepository, TableMapper, for_update
from attendance.adapters.sql.tables import (
    attendance,
    group_members,
    group_teachers,
    groups,
    lessons,
    locations,
)
from attendance.adapters.sql.tables.columns import Facts, IdAsText
from attendance.application.ports import Lessons, LessonWithTeachers
from attendance.application.ports.club import LESSONS, LessonCriteria, LessonInContext, LessonLabel
from attendance.domain.club.lessons import Lesson, Scheduled
from attendance.domain.ids import AccountId, ClientId, GroupId, LessonId, LocationId

GROUP_ID: Any = sa.bindparam("group_id")
LOCATION_ID: Any = sa.bindparam("location_id")
SINCE, UNTIL = (sa.bindparam(name, type_=sa.Date) for name in ("since", "until"))
IS_MARKED = sa.exists().where(attendance.c.lesson_id == lessons.c.id, ~attendance.c.announced)
HAS_BEGUN = lessons.c.starts_at <= sa.bindparam("at", type_=lessons.c.starts_at.type)
STATE = sa.case(
    (lessons.c.cancelled, sa.literal_column("'cancelled'")),
    (sa.and_(HAS_BEGUN, IS_MARKED), sa.literal_column("'held'")),
    else_=sa.literal_column("'planned'"),
)
IS_OVER = lessons.c.ends_at <= sa.bindparam("at", type_=lessons.c.ends_at.type)
UNTAKEN = sa.and_(HAS_BEGUN, ~lessons.c.cancelled, ~IS_MARKED)
ADD_ALL = Bulk(lessons)

SLOTS_TAKEN = sa.select(*lessons.c["date", "starts", "scheduled_date", "scheduled_starts"]).where(
    lessons.c.group_id == GROUP_ID,
    sa.or_(lessons.c.date.between(SINCE, UNTIL), lessons.c.scheduled_date.between(SINCE, UNTIL)),
)
HELD_DATES = (
    sa.select(lessons.c.date)
    .distinct()
    .where(lessons.c.group_id == GROUP_ID, ~lessons.c.cancelled, HAS_BEGUN, IS_MARKED)
)
LOCK_BEGUN = for_update(
    sa.select(lessons.c.id).where(lessons.c.group_id == GROUP_ID, HAS_BEGUN).order_by(lessons.c.id)
)
REMOVE: Statements = {
    dialect: sa.delete(lessons).where(is_among) for dialect, is_among in among(lessons.c.id, "ids").items()
}
LOCK_OF_GROUP = for_update(
    sa.select(lessons.c.id)
    .where(lessons.c.group_id == GROUP_ID, lessons.c.date.between(SINCE, UNTIL))
    .order_by(lessons.c.id)
)
LOCK_AT = for_update(
    sa.select(lessons.c.id)
    .where(lessons.c.location_id == LOCATION_ID, lessons.c.date.between(SINCE, UNTIL))
    .order_by(lessons.c.id)
)


IN_CONTEXT = {
    dialect: sa.select(
        lessons.c.id,
        groups.c.name.label("group_name"),
        locations.c.name.label("location_name"),
        sa.select(sa.func.count())
        .where(group_members.c.group_id == lessons.c.group_id, is_member_on(lessons.c.date))
        .scalar_subquery()
        .label("roster"),
        sa.select(sa.func.count())
        .where(
            group_members.c.group_id == lessons.c.group_id,
            is_member_on(lessons.c.date),
            ~sa.exists(
                sa.select(attendance.c.client_id).where(
                    attendance.c.lesson_id == lessons.c.id,
                    attendance.c.client_id == group_members.c.client_id,
                )
            ).correlate(lessons, group_members),
        )
        .correlate(lessons)
        .scalar_subquery()
        .label("unmarked"),
        sa.select(sa.func.count())
        .where(attendance.c.lesson_id == lessons.c.id)
        .scalar_subquery()
        .label("marked"),
    ).where(is_among, groups.c.id == lessons.c.group_id, locations.c.id == lessons.c.location_id)
    for dialect, is_among in among(lessons.c.id, "ids").items()
}

CALLED = {
    dialect: sa.select(lessons.c.id, groups.c.name.label("group_name"), *lessons.c["date", "starts"]).where(
        is_among, groups.c.id == lessons.c.group_id
    )
    for dialect, is_among in among(lessons.c.id, "ids").items()
}


def teachers_in(dialect: str, teachers: Any) -> Any:
    """Teachers of a lesson as rows with a `value`."""
    each = sa.func.jsonb_array_elements_text if dialect == "postgresql" else sa.func.json_each
    return each(teachers).table_valued("value", name="teacher")


TEACHER_ID: Any = sa.bindparam("teacher_id", type_=IdAsText)
IS_TAUGHT_BY: dict[str, sa.ColumnElement[bool]] = {
    "postgresql": sa.func.jsonb_exists(lessons.c.teachers, TEACHER_ID, type_=sa.Boolean),
    # an id stands in no other: to look for its text takes a tenth of the time that reading the list does
    "sqlite": sa.func.instr(lessons.c.teachers, TEACHER_ID) > sa.literal_column("0"),
}
"""Whether somebody is one of the lesson's own teachers."""


def _taught_on(dialect: str) -> sa.ColumnElement[bool]:
    """Whether a lesson is on one of some dates, and one of some accounts is among its own teachers."""
    teacher = teachers_in(dialect, lessons.c.teachers)
    is_teacher = among(sa.Column("value", IdAsText), "teacher_ids")[dialect]
    taught = sa.exists(sa.select(teacher.c.value).where(is_teacher)).correlate(lessons)
    return sa.and_(among(lessons.c.date, "dates")[dialect], taught)


def lesson(*, scheduled_date: Any, scheduled_starts: Any, is_marked: Any, **fields: Any) -> Lesson:
    """A lesson as it is read, with its place in the schedule."""
    scheduled = None
    if scheduled_date is not None:
        scheduled = Scheduled(date=scheduled_date, starts=scheduled_starts)
    return Lesson(scheduled=scheduled, is_marked=is_marked, **fields)


class SqlLessons(SqlRepository[Lesson, LessonCriteria], Lessons):
    mapper = TableMapper(
        LESSONS,
        lessons,
        conditions=lambda dialect: {
            "since": lessons.c.date >= SINCE,
            "until": lessons.c.date <= UNTIL,
            "state": sa.bindparam("state", type_=sa.Text) == STATE,
            "teacher_id": IS_TAUGHT_BY[dialect],
            "untaken": {True: UNTAKEN, False: ~UNTAKEN},
            "over": {True: IS_OVER, False: ~IS_OVER},
        },
        more_columns=lambda _: [
            *lessons.c["scheduled_date", "scheduled_starts"],
            IS_MARKED.label("is_marked"),
        ],
        make=lesson,
    )

    def with_teachers(self, lesson_id: LessonId, *, for_update: bool) -> LessonWithTeachers:
        statement = WITH_TEACHERS_FOR_UPDATE if for_update else WITH_TEACHERS
        row = self.connection.run(statement, {"id": lesson_id}).one_or_none()
        if row is None:
            raise self.mapper.resource.not_found
        fields = row._asdict()
        of_group = (AccountId(UUID(text)) for text in fields.pop("group_teachers") or ())
        names = {name: fields.pop(name) for name in NAMES}
        found = lesson(**fields)
        return LessonWithTeachers(lesson=found, teachers=frozenset({*found.teachers, *of_group}), **names)

    def in_context(self, lessons: Collection[Lesson]) -> tuple[LessonInContext, ...]:
        rows = {row.id: row for row in self._rows(IN_CONTEXT, [lesson.id for lesson in lessons])}
        return tuple(
            LessonInContext(
                lesson=lesson,
                group_name=row.group_name,
                location_name=row.location_name,
                roster=row.roster,
                unmarked=row.unmarked,
                marked=row.marked,
            )
            for lesson in lessons
            if (row := rows.get(lesson.id))
        )

    def labels_of(self, lesson_ids: Collection[LessonId]) -> Mapping[LessonId, LessonLabel]:
        found = (row._asdict() for row in self._rows(CALLED, lesson_ids))
        return {fields.pop("id"): LessonLabel(**fields) for fields in found}

    def of_member(self, client_id: ClientId, since: date, until: date) -> tuple[Lesson, ...]:
        parameters = {"client_id": client_id, "since": since, "until": until}
        return self._entities(self.connection.run(OF_MEMBER, parameters).rows)

    def add_all(self, lessons: Collection[Lesson]) -> None:
        ADD_ALL.write(self.connection, [*map(self.mapper.row, lessons)])

    def remove_all(self, lessons: Collection[Lesson]) -> None:
        if lessons:
            self.connection.run(REMOVE, {"ids": [lesson.id for lesson in lessons]})

    def of_group_between(self, group_id: GroupId, since: datetime, until: datetime) -> tuple[Lesson, ...]:
        parameters = {"group_id": group_id, "since": since, "until": until}
        days = {"first": _moved(since.date(), -FARTHEST), "last": _moved(until.date(), FARTHEST)}
        return self._entities(self.connection.run(OF_GROUP_BETWEEN, parameters | days).rows)

    def next_of_groups(self, group_ids: Collection[GroupId], at: datetime) -> tuple[Lesson, ...]:
        if not group_ids:
            return ()
        parameters = {"group_ids": [*group_ids], "at": at}
        return self._entities(self.connection.run(NEXT_OF_GROUPS, parameters).rows)

    def taught_on(self, teacher_ids: Collection[AccountId], dates: Collection[date]) -> tuple[Lesson, ...]:
        if not teacher_ids or not dates:
            return ()
        parameters = {"teacher_ids": [*teacher_ids], "dates": [*dates]}
        return self._entities(self.connection.run(TAUGHT_ON, parameters).rows)

    def slots_taken(self, group_id: GroupId, since: date, until: date) -> frozenset[tuple[date, time]]:
        rows = self.connection.run(SLOTS_TAKEN, {"group_id": group_id, "since": since, "until": until}).rows
        places = {(row.date, row.starts) for row in rows}
        places |= {(row.scheduled_date, row.scheduled_starts) for row in rows if row.scheduled_date}
        return frozenset((day, starts) for day, starts in places if since <= day <= until)

    def lock_held_dates(self, group_id: GroupId, at: datetime) -> frozenset[date]:
        parameters = {"group_id": group_id, "at": at}
        self.connection.run(LOCK_BEGUN, parameters)
        return frozenset(row.date for row in self.connection.run(HELD_DATES, parameters).rows)

    def lock_of_group(self, group_id: GroupId, since: date, until: date) -> tuple[Lesson, ...]:
        parameters = {"group_id": group_id, "since": since, "until": until}
        return self._locked(LOCK_OF_GROUP, parameters)

    def lock_at_location(self, location_id: LocationId, since: date, until: date) -> tuple[Lesson, ...]:
        parameters = {"location_id": location_id, "since": since, "until": until}
        return self._locked(LOCK_AT, parameters)

    def _locked(self, lock: Any, parameters: dict[str, Any]) -> tuple[Lesson, ...]:
        """The lessons whose ids a statement locks, as they are once they are locked."""
        ids = [row.id for row in self.connection.run(lock, parameters).rows]
        return self._entities(self._rows(self.mapper.get_all_for_update, ids))


def _moved(day: date, by: timedelta) -> date:
    """Another day, or the first or last of the calendar."""
    try:
        return day + by
    except OverflowError:
        return date.max if by > timedelta() else date.min


def _taking_place(dialect: str, *conditions: Any) -> sa.Select[Any]:
    """Lessons that are not cancelled, by start."""
    return (
        sa.select(*SqlLessons.mapper.columns[dialect])
        .where(~lessons.c.cancelled, *conditions)
        .order_by(lessons.c.starts_at, lessons.c.id)
    )


# a lesson lasts a day at most, and its date is less than two days from its instants
FARTHEST = timedelta(days=3)
OF_GROUP_BETWEEN = {
    dialect: _taking_place(
        dialect,
        lessons.c.group_id == GROUP_ID,
        lessons.c.date.between(sa.bindparam("first", type_=sa.Date), sa.bindparam("last", type_=sa.Date)),
        lessons.c.starts_at < sa.bindparam("until", type_=lessons.c.starts_at.type),
        lessons.c.ends_at > sa.bindparam("since", type_=lessons.c.ends_at.type),
    )
    for dialect in AS_JSON
}
TAUGHT_ON = {dialect: _taking_place(dialect, _taught_on(dialect)) for dialect in AS_JSON}


def _next_of_groups(dialect: str) -> sa.Select[Any]:
    by_start = sa.func.row_number().over(
        partition_by=lessons.c.group_id, order_by=(lessons.c.starts_at, lessons.c.id)
    )
    to_come = (
        sa.select(lessons.c.id, by_start.label("place"))
        .where(
            among(lessons.c.group_id, "group_ids")[dialect],
            ~lessons.c.cancelled,
            lessons.c.ends_at > sa.bindparam("at", type_=lessons.c.ends_at.type),
        )
        .subquery()
    )
    return (
        sa.select(*SqlLessons.mapper.columns[dialect])
        .where(lessons.c.id == to_come.c.id, to_come.c.place == 1)
        .order_by(lessons.c.group_id)
    )


NEXT_OF_GROUPS = {dialect: _next_of_groups(dialect) for dialect in AS_JSON}


IS_OF_MEMBER = sa.and_(
    group_members.c.client_id == sa.bindparam("client_id", type_=sa.Uuid),
    group_members.c.group_id == lessons.c.group_id,
    is_member_on(lessons.c.date),
    lessons.c.date.between(SINCE, UNTIL),
)
"""A client is in the lesson's group on its date, by one of its memberships; within a range of dates."""

OF_MEMBER = {
    dialect: sa.select(*columns).where(IS_OF_MEMBER).order_by(lessons.c.date, lessons.c.starts, lessons.c.id)
    for dialect, columns in SqlLessons.mapper.columns.items()
}


def _with_teachers(dialect: str) -> sa.Select[Any]:
    teachers = (
        sa.select(AS_JSON[dialect][0](group_teachers.c.user_id, type_=Facts))
        .where(
            group_teachers.c.group_id == lessons.c.group_id,
            group_teachers.c.since <= lessons.c.date,
            sa.or_(group_teachers.c.until.is_(None), group_teachers.c.until >= lessons.c.date),
        )
        .scalar_subquery()
    )
    names = [name.scalar_subquery().label(label) for label, name in NAMES.items()]
    columns = (*SqlLessons.mapper.columns[dialect], teachers.label("group_teachers"), *names)
    return sa.select(*columns).where(lessons.c.id == sa.bindparam("id"))


# not joined: what is locked is the lesson alone
NAMES = {
    "group_name": sa.select(groups.c.name).where(groups.c.id == lessons.c.group_id),
    "location_name": sa.select(locations.c.name).where(locations.c.id == lessons.c.location_id),
}
WITH_TEACHERS = {dialect: _with_teachers(dialect) for dialect in AS_JSON}
WITH_TEACHERS_FOR_UPDATE = {dialect: for_update(select) for dialect, select in WITH_TEACHERS.items()}
