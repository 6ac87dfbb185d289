"""All marks in the order of their lessons, read along an index of lessons, or of those few that are meant."""

from collections.abc import Sequence
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
BY_LESSON: Sequence[sa.ColumnElement[Any]] = (*lessons.c["date", "starts", "id"], attendance.c.client_id)
BY_MARK: Sequence[sa.ColumnElement[Any]] = (*attendance.c["date", "starts", "lesson_id", "client_id"],)
"""The same by the copies that marks have, for the indexes of marks."""
AFTER = [sa.bindparam(f"after_{column.name}", type_=column.type) for column in BY_LESSON]
NOBODY = UUID(int=0)
EVERYBODY = UUID(int=2**128 - 1)
TAUGHT_BY: Any = sa.bindparam("taught_by", type_=sa.Uuid)
IS_OF_LESSON = sa.and_(attendance.c.lesson_id == lessons.c.id, ~lessons.c.cancelled)
# disguised: by an index of groups each part would be sorted out of all that is to come
DISGUISED: dict[str, Any] = {
    "postgresql": sa.cast(lessons.c.group_id, sa.Text),
    "sqlite": UnaryExpression(lessons.c.group_id, operator=custom_op("+"), type_=lessons.c.group_id.type),
}
FEW = frozenset({"client_id", "unpaid"})
"""What narrows so far that an index of marks is read instead of one of lessons."""
OF_MARKS: dict[str, sa.ColumnElement[bool]] = {
    "client_id": attendance.c.client_id == sa.bindparam("client_id"),
    "status": attendance.c.status == sa.bindparam("status"),
    "unpaid": attendance.c.unpaid,
    "paid": ~attendance.c.unpaid,
}


def _is_taught(dialect: str) -> sa.ColumnElement[bool]:
    """Somebody is one of the lesson's teachers, or teaches its group on its date."""
    return sa.or_(teaches_its_group(TAUGHT_BY), *narrowed(dialect, frozenset({"teacher"})))


def _conditions(dialect: str, names: frozenset[str], group_id: Any) -> list[sa.ColumnElement[bool]]:
    conditions = [condition for name, condition in OF_MARKS.items() if name in names]
    if "group_ids" in names:
        conditions.append(among(group_id, "group_ids")[dialect])
    return [*conditions, _is_taught(dialect)] if "taught_by" in names else conditions


@dataclass(frozen=True, slots=True)
class Order:
    """The columns of date, start, lesson and client; `newest_first` turns the first two round."""

    columns: Sequence[sa.ColumnElement[Any]]
    newest_first: bool

    @property
    def by(self) -> list[sa.ColumnElement[Any]]:
        if not self.newest_first:
            return [*self.columns]
        return [*(column.desc() for column in self.columns[:2]), *self.columns[2:]]

    def after(self) -> sa.ColumnElement[bool]:
        """What comes after the parameters `after_…`; what `>=` says is nothing new: the indexes know that."""
        if not self.newest_first:
            from_there = sa.tuple_(*self.columns[:3]) >= sa.tuple_(*AFTER[:3])
            return sa.and_(from_there, sa.tuple_(*self.columns) > sa.tuple_(*AFTER))
        when, last = sa.tuple_(*self.columns[:2]), sa.tuple_(*AFTER[:2])
        beside = sa.tuple_(*self.columns[2:]) > sa.tuple_(*AFTER[2:])
        return sa.and_(when <= last, sa.or_(when < last, beside))


@cache
def _marks(dialect: str, names: frozenset[str], newest_first: bool) -> sa.Select[Any]:
    order = Order(BY_MARK if names & FEW else BY_LESSON, newest_first)
    day, starts, lesson_id, client_id = order.columns
    chosen = (
        sa.select(
            day.label("date"),
            starts.label("starts"),
            lesson_id.label("id"),
            client_id.label("client_id"),
            lessons.c.group_id,
        )
        .where(
            IS_OF_LESSON,
            day >= SINCE if newest_first else day <= UNTIL,
            order.after(),
            *_conditions(dialect, names, DISGUISED[dialect]),
        )
        .order_by(*order.by)
        .limit(LIMIT)
        .offset(OFFSET)
        .subquery("chosen")
    )
    is_chosen = sa.and_(attendance.c.lesson_id == chosen.c.id, attendance.c.client_id == chosen.c.client_id)
    return (
        sa.select(*OWN, *chosen.c["group_id", "date", "starts"], clients.c.name)
        .select_from(chosen.join(attendance, is_chosen).join(clients, clients.c.id == chosen.c.client_id))
        .order_by(*Order((*chosen.c["date", "starts", "id", "client_id"],), newest_first).by)
    )


@cache
def _count(dialect: str, names: frozenset[str]) -> sa.Select[Any]:
    day = attendance.c.date if names & FEW else lessons.c.date
    counted = sa.select(sa.func.count().label("total"))
    return counted.where(
        IS_OF_LESSON, day.between(SINCE, UNTIL), *_conditions(dialect, names, lessons.c.group_id)
    )


@dataclass(frozen=True, slots=True)
class SqlMarks(Marks):
    connection: Connection

    def list(self, criteria: MarkCriteria, page_request: PageRequest[MarkRow]) -> tuple[MarkRow, ...]:
        newest_first = page_request.order[0].descending
        since, until = criteria.since or date.min, criteria.until or date.max
        place = (until, time.max, EVERYBODY, EVERYBODY) if newest_first else (since, time.min, NOBODY, NOBODY)
        if last := page_request.after:
            place = (last.date, last.starts, last.mark.lesson_id, last.mark.client_id)
        after = {bound.key: value for bound, value in zip(AFTER, place, strict=True)}
        page = {"limit": page_request.limit, "offset": page_request.offset}
        parameters, names = _narrowing(criteria)
        statement = _marks(self.connection.dialect, names, newest_first)
        rows = self.connection.run(
            statement, parameters | after | page | ({"since": since} if newest_first else {"until": until})
        ).rows
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
        parameters, names = _narrowing(criteria)
        range_ = {"since": criteria.since or date.min, "until": criteria.until or date.max}
        return int(
            self.connection.run(_count(self.connection.dialect, names), parameters | range_).rows[0].total
        )


def _narrowing(criteria: MarkCriteria) -> tuple[dict[str, Any], frozenset[str]]:
    """What is bound beside the range, and the names of the conditions that narrow."""
    bound: dict[str, Any] = {
        "group_ids": None if criteria.group_ids is None else [*criteria.group_ids],
        "taught_by": criteria.taught_by,
        "client_id": criteria.client_id,
        "status": criteria.status,
    }
    parameters = {name: value for name, value in bound.items() if value is not None}
    names = {*parameters}
    if criteria.unpaid is not None:
        names.add("unpaid" if criteria.unpaid else "paid")
    if criteria.taught_by is not None:
        parameters["teacher"] = str(criteria.taught_by)
    return parameters, frozenset(names)
