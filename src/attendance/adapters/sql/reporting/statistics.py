"""Figures, counted by the database: one statement for whatever is asked of a range of lessons."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from attendance.adapters.sql.attendance.ranges import COUNTS, IS_WITHIN, SINCE, UNTIL, narrowed, parameters_of
from attendance.adapters.sql.club.groups import is_member_on
from attendance.adapters.sql.club.lessons import teachers_in
from attendance.adapters.sql.club.subscriptions import ON, SqlSubscriptions, subscription as make_subscription
from attendance.adapters.sql.engine.bulk import among
from attendance.adapters.sql.engine.connection import Connection, Statements
from attendance.adapters.sql.reporting.at_risk import at_risk_candidates
from attendance.adapters.sql.tables import (
    accounts,
    attendance,
    clients,
    group_members,
    group_teachers,
    groups,
    lessons,
    locations,
    subscriptions,
)
from attendance.application.ports import (
    Employee,
    Kind,
    PassOfClient,
    Statistics,
    StatisticsCriteria,
    UnpaidOfClient,
)
from attendance.domain.attendance.status import Status
from attendance.domain.club.currencies import rounded
from attendance.domain.ids import AccountId, GroupId
from attendance.domain.permissions.roles import Role
from attendance.domain.reporting.at_risk import AtRiskCandidate
from attendance.domain.reporting.statistics import Counts, Figures, Lessons

USER_ID: Any = sa.bindparam("user_id", type_=sa.Uuid)
ZERO, ONE = (sa.literal_column(it, sa.Integer) for it in "01")


@cache
def _chosen(dialect: str, conditions: frozenset[str]) -> sa.CTE:
    """The lessons of a range."""
    columns = lessons.c["id", "date", "group_id", "location_id", "capacity", "cancelled", "teachers"]
    chosen = sa.select(*columns, COUNTS.label("counts"), _seconds(dialect).label("seconds"))
    return chosen.where(IS_WITHIN, *narrowed(dialect, conditions)).cte("chosen")


def _seconds(dialect: str) -> sa.ColumnElement[int]:
    """How long a lesson is: as long as its local times say; midnight as an end is the next one."""
    seconds: sa.ColumnElement[int]
    if dialect == "postgresql":
        seconds = sa.cast(sa.func.extract("epoch", lessons.c.ends - lessons.c.starts), sa.Integer)
    else:
        ends, starts = (sa.func.strftime("%s", lessons.c[it], type_=sa.Integer) for it in ("ends", "starts"))
        seconds = ends - starts
    until_midnight = sa.literal_column("86400", sa.Integer)
    return sa.case((lessons.c.ends <= lessons.c.starts, seconds + until_midnight), else_=seconds)


@cache
def _figures(dialect: str, conditions: frozenset[str], by: str) -> sa.Select[Any]:
    chosen = _chosen(dialect, conditions)
    marks, rosters = _marks(dialect, conditions, chosen), _rosters(dialect, chosen)
    is_held = sa.func.coalesce(marks.c.taken, ZERO) > ZERO
    has_places = sa.and_(is_held, chosen.c.capacity.is_not(None))
    is_planned = sa.and_(~chosen.c.cancelled, ~is_held)

    def number(of: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
        return total(sa.case((of, ONE), else_=ZERO))

    def total(of: Any) -> sa.ColumnElement[int]:
        return sa.func.coalesce(sa.func.sum(of), ZERO)

    came = marks.c.present + marks.c.late
    on_roster = sa.func.coalesce(rosters.c.members, ZERO) - sa.func.coalesce(marks.c.members, ZERO)
    columns: list[sa.ColumnElement[Any]] = [
        *(total(marks.c[name]).label(name) for name in (*(it.value for it in Status), "unpaid")),
        total(on_roster).label("unmarked"),
        number(is_planned).label("planned"),
        number(is_held).label("held"),
        number(chosen.c.cancelled).label("cancelled"),
        number(sa.and_(chosen.c.counts, ~is_held)).label("untaken"),
        total(sa.case((has_places, chosen.c.capacity), else_=ZERO)).label("places"),
        total(sa.case((has_places, came), else_=ZERO)).label("placed"),
        total(sa.case((is_held, chosen.c.seconds), else_=ZERO)).label("seconds"),
    ]
    source = chosen.outerjoin(marks, marks.c.lesson_id == chosen.c.id).outerjoin(
        rosters, rosters.c.lesson_id == chosen.c.id
    )
    if by == "all":
        return sa.select(*columns).select_from(source)
    if by == "teacher":
        teacher = teachers_in(dialect, chosen.c.teachers)
        source = source.join(teacher, sa.true())
        key = teacher.c.value
    else:
        key = chosen.c[by]
    return sa.select(key.label("key"), *columns).select_from(source).group_by(key)


def _marks(dialect: str, conditions: frozenset[str], chosen: sa.CTE) -> sa.CTE:
    """How many marks of each lesson are what, and how many of them are of members: see below."""
    members: sa.ColumnElement[int] = ZERO
    each: list[Any]
    asked: list[Any]
    if dialect == "postgresql":
        is_member = sa.and_(
            group_members.c.group_id == chosen.c.group_id,
            group_members.c.client_id == attendance.c.client_id,
            is_member_on(chosen.c.date),
        )
        of, each, asked = chosen.c.id, [chosen.c.id], [chosen.c.counts]
        source = chosen.join(attendance, attendance.c.lesson_id == of).outerjoin(group_members, is_member)
        members = sa.func.count(group_members.c.client_id)
    else:
        # in the order of the index by which lessons are found, so that it need not sort the marks
        of, each = lessons.c.id, [*lessons.c["date", "starts", "id"]]
        asked = [IS_WITHIN, COUNTS, *narrowed(dialect, conditions)]
        source = lessons.join(attendance, attendance.c.lesson_id == of)
    return (
        sa.select(
            of.label("lesson_id"),
            *(
                sa.func.count()
                .filter(attendance.c.status == sa.literal_column(f"'{status.value}'"))
                .label(status.value)
                for status in Status
            ),
            sa.func.count().filter(attendance.c.unpaid).label("unpaid"),
            # announced absences say nothing of whether it was held
            sa.func.count().filter(~attendance.c.announced).label("taken"),
            members.label("members"),
        )
        .select_from(source)
        .where(*asked)
        .group_by(*each)
        .cte("marks")
    )


def _rosters(dialect: str, chosen: sa.CTE) -> sa.CTE:
    """Members of each lesson: all, to take away the marked; on SQLite the unmarked, each looked up."""
    is_member = sa.and_(group_members.c.group_id == chosen.c.group_id, is_member_on(chosen.c.date))
    is_marked = sa.exists().where(
        attendance.c.lesson_id == chosen.c.id, attendance.c.client_id == group_members.c.client_id
    )
    asked = chosen.c.counts if dialect == "postgresql" else sa.and_(chosen.c.counts, ~is_marked)
    return (
        sa.select(chosen.c.id.label("lesson_id"), sa.func.count().label("members"))
        .select_from(chosen.join(group_members, is_member))
        .where(asked)
        .group_by(chosen.c.id)
        .cte("rosters")
    )


CALLED = sa.case((accounts.c.name == sa.literal_column("''"), accounts.c.username), else_=accounts.c.name)
ALL_NAMES: Mapping[Kind, sa.Select[Any]] = {
    Kind.GROUP: sa.select(groups.c.id, groups.c.name),
    Kind.LOCATION: sa.select(locations.c.id, locations.c.name),
    Kind.EMPLOYEE: sa.select(accounts.c.id, CALLED.label("name")),
}
NAMES = {
    **ALL_NAMES,
    Kind.EMPLOYEE: ALL_NAMES[Kind.EMPLOYEE].where(
        accounts.c.active,
        accounts.c.role != sa.literal_column(f"'{Role.USER.value}'"),
        accounts.c.email_confirmed_at.is_not(None),
    ),
}
NAMES_OF: Mapping[Kind, Statements] = {
    kind: {
        dialect: names.where(is_of_them)
        for dialect, is_of_them in among(names.selected_columns.id, "ids").items()  # type: ignore[arg-type]
    }
    for kind, names in ALL_NAMES.items()
}
EMPLOYEES: Statements = {
    dialect: sa.select(accounts.c.id, CALLED.label("name"), accounts.c.active).where(is_of_them)
    for dialect, is_of_them in among(accounts.c.id, "ids").items()
}


def _groups_taught(dialect: str) -> sa.Select[Any]:
    teaching = sa.select(group_teachers.c.group_id).where(
        group_teachers.c.user_id == USER_ID,
        group_teachers.c.since <= UNTIL,
        sa.or_(group_teachers.c.until.is_(None), group_teachers.c.until >= SINCE),
    )
    taught = sa.select(lessons.c.group_id).where(IS_WITHIN, *narrowed(dialect, frozenset({"teacher"})))
    return sa.select(*sa.union(teaching, taught).subquery().c)


GROUPS_TAUGHT = {dialect: _groups_taught(dialect) for dialect in ("postgresql", "sqlite")}
IS_NOT_VOID = sa.or_(
    subscriptions.c.cancelled_on.is_(None), subscriptions.c.cancelled_on >= subscriptions.c.starts_on
)
SALES = (
    sa.select(subscriptions.c.currency, sa.func.sum(subscriptions.c.amount_due).label("due"))
    .where(subscriptions.c.sold_on.between(SINCE, UNTIL), IS_NOT_VOID)
    .group_by(subscriptions.c.currency)
    .order_by(subscriptions.c.currency)
)
PASSES = {
    dialect: sa.select(*columns, clients.c.name.label("client_name")).where(
        clients.c.id == subscriptions.c.client_id, IS_NOT_VOID
    )
    for dialect, columns in SqlSubscriptions.mapper.columns.items()
}
PASSES_SOLD: Statements = {
    dialect: select.where(subscriptions.c.sold_on.between(SINCE, UNTIL)).order_by(
        subscriptions.c.sold_on.desc(), subscriptions.c.id
    )
    for dialect, select in PASSES.items()
}
PASSES_NOT_OVER: Statements = {
    dialect: select.where(
        clients.c.active,
        sa.or_(subscriptions.c.valid_until.is_(None), subscriptions.c.valid_until >= ON),
        sa.or_(subscriptions.c.cancelled_on.is_(None), subscriptions.c.cancelled_on >= ON),
    ).order_by(clients.c.name_key, clients.c.id, subscriptions.c.id)
    for dialect, select in PASSES.items()
}
UNPAID_BY_CLIENT = (
    sa.select(
        clients.c.id.label("client_id"),
        clients.c.name.label("client_name"),
        sa.func.count().label("visits"),
        sa.func.min(attendance.c.date).label("first_on"),
        sa.func.max(attendance.c.date).label("last_on"),
    )
    .where(
        attendance.c.unpaid,
        attendance.c.client_id == clients.c.id,
        attendance.c.lesson_id == lessons.c.id,
        ~lessons.c.cancelled,
    )
    .group_by(*clients.c["id", "name", "name_key"])
    .order_by(*clients.c["name_key", "id"])
)
KEYS = {Kind.GROUP: "group_id", Kind.LOCATION: "location_id", Kind.EMPLOYEE: "teacher"}


@dataclass(frozen=True, slots=True)
class SqlStatistics(Statistics):
    connection: Connection

    def by_day(self, of: StatisticsCriteria) -> Mapping[date, Figures]:
        return {row.key: _figures_in(row) for row in self._rows(of, "date")}

    def total(self, of: StatisticsCriteria) -> Figures:
        return _figures_in(self._rows(of, "all")[0])

    def by_kind(self, of: StatisticsCriteria, kind: Kind) -> Mapping[UUID, Figures]:
        rows = self._rows(of, KEYS[kind])
        return {UUID(row.key) if kind is Kind.EMPLOYEE else row.key: _figures_in(row) for row in rows}

    def _rows(self, of: StatisticsCriteria, by: str) -> list[Any]:
        values, conditions = parameters_of(of)
        return self.connection.run(_figures(self.connection.dialect, conditions, by), values).rows

    def names(self, kind: Kind) -> Mapping[UUID, str]:
        return {row.id: row.name for row in self.connection.run(NAMES[kind], {}).rows}

    def names_of(self, kind: Kind, ids: Collection[UUID]) -> Mapping[UUID, str]:
        return {row.id: row.name for row in self.connection.run(NAMES_OF[kind], {"ids": [*ids]}).rows}

    def employees(self, ids: Collection[UUID]) -> Mapping[UUID, Employee]:
        rows = self.connection.run(EMPLOYEES, {"ids": [*ids]}).rows
        return {row.id: Employee(name=row.name, active=row.active) for row in rows}

    def groups_taught(self, user_id: AccountId, since: date, until: date) -> frozenset[GroupId]:
        values = {"user_id": user_id, "teacher": str(user_id), "since": since, "until": until}
        return frozenset(row.group_id for row in self.connection.run(GROUPS_TAUGHT, values).rows)

    def sales(self, since: date, until: date) -> Mapping[str, Decimal]:
        rows = self.connection.run(SALES, {"since": since, "until": until}).rows
        return {row.currency: rounded(row.due, row.currency) for row in rows}

    def passes_sold(self, since: date, until: date) -> tuple[PassOfClient, ...]:
        return _passes_in(self.connection.run(PASSES_SOLD, {"since": since, "until": until}).rows)

    def passes_not_over(self, on: date) -> tuple[PassOfClient, ...]:
        return _passes_in(self.connection.run(PASSES_NOT_OVER, {"on": on}).rows)

    def unpaid_by_client(self) -> tuple[UnpaidOfClient, ...]:
        return tuple(
            UnpaidOfClient(**row._asdict()) for row in self.connection.run(UNPAID_BY_CLIENT, {}).rows
        )

    def at_risk_candidates(self, of: StatisticsCriteria) -> tuple[AtRiskCandidate, ...]:
        return at_risk_candidates(self.connection, of)


def _passes_in(rows: Collection[Any]) -> tuple[PassOfClient, ...]:
    def read(*, client_name: str, **columns: Any) -> PassOfClient:
        return PassOfClient(client_name=client_name, subscription=make_subscription(**columns))

    return tuple(read(**row._asdict()) for row in rows)


def _figures_in(row: Any) -> Figures:
    def whole(name: str) -> int:
        return int(getattr(row, name))

    return Figures(
        counts=Counts(**{name: whole(name) for name in (*(it.value for it in Status), "unmarked")}),
        lessons=Lessons(**{name: whole(name) for name in ("planned", "held", "cancelled", "untaken")}),
        places=whole("places"),
        placed=whole("placed"),
        taught_seconds=whole("seconds"),
        unpaid_visits=whole("unpaid"),
    )
