"""A club at the real service, for each test a lesson of its own that is on now, and its teacher's phone."""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from attendance import open_attendance
from attendance.application.use_cases import UseCases
from attendance.domain.accounts.mail import MailState
from attendance.domain.permissions.actor import OPERATOR
from attendance.domain.permissions.roles import Role
from tests.library.conftest import CHEAP
from tests.service import NO_TLS, Service, serving
from tests.web.clicks import PASSWORD, has_session
from tests.web.conftest import LONGEST_WAIT

NAMES = ("Anna Adler", "Bea Berg", "Carl Conrad", "Dora Dreyer", "Emil Ebert", "Fritz Falk")
STATUSES = ("Present", "Late", "Absent", "Excused")
TEACHERS = 150
PHONE = {"width": 390, "height": 844}
VISITS = 10


@dataclass
class Lesson:
    """A lesson with clients who have passes of ten visits, its teacher, and the office, by the API."""

    service: Service
    office: httpx.Client
    teacher: str
    id: str
    clients: dict[str, str]
    guest: str

    @property
    def path(self) -> str:
        return f"/app/lessons/{self.id}"

    @property
    def sheet(self) -> dict[str, Any]:
        answered = self.office.get(f"/lessons/{self.id}/attendance")
        assert answered.status_code == 200, answered.text
        return dict(answered.json())

    @property
    def rows(self) -> dict[str, dict[str, Any]]:
        """What is stored, by name."""
        return {row["name"]: row for row in self.sheet["attendances"]}

    @property
    def statuses(self) -> dict[str, str | None]:
        return {name: row["status"] for name, row in self.rows.items()}

    def office_says(self, **statuses: str | None) -> None:
        """By first names."""
        entries = [
            {"client_id": self.clients[self.named(name)], "status": status}
            for name, status in statuses.items()
        ]
        answered = self.office.put(f"/lessons/{self.id}/attendance", json={"attendances": entries})
        assert answered.status_code == 200, answered.text

    def named(self, first: str) -> str:
        return next(name for name in self.clients if name.startswith(first))

    def events(self, first: str) -> list[str]:
        """What happened to a mark."""
        client = self.clients[self.named(first)]
        answered = self.office.get(f"/lessons/{self.id}/attendance/{client}/history")
        return [event["action"].removeprefix("attendance.") for event in answered.json()["events"]]

    def visits_left(self) -> dict[str, int]:
        return {name: row["pass"]["visits_left"] for name, row in self.rows.items() if row["pass"]}


@dataclass
class Club:
    service: Service
    office: httpx.Client
    teachers: dict[str, str]
    numbers: Iterator[int] = field(default_factory=count)

    def adds(self, path: str, **body: Any) -> str:
        answered = self.office.post(path, json=body)
        assert answered.status_code == 201, answered.text
        return str(answered.json()["id"])

    def lesson(
        self,
        *names: str,
        on: dt.date | None = None,
        starts: str = "00:00",
        teacher: str | None = None,
        **client: Any,
    ) -> Lesson:
        """Today's from `starts` on, of a teacher of its own unless one is named."""
        number = next(self.numbers)
        teacher = teacher or f"teacher-{number}"
        today = dt.datetime.now(dt.UTC).date()
        begun = str(today - dt.timedelta(days=30))
        clients = {name: self.adds("/clients", name=name, **client) for name in names or NAMES}
        price = self.adds("/prices", name="Ten", amount="80.00", currency="EUR", visits=VISITS)
        for each in clients.values():
            self.adds("/subscriptions", client_id=each, price_id=price, starts_on=begun)
        place = self.adds("/locations", name=f"House {number}", address=f"{number} Mill Lane")
        group = self.adds(
            "/groups",
            name="Clay",
            location_id=place,
            teachers=[{"user_id": self.teachers[teacher], "from": begun}],
            members=[{"client_id": each, "from": begun} for each in clients.values()],
        )
        lesson = self.adds(f"/groups/{group}/lessons", date=str(on or today), starts=starts, ends="23:59")
        guest = self.adds("/clients", name=f"Zoe Guest{number}")
        return Lesson(self.service, self.office, teacher, lesson, clients, guest)


def _fill(use: UseCases) -> dict[str, str]:
    """An owner and head, `office`, and teachers, by username; everybody has the password of `clicks`."""
    use.create_owner(username="owner-1", email="owner@example.org", password=PASSWORD)
    people = {"office": Role.HEAD_MANAGER} | {f"teacher-{n}": Role.EMPLOYEE for n in range(TEACHERS)}
    ids = {}
    for username, role in people.items():
        email = f"{username}@example.org"
        ids[username] = str(use.invite_user(OPERATOR, username=username, email=email, role=role).id)
    for mail in use.list_mail(state=MailState.WAITING):
        if mail.facts and "token" in mail.facts and mail.to != "owner@example.org":
            use.set_password(token=mail.facts["token"], password=PASSWORD)
    return ids


@pytest.fixture(scope="session")
def club(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Club]:
    home = Path(tmp_path_factory.mktemp("club"))
    url = f"sqlite:///{home}/club.db"
    with open_attendance(url, **CHEAP) as use:
        ids = _fill(use)
    with serving(home, url) as service:
        login = {"username": "office", "password": PASSWORD}
        token = httpx.post(f"{service.url}/login", json=login, verify=NO_TLS).json()["access_token"]
        headers = {"authorization": f"Bearer {token}"}
        with httpx.Client(
            base_url=f"{service.url}/api/v1", headers=headers, timeout=30, verify=NO_TLS
        ) as office:
            yield Club(service, office, ids)


@pytest.fixture
def lesson(club: Club) -> Lesson:
    return club.lesson()


@pytest.fixture
def phone(browser: Browser, club: Club) -> Iterator[BrowserContext]:
    with browser.new_context(
        base_url=club.service.url, locale="en-US", viewport=PHONE, has_touch=True, is_mobile=True
    ) as context:
        context.set_default_timeout(LONGEST_WAIT)
        yield context


@dataclass
class RollCall:
    """A roll call on a page, by the names that things have for people."""

    page: Page

    def radio(self, name: str, status: str) -> Locator:
        return self.page.get_by_role("radiogroup", name=name).get_by_role("radio", name=status, exact=True)

    def taps(self, name: str, status: str) -> None:
        self.radio(name, status).click()

    def is_shown(self, name: str, status: str | None) -> None:
        for each in STATUSES:
            shown = expect(self.radio(name, each))
            if each == status:
                shown.to_be_checked()
            else:
                shown.not_to_be_checked()

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def says(self, text: str) -> None:
        """In the status line."""
        expect(self.page.locator(".bar").get_by_role("status")).to_have_text(text)

    def progress(self, text: str) -> None:
        expect(self.page.locator(".progress").get_by_text(text, exact=True)).to_be_visible()


@pytest.fixture
def opened(phone: BrowserContext) -> Callable[[Lesson], RollCall]:
    """Opens the roll call of a lesson as its teacher, in a new tab of the phone."""

    def opens(lesson: Lesson) -> RollCall:
        page = phone.new_page()
        has_session(page, lesson.service, lesson.teacher)
        page.goto(lesson.path)
        return RollCall(page)

    return opens
