"""Lessons of all groups, letter for letter, over every store: what somebody opens the day with."""

from typing import Any

import httpx
import pytest

from attendance.application.club.timetables import listing
from attendance.domain.permissions.roles import Role
from tests.http.api import CLUB, IN_MEMORY, UNKNOWN_ID, Api, Person, answer, good
from tests.http.operations import added

TODAY, TOMORROW = "2026-03-02", "2026-03-03"


class School:
    """Two places, three groups, and two who teach."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.head = api.having(Role.HEAD_MANAGER, "head")
        self.ann, self.ben = api.having(Role.EMPLOYEE, "ann"), api.having(Role.EMPLOYEE, "ben")
        self.main, self.annex = (
            added(self.head, "/locations", name=name, address=name, timezone="Europe/Berlin")
            for name in ("Main", "Annex")
        )
        self.clients = [added(self.head, "/clients", name=name) for name in ("Anna", "Bea", "Cy")]
        self.chess = self.group("Chess", self.main, self.ann, self.clients[:2])
        self.go = self.group("Go", self.annex, self.ann, self.clients[:1])
        self.bridge = self.group("Bridge", self.main, self.ben, [])

    def group(self, name: str, location: str, teacher: Person, members: list[str]) -> str:
        return added(
            self.head,
            "/groups",
            name=name,
            location_id=location,
            teachers=[{"user_id": teacher.id, "from": "2026-01-01"}],
            members=[{"client_id": it, "from": "2026-01-01"} for it in members],
        )

    def lesson(self, group: str, date: str, starts: str, **more: Any) -> str:
        ends = f"{int(starts[:2]) + 1:02}{starts[2:]}"
        return added(self.head, f"/groups/{group}/lessons", date=date, starts=starts, ends=ends, **more)

    def marks(self, lesson: str, *client_ids: str) -> None:
        entries = [{"client_id": it, "status": "present"} for it in client_ids]
        good(self.head.puts(f"/lessons/{lesson}/attendance", attendances=entries), 200)


@pytest.fixture
def school(api: Api) -> School:
    return School(api)


def asks(by: Person, query: str = "") -> httpx.Response:
    return by.asks("GET", f"{CLUB}/lessons{query}")


def ids(by: Person, query: str = "") -> list[str]:
    shown = good(asks(by, query), 200)
    assert shown["total"] == len(shown["lessons"])
    return [lesson["id"] for lesson in shown["lessons"]]


def test_the_day_is_one_request_with_all_that_a_list_of_it_shows(school: School) -> None:
    early = school.lesson(school.chess, TODAY, "08:00")
    late = school.lesson(school.go, TODAY, "18:00")
    school.lesson(school.bridge, TOMORROW, "08:00")
    school.marks(early, school.clients[0], school.clients[2])
    shown = good(asks(school.ann, "?teacher=me"), 200)
    one = good(school.ann.reads(f"/groups/{school.chess}/lessons/{early}"), 200)
    two = good(school.ann.reads(f"/groups/{school.go}/lessons/{late}"), 200)
    taught = {"teacher_names": ["ann"], "untaken": False, "unmarked": 1}
    assert shown == {
        "total": 2,
        "lessons": [
            {**one, "group_name": "Chess", "location_name": "Main", **taught, "roster": 2, "marked": 2},
            {**two, "group_name": "Go", "location_name": "Annex", **taught, "roster": 1, "marked": 0},
        ],
    }
    assert one["state"] == "held"


def test_how_many_come_is_for_those_who_work_here(api: Api, school: School) -> None:
    school.lesson(school.chess, TODAY, "08:00")
    parent, newcomer = api.having(Role.USER), api.someone("newcomer")
    (shown,) = good(asks(parent), 200)["lessons"]
    assert "roster" not in shown
    assert "marked" not in shown
    assert "unmarked" not in shown
    assert shown["group_name"] == "Chess"
    header, _ = asks(parent, "?format=csv").text.splitlines()
    assert "roster" not in header
    assert "group_name" in header
    assert answer(asks(newcomer))[0] == 403
    assert answer(asks(api.nobody))[0] == 401


@pytest.mark.plants
@IN_MEMORY
def test_how_many_come_is_seen_to_be_told_when_nobody_keeps_it_back(
    api: Api, school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "sees_members", lambda _: True)
    with pytest.raises(AssertionError):
        test_how_many_come_is_for_those_who_work_here(api, school)


def test_lessons_are_found_by_who_where_when_and_how_they_stand(school: School) -> None:
    yesterday = school.lesson(school.chess, "2026-03-01", "08:00")
    taken = school.lesson(school.chess, TODAY, "07:00")
    untaken = school.lesson(school.go, TODAY, "07:00")
    substitute = school.lesson(school.bridge, TODAY, "09:00", teachers=[school.ann.id])
    off = school.lesson(school.bridge, TODAY, "10:00")
    to_come = school.lesson(school.go, TODAY, "20:00")
    later = school.lesson(school.go, TOMORROW, "06:00")
    path = f"/groups/{school.bridge}/lessons/{off}"
    good(school.head.puts(path, state="cancelled", reason="ill"), 200)
    school.marks(taken, school.clients[0])
    head, ann, ben = school.head, school.ann, school.ben
    assert ids(head) == [taken, untaken, substitute, off, to_come]
    assert ids(ann, "?teacher=me") == ids(head, f"?teacher={ann.id}") == [taken, untaken, substitute, to_come]
    assert ids(ben, "?teacher=me") == [off], "a substitute took the other"
    assert ids(head, "?teacher=me") == ids(head, "?teacher=nobody") == ids(head, "?teacher=") == []
    assert ids(head, f"?location_id={school.annex}") == [untaken, to_come]
    assert ids(head, f"?group_id={school.bridge}") == [substitute, off]
    assert ids(head, f"?group_id={UNKNOWN_ID}") == ids(head, f"?location_id={UNKNOWN_ID}") == []
    assert ids(head, "?untaken=true&from=2026-01-01") == [yesterday, untaken, substitute]
    assert ids(head, "?untaken=false") == [taken, off, to_come]
    told = {it["id"]: it["untaken"] for it in good(asks(head), 200)["lessons"]}
    assert [each for each in told if told[each]] == [untaken, substitute]
    assert ids(head, "?state=held") == [taken]
    assert ids(head, "?state=cancelled&teacher=me") == []
    assert ids(head, "?from=2026-03-01&to=2026-03-01") == ids(head, "?to=2026-03-01") == [yesterday]
    assert ids(head, f"?from={TOMORROW}") == [later]
    assert ids(head, f"?to={TOMORROW}&sort=-date") == [later, to_come, off, substitute, taken, untaken], (
        "ties by id"
    )


def test_a_page_has_twenty_and_a_range_a_year(school: School) -> None:
    for hour in range(23):
        school.lesson(school.chess, TODAY, f"{hour:02}:00")
    first, second = (good(asks(school.head, f"?page={page}"), 200) for page in (1, 2))
    assert (first["total"], first["pages"], len(first["lessons"]), len(second["lessons"])) == (23, 2, 20, 3)
    assert [*first["lessons"], *second["lessons"]] == good(asks(school.head), 200)["lessons"]
    assert ids(school.head, "?from=2026-01-01&to=2027-01-01")
    for query, field in (
        ("?from=2026-01-01&to=2027-01-02", "to"),
        ("?from=2026-03-02&to=2026-03-01", "from"),
        ("?sort=created_at", "sort"),
        ("?untaken=maybe", "untaken"),
        ("?state=taken", "state"),
    ):
        status, body = answer(asks(school.head, query))
        assert (status, [it["field"] for it in body["details"]]) == (400, [field])
