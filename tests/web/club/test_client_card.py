"""The card of a client: what each level sees of it, and may do from it."""

import re

import pytest

from attendance.domain.permissions.roles import Role
from tests.http.api import UNKNOWN_ID, good
from tests.http.operations import added
from tests.web.club.conftest import NOTES, Club
from tests.web.visitors import Shown, Visitor, leads_to, shown, visitor

STAFF = [Role.EMPLOYEE, Role.MANAGER, Role.HEAD_MANAGER, Role.OWNER]


def card(by: Visitor, club: Club, query: str = "") -> Shown:
    return shown(by.opens(club.card() + query))


# Each level


@pytest.mark.parametrize("role", STAFF)
def test_whoever_works_here_sees_who_somebody_is_and_may_edit(club: Club, role: Role) -> None:
    page = card(club.visits(role), club)
    assert {
        "Anna Álvarez",
        "4 Mar 2018, 7 years old",
        "Birthday in 2 days",
        "Maria Álvarez",
        NOTES,
        "Clay",
        "February 2026",
    } <= {*page.texts}
    assert {
        "tel:+49301234",
        "mailto:anna%40example.org",
        f"{club.card()}/edit",
        f"{club.card()}/archive",
        f"{club.card()}/contracts/new",
    } <= {*page.links}


def test_who_else_sees_a_client_is_told_from_managers_on(club: Club) -> None:
    teacher = card(club.visits(Role.EMPLOYEE), club)
    assert "1 account of a parent or the client." in teacher.texts
    assert "Maria" not in teacher.texts
    assert f"{club.card()}/accounts" not in teacher.links
    for role in (Role.MANAGER, Role.HEAD_MANAGER, Role.OWNER):
        page = card(club.visits(role), club)
        assert "Maria" in page.texts
        assert f"{club.card()}/accounts" in page.links


def test_the_history_is_for_owners(club: Club) -> None:
    for role in STAFF:
        person = club.visits(role)
        is_owner = role is Role.OWNER
        assert (f"{club.card()}/history" in card(person, club).links) is is_owner
        assert person.opens(f"{club.card()}/history").status_code == (200 if is_owner else 403)


def test_parents_go_on_to_the_page_of_their_child_and_to_no_other(club: Club) -> None:
    mother = club.visits(Role.USER)
    assert leads_to(mother.opens(club.card())) == f"/app/children/{club.child}"
    for page in ("edit", "archive", "restore", "accounts", "history", "contracts/new"):
        answered = mother.opens(f"{club.card()}/{page}")
        assert answered.status_code == 403
        assert NOTES not in answered.text
    answered = mother.opens(club.card(club.other))
    assert answered.status_code == 403
    assert "Xanthippe" not in answered.text


def test_a_stranger_signs_in_first(club: Club) -> None:
    for page in ("", "/edit", "/archive", "/accounts", "/history", "/contracts/new"):
        assert leads_to(visitor(club.api).opens(club.card() + page)).startswith("/app/sign-in?next=")


@pytest.mark.parametrize("client", [UNKNOWN_ID, "x", "%00", "é"])
def test_an_unknown_client_is_not_found(club: Club, client: str) -> None:
    for page in ("", "/edit", "/archive", "/accounts", "/history", "/contracts/new"):
        answered = club.visits(Role.OWNER).opens(f"/app/clients/{client}{page}")
        assert answered.status_code == 404
        assert "There is no such page" in shown(answered).texts


# What is on it


def test_a_name_is_a_text_and_nothing_else(club: Club) -> None:
    name = "<script>alert(1)</script> \"'&"
    body = {"name": name, "address": name, "notes": f"{name}\n{name}", "guardian_name": name, "phone": name}
    good(club.head.puts(f"/clients/{club.child}", **body), 200)
    page = card(club.visits(Role.OWNER), club)
    assert page.texts.count(name) >= 4


def test_groups_are_told_now_and_before_with_their_days(club: Club) -> None:
    former = club.adds_group("Former")
    members = [{"client_id": club.child, "from": "2026-01-05", "until": "2026-01-20"}]
    good(club.head.puts(f"/groups/{former}", members=members), 200)
    page = card(club.visits(Role.EMPLOYEE), club)
    assert {"Hall, Tessa", "from 2 Feb 2026, open end", "1 former place", "5 Jan 2026 – 20 Jan 2026"} <= {
        *page.texts
    }
    assert {f"/app/groups/{club.group}", f"/app/groups/{former}"} <= {*page.links}
    # since the first day in any group, though added today
    assert "January 2026" in page.texts


def test_the_next_lessons_say_what_is_known_of_them(club: Club) -> None:
    club.lesson("2026-02-23")
    club.marks(club.lesson("2026-03-09"), "excused")
    cancelled = club.lesson("2026-03-16")
    path = f"/groups/{club.group}/lessons/{cancelled}"
    good(club.head.puts(path, state="cancelled", reason="ill"), 200)
    html = club.visits(Role.EMPLOYEE).opens(club.card()).text
    [section] = re.findall(r'id="lessons">.*?</section>', html, re.DOTALL)
    found = [" ".join(re.sub("<[^>]+>", " ", item).split()) for item in section.split("<li>")[1:]]
    assert [text.split(" Next")[0] for text in found] == [
        "Mon 9 Mar, 18:00 Clay – Excused",
        "Mon 16 Mar, 18:00 Clay cancelled",
    ]


def test_lessons_that_are_over_are_no_next_ones(club: Club) -> None:
    today = {"date": "2026-03-02", "topic": ""}
    for starts, ends in (("08:00", "12:00"), ("12:00", "12:01"), ("17:00", "18:00")):
        added(club.head, f"/groups/{club.group}/lessons", **today, starts=starts, ends=ends)
    texts = " ".join(card(club.visits(Role.EMPLOYEE), club).texts)
    assert "Mon 2 Mar, 08:00" not in texts
    assert re.findall(r"Mon 2 Mar, (\d\d:00)", texts) == ["12:00", "17:00"]


def test_each_of_several_visits_of_a_day_is_in_the_calendar(club: Club) -> None:
    for starts, status in (("08:00", "present"), ("10:00", "late")):
        times = {"starts": starts, "ends": f"{starts[:2]}:30"}
        club.marks(added(club.head, f"/groups/{club.group}/lessons", date="2026-02-21", **times), status)
    html = club.visits(Role.MANAGER).opens(club.card()).text
    square = '<span class="several" title="21 Feb: Present, Late">'
    assert f'{square}<span class="day present"></span><span class="day late"></span></span>' in html


@pytest.mark.parametrize(
    ("name", "initials"),
    [("<Clara> (Ott)", "CO"), ("Anna Maria Álvarez", "AÁ"), ("12 – 3", ""), ("Ёж 7", "Ё"), ("anna", "A")],
)
def test_initials_are_letters_of_the_first_and_the_last_word_that_has_any(
    club: Club, name: str, initials: str
) -> None:
    good(club.head.puts(f"/clients/{club.child}", name=name), 200)
    html = club.visits(Role.EMPLOYEE).opens(club.card()).text
    assert f'<span class="initials" aria-hidden="true">{initials}</span>' in html


def test_a_year_of_visits_is_a_calendar_and_the_same_in_a_table(club: Club) -> None:
    days = {"02": "present", "09": "late", "16": "absent", "23": "excused"}
    for day, status in days.items():
        more = {"minutes_late": 7} if status == "late" else {"note": "with a cough"}
        club.marks(club.lesson(f"2026-02-{day}"), status, **more)
    answered = club.visits(Role.MANAGER).opens(club.card())
    page = shown(answered)
    for status in days.values():
        assert answered.text.count(f'<span class="day {status}" title=') == 1
    assert answered.text.count(" today") >= 1
    assert {"Present", "Late, 7 minutes", "Absent", "Excused", "with a cough", "4 visits as a table"} <= {
        *page.texts
    }
    assert {"Mon 9 Feb, 18:00", "Attendance 67%"} <= {*page.texts}
    assert "Not marked" not in page.texts
    club.lesson("2026-03-01")
    assert "Not marked" in card(club.visits(Role.MANAGER), club).texts
    # what a pass pays for
    assert answered.text.count(">Ten visits</td>") == 3


def test_another_year_is_shown_when_asked_for(club: Club) -> None:
    manager = club.visits(Role.MANAGER)
    page = card(manager, club)
    assert "Nothing was marked in this year." in page.texts
    assert "?year=2025#visits" in page.links
    assert "?year=2027#visits" not in page.links
    page = card(manager, club, "?year=2025")
    assert "Visits in 2025" in page.texts
    assert "?year=2026#visits" in page.links
    for year in ("1", "9999"):
        assert f"Visits in {year}" in card(manager, club, f"?year={year}").texts
    for wrong in ("0", "10000", "x", "-1"):
        assert manager.opens(f"{club.card()}?year={wrong}").status_code == 400


def test_a_visit_as_a_guest_is_named_by_the_group(club: Club) -> None:
    guests = club.adds_group("Chess")
    club.marks(club.lesson("2026-02-25", guests), "present")
    assert "Chess" in card(club.visits(Role.EMPLOYEE), club).texts


def test_unpaid_visits_and_absences_in_a_row_stand_out(club: Club) -> None:
    good(club.head.puts(f"/subscriptions/{club.sold}", cancelled_on="2026-02-01"), 200)
    for day in ("02", "09", "16"):
        club.marks(club.lesson(f"2026-02-{day}"), "absent")
    page = card(club.visits(Role.MANAGER), club)
    assert {"3 unpaid visits", "absent 3 times in a row"} <= {*page.texts}
    assert page.texts.count("unpaid") == 3
    assert f"{club.card()}/passes/unpaid" in page.links


@pytest.mark.slow
def test_the_history_of_a_mark_is_for_whoever_teaches_the_lesson_and_from_managers_on(club: Club) -> None:
    lesson = club.lesson("2026-02-23")
    club.marks(lesson, "absent", note="called")
    club.api.clock.pass_by(seconds=1)
    club.marks(lesson, "late", minutes_late=5)
    path = f"{club.card()}/visits/{lesson}"
    for role in STAFF:
        assert {path, f"/app/lessons/{lesson}"} <= {*card(club.visits(role), club).links}
        assert club.visits(role).opens(f"/app/lessons/{lesson}").status_code == 200
        page = shown(club.visits(role).opens(path))
        assert {"Clay on 23 Feb 2026", "Marked: Absent", "Marked: Late", "Paid by: Ten visits"} <= {
            *page.texts
        }
        assert page.texts.index("Marked: Absent") < page.texts.index("Marked: Late")
        assert f"/app/lessons/{lesson}" in page.links
    somebody = club.api.having(Role.EMPLOYEE, "another")
    another = Visitor(club.api.http, cookie=somebody.token)
    assert {path, f"/app/lessons/{lesson}"}.isdisjoint(card(another, club).links)
    assert another.opens(f"/app/lessons/{lesson}").status_code == 403
    assert another.opens(path).status_code == 403
    assert club.visits(Role.USER).opens(path).status_code == 403
    for wrong in (UNKNOWN_ID, "x"):
        assert club.visits(Role.OWNER).opens(f"{club.card()}/visits/{wrong}").status_code == 404


def test_a_card_costs_the_same_number_of_calls_however_much_happened(
    club: Club, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = club.visits(Role.MANAGER)

    def units() -> int:
        asked: list[str] = []
        kind = type(club.api.store)
        with monkeypatch.context() as patched:
            for name in ("read", "autocommit"):
                opened = getattr(kind, name)
                patched.setattr(
                    kind, name, lambda store, opened=opened: (asked.append("x"), opened(store))[1]
                )
            assert manager.opens(club.card()).status_code == 200
        return len(asked)

    few = units()
    club.adds_group("Chess", club.child)
    for day in ("02", "09", "16", "23"):
        club.marks(club.lesson(f"2026-02-{day}"), "present")
        added(club.head, "/contracts", client_id=club.child)
    assert few > 0
    assert units() == few
