"""Subscriptions, with how many visits each has paid for: counted from marks."""

from collections.abc import Collection, Mapping
from dataclasses import asdict
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from attendance.adapters.sql.engine.bulk import among
from attendance.adapters.sql.engine.connection import Statements
from attendance.adapters.sql.engine.listing import Listing, SortColumn
from attendance.adapters.sql.engine.repository import SqlRepository, TableMapper, without
from attendance.adapters.sql.tables import attendance, subscriptions
from attendance.application.ports import Subscriptions
from attendance.application.ports.club import SubscriptionCriteria
from attendance.domain.club.currencies import rounded
from attendance.domain.club.subscriptions import Freeze, Subscription, SubscriptionNotFound, SubscriptionState
from attendance.domain.ids import ClientId, GroupId, SubscriptionId

ON = sa.bindparam("on", type_=sa.Date)
CHARGED = (
    sa.select(sa.func.count())
    .select_from(attendance)
    .where(attendance.c.subscription_id == subscriptions.c.id)
    .correlate(subscriptions)
    .scalar_subquery()
)
SHOWN = (*subscriptions.c, CHARGED.label("charged"))


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
LISTING: Mapping[str, Listing[Subscription]] = {
    dialect: Listing(
        shown=SHOWN,
        tie=SortColumn(subscriptions.c.id, lambda subscription: subscription.id),
        keys={
            "starts_on": SortColumn(subscriptions.c.starts_on, lambda subscription: subscription.starts_on),
            "ends_on": SortColumn(subscriptions.c.ends_on, lambda subscription: subscription.ends_on),
            "sold_on": SortColumn(subscriptions.c.sold_on, lambda subscription: subscription.sold_on),
        },
        conditions={
            "client_id": subscriptions.c.client_id == sa.bindparam("client_id"),
            "contract_id": subscriptions.c.contract_id == sa.bindparam("contract_id"),
            **_states(dialect),
        },
    )
    for dialect in ("postgresql", "sqlite")
}
OF_CLIENTS: Statements = {
    dialect: sa.select(*SHOWN)
    .where(
        is_of_them,
        subscriptions.c.starts_on <= ON,
        sa.or_(subscriptions.c.valid_until.is_(None), subscriptions.c.valid_until >= ON),
    )
    .order_by(subscriptions.c.id)
    for dialect, is_of_them in among(subscriptions.c.client_id, "client_ids").items()
}
DAYS_CHARGED = (
    sa.select(attendance.c.date)
    .distinct()
    .where(attendance.c.subscription_id == sa.bindparam("subscription_id"))
)


def freezes_in(row: Any) -> tuple[Freeze, ...]:
    return tuple(
        Freeze(since=date.fromisoformat(it["since"]), until=date.fromisoformat(it["until"]))
        for it in row.freezes
    )


class SqlSubscriptions(SqlRepository[Subscription, SubscriptionCriteria], Subscriptions):
    mapper = TableMapper(subscriptions, LISTING, SubscriptionNotFound)

    @staticmethod
    def entity(row: Any) -> Subscription:
        fields = without(row, "valid_until", "amount_due")
        groups = tuple(GroupId(UUID(text)) for text in row.group_ids)
        amount = rounded(row.amount, row.currency)
        return Subscription(**fields | {"amount": amount, "group_ids": groups, "freezes": freezes_in(row)})

    @staticmethod
    def row(entity: Subscription) -> dict[str, Any]:
        row = asdict(entity)
        del row["charged"]
        freezes = [{"since": it.since.isoformat(), "until": it.until.isoformat()} for it in entity.freezes]
        groups = [*map(str, entity.group_ids)]
        derived = {"valid_until": entity.valid_until, "amount_due": entity.amount_due}
        return row | {"freezes": freezes, "group_ids": groups} | derived

    @staticmethod
    def given(criteria: SubscriptionCriteria) -> dict[str, Any]:
        given = {"client_id": criteria.client_id, "contract_id": criteria.contract_id, "on": criteria.on}
        found: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        return found | ({criteria.state.value: True} if criteria.state else {})

    def of_clients(self, client_ids: Collection[ClientId], on: date) -> tuple[Subscription, ...]:
        rows = self.work.run(OF_CLIENTS, {"client_ids": [*client_ids], "on": on}).rows
        return tuple(map(self.entity, rows))

    def days_charged(self, subscription_id: SubscriptionId) -> frozenset[date]:
        rows = self.work.run(DAYS_CHARGED, {"subscription_id": subscription_id}).rows
        return frozenset(row.date for row in rows)
