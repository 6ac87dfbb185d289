"""Subscriptions, letter for letter, over every store: sold, shown, put on hold, cancelled."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from attendance.application.forms import client_access as use_cases
from attendance.domain.permissions.roles import Role
from tests import make
from tests.http.api import CLUB, IN_MEMORY, UNKNOWN_ID, Api, Person, answer, fields, good, no_id, refusal
from tests.http.club.test_clients_protocol import CHANGED, FORBIDDEN, NO, known
from tests.http.club_protocol import SIGN_IN_FIRST
from tests.http.operations import added

NO_SUBSCRIPTION = refusal(404, "subscription not found")
TODAY, TOMORROW, YESTERDAY = "2026-03-02", "2026-03-03", "2026-03-01"
AT_NINE = {"starts": "09:00", "ends": "10:00"}


@pytest.fixture
def clerk(api: Api) -> Person:
    return api.having(Role.EMPLOYEE, "clerk")


@pytest.fixture
def head(api: Api) -> Person:
    return api.having(Role.HEAD_MANAGER, "head")


@pytest.fixture
def child(head: Person) -> str:
    return added(head, "/clients", name="Anna")


@pytest.fixture
def group(head: Person, child: str) -> str:
    place = added(head, "/locations", name="Main", address="1 Main Street")
    members = [{"client_id": child, "from": "2026-01-01"}]
    return added(head, "/groups", name="Chess", location_id=place, members=members)


def price(head: Person, **body: Any) -> str:
    return added(head, "/prices", **{"name": "Pass", "amount": "80.00", "currency": "EUR"} | body)


def sells(by: Person, child: str, price_id: str, **body: Any) -> dict[str, Any]:
    return good(by.posts("/subscriptions", client_id=child, price_id=price_id, **body), 201)


def path_of(subscription: dict[str, Any]) -> str:
    return f"/subscriptions/{subscription['id']}"


def now(by: Person, subscription: dict[str, Any]) -> dict[str, Any]:
    return good(by.reads(path_of(subscription)), 200)


def visits(head: Person, group: str, child: str, *dates: str, status: str = "present") -> list[str]:
    """The lessons to which the child came."""
    lessons = [added(head, f"/groups/{group}/lessons", date=it, **AT_NINE) for it in dates]
    for lesson in lessons:
        entry = {"client_id": child, "status": status}
        good(head.puts(f"/lessons/{lesson}/attendance", attendances=[entry]), 200)
    return lessons


# Selling


def test_what_is_least_said_is_sold_today_from_today_on(head: Person, clerk: Person, child: str) -> None:
    price_id = price(head)
    response = clerk.posts("/subscriptions", client_id=child, price_id=price_id)
    path = f"{CLUB}/subscriptions/{response.json()['id']}"
    assert response.headers["location"] == path
    shown = clerk.asks("GET", path)
    assert (answer(shown), shown.headers["etag"]) == ((200, response.json()), '"1"')
    whole = {"subscriptions": [response.json()], "total": 1}
    assert answer(clerk.reads("/subscriptions")) == (200, whole)
    assert answer(clerk.reads(f"/clients/{child}/subscriptions")) == (200, whole)
    assert known(response, 201) == {
        "version": 1, "client_id": child, "price_id": price_id, "price_name": "Pass", "contract_id": None,
        "sold_on": TODAY, "amount": "80.00", "currency": "EUR", "discount_percent": 0, "amount_due": "80.00",
        "visits": None, "visits_per_week": None, "visits_left": None, "group_ids": [],
        "charges_absence": True, "starts_on": TODAY, "ends_on": None,
        "valid_until": None, "freezes": [], "cancelled_on": None, "state": "active",
    }  # fmt: skip
    nothing = dict.fromkeys(("contract_id", "discount_percent", "sold_on", "starts_on"))
    again = clerk.posts("/subscriptions", client_id=child, price_id=price_id, **nothing, settle_unpaid=False)
    assert known(again, 201) == known(response, 201)


def test_a_sale_copies_the_price_and_keeps_what_was_sold(head: Person, child: str, group: str) -> None:
    of_price = {"visits": 8, "visits_per_week": 2, "group_ids": [group], "charges_absence": False}
    price_id = price(head, amount="9.99", valid_months=1, **of_price)
    contract = added(head, "/contracts", client_id=child)
    said = {
        "contract_id": contract, "discount_percent": 15, "sold_on": "2026-01-30", "starts_on": "2026-01-31"
    }  # fmt: skip
    it = sells(head, child, price_id, **said)
    assert it.items() >= {
        **said, **of_price, "price_name": "Pass", "amount": "9.99", "amount_due": "8.49", "visits_left": 8,
        "ends_on": "2026-02-28", "valid_until": "2026-02-28", "state": "expired",
    }.items()  # fmt: skip
    renamed = {"name": "Month", "amount": "100.00", "currency": "JPY", "visits_per_week": 1, "group_ids": []}
    good(head.puts(f"/prices/{price_id}", **renamed), 200)
    assert now(head, it) == it
    assert good(head.reads(f"/clients/{child}/subscriptions"), 200)["subscriptions"] == [it]
    columns, row = (line.split(",") for line in head.reads("/subscriptions", format="csv").text.splitlines())
    told = dict(zip(columns, row, strict=True))
    assert (told["price_name"], told["visits_per_week"]) == ("Pass", "2")
    from_then = sells(head, child, price_id, sold_on="2026-02-01")
    assert (from_then["starts_on"], from_then["amount_due"]) == ("2026-02-01", "100")
    assert (from_then["price_name"], from_then["visits_per_week"]) == ("Month", 1)


@pytest.mark.parametrize(
    ("amount", "currency", "percent", "due"),
    [("80.05", "EUR", 50, "40.03"), ("501", "JPY", 50, "251"), ("1.001", "KWD", 50, "0.501"),
     ("80", "EUR", 100, "0.00")],
)  # fmt: skip
def test_amounts_are_texts_with_the_digits_of_their_currency(
    head: Person, child: str, amount: str, currency: str, percent: int, due: str
) -> None:
    price_id = price(head, amount=amount, currency=currency)
    it = sells(head, child, price_id, discount_percent=percent)
    assert it["amount_due"] == due
    assert f'"amount_due":"{due}"'.encode() in head.reads(path_of(it)).content


def test_what_is_not_on_sale_is_sold_by_head_managers_alone(head: Person, clerk: Person, child: str) -> None:
    over, to_come = price(head, on_sale_until=YESTERDAY), price(head, on_sale_from=TOMORROW)
    for price_id in (over, to_come):
        refused = clerk.posts("/subscriptions", client_id=child, price_id=price_id)
        assert answer(refused) == refusal(409, "price is not on sale")
        assert sells(head, child, price_id)["price_id"] == price_id
    refused = clerk.posts("/subscriptions", client_id=child, price_id=over, sold_on=YESTERDAY)
    assert answer(refused) == refusal(409, "price is not on sale"), "whoever sells says when it was sold"
    assert sells(head, child, over, sold_on=YESTERDAY)["sold_on"] == YESTERDAY
    assert sells(clerk, child, price(head), sold_on=YESTERDAY)["sold_on"] == YESTERDAY
    refused = head.posts("/subscriptions", client_id=child, price_id=to_come, sold_on=TOMORROW)
    assert fields(refused) == ["sold_on"]


@IN_MEMORY
def test_a_discount_is_given_by_managers_and_above(api: Api, head: Person, clerk: Person, child: str) -> None:
    price_id = price(head)
    for percent in (1, 100):
        refused = clerk.posts("/subscriptions", client_id=child, price_id=price_id, discount_percent=percent)
        assert answer(refused) == FORBIDDEN
    for body in ({"client_id": UNKNOWN_ID}, {"price_id": UNKNOWN_ID}):
        sale = {"client_id": child, "price_id": price_id, "discount_percent": 1, **body}
        assert answer(clerk.posts("/subscriptions", **sale)) == FORBIDDEN
    for nothing in (0, None):
        assert sells(clerk, child, price_id, discount_percent=nothing)["amount_due"] == "80.00"
    manager = api.having(Role.MANAGER)
    assert sells(manager, child, price_id, discount_percent=100)["amount_due"] == "0.00"


@IN_MEMORY
def test_a_sale_is_told_as_late_as_a_lesson_may_be_marked(
    api: Api, head: Person, clerk: Person, child: str
) -> None:
    price_id, manager = price(head), api.having(Role.MANAGER)
    refusal_of_old = refusal(403, "sold too long ago")
    for by, last, first_refused in (
        (clerk, "2026-02-23", "2026-02-22"), (manager, "2026-01-01", "2025-12-31"), (head, "0001-01-01", None)
    ):  # fmt: skip
        assert sells(by, child, price_id, sold_on=last)["sold_on"] == last
        if first_refused:
            sale = {"client_id": child, "price_id": price_id, "sold_on": first_refused}
            assert answer(by.posts("/subscriptions", **sale)) == refusal_of_old
            assert answer(by.posts("/subscriptions", **sale | {"client_id": UNKNOWN_ID})) == refusal_of_old
            assert fields(by.posts("/subscriptions", **sale | {"sold_on": TOMORROW})) == ["sold_on"]
    assert sells(clerk, child, price_id, starts_on="2025-01-01")["starts_on"] == "2025-01-01"


def test_a_renewal_begins_when_the_current_pass_is_over_and_pays_no_day_twice(
    head: Person, clerk: Person, child: str, group: str
) -> None:
    monthly, after = price(head, valid_months=1), {"starts_on": "after_current"}
    first = sells(clerk, child, monthly, **after)
    assert (first["starts_on"], first["ends_on"]) == (TODAY, "2026-04-01")
    second = sells(clerk, child, monthly, **after)
    assert (second["starts_on"], second["ends_on"]) == ("2026-04-02", "2026-05-01")
    frozen = good(head.puts(path_of(second), freezes=[{"from": "2026-04-10", "until": "2026-04-19"}]), 200)
    assert frozen["valid_until"] == "2026-05-11"
    assert sells(clerk, child, monthly, **after)["starts_on"] == "2026-05-12"
    narrow = price(head, group_ids=[group])
    open_ended = sells(clerk, child, narrow, **after)
    assert (open_ended["starts_on"], open_ended["ends_on"]) == (TODAY, None)
    refused = clerk.posts("/subscriptions", client_id=child, price_id=narrow, **after)
    assert answer(refused) == refusal(409, "a current subscription has no end")
    used_up = sells(clerk, added(head, "/clients", name="Bea"), monthly, sold_on=YESTERDAY, **after)
    assert used_up["starts_on"] == TODAY, "the day of the sale says nothing of it"


def test_nothing_is_sold_to_who_left_or_under_the_contract_of_another(
    head: Person, clerk: Person, child: str
) -> None:
    price_id, other = price(head), added(head, "/clients", name="Bea")
    contract = added(head, "/contracts", client_id=other)
    refused = clerk.posts("/subscriptions", client_id=child, price_id=price_id, contract_id=contract)
    assert answer(refused) == refusal(409, "contract belongs to another client")
    it = sells(clerk, child, price_id)
    assert answer(clerk.puts(path_of(it), contract_id=contract)) == refusal(
        409, "contract belongs to another client"
    )
    good(clerk.puts(f"/clients/{child}", active=False), 200)
    refused = clerk.posts("/subscriptions", client_id=child, price_id=price_id)
    assert answer(refused) == refusal(409, "client is archived")
    assert good(clerk.puts(path_of(it), cancelled_on=TODAY), 200)["cancelled_on"] == TODAY
    assert good(clerk.reads("/subscriptions"), 200)["total"] == 1


def test_a_new_pass_pays_for_what_is_unpaid_where_it_is_asked_to(
    head: Person, clerk: Person, child: str, group: str
) -> None:
    lessons = visits(head, group, child, TODAY, "2026-02-20", "2026-02-27")
    price_id = price(head, visits=2)
    assert sells(clerk, child, price_id)["visits_left"] == 2
    it = sells(clerk, child, price_id, starts_on="2026-02-01", settle_unpaid=True)
    assert (it["visits_left"], it["version"], it["state"]) == (0, 1, "used_up")
    assert now(clerk, it) == it
    entries = [good(head.reads(f"/lessons/{lesson}/attendance"), 200)["attendances"][0] for lesson in lessons]
    assert [(entry["subscription_id"], entry["unpaid"]) for entry in entries] == [
        (None, True), (it["id"], False), (it["id"], False)
    ]  # fmt: skip


# States and edits


def test_a_pass_is_in_its_state_of_today_in_the_organisations_zone(
    api: Api, head: Person, child: str, group: str
) -> None:
    monthly, few = price(head, valid_days=2), price(head, visits=1)
    used_up = sells(head, child, few)
    visits(head, group, child, TODAY)
    made = {
        "used_up": used_up,
        "active": sells(head, child, monthly),
        "pending": sells(head, child, monthly, starts_on=TOMORROW),
        "expired": sells(head, child, monthly, starts_on="2026-02-28"),
        "frozen": sells(head, child, monthly),
        "cancelled": sells(head, child, monthly),
    }
    good(head.puts(path_of(made["frozen"]), freezes=[{"from": TODAY, "until": TODAY}]), 200)
    good(head.puts(path_of(made["cancelled"]), cancelled_on=YESTERDAY), 200)
    for state, it in made.items():
        assert now(head, it)["state"] == state
        listed = good(head.reads("/subscriptions", state=state, client_id=child, page=1), 200)
        assert [each["id"] for each in listed["subscriptions"]] == [it["id"]], state
        assert listed["total"] == 1
    api.clock.pass_by(hours=12)
    (head,) = api.passes(head)
    states = {state: now(head, it)["state"] for state, it in made.items()}
    assert states == {
        "used_up": "used_up", "active": "active", "pending": "active", "expired": "expired",
        "frozen": "active", "cancelled": "cancelled",
    }  # fmt: skip
    assert good(head.reads("/subscriptions", state="active"), 200)["total"] == 3


def test_a_put_changes_what_is_sent_and_null_clears(
    api: Api, head: Person, clerk: Person, child: str
) -> None:
    it = sells(clerk, child, price(head, valid_days=30))
    contract = added(clerk, "/contracts", client_id=child)
    body = {
        "ends_on": "2026-04-30",
        "freezes": [
            {"from": "2026-03-10", "until": "2026-03-19"},
            {"from": "2026-05-01", "until": "2026-05-01"},
        ],
        "cancelled_on": "2026-05-31",
        "contract_id": contract,
    }  # fmt: skip
    api.clock.pass_by(minutes=1)
    edited = clerk.puts(path_of(it), **body)
    assert answer(edited) == (
        200, it | body | {"valid_until": "2026-05-11", "version": 2, "updated_at": "2026-03-02T12:01:00Z"},
    )  # fmt: skip
    assert edited.headers["etag"] == '"2"'
    api.clock.pass_by(minutes=1)
    for same in ({}, body):
        again = clerk.puts(path_of(it), **same)
        assert (answer(again), again.headers["etag"]) == (answer(edited), '"2"')
    cleared = good(clerk.puts(path_of(it), **dict.fromkeys(body)), 200)
    nothing = {"ends_on": None, "valid_until": None, "freezes": [], "cancelled_on": None, "contract_id": None}
    assert cleared == edited.json() | nothing | {"version": 3, "updated_at": "2026-03-02T12:02:00Z"}


def test_freezes_are_shown_in_order_however_they_were_sent(head: Person, child: str) -> None:
    it = sells(head, child, price(head, valid_days=30))
    freezes = [{"from": f"2026-03-{day}", "until": f"2026-03-{day}"} for day in (10, 12, 14)]
    assert good(head.puts(path_of(it), freezes=freezes[::-1]), 200)["freezes"] == freezes


def test_freezes_that_contradict_each_other_are_refused(head: Person, child: str) -> None:
    it = sells(head, child, price(head, valid_days=30))
    for spans, text in [
        ([("10", "12"), ("12", "14")], "freezes overlap"),
        ([("12", "14"), ("10", "12")], "freezes overlap"),
        ([("10", "10"), ("10", "10")], "freezes overlap"),
    ]:
        freezes = [{"from": f"2026-03-{one}", "until": f"2026-03-{other}"} for one, other in spans]
        assert answer(head.puts(path_of(it), freezes=freezes)) == refusal(409, text)
    late = [{"from": "2026-04-01", "until": "2026-04-01"}]
    assert answer(head.puts(path_of(it), freezes=late)) == refusal(
        409, "freeze starts after the subscription ends"
    )
    early = [{"from": "2026-01-01", "until": "2026-01-01"}]
    assert answer(head.puts(path_of(it), freezes=early)) == refusal(
        409, "freeze ends before the subscription begins"
    )
    assert now(head, it) == it


def test_an_edit_that_leaves_charged_visits_outside_is_refused_and_names_their_dates(
    head: Person, child: str, group: str
) -> None:
    it = sells(head, child, price(head, valid_days=30), starts_on="2026-02-15")
    visits(head, group, child, TODAY, "2026-02-20")
    for body, days in [
        ({"cancelled_on": "2026-02-28"}, TODAY),
        ({"ends_on": "2026-02-19"}, f"2026-02-20, {TODAY}"),
        ({"freezes": [{"from": "2026-02-20", "until": "2026-02-20"}]}, "2026-02-20"),
    ]:
        assert answer(head.puts(path_of(it), **body)) == refusal(409, f"visits are charged to it on {days}")
    assert now(head, it) == it
    assert good(head.puts(path_of(it), cancelled_on=TODAY), 200)["version"] == 2


@IN_MEMORY
def test_a_version_that_is_no_longer_is_refused(head: Person, child: str, group: str) -> None:
    it = sells(head, child, price(head, visits=8))
    visits(head, group, child, TODAY)
    assert good(head.puts(path_of(it), '"1"', cancelled_on=TODAY), 200)["version"] == 2, "marks are no edits"
    for outdated in ('"1"', 'W/"1"', '"0"', "x"):
        assert answer(head.puts(path_of(it), outdated, cancelled_on=None)) == CHANGED
    for fine in ('"2"', 'W/"2"', '"2-active-1"', '"9", "2"', "*"):
        assert good(head.puts(path_of(it), fine, cancelled_on=TODAY), 200)["version"] == 2


# Refusals


@IN_MEMORY
def test_what_is_refused_is_refused_in_one_order(api: Api, head: Person, child: str, group: str) -> None:
    it, user = sells(head, child, price(head), starts_on="2026-02-01"), api.having()
    visits(head, group, child, TODAY)
    unknown, outdated = f"/subscriptions/{UNKNOWN_ID}", '"9"'
    assert answer(api.nobody.puts(path_of(it), outdated, ends_on=1)) == SIGN_IN_FIRST
    assert fields(user.puts(unknown, outdated, ends_on=1)) == ["ends_on"]
    assert answer(user.puts(unknown, outdated, ends_on=TODAY)) == FORBIDDEN
    assert answer(head.puts(unknown, outdated, ends_on=YESTERDAY)) == NO_SUBSCRIPTION
    assert answer(head.puts(path_of(it), outdated, ends_on=YESTERDAY)) == CHANGED
    assert head.puts(path_of(it), '"1"', ends_on=YESTERDAY).status_code == 409
    sale = {"client_id": UNKNOWN_ID, "price_id": UNKNOWN_ID}
    assert answer(api.nobody.posts("/subscriptions", **sale, discount_percent=101)) == SIGN_IN_FIRST
    assert fields(user.posts("/subscriptions", **sale, discount_percent=101)) == ["discount_percent"]
    assert answer(user.posts("/subscriptions", **sale)) == FORBIDDEN
    assert answer(user.reads(path_of(it))) == answer(user.reads("/subscriptions")) == FORBIDDEN


@IN_MEMORY
def test_an_id_that_is_nobodys_or_no_id_is_not_found(head: Person, child: str) -> None:
    price_id = price(head)
    it = sells(head, child, price_id)
    contract = added(head, "/contracts", client_id=child)
    fine = {"client_id": child, "price_id": price_id, "contract_id": contract}
    for id_ in (UNKNOWN_ID, "x", "", "me", it["id"][:-1], price_id.replace("-", "")):
        for name in fine:
            refused = head.posts("/subscriptions", **fine | {name: id_})
            is_id = len(id_) == 36
            nobodys = NO[name.removesuffix("_id")] if is_id else no_id(name)
            assert answer(refused) == nobodys, (name, id_)
        nobodys = NO["contract"] if len(id_) == 36 else no_id("contract_id")
        assert answer(head.puts(path_of(it), contract_id=id_)) == nobodys
        if id_:
            assert answer(head.reads(f"/subscriptions/{id_}")) == NO_SUBSCRIPTION
            assert answer(head.puts(f"/subscriptions/{id_}")) == NO_SUBSCRIPTION
            assert answer(head.reads(f"/clients/{id_}/subscriptions")) == NO["client"]
            for name in ("client_id", "contract_id"):
                nothing = {"subscriptions": [], "total": 0}
                assert answer(head.reads("/subscriptions", **{name: id_})) == (200, nothing)
    assert good(head.reads("/subscriptions"), 200)["total"] == 1


MALFORMED_SALES: list[dict[str, Any]] = [
    {"client_id": None}, {"client_id": 1}, {"price_id": None}, {"price_id": []}, {"contract_id": 1},
    {"discount_percent": -1}, {"discount_percent": 101}, {"discount_percent": 1.5},
    {"discount_percent": "15"}, {"discount_percent": True}, {"sold_on": "2026-02-30"}, {"sold_on": "today"},
    {"starts_on": 20260302}, {"starts_on": "2026-03-02T00:00:00Z"}, {"settle_unpaid": None},
    {"starts_on": "2026-02-30"}, {"starts_on": "20260302"}, {"starts_on": "2026-03-02\n"}, {"starts_on": ""},
    {"starts_on": "After_current"}, {"starts_on": "after_current "}, {"starts_on": "٢٠٢٦-03-02"},
    {"visits_per_week": 2}, {"price_name": "Pass"},
    {"settle_unpaid": 1}, {"amount": "1.00"}, {"visits": 8}, {"ends_on": TODAY}, {"freezes": []},
    {"cancelled_on": TODAY}, {"id": UNKNOWN_ID}, {"client_id": "\0"},
]  # fmt: skip
MALFORMED_EDITS: list[tuple[dict[str, Any], list[str]]] = [
    ({"ends_on": "x"}, ["ends_on"]), ({"cancelled_on": "0000-01-01"}, ["cancelled_on"]),
    ({"contract_id": 1}, ["contract_id"]), ({"client_id": UNKNOWN_ID}, ["client_id"]),
    ({"starts_on": TODAY}, ["starts_on"]), ({"visits": 9}, ["visits"]),
    ({"visits_per_week": 9}, ["visits_per_week"]), ({"price_name": "x"}, ["price_name"]),
    ({"state": "frozen"}, ["state"]),
    ({"discount_percent": 5}, ["discount_percent"]), ({"freezes": "x"}, ["freezes"]),
    ({"freezes": {}}, ["freezes"]), ({"freezes": [None]}, ["freezes[0]"]),
    ({"freezes": [{}]}, ["freezes[0].from", "freezes[0].until"]),
    ({"freezes": [{"from": TODAY, "until": None}]}, ["freezes[0].until"]),
    ({"freezes": [{"since": TODAY, "until": TODAY}]}, ["freezes[0].since", "freezes[0].from"]),
    ({"freezes": [{"from": TODAY, "until": TODAY, "reason": "x"}]}, ["freezes[0].reason"]),
    (
        {"freezes": [{"from": "x", "until": TODAY}, {"from": TODAY, "until": TODAY}, {"from": TODAY}, 5]},
        ["freezes[0].from", "freezes[2].until", "freezes[3]"],
    ),
    (
        {"freezes": [{"from": TODAY, "until": YESTERDAY}, {"from": TODAY, "until": TODAY},
                     {"from": TOMORROW, "until": TODAY}]},
        ["freezes[0].until", "freezes[2].until"],
    ),
    ({"freezes": [{"from": TODAY, "until": TODAY}] * 101}, ["freezes"]),
    ({"ends_on": YESTERDAY}, ["ends_on"]),
]  # fmt: skip


@IN_MEMORY
def test_what_is_malformed_names_its_field_and_changes_nothing(head: Person, child: str) -> None:
    price_id = price(head)
    it, fine = sells(head, child, price_id), {"client_id": child, "price_id": price_id}
    for body in MALFORMED_SALES:
        assert fields(head.posts("/subscriptions", **fine | body)) == [*body], body
    for missing in fine:
        rest = {name: value for name, value in fine.items() if name != missing}
        assert fields(head.posts("/subscriptions", **rest, sold_on=1)) == sorted([missing, "sold_on"])
    for body, places in MALFORMED_EDITS:
        assert fields(head.puts(path_of(it), **body)) == places, body
    for query in (
        {"state": "draft"},
        {"sort": "amount"},
        {"sort": "sold_on,-sold_on"},
        {"page": 0},
        {"q": "x"},
    ):
        assert fields(head.reads("/subscriptions", **query)) == [*query]
    assert fields(head.reads(f"/clients/{child}/subscriptions", page=1)) == ["page"]
    assert answer(head.reads("/subscriptions")) == (200, {"subscriptions": [it], "total": 1})


@IN_MEMORY
def test_a_pass_that_would_end_after_the_calendar_is_malformed(head: Person, child: str) -> None:
    refused = head.posts(
        "/subscriptions", client_id=child, price_id=price(head, valid_days=2), starts_on="9999-12-31"
    )
    assert fields(refused) == ["starts_on"]
    it = sells(head, child, price(head, valid_days=1))
    good(head.puts(path_of(it), ends_on="9999-12-31"), 200)
    freezes = [{"from": "9999-12-31", "until": "9999-12-31"}]
    assert fields(head.puts(path_of(it), freezes=freezes)) == ["freezes"]


# Lists

SORTS = ["starts_on", "ends_on", "sold_on"]


def put_in(api: Api, number: int) -> str:
    """So many of one client, straight into the store; much alike, much missing."""
    client, price = make.client(), make.price()
    first = date(2026, 2, 1)
    with api.store.transaction() as work:
        work.clients.add(client)
        work.prices.add(price)
        for n in range(number):
            work.subscriptions.add(
                make.subscription(
                    client,
                    price,
                    sold_on=first + timedelta(days=n % 5),
                    starts_on=first + timedelta(days=n % 7),
                    ends_on=first + timedelta(days=10 + n % 4) if n % 3 else None,
                )
            )
    return str(client.id)


def sorts() -> Iterator[str]:
    yield ""
    for sort in SORTS:
        yield from (sort, f"-{sort}")
    yield ",".join(f"-{sort}" for sort in SORTS)


def test_a_whole_list_is_the_same_as_its_pages_however_it_is_sorted(api: Api, head: Person) -> None:
    client_id = put_in(api, 45)
    for sort in sorts():
        whole = good(head.reads("/subscriptions", sort=sort), 200)
        assert whole.keys() == {"subscriptions", "total"}
        assert whole["total"] == len({it["id"] for it in whole["subscriptions"]}) == 45
        field = sort.partition(",")[0].removeprefix("-") or "sold_on"
        told = [it[field] for it in whole["subscriptions"] if it[field] is not None]
        assert told == sorted(told, reverse=sort.startswith("-"))
        assert [it[field] for it in whole["subscriptions"]][: len(told)] == told, "what has none comes last"
        for page in (1, 2, 3, 4):
            shown = good(head.reads("/subscriptions", sort=sort, page=page, client_id=client_id), 200)
            assert shown == {
                "subscriptions": whole["subscriptions"][20 * (page - 1) : 20 * page],
                "total": 45, "page": page, "pages": 3,
            }, (sort, page)  # fmt: skip
    own = good(head.reads(f"/clients/{client_id}/subscriptions"), 200)
    assert own == good(head.reads("/subscriptions"), 200)


def test_lists_are_of_one_client_and_one_contract(head: Person, child: str) -> None:
    other, price_id = added(head, "/clients", name="Bea"), price(head)
    contract = added(head, "/contracts", client_id=child)
    signed, unsigned = sells(head, child, price_id, contract_id=contract), sells(head, child, price_id)
    others = sells(head, other, price_id)

    def listed(**query: Any) -> list[str]:
        return [it["id"] for it in good(head.reads("/subscriptions", **query), 200)["subscriptions"]]

    assert sorted(listed()) == sorted([signed["id"], unsigned["id"], others["id"]])
    assert sorted(listed(client_id=child)) == sorted([signed["id"], unsigned["id"]])
    assert listed(contract_id=contract) == listed(contract_id=contract, client_id=child) == [signed["id"]]
    assert listed(contract_id=contract, client_id=other) == []
    assert listed(state="expired") == []


# Parents


def test_a_parent_reads_what_the_own_child_has_and_nothing_else(api: Api, head: Person, child: str) -> None:
    parent = api.having()
    own = added(head, "/clients", name="Carl", user_ids=[parent.id])
    it, _ = sells(head, own, price(head)), sells(head, child, price(head))
    listed = {"subscriptions": [it], "total": 1}
    assert answer(parent.reads(f"/clients/{own}/subscriptions")) == (200, listed)
    for id_ in (child, UNKNOWN_ID, "x"):
        assert answer(parent.reads(f"/clients/{id_}/subscriptions")) == FORBIDDEN
    assert answer(parent.reads(path_of(it))) == FORBIDDEN
    assert answer(parent.reads("/subscriptions", client_id=own)) == FORBIDDEN
    assert answer(parent.puts(path_of(it), cancelled_on=TODAY)) == FORBIDDEN


@pytest.mark.plants
@IN_MEMORY
def test_a_parent_is_seen_to_read_anothers_when_nobody_asks_whose_it_is(
    api: Api, head: Person, child: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(use_cases, "is_own", lambda *_: True)
    sells(head, child, price(head))
    assert good(api.having().reads(f"/clients/{child}/subscriptions"), 200)["total"] == 1
