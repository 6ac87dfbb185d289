"""Pages, as whoever opens them is answered: without a script, for everybody who may, in proper HTML."""

import gzip
import re
from typing import Any

import httpx
import pytest

from attendance.adapters.web.server.redirects import own_path
from attendance.domain.accounts.mail import MailKind
from attendance.domain.errors import Conflict, Outdated, Unavailable
from attendance.domain.permissions.roles import Role
from tests.http.api import PASSWORD, Api, running
from tests.http.operations import added
from tests.http.test_general_rules import Fragile, fragile, fragile_application
from tests.web.registry import Forms
from tests.web.visitors import ACCEPT, leads_to, shown, signed_in, visitor, with_session

__all__ = ["fragile", "fragile_application"]

ANOTHER = "paper clip moon"
FOR_ANYBODY = ["/app/sign-in", "/app/create-account", "/app/forgot-password", "/app/sign-out"]
FOR_THE_SIGNED_IN = ["/app/account", "/app/account/password", "/app/confirm-email"]


# Who sees what


@pytest.mark.slow
@pytest.mark.parametrize("path", [*FOR_ANYBODY, *FOR_THE_SIGNED_IN])
def test_whoever_is_signed_in_sees_a_page_with_the_button_to_sign_out(memory: Api, path: str) -> None:
    people = [signed_in(memory, role) for role in Role]
    people += [with_session(memory, memory.someone()), signed_in(memory, email_confirmed_at=None)]
    for person in people:
        answered = person.opens(path)
        if path == "/app/sign-in":
            assert leads_to(answered) == "/"
            continue
        assert answered.status_code == 200
        assert "Sign out" in shown(answered).texts
        assert "Sign in" not in shown(answered).texts


@pytest.mark.parametrize("path", ["/", *FOR_ANYBODY])
def test_a_stranger_sees_what_is_for_anybody(memory: Api, path: str) -> None:
    answered = visitor(memory).opens(path)
    assert answered.status_code == 200
    assert "/app/sign-in" in shown(answered).links


@pytest.mark.parametrize("path", FOR_THE_SIGNED_IN)
def test_a_stranger_signs_in_and_goes_on_to_where_they_were(memory: Api, path: str) -> None:
    memory.having(username="ada")
    stranger = visitor(memory)
    to_sign_in = leads_to(stranger.opens(f"{path}?notice=saved"))
    form = shown(stranger.opens(to_sign_in))
    assert form.values["next"] == f"{path}?notice=saved"
    assert leads_to(stranger.signs_in("ada", next=form.values["next"])) == f"{path}?notice=saved"
    assert stranger.opens(path).status_code == 200


def test_what_was_typed_is_kept_where_the_session_has_ended(memory: Api) -> None:
    ada = signed_in(memory, username="ada", name="Ada")
    form = Forms(ada.opens("/app/account").text).found["/app/account"]
    session, ada.cookie = ada.cookie, None
    kept = ada.sends("/app/account", **form | {"name": 'Ada\n<b> "Byron"'})
    page = shown(kept)
    assert (kept.status_code, kept.headers["x-error-code"]) == (401, "authentication_required")
    assert "You are signed out" in page.texts
    assert "/app/sign-in" in page.links
    # it goes to where it went
    again = Forms(kept.text).found[""]
    assert again == form | {"name": 'Ada\n<b> "Byron"'}
    # no page of elsewhere has anything shown
    assert ada.sends("/app/account", by={"sec-fetch-site": "cross-site"}, **form).status_code == 403
    ada.cookie = session
    assert leads_to(ada.sends("/app/account", **again | {"name": "Ada Byron"})) == "/app/account?notice=saved"


@pytest.mark.parametrize("part", ["%00", "%3F%23", "%22%3E", "%F0%9F%8E%88"])
def test_what_was_typed_is_kept_on_a_proper_page_whatever_its_path(memory: Api, part: str) -> None:
    kept = visitor(memory).sends(f"/app/clients/{part}/accounts", username="ada")
    assert "You are signed out" in shown(kept).texts
    assert Forms(kept.text).found == {"": {"username": "ada"}}


def test_a_form_whose_session_has_ended_leads_to_signing_in(memory: Api) -> None:
    ada = visitor(memory)
    typed = {"current_password": PASSWORD, "new_password": PASSWORD}
    refused = ada.sends("/app/account/password", **typed)
    assert leads_to(refused) == "/app/sign-in?next=%2Fapp%2Faccount%2Fpassword&notice=again"
    assert (
        leads_to(ada.sends("/app/confirm-email")) == "/app/sign-in?next=%2Fapp%2Fconfirm-email&notice=again"
    )
    assert leads_to(ada.sends("/app/sign-out")) == "/"


@pytest.mark.parametrize(
    "path",
    [
        "/nope",
        "/app/account/nope",
        "/app/lessons",
        "/app/office/nope",
        "/app/labs/x/nope",
        "/app/children/x/nope/y",
    ],
)
def test_where_no_page_is_whoever_asks_for_one_is_told_so_by_one(memory: Api, path: str) -> None:
    """However much of the path is another page's."""
    for person in (visitor(memory), signed_in(memory)):
        answered = person.opens(path)
        assert (answered.status_code, "There is no such page" in shown(answered).texts) == (404, True)


@pytest.mark.parametrize("path", ["/nope", "/api/v1/nope", "/users/search"])
def test_a_program_is_told_as_before(memory: Api, path: str) -> None:
    answered = memory.http.get(path, headers={"accept": "application/json"})
    assert (answered.status_code, answered.headers["content-type"]) in (
        (404, "application/json"),
        (401, "application/json"),
    )
    in_api = memory.http.get("/api/v1/nope", headers={"accept": "text/html"})
    assert (in_api.status_code, in_api.headers["content-type"]) == (404, "application/json")


def test_an_unknown_page_is_not_found_by_anybody(memory: Api) -> None:
    for person in (visitor(memory), signed_in(memory), signed_in(memory, Role.ADMIN)):
        assert "There is no such page" in shown(person.opens("/app")).texts
        for path in (
            "/app/nothing",
            "/app/a/b/c",
            "/app/sign-in/x",
            "/app/<b>",
            "/app/%00",
            "/app/" + "a" * 3000,
        ):
            for answered in (person.opens(path), person.sends(path)):
                assert answered.status_code == 404
                assert "There is no such page" in shown(answered).texts


# The front door


def test_the_front_door_shows_programs_the_links(memory: Api) -> None:
    for accept in ("*/*", "application/json", ""):
        answered = memory.http.get("/", headers={"accept": accept})
        assert answered.json() == memory.http.get("/api/v1").json()
        assert answered.headers["vary"] == "Accept"
    assert "Accept" in visitor(memory).opens("/").headers["vary"].split(", ")


def test_the_front_door_tells_strangers_where_to_begin(memory: Api) -> None:
    page = shown(visitor(memory).opens("/"))
    assert {"/app/sign-in", "/app/create-account", "/schema"} <= {*page.links}


@pytest.mark.parametrize("role", Role)
def test_the_front_door_leads_who_is_signed_in_to_where_they_begin(memory: Api, role: Role) -> None:
    person = memory.having(role)
    works_here = role is not Role.USER
    assert leads_to(with_session(memory, person).opens("/")) == ("/app/today" if works_here else "/app/labs")
    added(memory.having(Role.HEAD_MANAGER), "/clients", name="Anna", user_ids=[person.id])
    begins = leads_to(with_session(memory, person).opens("/"))
    assert begins == ("/app/today" if works_here else "/app/children")


def test_whoever_is_not_confirmed_or_knows_no_labs_begins_with_what_is_there(memory: Api) -> None:
    assert leads_to(signed_in(memory, Role.OWNER, email_confirmed_at=None).opens("/")) == "/app/labs"
    with running(labs="off") as api:
        assert leads_to(signed_in(api).opens("/")) == "/app/children"


@pytest.mark.slow
@pytest.mark.parametrize("path", [*FOR_ANYBODY, "/app/account", "/app/account/password", "/app/nothing"])
def test_every_page_reminds_of_an_address_that_is_not_confirmed(memory: Api, path: str) -> None:
    unconfirmed, confirmed, without = (
        signed_in(memory, email_confirmed_at=None),
        signed_in(memory),
        with_session(memory, memory.someone()),
    )
    if path == "/app/sign-in":
        assert "/app/confirm-email" not in shown(visitor(memory).opens(path)).links
        return
    reminder = "Your email address is not confirmed yet."
    assert reminder in shown(unconfirmed.opens(path)).texts
    for person in (confirmed, without, visitor(memory)):
        answered = person.opens(path)
        assert answered.status_code == 303 or reminder not in shown(answered).texts
    assert reminder not in shown(unconfirmed.opens("/app/confirm-email")).texts


# Signing in


@pytest.mark.parametrize("login", ["ada", "ADA", " ada ", "ada@example.org", "Ada@Example.org "])
def test_one_signs_in_by_username_or_address(memory: Api, login: str) -> None:
    memory.having(username="ada")
    ada = visitor(memory)
    assert leads_to(ada.signs_in(login)) == "/"
    assert "ada" in shown(ada.opens("/app/account")).texts


@pytest.mark.parametrize(
    ("login", "password"),
    [("ada", "wrong"), ("nobody", PASSWORD), ("nobody@example.org", PASSWORD), ("", ""), ("ada\0", "\0")],
)
def test_whoever_is_refused_is_told_so_and_keeps_the_name_alone(
    memory: Api, login: str, password: str
) -> None:
    memory.having(username="ada")
    ada = visitor(memory)
    refused = ada.signs_in(login, password, next="/app/account")
    page = shown(refused)
    assert (refused.status_code, ada.cookie) == (401, None)
    assert refused.headers["www-authenticate"] == "Bearer"
    assert page.roles == ["alert"]
    assert "invalid credentials" in page.texts
    assert (page.values["next"], page.values["password"]) == ("/app/account", None)
    assert page.values["login"] == login.replace("\0", "\ufffd")
    assert not password or password not in refused.text


def test_where_one_was_holds_nothing_that_no_page_may_hold(memory: Api) -> None:
    asked = visitor(memory).opens("/app/sign-in?next=%01%1b")
    refused = visitor(memory).signs_in("ada", "wrong", next="\x02")
    assert [shown(page).values["next"] for page in (asked, refused)] == ["\ufffd\ufffd", "\ufffd"]


def test_what_was_typed_is_a_text_and_nothing_else(memory: Api) -> None:
    typed = "\"><script>alert(1)</script><b id='x'>"
    page = shown(visitor(memory).signs_in(typed, next=typed))
    assert (page.values["login"], page.values["next"]) == (typed, typed)
    fields = {"username": typed, "email": typed, "name": typed, "password": "x"}
    page = shown(visitor(memory).sends("/app/create-account", **fields))
    assert [page.values[name] for name in ("username", "email", "name")] == [typed] * 3


def test_too_many_failures_are_told_with_the_time_to_wait(memory: Api) -> None:
    memory.having(username="ada")
    ada = visitor(memory)
    for _ in range(10):
        ada.signs_in("ada", "wrong")
    refused = ada.signs_in("ada")
    assert refused.status_code == 429
    assert 0 < int(refused.headers["retry-after"]) <= 300
    assert "too many requests: try again in 5 minutes" in shown(refused).texts
    assert shown(refused).values["login"] == "ada"


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example/",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/app//evil.example",
        "/app/../../evil.example",
        "/app/..//evil.example",
        "/app/%2e%2e/x",
        "/app/\tx",
        "/app/x\r\nset-cookie: a=b",
        "/application/x",
        "/app",
        "/app/",
        "/api/v1/auth/logout",
        "/labs",
        "app/account",
        "javascript:alert(1)",
        "data:text/html,x",
        "@evil.example",
        ".evil.example",
        "",
        " /app/account",
        "/app/account#@evil.example",
        "/app/account?x=//evil.example",
        "/app/é",
    ],
)
def test_signing_in_goes_on_to_pages_of_ours_alone(memory: Api, path: str) -> None:
    memory.having(username="ada")
    ada = visitor(memory)
    assert leads_to(ada.signs_in("ada", next=path)) == "/"
    assert leads_to(ada.opens(str(httpx.URL("/app/sign-in", params={"next": path})))) == "/"


def test_own_paths_are_gone_on_to() -> None:
    for path in (
        "/app/account",
        "/app/account?notice=saved",
        "/app/lessons/01900000-0000-7000-8000-000000000000",
    ):
        assert own_path(path) == path


@pytest.mark.plants
def test_another_host_is_seen_to_be_gone_on_to_when_nobody_looks(
    memory: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("attendance.adapters.web.accounts.signing_in.own_path", str)
    memory.having(username="ada")
    assert leads_to(visitor(memory).signs_in("ada", next="//evil.example")) == "//evil.example"


# Accounts and passwords


def test_an_account_is_created_signed_in_and_confirmed(memory: Api) -> None:
    ada = visitor(memory)
    fields = {"username": "ada", "email": "ada@example.org", "name": "Ada", "password": PASSWORD}
    assert leads_to(ada.sends("/app/create-account", language="ru", **fields)) == "/app/confirm-email"
    assert 'lang="ru"' in ada.opens("/app/account").text
    assert memory.mails()[0].facts["language"] == "ru"
    ada.sends("/app/account", language="en", version="1")
    assert any("ada@example.org" in text for text in shown(ada.opens("/app/confirm-email")).texts)
    assert leads_to(ada.sends("/app/confirm-email")) == "/app/confirm-email?sent=again"
    assert shown(ada.opens("/app/confirm-email?sent=again")).roles == ["status"]
    link = f"/app/confirm-email/{memory.token_mailed(MailKind.CONFIRM_EMAIL)}"
    on_a_phone = visitor(memory)
    for said in ("Your email address is confirmed.", "Your email address was confirmed before."):
        assert said in shown(on_a_phone.opens(link)).texts
    assert "There is no address of yours to confirm." in shown(ada.opens("/app/confirm-email")).texts
    refused = ada.sends("/app/confirm-email")
    assert refused.status_code == 409
    assert "there is no address to confirm" in shown(refused).texts


def test_a_link_that_is_only_asked_about_confirms_nothing(memory: Api) -> None:
    memory.registers_with_email("ada")
    link = f"/app/confirm-email/{memory.token_mailed(MailKind.CONFIRM_EMAIL)}"
    assert memory.http.head(link).status_code == 200
    assert "Your email address is confirmed." in shown(visitor(memory).opens(link)).texts


def fault_at(name: str, refused: httpx.Response) -> str | None:
    """What is said of a field, beside it."""
    found = re.search(rf'id="{name}-fault"><span class="said">([^<]*)<', refused.text)
    return found and found[1]


def test_a_refused_form_keeps_what_was_typed_and_says_the_fault_at_its_field(memory: Api) -> None:
    memory.having(username="ada")
    typed = {"username": "a b", "email": "nowhere", "name": "Ad\u2028a", "password": "password1"}
    refused = visitor(memory).sends("/app/create-account", **typed)
    page = shown(refused)
    assert refused.status_code == 400
    assert page.values == typed | {"password": None}
    for name, fault in {
        "username": "must not contain blanks",
        "email": "must be an email address like anna@example.org",
        "name": "must not contain U+2028",
        "password": "is among the most common passwords",
    }.items():
        assert page.attributes[name]["aria-invalid"] == "true"
        assert f"{name}-fault" in (page.attributes[name]["aria-describedby"] or "")
        assert fault_at(name, refused) == fault
        assert f"#{name}" in page.links
    assert memory.mails() == []


def test_a_name_that_is_taken_is_said_at_its_field(memory: Api) -> None:
    memory.having(username="ada")
    fields = {"username": "new", "email": "new@example.org", "password": PASSWORD, "language": "en"}
    for taken in ({"username": "ADA"}, {"email": "ada@example.org"}):
        refused = visitor(memory).sends("/app/create-account", **fields | taken)
        [name] = taken
        assert refused.status_code == 400
        assert fault_at(name, refused) == f"{name} is taken"
        shown(refused)


def test_the_language_of_an_account_is_one_that_pages_speak(memory: Api) -> None:
    assert shown(visitor(memory, accept_language="de").opens("/app/create-account")).chosen == "de"
    fields = {"username": "ada", "email": "ada@example.org", "password": PASSWORD}
    refused = visitor(memory).sends("/app/create-account", language="xx", **fields)
    assert (refused.status_code, fault_at("language", refused)) == (400, "must be one of the choices")
    shown(refused)
    chosen = visitor(memory).sends("/app/create-account", language="ru", **{**fields, "username": ""})
    assert (chosen.status_code, shown(chosen).chosen) == (400, "ru")


def test_a_forgotten_password_is_set_by_a_mailed_link(memory: Api) -> None:
    memory.having(username="ada")
    ada = visitor(memory)
    for email in ("ada@example.org", "nobody@example.org", ""):
        assert leads_to(ada.sends("/app/forgot-password", email=email)) == "/app/forgot-password?sent=yes"
    assert shown(ada.opens("/app/forgot-password?sent=yes")).roles == ["status"]
    memory.finish_what_no_answer_waited_for()
    link = f"/app/set-password/{memory.token_mailed(MailKind.RESET_PASSWORD)}"
    assert ada.opens(link).status_code == 200
    refused = ada.sends(link, password="short")
    assert (refused.status_code, "must have at least 8 characters" in refused.text) == (400, True)
    shown(refused)
    assert leads_to(ada.sends(link, password=ANOTHER)) == "/app/sign-in?notice=password-set"
    assert shown(ada.opens("/app/sign-in?notice=password-set")).roles == ["status"]
    assert leads_to(ada.signs_in("ada", ANOTHER)) == "/"


@pytest.mark.parametrize("kind", ["confirm-email", "set-password"])
@pytest.mark.parametrize("token", ["x", "%3Cscript%3E", "a" * 3000, "%00", "%FF"])
def test_a_link_that_is_over_says_so_and_where_a_new_one_is(memory: Api, kind: str, token: str) -> None:
    answered = visitor(memory).opens(f"/app/{kind}/{token}")
    assert answered.status_code == 410
    assert "This link is over" in shown(answered).texts
    asks_again = "/app/confirm-email" if kind == "confirm-email" else "/app/forgot-password"
    assert asks_again in shown(answered).links
    if kind == "set-password":
        used = visitor(memory).sends(f"/app/{kind}/{token}", password=ANOTHER)
        assert (used.status_code, "This link is over" in shown(used).texts) == (410, True)


def test_one_changes_ones_name(memory: Api) -> None:
    ada = signed_in(memory, username="ada")
    before = shown(ada.opens("/app/account"))
    version = before.values["version"]
    assert version
    assert leads_to(ada.sends("/app/account", name=" Ada ", version=version)) == "/app/account?notice=saved"
    after = shown(ada.opens("/app/account?notice=saved"))
    assert (after.values["name"], after.roles) == ("Ada", ["status"])
    late = ada.sends("/app/account", name="Adele", version=version)
    assert late.status_code == 412
    assert "changed since you read it" in shown(late).texts
    assert (shown(late).values["name"], shown(late).values["version"]) == ("Adele", after.values["version"])
    wrong = ada.sends("/app/account", name="a\nb", version=after.values["version"] or "")
    assert (wrong.status_code, shown(wrong).attributes["name"]["aria-invalid"]) == (400, "true")


def test_one_changes_ones_password_and_stays_signed_in(memory: Api) -> None:
    person = memory.having(username="ada")
    here, elsewhere = with_session(memory, person), with_session(memory, memory.session_of(person))
    wrong = here.sends("/app/account/password", current_password="wrong", new_password=ANOTHER)
    assert wrong.status_code == 403
    assert fault_at("current_password", wrong) == "current password is wrong"
    assert shown(wrong).values["new_password"] is None
    common = here.sends("/app/account/password", current_password=PASSWORD, new_password="password1")
    assert fault_at("new_password", common) == "is among the most common passwords"
    changed = here.sends("/app/account/password", current_password=PASSWORD, new_password=ANOTHER)
    assert leads_to(changed) == "/app/account?notice=password-changed"
    assert here.opens("/app/account").status_code == 200
    assert elsewhere.opens("/app/account").status_code == 303


def test_one_signs_out_everywhere(memory: Api) -> None:
    person = memory.having()
    here, elsewhere = with_session(memory, person), with_session(memory, memory.session_of(person))
    account = here.opens("/app/account")
    everywhere = "/app/sign-out/everywhere"
    # the button on the page of the account only asks
    assert everywhere in shown(account).links
    assert everywhere not in Forms(account.text).found
    asked = here.opens(everywhere)
    assert "You are signed in on 2 devices, this one included. All their sessions end." in asked.text
    assert elsewhere.opens("/app/account").status_code == 200
    done = leads_to(here.sends(everywhere, **Forms(asked.text).found[everywhere]))
    assert elsewhere.opens("/app/account").status_code == 303
    assert here.cookie is None
    assert "Signed out on 2 devices." in shown(here.opens(done)).texts
    for number in ("0", "x", "-1", "9" * 20):
        assert "Signed out on" not in here.opens(f"/?signed-out={number}").text


# What goes wrong


@pytest.mark.parametrize(
    ("error", "status", "heading"),
    [
        (Unavailable(), 503, "Not available at the moment"),
        (Conflict("three lessons are planned"), 409, "This is not possible now"),
        (Outdated(), 412, "This was changed meanwhile"),
        (RuntimeError("secret"), 500, "Something went wrong"),
    ],
)
def test_what_goes_wrong_is_a_page_that_says_so(
    fragile: Fragile, error: Exception, status: int, heading: str
) -> None:
    ada = signed_in(fragile.api)
    fragile.errors["show_user"] = error
    for path in FOR_THE_SIGNED_IN:
        answered = ada.opens(path)
        page = shown(answered)
        assert (answered.status_code, heading in page.texts) == (status, True)
        assert "secret" not in answered.text
        assert ("retry-after" in answered.headers) == (status == 503)
        assert (path in page.links) == (status == 503 or path == "/app/account")
        assert str(error) in page.texts or status in (500, 503)


def test_where_nobody_can_tell_who_asks_a_page_says_so(fragile: Fragile) -> None:
    ada = signed_in(fragile.api)
    fragile.errors["actor_of"] = Unavailable()
    assert shown(ada.opens("/app/account")).texts.count("Not available at the moment") == 1
    typed = ada.signs_in("ada")
    assert (typed.status_code, shown(typed).values["login"]) == (503, "ada")


@pytest.mark.parametrize("name", ["sign_in", "register", "request_password_reset"])
def test_a_form_that_cannot_be_answered_now_keeps_what_was_typed(fragile: Fragile, name: str) -> None:
    path, typed = {
        "sign_in": ("/app/sign-in", {"login": "ada", "next": "/app/account"}),
        "register": ("/app/create-account", {"username": "ada", "email": "ada@example.org", "name": "Ada"}),
        "request_password_reset": ("/app/forgot-password", {"email": "ada@example.org"}),
    }[name]
    fragile.errors[name] = Unavailable()
    answered = visitor(fragile.api).sends(path, password=PASSWORD, **typed)
    page = shown(answered)
    assert (answered.status_code, answered.headers["retry-after"]) == (503, "1")
    assert typed.items() <= page.values.items()
    assert "temporarily unavailable" in page.texts


def test_whoever_registered_is_not_told_that_nothing_was_changed(fragile: Fragile) -> None:
    fragile.errors["sign_in"] = Unavailable()
    fields = {"username": "ada", "email": "ada@example.org", "password": PASSWORD}
    answered = visitor(fragile.api).sends("/app/create-account", **fields)
    assert leads_to(answered) == "/app/sign-in?notice=registered"


FORM = b"application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("kind", "chunks", "status"),
    [
        (FORM, [b"login=a&login=b"], 400),
        (FORM, [b"login=%FF"], 400),
        (FORM, [b"\xff"], 400),
        (FORM, ["login=ё".encode()], 400),
        (FORM, [b"&".join(b"a%d=" % n for n in range(2001))], 400),
        (FORM, [b"x" * 40_000, b"x" * 40_000], 413),
        (FORM, [b"login=", None], 400),
        (b"application/json", [b"{}"], 415),
        (b"multipart/form-data; boundary=x", [b"--x--"], 415),
        (b"text/plain", [b"login=a"], 415),
        (b"", [b"login=a"], 415),
    ],
)
def test_a_form_that_cannot_be_read_is_a_page_that_says_so(
    memory: Api, kind: bytes, chunks: list[bytes | None], status: int
) -> None:
    headers = [(b"content-type", kind), (b"sec-fetch-site", b"same-origin")]
    answered = memory.transport.ask("POST", b"/app/sign-in", headers, chunks)
    assert answered.status_code == status
    assert "set-cookie" not in answered.headers
    shown(answered)


def test_a_form_without_fields_is_refused_like_any_other(memory: Api) -> None:
    headers = [(b"content-type", FORM + b"; charset=UTF-8"), (b"sec-fetch-site", b"same-origin")]
    assert memory.transport.ask("POST", b"/app/sign-in", headers).status_code == 401
    assert memory.transport.ask("POST", b"/app/create-account", headers).status_code == 400


def test_what_is_not_asked_for_is_not_heeded(memory: Api) -> None:
    ada = signed_in(memory, username="ada")
    ada.sends("/app/account", name="Ada", role="owner", active="false", email="eve@example.org", user_id="x")
    account = shown(ada.opens("/app/account?notice=<b>&notice=saved&version=0"))
    assert account.values["name"] == "Ada"
    assert memory.mails() == []


# Files


def loaded_by(memory: Api) -> list[str]:
    return re.findall(r'href="(/static/[^"]+)"', visitor(memory).opens("/").text)


def test_what_pages_load_is_kept_for_good(memory: Api) -> None:
    paths = loaded_by(memory)
    assert len(paths) == 2
    for path in paths:
        assert re.fullmatch(r"/static/\w+\.[0-9a-f]{12}\.(css|svg)", path)
        answered = memory.http.get(path)
        assert answered.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answered.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert memory.http.head(path).status_code == 200


@pytest.mark.parametrize(
    ("accepted", "encoding"), [("br, gzip", "br"), ("gzip", "gzip"), ("gzip;q=0", None), ("identity", None)]
)
def test_pages_and_styles_are_compressed_once_where_that_is_asked_for(
    memory: Api, accepted: str, encoding: str | None
) -> None:
    [styles] = [path for path in loaded_by(memory) if path.endswith(".css")]
    for path in ("/app/sign-in", styles):
        asked = [(b"accept", ACCEPT.encode())]
        plain = memory.transport.ask("GET", path.encode(), asked)
        answered = memory.transport.ask(
            "GET", path.encode(), [*asked, (b"accept-encoding", accepted.encode())]
        )
        assert answered.headers.get_list("content-encoding") == [encoding] * (encoding is not None)
        assert answered.content == plain.content
        is_shorter = int(answered.headers["content-length"]) < len(plain.content)
        assert is_shorter == (encoding is not None)
        assert "Accept-Encoding" in answered.headers["vary"].split(", ")
    page = visitor(memory, accept_encoding=accepted).opens("/app/sign-in")
    assert {"Accept", "Accept-Language", "Accept-Encoding"} <= {*page.headers["vary"].split(", ")}
    shown(page)


def behind_a_mailed_link(api: Api) -> httpx.Response:
    """A page that is asked for compressed, and is long enough for that."""
    api.having(username="ada")
    ada = visitor(api, accept_encoding="br, gzip")
    ada.sends("/app/forgot-password", email="ada@example.org")
    api.finish_what_no_answer_waited_for()
    page = ada.opens(f"/app/set-password/{api.token_mailed(MailKind.RESET_PASSWORD)}")
    assert (page.status_code, len(page.content) > 1024) == (200, True)
    return page


def test_a_page_behind_a_mailed_link_is_never_compressed(memory: Api) -> None:
    assert "content-encoding" not in behind_a_mailed_link(memory).headers


@pytest.mark.plants
def test_a_page_behind_a_mailed_link_is_seen_to_be_compressed_when_nobody_minds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("attendance.adapters.web.server.pages.holds_secrets", lambda _: False)
    with running() as api:
        assert "content-encoding" in behind_a_mailed_link(api).headers


def test_a_file_of_another_time_is_not_found(memory: Api) -> None:
    for path in ("/static/pages.000000000000.css", "/static/pages.css", "/static/", "/static/../pages.py"):
        assert memory.http.get(path).status_code == 404


def test_styles_and_pictures_are_small(memory: Api) -> None:
    sizes: dict[str, Any] = {
        path: len(gzip.compress(memory.http.get(path).content)) for path in loaded_by(memory)
    }
    assert sum(sizes.values()) <= 4 * 1024
