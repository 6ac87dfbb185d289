"""Clients who may be at risk: found by the database, judged by the domain."""

from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any

import sqlalchemy as sa

from attendance.adapters.sql.attendance.ranges import COUNTS, IS_WITHIN, SINCE, UNTIL, narrowed, parameters_of
from attendance.adapters.sql.club.groups import AS_JSON
from attendance.adapters.sql.club.subscriptions import IS_ACTIVE, ON
from attendance.adapters.sql.engine.bulk import among
from attendance.adapters.sql.engine.connection import Connection, Statements
from attendance.adapters.sql.tables import attendance, clients, group_members, lessons, subscriptions
from attendance.adapters.sql.tables.columns import Facts
from attendance.application.ports import StatisticsCriteria
from attendance.domain.attendance.status import Status
from attendance.domain.dates import ONE_DAY
from attendance.domain.reporting.at_risk import (
    ABSENCES_IN_A_ROW,
    DAYS_AWAY,
    LEAST_COUNTED,
    LOW_RATE,
    AtRiskCandidate,
    PassPeriod,
    active_since,
    run_of,
)

LONG_AGO: Any = sa.bindparam("long_ago", type_=sa.Date)
IS_COUNTED = attendance.c.status != sa.literal_column(f"'{Status.EXCUSED.value}'")
ABSENT: Any = sa.literal_column(f"'{Status.ABSENT.value}'")
IS_ABSENT = attendance.c.status == ABSENT
OF_LESSON = attendance.c.lesson_id == lessons.c.id
# by the copies of a lesson's date and time: an index has them for each client
NEWEST_FIRST = [column.desc() for column in attendance.c["date", "starts", "lesson_id"]]
PARTS, LOW_PARTS, LEAST, IN_A_ROW, ONE = (
    sa.literal_column(str(it), sa.Integer)
    for it in (100, int(LOW_RATE * 100), LEAST_COUNTED, ABSENCES_IN_A_ROW, 1)
)
WHO = clients.c["id", "name", "name_key"]


def _counted(dialect: str, conditions: frozenset[str]) -> sa.ColumnElement[bool]:
    return sa.and_(OF_LESSON, IS_COUNTED, COUNTS, *narrowed(dialect, conditions))


def _is_one(dialect: str, conditions: frozenset[str]) -> sa.ColumnElement[bool]:
    """Whether a client is active, and of the groups asked for."""
    if "group_ids" not in conditions:
        return clients.c.active
    members = sa.select(group_members.c.client_id).where(
        among(group_members.c.group_id, "group_ids")[dialect],
        group_members.c.since <= UNTIL,
        sa.or_(group_members.c.until.is_(None), group_members.c.until >= SINCE),
    )
    seen = sa.select(attendance.c.client_id).where(OF_LESSON, IS_WITHIN, *narrowed(dialect, conditions))
    return sa.and_(clients.c.active, clients.c.id.in_(sa.union(members, seen)))


@cache
def _seldom(dialect: str, conditions: frozenset[str]) -> sa.Select[Any]:
    """Who has a low rate."""
    number, absent = sa.func.count(), sa.func.count().filter(IS_ABSENT)
    seldom = (
        sa.select(
            attendance.c.client_id,
            number.label("counted"),
            AS_JSON[dialect][0](attendance.c.date, type_=Facts).filter(IS_ABSENT).label("absences"),
        )
        .where(_counted(dialect, conditions), IS_WITHIN)
        .group_by(attendance.c.client_id)
        .having(number >= LEAST, (number - absent) * PARTS < number * LOW_PARTS)
        .subquery()
    )
    return sa.select(*WHO, seldom.c.counted, seldom.c.absences).where(
        clients.c.id == seldom.c.client_id, _is_one(dialect, conditions)
    )


@cache
def _away(dialect: str, conditions: frozenset[str]) -> sa.Select[Any]:
    """Who was absent several times in a row, or is long away with a pass: the marks since the last visit."""
    counted = sa.and_(_counted(dialect, conditions), attendance.c.date <= UNTIL)
    own = sa.select(attendance.c.status).where(counted, attendance.c.client_id == clients.c.id)
    newest = own.order_by(*NEWEST_FIRST).correlate(clients)
    some = newest.limit(IN_A_ROW).subquery()
    absences = sa.select(sa.func.count()).where(some.c.status == ABSENT)
    last = newest.with_only_columns(attendance.c.date).where(~IS_ABSENT).limit(ONE).scalar_subquery()
    away = (
        sa.select(*WHO, last.label("last"))
        .where(
            _is_one(dialect, conditions),
            # the newest alone rules most out: nobody is away without an absence since the last visit
            newest.limit(ONE).scalar_subquery() == ABSENT,
            sa.or_(
                absences.scalar_subquery() == IN_A_ROW,
                sa.and_(
                    clients.c.id.in_(sa.select(subscriptions.c.client_id).where(IS_ACTIVE[dialect])),
                    sa.or_(last.is_(None), last <= LONG_AGO),
                ),
            ),
        )
        .cte("away")
    )
    since = (
        sa.select(*attendance.c["client_id", "date", "starts", "lesson_id", "status"])
        .select_from(away.join(attendance, attendance.c.client_id == away.c.id).join(lessons, OF_LESSON))
        .where(counted, sa.or_(away.c.last.is_(None), attendance.c.date >= away.c.last))
        .subquery()
    )
    return (
        sa.select(*away.c["id", "name", "name_key"], since.c.date, since.c.status)
        .select_from(away.join(since, since.c.client_id == away.c.id))
        .order_by(since.c.date.desc(), since.c.starts.desc(), since.c.lesson_id.desc())
    )


PASSES: Statements = {
    dialect: sa.select(
        *subscriptions.c["client_id", "starts_on", "valid_until", "cancelled_on", "freezes"],
        sa.and_(sa.true(), IS_ACTIVE[dialect]).label("is_active"),
    ).where(is_of_them, subscriptions.c.starts_on <= ON)
    for dialect, is_of_them in among(subscriptions.c.client_id, "client_ids").items()
}


def at_risk_candidates(connection: Connection, of: StatisticsCriteria) -> tuple[AtRiskCandidate, ...]:
    values, conditions = parameters_of(replace(of, location_id=None, teacher_id=None))
    long_ago = of.until - min(ONE_DAY * DAYS_AWAY, of.until - of.until.min)
    values |= {ON.key: of.until, LONG_AGO.key: long_ago}
    seldom = connection.run(_seldom(connection.dialect, conditions), values).rows
    away = connection.run(_away(connection.dialect, conditions), values).rows
    marks: dict[Any, list[tuple[date, Status]]] = {row.id: [] for row in away}
    for row in away:
        marks[row.id].append((row.date, Status(row.status)))
    passes: dict[Any, list[PassPeriod]] = {row.id: [] for row in away}
    for row in connection.run(PASSES, values | {"client_ids": [*marks]}).rows if marks else ():
        ends = [it for it in (row.valid_until, row.cancelled_on) if it is not None]
        passes[row.client_id].append(
            PassPeriod(
                starts_on=row.starts_on,
                last_day=min(ends, default=None),
                freezes=row.freezes,
                is_active=bool(row.is_active),
            )
        )
    rates = {row.id: (row.counted, sorted(map(date.fromisoformat, row.absences))) for row in seldom}
    found = []
    for _, client_id, name in sorted({(row.name_key, row.id, row.name) for row in (*seldom, *away)}):
        counted, absences = rates.get(client_id, (0, []))
        run, last_visit = run_of(marks.get(client_id, []))
        found.append(
            AtRiskCandidate(
                client_id=client_id,
                name=name,
                counted=counted,
                absences=tuple(absences),
                run=run,
                last_visit=last_visit,
                active_since=active_since(passes.get(client_id, []), of.until),
            )
        )
    return tuple(found)
