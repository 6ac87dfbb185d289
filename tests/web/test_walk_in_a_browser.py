"""Every page in a browser, found by following links, with a script written into it that must not run."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Error, Page, Response, Route

from tests.service import Service
from tests.web.clicks import PASSWORD, has_session
from tests.web.looks import PHONE, found_by_axe, found_by_looking, found_in_large_letters
from tests.web.registry import declared
from tests.web.test_in_a_browser import without_encoding

pytestmark = [pytest.mark.processes, pytest.mark.attacks]

PLANTED = "<script>window.planted = true</script>"
NOT_LINKED = {
    "/app", "/app/{path:path}", "/app/sign-in", "/app/create-account", "/app/forgot-password",
    "/app/confirm-email/{token:str}", "/app/set-password/{token:str}",
    "/app/account/sessions/{session_id:str}", "/app/worker.js",
}  # fmt: skip
"""Pages of strangers, of links in mails, and what is there for whoever reloads a form that was refused."""
OF_PARENTS = "/app/children/"
READ = {page.path for page in declared().values() if page.method == "GET"}


def template_of(path: str) -> str | None:
    """The path that a page is declared with; one that is named is before one with an id."""
    fitting = [
        template
        for template in READ
        if "{path" not in template and re.fullmatch(re.sub(r"\{[^}]*\}", "[^/]+", template), path)
    ]
    return min(fitting, key=lambda template: template.count("{"), default=None)


def written_into(route: Route, *, but: str = "") -> None:
    """Answer a page as the service does, with a script in it; `but`: without this header."""
    answer = route.fetch(max_redirects=0)
    headers = {name: value for name, value in without_encoding(answer).items() if name != but}
    route.fulfill(
        response=answer, headers=headers, body=answer.text().replace("</main>", f"{PLANTED}</main>")
    )


def walked(page: Page, *begins: str) -> Iterator[tuple[str, Response | None]]:
    """Each kind of page that links lead to, once, shown on a phone; None for a file to keep."""
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    page.route(
        re.compile(r"/(app/.*)?$"),
        lambda route: written_into(route) if route.request.is_navigation_request() else route.continue_(),
    )
    waiting, met = [*begins], {template_of(urlsplit(path).path) for path in begins}
    while waiting:
        path = waiting.pop(0)
        try:
            answered = page.goto(path)
        except Error as error:
            if "Download is starting" not in str(error):
                raise
            yield path, None
            continue
        yield path, answered
        for link in page.locator("a[href^='/']").evaluate_all("all => all.map(a => a.getAttribute('href'))"):
            parts = urlsplit(link)
            template = template_of(parts.path)
            # the same figures as a file
            is_file = "format=" in parts.query
            if template is not None and template not in met and not is_file:
                met.add(template)
                waiting.append(link)


def found_on_a_walk(page: Page, met: set[str], *begins: str) -> dict[str, list[str]]:
    """What is in the way on each kind of page; `met` gets their templates."""
    found = {}
    for path, answered in walked(page, *begins):
        met.add(template_of(urlsplit(path).path) or path)
        if answered is not None and (faults := found_now(page, answered)):
            found[path] = faults
    return found


def found_now(page: Page, answered: Response) -> list[str]:
    """What is in the way on a page, and whether what is written into it runs."""
    faults = [*found_by_axe(page), *found_by_looking(page)]
    if not answered.ok:
        faults.append(f"a link leads to {answered.status}")
    if page.evaluate("window.planted === true"):
        faults.append("what is written into it runs")
    for look, found in found_in_large_letters(page).items():
        faults += [f"{look}: {fault}" for fault in found]
    return faults


def not_met(met: set[str], paths: set[str]) -> set[str]:
    """The pages that no link has led to; what is declared with several paths is one page."""
    shown_at = {page.path: page.function for page in declared().values() if page.method == "GET"}
    seen = {shown_at[path] for path in met if path in shown_at}
    return {path for path in paths - NOT_LINKED if shown_at[path] not in seen}


def without_ids() -> list[str]:
    """Pages that anybody can open who may, whether a link leads there or not."""
    return sorted(path for path in READ if "{" not in path and path not in NOT_LINKED)


@pytest.fixture(scope="module", autouse=True)
def _lab(demo_service: Service) -> None:
    """The club of the demo has none: one of its owner, with a member and a mark."""
    tokens = {}
    for username in ("demo-owner", "demo-parent"):
        login = httpx.post(f"{demo_service.url}/login", json={"username": username, "password": PASSWORD})
        tokens[username] = {"authorization": f"Bearer {login.json()['access_token']}"}
    with httpx.Client(base_url=demo_service.url, headers=tokens["demo-owner"]) as owner:
        lab = f"/labs/{owner.post('/labs', json={'name': 'Robots'}).json()['lab_id']}"
        joined = httpx.post(f"{demo_service.url}{lab}/join", headers=tokens["demo-parent"])
        mark = {"user_id": joined.json()["user_id"], "status": "late", "note": "bus"}
        today = datetime.now(UTC).date().isoformat()
        assert owner.put(f"{lab}/attendance", json=mark | {"date": today}).status_code == 200


def card_with_several_passes(service: Service, token: str) -> str:
    """The page of a client whose card leads to more than the others'."""
    asked = httpx.get(
        f"{service.url}/api/v1/subscriptions", headers={"authorization": f"Bearer {token}"}
    ).json()
    passes = Counter(each["client_id"] for each in asked["subscriptions"])
    return f"/app/clients/{passes.most_common(1)[0][0]}"


def test_the_owner_walks_through_every_page(demo_page: Page, demo_service: Service) -> None:
    card = card_with_several_passes(demo_service, has_session(demo_page, demo_service, "demo-owner"))
    met: set[str] = set()
    assert found_on_a_walk(demo_page, met, *without_ids(), card) == {}
    assert not_met(met, {path for path in READ if not path.startswith(OF_PARENTS)}) == set()


@pytest.mark.parametrize("username", ["demo-teacher-1", "demo-parent"])
def test_others_walk_wherever_links_lead_them(demo_page: Page, demo_service: Service, username: str) -> None:
    has_session(demo_page, demo_service, username)
    met: set[str] = set()
    assert found_on_a_walk(demo_page, met, "/", "/app/account") == {}
    assert met >= {"/", "/app/account", "/app/labs"}
    if username == "demo-parent":
        assert not_met(met, {path for path in READ if path.startswith(OF_PARENTS)}) == set()


def test_a_stranger_walks_through_what_is_for_anybody(demo_page: Page) -> None:
    met: set[str] = set()
    assert found_on_a_walk(demo_page, met, "/") == {}
    assert met == {"/", "/app/sign-in", "/app/create-account", "/app/forgot-password"}


@pytest.mark.plants
def test_what_is_written_into_a_page_is_seen_to_run_without_its_policy(demo_page: Page) -> None:
    demo_page.route(
        re.compile(r"/app/sign-in$"), lambda route: written_into(route, but="content-security-policy")
    )
    demo_page.goto("/app/sign-in")
    assert demo_page.evaluate("window.planted === true")


@pytest.mark.plants
def test_a_link_that_leads_nowhere_is_seen(demo_page: Page, demo_service: Service) -> None:
    has_session(demo_page, demo_service, "demo-owner")
    # a page of a lab that nobody has
    path = "/app/labs/01a21e9d-194d-72dd-ab46-76a987bfc19f"
    _, answered = next(walked(demo_page, path))
    assert answered is not None
    assert found_now(demo_page, answered) == ["a link leads to 404"]


@pytest.mark.plants
def test_what_falls_into_single_letters_when_they_are_large_is_seen(demo_page: Page) -> None:
    demo_page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    answered = demo_page.goto("/app/sign-in")
    assert answered is not None
    assert found_now(demo_page, answered) == []
    demo_page.reload()
    # as wide as one letter of the size that it has
    demo_page.locator("h1").evaluate("heading => { heading.style.width = '1.5ch' }")
    assert any(
        "large letters" in fault and "lines: Sign in" in fault for fault in found_now(demo_page, answered)
    )
