"""How many statements a page takes: as many for a list of sixty as for one of five."""

from collections.abc import Iterable
from contextlib import closing
from datetime import date, timedelta

import pytest

from attendance.adapters.sql import SqlStore
from attendance.adapters.web.club.clients import listing
from attendance.adapters.web.club.clients.paths import CLIENTS
from attendance.domain.permissions.roles import Role
from tests.databases import KeptDatabase, SqliteDatabases
from tests.http.api import MARCH_2, Api, Lasting, Person, good
from tests.http.operations import added, another_session, awaiting
from tests.stores.test_statements import counted
from tests.web.registry import TABLE, path_with, scene_of, things_of
from tests.web.visitors import Visitor, with_session

FEW, MANY = 5, 60
MORE = 2
"""So many statements more a page may take of whose lists two go on: each for how many there are in all."""
SHOWN = (200, 303, 400)
"""A list that has several of a name in it says so with a refusal."""
TODAY = date.fromisoformat(MARCH_2)
BEGUN = "2026-01-01"
LAST_YEAR = date(2025, 1, 1)
PAGES = [
    name.removeprefix("GET ")
    for name, row in TABLE.items()
    # what a link in a mail does is done once
    if name.startswith("GET ") and not row.is_done_by_reading and {row.who, row.own} != {None}
]
ASKED = {
    "/app/clients": ["?q=client", "?group={group_id}&which=all"],
    "/app/lessons/{lesson_id:str}": ["/../{held_id}"],
    "/app/office/log": ["?who=person", "?client=client", "?subject={client_id}"],
    "/app/office/users": ["?name=person"],
    "/app/statistics": ["?by=day", "?by=week"],
    "/app/today": ["?teacher=me", "?day=2026-03-01"],
}
"""What stands behind the address of a page that is asked for in other ways, too."""


class Club:
    """A club of which everything that lists have can become more."""

    def __init__(self, api: Api) -> None:
        self.api, self.scene = api, scene_of(api)
        self.things = things_of(self.scene)
        self.employees: list[Person] = []

    def grow_to(self, number: int) -> None:
        """So many of everything, and of everything in what has lists of its own."""
        owner, scene = self.scene.owner, self.scene
        while len(self.employees) < number:
            self._add_one_of_each(len(self.employees))
        since, until = self.things["days"].split("_")
        days = [str(LAST_YEAR + timedelta(days=2 * each)) for each in range(number)]
        closures = [{"from": since, "until": until}, *({"from": day, "until": day} for day in days)]
        good(owner.puts(f"/locations/{scene.location_id}/closures", closures=closures), 200)
        teachers = [{"user_id": each.id, "from": BEGUN, "until": None} for each in self.employees]
        good(owner.puts(f"/groups/{scene.group_id}", teachers=teachers), 200)
        linked = [each.id for each in (scene.clerk, *self.employees)]
        good(owner.puts(f"/clients/{scene.client_id}", user_ids=linked[:10]), 200)

    def _add_one_of_each(self, number: int) -> None:
        owner, scene, api = self.scene.owner, self.scene, self.api
        employee = api.having(Role.EMPLOYEE)
        self.employees.append(employee)
        for person in (owner, scene.clerk):
            another_session(api, person)
        awaiting(api, owner)
        added(owner, "/locations", name=f"Place {number}", address=f"{number} Mill Lane")
        added(owner, "/prices", name=f"Price {number}", amount="9.00", currency="EUR")
        client_id = added(owner, "/clients", name=f"Client {number}", user_ids=[scene.clerk.id])
        teachers = [{"user_id": employee.id, "from": BEGUN, "until": None}]
        group_id = added(
            owner, "/groups", name=f"Group {number}", location_id=scene.location_id, teachers=teachers
        )
        for each in (client_id, scene.client_id):
            added(owner, "/contracts", client_id=each)
            added(owner, "/subscriptions", client_id=each, price_id=scene.price_id, starts_on=MARCH_2)
        for of_group, joining in ((scene.group_id, client_id), (group_id, scene.client_id)):
            joined = {"client_id": joining, "from": MARCH_2}
            good(owner.posts(f"/groups/{of_group}/members", **joined), 201)
        self._add_lessons(number, group_id, client_id)
        api.lab_of(owner, scene.member)
        good(employee.joins(scene.lab), 200)
        good(owner.marks(scene.lab, scene.member, on=TODAY - timedelta(days=number + 1)), 200)
        good(owner.marks(scene.lab, employee), 200)

    def _add_lessons(self, number: int, group_id: str, client_id: str) -> None:
        """One to come, one that nobody took, one that somebody did; and another change of a mark."""
        owner, scene = self.scene.owner, self.scene
        before, after = (str(TODAY + timedelta(days=way * (number + 1))) for way in (-1, 1))
        for of_group in (scene.group_id, group_id):
            lessons = f"/groups/{of_group}/lessons"
            added(owner, lessons, date=after, starts="12:00", ends="13:00")
            added(owner, lessons, date=before, starts="08:00", ends="09:00")
            taken = added(owner, lessons, date=before, starts="12:00", ends="13:00")
            self._mark(taken, [scene.client_id, client_id], "present")
        added(owner, f"/groups/{group_id}/lessons", date=MARCH_2, starts="07:00", ends="08:00")
        self._mark(scene.held_id, [scene.client_id], ("absent", "present")[number % 2])

    def _mark(self, lesson_id: str, client_ids: Iterable[str], status: str) -> None:
        marks = [{"client_id": client_id, "status": status} for client_id in client_ids]
        good(self.scene.owner.puts(f"/lessons/{lesson_id}/attendance", attendances=marks), 200)

    def statements(self, kept: KeptDatabase, pages: Iterable[str]) -> dict[str, int]:
        """How many statements each page takes whoever may see it, by its address in the table."""
        # a parent, the owner of the lab and of the club, and nobody
        people = [with_session(self.api, each) for each in (self.scene.owner, self.scene.clerk)]
        found: dict[str, int] = {}
        unseen: list[str] = []
        for page in pages:
            path = path_with(page, self.things, TABLE[f"GET {page}"].ids)
            for more in ["", *ASKED.get(page, [])]:
                address = more.removeprefix("/../") if more.startswith("/../") else f"{path}{more}"
                address = address.format_map(self.things)
                if more.startswith("/../"):
                    address = f"{path.rpartition('/')[0]}/{address}"
                number = self._number(kept, address, people)
                if number is None:
                    unseen.append(address)
                else:
                    found[f"{page} {more}"] = number
        assert unseen == [], "nobody is shown them"
        return found

    def _number(self, kept: KeptDatabase, address: str, people: Iterable[Visitor]) -> int | None:
        for person in people:
            if person.opens(address).status_code in SHOWN:
                self.api.finish_what_no_answer_waited_for()
                with counted(kept.database) as statements:
                    assert person.opens(address).status_code in SHOWN
                return len(statements)
        return None


def growing(application: Lasting, databases: SqliteDatabases, pages: list[str]) -> dict[str, tuple[int, int]]:
    """The pages that take more statements for long lists, with how many for short ones and for those."""
    with closing(KeptDatabase(databases)) as kept:
        store = SqlStore(primary=kept.database, replica=kept.database)
        with application.over(store) as api:
            club = Club(api)
            club.grow_to(FEW)
            few = club.statements(kept, pages)
            club.grow_to(MANY)
            many = club.statements(kept, pages)
    return {name: (few[name], many[name]) for name in few if many[name] > few[name] + MORE}


@pytest.mark.thorough
def test_no_page_takes_more_statements_for_a_longer_list(
    application: Lasting, sqlite_databases: SqliteDatabases
) -> None:
    assert growing(application, sqlite_databases, PAGES) == {}


@pytest.mark.plants
def test_a_page_that_asks_for_each_of_its_rows_is_seen(
    application: Lasting, sqlite_databases: SqliteDatabases, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asks(today: date, born: date | None) -> None:
        with application.store.autocommit() as work:
            work.accounts.find_by_username("nobody")

    monkeypatch.setattr(listing, "age_on", asks)
    grown = growing(application, sqlite_databases, [CLIENTS])
    few, many = grown[f"{CLIENTS} "]
    assert few + 40 < many
