"""Groups, letter for letter, over every store."""

from typing import Any

import httpx
import pytest

from attendance.application.club import groups as use_cases
from attendance.domain.permissions.roles import Role
from tests import make
from tests.http.api import CLUB, IN_MEMORY, UNKNOWN_ID, Api, Person, answer, fields, good, no_id, refusal
from tests.http.club.test_clients_protocol import CHANGED, FORBIDDEN, NO, known
from tests.http.club_protocol import SIGN_IN_FIRST
from tests.http.operations import added

FULL = refusal(409, "group is full")
MONDAYS = {"weekday": 1, "starts": "18:00", "ends": "19:30", "every": 1, "from": None}
FIRST, YESTERDAY, TODAY, TOMORROW = "2026-02-02", "2026-03-01", "2026-03-02", "2026-03-03"


@pytest.fixture
def manager(api: Api) -> Person:
    return api.having(Role.MANAGER, "manager")


@pytest.fixture
def head(api: Api) -> Person:
    return api.having(Role.HEAD_MANAGER, "head")


@pytest.fixture
def place(head: Person) -> str:
    return added(head, "/locations", name="Main", address="1 Main Street", timezone="Europe/Berlin")


def clients(by: Person, *names: str) -> list[str]:
    return [added(by, "/clients", name=name) for name in names]


def member(client_id: str, since: str = FIRST, until: str | None = None) -> dict[str, Any]:
    return {"client_id": client_id, "from": since, "until": until}


def teacher(user_id: str, since: str = FIRST, until: str | None = None) -> dict[str, Any]:
    return {"user_id": user_id, "from": since, "until": until}


def test_what_is_least_said_is_shown_whole(api: Api, manager: Person, place: str) -> None:
    response = manager.posts("/groups", name="Monday", location_id=place)
    path = f"{CLUB}/groups/{response.json()['id']}"
    assert response.headers["location"] == path
    shown = manager.asks("GET", path)
    assert (answer(shown), shown.headers["etag"]) == ((200, response.json()), '"1"')
    assert good(manager.reads("/groups"), 200) == {"groups": [response.json()], "total": 1}
    assert known(response, 201) == {
        "version": 1, "name": "Monday", "location_id": place, "capacity": None, "active_from": None,
        "active_until": None, "teachers": [], "members": [], "schedule": [],
    }  # fmt: skip


def test_the_same_entries_go_in_and_come_out(api: Api, manager: Person, place: str) -> None:
    (anna, bea), clerk = clients(manager, "Anna", "Bea"), api.having(Role.EMPLOYEE)
    said = {
        "name": "Monday", "location_id": place, "capacity": 2, "active_from": FIRST,
        "active_until": "2026-12-31",
        "teachers": [teacher(clerk.id, FIRST, "2026-02-10"), teacher(manager.id, "2026-02-03")],
        "members": [member(anna, FIRST, YESTERDAY), member(bea, "2026-02-03", "2026-12-31"),
                    member(anna, TOMORROW, "2026-12-31")],
        "schedule": [MONDAYS,
                     {"weekday": 1, "starts": "20:00", "ends": "00:00", "every": 8, "from": "2026-02-16"},
                     {"weekday": 7, "starts": "00:00", "ends": "00:01", "every": 2, "from": None}],
    }  # fmt: skip
    group = good(manager.posts("/groups", **said), 201)
    assert {name: group[name] for name in said} == said
    path = f"/groups/{group['id']}"
    assert good(manager.reads(path), 200) == group
    assert good(manager.puts(path, '"1"', **said), 200) == group, "the same again changes nothing"
    without_until = [{name: it[name] for name in it if it[name]} for it in said["members"]]  # type: ignore[attr-defined]
    assert good(manager.puts(path, members=without_until), 200) == group


def test_the_same_entries_in_another_order_are_the_same(api: Api, manager: Person, place: str) -> None:
    anna, bea = clients(manager, "Anna", "Bea")
    members, schedule = [member(anna), member(bea)], [MONDAYS, MONDAYS | {"weekday": 2}]
    body = {"name": "Monday", "location_id": place, "members": members, "schedule": schedule}
    group = good(manager.posts("/groups", **body), 201)
    for other_way in ({"members": members[::-1]}, {"schedule": schedule[::-1]}):
        assert good(manager.puts(f"/groups/{group['id']}", **other_way), 200) == group


def test_a_put_changes_what_is_sent_and_null_clears(api: Api, head: Person, place: str) -> None:
    [anna], other = clients(head, "Anna"), added(head, "/locations", name="Hall", address="2")
    group = good(head.posts("/groups", name="Monday", location_id=place), 201)
    path = f"/groups/{group['id']}"
    changes = {
        "name": "Tuesday", "location_id": other, "capacity": 1, "active_from": FIRST, "active_until": TODAY,
        "teachers": [teacher(head.id)], "members": [member(anna, FIRST, TODAY)], "schedule": [MONDAYS],
    }  # fmt: skip
    for version, (name, value) in enumerate(changes.items(), 2):
        response = head.puts(path, f'"{version - 1}"', **{name: value})
        group = group | {name: value, "version": version}
        assert (answer(response), response.headers["etag"]) == ((200, group), f'"{version}"')
    nullable = [*changes][2:]
    cleared = good(head.puts(path, **dict.fromkeys(nullable)), 200)
    nothing: dict[str, Any] = {name: [] if name in nullable[3:] else None for name in nullable}
    assert cleared == group | nothing | {"version": 10}
    for name in ("name", "location_id"):
        assert fields(head.puts(path, **{name: None})) == [name]


def test_members_are_for_those_who_work_here(api: Api, head: Person, place: str) -> None:
    [anna] = clients(head, "Anna")
    group = good(head.posts("/groups", name="Monday", location_id=place, members=[member(anna)]), 201)
    path, without = f"/groups/{group['id']}", {it: group[it] for it in group if it != "members"}
    for role in Role:
        expected = without if role is Role.USER else group
        person = api.having(role)
        assert good(person.reads(path), 200) == expected
        assert good(person.reads("/groups"), 200)["groups"] == [expected]
        assert good(person.reads("/groups", page=1), 200)["groups"] == [expected]
    for person in (api.having(email_confirmed_at=None), api.nobody):
        refused = FORBIDDEN if person.token else SIGN_IN_FIRST
        assert answer(person.reads(path)) == answer(person.reads("/groups")) == refused


@pytest.mark.plants
def test_members_are_seen_to_be_told_when_nobody_keeps_them_back(
    memory: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(use_cases, "sees_members", lambda _: True)
    head = memory.having(Role.HEAD_MANAGER)
    place = added(head, "/locations", name="Main", address="1")
    with pytest.raises(AssertionError):
        test_members_are_for_those_who_work_here(memory, head, place)


def test_groups_are_listed_by_name_or_otherwise_with_pages(api: Api, manager: Person, place: str) -> None:
    location = make.location()
    groups = [make.group(location, name=f"{'aB'[n % 2]} {n % 9:02}") for n in range(25)]
    with api.store.transaction() as work:
        work.locations.add(location)
        for group in groups:
            work.groups.add(group)

    def shown(**query: Any) -> list[str]:
        return [it["id"] for it in good(manager.reads("/groups", **query), 200)["groups"]]

    by_name = [str(it.id) for it in sorted(groups, key=lambda it: (it.name.casefold(), it.id))]
    assert shown() == shown(sort="name") == shown(sort="+name") == by_name
    downwards = sorted(groups, key=lambda it: it.id)
    downwards.sort(key=lambda it: it.name.casefold(), reverse=True)
    assert shown(sort="-name") == [str(it.id) for it in downwards]
    assert shown(sort="-created_at") == [str(it.id) for it in groups]
    assert shown(page=1) + shown(page=2) == by_name
    assert {**good(manager.reads("/groups", page=3), 200)} == {
        "groups": [], "total": 25, "page": 3, "pages": 2,
    }  # fmt: skip
    for wrong in ({"sort": "capacity"}, {"page": 0}, {"q": "x\0"}, {"active": "1"}, {"member": "x"}):
        assert fields(manager.reads("/groups", **wrong)) == [*wrong]


def test_groups_are_narrowed_to_what_is_asked_for(api: Api, head: Person, place: str) -> None:
    other = added(head, "/locations", name="Hall", address="2 Main Street")
    employee = api.having(Role.EMPLOYEE)

    def group(name: str, location_id: str = place, **more: Any) -> str:
        return added(head, "/groups", name=name, location_id=location_id, **more)

    chess = group("Schäch für Große", teachers=[teacher(employee.id), teacher(head.id, FIRST, YESTERDAY)])
    judo = group("Judo 2 für Kleine", other, active_from=TODAY, teachers=[teacher(employee.id, TOMORROW)])
    over = group("Chor", active_until=YESTERDAY, teachers=[teacher(head.id, TODAY, TODAY)])
    soon = group("Yoga", other, active_from=TOMORROW, active_until=TOMORROW)

    def found(by: Person = head, **query: str) -> set[str]:
        body = good(by.reads("/groups", **query), 200)
        assert body["total"] == len(body["groups"])
        return {it["id"] for it in body["groups"]}

    assert found(q="grosse SCHACH") == {chess}
    assert found(q="fur") == {chess, judo}
    assert found(q="judo grosse") == found(q="%") == set()
    assert found(q=" ") == {chess, judo, over, soon}
    assert found(active="true") == {chess, judo}
    assert found(active="false") == {over, soon}
    assert found(location_id=other) == {judo, soon}
    assert found(location_id="x") == found(location_id=UNKNOWN_ID) == set()
    assert found(teacher="me") == found(teacher=head.id) == {over}
    assert found(employee, teacher="me") == found(teacher=employee.id) == {chess}
    assert found(teacher="x") == set()
    assert found(q="k", location_id=other, active="true") == {judo}
    # today is the organisation's, and goes on
    [head, employee] = api.passes(head, employee, days=1)
    assert found(head, active="true") == {chess, judo, soon}
    assert found(employee, teacher="me") == {chess, judo}
    assert found(head, teacher="me") == set()


# Malformed

MALFORMED: list[tuple[dict[str, Any], list[str]]] = [
    ({"name": ""}, ["name"]),
    ({"name": "x" * 201}, ["name"]),
    ({"name": "a\nb"}, ["name"]),
    ({"name": " \u00a0"}, ["name"]),
    ({"name": "a\u200eb"}, ["name"]),
    ({"location_id": 1}, ["location_id"]),
    ({"capacity": 0}, ["capacity"]),
    ({"capacity": 100_001}, ["capacity"]),
    ({"capacity": "2"}, ["capacity"]),
    ({"active_from": "2026-02-30"}, ["active_from"]),
    ({"active_from": TODAY, "active_until": YESTERDAY}, ["active_until"]),
    ({"teachers": "x"}, ["teachers"]),
    ({"teachers": [None, 1]}, ["teachers[0]", "teachers[1]"]),
    ({"teachers": [{}, {"user_id": "x"}]}, ["teachers[0].user_id", "teachers[0].from", "teachers[1].from"]),
    ({"teachers": [{"client_id": "x", "from": TODAY}]}, ["teachers[0].client_id", "teachers[0].user_id"]),
    ({"members": [member("x", "today"), member("x", FIRST, "x")]}, ["members[0].from", "members[1].until"]),
    ({"members": [member(UNKNOWN_ID, TODAY, YESTERDAY)]}, ["members[0].until"]),
    ({"members": [member(UNKNOWN_ID, FIRST, TODAY), member(UNKNOWN_ID, TODAY)]}, ["members[1].from"]),
    ({"members": [member(UNKNOWN_ID, TODAY), member(UNKNOWN_ID, FIRST)]}, ["members[0].from"]),
    ({"teachers": [teacher(UNKNOWN_ID)] * 2}, ["teachers[1].from"]),
    ({"teachers": [teacher(UNKNOWN_ID)] * 101}, ["teachers"]),
    ({"schedule": [MONDAYS] * 101}, ["schedule"]),
    ({"schedule": [MONDAYS | {"weekday": it} for it in (0, 8, "1", 1.5, None)]},
     [f"schedule[{n}].weekday" for n in range(5)]),
    ({"schedule": [MONDAYS | {"starts": it} for it in ("18:00:00", "18:00Z", "18:00+01:00", "6:00", "24:00",
                                                       "18:60", "1800", "18.00", " 18:00", "18:00\n", "",
                                                       "18", "١٨:٠٠", 18, None)]},
     [f"schedule[{n}].starts" for n in range(15)]),
    ({"schedule": [MONDAYS | {"ends": "18:00"}, MONDAYS | {"ends": "17:00"}]},
     ["schedule[0].ends", "schedule[1].ends", "schedule[1].starts"]),
    ({"schedule": [MONDAYS, MONDAYS | {"ends": "20:00"}]}, ["schedule[1].starts"]),
    ({"schedule": [MONDAYS | {"location_id": UNKNOWN_ID}]}, ["schedule[0].location_id"]),
    ({"id": UNKNOWN_ID}, ["id"]),
    ({"version": 2}, ["version"]),
]  # fmt: skip


@IN_MEMORY
def test_what_is_malformed_names_its_place_and_changes_nothing(api: Api, head: Person, place: str) -> None:
    group = good(head.posts("/groups", name="Monday", location_id=place), 201)
    path, usual = f"/groups/{group['id']}", {"name": "Monday", "location_id": place}
    for body, places in MALFORMED:
        assert fields(head.posts("/groups", **usual | body)) == places, body
        assert fields(head.puts(path, **body)) == places, body
    for missing in usual:
        assert fields(head.posts("/groups", **{it: usual[it] for it in usual if it != missing}, more=1)) == [
            "more", missing,
        ]  # fmt: skip
    assert good(head.reads("/groups"), 200) == {"groups": [group], "total": 1}


# Refused


@IN_MEMORY
def test_what_is_refused_is_refused_in_one_order(api: Api, manager: Person, place: str) -> None:
    [anna] = clients(manager, "Anna")
    group = good(manager.posts("/groups", name="Monday", location_id=place, members=[member(anna)]), 201)
    path, nowhere, outdated = f"/groups/{group['id']}", f"/groups/{UNKNOWN_ID}", '"9"'
    clerk, user = api.having(Role.EMPLOYEE), api.having()
    for person in (user, clerk):
        assert answer(person.puts(nowhere, outdated, name="x")) == FORBIDDEN
        assert fields(person.puts(nowhere, outdated, name="")) == ["name"]
        assert answer(person.posts("/groups", name="x", location_id=UNKNOWN_ID)) == FORBIDDEN
        assert fields(person.posts("/groups", name="", location_id=UNKNOWN_ID)) == ["name"]
    assert answer(api.nobody.puts(path, outdated, name=1)) == SIGN_IN_FIRST
    assert answer(api.nobody.posts("/groups", name=1)) == SIGN_IN_FIRST
    assert answer(manager.puts(nowhere, outdated, members=[])) == NO["group"]
    assert answer(manager.puts(path, outdated, members=[])) == CHANGED
    lesson = added(manager, f"{path}/lessons", date=YESTERDAY, starts="08:00", ends="09:00")
    present = {"attendances": [{"client_id": anna, "status": "present"}]}
    good(manager.puts(f"/lessons/{lesson}/attendance", **present), 200)
    held = f"lessons were held with another roster: {YESTERDAY}; only a head manager may change it"
    assert answer(manager.puts(path, '"1"', members=[])) == refusal(409, held)


@IN_MEMORY
def test_an_id_that_is_nobodys_or_no_id_is_not_found(api: Api, manager: Person, place: str) -> None:
    group = good(manager.posts("/groups", name="Monday", location_id=place), 201)
    for id_ in (UNKNOWN_ID, "x", "me", group["id"][:-1], group["id"].replace("-", ""), place):
        assert answer(manager.reads(f"/groups/{id_}")) == NO["group"], id_
        assert answer(manager.puts(f"/groups/{id_}")) == NO["group"], id_
    for id_ in (UNKNOWN_ID, "x", "", group["id"]):
        for field, kind, value, where in (
            ("location_id", "location", id_, "location_id"),
            ("teachers", "user", [teacher(id_)], "teachers[0].user_id"),
            ("members", "client", [member(id_)], "members[0].client_id"),
        ):
            nobodys = no_id(where) if len(id_) < 36 else NO[kind]
            body = {"name": "x", "location_id": place} | {field: value}
            assert answer(manager.posts("/groups", **body)) == nobodys
            assert answer(manager.puts(f"/groups/{group['id']}", **{field: value})) == nobodys
    assert good(manager.reads("/groups"), 200) == {"groups": [group], "total": 1}


def test_a_group_is_never_fuller_than_it_may_be(api: Api, manager: Person, place: str) -> None:
    anna, bea, cy = clients(manager, "Anna", "Bea", "Cy")
    body = {"name": "Monday", "location_id": place}
    three = [member(anna, FIRST, TODAY), member(bea), member(cy, TODAY)]
    assert answer(manager.posts("/groups", **body, capacity=2, members=three)) == FULL
    in_turn = [member(anna, FIRST, YESTERDAY), member(bea), member(cy, TODAY)]
    group = good(manager.posts("/groups", **body, capacity=2, members=in_turn), 201)
    path = f"/groups/{group['id']}"
    too_small = refusal(409, "group is full: 2 members on one day")
    assert answer(manager.puts(path, capacity=1)) == too_small
    assert answer(manager.puts(path, members=[*in_turn, member(anna, TOMORROW)])) == FULL
    assert good(manager.reads(path), 200) == group
    assert (
        good(manager.puts(path, capacity=3, members=[*in_turn, member(anna, TOMORROW)]), 200)["version"] == 2
    )


def test_a_client_who_left_joins_no_group_and_stays_in_the_old_one(
    api: Api, manager: Person, place: str
) -> None:
    anna, bea = clients(manager, "Anna", "Bea")
    group = good(manager.posts("/groups", name="Monday", location_id=place, members=[member(anna)]), 201)
    good(manager.puts(f"/clients/{anna}", active=False), 200)
    archived, path = refusal(409, "client is archived"), f"/groups/{group['id']}"
    again = [member(anna, FIRST, TODAY), member(anna, TOMORROW)]
    assert answer(manager.puts(path, members=again)) == archived
    assert answer(manager.posts("/groups", name="x", location_id=place, members=[member(anna)])) == archived
    assert answer(manager.puts(path, members=[member(anna), member(bea)])) == archived
    ended = [member(anna, FIRST, TODAY), member(bea)]
    assert good(manager.puts(path, members=ended), 200)["members"] == ended


def test_dates_are_corrected_by_a_manager_while_nothing_was_held(
    api: Api, manager: Person, head: Person, place: str
) -> None:
    """A membership that was typed with the wrong year."""
    (anna,) = clients(manager, "Anna")
    fields_ = {"teachers": [teacher(head.id)], "members": [member(anna, "2025-03-02")]}
    group = good(manager.posts("/groups", name="Monday", location_id=place, **fields_), 201)
    path = f"/groups/{group['id']}"
    for version, changes in enumerate(
        (
            {"members": [member(anna, TODAY)]},
            {"teachers": [teacher(head.id, "2026-02-03")]},
            {"teachers": [], "members": []},
        ),
        start=2,
    ):
        group |= changes | {"version": version}
        assert good(manager.puts(path, **changes), 200) == group


def test_a_roster_that_lessons_were_held_with_stays_below_head_managers(
    api: Api, manager: Person, head: Person, place: str
) -> None:
    """Whoever joins as of a date before today joins what was held since."""
    anna, bea = clients(manager, "Anna", "Bea")
    group = good(manager.posts("/groups", name="Monday", location_id=place, members=[member(anna)]), 201)
    path, body = f"/groups/{group['id']}", {"starts": "08:00", "ends": "09:00"}
    for day in ("2026-02-09", "2026-02-16", "2026-02-23"):
        lesson = added(manager, f"{path}/lessons", date=day, **body)
        mark = {"attendances": [{"client_id": anna, "status": "present"}]}
        assert day == "2026-02-16" or good(manager.puts(f"/lessons/{lesson}/attendance", **mark), 200)
    joining = [member(anna), member(bea, "2026-02-09")]
    assert answer(manager.puts(path, members=joining)) == refusal(
        409,
        "lessons were held with another roster: 2026-02-09, 2026-02-23; only a head manager may change it",
    )
    assert good(manager.puts(path, members=[member(anna), member(bea, "2026-02-24")]), 200)["version"] == 2
    assert good(head.puts(path, members=joining), 200)["version"] == 3


def test_who_is_archived_leaves_the_group_that_day(manager: Person, place: str) -> None:
    anna, bea = clients(manager, "Anna", "Bea")
    body = {"name": "Monday", "location_id": place, "capacity": 1, "members": [member(anna)]}
    path = f"/groups/{added(manager, '/groups', **body)}"
    lesson = added(manager, f"{path}/lessons", date="2026-03-09", starts="08:00", ends="09:00")
    excused = {"attendances": [{"client_id": anna, "status": "excused"}]}
    good(manager.puts(f"/lessons/{lesson}/attendance", **excused), 200)
    good(manager.puts(f"/clients/{anna}", active=False), 200)
    sheet = good(manager.reads(f"/lessons/{lesson}/attendance"), 200)
    assert (sheet["attendances"], sheet["counts"]["unmarked"]) == ([], 0)
    ended = member(anna, FIRST, TODAY)
    assert good(manager.reads(path), 200)["members"] == [ended]
    joined = [ended, member(bea, TOMORROW)]
    assert good(manager.puts(path, members=joined), 200)["members"] == joined


def test_a_group_that_ends_names_what_is_planned_after_it_or_cancels_it(manager: Person, place: str) -> None:
    (anna,) = clients(manager, "Anna")
    body = {"name": "Monday", "location_id": place, "members": [member(anna)]}
    path = f"/groups/{added(manager, '/groups', **body)}"
    times = {"starts": "08:00", "ends": "09:00"}
    for day in (TOMORROW, "2026-03-10", "2026-03-11"):
        added(manager, f"{path}/lessons", date=day, **times)
    planned = refusal(409, "lessons are planned after that: 2026-03-10 08:00, 2026-03-11 08:00")
    assert answer(manager.puts(path, active_until=TOMORROW)) == planned
    assert answer(manager.puts(path, active_until=TOMORROW, cancel_lessons=False)) == planned
    group = good(manager.puts(path, active_until=TOMORROW, cancel_lessons=True), 200)
    assert (group["active_until"], group["members"]) == (TOMORROW, [member(anna, FIRST, TOMORROW)])
    lessons = good(manager.reads(f"{path}/lessons"), 200)["lessons"]
    assert [(it["state"], it["reason"]) for it in lessons] == [
        ("planned", ""),
        *[("cancelled", "the group has ended")] * 2,
    ]
    outside = refusal(409, "the group is not active on that date")
    assert answer(manager.posts(f"{path}/lessons", date="2026-03-12", **times)) == outside
    (bea,) = clients(manager, "Bea")
    for refused in (
        manager.posts(f"{path}/members", client_id=bea, **{"from": "2026-03-04"}),
        manager.puts(path, members=[member(anna, FIRST, TOMORROW), member(bea, "2026-03-04")]),
    ):
        assert answer(refused) == outside
        assert refused.headers["x-error-code"] == "outside_group_dates"
    group = good(manager.posts(f"{path}/members", client_id=bea, **{"from": TOMORROW}), 201)
    assert group["members"][1] == member(bea, TOMORROW, TOMORROW)
    assert fields(manager.puts(path, cancel_lessons=None)) == ["cancel_lessons"]
    assert fields(manager.posts("/groups", **body, cancel_lessons=True)) == ["cancel_lessons"]


def test_a_corrected_zone_moves_what_is_to_come(api: Api, manager: Person, head: Person) -> None:
    place = added(head, "/locations", name="Annex", address="Annex", timezone="UTC")
    group = added(manager, "/groups", name="Monday", location_id=place)
    lesson = added(manager, f"/groups/{group}/lessons", date="2026-03-09", starts="17:00", ends="18:00")
    path = f"/groups/{group}/lessons/{lesson}"
    assert good(manager.reads(path), 200)["starts_at"] == "2026-03-09T17:00:00Z"
    good(head.puts(f"/locations/{place}", timezone="Europe/Berlin"), 200)
    shown = good(manager.reads(path), 200)
    assert (shown["starts"], shown["starts_at"]) == ("17:00", "2026-03-09T16:00:00Z")


def test_members_are_added_and_ended_one_by_one(api: Api, manager: Person, head: Person, place: str) -> None:
    anna, bea = clients(manager, "Anna", "Bea")
    group = good(manager.posts("/groups", name="Monday", location_id=place, capacity=1), 201)
    path = f"/groups/{group['id']}"
    response = manager.posts(f"{path}/members", **{"client_id": anna, "from": FIRST})
    joined = good(response, 201)
    assert (response.headers["location"], response.headers["etag"]) == (CLUB + path, '"2"')
    assert joined["members"] == [member(anna)]
    assert good(manager.reads(path), 200) == joined
    again = {"client_id": anna, "from": TOMORROW, "until": TOMORROW}
    assert answer(manager.posts(f"{path}/members", **again)) == refusal(409, "client is in the group already")
    assert answer(manager.posts(f"{path}/members", **{"client_id": bea, "from": TODAY})) == FULL
    nobody = {"client_id": UNKNOWN_ID, "from": "2026-01-01", "until": "2026-01-01"}
    assert answer(manager.posts(f"{path}/members", **nobody)) == NO["client"]
    assert answer(manager.posts(f"/groups/{UNKNOWN_ID}/members", **again)) == NO["group"]
    assert fields(manager.posts(f"{path}/members", **again | {"until": TODAY})) == ["until"]

    def ends(client_id: str, by: Person = manager, **query: str) -> httpx.Response:
        return by.asks("DELETE", f"{CLUB}{path}/members/{client_id}", params=query)

    assert good(ends(anna), 200)["members"] == [member(anna, FIRST, TODAY)]
    assert good(ends(anna), 200)["version"] == 3, "it ends today already"
    good(manager.posts(f"{path}/members", **{"client_id": bea, "from": TOMORROW}), 201)
    assert good(ends(bea), 200)["members"] == [member(anna, FIRST, TODAY)], "it had not begun"
    no_membership = refusal(404, "membership not found")
    assert answer(ends(bea)) == answer(ends(UNKNOWN_ID)) == no_membership
    assert answer(ends(anna, until="2026-01-01")) == no_membership, "what has begun is not removed"
    lesson = added(manager, f"{path}/lessons", date=YESTERDAY, starts="08:00", ends="09:00")
    present = {"attendances": [{"client_id": anna, "status": "present"}]}
    good(manager.puts(f"/lessons/{lesson}/attendance", **present), 200)
    held = f"lessons were held with another roster: {YESTERDAY}; only a head manager may change it"
    assert answer(ends(anna, until="2026-02-28")) == refusal(409, held)
    assert good(ends(anna, head, until="2026-02-28"), 200)["members"] == [member(anna, FIRST, "2026-02-28")]
    assert answer(ends(anna, api.having(Role.EMPLOYEE))) == FORBIDDEN
    good(manager.puts(f"/clients/{bea}", active=False), 200)
    archived = refusal(409, "client is archived")
    assert answer(manager.posts(f"{path}/members", **{"client_id": bea, "from": TODAY})) == archived
