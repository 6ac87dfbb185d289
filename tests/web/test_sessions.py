"""Staying signed in, where one is signed in, and in which language: as one's account has it."""

from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime

import httpx
import pytest

from attendance.adapters.web.accounts import account
from attendance.adapters.web.accounts.devices import device_of
from attendance.domain.accounts.accounts import Language
from attendance.domain.permissions.roles import Role
from tests.http.api import PASSWORD, UNKNOWN_ID, Api, running
from tests.web.visitors import Visitor, leads_to, shown, signed_in, visitor, with_session

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.5 Mobile/15E148 Safari/604.1"
)
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Safari/537.36"
)
ACCOUNT = "/app/account"


# For longer


def lasting(answered: httpx.Response) -> str:
    """What the cookie of an answer says of how long it is kept, "" where the browser forgets it."""
    parts = [part.strip() for part in answered.headers["set-cookie"].split(";")]
    return next((part for part in parts if part.startswith(("Expires=", "Max-Age="))), "")


def test_whoever_wants_to_stay_signed_in_keeps_the_cookie_as_long_as_the_session(memory: Api) -> None:
    memory.having(username="ada")
    assert lasting(visitor(memory).signs_in("ada")) == ""
    kept = visitor(memory)
    until = parsedate_to_datetime(lasting(kept.signs_in("ada", remember="yes")).removeprefix("Expires="))
    assert until.tzinfo == UTC
    assert until == memory.clock.now + timedelta(days=30)
    assert "Stays signed in." in kept.opens(ACCOUNT).text
    assert kept.opens(ACCOUNT).status_code == 200


def test_what_was_wanted_stays_wanted_when_the_password_was_wrong(memory: Api) -> None:
    for typed, is_checked in (({"remember": "yes"}, True), ({}, False), ({"remember": "on"}, False)):
        refused = shown(visitor(memory).signs_in("ada", "wrong", **typed))
        assert ("checked" in refused.attributes["remember"]) == is_checked


# Where one is signed in


def sessions_on(person: Visitor) -> list[str]:
    """Where a button ends each of one's other sessions."""
    page = person.opens(ACCOUNT)
    shown(page)
    return [part.partition('"')[0] for part in page.text.split('action="')[1:] if "/sessions/" in part[:40]]


def test_one_sees_where_one_is_signed_in_and_ends_it_there(memory: Api) -> None:
    memory.having(username="ada")
    here, phone = visitor(memory, user_agent=FIREFOX), visitor(memory, user_agent=PHONE)
    phone.signs_in("ada", remember="yes")
    here.signs_in("ada")
    texts = shown(here.opens(ACCOUNT)).texts
    assert texts.index("Firefox, Linux") < texts.index("Safari, iPhone")
    assert "– this device" in texts
    [ends_first, *rest] = sessions_on(here)
    assert len(rest) == 1, "the one that the account was made with"
    assert leads_to(here.sends(ends_first)) == f"{ACCOUNT}?notice=session-ended"
    assert "That device is signed out." in shown(here.opens(f"{ACCOUNT}?notice=session-ended")).texts
    assert leads_to(phone.opens(ACCOUNT)).startswith("/app/sign-in")
    again = here.sends(ends_first)
    assert (again.status_code, "session not found" in shown(again).texts) == (404, True)
    assert here.opens(ACCOUNT).status_code == 200


def test_whoever_ends_the_session_of_the_page_is_signed_out(memory: Api) -> None:
    person = memory.having(username="ada")
    here, elsewhere = with_session(memory, person), with_session(memory, memory.session_of(person))
    [ends_here] = sessions_on(elsewhere)
    assert leads_to(here.sends(ends_here)) == "/"
    assert here.cookie is None


def test_nobody_ends_the_session_of_somebody_else(memory: Api) -> None:
    ada = memory.having(username="ada")
    here, elsewhere = with_session(memory, ada), with_session(memory, memory.session_of(ada))
    [of_ada] = sessions_on(elsewhere)
    for role in Role:
        refused = signed_in(memory, role).sends(of_ada)
        assert (refused.status_code, "session not found" in shown(refused).texts) == (404, True)
    for path in (f"{ACCOUNT}/sessions/{UNKNOWN_ID}", f"{ACCOUNT}/sessions/x", f"{ACCOUNT}/sessions/%00"):
        assert elsewhere.sends(path).status_code == 404
    assert leads_to(visitor(memory).sends(of_ada)).startswith("/app/sign-in?next=")
    assert here.sends(of_ada, by={"sec-fetch-site": "cross-site"}).status_code == 403
    assert here.opens(ACCOUNT).status_code == 200


def test_a_device_is_a_text_and_nothing_else(memory: Api) -> None:
    memory.having(username="ada")
    eve = visitor(memory, user_agent="<script>alert(1)</script>" + "x" * 300)
    eve.signs_in("ada")
    assert any(text.startswith("<script>alert(1)</script>xxx") for text in shown(eve.opens(ACCOUNT)).texts)
    nameless = visitor(memory, user_agent="")
    nameless.signs_in("ada")
    assert "Unknown device" in shown(nameless.opens(ACCOUNT)).texts


def test_of_many_sessions_the_newest_are_shown(memory: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account, "MOST_SESSIONS", 2)
    person = memory.having(username="ada")
    for _ in range(3):
        memory.session_of(person)
    page = shown(with_session(memory, person).opens(ACCOUNT))
    assert "And 2 older ones." in page.texts


@pytest.mark.parametrize(
    ("user_agent", "device"),
    [
        (FIREFOX, "Firefox, Linux"),
        (PHONE, "Safari, iPhone"),
        (f"{CHROME} Edg/140.0.0.0", "Edge, Windows"),
        (CHROME.replace("Windows NT 10.0; Win64; x64", "Linux; Android 15"), "Chrome, Android"),
        ("curl/8.14.1", "curl/8.14.1"),
        ("", ""),
    ],
)
def test_a_browser_is_called_by_its_name(user_agent: str, device: str) -> None:
    assert device_of(user_agent) == device


# In which language


def language_of(answered: httpx.Response) -> str:
    return answered.text.partition('<html lang="')[2].partition('"')[0]


def test_pages_are_in_the_language_of_the_account_else_the_browsers(memory: Api) -> None:
    ada = signed_in(memory, username="ada")
    ada.headers["accept-language"] = "ru"
    page = shown(ada.opens(ACCOUNT))
    assert (page.chosen, language_of(ada.opens(ACCOUNT))) == ("", "ru")
    version = page.values["version"] or ""
    assert leads_to(ada.sends(ACCOUNT, name="", language="de", version=version)) == f"{ACCOUNT}?notice=saved"
    for path in (ACCOUNT, "/app/sign-out", "/app/nothing"):
        assert language_of(ada.opens(path)) == "de"
    assert shown(ada.opens(ACCOUNT)).chosen == "de"
    refused = ada.sends("/app/account/password", current_password="wrong", new_password=PASSWORD)
    assert language_of(refused) == "de"
    assert language_of(visitor(memory, accept_language="ru").opens("/")) == "ru"


def test_a_language_is_kept_by_who_does_not_choose_and_given_up_by_who_chooses_none(memory: Api) -> None:
    ada = signed_in(memory, username="ada", language=Language.RU)
    ada.sends(ACCOUNT, name="Ada")
    assert shown(ada.opens(ACCOUNT)).chosen == "ru"
    ada.sends(ACCOUNT, name="Ada", language="")
    assert (shown(ada.opens(ACCOUNT)).chosen, language_of(ada.opens(ACCOUNT))) == ("", "en")


def test_a_language_that_no_page_offers_is_refused(memory: Api) -> None:
    ada = signed_in(memory, username="ada")
    for language in ("fr", "../de", "DE", "\0"):
        assert ada.sends(ACCOUNT, name="Ada", language=language).status_code == 400
    assert shown(ada.opens(ACCOUNT)).values["name"] == ""


def test_what_was_chosen_stays_chosen_when_the_name_is_refused(memory: Api) -> None:
    ada = signed_in(memory, username="ada")
    refused = ada.sends(ACCOUNT, name="a\nb", language="de")
    assert (refused.status_code, shown(refused).chosen) == (400, "de")


@pytest.mark.slow
def test_whoever_prefers_nothing_is_spoken_to_as_the_club_speaks() -> None:
    with running(language="de", timezone="Europe/Berlin") as api:
        assert language_of(visitor(api).opens("/")) == "de"
        assert language_of(visitor(api, accept_language="fr, *;q=0.5").opens("/")) == "de"
        assert language_of(visitor(api, accept_language="en").opens("/")) == "en"
        assert any(" MEZ." in text for text in shown(signed_in(api).opens(ACCOUNT)).texts)


# By invitation


@pytest.mark.slow
@pytest.mark.parametrize(
    ("language", "refusal"),
    [("en", "registration is by invitation"), ("de", "ein Konto gibt es nur auf Einladung")],
)
def test_where_accounts_take_an_invitation_no_page_offers_one(language: str, refusal: str) -> None:
    with running(registration="invited") as api:
        stranger = visitor(api, accept_language=language)
        for path in ("/", "/app/sign-in", "/app/forgot-password"):
            assert "/app/create-account" not in shown(stranger.opens(path)).links
        assert "/app/create-account" not in shown(stranger.signs_in("ada", "wrong")).links
        fields = {"username": "ada", "email": "ada@example.org", "password": PASSWORD}
        for refused in (
            stranger.opens("/app/create-account"),
            stranger.sends("/app/create-account", **fields),
        ):
            assert (refused.status_code, refusal in shown(refused).texts) == (403, True)
            assert refused.headers["x-error-code"] == "registration_by_invitation"
        assert api.mails() == []
        signed_in(api, username="ada")
