"""Subscriptions, with how many visits each has paid for: counted from marks."""

from collections.abc import Collection
from datetime import date
from typing import Any

import sqlalchemy as sa

from attendance.adapters.sql.engine.bulk import among
from attendance.adapters.sql.engine.connection import Statements
from attendance.adapters.sql.engine.repository import SqlRepository, TableMapper
from attendance.adapters.sql.tables import attendance, prices, subscriptions
from attendance.application.ports import Subscriptions
from attendance.application.ports.club import SUBSCRIPTIONS, SubscriptionCriteria
from attendance.domain.attendance.payers import CoveringPass
from attendance.domain.club.currencies import rounded
from attendance.domain.club.subscriptions import Subscription, SubscriptionState
from attendance.domain.ids import ClientId, SubscriptionId

ON = sa.bindparam("on", type_=sa.Date)
CHARGED = (
    sa.select(sa.func.count())
    .select_from(attendance)
    .where(attendance.c.subscription_id == subscriptions.c.id)
    .correlate(subscriptions)
    .scalar_subquery()
)


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
        SubscriptionState.CANCELLED: subscriptions.c.cancelled_on < ON,
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


class SqlSubscriptions(SqlRepository[Subscription, SubscriptionCriteria], Subscriptions):
    mapper = TableMapper(
        SUBSCRIPTIONS,
        subscriptions,
        conditions=lambda dialect: {"state": _states(dialect)},
        more_columns=lambda _: [CHARGED.label("charged")],
        make=subscription,
    )

    def of_clients(self, client_ids: Collection[ClientId], on: date) -> tuple[Subscription, ...]:
        rows = self.connection.run(OF_CLIENTS, {"client_ids": [*client_ids], "on": on}).rows
        return self._entities(rows)

    def covering(self, client_ids: Collection[ClientId], on: date) -> tuple[CoveringPass, ...]:
        rows = self.connection.run(COVERING, {"client_ids": [*client_ids], "on": on}).rows
        return tuple(map(CoveringPass._make, rows))

    def days_charged(self, subscription_id: SubscriptionId) -> frozenset[date]:
        rows = self.connection.run(DAYS_CHARGED, {"subscription_id": subscription_id}).rows
        return frozenset(row.date for row in rows)


IS_OF_CLIENTS = among(subscriptions.c.client_id, "client_ids")
HAS_BEGUN_AND_IS_NOT_OVER = sa.and_(
    subscriptions.c.starts_on <= ON,
    sa.or_(subscriptions.c.valid_until.is_(None), subscriptions.c.valid_until >= ON),
)
OF_CLIENTS: Statements = {
    dialect: sa.select(*SqlSubscriptions.mapper.columns[dialect])
    .where(is_of_clients, HAS_BEGUN_AND_IS_NOT_OVER)
    .order_by(subscriptions.c.id)
    for dialect, is_of_clients in IS_OF_CLIENTS.items()
}


HAS_NO_FREEZES = {
    "postgresql": subscriptions.c.freezes == sa.literal_column("'[]'::jsonb"),
    "sqlite": subscriptions.c.freezes == sa.literal_column("'[]'"),
}
"""What most have is told without looking into a list."""


def _covering(dialect: str) -> sa.Select[Any]:
    columns = {
        "price_name": prices.c.name.label("price_name"),
        # of those for any number it is not counted
        "visits_left": sa.case((subscriptions.c.visits.is_not(None), subscriptions.c.visits - CHARGED)).label(
            "visits_left"
        ),
        **{column.name: column for column in subscriptions.c},
    }
    return (
        sa.select(*(columns[name] for name in CoveringPass._fields))
        .where(
            IS_OF_CLIENTS[dialect],
            HAS_BEGUN_AND_IS_NOT_OVER,
            sa.or_(subscriptions.c.cancelled_on.is_(None), subscriptions.c.cancelled_on >= ON),
            sa.or_(HAS_NO_FREEZES[dialect], ~_is_frozen(dialect)),
            prices.c.id == subscriptions.c.price_id,
        )
        .order_by(*subscriptions.c["sold_on", "created_at", "id"])
    )


COVERING = {dialect: _covering(dialect) for dialect in ("postgresql", "sqlite")}
