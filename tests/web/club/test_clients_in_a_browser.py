"""The pages of clients in a real browser: for whoever sees badly, by keyboard, and while one types."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from tests.service import Service
from tests.web.clicks import has_session
from tests.web.conftest import LONGEST_WAIT
from tests.web.looks import DESK, PHONE, found_by_looking, found_on

pytestmark = pytest.mark.processes

CLIENTS = "/app/clients"


def opens_card(page: Page) -> str:
    """Open the card of a client with a parent; return its path."""
    page.goto(CLIENTS)
    page.get_by_label("Sort by").select_option("-created_at")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("rowheader").first.get_by_role("link").click()
    expect(page.get_by_role("heading", name="About")).to_be_visible()
    return re.sub("[?#].*", "", page.url)


def refuses(page: Page, path: str, **typed: str) -> None:
    """Send a form whose fields the browser would not let through."""
    page.goto(path)
    form = page.locator("main form").last
    form.evaluate("form => { form.noValidate = true }")
    for name, text in typed.items():
        form.locator(f"#{name}").fill(text)
    form.get_by_role("button").last.click()
    expect(page.get_by_role("alert")).to_be_visible()


def pages_of_clients(page: Page) -> Iterator[str]:
    page.goto(CLIENTS)
    yield "the list"
    page.goto(f"{CLIENTS}?q=nobody&which=all&sort=-birthday")
    yield "nobody is found"
    refuses(page, f"{CLIENTS}/new", name=" ", email="x", phone="1\u20282")
    yield "a client that is refused"
    card = opens_card(page)
    page.get_by_text("as a table").click()
    yield "a card with its table"
    for path in ("edit", "archive", "history"):
        page.goto(f"{card}/{path}")
        yield path
    page.goto(f"{card}#visits")
    page.get_by_text("as a table").click()
    page.get_by_role("link", name="History of").first.click()
    expect(page.get_by_role("link", name="Open the lesson")).to_be_visible()
    yield "the history of a mark"
    refuses(page, f"{card}/contracts/new", signed_on="2026-03-02", cancelled_on="2026-03-01")
    yield "a contract that is refused"
    refuses(page, f"{card}/accounts", username="nobody")
    yield "an account that is refused"


def test_nothing_on_the_pages_of_clients_is_in_anybodys_way(demo_page: Page, demo_service: Service) -> None:
    has_session(demo_page, demo_service, "demo-owner")
    found = {}
    for name in pages_of_clients(demo_page):
        if faults := found_on(demo_page):
            found[name] = faults
        demo_page.set_viewport_size(DESK)  # type: ignore[arg-type]
    assert found == {}


def test_the_list_and_a_card_are_read_in_order(demo_page: Page, demo_service: Service) -> None:
    has_session(demo_page, demo_service, "demo-teacher-1")
    demo_page.goto(CLIENTS)
    expect(demo_page.get_by_role("main")).to_match_aria_snapshot("""
        - main:
          - heading "Clients" [level=1]
          - link "Add a client"
          - search:
            - text: Search
            - paragraph: By name, guardian, email or phone.
            - searchbox "Search"
            - text: Group
            - combobox "Group"
            - text: Show
            - combobox "Show"
            - text: Sort by
            - combobox "Sort by"
            - button "Search"
          - paragraph:
            - status: /\\d+ clients/
          - table "Clients":
            - caption: Clients
            - rowgroup:
              - row:
                - columnheader "Name"
                - columnheader "Age"
                - columnheader "Groups"
                - columnheader "Pass"
                - columnheader "Guardian"
                - columnheader "Contact"
            - rowgroup:
              - row:
                - rowheader:
                  - link
                - cell /years old/
                - cell
                - cell
                - cell
                - cell
    """)
    opens_card(demo_page)
    expect(demo_page.get_by_role("main")).to_match_aria_snapshot("""
        - main:
          - heading [level=1]
          - paragraph
          - paragraph:
            - link "Edit"
            - link "Archive"
          - region "About":
            - heading "About" [level=2]
            - term: Birthday
            - definition: /years old/
          - region "Groups":
            - heading "Groups" [level=2]
          - region "Next lessons":
            - heading "Next lessons" [level=2]
          - region "Who sees this client":
            - heading "Who sees this client" [level=2]
          - heading /Visits in \\d+/ [level=2]
          - navigation "Years"
          - list:
            - listitem: /Present \\d+/
            - listitem: /Late \\d+/
            - listitem: /Absent \\d+/
            - listitem: /Excused \\d+/
          - group: /visits as a table/
          - heading "Contracts" [level=2]
          - region "Contracts":
            - table "Contracts"
          - paragraph:
            - link "Add a contract"
    """)


def test_somebody_is_found_and_opened_by_keyboard_alone(demo_page: Page, demo_service: Service) -> None:
    has_session(demo_page, demo_service, "demo-teacher-1")
    demo_page.goto(CLIENTS)
    keyboard = demo_page.keyboard
    first = demo_page.get_by_role("rowheader").first.get_by_role("link")
    name = first.locator("span").last.inner_text()
    demo_page.get_by_role("searchbox", name="Search").focus()
    keyboard.type(name)
    expect(demo_page.get_by_role("status")).to_have_text("1 client")
    for label in ("Group", "Show", "Sort by"):
        keyboard.press("Tab")
        expect(demo_page.get_by_label(label)).to_be_focused()
    for _ in range(2):
        keyboard.press("Tab")
    expect(first).to_be_focused()
    keyboard.press("Enter")
    expect(demo_page.get_by_role("heading", level=1)).to_have_text(re.compile(re.escape(name)))


@pytest.mark.parametrize("language", ["de", "ru"])
def test_longer_words_fit_a_phone_too(demo_page: Page, demo_service: Service, language: str) -> None:
    demo_page.set_extra_http_headers({"accept-language": language})
    demo_page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    has_session(demo_page, demo_service, "demo-owner")
    demo_page.goto(CLIENTS)
    paths = [CLIENTS]
    paths += [
        demo_page.get_by_role("rowheader").nth(number).get_by_role("link").get_attribute("href") or ""
        for number in range(2)
    ]
    found = {}
    for path in [*paths, f"{paths[1]}/edit", f"{paths[1]}/accounts", f"{paths[1]}/history"]:
        demo_page.goto(path)
        if faults := found_by_looking(demo_page):
            found[path] = faults
    assert found == {}


# While one types


def test_clients_are_found_while_one_types_and_the_address_keeps_the_search(
    demo_page: Page, demo_service: Service
) -> None:
    has_session(demo_page, demo_service, "demo-teacher-1")
    demo_page.goto(CLIENTS)
    first = demo_page.get_by_role("rowheader").first.get_by_role("link")
    name = first.locator("span").last.inner_text()
    everybody = demo_page.get_by_role("status").inner_text()
    search = demo_page.get_by_role("searchbox", name="Search")
    search.press_sequentially(name)
    expect(demo_page.get_by_role("status")).to_have_text("1 client")
    expect(demo_page.get_by_role("rowheader")).to_have_count(1)
    expect(search).to_be_focused()
    expect(demo_page).to_have_url(re.compile(r"/app/clients\?q="))
    demo_page.reload()
    expect(search).to_have_value(name)
    search.fill("")
    expect(demo_page.get_by_role("status")).to_have_text(everybody)
    demo_page.get_by_label("Show").select_option("archived")
    expect(demo_page.get_by_role("status")).to_have_text("0 clients")
    search.fill("x")
    expect(demo_page.get_by_text("Nobody is found.")).to_be_visible()


def test_the_newest_question_is_answered_whatever_comes_back_first(
    demo_page: Page, demo_service: Service
) -> None:
    has_session(demo_page, demo_service, "demo-teacher-1")
    demo_page.goto(CLIENTS)
    asked: list[Request] = []

    def holds(route: object, request: Request) -> None:
        asked.append(request)
        if "q=nobody" in request.url:
            route.continue_()  # type: ignore[attr-defined]
        # any other is never answered

    demo_page.route("**/app/clients?*", holds)
    search = demo_page.get_by_role("searchbox", name="Search")
    with demo_page.expect_request(lambda request: "q=a&" in request.url):
        search.fill("a")
    search.fill("nobody")
    expect(demo_page.get_by_role("status")).to_have_text("0 clients")
    assert len(asked) == 2


def test_whoever_is_signed_out_meanwhile_is_led_to_signing_in(demo_page: Page, demo_service: Service) -> None:
    has_session(demo_page, demo_service, "demo-teacher-1")
    demo_page.goto(CLIENTS)
    demo_page.context.clear_cookies()
    demo_page.get_by_role("searchbox", name="Search").fill("anna")
    expect(demo_page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_the_list_is_searched_without_scripts_too(browser: Browser, demo_service: Service) -> None:
    with browser.new_context(base_url=demo_service.url, locale="en-US", java_script_enabled=False) as context:
        context.set_default_timeout(LONGEST_WAIT)
        page = context.new_page()
        has_session(page, demo_service, "demo-teacher-1")
        page.goto(CLIENTS)
        search = page.get_by_role("searchbox", name="Search")
        search.fill("nobody")
        search.press("Enter")
        expect(page.get_by_role("status")).to_have_text("0 clients")
        expect(search).to_have_value("nobody")
        page.get_by_role("link", name="Show all again").click()
        expect(page.get_by_role("rowheader").first).to_be_visible()
