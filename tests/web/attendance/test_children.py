"""A parent's children, as pages: what is shown, what they may, and nothing of anybody else's."""

import re

import httpx
import pytest

from attendance.adapters.web.server import pages
from attendance.application.club import clients as clients_use_cases
from attendance.application.forms import client_access
from attendance.domain.permissions.roles import Role
from tests.http.api import MARCH_2, UNKNOWN_ID, Api, Person, good, running
from tests.http.club.test_parents_protocol import NOTES, Family
from tests.http.operations import added
from tests.web.visitors import Visitor, leads_to, shown, signed_in, visitor, with_session

CHILDREN = "/app/children"
FROM_ELSEWHERE = {"sec-fetch-site": "cross-site"}


@pytest.fixture
def family(memory: Api) -> Family:
    return Family(memory)


def sells(family: Family, **price: object) -> str:
    made = {"name": "8 visits", "amount": "80.00", "currency": "EUR", "visits": 8, "valid_months": 1}
    price_id = added(family.head, "/prices", **made | price)
    return added(family.manager, "/subscriptions", client_id=family.child, price_id=price_id)


def mother_of(family: Family) -> Visitor:
    return with_session(family.api, family.mother)


def page_of(family: Family) -> str:
    return f"{CHILDREN}/{family.child}"


def absence(family: Family, lesson: str, child: str | None = None) -> str:
    return f"{CHILDREN}/{child or family.child}/absences/{lesson}"


# Whose children


def test_whoever_has_no_child_here_is_told_how_one_gets_here(memory: Api) -> None:
    page = shown(signed_in(memory, username="ada").opens(CHILDREN))
    assert "No child is linked to your account yet." in page.texts
    assert any("ada" in text for text in page.texts)
    unconfirmed = shown(signed_in(memory, email_confirmed_at=None).opens(CHILDREN))
    assert unconfirmed.links.count("/app/confirm-email") == 1
    for role in Role:
        assert signed_in(memory, role).opens(CHILDREN).status_code == 200
    for path in (CHILDREN, f"{CHILDREN}/{UNKNOWN_ID}"):
        assert leads_to(visitor(memory).opens(path)).startswith("/app/sign-in?next=")


def test_the_only_child_is_shown_at_once_and_several_are_chosen_from(family: Family) -> None:
    mother = mother_of(family)
    assert "Anna" in shown(mother.opens(CHILDREN)).texts
    assert "Next lessons" in shown(mother.opens(CHILDREN)).texts
    second = added(family.manager, "/clients", name="Bea", user_ids=[family.mother.id])
    chosen = shown(mother.opens(CHILDREN))
    assert "Next lessons" not in chosen.texts
    assert chosen.texts.count("No pass yet.") == 2
    assert chosen.texts.count("No lessons in the next 30 days.") == 2
    for child in (family.child, second):
        assert f"{CHILDREN}/{child}" in chosen.links
        page = shown(mother.opens(f"{CHILDREN}/{child}"))
        assert {f"{CHILDREN}/{each}" for each in (family.child, second)} <= {*page.links}


def test_of_several_children_each_is_shown_with_its_pass_and_its_next_lesson(family: Family) -> None:
    added(family.manager, "/clients", name="Bea", user_ids=[family.mother.id])
    family.lesson(MARCH_2, starts="09:00", ends="10:00")
    cancelled, following = family.lesson("2026-03-09"), family.lesson("2026-03-16")
    family.lesson("2026-03-23")
    path = f"/groups/{family.group}/lessons/{cancelled}"
    good(family.manager.puts(path, state="cancelled", reason="snow"), 200)
    sells(family)
    mother = mother_of(family)
    # neither one that is over nor one that is cancelled, and of Bea there is none
    first, second = (
        " ".join(part.split()) for part in mother.opens(CHILDREN).text.split('<li class="card">')[1:]
    )
    assert "<strong>8 left</strong>, until 1 Apr 2026" in first
    assert "Next lesson: Mon 16 Mar 2026, 18:00, Clay</p>" in first
    assert "No pass yet." in second
    assert "No lessons in the next 30 days." in second
    assert leads_to(mother.sends(absence(family, following)))
    assert "Absence reported" in shown(mother.opens(CHILDREN)).texts


def forms_about(family: Family, child: str, lesson: str) -> list[str]:
    return [
        absence(family, lesson, child),
        absence(family, lesson, child) + "/take-back",
        f"{CHILDREN}/{child}/calendar",
        f"{CHILDREN}/{child}/calendar/end",
    ]


def trespassed(family: Family) -> list[str]:
    """Where somebody is shown another's child, or changes something, of all that can be tried."""
    lesson, found = family.lesson(), []
    family.marks(lesson, family.other, status="excused")
    stranger = family.api.having(username="stranger")
    people: list[Person] = [family.mother, family.teacher, family.head, stranger]
    before = good(family.manager.reads(f"/lessons/{lesson}/attendance"), 200)
    for person in people:
        who = with_session(family.api, person)
        for child in (family.other, UNKNOWN_ID, "x", f"{family.other}%20"):
            for path in (f"{CHILDREN}/{child}", f"{CHILDREN}/{child}/calendar"):
                answered = who.opens(path)
                if answered.status_code != 404 or "Xanthippe" in answered.text:
                    found.append(f"GET {path}")
            found += [
                f"POST {path}"
                for path in forms_about(family, child, lesson)
                if who.sends(path, client_id=family.child, note="x").status_code != 404
            ]
    if good(family.manager.reads(f"/lessons/{lesson}/attendance"), 200) != before:
        found.append("a mark")
    return found


def test_anothers_child_is_not_found_on_any_page(family: Family) -> None:
    assert trespassed(family) == []


@pytest.mark.plants
def test_anothers_child_is_seen_to_be_shown_where_nobody_asks_whose_it_is(
    family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    def all_clients(work: object, _: object) -> object:
        return work.clients.get_all_for_update([*work.clients.tables.clients.rows])  # type: ignore[attr-defined]

    monkeypatch.setattr(clients_use_cases, "own_clients", all_clients)
    monkeypatch.setattr(client_access, "is_own", lambda *_: True)
    found = trespassed(family)
    assert f"GET {CHILDREN}/{family.other}" in found
    assert f"POST {CHILDREN}/{family.other}/calendar" in found


# What is shown


def test_a_parent_sees_what_is_left_what_comes_and_what_was(family: Family) -> None:
    past, early = family.lesson(MARCH_2, starts="09:00", ends="10:00"), family.lesson(topic="bowls")
    family.marks(past, family.child, status="late", minutes_late=5, note=NOTES)
    sells(family)
    answered = mother_of(family).opens(page_of(family))
    page = shown(answered)
    assert NOTES not in answered.text
    text = " ".join(page.texts)
    assert "8 left , until 1 Apr 2026" in text
    assert "1 visit is not paid for" in text
    assert "Monday, 9 March 2026, 18:00" in text
    assert "Clay, Hall: bowls" in text
    assert "09:00 Clay: late, 5 minutes." in text
    assert "18:00 Clay: to come." in text
    assert f"{page_of(family)}?month=2026-02-01#attendance" in page.links
    assert early in answered.text


def test_a_lesson_that_is_cancelled_or_marked_says_so_and_takes_no_absence(family: Family) -> None:
    cancelled, marked = family.lesson("2026-03-09"), family.lesson("2026-03-16")
    good(
        family.manager.puts(f"/groups/{family.group}/lessons/{cancelled}", state="cancelled", reason="snow"),
        200,
    )
    family.marks(marked, family.child, status="excused")
    mother = mother_of(family)
    page = mother.opens(page_of(family))
    assert {"Cancelled", "snow", "Excused"} <= {*shown(page).texts}
    assert "Report the absence" not in shown(page).texts
    for lesson, reason in ((cancelled, "cancelled"), (marked, "already marked")):
        refused = mother.sends(absence(family, lesson))
        assert refused.status_code == 409
        assert "alert" in shown(refused).roles
        assert reason in refused.text


def test_the_calendar_is_of_a_month_and_shows_guests_too(family: Family) -> None:
    other_group = added(family.manager, "/groups", name="Chess", location_id=family.location)
    lesson = added(
        family.manager, f"/groups/{other_group}/lessons", date="2026-02-16", starts="10:00", ends="11:00"
    )
    family.marks(lesson, family.child, status="present")
    mother = mother_of(family)
    assert "as a guest: present" in " ".join(shown(mother.opens(f"{page_of(family)}?month=2026-02-28")).texts)
    page = shown(mother.opens(f"{page_of(family)}?month=2026-02-01"))
    assert "10:00 as a guest: present." in " ".join(page.texts)
    assert f"{page_of(family)}?month=2026-01-01#attendance" in page.links
    assert f"{page_of(family)}?month=2026-03-01#attendance" in page.links
    for wrong in ("x", "2026-13-01", "0001-01-01", "9999-12-01"):
        assert mother.opens(f"{page_of(family)}?month={wrong}").status_code == 400


def test_many_lessons_are_shown_when_they_are_asked_for(family: Family) -> None:
    for day in range(3, 13):
        family.lesson(f"2026-03-{day:02}")
    mother = mother_of(family)
    few, all_of_them = mother.opens(page_of(family)), mother.opens(f"{page_of(family)}?lessons=all")
    assert [answered.text.count("<details") for answered in (few, all_of_them)] == [8, 10]
    assert "2 more in the next 30 days" in shown(few).texts
    last = re.findall(r'action="(\S+/absences/[^/"]+)"', all_of_them.text)[-1]
    refused = mother.sends(last, note="x" * 1001)
    assert (refused.status_code, refused.text.count("<details open>")) == (400, 1)


# Absences


def test_a_parent_reports_an_absence_and_takes_it_back(family: Family) -> None:
    lesson = family.lesson()
    mother, father = mother_of(family), with_session(family.api, family.father)
    assert (
        leads_to(mother.sends(absence(family, lesson), note="fever")) == f"{page_of(family)}?notice=reported"
    )
    told = good(family.manager.reads(f"/lessons/{lesson}/attendance"), 200)["attendances"][0]
    assert (told["status"], told["note"], told["announced"]) == ("excused", "fever", True)
    page = shown(mother.opens(f"{page_of(family)}?notice=reported"))
    assert "Note for the teacher: fever" in page.texts
    assert {"Absence reported", "Take back", "The absence is reported. The teacher sees it."} <= {*page.texts}
    back = father.sends(absence(family, lesson) + "/take-back")
    assert leads_to(back) == f"{page_of(family)}?notice=taken-back"
    assert "Take back" not in shown(mother.opens(page_of(family))).texts


def test_a_note_that_is_refused_stays_where_it_was_typed(family: Family) -> None:
    lesson, other = family.lesson(), family.lesson("2026-03-16")
    note = "a\x00b" + "x" * 1000
    refused = mother_of(family).sends(absence(family, lesson), note=note)
    assert refused.status_code == 400
    assert "Error" in shown(refused).texts[0]
    typed = re.search(
        rf'<textarea id="note-{lesson}"[^>]*aria-invalid="true"[^>]*>\n(.*?)</textarea>', refused.text
    )
    assert typed is not None
    assert typed[1].endswith("x" * 1000)
    assert re.search(rf'<textarea id="note-{other}"[^>]*>\n</textarea>', refused.text)
    assert refused.text.count("<details open>") == 1
    # the alert leads to the field, and names it
    link = rf'<a href="#note-{lesson}">Note for the teacher: '
    assert re.search(link, refused.text)


def test_what_others_note_of_an_absence_is_not_shown(family: Family) -> None:
    lesson = family.lesson()
    mother = mother_of(family)
    assert leads_to(mother.sends(absence(family, lesson), note="fever"))
    assert "fever" in mother.opens(page_of(family)).text
    family.marks(lesson, family.child, status="excused", note=NOTES)
    answered = mother.opens(page_of(family))
    assert "Excused" in shown(answered).texts
    assert "fever" not in answered.text
    assert NOTES not in answered.text


def test_two_lessons_of_a_day_are_told_apart_by_the_names_of_what_is_done_with_them(family: Family) -> None:
    family.lesson("2026-03-09", starts="09:00", ends="10:00")
    family.lesson("2026-03-09")
    page = mother_of(family).opens(page_of(family)).text
    names = re.findall(r'<summary>Report an absence <span class="unseen">(.*?)</span>', page)
    assert names == ["(Monday, 9 March 2026, 09:00, Clay)", "(Monday, 9 March 2026, 18:00, Clay)"]


def test_of_a_lesson_that_has_begun_or_is_not_there_nothing_is_reported(family: Family) -> None:
    family.lesson(MARCH_2, starts="00:30", ends="01:30")
    begun = family.lesson(MARCH_2, starts="02:00", ends="23:00")
    mother = mother_of(family)
    page = shown(mother.opens(page_of(family)))
    assert "Monday, 2 March 2026, 02:00" in page.texts
    # one that is over is none of the next ones
    assert "Monday, 2 March 2026, 00:30" not in page.texts
    assert "Report the absence" not in page.texts
    for lesson, status in ((begun, 409), (UNKNOWN_ID, 404), ("x", 404)):
        refused = mother.sends(absence(family, lesson), note="fever\nsince Sunday")
        assert refused.status_code == status
        # the form is gone, what was typed is not
        assert "You typed: Note – fever\nsince Sunday" in refused.text
        assert "You typed" not in mother.sends(absence(family, lesson)).text
    for unknown in (UNKNOWN_ID, "x"):
        assert mother.sends(absence(family, unknown) + "/take-back").status_code == 404
    assert leads_to(mother.opens(absence(family, begun))) == page_of(family)


def test_a_form_of_another_site_changes_nothing(family: Family) -> None:
    lesson = family.lesson()
    mother = mother_of(family)
    for path in forms_about(family, family.child, lesson):
        assert mother.sends(path, by=FROM_ELSEWHERE).status_code == 403
    told = good(family.manager.reads(f"/lessons/{lesson}/attendance"), 200)["attendances"][0]
    assert told["status"] is None


# The link of the calendar


def addresses(page: httpx.Response) -> list[str]:
    """The links that a page shows."""
    return [text for text in shown(page, has_scripts=True).texts if ".ics?token=" in text]


def made_link(family: Family) -> str:
    answered = mother_of(family).sends(f"{page_of(family)}/calendar")
    assert answered.status_code == 200
    return addresses(answered)[0]


def test_the_link_of_a_calendar_is_shown_once_and_ends(family: Family) -> None:
    lesson, mother = family.lesson(), mother_of(family)
    address = made_link(family)
    path, token = address.partition("/api/v1")[2].split("?token=")
    assert lesson in family.api.nobody.reads(path, token=token).text
    assert token not in mother.opens(f"{page_of(family)}/calendar").text
    another = made_link(family)
    assert family.api.nobody.reads(path, token=token).status_code == 401
    token = another.split("?token=")[1]
    assert leads_to(mother.sends(f"{page_of(family)}/calendar/end")).endswith("/calendar?notice=ended")
    assert family.api.nobody.reads(path, token=token).status_code == 401


def test_a_link_that_is_made_is_shown_for_all_of_ones_children(family: Family) -> None:
    mother = mother_of(family)
    sibling = added(family.manager, "/clients", name="Bo", user_ids=[family.mother.id])
    own, other = addresses(mother.sends(f"{page_of(family)}/calendar"))
    assert f"/clients/{family.child}/calendar.ics" in own
    path, token = other.partition("/api/v1")[2].split("?token=")
    assert f"/clients/{sibling}/" in path
    assert family.api.nobody.reads(path, token=token).status_code == 200


def test_a_page_with_a_link_that_is_loaded_again_makes_no_other(family: Family) -> None:
    mother = mother_of(family)
    form = shown(mother.opens(f"{page_of(family)}/calendar")).values["before"] or ""
    (address,) = addresses(mother.sends(f"{page_of(family)}/calendar", before=form))
    path, token = address.partition("/api/v1")[2].split("?token=")
    again = mother.sends(f"{page_of(family)}/calendar", before=form)
    assert leads_to(again).endswith("/calendar?notice=made")
    assert family.api.nobody.reads(path, token=token).status_code == 200


def compressed_link(family: Family) -> bool:
    """Whether the page with a token is compressed for whoever asks for that."""
    mother = mother_of(family)
    mother.headers = {"accept-encoding": "br, gzip"}
    answered = mother.sends(f"{page_of(family)}/calendar")
    assert (answered.status_code, len(answered.content) > 1024) == (200, True)
    return "content-encoding" in answered.headers


def test_a_page_that_shows_a_token_is_never_compressed(family: Family) -> None:
    assert not compressed_link(family)
    mother = mother_of(family)
    mother.headers = {"accept-encoding": "br, gzip"}
    assert "content-encoding" in mother.opens(f"{page_of(family)}/calendar").headers


@pytest.mark.plants
def test_a_page_that_shows_a_token_is_seen_to_be_compressed_when_nobody_minds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pages, "holds_secrets", lambda _: False)
    with running() as api:
        assert compressed_link(Family(api))
