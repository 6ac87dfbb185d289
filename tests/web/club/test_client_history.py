"""What happened to a client, in words, for owners; and the words of all these pages."""

import re

import pytest

from attendance.domain.permissions.roles import Role
from tests.http.api import good
from tests.http.operations import added
from tests.web.club.conftest import NOTES, Club
from tests.web.visitors import Shown, Visitor, shown

DATA = {
    "Anna Álvarez", "Maria Álvarez", "Clay", "Maria", "mother", "Ten visits",
    "(Ten visits)", "olga", "head", "attendance",
    "Hall, Tessa", "AÁ", "+49 (30) 12-34", "anna@example.org", "C 7", NOTES, "with a cough",
    "others", "Anna Álvarez – attendance", "Maria, head", "Name: Anna Álvarez", "18:00 – 19:30, Hall",
}  # fmt: skip
MONTHS_OF_TWO_LANGUAGES = ("April", "August", "September", "November")
SAME = {"Name", "Status", *(f"{month} {year}" for month in MONTHS_OF_TWO_LANGUAGES for year in (2025, 2026))}


@pytest.fixture
def eventful(club: Club) -> Club:
    """A club in which a bit of everything happened to Anna."""
    lesson = club.lesson("2026-02-23")
    club.marks(lesson, "absent", note="with a cough")
    club.api.clock.pass_by(seconds=1)
    club.marks(lesson, "late", minutes_late=5)
    club.api.clock.pass_by(seconds=1)
    club.marks(lesson, None)
    club.marks(club.lesson("2026-02-16"), "present")
    contract = added(club.head, "/contracts", client_id=club.child, number="C 7")
    good(club.head.puts(f"/contracts/{contract}", signed_on="2026-03-01"), 200)
    frozen = [{"from": "2026-03-10", "until": "2026-03-12"}]
    good(club.head.puts(f"/subscriptions/{club.sold}", freezes=frozen), 200)
    good(club.head.puts(f"/clients/{club.child}", phone="", birthday="2018-03-05"), 200)
    good(club.head.puts(f"/clients/{club.child}", notes="others"), 200)
    mother = club.people[Role.USER].id
    for user_ids in ([], [mother], [mother, club.head.id]):
        good(club.head.puts(f"/clients/{club.child}", user_ids=user_ids), 200)
    for active in (False, True):
        good(club.head.puts(f"/clients/{club.child}", active=active), 200)
    return club


def history(club: Club) -> Shown:
    owner = club.visits(Role.OWNER)
    path = f"{club.card()}/history"
    first, second = shown(owner.opens(path)), shown(owner.opens(f"{path}?page=2"))
    first.texts += second.texts
    return first


def test_an_owner_reads_all_that_happened(eventful: Club) -> None:
    page = history(eventful)
    assert {
        "Added as a client",
        "Data changed",
        "Notes changed",
        "Access changed",
        "Who sees this client: Maria",
        "Who sees this client: nothing",
        "Maria, head",
        "Moved to the archive",
        "Brought back",
        "Contract C 7 added",
        "Contract C 7 changed",
        "Pass sold: Ten visits",
        "Pass changed: Ten visits",
        "Marked: Absent",
        "Marked: Late",
        "Mark taken away: Late",
        "Marked: Present",
        "Paid by: Ten visits",
        "18 entries, the newest first.",
    } <= {*page.texts}
    assert ", lesson of 16 Feb 2026, 18:00" in page.texts
    assert "Birthday: 4 Mar 2018" in page.texts
    assert "Frozen on: nothing" in page.texts
    assert NOTES not in " ".join(page.texts)
    assert "others" not in " ".join(page.texts)


def test_a_change_of_what_is_paid_by_is_told_with_what_paid_before(club: Club) -> None:
    club.marks(club.lesson("2026-01-05"), "present")
    month = {"client_id": club.child, "price_id": club.price, "starts_on": "2026-01-01"}
    added(club.head, "/subscriptions", **month, settle_unpaid=True)
    assert "Now paid by: Ten visits, before: unpaid" in history(club).texts
    html = club.visits(Role.OWNER).opens(f"{club.card()}/history").text
    assert re.search(r"before: unpaid</b>, lesson of", html)


def test_no_event_of_somebody_else_is_in_it(eventful: Club) -> None:
    owner = eventful.visits(Role.OWNER)
    page = shown(owner.opens(f"{eventful.card(eventful.other)}/history"))
    assert "1 entry, the newest first." in page.texts
    assert owner.opens(f"{eventful.card()}/history?page=x").status_code == 400
    assert shown(owner.opens(f"{eventful.card()}/history?page=9")).texts


# In each language


@pytest.mark.slow
@pytest.mark.parametrize("language", ["de", "ru"])
def test_every_page_is_in_its_language_and_no_other(eventful: Club, language: str) -> None:
    contract = good(eventful.head.reads("/contracts"), 200)["contracts"][0]["id"]
    mark = good(eventful.head.reads("/attendance", client_id=eventful.child), 200)["attendances"][0]
    card = eventful.card()
    paths = {
        "/app/clients?q=anna": True,
        "/app/clients?which=archived&q=nobody": True,
        "/app/clients/new": False,
        card: False,
        f"{card}?year=2025&notice=archived": False,
        f"{card}/edit": False,
        f"{card}/archive": False,
        f"{card}/accounts?notice=added": False,
        f"{card}/contracts/new": False,
        f"{card}/contracts/{contract}": False,
        f"{card}/history": False,
        f"{card}/history?page=2": False,
        f"{card}/visits/{mark['lesson_id']}": False,
    }
    owner = eventful.people[Role.OWNER]
    english, other = (
        Visitor(eventful.api.http, cookie=owner.token, headers={"accept-language": spoken})
        for spoken in ("en", language)
    )
    for path, has_scripts in paths.items():
        said = {*shown(english.opens(path), has_scripts=has_scripts).texts}
        translated = {*shown(other.opens(path), has_scripts=has_scripts).texts}
        same = {text for text in said & translated if any(character.isalpha() for character in text)}
        assert same - DATA - SAME == set(), path
