"""What a parent asks for: whose account it is, the groups and next lessons of the own child, its calendar."""

from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from icalendar import Calendar

from attendance.domain.permissions.roles import Role
from tests.http.api import CLUB, IN_MEMORY, MARCH_2, UNKNOWN_ID, Api, answer, fields, good, refusal
from tests.http.operations import MONDAYS, TIMES, added

FORBIDDEN = refusal(403, "insufficient permissions")
NO_CLIENT = refusal(404, "client not found")
SIGN_IN_FIRST = refusal(401, "authentication required")
NOTES = "needs an inhaler"
READS = ("groups", "lessons", "calendar.ics")


class Family:
    """A child of two parents in a group that meets on Mondays, as a manager keeps it; and another child."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.head = api.having(Role.HEAD_MANAGER, "head")
        self.manager = api.having(Role.MANAGER, "manager")
        self.teacher = api.having(Role.EMPLOYEE, "teacher", name="Tessa")
        self.mother, self.father = api.having(username="mother"), api.having(username="father")
        parents = [self.father.id, self.mother.id]
        self.child = added(self.manager, "/clients", name="Anna", notes=NOTES, user_ids=parents)
        self.other = added(self.manager, "/clients", name="Xanthippe", notes=NOTES)
        self.location = added(
            self.head, "/locations", name="Hall", address="2 Main Street", timezone="Europe/Berlin"
        )
        self.group = added(
            self.manager,
            "/groups",
            name="Clay",
            location_id=self.location,
            teachers=[{"user_id": self.teacher.id, "from": MARCH_2}],
            members=[{"client_id": it, "from": MARCH_2} for it in (self.child, self.other)],
            schedule=[MONDAYS],
        )

    def lesson(self, day: str = "2026-03-09", **more: Any) -> str:
        return added(self.manager, f"/groups/{self.group}/lessons", date=day, **{**TIMES, **more})

    def marks(self, lesson_id: str, client_id: str, **entry: Any) -> None:
        sent = [{"client_id": client_id, **entry}]
        good(self.manager.puts(f"/lessons/{lesson_id}/attendance", attendances=sent), 200)


@pytest.fixture
def family(api: Api) -> Family:
    return Family(api)


def lesson_ids(response: httpx.Response) -> list[str]:
    assert response.status_code == 200, response.text
    return [str(event["UID"]) for event in Calendar.from_ical(response.content).events]


def test_a_parents_whole_need_is_two_requests(family: Family) -> None:
    lesson = family.lesson(topic="bowls")
    family.marks(lesson, family.child, status="excused", note=NOTES)
    for parent in (family.mother, family.father):
        me = good(parent.reads("/users/me"), 200)
        assert me["clients"] == [{"id": family.child, "name": "Anna"}]
        response = parent.reads(f"/clients/{me['clients'][0]['id']}/lessons")
        body = good(response, 200)
        assert body["total"] == 1
        (told,) = body["lessons"]
        whole = good(parent.reads(f"/groups/{family.group}/lessons/{lesson}"), 200)
        assert told == whole | {
            "group_name": "Clay", "location_name": "Hall", "status": "excused", "announced": False,
        }  # fmt: skip
        assert (told["date"], told["starts"], told["topic"]) == ("2026-03-09", "18:00", "bowls")
        assert NOTES not in response.text
        assert "note" not in told


def test_a_parent_sees_the_groups_of_the_own_child(family: Family) -> None:
    expected = {
        "group_id": family.group,
        "name": "Clay",
        "location_id": family.location,
        "location_name": "Hall",
        "from": MARCH_2,
        "until": None,
        "teachers": ["Tessa"],
        "schedule": [{**MONDAYS, "every": 1, "from": None}],
    }
    path = f"/clients/{family.child}/groups"
    for person in (family.mother, family.father, family.teacher):
        assert good(person.reads(path), 200) == {"groups": [expected], "total": 1}
    deleted = f"{CLUB}/groups/{family.group}/members/{family.child}"
    good(family.manager.asks("DELETE", deleted, params={"until": MARCH_2}), 200)
    assert good(family.mother.reads(path), 200)["groups"] == [expected | {"until": MARCH_2}]
    family.api.clock.pass_by(days=1)
    mother = family.api.session_of(family.mother)
    assert good(mother.reads(path), 200) == {"groups": [], "total": 0}
    assert good(mother.reads(path, all="false"), 200)["total"] == 0
    assert good(mother.reads(path, all="true"), 200)["groups"] == [expected | {"until": MARCH_2}]


def test_lessons_are_those_of_a_range_and_cancelled_ones_say_so(family: Family) -> None:
    days = ["2026-03-02", "2026-03-09", "2026-04-01", "2026-04-02"]
    lessons = {day: family.lesson(day) for day in days}
    good(
        family.manager.puts(
            f"/groups/{family.group}/lessons/{lessons[days[1]]}", state="cancelled", reason="snow"
        ),
        200,
    )
    path = f"/clients/{family.child}/lessons"

    def told(**query: str) -> list[str]:
        body = good(family.mother.reads(path, **query), 200)
        assert body["total"] == len(body["lessons"])
        return [it["date"] for it in body["lessons"]]

    assert told() == days[:3]
    assert told(to="2026-04-02") == days
    assert told(**{"from": "2026-03-03"}) == days[1:3] + days[3:4]
    assert told(**{"from": "2026-03-09", "to": "2026-03-09"}) == days[1:2]
    (cancelled,) = good(family.mother.reads(path, **{"from": days[1], "to": days[1]}), 200)["lessons"]
    assert (cancelled["state"], cancelled["reason"], cancelled["status"]) == ("cancelled", "snow", None)
    assert fields(family.mother.reads(path, **{"from": days[1], "to": days[0]})) == ["from"]
    assert fields(family.mother.reads(path, **{"from": "2025-03-01", "to": "2026-03-02"})) == ["to"]
    assert fields(family.mother.reads(path, page="1", since=MARCH_2)) == ["page", "since"]
    assert told(**{"from": "9999-12-31"}) == told(**{"from": "9999-12-01", "to": "9999-12-31"}) == []


def test_a_table_has_the_same_columns(family: Family) -> None:
    family.lesson()
    lessons = family.mother.reads(f"/clients/{family.child}/lessons", format="csv").text
    assert lessons.startswith("id,created_at,")
    assert lessons.splitlines()[0].endswith("group_name,location_name,status,announced")
    groups = family.mother.reads(f"/clients/{family.child}/groups", format="csv").text
    assert groups.splitlines()[0] == "group_id,name,location_id,location_name,from,until,teachers,schedule"
    assert "Clay" in groups.splitlines()[1]


def test_another_child_and_none_at_all_are_nobodys_business(family: Family) -> None:
    family.lesson()
    unconfirmed = family.api.having(email_confirmed_at=None)
    good(family.manager.puts(f"/clients/{family.other}", user_ids=[unconfirmed.id]), 200)
    for read in READS:
        for who, client in (
            (family.mother, family.other), (family.mother, UNKNOWN_ID), (family.mother, "me"),
            (family.api.having(), family.child), (unconfirmed, family.other),
        ):  # fmt: skip
            assert answer(who.reads(f"/clients/{client}/{read}")) == FORBIDDEN, (read, client)
        assert answer(family.teacher.reads(f"/clients/{UNKNOWN_ID}/{read}")) == NO_CLIENT
        assert answer(family.api.nobody.reads(f"/clients/{family.child}/{read}")) == SIGN_IN_FIRST
    assert "Xanthippe" not in family.mother.reads(f"/clients/{family.child}/groups").text


def test_who_is_linked_no_more_sees_nothing_at_the_next_request(family: Family) -> None:
    token = good(family.father.posts("/users/me/calendar_token"), 201)["token"]
    calendar = f"/clients/{family.child}/calendar.ics"
    assert lesson_ids(family.api.nobody.reads(calendar, token=token)) == []
    good(family.manager.puts(f"/clients/{family.child}", user_ids=[family.mother.id]), 200)
    assert good(family.father.reads("/users/me"), 200)["clients"] == []
    for read in READS:
        assert answer(family.father.reads(f"/clients/{family.child}/{read}")) == FORBIDDEN
        assert family.mother.reads(f"/clients/{family.child}/{read}").status_code == 200
    assert answer(family.api.nobody.reads(calendar, token=token)) == FORBIDDEN


# Linking


def test_an_employee_edits_a_client_but_links_nobody(family: Family) -> None:
    path = f"/clients/{family.child}"
    same = {"user_ids": [family.mother.id, family.father.id], "phone": "112"}
    assert good(family.teacher.puts(path, **same), 200)["user_ids"] == sorted(same["user_ids"])
    for ids in ([], None, [family.mother.id], [family.mother.id, family.father.id, family.teacher.id]):
        assert answer(family.teacher.puts(path, user_ids=ids)) == FORBIDDEN
    assert answer(family.teacher.puts(path, user_ids=[UNKNOWN_ID])) == FORBIDDEN
    assert answer(family.teacher.posts("/clients", name="Bea", user_ids=[family.mother.id])) == FORBIDDEN
    assert good(family.teacher.posts("/clients", name="Bea", user_ids=[]), 201)["user_ids"] == []
    assert good(family.manager.puts(path, user_ids=None), 200)["user_ids"] == []


@IN_MEMORY
def test_what_is_wrong_with_a_list_of_accounts_is_told_by_its_place(family: Family) -> None:
    mother, path = family.mother.id, f"/clients/{family.child}"
    for ids, places in (
        ([mother, UNKNOWN_ID, "x"], ["user_ids[1]", "user_ids[2]"]),
        ([mother, mother], ["user_ids[1]"]),
        ([mother, 1], ["user_ids[1]"]),
        ([UNKNOWN_ID.replace("0", str(n)) for n in range(10)] + [mother], ["user_ids"]),
        ("x", ["user_ids"]),
    ):
        for response in (
            family.manager.puts(path, user_ids=ids),
            family.manager.posts("/clients", name="Bea", user_ids=ids),
        ):
            assert fields(response) == places, ids
    wrong = family.manager.puts(path, user_ids=[UNKNOWN_ID], email="x", birthday="2999-01-01", phone=1)
    assert {*fields(wrong)} == {"user_ids[0]", "email", "birthday", "phone"}


def test_clients_are_listed_by_group_as_of_today_with_other_filters(family: Family) -> None:
    listed = good(family.teacher.reads("/clients", group_id=family.group), 200)
    assert [it["name"] for it in listed["clients"]] == ["Anna", "Xanthippe"]
    assert listed["total"] == 2

    def names(**query: str) -> list[str]:
        body = good(family.teacher.reads("/clients", group_id=family.group, **query), 200)
        return [it["name"] for it in body["clients"]]

    assert names(q="ann") == names(page="1", q="ann") == ["Anna"]
    assert names(sort="-name", page="1") == ["Xanthippe", "Anna"]
    assert names(active="false") == []
    assert good(family.teacher.reads("/clients", group_id=UNKNOWN_ID), 200) == {"clients": [], "total": 0}
    assert good(family.teacher.reads("/clients", group_id="x"), 200)["total"] == 0
    good(family.manager.puts(f"/clients/{family.other}", active=False), 200)
    assert names() == ["Anna", "Xanthippe"], "the membership ends with today"
    family.api.clock.pass_by(days=1)
    family.teacher, family.mother = (family.api.session_of(it) for it in (family.teacher, family.mother))
    assert names() == ["Anna"]
    assert answer(family.mother.reads("/clients", group_id=family.group)) == FORBIDDEN


# Calendars


def test_a_parents_token_opens_the_calendar_of_each_own_child(family: Family) -> None:
    lesson = family.lesson()
    made = good(family.mother.posts("/users/me/calendar_token"), 201)
    assert made["urls"]["groups"] == {}
    assert made["urls"]["clients"].keys() == {family.child}
    parts = urlsplit(made["urls"]["clients"][family.child])
    for response in (
        family.api.http.get(f"{parts.path}?{parts.query}"),
        family.mother.reads(f"/clients/{family.child}/calendar.ics"),
        family.father.reads(f"/clients/{family.child}/calendar.ics"),
        family.teacher.reads(f"/clients/{family.child}/calendar.ics"),
    ):
        assert lesson_ids(response) == [lesson]
        assert response.headers["content-type"] == "text/calendar; charset=utf-8"
        assert Calendar.from_ical(response.content)["NAME"] == "Anna"
        assert NOTES not in response.text
    other = f"/clients/{family.other}/calendar.ics"
    for path in (other, f"/groups/{family.group}/calendar.ics"):
        assert answer(family.api.nobody.reads(path, token=made["token"])) == FORBIDDEN
    assert lesson_ids(family.mother.reads("/users/me/calendar.ics")) == []


def test_a_child_that_leaves_has_the_lessons_until_then(family: Family) -> None:
    lessons = [family.lesson(day) for day in ("2026-03-09", "2026-03-16")]
    path = f"/clients/{family.child}/calendar.ics"
    assert lesson_ids(family.mother.reads(path)) == lessons
    deleted = f"{CLUB}/groups/{family.group}/members/{family.child}"
    good(family.manager.asks("DELETE", deleted, params={"until": "2026-03-10"}), 200)
    assert lesson_ids(family.mother.reads(path)) == lessons[:1]


def test_a_parent_who_is_deactivated_reads_no_calendar_ever_again_by_the_old_link(family: Family) -> None:
    token = good(family.mother.posts("/users/me/calendar_token"), 201)["token"]
    path = f"/clients/{family.child}/calendar.ics"
    assert family.api.nobody.reads(path, token=token).status_code == 200
    for active in (False, True):
        good(family.head.puts(f"/users/{family.mother.id}/active", active=active), 200)
        assert answer(family.api.nobody.reads(path, token=token)) == SIGN_IN_FIRST
