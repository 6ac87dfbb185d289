"""One lesson: adding it by hand, moving, cancelling, restoring, substituting and deleting it."""

import re
from typing import Any

import httpx
import pytest

from attendance.adapters.http.server.callers.cookies import SessionCookie
from tests.http.api import UNKNOWN_ID, Api, good
from tests.web.club.group_clubs import EVENING, TODAY, GroupClub
from tests.web.club.test_groups_pages import ELSEWHERE, SEEN, text_of
from tests.web.registry import Forms
from tests.web.visitors import leads_to, shown, visitor

THURSDAY = "2026-03-05"
FORMS = ("edit", "cancel", "restore", "delete")


@pytest.fixture
def club(memory: Api) -> GroupClub:
    return GroupClub(memory)


def path_of(lesson: str) -> str:
    return f"/app/lessons/{lesson}"


def stored(club: GroupClub, lesson: str) -> dict[str, Any]:
    return club.now(f"/lessons/{lesson}")


def as_shown(page: httpx.Response) -> dict[str, str]:
    """The fields of the form to change a lesson with, as they are sent when nothing is touched."""
    values, attributes = shown(page).values, shown(page).attributes
    names = ("version", "date", "starts", "ends", "topic")
    sent = {name: values[name] or "" for name in names}
    sent |= dict(re.findall(r'<select id="(location_id)".*?value="([^"]+)" selected', page.text, re.DOTALL))
    if "chooses_teachers" in values:
        sent["chooses_teachers"] = "yes"
    ticked = (name for name in values if name.startswith("teachers:") and "checked" in attributes[name])
    return sent | dict.fromkeys(ticked, "yes")


# Who may


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("parent", 403),
        ("colleague", 403),
        ("teacher", 200),
        ("manager", 200),
        ("head", 200),
        ("owner", 200),
        ("admin", 200),
    ],
)
def test_a_lesson_is_changed_by_whoever_teaches_it_and_by_managers(
    club: GroupClub, name: str, status: int
) -> None:
    lesson = club.adds_lesson(THURSDAY)
    for form in FORMS:
        assert club.by(name).opens(f"{path_of(lesson)}/{form}").status_code == status
    before = stored(club, lesson)
    for form, typed in (("cancel", {"reason": "Storm"}), ("restore", {}), ("edit", EVENING), ("delete", {})):
        answered = club.by(name).sends(f"{path_of(lesson)}/{form}", date=THURSDAY, **typed)
        assert answered.status_code == (303 if status == 200 else 403), form
        if status == 403:
            assert stored(club, lesson) == before


def test_a_stranger_signs_in_first(club: GroupClub) -> None:
    lesson = club.adds_lesson(THURSDAY)
    assert leads_to(visitor(club.api).opens(f"{path_of(lesson)}/edit")).startswith("/app/sign-in?next=")


@pytest.mark.parametrize("form", FORMS)
def test_a_lesson_that_is_not_there_is_not_found(club: GroupClub, form: str) -> None:
    for lesson in (UNKNOWN_ID, "x", club.group):
        assert club.by("head").opens(f"/app/lessons/{lesson}/{form}").status_code == 404
        assert club.by("head").sends(f"/app/lessons/{lesson}/{form}", reason="x").status_code == 404


def forged_forms_change_nothing(club: GroupClub) -> None:
    lesson = club.adds_lesson(THURSDAY)
    before = stored(club, lesson)
    for form, typed in (("edit", {"topic": "x"}), ("cancel", {"reason": "x"}), ("delete", {})):
        sent = {"date": THURSDAY, **EVENING, **typed}
        assert club.by("head").sends(f"{path_of(lesson)}/{form}", by=ELSEWHERE, **sent).status_code == 403
        assert stored(club, lesson) == before


def test_a_form_of_another_site_changes_no_lesson(club: GroupClub) -> None:
    forged_forms_change_nothing(club)


@pytest.mark.plants
def test_it_is_seen_to_change_one_where_nobody_looks_whose_it_is(
    club: GroupClub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SessionCookie, "is_asked_by_a_page", lambda *_: True)
    with pytest.raises(SEEN):
        forged_forms_change_nothing(club)


# Adding one


def test_a_lesson_is_added_by_hand(club: GroupClub) -> None:
    typed = {
        "date": THURSDAY,
        "starts": "10:00",
        "ends": "11:30",
        "topic": " Glaze ",
        "location_id": club.yard,
    }
    path = leads_to(club.by("teacher").sends(f"{club.path}/lessons/new", **typed))
    page = club.by("teacher").opens(path)
    assert "The lesson is added." in shown(page).texts
    (lesson,) = club.lessons()
    assert path == f"{path_of(lesson['id'])}/edit?notice=added"
    assert (lesson["topic"], lesson["location_id"], lesson["starts"]) == ("Glaze", club.yard, "10:00")
    assert lesson["teachers"] == [club.people["teacher"].id]


def test_a_manager_says_who_teaches_and_a_teacher_does_not(club: GroupClub) -> None:
    assert not any(name.startswith("teachers:") for name in new_form(club, "teacher").values)
    form = new_form(club, "manager")
    named = {name.partition(":")[2] for name in form.values if name.startswith("teachers:")}
    assert named == {club.people[name].id for name in club.people if name != "parent"}
    assert "checked" in form.attributes[f"teachers:{club.people['teacher'].id}"]
    typed = {"date": THURSDAY, **EVENING, "chooses_teachers": "yes"}
    chosen = {f"teachers:{club.people['colleague'].id}": "yes"}
    assert club.by("teacher").sends(f"{club.path}/lessons/new", **typed, **chosen).status_code == 403
    assert leads_to(club.by("manager").sends(f"{club.path}/lessons/new", **typed, **chosen))
    (lesson,) = club.lessons()
    assert lesson["teachers"] == [club.people["colleague"].id]


def new_form(club: GroupClub, name: str) -> Any:
    return shown(club.by(name).opens(f"{club.path}/lessons/new"))


def test_a_lesson_that_is_refused_keeps_what_was_typed(club: GroupClub) -> None:
    def refused(status: int, **typed: str) -> Any:
        answered = club.by("manager").sends(f"{club.path}/lessons/new", **typed)
        assert answered.status_code == status, answered.text
        return shown(answered)

    wrong = refused(400, date="", starts="x", ends="18:00", topic="T")
    assert {"Date: is required", "Begins: must be a time of day such as 17:00"} <= {*wrong.texts}
    assert (wrong.values["starts"], wrong.values["ends"], wrong.values["topic"]) == ("x", "18:00", "T")
    backwards = refused(400, date=THURSDAY, starts="18:00", ends="17:00", topic="x" * 501)
    assert "Ends: must be after the start" in backwards.texts
    assert any(text.startswith("Topic: must have") for text in backwards.texts)
    nobody = {"chooses_teachers": "yes", f"teachers:{club.people['head'].id}": "yes"}
    club.adds_lesson(THURSDAY)
    taken = refused(409, date=THURSDAY, **EVENING, **nobody)
    assert "there is a lesson at that time already" in taken.texts
    assert "checked" in taken.attributes[f"teachers:{club.people['head'].id}"]
    assert "checked" not in taken.attributes[f"teachers:{club.people['teacher'].id}"]
    overlap = refused(409, date=THURSDAY, starts="17:30", ends="18:30")
    assert "lessons of a group may not overlap" in overlap.texts
    outside = refused(409, date="2026-01-01", **EVENING)
    assert "the group is not active on that date" in outside.texts


# Changing one


def test_a_form_that_is_sent_untouched_changes_nothing(club: GroupClub) -> None:
    lesson = club.adds_lesson(THURSDAY, topic="Bowls")
    before = stored(club, lesson)
    for name in ("teacher", "manager"):
        sent = as_shown(club.by(name).opens(f"{path_of(lesson)}/edit"))
        assert leads_to(club.by(name).sends(f"{path_of(lesson)}/edit", **sent))
        assert stored(club, lesson) == before


def test_a_lesson_is_moved_in_time_and_place(club: GroupClub) -> None:
    lesson = club.adds_lesson(THURSDAY)
    sent = as_shown(club.by("teacher").opens(f"{path_of(lesson)}/edit"))
    sent |= {"date": "2026-03-06", "starts": "16:00", "ends": "17:00", "location_id": club.yard}
    path = leads_to(club.by("teacher").sends(f"{path_of(lesson)}/edit", **sent))
    assert path == f"{path_of(lesson)}/edit?notice=saved"
    page = club.by("teacher").opens(path)
    assert "Clay, Fri 6 Mar 2026, 16:00" in shown(page).texts
    assert "Saved" in shown(page).texts
    now = stored(club, lesson)
    assert (now["date"], now["starts"], now["location_id"]) == ("2026-03-06", "16:00", club.yard)


def test_a_lesson_is_substituted_and_whoever_is_elsewhere_is_told(club: GroupClub) -> None:
    colleague, teacher = club.people["colleague"].id, club.people["teacher"].id
    other = club.adds("/groups", name="Drums", location_id=club.yard)
    elsewhere = club.adds(f"/groups/{other}/lessons", date=THURSDAY, teachers=[colleague], **EVENING)
    lesson = club.adds_lesson(THURSDAY)
    sent = as_shown(club.by("manager").opens(f"{path_of(lesson)}/edit"))
    del sent[f"teachers:{teacher}"]
    sent[f"teachers:{colleague}"] = "yes"
    path = leads_to(club.by("manager").sends(f"{path_of(lesson)}/edit", **sent))
    assert stored(club, lesson)["teachers"] == [colleague]
    page = shown(club.by("manager").opens(path))
    assert "Colleague teaches another lesson at that time" in page.texts
    assert f"{path_of(elsewhere)}/edit" in page.links
    assert club.by("colleague").opens(f"{path_of(lesson)}/edit").status_code == 200


@pytest.mark.parametrize(
    "told", ["x", "~", "..", f"{UNKNOWN_ID}~{UNKNOWN_ID}", "<b>~<b>", f"{UNKNOWN_ID}~x", "~" * 900]
)
def test_a_warning_that_nobody_gave_is_not_shown(club: GroupClub, told: str) -> None:
    lesson = club.adds_lesson(THURSDAY)
    page = club.by("manager").opens(f"{path_of(lesson)}/edit?elsewhere={told}")
    assert page.status_code == 200
    assert "another lesson" not in text_of(page)


def test_a_change_that_somebody_else_made_is_not_overwritten(club: GroupClub) -> None:
    lesson = club.adds_lesson(THURSDAY)
    sent = as_shown(club.by("teacher").opens(f"{path_of(lesson)}/edit"))
    club.edits(f"/groups/{club.group}/lessons/{lesson}", topic="Bowls")
    before = stored(club, lesson)
    late = club.by("teacher").sends(f"{path_of(lesson)}/edit", **sent | {"topic": "Plates"})
    assert late.status_code == 412
    assert "changed since you read it" in shown(late).texts
    assert shown(late).values["topic"] == "Plates"
    for form, typed in (("cancel", {"reason": "Storm"}), ("delete", {})):
        answered = club.by("teacher").sends(f"{path_of(lesson)}/{form}", version=sent["version"], **typed)
        assert answered.status_code == 412
    assert stored(club, lesson) == before


def test_what_one_did_not_touch_stays_as_somebody_else_has_changed_it(club: GroupClub) -> None:
    lesson = club.adds_lesson(THURSDAY)
    path = f"{path_of(lesson)}/edit"
    sent = Forms(club.by("manager").opens(path).text).found[path]
    club.edits(f"/groups/{club.group}/lessons/{lesson}", topic="Bowls", teachers=[])
    late = club.by("manager").sends(path, **sent | {"ends": "23:00"})
    assert late.status_code == 412
    again = Forms(late.text).found[path]
    assert (again["topic"], again["ends"]) == ("Bowls", "23:00")
    assert not any(name.startswith("teachers:") for name in again)
    assert any(text.startswith("Changed meanwhile: Topic") for text in shown(late).texts)
    leads_to(club.by("manager").sends(path, **again))
    after = stored(club, lesson)
    assert (after["topic"], after["ends"], after["teachers"]) == ("Bowls", "23:00", [])


@pytest.mark.parametrize(
    ("before", "now", "does", "said"),
    [
        ("cancelled", "planned", "restore", "Somebody has let this lesson take place again already."),
        ("planned", "cancelled", "cancel", "Somebody has cancelled this lesson already."),
    ],
)
def test_what_somebody_else_has_done_already_is_said(
    club: GroupClub, before: str, now: str, does: str, said: str
) -> None:
    lesson = club.adds_lesson(THURSDAY)
    api = f"/groups/{club.group}/lessons/{lesson}"
    for state in ("cancelled", *(["planned"] if before == "planned" else [])):
        club.edits(api, state=state, **{"reason": "Storm"} if state == "cancelled" else {})
    version = str(stored(club, lesson)["version"])
    club.edits(api, state=now, **{"reason": "Ill"} if now == "cancelled" else {})
    late = club.by("teacher").sends(f"{path_of(lesson)}/{does}", version=version, reason="Storm")
    assert late.status_code == 412
    assert said in shown(late).texts
    assert "changed since you read it" not in shown(late).texts
    assert stored(club, lesson)["state"] == now


def test_visits_go_back_where_there_were_any(club: GroupClub) -> None:
    lesson = club.adds_lesson("2026-02-26")
    club.marks(lesson, club.tom)
    path = leads_to(club.by("manager").sends(f"{path_of(lesson)}/cancel", reason="Storm"))
    said = "The lesson is cancelled. Its visits went back to the passes."
    assert said in shown(club.by("manager").opens(path)).texts


def test_a_lesson_is_cancelled_with_a_reason_and_restored(club: GroupClub) -> None:
    lesson = club.adds_lesson(THURSDAY)
    without = club.by("teacher").sends(f"{path_of(lesson)}/cancel", reason="  ")
    assert without.status_code == 400
    assert "Reason: a lesson that is cancelled needs a reason" in shown(without).texts
    assert '<details class="danger" open>' in without.text
    assert shown(without).values["date"] == THURSDAY
    path = leads_to(club.by("teacher").sends(f"{path_of(lesson)}/cancel", version="1", reason="Storm"))
    page = club.by("teacher").opens(path)
    assert "The lesson is cancelled." in shown(page).texts
    assert "Does not take place: Storm" in shown(page).texts
    assert path_of(lesson) not in shown(page).links
    assert stored(club, lesson)["reason"] == "Storm"
    path = leads_to(club.by("teacher").sends(f"{path_of(lesson)}/restore", version="2"))
    assert "The lesson takes place again." in text_of(club.by("teacher").opens(path))
    assert stored(club, lesson)["state"] == "planned"
    assert path_of(lesson) in shown(club.by("teacher").opens(path)).links


def test_a_lesson_that_a_closure_cancelled_says_so(club: GroupClub) -> None:
    lesson = club.adds_lesson(THURSDAY)
    closures = [{"from": THURSDAY, "until": "2026-03-08", "reason": "Painters"}]
    club.edits(f"/locations/{club.house}/closures", closures=closures)
    page = club.by("teacher").opens(f"{path_of(lesson)}/edit")
    assert "The place is closed (5 Mar 2026 – 8 Mar 2026): Painters" in shown(page).texts


def test_a_lesson_that_takes_place_while_its_place_is_closed_says_so(club: GroupClub) -> None:
    closures = [{"from": "2026-03-05", "until": "2026-03-08", "reason": "Painters"}]
    club.edits(f"/locations/{club.house}/closures", closures=closures)
    lesson = club.adds_lesson("2026-03-12")
    told = " is closed on that day"
    assert told not in text_of(club.by("head").opens(f"{path_of(lesson)}/edit"))
    moved = {"date": THURSDAY, "starts": "17:00", "ends": "18:00", "version": "1"}
    path = leads_to(club.by("teacher").sends(f"{path_of(lesson)}/edit", **moved))
    page = club.by("teacher").opens(path)
    assert f"{told}: Painters (5 Mar 2026 – 8 Mar 2026)" in text_of(page)
    assert f"/app/office/locations/{club.house}" not in shown(page).links
    assert f"/app/office/locations/{club.house}" in shown(club.by("head").opens(path)).links


def test_a_lesson_without_marks_is_deleted_and_one_with_marks_stays(club: GroupClub) -> None:
    lesson, marked = club.adds_lesson(THURSDAY), club.adds_lesson(TODAY, starts="08:00", ends="09:00")
    path = leads_to(club.by("teacher").sends(f"{path_of(lesson)}/delete", version="1"))
    assert path == f"{club.path}?notice=lesson-deleted"
    assert "The lesson is deleted." in text_of(club.by("teacher").opens(path))
    assert [it["id"] for it in club.lessons()] == [marked]
    club.marks(marked, club.tom)
    page = club.by("teacher").opens(f"{path_of(marked)}/edit")
    assert "Delete the lesson" not in text_of(page)
    assert "Somebody is marked in it, so it cannot be deleted." in text_of(page)
    refused = club.by("teacher").sends(f"{path_of(marked)}/delete")
    assert refused.status_code == 409
    assert "lesson has marks" in shown(refused).texts
    assert [it["id"] for it in club.lessons()] == [marked]


def test_what_is_too_late_for_a_teacher_is_not_for_a_head(club: GroupClub) -> None:
    lesson = club.adds_lesson("2026-02-09")
    club.marks(lesson, club.tom)
    refused = club.by("teacher").sends(f"{path_of(lesson)}/cancel", reason="Storm")
    assert refused.status_code == 403
    assert "too late to change this lesson" in shown(refused).texts
    assert leads_to(club.by("head").sends(f"{path_of(lesson)}/cancel", reason="Storm"))


def test_a_lesson_that_somebody_attended_stays_in_the_past(club: GroupClub) -> None:
    lesson = club.adds_lesson("2026-02-26")
    club.marks(lesson, club.tom)
    page = club.by("manager").opens(f"{path_of(lesson)}/edit")
    assert "Somebody is marked in this lesson." in text_of(page)
    refused = club.by("manager").sends(f"{path_of(lesson)}/edit", **as_shown(page) | {"date": THURSDAY})
    assert refused.status_code == 409
    assert "lesson has marks that it cannot have before it begins" in shown(refused).texts


def test_what_others_typed_is_a_text_and_nothing_else(club: GroupClub) -> None:
    typed = '"><script>alert(1)</script>'
    lesson = club.adds_lesson(THURSDAY, topic=typed)
    club.edits(f"/groups/{club.group}", name=typed)
    good(club.people["owner"].puts(f"/clients/{club.tom}", name=typed, notes=typed), 200)
    for path in ("/app/groups", club.path, f"{path_of(lesson)}/edit", f"{club.path}/members/{club.tom}"):
        page = shown(club.by("head").opens(path))
        assert any(typed in text for text in [*page.texts, *filter(None, page.values.values())]), path
    cancelled = club.by("teacher").sends(f"{path_of(lesson)}/cancel", reason=typed)
    assert f"Does not take place: {typed}" in shown(club.by("teacher").opens(leads_to(cancelled))).texts
