"""Labs in a real browser: a sheet that is kept without scripts, and that is in nobody's way."""

import re

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.service import Service
from tests.web.clicks import PASSWORD, has_session, new_name
from tests.web.conftest import LONGEST_WAIT
from tests.web.looks import found_on

pytestmark = pytest.mark.processes


def person(service: Service) -> tuple[str, dict[str, str]]:
    """Somebody new, and the headers of what they do."""
    username = new_name()
    body = {"username": username, "password": PASSWORD}
    assert httpx.post(f"{service.url}/register", json=body).status_code == 201
    token = httpx.post(f"{service.url}/login", json=body).json()["access_token"]
    return username, {"authorization": f"Bearer {token}"}


def lab_of(service: Service, name: str, owner: dict[str, str], *members: dict[str, str]) -> str:
    """The path of a new lab."""
    lab = {"name": name, "description": "Room 5\nMondays"}
    lab_id = httpx.post(f"{service.url}/labs", json=lab, headers=owner).json()["lab_id"]
    for member in members:
        assert httpx.post(f"{service.url}/labs/{lab_id}/join", headers=member).status_code == 200
    return f"/app/labs/{lab_id}"


def test_a_sheet_is_kept_without_scripts(browser: Browser, service: Service) -> None:
    owner, _ = person(service)
    anna, as_anna = person(service)
    with browser.new_context(base_url=service.url, locale="en-US", java_script_enabled=False) as context:
        context.set_default_timeout(LONGEST_WAIT)
        page = context.new_page()
        has_session(page, service, owner)
        page.goto("/app/labs")
        page.get_by_role("link", name="Create a lab").click()
        page.get_by_label("Name of the lab").fill(f"Biology of {owner}")
        page.get_by_role("button", name="Create a lab").click()
        expect(page.get_by_role("heading", level=1)).to_have_text(f"Biology of {owner}")
        joined = httpx.post(
            service.url + page.url.removeprefix(f"{service.url}/app") + "/join", headers=as_anna
        )
        assert joined.status_code == 200
        page.reload()
        page.get_by_role("form", name=anna, exact=True).get_by_role("button", name="Late").click()
        expect(page.get_by_role("button", name="Late", pressed=True)).to_be_visible()
        expect(page.get_by_text("1 of 1 marked · Late: 1")).to_be_visible()
        # a second tap takes it back
        page.get_by_role("button", name="Late", pressed=True).click()
        expect(page.get_by_text("0 of 1 marked")).to_be_visible()
        page.get_by_role("button", name="Late").click()
        page.get_by_text("Note or take back").click()
        page.get_by_label("Note", exact=True).fill("bus")
        page.get_by_role("button", name="Save the note").click()
        expect(page.get_by_role("paragraph").filter(has_text=re.compile("^bus$"))).to_be_visible()
        page.get_by_role("link", name=anna, exact=True).click()
        expect(page.get_by_role("row", name=re.compile("Late bus$"))).to_be_visible()
        page.get_by_role("row", name=re.compile("Late bus$")).get_by_role("link").click()
        page.get_by_text("Note or take back").click()
        page.get_by_role("button", name="Take the mark back").click()
        expect(page.get_by_role("status")).to_have_text("The mark is gone.")
        expect(page.get_by_text("0 of 1 marked")).to_be_visible()


def test_a_mark_is_taken_back_by_keys(page: Page, service: Service) -> None:
    (owner, as_owner), (anna, as_anna) = person(service), person(service)
    path = lab_of(service, f"Keys of {owner}", as_owner, as_anna)
    has_session(page, service, owner)
    page.goto(path)
    for key, place in (("Delete", "Late"), ("Space", "Present"), ("Backspace", "Absent")):
        form = page.get_by_role("form", name=anna, exact=True)
        form.get_by_role("button", name="Present").focus()
        # nothing is marked yet
        page.keyboard.press("Delete")
        form.get_by_role("button", name="Present").press("Space")
        expect(page.get_by_text("1 of 1 marked · Present: 1")).to_be_visible()
        form.get_by_role("button", name=place).press(key)
        expect(page.get_by_text("0 of 1 marked")).to_be_visible()


@pytest.mark.thorough
def test_labs_are_in_nobodys_way_and_told_as_they_are_meant(page: Page, service: Service) -> None:
    # in the order of the sheet, whatever their numbers
    (owner, as_owner), *members = (person(service) for _ in range(3))
    (anna, as_anna), (ben, as_ben) = sorted(members)
    path = lab_of(service, f"Chemistry of {owner}", as_owner, as_anna, as_ben)
    has_session(page, service, owner)
    page.goto(path)
    page.get_by_role("form", name=anna, exact=True).get_by_role("button", name="Absent").click()
    expect(page.get_by_text("1 of 2 marked · Absent: 1")).to_be_visible()
    page.get_by_text("Note or take back").click()
    expect(page.get_by_role("list").filter(has_text=anna)).to_match_aria_snapshot(
        f"""
        - list:
          - listitem:
            - heading "{anna}" [level=3]:
              - link "{anna}"
            - form "{anna}":
              - button "Present"
              - button "Late"
              - button "Absent" [pressed]
              - button "Excused"
            - group:
              - text: Note or take back Note
              - textbox "Note"
              - paragraph:
                - button "Save the note"
              - paragraph:
                - button "Take the mark back"
          - listitem:
            - heading "{ben}" [level=3]:
              - link "{ben}"
            - form "{ben}":
              - button "Present"
              - button "Late"
              - button "Absent"
              - button "Excused"
        """
    )
    found = {"a sheet": found_on(page)}
    for name in (f"/app/labs?q={owner}", "/app/labs/new", f"{path}/members/x"):
        page.goto(name)
        found[name] = found_on(page)
    page.goto(path)
    page.get_by_role("link", name=anna, exact=True).click()
    found["a history"] = found_on(page)
    has_session(page, service, ben)
    page.goto(path)
    expect(page.get_by_role("main")).to_match_aria_snapshot(
        f"""
        - paragraph:
          - link "Labs"
        - heading "Chemistry of {owner}" [level=1]
        - paragraph: Room 5 Mondays
        - paragraph: Its owner, {owner}, keeps the attendance and alone sees it.
        - paragraph: Member
        - heading "2 members" [level=2]
        - list:
          - listitem: {anna}
          - listitem: {ben}
        """
    )
    found["a lab of somebody else"] = found_on(page)
    assert {name: faults for name, faults in found.items() if faults} == {}
