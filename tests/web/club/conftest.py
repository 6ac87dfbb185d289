"""A small club: a child of a mother in a group, with passes, marks and a contract, and another child."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from attendance.domain.permissions.roles import Role
from tests.http.api import Api, Person, good
from tests.http.operations import TIMES, added
from tests.web.visitors import Visitor, with_session

NOTES = "needs an inhaler"


@dataclass
class Club:
    """Anna is in Clay since 2 February, taught by Tessa; Xanthippe is in no group. Today is 2 March 2026."""

    api: Api
    people: dict[Role, Person] = field(init=False)

    def __post_init__(self) -> None:
        self.people = {
            Role.USER: self.api.having(username="mother", name="Maria"),
            Role.EMPLOYEE: self.api.having(Role.EMPLOYEE, "teacher", name="Tessa"),
            Role.MANAGER: self.api.having(Role.MANAGER, "manager"),
            Role.HEAD_MANAGER: self.api.having(Role.HEAD_MANAGER, "head"),
            Role.OWNER: self.api.having(Role.OWNER, "olga"),
        }
        head = self.head = self.people[Role.HEAD_MANAGER]
        self.child = added(
            head,
            "/clients",
            name="Anna Álvarez",
            guardian_name="Maria Álvarez",
            birthday="2018-03-04",
            phone="+49 (30) 12-34",
            email="anna@example.org",
            notes=NOTES,
            user_ids=[self.people[Role.USER].id],
        )
        self.other = added(head, "/clients", name="Xanthippe", phone="Extension")
        self.location = added(head, "/locations", name="Hall", address="2 Main Street")
        self.group = self.adds_group("Clay", self.child)
        price = {"name": "Ten visits", "amount": "80.00", "currency": "EUR", "visits": 10}
        self.price = added(head, "/prices", **price)
        self.sold = added(
            head, "/subscriptions", client_id=self.child, price_id=self.price, starts_on="2026-02-01"
        )

    def adds_group(self, name: str, *members: str, **more: Any) -> str:
        return added(
            self.head,
            "/groups",
            name=name,
            location_id=self.location,
            teachers=[{"user_id": self.people[Role.EMPLOYEE].id, "from": "2026-01-01"}],
            members=[{"client_id": it, "from": "2026-02-02"} for it in members],
            **more,
        )

    def lesson(self, day: str, group: str | None = None) -> str:
        return added(self.head, f"/groups/{group or self.group}/lessons", date=day, **TIMES)

    def marks(self, lesson: str, status: str | None, client: str | None = None, **more: Any) -> None:
        entry = {"client_id": client or self.child, "status": status, **more}
        good(self.head.puts(f"/lessons/{lesson}/attendance", attendances=[entry]), 200)

    def client(self, client: str | None = None) -> dict[str, Any]:
        found: dict[str, Any] = good(self.head.reads(f"/clients/{client or self.child}"), 200)
        return found

    def visits(self, role: Role) -> Visitor:
        """The browser of somebody of a role."""
        return with_session(self.api, self.people[role])

    def card(self, client: str | None = None) -> str:
        return f"/app/clients/{client or self.child}"


@pytest.fixture
def club(memory: Api) -> Club:
    return Club(memory)
