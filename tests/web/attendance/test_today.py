"""Today: whose lessons are shown, how far each is, and where one goes from there."""

import re
from types import SimpleNamespace

import pytest
from playwright.sync_api import Page, expect

from attendance.adapters.web.attendance import today
from attendance.domain.permissions.roles import Role
from attendance.domain.permissions.table import Permission
from tests.http.api import UNKNOWN_ID, Api, good
from tests.http.club.test_all_lessons_protocol import TODAY, TOMORROW, School
from tests.service import Service
from tests.web.clicks import has_session
from tests.web.looks import DESK, PHONE, found_on
from tests.web.visitors import Shown, Visitor, leads_to, shown, signed_in, visitor, with_session

PATH = "/app/today"
YESTERDAY = "2026-03-01"


@pytest.fixture
def school(memory: Api) -> School:
    return School(memory)


def page_of(visitor: Visitor, query: str = "") -> Shown:
    answered = visitor.opens(PATH + query)
    assert answered.status_code == 200, answered.text
    return shown(answered, has_scripts=True)


def lessons(page: Shown) -> list[str]:
    """What the links to lessons are named, in their order."""
    return [text for text in page.texts if re.fullmatch(r"\d\d:\d\d \w+", text)]


def ids(page: Shown) -> list[str]:
    return [link.rpartition("/")[2] for link in page.links if link.startswith("/app/lessons/")]


def row(page: Shown, name: str) -> list[str]:
    """What is said of a lesson beside its name: the texts up to its badge."""
    words = {"not taken", "to come", "cancelled", "done"}
    said: list[str] = []
    for text in page.texts[page.texts.index(name) + 1 :]:
        said.append(text)
        if text in words or re.fullmatch(r"\d+ of \d+", text):
            break
    return said


def test_today_has_ones_lessons_with_place_and_state(memory: Api, school: School) -> None:
    partly = school.lesson(school.chess, TODAY, "07:00")
    school.marks(partly, school.clients[0])
    done = school.lesson(school.chess, TODAY, "08:00", topic="Openings")
    school.marks(done, *school.clients[:2])
    off = school.lesson(school.go, TODAY, "09:00")
    path = f"/groups/{school.go}/lessons/{off}"
    good(school.head.puts(path, state="cancelled", reason="The house is closed"), 200)
    untaken = school.lesson(school.go, TODAY, "10:00")
    coming = school.lesson(school.go, TODAY, "18:00")
    school.lesson(school.bridge, TODAY, "11:00")
    school.lesson(school.go, TOMORROW, "11:00")
    page = page_of(with_session(memory, school.ann))
    assert {"Today", "Monday, 2 March 2026"} <= {*page.texts}
    assert ids(page) == [partly, done, off, untaken, coming]
    assert lessons(page) == ["07:00 Chess", "08:00 Chess", "09:00 Go", "10:00 Go", "18:00 Go"]
    zone = "(Europe/Berlin)"
    assert row(page, "07:00 Chess") == ["Main", f"until 08:00 {zone}", "1 of 2"]
    assert row(page, "08:00 Chess") == ["Main", f"until 09:00 {zone}", "Openings", "done"]
    assert row(page, "09:00 Go") == ["Annex", f"until 10:00 {zone}", "The house is closed", "cancelled"]
    assert row(page, "10:00 Go")[-1] == "not taken"
    assert row(page, "18:00 Go")[-1] == "to come"
    assert "Not taken yet" not in page.texts


def test_the_lesson_that_is_on_is_marked(memory: Api, school: School) -> None:
    school.lesson(school.chess, TODAY, "11:00")
    on = school.lesson(school.go, TODAY, "12:30")
    school.lesson(school.go, TODAY, "14:00")
    off = school.lesson(school.bridge, TODAY, "12:30")
    cancelled = {"state": "cancelled", "reason": "The house is closed"}
    good(school.head.puts(f"/groups/{school.bridge}/lessons/{off}", **cancelled), 200)
    for who, query in ((school.ann, ""), (school.head, "?teacher=")):
        html = with_session(memory, who).opens(PATH + query).text
        [item] = re.findall(r'<li class="lesson"[^>]*aria-current="time">.*?</li>', html, re.DOTALL)
        assert f"/app/lessons/{on}" in item
        assert '<span class="badge now">Now</span>' in item
        assert html.count('class="badge now"') == 1
    memory.clock.pass_by(minutes=45)
    assert "badge now" not in with_session(memory, school.ann).opens(PATH).text


def test_a_guest_makes_no_lesson_done(memory: Api, school: School) -> None:
    lesson = school.lesson(school.chess, TODAY, "07:00")
    school.marks(lesson, school.clients[0], school.clients[2])
    assert row(page_of(with_session(memory, school.ann)), "07:00 Chess")[-1] == "1 of 2"


def test_what_nobody_took_in_the_last_days_stands_above_with_its_day(memory: Api, school: School) -> None:
    school.lesson(school.chess, "2026-02-22", "17:00")
    first = school.lesson(school.chess, "2026-02-23", "17:00")
    last = school.lesson(school.chess, YESTERDAY, "17:00")
    taken = school.lesson(school.chess, YESTERDAY, "19:00")
    school.marks(taken, school.clients[0])
    school.lesson(school.bridge, YESTERDAY, "17:00")
    of_today = school.lesson(school.chess, TODAY, "08:00")
    ann = with_session(memory, school.ann)
    page = page_of(ann)
    assert ids(page) == [last, first, of_today]
    assert page.texts.index("Not taken yet") < page.texts.index("Lessons of this day")
    assert row(page, "17:00 Chess")[:2] == ["Sun, 1 Mar", "Main"]
    assert ids(page_of(ann, f"?day={YESTERDAY}")) == [last, taken]


def test_many_that_nobody_took_are_folded(memory: Api, school: School) -> None:
    for hour in range(7):
        school.lesson(school.chess, YESTERDAY, f"{hour:02}:00")
    page = page_of(with_session(memory, school.ann))
    assert len(ids(page)) == 7
    assert page.texts.index("2 more") == page.texts.index("01:00 Chess") - 1


def test_the_days_around_are_a_link_away(memory: Api, school: School) -> None:
    lesson = school.lesson(school.chess, TOMORROW, "17:00")
    ann = with_session(memory, school.ann)
    around = {f"?day={YESTERDAY}", f"?day={TOMORROW}"}
    of_today = page_of(ann)
    assert around <= {*of_today.links}
    assert "Back to today" not in of_today.texts
    tomorrow = page_of(ann, f"?day={TOMORROW}")
    assert ids(tomorrow) == [lesson]
    assert {f"?day={TODAY}", "?day=2026-03-04", PATH} <= {*tomorrow.links}
    assert {"Tuesday, 3 March 2026", "Back to today"} <= {*tomorrow.texts}
    assert "You teach no lessons on this day." in of_today.texts
    assert page_of(ann, f"?day={TODAY}").texts == of_today.texts
    for end in ("0001-01-01", "9999-12-31"):
        assert page_of(ann, f"?day={end}").texts.count("Back to today") == 1


def test_today_is_the_organisations_date(memory: Api, school: School) -> None:
    """At half past eleven at night in UTC it is tomorrow in Berlin, and here it is not."""
    lesson = school.lesson(school.chess, TODAY, "17:00")
    memory.clock.pass_by(hours=11, minutes=30)
    assert ids(page_of(with_session(memory, memory.session_of(school.ann)))) == [lesson]
    memory.clock.pass_by(hours=1)
    page = page_of(with_session(memory, memory.session_of(school.ann)))
    assert "Tuesday, 3 March 2026" in page.texts
    assert row(page, "17:00 Chess")[-1] == "not taken"


def test_managers_see_everybodys_by_teacher_and_by_place(memory: Api, school: School) -> None:
    of_ann = school.lesson(school.chess, TODAY, "08:00")
    at_the_annex = school.lesson(school.go, TODAY, "09:00")
    of_ben = school.lesson(school.bridge, TODAY, "10:00")
    forgotten = school.lesson(school.bridge, YESTERDAY, "10:00")
    manager = memory.having(Role.MANAGER)
    mine = school.lesson(school.bridge, TODAY, "12:00", teachers=[manager.id])
    head = with_session(memory, manager)
    everybody = page_of(head)
    assert ids(everybody) == [forgotten, of_ann, at_the_annex, of_ben, mine]
    assert row(everybody, "08:00 Chess")[:2] == ["Main", "ann"]
    assert ids(page_of(head, "?teacher=me")) == [mine]
    one = page_of(head, f"?teacher={school.ben.id}&place=")
    assert ids(one) == [forgotten, of_ben]
    assert f"?teacher={school.ben.id}&day={TOMORROW}" in one.links
    assert ids(page_of(head, f"?place={school.annex}")) == [at_the_annex]
    other_day = page_of(head, f"?day={TOMORROW}&teacher=me&place={school.main}")
    assert other_day.values["day"] == TOMORROW
    assert f"{PATH}?teacher=me&place={school.main}" in other_day.links
    assert "You teach no lessons on this day." in other_day.texts
    assert "No lessons on this day." in page_of(head, f"?day={TOMORROW}").texts


def test_a_teacher_who_is_no_employee_is_a_choice_once_asked_for(memory: Api, school: School) -> None:
    boss = memory.having(Role.OWNER, "boss")
    head = signed_in(memory, Role.MANAGER)
    assert "boss" in page_of(head, f"?teacher={boss.id}").texts
    assert head.opens(f"{PATH}?teacher={UNKNOWN_ID}").status_code == 404


def test_a_teacher_sees_no_lessons_of_others_whatever_is_asked_for(memory: Api, school: School) -> None:
    lesson = school.lesson(school.chess, TODAY, "08:00")
    school.lesson(school.bridge, TODAY, "08:00")
    ann = with_session(memory, school.ann)
    for query in (f"?teacher={school.ben.id}", "?teacher=", f"?place={school.annex}"):
        page = page_of(ann, query)
        assert ids(page) == [lesson]
        assert "Everybody" not in page.texts


@pytest.mark.plants
def test_others_are_seen_to_be_asked_for_when_everybody_counts_as_a_manager(
    memory: Api, school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(today, "Permission", SimpleNamespace(LIST_USERS=Permission.READ_LESSONS))
    with pytest.raises(AssertionError):
        test_a_teacher_sees_no_lessons_of_others_whatever_is_asked_for(memory, school)


@pytest.mark.parametrize(
    "query", ["?day=tomorrow", "?day=2026-02-30", "?day=20260302", "?page=x", "?teacher=x"]
)
def test_what_no_link_of_ours_asks_for_is_refused(memory: Api, query: str) -> None:
    answered = signed_in(memory, Role.MANAGER).opens(PATH + query)
    assert answered.status_code == 400
    shown(answered, has_scripts=True)


def test_a_day_of_many_lessons_has_pages(
    memory: Api, school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(today, "LONGEST_PAGE", 2)
    made = [school.lesson(school.chess, TODAY, f"{hour:02}:00") for hour in (13, 15, 17)]
    ann = with_session(memory, school.ann)
    first = page_of(ann)
    assert ids(first) == made[:2]
    assert f"?day={TODAY}&page=2" in first.links
    assert ids(page_of(ann, f"?day={TODAY}&page=2")) == made[2:]


def test_who_may_open_the_day(memory: Api, school: School) -> None:
    for role in Role:
        page_of(signed_in(memory, role))
    refused = signed_in(memory, Role.EMPLOYEE, email_confirmed_at=None).opens(PATH)
    assert (refused.status_code, refused.headers["x-error-code"]) == (403, "insufficient_permissions")
    asked = f"{PATH}?day={TOMORROW}"
    assert leads_to(visitor(memory).opens(asked)) == "/app/sign-in?next=%2Fapp%2Ftoday%3Fday%3D2026-03-03"


# In a browser


@pytest.fixture
def as_teacher(demo_page: Page, demo_service: Service) -> Page:
    has_session(demo_page, demo_service, "demo-teacher-1")
    return demo_page


@pytest.mark.processes
def test_nothing_on_the_page_of_a_day_is_in_anybodys_way(demo_page: Page, demo_service: Service) -> None:
    found = {}
    for username, query in (("demo-teacher-1", ""), ("demo-head", ""), ("demo-head", "?day=2020-01-01")):
        has_session(demo_page, demo_service, username)
        demo_page.goto(PATH + query)
        found[username, query] = found_on(demo_page)
        demo_page.set_viewport_size(DESK)  # type: ignore[arg-type]
    assert not any(found.values()), found


@pytest.mark.processes
def test_the_day_is_told_as_it_is_meant(demo_page: Page, demo_service: Service) -> None:
    has_session(demo_page, demo_service, "demo-head")
    demo_page.goto(PATH)
    expect(demo_page.get_by_role("main")).to_match_aria_snapshot(
        """
        - heading "Today" [level=1]
        - paragraph
        - text: Lessons of
        - combobox "Lessons of":
          - option "Everybody" [selected]
          - option "Mine"
        - text: Place
        - combobox "Place"
        - button "Show"
        - region "Not taken yet":
          - heading "Not taken yet" [level=2]
          - list:
            - listitem:
              - paragraph:
                - link /\\d\\d:\\d\\d \\w+ \\d/
              - paragraph
              - paragraph: not taken
        - region "Lessons of this day":
          - heading "Lessons of this day" [level=2]
          - list:
            - listitem:
              - paragraph:
                - link /\\d\\d:\\d\\d \\w+ \\d/
        - navigation "Days":
          - link "Day before"
          - link "Day after"
        """
    )


@pytest.mark.processes
def test_the_whole_row_of_a_lesson_leads_to_it(as_teacher: Page) -> None:
    as_teacher.set_viewport_size(PHONE)  # type: ignore[arg-type]
    as_teacher.goto(PATH)
    item = as_teacher.get_by_role("region", name="Lessons of this day").get_by_role("listitem").first
    link = item.get_by_role("link")
    expect(link).to_have_accessible_description(re.compile("House"))
    path = link.get_attribute("href")
    # what is under the pointer there is the link
    item.get_by_text("until").click(force=True)
    as_teacher.wait_for_url(f"**{path}")
