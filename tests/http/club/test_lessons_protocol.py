"""Lessons, letter for letter, over every store: added, made from the schedule, moved, cancelled, restored."""

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from attendance.domain.permissions.roles import Role
from tests.http.api import CLUB, IN_MEMORY, UNKNOWN_ID, Api, Person, answer, fields, good, no_id, refusal
from tests.http.club.test_clients_protocol import CHANGED, FORBIDDEN, NO, known
from tests.http.club_protocol import SIGN_IN_FIRST
from tests.http.operations import Scene, added, operations
from tests.http.test_hostile import hostile_bodies, not_refused

NO_LESSON = refusal(404, "lesson not found")
TAKEN = refusal(409, "there is a lesson at that time already")
OVERLAP = refusal(409, "lessons of a group may not overlap")
TOO_LATE = refusal(403, "too late to change this lesson")
TODAY = "2026-03-02"
EVENING = {"starts": "18:00", "ends": "19:30"}
NIGHT = {"starts": "02:30", "ends": "03:30"}
NOTHING_MADE: dict[str, Any] = {"lessons": [], "total": 0, "removed": 0, "warnings": []}
TUESDAYS, WEDNESDAYS = ({"weekday": day, **EVENING} for day in (2, 3))


@pytest.fixture
def clerk(api: Api) -> Person:
    """Teaches the group."""
    return api.having(Role.EMPLOYEE, "clerk")


@pytest.fixture
def other_clerk(api: Api) -> Person:
    return api.having(Role.EMPLOYEE, "other")


@pytest.fixture
def head(api: Api) -> Person:
    return api.having(Role.HEAD_MANAGER, "head")


@pytest.fixture
def place(head: Person) -> str:
    return added(
        head, "/locations", name="Main", address="1 Main Street", timezone="Europe/Berlin", capacity=20
    )


@pytest.fixture
def group(head: Person, clerk: Person, place: str) -> str:
    """Its path."""
    teachers = [{"user_id": clerk.id, "from": "2026-02-01"}]
    body = {"name": "Club", "location_id": place, "teachers": teachers, "schedule": [TUESDAYS, WEDNESDAYS]}
    return f"/groups/{added(head, '/groups', **body)}"


def adds(by: Person, group: str, date: str = TODAY, **body: Any) -> dict[str, Any]:
    lesson = good(by.posts(f"{group}/lessons", date=date, **EVENING | body), 201)
    assert lesson.pop("warnings") == []
    return lesson


def path_of(lesson: dict[str, Any]) -> str:
    return f"/groups/{lesson['group_id']}/lessons/{lesson['id']}"


def deletes(by: Person, lesson: dict[str, Any]) -> int:
    """With which status."""
    return by.asks("DELETE", CLUB + path_of(lesson)).status_code


def makes(by: Person, group: str, since: str, until: str) -> dict[str, Any]:
    return good(by.posts(f"{group}/lessons", **{"from": since, "until": until}), 201)


def dates(shown: dict[str, Any]) -> list[str]:
    return [lesson["date"] for lesson in shown["lessons"]]


def marks(by: Person, lesson: dict[str, Any], *client_ids: str, status: str | None = "present") -> None:
    entries = [{"client_id": it, "status": status} for it in client_ids]
    good(by.puts(f"/lessons/{lesson['id']}/attendance", attendances=entries), 200)


# One lesson


def test_what_is_least_said_is_like_the_group(api: Api, clerk: Person, group: str, place: str) -> None:
    response = clerk.posts(f"{group}/lessons", date="2026-03-09", **EVENING)
    path = f"{CLUB}{group}/lessons/{response.json()['id']}"
    assert response.headers["location"] == path
    shown = api.having().asks("GET", path)
    lesson = {name: value for name, value in response.json().items() if name != "warnings"}
    assert (answer(shown), shown.headers["etag"]) == ((200, lesson), '"1"')
    assert good(clerk.reads(f"{group}/lessons"), 200) == {"lessons": [lesson], "total": 1}
    assert known(response, 201) == {
        "warnings": [],
        "version": 1, "group_id": group[8:], "location_id": place, "date": "2026-03-09", "starts": "18:00",
        "ends": "19:30", "timezone": "Europe/Berlin", "starts_at": "2026-03-09T17:00:00Z",
        "ends_at": "2026-03-09T18:30:00Z", "teachers": [clerk.id], "topic": "", "state": "planned",
        "reason": "", "capacity": 20, "scheduled": None,
    }  # fmt: skip


def test_all_that_can_be_said_is_shown(api: Api, head: Person, other_clerk: Person, group: str) -> None:
    hall = added(head, "/locations", name="Hall", address="2", timezone="America/New_York", capacity=5)
    said = {"location_id": hall, "teachers": [other_clerk.id], "topic": "fractions", "date": "2026-03-09"}
    lesson = adds(head, group, **said)
    assert lesson.items() >= said.items()
    assert (lesson["timezone"], lesson["capacity"]) == ("America/New_York", 5)
    assert lesson["starts_at"] == "2026-03-09T22:00:00Z"
    assert good(head.reads(path_of(lesson)), 200) == lesson
    nothing = {"location_id": None, "teachers": None, "topic": None}
    as_usual = adds(head, group, "2026-03-10", **nothing)
    assert adds(head, group, "2026-03-11").items() >= {it: as_usual[it] for it in nothing}.items()
    assert adds(head, group, "2026-03-12", teachers=[])["teachers"] == []


def test_later_edits_of_group_or_place_touch_no_lesson(
    api: Api, head: Person, group: str, place: str
) -> None:
    lesson = adds(head, group, starts="08:00", ends="09:00")
    good(head.puts(group, teachers=[], capacity=3, schedule=[]), 200)
    good(head.puts(f"/locations/{place}", timezone="UTC", capacity=4), 200)
    assert good(head.reads(path_of(lesson)), 200) == lesson
    assert adds(head, group, "2026-03-03")["capacity"] == 3
    assert adds(head, group, "2026-03-04")["timezone"] == "UTC"


DST = [
    ("Europe/Berlin", "2026-03-29", "2026-03-29T01:30:00Z"),
    ("Europe/Berlin", "2026-10-25", "2026-10-25T00:30:00Z"),
    ("America/New_York", "2007-03-11", "2007-03-11T07:30:00Z"),
]


@pytest.mark.parametrize(("zone", "day", "starts_at"), DST)
def test_a_time_the_clocks_skip_is_later_and_of_two_the_first_is_meant(
    api: Api, head: Person, zone: str, day: str, starts_at: str
) -> None:
    place = added(head, "/locations", name="There", address="9", timezone=zone)
    group = f"/groups/{added(head, '/groups', name='Night', location_id=place)}"
    lesson = adds(head, group, day, **NIGHT)
    ends_at = dt.datetime.fromisoformat(starts_at) + dt.timedelta(hours=1)
    assert (lesson["starts"], lesson["ends"]) == ("02:30", "03:30")
    assert lesson["starts_at"] == starts_at
    assert lesson["ends_at"] == ends_at.isoformat().replace("+00:00", "Z")
    assert deletes(head, lesson) == 204
    moved = good(head.puts(path_of(adds(head, group, "2026-01-01", **NIGHT)), date=day, starts="02:29"), 200)
    assert moved["starts_at"] == starts_at.replace("30:00Z", "29:00Z")


# The schedule


def test_lessons_are_made_from_the_schedule_once(api: Api, clerk: Person, group: str) -> None:
    made = makes(clerk, group, "2026-03-02", "2026-03-29")
    assert made.keys() == {"lessons", "total", "existing", "removed", "warnings"}
    assert (len(made["lessons"]), made["total"], made["existing"]) == (8, 8, 0)
    assert dates(made) == [f"2026-03-{day:02}" for day in (3, 4, 10, 11, 17, 18, 24, 25)]
    assert {(it["starts"], it["ends"], *it["teachers"]) for it in made["lessons"]} == {
        ("18:00", "19:30", clerk.id)
    }
    assert [it["scheduled"] for it in made["lessons"]] == [
        {"date": date, "starts": "18:00"} for date in dates(made)
    ]
    assert makes(clerk, group, "2026-03-02", "2026-03-29") == NOTHING_MADE | {"existing": 8}
    assert makes(clerk, group, "2026-03-03", "2026-03-03") == NOTHING_MADE | {"existing": 1}
    shown = good(clerk.reads(f"{group}/lessons"), 200)
    assert shown == {"lessons": made["lessons"], "total": 8}
    assert good(clerk.reads(path_of(made["lessons"][0])), 200) == made["lessons"][0]


def test_a_lesson_starts_by_the_schedule_on_both_sides_of_a_change_of_clocks(
    api: Api, clerk: Person, group: str
) -> None:
    made = makes(clerk, group, "2026-03-24", "2026-03-31")
    assert [it["starts_at"] for it in made["lessons"]] == [
        "2026-03-24T17:00:00Z", "2026-03-25T17:00:00Z", "2026-03-31T16:00:00Z",
    ]  # fmt: skip


def test_lessons_are_made_while_the_group_is_active_and_the_place_is_open(
    api: Api, head: Person, clerk: Person, group: str, place: str
) -> None:
    good(head.puts(group, active_from="2026-03-04", active_until="2026-03-17"), 200)
    closed = [{"from": "2026-03-10", "until": "2026-03-10"}]
    good(head.puts(f"/locations/{place}/closures", closures=closed), 200)
    assert dates(makes(clerk, group, "2026-03-02", "2026-03-29")) == [
        "2026-03-04",
        "2026-03-11",
        "2026-03-17",
    ]
    good(head.puts(f"/locations/{place}/closures", closures=[]), 200)
    again = makes(clerk, group, "2026-03-02", "2026-03-29")
    assert (dates(again), again["existing"]) == (["2026-03-10"], 3)


def test_a_lesson_that_was_moved_is_not_made_again_nor_one_in_the_way_touched(
    api: Api, clerk: Person, group: str
) -> None:
    in_the_way = adds(clerk, group, "2026-03-04", ends="18:30", topic="chess")
    first, *_ = makes(clerk, group, "2026-03-03", "2026-03-04")["lessons"]
    moved = good(clerk.puts(path_of(first), date="2026-03-06", starts="10:00", ends="11:00"), 200)
    assert moved.pop("warnings") == []
    assert moved["scheduled"] == {"date": "2026-03-03", "starts": "18:00"}
    assert makes(clerk, group, "2026-03-01", "2026-03-08") == NOTHING_MADE | {"existing": 2}
    shown = good(clerk.reads(f"{group}/lessons"), 200)
    assert shown == {"lessons": [in_the_way, moved], "total": 2}


def test_a_closure_cancels_what_is_to_come_and_restores_it_when_it_goes(
    api: Api, head: Person, clerk: Person, group: str, place: str
) -> None:
    made = makes(clerk, group, "2026-03-02", "2026-03-18")["lessons"]
    off = good(clerk.puts(path_of(made[1]), state="cancelled", reason="snow"), 200)
    closures = f"/locations/{place}/closures"
    closed = [{"from": "2026-03-04", "until": "2026-03-10", "reason": "paint"}]
    good(head.puts(closures, closures=closed), 200)
    shown = good(clerk.reads(f"{group}/lessons"), 200)["lessons"]
    assert [(it["state"], it["reason"]) for it in shown] == [
        ("planned", ""), ("cancelled", "snow"), ("cancelled", "paint"), *[("planned", "")] * 3,
    ]  # fmt: skip
    good(head.puts(closures, closures=[]), 200)
    shown = good(clerk.reads(f"{group}/lessons"), 200)["lessons"]
    assert [it["state"] for it in shown] == ["planned", "cancelled", *["planned"] * 4]
    assert off == shown[1] | {"warnings": []}
    assert {it: shown[2][it] for it in made[2]} == made[2] | {
        "version": 3, "updated_at": shown[2]["updated_at"],
    }  # fmt: skip


# Edits


def test_a_put_changes_what_is_sent_and_null_clears(
    api: Api, head: Person, other_clerk: Person, group: str
) -> None:
    lesson, hall = adds(head, group), added(head, "/locations", name="Hall", address="2", capacity=5)
    path = path_of(lesson)
    for version, (changes, more) in enumerate([
        ({"date": "2026-04-01"},
         {"starts_at": "2026-04-01T16:00:00Z", "ends_at": "2026-04-01T17:30:00Z"}),
        ({"starts": "17:00"}, {"starts_at": "2026-04-01T15:00:00Z"}),
        ({"ends": "18:00"}, {"ends_at": "2026-04-01T16:00:00Z"}),
        ({"location_id": hall}, {"timezone": "UTC", "capacity": 5,
                                 "starts_at": "2026-04-01T17:00:00Z", "ends_at": "2026-04-01T18:00:00Z"}),
        ({"teachers": [other_clerk.id]}, {}),
        ({"topic": "fractions"}, {}),
        ({"state": "cancelled", "reason": "snow"}, {}),
        ({"reason": "ice"}, {}),
        ({"state": "planned"}, {"reason": ""}),
        ({"teachers": None}, {"teachers": []}),
        ({"topic": None}, {"topic": ""}),
    ], 2):  # fmt: skip
        response = head.puts(path, f'"{version - 1}"', **changes)
        lesson |= changes | more | {"version": version}
        changed = (200, lesson | {"warnings": []})
        assert (answer(response), response.headers["etag"]) == (changed, f'"{version}"'), changes
        assert answer(head.puts(path, **changes)) == answer(response), "the same again changes nothing"
    for name in ("date", "starts", "ends", "location_id", "state"):
        assert fields(head.puts(path, **{name: None})) == [name]
    assert good(head.reads(path), 200) == lesson


def test_a_lesson_is_cancelled_with_a_reason_and_restored_without(
    api: Api, clerk: Person, group: str
) -> None:
    lesson = adds(clerk, group)
    path = path_of(lesson)
    for without in ({}, {"reason": ""}, {"reason": None}):
        assert fields(clerk.puts(path, state="cancelled", **without)) == ["reason"]
    for wrong in ("held", "open", "", "Cancelled", True):
        assert fields(clerk.puts(path, state=wrong, reason="snow")) == ["state"], wrong
    assert fields(clerk.puts(path, reason="snow")) == ["reason"], "there is nothing to give a reason for"
    off = good(clerk.puts(path, state="cancelled", reason="snow"), 200)
    assert (off["state"], off["reason"]) == ("cancelled", "snow")
    assert good(clerk.puts(path, state="cancelled"), 200) == off
    assert fields(clerk.puts(path, reason=None)) == ["reason"]
    assert fields(clerk.puts(path, state="planned", reason="thaw")) == ["reason"]
    assert good(clerk.puts(path, state="planned"), 200)["reason"] == ""


def test_a_lesson_is_held_once_it_began_and_somebody_is_marked(
    api: Api, head: Person, clerk: Person, group: str
) -> None:
    anna = added(head, "/clients", name="Anna")
    lesson = adds(clerk, group, starts="13:30", ends="14:00")

    def state(by: Person) -> str:
        (listed,) = good(by.reads(f"{group}/lessons"), 200)["lessons"]
        assert good(by.reads(path_of(lesson)), 200) == listed
        return str(listed["state"])

    marks(clerk, lesson, anna, status="excused")
    assert state(clerk) == "planned"
    [clerk] = api.passes(clerk, minutes=30)
    assert state(clerk) == "held"
    assert good(clerk.puts(path_of(lesson), state="cancelled", reason="x"), 200)["state"] == "cancelled"
    assert good(clerk.puts(path_of(lesson), state="planned"), 200)["state"] == "held"
    marks(clerk, lesson, anna, status=None)
    assert state(clerk) == "planned"


def test_no_two_lessons_of_a_group_are_at_one_time(api: Api, clerk: Person, head: Person, group: str) -> None:
    first, second = adds(clerk, group), adds(clerk, group, "2026-03-03")
    assert answer(clerk.posts(f"{group}/lessons", date=TODAY, starts="18:00", ends="18:30")) == TAKEN
    assert answer(clerk.puts(path_of(second), date=TODAY)) == TAKEN
    good(clerk.puts(path_of(first), state="cancelled", reason="snow"), 200)
    assert answer(clerk.puts(path_of(second), date=TODAY)) == TAKEN, "a lesson that is cancelled stays there"
    assert good(clerk.puts(path_of(second), date=TODAY, starts="18:01"), 200)["version"] == 2
    location_id = first["location_id"]
    other = f"/groups/{added(head, '/groups', name='Other', location_id=location_id)}"
    assert adds(head, other)["starts"] == "18:00"


# Lists


def test_lessons_are_filtered_by_date_and_state_and_sorted(
    api: Api, clerk: Person, head: Person, group: str
) -> None:
    anna = added(head, "/clients", name="Anna")
    lessons = {day: adds(clerk, group, f"2026-03-{day:02}", starts="08:00") for day in (4, 2, 3, 1)}
    marks(clerk, lessons[1], anna)
    good(clerk.puts(path_of(lessons[3]), state="cancelled", reason="snow"), 200)
    for query, days in {
        "": [1, 2, 3, 4],
        "sort=%2Bdate": [1, 2, 3, 4],
        "sort=-date": [4, 3, 2, 1],
        "sort=created_at": [4, 2, 3, 1],
        "sort=-created_at,-date": [4, 3, 2, 1],
        "from=2026-03-02": [2, 3, 4],
        "to=2026-03-02": [1, 2],
        "from=2026-03-02&to=2026-03-03": [2, 3],
        "from=2026-03-03&to=2026-03-03": [3],
        "from=0001-01-01&to=9999-12-31": [1, 2, 3, 4],
        "state=planned": [2, 4],
        "state=held": [1],
        "state=cancelled": [3],
        "state=planned&to=2026-03-03": [2],
        "from=2026-03-05": [],
    }.items():
        for path in (f"{CLUB}{group}/lessons?{query}", f"{CLUB}{group}/lessons?{query}&page=1"):
            shown = good(clerk.asks("GET", path), 200)
            assert dates(shown) == [f"2026-03-{day:02}" for day in days], path
            assert shown["total"] == len(days)
    for wrong in (
        "sort=starts",
        "from=x",
        "to=2026-02-30",
        "state=open",
        "state=",
        "page=0",
        "q=x",
        "from=null",
    ):
        refused = clerk.asks("GET", f"{CLUB}{group}/lessons?{wrong}")
        assert fields(refused) == [wrong.partition("=")[0]], wrong
    assert fields(clerk.reads(f"{group}/lessons", from_="2026-03-03", to="2026-03-02")) == ["from"]


@pytest.mark.slow
def test_a_long_list_is_the_same_as_its_pages(api: Api, clerk: Person, head: Person, group: str) -> None:
    every_day = [{"weekday": day, "starts": f"{hour}:00", "ends": f"{hour}:30"}
                 for day in range(1, 8) for hour in (10, 12)]  # fmt: skip
    good(head.puts(group, schedule=every_day), 200)
    made = makes(clerk, group, "2026-01-01", "2026-12-31")
    assert (made["total"], len(made["lessons"])) == (730, 730)
    response = clerk.reads(f"{group}/lessons")
    whole = good(response, 200)
    assert response.extensions["pieces"] > 2
    assert (whole["total"], whole["lessons"]) == (730, made["lessons"])
    for page in (1, 2, 37, 38):
        assert good(clerk.reads(f"{group}/lessons", page=page), 200) == {
            "lessons": whole["lessons"][20 * (page - 1) : 20 * page], "total": 730, "page": page, "pages": 37,
        }  # fmt: skip


# Malformed

MALFORMED: list[tuple[dict[str, Any], list[str]]] = [
    ({"date": "2026-02-30"}, ["date"]),
    ({"date": "0001-01-01", "starts": "00:00", "location_id": None}, ["date"]),
    ({"date": 20260302}, ["date"]),
    ({"starts": "18:00:00"}, ["starts"]),
    ({"starts": "18:00Z"}, ["starts"]),
    ({"ends": "24:00"}, ["ends"]),
    ({"ends": "18:00"}, ["ends"]),
    ({"starts": "x", "ends": None}, ["starts", "ends"]),
    ({"location_id": 1}, ["location_id"]),
    ({"teachers": "x"}, ["teachers"]),
    ({"teachers": [1]}, ["teachers[0]"]),
    ({"teachers": ["x"] * 101}, ["teachers"]),
    ({"topic": "x" * 501}, ["topic"]),
    ({"topic": "a\nb"}, ["topic"]),
    ({"topic": "\u200b"}, ["topic"]),
    ({"topic": "a\u202eb"}, ["topic"]),
    ({"topic": "a\0"}, ["topic"]),
    ({"group_id": UNKNOWN_ID}, ["group_id"]),
    ({"cancelled": True}, ["cancelled"]),
    ({"starts_at": "2026-03-02T17:00:00Z"}, ["starts_at"]),
    ({"timezone": "UTC"}, ["timezone"]),
    ({"scheduled": None}, ["scheduled"]),
]


@IN_MEMORY
def test_what_is_malformed_names_its_place_and_changes_nothing(api: Api, head: Person, group: str) -> None:
    lesson = adds(head, group)
    usual = {"date": "2026-03-03", **EVENING}
    for body, places in MALFORMED:
        assert fields(head.posts(f"{group}/lessons", **usual | body)) == places, body
        if body.get("location_id", "") is not None:
            assert fields(head.puts(path_of(lesson), **body)) == places, body
    for missing in usual:
        rest = {it: usual[it] for it in usual if it != missing}
        assert fields(head.posts(f"{group}/lessons", **rest)) == [missing]
    assert fields(head.posts(f"{group}/lessons", topic="x")) == ["date", "ends", "starts"]
    for more in ({"state": "planned"}, {"reason": "snow"}, {"capacity": 2}):
        assert fields(head.posts(f"{group}/lessons", **usual, **more)) == [*more]
    assert fields(head.puts(path_of(lesson), reason="x" * 501)) == ["reason"]
    same = {"teachers": [head.id, head.id]}
    assert fields(head.posts(f"{group}/lessons", **usual | same)) == ["teachers"]
    assert fields(head.puts(path_of(lesson), **same)) == ["teachers"]
    assert good(head.reads(f"{group}/lessons"), 200) == {"lessons": [lesson], "total": 1}


@pytest.mark.slow
def test_a_hostile_lesson_is_malformed_like_a_hostile_range(memory: Api) -> None:
    scene = Scene.of(memory)
    body = {"date": TODAY, **EVENING, "location_id": scene.location_id, "teachers": [], "topic": "chess"}
    operation = replace(operations(scene)["add_lessons"], body=body)
    assert not_refused(scene, operation, hostile_bodies(body, 2**16)).keys() == {
        "location_id: null", "teachers: null", "teachers: array", "topic: null",
    }  # fmt: skip


@IN_MEMORY
def test_a_range_is_whole_forwards_no_year_and_a_day_and_nothing_else(
    api: Api, head: Person, group: str
) -> None:
    for body, places in [
        ({"from": TODAY}, ["until"]),
        ({"until": TODAY}, ["from"]),
        ({"from": TODAY, "until": "2026-03-01"}, ["until"]),
        ({"from": "2026-01-01", "until": "2027-01-02"}, ["until"]),
        ({"from": "0001-01-01", "until": "9999-12-31"}, ["until"]),
        ({"from": None, "until": TODAY}, ["from"]),
        ({"from": "x", "until": "2026-02-30"}, ["from", "until"]),
        ({"from": TODAY, "until": TODAY, "topic": "x"}, ["topic"]),
        ({"from": TODAY, "until": TODAY, "date": TODAY, **EVENING}, ["date", "ends", "starts"]),
        ({"from": TODAY, "date": TODAY, **EVENING}, ["until", "date", "ends", "starts"]),
        ({"since": TODAY, "until": TODAY}, ["since", "from"]),
    ]:
        assert fields(head.posts(f"{group}/lessons", **body)) == places, body
    assert good(head.reads(f"{group}/lessons"), 200)["total"] == 0
    assert makes(head, group, "2026-01-01", "2027-01-01")["total"] == 104


# Refused


@IN_MEMORY
def test_what_is_refused_is_refused_in_one_order(
    api: Api, clerk: Person, other_clerk: Person, group: str
) -> None:
    lesson, taken = adds(clerk, group), adds(clerk, group, "2026-03-03")
    path, outdated = path_of(taken), '"9"'
    user, nowhere = api.having(), f"/groups/{UNKNOWN_ID}"
    assert answer(api.nobody.puts(path, outdated, date=1)) == SIGN_IN_FIRST
    assert fields(user.puts(path, outdated, date=1)) == ["date"]
    for missing in (f"{group}/lessons/{UNKNOWN_ID}", f"{nowhere}/lessons/{UNKNOWN_ID}"):
        assert answer(user.puts(missing, outdated, date=TODAY)) == FORBIDDEN
        assert answer(other_clerk.puts(missing, outdated, date=TODAY)) == NO_LESSON
    assert answer(other_clerk.puts(path, outdated, date=TODAY)) == FORBIDDEN
    assert answer(clerk.puts(path, outdated, date=TODAY)) == CHANGED
    assert answer(clerk.puts(path, '"1"', date=TODAY)) == TAKEN
    for body in ({"date": TODAY, **EVENING}, {"from": TODAY, "until": TODAY}):
        wrong = {**body, "until": 1}
        assert answer(api.nobody.posts(f"{group}/lessons", **wrong)) == SIGN_IN_FIRST
        assert "until" in fields(user.posts(f"{nowhere}/lessons", **wrong))
        assert answer(user.posts(f"{nowhere}/lessons", **body)) == FORBIDDEN
        assert answer(other_clerk.posts(f"{nowhere}/lessons", **body)) == NO["group"]
        assert answer(other_clerk.posts(f"{group}/lessons", **body)) == FORBIDDEN
    assert answer(clerk.posts(f"{group}/lessons", date=TODAY, **EVENING)) == TAKEN
    for path in (f"{group}/lessons", path_of(lesson)):
        assert answer(api.nobody.reads(path)) == SIGN_IN_FIRST
        assert answer(api.having(email_confirmed_at=None).reads(path)) == FORBIDDEN
        assert api.having().reads(path).status_code == 200


@IN_MEMORY
def test_an_id_of_another_parent_or_none_is_not_found(
    api: Api, head: Person, clerk: Person, group: str, place: str
) -> None:
    lesson = adds(head, group)
    other = f"/groups/{added(head, '/groups', name='Other', location_id=place)}"
    for id_ in (UNKNOWN_ID, "x", "me", lesson["id"][:-1], lesson["id"].replace("-", ""), place, group[8:]):
        assert answer(head.reads(f"{group}/lessons/{id_}")) == NO_LESSON
        assert answer(head.puts(f"{group}/lessons/{id_}", topic="x")) == NO_LESSON
    for parent in (other, f"/groups/{UNKNOWN_ID}", "/groups/x"):
        for person in (head, clerk):
            assert answer(person.reads(f"{parent}/lessons/{lesson['id']}")) == NO_LESSON
            assert answer(person.puts(f"{parent}/lessons/{lesson['id']}", topic="x")) == NO_LESSON
    for id_ in (UNKNOWN_ID, "x", lesson["id"], place):
        assert answer(head.reads(f"/groups/{id_}/lessons")) == NO["group"]
        assert answer(head.posts(f"/groups/{id_}/lessons", date=TODAY, **EVENING)) == NO["group"]
        assert answer(head.posts(f"/groups/{id_}/lessons", **{"from": TODAY, "until": TODAY})) == NO["group"]
    for id_ in (UNKNOWN_ID, "x", "", group[8:]):
        body = {"date": "2026-03-03", **EVENING}
        is_id = len(id_) == 36
        nowhere = NO["location"] if is_id else no_id("location_id")
        assert answer(head.posts(f"{group}/lessons", **body, location_id=id_)) == nowhere
        assert answer(head.puts(path_of(lesson), location_id=id_)) == nowhere
        refused = head.posts(f"{group}/lessons", **body, teachers=[id_])
        assert answer(refused) == (NO["user"] if is_id else no_id("teachers[0]"))
        refused = head.puts(path_of(lesson), teachers=[head.id, id_])
        assert answer(refused) == (NO["user"] if is_id else no_id("teachers[1]"))
    assert good(head.reads(f"{group}/lessons"), 200) == {"lessons": [lesson], "total": 1}
    assert good(head.reads(f"{other}/lessons"), 200)["total"] == 0


def test_who_teaches_may_and_a_substitute_may_but_only_a_manager_says_who(
    api: Api, clerk: Person, other_clerk: Person, head: Person, group: str
) -> None:
    manager, parent = api.having(Role.MANAGER), api.having()
    lesson, path = adds(clerk, group), path_of(adds(clerk, group, "2026-03-03"))
    assert (
        answer(clerk.posts(f"{group}/lessons", date="2026-03-04", **EVENING, teachers=[clerk.id]))
        == FORBIDDEN
    )
    assert answer(clerk.puts(path, teachers=[other_clerk.id])) == FORBIDDEN
    assert good(clerk.puts(path, teachers=[clerk.id]), 200)["version"] == 1, "it says what is so already"
    assert answer(other_clerk.puts(path, topic="x")) == FORBIDDEN
    assert good(manager.puts(path, teachers=[other_clerk.id, parent.id]), 200)["version"] == 2
    assert good(other_clerk.puts(path, topic="chess"), 200)["version"] == 3
    assert good(clerk.puts(path, topic="go"), 200)["version"] == 4, "who teaches the group on its date may"
    assert answer(parent.puts(path, topic="x")) == FORBIDDEN, "below level 3 nobody teaches"
    assert answer(other_clerk.puts(path_of(lesson), topic="x")) == FORBIDDEN, "nor any other lesson"
    assert answer(other_clerk.posts(f"{group}/lessons", date=TODAY, **EVENING)) == FORBIDDEN
    good(head.puts(group, teachers=[{"user_id": clerk.id, "from": "2026-02-01", "until": "2026-03-01"}]), 200)
    assert answer(clerk.posts(f"{group}/lessons", date="2026-03-05", **EVENING)) == FORBIDDEN, "not any more"


def test_a_lesson_with_marks_is_changed_only_while_its_marks_may_be(
    api: Api, clerk: Person, head: Person, group: str
) -> None:
    manager, anna = api.having(Role.MANAGER), added(head, "/clients", name="Anna")
    lesson, unmarked = (adds(clerk, group, starts=f"{it}:00", ends=f"{it}:30") for it in ("08", "10"))
    marks(clerk, lesson, anna)
    clerk, manager, head = api.passes(clerk, manager, head, days=8)
    path = path_of(lesson)
    for changes in (
        {"state": "cancelled", "reason": "x"},
        {"date": "2026-03-09"},
        {"starts": "09:00"},
        {"ends": "12:00"},
    ):
        assert answer(clerk.puts(path, **changes)) == TOO_LATE
    assert good(clerk.puts(path, topic="chess"), 200)["version"] == 2
    assert good(clerk.puts(path_of(unmarked), date="2026-02-03"), 200)["version"] == 2
    assert good(manager.puts(path, state="cancelled", reason="x"), 200)["version"] == 3
    assert answer(clerk.puts(path, state="planned")) == TOO_LATE
    manager, head = api.passes(manager, head, days=60)
    assert answer(manager.puts(path, state="planned")) == TOO_LATE
    assert good(head.puts(path, state="planned"), 200)["state"] == "held"


# At the same time, deleted, replaced


def test_two_lessons_of_a_group_are_not_at_once_and_a_teacher_in_two_places_is_told(
    head: Person, clerk: Person, group: str, place: str
) -> None:
    lesson = adds(clerk, group)
    body = {"date": TODAY, "starts": "19:00", "ends": "00:00"}
    assert answer(clerk.posts(f"{group}/lessons", **body)) == OVERLAP
    teachers = [{"user_id": clerk.id, "from": "2026-02-01"}]
    other = f"/groups/{added(head, '/groups', name='Other', location_id=place, teachers=teachers)}"
    late = good(clerk.posts(f"{other}/lessons", **body), 201)
    warning = {"code": "teacher_elsewhere", "user_id": clerk.id}
    assert late["warnings"] == [warning | {"lesson_id": late["id"], "with_lesson_id": lesson["id"]}]
    assert late["ends_at"] == "2026-03-02T23:00:00Z"
    told = good(clerk.puts(path_of(lesson), topic="chess"), 200)["warnings"]
    assert told == [warning | {"lesson_id": lesson["id"], "with_lesson_id": late["id"]}]
    assert "warnings" not in good(clerk.reads(path_of(late)), 200)
    assert good(clerk.puts(path_of(late), starts="19:30"), 200)["warnings"] == []


def test_an_unmarked_lesson_is_deleted_by_who_teaches_it(
    api: Api, head: Person, clerk: Person, other_clerk: Person, group: str
) -> None:
    anna, lesson = added(head, "/clients", name="Anna"), adds(clerk, group)
    marked = adds(clerk, group, "2026-03-01")
    marks(clerk, marked, anna)
    assert deletes(other_clerk, lesson) == 403
    response = clerk.asks("DELETE", CLUB + path_of(lesson))
    assert (response.status_code, response.content) == (204, b"")
    assert answer(clerk.asks("DELETE", CLUB + path_of(lesson))) == NO_LESSON
    assert answer(head.asks("DELETE", CLUB + path_of(marked))) == refusal(409, "lesson has marks")
    assert good(head.reads(f"{group}/lessons"), 200)["total"] == 1


def test_a_new_schedule_replaces_lessons_in_mid_term(head: Person, clerk: Person, group: str) -> None:
    makes(clerk, group, "2026-03-02", "2026-03-29")
    fortnightly = {"weekday": 2, "starts": "17:00", "ends": "18:00", "every": 2, "from": "2026-03-10"}
    good(head.puts(group, schedule=[fortnightly]), 200)
    body = {"from": "2026-03-09", "until": "2026-03-29", "replace": True}
    made = good(clerk.posts(f"{group}/lessons", **body), 201)
    assert (dates(made), made["removed"], made["existing"]) == (["2026-03-10", "2026-03-24"], 6, 0)
    assert [(it["date"], it["starts"]) for it in good(head.reads(f"{group}/lessons"), 200)["lessons"]] == [
        ("2026-03-03", "18:00"), ("2026-03-04", "18:00"), ("2026-03-10", "17:00"), ("2026-03-24", "17:00"),
    ]  # fmt: skip
    assert fields(clerk.posts(f"{group}/lessons", replace=True)) == ["from", "until"]
    assert fields(clerk.posts(f"{group}/lessons", **body | {"replace": None})) == ["replace"]
    assert fields(head.puts(group, schedule=[fortnightly | {"from": None}])) == ["schedule[0].from"]
    assert fields(head.puts(group, schedule=[fortnightly | {"every": 9}])) == ["schedule[0].every"]
