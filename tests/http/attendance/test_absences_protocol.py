"""Absences that a client or a parent announces: who may, until when, and whose they are then."""

from dataclasses import dataclass, replace
from typing import Any

import pytest

from attendance.application.attendance import absences as use_cases
from attendance.domain.attendance import absences as rules
from attendance.domain.permissions.roles import Role
from tests.http.api import IN_MEMORY, UNKNOWN_ID, Api, Person, answer, fields, good, refusal
from tests.http.attendance.test_attendance_protocol import (
    CANCELLED,
    NOON,
    TODAY,
    TOMORROW,
    Class,
    entry,
    marks,
    path_of,
    rows,
    sheet,
)
from tests.http.club.test_clients_protocol import FORBIDDEN

NO_LESSON, NO_CLIENT = refusal(404, "lesson not found"), refusal(404, "client not found")
BEGUN, MARKED = refusal(409, "lesson has begun"), refusal(409, "already marked")
NOT_EXPECTED, ARCHIVED = refusal(409, "client is not on the roster"), refusal(409, "client is archived")
DONE = (204, None)
SECRET = "the teacher's own words"  # a note


@dataclass(frozen=True, slots=True)
class Family:
    """Anna, who is a member, with a parent who has an account, and a lesson tomorrow."""

    chess: Class
    parent: Person
    anna: str
    lesson: str

    @classmethod
    def of(cls, api: Api) -> "Family":
        chess = Class.of(api)
        parent = api.having(Role.USER, "parent")
        anna = chess.members[0]
        good(chess.head.puts(f"/clients/{anna}", user_ids=[parent.id]), 200)
        return cls(chess, parent, anna, chess.lesson(TOMORROW))

    def path(self, lesson: str | None = None, client: str | None = None) -> str:
        return f"{path_of(lesson or self.lesson)}/{client or self.anna}/absence"

    def announces(self, lesson: str | None = None, client: str | None = None, **body: Any) -> Any:
        return self.parent.puts(self.path(lesson, client), **body)

    def takes_back(self, lesson: str | None = None, client: str | None = None) -> Any:
        return self.parent.asks("DELETE", f"/api/v1{self.path(lesson, client)}")

    def at(self, **time: float) -> "Family":
        (parent,) = self.chess.api.passes(self.parent, **time)
        return replace(self, parent=parent, chess=self.chess.at())

    def mark(self) -> dict[str, Any]:
        shown = rows(sheet(self.chess.head, self.lesson))[self.anna]
        names = ("status", "note", "announced", "version", "marked_by")
        return {name: shown[name] for name in names}


@pytest.fixture
def family(api: Api) -> Family:
    return Family.of(api)


def test_a_parent_excuses_the_child_and_takes_that_back(family: Family) -> None:
    shown = {
        "lesson_id": family.lesson, "client_id": family.anna, "name": "Anna", "status": "excused",
        "note": "fever\nsince noon", "announced": True, "version": 1, "marked_at": NOON,
    }  # fmt: skip
    events = family.chess.events()
    for _ in range(2):
        assert answer(family.announces(note="fever\nsince noon")) == (200, shown)
    assert answer(family.announces()) == (200, shown), "what is left out stays"
    assert family.chess.events() == events + 1
    assert family.mark() == {
        "status": "excused", "note": "fever\nsince noon", "announced": True, "version": 1,
        "marked_by": family.parent.id,
    }  # fmt: skip
    assert answer(family.announces(note=None)) == (200, shown | {"note": "", "version": 2})
    for _ in range(2):
        assert answer(family.takes_back()) == DONE
    assert family.chess.events() == events + 3
    assert family.mark()["status"] is None
    assert answer(family.announces()) == (200, shown | {"note": "", "version": 4})
    history = f"{path_of(family.lesson)}/{family.anna}/history"
    told = good(family.chess.teacher.reads(history), 200)["events"]
    assert [
        (it["action"], it["actor"]["name"], (it["after"] or it["before"])["announced"]) for it in told
    ] == [
        ("attendance.marked", "parent", True),
        ("attendance.marked", "parent", True),
        ("attendance.cleared", "parent", True),
        ("attendance.marked", "parent", True),
    ]


@IN_MEMORY
def test_it_costs_nothing(family: Family) -> None:
    family.chess.sells(family.anna, visits=1)
    good(family.announces(), 200)
    shown = rows(sheet(family.chess.head, family.lesson))[family.anna]
    assert (shown["subscription_id"], shown["unpaid"], shown["pass"]["visits_left"]) == (None, False, 1)


def test_a_teacher_changes_it_and_then_it_is_the_teachers(family: Family) -> None:
    good(family.announces(note="fever"), 200)
    teacher = family.chess.teacher
    good(marks(teacher, family.lesson, entry(family.anna, "excused")), 200)
    assert family.mark()["announced"] is True, "the same is no change"
    good(marks(teacher, family.lesson, entry(family.anna, "excused", note=SECRET, if_version=1)), 200)
    assert family.mark() == {
        "status": "excused", "note": SECRET, "announced": False, "version": 2, "marked_by": teacher.id
    }  # fmt: skip
    for refused in (family.announces(note="fever"), family.announces(), family.takes_back()):
        assert answer(refused) == MARKED
    assert family.mark()["note"] == SECRET
    good(marks(teacher, family.lesson, entry(family.anna, None)), 200)
    assert good(family.announces(), 200)["version"] == 4


@pytest.mark.plants
@IN_MEMORY
def test_a_teachers_mark_that_is_written_over_is_seen(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "_require_announced", lambda _: None)
    with pytest.raises(AssertionError):
        test_a_teacher_changes_it_and_then_it_is_the_teachers(Family.of(api))


@IN_MEMORY
def test_what_a_teacher_has_marked_is_not_a_parents_to_change(family: Family) -> None:
    good(marks(family.chess.teacher, family.lesson, entry(family.anna, "excused", note=SECRET)), 200)
    for refused in (family.announces(), family.takes_back()):
        assert answer(refused) == MARKED
        assert SECRET not in refused.text


@IN_MEMORY
def test_only_before_the_lesson_begins(family: Family) -> None:
    """Until its very start, that is when the teacher may mark already."""
    today = family.chess.lesson(TODAY, "14:00")
    early = family.at(hours=1, minutes=59)
    good(early.announces(today), 200)
    assert answer(early.takes_back(today)) == DONE
    good(early.announces(today), 200)
    begun = early.at(minutes=1)
    for refused in (begun.announces(today), begun.announces(today, note="x"), begun.takes_back(today)):
        assert answer(refused) == BEGUN
    assert answer(begun.takes_back(begun.chess.lesson(TODAY, "11:00"))) == DONE, (
        "there is nothing to take back"
    )


@IN_MEMORY
def test_only_for_a_lesson_that_takes_place(family: Family) -> None:
    good(family.announces(), 200)
    family.chess.edits(family.lesson, state="cancelled", reason="snow")
    for refused in (family.announces(), family.takes_back()):
        assert answer(refused) == CANCELLED
    family.chess.edits(family.lesson, state="planned")
    assert family.mark()["announced"] is True


@IN_MEMORY
def test_only_for_who_is_expected(family: Family) -> None:
    group = f"/groups/{family.chess.group}"
    good(family.chess.head.asks("DELETE", f"/api/v1{group}/members/{family.anna}"), 200)
    assert answer(family.announces()) == NOT_EXPECTED
    assert answer(family.takes_back()) == DONE
    good(family.chess.head.puts(f"/clients/{family.anna}", active=False), 200)
    assert answer(family.announces()) == ARCHIVED


def test_only_for_the_own_child(family: Family) -> None:
    _, bea, _ = family.chess.members
    stranger, unconfirmed = family.chess.api.having(), family.chess.api.having(email_confirmed_at=None)
    good(family.announces(), 200)
    assert answer(family.announces(client=bea)) == answer(family.takes_back(client=bea)) == FORBIDDEN
    for other in (stranger, unconfirmed, family.chess.teacher, family.chess.head):
        assert answer(other.puts(family.path())) == FORBIDDEN
        assert answer(other.asks("DELETE", f"/api/v1{family.path()}")) == FORBIDDEN
    for lesson, client, refused in ((UNKNOWN_ID, None, NO_LESSON), (None, UNKNOWN_ID, NO_CLIENT)):
        assert answer(family.announces(lesson, client)) == refused
        assert answer(family.takes_back(lesson, client)) == refused
    assert family.mark()["announced"] is True
    assert sheet(family.chess.head, family.lesson)["counts"]["excused"] == 1


@pytest.mark.plants
@IN_MEMORY
def test_somebody_elses_child_that_is_excused_is_seen(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(use_cases, "is_own", lambda *_: True)
    with pytest.raises(AssertionError):
        test_only_for_the_own_child(Family.of(api))


@IN_MEMORY
def test_a_teacher_with_a_child_of_their_own_is_a_parent_too(family: Family) -> None:
    chess = family.chess
    good(chess.head.puts(f"/clients/{chess.members[1]}", user_ids=[chess.teacher.id]), 200)
    assert chess.teacher.puts(family.path(client=chess.members[1]), note="away").status_code == 200
    assert rows(sheet(chess.head, family.lesson))[chess.members[1]]["announced"] is True


@IN_MEMORY
def test_what_is_wrong_with_a_note_is_told(family: Family) -> None:
    for note in ("x" * 1001, "\0", "\u0007", 1, ["x"]):
        assert fields(family.announces(note=note)) == ["note"]
    assert fields(family.announces(status="present")) == ["status"]
    good(family.announces(note="x" * 1000), 200)


@IN_MEMORY
def test_another_account_of_the_child_takes_it_back_and_sees_no_note_of_others(family: Family) -> None:
    """The child's account is another one by then."""
    good(family.announces(note="fever"), 200)
    other = family.chess.api.having(Role.USER, "other")
    good(family.chess.head.puts(f"/clients/{family.anna}", user_ids=[other.id]), 200)
    seen = good(other.puts(family.path()), 200)
    assert "note" not in seen
    assert family.mark()["note"] == "fever"
    assert good(other.puts(family.path(), note="mumps"), 200)["note"] == "mumps"
    assert family.mark()["marked_by"] == other.id
    assert answer(other.asks("DELETE", f"/api/v1{family.path()}")) == DONE
    assert family.mark()["status"] is None


def test_what_was_announced_goes_with_who_is_archived(family: Family) -> None:
    good(family.announces(note="fever"), 200)
    good(family.chess.head.puts(f"/clients/{family.anna}", active=False), 200)
    assert family.anna not in rows(sheet(family.chess.head, family.lesson))


@IN_MEMORY
def test_a_lesson_with_announced_absences_alone_is_not_held(family: Family) -> None:
    """Neither does it count as taken, nor does anybody get hours for it, until somebody marks."""
    good(family.announces(), 200)
    later = family.at(days=1, hours=8)
    chess, day = later.chess, {"from_": TOMORROW, "to": TOMORROW}
    path = f"/groups/{chess.group}/lessons/{later.lesson}"
    for state, untaken, held in (("planned", 1, 0), ("held", 0, 1)):
        assert good(chess.head.reads(path), 200)["state"] == sheet(chess.head, later.lesson)["state"] == state
        listed = good(chess.head.reads("/lessons", untaken="true", **day), 200)
        figures = good(chess.head.reads(f"/statistics/groups/{chess.group}", **day), 200)
        assert (listed["total"], figures["lessons"]["untaken"], figures["lessons"]["held"]) == (
            untaken, untaken, held,
        )  # fmt: skip
        assert (figures["taught_hours"] > 0, figures["counts"]["excused"]) == (held == 1, 1)
        good(marks(chess.teacher, later.lesson, entry(chess.members[1])), 200)


def test_an_announced_absence_keeps_no_lesson_where_it_was(family: Family) -> None:
    """What is closed is cancelled, a lesson deleted goes with its absences; a teacher's mark keeps it."""
    chess = family.chess
    path = f"/groups/{chess.group}/lessons/{family.lesson}"
    place = good(chess.head.reads(path), 200)["location_id"]
    good(family.announces(), 200)
    for reason in ("storm", "flood"):
        closed = [{"from": TOMORROW, "until": TOMORROW, "reason": reason}]
        good(chess.head.puts(f"/locations/{place}/closures", closures=closed), 200)
        shown = good(chess.head.reads(path), 200)
        assert (shown["state"], shown["reason"]) == ("cancelled", reason)
    good(chess.head.puts(f"/locations/{place}/closures", closures=[]), 200)
    assert good(chess.head.reads(path), 200)["state"] == "planned"
    assert chess.head.asks("DELETE", f"/api/v1{path}").status_code == 204
    owner = chess.api.having(Role.OWNER)
    log = good(owner.reads("/events", subject=family.anna, action="attendance.cleared"), 200)
    assert [event["actor"]["id"] for event in log["events"]] == [chess.head.id]
    other = chess.lesson(TOMORROW)
    good(family.announces(other), 200)
    good(marks(chess.teacher, other, entry(family.anna, "excused", note="seen")), 200)
    refused = chess.head.asks("DELETE", f"/api/v1/groups/{chess.group}/lessons/{other}")
    assert answer(refused) == refusal(409, "lesson has marks")


def test_a_new_schedule_takes_lessons_with_announced_absences_away(family: Family) -> None:
    head, group = family.chess.head, f"/groups/{family.chess.group}"
    week = {"from": "2026-03-09", "until": "2026-03-15"}

    def makes(starts: str, ends: str) -> dict[str, Any]:
        good(head.puts(group, schedule=[{"weekday": 4, "starts": starts, "ends": ends}]), 200)
        return good(head.posts(f"{group}/lessons", **week, replace=True), 201)

    (first,) = makes("15:00", "16:00")["lessons"]
    good(family.announces(first["id"]), 200)
    made = makes("17:00", "18:00")
    assert (made["total"], made["removed"]) == (1, 1)
    good(marks(head, made["lessons"][0]["id"], entry(family.anna, "excused")), 200)
    again = makes("18:00", "19:00")
    assert (again["total"], again["removed"]) == (1, 0), "a teacher's mark keeps it"


def test_what_was_announced_goes_with_who_leaves_the_group(family: Family) -> None:
    chess, members = family.chess, f"/groups/{family.chess.group}/members/{family.anna}"
    next_week = chess.lesson("2026-03-10")
    for lesson in (family.lesson, next_week):
        good(family.announces(lesson), 200)
    ended = chess.head.asks("DELETE", f"/api/v1{members}", params={"until": TOMORROW})
    good(ended, 200)
    assert rows(sheet(chess.head, family.lesson))[family.anna]["announced"] is True
    assert family.anna not in rows(sheet(chess.head, next_week))


def test_no_parent_reads_what_a_teacher_noted(family: Family) -> None:
    good(family.announces(note="fever"), 200)
    good(marks(family.chess.teacher, family.lesson, entry(family.anna, "excused", note=SECRET)), 200)
    visits = family.parent.reads(f"/clients/{family.anna}/attendance")
    assert SECRET not in visits.text
    assert "note" not in good(visits, 200)["attendances"][0]
