"""What holds for every request of either protocol: who speaks, what comes first, what every answer has."""

import gc
import itertools
import json
import logging
import re
import weakref
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass, fields as dc_fields, replace
from threading import Event
from time import monotonic, sleep
from typing import Any

import httpx
import msgspec
import pytest
from dependency_injector import providers
from litestar.exceptions import InternalServerException, ValidationException

from attendance.adapters.http import app as http_app
from attendance.adapters.http.server.answers import RevisionView
from attendance.adapters.http.server.callers.authentication import Caller
from attendance.adapters.http.server.operations import request_threads
from attendance.adapters.http.server.operations.plan import Plan
from attendance.adapters.http.server.operations.request_threads import RequestThreads
from attendance.adapters.http.server.requests import middleware as edge
from attendance.application.labs.labs import SearchLabs
from attendance.application.ports import Hasher, Store
from attendance.domain.errors import Unauthenticated, Unavailable
from attendance.entrypoints import asgi
from attendance.entrypoints.container import Container
from tests.http.api import (
    CLUB,
    MARCH_2,
    PASSWORD,
    UNKNOWN_ID,
    Api,
    Lasting,
    Person,
    answer,
    fields,
    good,
    lasting,
    refusal,
    running,
)
from tests.http.operations import (
    METHODS_AT,
    NAMES,
    SIGNED_IN,
    USING,
    WITH_BODY,
    Operation,
    Scene,
    all_operations,
    allowed,
    operations,
)

MIB = 1024 * 1024
SIGN_IN_FIRST = refusal(401, "authentication required")
NOT_FOUND = refusal(404, "not found")
NOT_ALLOWED = refusal(405, "method not allowed")
TOO_LARGE = refusal(413, "request body is too large")
NOT_JSON = refusal(415, "request body must be application/json")
BROKEN = refusal(500, "internal server error")
AWAY = refusal(503, "temporarily unavailable")
INVALID_TOKEN = 'Bearer error="invalid_token"'


@pytest.fixture
def scene(memory: Api) -> Scene:
    return Scene.of(memory)


def concrete(template: str) -> str:
    return re.sub(r"\{\w+\}", UNKNOWN_ID, template)


# Who speaks


@pytest.mark.slow
def test_without_a_token_one_is_asked_to_sign_in(scene: Scene) -> None:
    for name in SIGNED_IN:
        operation = operations(scene)[name]
        response = scene.api.nobody.asks(operation.method, operation.path, **operation.request)
        assert answer(response) == SIGN_IN_FIRST, name
        assert response.headers.get_list("www-authenticate") == ["Bearer"], name
    assert scene.marks()["total"] == 1


@pytest.mark.slow
def test_a_token_that_is_no_good_is_called_invalid(scene: Scene) -> None:
    forged = scene.owner.token[:-4] + "AAAA" if scene.owner.token else ""
    for name, token in itertools.product(SIGNED_IN, ["x", "a.b.c", forged]):
        operation = operations(scene)[name]
        bearer = Person(scene.api.http, token=token)
        response = bearer.asks(operation.method, operation.path, **operation.request)
        assert answer(response) == SIGN_IN_FIRST, name
        assert response.headers.get_list("www-authenticate") == [INVALID_TOKEN], name
    assert scene.marks()["total"] == 1


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
def test_the_scheme_is_known_in_any_case(scene: Scene, scheme: str) -> None:
    headers = {"authorization": f"{scheme} {scene.owner.token}"}
    assert good(scene.api.http.post("/labs", json={"name": "x"}, headers=headers), 201).keys() == {"lab_id"}


def test_a_token_counts_only_where_it_belongs(scene: Scene) -> None:
    token, http = scene.owner.token, scene.api.http
    elsewhere = [
        http.post("/labs", json={"name": "x"}, params={"access_token": token}),
        http.post("/labs", json={"name": "x"}, params={"token": token}),
        http.post("/labs", json={"name": "x", "access_token": token}),
        http.post("/labs", json={"name": "x", "token": f"Bearer {token}"}),
        *(
            http.post("/labs", json={"name": "x"}, headers={name: value})
            for name, value in [
                ("cookie", f"access_token={token}"),
                ("cookie", f"Authorization=Bearer {token}; token={token}"),
                ("x-access-token", f"{token}"),
                ("x-authorization", f"Bearer {token}"),
                ("proxy-authorization", f"Bearer {token}"),
                ("www-authenticate", f"Bearer {token}"),
                ("authorization", f"{token}"),
                ("authorization", f"Basic {token}"),
                ("authorization", f"Token {token}"),
                ("authorization", f"JWT {token}"),
                ("authorization", f"Bearer:{token}"),
                ("authorization", f"Bearer\t{token}"),
                ("authorization", f'Digest token="{token}"'),
                ("authorization", "Bearer"),
                ("authorization", "Bearer "),
            ]
        ),
    ]
    for name in ("access_token", "token", "bearer", "authorization"):
        elsewhere.append(http.get(f"{CLUB}/users/me", params={name: token}))
        elsewhere.append(http.put(f"{CLUB}/users/me", json={"name": "x", name: token}))
        elsewhere.append(http.get(f"{CLUB}/users/me", headers={"cookie": f"{name}={token}"}))
        elsewhere.append(http.post(f"{CLUB}/auth/logout", params={name: token}))
    assert [answer(response) for response in elsewhere] == [SIGN_IN_FIRST] * len(elsewhere)
    assert {response.headers["www-authenticate"] for response in elsewhere} == {"Bearer"}


def test_two_tokens_are_none(scene: Scene) -> None:
    good_one, bad_one = f"Bearer {scene.owner.token}".encode(), b"Bearer x"
    body = [b'{"name": "x"}']
    for pair in ([good_one, bad_one], [bad_one, good_one]):
        twice = [(b"authorization", value) for value in pair]
        assert answer(scene.api.transport.ask("POST", b"/labs", twice, body)) == SIGN_IN_FIRST
        joined = [(b"authorization", b", ".join(pair))]
        assert answer(scene.api.transport.ask("POST", b"/labs", joined, body)) == SIGN_IN_FIRST


def test_where_no_sign_in_is_needed_a_bad_token_is_ignored(scene: Scene) -> None:
    bearer = Person(scene.api.http, token="a.b.c")
    for operation in all_operations(scene):
        if not operation.needs_sign_in:
            response = bearer.asks(operation.method, operation.path, **operation.request)
            assert response.status_code < 300, operation.path


@pytest.mark.slow
def test_a_closed_directory_is_for_whoever_is_signed_in() -> None:
    with running(labs_directory="signed_in") as api:
        ada = api.someone("ada")
        for path in ("/users", "/labs"):
            assert answer(api.nobody.asks("GET", path)) == SIGN_IN_FIRST
            assert answer(api.nobody.asks("GET", path, params={"limit": 0})) == SIGN_IN_FIRST
            assert answer(api.nobody.asks("GET", path, params={"unknown": 1})) == SIGN_IN_FIRST
            response = Person(api.http, token="x").asks("GET", path)
            assert (answer(response), response.headers["www-authenticate"]) == (SIGN_IN_FIRST, INVALID_TOKEN)
            assert ada.asks("GET", path).status_code == 200
            assert fields(ada.asks("GET", path, params={"limit": 0})) == ["limit"]
        document = api.http.get("/schema/openapi.json").json()
        for path in ("/users", "/labs"):
            assert document["paths"][path]["get"]["security"] == [{"bearer": []}]
            assert "401" in document["paths"][path]["get"]["responses"]


# Where to, and how


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/Labs",
        "/LABS",
        "/labs.json",
        "/lab",
        f"/labs/{UNKNOWN_ID}",
        f"/labs/{UNKNOWN_ID}/joins",
        f"/labs/{UNKNOWN_ID}/attendance/{UNKNOWN_ID}/more",
        f"/labs/{UNKNOWN_ID}/users/{UNKNOWN_ID}",
        "/labs/a%2Fb/join",
        "/labs//join",
        "/users/x",
        "/register/x",
        "/api",
        "/api/v1/nothing",
        "/api/v2",
        "/API/v1/users",
        "/api/v1/register",
        "/api/v1/auth",
        "/api/v1/auth/registration/x",
        "/api/v1/auth/login/x",
        "/api/v1/auth/confirm_email/x/y",
        "/api/v1/auth/password_reset/x/y",
        "/api/v1/auth/password/x",
        f"/api/v1/users/{UNKNOWN_ID}/favourites",
        f"/api/v1/users/{UNKNOWN_ID}/level",
        "/api/v1/users/me/role/x",
        f"/api/v1/role_changes/{UNKNOWN_ID}/expire",
        "/api/v1/events/x",
        f"/api/v1/clients/{UNKNOWN_ID}/notes",
        f"/api/v1/contracts/{UNKNOWN_ID}/client",
        "/api/v1/prices/x/y",
        f"/api/v1/locations/{UNKNOWN_ID}/closures/1",
        "/schema/nothing",
        "/schema/nothing.json",
        "/schema/assets",
        "/schema/assets/nothing.js",
        "/schema/assets/__init__.py",
        "/schema/assets/..%2F..%2Fsix.py",
        "/schema/assets/%00",
        "/schema/assets/" + "a" * 5000,
        "/.env",
        "/favicon.ico",
        "/%00",
        "/%FF",
        "/" + "a" * 10_000,
    ],
    ids=lambda path: path[:40],
)
def test_a_path_that_leads_nowhere_is_not_found_by_any_method(quiet: Api, path: str) -> None:
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "FOO"):
        assert answer(quiet.transport.ask(method, path.encode())) == NOT_FOUND, method
    assert quiet.transport.ask("HEAD", path.encode()).status_code == 404


@pytest.mark.parametrize("template", METHODS_AT)
def test_another_method_is_answered_with_those_that_are_allowed(quiet: Api, template: str) -> None:
    path = concrete(template).encode()
    for method in (
        "GET",
        "POST",
        "PUT",
        "PATCH",
        "DELETE",
        "TRACE",
        "CONNECT",
        "FOO",
        "get",
        "post",
        "QUERY",
    ):
        if method not in METHODS_AT[template]:
            response = quiet.transport.ask(method, path)
            assert answer(response) == NOT_ALLOWED, method
            assert response.headers.get_list("allow") == [allowed(template)], method


@pytest.mark.parametrize("template", METHODS_AT)
def test_options_are_told_to_anybody(quiet: Api, template: str) -> None:
    response = quiet.transport.ask("OPTIONS", concrete(template).encode())
    assert (response.status_code, response.content) == (204, b"")
    assert response.headers.get_list("allow") == [allowed(template)]
    assert "content-type" not in response.headers


@pytest.mark.parametrize(
    "target",
    [
        "/users?name=own",
        "/labs",
        "/health/live",
        "/health/ready",
        "/schema",
        "/schema/openapi.json",
        "/schema/assets/swagger_style.css",
        "the sheet",
        "the history",
        "/labs?limit=0",
        "/nothing",
        f"/labs/{UNKNOWN_ID}/attendance?date={MARCH_2}",
        CLUB,
        f"{CLUB}/auth/registration",
        f"{CLUB}/auth/confirm_email/x",
        f"{CLUB}/auth/password_reset/x",
        f"{CLUB}/users",
        f"{CLUB}/users?page=1&sort=-name",
        f"{CLUB}/users/me",
        f"{CLUB}/users/me/favorites",
        f"{CLUB}/role_changes",
        f"{CLUB}/events?page=1",
        f"{CLUB}/clients",
        f"{CLUB}/contracts?page=1",
        f"{CLUB}/prices",
        f"{CLUB}/locations?sort=-name",
    ],
)
@pytest.mark.parametrize("who", ["owner", "nobody"])
def test_head_is_get_without_the_body(scene: Scene, target: str, who: str) -> None:
    targets = {
        "the sheet": f"/labs/{scene.lab.id}/attendance?date={MARCH_2}",
        "the history": f"/labs/{scene.lab.id}/users/{scene.member.id}/attendance",
    }
    person = {"owner": scene.owner, "nobody": scene.api.nobody}[who]
    headers = [(name.encode(), value.encode()) for name, value in person.headers.items()]
    headers.append((b"x-request-id", b"same"))
    path = targets.get(target, target).encode()
    got, head = (scene.api.transport.ask(method, path, headers) for method in ("GET", "HEAD"))
    assert head.content == b""
    assert (head.status_code, head.headers) == (got.status_code, got.headers)
    assert int(head.headers["content-length"]) == len(got.content) > 0


def test_head_works_only_where_get_does(scene: Scene) -> None:
    for template in METHODS_AT:
        if "GET" not in METHODS_AT[template]:
            response = scene.api.transport.ask("HEAD", concrete(template).encode())
            assert (response.status_code, response.content) == (405, b""), template
            assert response.headers["allow"] == allowed(template)


# Bodies: how large, of which kind


def padded(size: int) -> bytes:
    return b'{"name": "x"' + b" " * (size - 13) + b"}"


def test_a_body_of_a_mebibyte_is_read_and_a_byte_more_is_not(scene: Scene) -> None:
    assert scene.owner.asks("POST", "/labs", content=padded(MIB)).status_code == 201
    assert answer(scene.owner.asks("POST", "/labs", content=padded(MIB + 1))) == TOO_LARGE
    in_chunks = [padded(MIB)[start : start + 60_000] for start in range(0, MIB, 60_000)]
    assert scene.owner.asks("POST", "/labs", content=iter(in_chunks)).status_code == 201
    assert answer(scene.owner.asks("POST", "/labs", content=iter([*in_chunks, b" "]))) == TOO_LARGE
    assert good(scene.api.nobody.searches_labs("x"), 200)["total"] == 2


def test_a_body_announced_too_large_is_refused_unread(scene: Scene) -> None:
    for name, operation in operations(scene).items():
        for size in (MIB + 1, 10**12, 10**30):
            headers = [(b"content-length", str(size).encode())]
            response = scene.api.transport.ask(operation.method, operation.path.encode(), headers)
            assert answer(response) == TOO_LARGE, name


def test_a_body_that_turns_out_too_large_is_refused(scene: Scene) -> None:
    for name in WITH_BODY:
        operation = operations(scene)[name]
        for headers in ([], [(b"content-length", b"2")], [(b"transfer-encoding", b"chunked")]):
            chunks = [b" " * 65536] * 17
            response = scene.api.transport.ask(operation.method, operation.path.encode(), headers, chunks)
            assert answer(response) == TOO_LARGE, name


JSON_TYPES = [
    b"application/json",
    b"application/json; charset=utf-8",
    b"application/json;charset=UTF-8",
    b'application/json; charset="utf-8"',
    b"Application/JSON",
    b"application/json; version=1",
]
OTHER_TYPES = [
    b"text/plain",
    b"text/json",
    b"text/html",
    b"application/x-www-form-urlencoded",
    b"multipart/form-data; boundary=x",
    b"multipart/form-data",
    b"application/msgpack",
    b"application/xml",
    b"application/problem+json",
    b"application/vnd.api+json",
    b"application/jsonx",
    b"application/*",
    b"*/*",
    b"application",
    b"/",
    b";;;",
    b", application/json",
    b"application/json, text/plain",
    b"application/json; charset=utf-16",
    b"application/json; charset=latin-1",
    b"application/json; charset=us-ascii",
    b"application/json; charset=utf-8-sig",
    b"application/json; charset=nonsense",
    b"\xff\xfe",
    b"x" * 5000,
]


@pytest.mark.parametrize("name", WITH_BODY)
def test_a_body_is_json_in_utf_8_or_not_looked_at(scene: Scene, name: str) -> None:
    operation = operations(scene)[name]
    before = scene.api.shown(), scene.marks()
    for kind in OTHER_TYPES:
        headers = [(b"content-type", kind), (b"authorization", f"Bearer {scene.owner.token}".encode())]
        for body in (json.dumps(operation.body).encode(), b"", b"{"):
            response = scene.api.transport.ask(operation.method, operation.path.encode(), headers, [body])
            assert answer(response) == NOT_JSON, (kind, body)
    assert (scene.api.shown(), scene.marks()) == before
    for number, kind in enumerate(JSON_TYPES):
        headers = [(b"content-type", kind), (b"authorization", f"Bearer {scene.owner.token}".encode())]
        body = json.dumps(operation.body).encode().replace(b"newcomer", f"newcomer{number}".encode())
        response = scene.api.transport.ask(operation.method, operation.path.encode(), headers, [body])
        is_used_up = operation.once and number > 0 and response.status_code in (409, 410)
        assert response.status_code < 300 or is_used_up, kind


def test_a_body_without_a_type_is_taken_for_json(scene: Scene) -> None:
    assert scene.owner.asks("POST", "/labs", content=b'{"name": "x"}').status_code == 201


def test_a_missing_body_is_malformed(scene: Scene) -> None:
    for name in WITH_BODY:
        operation = operations(scene)[name]
        response = operation.by.asks(operation.method, operation.path)
        assert fields(response) == ["body"], name


def test_where_no_body_is_read_none_is_judged(scene: Scene) -> None:
    for name, operation in operations(scene).items():
        if operation.body is None:
            response = operation.by.asks(
                operation.method,
                operation.path,
                params=operation.query,
                content=b"{",
                headers={"content-type": "text/plain"},
            )
            assert response.status_code < 300, name


def test_a_client_that_hangs_up_halfway_does_no_harm(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    before = scene.api.shown()
    response = scene.api.transport.ask(
        "POST", b"/labs", [(b"authorization", f"Bearer {scene.owner.token}".encode())], [b'{"name', None]
    )
    assert response.status_code == 400
    assert scene.api.shown() == before
    assert caplog.records == []


# Queries


@pytest.mark.slow
def test_a_query_that_is_unknown_or_repeated_is_malformed(scene: Scene) -> None:
    for name, operation in operations(scene).items():

        def told(*more: tuple[str, str], of: Operation = operation) -> list[str]:
            options = of.request | {"params": [*of.query.items(), *more]}
            return fields(of.by.asks(of.method, of.path, **options))

        assert told(("unknown", "1")) == ["unknown"], name
        assert told(("unknown", "1"), ("Date", "x"), ("unknown", "2")) == ["unknown", "Date"], name
        assert told(("", "")) == [""], name
        for known, value in operation.query.items():
            assert told((known, value)) == [known], name
            assert told((known, value), ("more", "")) == ["more", known], name
            assert told((f"{known}[]", value)) == [f"{known}[]"], name
            assert told((known.upper(), value)) == [known.upper()], name
    assert scene.marks()["attendances"][0]["status"] == "present"


@pytest.mark.parametrize("path", ["/users", "/labs"])
def test_limit_and_offset_are_whole_numbers_within_bounds(quiet: Api, path: str) -> None:
    number = [
        "",
        "x",
        "1.0",
        "1e2",
        "+1",
        " 1",
        "1 ",
        "01",
        "1_0",
        "0x1",
        "true",
        "null",
        "NaN",
        "٥",
        "-0",
        "1,2",
    ]
    for text in [*number, "0", "-1", "1001", "9" * 30, "9" * 5000]:
        assert fields(quiet.http.get(path, params={"limit": text})) == ["limit"], text
    for text in [*number, "-1", str(2**53), str(2**63 - 1), str(2**63), "9" * 30, "9" * 5000]:
        assert fields(quiet.http.get(path, params={"offset": text})) == ["offset"], text
    for query in ({"limit": "1"}, {"limit": "1000"}, {"offset": "0"}, {"offset": str(2**53 - 1)}):
        assert quiet.http.get(path, params=query).status_code == 200


@pytest.mark.parametrize(("path", "name"), [("/users", "name"), ("/labs", "q")])
def test_what_is_searched_for_may_be_typed_as_it_is(api: Api, path: str, name: str) -> None:
    ada = api.someone("Анна")
    ada.opens_lab("Анна", "")
    for query in (f"{name}=анн", f"{name}=%D0%B0нн", f"{name}=%D0%B0%D0%BD%d0%bd", f"&&{name}=анн&"):
        assert good(api.transport.ask("GET", f"{path}?{query}".encode()), 200)["total"] == 1, query
    assert good(api.transport.ask("GET", f"{path}?{name}".encode()), 200)["total"] == 1
    assert good(api.transport.ask("GET", f"{path}?".encode()), 200)["total"] == 1
    assert fields(api.transport.ask("GET", f"{path}?{name}=".encode() + b"\xff")) == ["query"]


def test_a_plus_in_a_query_is_a_space(api: Api) -> None:
    ada = api.someone()
    ada.opens_lab("a b", "")
    ada.opens_lab("c+d", "")
    assert good(api.transport.ask("GET", b"/labs?q=a+b"), 200)["total"] == 1
    assert good(api.transport.ask("GET", b"/labs?q=c%2Bd"), 200)["total"] == 1
    assert good(api.transport.ask("GET", b"/labs?q=c+d"), 200)["total"] == 0


def test_answers_are_utf_8_as_it_is(memory: Api) -> None:
    memory.someone("Анна").opens_lab("\U0001f9ea", "\n")
    assert "Анна".encode() in memory.http.get("/users").content
    assert "\U0001f9ea".encode() in memory.http.get("/labs").content


# What is malformed, all of it


def test_details_name_every_field_that_is_wrong(scene: Scene) -> None:
    path = f"/labs/{scene.lab.id}"

    def put(content: str) -> list[str]:
        return fields(scene.owner.asks("PUT", f"{path}/attendance", content=content.encode()))

    assert put('{"user_id": 1, "date": "x", "status": "y", "note": 2, "z": 3}') == [
        "z",
        "user_id",
        "date",
        "status",
        "note",
    ]
    assert put("{}") == ["user_id", "date", "status"]
    assert put('{"date": "x", "date": "2026-03-02"}') == ["date", "user_id", "status"]
    assert put('{"user_id": "\\u0000", "status": 1}') == ["user_id", "date", "status"]
    assert put("[]") == put("null") == put('"x"') == put("1") == put("{") == put("") == ["body"]
    assert put('{"user_id": 1, "date": }') == ["body"], "what is no JSON has no fields"
    history = f"{path}/users/{scene.member.id}/attendance"
    query = {"from": "x", "to": "y", "since": "2026-03-02"}
    assert fields(scene.owner.asks("GET", history, params=query)) == ["since", "from", "to"]
    sheet = {"dat": MARCH_2, "limit": "1"}
    assert fields(scene.owner.asks("GET", f"{path}/attendance", params=sheet)) == ["dat", "limit", "date"]
    lists = {"limit": "0", "offset": "-1", "name": "\x01"}
    assert set(fields(scene.api.http.get("/users", params=lists))) >= {"limit", "offset"}


@pytest.mark.slow
def test_a_thousand_faults_are_not_all_told(scene: Scene) -> None:
    many = {f"field{number}": 1 for number in range(50_000)}
    assert len(fields(scene.owner.creates(**many))) == 100


# What is said first

ANY = None
# The first row that fits says what is answered: 404 › 405 › 413 › 401 › 415 › 400.
ORDER: list[tuple[tuple[Any, ...], Any]] = [
    # path     method   size        token    type     query    body
    ((False, ANY, ANY, ANY, ANY, ANY, ANY), NOT_FOUND),
    ((ANY, False, ANY, ANY, ANY, ANY, ANY), NOT_ALLOWED),
    ((ANY, ANY, "announced", ANY, ANY, ANY, ANY), TOO_LARGE),
    ((ANY, ANY, "sent", ANY, ANY, ANY, ANY), TOO_LARGE),
    ((ANY, ANY, ANY, False, ANY, ANY, ANY), SIGN_IN_FIRST),
    ((ANY, ANY, ANY, ANY, False, ANY, ANY), NOT_JSON),
    ((ANY, ANY, ANY, ANY, ANY, False, ANY), 400),
    ((ANY, ANY, ANY, ANY, ANY, ANY, False), 400),
    ((True, True, "fine", True, True, True, True), 201),
]
EITHER = (True, False)


def differing_from_the_order(api: Api, token: str | None) -> dict[tuple[Any, ...], tuple[Any, Any]]:
    """Every combination of what can be wrong with one request, where the answer is another than said."""
    differing = {}
    sizes = ("fine", "announced", "sent")
    for case in itertools.product(EITHER, EITHER, sizes, EITHER, EITHER, EITHER, EITHER):
        path, method, size, signed_in, kind, query, body = case
        target = (b"/labs" if path else b"/lab") + (b"" if query else b"?x=1")
        headers = [(b"content-type", b"application/json" if kind else b"text/plain")]
        headers += [(b"authorization", f"Bearer {token}".encode())] if signed_in else []
        headers += [(b"content-length", str(2 * MIB).encode())] if size == "announced" else []
        chunks = [b'{"name": "x"' if body else b'{"name": 1', b"}"]
        chunks += [b" " * MIB] if size == "sent" else []
        response = api.transport.ask("POST" if method else "PUT", target, headers, chunks)
        said = next(
            said
            for row, said in ORDER
            if all(wanted in (ANY, given) for wanted, given in zip(row, case, strict=True))
        )
        got = response.status_code if isinstance(said, int) else answer(response)
        if got != said:
            differing[case] = (got, said)
    return differing


def test_refusals_come_in_one_order(memory: Api) -> None:
    assert differing_from_the_order(memory, memory.someone().token) == {}


@pytest.mark.plants
def test_that_order_is_seen_to_break_when_strangers_are_told_what_is_malformed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    in_time = Plan._actor

    def too_late(plan: Plan, caller: Caller) -> Any:
        try:
            return in_time(plan, caller)
        except Unauthenticated:
            return None

    monkeypatch.setattr(Plan, "_actor", too_late)
    with running() as api:
        differing = differing_from_the_order(api, api.someone().token)
    assert {got if isinstance(got, int) else got[0] for got, _ in differing.values()} == {400, 415, 500}


# What every answer has

SECURITY = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


@dataclass(frozen=True, slots=True)
class Fragile:
    """The application with use cases that work until `errors` says otherwise."""

    api: Api
    errors: dict[str, Exception]


@dataclass(frozen=True, slots=True)
class Breakable:
    """A use case, or one of its methods, that works until `errors` says otherwise."""

    name: str
    use_case: Any
    errors: dict[str, Exception]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.name in self.errors:
            raise self.errors[self.name]
        return self.use_case(*args, **kwargs)

    def __getattr__(self, method: str) -> Any:
        found = getattr(self.use_case, method)
        return Breakable(self.name, found, self.errors) if callable(found) else found


@pytest.fixture(scope="module")
def fragile_application() -> Iterator[tuple[Lasting, dict[str, Exception]]]:
    errors: dict[str, Exception] = {}

    def prepare(container: Container) -> None:
        use_cases = container.use_cases()
        breakables: dict[str, Any] = {
            each.name: Breakable(each.name, getattr(use_cases, each.name), errors)
            for each in dc_fields(use_cases)
        }
        container.use_cases.override(providers.Object(replace(use_cases, **breakables)))

    with lasting(prepare=prepare) as application:
        yield application, errors


@pytest.fixture
def fragile(fragile_application: tuple[Lasting, dict[str, Exception]]) -> Iterator[Fragile]:
    application, errors = fragile_application
    errors.clear()
    with application.over() as api:
        yield Fragile(api, errors)


def every_kind_of_answer(api: Api) -> Iterator[httpx.Response]:
    scene, ask = Scene.of(api), api.transport.ask
    for operation in all_operations(scene):
        yield operation.by.asks(operation.method, operation.path, **operation.request)
        yield operation.by.asks(operation.method, operation.path, **operation.request)
        yield api.nobody.asks(operation.method, operation.path, **operation.request)
        yield scene.owner.asks(operation.method, operation.path, params={"unknown": 1})
        yield ask("OPTIONS", operation.path.encode())
        yield ask("HEAD", operation.path.encode())
        yield ask("PATCH", operation.path.encode())
        yield ask(operation.method, operation.path.encode(), [(b"content-length", b"9999999")])
    yield scene.owner.puts("/users/me", '"0"', name="Ada")
    yield api.nobody.reads(f"/auth/confirm_email/{scene.confirmation}x")
    for _ in range(11):
        yield api.signs_in(username="somebody", password="wrong")
    yield scene.stranger.views(scene.lab)
    yield scene.member.joins(scene.lab)
    yield scene.owner.asks("POST", "/labs", content=b"{", headers={"content-type": "text/plain"})
    yield ask("GET", b"/nothing")
    yield ask("GET", b"/labs", [(b"host", b"not a host")])
    for path in ("/schema", "/schema/openapi.json", "/schema/nothing"):
        yield ask("GET", path.encode())
    yield ask("GET", b"/schema/assets/swagger_bundle.js")


@pytest.fixture(scope="module")
def every_answer(application: Lasting) -> list[httpx.Response]:
    """One of every kind, observed once."""
    with application.over() as api:
        return [*every_kind_of_answer(api)]


def without_headers(responses: Iterator[httpx.Response]) -> list[str]:
    """What of an answer is missing that every answer has."""
    missing = []
    for response in responses:
        said = f"{response.status_code} {response.headers.get('content-type', '')}"
        for name, value in SECURITY.items():
            if response.headers.get_list(name) != [value]:
                missing.append(f"{said}: {name}")
        if len(response.headers.get_list("content-security-policy")) != 1:
            missing.append(f"{said}: content-security-policy")
        if not re.fullmatch("[0-9a-f]{32}", response.headers.get("x-request-id", "")):
            missing.append(f"{said}: x-request-id")
    return missing


def test_every_answer_has_the_headers_that_browsers_heed(every_answer: list[httpx.Response]) -> None:
    responses = every_answer
    assert {response.status_code for response in responses} == {
        200, 201, 202, 204, 400, 401, 403, 404, 405, 409, 410, 412, 413, 415, 429,
    }  # fmt: skip
    assert without_headers(iter(responses)) == []
    assert len({response.headers["x-request-id"] for response in responses}) == len(responses)


@pytest.mark.parametrize(("error", "status"), [(RuntimeError("x"), 500), (Unavailable(), 503)])
def test_so_has_an_answer_to_what_went_wrong(fragile: Fragile, error: Exception, status: int) -> None:
    fragile.errors["search_labs"] = error
    response = fragile.api.http.get("/labs")
    assert response.status_code == status
    assert without_headers(iter([response])) == []


@pytest.mark.plants
def test_a_missing_header_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge, "HEADERS", edge.HEADERS[1:])
    with running() as api:
        assert {line.partition(": ")[2] for line in without_headers(every_kind_of_answer(api))} == {
            "x-content-type-options"
        }


def test_answers_that_are_no_pages_may_load_nothing(every_answer: list[httpx.Response]) -> None:
    for response in every_answer:
        policy = response.headers["content-security-policy"]
        is_page = response.headers.get("content-type", "").startswith("text/html")
        assert policy.startswith("default-src 'none'")
        assert "frame-ancestors 'none'" in policy
        assert ("-src" in policy.removeprefix("default-src")) == is_page
        assert "http" not in policy
        assert "unsafe" not in policy


@pytest.mark.parametrize(
    "sent", ["a", "A-1_b.c", "x" * 64, "0", "..", "018f3c5e-7b9a-7000-8000-000000000000"]
)
def test_a_sane_request_id_is_echoed(quiet: Api, sent: str) -> None:
    for path in ("/labs", "/nothing", "/labs?limit=0"):
        assert quiet.http.get(path, headers={"x-request-id": sent}).headers.get_list("x-request-id") == [sent]


@pytest.mark.parametrize(
    "sent",
    [b"", b" ", b"a b", b"x" * 65, b"x" * 10_000, b"a\nb", b"a\r\nset-cookie: x=1", b"\xff", b"\x00", b"<b>",
     b"a,b", b"${jndi:x}", b"../..", "ё".encode()],
)  # fmt: skip
def test_another_request_id_is_replaced(quiet: Api, sent: bytes) -> None:
    response = quiet.transport.ask("GET", b"/labs", [(b"x-request-id", sent)])
    assert re.fullmatch("[0-9a-f]{32}", response.headers["x-request-id"])
    assert "set-cookie" not in response.headers


def test_nobody_is_given_a_cookie(every_answer: list[httpx.Response]) -> None:
    assert all("set-cookie" not in response.headers for response in every_answer)


# Other origins

OURS, THEIRS = "https://club.example", "https://evil.example"
SHARING = "access-control-"


def sharing(response: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in response.headers.items() if name.startswith(SHARING)}


def preflight(api: Api, path: str, origin: str, method: str = "PUT") -> httpx.Response:
    headers = {
        "origin": origin,
        "access-control-request-method": method,
        "access-control-request-headers": "authorization,content-type",
    }
    return api.http.options(path, headers=headers)


def test_by_default_pages_of_other_origins_are_told_nothing(quiet: Api) -> None:
    for response in (
        quiet.http.get("/labs", headers={"origin": OURS}),
        quiet.http.post("/labs", headers={"origin": OURS}),
        preflight(quiet, "/labs", OURS),
        preflight(quiet, "/labs", "null"),
    ):
        assert sharing(response) == {}
        assert response.status_code in (200, 204, 401)


@pytest.fixture(scope="module")
def shared() -> Iterator[Api]:
    with running(cors_origins=f"{OURS}, https://other.example") as api:
        yield api


def test_a_page_of_an_origin_that_is_named_may_ask_and_read(shared: Api) -> None:
    asked = preflight(shared, "/labs", OURS)
    assert (asked.status_code, asked.content) == (204, b"")
    assert asked.headers["access-control-allow-origin"] == OURS
    assert asked.headers["access-control-allow-methods"] == asked.headers["allow"] == allowed("/labs")
    assert asked.headers["access-control-allow-headers"].split(", ") == [
        "Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match",
    ]  # fmt: skip
    for response in (
        shared.http.get("/labs", headers={"origin": OURS}),
        shared.http.get("/labs?limit=0", headers={"origin": OURS}),
        shared.http.post("/labs", headers={"origin": OURS}),
        shared.http.get("/nothing", headers={"origin": OURS}),
        shared.http.patch("/labs", headers={"origin": "https://other.example"}),
    ):
        assert response.headers["access-control-allow-origin"] in (OURS, "https://other.example")
        assert "X-Request-Id" in response.headers["access-control-expose-headers"]
        assert response.headers["vary"] == "Origin"
        assert "access-control-allow-credentials" not in response.headers


@pytest.mark.parametrize(
    "origin",
    [THEIRS, "null", OURS.upper(), OURS + ".evil.example", OURS + ":8443", "http://club.example", OURS + "/",
     "https://evilclub.example", f"{OURS}, {THEIRS}", "*", ""],
)  # fmt: skip
def test_a_page_of_another_origin_may_not(shared: Api, origin: str) -> None:
    for response in (
        shared.http.get("/labs", headers={"origin": origin}),
        shared.http.post("/labs", headers={"origin": origin}),
        preflight(shared, "/labs", origin),
    ):
        assert sharing(response) == {}
        assert response.headers["vary"] == "Origin"
        assert response.status_code in (200, 204, 401)


def test_every_origin_may_when_a_star_says_so() -> None:
    with running(cors_origins="*") as api:
        for origin in (OURS, THEIRS, "null"):
            assert (
                api.http.get("/labs", headers={"origin": origin}).headers["access-control-allow-origin"]
                == origin
            )
            assert preflight(api, "/labs", origin).headers["access-control-allow-origin"] == origin
        assert sharing(api.http.get("/labs")) == {}


def test_a_preflight_to_nowhere_is_not_found(shared: Api) -> None:
    assert answer(preflight(shared, "/nothing", OURS)) == NOT_FOUND


def test_an_answer_that_is_not_asked_for_by_a_page_varies_all_the_same(shared: Api) -> None:
    assert shared.http.get("/labs").headers["vary"] == "Origin"


# When something is wrong with us

TOLD_NOBODY = "secret of /var/lib/postgresql"
MISTAKES = [
    RuntimeError(TOLD_NOBODY),
    KeyError(TOLD_NOBODY),
    ValueError(TOLD_NOBODY),
    TypeError(TOLD_NOBODY),
    RecursionError(TOLD_NOBODY),
    OSError(TOLD_NOBODY),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, TOLD_NOBODY),
    msgspec.ValidationError(TOLD_NOBODY),
    InternalServerException(TOLD_NOBODY),
]


@pytest.mark.slow
def test_our_own_mistake_tells_nothing_and_is_logged(
    fragile: Fragile, caplog: pytest.LogCaptureFixture
) -> None:
    scene = Scene.of(fragile.api)
    for name in USING:
        operation = operations(scene)[name]
        fragile.errors[str(operation.use_case)] = RuntimeError(TOLD_NOBODY)
        response = operation.by.asks(operation.method, operation.path, **operation.request)
        fragile.errors.clear()
        assert answer(response) == BROKEN, name
        assert TOLD_NOBODY not in str(response.headers)
        [record] = caplog.records
        assert record.levelno == logging.ERROR
        assert record.getMessage() == f"{operation.method} {operation.template} failed"
        assert TOLD_NOBODY in caplog.text
        for secret in (PASSWORD, scene.owner.token, scene.confirmation, scene.reset):
            assert str(secret) not in caplog.text, name
        caplog.clear()


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: type(mistake).__name__)
def test_no_mistake_of_ours_passes_for_one_of_the_clients(fragile: Fragile, mistake: Exception) -> None:
    fragile.errors.update(search_labs=mistake, register=mistake, actor_of=mistake)
    assert answer(fragile.api.http.get("/labs")) == BROKEN
    assert answer(fragile.api.registers(username="ada", password=PASSWORD)) == BROKEN
    bearer = Person(fragile.api.http, token="x")
    assert answer(bearer.creates(name="x")) == answer(bearer.creates(name=1)) == BROKEN
    head = fragile.api.transport.ask("HEAD", b"/labs")
    assert (head.status_code, head.content) == (500, b"")


@pytest.mark.slow
def test_what_is_unavailable_is_worth_another_try(fragile: Fragile) -> None:
    scene = Scene.of(fragile.api)
    for name in USING:
        operation = operations(scene)[name]
        use_case = str(operation.use_case)
        for failing in {use_case, "actor_of"} if operation.needs_sign_in else {use_case}:
            fragile.errors[failing] = Unavailable()
            response = operation.by.asks(operation.method, operation.path, **operation.request)
            assert answer(response) == AWAY, name
            assert response.headers.get_list("retry-after") == ["1"]
            del fragile.errors[failing]
        good_now = operation.by.asks(operation.method, operation.path, **operation.request)
        assert good_now.status_code < 300, name


def test_a_malformed_request_while_nobody_can_be_known_is_worth_another_try(fragile: Fragile) -> None:
    fragile.errors["actor_of"] = Unavailable()
    bearer = Person(fragile.api.http, token="x")
    for response in (
        bearer.creates(name=1),
        bearer.asks("POST", "/labs", content=b"x", headers={"content-type": "text/plain"}),
        bearer.asks("GET", f"/labs/{UNKNOWN_ID}/attendance"),
    ):
        assert answer(response) == AWAY
        assert response.headers["retry-after"] == "1"


def test_litestars_own_complaints_look_like_ours(fragile: Fragile) -> None:
    malformed = refusal(400, "malformed request")
    fragile.errors["search_labs"] = ValidationException("x")
    assert answer(fragile.api.http.get("/labs")) == malformed
    assert answer(fragile.api.transport.ask("GET", b"/users", [(b"host", b"a b")])) == malformed


class AwayStore(Store):
    """A database that is away."""

    def transaction(self) -> Any:
        raise Unavailable

    autocommit = read = ambient = transaction

    def attempts(self) -> Iterator[None]:
        yield


@pytest.mark.slow
def test_a_store_that_is_away_is_503_for_every_operation() -> None:
    def away(container: Container) -> None:
        container.store.override(providers.Object(AwayStore()))

    with running() as api:
        scene = Scene.of(api)
    with running(prepare=away) as api:
        for name in USING:
            operation = operations(scene)[name]
            response = api.http.request(
                operation.method, operation.path, headers=operation.by.headers, **operation.request
            )
            assert answer(response) == AWAY, name
            assert response.headers["retry-after"] == "1"


@pytest.mark.attacks
def test_while_all_connections_are_taken_one_is_told_to_try_again(database_url: str) -> None:
    with running(database_url, pool_size=1) as api:
        ada = api.someone("ada")
        engine = api.container.primary().engine
        engine.pool._timeout = 0.01
        with engine.connect():
            for response in (
                api.nobody.searches_labs(),
                ada.creates(name="Physics"),
                api.signs_in(username="ada", password=PASSWORD),
                api.registers(username="bob", password=PASSWORD),
                api.http.get("/health/ready"),
            ):
                assert answer(response) == AWAY
                assert response.headers["retry-after"] == "1"
            assert api.http.get("/health/live").status_code == 200
        assert good(api.nobody.searches_labs(), 200)["total"] == 0
        deadline = monotonic() + 20
        # what it knows is a second old at most
        while api.http.get("/health/ready").status_code != 200:
            assert monotonic() < deadline, "it is not ready again"
        good(ada.creates(name="Physics"), 201)


def test_a_database_of_another_shape_is_not_ready(empty_database_url: str) -> None:
    with running(empty_database_url) as api:
        assert answer(api.http.get("/health/ready")) == AWAY
        assert answer(api.http.get("/health/live")) == (200, {"status": "ok"})


def test_all_is_well(store_url: str) -> None:
    with running(store_url) as api:
        assert answer(api.http.get("/health/live")) == (200, {"status": "ok"})
        assert answer(api.http.get("/health/ready")) == (200, {"status": "ok"})


class SlowHasher(Hasher):
    """Hashes when it is let."""

    def __init__(self) -> None:
        self.let = Event()

    def hash(self, password: str) -> str:
        assert self.let.wait(30)
        return password

    def verify(self, password: str, password_hash: str | None) -> bool:
        assert self.let.wait(30)
        return password == password_hash

    def is_outdated(self, password_hash: str) -> bool:
        return False


@pytest.mark.parametrize("call", ["/register", "/login", f"{CLUB}/auth/registration", f"{CLUB}/auth/login"])
@pytest.mark.attacks
def test_who_comes_when_the_hashing_lane_is_full_is_told_to_try_again(
    monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    monkeypatch.setattr(asgi, "hashers", lambda: 1)
    hasher = SlowHasher()

    def slow(container: Container) -> None:
        container.hasher.override(providers.Object(hasher))

    def ask(number: int) -> httpx.Response:
        address = {"email": f"user{number}@example.org"} if call.endswith("registration") else {}
        return api.http.post(call, json={"username": f"user{number}", "password": PASSWORD, **address})

    # one under way, two waiting, one too many
    with running(prepare=slow, sign_in_queue=2) as api, ThreadPoolExecutor(4) as clients:
        try:
            asked = [clients.submit(ask, number) for number in range(4)]
            done, others = wait(asked, timeout=30, return_when=FIRST_COMPLETED)
            [refused] = (each.result() for each in done)
            assert answer(refused) == AWAY
            assert refused.headers["retry-after"] == "1"
            assert good(api.http.get("/labs"), 200)["total"] == 0, "nobody else has to wait"
        finally:
            hasher.let.set()
        served = 401 if call.endswith("login") else 201
        assert [each.result(30).status_code for each in others] == [served] * 3
        assert [ask(number).status_code for number in range(4, 8)] == [served] * 4, (
            "the places are free again"
        )


@pytest.mark.attacks
def test_who_comes_while_others_wait_too_long_is_told_to_try_again_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    let, begun, now = Event(), Event(), [100.0]
    made: list[RequestThreads] = []
    monkeypatch.setattr(request_threads, "monotonic", lambda: now[0])

    def noted(*args: Any, **more: Any) -> RequestThreads:
        made.append(RequestThreads(*args, **more))
        return made[-1]

    monkeypatch.setattr(http_app, "RequestThreads", noted)

    class Slow(SearchLabs):
        def __call__(self, *args: Any, **more: Any) -> Any:
            begun.set()
            assert let.wait(30)
            return super().__call__(*args, **more)

    def slow(container: Container) -> None:
        use_cases = container.use_cases()
        given = {field.name: getattr(use_cases.search_labs, field.name) for field in dc_fields(SearchLabs)}
        use_cases.search_labs = Slow(**given)

    with running(prepare=slow, threads=1, queue_seconds=5) as api, ThreadPoolExecutor(2) as clients:
        try:
            asked = [clients.submit(api.http.get, "/labs")]
            assert begun.wait(30)
            [threads] = made
            asked.append(clients.submit(api.http.get, "/users"))
            while not threads.waiting:
                sleep(0.001)
            now[0] += 6
            refused = api.http.get("/users")
            assert answer(refused) == AWAY
            assert refused.headers["retry-after"] == "1"
            assert api.http.get("/app/sign-in").status_code == 503
            assert good(api.http.get("/health/live"), 200)
        finally:
            let.set()
        assert [each.result(30).status_code for each in asked] == [200, 503]
        assert good(api.http.get("/health/ready"), 200)
        assert good(api.http.get("/labs"), 200)["total"] == 0


@pytest.mark.slow
def test_a_chain_of_operations_is_whole(scene: Scene) -> None:
    """So that no test above passes because its request was refused for something else."""
    for name, operation in operations(scene).items():
        response = operation.by.asks(operation.method, operation.path, **operation.request)
        assert response.status_code < 300, (name, response.text)
        assert response.status_code in operation.may_say
        again = operation.by.asks(operation.method, operation.path, **operation.request)
        assert again.status_code in operation.may_say
        assert (again.status_code >= 400) == (operation.once or "newcomer" in str(operation.body)), name


def test_every_operation_is_in_the_table(scene: Scene) -> None:
    assert [*operations(scene)] == NAMES
    assert [name for name, operation in operations(scene).items() if operation.needs_sign_in] == SIGNED_IN
    assert [name for name, operation in operations(scene).items() if operation.body is not None] == WITH_BODY
    assert [name for name, operation in operations(scene).items() if operation.use_case] == USING
    for operation in all_operations(scene):
        assert operation.method in METHODS_AT[operation.template]


@pytest.mark.attacks
def test_applications_that_ended_leave_nothing_behind() -> None:
    """What is remembered of their operations goes with them: whoever opens many does not grow."""
    ended = []
    for _ in range(4):
        with running() as api:
            assert api.http.get("/users?limit=1&name=x").status_code == 200
            ended.append(weakref.ref(api.container))
    gc.collect()
    # the names of this test may still hold the last one
    assert [reference() for reference in ended[:-1]] == [None] * 3


def test_whatever_has_versions_begins_with_its_id_and_its_revision() -> None:
    """People read answers and take their first column: that order is part of the wire."""
    views = RevisionView.__subclasses__()
    assert len(views) >= 8
    for view in views:
        assert view.__struct_fields__[:4] == ("id", "created_at", "updated_at", "version"), view
