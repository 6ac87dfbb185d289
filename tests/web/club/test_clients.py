"""The list of clients, as whoever works here finds somebody in it."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from attendance.domain.permissions.actor import OPERATOR
from attendance.domain.permissions.roles import Role
from tests.http.api import UNKNOWN_ID, Api, good
from tests.http.operations import added
from tests.web.club.conftest import Club
from tests.web.visitors import Shown, Visitor, leads_to, shown, signed_in, visitor

STAFF = [Role.EMPLOYEE, Role.MANAGER, Role.HEAD_MANAGER, Role.OWNER, Role.ADMIN]
CLIENTS = "/app/clients"


def listed(by: Visitor, query: str = "") -> Shown:
    return shown(by.opens(f"{CLIENTS}{query}"), has_scripts=True)


def names(by: Visitor, query: str = "") -> list[str]:
    """Who is in the list, in its order."""
    html = by.opens(f"{CLIENTS}{query}").text
    return re.findall(r'rowheader"><a href="/app/clients/[^"]+">.*?<span>([^<]+)</span></a>', html)


@pytest.fixture
def manager(club: Club) -> Visitor:
    return club.visits(Role.MANAGER)


# Who sees it


@pytest.mark.parametrize("role", STAFF)
def test_whoever_works_here_sees_the_clients_and_may_add_one(memory: Api, club: Club, role: Role) -> None:
    page = listed(signed_in(memory, role))
    assert f"/app/clients/{club.child}" in page.links
    assert "/app/clients/new" in page.links


def test_nobody_else_sees_them(club: Club) -> None:
    mother = club.visits(Role.USER)
    assert mother.opens(CLIENTS).status_code == 403
    assert "Anna" not in mother.opens(CLIENTS).text
    assert mother.opens(f"{CLIENTS}/new").status_code == 403
    stranger = visitor(club.api)
    assert leads_to(stranger.opens(CLIENTS)).startswith("/app/sign-in?next=")
    assert leads_to(stranger.opens(f"{CLIENTS}/new")).startswith("/app/sign-in?next=")


# What it says


def test_a_client_is_told_by_age_group_pass_and_how_to_call(manager: Visitor) -> None:
    page = listed(manager)
    assert {
        "2 clients",
        "Anna Álvarez",
        "7 years old",
        "Birthday in 2 days",
        "Clay",
        "10 visits left",
        "Maria Álvarez",
        "no pass",
    } <= {*page.texts}
    assert "tel:+49301234" in page.links
    assert not [link for link in page.links if link.startswith("tel:") and link != "tel:+49301234"]


def test_groups_are_those_of_today(club: Club, manager: Visitor) -> None:
    later = club.adds_group("Later")
    members = [{"client_id": club.child, "from": "2026-03-03"}]
    good(club.head.puts(f"/groups/{later}", members=members), 200)
    former = club.adds_group("Former")
    members = [{"client_id": club.child, "from": "2026-01-03", "until": "2026-03-01"}]
    good(club.head.puts(f"/groups/{former}", members=members), 200)
    assert "Clay" in listed(manager).texts
    assert [text for text in listed(manager).texts if "Clay," in text or ", Clay" in text] == []


def test_the_pass_that_runs_is_shown_before_those_that_are_over_or_still_to_come(
    club: Club, manager: Visitor
) -> None:
    days = added(club.head, "/prices", name="A", amount="1.00", currency="EUR", valid_days=5)

    def sells(**more: str) -> str:
        return added(club.head, "/subscriptions", client_id=club.other, price_id=days, **more)

    sells(starts_on="2026-02-01")
    assert "ended 5 Feb 2026" in listed(manager).texts
    sells(starts_on="2026-04-01")
    assert "from 1 Apr 2026" in listed(manager).texts
    running = sells(starts_on="2026-03-02")
    assert "until 6 Mar 2026" in listed(manager).texts
    frozen = [{"from": "2026-03-02", "until": "2026-03-03"}]
    good(club.head.puts(f"/subscriptions/{running}", freezes=frozen), 200)
    assert "frozen" in listed(manager).texts
    good(club.head.puts(f"/subscriptions/{running}", cancelled_on="2026-03-01", freezes=[]), 200)
    assert "from 1 Apr 2026" in listed(manager).texts


def test_the_first_visit_of_a_club_finds_an_empty_list(memory: Api) -> None:
    page = listed(signed_in(memory, Role.EMPLOYEE))
    assert {"0 clients", "There are no clients yet."} <= {*page.texts}


# Finding somebody


def test_words_are_found_in_any_order_and_the_form_keeps_them(manager: Visitor) -> None:
    assert names(manager, "?q=alvarez+anna") == ["Anna Álvarez"]
    assert names(manager, "?q=3012") == names(manager, "?q=maria") == ["Anna Álvarez"]
    page = listed(manager, "?q=nobody+<b>")
    assert page.values["q"] == "nobody <b>"
    assert "0 clients" in page.texts
    assert "Show all again" in page.texts


def test_archived_ones_are_shown_when_asked_for(club: Club, manager: Visitor) -> None:
    good(club.head.puts(f"/clients/{club.other}", active=False), 200)
    assert names(manager) == ["Anna Álvarez"]
    assert names(manager, "?which=archived") == ["Xanthippe"]
    assert names(manager, "?which=all") == ["Anna Álvarez", "Xanthippe"]
    assert "archived" in listed(manager, "?which=all").texts


def test_a_group_narrows_to_its_members_of_today(club: Club, manager: Visitor) -> None:
    empty = club.adds_group("Empty")
    assert names(manager, f"?group={club.group}") == ["Anna Álvarez"]
    assert names(manager, f"?group={empty}") == []
    assert names(manager, f"?group={UNKNOWN_ID}") == []


def test_the_list_is_sorted_as_one_chooses(club: Club, manager: Visitor) -> None:
    club.api.clock.pass_by(seconds=1)
    added(club.head, "/clients", name="Ben", birthday="2010-01-01")
    assert names(manager) == ["Anna Álvarez", "Ben", "Xanthippe"]
    assert names(manager, "?sort=birthday") == ["Ben", "Anna Álvarez", "Xanthippe"]
    assert names(manager, "?sort=-birthday") == ["Anna Álvarez", "Ben", "Xanthippe"]
    assert names(manager, "?sort=-created_at")[0] == "Ben"


@pytest.mark.parametrize("query", ["sort=address", "which=x", "group=x", "page=0", "page=x", "q=%00"])
def test_what_no_form_of_ours_sends_is_refused(manager: Visitor, query: str) -> None:
    refused = manager.opens(f"{CLIENTS}?{query}")
    assert refused.status_code == 400
    assert "This cannot be read" in refused.text


def test_fifty_are_on_a_page_and_the_next_keeps_what_was_asked_for(club: Club, manager: Visitor) -> None:
    for number in range(51):
        club.api.clock.pass_by(seconds=1)
        added(club.head, "/clients", name=f"Zoe {number:02}")
    first = listed(manager, "?q=zoe&sort=-created_at")
    assert "51 clients" in first.texts
    [onwards] = [link for link in first.links if "page=2" in link]
    assert parse_qs(urlsplit(onwards).query) == {"q": ["zoe"], "sort": ["-created_at"], "page": ["2"]}
    assert names(manager, onwards) == ["Zoe 00"]
    [back] = [link for link in listed(manager, onwards).links if "page=1" in link]
    assert len(names(manager, back)) == 50
    beyond = listed(manager, "?page=9")
    assert "There are no clients yet." not in beyond.texts


def calls_for_the_list(club: Club, by: Visitor) -> int:
    """How many units of work that read the list takes."""
    asked: list[object] = []
    kind = type(club.api.store)
    read = kind.read

    def counted(store: object) -> object:
        asked.append(store)
        return read(store)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(kind, "read", counted)
        assert by.opens(CLIENTS).status_code == 200
    return len(asked)


def calls_for_few_and_many(club: Club, by: Visitor) -> tuple[int, int]:
    few = calls_for_the_list(club, by)
    for number in range(20):
        added(club.head, "/clients", name=f"Zoe {number:02}")
    return few, calls_for_the_list(club, by)


def test_a_list_costs_the_same_number_of_calls_however_long_it_is(club: Club, manager: Visitor) -> None:
    few, many = calls_for_few_and_many(club, manager)
    assert few == many


@pytest.mark.plants
def test_a_call_for_each_client_is_seen(
    club: Club, manager: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asks(_: str) -> str:
        return str(club.api.container.use_cases().list_groups(OPERATOR).total)

    monkeypatch.setattr("attendance.adapters.web.club.clients.listing.dialled", asks)
    few, many = calls_for_few_and_many(club, manager)
    assert many >= few + 20


def test_the_list_is_a_file_too_whole_and_as_it_was_asked_for(club: Club) -> None:
    added(club.head, "/clients", name="=1+1", phone="+49 30 1")
    teacher = club.visits(Role.EMPLOYEE)
    page = shown(teacher.opens("/app/clients?q=anna&sort=birthday"), has_scripts=True)
    [link] = [each for each in page.links if "format=csv" in each]
    assert {*link.removeprefix("?").split("&")} == {"q=anna", "sort=birthday", "format=csv"}
    found = teacher.opens(f"/app/clients{link}")
    assert found.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert found.headers["content-disposition"] == 'attachment; filename="clients.csv"'
    assert found.headers["cache-control"] == "no-store"
    assert found.text.splitlines() == [
        "Name,Birthday,Groups,Guardian,Phone,Email,Address",
        "Anna Álvarez,2018-03-04,Clay,Maria Álvarez,+49 (30) 12-34,anna@example.org,",
    ]
    everybody = teacher.opens("/app/clients?format=csv").text
    assert "\r\n'=1+1,,,,+49 30 1,,\r\n" in everybody
    assert len(everybody.splitlines()) == 4
    assert club.visits(Role.USER).opens("/app/clients?format=csv").status_code == 403
    german = teacher.opens("/app/clients?format=csv", **{"accept-language": "de"}).text
    assert german.startswith("Name,Geburtstag,Gruppen,")
