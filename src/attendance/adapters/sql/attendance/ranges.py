"""Lessons of a range, as statistics narrow them."""

from typing import Any

import sqlalchemy as sa

from attendance.adapters.sql.club.lessons import teachers_in
from attendance.adapters.sql.engine.bulk import among
from attendance.adapters.sql.tables import group_teachers, lessons
from attendance.application.ports import StatisticsCriteria

SINCE, UNTIL = (sa.bindparam(name, type_=sa.Date) for name in ("since", "until"))
AT: Any = sa.bindparam("at", type_=lessons.c.starts_at.type)
IS_WITHIN = lessons.c.date.between(SINCE, UNTIL)
COUNTS = sa.and_(~lessons.c.cancelled, lessons.c.starts_at <= AT)
"""Whether a lesson took place, or should have."""


def teaches_on(user_id: Any, day: Any) -> sa.ColumnElement[bool]:
    """Of `group_teachers`: somebody's row that covers a day."""
    until = group_teachers.c.until
    return sa.and_(
        group_teachers.c.user_id == user_id,
        group_teachers.c.since <= day,
        sa.or_(until.is_(None), until >= day),
    )


def teaches_its_group(user_id: Any) -> sa.ColumnElement[bool]:
    """Somebody teaches the group of a lesson on its date."""
    is_its = group_teachers.c.group_id == lessons.c.group_id
    return sa.exists().where(is_its, teaches_on(user_id, lessons.c.date))


def narrowed(dialect: str, names: frozenset[str]) -> list[sa.ColumnElement[bool]]:
    """The conditions of these names."""
    teacher = teachers_in(dialect, lessons.c.teachers)
    conditions = {
        "group_ids": among(lessons.c.group_id, "group_ids")[dialect],
        "location_id": lessons.c.location_id == sa.bindparam("location_id"),
        "teacher": sa.exists(
            sa.select(teacher.c.value).where(teacher.c.value == sa.bindparam("teacher", type_=sa.Text))
        ).correlate(lessons),
    }
    return [conditions[name] for name in sorted(names)]


def parameters_of(of: StatisticsCriteria) -> tuple[dict[str, Any], frozenset[str]]:
    """The parameters of a range, and the names of the conditions that narrow it."""
    values = {
        "group_ids": None if of.group_ids is None else [*of.group_ids],
        "location_id": of.location_id,
        "teacher": None if of.teacher_id is None else str(of.teacher_id),
    }
    narrowing = {name: value for name, value in values.items() if value is not None}
    return {"since": of.since, "until": of.until, "at": of.at} | narrowing, frozenset(narrowing)
