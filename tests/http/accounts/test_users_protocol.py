"""The club protocol's users, letter for letter, over every store: listed, shown, edited."""

import itertools
import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from attendance.adapters.http.server.callers import versions
from attendance.domain.accounts.mail import MailKind
from attendance.domain.permissions.roles import Role
from tests import make
from tests.http.api import (
    CLUB,
    IN_MEMORY,
    PASSWORD,
    UNKNOWN_ID,
    Api,
    Person,
    answer,
    fields,
    good,
    refusal,
    running,
)

SIGN_IN_FIRST = refusal(401, "authentication required")
FORBIDDEN = refusal(403, "insufficient permissions")
NO_USER = refusal(404, "user not found")
CHANGED = refusal(412, "changed since you read it")
MANY = 1003


@pytest.fixture
def owner(api: Api) -> Person:
    return api.having(Role.OWNER, "owner")


@pytest.fixture
def ada(api: Api) -> Person:
    return api.having(username="ada", name="Ada")


def me(person: Person) -> dict[str, Any]:
    return good(person.reads("/users/me"), 200)


def names(response: httpx.Response) -> list[str]:
    return [user["username"] for user in good(response, 200)["users"]]


def listed(person: Person, query: str) -> httpx.Response:
    """The list by a query as it is typed."""
    return person.asks("GET", f"{CLUB}/users?{query}")


# The list


def test_a_page_has_twenty_and_says_how_many_there_are(api: Api, owner: Person) -> None:
    for number in range(40):
        api.having(username=f"user{number:02}")
    first, last, past = (good(owner.reads("/users", page=page), 200) for page in (1, 3, 4))
    assert [len(page["users"]) for page in (first, last, past)] == [20, 1, 0]
    assert (first["total"], first["page"], first["pages"]) == (41, 1, 3)
    assert (past["total"], past["page"], past["pages"]) == (41, 4, 3)
    assert past.keys() == first.keys() == {"users", "total", "page", "pages"}
    whole = good(owner.reads("/users"), 200)
    assert whole.keys() == {"users", "total"}
    by_page = [user for page in (1, 2, 3) for user in good(owner.reads("/users", page=page), 200)["users"]]
    assert whole["users"] == by_page
    assert good(owner.reads("/users", page=10**12), 200)["users"] == []


@IN_MEMORY
def test_an_empty_list_has_no_pages(api: Api, owner: Person) -> None:
    empty = good(owner.reads("/users", name="nobody", page=1), 200)
    assert empty == {"users": [], "total": 0, "page": 1, "pages": 0}


@pytest.fixture(scope="module")
def crowd() -> Iterator[tuple[Api, Person]]:
    with running() as api:
        yield api, crowded(api)


def crowded(api: Api) -> Person:
    """An owner among more people than are read at once; some have no address, many the same name."""
    owner = api.having(Role.OWNER, "owner", name="Zoë")
    with api.store.transaction() as work:
        for number in range(MANY - 1):
            address = {"email": None, "email_confirmed_at": None} if number % 3 else {}
            work.accounts.add(
                make.confirmed(
                    api.clock.now,
                    username=f"user{number * 7919 % 1000:04}-{number}",
                    name=("", "Анна", "anna", "ÉMILE")[number % 4],
                    role=[*Role][number % 4],
                    **address,
                )
            )
    return owner


SORTS = [
    "",
    "-username",
    "name",
    "-name",
    "email",
    "-email",
    "name,-email",
    "-created_at",
    "-email,name,-username",
]


@pytest.mark.slow
def test_a_whole_list_is_sent_as_it_is_read_and_is_the_same_as_its_pages(api: Api) -> None:
    owner = crowded(api)
    for sort in SORTS:
        response = owner.reads("/users", sort=sort)
        whole = json.loads(response.content)
        assert response.headers["content-type"] == "application/json"
        assert response.extensions["pieces"] > 3
        assert whole["total"] == len(whole["users"]) == MANY
        assert len({user["id"] for user in whole["users"]}) == MANY
        for page in (1, 2, 25, 26, 50, 51):
            shown = good(owner.reads("/users", sort=sort, page=page), 200)
            assert shown["users"] == whole["users"][20 * (page - 1) : 20 * page], (sort, page)
            assert (shown["total"], shown["pages"]) == (MANY, 51)


@pytest.mark.slow
def test_a_list_that_just_fills_what_is_read_at_once_is_whole(memory: Api) -> None:
    owner = memory.having(Role.OWNER, "owner")
    for total, more in itertools.pairwise([1, 499, 500, 501, 1000, 1001]):
        with memory.store.transaction() as work:
            for _ in range(more - total):
                work.accounts.add(make.confirmed())
        whole = good(owner.reads("/users"), 200)
        assert whole["total"] == len(whole["users"]) == len({user["id"] for user in whole["users"]}) == more
        head = owner.asks("HEAD", f"{CLUB}/users")
        assert (head.status_code, head.content) == (200, b"")


def test_whoever_may_not_is_told_before_a_list_begins(crowd: tuple[Api, Person]) -> None:
    api, _ = crowd
    assert answer(api.having().reads("/users")) == FORBIDDEN
    assert answer(api.nobody.reads("/users")) == SIGN_IN_FIRST


def test_a_list_is_sorted_however_the_plus_is_spelt(crowd: tuple[Api, Person]) -> None:
    _, owner = crowd
    ascending = names(listed(owner, "sort=name&page=1"))
    for spelt in ("sort=+name", "sort=%2Bname", "sort=%20name", "sort=%2bname"):
        assert names(listed(owner, f"{spelt}&page=1")) == ascending, spelt
    assert (
        names(listed(owner, "sort=-name&page=1")) == names(listed(owner, "sort=%2Dname&page=1")) != ascending
    )
    both = names(listed(owner, "sort=%2Bname,-username&page=1"))
    assert (
        both
        == names(listed(owner, "sort=+name,-username&page=1"))
        == names(listed(owner, "sort=name,-username&page=1"))
    )
    assert both != ascending


NO_SORTS = [
    "password_hash", "id", "role", "nme", "Name", "name,", ",name", ",", "-", "+", "%2B", "--name", "-+name",
    "++name", "name name", "name,name", "name,-name", "-name,+name", "name%20desc", "name;drop", "%00", "%FF",
    "level", "1", "name" * 5000, "name,unknown", "*", "users.name", "name%0A",
]  # fmt: skip


def test_a_sort_that_is_unknown_or_repeats_itself_is_malformed(crowd: tuple[Api, Person]) -> None:
    _, owner = crowd
    for sort in NO_SORTS:
        assert fields(listed(owner, f"sort={sort}")) in (["sort"], ["query"]), sort
    assert fields(listed(owner, "sort=name&sort=name")) == ["sort"]


def test_a_page_is_a_whole_number_from_1(crowd: tuple[Api, Person]) -> None:
    _, owner = crowd
    for page in (
        "0",
        "-1",
        "",
        "x",
        "1.0",
        "1e1",
        "+1",
        " 1",
        "01",
        "٣",
        "null",
        "true",
        str(10**12 + 1),
        "9" * 500,
    ):
        for path in ("/users", "/events", "/role_changes"):
            assert fields(owner.reads(path, page=page)) == ["page"], (path, page)


def test_a_list_is_sorted_by_folded_text_with_nothing_last_and_ties_by_id(api: Api) -> None:
    owner = api.having(Role.OWNER, "owner", name="o")
    people = [
        api.having(username=f"p{number}", name=name, email=email)
        for number, (name, email) in enumerate(
            [
                ("b", None),
                ("B", "z@example.org"),
                ("A", "Y@example.org"),
                ("é", None),
                ("Ё", "x@example.org"),
                ("b", None),
            ]
        )
    ]
    ids = {person.username: person.id for person in people}
    only = "name=p"
    assert names(listed(owner, f"sort=name&{only}")) == [
        "p2",
        *sorted(["p0", "p1", "p5"], key=ids.get),
        "p3",
        "p4",
    ]  # type: ignore[arg-type]
    assert names(listed(owner, f"sort=-name&{only}")) == [
        "p4",
        "p3",
        *sorted(["p0", "p1", "p5"], key=ids.get),
        "p2",
    ]  # type: ignore[arg-type]
    assert names(listed(owner, f"sort=email&{only}"))[:3] == ["p4", "p2", "p1"]
    assert names(listed(owner, f"sort=-email&{only}"))[:3] == ["p1", "p2", "p4"], (
        "nothing comes last here too"
    )


def test_a_list_is_filtered_by_name_role_and_state(api: Api, owner: Person) -> None:
    api.having(username="anna", name="Анна Ц")
    api.having(Role.EMPLOYEE, "bob", name="100%_sure")
    api.having(Role.EMPLOYEE, "gone", active=False)
    assert names(owner.reads("/users")) == ["anna", "bob", "gone", "owner"]
    for query, found in {
        "name=АННА": ["anna"],
        "name=ann": ["anna"],
        "name=NN": ["anna"],
        "name=%25_": ["bob"],
        "name=%25": ["bob"],
        "name=": ["anna", "bob", "gone", "owner"],
        "name=example.org": [],
        "role=employee": ["bob", "gone"],
        "role=employee&active=true": ["bob"],
        "active=false": ["gone"],
        "active=true": ["anna", "bob", "owner"],
        "role=admin": [],
        "name=o&role=employee&active=true&sort=-name": ["bob"],
    }.items():
        assert names(listed(owner, query)) == found, query
        assert names(listed(owner, f"{query}&page=1")) == found, query
    for wrong in (
        "role=boss",
        "role=",
        "role=Owner",
        "role=5",
        "active=1",
        "active=True",
        "active=",
        "active=null",
    ):
        assert fields(listed(owner, wrong)) == [wrong.partition("=")[0]], wrong


@IN_MEMORY
def test_the_list_tells_no_secrets(api: Api, owner: Person, ada: Person) -> None:
    api.registers_with_email("bob")
    shown = owner.reads("/users").text + owner.reads("/events").text + ada.reads("/users/me").text
    for secret in (
        "argon2",
        api.token_mailed(MailKind.CONFIRM_EMAIL),
        "password_hash",
        "owner_since",
        PASSWORD,
    ):
        assert secret not in shown


# One user


@IN_MEMORY
def test_me_is_whoever_asks_wherever_a_user_is(api: Api, owner: Person, ada: Person) -> None:
    for path in ("", "/favorites"):
        mine, by_id = ada.reads(f"/users/me{path}"), ada.reads(f"/users/{ada.id}{path}")
        assert answer(mine) == answer(by_id)
        assert mine.headers["etag"] == by_id.headers["etag"]
    assert me(ada)["clients"] == []
    assert "clients" not in good(owner.reads(f"/users/{ada.id}"), 200)
    assert answer(ada.posts("/users/me/favorities")) == answer(ada.reads("/users/me/favorites"))
    assert good(owner.puts("/users/me/role", role="owner"), 200)["username"] == "owner"
    assert good(owner.puts("/users/me/active", active=True), 200)["username"] == "owner"
    assert answer(ada.puts("/users/me/role", role="user")) == FORBIDDEN
    assert answer(api.nobody.reads("/users/me")) == SIGN_IN_FIRST


@IN_MEMORY
def test_me_is_nobody_where_an_id_is_no_users(api: Api, owner: Person, ada: Person) -> None:
    lab = owner.opens_lab()
    assert answer(owner.reads("/role_changes/me")) == refusal(404, "role change not found")
    assert answer(owner.asks("POST", f"{CLUB}/role_changes/me/confirm")) == refusal(
        404, "role change not found"
    )
    assert answer(owner.asks("GET", "/labs/me/users/me/attendance"))[0] == 404
    assert answer(owner.asks("GET", f"/labs/{lab.id}/users/me/attendance"))[0] == 404
    assert good(owner.reads("/events", subject="me"), 200)["total"] == 0
    assert good(owner.reads("/events", actor="me"), 200)["total"] == 0
    for spelt in ("ME", "Me", "me ", "%6De%00", "m", "mee"):
        assert owner.asks("GET", f"{CLUB}/users/{spelt}").status_code == 404, spelt
    assert owner.asks("GET", f"{CLUB}/users/%6D%65").status_code == 200


@IN_MEMORY
def test_what_is_no_users_id_is_not_found(api: Api, owner: Person, ada: Person) -> None:
    for id_ in (
        UNKNOWN_ID,
        "x",
        "1",
        "0",
        ada.id[:-1],
        ada.id + "0",
        ada.id.replace("-", ""),
        "ada",
        "ada@example.org",
        "*",
    ):
        assert answer(owner.reads(f"/users/{id_}")) == NO_USER
        assert answer(owner.puts(f"/users/{id_}", name="x")) == NO_USER
        assert answer(owner.puts(f"/users/{id_}/role", role="user")) == NO_USER
        assert answer(owner.puts(f"/users/{id_}/active", active=False)) == NO_USER
        assert answer(owner.reads(f"/users/{id_}/favorites")) == NO_USER
        assert answer(ada.reads(f"/users/{id_}")) == FORBIDDEN, "whether there is one is not for everybody"


@IN_MEMORY
def test_an_id_of_somebody_else_opens_nothing(api: Api, owner: Person, ada: Person) -> None:
    bob = api.having(username="bob")
    before = me(bob), good(bob.reads("/users/me/favorites"), 200)
    for path, body in [("", {"name": "x"}), ("/role", {"role": "user"}), ("/active", {"active": False}),
                       ("/favorites", {"groups": []})]:  # fmt: skip
        assert answer(ada.puts(f"/users/{bob.id}{path}", **body)) == FORBIDDEN, path
    for path in ("", "/favorites"):
        assert answer(ada.reads(f"/users/{bob.id}{path}")) == FORBIDDEN
    assert (me(bob), good(bob.reads("/users/me/favorites"), 200)) == before


def test_a_profile_is_edited_field_by_field(api: Api, ada: Person) -> None:
    api.clock.pass_by(minutes=1)
    response = ada.puts("/users/me", name="Ada Lovelace")
    edited = good(response, 200)
    assert (edited["name"], edited["username"], edited["version"]) == ("Ada Lovelace", "ada", 2)
    assert (edited["created_at"], edited["updated_at"]) == ("2026-03-02T12:00:00Z", "2026-03-02T12:01:00Z")
    assert response.headers["etag"] == '"2"' == ada.reads("/users/me").headers["etag"]
    assert edited == me(ada)
    assert good(ada.puts("/users/me", username="ADA"), 200)["username"] == "ADA"
    assert good(ada.puts("/users/me", name=None), 200)["name"] == ""
    assert good(ada.puts("/users/me", name=""), 200)["version"] == 4, "the same again changes nothing"
    assert good(ada.puts("/users/me"), 200)["version"] == 4
    for changed in (
        {"username": None},
        {"username": ""},
        {"username": "two words"},
        {"email": None},
        {"email": "x"},
    ):
        assert fields(ada.puts("/users/me", **changed)) == [*changed], changed
    wrong = {"username": "\n", "name": "\0", "email": "@"}
    assert set(fields(ada.puts("/users/me", **wrong))) >= {"name"}
    assert me(ada)["version"] == 4


def test_an_address_that_is_given_up_is_no_name(api: Api, ada: Person) -> None:
    assert good(ada.puts("/users/me", username="ada@example.org"), 200)["username"] == "ada@example.org"
    refused = ada.puts("/users/me", email="new@example.org")
    assert answer(refused)[0] == 400
    assert refused.json()["details"] == [
        {"field": "username", "message": "must not be an address that is given up"}
    ]
    assert good(ada.puts("/users/me", email="new@example.org", username="ada"), 200)["username"] == "ada"


def test_a_name_somebody_has_is_taken(api: Api, ada: Person) -> None:
    bob = api.having(username="bob")
    assert answer(bob.puts("/users/me", username="ADA")) == refusal(400, "username is taken")
    for email in ("ada@example.org", "ADA@EXAMPLE.ORG"):
        assert answer(bob.puts("/users/me", email=email)) == refusal(400, "email is taken")
    assert me(bob)["version"] == 1
    assert api.mails() == []


NOT_SEEN = [
    '"1"', '"3"', '"1", "3"', 'w/"2"', 'W/"1", W/"3"', 'W/ "2"', "W/2", "2",
    '"02"', '"2', '2"', "'2'", '"2" "3"', '"-2"',
    '"2.0"', '"+2"', '"٢"', '""', '"*"', "x", ",", '"' + "2" * 5000 + '"', '"2"x', '"1",,',
]  # fmt: skip


@IN_MEMORY
def test_a_version_that_is_no_longer_is_refused(api: Api, owner: Person, ada: Person) -> None:
    path = f"/users/{ada.id}"
    good(owner.puts(path, '"1"', name="A"), 200)
    for seen in NOT_SEEN:
        sent = {"if-match": seen.encode()}
        for sub_path, body in (
            ("", {"name": "B"}),
            ("/role", {"role": "employee"}),
            ("/active", {"active": False}),
        ):
            refused = owner.asks("PUT", f"{CLUB}{path}{sub_path}", json=body, headers=sent)
            assert answer(refused) == CHANGED, (seen[:40], sub_path)
    assert good(owner.reads(path), 200)["version"] == 2
    for version, seen in enumerate(
        ['"2"', "*", '"1", "4"', 'W/"4",  "5" ', '"6","7"', " * ", 'W/"8"', 'W/"1",,W/"9"'], 3
    ):
        assert good(owner.puts(path, seen, name=f"{version}"), 200)["version"] == version, seen
    twice = [
        (b"authorization", f"Bearer {owner.token}".encode()),
        (b"if-match", b'"1"'),
        (b"if-match", b'W/"10"'),
    ]
    response = api.transport.ask("PUT", (CLUB + path).encode(), twice, [b'{"name": "twice"}'])
    assert good(response, 200)["version"] == 11


@pytest.mark.plants
def test_another_version_is_seen_to_match_when_versions_are_read_loosely(
    memory: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(versions, "VERSION", re.compile(r'"0*([0-9]+)"'))
    ada = memory.having()
    assert good(ada.puts("/users/me", '"01"', name="Ada"), 200)["version"] == 2


@IN_MEMORY
def test_what_is_refused_is_refused_in_one_order(api: Api, owner: Person, ada: Person) -> None:
    manager, outdated = api.having(Role.MANAGER), '"9"'
    path = f"/users/{owner.id}"
    assert answer(api.nobody.puts(path, outdated, name=1)) == SIGN_IN_FIRST
    assert fields(manager.puts(path, outdated, name=1)) == ["name"]
    assert answer(manager.puts(f"/users/{UNKNOWN_ID}", outdated, name="x")) == FORBIDDEN
    assert answer(owner.puts(f"/users/{UNKNOWN_ID}", outdated, name="x")) == NO_USER
    rival = api.having(Role.OWNER)
    assert answer(rival.puts(path, outdated, name="x")) == FORBIDDEN
    assert answer(owner.puts(path, outdated, username="ada")) == CHANGED
    assert answer(owner.puts(path, username="ada")) == refusal(400, "username is taken")


# The address


def confirms(api: Api, to: str) -> httpx.Response:
    return api.nobody.reads(f"/auth/confirm_email/{api.token_mailed(MailKind.CONFIRM_EMAIL, to)}")


def test_a_new_address_is_pending_until_it_is_confirmed_and_the_old_one_is_told(
    api: Api, ada: Person
) -> None:
    edited = good(ada.puts("/users/me", email="new@example.org"), 200)
    assert (edited["email"], edited["pending_email"]) == ("ada@example.org", "new@example.org")
    assert (edited["email_confirmed"], edited["level"]) == (True, 2)
    told = {(mail.kind, mail.to) for mail in api.mails()}
    assert told == {(MailKind.CONFIRM_EMAIL, "new@example.org"), (MailKind.EMAIL_CHANGES, "ada@example.org")}
    assert answer(confirms(api, "new@example.org")) == (200, {"status": "confirmed"})
    assert (me(ada)["email"], me(ada)["pending_email"]) == ("new@example.org", None)
    assert api.nobody.posts("/auth/login", email="ada@example.org", password=PASSWORD).status_code == 401
    assert api.nobody.posts("/auth/login", email="new@example.org", password=PASSWORD).status_code == 200
    assert answer(confirms(api, "new@example.org")) == (200, {"status": "already confirmed"})


@IN_MEMORY
def test_the_present_address_again_ends_a_pending_one(api: Api, ada: Person) -> None:
    good(ada.puts("/users/me", email="new@example.org"), 200)
    assert good(ada.puts("/users/me", email="ADA@example.org"), 200)["pending_email"] is None
    assert confirms(api, "new@example.org").status_code == 410
    assert me(ada)["email"] == "ada@example.org"


def test_of_two_who_want_an_address_the_first_to_confirm_has_it(api: Api, ada: Person) -> None:
    bob = api.having(username="bob")
    tokens = []
    for person in (ada, bob):
        good(person.puts("/users/me", email="shared@example.org"), 200)
        tokens.append(api.token_mailed(MailKind.CONFIRM_EMAIL, "shared@example.org"))
    assert len({*tokens}) == 2
    first, second = (api.nobody.asks("HEAD", f"{CLUB}/auth/confirm_email/{token}") for token in tokens)
    assert (first.status_code, second.status_code) == (200, 200)
    assert answer(api.nobody.reads(f"/auth/confirm_email/{tokens[1]}")) == (200, {"status": "confirmed"})
    assert answer(api.nobody.reads(f"/auth/confirm_email/{tokens[0]}")) == refusal(400, "email is taken")
    assert (me(ada)["email"], me(bob)["email"]) == ("ada@example.org", "shared@example.org")


def test_an_address_is_no_claim_while_it_is_pending(api: Api, ada: Person) -> None:
    good(ada.puts("/users/me", email="new@example.org"), 200)
    good(api.registers_with_email("carl", email="new@example.org"), 201)
    token = api.token_mailed(MailKind.CONFIRM_EMAIL, "new@example.org")
    assert answer(api.nobody.reads(f"/auth/confirm_email/{token}")) == (200, {"status": "confirmed"})
    assert me(ada)["email"] == "ada@example.org"


@IN_MEMORY
def test_who_came_by_the_labs_may_give_an_address(api: Api) -> None:
    bob = api.someone("bob")
    assert (me(bob)["email"], me(bob)["level"]) == (None, 1)
    good(bob.puts("/users/me", email="bob@example.org"), 200)
    assert [mail.to for mail in api.mails()] == ["bob@example.org"]
    assert answer(confirms(api, "bob@example.org")) == (200, {"status": "confirmed"})
    assert (me(bob)["email"], me(bob)["level"]) == ("bob@example.org", 2)


@IN_MEMORY
def test_an_address_that_another_changed_counts_by_its_own_link_alone(
    api: Api, owner: Person, ada: Person
) -> None:
    good(owner.puts(f"/users/{ada.id}", email="owners@example.org"), 200)
    assert me(ada)["email"] == "ada@example.org"
    api.nobody.posts("/auth/password_reset", email="owners@example.org")
    assert api.mails(MailKind.RESET_PASSWORD) == []
    assert [mail.to for mail in api.mails(MailKind.EMAIL_CHANGES)] == ["ada@example.org"]


@IN_MEMORY
def test_changing_the_address_again_and_again_mails_three_links(api: Api, ada: Person) -> None:
    for number in range(3):
        good(ada.puts("/users/me", email=f"new{number}@example.org"), 200)
    refused = ada.puts("/users/me", name="Eve", email="new3@example.org")
    assert answer(refused) == refusal(429, "too many requests")
    assert int(refused.headers["retry-after"]) == 6 * 3600
    assert (me(ada)["name"], me(ada)["pending_email"]) == ("Ada", "new2@example.org")
