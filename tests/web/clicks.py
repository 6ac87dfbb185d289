"""What people do in a browser, by the names that things have for them."""

import math
import re
import time
from collections.abc import Callable
from email import message_from_bytes, policy
from itertools import count

import httpx
from playwright.sync_api import Page, Route, expect

from tests.service import NO_TLS, Service

PASSWORD = "correct horse battery"
NUMBERS = count()
LONGEST_MAIL_SECONDS = 10


def new_name() -> str:
    """A username that nobody has yet."""
    return f"person{next(NUMBERS)}"


def meets(
    page: Page, asked: str | re.Pattern[str], handler: Callable[[Route], object], *, times: float = math.inf
) -> Callable[[], None]:
    """Have requests met by a handler, so many or until what is returned is called; others pass.

    Where Playwright itself stops looking at requests, one that comes at that moment may never be answered.
    """
    left = times

    def met(route: Route) -> None:
        nonlocal left
        if left <= 0:
            route.fallback()
            return
        left -= 1
        handler(route)

    def stop() -> None:
        nonlocal left
        left = 0

    page.route(asked, met)
    return stop


def creates_account(page: Page, username: str | None = None) -> str:
    """Create an account, which signs in; return the username."""
    username = username or new_name()
    page.goto("/")
    page.get_by_role("link", name="Create an account").click()
    fills_in_account(page, username)
    expect(page.get_by_role("heading", name="Confirm your email address")).to_be_visible()
    return username


def is_signed_in(page: Page, service: Service) -> str:
    """Somebody new whose session is in the browser already; return the username."""
    username = new_name()
    body = {"username": username, "password": PASSWORD}
    registered = httpx.post(
        f"{service.url}/api/v1/auth/registration",
        json=body | {"email": f"{username}@example.org", "name": "Ada"},
        verify=NO_TLS,
    )
    assert registered.status_code == 201, registered.text
    has_session(page, service, username)
    return username


def has_session(page: Page, service: Service, username: str, password: str = PASSWORD) -> str:
    """Let the browser be signed in as somebody, without the form; return the token of the session."""
    login = {"username": username, "password": password}
    answered = httpx.post(f"{service.url}/login", json=login, verify=NO_TLS)
    token: str = answered.json()["access_token"]
    page.context.add_cookies(
        [{"name": "attendance", "value": token, "url": service.url, "httpOnly": True, "sameSite": "Lax"}]
    )
    return token


def fills_in_account(page: Page, username: str) -> None:
    """On the page to create an account on."""
    page.get_by_label("Username").fill(username)
    page.get_by_label("Email").fill(f"{username}@example.org")
    page.get_by_label("Name", exact=True).fill("Ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create an account").click()


def signs_in(page: Page, username: str, password: str = PASSWORD) -> None:
    """On the page to sign in at."""
    page.get_by_label("Username or email").fill(username)
    page.get_by_label("Password").fill(password)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()


def link_mailed(service: Service, to: str, kind: str) -> str:
    """The link of a kind in a mail to somebody, once it is there."""
    deadline = time.monotonic() + LONGEST_MAIL_SECONDS
    while time.monotonic() < deadline:
        for path in service.home.glob("var/mail/*.eml"):
            mail = message_from_bytes(path.read_bytes(), policy=policy.default)
            body = mail.get_body(("plain",))
            found = re.search(rf"http\S*/{kind}/\S+", body.get_content()) if body else None
            if found and to in str(mail["To"]):
                return found[0]
        time.sleep(0.05)
    raise AssertionError(f"no {kind} for {to} in {LONGEST_MAIL_SECONDS} s")
