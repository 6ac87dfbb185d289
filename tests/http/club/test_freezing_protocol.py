"""Freezing all passes while nothing takes place, letter for letter, over every store."""

from typing import Any

import pytest

from attendance.application.club import freezing
from attendance.domain.permissions.roles import Role
from tests.http.api import IN_MEMORY, UNKNOWN_ID, Api, Person, answer, fields, good
from tests.http.club.test_clients_protocol import FORBIDDEN, NO
from tests.http.club.test_subscriptions_protocol import TODAY, now, path_of, price, sells, visits
from tests.http.operations import added

FREEZE = "/subscriptions/freeze"
WEEK = {"from": "2026-03-09", "until": "2026-03-15"}
ONE_DAY = {"from": TODAY, "until": TODAY}


@pytest.fixture
def head(api: Api) -> Person:
    return api.having(Role.HEAD_MANAGER, "head")


def freezes(by: Person, **body: Any) -> dict[str, Any]:
    return good(by.posts(FREEZE, **body), 200)


def clients(head: Person, *names: str) -> list[str]:
    return [added(head, "/clients", name=name) for name in names]


def group_at(head: Person, street: str, *members: dict[str, str]) -> tuple[str, str]:
    """The location, and a group there."""
    place = added(head, "/locations", name=street, address=street)
    return place, added(head, "/groups", name=street, location_id=place, members=[*members])


def test_every_pass_that_runs_in_the_range_is_frozen_and_runs_as_much_longer(api: Api, head: Person) -> None:
    ada, bea = clients(head, "Ada", "Bea")
    monthly, unlimited = price(head, valid_months=1), price(head)
    running = [
        sells(head, ada, monthly),
        sells(head, ada, unlimited),
        sells(head, bea, monthly, starts_on="2026-03-15"),
        sells(head, bea, price(head, valid_days=1), starts_on="2026-03-09"),
    ]
    outside = [
        sells(head, ada, monthly, starts_on="2026-03-16"),
        sells(head, ada, price(head, valid_days=7)),
        sells(head, bea, unlimited),
    ]
    outside[2] = good(head.puts(path_of(outside[2]), cancelled_on="2026-03-08"), 200)
    api.clock.pass_by(minutes=1)
    assert freezes(head, **WEEK) == {"frozen": 4, "skipped": []}
    ends = ["2026-04-08", None, "2026-04-15", "2026-03-16"]
    for it, valid_until in zip(running, ends, strict=True):
        assert now(head, it) == it | {
            "freezes": [WEEK], "valid_until": valid_until, "version": 2, "updated_at": "2026-03-02T12:01:00Z",
        }, it  # fmt: skip
    assert [now(head, it) for it in outside] == outside
    owner = api.having(Role.OWNER)
    edited, sold = good(owner.reads("/events", subject=running[0]["id"]), 200)["events"]
    assert (edited["action"], sold["action"]) == ("subscription.edited", "subscription.sold")
    days = {"since": "2026-03-09", "until": "2026-03-15"}
    assert (edited["before"], edited["after"]) == ({"freezes": []}, {"freezes": [days]})
    assert good(owner.reads("/events", subject=outside[0]["id"]), 200)["total"] == 1


def test_one_with_a_visit_or_a_freeze_in_the_way_is_skipped_and_twice_is_once(head: Person) -> None:
    ada, bea = clients(head, "Ada", "Bea")
    members = [{"client_id": it, "from": "2026-01-01"} for it in (ada, bea)]
    _, group = group_at(head, "1 Main Street", *members)
    open_end = price(head)
    paid = sells(head, ada, open_end, starts_on="2026-02-01")
    visits(head, group, ada, TODAY, "2026-02-20", "2026-02-28", "2026-02-26")
    frozen = sells(head, bea, open_end, starts_on="2026-02-01")
    older = [{"from": "2026-02-22", "until": "2026-02-22"}]
    frozen = good(head.puts(path_of(frozen), freezes=older), 200)
    range_of_days = {"from": "2026-02-21", "until": TODAY}
    fine = sells(head, bea, open_end, starts_on="2026-02-01")
    skipped = [
        {"subscription_id": paid["id"], "client_id": ada, "dates": ["2026-02-26", "2026-02-28", TODAY]},
        {"subscription_id": frozen["id"], "client_id": bea, "dates": []},
    ]
    assert freezes(head, **range_of_days) == {"frozen": 1, "skipped": skipped}
    after = now(head, fine)
    assert after["freezes"] == [range_of_days]
    again = [*skipped, {"subscription_id": fine["id"], "client_id": bea, "dates": []}]
    assert freezes(head, **range_of_days) == {"frozen": 0, "skipped": again}
    assert now(head, fine) == after
    assert [now(head, paid)["version"], now(head, frozen)] == [1, frozen]


def test_of_a_location_the_passes_of_those_are_frozen_who_are_members_in_the_range(head: Person) -> None:
    inside = clients(head, "Ada", "Bea", "Cem")
    outside = clients(head, "Dan", "Eve", "Fay")
    place, _ = group_at(
        head,
        "1 Main Street",
        {"client_id": inside[0], "from": "2026-01-01"},
        {"client_id": inside[1], "from": "2026-03-15"},
        {"client_id": inside[2], "from": "2026-01-01", "until": "2026-03-09"},
        {"client_id": outside[0], "from": "2026-03-16"},
        {"client_id": outside[1], "from": "2026-01-01", "until": "2026-03-08"},
    )
    group_at(head, "2 Main Street", {"client_id": outside[2], "from": "2026-01-01"})
    passes = {it: sells(head, it, price(head)) for it in (*inside, *outside)}
    assert freezes(head, **WEEK, location_id=place) == {"frozen": 3, "skipped": []}
    for it, sold in passes.items():
        assert now(head, sold)["freezes"] == ([WEEK] if it in inside else [])
    nobody = added(head, "/locations", name="Hall", address="3 Main Street")
    assert freezes(head, **WEEK, location_id=nobody) == {"frozen": 0, "skipped": []}
    assert freezes(head, **WEEK, location_id=None)["frozen"] == 3


def test_clients_are_gone_through_in_parts_and_none_is_left_out(
    head: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(freezing, "BATCH", 2)
    open_end = price(head)
    passes = [sells(head, it, open_end) for it in clients(head, *"ABCDE") for _ in range(2)]
    good(head.puts(path_of(passes[4]), freezes=[WEEK]), 200)
    skipped = [{"subscription_id": passes[4]["id"], "client_id": passes[4]["client_id"], "dates": []}]
    assert freezes(head, **WEEK) == {"frozen": 9, "skipped": skipped}
    assert [now(head, it)["freezes"] for it in passes] == 10 * [[WEEK]]


@IN_MEMORY
def test_one_that_cannot_take_another_freeze_is_skipped(head: Person) -> None:
    (ada,) = clients(head, "Ada")
    full = sells(head, ada, price(head))
    days = [f"2027-{month:02}-{day:02}" for month in range(1, 11) for day in range(1, 11)]
    good(head.puts(path_of(full), freezes=[{"from": day, "until": day} for day in days]), 200)
    last = sells(head, ada, price(head, valid_days=1), starts_on="2030-01-01")
    good(head.puts(path_of(last), ends_on="9999-12-31"), 200)
    skipped = [{"subscription_id": full["id"], "client_id": ada, "dates": []}]
    assert freezes(head, **WEEK) == {"frozen": 0, "skipped": skipped}
    at_the_end = freezes(head, **{"from": "9999-12-31", "until": "9999-12-31"})
    assert [it["subscription_id"] for it in at_the_end["skipped"]] == [full["id"], last["id"]]


@IN_MEMORY
def test_what_is_refused_is_refused_in_one_order(api: Api, head: Person) -> None:
    manager = api.having(Role.MANAGER)
    for wrong, places in (
        ({"from": TODAY}, ["until"]),
        ({"from": TODAY, "until": "2026-03-01"}, ["until"]),
        ({"from": TODAY, "until": "2027-03-03"}, ["until"]),
        ({**ONE_DAY, "location_id": 1}, ["location_id"]),
        ({**ONE_DAY, "location_id": "x"}, ["location_id"]),
        ({**ONE_DAY, "more": 1}, ["more"]),
    ):
        for by in (manager, head):
            assert sorted(fields(by.posts(FREEZE, **wrong))) == places
    assert answer(manager.posts(FREEZE, **ONE_DAY, location_id=UNKNOWN_ID)) == FORBIDDEN
    assert answer(head.posts(FREEZE, **ONE_DAY, location_id=UNKNOWN_ID)) == NO["location"]
    assert freezes(head, **{"from": TODAY, "until": "2027-03-02"}) == {"frozen": 0, "skipped": []}
    assert head.reads(FREEZE).status_code == 405
