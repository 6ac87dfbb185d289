"""Groups: who sees what of them, and the forms by which they are changed."""

import re
from collections.abc import Callable

import httpx
import pytest

from attendance.adapters.http.server.callers.cookies import SessionCookie
from tests.http.api import UNKNOWN_ID, Api
from tests.web.club.group_clubs import EVENING, TODAY, GroupClub
from tests.web.registry import Forms
from tests.web.visitors import leads_to, shown, visitor

WORKING = ("teacher", "colleague", "manager", "head", "owner", "admin")
MANAGING = ("manager", "head", "owner", "admin")
SEEN = (AssertionError, pytest.fail.Exception)
ELSEWHERE = {"sec-fetch-site": "cross-site"}


@pytest.fixture
def club(memory: Api) -> GroupClub:
    return GroupClub(memory)


def text_of(response: httpx.Response) -> str:
    """All that is read on a proper page, in one line."""
    return " ".join(shown(response).texts)


def options_chosen(html: str, name: str) -> list[str]:
    """The values that are chosen in the select of a name."""
    (select,) = re.findall(rf'<select id="{name}".*?</select>', html, flags=re.DOTALL)
    return re.findall(r'<option value="([^"]*)" selected', select)


# The list


def test_groups_are_listed_with_what_one_looks_for(club: GroupClub) -> None:
    club.adds_lesson("2026-03-05")
    text = text_of(club.by("teacher").opens("/app/groups"))
    for said in (
        "1 group",
        "Clay",
        "Mondays and Thursdays 17:00–18:00",
        "House",
        "Teacher",
        "1 of 3",
        "Thu 5 Mar 2026, 17:00",
    ):
        assert said in text


def test_groups_are_found_by_name_place_state_and_who_teaches(club: GroupClub) -> None:
    club.adds("/groups", name="Drums", location_id=club.yard)
    club.adds("/groups", name="Chess", location_id=club.house, active_until="2026-02-01")
    for query, found in (
        ("", {"Clay", "Drums"}),
        ("q=CLA", {"Clay"}),
        (f"place={club.yard}", {"Drums"}),
        ("mine=yes", {"Clay"}),
        ("state=not-running", {"Chess"}),
        ("state=all", {"Clay", "Drums", "Chess"}),
        (f"state=all&place={club.house}&q=c", {"Clay", "Chess"}),
        ("q=nothing", set()),
    ):
        page = club.by("teacher").opens(f"/app/groups?{query}")
        assert {"Clay", "Drums", "Chess"} & {*shown(page).texts} == found, query
    kept = club.by("teacher").opens(f"/app/groups?q=c&state=all&place={club.house}&mine=yes")
    assert shown(kept).values["q"] == "c"
    assert "checked" in shown(kept).attributes["mine"]
    assert options_chosen(kept.text, "state") == ["all"]
    assert options_chosen(kept.text, "place") == [club.house]


def test_groups_that_are_to_begin_are_found_and_of_ended_ones_the_number_is_told(club: GroupClub) -> None:
    club.adds("/groups", name="Robots", location_id=club.yard, active_from="2026-09-01")
    club.adds("/groups", name="Chess", location_id=club.house, active_until="2026-02-01")
    teacher = club.by("teacher")
    assert "Robots" in shown(teacher.opens("/app/groups?q=robots")).texts
    assert "Robots" not in shown(teacher.opens("/app/groups?q=robots&state=running")).texts
    page = shown(teacher.opens("/app/groups?q=chess"))
    assert "1 other group is, running or not" in page.texts
    assert "/app/groups?q=chess&state=all" in page.links
    assert not [text for text in shown(teacher.opens("/app/groups?q=nothing")).texts if "other group" in text]


def test_a_long_list_is_turned_with_its_filters(club: GroupClub) -> None:
    for number in range(21):
        club.adds("/groups", name=f"Drums {number:02}", location_id=club.yard)
    first = shown(club.by("teacher").opens("/app/groups?q=drums"))
    assert "?q=drums&page=2" in first.links
    second = shown(club.by("teacher").opens("/app/groups?q=drums&page=2"))
    assert "Drums 20" in second.texts
    assert "?q=drums&page=1" in second.links
    assert "Drums 00" not in second.texts


def test_a_filter_that_no_page_sends_is_refused_and_shown_harmlessly(club: GroupClub) -> None:
    assert club.by("teacher").opens("/app/groups?place=x").status_code == 400
    page = club.by("teacher").opens("/app/groups?q=%22%3E%3Cb%3E")
    assert shown(page).values["q"] == '"><b>'


# Who sees what


@pytest.mark.parametrize("name", WORKING)
def test_whoever_works_here_sees_groups_and_what_they_may_do(club: GroupClub, name: str) -> None:
    lesson = club.adds_lesson("2026-03-05")
    person = club.by(name)
    listed, page = shown(person.opens("/app/groups")), shown(person.opens(club.path))
    manages, teaches = name in MANAGING, name == "teacher"
    assert ("/app/groups/new" in listed.links) is manages
    for below in ("/edit", "/schedule", "/teachers", "/end", "/members", f"/members/{club.tom}"):
        assert (f"{club.path}{below}" in page.links) is manages
    for below in ("/lessons/new", "/lessons/make"):
        assert (f"{club.path}{below}" in page.links) is (manages or teaches)
    assert (f"/app/lessons/{lesson}" in page.links) is (manages or teaches)
    assert (f"/app/lessons/{lesson}/edit" in page.links) is (manages or teaches)
    assert ("In your calendar" in page.texts) is teaches
    assert f"/app/clients/{club.tom}" in page.links
    assert "Needs his inhaler" in page.texts
    for link in {*listed.links, *page.links}:
        if link.startswith("/app/groups") or link.endswith("/edit"):
            assert person.opens(link.partition("#")[0]).status_code == 200, link


def test_groups_are_not_for_parents_and_strangers(club: GroupClub) -> None:
    lesson = club.adds_lesson()
    for path in ("/app/groups", club.path, f"/app/lessons/{lesson}/edit"):
        assert club.by("parent").opens(path).status_code == 403
        assert leads_to(visitor(club.api).opens(path)).startswith("/app/sign-in?next=")


FORMS = ("/edit", "/schedule", "/teachers", "/end", "/members", "/lessons/new", "/lessons/make")


@pytest.mark.parametrize("name", ["parent", "teacher", "colleague", "manager"])
def test_a_form_is_shown_to_whoever_may_send_it(club: GroupClub, name: str) -> None:
    may = {*FORMS} if name == "manager" else {"/lessons/new", "/lessons/make"} if name == "teacher" else set()
    answered = {form: club.by(name).opens(f"{club.path}{form}").status_code for form in FORMS}
    assert answered == {form: 200 if form in may else 403 for form in FORMS}
    assert club.by(name).opens("/app/groups/new").status_code == (200 if name == "manager" else 403)


def every_post(club: GroupClub) -> dict[str, dict[str, str]]:
    """Every form of a group, filled in so that it changes something."""
    return {
        f"{club.path}/lessons/make": {"from": TODAY, "to": TODAY},
        f"{club.path}/lessons/new": {"date": "2026-03-03", **EVENING},
        "/app/groups/new": {"name": "Drums", "location_id": club.yard},
        f"{club.path}/edit": {"name": "Mud", "location_id": club.house},
        f"{club.path}/members": {"client_id": club.ann, "from": TODAY},
        f"{club.path}/members/{club.tom}": {"until": TODAY},
        f"{club.path}/teachers": {"teacher-0": ""},
        f"{club.path}/schedule": {"weekday-0": ""},
        f"{club.path}/end": {"last": "2026-03-10"},
    }


def state(club: GroupClub) -> object:
    owner = club.people["owner"]
    return owner.reads("/groups").json(), club.lessons()


def test_a_form_of_somebody_who_may_not_changes_nothing(club: GroupClub) -> None:
    before = state(club)
    for path, typed in every_post(club).items():
        assert club.by("colleague").sends(path, **typed).status_code == 403, path
        assert club.by("parent").sends(path, **typed).status_code == 403, path
    assert state(club) == before


def forged_forms_change_nothing(club: GroupClub) -> None:
    before = state(club)
    for path, typed in every_post(club).items():
        assert club.by("head").sends(path, by=ELSEWHERE, **typed).status_code == 403, path
        assert state(club) == before, path


def test_a_form_of_another_site_changes_nothing(club: GroupClub) -> None:
    forged_forms_change_nothing(club)


@pytest.mark.plants
def test_it_is_seen_to_change_something_where_nobody_looks_whose_it_is(
    club: GroupClub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SessionCookie, "is_asked_by_a_page", lambda *_: True)
    with pytest.raises(SEEN):
        forged_forms_change_nothing(club)


def test_each_form_does_what_it_says(club: GroupClub) -> None:
    """What the two tests above send is what changes something."""
    for path, typed in every_post(club).items():
        before = state(club)
        assert leads_to(club.by("head").sends(path, **typed)), path
        assert state(club) != before, path


@pytest.mark.parametrize("below", ["", *FORMS, f"/members/{UNKNOWN_ID}"])
def test_a_group_that_is_not_there_is_not_found(club: GroupClub, below: str) -> None:
    for group in (UNKNOWN_ID, "x", "%00", club.tom):
        assert club.by("head").opens(f"/app/groups/{group}{below}").status_code == 404
    assert club.by("head").opens(f"{club.path}/members/x").status_code == 404
    assert club.by("head").opens(f"{club.path}/members/{club.ann}").status_code == 404


# One group


def test_a_group_tells_when_where_who_and_how_many(club: GroupClub) -> None:
    text = text_of(club.by("teacher").opens(club.path))
    for said in (
        "Mondays and Thursdays 17:00–18:00",
        "House, Mill Street 1",
        "Teacher",
        "from 5 Jan 2026",
        "Monday, 2 March 2026 (today): 1 of 3",
        "Tom since 5 Jan 2026",
    ):
        assert said in text, said


def test_a_roster_is_shown_as_of_a_day(club: GroupClub) -> None:
    club.edits(
        f"/groups/{club.group}",
        members=[
            {"client_id": club.tom, "from": "2026-01-05", "until": "2026-03-10"},
            {"client_id": club.ann, "from": "2026-04-01"},
        ],
    )
    page = club.by("teacher").opens(club.path)
    assert "Tom since 5 Jan 2026, until 10 Mar 2026" in text_of(page)
    assert "Ann" not in shown(page).texts
    assert f"{club.path}?day=2026-03-11" in shown(page).links
    gone = club.by("teacher").opens(f"{club.path}?day=2026-03-11")
    assert "Nobody is in the group on that day." in shown(gone).texts
    assert f"{club.path}?day=2026-04-01" in shown(gone).links
    later = club.by("teacher").opens(f"{club.path}?day=2026-04-01")
    assert "Ann since 1 Apr 2026" in text_of(later)
    assert shown(later).values["day"] == "2026-04-01"
    assert club.by("teacher").opens(f"{club.path}?day=yesterday").status_code == 400


def test_lessons_tell_what_became_of_them(club: GroupClub) -> None:
    held = club.adds_lesson("2026-02-26")
    club.marks(held, club.tom)
    club.adds_lesson("2026-02-23", topic="Bowls")
    cancelled = club.adds_lesson("2026-02-19")
    club.edits(f"/groups/{club.group}/lessons/{cancelled}", state="cancelled", reason="Storm")
    past = text_of(club.by("teacher").opens(f"{club.path}?lessons=past"))
    assert "Thu 26 Feb 2026, 17:00–18:00 held 1 of 1" in past
    assert "Mon 23 Feb 2026, 17:00–18:00 not taken Bowls" in past
    assert "Thu 19 Feb 2026, 17:00–18:00 cancelled Storm" in past
    ahead = text_of(club.by("teacher").opens(club.path))
    assert "Feb" not in ahead
    assert "No lessons are planned." in ahead


def test_lists_say_how_many_pages_they_have(club: GroupClub) -> None:
    for number in range(25):
        club.adds("/groups", name=f"Group {number}", location_id=club.house)
        club.adds_lesson(f"2026-04-{number + 1:02}")
    for path in ("/app/groups", club.path):
        assert "Page 1 of 2" in shown(club.by("owner").opens(path)).texts
        last = club.by("owner").opens(f"{path}?page=2")
        assert "Page 2 of 2" in shown(last).texts
        assert 'rel="next"' not in last.text
        assert "The list ends before this page." in shown(club.by("owner").opens(f"{path}?page=3")).texts


def test_a_lesson_of_today_that_is_over_is_none_to_come(club: GroupClub) -> None:
    over = club.adds_lesson("2026-03-02", starts="08:00", ends="09:00")
    club.marks(over, club.tom)
    club.adds_lesson("2026-03-02", starts="10:00", ends="11:00")
    on = club.adds_lesson("2026-03-02", starts="11:30", ends="15:00")
    club.adds_lesson("2026-03-02", starts="18:00", ends="19:00")
    teacher = club.by("teacher")
    ahead, past = text_of(teacher.opens(club.path)), text_of(teacher.opens(f"{club.path}?lessons=past"))
    assert "08:00" not in ahead
    assert "10:00" not in ahead
    assert "Mon 2 Mar 2026, 11:30–15:00 Now not taken" in ahead
    assert "Mon 2 Mar 2026, 18:00–19:00 planned" in ahead
    assert "Mon 2 Mar 2026, 08:00–09:00 held 1 of 1" in past
    assert "Mon 2 Mar 2026, 10:00–11:00 not taken" in past
    assert "11:30" not in past
    assert "Now" not in past
    [item] = re.findall(r'<li aria-current="time">.*?</li>', teacher.opens(club.path).text, re.DOTALL)
    assert f"/app/lessons/{on}" in item


def test_lessons_to_come_tell_what_is_other_than_usual(club: GroupClub) -> None:
    club.adds_lesson("2026-03-05", location_id=club.yard, teachers=[club.people["colleague"].id])
    club.adds_lesson("2026-03-09", teachers=[])
    club.adds_lesson("2026-03-12")
    closures = [{"from": "2026-03-10", "until": "2026-03-15", "reason": "Painters"}]
    club.edits(f"/locations/{club.house}/closures", closures=closures)
    club.edits(f"/groups/{club.group}", active_until="2026-03-31")
    text = text_of(club.by("teacher").opens(club.path))
    assert "Thu 5 Mar 2026, 17:00–18:00 planned At Yard Taught by Colleague" in text
    assert "Mon 9 Mar 2026, 17:00–18:00 planned Nobody teaches it" in text
    assert "closed The place is closed: Painters (10 Mar 2026 – 15 Mar 2026)" in text
    assert "House is closed 10 Mar 2026 – 15 Mar 2026: Painters" in text
    assert "ends on 31 Mar 2026" in text


def test_a_lesson_that_ended_with_its_group_says_so(club: GroupClub) -> None:
    club.adds_lesson("2026-03-12")
    club.edits(f"/groups/{club.group}", active_until="2026-03-03", cancel_lessons=True)
    assert "cancelled the group has ended" in text_of(club.by("teacher").opens(club.path))
    club.api.clock.pass_by(days=2)
    club.people["teacher"] = club.api.session_of(club.people["teacher"])
    assert "ended on 3 Mar 2026" in text_of(club.by("teacher").opens(club.path))


def test_a_substitute_alone_may_open_the_lesson(club: GroupClub) -> None:
    taken_over = club.adds_lesson("2026-03-05", teachers=[club.people["colleague"].id])
    other = club.adds_lesson("2026-03-09")
    page = shown(club.by("colleague").opens(club.path))
    assert f"/app/lessons/{taken_over}/edit" in page.links
    assert f"/app/lessons/{other}/edit" not in page.links
    assert club.by("colleague").opens(f"/app/lessons/{taken_over}/edit").status_code == 200
    assert club.by("colleague").opens(f"/app/lessons/{other}/edit").status_code == 403


def test_no_page_of_a_group_shows_a_token(club: GroupClub) -> None:
    teacher = club.people["teacher"]
    token = teacher.posts(f"/users/{teacher.id}/calendar_token").json()["token"]
    page = club.by("teacher").opens(club.path)
    assert token not in page.text
    assert "token" not in page.text
    assert "/app/account" in shown(page).links


# Adding, editing, ending


def test_a_group_is_added_and_leads_on(club: GroupClub) -> None:
    typed = {"name": " Drums ", "location_id": club.yard, "capacity": "8", "active_from": "2026-04-01"}
    path = leads_to(club.by("manager").sends("/app/groups/new", **typed, active_until=""))
    page = club.by("manager").opens(path)
    assert path.endswith("?notice=added")
    assert "The group is added. Now say when it meets, who teaches and who comes." in shown(page).texts
    text = text_of(page)
    for said in ("Drums", "No times yet", "Nobody yet", "begins on 1 Apr 2026", "Yard, Side Street 2"):
        assert said in text


def test_a_group_that_is_refused_keeps_what_was_typed(club: GroupClub) -> None:
    typed = {"name": "\u200b", "location_id": "", "capacity": "many", "active_from": "2026-13-01"}
    refused = club.by("manager").sends("/app/groups/new", **typed, active_until="2026-01-01")
    assert refused.status_code == 400
    page = shown(refused)
    assert {"Place: is required", "Capacity: must be a whole number"} <= {*page.texts}
    assert "First day: must be a date" in page.texts
    assert [page.values[name] for name in ("name", "capacity", "active_from", "active_until")] == [
        "\u200b",
        "many",
        "2026-13-01",
        "2026-01-01",
    ]
    assert page.attributes["capacity"]["aria-invalid"] == "true"
    backwards = club.by("manager").sends(
        "/app/groups/new",
        name="",
        location_id=club.yard,
        active_from="2026-03-02",
        active_until="2026-03-01",
        capacity="0",
    )
    assert {
        "Name of the group: must have 1 to 200 characters",
        "Last day: must not be before the first day",
        "Capacity: must be a whole number from 1 to 100,000",
    } <= {*shown(backwards).texts}


def test_a_group_is_edited_unless_somebody_was_faster(club: GroupClub) -> None:
    form = shown(club.by("manager").opens(f"{club.path}/edit"))
    assert [form.values[name] for name in ("version", "name", "capacity", "active_from")] == [
        "1",
        "Clay",
        "3",
        "2026-01-05",
    ]
    typed = {"location_id": club.yard, "capacity": "", "active_from": "2026-01-05", "active_until": ""}
    path = leads_to(club.by("manager").sends(f"{club.path}/edit", version="1", name="Mud", **typed))
    assert path == f"{club.path}?notice=saved"
    assert {name: club.now()[name] for name in ("name", "capacity", "location_id")} == {
        "name": "Mud",
        "capacity": None,
        "location_id": club.yard,
    }
    late = club.by("head").sends(f"{club.path}/edit", version="1", name="Sand", **typed)
    assert late.status_code == 412
    assert "changed since you read it" in shown(late).texts
    assert (shown(late).values["name"], shown(late).values["version"]) == ("Sand", "2")
    assert club.now()["name"] == "Mud"


def test_a_capacity_below_the_members_is_refused(club: GroupClub) -> None:
    club.edits(
        f"/groups/{club.group}",
        members=[{"client_id": each, "from": "2026-01-05"} for each in (club.tom, club.ann)],
    )
    refused = club.by("manager").sends(
        f"{club.path}/edit", name="Clay", location_id=club.house, capacity="1", active_from="2026-01-05"
    )
    assert refused.status_code == 409
    page = shown(refused)
    assert "Capacity: the group has 2 members on one day: it cannot be less" in page.texts
    assert page.attributes["capacity"]["aria-invalid"] == "true"
    assert "#capacity" in page.links


def test_an_end_with_lessons_after_it_leads_to_what_ends(club: GroupClub) -> None:
    club.adds_lesson("2026-03-05")
    club.adds_lesson("2026-03-09")
    typed = {"name": "Clay", "location_id": club.house, "active_from": "2026-01-05"}
    refused = club.by("manager").sends(f"{club.path}/edit", **typed, active_until="2026-03-06")
    assert refused.status_code == 409
    assert "lessons are planned after that: 9 Mar 2026 17:00" in shown(refused).texts
    assert f"{club.path}/end?last=2026-03-06" in shown(refused).links


def test_whoever_ends_a_group_sees_what_ends_with_it(club: GroupClub) -> None:
    lessons = [club.adds_lesson(day) for day in ("2026-03-05", "2026-03-09", "2026-03-12")]
    club.edits(
        f"/groups/{club.group}",
        members=[
            {"client_id": club.tom, "from": "2026-01-05"},
            {"client_id": club.ann, "from": "2026-05-01"},
        ],
    )
    assert "What ends on" not in text_of(club.by("manager").opens(f"{club.path}/end"))
    page = club.by("manager").opens(f"{club.path}/end?last=2026-03-06")
    text = text_of(page)
    for said in (
        "What ends on Friday, 6 March 2026",
        "1 membership ends: Tom",
        "1 client who would join later does not.",
        "2 lessons after it are cancelled: Mon 9 Mar 2026, 17:00 Thu 12 Mar 2026, 17:00",
    ):
        assert said in text
    sent = {name: shown(page).values[name] or "" for name in ("version", "last", "cancel_lessons")}
    assert leads_to(club.by("manager").sends(f"{club.path}/end", **sent)) == f"{club.path}?notice=ended"
    group = club.now()
    assert (group["active_until"], [it["until"] for it in group["members"]]) == ("2026-03-06", ["2026-03-06"])
    states = {lesson["id"]: lesson["state"] for lesson in club.lessons()}
    assert [states[lesson] for lesson in lessons] == ["planned", "cancelled", "cancelled"]


def test_an_end_says_what_nobody_had_seen_when_it_was_asked_for(club: GroupClub) -> None:
    sent = {"version": "1", "last": "2026-03-06"}
    club.adds_lesson("2026-03-09")
    refused = club.by("manager").sends(f"{club.path}/end", **sent)
    assert refused.status_code == 409
    assert "lessons are planned after that: 9 Mar 2026 17:00" in shown(refused).texts
    assert shown(refused).values["cancel_lessons"] == "yes"
    assert club.by("manager").sends(f"{club.path}/end", last="").status_code == 400
    for day in ("9999-12-31", "9999-06-01"):
        assert "What ends on" not in text_of(club.by("manager").opens(f"{club.path}/end?last={day}"))


def test_of_many_lessons_in_the_way_some_are_named(club: GroupClub) -> None:
    for day in range(9, 21):
        club.adds_lesson(f"2026-03-{day:02}")
    refused = club.by("manager").sends(f"{club.path}/end", last="2026-03-08")
    (said,) = (text for text in shown(refused).texts if text.startswith("lessons are planned"))
    assert said.count("Mar 2026") == 10
    assert said.endswith("18 Mar 2026 17:00, …")


# Members


def test_a_client_is_searched_chosen_and_added(club: GroupClub) -> None:
    assert "client_id" not in shown(club.by("manager").opens(f"{club.path}/members")).values
    found = club.by("manager").opens(f"{club.path}/members?q=an")
    assert "Ann" in text_of(found)
    assert "Tom" not in text_of(found)
    assert shown(found).attributes["client_id"]["value"] == club.ann
    assert "in the group already" in text_of(club.by("manager").opens(f"{club.path}/members?q=tomson"))
    assert "Nobody is called that." in text_of(club.by("manager").opens(f"{club.path}/members?q=zzz"))
    typed = {"version": "1", "q": "an", "client_id": club.ann, "from": "2026-03-10", "until": ""}
    path = leads_to(club.by("manager").sends(f"{club.path}/members", **typed))
    assert path == f"{club.path}?notice=member-added&day=2026-03-10"
    assert "Ann since 10 Mar 2026" in text_of(club.by("manager").opens(path))


def test_a_membership_that_is_refused_keeps_what_was_typed(club: GroupClub) -> None:
    def refused(status: int, **typed: str) -> httpx.Response:
        answered = club.by("manager").sends(f"{club.path}/members", q="a", **typed)
        assert answered.status_code == status, answered.text
        assert shown(answered).values["q"] == "a"
        return answered

    nobody = refused(400, **{"from": "", "until": "2026-01-01"})
    assert {"Client: is required", "From: is required"} <= {*shown(nobody).texts}
    backwards = refused(400, **{"client_id": club.ann, "from": TODAY, "until": "2026-01-01"})
    assert "Until: must not be before the first day" in shown(backwards).texts
    assert "checked" in shown(backwards).attributes["client_id"]
    assert "must be one of the choices" in text_of(refused(400, **{"client_id": "x", "from": TODAY}))
    twice = refused(409, **{"client_id": club.tom, "from": TODAY})
    assert "client is in the group already" in shown(twice).texts
    club.edits(f"/groups/{club.group}", capacity=1)
    assert "group is full" in shown(refused(409, **{"client_id": club.ann, "from": TODAY})).texts


def test_a_roster_that_was_held_is_for_heads(club: GroupClub) -> None:
    club.marks(club.adds_lesson("2026-02-26"), club.tom)
    typed = {"client_id": club.ann, "from": "2026-02-01", "q": "a"}
    refused = club.by("manager").sends(f"{club.path}/members", **typed)
    assert refused.status_code == 409
    said = "lessons were held with another roster: 26 Feb 2026; only a head manager may change it"
    assert said in shown(refused).texts
    assert "rewrite" not in shown(refused).values


def rewritings(club: GroupClub) -> dict[str, dict[str, str]]:
    """What is typed into forms by which the list of a lesson on 26 February changes, by their paths."""
    tom = f"{club.path}/members/{club.tom}"
    enrol = f"/app/clients/{club.ann}/groups/enrol"
    return {
        f"{club.path}/members": {"client_id": club.ann, "from": "2026-02-01", "q": "a"},
        enrol: {"group_id": club.group, "since": "2026-02-01", "until": "2026-02-27"},
        tom: {"until": "2026-02-20"},
        f"{tom}/dates": {"from-0": "2026-02-27", "until-0": ""},
        f"/app/clients/{club.tom}/groups/{club.group}/end": {"last": "2026-02-20"},
        f"{club.path}/end": {"last": "2026-02-20"},
        f"{club.path}/edit": {
            "name": "Clay",
            "location_id": club.house,
            "active_from": "2026-01-05",
            "active_until": "2026-02-20",
        },
    }


@pytest.mark.parametrize("number", range(7))
def test_a_head_is_asked_before_the_list_of_a_lesson_that_was_held_changes(
    club: GroupClub, number: int
) -> None:
    club.marks(club.adds_lesson("2026-02-26"), club.tom)
    head = club.by("head")
    path, typed = [*rewritings(club).items()][number]
    before = club.now()
    asked = head.sends(path, **typed)
    assert (asked.status_code, asked.headers["x-error-code"]) == (409, "held_roster_changes")
    assert "the list of lessons that were held changes: 26 Feb 2026" in asked.text
    assert (shown(asked).values["rewrite"], asked.text.count('id="rewrite"')) == ("yes", 1)
    assert club.now() == before
    assert leads_to(head.sends(path, **typed, rewrite="yes"))
    assert club.now()["members"] != before["members"]


@pytest.mark.plants
def test_a_head_who_is_not_asked_is_seen_to_change_the_list(
    club: GroupClub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("attendance.adapters.web.server.fields.FieldReader.checked", lambda *_: True)
    club.marks(club.adds_lesson("2026-02-26"), club.tom)
    path, typed = next(iter(rewritings(club).items()))
    assert leads_to(club.by("head").sends(path, **typed))
    assert len(club.now()["members"]) == 2


def test_no_head_is_asked_where_no_lesson_was_held(club: GroupClub) -> None:
    club.adds_lesson("2026-02-26")
    path, typed = next(iter(rewritings(club).items()))
    assert leads_to(club.by("head").sends(path, **typed))


def test_a_membership_ends_with_a_day_or_goes_before_it_begins(club: GroupClub) -> None:
    path = f"{club.path}/members/{club.tom}"
    form = club.by("manager").opens(path)
    assert "In the group since 5 Jan 2026" in text_of(form)
    assert shown(form).values["until"] == TODAY
    assert club.by("manager").sends(path, until="").status_code == 400
    assert leads_to(club.by("manager").sends(path, version="1", until="2026-03-05"))
    assert [it["until"] for it in club.now()["members"]] == ["2026-03-05"]
    club.edits(f"/groups/{club.group}", members=[{"client_id": club.ann, "from": "2026-05-01"}])
    path = f"{club.path}/members/{club.ann}"
    coming = club.by("manager").opens(path)
    assert "Joins the group on 1 May 2026" in text_of(coming)
    assert "Remove the membership" in text_of(coming)
    sent = {name: shown(coming).values[name] or "" for name in ("version", "until")}
    assert leads_to(club.by("manager").sends(path, **sent)) == f"{club.path}?notice=member-ended"
    assert club.now()["members"] == []


def test_dates_of_memberships_are_corrected(club: GroupClub) -> None:
    path = f"{club.path}/members/{club.tom}"
    memberships = [
        {"client_id": club.tom, "from": "2026-01-05", "until": "2026-02-01"},
        {"client_id": club.tom, "from": "2026-03-01", "until": "2026-03-01"},
        {"client_id": club.ann, "from": "2026-01-05"},
    ]
    club.edits(f"/groups/{club.group}", members=memberships)
    page = club.by("manager").opens(path)
    assert "End the membership" not in text_of(page)
    names = ("version", "from-0", "until-0", "from-1", "until-1")
    sent = {name: shown(page).values[name] or "" for name in names}
    assert [*sent.values()][1:] == ["2026-01-05", "2026-02-01", "2026-03-01", "2026-03-01"]
    wrong = club.by("manager").sends(f"{path}/dates", **sent | {"from-0": "x", "until-1": "2026-02-28"})
    assert "From (1): must be a date" in shown(wrong).texts
    wrong = club.by("manager").sends(f"{path}/dates", **sent | {"until-1": "2026-02-28"})
    assert (wrong.status_code, shown(wrong).values["until-1"]) == (400, "2026-02-28")
    assert "Until (2): must not be before the first day" in shown(wrong).texts
    right = sent | {"from-0": "", "until-1": ""}
    assert leads_to(club.by("manager").sends(f"{path}/dates", **right)) == f"{club.path}?notice=saved"
    assert {(it["client_id"], it["from"], it["until"]) for it in club.now()["members"]} == {
        (club.tom, "2026-03-01", None),
        (club.ann, "2026-01-05", None),
    }
    assert club.by("manager").sends(f"{path}/dates", **right).status_code == 412
    assert club.by("colleague").sends(f"{path}/dates", **right).status_code == 403


# Teachers and times


def test_teachers_are_rows_and_earlier_ones_stay(club: GroupClub) -> None:
    teacher, colleague = club.people["teacher"].id, club.people["colleague"].id
    earlier = {"user_id": colleague, "from": "2026-01-05", "until": "2026-02-01"}
    club.edits(f"/groups/{club.group}", teachers=[earlier, {"user_id": teacher, "from": "2026-01-05"}])
    page = club.by("manager").opens(f"{club.path}/teachers")
    assert "Colleague: from 5 Jan 2026 until 1 Feb 2026" in shown(page).texts
    assert options_chosen(page.text, "teacher-0") == [teacher]
    assert options_chosen(page.text, "teacher-1") == [""]
    rows = {
        "teacher-0": teacher,
        "from-0": "2026-01-05",
        "until-0": "2026-03-08",
        "teacher-1": "",
        "from-1": "nonsense",
        "until-1": "",
        "teacher-2": colleague,
        "from-2": "2026-03-09",
        "until-2": "",
    }
    version = shown(page).values["version"] or ""
    path = leads_to(club.by("manager").sends(f"{club.path}/teachers", version=version, **rows))
    assert "Saved. Lessons that were made before keep their teachers." in text_of(
        club.by("manager").opens(path)
    )
    assert {(it["user_id"], it["from"], it["until"]) for it in club.now()["teachers"]} == {
        (teacher, "2026-01-05", "2026-03-08"),
        (colleague, "2026-01-05", "2026-02-01"),
        (colleague, "2026-03-09", None),
    }


def test_what_is_wrong_with_a_teacher_is_said_at_the_row(club: GroupClub) -> None:
    teacher, colleague = club.people["teacher"].id, club.people["colleague"].id
    earlier = {"user_id": colleague, "from": "2026-01-05", "until": "2026-02-01"}
    club.edits(f"/groups/{club.group}", teachers=[earlier, {"user_id": teacher, "from": "2026-01-05"}])
    rows = {
        "teacher-0": "",
        "from-0": TODAY,
        "teacher-1": teacher,
        "from-1": "2026-03-09",
        "until-1": "2026-03-01",
        "teacher-3": teacher,
        "from-3": "",
    }
    refused = club.by("manager").sends(f"{club.path}/teachers", **rows)
    assert "From (4): is required" in shown(refused).texts
    rows["from-3"] = "2026-03-10"
    refused = club.by("manager").sends(f"{club.path}/teachers", **rows)
    page = shown(refused)
    assert refused.status_code == 400
    assert "Until (2): must not be before the first day" in page.texts
    assert page.attributes["until-1"]["aria-invalid"] == "true"
    assert options_chosen(refused.text, "teacher-3") == [teacher]
    assert page.values["from-3"] == "2026-03-10"
    rows["until-1"] = "2026-03-10"
    refused = club.by("manager").sends(f"{club.path}/teachers", **rows)
    assert "From (4): must not overlap with another period" in shown(refused).texts


def test_a_schedule_is_rows_and_is_told_in_words(club: GroupClub) -> None:
    page = club.by("manager").opens(f"{club.path}/schedule")
    assert options_chosen(page.text, "weekday-0") == ["1"]
    assert (shown(page).values["starts-1"], shown(page).values["ends-1"]) == ("17:00", "18:00")
    rows = {
        "weekday-0": "",
        "starts-0": "17:00",
        "weekday-1": "2",
        "starts-1": "09:00",
        "ends-1": "10:00",
        "every-1": "2",
        "from-1": "2026-03-03",
        "weekday-2": "6",
        "starts-2": "22:00",
        "ends-2": "24:00",
        "every-2": "1",
    }
    path = leads_to(club.by("manager").sends(f"{club.path}/schedule", version="1", **rows))
    text = text_of(club.by("manager").opens(path))
    to_make = f"{club.path}/lessons/make?replace=yes"
    assert to_make in shown(club.by("manager").opens(path)).links
    assert "checked" in shown(club.by("manager").opens(to_make)).attributes["replace"]
    assert "Tuesdays 09:00–10:00, every 2 weeks, counted from 3 Mar 2026" in text
    assert "Saturdays 22:00–24:00" in text
    assert "Mondays" not in text


def test_what_is_wrong_with_a_time_is_said_at_the_row(club: GroupClub) -> None:
    rows = {
        "weekday-0": "1",
        "starts-0": "17:00",
        "ends-0": "18:00",
        "every-0": "1",
        "weekday-1": "",
        "weekday-2": "2",
        "starts-2": "17:00",
        "ends-2": "16:00",
        "every-2": "9",
        "weekday-3": "3",
        "starts-3": "soon",
        "ends-3": "",
        "every-3": "",
    }
    refused = club.by("manager").sends(f"{club.path}/schedule", **rows)
    assert refused.status_code == 400
    assert {
        "Begins (4): must be a time of day such as 17:00",
        "Ends (4): is required",
        "Every (weeks) (4): is required",
    } <= {*shown(refused).texts}
    rows |= {"starts-3": "17:00", "ends-3": "18:00", "every-3": "1"}
    refused = club.by("manager").sends(f"{club.path}/schedule", **rows)
    page = shown(refused)
    assert {
        "Ends (3): must be after the start",
        "Every (weeks) (3): must be a whole number from 1 to 8",
    } <= {*page.texts}
    assert page.attributes["ends-2"]["aria-invalid"] == "true"
    assert page.values["ends-2"] == "16:00"
    assert [it["weekday"] for it in club.now()["schedule"]] == [1, 4]


# Lessons of the schedule


def test_lessons_are_looked_at_and_then_made(club: GroupClub) -> None:
    made_before = club.adds_lesson("2026-03-05")
    closures = [{"from": "2026-03-09", "until": "2026-03-09", "reason": "Painters"}]
    club.edits(f"/locations/{club.house}/closures", closures=closures)
    form = shown(club.by("teacher").opens(f"{club.path}/lessons/make"))
    assert (form.values["from"], form.values["to"]) == (TODAY, "2026-05-31")
    seen = club.by("teacher").opens(f"{club.path}/lessons/make?from={TODAY}&to=2026-03-13")
    text = text_of(seen)
    for said in (
        "2 lessons would be made",
        "Mon 2 Mar 2026, 17:00–18:00 Thu 12 Mar 2026, 17:00–18:00",
        "2 times are skipped",
        "Thu 5 Mar 2026, 17:00: made before",
        "Mon 9 Mar 2026, 17:00: closed (Painters)",
    ):
        assert said in text
    assert [it["id"] for it in club.lessons()] == [made_before]
    path = leads_to(
        club.by("teacher").sends(f"{club.path}/lessons/make", **{"from": TODAY, "to": "2026-03-13"})
    )
    assert "2 lessons are made. 2 times are skipped: made before (1), closed (1)." in text_of(
        club.by("teacher").opens(path)
    )
    assert [it["date"] for it in club.lessons()] == [TODAY, "2026-03-05", "2026-03-12"]


def test_lessons_of_an_old_schedule_are_replaced(club: GroupClub) -> None:
    made = {"from": TODAY, "to": "2026-03-13"}
    assert leads_to(club.by("manager").sends(f"{club.path}/lessons/make", **made))
    club.edits(f"/groups/{club.group}", schedule=[{"weekday": 2, **EVENING}])
    seen = club.by("manager").opens(f"{club.path}/lessons/make?from=2026-03-03&to=2026-03-13&replace=yes")
    text = text_of(seen)
    assert "2 lessons would be made" in text
    assert "3 lessons would be removed Thu 5 Mar 2026" in text
    assert shown(seen).attributes["replace"]["value"] == "yes"
    assert len(club.lessons()) == 4
    sent = {"from": "2026-03-03", "to": "2026-03-13", "replace": "yes"}
    path = leads_to(club.by("manager").sends(f"{club.path}/lessons/make", **sent))
    told = text_of(club.by("manager").opens(path))
    assert "2 lessons are made. 3 lessons of the old schedule are removed." in told
    assert [it["date"] for it in club.lessons()] == [TODAY, "2026-03-03", "2026-03-10"]


def test_a_teacher_in_two_places_is_told_before_lessons_are_made(club: GroupClub) -> None:
    other = club.adds("/groups", name="Drums", location_id=club.yard)
    elsewhere = club.adds(
        f"/groups/{other}/lessons", date="2026-03-05", teachers=[club.people["teacher"].id], **EVENING
    )
    seen = club.by("manager").opens(f"{club.path}/lessons/make?from={TODAY}&to=2026-03-06")
    assert "Thu 5 Mar 2026, 17:00: Teacher teaches another lesson at that time" in text_of(seen)
    assert f"/app/lessons/{elsewhere}/edit" in shown(seen).links


@pytest.mark.parametrize(
    ("since", "until", "said"),
    [
        ("", "", "From: is required"),
        ("x", TODAY, "From: must be a date"),
        (TODAY, "2026-03-01", "To: must not be before the first day"),
        (TODAY, "2027-03-03", "To: must be at most 366 days after the first day"),
    ],
)
def test_a_range_that_is_wrong_is_said_so_at_its_fields(
    club: GroupClub, since: str, until: str, said: str
) -> None:
    person = club.by("manager")
    asked: list[Callable[[], httpx.Response]] = [
        lambda: person.opens(f"{club.path}/lessons/make?from={since}&to={until}"),
        lambda: person.sends(f"{club.path}/lessons/make", **{"from": since, "to": until}),
    ]
    for ask in asked:
        answered = ask()
        assert answered.status_code == 400
        assert said in shown(answered).texts
    assert club.lessons() == []


# Languages


@pytest.mark.slow
def test_pages_of_groups_are_in_the_language_of_the_browser(club: GroupClub) -> None:
    held = club.adds_lesson("2026-02-26")
    club.marks(held, club.tom)
    club.adds_lesson("2026-03-05")
    paths = ["/app/groups", "/app/groups/new", club.path, f"{club.path}?lessons=past"]
    paths += [f"{club.path}{form}" for form in FORMS]
    paths += [
        f"{club.path}/members?q=a",
        f"{club.path}/end?last=2026-03-03",
        f"{club.path}/lessons/make?from={TODAY}&to=2026-03-31&replace=yes",
        f"{club.path}/members/{club.tom}",
        f"/app/lessons/{held}/edit",
    ]
    data = (
        "House|Yard|Clay|Tom|Ann|Teacher|Colleague|Manager|Head|Owner|Admin|attendance|Ms Tomson|Mill Street"
    )
    for path in paths:
        russian = club.by("head").opens(path, **{"accept-language": "ru"})
        for text in shown(russian).texts:
            rest = re.sub(rf"{data}|inhaler|Needs his", "", text)
            assert not re.search("[A-Za-z]{3}", rest), (path, text)
        german = {*shown(club.by("head").opens(path, **{"accept-language": "de"})).texts}
        english = {*shown(club.by("head").opens(path)).texts}
        same = {text for text in german & english if re.search(r"[^\W\d_]{3}", re.sub(data, "", text))}
        assert same <= {"Name", "Labs", "Needs his inhaler", "Start"}, (path, same)


def test_times_that_somebody_else_added_meanwhile_are_kept(club: GroupClub) -> None:
    path, manager = f"{club.path}/schedule", club.by("manager")
    slot = {"weekday": 1, "starts": "16:00", "ends": "17:00"}
    club.edits(f"/groups/{club.group}", schedule=[slot])
    sent = Forms(manager.opens(path).text).found[path]
    # which comes before it in the order of times
    other = slot | {"starts": "14:00", "ends": "15:00"}
    club.edits(f"/groups/{club.group}", schedule=[slot, other])
    mine = {"ends-0": "17:30", "weekday-1": "2", "starts-1": "10:00", "ends-1": "11:00"}
    late = manager.sends(path, **sent | mine)
    assert late.status_code == 412
    texts = shown(late).texts
    assert any("Time 1, Begins: 14:00" in text for text in texts)
    assert not any("Not kept" in text for text in texts)
    again = Forms(late.text).found[path]
    assert (again["starts-0"], again["ends-1"], again["starts-2"]) == ("14:00", "17:30", "10:00")
    leads_to(manager.sends(path, **again))
    assert [(each["weekday"], each["starts"], each["ends"]) for each in club.now()["schedule"]] == [
        (1, "14:00", "15:00"),
        (1, "16:00", "17:30"),
        (2, "10:00", "11:00"),
    ]


def test_a_time_that_two_change_in_different_fields_keeps_both(club: GroupClub) -> None:
    path, manager = f"{club.path}/schedule", club.by("manager")
    slot = {"weekday": 3, "starts": "15:00", "ends": "17:30"}
    club.edits(f"/groups/{club.group}", schedule=[slot])
    sent = Forms(manager.opens(path).text).found[path]
    club.edits(f"/groups/{club.group}", schedule=[slot | {"starts": "15:30"}])
    late = manager.sends(path, **sent | {"ends-0": "18:00"})
    assert late.status_code == 412
    texts = shown(late).texts
    assert "Changed meanwhile: Time 1, Begins: 15:30" in texts
    assert not any("Not kept" in text for text in texts)
    leads_to(manager.sends(path, **Forms(late.text).found[path]))
    [now] = club.now()["schedule"]
    assert (now["starts"], now["ends"]) == ("15:30", "18:00")


def test_whoever_may_change_closures_is_led_to_them(club: GroupClub) -> None:
    club.edits(f"/locations/{club.house}/closures", closures=[{"from": "2026-03-09", "until": "2026-03-09"}])
    path = f"/app/office/locations/{club.house}"
    assert path in shown(club.by("head").opens(club.path)).links
    assert path not in shown(club.by("manager").opens(club.path)).links


def test_a_teacher_whom_somebody_else_took_away_meanwhile_does_not_come_back(club: GroupClub) -> None:
    path, manager = f"{club.path}/teachers", club.by("manager")
    first, second = (
        {"user_id": club.people[name].id, "from": "2026-01-05"} for name in ("teacher", "colleague")
    )
    club.edits(f"/groups/{club.group}", teachers=[first, second])
    sent = Forms(manager.opens(path).text).found[path]
    [gone] = [number for number in "01" if sent[f"teacher-{number}"] == first["user_id"]]
    kept = "1" if gone == "0" else "0"
    club.edits(f"/groups/{club.group}", teachers=[second])
    late = manager.sends(path, **sent | {f"until-{kept}": "2026-12-31"})
    assert late.status_code == 412
    assert any("Teacher, 2026-01-05: –" in text for text in shown(late).texts)
    leads_to(manager.sends(path, **Forms(late.text).found[path]))
    [left] = club.now()["teachers"]
    assert (left["user_id"], left["until"]) == (second["user_id"], "2026-12-31")


# Days and times that go together


def test_the_first_day_that_is_offered_is_none_before_the_groups(memory: Api) -> None:
    club = GroupClub(memory)
    club.edits(f"/groups/{club.group}", active_from="2026-03-16", members=[])
    manager = club.by("manager")
    assert shown(manager.opens(f"{club.path}/members?q=Ann")).values["from"] == "2026-03-16"
    enrol = f"/app/clients/{club.ann}/groups/enrol"
    assert shown(manager.opens(enrol)).values["since"] == ""
    leads_to(manager.sends(enrol, group_id=club.group, since="", until=""))
    assert [each["from"] for each in club.now()["members"]] == ["2026-03-16"]
    # and today where the group has begun
    club.edits(f"/groups/{club.group}", active_from="2026-01-05", members=[])
    leads_to(manager.sends(enrol, group_id=club.group, since="", until=""))
    assert [each["from"] for each in club.now()["members"]] == [TODAY]


def test_times_that_overlap_are_told_on_the_page_of_the_group(memory: Api) -> None:
    club = GroupClub(memory)
    manager = club.by("manager")
    told = "These times overlap"

    def saves(*times: tuple[str, str, str, str]) -> str:
        typed = {"version": str(club.now()["version"])}
        for number, (weekday, starts, ends, every) in enumerate(times):
            names = ("weekday", "starts", "ends", "every", "from")
            row = (weekday, starts, ends, every, "2026-01-05" if number else "2026-01-12")
            typed |= {f"{name}-{number}": text for name, text in zip(names, row, strict=True)}
        page = leads_to(manager.sends(f"{club.path}/schedule", **typed))
        return manager.opens(page).text

    assert told not in saves(("1", "17:00", "18:00", "1"), ("1", "18:00", "19:00", "1"))
    assert told not in saves(("1", "17:00", "18:00", "1"), ("2", "17:30", "19:00", "1"))
    assert "Mondays 17:00–18:00; Mondays 17:30–24:00" in saves(
        ("1", "17:00", "18:00", "1"), ("1", "17:30", "00:00", "1")
    )
    # in alternate weeks they never meet
    assert told not in saves(("1", "17:00", "18:00", "2"), ("1", "17:30", "18:30", "2"))
    assert told in saves(("1", "17:00", "18:00", "1"), ("1", "17:30", "18:30", "2"))
