"""Subscriptions by id."""

from collections.abc import Collection
from dataclasses import replace
from datetime import date

from attendance.adapters.memory.repository import MemoryRepository
from attendance.application.ports import Subscriptions
from attendance.application.ports.club import SUBSCRIPTIONS, SubscriptionCriteria
from attendance.domain.attendance.payers import CoveringPass
from attendance.domain.club.subscriptions import Subscription
from attendance.domain.ids import ClientId, SubscriptionId


class MemorySubscriptions(MemoryRepository[Subscription, SubscriptionCriteria], Subscriptions):
    resource = SUBSCRIPTIONS

    def completed(self, stored: Subscription) -> Subscription:
        charged = len(self.tables.charged.get(stored.id) or ())
        return stored if stored.charged == charged else replace(stored, charged=charged)

    def of_clients(self, client_ids: Collection[ClientId], on: date) -> tuple[Subscription, ...]:
        found = (
            self.completed(it)
            for it in self.table.all()
            if it.client_id in client_ids and it.starts_on <= on <= (it.valid_until or on)
        )
        return tuple(sorted(found, key=lambda subscription: subscription.id))

    def covering(self, client_ids: Collection[ClientId], on: date) -> tuple[CoveringPass, ...]:
        sold = sorted(self.of_clients(client_ids, on), key=lambda it: (it.sold_on, it.created_at, it.id))
        return tuple(
            CoveringPass(
                id=it.id,
                client_id=it.client_id,
                price_name=self.tables.prices.rows[it.price_id].name,
                visits=it.visits,
                visits_left=it.visits_left,
                group_ids=it.group_ids,
                valid_until=it.valid_until,
            )
            for it in sold
            if it.covers(on)
        )

    def days_charged(self, subscription_id: SubscriptionId) -> frozenset[date]:
        lessons = self.tables.charged.get(subscription_id) or ()
        return frozenset(self.tables.lessons.rows[lesson_id].date for lesson_id in lessons)
