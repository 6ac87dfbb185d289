"""Pages in a real browser: without scripts, by keyboard, for whoever sees badly, and against other pages."""

import asyncio
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import APIResponse, Browser, Page, Route, expect

from tests.service import Service
from tests.web.clicks import (
    PASSWORD,
    creates_account,
    fills_in_account,
    is_signed_in,
    link_mailed,
    meets,
    new_name,
    signs_in,
)
from tests.web.conftest import LONGEST_WAIT, Driven
from tests.web.looks import DESK, LOOKS, found_on

pytestmark = pytest.mark.processes


def refuses(page: Page, path: str, **typed: str) -> None:
    """Send a form whose fields the browser would not let through."""
    page.goto(path)
    page.locator("main form").first.evaluate("form => { form.noValidate = true }")
    for label, text in typed.items():
        page.locator(f"#{label}").fill(text)
    page.locator("main form").first.get_by_role("button").click()
    expect(page.get_by_role("alert")).to_be_visible()


def pages_of_a_stranger(page: Page, _: Service) -> Iterator[str]:
    for path in ("/", "/app/sign-in", "/app/create-account", "/app/forgot-password?sent=yes", "/app/nothing"):
        page.goto(path)
        yield path
    page.goto("/app/set-password/x")
    yield "a link that is over"
    refuses(page, "/app/sign-in", login="nobody", password="wrong")
    yield "a sign-in that is refused"
    refuses(page, "/app/create-account", username="a b", email="x", password="short")
    yield "an account that is refused"


def pages_of_ones_own(page: Page, service: Service) -> Iterator[str]:
    username = creates_account(page)
    for path in ("/app/confirm-email?sent=again", "/app/account?notice=saved", "/app/sign-out"):
        page.goto(path)
        yield path
    refuses(page, "/app/account", name="a\u2028b")
    yield "a name that is refused"
    page.goto(link_mailed(service, username, "confirm_email"))
    yield "an address that is confirmed"
    page.goto("/app/forgot-password")
    page.get_by_label("Email").fill(f"{username}@example.org")
    page.get_by_role("button", name="Send a link").click()
    page.goto(link_mailed(service, username, "password_reset"))
    yield "a password that is set by a link"


@pytest.mark.parametrize("pages", [pages_of_a_stranger, pages_of_ones_own])
def test_nothing_on_a_page_is_in_anybodys_way(page: Page, service: Service, pages: Any) -> None:
    found = {}
    for name in pages(page, service):
        if faults := found_on(page):
            found[name] = faults
        page.set_viewport_size(DESK)  # type: ignore[arg-type]
    assert found == {}


def test_whoever_uses_the_thread_next_finds_no_loop_in_it(driven: Driven) -> None:
    assert asyncio.run(asyncio.sleep(0, "done")) == "done"


@pytest.mark.plants
def test_what_is_in_the_way_is_seen(page: Page) -> None:
    page.goto("/app/sign-in")
    page.evaluate(
        """() => {
            document.querySelector("label").remove();
            document.querySelector("h1").style.color = "#ddd";
            document.querySelector("main button").style.minHeight = "20px";
            document.querySelector("main button").style.padding = "0";
            document.querySelector("main").style.minWidth = "400px";
        }"""
    )
    found = " ".join(found_on(page)[f"320 {LOOKS[0][1]}"])
    assert all(fault in found for fault in ("label", "color-contrast", "<button", "wider"))


# Without a script, and without a mouse


@pytest.mark.thorough
def test_everything_works_without_scripts(browser: Browser, service: Service) -> None:
    with browser.new_context(base_url=service.url, locale="en-US", java_script_enabled=False) as context:
        context.set_default_timeout(LONGEST_WAIT)
        page = context.new_page()
        username = creates_account(page)
        page.goto(link_mailed(service, username, "confirm_email"))
        expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
        page.get_by_role("link", name="Go on").click()
        page.get_by_role("link", name="Account").click()
        page.get_by_label("Name", exact=True).fill("Adele")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("status")).to_have_text("Saved")
        expect(page.get_by_label("Name", exact=True)).to_have_value("Adele")
        page.get_by_role("button", name="Sign out", exact=True).click()
        page.get_by_role("main").get_by_role("link", name="Sign in").click()
        signs_in(page, username, "wrong")
        expect(page.get_by_role("alert")).to_contain_text("invalid credentials")
        expect(page.get_by_label("Username or email")).to_have_value(username)
        page.get_by_role("link", name="Forgot your password?").click()
        page.get_by_label("Email").fill(f"{username}@example.org")
        page.get_by_role("button", name="Send a link").click()
        expect(page.get_by_role("status")).to_contain_text("on its way")
        page.goto(link_mailed(service, username, "password_reset"))
        page.get_by_label("New password").fill("paper clip moon")
        page.get_by_role("button", name="Set this password").click()
        signs_in(page, username, "paper clip moon")
        expect(page.get_by_role("button", name="Sign out", exact=True)).to_be_visible()


def focused(page: Page) -> str:
    """What has the focus, once it is seen to have it."""
    return str(
        page.evaluate(
            """() => {
                const it = document.activeElement, box = it.getBoundingClientRect();
                const middle = [box.left + box.width / 2, box.top + box.height / 2];
                const seen = getComputedStyle(it).outlineStyle !== "none"
                    && box.top >= 0 && box.bottom <= innerHeight && box.left >= 0 && box.right <= innerWidth
                    && it.contains(document.elementFromPoint(...middle));
                return (seen ? "" : "UNSEEN ") + (it.labels?.[0] ?? it).innerText;
            }"""
        )
    )


def test_one_signs_in_by_keyboard_alone(page: Page, service: Service) -> None:
    username = is_signed_in(page, service)
    page.goto("/app/account")
    page.get_by_role("button", name="Sign out", exact=True).click()
    page.goto("/app/account")
    keyboard, passed = page.keyboard, []
    for _ in range(4):
        keyboard.press("Tab")
        passed.append(focused(page))
    assert passed == ["Skip to content", "attendance", "Sign in", "Username or email"]
    keyboard.type(username)
    keyboard.press("Tab")
    assert focused(page) == "Password"
    keyboard.type("wrong")
    keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_focused()
    keyboard.press("Tab")
    keyboard.press("Tab")
    keyboard.type(PASSWORD)
    keyboard.press("Tab")
    assert focused(page) == "Keep me signed in on this device"
    keyboard.press("Space")
    keyboard.press("Tab")
    assert focused(page) == "Sign in"
    keyboard.press("Space")
    expect(page.get_by_role("heading", name="Your account")).to_be_visible()
    keyboard.press("Tab")
    keyboard.press("Enter")
    keyboard.press("Tab")
    assert focused(page) == "Confirm it"


# What a screen reader has of it


def test_pages_are_told_as_they_are_meant(page: Page) -> None:
    page.goto("/")
    expect(page.locator("body")).to_match_aria_snapshot(
        """
        - link "Skip to content"
        - banner:
          - link "attendance"
          - navigation "Account":
            - link "Sign in"
        - main:
          - heading "Who was there, who said so, and when" [level=1]
          - paragraph
          - paragraph:
            - link "Sign in"
            - link "Create an account"
        - contentinfo:
          - link "Documentation for programs"
        """
    )
    refuses(page, "/app/create-account", username="a b", email="x", password="short")
    expect(page.get_by_role("main")).to_match_aria_snapshot(
        """
        - heading "Create an account" [level=1]
        - alert:
          - paragraph:
            - 'link "Username: must not contain blanks"'
          - paragraph:
            - 'link "Email: must be an email address like anna@example.org"'
          - paragraph:
            - 'link "Password: must have at least 8 characters"'
        - text: Username
        - paragraph: Letters and digits, without blanks. You sign in with it.
        - paragraph: must not contain blanks
        - textbox "Username": a b
        """
    )
    expect(page.get_by_label("Username")).to_have_accessible_description(
        "Letters and digits, without blanks. You sign in with it. must not contain blanks"
    )


# Other pages, and what they would like


def attacked_by(page: Page, html: str) -> None:
    """Open a page of another site."""
    page.unroute_all()
    page.route("http://evil.example/**", lambda route: route.fulfill(content_type="text/html", body=html))
    page.goto("http://evil.example/")


def form(service: Service, path: str, **fields: str) -> str:
    inputs = "".join(f'<input name="{name}" value="{value}">' for name, value in fields.items())
    return f'<form method="post" action="{service.url}{path}">{inputs}<button>Win</button></form>'


@pytest.mark.attacks
def test_a_form_of_another_site_changes_nothing(page: Page, service: Service) -> None:
    username = is_signed_in(page, service)
    for path in ("/app/account", "/app/sign-out", "/app/sign-out/everywhere", "/app/sign-in"):
        attacked_by(page, form(service, path, name="Eve", login="eve", password=PASSWORD))
        page.get_by_role("button", name="Win").click()
        expect(page.get_by_role("heading", name="You may not do this")).to_be_visible()
    page.goto("/app/account")
    expect(page.get_by_text(username, exact=True)).to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Ada")


def test_over_plain_http_forms_are_told_apart_by_their_origin(page: Page, service: Service) -> None:
    """Where a browser does not say `Sec-Fetch-Site`: at an address neither of https nor of this machine."""
    sent: list[dict[str, str]] = []
    at_home = service.url.replace("127.0.0.1", "club.test")
    page.on(
        "request", lambda request: sent.append(request.all_headers()) if request.method == "POST" else None
    )
    page.goto(f"{at_home}/app/create-account")
    fills_in_account(page, new_name())
    expect(page.get_by_role("heading", name="Confirm your email address")).to_be_visible()
    attacked_by(page, f'<form method="post" action="{at_home}/app/sign-out"><button>Win</button></form>')
    page.get_by_role("button", name="Win").click()
    expect(page.get_by_role("heading", name="You may not do this")).to_be_visible()
    assert [headers["origin"] for headers in sent] == [at_home, "http://evil.example"]
    assert not any("sec-fetch-site" in headers for headers in sent)
    page.goto(f"{at_home}/app/account")
    expect(page.get_by_role("heading", name="Your account")).to_be_visible()


@pytest.mark.plants
def test_a_form_without_a_referrer_is_seen_to_say_nothing_of_its_origin(page: Page, service: Service) -> None:
    def without_referrer(route: Route) -> None:
        # whoever fetches for the test knows no names
        answer = route.fetch(url=route.request.url.replace("club.test", "127.0.0.1"))
        headers = without_encoding(answer) | {"referrer-policy": "no-referrer"}
        route.fulfill(response=answer, headers=headers)

    meets(page, "**/app/create-account", without_referrer, times=1)
    page.goto(service.url.replace("127.0.0.1", "club.test") + "/app/create-account")
    fills_in_account(page, new_name())
    expect(page.get_by_role("heading", name="You may not do this")).to_be_visible()


def test_pictures_and_scripts_of_another_site_do_and_learn_nothing(page: Page, service: Service) -> None:
    username = is_signed_in(page, service)
    paths = [
        "/app/sign-out",
        "/app/sign-out/everywhere",
        "/api/v1/auth/logout",
        "/api/v1/auth/logout?all=true",
    ]
    pictures = "".join(f'<img src="{service.url}{path}">' for path in paths)
    attacked_by(page, f"{pictures}<iframe src='{service.url}/app/account'></iframe>")
    for path in ("/api/v1/users/me", "/app/account"):
        said = page.evaluate(
            f"fetch('{service.url}{path}', {{credentials: 'include'}}).then(() => 'read', () => 'refused')"
        )
        assert said == "refused"
    page.goto("/app/account")
    expect(page.get_by_text(username, exact=True)).to_be_visible()


def test_a_link_of_another_site_leads_to_where_one_is_signed_in(page: Page, service: Service) -> None:
    is_signed_in(page, service)
    attacked_by(page, f'<a href="{service.url}/app/account">Your account</a>')
    page.get_by_role("link").click()
    expect(page.get_by_role("heading", name="Your account")).to_be_visible()


def test_a_page_reads_the_api_by_its_cookie(page: Page, service: Service) -> None:
    username = is_signed_in(page, service)
    # what a page may ask for is its policy's to say
    page.route(
        "**/app/account", lambda route: with_headers(route, {"content-security-policy": "default-src *"})
    )
    page.goto("/app/account")
    assert page.evaluate("document.cookie") == ""
    read = "fetch('/api/v1/users/me').then(answer => answer.json()).then(user => user.username)"
    assert page.evaluate(read) == username


def with_headers(route: Route, headers: dict[str, str]) -> None:
    """Answer as the service does, but for these headers."""
    answer = route.fetch()
    route.fulfill(response=answer, headers=without_encoding(answer) | headers)


def without_encoding(answer: APIResponse) -> dict[str, str]:
    """The headers of what was decoded when it was fetched."""
    return {name: value for name, value in answer.headers.items() if name != "content-encoding"}


PLANTED = "<script>window.planted = true</script><img src=x onerror='window.planted = true'>"


def planted(page: Page, path: str, *, but: str = "") -> bool:
    """Whether what somebody managed to write into a page runs; `but`: without this header."""

    def with_script(route: Route) -> None:
        answer = route.fetch()
        headers = {name: value for name, value in without_encoding(answer).items() if name != but}
        body = answer.text().replace("</main>", f"{PLANTED}</main>")
        route.fulfill(response=answer, headers=headers, body=body)

    page.route(re.compile(re.escape(path) + "$"), with_script)
    # which takes its time, and has no part in this
    page.route("**/swagger_bundle.js", lambda route: route.abort())
    page.goto(path)
    return bool(page.evaluate("window.planted === true"))


@pytest.mark.attacks
@pytest.mark.parametrize("path", ["/app/sign-in", "/schema"])
def test_what_is_written_into_a_page_does_not_run(page: Page, path: str) -> None:
    assert not planted(page, path)


@pytest.mark.plants
@pytest.mark.parametrize("path", ["/app/sign-in", "/schema"])
def test_it_is_seen_to_run_without_the_policy(page: Page, path: str) -> None:
    assert planted(page, path, but="content-security-policy")


@pytest.mark.thorough
def test_the_documentation_is_read_and_tried_out_under_its_policy(page: Page) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto("/schema")
    page.locator("#operations-tag-Home").click()
    page.locator("#operations-Home-home").get_by_role("button").first.click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()
    expect(page.get_by_text('"name": "attendance"').first).to_be_visible()
    assert complaints == []
