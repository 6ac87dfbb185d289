"""How the roll call looks and reads: on a phone and at a desk, by keyboard, to a screen reader."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.web.attendance.conftest import PHONE, Club, Lesson, RollCall
from tests.web.clicks import PASSWORD, has_session
from tests.web.conftest import LONGEST_WAIT
from tests.web.looks import DESK, found_on
from tests.web.test_in_a_browser import focused

pytestmark = pytest.mark.processes
Opens = Callable[[Lesson], RollCall]


def at_a_desk(page: Page) -> None:
    page.set_viewport_size(DESK)  # type: ignore[arg-type]
    page.evaluate("document.documentElement.style.fontSize = ''")


def test_nothing_of_a_roll_call_is_in_anybodys_way(club: Club, lesson: Lesson, opened: Opens) -> None:
    found = {}

    def looks(name: str) -> None:
        if faults := found_on(page):
            found[name] = faults
        at_a_desk(page)

    roll = opened(lesson)
    page = roll.page
    roll.progress("0 of 6")
    looks("as it is opened")
    lesson.office_says(Emil="excused")
    for name, status in (("Anna Adler", "Present"), ("Bea Berg", "Late"), ("Carl Conrad", "Absent")):
        roll.taps(name, status)
    roll.says("Saved")
    page.get_by_role("listitem").filter(has_text="Anna Adler").get_by_text("More").click()
    page.get_by_label("Add a guest").fill("zoe")
    expect(page.get_by_role("list", name="Found").get_by_role("button").first).to_be_visible()
    page.context.set_offline(True)
    roll.taps("Dora Dreyer", "Excused")
    roll.says("Offline: 1 waiting")
    looks("marked, open, searching and without connection")
    lesson.office_says(Dora="absent")
    page.context.set_offline(False)
    expect(page.get_by_role("dialog")).to_be_visible()
    looks("asking")
    page.get_by_role("radio", name="Theirs: Absent").check()
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    roll.says("Saved")
    bea = page.get_by_role("listitem").filter(has_text="Bea Berg")
    bea.get_by_label("Minutes late").fill("abc")
    bea.get_by_label("Minutes late").blur()
    roll.says("Not saved: minutes late are a whole number from 1 to 600")
    path = f"/groups/{lesson.sheet['group_id']}/lessons/{lesson.id}"
    assert lesson.office.put(path, json={"state": "cancelled", "reason": "storm"}).status_code == 200
    roll.taps("Fritz Falk", "Present")
    expect(page.get_by_role("alert")).to_have_text("This lesson is cancelled. Nobody can be marked.")
    looks("cancelled meanwhile, with what is not saved")
    page.get_by_role("link", name="Notes and contacts").first.click()
    looks("notes")
    page.goto("/app/offline")
    looks("no connection")
    page.goto("/app/sign-out?waiting=3")
    looks("something waits")
    assert found == {}


def test_a_roll_call_is_told_as_it_is_meant(club: Club, opened: Opens) -> None:
    roll = opened(club.lesson("Anna Adler"))
    roll.taps("Anna Adler", "Late")
    roll.says("Saved")
    expect(roll.page.get_by_role("main")).to_match_aria_snapshot(
        """
        - heading "00:00 Clay" [level=1]
        - paragraph
        - checkbox "Unmarked only"
        - group "Sort by":
          - radio "Name" [checked]
          - radio "First name"
        - list "Clients":
          - listitem:
            - paragraph: Anna Adler
            - paragraph: First visit 9 left
            - radiogroup "Anna Adler":
              - radio "Present"
              - radio "Late" [checked]
              - radio "Absent"
              - radio "Excused"
            - textbox "Minutes late"
            - group: More
        - search "Guests":
          - searchbox "Add a guest"
        - paragraph:
          - text: 1 of 1
          - status: Saved
        - paragraph:
          - button "Undo"
          - button "Mark the rest present" [disabled]
        """
    )


def test_one_signs_in_and_calls_the_roll_by_keyboard_alone(page: Page, club: Club) -> None:
    lesson = club.lesson("Anna Adler", "Bea Berg")
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{club.service.url}{lesson.path}")
    keyboard = page.keyboard

    def goes_to(text: str) -> None:
        """By Tab alone, through nothing that is not seen."""
        for _ in range(40):
            keyboard.press("Tab")
            has_focus = focused(page)
            assert not has_focus.startswith("UNSEEN"), has_focus
            if has_focus == text:
                return
        raise AssertionError(f"nothing leads to {text}")

    goes_to("Username or email")
    keyboard.type(lesson.teacher)
    goes_to("Password")
    keyboard.type(PASSWORD)
    keyboard.press("Enter")
    roll = RollCall(page)
    roll.progress("0 of 2")
    expect(page.locator(".is-live")).to_be_visible()
    goes_to("Skip to content")
    keyboard.press("Enter")
    goes_to("Present")
    keyboard.press("ArrowRight")
    goes_to("More")
    keyboard.press("Enter")
    goes_to("Note")
    keyboard.type("bus")
    goes_to("Notes and contacts")
    goes_to("Present")
    keyboard.press("Space")
    roll.progress("2 of 2")
    roll.says("Saved")
    goes_to("Undo")
    keyboard.press("Enter")
    roll.progress("1 of 2")
    goes_to("Mark the rest present")
    keyboard.press("Space")
    roll.says("Saved")
    roll.progress("2 of 2")
    assert [*lesson.statuses.values()] == ["late", "present"]
    assert lesson.rows["Anna Adler"]["note"] == "bus"


@pytest.mark.parametrize(
    ("language", "size"),
    [
        ("en", {"width": 740, "height": 360}),
        ("ru", {"width": 740, "height": 360}),
        ("de", {"width": 568, "height": 320}),
        ("de", {"width": 375, "height": 553}),
    ],
)
def test_on_a_phone_on_its_side_the_status_is_seen_and_hides_nothing(
    browser: Browser, club: Club, language: str, size: ViewportSize
) -> None:
    lesson = club.lesson()
    with browser.new_context(base_url=club.service.url, locale=language, viewport=size) as context:
        context.set_default_timeout(LONGEST_WAIT)
        page = context.new_page()
        has_session(page, lesson.service, lesson.teacher)
        page.goto(lesson.path)
        page.locator(".statuses input").first.check()
        bar = page.locator(".bar")
        expect(bar.locator("[data-kind=good]")).to_be_visible()
        box = bar.bounding_box()
        assert box
        assert box["y"] + box["height"] <= size["height"] + 1
        assert box["height"] <= size["height"] * 0.28
        for element in bar.locator("b, .status, button:visible").all():
            expect(element).to_be_in_viewport(ratio=0.99)
        reached = 0
        page.keyboard.press("Tab")
        while page.evaluate("document.activeElement !== document.body"):
            has_focus = focused(page)
            assert not has_focus.startswith("UNSEEN"), has_focus
            reached += 1
            page.keyboard.press("Tab")
        assert reached > 2 * len(lesson.clients)


@pytest.mark.parametrize("language", ["de", "ru"])
def test_long_words_fit_on_a_phone_with_large_letters(browser: Browser, club: Club, language: str) -> None:
    lesson = club.lesson("Anna Adler", "Bea Berg")
    lesson.office_says(Anna="present")
    with browser.new_context(base_url=club.service.url, locale=language, viewport=PHONE) as context:
        context.set_default_timeout(LONGEST_WAIT)
        page = context.new_page()
        has_session(page, lesson.service, lesson.teacher)
        page.goto(lesson.path)
        expect(page.locator(".is-live")).to_be_visible()
        expect(page.locator("html")).to_have_attribute("lang", language)
        by_what = {"de": ["Nachname", "Vorname"], "ru": ["Фамилия", "Имя"]}[language]
        expect(page.locator(".sort label")).to_have_text(by_what)
        assert not found_on(page)
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        cut = page.evaluate(
            """() => [...document.querySelectorAll("#roll-call button, .statuses label, .bar")]
                .filter((each) => each.getClientRects().length)
                .filter((each) => each.getBoundingClientRect().right > innerWidth
                    || each.scrollWidth > each.clientWidth + 1)
                .map((each) => each.textContent)"""
        )
        assert cut == []
