"""Groups and lessons in a real browser: for whoever sees badly, by keyboard, without scripts."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.service import Service
from tests.web.clicks import has_session
from tests.web.conftest import LONGEST_WAIT
from tests.web.looks import DESK, found_on

pytestmark = pytest.mark.processes


def asked(service: Service, token: str, path: str) -> Any:
    answered = httpx.get(f"{service.url}/api/v1{path}", headers={"authorization": f"Bearer {token}"})
    assert answered.status_code == 200, answered.text
    return answered.json()


def a_group(service: Service, token: str) -> dict[str, Any]:
    """The first group of the demo, by name."""
    group: dict[str, Any] = asked(service, token, "/groups?page=1")["groups"][0]
    return group


def in_days(days: int) -> str:
    return str(datetime.now(UTC).date() + timedelta(days=days))


def pages_of_a_manager(page: Page, service: Service) -> Iterator[str]:
    token = has_session(page, service, "demo-manager")
    group = a_group(service, token)
    of = f"/app/groups/{group['id']}"
    lesson = asked(service, token, f"/groups/{group['id']}/lessons?sort=-date&page=1")["lessons"][0]["id"]
    member = next(it["client_id"] for it in group["members"] if it["until"] is None)
    for path in (
        "/app/groups",
        of,
        f"{of}?lessons=past&notice=schedule-saved",
        f"{of}/members?q=a",
        f"{of}/members/{member}",
        f"{of}/teachers",
        f"{of}/end?last={in_days(0)}",
        f"{of}/lessons/make?from={in_days(1)}&to={in_days(60)}&replace=yes",
        f"/app/lessons/{lesson}/edit",
    ):
        page.goto(path)
        yield path
    page.goto(f"{of}/schedule")
    refuses_a_time(page)
    yield "a schedule that is refused"


def refuses_a_time(page: Page) -> None:
    """Send a time that ends before it begins, in the first empty row."""
    page.get_by_label("Day", exact=True).nth(-2).select_option("Sunday")
    page.get_by_label("Begins").nth(-2).fill("17:00")
    page.get_by_label("Ends").nth(-2).fill("16:00")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_be_visible()


def test_nothing_on_a_page_of_groups_is_in_anybodys_way(demo_page: Page, demo_service: Service) -> None:
    found = {}
    for name in pages_of_a_manager(demo_page, demo_service):
        demo_page.locator("details").evaluate_all("all => all.forEach(each => { each.open = true })")
        if faults := found_on(demo_page):
            found[name] = faults
        demo_page.set_viewport_size(DESK)  # type: ignore[arg-type]
    assert found == {}


def tabs_to(page: Page, name: str, *, most: int = 80) -> None:
    """Go on by keyboard until what has this name has the focus."""
    for _ in range(most):
        page.keyboard.press("Tab")
        text = page.evaluate(
            """() => {
                const it = document.activeElement;
                return (it.labels?.[0] ?? it).innerText.trim();
            }"""
        )
        if text == name:
            return
    raise AssertionError(f"{name} is not reached by keyboard")


def test_lessons_are_looked_at_by_keyboard_and_without_scripts(
    browser: Browser, demo_service: Service
) -> None:
    with browser.new_context(base_url=demo_service.url, locale="en-US", java_script_enabled=False) as context:
        context.set_default_timeout(LONGEST_WAIT)
        page = context.new_page()
        group = a_group(demo_service, has_session(page, demo_service, "demo-manager"))
        page.goto("/app/groups")
        tabs_to(page, "Search by name")
        page.keyboard.type(group["name"])
        page.keyboard.press("Enter")
        expect(page.get_by_role("status")).to_have_text("1 group")
        tabs_to(page, group["name"])
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name=group["name"], level=1)).to_be_visible()
        tabs_to(page, "Make lessons of the schedule")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Make lessons of")).to_be_visible()
        tabs_to(page, "Show what would be made")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="would be made")).to_be_visible()
        page.goto(f"/app/groups/{group['id']}/schedule")
        refuses_a_time(page)
        expect(page.get_by_role("alert")).to_be_focused()
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.get_by_label("Ends").nth(-2)).to_have_accessible_description("must be after the start")
        expect(page).to_have_url(re.compile(r"#ends-[0-9]+$"))


def test_a_group_is_told_as_it_is_meant(demo_page: Page, demo_service: Service) -> None:
    group = a_group(demo_service, has_session(demo_page, demo_service, "demo-manager"))
    demo_page.goto("/app/groups")
    expect(demo_page.get_by_role("main")).to_match_aria_snapshot(
        r"""
        - heading "Groups" [level=1]
        - paragraph:
          - link "Add a group"
        - search:
          - text: Search by name
          - searchbox "Search by name"
          - text: Show
          - combobox "Show"
          - text: Place
          - combobox "Place"
          - checkbox "Only mine"
          - button "Search"
        - status: 3 groups
        - list:
          - listitem:
            - heading [level=2]:
              - link
            - paragraph: /[A-Z][a-z]+s.* \d\d:\d\d–\d\d:\d\d/
            - term: Place
            - definition: /House \d/
            - term: Teaches
            - definition
            - term: Members
            - definition: /\d+ of \d+/
            - term: Next lesson
            - definition: /\d\d:\d\d/
        """
    )
    demo_page.get_by_role("link", name=group["name"]).click()
    expect(demo_page.get_by_role("main")).to_match_aria_snapshot(
        r"""
        - paragraph:
          - link "All groups"
        - heading [level=1]
        - term: When
        - definition:
          - paragraph: /\d\d:\d\d–\d\d:\d\d/
        - term: Place
        - definition: /House \d, .+/
        - term: Teachers
        - definition:
          - paragraph
        - term: Dates
        - definition: /from .+/
        - paragraph:
          - link "Edit"
          - link "Times"
          - link "Teachers"
          - link "End the group"
        - heading "Members" [level=2]
        - text: As of
        - textbox "As of"
        - button "Show"
        - paragraph: "/.+ \\(today\\): \\d+ of \\d+/"
        - list "Members":
          - listitem:
            - link
            - text: /since .+/
            - link /Change .+/
        """
    )
    expect(demo_page.get_by_role("navigation", name="Lessons")).to_match_aria_snapshot(
        """
        - navigation "Lessons":
          - link "To come"
          - link "Past"
        """
    )
    demo_page.get_by_role("link", name="Past").click()
    expect(demo_page.get_by_role("list", name="Lessons")).to_match_aria_snapshot(
        r"""
        - list "Lessons":
          - listitem:
            - link /[A-Z][a-z]{2} \d+ \w+ \d{4}, \d\d:\d\d–\d\d:\d\d/
            - text: /held|not taken/
            - link /Change .+/
        """
    )


def test_a_lesson_is_told_as_it_is_meant(demo_page: Page, demo_service: Service) -> None:
    token = has_session(demo_page, demo_service, "demo-manager")
    group = a_group(demo_service, token)
    lessons = asked(demo_service, token, f"/groups/{group['id']}/lessons?sort=-date&page=1")["lessons"]
    demo_page.goto(f"/app/lessons/{lessons[0]['id']}/edit")
    expect(demo_page.get_by_role("main")).to_match_aria_snapshot(
        r"""
        - paragraph:
          - link
        - heading /.+, [A-Z][a-z]{2} \d+ \w+ \d{4}, \d\d:\d\d/ [level=1]
        - paragraph: planned
        - paragraph:
          - link "Roll call"
        - heading "Move or change" [level=2]
        - form "Move or change":
          - text: Date
          - textbox "Date"
          - text: Begins
          - textbox "Begins"
          - text: Ends
          - textbox "Ends"
          - text: Place
          - combobox "Place"
          - text: Topic
          - textbox "Topic"
          - group "Teachers":
            - text: Teachers
            - checkbox
          - paragraph:
            - button "Save"
        - group: Cancel this lesson
        - group: Delete this lesson
        """
    )
    cancel = demo_page.get_by_text("Cancel this lesson")
    cancel.focus()
    demo_page.keyboard.press("Enter")
    expect(demo_page.get_by_label("Reason")).to_be_visible()
    expect(demo_page.get_by_label("Reason")).to_have_accessible_description("Parents see it.")
