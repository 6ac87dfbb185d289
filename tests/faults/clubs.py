"""A club put straight into a database, with lessons on the days before today, and what is asked of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from typing import Any

from attendance.adapters.clock import utc_now
from attendance.domain.club.clients import Client
from attendance.domain.club.groups import Group, GroupMembership, Slot, Teaching
from attendance.domain.club.lessons import Lesson
from attendance.domain.club.locations import Location
from attendance.domain.club.prices import Price
from attendance.domain.club.subscriptions import Subscription
from attendance.domain.permissions.roles import Role
from tests import make
from tests.faults.clients import Request
from tests.faults.scene import Person, contained, stored

API = "/api/v1"
DAY = timedelta(days=1)
EVERY_DAY = tuple(Slot(weekday=day, starts=time(9), ends=time(10)) for day in range(1, 8))


@dataclass(frozen=True, slots=True, kw_only=True)
class Club:
    """`passes` are one of each client's; `price` is what was paid for them."""

    today: date
    head: Person
    managers: Sequence[Person]
    teachers: Sequence[Person]
    location: Location
    group: Group
    clients: Sequence[Client]
    lessons: Sequence[Lesson]
    price: Price
    passes: Sequence[Subscription]

    def sheet(self, lesson: Lesson, by: Person | None = None) -> Request:
        return self._ask("GET", f"lessons/{lesson.id}/attendance", None, by)

    def mark(
        self,
        lesson: Lesson,
        said: dict[Client, str | None],
        *,
        by: Person | None = None,
        if_match: str | None = None,
        **more: Any,
    ) -> Request:
        entries = [{"client_id": str(who.id), "status": status, **more} for who, status in said.items()]
        return self._ask("PUT", f"lessons/{lesson.id}/attendance", {"attendances": entries}, by, if_match)

    def edit_lesson(self, lesson: Lesson, **changes: Any) -> Request:
        return self._ask("PUT", f"groups/{self.group.id}/lessons/{lesson.id}", changes)

    def edit_pass(self, it: Subscription, **changes: Any) -> Request:
        return self._ask("PUT", f"subscriptions/{it.id}", changes)

    def freeze_all(self, since: date, until: date) -> Request:
        return self._ask("POST", "subscriptions/freeze", days(since, until))

    def sell(self, client: Client, *, key: str | None = None) -> Request:
        body = {
            "client_id": str(client.id),
            "price_id": str(self.price.id),
            "starts_on": self.passes[0].starts_on.isoformat(),
            "settle_unpaid": True,
        }
        return replace(self._ask("POST", "subscriptions", body), key=key)

    def make_lessons(self, since: date, until: date) -> Request:
        return self._ask("POST", f"groups/{self.group.id}/lessons", days(since, until))

    def close(self, *closures: tuple[date, date]) -> Request:
        body = {"closures": [days(*it) for it in closures]}
        return self._ask("PUT", f"locations/{self.location.id}/closures", body)

    def show_group(self) -> Request:
        return self._ask("GET", f"groups/{self.group.id}", None)

    def join(self, *clients: Client, by: Person | None = None, if_match: str | None = None) -> Request:
        """With these as its only members."""
        members = [{"client_id": str(it.id), "from": self.today.isoformat()} for it in clients]
        return self._ask("PUT", f"groups/{self.group.id}", {"members": members}, by, if_match)

    def _ask(
        self, method: str, path: str, body: Any, by: Person | None = None, if_match: str | None = None
    ) -> Request:
        token = (by or self.head).token
        return Request(method=method, path=f"{API}/{path}", body=body, token=token, if_match=if_match)


def days(since: date, until: date) -> dict[str, str]:
    return {"from": since.isoformat(), "until": until.isoformat()}


def set_club(
    database_url: str,
    *,
    clients: int = 0,
    lessons: int = 0,
    visits: int = 8,
    members: bool = False,
    capacity: int | None = None,
) -> Club:
    """A pass of so many `visits` for each client, good for every lesson; one lesson a day up to yesterday."""
    now = utc_now()
    today = now.date()
    roles = [Role.HEAD_MANAGER, Role.MANAGER, Role.MANAGER, Role.EMPLOYEE, Role.EMPLOYEE]
    people = [make.confirmed(now, role=role) for role in roles]
    staff = stored(database_url, people)
    location = make.location(timezone="UTC")
    first = today - lessons * DAY
    everybody = [make.client() for _ in range(clients)]
    group = make.group(
        location,
        capacity=capacity,
        teachers=tuple(Teaching(user_id=it.id, since=first) for it in people[3:]),
        members=tuple(GroupMembership(client_id=it.id, since=first) for it in everybody) if members else (),
        schedule=EVERY_DAY,
    )
    times = {"timezone": "UTC", "starts": time(9), "ends": time(10)}
    held = [make.lesson(group, date=first + n * DAY, **times) for n in range(lessons)]
    price = make.price(visits=visits, valid_days=lessons + 1)
    passes = [make.subscription(it, price, visits=visits, starts_on=first, ends_on=today) for it in everybody]
    with contained(database_url) as container, container.store().transaction() as work:
        work.locations.add(location)
        work.prices.add(price)
        for client in everybody:
            work.clients.add(client)
        work.groups.add(group)
        work.lessons.add_all(held)
        for it in passes:
            work.subscriptions.add(it)
    return Club(
        today=today,
        head=staff[0],
        managers=staff[1:3],
        teachers=staff[3:],
        location=location,
        group=group,
        clients=everybody,
        lessons=held,
        price=price,
        passes=passes,
    )
