"""Subscriptions, with how many visits each has paid for: counted from marks."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from attendance.adapters.sql.engine.bulk import among
from attendance.adapters.sql.engine.connection import Statements
from attendance.adapters.sql.engine.repository import SqlRepository, TableMapper
from attendance.adapters.sql.tables import attendance, group_members, groups, subscriptions
from attendance.application.ports import Subscriptions
from attendance.application.ports.club import SUBSCRIPTIONS, SubscriptionCriteria
from attendance.domain.attendance.payers import CoveringPass
from attendance.domain.club.currencies import rounded
from attendance.domain.club.subscriptions import Subscription, SubscriptionState
from attendance.domain.dates import week_of
from attendance.domain.ids import ClientId, LocationId, SubscriptionId

ON, UNTIL = sa.bindparam("on", type_=sa.Date), sa.bindparam("until", type_=sa.Date)
FIRST_ID = UUID(int=0)
PAID = (
    sa.select(sa.func.count())
    .select_from(attendance)
    .where(attendance.c.subscription_id == subscriptions.c.id)
    .correlate(subscriptions)
)
CHARGED = PAID.scalar_subquery()
IS_OF_WEEK = attendance.c.date.between(
    sa.bindparam("week_since", type_=sa.Date), sa.bindparam("week_until", type_=sa.Date)
)
CHARGED_IN_WEEK = sa.case(
    # asked for those alone that have to know
    (subscriptions.c.visits_per_week.is_not(None), PAID.where(IS_OF_WEEK).scalar_subquery()),
    else_=sa.literal_column("0"),
).label("charged_in_week")


def _is_frozen(dialect: str) -> sa.ColumnElement[bool]:
    each = sa.func.jsonb_array_elements if dialect == "postgresql" else sa.func.json_each
    freeze = each(subscriptions.c.freezes).table_valued("value", name="freeze").c.value

    def day(name: str) -> sa.ColumnElement[Any]:
        if dialect == "postgresql":
            return sa.cast(freeze.op("->>")(sa.literal_column(f"'{name}'")), sa.Date)
        # a text, as all dates there
        return sa.func.json_extract(freeze, sa.literal_column(f"'$.{name}'"))

    return sa.exists().where(day("since") <= ON, day("until") >= ON).correlate(subscriptions)


def _states(dialect: str) -> dict[str, sa.ColumnElement[bool]]:
    """What `Subscription.state` says: the first that holds. Each by itself: what costs is asked last."""
    holds = {
        SubscriptionState.CANCELLED: sa.or_(
            subscriptions.c.cancelled_on < ON, subscriptions.c.cancelled_on < subscriptions.c.starts_on
        ),
        SubscriptionState.USED_UP: subscriptions.c.visits <= CHARGED,
        SubscriptionState.EXPIRED: subscriptions.c.valid_until < ON,
        SubscriptionState.FROZEN: _is_frozen(dialect),
        SubscriptionState.PENDING: subscriptions.c.starts_on > ON,
        SubscriptionState.ACTIVE: sa.true(),
    }
    states: dict[str, sa.ColumnElement[bool]] = {}
    earlier: list[sa.ColumnElement[bool]] = []
    for state, condition in holds.items():
        states[state.value] = sa.and_(condition, *earlier)
        # what is not known does not hold
        earlier.append(condition.is_not(sa.true()))
    return states


IS_ACTIVE = {
    dialect: _states(dialect)[SubscriptionState.ACTIVE.value] for dialect in ("postgresql", "sqlite")
}
DAYS_CHARGED = (
    sa.select(attendance.c.date)
    .distinct()
    .where(attendance.c.subscription_id == sa.bindparam("subscription_id"))
)


def subscription(*, amount: Any, currency: str, **fields: Any) -> Subscription:
    """A pass as it is read: its amount with as many digits as its currency has."""
    return Subscription(amount=rounded(amount, currency), currency=currency, **fields)


def _within_week(client_ids: Collection[ClientId], on: date, until: date) -> dict[str, Any]:
    """Passes of clients in a range, and the week whose visits are counted."""
    week_since, week_until = week_of(on)
    return {
        "client_ids": [*client_ids],
        "on": on,
        "until": until,
        "week_since": week_since,
        "week_until": week_until,
    }


class SqlSubscriptions(SqlRepository[Subscription, SubscriptionCriteria], Subscriptions):
    mapper = TableMapper(
        SUBSCRIPTIONS,
        subscriptions,
        conditions=lambda dialect: {
            "client_ids": among(subscriptions.c.client_id, "client_ids")[dialect],
            "state": _states(dialect),
        },
        more_columns=lambda _: [CHARGED.label("charged")],
        make=subscription,
    )

    def of_clients(
        self, client_ids: Collection[ClientId], on: date, *, until: date | None = None
    ) -> tuple[Subscription, ...]:
        return self._entities(self.connection.run(OF_CLIENTS, _within_week(client_ids, on, until or on)).rows)

    def clients_between(
        self,
        since: date,
        until: date,
        *,
        location_id: LocationId | None = None,
        after: ClientId | None = None,
        limit: int,
    ) -> tuple[ClientId, ...]:
        parameters: dict[str, Any] = {
            "on": since,
            "until": until,
            "after": after or FIRST_ID,
            "limit": limit,
        }
        if location_id is None:
            rows = self.connection.run(CLIENTS_BETWEEN, parameters).rows
        else:
            rows = self.connection.run(MEMBERS_BETWEEN, parameters | {"location_id": location_id}).rows
        return tuple(row.client_id for row in rows)

    def days_charged_between(
        self, subscription_ids: Collection[SubscriptionId], since: date, until: date
    ) -> Mapping[SubscriptionId, frozenset[date]]:
        parameters = {"subscription_ids": [*subscription_ids], "on": since, "until": until}
        days: defaultdict[SubscriptionId, set[date]] = defaultdict(set)
        for row in self.connection.run(DAYS_CHARGED_BETWEEN, parameters).rows:
            days[row.subscription_id].add(row.date)
        return {subscription_id: frozenset(dates) for subscription_id, dates in days.items()}

    def covering(self, client_ids: Collection[ClientId], on: date) -> tuple[CoveringPass, ...]:
        rows = self.connection.run(COVERING, _within_week(client_ids, on, on)).rows
        return tuple(map(CoveringPass._make, rows))

    def days_charged(self, subscription_id: SubscriptionId) -> frozenset[date]:
        rows = self.connection.run(DAYS_CHARGED, {"subscription_id": subscription_id}).rows
        return frozenset(row.date for row in rows)


IS_OF_CLIENTS = among(subscriptions.c.client_id, "client_ids")
IS_BETWEEN = sa.and_(
    subscriptions.c.starts_on <= UNTIL,
    sa.or_(subscriptions.c.valid_until.is_(None), subscriptions.c.valid_until >= ON),
)
OF_CLIENTS: Statements = {
    dialect: sa.select(*SqlSubscriptions.mapper.columns[dialect], CHARGED_IN_WEEK)
    .where(is_of_clients, IS_BETWEEN)
    .order_by(subscriptions.c.id)
    for dialect, is_of_clients in IS_OF_CLIENTS.items()
}
CLIENTS_BETWEEN = (
    sa.select(subscriptions.c.client_id)
    .distinct()
    .where(
        subscriptions.c.client_id > sa.bindparam("after", type_=sa.Uuid),
        IS_BETWEEN,
        sa.or_(subscriptions.c.cancelled_on.is_(None), subscriptions.c.cancelled_on >= ON),
    )
    .order_by(subscriptions.c.client_id)
    .limit(sa.bindparam("limit", type_=sa.Integer))
)
MEMBERS_BETWEEN = CLIENTS_BETWEEN.where(
    sa.exists().where(
        group_members.c.client_id == subscriptions.c.client_id,
        group_members.c.since <= UNTIL,
        sa.or_(group_members.c.until.is_(None), group_members.c.until >= ON),
        group_members.c.group_id == groups.c.id,
        groups.c.location_id == sa.bindparam("location_id", type_=sa.Uuid),
    )
)
DAYS_CHARGED_BETWEEN: Statements = {
    dialect: sa.select(attendance.c.subscription_id, attendance.c.date)
    .distinct()
    .where(is_of_passes, attendance.c.date.between(ON, UNTIL))
    for dialect, is_of_passes in among(attendance.c.subscription_id, "subscription_ids").items()
}


HAS_NO_FREEZES = {
    "postgresql": subscriptions.c.freezes == sa.literal_column("'[]'::jsonb"),
    "sqlite": subscriptions.c.freezes == sa.literal_column("'[]'"),
}
"""What most have is told without looking into a list."""


def _covering(dialect: str) -> sa.Select[Any]:
    columns = {
        # of those for any number it is not counted
        "visits_left": sa.case((subscriptions.c.visits.is_not(None), subscriptions.c.visits - CHARGED)).label(
            "visits_left"
        ),
        "is_week_full": sa.case(
            (
                subscriptions.c.visits_per_week.is_not(None),
                PAID.where(IS_OF_WEEK).scalar_subquery() >= subscriptions.c.visits_per_week,
            ),
            else_=sa.false(),
        ).label("is_week_full"),
        **{column.name: column for column in subscriptions.c},
    }
    return (
        sa.select(*(columns[name] for name in CoveringPass._fields))
        .where(
            IS_OF_CLIENTS[dialect],
            IS_BETWEEN,
            sa.or_(subscriptions.c.cancelled_on.is_(None), subscriptions.c.cancelled_on >= ON),
            sa.or_(HAS_NO_FREEZES[dialect], ~_is_frozen(dialect)),
        )
        .order_by(*subscriptions.c["sold_on", "created_at", "id"])
    )


COVERING = {dialect: _covering(dialect) for dialect in ("postgresql", "sqlite")}
