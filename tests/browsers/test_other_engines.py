"""Every page in Firefox and in WebKit: that it is there, that it fits, that nothing is in anybody's way."""

import re
import time
from collections.abc import Callable

import pytest

from tests.browsers.webdriver import LONGEST_ANSWER_SECONDS, NoBrowser, Refused, Window, found
from tests.web.clicks import PASSWORD
from tests.web.looks import AXE

driven = [pytest.mark.browsers, pytest.mark.processes]

MOST_PAGES = 80
ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
NO_PAGES = re.compile(r"/app/(sign-out|confirm-email)")
"""What a link may lead to that is looked at by other tests."""

LOOK = """
const tapped = "a, button, select, summary, label:has(input), :not(label) > input:not([type=hidden])";
const small = [...document.querySelectorAll(tapped)]
    .filter(each => each.getClientRects().length && !each.closest(".skip"))
    .filter(each => each.getBoundingClientRect().height < 44)
    .map(each => each.outerHTML.slice(0, 200));
const links = [...document.querySelectorAll("a[href]:not([download])")]
    .filter(each => each.origin === location.origin)
    .map(each => each.pathname + each.search);
const isWide = document.documentElement.scrollWidth > document.documentElement.clientWidth;
return {title: document.title, heading: document.querySelector("h1")?.innerText ?? "", small, links, isWide};
"""
RUN_AXE = """;
return axe.run(document, {resultTypes: ["violations"], preload: false})
    .then(found => found.violations.flatMap(each => each.nodes.map(node => `${each.id}: ${node.html}`)));
"""


def until(holds: Callable[[], object], window: Window) -> None:
    deadline = time.monotonic() + LONGEST_ANSWER_SECONDS
    while not holds():
        assert time.monotonic() < deadline, window.path
        time.sleep(0.02)


def heading(window: Window) -> str:
    return str(window.says("return document.querySelector('h1')?.innerText ?? ''"))


def signs_in(window: Window, username: str, password: str = PASSWORD) -> None:
    window.opens("/app/sign-in")
    window.types("#login", username)
    window.types("#password", password)
    window.clicks("main button")


def faults_on(window: Window, told: dict[str, object]) -> list[str]:
    """What is wrong with the page that is open, as this engine has it."""
    found: list[str] = [*window.says(AXE.read_text() + RUN_AXE)]
    found += [f"smaller than a finger: {each}" for each in told["small"]]  # type: ignore[attr-defined]
    if told["isWide"]:
        found.append("it is wider than the window")
    if not told["heading"]:
        found.append("it has no heading")
    if str(told["title"]).startswith("Error"):
        found.append(str(told["title"]))
    return found


def kind_of(link: str) -> str:
    """Pages of one kind differ in an id, or in what was asked of them."""
    return ID.sub("<id>", link).partition("?")[0]


def looked_at(window: Window, start: str) -> dict[str, list[str]]:
    """One page of each kind that links lead to, and what is wrong with it."""
    waiting, seen = [start], {}
    while waiting and len(seen) < MOST_PAGES:
        link = waiting.pop(0)
        if kind_of(link) in seen:
            continue
        window.opens(link)
        told = window.says(LOOK)
        seen[kind_of(link)] = faults_on(window, told)
        waiting += [each for each in told["links"] if each.startswith("/app/") and not NO_PAGES.search(each)]
    return seen


class TestPages:
    pytestmark = driven

    @pytest.mark.parametrize(
        "username", ["demo-teacher-1", "demo-parent", "demo-manager", "demo-head", "demo-owner"]
    )
    def test_each_page_that_somebody_is_led_to_is_as_it_should_be(
        self, window: Window, username: str
    ) -> None:
        signs_in(window, username)
        until(lambda: window.path != "/app/sign-in", window)
        seen = looked_at(window, window.path)
        assert len(seen) >= 3
        assert {kind: faults for kind, faults in seen.items() if faults} == {}

    def test_each_page_of_a_stranger_is_as_it_should_be(self, window: Window) -> None:
        seen = looked_at(window, "/")
        assert {"/", "/app/sign-in", "/app/create-account", "/app/forgot-password"} <= {*seen}
        assert {kind: faults for kind, faults in seen.items() if faults} == {}

    def test_what_is_wrong_with_a_page_is_seen(self, window: Window) -> None:
        """These tests would tell: they are not run by `make check`, where planted faults are."""
        window.opens("/app/sign-in")
        window.says(
            """
            document.querySelector("label").remove();
            document.querySelector("main button").style.cssText = "min-height: 20px; padding: 0";
            document.querySelector("main").style.minWidth = "2000px";
            """
        )
        said = " ".join(faults_on(window, window.says(LOOK)))
        assert all(fault in said for fault in ("label", "smaller than a finger: <button", "wider"))

    def test_one_signs_in_changes_something_and_signs_out(self, window: Window) -> None:
        signs_in(window, "demo-teacher-2", "wrong")
        until(lambda: window.says("return document.activeElement.getAttribute('role')") == "alert", window)
        signs_in(window, "demo-teacher-2")
        until(lambda: heading(window) == "Today", window)
        window.opens("/app/account")
        window.types("#name", "Adele")
        window.clicks("main form button")
        until(lambda: window.path == "/app/account?notice=saved", window)
        assert window.says("return document.querySelector('#name').value") == "Adele"
        window.clicks("header form button")
        until(lambda: window.path == "/", window)
        window.opens("/app/account")
        assert window.path.startswith("/app/sign-in?next=")

    def test_nothing_that_runs_can_be_written_into_a_page(self, window: Window) -> None:
        """Both engines know Trusted Types: a script is refused before it is there."""
        window.opens("/app/sign-in")
        for written in ("setAttribute('onclick', 'alert()')", "innerHTML = '<b>'"):
            with pytest.raises(Refused, match=r"Trusted|blocked by CSP"):
                window.says(f"document.querySelector('main').{written}")


@pytest.mark.parametrize(
    ("names", "package"), [(("firefox-esr", "firefox"), "firefox-esr"), (("Xvfb",), "xvfb")]
)
def test_without_a_browser_there_is_one_line_that_names_the_package(
    names: tuple[str, ...], package: str
) -> None:
    assert str(found(names, package, lambda name: f"/usr/bin/{name}")) == f"/usr/bin/{names[0]}"
    with pytest.raises(NoBrowser) as none:
        found(names, package, lambda _: None)
    assert str(none.value) == f"no {names[0]}: `apt install {package}`"
