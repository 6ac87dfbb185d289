"""Subscriptions by id."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import date

from attendance.adapters.memory.repository import MemoryRepository
from attendance.application.ports import Subscriptions
from attendance.application.ports.club import SUBSCRIPTIONS, SubscriptionCriteria
from attendance.domain.attendance.payers import CoveringPass
from attendance.domain.club.subscriptions import Subscription
from attendance.domain.dates import week_of
from attendance.domain.ids import ClientId, LocationId, SubscriptionId


class MemorySubscriptions(MemoryRepository[Subscription, SubscriptionCriteria], Subscriptions):
    resource = SUBSCRIPTIONS

    def completed(self, stored: Subscription) -> Subscription:
        charged = len(self.tables.charged.get(stored.id) or ())
        return stored if stored.charged == charged else replace(stored, charged=charged)

    def of_clients(
        self, client_ids: Collection[ClientId], on: date, *, until: date | None = None
    ) -> tuple[Subscription, ...]:
        found = (
            self._of_week(self.completed(it), on)
            for it in self._between(on, until or on)
            if it.client_id in client_ids
        )
        return tuple(sorted(found, key=lambda subscription: subscription.id))

    def clients_between(
        self,
        since: date,
        until: date,
        *,
        location_id: LocationId | None = None,
        after: ClientId | None = None,
        limit: int,
    ) -> tuple[ClientId, ...]:
        found = {
            it.client_id
            for it in self._between(since, until)
            if it.cancelled_on is None or it.cancelled_on >= since
        }
        if location_id is not None:
            found &= {
                member.client_id
                for group in self.tables.groups.all()
                if group.location_id == location_id
                for member in group.members
                if member.overlaps(since, until)
            }
        return tuple(sorted(it for it in found if after is None or it > after)[:limit])

    def covering(self, client_ids: Collection[ClientId], on: date) -> tuple[CoveringPass, ...]:
        sold = sorted(self.of_clients(client_ids, on), key=lambda it: (it.sold_on, it.created_at, it.id))
        return tuple(
            CoveringPass(
                id=it.id,
                client_id=it.client_id,
                price_name=it.price_name,
                visits=it.visits,
                visits_left=it.visits_left,
                group_ids=it.group_ids,
                valid_until=it.valid_until,
                is_week_full=it.is_week_full,
            )
            for it in sold
            if it.covers(on)
        )

    def days_charged(self, subscription_id: SubscriptionId) -> frozenset[date]:
        return frozenset(self._days_charged(subscription_id))

    def days_charged_between(
        self, subscription_ids: Collection[SubscriptionId], since: date, until: date
    ) -> Mapping[SubscriptionId, frozenset[date]]:
        days = {
            it: frozenset(day for day in self._days_charged(it) if since <= day <= until)
            for it in subscription_ids
        }
        return {it: charged for it, charged in days.items() if charged}

    def _between(self, since: date, until: date) -> Iterable[Subscription]:
        """Those that have begun and are not over on some day of a range."""
        return (
            it
            for it in self.table.all()
            if it.starts_on <= until and (it.valid_until is None or it.valid_until >= since)
        )

    def _of_week(self, subscription: Subscription, on: date) -> Subscription:
        if subscription.visits_per_week is None:
            return subscription
        first, last = week_of(on)
        days = self._days_charged(subscription.id)
        return replace(subscription, charged_in_week=sum(first <= day <= last for day in days))

    def _days_charged(self, subscription_id: SubscriptionId) -> list[date]:
        """The date of each visit that a pass has paid for."""
        lessons = self.tables.charged.get(subscription_id) or ()
        return [self.tables.lessons.rows[lesson_id].date for lesson_id in lessons]
