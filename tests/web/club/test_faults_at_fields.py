"""What is wrong with forms of passes and groups, said at the fields it is about."""

import pytest

from tests.http.api import Api, good
from tests.http.operations import added
from tests.web.club.group_clubs import TODAY, GroupClub
from tests.web.club.test_passes import Office, office as office
from tests.web.visitors import leads_to, shown, with_session


@pytest.fixture
def clay(memory: Api) -> GroupClub:
    return GroupClub(memory)


@pytest.mark.parametrize(
    ("since", "until", "field", "said"),
    [
        ("2026-02-01", "2026-02-02", "until", "freeze is over before the pass begins"),
        ("2027-02-01", "2027-02-02", "since", "freeze starts after the pass ends"),
        ("2026-03-12", "2026-03-12", "since", "freezes overlap"),
        ("2026-02-24", "2026-02-24", "since", "visits are charged to it on 24 Feb 2026"),
    ],
)
def test_what_is_wrong_with_a_freeze_is_said_at_its_days(
    office: Office, since: str, until: str, field: str, said: str
) -> None:
    path = f"/app/passes/{office.sells(sold_on='2026-02-20', starts_on='2026-02-20')}"
    office.comes("2026-02-24")
    leads_to(office.clerk.sends(f"{path}/freeze", version="1", since="2026-03-12", until="2026-03-13"))
    refused = office.clerk.sends(f"{path}/freeze", version="2", since=since, until=until)
    assert refused.status_code == 409
    page = shown(refused)
    assert page.attributes[field]["aria-invalid"] == "true"
    assert f"#{field}" in page.links
    assert any(text.endswith(said) for text in page.texts)


@pytest.mark.parametrize(
    ("typed", "field"),
    [({"ends_on": "2026-02-23"}, "ends_on"), ({"cancelled_on": "2026-02-23"}, "cancelled_on")],
)
def test_a_pass_that_is_cut_short_before_a_visit_says_so_at_the_day(
    office: Office, typed: dict[str, str], field: str
) -> None:
    path = f"/app/passes/{office.sells(sold_on='2026-02-20', starts_on='2026-02-20')}"
    office.comes("2026-02-24")
    refused = office.clerk.sends(
        path, **{"version": "1", "ends_on": "2026-03-19", "cancelled_on": ""} | typed
    )
    assert refused.status_code == 409
    assert shown(refused).attributes[field]["aria-invalid"] == "true"
    assert f"#{field}" in shown(refused).links


def test_a_sale_without_a_price_and_all_that_is_wrong_with_one_are_said(office: Office) -> None:
    without = office.clerk.opens(f"{office.sell}?start=today")
    assert without.status_code == 400
    assert "Price: is required" in shown(without).texts
    wrong = "start=day&starts_on=&discount_percent=150&sold_on=2030-01-01"
    page = shown(office.clerk.opens(f"{office.sell}?price_id={office.price}&{wrong}"))
    said = {"First day: is required", "Day of the sale: must not be in the future"}
    assert said | {"Discount in percent: must be a whole number from 0 to 100"} <= {*page.texts}


def test_without_contracts_a_sale_speaks_of_none(office: Office) -> None:
    assert "Discount, day of the sale" in shown(office.clerk.opens(office.sell)).texts
    added(office.head, "/contracts", client_id=office.child)
    assert "Discount, contract, day of the sale" in shown(office.clerk.opens(office.sell)).texts


def test_groups_that_somebody_is_in_are_not_offered_and_faults_are_said_at_their_fields(
    office: Office,
) -> None:
    path, group = f"{office.card}/groups/enrol", office.group
    offered = f'<option value="{group}">'
    assert offered not in office.clerk.opens(path).text
    twice = office.clerk.sends(path, group_id=group, since="", until="")
    assert (twice.status_code, "#group_id" in shown(twice).links) == (409, True)
    assert "Group: client is in the group already" in shown(twice).texts
    end = office.clerk.sends(f"{office.card}/groups/{group}/end", last="2020-12-20")
    assert end.status_code == 404
    assert "Last day in the group: client is not in the group on these days" in shown(end).texts
    assert shown(end).attributes["last"]["id"] == "last"
    # who leaves may come again
    leads_to(office.clerk.sends(f"{office.card}/groups/{group}/end", last="2026-03-31"))
    assert offered in office.clerk.opens(path).text


def test_a_group_that_is_full_says_so_at_who_was_to_come(clay: GroupClub) -> None:
    clay.edits(f"/groups/{clay.group}", capacity=1)
    manager = clay.by("manager")
    typed = {"q": "Ann", "client_id": clay.ann, "from": TODAY, "until": ""}
    page = shown(manager.sends(f"{clay.path}/members", **typed))
    assert "Client: group is full" in page.texts
    assert "#client_id" in page.links
    enrol = shown(manager.sends(f"/app/clients/{clay.ann}/groups/enrol", group_id=clay.group))
    assert "Group: group is full" in enrol.texts


def test_a_first_day_after_the_end_of_the_group_is_marked(clay: GroupClub) -> None:
    clay.edits(f"/groups/{clay.group}", active_until="2026-03-31")
    typed = {"q": "Ann", "client_id": clay.ann, "from": "2026-04-01", "until": ""}
    page = shown(clay.by("manager").sends(f"{clay.path}/members", **typed))
    assert page.attributes["from"]["aria-invalid"] == "true"
    assert "#from" in page.links


def test_a_last_day_on_which_nobody_is_in_the_group_is_marked(clay: GroupClub) -> None:
    path = f"{clay.path}/members/{clay.tom}"
    refused = clay.by("manager").sends(path, until="2020-12-20")
    assert refused.status_code == 404
    assert shown(refused).attributes["until"]["aria-invalid"] == "true"
    assert "Last day: client is not in the group on these days" in shown(refused).texts


def test_an_end_before_the_first_day_of_a_group_is_refused_when_it_is_looked_at(clay: GroupClub) -> None:
    manager, path = clay.by("manager"), f"{clay.path}/end"
    for answered in (
        manager.opens(f"{path}?last=2020-01-01"),
        manager.sends(path, last="2020-01-01", version=str(clay.now()["version"])),
    ):
        assert answered.status_code == 400
        page = shown(answered)
        assert "Last day: must not be before the first day" in page.texts
        assert (
            page.attributes["last"] | {"aria-invalid": "true", "value": "2020-01-01"}
            == page.attributes["last"]
        )
        assert not any("End the group on" in text for text in page.texts)
    assert clay.now()["active_until"] is None
    assert "Last day: is required" in shown(manager.opens(f"{path}?last=")).texts


def test_all_faults_of_the_times_are_said_at_once(clay: GroupClub) -> None:
    rows = [
        {"weekday": "1", "starts": "18:00", "ends": "17:00", "every": "1", "from": ""},
        {"weekday": "2", "starts": "17:00", "ends": "18:00", "every": "0", "from": ""},
        {"weekday": "3", "starts": "", "ends": "18:00", "every": "1", "from": ""},
    ]
    typed = {f"{name}-{number}": text for number, row in enumerate(rows) for name, text in row.items()}
    refused = clay.by("manager").sends(f"{clay.path}/schedule", **typed)
    assert refused.status_code == 400
    assert {
        "Ends (1): must be after the start",
        "Every (weeks) (2): must be a whole number from 1 to 8",
        "Begins (3): is required",
    } <= {*shown(refused).texts}


def test_all_faults_of_the_teachers_are_said_at_once(clay: GroupClub) -> None:
    teacher, colleague = (clay.people[name].id for name in ("teacher", "colleague"))
    typed = {
        "teacher-0": teacher, "from-0": "2026-03-02", "until-0": "2026-03-01",
        "teacher-1": colleague, "from-1": "", "until-1": "",
    }  # fmt: skip
    page = shown(clay.by("manager").sends(f"{clay.path}/teachers", **typed))
    assert {"Until (1): must not be before the first day", "From (2): is required"} <= {*page.texts}


# What is called as something else is


def test_a_group_is_called_as_another_is_only_where_that_is_meant(clay: GroupClub) -> None:
    clay.adds("/groups", name="Wood", location_id=clay.house)
    manager, path = clay.by("manager"), f"{clay.path}/edit"
    typed = {"name": " wood", "location_id": clay.house, "active_from": "2026-01-05"}
    asked = manager.sends(path, **typed)
    assert asked.status_code == 400
    assert "This is another group: a group of this name is here already" in shown(asked).texts
    assert clay.now()["name"] == "Clay"
    assert manager.sends("/app/groups/new", **typed).status_code == 400
    leads_to(manager.sends(path, **typed, is_new="yes"))
    assert clay.now()["name"] == "wood"
    # what it is called already is no question
    leads_to(manager.sends(path, **typed))


def test_a_price_is_called_as_another_is_only_where_that_is_meant(office: Office) -> None:
    head = with_session(office.api, office.head)
    typed = {"name": "8 Visits", "amount": "1.216,00", "currency": "EUR"}
    asked = head.sends("/app/office/prices/new", **typed)
    assert asked.status_code == 400
    assert "This is another price: a price of this name is here already" in shown(asked).texts
    assert "€80.00" in asked.text
    leads_to(head.sends("/app/office/prices/new", **typed, is_new="yes"))
    prices = good(office.head.reads("/prices"), 200)["prices"]
    assert sorted((each["name"], each["amount"]) for each in prices) == [
        ("8 Visits", "1216.00"),
        ("8 visits", "80.00"),
    ]
    leads_to(head.sends(f"/app/office/prices/{office.price}", **typed | {"name": "8 visits", "amount": "80"}))
