"""One's own account: the calendar link, the address, and what is stored of oneself."""

import json
import re
from datetime import datetime
from typing import Any

import httpx
import pytest

from attendance.domain.accounts.mail import MailKind
from attendance.domain.permissions.roles import Role
from tests.http.api import Api, Person, good, running
from tests.web.office.pages import changes, faults, form_on, texts
from tests.web.visitors import Visitor, leads_to, shown, signed_in, visitor, with_session

ACCOUNT, CALENDAR, EMAIL = "/app/account", "/app/account/calendar", "/app/account/email"


def parent_of(memory: Api, *names: str, role: Role = Role.USER, username: str = "pia") -> Person:
    """Somebody whose account is linked to clients of these names."""
    parent, owner = memory.having(role, username), memory.having(Role.OWNER)
    for name in names:
        good(owner.posts("/clients", name=name, user_ids=[parent.id]), 201)
    return parent


def addresses(page: httpx.Response) -> list[str]:
    """The links that a page shows, as paths."""
    shown(page, has_scripts=page.request.method == "POST")
    return re.findall(r">[^<]*(/api/v1/[^<]+\.ics\?token=[^<]+)</textarea>", page.text)


# The calendar link


def test_a_calendar_link_is_made_shown_once_replaced_and_ended(memory: Api) -> None:
    parent = with_session(memory, parent_of(memory, "Anna", "Ben"))
    assert "Make a calendar link" in shown(parent.opens(ACCOUNT)).texts
    made = parent.sends(CALENDAR)
    first = addresses(made)
    assert made.status_code == 200
    assert {"Lessons of Anna", "Lessons of Ben"} <= {*shown(made, has_scripts=True).texts}
    assert [memory.http.get(path).status_code for path in first] == [200, 200]
    account = parent.opens(ACCOUNT)
    assert "token=" not in account.text
    assert "You have one since 2 Mar 2026, 12:00 UTC. It is not shown again." in texts(account)
    assert leads_to(parent.opens(CALENDAR)) == f"{ACCOUNT}#calendar"
    second = addresses(parent.sends(CALENDAR))
    assert [memory.http.get(path).status_code for path in [*first, *second]] == [401, 401, 200, 200]
    assert leads_to(parent.sends(f"{CALENDAR}/end")) == f"{ACCOUNT}?notice=calendar-ended#calendar"
    assert [memory.http.get(path).status_code for path in second] == [401, 401]
    assert "Make a calendar link" in shown(parent.opens(f"{ACCOUNT}?notice=calendar-ended")).texts


def test_a_teacher_has_links_for_what_they_teach(memory: Api) -> None:
    teacher, owner = memory.having(Role.EMPLOYEE, "tom"), memory.having(Role.OWNER)
    place = good(owner.posts("/locations", name="House", address="Harbour 1"), 201)["id"]
    teachers = [{"user_id": teacher.id, "from": "2026-01-01"}]
    good(owner.posts("/groups", name="Clay", location_id=place, teachers=teachers), 201)
    page = with_session(memory, teacher).sends(CALENDAR)
    assert {"The lessons you teach", "Lessons of Clay"} <= {*shown(page, has_scripts=True).texts}
    assert [memory.http.get(path).status_code for path in addresses(page)] == [200, 200]


def test_whoever_has_no_lessons_yet_is_told_so(memory: Api) -> None:
    page = signed_in(memory).sends(CALENDAR)
    assert addresses(page) == []
    assert "There are no lessons for you yet." in page.text


def test_a_link_is_made_by_no_get_and_no_other_site(memory: Api) -> None:
    parent = with_session(memory, parent_of(memory, "Anna"))
    for path in (CALENDAR, f"{CALENDAR}/end"):
        assert leads_to(parent.opens(path)) == f"{ACCOUNT}#calendar"
        assert parent.sends(path, by={"sec-fetch-site": "cross-site"}).status_code == 403
    assert "Make a calendar link" in shown(parent.opens(ACCOUNT)).texts


def asked_for_compressed(memory: Api) -> httpx.Response:
    parent = with_session(memory, parent_of(memory, *(f"Child {number}" for number in range(9))))
    parent.headers["accept-encoding"] = "br, gzip"
    made = parent.sends(CALENDAR)
    assert len(made.content) > 1024
    assert "content-encoding" in parent.opens(ACCOUNT).headers
    return made


def test_a_page_with_a_link_is_never_compressed(memory: Api) -> None:
    assert "content-encoding" not in asked_for_compressed(memory).headers


@pytest.mark.plants
def test_it_is_seen_to_be_compressed_when_the_page_does_not_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("attendance.adapters.web.server.pages.holds_secrets", lambda page: "{" in page.path)
    with running() as api:
        assert "content-encoding" in asked_for_compressed(api).headers


# The address


def test_an_address_is_changed_by_the_link_that_is_mailed_there(memory: Api) -> None:
    ada = signed_in(memory, username="ada")
    assert leads_to(changes(ada, ACCOUNT)) == f"{ACCOUNT}?notice=saved"
    form = form_on(ada.opens(ACCOUNT), EMAIL)
    assert (form["email"], form.keys()) == ("ada@example.org", {"account", "email", "version", "was"})
    sent = ada.sends(EMAIL, **form | {"email": "new@example.org"})
    assert leads_to(sent) == f"{ACCOUNT}?notice=email-mailed"
    page = texts(ada.opens(f"{ACCOUNT}?notice=email-mailed"))
    assert "A link is on its way to new@example.org." in page
    assert "Until then ada@example.org counts." in page
    token = memory.token_mailed(MailKind.CONFIRM_EMAIL, "new@example.org")
    assert visitor(memory).opens(f"/app/confirm-email/{token}").status_code == 200
    assert form_on(ada.opens(ACCOUNT), EMAIL)["email"] == "new@example.org"
    assert [mail.to for mail in memory.mails(MailKind.EMAIL_CHANGES)] == ["ada@example.org"]


def test_a_change_that_awaits_its_link_is_taken_back(memory: Api) -> None:
    ada = signed_in(memory, username="ada")
    ada.sends(EMAIL, email="new@example.org")
    assert "Keep ada@example.org" in shown(ada.opens(ACCOUNT)).texts
    assert leads_to(ada.sends(EMAIL, email="ada@example.org")) == f"{ACCOUNT}?notice=saved"
    assert "new@example.org" not in texts(ada.opens(ACCOUNT))


def test_faults_of_an_address_are_said_at_its_field(memory: Api) -> None:
    memory.having(username="bob")
    ada = signed_in(memory, username="ada")
    for typed, fault in {
        "x": "must be an email address like anna@example.org",
        "": "can be changed, not removed",
        "bob@example.org": "email is taken",
    }.items():
        refused = ada.sends(EMAIL, email=typed)
        assert (refused.status_code, faults(refused)) == (400, {"email": fault})
        assert form_on(refused, EMAIL)["email"] == typed
    version = form_on(ada.opens(ACCOUNT), EMAIL)["version"]
    ada.sends(ACCOUNT, name="Ada")
    late = ada.sends(EMAIL, email="new@example.org", version=version)
    assert (late.status_code, form_on(late, EMAIL)["email"]) == (412, "new@example.org")
    assert memory.mails() == []


def test_whoever_signs_in_with_the_address_changes_it_as_well(memory: Api) -> None:
    ada = signed_in(memory, username="ada@example.org", email="ada@example.org")
    form = form_on(ada.opens(ACCOUNT), EMAIL)
    refused = ada.sends(EMAIL, **form | {"email": "new@example.org"})
    assert faults(refused) == {"username": "must not be an address that is given up"}
    again = form_on(refused, EMAIL) | {"username": "ada"}
    assert leads_to(ada.sends(EMAIL, **again)) == f"{ACCOUNT}?notice=email-mailed"
    assert "ada" in shown(ada.opens(ACCOUNT)).texts


# What is stored of oneself


def data_of(person: Visitor) -> Any:
    answered = person.opens(f"{ACCOUNT}/data")
    assert answered.status_code == 200
    assert answered.headers["content-disposition"] == 'attachment; filename="attendance.json"'
    assert answered.headers["content-type"] == "application/json"
    assert answered.headers["cache-control"] == "no-store"
    return json.loads(answered.text)


def test_ones_data_is_a_file_with_everything_of_ones_own(memory: Api) -> None:
    parent = parent_of(memory, "Anna")
    person = with_session(memory, parent)
    assert f"{ACCOUNT}/data" in shown(person.opens(ACCOUNT)).links
    data = data_of(person)
    account = data["account"]
    assert (account["username"], account["email"], account["role"]) == ("pia", "pia@example.org", "user")
    assert [session["current"] for session in data["sessions"]] == [True]
    assert [child["name"] for child in data["children"]] == ["Anna"]
    assert data["favorites"]["groups"] == []
    assert data["calendar_link_made_at"] is None
    assert "read_sessions" in data["permissions"]
    asked = memory.http.head(f"{ACCOUNT}/data", headers={"cookie": f"attendance={person.cookie}"})
    assert (asked.status_code, asked.content) == (200, b"")
    person.sends(CALENDAR)
    assert datetime.fromisoformat(data_of(person)["calendar_link_made_at"]) == memory.clock.now


def test_nobody_reads_what_is_stored_of_somebody_else(memory: Api) -> None:
    parent_of(memory, "Anna")
    text = json.dumps(data_of(signed_in(memory, Role.OWNER, "olga")))
    assert "pia" not in text
    assert "Anna" not in text
    assert "password" not in text.replace("change_password", "")
    assert leads_to(visitor(memory).opens(f"{ACCOUNT}/data")).startswith("/app/sign-in")
    unconfirmed = signed_in(memory, email_confirmed_at=None)
    assert data_of(unconfirmed)["children"] == []
