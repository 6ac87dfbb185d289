"""All marks by date, start, lesson and client, read along an index of lessons."""

from dataclasses import dataclass
from datetime import date, time
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.sql.elements import UnaryExpression
from sqlalchemy.sql.operators import custom_op

from attendance.adapters.sql.attendance.ranges import narrowed, teaches_its_group
from attendance.adapters.sql.attendance.sheets import OWN, mark_in
from attendance.adapters.sql.engine.bulk import among
from attendance.adapters.sql.engine.connection import Connection
from attendance.adapters.sql.engine.listing import LIMIT, OFFSET
from attendance.adapters.sql.tables import attendance, clients, lessons
from attendance.application.pagination import PageRequest
from attendance.application.ports import Marks
from attendance.application.ports.attendance import MarkCriteria, MarkRow

SINCE, UNTIL = (sa.bindparam(name, type_=sa.Date) for name in ("since", "until"))
LESSON = lessons.c["date", "starts", "id"]
SORT_KEY = (*LESSON, attendance.c.client_id)
AFTER = [sa.bindparam(f"after_{column.name}", type_=column.type) for column in SORT_KEY]
NOBODY = UUID(int=0)
TAUGHT_BY: Any = sa.bindparam("taught_by", type_=sa.Uuid)
IS_OF_LESSON = sa.and_(attendance.c.lesson_id == lessons.c.id, ~lessons.c.cancelled)
# disguised: by an index of groups each part would be sorted out of all that is to come
DISGUISED: dict[str, Any] = {
    "postgresql": sa.cast(lessons.c.group_id, sa.Text),
    "sqlite": UnaryExpression(lessons.c.group_id, operator=custom_op("+"), type_=lessons.c.group_id.type),
}
OF_GROUPS = {dialect: among(group_id, "group_ids")[dialect] for dialect, group_id in DISGUISED.items()}


def _is_taught(dialect: str) -> sa.ColumnElement[bool]:
    """Somebody is one of the lesson's teachers, or teaches its group on its date."""
    return sa.or_(teaches_its_group(TAUGHT_BY), *narrowed(dialect, frozenset({"teacher"})))


@cache
def _marks(dialect: str, of_groups: bool, is_taught: bool) -> sa.Select[Any]:
    """What `>=` says is nothing new: it is what the index of lessons knows."""
    chosen = (
        sa.select(*SORT_KEY, lessons.c.group_id)
        .where(
            IS_OF_LESSON,
            lessons.c.date <= UNTIL,
            sa.tuple_(*LESSON) >= sa.tuple_(*AFTER[:-1]),
            sa.tuple_(*SORT_KEY) > sa.tuple_(*AFTER),
            *([OF_GROUPS[dialect]] if of_groups else []),
            *([_is_taught(dialect)] if is_taught else []),
        )
        .order_by(*SORT_KEY)
        .limit(LIMIT)
        .offset(OFFSET)
        .subquery("chosen")
    )
    is_chosen = sa.and_(attendance.c.lesson_id == chosen.c.id, attendance.c.client_id == chosen.c.client_id)
    return (
        sa.select(*OWN, *chosen.c["group_id", "date", "starts"], clients.c.name)
        .select_from(chosen.join(attendance, is_chosen).join(clients, clients.c.id == chosen.c.client_id))
        .order_by(*chosen.c["date", "starts", "id", "client_id"])
    )


@cache
def _count(dialect: str, of_groups: bool, is_taught: bool) -> sa.Select[Any]:
    counted = sa.select(sa.func.count().label("total"))
    counted = counted.where(IS_OF_LESSON, lessons.c.date.between(SINCE, UNTIL))
    if is_taught:
        counted = counted.where(_is_taught(dialect))
    return counted.where(among(lessons.c.group_id, "group_ids")[dialect]) if of_groups else counted


@dataclass(frozen=True, slots=True)
class SqlMarks(Marks):
    connection: Connection

    def list(self, criteria: MarkCriteria, page_request: PageRequest[MarkRow]) -> tuple[MarkRow, ...]:
        place = (criteria.since or date.min, time.min, NOBODY, NOBODY)
        if last := page_request.after:
            place = (last.date, last.starts, last.mark.lesson_id, last.mark.client_id)
        after = {bound.key: value for bound, value in zip(AFTER, place, strict=True)}
        page = {"limit": page_request.limit, "offset": page_request.offset}
        statement = _marks(self.connection.dialect, *_conditions(criteria))
        rows = self.connection.run(statement, _parameters(criteria) | after | page).rows
        return tuple(
            MarkRow(
                mark=mark_in(row, row.lesson_id, row.client_id),
                group_id=row.group_id,
                date=row.date,
                starts=row.starts,
                name=row.name,
            )
            for row in rows
        )

    def count(self, criteria: MarkCriteria) -> int:
        statement = _count(self.connection.dialect, *_conditions(criteria))
        parameters = _parameters(criteria) | {"since": criteria.since or date.min}
        return int(self.connection.run(statement, parameters).rows[0].total)


def _conditions(criteria: MarkCriteria) -> tuple[bool, bool]:
    return criteria.group_ids is not None, criteria.taught_by is not None


def _parameters(criteria: MarkCriteria) -> dict[str, Any]:
    groups = {} if criteria.group_ids is None else {"group_ids": [*criteria.group_ids]}
    teacher = criteria.taught_by
    taught_by = {} if teacher is None else {"taught_by": teacher, "teacher": str(teacher)}
    return {"until": criteria.until or date.max, **groups, **taught_by}
