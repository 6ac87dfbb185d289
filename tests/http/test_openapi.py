"""The published document: it says what the service does, and the service does what it says."""

import asyncio
import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path
from threading import get_ident
from typing import Any
from urllib.parse import urljoin

import jsonschema_rs
import pytest

from attendance.adapters.http.server import errors, openapi as documentation
from attendance.adapters.http.server.errors import STATUS_OF
from attendance.adapters.http.server.exports.tables import CSV, XLSX, Format
from attendance.adapters.http.server.operations.handlers import by_path
from attendance.domain.accounts.role_changes import State
from attendance.domain.attendance.status import Status
from attendance.domain.club.contracts import ContractState
from attendance.domain.club.lessons import LessonState
from attendance.domain.club.subscriptions import SubscriptionState
from attendance.domain.events import Action
from attendance.domain.permissions.roles import Role
from attendance.domain.reporting.statistics import Trend
from tests.http.api import CLUB, Api, running
from tests.http.operations import METHODS_AT, NAMES, Scene, all_operations, operations

DOCUMENT = "/schema/openapi.json"
CALENDAR = "/calendar.ics"
PAGE = "/schema"


@pytest.fixture
def document(memory: Api) -> dict[str, Any]:
    return good_document(memory)


def good_document(api: Api) -> dict[str, Any]:
    response = api.http.get(DOCUMENT)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/vnd.oai.openapi+json"
    return response.json()


def resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        return document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def content(document: dict[str, Any], described: dict[str, Any]) -> dict[str, Any]:
    """The schema of a request or response body as JSON, beside which there is nothing but tables."""
    assert [*described["content"]] in (["application/json"], ["application/json", CSV, XLSX])
    return resolved(document, described["content"]["application/json"]["schema"])


def described(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


# When it is made


@pytest.fixture
def threads_that_made_it(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    found: list[int] = []
    describes = documentation._described_application

    def described(*given: Any) -> Any:
        found.append(get_ident())
        return describes(*given)

    monkeypatch.setattr(documentation, "_described_application", described)
    return found


async def its_thread() -> int:
    return get_ident()


@pytest.mark.slow
def test_it_is_made_once_when_somebody_asks_on_a_thread_apart(threads_that_made_it: list[int]) -> None:
    with running() as api:
        assert api.http.get("/health/live").status_code == 200
        assert threads_that_made_it == []
        with ThreadPoolExecutor(3) as at_once:
            first, page, second = at_once.map(api.http.get, (DOCUMENT, PAGE, DOCUMENT))
        assert first.json() == second.json() == good_document(api)
        assert page.status_code == 200
        of_requests = asyncio.run_coroutine_threadsafe(its_thread(), api.transport.loop).result()
    (thread,) = threads_that_made_it
    assert thread != of_requests


@pytest.mark.slow
def test_whoever_asks_after_a_failure_gets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    describes, fails = documentation._described_application, [False, True]

    def described(*given: Any) -> Any:
        if fails.pop():
            raise MemoryError
        return describes(*given)

    monkeypatch.setattr(documentation, "_described_application", described)
    with running() as api:
        assert api.http.get(DOCUMENT).status_code == 500
        assert api.http.get(DOCUMENT).status_code == 200


async def hung_up_on(make: Any) -> bytes:
    """What is made for one who waits, when one who asked before waits no more."""
    first = asyncio.create_task(make())
    await asyncio.sleep(0)
    first.cancel()
    return await make()


def test_who_hangs_up_ends_it_for_nobody_else() -> None:
    made: list[bytes] = []

    def make() -> bytes:
        made.append(b"{}")
        return made[-1]

    assert asyncio.run(hung_up_on(documentation._MadeOnce(make))) == b"{}"
    assert made == [b"{}"]


def test_an_operation_that_is_declared_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="GET /labs is declared twice"):
        by_path([("/labs", "GET", 1), ("/labs", "POST", 2), ("/labs", "GET", 3)])


# What it says


def test_the_document_is_openapi_3_1_and_its_schemas_are_schemas(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    assert document["info"]["title"] == "attendance"
    for name, schema in document["components"]["schemas"].items():
        assert jsonschema_rs.meta.is_valid(schema), name


def test_it_describes_every_operation_there_is_and_no_other(memory: Api, document: dict[str, Any]) -> None:
    there = {(operation.method, operation.template) for operation in all_operations(Scene.of(memory))}
    assert {(method, path) for method, path, _ in described(document)} == there
    for path, methods in METHODS_AT.items():
        assert (
            path == "/"
            or path.startswith(("/schema", "/app/"))
            or {method.lower() for method in methods} == {*document["paths"][path]}
        )


def test_every_operation_has_a_name_of_its_own_and_says_what_it_does(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, _, operation in described(document)]
    assert len({*names}) == len(names)
    assert {*NAMES} < {*names}
    for _, _, operation in described(document):
        assert operation["description"].endswith(".")
        assert "callable" not in json.dumps(operation).lower()


def test_every_operation_lists_what_it_may_answer(memory: Api, document: dict[str, Any]) -> None:
    differing = {}
    for operation in all_operations(Scene.of(memory)):
        listed = document["paths"][operation.template][operation.method.lower()]["responses"]
        if {*listed} - {"304"} != {str(status) for status in operation.may_say}:
            differing[operation.method, operation.template] = sorted(listed)
    assert differing == {}


def test_every_refusal_has_the_one_form(document: dict[str, Any]) -> None:
    for method, path, operation in described(document):
        for status, response in operation["responses"].items():
            if status >= "4":
                schema = content(document, response)
                required = {"error", "code"} if path.startswith(CLUB) else {"error"}
                assert schema["type"] == "object"
                assert {*schema["required"]} == required, (method, path, status)
                assert {*schema["properties"]} == required | {"details"}
                assert response["description"]


def test_a_success_has_a_body_that_is_described_or_none(document: dict[str, Any]) -> None:
    for method, path, operation in described(document):
        statuses = [status for status in operation["responses"] if status < "3"]
        assert len(statuses) == 1 or statuses == ["200", "202"], (method, path)
        for status in statuses:
            response = operation["responses"][status]
            is_told = status != "204" and statuses != ["202"]
            assert ("content" in response) == is_told, (method, path)
            if path.endswith(CALENDAR):
                assert response["content"] == {"text/calendar": {"schema": {"type": "string"}}}
            elif is_told:
                schema = content(document, response)
                for one in schema.get("oneOf", [schema]):
                    properties = resolved(document, one)["properties"]
                    assert {*resolved(document, one).get("required", properties)} <= {*properties}


def test_a_body_has_the_fields_that_are_listed_and_no_other(memory: Api, document: dict[str, Any]) -> None:
    for operation in all_operations(Scene.of(memory)):
        listed = document["paths"][operation.template][operation.method.lower()]
        assert ("requestBody" in listed) == (operation.body is not None)
        if operation.body is not None:
            assert listed["requestBody"]["required"] is True
            schema = content(document, listed["requestBody"])
            assert schema["type"] == "object"
            assert schema["additionalProperties"] is False
            assert {*operation.body} <= {*schema["properties"]}
            assert jsonschema_rs.is_valid({**schema, "components": document["components"]}, operation.body)


def test_sign_in_is_asked_for_where_it_is_needed(memory: Api, document: dict[str, Any]) -> None:
    schemes = document["components"]["securitySchemes"]
    assert {*schemes} == {"bearer", "calendar_token"}
    assert {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}.items() <= schemes["bearer"].items()
    assert {"type": "apiKey", "in": "query", "name": "token"}.items() <= schemes["calendar_token"].items()
    assert "security" not in document
    for operation in all_operations(Scene.of(memory)):
        listed = document["paths"][operation.template][operation.method.lower()]
        schemes = [{"bearer": []}] if operation.needs_sign_in else None
        if operation.template.endswith(CALENDAR):
            schemes = [{"bearer": []}, {"calendar_token": []}]
        assert listed.get("security") == schemes


def test_parameters_are_those_of_the_protocol(document: dict[str, Any]) -> None:
    sent = {
        (method, path): {
            parameter["name"]: (parameter["in"], parameter["required"])
            for parameter in operation.get("parameters", [])
            if parameter["in"] != "header" and parameter["name"] != "per_page"
        }
        for method, path, operation in described(document)
    }
    in_path, optional, required = ("path", True), ("query", False), ("query", True)
    pages = {"limit": optional, "offset": optional}
    attendance = "/labs/{lab_id}/attendance"
    lab_and_user = {"lab_id": in_path, "user_id": in_path}
    user, change = f"{CLUB}/users/{{user_id}}", f"{CLUB}/role_changes/{{role_change_id}}"
    statistics = f"{CLUB}/statistics"
    group, sheet = f"{CLUB}/groups/{{group_id}}", f"{CLUB}/lessons/{{lesson_id}}/attendance"
    # whatever is a table may be one for Excel
    assert {
        operation
        for operation, names in sent.items()
        if (names.pop("excel", None) == optional) != ("format" in names)
    } == set()
    assert {operation: names for operation, names in sent.items() if names} == {
        ("GET", "/users"): {"name": optional, **pages},
        ("GET", "/labs"): {"q": optional, **pages},
        ("POST", "/labs/{lab_id}/join"): {"lab_id": in_path},
        ("PUT", attendance): {"lab_id": in_path},
        ("GET", attendance): {"lab_id": in_path, "date": required},
        ("GET", "/labs/{lab_id}/users/{user_id}/attendance"): {
            **lab_and_user,
            "from": optional,
            "to": optional,
        },
        ("DELETE", f"{attendance}/{{attendance_id}}"): {"lab_id": in_path, "attendance_id": in_path},
        ("GET", f"{CLUB}/auth/logout"): {"all": optional},
        ("POST", f"{CLUB}/auth/logout"): {"all": optional},
        ("GET", f"{CLUB}/auth/confirm_email/{{token}}"): {"token": in_path},
        ("GET", f"{CLUB}/auth/password_reset/{{token}}"): {"token": in_path},
        ("PUT", f"{CLUB}/auth/password_reset/{{token}}"): {"token": in_path},
        ("GET", f"{CLUB}/users"): dict.fromkeys(
            ["page", "sort", "name", "role", "active", "format"], optional
        ),
        ("GET", user): {"user_id": in_path},
        ("PUT", user): {"user_id": in_path},
        ("PUT", f"{user}/role"): {"user_id": in_path},
        ("PUT", f"{user}/active"): {"user_id": in_path},
        ("POST", f"{user}/invitation"): {"user_id": in_path},
        ("DELETE", f"{user}/invitation"): {"user_id": in_path},
        ("GET", f"{user}/sessions"): {"user_id": in_path},
        ("DELETE", f"{user}/sessions/{{session_id}}"): {"user_id": in_path, "session_id": in_path},
        ("GET", f"{user}/permissions"): {"user_id": in_path},
        ("GET", f"{user}/favorites"): {"user_id": in_path},
        ("PUT", f"{user}/favorites"): {"user_id": in_path},
        ("POST", f"{user}/favorities"): {"user_id": in_path},
        ("POST", f"{user}/calendar_token"): {"user_id": in_path},
        ("DELETE", f"{user}/calendar_token"): {"user_id": in_path},
        ("GET", f"{user}/calendar.ics"): {"user_id": in_path, "token": optional},
        ("GET", f"{group}/calendar.ics"): {"group_id": in_path, "token": optional},
        ("GET", f"{CLUB}/clients/{{client_id}}/calendar.ics"): {"client_id": in_path, "token": optional},
        ("GET", f"{CLUB}/clients/{{client_id}}/groups"): {
            "client_id": in_path,
            **dict.fromkeys(["all", "format"], optional),
        },
        ("GET", f"{CLUB}/clients/{{client_id}}/lessons"): {
            "client_id": in_path,
            **dict.fromkeys(["from", "to", "format"], optional),
        },
        ("GET", f"{CLUB}/role_changes"): dict.fromkeys(["state", "page", "format"], optional),
        ("GET", change): {"role_change_id": in_path},
        ("POST", f"{change}/confirm"): {"role_change_id": in_path},
        ("POST", f"{change}/reject"): {"role_change_id": in_path},
        ("POST", f"{change}/withdraw"): {"role_change_id": in_path},
        ("GET", f"{CLUB}/events"): dict.fromkeys(
            ["subject", "kind", "actor", "action", "from", "to", "page", "after", "limit", "format"], optional
        ),
        ("GET", f"{CLUB}/clients"): dict.fromkeys(
            ["page", "sort", "q", "active", "group_id", "format"], optional
        ),
        ("GET", f"{CLUB}/contracts"): dict.fromkeys(
            ["page", "sort", "client_id", "state", "format"], optional
        ),
        ("GET", f"{CLUB}/prices"): dict.fromkeys(["page", "sort", "format"], optional),
        ("GET", f"{CLUB}/locations"): dict.fromkeys(["page", "sort", "active", "format"], optional),
        ("GET", f"{CLUB}/clients/{{client_id}}/contracts"): {"client_id": in_path, "format": optional},
        ("GET", f"{CLUB}/groups"): dict.fromkeys(
            ["page", "sort", "q", "active", "location_id", "teacher", "format"], optional
        ),
        ("POST", f"{group}/members"): {"group_id": in_path},
        ("DELETE", f"{group}/members/{{client_id}}"): {
            "group_id": in_path,
            "client_id": in_path,
            "until": optional,
        },
        ("GET", f"{group}/lessons"): {
            "group_id": in_path,
            **dict.fromkeys(["page", "sort", "from", "to", "state", "format"], optional),
        },
        ("GET", f"{CLUB}/lessons"): {
            **dict.fromkeys(["from", "to", "page", "sort", "format"], optional),
            **dict.fromkeys(["teacher", "group_id", "location_id", "state", "untaken"], optional),
        },
        ("POST", f"{group}/lessons"): {"group_id": in_path},
        ("GET", f"{group}/lessons/{{lesson_id}}"): {"group_id": in_path, "lesson_id": in_path},
        ("PUT", f"{group}/lessons/{{lesson_id}}"): {"group_id": in_path, "lesson_id": in_path},
        ("DELETE", f"{group}/lessons/{{lesson_id}}"): {"group_id": in_path, "lesson_id": in_path},
        ("GET", f"{CLUB}/locations/{{location_id}}/closures"): {"location_id": in_path},
        ("PUT", f"{CLUB}/locations/{{location_id}}/closures"): {"location_id": in_path},
        **{
            (method, f"{CLUB}/{thing}s/{{{thing}_id}}"): {f"{thing}_id": in_path}
            for thing in ("client", "contract", "price", "location", "group", "subscription")
            for method in ("GET", "PUT")
        },
        ("GET", f"{CLUB}/subscriptions"): dict.fromkeys(
            ["page", "sort", "client_id", "contract_id", "state", "format"], optional
        ),
        ("GET", f"{CLUB}/clients/{{client_id}}/subscriptions"): {"client_id": in_path, "format": optional},
        ("GET", f"{CLUB}/clients/{{client_id}}/attendance"): {
            "client_id": in_path,
            **dict.fromkeys(["from", "to", "page", "format"], optional),
        },
        ("GET", sheet): {"lesson_id": in_path, "format": optional},
        ("PUT", sheet): {"lesson_id": in_path},
        ("PUT", f"{sheet}/{{client_id}}/absence"): {"lesson_id": in_path, "client_id": in_path},
        ("DELETE", f"{sheet}/{{client_id}}/absence"): {"lesson_id": in_path, "client_id": in_path},
        ("GET", f"{sheet}/{{client_id}}/history"): {
            "lesson_id": in_path,
            "client_id": in_path,
            "format": optional,
        },
        ("GET", f"{CLUB}/attendance"): {
            **dict.fromkeys(["from", "to", "page", "sort", "format"], optional),
            **dict.fromkeys(["group_id", "client_id", "status", "unpaid"], optional),
        },
        ("GET", statistics): dict.fromkeys(["from", "to", "trend", "format"], optional),
        **{
            ("GET", f"{statistics}/{kind}"): dict.fromkeys(["from", "to", "page", "sort", "format"], optional)
            for kind in OF_WHAT
        },
        **{
            ("GET", f"{statistics}/{kind}/{{{name}}}"): {
                name: in_path,
                **dict.fromkeys(["from", "to", "trend", "format"], optional),
            }
            for kind, name in OF_WHAT.items()
        },
    }


def test_whatever_has_pages_lets_say_how_long_they_are(document: dict[str, Any]) -> None:
    names = [
        [it["name"] for it in operation.get("parameters", [])] for _, _, operation in described(document)
    ]
    assert [("page" in it) == ("per_page" in it) for it in names].count(False) == 0
    assert sum("page" in it for it in names) > 10


def test_a_key_may_be_sent_where_an_answer_is_kept(memory: Api, document: dict[str, Any]) -> None:
    keyed = {
        (operation.method, operation.template)
        for operation in all_operations(Scene.of(memory))
        if operation.keeps_answer
    }
    sent = {
        (method, path): parameter
        for method, path, operation in described(document)
        for parameter in operation.get("parameters", [])
        if parameter["name"] == "Idempotency-Key"
    }
    assert {*sent} == keyed
    replayed = {
        (method, path)
        for method, path, operation in described(document)
        if any("Idempotency-Replayed" in told.get("headers", {}) for told in operation["responses"].values())
    }
    assert replayed == keyed
    for parameter in sent.values():
        assert (parameter["in"], parameter["required"]) == ("header", False)
        assert (parameter["schema"]["type"], parameter["schema"]["pattern"]) == ("string", "^[!-~]{1,255}$")


OF_WHAT = {"employees": "user_id", "locations": "location_id", "groups": "group_id"}
STATES = {
    "contracts": ContractState,
    "lessons": LessonState,
    "role_changes": State,
    "subscriptions": SubscriptionState,
}


def test_dates_are_dates_and_numbers_have_bounds(document: dict[str, Any]) -> None:
    for method, path, operation in described(document):
        for parameter in operation.get("parameters", []):
            schema = parameter["schema"]
            match parameter["name"]:
                case "date" | "from" | "to" | "until":
                    assert (schema["type"], schema["format"]) == ("string", "date"), (method, path)
                case "limit":
                    assert (schema["type"], schema["minimum"], schema["maximum"]) == ("integer", 1, 1000)
                    # with `after` alone, so it is nothing that is there without it
                    assert schema.get("default") == (None if path == f"{CLUB}/events" else 1000)
                case "page":
                    assert (schema["type"], schema["minimum"], schema["maximum"]) == ("integer", 1, 10**12)
                    assert "default" not in schema
                case "per_page":
                    assert (schema["type"], schema["minimum"], schema["maximum"]) == ("integer", 1, 100)
                    assert "default" not in schema
                case "all" | "active" | "untaken" | "unpaid" | "excel":
                    assert schema["type"] == "boolean"
                case "role":
                    assert schema["enum"] == [*Role]
                case "format":
                    [reference] = schema["allOf"]
                    assert resolved(document, reference)["enum"] == [*Format]
                case "trend":
                    assert schema["enum"] == [*Trend]
                case "state":
                    assert schema["enum"] == [*STATES[path.rpartition("/")[2]]]
                case "action":
                    assert schema["enum"] == [*Action]
                case "status":
                    assert schema["enum"] == [*Status]
                case "after":
                    assert (schema["type"], schema["minimum"], schema["maximum"]) == ("integer", 0, 2**53 - 1)
                case "offset":
                    assert (schema["type"], schema["minimum"], schema["maximum"]) == ("integer", 0, 2**53 - 1)
                    assert schema["default"] == 0
                case _:
                    assert schema["type"] == "string"
    mark = document["components"]["schemas"]["MarkBody"]["properties"]
    assert mark["date"] == {"type": "string", "format": "date"}
    assert resolved(document, mark["status"])["enum"] == ["present", "absent", "late", "excused"]


# Headers, codes, examples


def header(document: dict[str, Any], response: dict[str, Any], name: str) -> dict[str, Any]:
    told = response.get("headers", {}).get(name, {})
    return document["components"]["headers"][told["$ref"].rpartition("/")[2]] if "$ref" in told else told


@pytest.mark.slow
def test_every_error_lists_its_codes(document: dict[str, Any]) -> None:
    for method, path, operation in described(document):
        for status, response in operation["responses"].items():
            if status < "4":
                continue
            said = header(document, response, "X-Error-Code")
            codes = {error.code for error in errors.known_errors() if str(error.status) == status}
            assert said["required"] is True
            assert {*said["schema"]["enum"]} == codes, (method, path, status)
            also = {"401": "WWW-Authenticate", "429": "Retry-After", "503": "Retry-After"}.get(status)
            assert not also or header(document, response, also)["description"]


def test_headers_are_described_where_they_are_sent_and_heeded(memory: Api, document: dict[str, Any]) -> None:
    scene = Scene.of(memory)
    for name, operation in operations(scene).items():
        listed = document["paths"][operation.template][operation.method.lower()]
        sent = {it["name"]: it for it in listed.get("parameters", []) if it["in"] == "header"}
        response = operation.by.asks(operation.method, operation.path, **operation.request)
        told = listed["responses"][str(response.status_code)]
        for header_name in ("ETag", "Location"):
            described_header = header(document, told, header_name)
            if described_header.get("required", True):
                is_sent = header_name.lower() in response.headers
                assert is_sent == (described_header != {}), (name, header_name)
        is_tagged = operation.method == "GET" and "etag" in response.headers
        assert ("If-None-Match" in sent) == is_tagged == ("304" in listed["responses"]), name
        if is_tagged:
            assert header(document, listed["responses"]["304"], "ETag")
            assert "content" not in listed["responses"]["304"]
        assert ("If-Match" in sent) == ("412" in listed["responses"]), name
        assert ("Idempotency-Key" in sent) == operation.keeps_answer, name
        assert all(it["required"] is False and it["description"] for it in sent.values())


@pytest.mark.slow
def test_every_body_and_every_answer_has_an_example_that_is_one(document: dict[str, Any]) -> None:
    number = 0
    for method, path, operation in described(document):
        told = [("body", operation["requestBody"])] if "requestBody" in operation else []
        for where, what in [*told, *operation["responses"].items()]:
            media = what.get("content", {}).get("application/json")
            if media is None:
                continue
            strict = {**media["schema"], "components": document["components"], "unevaluatedProperties": False}
            validator = jsonschema_rs.validator_for(strict, validate_formats=True)
            errors_found = [error.message for error in validator.iter_errors(media["example"])]
            assert errors_found == [], (method, path, where)
            assert media["example"] != {}, (method, path, where)
            number += 1
    assert number > 400


NOBODYS = {"replace_favorites", "mark_attendance", "add_client", "edit_client"}
"""Their ids are malformed where nothing has them."""


def test_the_example_of_a_body_is_not_malformed(memory: Api, document: dict[str, Any]) -> None:
    for name, operation in operations(Scene.of(memory)).items():
        listed = document["paths"][operation.template][operation.method.lower()]
        if "requestBody" in listed:
            example = listed["requestBody"]["content"]["application/json"]["example"]
            response = operation.by.asks(operation.method, operation.path, json=example)
            malformed = response.headers.get("x-error-code") == "malformed_request"
            assert malformed == (name in NOBODYS), (name, response.text)


@pytest.mark.slow
def test_the_answers_of_every_operation_are_as_described(memory: Api, document: dict[str, Any]) -> None:
    scene = Scene.of(memory)
    for name, operation in operations(scene).items():
        listed = document["paths"][operation.template][operation.method.lower()]["responses"]
        person = operation.by
        for response in (
            memory.nobody.asks(operation.method, operation.path, params={"unknown": "1"}),
            person.asks(operation.method, operation.path, params={"unknown": "1"}),
            person.asks(operation.method, operation.path, **operation.request),
            person.asks(operation.method, operation.path, **operation.request),
        ):
            assert str(response.status_code) in listed, (name, response.text)
            if response.headers.get("content-type", "").startswith("text/calendar"):
                assert [*listed["200"]["content"]] == ["text/calendar"]
            elif response.content:
                schema = content(document, listed[str(response.status_code)])
                # nothing is answered that is not described, either
                strict = {**schema, "components": document["components"], "unevaluatedProperties": False}
                validator = jsonschema_rs.validator_for(strict, validate_formats=True)
                assert validator.is_valid(response.json()), (name, response.text)


def test_every_category_of_refusal_has_a_status_and_every_status_a_meaning() -> None:
    assert {*STATUS_OF.values()} <= {*errors.MEANING_OF}


# The pages


class Loaded(HTMLParser):
    """What a page loads."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [
            value or "" for name, value in attrs if name in ("src", "href", "action", "data", "srcset")
        ]


def loaded_from_elsewhere(page: str) -> list[str]:
    """What a page would fetch from any other place than this service."""
    named = [address for address in Loaded(page).addresses if not address.startswith(("/schema/", "data:"))]
    return named + re.findall(r"(?:https?:)?//[\w-]+\.[\w.-]+", re.sub(r'"description":\s*"[^"]*"', "", page))


def test_the_page_loads_nothing_from_elsewhere_and_what_it_loads_is_there(memory: Api) -> None:
    page = memory.http.get(PAGE)
    assert page.headers["content-type"].startswith("text/html")
    assert loaded_from_elsewhere(page.text) == []
    addresses = [address for address in Loaded(page.text).addresses if not address.startswith("data:")]
    assert {*addresses} > {"/schema/assets/swagger_bundle.js", DOCUMENT}
    for address in {*addresses} - {DOCUMENT}:
        asset = memory.http.get(address)
        assert asset.status_code == 200
        assert asset.content
        kind = asset.headers["content-type"].partition(";")[0]
        assert kind == ("text/css" if address.endswith(".css") else "text/javascript")
        assert "content-disposition" not in asset.headers
        assert not re.search(rb"@import|@font-face[^}]*https?:", asset.content) or kind != "text/css"


@pytest.mark.plants
def test_a_page_of_another_making_is_seen_to_load_from_elsewhere(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    page = (documentation.OURS / "documentation.html").read_text()
    elsewhere = page.replace("/schema/assets", "https://cdn.example.org/swagger-ui")
    (tmp_path / "documentation.html").write_text(elsewhere)
    monkeypatch.setattr(documentation, "OURS", tmp_path)
    with running() as api:
        assert loaded_from_elsewhere(api.http.get(PAGE).text) != []


def test_the_page_reads_the_document_that_is_published(memory: Api) -> None:
    address = "/schema/assets/documentation.js"
    script = memory.http.get(address).text
    [document] = re.findall(r'url: new URL\("([^"]+)", document\.currentScript\.src\)', script)
    assert urljoin(address, document) == DOCUMENT


def test_on_the_page_runs_nothing_that_is_written_in_it(memory: Api) -> None:
    page = memory.http.get(PAGE)
    policy = page.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "require-trusted-types-for 'script'" in policy
    assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=", page.text)
