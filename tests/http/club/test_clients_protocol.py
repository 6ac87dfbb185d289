"""Clients, contracts, prices and locations, letter for letter, over every store."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from attendance.application.club import clients as use_cases
from attendance.application.forms import client_access as clients_use_cases
from attendance.domain.permissions.roles import Role
from tests import make
from tests.http.api import (
    CLUB,
    IN_MEMORY,
    UNKNOWN_ID,
    Api,
    Person,
    answer,
    fields,
    good,
    no_id,
    refusal,
    running,
)
from tests.http.club_protocol import SIGN_IN_FIRST, UUID7
from tests.http.operations import Scene, operations
from tests.http.test_hostile import NO_NAMES, STRANGE

FORBIDDEN = refusal(403, "insufficient permissions")
CHANGED = refusal(412, "changed since you read it")
NO = {
    kind: refusal(404, f"{kind} not found")
    for kind in ("client", "contract", "price", "location", "group", "user")
}
NOTES = "epilepsy"
NOON, LATER = "2026-03-02T12:00:00Z", "2026-03-02T12:01:00Z"
THINGS = {
    "client": {"name": "Anna"},
    "contract": {},
    "price": {"name": "Pass", "amount": "80.00", "currency": "EUR"},
    "location": {"name": "Main", "address": "1 Main Street"},
}


@pytest.fixture
def clerk(api: Api) -> Person:
    return api.having(Role.EMPLOYEE, "clerk")


@pytest.fixture
def head(api: Api) -> Person:
    return api.having(Role.HEAD_MANAGER, "head")


def adds(person: Person, kind: str, **body: Any) -> Any:
    """Usual but for what is said."""
    return good(person.posts(f"/{kind}s", **THINGS[kind] | body), 201)


def one_of_each(head: Person, **client: Any) -> dict[str, Any]:
    child = adds(head, "client", notes=NOTES, **client)
    things = {"client": child, "contract": adds(head, "contract", client_id=child["id"], notes=NOTES)}
    return things | {kind: adds(head, kind) for kind in ("price", "location")}


def said(name: str, response: httpx.Response) -> list[str]:
    """What a list says, by its items' first text."""
    body = good(response, 200)
    return [item.get("number") or item["name"] for item in body[name]]


def listed(person: Person, query: str) -> httpx.Response:
    """A list by a query as it is typed."""
    return person.asks("GET", f"{CLUB}/{query}")


def known(answered: httpx.Response, status: int) -> dict[str, Any]:
    """A body without what is another one each time."""
    body = good(answered, status)
    assert UUID7.fullmatch(body.pop("id"))
    assert (body.pop("created_at"), body.pop("updated_at")) == (NOON, NOON)
    assert answered.headers["etag"] == f'"{body["version"]}"'
    return body


# Shapes


def test_what_is_least_said_is_shown_whole(api: Api, head: Person) -> None:
    child = adds(head, "client")
    answers = {
        "client": head.posts("/clients", name="Anna"),
        "contract": head.posts("/contracts", client_id=child["id"], number="A/1"),
        "price": head.posts("/prices", **THINGS["price"]),
        "location": head.posts("/locations", **THINGS["location"]),
    }
    for kind, response in answers.items():
        path = response.headers["location"]
        assert path == f"{CLUB}/{kind}s/{response.json()['id']}"
        shown = head.asks("GET", path)
        assert answer(shown) == (200, response.json())
        assert shown.headers["etag"] == '"1"'
    assert {kind: known(response, 201) for kind, response in answers.items()} == {
        "client": {
            "version": 1, "name": "Anna", "guardian_name": "", "birthday": None, "phone": "", "email": "",
            "address": "", "notes": "", "active": True, "user_ids": [],
        },
        "contract": {
            "version": 1, "number": "A/1", "client_id": child["id"], "signed_on": None, "cancelled_on": None,
            "notes": "", "state": "draft",
        },
        "price": {
            "version": 1, "name": "Pass", "amount": "80.00", "currency": "EUR", "visits": None,
            "visits_per_week": None, "valid_days": None, "valid_months": None, "group_ids": [],
            "on_sale_from": None, "on_sale_until": None, "charges_absence": True, "notes": "",
        },
        "location": {
            "version": 1, "name": "Main", "address": "1 Main Street", "url": "", "timezone": "UTC",
            "capacity": None, "active": True,
        },
    }  # fmt: skip


def test_all_that_can_be_said_is_shown_as_it_was_said(api: Api) -> None:
    scene = Scene.of(api)
    for kind in THINGS:
        operation = operations(scene)[f"add_{kind}"]
        assert operation.body
        before = good(scene.owner.asks("GET", operation.path), 200)["total"]
        added = good(scene.owner.asks("POST", operation.path, json=operation.body), 201)
        shown = good(scene.owner.asks("GET", f"{operation.path}/{added['id']}"), 200)
        assert shown == added
        assert {name: shown[name] for name in operation.body} == operation.body
        in_list = good(scene.owner.asks("GET", operation.path), 200)
        assert in_list.keys() == {f"{kind}s", "total"}
        assert added in in_list[f"{kind}s"]
        assert in_list["total"] == len(in_list[f"{kind}s"]) == before + 1


def test_a_contract_without_a_number_is_given_one(api: Api, clerk: Person) -> None:
    child = adds(clerk, "client")
    contract = adds(clerk, "contract", client_id=child["id"])
    assert contract["number"] == f"2026/{contract['id'][-8:]}"
    taken = clerk.posts("/contracts", client_id=child["id"], number=contract["number"].upper())
    assert answer(taken) == refusal(409, "contract number is taken")
    assert fields(clerk.posts("/contracts", client_id=child["id"], number=None)) == ["number"]


def test_a_contract_is_shown_in_its_state_today(api: Api, clerk: Person) -> None:
    child = adds(clerk, "client")
    for state, dates in {
        "draft": {"signed_on": None},
        "active": {"signed_on": "2026-03-02", "cancelled_on": "2026-03-02"},
        "cancelled": {"signed_on": "2026-03-01", "cancelled_on": "2026-03-01"},
    }.items():
        contract = adds(clerk, "contract", client_id=child["id"], number=state, **dates)
        assert contract["state"] == state
        for path in (f"contracts?state={state}", f"contracts?client_id={child['id']}&state={state}&page=1"):
            assert good(listed(clerk, path), 200)["contracts"] == [contract], state
    api.clock.pass_by(days=1)
    clerk = api.session_of(clerk)
    assert said("contracts", clerk.reads("/contracts", state="cancelled")) == ["active", "cancelled"]


@pytest.mark.slow
def test_strange_texts_are_kept_and_found_as_they_are(api: Api, clerk: Person) -> None:
    for text in STRANGE:
        name = "x" if text in NO_NAMES else text[:200]
        child = adds(clerk, "client", name=name, guardian_name=name, address=text[:500], notes=text)
        assert good(clerk.reads(f"/clients/{child['id']}"), 200) == child
        assert (child["name"], child["address"], child["notes"]) == (name, text[:500], text)
        assert child in good(clerk.reads("/clients", q=name), 200)["clients"], text
    assert good(clerk.reads("/clients", sort="-name"), 200)["total"] == len(STRANGE)


# Edits


def test_a_put_changes_what_is_sent_and_null_clears(api: Api) -> None:
    scene = Scene.of(api)
    owner = scene.owner
    for kind in THINGS:
        operation = operations(scene)[f"edit_{kind}"]
        assert operation.body
        before = good(owner.asks("GET", operation.path), 200)
        api.clock.pass_by(minutes=1)
        edited = owner.asks("PUT", operation.path, json=operation.body)
        version, at = before["version"] + 1, api.clock.now.isoformat().replace("+00:00", "Z")
        assert good(edited, 200) == before | operation.body | {
            "version": version, "updated_at": at, **({"state": "active"} if kind == "contract" else {}),
        }  # fmt: skip
        assert edited.headers["etag"] == f'"{version}"'
        api.clock.pass_by(minutes=1)
        for same in ({}, operation.body):
            again = owner.asks("PUT", operation.path, json=same)
            assert (answer(again), again.headers["etag"]) == (answer(edited), f'"{version}"')
        nullable = sorted(it.partition(":")[0] for it in operation.accepts if it.endswith(": null"))
        cleared = good(owner.asks("PUT", operation.path, json=dict.fromkeys(nullable)), 200)
        fresh = {"notes": "", "group_ids": [], "user_ids": [], "url": ""} | dict.fromkeys(
            ("guardian_name", "phone", "email", "address"), ""
        )
        assert {name: cleared[name] for name in nullable} == {name: fresh.get(name) for name in nullable}
        for name in {*operation.body} - {*nullable}:
            assert fields(owner.asks("PUT", operation.path, json={name: None})) == [name]
            assert cleared[name] == operation.body[name]


@IN_MEMORY
def test_a_version_that_is_no_longer_is_refused(api: Api) -> None:
    scene = Scene.of(api)
    for name in ("edit_client", "edit_contract", "edit_price", "edit_location", "replace_closures"):
        operation = operations(scene)[name]
        seen = scene.owner.asks("GET", operation.path).headers["etag"]
        edit = {"json": operation.body}
        assert scene.owner.asks("PUT", operation.path, headers={"if-match": seen}, **edit).status_code == 200
        for outdated in (seen, f"W/{seen}", '"0"', "x"):
            refused = scene.owner.asks("PUT", operation.path, headers={"if-match": outdated}, **edit)
            assert answer(refused) == CHANGED, (name, outdated)
        for fine in ('"99", ' + scene.owner.asks("GET", operation.path).headers["etag"], "*"):
            repeated = scene.owner.asks("PUT", operation.path, headers={"if-match": fine}, **edit)
            assert repeated.status_code == 200


@IN_MEMORY
def test_what_is_refused_is_refused_in_one_order(api: Api, clerk: Person, head: Person) -> None:
    things, user, outdated = one_of_each(head), api.having(), '"9"'
    for kind, thing in things.items():
        path, name = f"/{kind}s/{thing['id']}", "number" if kind == "contract" else "name"
        assert answer(api.nobody.puts(path, outdated, **{name: 1})) == SIGN_IN_FIRST
        assert fields(user.puts(path, outdated, **{name: 1})) == [name]
        assert answer(user.puts(f"/{kind}s/{UNKNOWN_ID}", outdated, **{name: "x"})) == FORBIDDEN
        assert answer(head.puts(f"/{kind}s/{UNKNOWN_ID}", outdated, **{name: "x"})) == NO[kind]
        assert answer(head.puts(path, outdated, **{name: "x"})) == CHANGED
        if kind in ("price", "location"):
            assert answer(clerk.puts(path, **{name: "x"})) == FORBIDDEN
    other = adds(head, "contract", client_id=things["client"]["id"], number="B")
    path = f"/contracts/{other['id']}"
    assert answer(head.puts(path, outdated, number=things["contract"]["number"])) == CHANGED
    assert answer(head.puts(path, number=things["contract"]["number"])) == refusal(
        409, "contract number is taken"
    )


@IN_MEMORY
def test_an_id_that_is_nobodys_or_no_id_is_not_found(api: Api, head: Person) -> None:
    things = one_of_each(head)
    for kind, thing in things.items():
        others = [other["id"] for name, other in things.items() if name != kind]
        for id_ in (UNKNOWN_ID, "x", "me", thing["id"][:-1], thing["id"].replace("-", ""), *others):
            assert answer(head.reads(f"/{kind}s/{id_}")) == NO[kind], id_
            assert answer(head.puts(f"/{kind}s/{id_}")) == NO[kind], id_
    for id_ in (UNKNOWN_ID, "x", "me", things["contract"]["id"]):
        assert answer(head.reads(f"/clients/{id_}/contracts")) == NO["client"]
        nobodys = no_id("client_id") if len(id_) < 36 else NO["client"]
        assert answer(head.posts("/contracts", client_id=id_)) == nobodys
        assert answer(head.reads(f"/locations/{id_}/closures")) == NO["location"]
        assert answer(head.puts(f"/locations/{id_}/closures", closures=[])) == NO["location"]
        assert good(head.reads("/contracts", client_id=id_), 200) == {"contracts": [], "total": 0}
    for unknown in (UNKNOWN_ID, "x"):
        assert fields(head.posts("/clients", name="Bea", user_ids=[unknown])) == ["user_ids[0]"]
    group = good(head.posts("/groups", name="Monday", location_id=things["location"]["id"]), 201)
    for_nobody = {"group_ids": [group["id"], UNKNOWN_ID, "x"]}
    assert fields(head.posts("/prices", **THINGS["price"], **for_nobody)) == ["group_ids[1]", "group_ids[2]"]
    price = f"/prices/{things['price']['id']}"
    assert fields(head.puts(price, **for_nobody)) == ["group_ids[1]", "group_ids[2]"]
    assert fields(head.puts(price, **for_nobody, name=1)) == ["name", "group_ids[1]", "group_ids[2]"]
    clerk = api.having(Role.EMPLOYEE)
    assert answer(clerk.puts(price, **for_nobody)) == FORBIDDEN
    assert fields(clerk.puts(price, **for_nobody, name=1)) == ["name"]
    assert good(head.reads(f"/clients/{things['client']['id']}"), 200) == things["client"]


@IN_MEMORY
def test_a_contract_stays_with_its_client(api: Api, head: Person) -> None:
    contract, other = one_of_each(head)["contract"], adds(head, "client")
    assert fields(head.puts(f"/contracts/{contract['id']}", client_id=other["id"])) == ["client_id"]
    assert fields(head.puts(f"/contracts/{contract['id']}", state="active")) == ["state"]


def test_a_client_who_left_gets_no_contract(api: Api, clerk: Person) -> None:
    child = adds(clerk, "client")
    contract = adds(clerk, "contract", client_id=child["id"])
    assert good(clerk.puts(f"/clients/{child['id']}", active=False), 200)["active"] is False
    refused = clerk.posts("/contracts", client_id=child["id"])
    assert answer(refused) == refusal(409, "client is archived")
    assert good(clerk.puts(f"/contracts/{contract['id']}", notes="left"), 200)["notes"] == "left"


# Malformed

MALFORMED: dict[str, list[dict[str, Any]]] = {
    "client": [
        {"name": ""}, {"name": "x" * 201}, {"name": "a\nb"}, {"guardian_name": "x" * 201},
        {"name": " \u3000"}, {"name": "\u200d"}, {"name": "\u3164"}, {"name": "a\u202eb"},
        {"name": "a\u2028b"}, {"guardian_name": "\u200b"}, {"guardian_name": "a\u200fb"},
        {"phone": "1\u202c2"}, {"phone": "\t\x1f"},
        {"birthday": "2026-03-03"}, {"birthday": "2026-02-30"}, {"birthday": ""}, {"birthday": "2020-1-1"},
        {"birthday": "2020-01-01T00:00:00Z"}, {"birthday": 20200101}, {"phone": "1" * 51},
        {"email": "x"}, {"email": "a@b@c"}, {"address": "x" * 501}, {"notes": "x" * 5001}, {"notes": "\x1b"},
        {"active": None}, {"active": "true"}, {"active": 1}, {"id": UNKNOWN_ID},
        {"user_ids": 1}, {"user_ids": [1]}, {"version": 2}, {"created_at": NOON},
    ],
    "contract": [
        {"number": ""}, {"number": " \t"}, {"number": "1\u2066"}, {"number": "x" * 51},
        {"number": "a\0"}, {"signed_on": "today"},
        {"signed_on": "0000-01-01"}, {"cancelled_on": "10000-01-01"}, {"notes": "x" * 5001},
        {"state": "active"},
    ],
    "price": [
        {"amount": 80}, {"amount": 80.0}, {"amount": 0.1}, {"amount": None}, {"amount": ""},
        {"amount": "80,00"}, {"amount": "80.005"}, {"amount": "-1"}, {"amount": "+1"}, {"amount": " 1"},
        {"amount": "1e3"},
        {"amount": "NaN"}, {"amount": "Infinity"}, {"amount": ".5"}, {"amount": "5."}, {"amount": "05"},
        {"amount": "٣"}, {"amount": "1\n"}, {"amount": "1_000"}, {"amount": "0x1"}, {"amount": "1" * 5000},
        {"amount": "1000000000000.01"}, {"amount": "9999999999999"}, {"currency": "eur"},
        {"currency": "EURO"}, {"currency": "ZZZ"}, {"currency": ""}, {"currency": None},
        {"currency": "EUR\n"}, {"visits": 0}, {"visits_per_week": 0}, {"visits_per_week": "2"},
        {"visits_per_week": 100_001},
        {"visits": "8"}, {"visits": 1.5}, {"visits": True}, {"visits": 100_001}, {"valid_days": 0},
        {"valid_days": 36_501}, {"valid_months": 1_201}, {"charges_absence": None}, {"name": None},
        {"group_ids": "x"}, {"group_ids": ["x"]}, {"group_ids": [None]}, {"on_sale_from": "x"},
        {"name": " "}, {"name": "a\u200eb"}, {"notes": "\0"}, {"price": "80.00"},
    ],
    "location": [
        {"name": ""}, {"name": "\u00a0"}, {"name": "a\u2069"}, {"address": "\u2800"}, {"address": "a\u061cb"},
        {"url": "https://a.example/\u200e"}, {"address": ""}, {"address": None},
        {"address": "x" * 501}, {"address": "a\nb"},
        {"url": "example.org"}, {"url": "javascript:alert(1)"}, {"url": "https://" + "x" * 2000},
        {"timezone": "Mars/Olympus"}, {"timezone": ""}, {"timezone": None}, {"timezone": "../UTC"},
        {"timezone": "x" * 101}, {"capacity": 0}, {"capacity": 100_001}, {"capacity": "12"}, {"active": None},
        {"closures": []},
    ],
}  # fmt: skip


@pytest.mark.slow
@IN_MEMORY
def test_what_is_malformed_names_its_field_and_changes_nothing(api: Api, head: Person) -> None:
    things = one_of_each(head)
    for kind, bodies in MALFORMED.items():
        usual = THINGS[kind] | ({"client_id": things["client"]["id"]} if kind == "contract" else {})
        path = f"/{kind}s/{things[kind]['id']}"
        for body in bodies:
            for refused in (head.posts(f"/{kind}s", **usual | body), head.puts(path, **body)):
                assert [field.partition("[")[0] for field in fields(refused)] == [*body], (kind, body)
        for missing in usual:
            rest = {name: value for name, value in usual.items() if name != missing}
            assert missing in fields(head.posts(f"/{kind}s", **rest, more=1))
        assert good(head.reads(path), 200) == things[kind]
        assert good(head.reads(f"/{kind}s"), 200)["total"] == 1


@IN_MEMORY
def test_fields_that_contradict_each_other_are_malformed(api: Api, head: Person) -> None:
    things = one_of_each(head)
    backwards = {"signed_on": "2026-03-02", "cancelled_on": "2026-03-01"}
    assert fields(head.puts(f"/contracts/{things['contract']['id']}", **backwards)) == ["cancelled_on"]
    price = f"/prices/{things['price']['id']}"
    good(head.puts(price, valid_days=30, on_sale_until="2026-03-01"), 200)
    assert fields(head.puts(price, valid_months=1)) == ["valid_months"]
    assert fields(head.puts(price, on_sale_from="2026-03-02")) == ["on_sale_until"]
    assert fields(head.puts(price, amount="80.50", currency="JPY")) == ["amount"]
    assert good(head.puts(price, valid_days=None, valid_months=1), 200)["valid_months"] == 1
    group = good(head.posts("/groups", name="Monday", location_id=things["location"]["id"]), 201)
    assert fields(head.puts(price, group_ids=[group["id"]] * 2)) == ["group_ids"]


@IN_MEMORY
def test_an_amount_that_is_a_number_is_seen_by_its_bytes(api: Api, head: Person) -> None:
    """Money is a text both ways: no float is ever made of it."""
    for literal in (b"80", b"80.0", b"8e1", b"80.00", b"-0"):
        body = b'{"name": "x", "currency": "EUR", "amount": ' + literal + b"}"
        assert fields(head.asks("POST", f"{CLUB}/prices", content=body)) == ["amount"], literal
    shown = head.posts("/prices", name="x", currency="EUR", amount="0.10").content
    assert b'"amount":"0.10"' in shown


@pytest.mark.parametrize(
    ("sent", "currency", "shown"),
    [
        ("80", "EUR", "80.00"), ("80.5", "EUR", "80.50"), ("80.00", "EUR", "80.00"), ("0", "EUR", "0.00"),
        ("0.29", "EUR", "0.29"), ("500", "JPY", "500"), ("1000000000000", "JPY", "1000000000000"),
        ("1.5", "KWD", "1.500"), ("0.0001", "CLF", "0.0001"),
        ("999999999999.9999", "CLF", "999999999999.9999"),
        ("1000000000000", "CLF", "1000000000000.0000"),
    ],
)  # fmt: skip
def test_an_amount_has_the_digits_of_its_currency(
    api: Api, head: Person, sent: str, currency: str, shown: str
) -> None:
    price = adds(head, "price", amount=sent, currency=currency)
    assert price["amount"] == shown
    assert good(api.nobody.reads(f"/prices/{price['id']}"), 200)["amount"] == shown
    assert good(api.nobody.reads("/prices"), 200)["prices"][0]["amount"] == shown


# Lists

LISTS = {
    "clients": ["name", "birthday", "created_at"],
    "contracts": ["number", "signed_on"],
    "prices": ["name", "amount"],
    "locations": ["name", "created_at"],
}


def put_in(api: Api, number: int) -> None:
    """So many of each, straight into the store; much alike, much missing."""
    clients = [
        make.client(
            name=("Анна", "anna", "ÉMILE")[n % 3],
            birthday=make.NOON.date() - timedelta(days=n % 5) if n % 3 else None,
            created_at=make.NOON + timedelta(seconds=n % 4),
        )
        for n in range(number)
    ]
    with api.store.transaction() as work:
        for n, client in enumerate(clients):
            work.clients.add(client)
            signed_on = make.NOON.date() - timedelta(days=n % 5) if n % 3 else None
            work.contracts.add(make.contract(client, number=f"{'aB'[n % 2]}/{n}", signed_on=signed_on))
            work.prices.add(make.price(f"{n * 7 % 13}.00", name=client.name))
            work.locations.add(make.location(name=client.name, created_at=client.created_at))


@pytest.mark.slow
def test_a_whole_list_is_the_same_as_its_pages_however_it_is_sorted(api: Api, head: Person) -> None:
    put_in(api, 45)
    for name, sorts in LISTS.items():
        for sort in ["", *sorts, *(f"-{it}" for it in sorts), ",".join(f"-{it}" for it in sorts)]:
            whole = good(head.reads(f"/{name}", sort=sort), 200)
            assert whole.keys() == {name, "total"}
            assert whole["total"] == len({item["id"] for item in whole[name]}) == 45
            for page in (1, 2, 3, 4):
                shown = good(head.reads(f"/{name}", sort=sort, page=page), 200)
                assert shown == {
                    name: whole[name][20 * (page - 1) : 20 * page], "total": 45, "page": page, "pages": 3,
                }, (name, sort, page)  # fmt: skip


@pytest.mark.slow
def test_a_list_of_more_than_is_read_at_once_is_whole(api: Api, head: Person) -> None:
    put_in(api, 503)
    for name, sorts in LISTS.items():
        response = head.reads(f"/{name}", sort=f"-{sorts[-1]}")
        whole = json.loads(response.content)
        assert response.extensions["pieces"] > 2
        assert whole["total"] == len({item["id"] for item in whole[name]}) == 503
        last = good(head.reads(f"/{name}", sort=f"-{sorts[-1]}", page=26), 200)
        assert last[name] == whole[name][-3:]


@pytest.fixture(scope="module")
def full() -> Iterator[tuple[Api, Person]]:
    with running() as api:
        put_in(api, 25)
        yield api, api.having(Role.HEAD_MANAGER)


def test_a_sort_or_page_that_cannot_be_is_malformed(full: tuple[Api, Person]) -> None:
    _, head = full
    for name, sorts in LISTS.items():
        for sort in (
            "id",
            "notes",
            "version",
            f"{sorts[0]},",
            f"{sorts[0]},-{sorts[0]}",
            sorts[0].upper(),
            "--x",
        ):
            assert fields(head.reads(f"/{name}", sort=sort)) == ["sort"], (name, sort)
        for page in ("0", "-1", "", "x", "1.0", "01", str(10**12 + 1)):
            assert fields(head.reads(f"/{name}", page=page)) == ["page"], (name, page)
        for query in ("limit=1", "offset=1", "name=x", "ids=1"):
            assert fields(listed(head, f"{name}?{query}")) == [query.partition("=")[0]], (name, query)
        assert fields(listed(head, f"{name}?page=1&page=1")) == ["page"]
    assert fields(head.reads("/prices", active="true")) == ["active"]
    for wrong in ("clients?active=1", "locations?active=True", "clients?active=", "locations?active=null"):
        assert fields(listed(head, wrong)) == ["active"], wrong
    for wrong in ("signed", "Draft", "", "null"):
        assert fields(head.reads("/contracts", state=wrong)) == ["state"], wrong


def test_a_list_is_sorted_however_the_plus_is_spelt(full: tuple[Api, Person]) -> None:
    _, head = full
    for name, (sort, *_) in LISTS.items():
        ascending = good(listed(head, f"{name}?sort={sort}"), 200)
        for spelt in ("+", "%2B", "%20"):
            assert good(listed(head, f"{name}?sort={spelt}{sort}"), 200) == ascending
        assert good(listed(head, f"{name}"), 200) == ascending, "it is what is sorted by when nobody says"
        assert good(listed(head, f"{name}?sort=-{sort}"), 200) != ascending


def test_nothing_comes_last_either_way_and_ties_go_by_id(full: tuple[Api, Person]) -> None:
    _, head = full
    for name, field in (("clients", "birthday"), ("contracts", "signed_on")):
        for sort, descending in ((field, False), (f"-{field}", True)):
            shown = good(head.reads(f"/{name}", sort=sort), 200)[name]
            having = sorted((it for it in shown if it[field]), key=lambda it: it["id"])
            having.sort(key=lambda it: it[field], reverse=descending)
            without = sorted((it for it in shown if not it[field]), key=lambda it: it["id"])
            assert without
            assert shown == having + without, sort


def test_prices_are_sorted_by_what_they_cost(full: tuple[Api, Person]) -> None:
    _, head = full
    amounts = [float(it["amount"]) for it in good(head.reads("/prices", sort="amount"), 200)["prices"]]
    assert amounts == sorted(amounts)
    assert amounts != sorted(amounts, key=str)


def test_clients_are_filtered_by_part_of_two_names_and_by_state(api: Api, clerk: Person) -> None:
    for name, guardian, active in [
        ("Anna Ц", "Zoë", True),
        ("Bea", "АННА", True),
        ("Carl", "100%_sure", False),
    ]:
        adds(clerk, "client", name=name, guardian_name=guardian, active=active)
    for query, found in {
        "": ["Anna Ц", "Bea", "Carl"],
        "q=": ["Anna Ц", "Bea", "Carl"],
        "q=ц": ["Anna Ц"],
        "q=анна": ["Bea"],
        "q=ZO%C3%8B": ["Anna Ц"],
        "q=zoe+anna": ["Anna Ц"],
        "q=annazoe": [],
        "q=%25_": ["Carl"],
        "q=%25": ["Carl"],
        "q=c%25": [],
        "q=a&sort=-name": ["Carl", "Bea", "Anna Ц"],
        "q=a&active=true": ["Anna Ц", "Bea"],
        "active=false": ["Carl"],
    }.items():
        for path in (f"clients?{query}", f"clients?{query}&page=1"):
            assert said("clients", listed(clerk, path)) == found, path


def test_locations_are_filtered_by_state(api: Api, head: Person) -> None:
    adds(head, "location", name="B", address="1")
    adds(head, "location", name="a", address="2", active=False)
    user = api.having()
    assert said("locations", user.reads("/locations")) == ["a", "B"]
    assert said("locations", user.reads("/locations", active="true")) == ["B"]
    assert said("locations", user.reads("/locations", active="false", page=1)) == ["a"]


# Prices for anybody


def test_prices_on_sale_are_anybodys_without_their_notes(api: Api, clerk: Person, head: Person) -> None:
    now = adds(head, "price", notes="for siblings", name="now")
    later = adds(head, "price", notes="secret", on_sale_from="2026-03-03", name="later")
    shown = {name: value for name, value in now.items() if name != "notes"}
    for person in (api.nobody, api.having(), clerk, api.having(Role.MANAGER), Person(api.http, token="x")):
        assert good(person.reads("/prices"), 200) == {"prices": [shown], "total": 1}
        response = person.reads(f"/prices/{now['id']}")
        assert (answer(response), response.headers["etag"]) == ((200, shown), '"1"')
        assert answer(person.reads(f"/prices/{later['id']}")) == NO["price"]
    assert good(head.reads("/prices", page=1), 200) == {
        "prices": [later, now], "total": 2, "page": 1, "pages": 1,
    }  # fmt: skip
    assert good(head.reads(f"/prices/{later['id']}"), 200) == later


# Closures


def test_closures_are_replaced_whole(api: Api, head: Person) -> None:
    location = adds(head, "location")
    path, user = f"/locations/{location['id']}/closures", api.having()
    assert answer(user.reads(path)) == (200, {"closures": []})
    sent = [
        {"from": "2026-12-24", "until": "2027-01-01", "reason": "holidays"},
        {"from": "2026-03-02", "until": "2026-03-02"},
    ]
    shown = {"closures": [sent[0], {**sent[1], "reason": ""}]}
    response = head.puts(path, '"1"', closures=sent)
    assert (answer(response), response.headers["etag"]) == ((200, shown), '"2"')
    assert answer(user.reads(path)) == (200, shown)
    assert good(head.reads(f"/locations/{location['id']}"), 200).keys() == location.keys()
    assert answer(head.puts(path, '"1"', closures=[])) == CHANGED
    assert head.puts(path, closures=sent).headers["etag"] == '"2"', "the same again changes nothing"
    assert answer(head.puts(path, closures=[])) == (200, {"closures": []})
    assert answer(user.puts(path, closures=[])) == FORBIDDEN


@IN_MEMORY
def test_each_closure_that_cannot_be_is_named_by_its_place(api: Api, head: Person) -> None:
    path = f"/locations/{adds(head, 'location')['id']}/closures"
    fine = {"from": "2026-03-02", "until": "2026-03-03"}
    backwards = fine | {"until": "2026-03-01"}
    assert fields(head.puts(path, closures=[fine, backwards, fine, backwards])) == [
        "closures[1].until",
        "closures[3].until",
    ]
    assert fields(head.puts(path, closures=[fine, fine | {"reason": "a\nb"}])) == ["closures[1].reason"]
    for wrong, field in [
        ({"from": "2026-02-30"}, "closures[0].from"),
        ({"until": None}, "closures[0].until"),
        ({"reason": None}, "closures[0].reason"),
        ({"reason": "x" * 501}, "closures[0].reason"),
        ({"since": "2026-03-02"}, "closures[0].since"),
    ]:
        assert fields(head.puts(path, closures=[fine | wrong])) == [field], wrong
    for sent in (None, {}, "x", [None], [[]], [fine] * 1001):
        assert fields(head.puts(path, closures=sent))[0].startswith("closures"), sent
    assert good(head.puts(path, closures=[fine] * 1000), 200)["closures"][999]["reason"] == ""


def test_an_address_is_one_locations_alone(api: Api, head: Person) -> None:
    adds(head, "location")
    taken = refusal(409, "address is taken")
    assert answer(head.posts("/locations", name="x", address="1 MAIN STREET")) == taken
    other = adds(head, "location", address="2 Main Street")
    assert answer(head.puts(f"/locations/{other['id']}", address="1 main street")) == taken
    assert good(head.reads("/locations"), 200)["total"] == 2


# Parents


def family(api: Api, head: Person) -> tuple[Person, dict[str, Any], dict[str, Any]]:
    """A parent, the own things, and what is of another's."""
    parent, other = api.having(username="parent"), api.having(username="other")
    own = one_of_each(head, user_ids=[parent.id])
    child = adds(head, "client", user_ids=[other.id], notes=NOTES, name="Bea")
    return (
        parent,
        own,
        {"client": child, "contract": adds(head, "contract", client_id=child["id"], notes=NOTES)},
    )


def test_a_parent_reads_the_own_client_and_its_contracts_without_any_notes(api: Api, head: Person) -> None:
    parent, own, _ = family(api, head)
    client, contract = (
        {name: value for name, value in own[kind].items() if name != "notes"}
        for kind in ("client", "contract")
    )
    path = f"/clients/{own['client']['id']}"
    response = parent.reads(path)
    assert (answer(response), response.headers["etag"]) == ((200, client), '"1"')
    assert answer(parent.reads(f"{path}/contracts")) == (200, {"contracts": [contract], "total": 1})
    assert NOTES not in response.text + parent.reads(f"{path}/contracts").text
    assert answer(head.reads(f"{path}/contracts")) == (200, {"contracts": [own["contract"]], "total": 1})
    assert answer(parent.puts(path, phone="1")) == FORBIDDEN
    assert answer(parent.reads(f"/contracts/{own['contract']['id']}")) == FORBIDDEN


@pytest.mark.plants
def test_a_note_is_seen_in_a_parents_answer_when_nobody_keeps_it_back(
    memory: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = memory.having(Role.HEAD_MANAGER)
    parent, own, _ = family(memory, head)
    monkeypatch.setattr(use_cases, "sees_notes", lambda _: True)
    path = f"/clients/{own['client']['id']}"
    assert NOTES in parent.reads(path).text
    assert NOTES in parent.reads(f"{path}/contracts").text


def learnt(api: Api, person: Person, ids: list[str], secrets: list[str]) -> list[str]:
    """Where a walk over all there is to ask with these ids tells a secret or does something."""
    templates = [
        path
        for path in api.http.get("/schema/openapi.json").json()["paths"]
        if path.startswith(f"{CLUB}/") and "/auth/" not in path
    ]
    told = []
    for template in templates:
        place = template.partition("{")[2].partition("}")[0]
        for id_ in ids if place else [""]:
            path = re.sub(r"{\w+}", id_, template)
            for method, body in (
                ("GET", None),
                ("HEAD", None),
                ("PUT", {}),
                ("PUT", {"notes": "x"}),
                ("PUT", {"closures": []}),
                ("POST", {"client_id": id_}),
            ):
                response = person.asks(method, path, **({} if body is None else {"json": body}))
                assert response.status_code < 500
                is_done = method != "GET" and response.status_code < 300 and place not in ("", "user_id")
                if is_done or any(secret in response.text for secret in secrets):
                    told.append(f"{method} {path}")
    for query in ("clients?q=bea", *(f"contracts?client_id={id_}" for id_ in ids)):
        assert answer(listed(person, query)) == FORBIDDEN
    return told


@pytest.mark.slow
@IN_MEMORY
def test_no_id_of_another_client_tells_a_parent_anything(api: Api, head: Person) -> None:
    parent, _, others = family(api, head)
    ids = [others["client"]["id"], others["contract"]["id"], *others["client"]["user_ids"]]
    secrets = ["Bea", NOTES, others["contract"]["number"]]
    before = [good(head.reads(f"/{kind}s/{it['id']}"), 200) for kind, it in others.items()]
    assert learnt(api, parent, ids, secrets) == []
    assert learnt(api, api.having(email_confirmed_at=None), ids, secrets) == []
    assert [good(head.reads(f"/{kind}s/{it['id']}"), 200) for kind, it in others.items()] == before


@pytest.mark.slow
def test_a_walk_sees_what_is_told_when_every_client_is_ones_own(
    memory: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    parent, _, others = family(memory, memory.having(Role.HEAD_MANAGER))
    monkeypatch.setattr(clients_use_cases, "is_own", lambda _, client: client is not None)
    path = f"{CLUB}/clients/{others['client']['id']}"
    told = learnt(memory, parent, [others["client"]["id"]], ["Bea", others["contract"]["number"]])
    with_secrets = {f"GET {path}{part}" for part in ("", "/contracts", "/calendar.ics")}
    parts = ("", "/contracts", "/subscriptions", "/attendance", "/groups", "/lessons", "/calendar.ics")
    answered = {f"HEAD {path}{part}" for part in parts}
    assert {*told} == with_secrets | answered


def test_a_parent_finds_the_own_clients_under_me_and_nobody_else_does(api: Api, head: Person) -> None:
    parent, other = api.having(), api.having()
    ids = [
        good(head.posts("/clients", name=name, user_ids=[parent.id]), 201)["id"] for name in ("Zoe", "Ann")
    ]
    mine = good(parent.reads("/users/me"), 200)
    assert mine["clients"] == [{"id": ids[1], "name": "Ann"}, {"id": ids[0], "name": "Zoe"}]
    assert good(parent.puts("/users/me", name="Mum"), 200)["clients"] == mine["clients"]
    assert good(other.reads("/users/me"), 200)["clients"] == []
    assert "clients" not in good(head.reads(f"/users/{parent.id}"), 200)


def test_clients_are_found_as_people_type_and_sorted_as_they_look(api: Api, clerk: Person) -> None:
    typed = [
        ("Ägidius", "", "", ""),
        ("Zita", "", "", ""),
        ("Anna Müller", "José", "mail@example.org", "+49 170 1234"),
        ("José  Łuk", "", "", ""),
    ]
    for name, guardian, email, phone in typed:
        adds(clerk, "client", name=f" {name} ", guardian_name=guardian, email=f"{email} ", phone=phone)
    in_order = ["Ägidius", "Anna Müller", "José  Łuk", "Zita"]
    for q, expected in {
        "": in_order,
        "jose": ["Anna Müller", "José  Łuk"],
        "JOSÉ luk": ["José  Łuk"],
        "muller anna": ["Anna Müller"],
        "mail@ anna": ["Anna Müller"],
        "(170) 12-34": ["Anna Müller"],
        "agidius": ["Ägidius"],
        "anna zita": [],
    }.items():
        found = good(clerk.reads("/clients", q=q), 200)
        assert ([it["name"] for it in found["clients"]], found["total"]) == (expected, len(expected)), q
    first = good(clerk.reads("/clients", sort="-name", page=1), 200)["clients"]
    assert [it["name"] for it in first] == in_order[::-1]
    assert fields(clerk.reads("/clients", q="a\x1fb")) == ["q"]
