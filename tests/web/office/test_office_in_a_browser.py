"""The office and one's own account in a real browser: nothing in anybody's way, told as it is meant."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.service import Service
from tests.web.clicks import has_session, is_signed_in
from tests.web.looks import DESK, found_on

pytestmark = pytest.mark.processes

OFFICE = "/app/office"


def pages_of_the_office(page: Page, service: Service) -> Iterator[str]:
    """Each page in its main states; nothing in the club of the demo is changed."""
    has_session(page, service, "demo-owner")
    for path in ("", "/users", "/users/invite", "/role-changes", "/locations", "/prices"):
        page.goto(f"{OFFICE}{path}")
        yield path
    page.get_by_role("main").get_by_role("row").get_by_role("link").first.click()
    expect(page.get_by_role("button", name="Save")).to_be_visible()
    yield "a price"
    page.get_by_label("Amount").fill("free")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_be_focused()
    yield "a price that is refused"
    page.goto(f"{OFFICE}/locations")
    page.get_by_role("main").get_by_role("row").get_by_role("link").first.click()
    expect(page.get_by_role("heading", name="Closures")).to_be_visible()
    yield "a location"
    page.get_by_role("link", name="Holidays").or_(page.locator("#closures ~ ul a")).first.click()
    page.get_by_text("Remove this closure").click()
    yield "a closure"
    page.goto(f"{OFFICE}/users?name=demo-head")
    page.get_by_role("link", name="demo-head").click()
    page.get_by_text("Switch this account off").click()
    yield "a user"
    page.goto(f"{OFFICE}/log?kind=location")
    page.get_by_text("Details").first.click()
    yield "the log"
    page.goto(f"{OFFICE}/log?who=demo&client=zzz")
    expect(page.get_by_role("alert")).to_be_focused()
    yield "the log, asking who is meant"


def pages_of_ones_own(page: Page, service: Service) -> Iterator[str]:
    has_session(page, service, "demo-parent")
    page.goto("/app/account")
    yield "the account"


@pytest.mark.parametrize("pages", [pages_of_the_office, pages_of_ones_own])
def test_nothing_is_in_anybodys_way(demo_page: Page, demo_service: Service, pages: Any) -> None:
    found = {}
    for name in pages(demo_page, demo_service):
        if faults := found_on(demo_page):
            found[name] = faults
        demo_page.set_viewport_size(DESK)  # type: ignore[arg-type]
    assert found == {}


def test_a_calendar_link_is_made_and_nothing_is_in_its_way(page: Page, service: Service) -> None:
    is_signed_in(page, service)
    page.goto("/app/account")
    page.get_by_role("button", name="Make a calendar link").click()
    expect(page.get_by_role("heading", name="Your calendar link")).to_be_visible()
    assert found_on(page) == {}
    page.set_viewport_size(DESK)  # type: ignore[arg-type]
    page.goto("/app/account")
    expect(page.get_by_role("button", name="Replace it by a new link")).to_be_visible()
    assert found_on(page) == {}


def test_the_office_is_told_as_it_is_meant(demo_page: Page, demo_service: Service) -> None:
    has_session(demo_page, demo_service, "demo-owner")
    demo_page.goto(OFFICE)
    expect(demo_page.get_by_role("main")).to_match_aria_snapshot(
        """
        - heading "Office" [level=1]
        - list:
          - listitem:
            - heading "Users" [level=2]:
              - link "Users"
            - paragraph: Who can sign in, invitations, roles
            - paragraph: /\\d+ users/
          - listitem:
            - heading "Role changes" [level=2]
          - listitem:
            - heading "Prices" [level=2]
          - listitem:
            - heading "Locations" [level=2]
          - listitem:
            - heading "Log" [level=2]
        """
    )
    demo_page.goto(f"{OFFICE}/users?name=demo-owner")
    expect(demo_page.get_by_role("region", name="Users")).to_match_aria_snapshot(
        """
        - region "Users":
          - table "Users":
            - rowgroup:
              - row "Username Role State Name Email"
            - rowgroup:
              - row /demo-owner/:
                - rowheader "demo-owner":
                  - link "demo-owner"
                - cell "Owner"
                - cell /active/
        """
    )
    demo_page.goto(f"{OFFICE}/prices")
    demo_page.get_by_role("main").get_by_role("row").get_by_role("link").first.click()
    expect(demo_page.get_by_role("main")).to_match_aria_snapshot(
        """
        - textbox "Name of the price"
        - textbox "Amount"
        - combobox "Currency"
        - group "How many visits":
          - textbox "Visits"
          - textbox "Visits a week"
        - group "How long it is valid":
          - textbox "Valid for days"
          - textbox "Valid for months"
        - group "When it is sold":
          - textbox "On sale from"
          - textbox "On sale until"
        - group "Groups":
          - checkbox /Clay/
        - checkbox "An absence without excuse costs a visit"
        - textbox "Notes"
        - paragraph:
          - button "Save"
        """
    )
    demo_page.goto(f"{OFFICE}/log?kind=location")
    expect(demo_page.get_by_role("main")).to_match_aria_snapshot(
        """
        - heading "Log" [level=1]
        - textbox "From"
        - textbox "Until"
        - combobox "Kind of thing"
        - searchbox "Who did it"
        - searchbox "Client"
        - button "Show"
        - heading /20/ [level=2]
        - list:
          - listitem:
            - time: /\\d+:\\d+/
            - paragraph:
              - link /demo/
            - paragraph:
              - text: Location
              - link /./
              - text: /added|changed/
            - group: Details
        """
    )


def test_a_role_is_changed_by_keyboard_and_the_last_owner_stays(
    demo_page: Page, demo_service: Service
) -> None:
    has_session(demo_page, demo_service, "demo-owner")
    demo_page.goto(f"{OFFICE}/users?name=demo-owner")
    demo_page.get_by_role("link", name="demo-owner").focus()
    demo_page.keyboard.press("Enter")
    demo_page.get_by_label("New role").focus()
    demo_page.keyboard.type("Man")
    demo_page.keyboard.press("Tab")
    demo_page.keyboard.press("Enter")
    expect(demo_page.get_by_role("alert")).to_contain_text("the last owner cannot be removed")
    expect(demo_page.get_by_role("alert")).to_be_focused()
    expect(demo_page.get_by_role("definition").get_by_text("Owner", exact=True)).to_be_visible()
