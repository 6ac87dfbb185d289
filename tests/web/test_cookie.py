"""The session in a cookie: who is believed, tried as somebody would who wants it believed elsewhere."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from litestar.types import HTTPScope

from attendance.adapters.http.accounts import sessions
from attendance.adapters.http.server.callers import cookies
from attendance.adapters.http.server.callers.authentication import Caller
from attendance.adapters.http.server.callers.cookies import SessionCookie
from attendance.adapters.http.server.operations.declaration import Access
from attendance.adapters.http.server.wire import header_value
from attendance.domain.permissions.roles import Role
from attendance.domain.permissions.table import Permission
from tests.http.api import CLUB, PASSWORD, UNKNOWN_ID, Api, running
from tests.web.visitors import BY_OUR_PAGE, BY_TYPING, COOKIE, leads_to, shown, signed_in, visitor

HOST = "testserver"
OURS = f"http://{HOST}"
ME = f"{CLUB}/users/me"
LOGOUT = f"{CLUB}/auth/logout"

FROM_OURS: list[dict[str, str]] = [
    BY_OUR_PAGE,
    {"origin": OURS},
    {"sec-fetch-site": "same-origin", "origin": OURS},
]
FROM_ELSEWHERE: list[dict[str, str]] = [
    {},
    BY_TYPING,
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "Same-Origin"},
    {"sec-fetch-site": ""},
    {"sec-fetch-site": "same-origin, cross-site"},
    {"sec-fetch-site": "cross-site", "origin": OURS},
    {"sec-fetch-site": "cross-site", "x-requested-with": "attendance"},
    {"sec-fetch-site": "none", "x-requested-with": "attendance"},
    {"origin": "null"},
    {"origin": ""},
    {"origin": "https://evil.example"},
    {"origin": f"https://{HOST}"},
    {"origin": f"{OURS}:8080"},
    {"origin": f"{OURS}.evil.example"},
    {"origin": f"http://evil.example/{OURS}"},
    {"origin": f"{OURS}, https://evil.example"},
    {"origin": "https://evil.example", "x-requested-with": "attendance"},
    {"x-requested-with": "XMLHttpRequest"},
    {"referer": f"{OURS}/app/account"},
]
"""What a browser says of a request that a page of elsewhere, or nobody's, has made."""


def status(response: httpx.Response) -> int:
    return response.status_code


@pytest.fixture
def ada(memory: Api) -> str:
    """The token of somebody who is signed in."""
    token = memory.having(username="ada").token
    assert token
    return token


def asked(api: Api, token: str, method: str, path: str, said: dict[str, str], **more: Any) -> httpx.Response:
    headers = {"cookie": f"{COOKIE}={token}"} | said | more.pop("headers", {})
    return api.http.request(method, path, headers=headers, **more)


# The API


@pytest.mark.parametrize("said", FROM_OURS, ids=str)
def test_the_api_believes_it_where_a_page_of_ours_asks(memory: Api, ada: str, said: dict[str, str]) -> None:
    assert asked(memory, ada, "GET", ME, said).json()["username"] == "ada"
    assert status(asked(memory, ada, "PUT", ME, said, json={"name": "Ada"})) == 200


def test_what_only_reads_needs_a_header_where_a_browser_says_nothing(memory: Api, ada: str) -> None:
    said = {"x-requested-with": "attendance"}
    assert status(asked(memory, ada, "GET", ME, said)) == 200
    assert status(asked(memory, ada, "HEAD", ME, said)) == 200
    assert status(asked(memory, ada, "PUT", ME, said, json={"name": "Ada"})) == 401


@pytest.mark.parametrize("said", FROM_ELSEWHERE, ids=str)
def test_the_api_believes_it_nowhere_else(memory: Api, ada: str, said: dict[str, str]) -> None:
    refused = asked(memory, ada, "GET", ME, said)
    assert (status(refused), refused.headers["www-authenticate"]) == (401, "Bearer")
    assert status(asked(memory, ada, "PUT", ME, said, json={"name": "Eve"})) == 401
    assert status(asked(memory, ada, "POST", LOGOUT, said)) == 401
    assert asked(memory, ada, "GET", ME, BY_OUR_PAGE).json()["name"] == ""


def test_nobody_is_signed_out_by_a_picture(memory: Api, ada: str) -> None:
    for said in (*FROM_OURS, {"x-requested-with": "attendance"}, *FROM_ELSEWHERE):
        for method in ("GET", "HEAD"):
            assert status(asked(memory, ada, method, LOGOUT, said)) == 401
    assert status(asked(memory, ada, "GET", ME, BY_OUR_PAGE)) == 200
    assert status(asked(memory, ada, "POST", LOGOUT, BY_OUR_PAGE)) == 204
    assert status(asked(memory, ada, "GET", ME, BY_OUR_PAGE)) == 401


@pytest.mark.plants
def test_a_picture_is_seen_to_sign_out_where_any_caller_will_do() -> None:
    operations = sessions.room.operations
    [(place, declared)] = [
        (place, operation)
        for place, operation in enumerate(operations)
        if (operation.method, operation.path) == ("GET", LOGOUT)
    ]
    by_anybody = Access(Permission.SIGN_OUT, Caller.actor)
    operations[place] = replace(declared, access=lambda _: by_anybody)
    try:
        with running() as api:
            token = api.having(username="ada").token
            assert token
            assert status(asked(api, token, "GET", LOGOUT, BY_OUR_PAGE)) == 204
    finally:
        operations[place] = declared


@pytest.mark.plants
@pytest.mark.parametrize("said", FROM_ELSEWHERE, ids=str)
def test_a_page_of_elsewhere_is_seen_to_act_where_nobody_asks_whose_it_is(
    memory: Api, ada: str, monkeypatch: pytest.MonkeyPatch, said: dict[str, str]
) -> None:
    monkeypatch.setattr(SessionCookie, "is_asked_by_a_page", lambda *_: True)
    assert status(asked(memory, ada, "PUT", ME, said, json={"name": "Eve"})) == 200
    bob = signed_in(memory)
    assert leads_to(bob.sends("/app/account", by=said, name="Eve")) == "/app/account?notice=saved"
    assert leads_to(visitor(memory).sends("/app/sign-in", by=said, login="ada", password=PASSWORD)) == "/"


def test_a_bearer_token_wins(memory: Api, ada: str) -> None:
    bob = memory.having(username="bob")
    assert asked(memory, ada, "GET", ME, BY_OUR_PAGE, headers=bob.headers).json()["username"] == "bob"
    wrong = {"authorization": "Bearer nonsense"}
    refused = asked(memory, ada, "GET", ME, BY_OUR_PAGE, headers=wrong)
    assert (status(refused), refused.headers["www-authenticate"]) == (401, 'Bearer error="invalid_token"')
    two = {"authorization": f"Bearer {bob.token}, Bearer {ada}"}
    assert status(asked(memory, ada, "GET", ME, BY_OUR_PAGE, headers=two)) == 401


def test_a_calendar_token_is_no_cookie_and_needs_none(memory: Api, ada: str) -> None:
    path = f"{CLUB}/users/me/calendar.ics"
    assert status(asked(memory, ada, "GET", path, BY_OUR_PAGE)) == 200
    assert status(asked(memory, ada, "GET", path, {})) == 401
    assert status(asked(memory, ada, "GET", path, BY_OUR_PAGE, params={"token": "nonsense"})) == 401


LABS: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/labs", {"json": {"name": "Physics"}}),
    ("POST", f"/labs/{UNKNOWN_ID}/join", {}),
    ("GET", f"/labs/{UNKNOWN_ID}/attendance", {"params": {"date": "2026-03-02"}}),
    ("DELETE", f"/labs/{UNKNOWN_ID}/attendance/{UNKNOWN_ID}", {}),
]


@pytest.mark.parametrize(
    ("method", "path", "more"), LABS, ids=[f"{method} {path}" for method, path, _ in LABS]
)
def test_the_labs_protocol_knows_no_cookie(
    memory: Api, ada: str, method: str, path: str, more: dict[str, Any]
) -> None:
    for said in FROM_OURS:
        assert status(asked(memory, ada, method, path, said, **more)) == 401


@pytest.mark.plants
def test_the_labs_protocol_is_seen_to_act_by_a_cookie_where_all_paths_are_alike(
    memory: Api, ada: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cookies, "is_in_api", lambda _: True)
    assert status(asked(memory, ada, "POST", "/labs", BY_OUR_PAGE, json={"name": "Physics"})) == 201


@pytest.mark.slow
def test_other_origins_that_may_call_the_api_may_not_use_it(memory: Api) -> None:
    with running(cors_origins="https://front.example") as api:
        token = api.having().token
        assert token
        said = {"origin": "https://front.example", "sec-fetch-site": "cross-site"}
        refused = asked(api, token, "GET", ME, said)
        assert status(refused) == 401
        assert "access-control-allow-credentials" not in refused.headers
        told = api.http.options(ME, headers=said | {"access-control-request-headers": "x-requested-with"})
        assert "x-requested-with" not in told.headers["access-control-allow-headers"].lower()


# Pages


@pytest.mark.parametrize("said", [*FROM_OURS, *FROM_ELSEWHERE], ids=str)
def test_a_page_is_read_by_whoever_opens_it_wherever_they_come_from(
    memory: Api, said: dict[str, str]
) -> None:
    ada = signed_in(memory, username="ada")
    assert "ada" in shown(ada.opens("/app/account", **said)).texts


@pytest.mark.parametrize("said", FROM_ELSEWHERE, ids=str)
def test_a_form_of_elsewhere_does_nothing(memory: Api, said: dict[str, str]) -> None:
    ada = signed_in(memory, username="ada")
    for path in ("/app/account", "/app/account/password", "/app/sign-out", "/app/sign-out/everywhere"):
        refused = ada.sends(path, by=said, name="Eve", current_password=PASSWORD, new_password="x" * 10)
        assert status(refused) == 403
        assert "set-cookie" not in refused.headers
        assert "You may not do this" in shown(refused).texts
    assert shown(ada.opens("/app/account")).values["name"] == ""


@pytest.mark.parametrize("said", FROM_ELSEWHERE, ids=str)
def test_nobody_is_signed_in_or_registered_from_elsewhere(memory: Api, said: dict[str, str]) -> None:
    memory.having(username="mallory")
    stranger = visitor(memory)
    refused = stranger.sends("/app/sign-in", by=said, login="mallory", password=PASSWORD)
    assert (status(refused), stranger.cookie) == (403, None)
    fields = {"username": "eve", "email": "eve@example.org", "password": PASSWORD}
    assert status(stranger.sends("/app/create-account", by=said, **fields)) == 403
    assert status(stranger.sends("/app/forgot-password", by=said, email="mallory@example.org")) == 403
    assert memory.mails() == []


def test_signing_out_ends_the_session_itself(memory: Api) -> None:
    ada = signed_in(memory, username="ada")
    kept = ada.cookie
    assert leads_to(ada.sends("/app/sign-out")) == "/"
    assert ada.cookie is None
    ada.cookie = kept
    assert leads_to(ada.opens("/app/account")) == "/app/sign-in?next=%2Fapp%2Faccount"


def test_a_link_signs_nobody_out(memory: Api) -> None:
    ada = signed_in(memory, username="ada")
    for path in ("/app/sign-out", "/app/sign-out/everywhere"):
        assert status(ada.opens(path)) == 200
    assert status(ada.opens("/app/account")) == 200


def test_a_deactivated_account_is_out_at_the_next_page(memory: Api) -> None:
    person = memory.having(Role.EMPLOYEE)
    ada = visitor(memory)
    ada.cookie = person.token
    assert status(ada.opens("/app/account")) == 200
    memory.alters(person, active=False)
    assert status(ada.opens("/app/account")) == 303


# The cookie itself


def test_it_is_kept_from_scripts_and_from_forms_of_elsewhere(memory: Api) -> None:
    memory.having(username="ada")
    answered = visitor(memory).signs_in("ada")
    [header] = answered.headers.get_list("set-cookie")
    name, *attributes = [part.strip() for part in header.split(";")]
    assert name.startswith("attendance=")
    assert attributes == ["Path=/", "HttpOnly", "SameSite=Lax"]
    assert answered.headers["cache-control"] == "no-store"


@pytest.fixture(scope="module")
def secure() -> Iterator[Api]:
    with running(base_url="https://club.example") as api:
        yield api


def test_over_https_no_other_host_can_set_it(secure: Api) -> None:
    token = secure.having(username="ada").token
    [header] = visitor(secure).signs_in("ada").headers.get_list("set-cookie")
    name, *attributes = [part.strip() for part in header.split(";")]
    assert name.startswith("__Host-attendance=")
    assert attributes == ["Path=/", "HttpOnly", "SameSite=Lax", "Secure"]
    for cookie, answered in (("__Host-attendance", 200), ("attendance", 401)):
        headers = {"cookie": f"{cookie}={token}"} | BY_OUR_PAGE
        assert status(secure.http.get(ME, headers=headers)) == answered


@pytest.mark.parametrize(
    ("origin", "answered"),
    [
        ("https://club.example", 200),
        ("https://testserver", 200),
        ("http://club.example", 401),
        ("http://testserver", 401),
        ("https://evil.example", 401),
    ],
)
def test_its_own_origin_is_the_public_one_or_the_one_it_was_asked_at(
    secure: Api, origin: str, answered: int
) -> None:
    token = secure.having().token
    headers = {"cookie": f"__Host-attendance={token}", "origin": origin}
    assert status(secure.http.get(ME, headers=headers)) == answered


@pytest.mark.parametrize(
    "sent_cookies",
    [
        "attendance={}; attendance={}",
        "attendance={}; attendance=nonsense",
        "attendance=nonsense; attendance={}",
        "Attendance={}",
        "__Host-attendance={}",
        "attendance",
        "attendance=",
        'attendance="{}"',
        "other=attendance={}",
        "; ;=;",
        "attendance=" + "x" * 5000,
        "attendance=\xff",
    ],
)
def test_a_cookie_that_somebody_else_may_have_set_is_none(memory: Api, ada: str, sent_cookies: str) -> None:
    sent = sent_cookies.replace("{}", ada).encode("latin-1")
    headers = [(b"cookie", sent), (b"sec-fetch-site", b"same-origin")]
    assert memory.transport.ask("GET", ME.encode(), headers).status_code == 401
    assert memory.transport.ask("GET", b"/app/account", headers).status_code == 303


@pytest.mark.plants
def test_a_cookie_of_somebody_else_is_seen_to_count_where_the_first_will_do(
    memory: Api, ada: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def first(cookie: SessionCookie, scope: HTTPScope) -> str:
        return header_value(scope["headers"], b"cookie").partition(";")[0].partition("=")[2]

    monkeypatch.setattr(SessionCookie, "_token", first)
    headers = {"cookie": f"{COOKIE}={ada}; {COOKIE}=another"} | BY_OUR_PAGE
    assert status(memory.http.get(ME, headers=headers)) == 200


def test_it_is_found_among_others(memory: Api, ada: str) -> None:
    for sent in (f"a=b; attendance={ada}; c=d", f"a=b;attendance={ada}", f"attendance={ada};"):
        headers = {"cookie": sent} | BY_OUR_PAGE
        assert status(memory.http.get(ME, headers=headers)) == 200
