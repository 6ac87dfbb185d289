"""Under a path that a proxy takes away: whatever leads back to the service begins with it."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest

from attendance.adapters.http.server.requests.base_path import BasePath
from attendance.domain.permissions.roles import Role
from tests.http.api import Api, running
from tests.web.visitors import Visitor, leads_to, shown, signed_in, visitor

BASE = "/club/kids"
LEAD = frozenset({"href", "src", "action", "formaction"})


@pytest.fixture(scope="module")
def below() -> Iterator[Api]:
    with running(base_url=f"http://example.org{BASE}/") as api:
        yield api


class Leading(HTMLParser):
    """Where everything on a page leads that leads to this host."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.paths: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.paths += [value for name, value in attrs if name in LEAD and value and value.startswith("/")]


def followed(person: Visitor, start: str) -> dict[str, str]:
    """Every page that links lead to from here, by its path without the base, without what is not a page."""
    pages: dict[str, str] = {}
    waiting = [start]
    while waiting:
        path = waiting.pop()
        if path in pages or not (path == "/" or path.startswith("/app")):
            continue
        answered = person.opens(path)
        if answered.status_code == 303:
            waiting.append(leads_to(answered).removeprefix(BASE))
            pages[path] = ""
            continue
        pages[path] = answered.text
        waiting += [each.partition("?")[0].removeprefix(BASE) for each in Leading(answered.text).paths]
    return pages


@pytest.mark.slow
def test_every_link_form_and_file_of_every_page_that_can_be_reached_is_below(below: Api) -> None:
    for person in (visitor(below), signed_in(below, Role.OWNER)):
        pages = followed(person, "/")
        assert len(pages) > 3
        leading = {path for html in pages.values() for path in Leading(html).paths}
        assert leading
        assert [path for path in leading if not path.startswith(f"{BASE}/")] == []


def test_files_of_a_page_are_found_where_the_proxy_takes_the_base_away(below: Api) -> None:
    files = [path for path in Leading(visitor(below).opens("/app/sign-in").text).paths if "/static/" in path]
    assert len(files) > 1
    for path in files:
        assert below.http.get(path.removeprefix(BASE)).status_code == 200


def test_the_worker_may_give_the_front_door_below_alone(below: Api) -> None:
    answered = visitor(below).opens("/app/worker.js", accept="*/*")
    assert answered.headers["service-worker-allowed"] == f"{BASE}/"
    assert f'const TODAY = "{BASE}/app/today";' in answered.text


def test_who_signs_in_goes_on_below(below: Api) -> None:
    below.having(username="ada")
    stranger = visitor(below)
    to_sign_in = leads_to(stranger.opens("/app/account"))
    assert to_sign_in == f"{BASE}/app/sign-in?next=%2Fapp%2Faccount"
    form = shown(stranger.opens(to_sign_in.removeprefix(BASE)))
    assert leads_to(stranger.signs_in("ada", next=form.values["next"])) == f"{BASE}/app/account"


@pytest.mark.parametrize(
    ("told", "gone_on_to"),
    [
        (f"{BASE}/app/account", f"{BASE}/app/account"),
        ("/app/account", f"{BASE}/app/account"),
        (f"{BASE}x/app/account", f"{BASE}/"),
        (f"{BASE}//elsewhere.example", f"{BASE}/"),
    ],
)
def test_a_script_may_tell_where_to_go_on_as_the_browser_knows_it(
    below: Api, told: str, gone_on_to: str
) -> None:
    person = below.having()
    stranger = visitor(below)
    assert leads_to(stranger.signs_in(person.username, next=told)) == gone_on_to


def test_what_was_made_over_the_api_is_found_below(below: Api) -> None:
    owner = below.having(Role.OWNER)
    made = below.http.post(
        "/api/v1/locations",
        headers={"authorization": f"Bearer {owner.token}"},
        json={"name": "House", "address": "Mill Street 1", "timezone": "Europe/Berlin"},
    )
    assert made.status_code == 201
    assert made.headers["location"] == f"{BASE}/api/v1/locations/{made.json()['id']}"


@pytest.mark.slow
def test_the_documentation_knows_where_it_is(below: Api) -> None:
    assert below.http.get("/schema/openapi.json").json()["servers"] == [{"url": BASE}]
    paths = Leading(below.http.get("/schema").text).paths
    assert len(paths) == 5
    assert all(path.startswith(f"{BASE}/schema/") for path in paths)
    assert below.http.get("/api/v1").json()["links"]["openapi"] == f"{BASE}/schema/openapi.json"


@pytest.mark.slow
def test_at_the_root_nothing_is_changed(memory: Api) -> None:
    assert memory.http.get("/schema/openapi.json").json()["servers"] == [{"url": "/"}]
    assert leads_to(visitor(memory).opens("/app/account")).startswith("/app/sign-in?")
    assert not BasePath.of("https://example.org/")


@pytest.mark.parametrize(
    ("html", "below_it"),
    [
        ('<a href="/app/today">', '<a href="/b/app/today">'),
        ('<form method="post" action="/app/sign-out">', '<form method="post" action="/b/app/sign-out">'),
        ('<a class="brand" href="/">', '<a class="brand" href="/b/">'),
        ('<a href="#main">', '<a href="#main">'),
        ('<a href="//elsewhere.example">', '<a href="//elsewhere.example">'),
        ('<a href="https://elsewhere.example/app">', '<a href="https://elsewhere.example/app">'),
        ('<input name="next" value="/app/today">', '<input name="next" value="/app/today">'),
        ("<p> href=&#34;/app&#34;", "<p> href=&#34;/app&#34;"),
    ],
)
def test_what_leads_here_gets_the_base_and_nothing_else_does(html: str, below_it: str) -> None:
    assert BasePath("/b").html(html) == below_it


@pytest.mark.parametrize(
    ("script", "below_it"),
    [
        (b'fetch("/api/v1/clients")', b'fetch("/b/api/v1/clients")'),
        (b"`/app/lessons/${id}`", b"`/b/app/lessons/${id}`"),
        (b'import x from "/static/x.0.js"', b'import x from "/b/static/x.0.js"'),
        (rb"/^\/app\/lessons\/x$/", rb"/^\/b\/app\/lessons\/x$/"),
        (rb'/href="(\/app\/lessons\/x)"/g', rb'/href="(\/b\/app\/lessons\/x)"/g'),
        (rb"/\/{2}/", rb"/\/{2}/"),
        (b'path.split("/")', b'path.split("/")'),
        (b'"/applause"', b'"/applause"'),
    ],
)
def test_paths_in_scripts_get_the_base(script: bytes, below_it: bytes) -> None:
    assert BasePath("/b").script(script) == below_it
    assert BasePath().script(script) == script


@pytest.mark.parametrize(
    ("location", "below_it"),
    [
        (b"/app", b"/b/app"),
        (b"https://a.example/", b"https://a.example/"),
        (b"//a.example/", b"//a.example/"),
    ],
)
def test_a_whole_address_stays_where_it_leads(location: bytes, below_it: bytes) -> None:
    assert BasePath("/b").location(location) == below_it


def test_a_base_path_cannot_break_out_of_what_it_stands_in() -> None:
    text = BasePath.of("https://example.org/a\"'`\\<&ü%20/").text
    assert re.fullmatch(r"/[A-Za-z0-9%]+", text)
    assert text.startswith("/a%22%27%60%5C%3C%26")
