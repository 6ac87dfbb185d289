"""What a club has to look after: the numbers, the lists behind them, and who sees which."""

from typing import Any

import pytest

from attendance.adapters.memory import MemoryStore
from attendance.application.reporting import passes, statistics
from attendance.domain.attendance.status import Status
from attendance.domain.permissions.roles import Role
from tests import make
from tests.http.api import UNKNOWN_ID, Api
from tests.web.reporting.clubs import DAY, TODAY, club_of, held, untaken, with_members
from tests.web.visitors import leads_to, shown, signed_in, visitor

OVERVIEW = "/app/overview"
FROM = {
    OVERVIEW: Role.MANAGER,
    f"{OVERVIEW}/not-taken": Role.MANAGER,
    f"{OVERVIEW}/at-risk": Role.EMPLOYEE,
    f"{OVERVIEW}/unpaid": Role.MANAGER,
    f"{OVERVIEW}/unpaid/{UNKNOWN_ID}": Role.EMPLOYEE,
    f"{OVERVIEW}/ending-passes": Role.EMPLOYEE,
    f"{OVERVIEW}/sales": Role.HEAD_MANAGER,
}
"""From which role on somebody sees a page."""


def text_of(response: Any) -> str:
    return " ".join(shown(response).texts)


# Who sees what


@pytest.mark.parametrize("path", FROM)
def test_a_page_is_shown_from_a_role_on(memory: Api, path: str) -> None:
    for role in Role:
        expected = 200 if role.level >= FROM[path].level else 403
        answered = signed_in(memory, role).opens(path)
        assert (role, answered.status_code) == (role, expected)
        shown(answered)
    unconfirmed = signed_in(memory, Role.OWNER, email_confirmed_at=None)
    assert unconfirmed.opens(path).status_code == 403
    assert leads_to(visitor(memory).opens(path)).startswith("/app/sign-in?next=")


@pytest.mark.plants
def test_a_page_that_is_shown_to_everybody_is_seen(memory: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statistics, "require_level", lambda *_, **__: None)
    monkeypatch.setattr(passes, "sees_all_groups", lambda _: True)
    for path in (f"{OVERVIEW}/at-risk", f"{OVERVIEW}/unpaid"):
        assert signed_in(memory, Role.USER).opens(path).status_code == 200


def test_money_is_shown_from_head_managers_on(memory: Api) -> None:
    club = club_of(memory)
    price = club.adds("prices", make.price("80.00"))
    club.adds("subscriptions", make.subscription(club.anna, price, sold_on=TODAY, starts_on=TODAY))
    for role, sees_money in ((Role.MANAGER, False), (Role.HEAD_MANAGER, True), (Role.OWNER, True)):
        answered = signed_in(memory, role).opens(OVERVIEW)
        page = shown(answered)
        assert ("€80.00" in answered.text) is sees_money
        assert ("Sales" in page.texts) is sees_money
        assert (f"{OVERVIEW}/sales" in page.links) is sees_money


def test_whoever_may_not_open_the_overview_is_not_led_to_it(memory: Api) -> None:
    path = f"{OVERVIEW}/at-risk"
    assert OVERVIEW not in shown(signed_in(memory, Role.EMPLOYEE).opens(path)).links
    assert OVERVIEW in shown(signed_in(memory, Role.MANAGER).opens(path)).links


# What is shown


def test_a_club_without_anything_has_nothing_to_look_after(memory: Api) -> None:
    head = signed_in(memory, Role.HEAD_MANAGER)
    page = shown(head.opens(OVERVIEW))
    assert page.texts.count("nothing to do") == 4
    assert page.texts.count("nothing sold") == 3
    for path in FROM:
        assert not [link for link in shown(head.opens(path)).links if "page=" in link]


def test_each_number_leads_to_its_list(memory: Api) -> None:
    club = club_of(memory)
    held(club)
    untaken(club, 2)
    price = club.adds("prices", make.price(name="Month"))
    club.adds(
        "subscriptions",
        make.subscription(club.dora, price, sold_on=TODAY - DAY, starts_on=TODAY - DAY, ends_on=TODAY),
    )
    manager = signed_in(memory, Role.MANAGER)
    page = shown(manager.opens(OVERVIEW))
    for heading, number, path in (
        ("Lessons not taken", "2", "not-taken"),
        ("Clients at risk", "1", "at-risk"),
        ("Unpaid visits", "12", "unpaid"),
        ("Passes that end", "1", "ending-passes"),
    ):
        assert page.texts[page.texts.index(heading) + 1] == number
        # the number itself, and what says so in words
        assert page.links.count(f"{OVERVIEW}/{path}") == 2
        assert manager.opens(f"{OVERVIEW}/{path}").status_code == 200
    assert {f"/app/clients/{club.carl.id}", f"/app/clients/{club.dora.id}"} <= {*page.links}
    assert "Finn (2)" in page.texts


def test_lessons_not_taken_say_by_whom_and_how_old_they_are(memory: Api) -> None:
    club = club_of(memory)
    untaken(club, 2)
    club.lesson(club.chess, TODAY - 9 * DAY)
    club.lesson(club.chess, TODAY - 366 * DAY)
    manager = signed_in(memory, Role.MANAGER)
    page = shown(manager.opens(f"{OVERVIEW}/not-taken"))
    text = " ".join(page.texts)
    assert "3 lessons" in page.texts
    for said in ("yesterday", "2 days ago", "9 days ago", "Finn (2)", "Eva (1)", "Judo", "Chess", "Attic"):
        assert said in text
    assert sum(link.startswith("/app/lessons/") for link in page.links) == 3
    of_eva = shown(manager.opens(f"{OVERVIEW}/not-taken?teacher={club.eva.id}"))
    assert "1 lesson" in of_eva.texts
    assert manager.opens(f"{OVERVIEW}/not-taken?teacher=x").status_code == 400


def test_clients_at_risk_have_their_reasons_in_words(memory: Api) -> None:
    club = club_of(memory)
    held(club)
    price = club.adds("prices", make.price())
    club.adds("subscriptions", make.subscription(club.carl, price, starts_on=TODAY - 40 * DAY, ends_on=None))
    club.lesson(club.chess, TODAY - 40 * DAY, (club.carl, Status.PRESENT))
    text = text_of(signed_in(memory, Role.MANAGER).opens(f"{OVERVIEW}/at-risk"))
    assert "Comes to fewer than 80% of the lessons: absent on 26 Feb, 27 Feb, 28 Feb, 1 Mar" in text
    assert "Absent 4 times in a row: 26 Feb, 27 Feb, 28 Feb, 1 Mar" in text
    assert "Stays away though there is a pass: no visit since 21 Jan, 40 days ago" in text
    assert "Anna" not in text


def test_unpaid_visits_are_listed_by_client_and_each_leads_to_its_visits(memory: Api) -> None:
    club = club_of(memory)
    held(club)
    manager = signed_in(memory, Role.MANAGER)
    page = shown(manager.opens(f"{OVERVIEW}/unpaid"))
    assert "12 visits" in page.texts
    path = f"{OVERVIEW}/unpaid/{club.bea.id}"
    assert path in page.links
    text = text_of(manager.opens(path))
    assert "4 visits" in text
    assert "Sun 1 Mar 2026, 17:00 came late" in text
    assert "Anna" not in text
    assert manager.opens(f"{OVERVIEW}/unpaid/x").status_code == 404


def test_passes_that_end_say_why(memory: Api) -> None:
    club = club_of(memory)
    price = club.adds("prices", make.price(name="Month"))
    usual = {"sold_on": TODAY - 30 * DAY, "starts_on": TODAY - 30 * DAY}
    club.adds(
        "subscriptions",
        make.subscription(club.anna, price, **usual, ends_on=TODAY - DAY),
        make.subscription(club.bea, price, **usual, ends_on=TODAY + DAY, visits=12),
        make.subscription(club.carl, price, **usual, ends_on=None),
    )
    text = text_of(signed_in(memory, Role.EMPLOYEE).opens(f"{OVERVIEW}/ending-passes"))
    assert "2 passes" in text
    assert "Anna ended Month 1 Mar 2026 any number" in text
    assert "Bea ends soon Month 3 Mar 2026 12 of 12" in text


def test_sales_are_shown_month_by_month(memory: Api) -> None:
    club = club_of(memory)
    price = club.adds("prices", make.price("80.00", name="Month"))
    for client, on in ((club.anna, TODAY), (club.bea, TODAY - 10 * DAY), (club.carl, TODAY - 40 * DAY)):
        changes = {"sold_on": on, "starts_on": on, "discount_percent": 50 if client is club.bea else 0}
        club.adds("subscriptions", make.subscription(client, price, **changes))
    head = signed_in(memory, Role.HEAD_MANAGER)
    march = shown(head.opens(f"{OVERVIEW}/sales"))
    assert "Anna" in march.texts
    assert "Bea" not in march.texts
    assert f"{OVERVIEW}/sales?month=2026-02-01" in march.links
    assert not any("month=2026-04" in link for link in march.links)
    february = shown(head.opens(f"{OVERVIEW}/sales?month=2026-02-11"))
    assert "€40.00" in february.texts
    assert "50%" in february.texts
    assert {f"{OVERVIEW}/sales?month={month}" for month in ("2026-01-01", "2026-03-01")} <= {*february.links}
    assert head.opens(f"{OVERVIEW}/sales?month=x").status_code == 400


def test_sales_of_the_month_stand_beside_those_of_the_month_before(memory: Api) -> None:
    club = club_of(memory)
    price = club.adds("prices", make.price("80.00"))
    february = TODAY.replace(month=2)
    for on in (TODAY, february, february + DAY):
        club.adds("subscriptions", make.subscription(club.anna, price, sold_on=on, starts_on=on))
    text = text_of(signed_in(memory, Role.HEAD_MANAGER).opens(OVERVIEW))
    for said in (
        "This month, 1\u2009–\u20092 Mar 2026 €80.00 (1 pass)",
        "By the same day of last month, 1\u2009–\u20092 Feb 2026 €80.00 (1 pass)",
        "Last month in all, 1\u2009–\u200928 Feb 2026 €160.00 (2 passes)",
    ):
        assert " ".join(said.split()) in text


# Long lists


def test_long_lists_have_pages(memory: Api) -> None:
    club = club_of(memory)
    untaken(club, 21)
    with_members(club, [f"Client {n:02}" for n in range(21)])
    manager = signed_in(memory, Role.MANAGER)
    for name, number in (("not-taken", 21), ("at-risk", 21), ("unpaid", 21)):
        path = f"{OVERVIEW}/{name}"
        first, second = shown(manager.opens(path)), shown(manager.opens(f"{path}?page=2"))
        assert "?page=2" in first.links
        assert "?page=1" in second.links
        lists = [
            [link for link in page.links if link.startswith(("/app/clients/", "/app/lessons/"))]
            for page in (first, second)
        ]
        assert [len(each) for each in lists] == [20, number - 20]
        assert not {*lists[0]} & {*lists[1]}
        assert "Page 2 of 2" in second.texts
        for page in ("0", "x", "-1"):
            assert manager.opens(f"{path}?page={page}").status_code == 400
    assert "21" in shown(manager.opens(OVERVIEW)).texts


def test_a_page_asks_the_store_as_often_whatever_is_in_it(
    memory: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[object] = []
    read = MemoryStore.read
    monkeypatch.setattr(MemoryStore, "read", lambda store: (reads.append(store), read(store))[1])
    club, head = club_of(memory), signed_in(memory, Role.HEAD_MANAGER)

    def asked() -> dict[str, int]:
        counted: dict[str, int] = {}
        for path in FROM:
            reads.clear()
            assert head.opens(path).status_code == 200
            counted[path] = len(reads)
        return counted

    before = asked()
    assert before[OVERVIEW] > 0
    held(club)
    untaken(club, 10)
    with_members(club, [f"Client {n:02}" for n in range(10)])
    assert asked() == before


def test_names_are_texts_and_nothing_else(memory: Api) -> None:
    club = club_of(memory)
    name = "<b>Bobby</b> & \"co\" 'x'"
    with_members(club, [name])
    manager = signed_in(memory, Role.MANAGER)
    for path in (OVERVIEW, f"{OVERVIEW}/at-risk", f"{OVERVIEW}/unpaid"):
        assert name in shown(manager.opens(path)).texts


# As files


def test_what_was_sold_in_a_month_is_a_file_too(memory: Api) -> None:
    club = club_of(memory)
    price = club.adds("prices", make.price("80.00"))
    for day in (TODAY, TODAY.replace(day=1) - DAY):
        club.adds("subscriptions", make.subscription(club.anna, price, sold_on=day, starts_on=day))
    head = signed_in(memory, Role.HEAD_MANAGER)
    path = f"{OVERVIEW}/sales"
    [link] = [each for each in shown(head.opens(path)).links if "format=csv" in each]
    header, *rows = head.opens(f"{path}{link}").text.splitlines()
    assert header == "Client,Sold on,Pass,Discount (%),Amount,Currency"
    assert [row.split(",")[1] for row in rows] == [str(TODAY)]
    assert rows[0].endswith(",0,80.00,EUR")
    assert signed_in(memory, Role.MANAGER).opens(f"{path}?format=csv").status_code == 403


def test_unpaid_visits_and_those_at_risk_are_files_too(memory: Api) -> None:
    club = club_of(memory)
    held(club)
    manager = signed_in(memory, Role.MANAGER)
    first, last = TODAY - 4 * DAY, TODAY - DAY
    header, *rows = manager.opens(f"{OVERVIEW}/unpaid?format=csv").text.splitlines()
    assert header == "Client,Visits,First day,Last day"
    assert sorted(rows) == [f"{name},4,{first},{last}" for name in ("Anna", "Bea", "Carl")]
    header, *rows = manager.opens(f"{OVERVIEW}/at-risk?format=csv").text.splitlines()
    assert header == (
        "Client,Comes to too few lessons: absent on,Absent in a row on,"
        "Stays away though there is a pass: no visit since"
    )
    days = " ".join(str(TODAY - back * DAY) for back in (4, 3, 2, 1))
    # each client once, whatever the reasons
    assert f"Carl,{days},{days}," in rows
    assert len({row.partition(",")[0] for row in rows}) == len(rows)
    for path in ("unpaid", "at-risk"):
        assert any("format=csv" in each for each in shown(manager.opens(f"{OVERVIEW}/{path}")).links)


def test_lessons_not_taken_and_passes_that_end_are_files_too(memory: Api) -> None:
    club = club_of(memory)
    untaken(club, 22)
    price = club.adds("prices", make.price("80.00"))
    club.adds(
        "subscriptions",
        make.subscription(club.anna, price, sold_on=TODAY, starts_on=TODAY - 20 * DAY, ends_on=TODAY),
    )
    manager = signed_in(memory, Role.MANAGER)
    header, *rows = manager.opens(f"{OVERVIEW}/not-taken?format=csv").text.splitlines()
    assert header == "Date,Begins,Group,By whom,Where,On the list"
    assert len(rows) == 22
    assert rows[0].startswith(f"{TODAY - DAY},")
    assert ",Judo," in rows[0]
    header, *rows = manager.opens(f"{OVERVIEW}/ending-passes?format=csv").text.splitlines()
    assert header == "Client,State,Pass,Last day,Visits left,Visits"
    assert len(rows) == 1
    assert rows[0].startswith("Anna,ends soon,")
    for path in ("not-taken", "ending-passes"):
        assert any("format=csv" in each for each in shown(manager.opens(f"{OVERVIEW}/{path}")).links)
        assert signed_in(memory, Role.USER).opens(f"{OVERVIEW}/{path}?format=csv").status_code == 403


def test_a_list_says_how_many_pages_it_has_and_leads_back_from_beyond_its_end(memory: Api) -> None:
    club = club_of(memory)
    untaken(club, 22)
    manager = signed_in(memory, Role.MANAGER)
    assert "Page 1 of 2" in shown(manager.opens(f"{OVERVIEW}/not-taken")).texts
    beyond = shown(manager.opens(f"{OVERVIEW}/not-taken?page=7"))
    assert "The list ends before this page." in beyond.texts
    assert "?page=2" in beyond.links
    assert "nothing to do" not in beyond.texts
    for path in ("/app/clients", "/app/statistics/groups", "/app/office/users"):
        answered = shown(manager.opens(f"{path}?page=7"), has_scripts=path == "/app/clients")
        assert ("The list ends before this page." in answered.texts) is True, path
        assert any(link.endswith("page=1") for link in answered.links)
        assert not any("Nobody is found" in text for text in answered.texts)
