"""Pages of passes in a real browser: for whoever sees badly, and as a screen reader has them."""

import re

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.service import Service
from tests.web.clicks import has_session
from tests.web.looks import DESK, found_on

pytestmark = pytest.mark.processes


def at_the_office(page: Page, service: Service) -> tuple[str, str]:
    """Sign in as a head, and return the ids of a client and of its pass, which still pays for visits."""
    token = has_session(page, service, "demo-head")
    listed = httpx.get(
        f"{service.url}/api/v1/subscriptions",
        params={"page": "1", "state": "active"},
        headers={"authorization": f"Bearer {token}"},
    ).json()
    first = listed["subscriptions"][0]
    return first["client_id"], first["id"]


@pytest.mark.thorough
def test_nothing_is_in_the_way_of_the_office(demo_page: Page, demo_service: Service) -> None:
    client, subscription = at_the_office(demo_page, demo_service)
    found = {}
    paths = [
        f"/app/clients/{client}/passes",
        f"/app/clients/{client}/passes/unpaid",
        f"/app/clients/{client}/groups/enrol",
        "/app/passes/freeze-all",
        "/app/passes/freeze-all?since=2020-01-01&until=x",
        f"/app/clients/{client}/passes/sell?price_id=&start=day&discount_percent=x",
    ]
    for path in paths:
        demo_page.goto(path)
        found[path] = found_on(demo_page)
        demo_page.set_viewport_size(DESK)  # type: ignore[arg-type]
    demo_page.goto(f"/app/passes/{subscription}")
    for summary in demo_page.locator("summary").all():
        summary.click()
    found["a pass"] = found_on(demo_page)
    assert {name: faults for name, faults in found.items() if faults} == {}


def test_a_sale_and_a_freeze_of_all_are_shown_before_and_told_as_they_are_meant(
    demo_page: Page, demo_service: Service
) -> None:
    client, _ = at_the_office(demo_page, demo_service)
    main = demo_page.get_by_role("main")
    demo_page.goto(f"/app/clients/{client}/passes/sell")
    main.get_by_role("radio").first.check()
    main.get_by_role("radio", name="Today").check()
    main.get_by_role("button", name="Show what it comes to").click()
    expect(main).to_match_aria_snapshot(
        r"""
        - paragraph:
          - link
        - heading "Sell a pass" [level=1]
        - region:
          - 'heading /.+: €\d+\.\d\d/ [level=2]'
          - term: For
          - definition
          - term: Worth
          - definition
          - term: Valid
          - definition: /\d+ \w+ \d+ – .+/
          - term: Price
          - definition: /€\d+\.\d\d/
          - paragraph:
            - button /Sell for €\d+\.\d\d/
        - heading "Sell something else" [level=2]
        - group "Price":
          - radio [checked]
        - group "Begins":
          - radio "Today" [checked]
          - radio "On the day below"
        """
    )
    found = found_on(demo_page)
    demo_page.set_viewport_size(DESK)  # type: ignore[arg-type]
    demo_page.goto("/app/passes/freeze-all")
    # the year in which the club of the demo has not begun is the one in which nothing is in the way
    demo_page.get_by_label("First day").fill("2100-01-01")
    demo_page.get_by_label("Last day").fill("2100-01-07")
    main.get_by_role("button", name="Show what would be frozen").click()
    expect(main).to_match_aria_snapshot(
        """
        - heading "Freeze all passes" [level=1]
        - paragraph
        - region "1 Jan 2100 – 7 Jan 2100":
          - heading [level=2]
          - paragraph: 0 passes would be frozen.
        - heading "Other days" [level=2]
        """
    )
    today = demo_page.evaluate("new Date().toISOString().slice(0, 10)")
    demo_page.goto(f"/app/passes/freeze-all?since={today}&until={today}")
    expect(main.get_by_role("button", name=re.compile("Freeze [0-9]+ pass"))).to_be_visible()
    expect(main).to_contain_text("No button undoes this")
    found |= found_on(demo_page)
    assert found == {}


def test_a_pass_is_told_as_it_is_meant(demo_page: Page, demo_service: Service) -> None:
    _, subscription = at_the_office(demo_page, demo_service)
    demo_page.goto(f"/app/passes/{subscription}")
    expect(demo_page.get_by_role("main")).to_match_aria_snapshot(
        r"""
        - paragraph:
          - link
        - heading [level=1]
        - paragraph: /Valid/
        - term: Valid
        - definition
        - term: Visits
        - definition
        - term: Absences
        - definition: /cost/
        - term: Sold
        - definition
        - term: Price
        - definition: /€/
        - link "Renew"
        - heading "Freezes" [level=2]
        - paragraph: It was never frozen.
        - group: Freeze for some days
        - group: Change or cancel it
        - heading "Visits it has paid for" [level=2]
        - region "Visits it has paid for":
          - table /\d+ visits?/:
            - rowgroup:
              - row "Day Group Status"
            - rowgroup:
              - row
        """
    )
