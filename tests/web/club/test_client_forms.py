"""Forms about a client: adding, editing, archiving, contracts, accounts of parents."""

from typing import Any

import httpx
import pytest

from attendance.domain.accounts.mail import MailKind
from attendance.domain.permissions.roles import Role
from tests.http.api import UNKNOWN_ID, good
from tests.http.operations import added
from tests.web.club.conftest import NOTES, Club
from tests.web.registry import Forms
from tests.web.visitors import Visitor, leads_to, shown, visitor

NEW = "/app/clients/new"
WRONG = {"name": " ", "birthday": "2026-03-03", "email": "nowhere", "phone": "1\u20282"}


def form_on(page: httpx.Response) -> dict[str, str]:
    """The fields of the form of a page, as they are sent when nothing is touched."""
    shown(page)
    return Forms(page.text).found[""]


def whole(client: dict[str, Any]) -> dict[str, str]:
    """What the form of a client sends that nobody changed."""
    names = ("name", "guardian_name", "birthday", "phone", "email", "address", "notes")
    return {name: client[name] or "" for name in names} | {"version": version_of(client)}


def version_of(client: dict[str, Any]) -> str:
    return str(client["version"])


def seen_version(by: Visitor, path: str) -> str:
    """The version that a form of ours carries."""
    return str(shown(by.opens(path)).values["version"])


# Adding and editing


@pytest.mark.parametrize("role", [Role.EMPLOYEE, Role.MANAGER, Role.HEAD_MANAGER, Role.OWNER])
def test_whoever_works_here_adds_a_client_and_sees_the_card(club: Club, role: Role) -> None:
    typed = {
        "name": " Zoë ",
        "guardian_name": "Zara",
        "birthday": "2020-02-29",
        "phone": "030 1",
        "email": "zara@example.org",
        "address": "1 Main Street\r\nBerlin",
        "notes": "",
    }
    person = club.visits(role)
    assert shown(person.opens(NEW)).values["name"] == ""
    card = leads_to(person.sends(NEW, **typed))
    page = shown(person.opens(card))
    assert {"Added", "Zoë", "29 Feb 2020, 6 years old", "Zara"} <= {*page.texts}
    stored = club.client(card.removeprefix("/app/clients/").partition("?")[0])
    assert stored["address"] == "1 Main Street\nBerlin"
    assert (stored["name"], stored["birthday"], stored["user_ids"]) == ("Zoë", "2020-02-29", [])


def test_a_form_with_faults_is_shown_again_with_all_of_them_and_what_was_typed(club: Club) -> None:
    teacher = club.visits(Role.EMPLOYEE)
    for path, more in ((NEW, {}), (f"{club.card()}/edit", whole(club.client()))):
        refused = teacher.sends(path, **more | WRONG)
        assert refused.status_code == 400
        page = shown(refused)
        assert page.roles == ["alert"]
        assert {name for name, field in page.attributes.items() if "aria-invalid" in field} == {*WRONG}
        assert page.values["birthday"] == "2026-03-03"
        assert page.values["email"] == "nowhere"
        assert "must not be in the future" in page.texts
    refused = teacher.sends(NEW, name="Zoë", birthday="yesterday")
    assert refused.status_code == 400
    assert {"must be a date", "Birthday: must be a date"} <= {*shown(refused).texts}
    assert shown(refused).values["name"] == "Zoë"
    assert "muss ein Datum sein" in german(club, NEW, name="Zoë", birthday="yesterday")
    assert "darf nicht in der Zukunft liegen" in german(club, NEW, **WRONG)
    assert good(club.head.reads("/clients"), 200)["total"] == 2


def german(club: Club, path: str, **typed: str) -> str:
    person = club.api.session_of(club.people[Role.EMPLOYEE])
    browser = Visitor(club.api.http, cookie=person.token, headers={"accept-language": "de"})
    return browser.sends(path, **typed).text


def test_an_edited_client_keeps_what_was_not_changed(club: Club) -> None:
    teacher = club.visits(Role.EMPLOYEE)
    path = f"{club.card()}/edit"
    form = shown(teacher.opens(path))
    assert form.values["name"] == "Anna Álvarez"
    assert form.values["birthday"] == "2018-03-04"
    assert NOTES in form.texts
    typed = whole(club.client()) | {"phone": "", "birthday": ""}
    assert leads_to(teacher.sends(path, **typed)) == f"{club.card()}?notice=saved"
    assert "Saved" in shown(teacher.opens(f"{club.card()}?notice=saved")).texts
    after = club.client()
    assert (after["phone"], after["birthday"]) == ("", None)
    assert (after["notes"], after["user_ids"]) == (NOTES, [club.people[Role.USER].id])


@pytest.mark.parametrize("version", ["", "x", "-1", "1e1"])
def test_a_form_without_its_version_changes_nothing(club: Club, version: str) -> None:
    teacher, before = club.visits(Role.EMPLOYEE), club.client()
    typed = whole(before) | {"name": "Other", "version": version}
    assert teacher.sends(f"{club.card()}/edit", **typed).status_code == 400
    for page in ("archive", "restore"):
        assert teacher.sends(f"{club.card()}/{page}", version=version).status_code == 400
    assert club.client() == before


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(club: Club) -> None:
    teacher, typed = club.visits(Role.EMPLOYEE), whole(club.client())
    good(club.head.puts(f"/clients/{club.child}", phone="changed"), 200)
    refused = teacher.sends(f"{club.card()}/edit", **typed | {"name": "Mine"})
    page = shown(refused)
    assert refused.status_code == 412
    assert "changed since you read it" in page.texts
    assert page.values["name"] == "Mine"
    assert club.client()["phone"] == "changed"
    assert leads_to(teacher.sends(f"{club.card()}/edit", **typed | {"version": page.values["version"] or ""}))


def test_what_one_did_not_touch_stays_as_somebody_else_has_changed_it(club: Club) -> None:
    teacher, path = club.visits(Role.EMPLOYEE), f"{club.card()}/edit"
    typed = form_on(teacher.opens(path)) | {"name": "Mine", "email": "mine@example.org"}
    good(club.head.puts(f"/clients/{club.child}", phone="changed", email="theirs@example.org"), 200)
    refused = teacher.sends(path, **typed)
    page, again = shown(refused), form_on(refused)
    assert refused.status_code == 412
    assert {"Changed meanwhile: Phone", "now: theirs@example.org"} <= {*page.texts}
    assert (again["name"], again["phone"], again["email"]) == ("Mine", "changed", "mine@example.org")
    # a fault in what is sent then changes nothing of it, and neither does one more change of another
    wrong = form_on(teacher.sends(path, **again | {"birthday": "x"})) | {"birthday": again["birthday"]}
    good(club.head.puts(f"/clients/{club.child}", phone="again"), 200)
    refused = teacher.sends(path, **wrong)
    assert refused.status_code == 412
    assert form_on(refused)["phone"] == "again"
    assert leads_to(teacher.sends(path, **form_on(refused)))
    stored = club.client()
    assert (stored["name"], stored["phone"], stored["email"]) == ("Mine", "again", "mine@example.org")


def test_who_does_not_work_here_changes_nothing(club: Club) -> None:
    before, mother = club.client(), club.visits(Role.USER)
    version, user = version_of(before), club.people[Role.USER].id
    contract = added(club.head, "/contracts", client_id=club.child)
    sent = {
        NEW: {"name": "Zoë"},
        f"{club.card()}/edit": whole(before) | {"name": "Mine"},
        f"{club.card()}/archive": {"version": version},
        f"{club.card()}/restore": {"version": version},
        f"{club.card()}/contracts/new": {"number": "1"},
        f"{club.card()}/contracts/{contract}": {"number": "1", "version": "1"},
        f"{club.card()}/accounts": {"username": "teacher"},
        f"{club.card()}/accounts/{user}/remove": {},
    }
    for path, typed in sent.items():
        assert mother.sends(path, **typed).status_code == 403
        signed_out = visitor(club.api).sends(path, **typed)
        if typed:
            assert signed_out.status_code == 401
            assert "/app/sign-in" in shown(signed_out).links
        else:
            assert leads_to(signed_out).startswith("/app/sign-in")
        elsewhere = {"sec-fetch-site": "cross-site", "origin": "https://evil.example"}
        for role in (Role.USER, Role.OWNER):
            assert club.visits(role).sends(path, by=elsewhere, **typed).status_code == 403
    assert club.client() == before
    assert good(club.head.reads("/clients"), 200)["total"] == 2
    assert good(club.head.reads("/contracts"), 200)["contracts"][0]["number"] != "1"


# Archiving


def test_archiving_says_what_ends_and_bringing_back_what_does_not_return(club: Club) -> None:
    club.marks(club.lesson("2026-03-09"), "excused")
    teacher = club.visits(Role.EMPLOYEE)
    page = shown(teacher.opens(f"{club.card()}/archive"))
    assert {"Archive Anna Álvarez?", "Clay", "Monday, 9 March 2026, 18:00, Clay"} <= {*page.texts}
    version = seen_version(teacher, f"{club.card()}/archive")
    archived = leads_to(teacher.sends(f"{club.card()}/archive", version=version))
    page = shown(teacher.opens(archived))
    assert {
        "archived",
        "Archived. Today is the last day in all groups; absences that were planned later are taken back.",
    } <= {*page.texts}
    assert f"{club.card()}/restore" in page.links
    assert not {f"{club.card()}/archive", f"{club.card()}/contracts/new"} & {*page.links}
    assert club.client()["active"] is False
    assert good(club.head.reads(f"/groups/{club.group}"), 200)["members"][0]["until"] == "2026-03-02"
    path = f"{club.card()}/restore"
    assert "Bring Anna Álvarez back?" in shown(teacher.opens(path)).texts
    restored = leads_to(teacher.sends(path, version=seen_version(teacher, path)))
    assert "Brought back" in shown(teacher.opens(restored)).texts
    assert club.client()["active"] is True


def test_a_client_who_was_changed_meanwhile_is_not_archived(club: Club) -> None:
    teacher = club.visits(Role.EMPLOYEE)
    version = seen_version(teacher, f"{club.card()}/archive")
    good(club.head.puts(f"/clients/{club.child}", phone="changed"), 200)
    refused = teacher.sends(f"{club.card()}/archive", version=version)
    assert refused.status_code == 412
    assert "changed since you read it" in shown(refused).texts
    assert club.client()["active"] is True


@pytest.mark.parametrize(
    ("does", "undoes", "is_active"), [("archive", "restore", False), ("restore", "archive", True)]
)
def test_who_archives_or_brings_back_after_somebody_else_is_told_that_it_is_done(
    club: Club, does: str, undoes: str, is_active: bool
) -> None:
    good(club.head.puts(f"/clients/{club.child}", active=not is_active), 200)
    teacher, path = club.visits(Role.EMPLOYEE), f"{club.card()}/{does}"
    version = seen_version(teacher, path)
    good(club.head.puts(f"/clients/{club.child}", active=is_active), 200)
    late = teacher.sends(path, version=version)
    assert late.status_code == 412
    page = shown(late)
    said = "Anna Álvarez is not archived" if is_active else "Anna Álvarez is archived already"
    assert {said, "There is nothing left to do here."} <= {*page.texts}
    assert "alert" in page.roles
    assert club.card() in page.links
    # nothing here undoes the other's work
    assert f'action="{club.card()}/{undoes}"' not in late.text
    assert club.client()["active"] is is_active
    assert said in shown(teacher.opens(path)).texts


def test_who_edits_a_client_whom_somebody_archives_is_told_so(club: Club) -> None:
    teacher, path = club.visits(Role.EMPLOYEE), f"{club.card()}/edit"
    sent = form_on(teacher.opens(path))
    good(club.head.puts(f"/clients/{club.child}", active=False), 200)
    late = teacher.sends(path, **sent | {"phone": "222"})
    assert late.status_code == 412
    texts = shown(late).texts
    assert "Somebody has archived this client meanwhile. What you save is saved all the same." in texts
    leads_to(teacher.sends(path, **form_on(late)))
    assert (club.client()["phone"], club.client()["active"]) == ("222", False)
    assert "This client is archived." in shown(teacher.opens(path)).texts


def test_the_reason_stands_before_what_it_has_done_and_what_saving_again_does_is_said(club: Club) -> None:
    teacher, path = club.visits(Role.EMPLOYEE), f"{club.card()}/edit"
    sent = form_on(teacher.opens(path))
    good(club.head.puts(f"/clients/{club.child}", phone="111"), 200)
    texts = shown(teacher.sends(path, **sent | {"phone": "222"})).texts
    reason, fault, again = (
        texts.index(text)
        for text in (
            "changed since you read it",
            "Phone: now: 111",
            "What you typed there is kept. Saved now, it replaces what somebody else has stored.",
        )
    )
    assert reason < fault < again


# Contracts


def test_a_contract_is_added_with_a_number_or_given_one_and_edited(club: Club) -> None:
    teacher = club.visits(Role.EMPLOYEE)
    new = f"{club.card()}/contracts/new"
    shown(teacher.opens(new))
    added_one = leads_to(teacher.sends(new, number=" ", signed_on="", cancelled_on="", notes=""))
    assert added_one == f"{club.card()}?notice=contract#contracts"
    leads_to(teacher.sends(new, number="C 7", signed_on="2026-02-01", cancelled_on="", notes="by post"))
    first, second = good(club.head.reads("/contracts", sort="-number"), 200)["contracts"]
    assert (first["number"], second["number"][:5]) == ("C 7", "2026/")
    page = shown(teacher.opens(club.card()))
    assert {"C 7", "in force", "1 Feb 2026", "not signed yet", "by post"} <= {*page.texts}
    path = f"{club.card()}/contracts/{first['id']}"
    form = shown(teacher.opens(path))
    assert (form.values["number"], form.values["signed_on"], form.values["version"]) == (
        "C 7",
        "2026-02-01",
        "1",
    )
    typed = {"number": "C 7", "signed_on": "2026-02-01", "cancelled_on": "2026-02-28", "notes": "by post"}
    leads_to(teacher.sends(path, version="1", **typed))
    assert "no longer in force" in shown(teacher.opens(club.card())).texts
    refused = teacher.sends(path, version="1", **typed | {"notes": "late"})
    assert refused.status_code == 412
    assert shown(refused).values["version"] == "2"


def test_a_contract_with_faults_says_them_at_its_fields(club: Club) -> None:
    teacher = club.visits(Role.EMPLOYEE)
    added(club.head, "/contracts", client_id=club.other, number="taken")
    new = f"{club.card()}/contracts/new"
    refused = teacher.sends(new, number="taken")
    assert refused.status_code == 409
    assert "Number: contract number is taken" in shown(refused).texts
    refused = teacher.sends(new, number="C", signed_on="2026-03-02", cancelled_on="2026-03-01")
    assert "Cancelled on: must not be before the day of the signature" in shown(refused).texts
    assert shown(refused).values["cancelled_on"] == "2026-03-01"
    refused = teacher.sends(new, signed_on="x", cancelled_on="y")
    assert {"Signed on: must be a date", "Cancelled on: must be a date"} <= {*shown(refused).texts}
    assert good(club.head.reads("/contracts"), 200)["total"] == 1


def test_nothing_is_signed_with_whoever_is_archived(club: Club) -> None:
    good(club.head.puts(f"/clients/{club.child}", active=False), 200)
    refused = club.visits(Role.EMPLOYEE).sends(f"{club.card()}/contracts/new", number="C")
    assert refused.status_code == 409
    assert "client is archived" in shown(refused).texts


def test_a_contract_of_somebody_else_is_not_found(club: Club) -> None:
    contract = added(club.head, "/contracts", client_id=club.other, number="C")
    teacher = club.visits(Role.EMPLOYEE)
    for path in (f"{club.card()}/contracts/{contract}", f"{club.card()}/contracts/{UNKNOWN_ID}"):
        assert teacher.opens(path).status_code == 404
        assert teacher.sends(path, number="Mine", version="1").status_code == 404
    assert good(club.head.reads(f"/contracts/{contract}"), 200)["number"] == "C"


# Accounts of parents


def test_managers_let_an_account_see_a_client_and_take_that_back(club: Club) -> None:
    father = club.api.having(username="Father", name="Franz")
    manager, path = club.visits(Role.MANAGER), f"{club.card()}/accounts"
    assert {"Maria", "mother"} <= {*shown(manager.opens(path)).texts}
    linked = leads_to(manager.sends(path, username=" FATHER "))
    page = shown(manager.opens(linked))
    assert {"Maria", "Franz", "Saved. Whoever saw the client before is told by mail."} <= {*page.texts}
    assert {*club.client()["user_ids"]} == {father.id, club.people[Role.USER].id}
    assert club.api.mails(MailKind.ACCOUNT_LINKED, "mother@example.org")
    version = club.client()["version"]
    leads_to(manager.sends(path, username="father"))
    assert club.client()["version"] == version
    removed = leads_to(manager.sends(f"{path}/{father.id}/remove"))
    page = shown(manager.opens(removed))
    assert "Removed" in page.texts
    assert "Franz" not in page.texts
    assert club.client()["user_ids"] == [club.people[Role.USER].id]


def test_nobody_is_told_of_the_first_account(club: Club) -> None:
    manager, path = club.visits(Role.MANAGER), f"{club.card(club.other)}/accounts"
    texts = shown(manager.opens(leads_to(manager.sends(path, username="mother")))).texts
    assert "Saved" in texts
    assert not any("told by mail" in text for text in texts)
    assert not club.api.mails(MailKind.ACCOUNT_LINKED, "mother@example.org")


def test_an_account_is_found_by_its_whole_username_alone(club: Club) -> None:
    manager, path = club.visits(Role.MANAGER), f"{club.card()}/accounts"
    club.api.having(username="gone", active=False)
    for typed in ("moth", "Maria", "gone", "nobody", "a\0b"):
        refused = manager.sends(path, username=typed)
        assert refused.status_code == 400, typed
        assert shown(refused).attributes["username"]["aria-invalid"] == "true", typed
    refused = manager.sends(path, username="nobody")
    assert "Username: is the username of no active account" in shown(refused).texts
    assert shown(refused).values["username"] == "nobody"
    assert "Username: is required" in shown(manager.sends(path, username=" ")).texts
    assert len(club.client()["user_ids"]) == 1


def test_ten_accounts_are_the_most(club: Club) -> None:
    ids = [club.api.having(username=f"aunt{number}").id for number in range(9)]
    good(club.head.puts(f"/clients/{club.child}", user_ids=[*ids, club.people[Role.USER].id]), 200)
    refused = club.visits(Role.MANAGER).sends(f"{club.card()}/accounts", username="teacher")
    assert refused.status_code == 400
    assert "Accounts: must be at most 10" in shown(refused).texts


def test_teachers_link_nobody(club: Club) -> None:
    teacher, path = club.visits(Role.EMPLOYEE), f"{club.card()}/accounts"
    mother = club.people[Role.USER].id
    assert teacher.opens(path).status_code == 403
    assert teacher.sends(path, username="teacher").status_code == 403
    assert teacher.sends(f"{path}/{mother}/remove").status_code == 403
    assert club.client()["user_ids"] == [mother]


# Who is known already


def test_whoever_is_known_already_is_added_once_more_only_where_that_is_said(club: Club) -> None:
    teacher = club.visits(Role.EMPLOYEE)
    typed = {"name": "anna  alvarez", "birthday": "2018-03-04", "phone": "030 9"}
    refused = teacher.sends(NEW, **typed)
    page = shown(refused)
    assert (refused.status_code, page.values["phone"]) == (400, "030 9")
    assert "somebody of this name is here already" in refused.text
    assert {"#is_new", club.card()} <= {*page.links}
    assert ", born 4 Mar 2018 (Maria Álvarez)" in page.texts
    assert good(club.head.reads("/clients"), 200)["total"] == 2
    # without a day nobody can tell
    assert teacher.sends(NEW, name="Anna Álvarez").status_code == 400
    assert leads_to(teacher.sends(NEW, **typed, is_new="yes")).endswith("?notice=added")
    # somebody born on another day, or only called alike, is another
    for name, birthday in (("Anna Álvarez", "2019-01-01"), ("Anna Álvarez Ruiz", "2018-03-04")):
        assert leads_to(teacher.sends(NEW, name=name, birthday=birthday)).endswith("?notice=added")


def test_those_who_are_called_the_same_are_told_apart_by_their_birthday(club: Club) -> None:
    assert "born 4 Mar 2018" not in club.visits(Role.EMPLOYEE).opens("/app/clients").text
    twin = added(club.head, "/clients", name="Anna Alvarez", birthday="2019-05-06")
    good(club.head.posts(f"/groups/{club.group}/members", client_id=twin, **{"from": "2026-02-02"}), 201)
    lesson = club.lesson("2026-03-02")
    teacher = club.visits(Role.EMPLOYEE)
    for path in ("/app/clients", f"/app/groups/{club.group}", f"/app/lessons/{lesson}"):
        text = teacher.opens(path).text
        assert all(f"born {day}" in text for day in ("4 Mar 2018", "6 May 2019")), path
        assert text.count("born ") == 2
    assert f'aria-labelledby="name-{twin} born-{twin}"' in teacher.opens(f"/app/lessons/{lesson}").text
