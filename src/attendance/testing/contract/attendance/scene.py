"""What the tests of passes and marks begin with: a club that is told of in few words."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from attendance.application.pagination import PageRequest, SortKey, parse_sort
from attendance.application.ports import Store
from attendance.application.ports.attendance import SheetEntry, VisitCriteria, VisitRow, VisitsSummary
from attendance.application.ports.club import SubscriptionCriteria
from attendance.domain.attendance.charging import Charge
from attendance.domain.attendance.marks import Changed, Mark
from attendance.domain.attendance.status import Status
from attendance.domain.club.clients import Client
from attendance.domain.club.groups import Group, GroupMembership
from attendance.domain.club.lessons import Lesson
from attendance.domain.club.subscriptions import Subscription
from attendance.domain.ids import SubscriptionId
from attendance.testing import make

MARCH_1 = date(2026, 3, 1)


DAY = timedelta(days=1)


LATER = datetime(2027, 1, 1, tzinfo=UTC)


BY_DATE = parse_sort("date,starts", ("date", "starts"))


P, L, A, E = Status.PRESENT, Status.LATE, Status.ABSENT, Status.EXCUSED


class Club:
    """Somebody who marks, a price, a location, and whoever else is needed."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.teacher, self.price, self.location = make.account(), make.price(), make.location()
        with store.transaction() as work:
            work.accounts.add(self.teacher)
            work.prices.add(self.price)
            work.locations.add(self.location)

    def clients(self, *names: str) -> list[Client]:
        clients = [make.client(name=name) for name in names]
        with self.store.transaction() as work:
            for client in clients:
                work.clients.add(client)
        return clients

    def group(self, *members: Client | tuple[Client, date, date | None]) -> Group:
        """Who is named alone has been a member since January."""
        spans = [it if isinstance(it, tuple) else (it, date(2026, 1, 1), None) for it in members]
        group = make.group(
            self.location,
            members=tuple(
                GroupMembership(client_id=client.id, since=since, until=until)
                for client, since, until in spans
            ),
        )
        with self.store.transaction() as work:
            work.groups.add(group)
        return group

    def lesson(self, group: Group, on: date = MARCH_1, starts: time = time(10), **changes: Any) -> Lesson:
        usual = {"date": on, "starts": starts, "ends": starts.replace(minute=59), "timezone": "UTC"}
        lesson = make.lesson(group, **usual | changes)
        with self.store.transaction() as work:
            work.lessons.add(lesson)
        return lesson

    def sell(self, client: Client, **changes: Any) -> Subscription:
        subscription = make.subscription(client, self.price, **changes)
        with self.store.transaction() as work:
            work.subscriptions.add(subscription)
        return subscription

    def mark(self, lesson: Lesson, client: Client, status: Status = P, **changes: Any) -> Mark:
        mark = make.mark(lesson, client, self.teacher, status=status, **changes)
        self.change(Changed(before=None, after=mark))
        return mark

    def change(self, *changes: Changed) -> None:
        with self.store.transaction() as work:
            work.attendance.save(changes)

    def marks(self, lesson: Lesson, *clients: Client) -> tuple[Mark, ...]:
        with self.store.read() as work:
            return work.attendance.of_lesson(lesson.id, [it.id for it in clients] if clients else None)

    def sheet(self, lesson: Lesson) -> tuple[SheetEntry, ...]:
        with self.store.read() as work:
            return work.attendance.sheet(lesson)

    def subscriptions(
        self, *orders: SortKey, on: date = MARCH_1, **criteria: Any
    ) -> tuple[Subscription, ...]:
        with self.store.read() as work:
            filter_ = SubscriptionCriteria(on=on, **criteria)
            found = work.subscriptions.list(filter_, PageRequest(order=orders, limit=1000))
            assert work.subscriptions.count(filter_) == len(found)
        return found

    def of_clients(self, on: date, *clients: Client) -> set[SubscriptionId]:
        with self.store.transaction() as work:
            found = work.subscriptions.of_clients([client.id for client in clients], on)
        assert len({it.id for it in found}) == len(found)
        return {it.id for it in found}

    def visits(self, client: Client, *, limit: int = 1000, **criteria: Any) -> tuple[VisitRow, ...]:
        page_request = {name: criteria.pop(name) for name in ("offset", "after") if name in criteria}
        with self.store.read() as work:
            return work.attendance.visits(
                VisitCriteria(client_id=client.id, **criteria),
                PageRequest(order=BY_DATE, limit=limit, **page_request),
            )

    def summary(self, client: Client, at: datetime = LATER, **criteria: Any) -> VisitsSummary:
        with self.store.read() as work:
            return work.attendance.summary(VisitCriteria(client_id=client.id, **criteria), at)


@pytest.fixture
def club(store: Store) -> Club:
    return Club(store)


def paid_by(subscription: Subscription) -> Charge:
    return Charge(subscription.id)


def ids(things: Iterable[Any]) -> list[Any]:
    return [thing.id for thing in things]
