"""How a client attended: what is asked of its marks and the lessons they are of."""

from datetime import date, time
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from attendance.adapters.sql.club.groups import is_member_on
from attendance.adapters.sql.engine.listing import LIMIT, OFFSET
from attendance.adapters.sql.tables import attendance, group_members, lessons

CLIENT_ID: Any = sa.bindparam("client_id", type_=sa.Uuid)
AT: Any = sa.bindparam("at", type_=lessons.c.starts_at.type)
SINCE, UNTIL = (sa.bindparam(name, type_=sa.Date) for name in ("since", "until"))

IS_VISITED = sa.and_(
    attendance.c.client_id == CLIENT_ID, attendance.c.lesson_id == lessons.c.id, ~lessons.c.cancelled
)
IS_WITHIN = attendance.c.date.between(SINCE, UNTIL)
SORT_KEY = attendance.c["date", "starts", "lesson_id"]
AFTER = [sa.bindparam(f"after_{column.name}", type_=column.type) for column in SORT_KEY]
BEFORE_ALL = (date.min, time.min, UUID(int=0))
VISITS = (
    sa.select(*attendance.c, lessons.c.group_id)
    .where(IS_VISITED, IS_WITHIN, sa.tuple_(*SORT_KEY) > sa.tuple_(*AFTER))
    .order_by(*SORT_KEY)
    .limit(LIMIT)
    .offset(OFFSET)
)
COUNT = sa.select(sa.func.count().label("total")).where(IS_VISITED, IS_WITHIN)


def _summary() -> sa.Select[Any]:
    """How many marks in the range have each status, and how many of all belong to the newest run of absences.

    No status: how often the client was on a roster and nobody said anything.
    """
    status = attendance.c.status
    came = sa.or_(status == sa.literal_column("'present'"), status == sa.literal_column("'late'"))
    came_since = sa.func.count().filter(came).over(order_by=[column.desc() for column in SORT_KEY])
    marks = (
        sa.select(status, attendance.c.date, came_since.label("came_since"))
        .where(IS_VISITED, lessons.c.starts_at <= AT, attendance.c.date <= UNTIL)
        .subquery()
    )
    in_newest_run = sa.and_(
        marks.c.status == sa.literal_column("'absent'"), marks.c.came_since == sa.literal_column("0")
    )
    marked = sa.select(
        marks.c.status,
        sa.func.count().filter(marks.c.date >= SINCE).label("number"),
        sa.func.count().filter(in_newest_run).label("run"),
    ).group_by(marks.c.status)
    is_marked = sa.exists().where(attendance.c.lesson_id == lessons.c.id, attendance.c.client_id == CLIENT_ID)
    unmarked: Any = sa.select(sa.cast(sa.null(), sa.Text), sa.func.count(), sa.literal_column("0")).where(
        group_members.c.client_id == CLIENT_ID,
        group_members.c.group_id == lessons.c.group_id,
        is_member_on(lessons.c.date),
        lessons.c.date.between(SINCE, UNTIL),
        ~lessons.c.cancelled,
        lessons.c.starts_at <= AT,
        ~is_marked,
    )
    return sa.select(*sa.union_all(marked, unmarked).subquery().c)


SUMMARY = _summary()
