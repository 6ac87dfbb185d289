"""Attendance of lessons, letter for letter, over every store: the sheet, marking it, its history, visits."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from attendance.adapters.http.server.bodies import validation as faults_module
from attendance.application.attendance import read_models, sheets as use_cases
from attendance.application.forms import client_access as clients_use_cases
from attendance.domain.attendance.marks import MarkingRules
from attendance.domain.permissions.roles import Role
from tests.http.api import IN_MEMORY, UNKNOWN_ID, Api, Person, answer, fields, good, refusal
from tests.http.club.test_clients_protocol import CHANGED, FORBIDDEN, NO
from tests.http.club_protocol import SIGN_IN_FIRST
from tests.http.operations import added

NO_LESSON = refusal(404, "lesson not found")
CANCELLED = refusal(409, "lesson is cancelled")
TOO_LATE = refusal(403, "too late to change this lesson")
TODAY, YESTERDAY, TOMORROW = "2026-03-02", "2026-03-01", "2026-03-03"
NOON = "2026-03-02T12:00:00Z"
NOTHING_SAID = {
    "status": None, "note": "", "minutes_late": None, "trial": False, "announced": False, "version": 0,
    "subscription_id": None, "unpaid": False, "marked_by": None, "marked_by_name": None, "marked_at": None,
}  # fmt: skip
NOTHING_AROUND = {
    "birthday": None, "first_visit": True, "last_visit_on": None, "unpaid_visits": 0, "pass": None,
}  # fmt: skip
SHOWN_AS = {"group_name": "Chess", "location_name": "Main", "timezone": "UTC"}


@dataclass(frozen=True, slots=True)
class Class:
    """A group with a teacher and members, and somebody else's child."""

    api: Api
    head: Person
    teacher: Person
    clerk: Person
    group: str
    members: tuple[str, ...]
    guest: str

    @classmethod
    def of(cls, api: Api, *names: str) -> "Class":
        head = api.having(Role.HEAD_MANAGER, "head")
        teacher, clerk = (api.having(Role.EMPLOYEE, name) for name in ("teacher", "clerk"))
        members = tuple(added(head, "/clients", name=name) for name in names or ("Anna", "Bea", "Carl"))
        place = added(head, "/locations", name="Main", address="1 Main Street")
        group = added(
            head,
            "/groups",
            name="Chess",
            location_id=place,
            teachers=[{"user_id": teacher.id, "from": "2026-01-01"}],
            members=[{"client_id": it, "from": "2026-01-01"} for it in members],
        )
        return cls(api, head, teacher, clerk, group, members, added(head, "/clients", name="Zoe"))

    def lesson(self, on: str = TODAY, starts: str = "09:00") -> str:
        times = {"starts": starts, "ends": f"{starts[:2]}:59"}
        return added(self.head, f"/groups/{self.group}/lessons", date=on, **times)

    def at(self, **time: float) -> "Class":
        """Later, with sessions of then."""
        head, teacher, clerk = self.api.passes(self.head, self.teacher, self.clerk, **time)
        return replace(self, head=head, teacher=teacher, clerk=clerk)

    def edits(self, lesson: str, **body: Any) -> Any:
        return good(self.head.puts(f"/groups/{self.group}/lessons/{lesson}", **body), 200)

    def sells(self, client: str, **price: Any) -> str:
        body = {"name": "Pass", "amount": "80.00", "currency": "EUR"} | price
        price_id = added(self.head, "/prices", **body)
        return added(self.head, "/subscriptions", client_id=client, price_id=price_id, starts_on="2026-02-01")

    def events(self) -> int:
        return good(self.api.having(Role.OWNER).reads("/events", page=1), 200)["total"]


@pytest.fixture
def chess(api: Api) -> Class:
    return Class.of(api)


def path_of(lesson: str) -> str:
    return f"/lessons/{lesson}/attendance"


def entry(client: str, status: str | None = "present", **more: Any) -> dict[str, Any]:
    return {"client_id": client, "status": status, **more}


def marks(by: Person, lesson: str, *entries: dict[str, Any], seen: str | None = None) -> Any:
    return by.puts(path_of(lesson), seen, attendances=[*entries])


def sheet(by: Person, lesson: str) -> dict[str, Any]:
    return good(by.reads(path_of(lesson)), 200)


def rows(shown: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["client_id"]: row for row in shown["attendances"]}


def told(response: Any) -> list[tuple[str, str]]:
    """Where and what is wrong."""
    assert fields(response)
    return [(field_error["field"], field_error["message"]) for field_error in response.json()["details"]]


# The sheet


def test_a_sheet_lists_the_roster_by_name_then_guests(chess: Class) -> None:
    lesson = chess.lesson()
    empty = chess.teacher.reads(path_of(lesson))
    assert answer(empty) == (
        200,
        {
            "lesson_id": lesson, "group_id": chess.group, "date": TODAY, "starts": "09:00", "ends": "09:59",
            **SHOWN_AS, "state": "planned", "may_mark": True, "may_excuse": True,
            "marking_ends_on": "2026-03-09",
            "attendances": [
                {"client_id": client, "name": name, "guest": False, **NOTHING_SAID, **NOTHING_AROUND}
                for client, name in zip(chess.members, ("Anna", "Bea", "Carl"), strict=True)
            ],
            "total": 3,
            "counts": {"present": 0, "late": 0, "absent": 0, "excused": 0, "unmarked": 3},
        },
    )  # fmt: skip
    anna, bea, _ = chess.members
    subscription = chess.sells(anna)
    marked = marks(
        chess.teacher,
        lesson,
        entry(chess.guest, trial=True, note="tries\tit\nout"),
        entry(anna, "late", minutes_late=5, note="bus"),
        entry(bea, "absent"),
    )
    said = {"marked_by": chess.teacher.id, "marked_by_name": "teacher", "marked_at": NOON, "version": 1}
    said = NOTHING_AROUND | NOTHING_SAID | said
    paid = {"subscription_id": subscription, "price_name": "Pass", "visits_left": None, "valid_until": None}
    shown = good(marked, 200)
    assert shown == sheet(chess.teacher, lesson) == empty.json() | {
        "state": "held",
        "attendances": [
            {"client_id": anna, "name": "Anna", "guest": False, **said, "status": "late",
             "minutes_late": 5, "note": "bus", "subscription_id": subscription, "pass": paid},
            {"client_id": bea, "name": "Bea", "guest": False, **said, "status": "absent",
             "unpaid": True, "unpaid_visits": 1},
            empty.json()["attendances"][2],
            {"client_id": chess.guest, "name": "Zoe", "guest": True, **said,
             "status": "present", "trial": True, "note": "tries\tit\nout"},
        ],
        "total": 4,
        "counts": {"present": 1, "late": 1, "absent": 1, "excused": 0, "unmarked": 1},
    }  # fmt: skip
    again = chess.teacher.reads(path_of(lesson))
    assert marked.headers["etag"] == again.headers["etag"] != empty.headers["etag"]
    assert sheet(chess.head, lesson) == shown | {"marking_ends_on": None}


def test_an_absent_field_stays_null_resets_it_and_status_null_clears(chess: Class) -> None:
    lesson, (anna, *_) = chess.lesson(), chess.members
    subscription = chess.sells(anna, visits=8)

    def after(status: str | None, **more: Any) -> dict[str, Any]:
        row = rows(good(marks(chess.teacher, lesson, entry(anna, status, **more)), 200))[anna]
        row.pop("version")
        return {name: value for name, value in row.items() if value != NOTHING_SAID.get(name, value)}

    said = {"marked_by": chess.teacher.id, "marked_by_name": "teacher", "marked_at": NOON}
    paid = {"subscription_id": subscription}
    late = {"status": "late", "note": "bus", "minutes_late": 5} | said | paid
    assert after("late", note="bus", minutes_late=5) == late
    assert after("late") == late
    assert after("late", note=None) == {"status": "late", "minutes_late": 5} | said | paid
    assert after("late", minutes_late=None) == {"status": "late"} | said | paid
    assert after("late", minutes_late=7, note="x")["minutes_late"] == 7
    assert after("present") == {"status": "present", "note": "x"} | said | paid, "minutes are of who is late"
    assert after("late") == {"status": "late", "note": "x"} | said | paid
    assert after("late", trial=True) == {"status": "late", "note": "x", "trial": True} | said
    assert after("present") == {"status": "present", "note": "x", "trial": True} | said
    assert after("present", trial=None) == {"status": "present", "note": "x"} | said | paid
    assert after(None) == {}
    assert after("present") == {"status": "present"} | said | paid


def test_the_same_again_changes_nothing(chess: Class) -> None:
    lesson, (anna, bea, carl) = chess.lesson(), chess.members
    subscription = chess.sells(anna, visits=8)
    sent = [
        entry(anna, "late", note="bus", minutes_late=5), entry(bea, "absent"), entry(carl, "excused"),
        entry(chess.guest, trial=True),
    ]  # fmt: skip
    first, events = marks(chess.teacher, lesson, *sent), chess.events()
    later = chess.at(hours=1)
    for same in (
        sent, sent[::-1], [entry(anna, "late")], [entry(anna, "late", subscription_id=subscription)],
        [entry(bea, "absent", subscription_id=None, note=None, trial=None, minutes_late=None)], [],
    ):  # fmt: skip
        again = marks(later.teacher, lesson, *same)
        assert (answer(again), again.headers["etag"]) == (answer(first), first.headers["etag"]), same
    names = ("client_id", "status", "note", "minutes_late", "trial", "subscription_id")
    whole = [{name: row[name] for name in names} for row in first.json()["attendances"]]
    assert answer(marks(later.teacher, lesson, *whole)) == answer(first), "a sheet may be sent as it was read"
    assert chess.events() == events
    different = marks(later.head, lesson, entry(anna, "present"))
    assert rows(good(different, 200))[anna].items() >= {
        "marked_by": later.head.id, "marked_at": "2026-03-02T13:00:00Z"
    }.items()  # fmt: skip
    assert different.headers["etag"] != first.headers["etag"]


def test_clearing_what_is_not_marked_changes_nothing(chess: Class) -> None:
    lesson = chess.lesson()
    before = chess.teacher.reads(path_of(lesson))
    events = chess.events()
    cleared = marks(chess.teacher, lesson, entry(chess.members[0], None), entry(chess.guest, None))
    assert (answer(cleared), cleared.headers["etag"]) == (answer(before), before.headers["etag"])
    assert chess.events() == events


def test_who_is_archived_and_who_is_no_member_may_be_marked(chess: Class) -> None:
    lesson, (anna, *_) = chess.lesson(), chess.members
    for client in (anna, chess.guest):
        good(chess.head.puts(f"/clients/{client}", active=False), 200)
    shown = rows(good(marks(chess.teacher, lesson, entry(anna), entry(chess.guest)), 200))
    assert [shown[it]["guest"] for it in (anna, chess.guest)] == [False, True]
    assert [shown[it]["status"] for it in (anna, chess.guest)] == ["present", "present"]


def test_the_etag_is_another_for_whatever_is_shown_otherwise(chess: Class) -> None:
    lesson, (anna, *_) = chess.lesson(), chess.members
    seen = {chess.teacher.reads(path_of(lesson)).headers["etag"]}
    changes: list[Callable[[], object]] = [
        lambda: marks(chess.teacher, lesson, entry(anna)),
        lambda: marks(chess.teacher, lesson, entry(anna, note="x")),
        lambda: marks(chess.teacher, lesson, entry(anna, subscription_id=chess.sells(anna))),
        lambda: chess.head.puts(f"/clients/{anna}", name="Anne"),
        lambda: chess.edits(lesson, topic="openings"),
    ]  # fmt: skip
    for number, change in enumerate(changes, 2):
        change()
        seen.add(chess.teacher.reads(path_of(lesson)).headers["etag"])
        assert len(seen) == number
    # weak, as it was compressed on its way
    assert all(tag.removeprefix("W/").strip('"').isdecimal() for tag in seen)


def test_a_sheet_that_is_no_longer_is_refused(chess: Class) -> None:
    lesson, (anna, bea, _) = chess.lesson(), chess.members
    seen = chess.teacher.reads(path_of(lesson)).headers["etag"].removeprefix("W/")
    first = marks(chess.teacher, lesson, entry(anna), seen=seen)
    assert first.status_code == 200
    present = first.headers["etag"].removeprefix("W/")
    for outdated in (seen, f"W/{seen}", '"0"', "x"):
        assert answer(marks(chess.teacher, lesson, entry(bea), seen=outdated)) == CHANGED
    assert answer(chess.teacher.reads(path_of(lesson))) == answer(first)
    for fine in (
        present,
        f"W/{present}",
        f"{seen}, {present}",
        "*",
    ):
        assert marks(chess.teacher, lesson, entry(anna), seen=fine).status_code == 200


# All or nothing

NO_CLIENT, NOT_COVERED = "is no client", "does not cover this visit"


def test_one_bad_entry_among_thirty_and_nothing_is_stored(api: Api) -> None:
    chess = Class.of(api, *(f"Child {number:02}" for number in range(30)))
    lesson, others = chess.lesson(), chess.sells(chess.guest)
    before, events = sheet(chess.teacher, lesson), chess.events()
    fine = [entry(it) for it in chess.members]
    for place in (0, 17, 29):
        for bad, what in (
            ({"client_id": UNKNOWN_ID}, ("client_id", NO_CLIENT)),
            ({"client_id": "x"}, ("client_id", NO_CLIENT)),
            ({"subscription_id": others}, ("subscription_id", NOT_COVERED)),
            ({"subscription_id": "x"}, ("subscription_id", NOT_COVERED)),
            ({"minutes_late": 5}, ("minutes_late", "must be given only for late")),
            ({"client_id": chess.members[1]}, ("client_id", "must not be repeated")),
        ):
            sent = [*fine]
            sent[place] = sent[place] | bad
            refused = told(marks(chess.teacher, lesson, *sent))
            at = place or (1 if what[1] == "must not be repeated" else 0)
            assert refused == [(f"attendances[{at}].{what[0]}", what[1])]
    assert sheet(chess.teacher, lesson) == before
    assert chess.events() == events
    assert good(marks(chess.teacher, lesson, *fine), 200)["counts"]["present"] == 30


@pytest.mark.plants
@IN_MEMORY
def test_one_bad_entry_is_seen_to_leave_the_others_stored_when_nobody_looks(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(use_cases, "raise_if_errors", lambda *_: None)
    chess = Class.of(api)
    shown = good(marks(chess.teacher, chess.lesson(), entry(UNKNOWN_ID), entry(chess.members[0])), 200)
    assert shown["counts"]["present"] == 1


def test_every_entry_that_does_not_fit_is_told(chess: Class) -> None:
    lesson, (anna, bea, carl) = chess.lesson(), chess.members
    others, over = chess.sells(chess.guest), chess.sells(bea, valid_days=1)
    refused = marks(
        chess.teacher,
        lesson,
        entry("x"),
        entry(anna, subscription_id=others),
        entry(UNKNOWN_ID, None),
        entry(bea, subscription_id=over),
        entry(carl),
        entry("y", "excused"),
        entry(chess.guest, "absent", subscription_id="me"),
    )
    assert told(refused) == [
        ("attendances[0].client_id", NO_CLIENT), ("attendances[1].subscription_id", NOT_COVERED),
        ("attendances[2].client_id", NO_CLIENT), ("attendances[3].subscription_id", NOT_COVERED),
        ("attendances[5].client_id", NO_CLIENT), ("attendances[6].subscription_id", NOT_COVERED),
    ]  # fmt: skip
    assert sheet(chess.teacher, lesson)["counts"]["unmarked"] == 3


MALFORMED: list[tuple[Any, list[tuple[str, str | None]]]] = [
    # what is sent beside a good entry before and after it; where and, where it is ours, what is said
    ({"client_id": "x"}, [(".status", "is missing")]),
    ({"status": "late"}, [(".client_id", "is missing")]),
    ({}, [(".client_id", "is missing"), (".status", "is missing")]),
    (None, [("", "must be an object")]),
    ([], [("", "must be an object")]),
    ("x", [("", "must be an object")]),
    (entry("x", "there"), [(".status", None)]), (entry("x", ""), [(".status", None)]),
    ({"client_id": "x", "status": 1}, [(".status", None)]),
    ({"client_id": 1, "status": True}, [(".client_id", None), (".status", None)]),
    (entry("x", "late", minutes_late=0), [(".minutes_late", None)]),
    (entry("x", "late", minutes_late=601), [(".minutes_late", None)]),
    (entry("x", "late", minutes_late=5.5), [(".minutes_late", None)]),
    (entry("x", "late", minutes_late="5"), [(".minutes_late", None)]),
    (entry("x", minutes_late=5), [(".minutes_late", "must be given only for late")]),
    (entry("x", None, minutes_late=5), [(".minutes_late", "must be given only for late")]),
    (entry("x", note=1), [(".note", None)]), (entry("x", note="x" * 1001), [(".note", None)]),
    (entry("x", note="a\0"), [(".note", "must not contain U+0000")]),
    (entry("x", note="a\x1b"), [(".note", "must not contain U+001B")]),
    (entry("x", trial="true"), [(".trial", None)]), (entry("x", trial=1), [(".trial", None)]),
    (entry("x", subscription_id=1), [(".subscription_id", None)]),
    (entry("x", guest=True), [(".guest", "is not a known field")]),
    (entry("x", unpaid=False, marked_by=None),
     [(".unpaid", "is not a known field"), (".marked_by", "is not a known field")]),
    (
        {"state": "held", "client_id": None, "minutes_late": -1, "trial": "x", "note": []},
        [(".state", "is not a known field"), (".client_id", None), (".status", "is missing"), (".note", None),
         (".minutes_late", None), (".trial", None)],
    ),
]  # fmt: skip


@IN_MEMORY
def test_what_is_malformed_in_an_entry_is_told_by_its_place(api: Api) -> None:
    chess = Class.of(api)
    lesson, (anna, bea, carl) = chess.lesson(), chess.members
    before = sheet(chess.teacher, lesson)
    for malformed, field_errors in MALFORMED:
        is_somebodys = isinstance(malformed, dict) and malformed.get("client_id") == "x"
        bad = malformed | {"client_id": carl} if is_somebodys else malformed
        refused = told(marks(chess.teacher, lesson, entry(anna), bad, entry(bea)))
        assert [field for field, _ in refused] == [f"attendances[1]{where}" for where, _ in field_errors], bad
        for (_, said), (_, expected) in zip(refused, field_errors, strict=True):
            assert said == (expected or said)
    for body in ({}, {"attendances": None}, {"attendances": {}}, {"attendances": "x"}, {"attendances": 1}):
        assert fields(chess.teacher.puts(path_of(lesson), **body, **({} if body else {"x": 1})))[-1] == (
            "attendances"
        )
    assert fields(marks(chess.teacher, lesson, *[entry("x")] * 1001)) == ["attendances"]
    assert sheet(chess.teacher, lesson) == before
    assert carl in rows(before)


def test_whatever_is_wrong_with_any_entry_is_told_at_once(chess: Class) -> None:
    lesson, (anna, bea, carl) = chess.lesson("2026-03-09"), chess.members
    refused = marks(
        chess.teacher,
        lesson,
        entry(anna, "absent"),
        entry(UNKNOWN_ID, "excused"),
        entry(bea, "excused", minutes_late=5),
        entry(carl, "excused"),
        entry(carl, "excused"),
    )
    assert sorted(told(refused)) == [
        ("attendances[0].status", "must be excused: the lesson has not begun"),
        ("attendances[1].client_id", "is no client"),
        ("attendances[2].minutes_late", "must be given only for late"),
        ("attendances[4].client_id", "must not be repeated"),
    ]


@IN_MEMORY
def test_decoding_does_not_stop_at_the_first_bad_entry(api: Api) -> None:
    chess = Class.of(api)
    lesson = chess.lesson()
    sent: list[Any] = [entry(it) for it in chess.members] * 10
    sent[3], sent[5], sent[7], sent[29] = entry("x", "there"), {"status": "late"}, None, entry("x", more=1)
    refused = told(marks(chess.teacher, lesson, *sent))
    assert [where for where, _ in refused[:4]] == [
        "attendances[3].status", "attendances[5].client_id", "attendances[7]", "attendances[29].more"
    ]  # fmt: skip
    repeated = [f"attendances[{n}].client_id" for n in range(3, 29) if n not in (3, 5, 7)]
    broken = {*((place, "must not be repeated") for place in repeated)}
    broken |= {("attendances[3].client_id", "is no client")}
    broken |= {("attendances[29].client_id", "must not be repeated")}
    assert {*refused[4:]} == broken
    assert refused[1] == ("attendances[5].client_id", "is missing")
    many = told(marks(chess.teacher, lesson, *[{}] * 1000))
    assert len(many) == 100
    assert many[-1] == ("attendances[49].status", "is missing")
    by_place = {f"attendances[{n}].client_id": "must not be repeated" for n in range(3, 30)}
    assert dict(told(marks(chess.teacher, lesson, *[entry(it) for it in chess.members] * 10))) == by_place
    body = b'{"attendances": [{"client_id": "x", "status": "late", "status": "late", "note": "\\u0000"}]}'
    refused = told(chess.teacher.asks("PUT", f"/api/v1{path_of(lesson)}", content=body))
    assert refused == [
        ("attendances[0].status", "is repeated"), ("attendances[0].note", "must not contain U+0000"),
        ("attendances[0].client_id", "is no client"),
    ]  # fmt: skip


@pytest.mark.plants
@IN_MEMORY
def test_decoding_is_seen_to_stop_at_the_first_when_entries_are_not_looked_into(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(faults_module, "_entry", lambda *_: {})
    chess = Class.of(api)
    assert fields(marks(chess.teacher, chess.lesson(), {}, {})) == ["attendances[0]"]


# Who may, and until when


def test_who_teaches_may_read_and_mark_and_managers(chess: Class) -> None:
    lesson, (anna, *_) = chess.lesson(), chess.members
    substitute = chess.api.having(Role.EMPLOYEE)
    chess.edits(lesson, teachers=[substitute.id])
    history = f"{path_of(lesson)}/{anna}/history"
    for person in (chess.teacher, substitute, chess.api.having(Role.MANAGER), chess.head):
        assert marks(person, lesson, entry(anna)).status_code == 200
        assert person.reads(path_of(lesson)).status_code == person.reads(history).status_code == 200
    parent = chess.api.having()
    good(chess.head.puts(f"/clients/{anna}", user_ids=[parent.id]), 200)
    for person in (chess.clerk, parent):
        assert answer(marks(person, lesson, entry(anna))) == FORBIDDEN
        assert answer(person.reads(path_of(lesson))) == answer(person.reads(history)) == FORBIDDEN
    taught = {"user_id": chess.teacher.id, "from": "2026-01-01", "until": YESTERDAY}
    good(chess.head.puts(f"/groups/{chess.group}", teachers=[taught]), 200)
    assert answer(chess.teacher.reads(path_of(lesson))) == FORBIDDEN, "it is the lesson's date that counts"
    assert chess.teacher.reads(path_of(chess.lesson(YESTERDAY))).status_code == 200


def test_the_days_in_which_marks_are_changed_are_fewer_for_those_below(chess: Class) -> None:
    lesson, (anna, *_) = chess.lesson(), chess.members
    manager = chess.api.having(Role.MANAGER)
    week = chess.at(days=7)
    assert marks(week.teacher, lesson, entry(anna)).status_code == 200
    over = chess.at(hours=12)
    assert answer(marks(over.teacher, lesson, entry(anna, "late"))) == TOO_LATE
    assert answer(marks(over.teacher, lesson, entry(anna))) == TOO_LATE
    assert over.teacher.reads(path_of(lesson)).status_code == 200
    (manager,) = chess.api.passes(manager, days=52)
    assert marks(manager, lesson, entry(anna, "late")).status_code == 200
    manager, head = chess.api.passes(manager, chess.head, days=1)
    assert answer(marks(manager, lesson, entry(anna))) == TOO_LATE
    assert marks(head, lesson, entry(anna)).status_code == 200
    (head,) = chess.api.passes(head, days=1000)
    assert marks(head, lesson, entry(anna, None)).status_code == 200


@pytest.mark.plants
@IN_MEMORY
def test_marks_are_seen_to_be_changed_for_ever_when_nobody_counts_the_days(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MarkingRules, "days_for", lambda *_: None)
    chess = Class.of(api)
    lesson = chess.lesson()
    assert marks(chess.at(days=30).teacher, lesson, entry(chess.members[0])).status_code == 200


def test_before_a_lesson_begins_somebody_can_only_be_excused(chess: Class) -> None:
    lesson, (anna, bea, carl) = chess.lesson(TODAY, "18:00"), chess.members
    message = "must be excused: the lesson has not begun"
    wrong = [entry(anna), entry(bea, "excused"), entry(carl, "late"), entry(chess.guest, "absent")]
    refused = marks(chess.head, lesson, *wrong)
    assert told(refused) == [(f"attendances[{place}].status", message) for place in (0, 2, 3)]
    planned = good(marks(chess.teacher, lesson, entry(bea, "excused", note="ill"), entry(anna, None)), 200)
    assert (planned["state"], planned["counts"]["excused"]) == ("planned", 1)
    before = chess.at(hours=5, minutes=44, seconds=59)
    assert told(marks(before.teacher, lesson, entry(anna))) == [("attendances[0].status", message)]
    early = chess.at(seconds=1)
    assert good(marks(early.teacher, lesson, entry(anna)), 200)["state"] == "planned"
    assert sheet(chess.at(minutes=15).teacher, lesson)["state"] == "held"


@pytest.mark.plants
@IN_MEMORY
def test_somebody_is_seen_to_have_been_there_before_it_began_when_nobody_looks_at_the_clock(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MarkingRules, "is_future", lambda *_, **__: False)
    chess = Class.of(api)
    shown = good(marks(chess.teacher, chess.lesson(TOMORROW), entry(chess.members[0])), 200)
    assert shown["counts"]["present"] == 1


@pytest.mark.plants
@IN_MEMORY
def test_whoever_may_excuse_ahead_is_seen_to_mark_anything_when_nobody_looks_at_the_status(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(use_cases, "time_error", lambda *_: None)
    chess = Class.of(api)
    lesson, (anna, bea, carl) = chess.lesson(TOMORROW), chess.members
    sent = [entry(anna), entry(bea, "late"), entry(carl, "absent")]
    counts = good(marks(chess.teacher, lesson, *sent), 200)["counts"]
    assert (counts["present"], counts["late"], counts["absent"]) == (1, 1, 1)


@IN_MEMORY
def test_a_lesson_with_marks_is_not_moved_to_where_it_is_still_to_come(api: Api) -> None:
    chess = Class.of(api)
    lesson, (anna, *_) = chess.lesson(), chess.members
    good(marks(chess.teacher, lesson, entry(anna)), 200)
    for by in (chess.teacher, chess.head):
        refused = by.puts(f"/groups/{chess.group}/lessons/{lesson}", date=TOMORROW)
        assert answer(refused) == refusal(409, "lesson has marks that it cannot have before it begins")
        assert refused.headers["x-error-code"] == "attended_lesson"
    chess.edits(lesson, date="0001-01-01", starts="00:00")


def test_a_cancelled_lesson_is_not_marked(chess: Class) -> None:
    lesson, (anna, *_) = chess.lesson(), chess.members
    good(marks(chess.teacher, lesson, entry(anna)), 200)
    chess.edits(lesson, state="cancelled", reason="snow")
    before = sheet(chess.teacher, lesson)
    assert (before["state"], rows(before)[anna]["status"]) == ("cancelled", "present")
    for sent in ([entry(anna, "late")], [entry(anna)], [entry("x")], []):
        assert answer(marks(chess.head, lesson, *sent)) == CANCELLED
    assert sheet(chess.teacher, lesson) == before
    chess.edits(lesson, state="planned")
    assert marks(chess.teacher, lesson, entry(anna, "late")).status_code == 200


@IN_MEMORY
def test_what_is_refused_is_refused_in_one_order(api: Api) -> None:
    chess = Class.of(api)
    lesson, old, outdated = chess.lesson(), chess.lesson("2026-01-10"), '"9"'
    user, anna = api.having(), chess.members[0]
    chess.edits(lesson, state="cancelled", reason="snow")
    bad, fine = entry(anna, "there"), entry("x")
    assert answer(marks(api.nobody, UNKNOWN_ID, bad, seen=outdated)) == SIGN_IN_FIRST
    assert fields(marks(user, UNKNOWN_ID, bad, seen=outdated)) == ["attendances[0].status"]
    assert fields(marks(user, UNKNOWN_ID, entry("x"), entry("x"))) == ["attendances[1].client_id"]
    assert answer(marks(user, UNKNOWN_ID, fine, seen=outdated)) == FORBIDDEN
    assert answer(marks(chess.clerk, UNKNOWN_ID, fine, seen=outdated)) == NO_LESSON
    assert answer(marks(chess.clerk, lesson, fine, seen=outdated)) == FORBIDDEN
    assert answer(marks(chess.teacher, old, fine, seen=outdated)) == TOO_LATE
    assert answer(marks(chess.teacher, lesson, fine, seen=outdated)) == CHANGED
    assert answer(marks(chess.teacher, lesson, fine)) == CANCELLED
    for path in (path_of(UNKNOWN_ID), f"{path_of(UNKNOWN_ID)}/{anna}/history"):
        assert answer(api.nobody.reads(path)) == SIGN_IN_FIRST
        assert fields(user.reads(path, page=1)) == ["page"]
        assert answer(user.reads(path)) == FORBIDDEN
        assert answer(chess.clerk.reads(path)) == NO_LESSON


@IN_MEMORY
def test_an_id_that_is_nobodys_or_no_id_is_not_found(api: Api) -> None:
    chess = Class.of(api)
    lesson, (anna, *_) = chess.lesson(), chess.members
    for id_ in (UNKNOWN_ID, "x", "me", anna, chess.group, lesson[:-1], lesson.replace("-", "")):
        assert answer(chess.head.reads(path_of(id_))) == NO_LESSON
        assert answer(marks(chess.head, id_, entry(anna))) == NO_LESSON
        assert answer(chess.head.reads(f"{path_of(id_)}/{anna}/history")) == NO_LESSON
        if id_ != anna:
            assert answer(chess.head.reads(f"{path_of(lesson)}/{id_}/history")) == NO["client"]
            assert answer(chess.head.reads(f"/clients/{id_}/attendance")) == NO["client"]


# History


def test_the_history_of_a_mark_is_its_events_oldest_first(chess: Class) -> None:
    lesson, (anna, bea, _) = chess.lesson(), chess.members
    history = f"{path_of(lesson)}/{anna}/history"
    assert answer(chess.teacher.reads(history)) == (200, {"events": [], "total": 0})
    subscription = chess.sells(anna, visits=8)
    good(marks(chess.teacher, lesson, entry(anna, "late", minutes_late=5), entry(bea)), 200)
    later = chess.at(minutes=1)
    good(marks(later.head, lesson, entry(anna, None)), 200)
    shown = good(later.teacher.reads(history), 200)
    said = {"lesson_id": lesson, "client_id": anna, "status": "late", "note": "", "minutes_late": 5}
    said |= {"trial": False, "announced": False, "version": 1}
    free, paid = ({"subscription_id": it, "unpaid": False} for it in (None, subscription))
    assert shown["total"] == 3
    assert [
        (event["action"], event["actor"]["id"], event["at"], event["before"], event["after"])
        for event in shown["events"]
    ] == [
        ("attendance.marked", chess.teacher.id, NOON, None, said),
        ("attendance.charged", chess.teacher.id, NOON, free, paid | {"lesson_id": lesson, "version": 1}),
        ("attendance.cleared", chess.head.id, "2026-03-02T12:01:00Z", said | paid, None),
    ]
    assert {event["subject"]["kind"] for event in shown["events"]} == {"attendance"}
    assert len({event["subject"]["id"] for event in shown["events"]}) == 1


def test_the_history_of_a_mark_is_what_the_log_says_of_it(chess: Class) -> None:
    lesson, (anna, *_) = chess.lesson(), chess.members
    good(marks(chess.teacher, lesson, entry(anna)), 200)
    shown = good(chess.teacher.reads(f"{path_of(lesson)}/{anna}/history"), 200)
    subject = shown["events"][0]["subject"]["id"]
    log = good(chess.api.having(Role.OWNER).reads("/events", subject=subject), 200)
    assert shown["events"] == log["events"][::-1]
    of_client = good(chess.api.having(Role.OWNER).reads("/events", subject=anna), 200)["events"]
    assert of_client[: log["total"]] == log["events"]
    client = chess.head.reads(f"/clients/{anna}").json()
    assert {event["subject"]["name"] for event in of_client} == {client["name"]}
    assert {event["subject"]["kind"] for event in of_client} >= {"attendance", "client"}


# A client's visits


def test_a_clients_visits_are_listed_by_date_with_counts(chess: Class) -> None:
    anna = chess.members[0]
    statuses = ["present"] * 6 + ["late"] * 2 + ["absent", "excused"]
    days = [f"2026-02-{day:02}" for day in range(10, 20)]
    lessons = [chess.lesson(day) for day in reversed(days)][::-1]
    chess.lesson("2026-02-20")
    chess.lesson("2026-02-21")
    chess.lesson(TOMORROW)
    for lesson, status in zip(lessons, statuses, strict=True):
        good(marks(chess.head, lesson, entry(anna, status, note="quiet")), 200)
    called_off = chess.lesson("2026-02-22")
    good(marks(chess.head, called_off, entry(anna)), 200)
    chess.edits(called_off, state="cancelled", reason="snow")
    response = chess.clerk.reads(f"/clients/{anna}/attendance")
    counts = {"present": 6, "late": 2, "absent": 1, "excused": 1, "unmarked": 2}
    assert answer(response) == (
        200,
        {
            "attendances": [
                {"lesson_id": lesson, "group_id": chess.group, "date": day, "starts": "09:00",
                 "status": status, "note": "quiet", "minutes_late": None, "trial": False,
                 "subscription_id": None, "unpaid": status != "excused"}
                for lesson, day, status in zip(lessons, days, statuses, strict=True)
            ],
            "total": 10, "counts": counts, "attendance_rate": 0.8889, "consecutive_absences": 1,
        },
    )  # fmt: skip
    assert b'"attendance_rate":0.8889,' in response.content
    part = good(chess.clerk.reads(f"/clients/{anna}/attendance", from_=days[5], to=days[8]), 200)
    assert [it["date"] for it in part["attendances"]] == days[5:9]
    assert part["counts"] == {"present": 1, "late": 2, "absent": 1, "excused": 0, "unmarked": 0}
    assert (part["attendance_rate"], part["consecutive_absences"]) == (0.75, 1)
    early = good(chess.clerk.reads(f"/clients/{anna}/attendance", to=days[7]), 200)
    assert (early["total"], early["attendance_rate"], early["consecutive_absences"]) == (8, 1.0, 0)
    none = good(chess.clerk.reads(f"/clients/{chess.guest}/attendance"), 200)
    assert (none["attendances"], none["total"], none["attendance_rate"]) == ([], 0, None)
    wrong = [{"from": "x"}, {"to": "2026-02-30"}, {"from": TOMORROW, "to": TODAY}, {"page": 0}, {"q": 1}]
    for query in wrong:
        assert fields(chess.clerk.reads(f"/clients/{anna}/attendance", **query)) == [next(iter(query))]


def test_the_newest_run_of_absences_is_not_broken_by_who_is_excused_or_unmarked(chess: Class) -> None:
    anna = chess.members[0]
    statuses = ["absent", "late", "absent", "excused", None, "absent", None]
    for day, status in enumerate(statuses, 1):
        lesson = chess.lesson(f"2026-02-{day:02}")
        if status:
            good(marks(chess.head, lesson, entry(anna, status)), 200)
    visits = f"/clients/{anna}/attendance"
    assert good(chess.clerk.reads(visits), 200)["consecutive_absences"] == 2
    assert good(chess.clerk.reads(visits, from_="2026-02-06"), 200)["consecutive_absences"] == 2
    assert good(chess.clerk.reads(visits, to="2026-02-05"), 200)["consecutive_absences"] == 1
    assert good(chess.clerk.reads(visits, to="2026-02-02"), 200)["consecutive_absences"] == 0


def test_visits_are_the_same_whole_and_by_pages(chess: Class) -> None:
    anna = chess.members[0]
    for number in range(23):
        lesson = chess.lesson(f"2026-02-{1 + number // 2:02}", f"{9 + number % 2:02}:00")
        good(marks(chess.head, lesson, entry(anna, ("present", "absent")[number % 2])), 200)
    whole = good(chess.clerk.reads(f"/clients/{anna}/attendance"), 200)
    order = [(it["date"], it["starts"]) for it in whole["attendances"]]
    assert (order, len(order)) == (sorted(order), 23)
    for page in (1, 2, 3):
        shown = good(chess.clerk.reads(f"/clients/{anna}/attendance", page=page), 200)
        part = whole["attendances"][20 * (page - 1) : 20 * page]
        assert shown == whole | {"attendances": part, "page": page, "pages": 2}


def test_a_parent_reads_the_own_childs_visits_without_notes(chess: Class) -> None:
    anna, bea, _ = chess.members
    parent, lesson = chess.api.having(), chess.lesson()
    good(chess.head.puts(f"/clients/{anna}", user_ids=[parent.id]), 200)
    good(marks(chess.teacher, lesson, entry(anna, note="fit"), entry(bea, note="fit")), 200)
    shown, told = (good(who.reads(f"/clients/{anna}/attendance"), 200) for who in (parent, chess.clerk))
    assert told["attendances"][0].pop("note") == "fit"
    assert shown == told
    assert b"note" not in parent.reads(f"/clients/{anna}/attendance").content
    for id_ in (bea, UNKNOWN_ID, "x"):
        assert answer(parent.reads(f"/clients/{id_}/attendance")) == FORBIDDEN
    assert answer(chess.api.nobody.reads(f"/clients/{anna}/attendance")) == SIGN_IN_FIRST


@pytest.mark.plants
@IN_MEMORY
def test_a_parent_is_seen_to_read_notes_when_nobody_keeps_them(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_models, "sees_notes", lambda _: True)
    chess = Class.of(api)
    parent, anna = api.having(), chess.members[0]
    good(chess.head.puts(f"/clients/{anna}", user_ids=[parent.id]), 200)
    good(marks(chess.teacher, chess.lesson(), entry(anna, note="fit")), 200)
    assert good(parent.reads(f"/clients/{anna}/attendance"), 200)["attendances"][0]["note"] == "fit"


@pytest.mark.plants
@IN_MEMORY
def test_a_parent_is_seen_to_read_anothers_when_nobody_asks_whose_it_is(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clients_use_cases, "is_own", lambda *_: True)
    chess = Class.of(api)
    assert good(api.having().reads(f"/clients/{chess.guest}/attendance"), 200)["total"] == 0


def test_the_state_of_a_sheet_is_that_of_now(chess: Class) -> None:
    lesson = chess.lesson(TOMORROW)
    good(marks(chess.teacher, lesson, entry(chess.members[0], "excused")), 200)
    assert sheet(chess.teacher, lesson)["state"] == "planned"
    assert sheet(chess.at(days=1).teacher, lesson)["state"] == "held"
