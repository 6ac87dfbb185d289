"""Every error has a code: in a header, under `/api/v1` in the body as well, and in one table."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from runpy import run_path

import pytest

from attendance.adapters.http.server.errors import MEANING_OF, known_errors
from attendance.domain.accounts.links import Gone
from attendance.domain.club.clients import ClientArchived
from attendance.domain.club.lessons import TooLate
from attendance.domain.errors import AttendanceError, Conflict, Invalid, Unauthenticated
from attendance.domain.labs.marks import NotAMember
from tests.http.api import CLUB, UNKNOWN_ID, Api, running

ROOT = Path(__file__).parents[2]


def refusals(kind: type[AttendanceError] = AttendanceError) -> Iterator[type[AttendanceError]]:
    for inner in kind.__subclasses__():
        if inner.__module__.startswith("attendance."):
            yield inner
        yield from refusals(inner)


def test_a_refusal_is_called_by_its_name_unless_it_says_another() -> None:
    codes = [kind.code for kind in (ClientArchived, TooLate, NotAMember, Gone, Unauthenticated, Invalid)]
    assert codes == [
        "client_archived", "too_late", "not_a_member", "gone", "authentication_required", "malformed_request",
    ]  # fmt: skip

    class Inner(ClientArchived):
        """Has another name, and so another code."""

    assert Inner.code == "inner"


def shared(kinds: list[type[AttendanceError]]) -> list[str]:
    """The codes that several refusals have which do not say the same."""
    said = defaultdict(set)
    for kind in kinds:
        said[kind.code].add((kind.text, next(it for it in kind.__mro__ if "code" in vars(it))))
    return [code for code, meanings in said.items() if len({text for text, _ in meanings}) > 1]


def test_a_code_is_that_of_one_refusal() -> None:
    kinds = [*refusals()]
    assert len(kinds) > 50
    assert shared(kinds) == []
    assert max(Counter(error.code for error in known_errors()).values()) == 1
    assert all(error.code.isascii() and error.code.replace("_", "").islower() for error in known_errors())


@pytest.mark.plants
def test_two_refusals_of_one_code_are_seen() -> None:
    class Full(Conflict):
        text = "full"
        code = "client_archived"

    assert shared([*refusals(), Full]) == ["client_archived"]


def test_the_table_is_that_of_the_code() -> None:
    written = run_path(str(ROOT / "tools/error_codes.py"))["written"]
    for path, content in written():
        assert path.read_text(encoding="utf-8") == content, "run tools/error_codes.py"
    assert {error.status for error in known_errors()} == {*MEANING_OF}


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "code"),
    [
        ("GET", "/nothing", {}, 404, "not_found"),
        ("PATCH", "/labs", {}, 405, "method_not_allowed"),
        ("POST", "/labs", {"content-length": "9999999"}, 413, "body_too_large"),
        ("POST", "/register", {"content-type": "text/plain"}, 415, "body_not_json"),
        ("GET", "/labs?limit=0", {}, 400, "malformed_request"),
        ("POST", "/labs", {}, 401, "authentication_required"),
        ("GET", f"{CLUB}/nothing", {}, 404, "not_found"),
        ("PATCH", f"{CLUB}/users", {}, 405, "method_not_allowed"),
        ("POST", f"{CLUB}/users", {"content-length": "9999999"}, 413, "body_too_large"),
        ("POST", f"{CLUB}/auth/login", {"content-type": "text/plain"}, 415, "body_not_json"),
        ("GET", f"{CLUB}/prices?page=0", {}, 400, "malformed_request"),
        ("GET", f"{CLUB}/users", {}, 401, "authentication_required"),
        ("GET", f"{CLUB}/prices/{UNKNOWN_ID}", {}, 404, "price_not_found"),
        ("GET", f"{CLUB}/auth/confirm_email/x", {}, 410, "invalid_confirmation_token"),
    ],
)
def test_the_code_is_in_the_header_and_in_the_club_in_the_body(
    memory: Api, method: str, path: str, headers: dict[str, str], status: int, code: str
) -> None:
    sent = [(name.encode(), value.encode()) for name, value in headers.items()]
    response = memory.transport.ask(method, path.encode(), sent)
    assert (response.status_code, response.headers.get_list("x-error-code")) == (status, [code])
    body = response.json()
    assert [*body][:2] == (["error", "code"] if path.startswith(CLUB) else [*body][:2])
    assert body.get("code") == (code if path.startswith(CLUB) else None)
    if method == "GET":
        assert memory.transport.ask("HEAD", path.encode(), sent).headers["x-error-code"] == code


def test_a_page_that_refuses_has_the_code_too(memory: Api) -> None:
    for path, code in (
        ("confirm-email/x", "invalid_confirmation_token"),
        ("set-password/x", "invalid_reset_token"),
        ("nothing", "not_found"),
    ):
        response = memory.http.get(f"/app/{path}", headers={"accept": "text/html"})
        assert response.headers.get_list("x-error-code") == [code]
        assert response.headers["content-type"].startswith("text/html")


def test_what_is_no_error_has_no_code(memory: Api) -> None:
    for path in ("/health/live", "/labs", f"{CLUB}/prices", "/schema/openapi.json"):
        assert "x-error-code" not in memory.http.get(path).headers


@pytest.mark.slow
def test_a_page_of_another_origin_may_read_the_code() -> None:
    with running(cors_origins="*") as api:
        response = api.http.get("/nothing", headers={"origin": "https://club.example"})
        exposed = response.headers["access-control-expose-headers"]
        assert {"X-Error-Code", "WWW-Authenticate"} <= {*exposed.split(", ")}
