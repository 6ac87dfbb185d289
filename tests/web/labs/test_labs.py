"""Labs as pages: what their owners, their members and everybody else see and do."""

import re
from collections.abc import Iterator
from datetime import date
from uuid import UUID

import httpx
import pytest

from attendance.domain.ids import LabId
from tests.http.api import MARCH_2, UNKNOWN_ID, Api, Lab, Person, running
from tests.web.visitors import Shown, Visitor, leads_to, shown as shown_page, signed_in, visitor, with_session

NOTE = "came with a note"


@pytest.fixture
def owner(memory: Api) -> Person:
    return memory.having(username="olga")


@pytest.fixture
def member(memory: Api) -> Person:
    return memory.having(username="anna")


@pytest.fixture
def lab(owner: Person, member: Person) -> Lab:
    lab = owner.opens_lab("Physics", "Room 5\nMondays")
    assert member.joins(lab).status_code == 200
    return lab


def shown(response: httpx.Response) -> Shown:
    """What a page shows; the sheet of a lab has a script for its keys."""
    is_sheet = re.fullmatch(r"/app/labs/(?!new)[^/]+(/marks)?", response.url.path)
    return shown_page(response, has_scripts=is_sheet is not None)


def path_of(lab: Lab) -> str:
    return f"/app/labs/{lab.id}"


def pressed(visitor: Visitor, path: str) -> list[str]:
    """The statuses that are chosen on a page, by member."""
    return re.findall(r'value="(\w+)" aria-pressed="true"', visitor.opens(path).text)


def marked(memory: Api, lab: Lab, on: str = MARCH_2) -> list[tuple[str, str, str]]:
    with memory.store.autocommit() as work:
        sheet = work.lab_attendance.sheet(LabId(UUID(lab.id)), date.fromisoformat(on))
    return [(row.username, row.status.value, row.note) for row in sheet.attendances] if sheet else []


# Finding and joining


def test_labs_are_listed_for_whoever_owns_or_has_joined_them(
    memory: Api, owner: Person, member: Person, lab: Lab
) -> None:
    for person, role in ((owner, "Owner"), (member, "Member")):
        page = shown(with_session(memory, person).opens("/app/labs"))
        assert path_of(lab) in page.links
        assert {"Physics", role, "1 member"} <= {*page.texts}
    stranger = shown(signed_in(memory).opens("/app/labs"))
    assert path_of(lab) not in stranger.links
    assert "/app/labs/new" in stranger.links


def test_a_lab_is_found_by_its_name_or_description_and_joined(memory: Api, owner: Person, lab: Lab) -> None:
    ben = signed_in(memory, username="ben")
    assert path_of(lab) not in shown(ben.opens("/app/labs?q=chemistry")).links
    for q in ("PHYS", "room", " physics "):
        page = ben.opens(f"/app/labs?q={q}")
        assert path_of(lab) in shown(page).links
        assert "1 lab found" in shown(page).texts
        assert f'action="{path_of(lab)}/join"' in page.text
    assert leads_to(ben.sends(f"{path_of(lab)}/join")) == f"{path_of(lab)}?notice=joined"
    joined = shown(ben.opens(f"{path_of(lab)}?notice=joined"))
    assert "You are a member of this lab now." in joined.texts
    assert "Join" not in joined.texts
    assert "Join" not in shown(ben.opens("/app/labs?q=physics")).texts
    again = ben.sends(f"{path_of(lab)}/join")
    assert (again.status_code, "already a member" in shown(again).texts) == (409, True)
    assert path_of(lab) in shown(again).links


def test_many_labs_are_found_page_by_page(memory: Api, owner: Person) -> None:
    for number in range(41):
        owner.opens_lab(f"Lab {number:02}")
    ben = signed_in(memory)
    first, last = shown(ben.opens("/app/labs?q=lab")), shown(ben.opens("/app/labs?q=lab&page=3"))
    assert (first.texts.count("Join"), last.texts.count("Join")) == (20, 1)
    assert "?q=lab&amp;page=2" in ben.opens("/app/labs?q=lab").text
    assert ben.opens("/app/labs?q=lab&page=x").status_code == 400


def test_whoever_creates_a_lab_owns_it(memory: Api) -> None:
    olga = signed_in(memory, email_confirmed_at=None)
    path = leads_to(olga.sends("/app/labs", name=" Physics ", description="Room 5\r\nMondays"))
    page = shown(olga.opens(path))
    assert "Physics" in page.texts
    assert any("Nobody has joined yet" in text for text in page.texts)
    [found] = memory.nobody.searches_labs("physics").json()["labs"]
    assert found["description"] == "Room 5\nMondays"


def test_a_lab_that_is_refused_keeps_what_was_typed(memory: Api) -> None:
    olga = signed_in(memory)
    refused = olga.sends("/app/labs", name="x" * 201, description="<b>\nroom")
    page = shown(refused)
    assert refused.status_code == 400
    assert page.values["name"] == "x" * 201
    assert "<b>\nroom" in refused.text.replace("&lt;", "<").replace("&gt;", ">")
    assert "must have 1 to 200 characters" in page.texts
    assert memory.nobody.searches_labs().json()["total"] == 0


# The sheet of a day


def test_the_owner_marks_members_and_takes_marks_back(
    memory: Api, owner: Person, member: Person, lab: Lab
) -> None:
    olga, path = with_session(memory, owner), path_of(lab)
    assert pressed(olga, path) == []
    for status in ("late", "present", "present"):
        to = leads_to(olga.sends(f"{path}/marks", user_id=member.id, day=MARCH_2, status=status, note=""))
        assert to == f"{path}?day={MARCH_2}#member-{member.id}"
        assert pressed(olga, f"{path}?day={MARCH_2}") == [status]
    olga.sends(f"{path}/marks", user_id=member.id, day=MARCH_2, status="present", note=f"{NOTE}\r\ntwice")
    assert marked(memory, lab) == [("anna", "present", f"{NOTE}\ntwice")]
    assert any(NOTE in text for text in shown(olga.opens(path)).texts)
    [delete] = re.findall(rf'action="({path}/marks/[^"]+/delete)"', olga.opens(path).text)
    assert leads_to(olga.sends(delete, day=MARCH_2)) == f"{path}?notice=deleted&day={MARCH_2}"
    assert marked(memory, lab) == []
    assert "The mark is gone." in shown(olga.opens(f"{path}?notice=deleted&day={MARCH_2}")).texts
    gone = olga.sends(delete, day=MARCH_2)
    assert (gone.status_code, "/app/labs" in shown(gone).links) == (404, True)


def test_a_status_that_is_chosen_takes_the_mark_back_unless_there_is_a_note(
    memory: Api, owner: Person, member: Person, lab: Lab
) -> None:
    olga, path = with_session(memory, owner), path_of(lab)
    owner.marks(lab, member, MARCH_2, "late")
    html = olga.opens(path).text
    [delete] = re.findall(r'value="late" aria-pressed="true" formaction="([^"]+)"', html)
    assert html.count("formaction=") == 1
    typed = {"user_id": member.id, "day": MARCH_2, "status": "late", "note": ""}
    assert leads_to(olga.sends(delete, **typed)) == f"{path}?day={MARCH_2}#member-{member.id}"
    assert marked(memory, lab) == []
    owner.marks(lab, member, MARCH_2, "late", note=NOTE)
    # nobody loses what is written by a tap
    assert "formaction=" not in olga.opens(path).text


def test_another_status_keeps_the_note(memory: Api, owner: Person, member: Person, lab: Lab) -> None:
    olga = with_session(memory, owner)
    owner.marks(lab, member, MARCH_2, "late", note=NOTE)
    assert f'<input type="hidden" name="note" value="{NOTE}">' in olga.opens(path_of(lab)).text


def test_each_day_has_its_own_sheet(memory: Api, owner: Person, member: Person, lab: Lab) -> None:
    olga, path = with_session(memory, owner), path_of(lab)
    owner.marks(lab, member, "2026-02-27", "absent")
    assert pressed(olga, f"{path}?day=2026-02-27") == ["absent"]
    page = shown(olga.opens(path))
    assert {"Monday, 2 March 2026", "0 of 1 marked"} <= {*page.texts}
    assert {"?day=2026-03-01", "?day=2026-03-03"} <= {*page.links}
    assert "?day=0000-12-31" not in shown(olga.opens(f"{path}?day=0001-01-01")).links
    assert olga.opens(f"{path}?day=9999-12-31").status_code == 200
    for wrong in ("x", "2026-02-30", "20260302"):
        refused = olga.opens(f"{path}?day={wrong}")
        assert (refused.status_code, "must be a date" in shown(refused).texts) == (400, True)


def test_a_note_that_is_refused_stays_where_it_was_typed(
    memory: Api, owner: Person, member: Person, lab: Lab
) -> None:
    olga, path = with_session(memory, owner), path_of(lab)
    owner.marks(lab, member, "2026-02-27", "late")
    typed = {"user_id": member.id, "day": "2026-02-27", "status": "late", "note": "x" * 1001}
    refused = olga.sends(f"{path}/marks", **typed)
    assert refused.status_code == 400
    assert shown(refused).texts.count("must have at most 1,000 characters") == 1
    assert "Friday, 27 February 2026" in shown(refused).texts
    assert "<details open>" in refused.text
    assert "x" * 1001 in refused.text
    assert "#note" in shown(refused).links


@pytest.mark.parametrize(
    "typed",
    [
        {"status": "gone"},
        {"day": "x"},
        {"day": ""},
        {"user_id": "x"},
        {"user_id": ""},
        {"user_id": UNKNOWN_ID},
    ],
)
def test_what_no_page_of_ours_sends_marks_nobody(
    memory: Api, owner: Person, member: Person, lab: Lab, typed: dict[str, str]
) -> None:
    olga = with_session(memory, owner)
    usual = {"user_id": member.id, "day": MARCH_2, "status": "late", "note": ""}
    assert olga.sends(f"{path_of(lab)}/marks", **usual | typed).status_code in (400, 404)
    assert marked(memory, lab) == []


def test_only_members_are_marked(memory: Api, owner: Person, lab: Lab) -> None:
    olga = with_session(memory, owner)
    ben = memory.having()
    refused = olga.sends(f"{path_of(lab)}/marks", user_id=ben.id, day=MARCH_2, status="late", note="")
    assert (refused.status_code, "user is not a member of the lab" in shown(refused).texts) == (409, True)


# The history of a member


def test_a_history_is_shown_the_newest_first_and_leads_to_the_days(
    memory: Api, owner: Person, member: Person, lab: Lab
) -> None:
    olga, path = with_session(memory, owner), f"{path_of(lab)}/members/{member.id}"
    assert "Not marked yet." in shown(olga.opens(path)).texts
    for day, status in (("2026-02-27", "absent"), ("2026-03-01", "late"), ("2026-03-02", "late")):
        owner.marks(lab, member, day, status)
    page = shown(olga.opens(path))
    days = [text for text in page.texts if re.fullmatch(r"\w{3}, \d+ \w{3}", text)]
    assert days == ["Mon, 2 Mar", "Sun, 1 Mar", "Fri, 27 Feb"]
    assert "Late: 2 · Absent: 1" in page.texts
    assert f"{path_of(lab)}?day=2026-02-27#member-{member.id}" in page.links
    some = shown(olga.opens(f"{path}?from=2026-03-01&until=2026-03-01"))
    assert (some.values["from"], "Late: 1" in some.texts) == ("2026-03-01", True)
    assert "Not marked on any of these days." in shown(olga.opens(f"{path}?from=2026-03-03")).texts
    backwards = olga.opens(f"{path}?from=2026-03-03&until=2026-03-01")
    assert (backwards.status_code, "must not be after the last day" in shown(backwards).texts) == (400, True)


# What others see


def test_members_see_each_other_and_nobodys_marks(
    memory: Api, owner: Person, member: Person, lab: Lab
) -> None:
    owner.marks(lab, member, MARCH_2, "late", note=NOTE)
    anna, ben = with_session(memory, member), signed_in(memory)
    for person in (anna, ben):
        page = person.opens(path_of(lab))
        assert NOTE not in page.text
        assert "aria-pressed" not in page.text
        assert ("anna" in shown(page).texts) == (person is anna)
        assert "Its owner, olga, keeps the attendance and alone sees it." in shown(page).texts
        history = person.opens(f"{path_of(lab)}/members/{member.id}")
        assert (history.status_code, NOTE in history.text) == (403, False)
        assert "only lab owner can view attendance" in shown(history).texts
        typed = {"user_id": member.id, "day": MARCH_2, "status": "present", "note": ""}
        assert person.sends(f"{path_of(lab)}/marks", **typed).status_code == 403
    assert marked(memory, lab) == [("anna", "late", NOTE)]


def test_a_lab_that_is_not_there_is_not_found(memory: Api, owner: Person) -> None:
    olga = with_session(memory, owner)
    for path in (f"/app/labs/{UNKNOWN_ID}", "/app/labs/x", f"/app/labs/{UNKNOWN_ID}/members/{UNKNOWN_ID}"):
        refused = olga.opens(path)
        assert (refused.status_code, "/app/labs" in shown(refused).links) == (404, True)


# Where a setting turns labs off


@pytest.fixture(scope="module")
def without_labs() -> Iterator[Api]:
    with running(labs="off") as api:
        yield api


def test_without_labs_there_is_no_page_and_no_way_to_one(without_labs: Api) -> None:
    for person in (signed_in(without_labs), visitor(without_labs)):
        for path in ("/app/labs", "/app/labs/new", f"/app/labs/{UNKNOWN_ID}"):
            refused = person.opens(path)
            assert refused.status_code == 404
            assert "There is no such page" in shown_page(refused).texts
            assert "/app/labs" not in shown_page(refused).links
        assert person.sends("/app/labs", name="Physics").status_code == 404
    assert leads_to(signed_in(without_labs).opens("/")) == "/app/children"
    assert "/app/labs" not in shown_page(signed_in(without_labs).opens("/app/children")).links


def test_labs_are_for_whoever_is_signed_in_whatever_the_directory_is(memory: Api, lab: Lab) -> None:
    for path in ("/app/labs", path_of(lab)):
        assert leads_to(visitor(memory).opens(path)).startswith("/app/sign-in?next=")
