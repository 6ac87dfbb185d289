"""Subscriptions by id."""

from collections.abc import Collection
from dataclasses import replace
from datetime import date
from uuid import UUID

from attendance.adapters.memory.repository import MemoryRepository
from attendance.adapters.memory.tables import Table
from attendance.application.ports import Subscriptions
from attendance.application.ports.club import SubscriptionCriteria
from attendance.domain.club.subscriptions import Subscription, SubscriptionNotFound
from attendance.domain.ids import ClientId, SubscriptionId


class MemorySubscriptions(MemoryRepository[Subscription, SubscriptionCriteria], Subscriptions):
    not_found = SubscriptionNotFound
    keys = {  # noqa: RUF012 # nobody changes it
        "starts_on": lambda subscription: subscription.starts_on,
        "ends_on": lambda subscription: subscription.ends_on,
        "sold_on": lambda subscription: subscription.sold_on,
    }

    @property
    def table(self) -> Table[UUID, Subscription]:
        return self.tables.subscriptions

    def shown(self, stored: Subscription) -> Subscription:
        charged = len(self.tables.charged.get(stored.id) or ())
        return stored if stored.charged == charged else replace(stored, charged=charged)

    @staticmethod
    def matches(entity: Subscription, criteria: SubscriptionCriteria) -> bool:
        return (
            criteria.client_id in (None, entity.client_id)
            and criteria.contract_id in (None, entity.contract_id)
            and criteria.state in (None, entity.state(criteria.on))
        )

    def of_clients(self, client_ids: Collection[ClientId], on: date) -> tuple[Subscription, ...]:
        found = (
            self.shown(it)
            for it in self.table.all()
            if it.client_id in client_ids and it.starts_on <= on <= (it.valid_until or on)
        )
        return tuple(sorted(found, key=lambda subscription: subscription.id))

    def days_charged(self, subscription_id: SubscriptionId) -> frozenset[date]:
        lessons = self.tables.charged.get(subscription_id) or ()
        return frozenset(self.tables.lessons.rows[lesson_id].date for lesson_id in lessons)
