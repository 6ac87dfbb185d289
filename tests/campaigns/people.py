"""A club in service, and somebody new of every role in it: whom it shows what."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx

from attendance.adapters.clock import utc_now
from attendance.domain.permissions.roles import Level, Role
from tests import make
from tests.faults.conftest import service_of
from tests.faults.scene import Person, stored
from tests.http.api import CLUB
from tests.service import Service

LONGEST_START_SECONDS = 90
LEVELS = (Level.ANYBODY, Level.USER, Level.EMPLOYEE, Level.MANAGER, Level.HEAD_MANAGER, Level.OWNER)
HARDLY_LIMITED = {
    "limit_registrations_per_hour": "1000000",
    "limit_failed_sign_ins_per_account": "1000000",
    "limit_failed_sign_ins_per_address": "1000000",
    "limit_failed_sign_ins_everywhere": "1000000",
    "limit_confirmation_mails": "1000000",
    "limit_password_resets": "1000000",
}
_numbers = count(1)

Ids = dict[str, list[str]]
"""By what parts of paths, and fields, are called that stand for such a thing."""


@dataclass(frozen=True)
class Fuzzed:
    """A service with a club, its ids, and secrets: texts in it with the lowest level that ever sees each."""

    service: Service
    database_url: str
    owner: Person
    ids: Ids = field(default_factory=dict)
    secrets: dict[str, int] = field(default_factory=dict)

    def asks(self, by: Person, method: str, path: str, **body: Any) -> Any:
        """What is answered, which must be good."""
        headers = {"authorization": f"Bearer {by.token}"}
        options = {"json": body} if body else {}
        answer = httpx.request(method, self.service.url + path, headers=headers, timeout=60, **options)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def somebody(self, level: Level) -> Person | None:
        """Somebody new, who has a child here, teaches if they may, and has a lab; None for a stranger."""
        if level is Level.ANYBODY:
            return None
        role = next(role for role in Role if role.level is level)
        person = new_person(self.database_url, role)
        child = self.asks(self.owner, "POST", f"{CLUB}/clients", name="Own", user_ids=[person.id])["id"]
        teaching = [] if role is Role.USER else [{"user_id": person.id, "from": "2026-01-01", "until": None}]
        group = self.asks(
            self.owner,
            "POST",
            f"{CLUB}/groups",
            name="Own",
            location_id=self.ids["location_id"][0],
            teachers=teaching,
        )["id"]
        today = datetime.now(UTC).date()
        joining = {"client_id": child, "from": str(today - timedelta(days=30))}
        self.asks(self.owner, "POST", f"{CLUB}/groups/{group}/members", **joining)
        price = self.ids["price_id"][0]
        sold = self.asks(self.owner, "POST", f"{CLUB}/subscriptions", client_id=child, price_id=price)["id"]
        lessons = [
            self.asks(
                self.owner,
                "POST",
                f"{CLUB}/groups/{group}/lessons",
                date=str(today + timedelta(days=days)),
                starts="09:00",
                ends="10:00",
            )["id"]
            for days in (-1, 1)
        ]
        lab = self.asks(person, "POST", "/labs", name="Own")["lab_id"]
        for name, own in {
            "client_id": [child],
            "group_id": [group],
            "subscription_id": [sold],
            "lesson_id": lessons,
            "lab_id": [lab],
        }.items():
            # as likely as all those of others
            self.ids[name] += own * len(self.ids[name])
        return person


def new_person(database_url: str, role: Role) -> Person:
    now = utc_now()
    name = f"fuzzer{next(_numbers)}"
    account = make.confirmed(now, role=role, username=name, email=f"{name}@example.org")
    (person,) = stored(database_url, [account])
    return person


@contextmanager
def fuzzed(home: Path, database_url: str, *sabotage: str) -> Iterator[Fuzzed]:
    owner = new_person(database_url, Role.OWNER)
    service = service_of(home, database_url, *sabotage, workers="1", **HARDLY_LIMITED)
    try:
        service.start(backoff=LONGEST_START_SECONDS)
        club = Fuzzed(service, database_url, owner)
        fill(club)
        club.secrets.update(secrets_in(club))
        yield club
    finally:
        if service.process and service.process.poll() is None:
            service.kill()


def fill(club: Fuzzed) -> None:
    """A club with some of everything."""
    owner, ids = club.owner, club.ids
    others = [new_person(club.database_url, role) for role in (Role.USER, Role.EMPLOYEE, Role.OWNER)]
    ids["user_id"] = [each.id for each in others]

    def add(what: str, **body: Any) -> str:
        return str(club.asks(owner, "POST", f"{CLUB}/{what}", **body)["id"])

    ids["location_id"] = [add("locations", name=f"Place {n}", address=f"{n} Main Street") for n in range(2)]
    ids["price_id"] = [
        add("prices", name=f"Pass {n}", amount="80.00", currency="EUR", visits=8) for n in range(2)
    ]
    ids["client_id"] = [add("clients", name=f"Client {n}") for n in range(4)]
    ids["contract_id"] = [add("contracts", client_id=ids["client_id"][0])]
    ids["subscription_id"] = [
        add("subscriptions", client_id=client, price_id=ids["price_id"][0]) for client in ids["client_id"][:3]
    ]
    monday = {"weekday": 1, "starts": "18:00", "ends": "19:30"}
    ids["group_id"] = [
        add("groups", name=f"Group {n}", location_id=ids["location_id"][n], schedule=[monday])
        for n in range(2)
    ]
    today = datetime.now(UTC).date()
    for client in ids["client_id"]:
        joining = {"client_id": client, "from": str(today - timedelta(days=60))}
        add_member = f"groups/{ids['group_id'][0]}/members"
        club.asks(owner, "POST", f"{CLUB}/{add_member}", **joining)
    ids["lesson_id"] = [
        add(
            f"groups/{ids['group_id'][0]}/lessons",
            date=str(today + timedelta(days=days)),
            starts="09:00",
            ends="10:00",
        )
        for days in (-30, -1, 0, 7)
    ]
    change = club.asks(owner, "PUT", f"{CLUB}/users/{others[-1].id}/role", role="manager")
    ids["role_change_id"] = [change["id"]]
    ids["lab_id"] = [club.asks(owner, "POST", "/labs", name="Optics")["lab_id"]]


def secrets_in(club: Fuzzed) -> dict[str, int]:
    """Texts put where only some may ever see them."""
    secret = {
        name: f"secret-{name}-7f3a9c"
        for name in ("client", "phone", "notes", "contract", "email", "mark", "note")
    }
    other = new_person(club.database_url, Role.USER)
    email = f"{secret['email']}@example.org"
    club.asks(
        club.owner, "POST", f"{CLUB}/users", username="secretive", email=email, name="", role="employee"
    )
    client = club.asks(
        club.owner,
        "POST",
        f"{CLUB}/clients",
        name=secret["client"],
        guardian_name=secret["phone"],
        notes=secret["notes"],
        user_ids=[other.id],
    )["id"]
    club.ids["client_id"].append(client)
    contract = {"client_id": client, "number": secret["contract"], "notes": secret["note"]}
    club.ids["contract_id"].append(club.asks(club.owner, "POST", f"{CLUB}/contracts", **contract)["id"])
    lab = club.asks(other, "POST", "/labs", name="Closed")["lab_id"]
    club.ids["lab_id"].append(lab)
    club.asks(club.owner, "POST", f"/labs/{lab}/join")
    mark = {"user_id": club.owner.id, "date": "2026-03-02", "status": "present", "note": secret["mark"]}
    club.asks(other, "PUT", f"/labs/{lab}/attendance", **mark)
    employees = dict.fromkeys(("client", "phone", "notes", "contract", "note"), int(Level.EMPLOYEE))
    # a lab's owner and its members alone, and those who read the log of everything
    levels = employees | {"email": int(Level.MANAGER), "mark": int(Level.OWNER)}
    return {secret[name]: level for name, level in levels.items()}
