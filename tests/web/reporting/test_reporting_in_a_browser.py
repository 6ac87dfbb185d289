"""Statistics and the overview in a real browser: over the school year of the demo club."""

import re
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.service import Service
from tests.web.clicks import has_session
from tests.web.looks import DESK, LOOKS, PHONE, found_on

pytestmark = pytest.mark.processes

FOR_HEADS = [
    "/app/overview",
    "/app/overview/not-taken",
    "/app/overview/at-risk",
    "/app/overview/unpaid",
    "/app/overview/ending-passes",
    "/app/overview/sales",
    "/app/statistics",
    "/app/statistics?from=2000-01-02&to=2000-01-01",
    "/app/statistics/groups?sort=-attendance_rate",
    "/app/statistics/employees",
    "/app/statistics/locations",
]


def test_nothing_on_these_pages_is_in_anybodys_way(demo_page: Page, demo_service: Service) -> None:
    has_session(demo_page, demo_service, "demo-head")
    found = {}
    for path in FOR_HEADS:
        demo_page.set_viewport_size(DESK)  # type: ignore[arg-type]
        demo_page.goto(path)
        if faults := found_on(demo_page):
            found[path] = faults
    # a year of weeks, of one group
    demo_page.goto("/app/statistics/groups")
    demo_page.get_by_role("region").get_by_role("rowheader").get_by_role("link").first.click()
    demo_page.get_by_role("link", name="This school year").click()
    if faults := found_on(demo_page):
        found["a group"] = faults
    demo_page.goto("/app/overview/unpaid")
    demo_page.get_by_role("link", name=re.compile("^Visits of")).first.click()
    if faults := found_on(demo_page):
        found["unpaid visits of a client"] = faults
    assert found == {}


@pytest.mark.plants
def test_a_plot_that_is_wider_than_a_phone_is_seen(demo_page: Page, demo_service: Service) -> None:
    has_session(demo_page, demo_service, "demo-head")
    demo_page.goto("/app/statistics")
    demo_page.locator(".plot").first.evaluate("plot => { plot.style.width = '50rem' }")
    assert "the page is wider than it is shown" in found_on(demo_page)[f"320 {LOOKS[0][1]}"]


def test_labels_of_a_year_of_weeks_do_not_touch_on_a_phone(demo_page: Page, demo_service: Service) -> None:
    has_session(demo_page, demo_service, "demo-head")
    demo_page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    demo_page.goto("/app/statistics")
    demo_page.get_by_label("Per").select_option("Week")
    until = date.fromisoformat(demo_page.get_by_label("To").input_value())
    demo_page.get_by_label("From").fill(str(until - timedelta(days=364)))
    demo_page.get_by_role("button", name="Show").click()
    plot = demo_page.get_by_role("img", name="Attendance")
    boxes = plot.locator("text.x").evaluate_all(
        """labels => labels.filter(each => each.checkVisibility()).map(each => {
            const box = each.getBoundingClientRect();
            return [box.left, box.right];
        })"""
    )
    assert len(boxes) >= 2
    for (_, right), (left, _) in pairwise(boxes):
        assert right < left
    assert boxes[-1][1] <= PHONE["width"]


def test_tables_of_figures_fit_a_desk_and_show_on_a_phone_that_there_is_more(
    demo_page: Page, demo_service: Service
) -> None:
    has_session(demo_page, demo_service, "demo-head")
    beyond = "table => table.scrollWidth - table.clientWidth"
    for path in ("?by=day", "?by=week", "?by=month", "/groups", "/employees"):
        demo_page.set_viewport_size(DESK)  # type: ignore[arg-type]
        demo_page.goto(f"/app/statistics{path}")
        table = demo_page.locator("main .table").last
        assert (path, table.evaluate(beyond)) == (path, 0)
        demo_page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        assert table.evaluate(beyond) > 0
        shades = table.evaluate("table => getComputedStyle(table).backgroundAttachment")
        assert shades == "local, local, scroll, scroll"


def test_figures_are_downloaded_by_a_link(demo_page: Page, demo_service: Service, tmp_path: Path) -> None:
    has_session(demo_page, demo_service, "demo-head")
    for path in ("/app/statistics", "/app/statistics/groups"):
        demo_page.goto(path)
        for name, start in (("Download as CSV", (b"From,", b"Name,")), ("Download for Excel", (b"PK",))):
            with demo_page.expect_download() as downloading:
                demo_page.get_by_role("link", name=name).click()
            file = tmp_path / downloading.value.suggested_filename
            downloading.value.save_as(file)
            assert file.read_bytes().startswith(start)


def test_pages_are_told_as_they_are_meant(demo_page: Page, demo_service: Service) -> None:
    has_session(demo_page, demo_service, "demo-manager")
    demo_page.goto("/app/statistics")
    expect(demo_page.get_by_role("main")).to_match_aria_snapshot(
        """
        - heading "Statistics" [level=1]
        - navigation "Statistics":
          - link "All together"
          - link "Groups"
          - link "Employees"
        - list "Days with a name":
          - listitem:
            - link "Last 30 days"
        - text: From
        - textbox "From"
        - text: To
        - textbox "To"
        - text: Per
        - combobox "Per"
        - button "Show"
        - paragraph
        - term: Attendance
        - definition: /\\d+%/
        - figure "Who came":
          - heading "Who came" [level=2]
          - list:
            - listitem: Not marked
          - img "Who came"
        - figure "Attendance":
          - heading "Attendance" [level=2]
          - paragraph
          - img "Attendance"
        - heading "The same figures as a table" [level=2]
        - region "The same figures as a table":
          - table:
            - rowgroup:
              - row:
                - columnheader "Day"
                - columnheader "Lessons held"
        """
    )
    expect(demo_page.get_by_role("img", name="Punctuality")).to_have_accessible_description(
        re.compile(r"Punctuality How many were on time of those who came\. In all \d+%; lowest \d+%")
    )
    demo_page.goto("/app/overview")
    expect(demo_page.get_by_role("main")).to_match_aria_snapshot(
        """
        - heading "Overview" [level=1]
        - region /Lessons not taken \\d+/:
          - heading /Lessons not taken \\d+/ [level=2]
        - region /Clients at risk \\d+/:
          - heading /Clients at risk \\d+/ [level=2]
          - paragraph
          - list:
            - listitem:
              - link
              - list:
                - listitem
          - paragraph:
            - link /All of them/
        - region /Unpaid visits \\d+/:
          - heading /Unpaid visits \\d+/ [level=2]
        - region /Passes that end \\d+/:
          - heading /Passes that end \\d+/ [level=2]
        """
    )


def test_a_click_on_a_column_sorts_by_keyboard_too(demo_page: Page, demo_service: Service) -> None:
    has_session(demo_page, demo_service, "demo-teacher-1")
    demo_page.goto("/app/statistics/groups")
    demo_page.get_by_role("columnheader", name="Attendance").get_by_role("link").focus()
    demo_page.keyboard.press("Enter")
    expect(demo_page.get_by_role("columnheader", name="Attendance")).to_have_attribute(
        "aria-sort", "descending"
    )
