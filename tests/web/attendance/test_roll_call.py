"""The roll call without a script: what it shows, to whom, and its one form."""

import json
import re
from datetime import date
from importlib.resources import files
from typing import Any

import pytest

from attendance.adapters.web.attendance import roll_call
from attendance.adapters.web.server.formats import initials
from attendance.adapters.web.server.static_files.modules import joined
from attendance.application.attendance import sheets as use_cases
from attendance.domain.permissions.roles import Role
from tests.http.api import UNKNOWN_ID, Api, good
from tests.http.attendance.test_attendance_protocol import (
    TOMORROW,
    YESTERDAY,
    Class,
    entry,
    marks,
    rows,
    sheet,
)
from tests.web.attendance.roll_call import Filled, path_of, ran_by_node
from tests.web.visitors import Visitor, leads_to, shown, visitor, with_session


@pytest.fixture
def chess(memory: Api) -> Class:
    return Class.of(memory, "Anna Berg", "Bea Adler", "Carl Zorn")


@pytest.fixture
def teacher(chess: Class) -> Visitor:
    return with_session(chess.api, chess.teacher)


def statuses(chess: Class, lesson: str) -> list[str | None]:
    found = rows(sheet(chess.head, lesson))
    return [found[client]["status"] for client in chess.members]


# Who, and what they see


def test_a_roll_call_is_for_who_teaches_and_for_managers(chess: Class) -> None:
    lesson = chess.lesson()
    answered = {
        role: with_session(chess.api, chess.api.having(role)).opens(path_of(lesson)).status_code
        for role in Role
    }
    assert answered == {
        Role.USER: 403, Role.EMPLOYEE: 403, Role.MANAGER: 200, Role.HEAD_MANAGER: 200, Role.OWNER: 200,
        Role.ADMIN: 200,
    }  # fmt: skip
    assert with_session(chess.api, chess.teacher).opens(path_of(lesson)).status_code == 200
    assert leads_to(visitor(chess.api).opens(path_of(lesson))).startswith("/app/sign-in?next=%2Fapp%2Fless")
    clerk = with_session(chess.api, chess.clerk)
    for refused in (clerk.opens(path_of(lesson)), clerk.sends(path_of(lesson), do="rest")):
        assert refused.status_code == 403
        assert "insufficient permissions" in shown(refused, has_scripts=True).texts
    assert sheet(chess.head, lesson)["counts"]["unmarked"] == 3


def test_a_lesson_that_is_not_there_is_not_found(chess: Class, teacher: Visitor) -> None:
    for lesson in (UNKNOWN_ID, "nothing", "0" * 36):
        assert teacher.opens(path_of(lesson)).status_code == 404
        assert teacher.sends(path_of(lesson)).status_code == 404


def test_everything_to_be_known_at_the_door_stands_with_the_client(chess: Class, teacher: Visitor) -> None:
    (anna, bea, carl), lesson = chess.members, chess.lesson()
    good(chess.head.puts(f"/clients/{anna}", birthday="2018-03-02", notes="asthma"), 200)
    good(marks(chess.head, chess.lesson(YESTERDAY), entry(bea), entry(carl, "absent")), 200)
    chess.sells(anna, name="Ten", visits=10)
    good(marks(chess.head, lesson, entry(carl, "late", minutes_late=5, note="bus"), entry(chess.guest)), 200)
    page = Filled.of(teacher, lesson)
    assert {"09:00 Chess", "Monday, 2 March 2026, 09:00–09:59 · Main", "2 of 4"} <= {*page.texts}
    # by family, guests after them
    assert page.form.order == [bea, anna, carl, chess.guest]
    badges = {
        client: re.findall(r'<span class="badge (?:\w+)">([^<]*)<', page.card(client))
        for client in page.form.order
    }
    assert badges == {
        anna: ["Birthday", "First visit", "10 left"],
        bea: ["unpaid 1"],
        carl: ["First visit", "unpaid 2"],
        chess.guest: ["First visit", "Guest", "unpaid 1"],
    }
    assert (page.status(carl), page.form.fields[f"minutes:{carl}"], page.form.fields[f"note:{carl}"]) == (
        "late", "5", "bus",
    )  # fmt: skip
    assert "Marked by head" in page.card(carl)
    assert ">AB<" in page.card(anna)


def test_an_announced_absence_and_an_unlimited_pass_are_told(chess: Class, teacher: Visitor) -> None:
    (anna, bea, _), lesson = chess.members, chess.lesson(TOMORROW)
    parent = chess.api.having(Role.USER)
    good(chess.head.puts(f"/clients/{anna}", user_ids=[parent.id]), 200)
    good(parent.puts(f"/lessons/{lesson}/attendance/{anna}/absence", note="flu"), 200)
    chess.sells(bea, name="A month", valid_months=1)
    page = Filled.of(teacher, lesson)
    assert "Absence announced" in page.card(anna)
    assert 'value="excused" checked>' in page.card(anna)
    assert 'value="present" disabled' in page.card(anna)
    # sold from 1 February for a month, which is over
    assert "until" not in page.card(bea)


def test_a_pass_that_is_good_until_another_year_says_which(chess: Class, teacher: Visitor) -> None:
    anna, bea, _ = chess.members
    # from 1 February 2026 on; today is 2 March 2026
    chess.sells(anna, name="Half a year", valid_months=6)
    chess.sells(bea, name="A year", valid_months=12)
    page = Filled.of(teacher, chess.lesson())
    assert ">until 31 Jul<" in page.card(anna)
    assert ">until 31 Jan 2027<" in page.card(bea)


def test_what_is_typed_by_people_is_text(chess: Class, teacher: Visitor) -> None:
    written, lesson = "'\"><script>alert(1)</script>&amp;", chess.lesson()
    good(chess.head.puts(f"/clients/{chess.members[0]}", name=written), 200)
    good(chess.head.puts(f"/groups/{chess.group}", name=written), 200)
    good(marks(chess.head, lesson, entry(chess.members[0], note=f"\n{written}\n")), 200)
    page = Filled.of(teacher, lesson)
    assert page.form.fields[f"note:{chess.members[0]}"] == f"{written}\n" or written in page.html.replace(
        "&lt;", "<"
    ).replace("&gt;", ">").replace("&#34;", '"').replace("&#39;", "'").replace("&amp;", "&")
    assert leads_to(page.sends()) == f"{path_of(lesson)}?notice=saved"
    assert rows(sheet(chess.head, lesson))[chess.members[0]]["version"] == 1, "nothing was changed"


# Notes that phones do not keep


def test_what_is_noted_of_a_client_is_behind_one_tap_and_not_in_the_page(
    chess: Class, teacher: Visitor
) -> None:
    anna, lesson = chess.members[0], chess.lesson()
    good(
        chess.head.puts(
            f"/clients/{anna}", notes="asthma\nspray", phone="+49 30 1", guardian_name="Ida", email="i@x.org"
        ),
        200,
    )
    page = teacher.opens(path_of(lesson))
    assert "asthma" not in page.text
    behind = f"{path_of(lesson)}/notes/{anna}"
    assert behind in shown(page, has_scripts=True).links
    # in the row itself, not in what has to be opened first
    assert behind in Filled.of(teacher, lesson).card(anna).partition("</details>")[2]
    read = shown(teacher.opens(behind))
    assert {"asthma", "spray", "Ida", "+49 30 1", "i@x.org"} <= {*read.texts}
    assert {path_of(lesson), "tel:+49301"} <= {*read.links}
    assert "There are no notes." in shown(teacher.opens(f"{path_of(lesson)}/notes/{chess.members[1]}")).texts
    assert teacher.opens(f"{path_of(lesson)}/notes/{UNKNOWN_ID}").status_code == 404
    assert with_session(chess.api, chess.clerk).opens(behind).status_code == 403


# The form


def test_one_form_saves_what_was_chosen_and_nothing_else(chess: Class, teacher: Visitor) -> None:
    (anna, bea, carl), lesson = chess.members, chess.lesson()
    page = Filled.of(teacher, lesson)
    saved = page.sends(
        **{
            f"status_{anna}": "present",
            f"status_{bea}": "late",
            f"minutes_{bea}": "7",
            f"note_{bea}": "bus\r\n2",
        }
    )
    assert leads_to(saved) == f"{path_of(lesson)}?notice=saved"
    found = rows(sheet(chess.head, lesson))
    assert statuses(chess, lesson) == ["present", "late", None]
    assert (found[bea]["minutes_late"], found[bea]["note"]) == (7, "bus\n2")
    again = Filled.shown_by(teacher, page.path, teacher.opens(leads_to(saved)))
    assert "Saved" in again.texts
    # the same form once more, and one with other statuses: minutes go by themselves
    assert leads_to(again.sends()) == leads_to(saved)
    assert rows(sheet(chess.head, lesson))[bea]["version"] == 1
    leads_to(again.sends(**{f"status_{bea}": "absent", f"clear_{anna}": "yes", f"trial_{carl}": "yes",
                            f"status_{carl}": "present"}))  # fmt: skip
    found = rows(sheet(chess.head, lesson))
    assert statuses(chess, lesson) == [None, "absent", "present"]
    assert (found[bea]["minutes_late"], found[bea]["note"], found[carl]["trial"]) == (None, "bus\n2", True)


def test_the_rest_is_present_but_for_who_is_marked_meanwhile(chess: Class, teacher: Visitor) -> None:
    (anna, bea, _), lesson = chess.members, chess.lesson()
    page = Filled.of(teacher, lesson)
    good(marks(chess.head, lesson, entry(bea, "excused")), 200)
    leads_to(page.sends("rest", **{f"status_{anna}": "absent"}))
    assert statuses(chess, lesson) == ["absent", "excused", "present"]


def test_what_somebody_else_has_changed_is_asked_about_and_what_was_chosen_kept(
    chess: Class, teacher: Visitor
) -> None:
    (anna, bea, carl), lesson = chess.members, chess.lesson()
    page = Filled.of(teacher, lesson)
    good(marks(chess.head, lesson, entry(anna, "excused"), entry(carl, "excused")), 200)
    refused = page.sends(**{f"status_{anna}": "present", f"status_{bea}": "late", f"note_{bea}": "x"})
    assert refused.status_code == 412
    assert statuses(chess, lesson) == ["excused", None, "excused"], "all or nothing"
    asked = page.again(refused)
    assert "changed since you read it" in asked.texts
    alert = asked.html.partition('role="alert"')[2].partition("</div>")[0]
    assert f'<a href="#client-{anna}">' in alert
    assert "Changed meanwhile to “Excused” by head." in alert
    assert f"#client-{bea}" not in alert
    assert "now:" not in alert
    assert "Changed meanwhile to “Excused” by head." in asked.card(anna)
    assert "Changed meanwhile" not in asked.card(bea) + asked.card(carl)
    assert [asked.status(client) for client in chess.members] == ["present", "late", "excused"]
    assert asked.form.fields[f"note:{bea}"] == "x"
    leads_to(asked.sends())
    assert statuses(chess, lesson) == ["present", "late", "excused"]


@pytest.mark.plants
def test_without_versions_somebody_elses_mark_is_seen_to_be_overwritten(
    chess: Class, teacher: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    lesson, changed = chess.lesson(), roll_call._changed

    def unguarded(form: Any) -> list[Any]:
        return [
            {name: value for name, value in sent.items() if name != "if_version"} for sent in changed(form)
        ]

    monkeypatch.setattr(roll_call, "_changed", unguarded)
    page = Filled.of(teacher, lesson)
    good(marks(chess.head, lesson, entry(chess.members[0], "excused")), 200)
    leads_to(page.sends(**{f"status_{chess.members[0]}": "present"}))
    assert statuses(chess, lesson)[0] == "present"


def asked_about_anna(chess: Class, teacher: Visitor, lesson: str) -> Filled:
    """Her teacher means to mark her as present, the office has excused her, and nobody has decided yet."""
    page = Filled.of(teacher, lesson)
    good(marks(chess.head, lesson, entry(chess.members[0], "excused")), 200)
    return page.again(page.sends("rest", **{f"status_{chess.members[0]}": "present"}))


def test_the_rest_leaves_open_what_is_asked_about(chess: Class, teacher: Visitor) -> None:
    lesson = chess.lesson()
    asked = asked_about_anna(chess, teacher, lesson)
    for _ in range(2):
        refused = asked.sends("rest")
        assert refused.status_code == 412
        asked = asked.again(refused)
        assert "Changed meanwhile to “Excused” by head." in asked.card(chess.members[0])
        assert statuses(chess, lesson) == ["excused", None, None]
    leads_to(asked.sends())
    assert statuses(chess, lesson) == ["present", None, None]


@pytest.mark.plants
def test_where_the_rest_asks_nothing_somebody_elses_mark_is_seen_to_be_overwritten(
    chess: Class, teacher: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roll_call, "_require_decided", lambda *_: None)
    lesson = chess.lesson()
    leads_to(asked_about_anna(chess, teacher, lesson).sends("rest"))
    assert statuses(chess, lesson) == ["present"] * 3


def test_a_mark_that_was_removed_meanwhile_is_asked_about(chess: Class, teacher: Visitor) -> None:
    anna, lesson = chess.members[0], chess.lesson()
    good(marks(chess.head, lesson, entry(anna, "late")), 200)
    page = Filled.of(teacher, lesson)
    good(marks(chess.head, lesson, entry(anna, None)), 200)
    asked = page.again(page.sends(**{f"status_{anna}": "absent"}))
    assert "The mark was removed meanwhile." in asked.card(anna)
    leads_to(asked.sends())
    assert statuses(chess, lesson)[0] == "absent"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"status": "late", "minutes": "601"}, "must be a whole number from 1 to 600"),
        ({"status": "late", "minutes": "0"}, "must be a whole number from 1 to 600"),
        ({"status": "late", "minutes": "five"}, "must be a whole number from 1 to 600"),
        ({"status": "late", "minutes": "٥"}, "must be a whole number from 1 to 600"),
        ({"status": "present", "note": "x" * 1001}, "must have at most 1,000 characters"),
        ({"note": "alone"}, "must be given only with a status"),
    ],
)
def test_what_is_wrong_is_said_at_the_client_and_what_was_typed_stays(
    chess: Class, teacher: Visitor, typed: dict[str, str], said: str
) -> None:
    anna, bea, _ = chess.members
    lesson = chess.lesson()
    page = Filled.of(teacher, lesson)
    fields = {f"{name}_{anna}": value for name, value in typed.items()} | {f"status_{bea}": "present"}
    refused = page.sends(**fields)
    assert refused.status_code == 400
    asked = page.again(refused)
    card = asked.card(anna)
    assert said in card
    field = "minutes" if "minutes" in typed else "note"
    # at its field, and on top with whose it is and what leads there
    assert re.search(rf'name="{field}:{anna}"[^>]* aria-describedby="{field}-fault-{anna}"', card)
    assert f'<p class="fault" id="{field}-fault-{anna}"><span class="said">{said}' in card
    assert ("<details open>" in card) == (field == "note")
    alert = asked.html.partition('role="alert"')[2].partition("</div>")[0]
    label = {"minutes": "Minutes late", "note": "Note"}[field]
    assert f'<a href="#client-{anna}">Anna Berg, {label}: {said}</a>' in alert
    for name, value in typed.items():
        assert asked.form.fields[f"{name}:{anna}"] == value
    assert asked.status(bea) == "present"
    assert statuses(chess, lesson) == [None] * 3


def test_all_that_is_wrong_is_said_at_once(chess: Class, teacher: Visitor) -> None:
    anna, bea, carl = chess.members
    page = Filled.of(teacher, chess.lesson())
    typed = {f"status_{it}": "late" for it in (anna, bea)}
    refused = page.sends(
        **typed, **{f"minutes_{anna}": "five", f"minutes_{bea}": "999", f"trial_{carl}": "yes"}
    )
    asked = page.again(refused)
    assert refused.status_code == 400
    for client, said in (
        (anna, "must be a whole number from 1 to 600"),
        (bea, "must be a whole number from 1 to 600"),
        (carl, "must be given only with a status"),
    ):
        assert said in asked.card(client)


def test_what_no_page_of_ours_sends_is_refused(chess: Class, teacher: Visitor) -> None:
    lesson, anna = chess.lesson(), chess.members[0]
    for fields in (
        {f"version:{anna}": "x"},
        {"version:nobody": "0"},
        {f"version:{anna}": "0", f"status:{anna}": "asleep"},
        {f"version:{anna}": "٣"},
    ):
        assert teacher.sends(path_of(lesson), **fields).status_code == 400
    typed = {f"version:{UNKNOWN_ID}": "0", f"status:{UNKNOWN_ID}": "present"}
    assert teacher.sends(path_of(lesson), **typed).status_code == 400
    elsewhere = teacher.sends(path_of(lesson), by={"sec-fetch-site": "cross-site"}, do="rest")
    assert elsewhere.status_code == 403
    assert statuses(chess, lesson) == [None] * 3


@pytest.mark.slow
def test_a_whole_school_fits_into_the_form(memory: Api) -> None:
    school = Class.of(memory, *(f"Child {number}" for number in range(150)))
    lesson = school.lesson()
    leads_to(Filled.of(with_session(memory, school.teacher), lesson).sends("rest"))
    assert sheet(school.head, lesson)["counts"]["present"] == 150


# Guests


def test_a_guest_is_looked_for_and_marked(chess: Class, teacher: Visitor) -> None:
    lesson, anna = chess.lesson(), chess.members[0]
    page = Filled.of(teacher, lesson)
    found = page.again(page.sends("search", guest="zo", **{f"status_{anna}": "late"}))
    assert found.form.order[-1] == chess.guest
    assert found.status(anna) == "late", "nothing that was chosen is lost"
    assert statuses(chess, lesson) == [None] * 3
    # whoever was found and not chosen is nobody's rest
    refused = found.again(found.sends("rest", **{f"minutes_{anna}": "x"}))
    assert refused.form.order[-1] == chess.guest
    leads_to(found.sends("rest"))
    assert statuses(chess, lesson) == ["late", "present", "present"]
    assert chess.guest not in rows(sheet(chess.head, lesson))
    found = page.again(page.sends("search", guest="zo"))
    leads_to(found.sends(**{f"status_{chess.guest}": "present", f"trial_{chess.guest}": "yes"}))
    assert rows(sheet(chess.head, lesson))[chess.guest]["trial"] is True
    nobody = page.again(page.sends("search", guest="nobody at all"))
    assert "Nobody is found." in nobody.texts


# When nothing can be marked


def test_a_lesson_to_come_is_shown_with_when_marking_begins(chess: Class, teacher: Visitor) -> None:
    page = Filled.of(teacher, chess.lesson(TOMORROW))
    assert any("Marking begins at 3 Mar 2026, 08:45" in text for text in page.texts)
    assert f"status:{chess.members[0]}" in page.form.disabled
    assert 'data-starts-at="2026-03-03T08:45:00+00:00"' in page.html


def sends_ahead(chess: Class, teacher: Visitor, lesson: str) -> Any:
    """What the page of a lesson to come does not offer: somebody as present, and an excuse beside it."""
    anna, bea, _ = chess.members
    return Filled.of(teacher, lesson).sends(**{f"status_{anna}": "present", f"status_{bea}": "excused"})


def test_before_marking_begins_the_form_saves_nothing_but_excuses(chess: Class, teacher: Visitor) -> None:
    lesson, bea = chess.lesson(TOMORROW), chess.members[1]
    refused = sends_ahead(chess, teacher, lesson)
    assert refused.status_code == 400
    assert "must be excused: the lesson has not begun" in refused.text
    assert statuses(chess, lesson) == [None] * 3
    leads_to(Filled.of(teacher, lesson).sends(**{f"status_{bea}": "excused"}))
    assert statuses(chess, lesson) == [None, "excused", None]


@pytest.mark.plants
def test_where_nobody_looks_at_the_status_somebody_is_seen_to_be_there_before_it_began(
    chess: Class, teacher: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(use_cases, "time_error", lambda *_: None)
    lesson = chess.lesson(TOMORROW)
    leads_to(sends_ahead(chess, teacher, lesson))
    assert statuses(chess, lesson) == ["present", "excused", None]


def test_a_lesson_of_long_ago_is_shown_with_when_that_ended(chess: Class, teacher: Visitor) -> None:
    page = Filled.of(teacher, chess.lesson("2026-02-20"))
    assert "Marks could be changed until 27 Feb 2026. Ask the office." in page.texts
    assert not page.form.buttons
    late = teacher.sends(
        page.path, **{f"version:{chess.members[0]}": "0", f"status:{chess.members[0]}": "late"}
    )
    assert late.status_code == 403
    assert "too late to change this lesson" in shown(late, has_scripts=True).texts


def test_a_cancelled_lesson_says_so(chess: Class, teacher: Visitor) -> None:
    lesson = chess.lesson()
    page = Filled.of(teacher, lesson)
    chess.edits(lesson, state="cancelled", reason="storm")
    refused = page.sends(**{f"status_{chess.members[0]}": "present"})
    assert refused.status_code == 409
    assert "lesson is cancelled" in page.again(refused).texts
    shown_now = Filled.of(teacher, lesson)
    assert {"This lesson is cancelled. Nobody can be marked.", "storm"} <= {*shown_now.texts}
    assert not shown_now.form.buttons


INITIALS = {
    "Ann Lee": "AL",
    "(Ann) Lee": "AL",
    "Lee, Ann": "LA",
    "Öznur von der Örtze": "ÖÖ",
    "anna-maria øst": "AØ",
    "Анна Яковлева": "АЯ",
    "Ann Lee (2)": "AL",
    "Ann 3 Lee 4": "AL",
    "Ann": "A",
    "'Ann' 7": "A",
    "李 小龙": "李小",
    "17 (3)": "",
}


def test_initials_are_made_of_letters() -> None:
    assert {name: initials(name) for name in INITIALS} == INITIALS


def test_a_script_makes_the_same_initials() -> None:
    """Of guests who are added, whose rows no template makes."""
    static = files("attendance.adapters.web") / "static"
    script = joined("sheet", lambda module: (static / f"{module}.js").read_text())
    page = "globalThis.document = { getElementById: () => ({ dataset: {} }) };\n"
    asked = f"console.log(JSON.stringify({json.dumps([*INITIALS])}.map(initials)));"
    assert json.loads(ran_by_node(f"{page}{script}{asked}")) == [*INITIALS.values()]


@pytest.mark.parametrize(
    ("born", "on", "is_one"),
    [
        ("2018-03-02", "2026-03-02", True),
        ("2018-03-02", "2026-03-03", False),
        ("2016-02-29", "2026-02-28", False),
        ("2016-02-29", "2026-03-01", True),
        ("2016-02-29", "2028-03-01", False),
        ("2016-02-29", "2028-02-28", False),
        ("2016-02-29", "2028-02-29", True),
    ],
)
def test_birthdays(born: str, on: str, *, is_one: bool) -> None:
    assert roll_call._is_birthday(date.fromisoformat(born), date.fromisoformat(on)) is is_one
