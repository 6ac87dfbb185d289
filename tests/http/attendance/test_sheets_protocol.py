"""What a roll call needs: all of it in the sheet, and marks that two people never take from each other."""

from typing import Any

import pytest

from attendance.application.attendance import sheets as use_cases
from attendance.domain.permissions.roles import Role
from tests.http.api import IN_MEMORY, Api, Person, answer, fields, good
from tests.http.attendance.test_attendance_protocol import (
    CANCELLED,
    NOON,
    NOTHING_AROUND,
    TODAY,
    TOMORROW,
    YESTERDAY,
    Class,
    entry,
    marks,
    path_of,
    rows,
    sheet,
    told,
)
from tests.http.operations import added

CHANGED = "changed since you read it"


@pytest.fixture
def chess(api: Api) -> Class:
    return Class.of(api)


def row(by: Person, lesson: str, client: str) -> dict[str, Any]:
    return rows(sheet(by, lesson))[client]


def version(by: Person, lesson: str, client: str) -> int:
    found: int = row(by, lesson, client)["version"]
    return found


def around(by: Person, lesson: str, client: str) -> dict[str, Any]:
    shown = row(by, lesson, client)
    return {name: shown[name] for name in NOTHING_AROUND}


# What is shown


def test_a_roll_call_takes_two_requests(chess: Class) -> None:
    """Which lessons there are today, and the sheet: nothing else is asked for who comes, pays or is new."""
    anna, bea, carl = chess.members
    good(chess.head.puts(f"/clients/{anna}", birthday="2019-02-28"), 200)
    before, lesson = chess.lesson(YESTERDAY), chess.lesson(TODAY)
    subscription = chess.sells(anna, name="Ten visits", visits=10, valid_months=3)
    good(marks(chess.head, before, entry(anna), entry(bea, "late"), entry(carl, "absent")), 200)
    good(chess.head.puts(f"/groups/{chess.group}", name="Chess for children"), 200)

    lessons = good(chess.teacher.reads("/lessons", teacher="me"), 200)["lessons"]
    assert [(it["id"], it["group_name"], it["marked"], it["roster"]) for it in lessons] == [
        (lesson, "Chess for children", 0, 3)
    ]
    shown = sheet(chess.teacher, lesson)
    assert {name: shown[name] for name in shown if name not in ("attendances", "lesson_id", "group_id")} == {
        "group_name": "Chess for children", "location_name": "Main", "timezone": "UTC", "date": TODAY,
        "starts": "09:00", "ends": "09:59", "state": "planned", "may_mark": True, "may_excuse": True,
        "marking_ends_on": "2026-03-09", "total": 3,
        "counts": {"present": 0, "late": 0, "absent": 0, "excused": 0, "unmarked": 3},
    }  # fmt: skip
    last_time = {"first_visit": False, "last_visit_on": YESTERDAY}
    pass_of_anna = {
        "subscription_id": subscription, "price_name": "Ten visits", "visits_left": 9,
        "valid_until": "2026-04-30",
    }  # fmt: skip
    assert [around(chess.teacher, lesson, it) for it in (anna, bea, carl)] == [
        NOTHING_AROUND | last_time | {"birthday": "2019-02-28", "pass": pass_of_anna},
        NOTHING_AROUND | last_time | {"unpaid_visits": 1},
        NOTHING_AROUND | {"unpaid_visits": 1},
    ]
    marked = good(marks(chess.teacher, lesson, entry(anna), entry(bea), entry(carl)), 200)
    assert marked == sheet(chess.teacher, lesson), "a PUT answers the same sheet"
    paid = rows(marked)[anna]
    assert (paid["subscription_id"], paid["pass"]["visits_left"]) == (subscription, 8)
    assert paid["marked_by_name"] == "teacher"


def test_the_pass_that_would_pay_is_the_one_that_then_pays(chess: Class) -> None:
    lesson, (anna, *_) = chess.lesson(), chess.members
    unlimited = chess.sells(anna, name="Any number", group_ids=[chess.group])
    chess.sells(anna, name="Eight", visits=8)
    assert around(chess.teacher, lesson, anna)["pass"]["subscription_id"] == unlimited
    good(marks(chess.teacher, lesson, entry(anna, "excused")), 200)
    assert around(chess.teacher, lesson, anna)["pass"]["subscription_id"] == unlimited, "it would, if it did"
    good(marks(chess.teacher, lesson, entry(anna)), 200)
    assert row(chess.teacher, lesson, anna)["subscription_id"] == unlimited


def test_the_last_visit_is_one_before_in_any_group(chess: Class) -> None:
    (anna, *_), lesson = chess.members, chess.lesson()
    judo = added(
        chess.head, "/groups", name="Judo", location_id=added(chess.head, "/locations", name="J", address="J")
    )
    times = {"starts": "08:00", "ends": "08:45"}
    same_day = added(chess.head, f"/groups/{judo}/lessons", date=TODAY, **times)
    assert row(chess.head, lesson, anna)["first_visit"] is True
    good(marks(chess.head, chess.lesson("2026-02-20"), entry(anna)), 200)
    assert row(chess.head, lesson, anna)["last_visit_on"] == "2026-02-20"
    good(marks(chess.head, same_day, entry(anna, "late")), 200)
    assert around(chess.head, lesson, anna) | {"unpaid_visits": 0} == NOTHING_AROUND | {
        "first_visit": False, "last_visit_on": TODAY
    }  # fmt: skip
    good(marks(chess.head, lesson, entry(anna)), 200)
    assert row(chess.head, same_day, anna)["last_visit_on"] == "2026-02-20", (
        "what comes later is no last visit"
    )


@IN_MEMORY
def test_who_may_mark_and_until_when_is_told_to_each(chess: Class) -> None:
    manager = chess.api.having(Role.MANAGER)
    past, today, future = (chess.lesson(on) for on in ("2026-02-22", TODAY, TOMORROW))

    def told_to(by: Person, lesson: str) -> tuple[bool, str | None]:
        shown = sheet(by, lesson)
        return shown["may_mark"], shown["marking_ends_on"]

    assert [told_to(by, today) for by in (chess.teacher, manager, chess.head)] == [
        (True, "2026-03-09"), (True, "2026-05-01"), (True, None)
    ]  # fmt: skip
    assert [told_to(by, past) for by in (chess.teacher, manager)] == [
        (False, "2026-03-01"), (True, "2026-04-23")
    ]  # fmt: skip
    assert told_to(chess.head, future) == (False, None), "before marking opens"
    may_excuse = [sheet(by, at)["may_excuse"] for by in (chess.teacher, chess.head) for at in (past, future)]
    assert may_excuse == [False, True, True, True]
    early = chess.at(hours=20, minutes=44)
    assert told_to(early.teacher, future)[0] is False
    seen = early.teacher.reads(path_of(future)).headers["etag"]
    opened = early.at(minutes=1)
    assert told_to(opened.teacher, future)[0] is True
    assert opened.teacher.reads(path_of(future)).headers["etag"] != seen
    good(marks(opened.teacher, future, entry(chess.members[0])), 200)
    opened.edits(today, state="cancelled", reason="snow")
    assert told_to(opened.head, today) == (False, None)


def test_the_etag_covers_all_that_is_shown(chess: Class) -> None:
    lesson, (anna, *_) = chess.lesson(), chess.members
    place = good(chess.head.reads("/locations"), 200)["locations"][0]["id"]
    account = f"/users/{chess.teacher.id}"
    good(marks(chess.teacher, lesson, entry(anna)), 200)
    seen = {chess.teacher.reads(path_of(lesson)).headers["etag"]}
    for number, change in enumerate(
        [
            lambda: chess.head.puts(f"/clients/{anna}", birthday="2019-02-28"),
            lambda: chess.head.puts(f"/groups/{chess.group}", name="Chess 2"),
            lambda: chess.head.puts(f"/locations/{place}", name="Hall"),
            lambda: marks(chess.head, chess.lesson(YESTERDAY), entry(anna)),
            lambda: chess.head.puts(account, name="Tea Cher"),
            lambda: chess.sells(anna, visits=8),
            lambda: marks(chess.head, chess.lesson("2026-02-27"), entry(anna)),
        ],
        start=2,
    ):
        change()
        seen.add(chess.teacher.reads(path_of(lesson)).headers["etag"])
        assert len(seen) == number
    assert row(chess.head, lesson, anna)["marked_by_name"] == "Tea Cher"


@IN_MEMORY
def test_a_sheet_as_a_file_has_the_pass_in_columns(chess: Class) -> None:
    lesson, (anna, *_) = chess.lesson(), chess.members
    chess.sells(anna, visits=8)
    header, first, *_ = chess.teacher.reads(path_of(lesson), format="csv").text.splitlines()
    columns = dict(zip(header.split(","), first.split(","), strict=True))
    assert (columns["pass.price_name"], columns["pass.visits_left"], columns["first_visit"]) == (
        "Pass",
        "8",
        "true",
    )


# Versions


def test_a_version_is_another_after_each_change_and_never_used_again(chess: Class) -> None:
    lesson, (anna, *_) = chess.lesson(), chess.members
    assert version(chess.head, lesson, anna) == 0
    changes: list[Any] = [
        entry(anna), entry(anna, "late"), entry(anna, note="x"), entry(anna, note=None),
        entry(anna, trial=True), entry(anna, trial=False),
    ]  # fmt: skip
    seen: list[int] = []
    for _ in range(3):
        seen += [rows(good(marks(chess.head, lesson, it), 200))[anna]["version"] for it in changes]
        assert rows(good(marks(chess.head, lesson, entry(anna, None)), 200))[anna]["version"] == 0
    assert len({*seen}) == len(seen)
    assert seen == sorted(seen)
    assert min(seen) == 1
    good(marks(chess.head, lesson, entry(anna)), 200)
    before = version(chess.head, lesson, anna)
    chess.sells(anna)
    good(marks(chess.head, lesson, entry(anna)), 200)
    assert version(chess.head, lesson, anna) == before, "the same again is no change"
    paid = chess.sells(anna)
    good(marks(chess.head, lesson, entry(anna, subscription_id=paid)), 200)
    assert version(chess.head, lesson, anna) > before, "another payer is one"


def test_an_entry_of_another_version_is_refused_whole_with_its_place(chess: Class) -> None:
    lesson, (anna, bea, carl) = chess.lesson(), chess.members
    good(marks(chess.teacher, lesson, entry(anna), entry(bea)), 200)
    good(marks(chess.head, lesson, entry(anna, "late"), entry(carl)), 200)
    before, events = sheet(chess.teacher, lesson), chess.events()
    refused = marks(
        chess.teacher,
        lesson,
        entry(anna, "absent", if_version=1),
        entry(bea, "absent", if_version=1),
        entry(carl, "absent", if_version=0),
        entry(chess.guest, if_version=3),
    )
    assert answer(refused) == (
        412,
        {
            "error": CHANGED,
            "details": [
                {"field": "attendances[0].if_version", "message": "is 2 now"},
                {"field": "attendances[2].if_version", "message": "is 1 now"},
                {"field": "attendances[3].if_version", "message": "is 0 now"},
            ],
        },
    )
    assert (sheet(chess.teacher, lesson), chess.events()) == (before, events)
    fine = [
        entry(anna, "absent", if_version=2),
        entry(bea, "absent", if_version=1),
        entry(carl, if_version=None),
    ]
    assert good(marks(chess.teacher, lesson, *fine), 200)["counts"]["absent"] == 2


@pytest.mark.plants
@IN_MEMORY
def test_a_version_that_nobody_looks_at_is_seen(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(use_cases, "outdated_error", lambda *_: None)
    with pytest.raises(AssertionError):
        test_an_entry_of_another_version_is_refused_whole_with_its_place(Class.of(api))


def test_the_retry_of_an_answer_that_was_lost_succeeds(chess: Class) -> None:
    lesson, (anna, bea, _) = chess.lesson(), chess.members
    sent = [entry(anna, "late", minutes_late=5, if_version=0), entry(bea, None, if_version=0)]
    first = marks(chess.teacher, lesson, *sent)
    events = chess.events()
    again = marks(chess.teacher, lesson, *sent)
    assert answer(again) == answer(first)
    assert again.status_code == 200
    cleared = [entry(anna, None, if_version=1)]
    for _ in range(2):
        assert marks(chess.teacher, lesson, *cleared).status_code == 200
    assert chess.events() == events + 2 - 1, "cleared once: what it gave back is in that event"
    assert marks(chess.teacher, lesson, entry(anna, if_version=1)).status_code == 412
    assert marks(chess.teacher, lesson, entry(anna, if_version=0)).status_code == 200


def test_two_who_mark_different_children_never_meet(chess: Class) -> None:
    lesson, (anna, bea, carl) = chess.lesson(), chess.members
    for by, client in ((chess.teacher, anna), (chess.head, bea), (chess.teacher, carl)):
        assert marks(by, lesson, entry(client, if_version=0)).status_code == 200
    assert sheet(chess.head, lesson)["counts"]["present"] == 3


def test_the_rest_is_present_leaves_alone_who_is_marked(chess: Class) -> None:
    lesson, (anna, bea, carl) = chess.lesson(), chess.members
    good(marks(chess.head, lesson, entry(anna, "absent")), 200)
    good(marks(chess.teacher, lesson, entry(bea, "absent")), 200)
    rest = [entry(it, if_unmarked=True, if_version=0) for it in (anna, carl)]
    assert marks(chess.teacher, lesson, *rest).status_code == 200, "it is not looked at, its version neither"
    found = rows(sheet(chess.head, lesson))
    assert [found[it]["status"] for it in chess.members] == ["absent", "absent", "present"]
    assert [found[it]["marked_by"] for it in (anna, carl)] == [chess.head.id, chess.teacher.id]
    good(marks(chess.teacher, lesson, entry(bea, if_unmarked=True), entry(carl, if_unmarked=True)), 200)
    assert row(chess.head, lesson, bea)["status"] == "absent", "one's own, too: it may be sent late"
    assert version(chess.head, lesson, carl) == 1
    good(marks(chess.teacher, lesson, entry(anna, "late", if_unmarked=False)), 200)
    assert row(chess.head, lesson, anna)["status"] == "late"


@pytest.mark.plants
@IN_MEMORY
def test_a_mark_that_is_not_left_alone_is_seen(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(use_cases, "is_left_alone", lambda *_: False)
    with pytest.raises(AssertionError):
        test_the_rest_is_present_leaves_alone_who_is_marked(Class.of(api))


@IN_MEMORY
def test_412_comes_after_400_and_403(chess: Class) -> None:
    lesson, (anna, bea, _) = chess.lesson(), chess.members
    good(marks(chess.head, lesson, entry(anna, "late")), 200)
    outdated = entry(anna, if_version=0)
    assert fields(marks(chess.teacher, lesson, outdated, entry(bea, note="x" * 1001))) == [
        "attendances[1].note"
    ]
    assert fields(marks(chess.teacher, lesson, outdated, entry("x"))) == ["attendances[1].client_id"]
    assert marks(chess.clerk, lesson, outdated).status_code == 403
    assert marks(chess.teacher, lesson, outdated).status_code == 412
    chess.edits(lesson, state="cancelled", reason="snow")
    assert answer(marks(chess.teacher, lesson, entry(bea))) == CANCELLED


# When it was noted down


def test_when_it_was_noted_down_goes_into_the_event(chess: Class) -> None:
    lesson, (anna, *_) = chess.lesson(), chess.members
    noted = "2026-03-02T11:30:00+01:00"
    good(marks(chess.teacher, lesson, entry(anna, noted_at=noted)), 200)
    shown = row(chess.teacher, lesson, anna)
    assert shown["marked_at"] == NOON, "the server's time"
    good(marks(chess.teacher, lesson, entry(anna, noted_at="2026-03-02T11:00:00Z")), 200)
    assert version(chess.teacher, lesson, anna) == 1, "by itself it is no change"
    good(marks(chess.teacher, lesson, entry(anna, None, noted_at="2026-03-02T11:59:59.5Z")), 200)
    history = good(chess.teacher.reads(f"{path_of(lesson)}/{anna}/history"), 200)["events"]
    told_of = [
        (it["action"].partition(".")[2], (it["after"] or it["before"]).get("noted_at")) for it in history
    ]
    assert told_of == [
        ("marked", "2026-03-02T10:30:00+00:00"),
        ("charged", None),
        ("cleared", "2026-03-02T11:59:59.500000+00:00"),
    ]


@IN_MEMORY
def test_no_window_is_widened_by_when_it_was_noted_down(chess: Class) -> None:
    past = chess.lesson("2026-02-22")
    noted = "2026-02-23T12:00:00Z"
    assert fields(marks(chess.teacher, past, entry(chess.members[0], noted_at="2026-02-23T11:59:59Z"))) == [
        "attendances[0].noted_at"
    ]
    assert marks(chess.teacher, past, entry(chess.members[0], noted_at=noted)).status_code == 403
    future = chess.lesson(TOMORROW)
    assert fields(marks(chess.teacher, future, entry(chess.members[0], noted_at=NOON))) == [
        "attendances[0].status"
    ]


@pytest.mark.parametrize(
    ("noted_at", "is_fine"),
    [
        ("2026-02-23T12:00:00Z", True), ("2026-02-23T11:59:59Z", False), ("2026-03-02T12:01:00Z", True),
        ("2026-03-02T12:01:01Z", False), ("2026-03-02T12:00:00", False), ("2026-03-02", False), (1, False),
        ("0001-01-01T00:00:00+14:00", False), ("9999-12-31T23:59:59-14:00", False), (None, True),
    ],
)  # fmt: skip
@IN_MEMORY
def test_what_was_noted_down_is_at_most_a_week_old_and_not_of_tomorrow(
    api: Api, noted_at: Any, is_fine: bool
) -> None:
    chess = Class.of(api)
    response = marks(chess.teacher, chess.lesson(), entry(chess.members[0], noted_at=noted_at))
    if is_fine:
        assert response.status_code == 200
    else:
        assert fields(response) == ["attendances[0].noted_at"]


# What says nothing without a status


@IN_MEMORY
def test_what_needs_a_status_is_refused_without_one(api: Api) -> None:
    chess = Class.of(api)
    lesson, (anna, bea, carl) = chess.lesson(), chess.members
    subscription = chess.sells(anna)
    refused = marks(
        chess.teacher,
        lesson,
        entry(anna, None, note="ill", trial=True, subscription_id=subscription),
        entry(bea, None, minutes_late=5),
        entry(carl, None, note="", trial=False, subscription_id=None, minutes_late=None),
    )
    assert told(refused) == [
        ("attendances[0].note", "must be given only with a status"),
        ("attendances[0].trial", "must be given only with a status"),
        ("attendances[0].subscription_id", "must be given only with a status"),
        ("attendances[1].minutes_late", "must be given only for late"),
    ]


@IN_MEMORY
def test_a_pass_that_cannot_pay_is_refused_of_who_is_excused_too(api: Api) -> None:
    chess = Class.of(api)
    lesson, (anna, bea, _) = chess.lesson(), chess.members
    own, others, over = chess.sells(anna), chess.sells(bea), chess.sells(anna, valid_days=1)
    for status, more in (("excused", {}), ("present", {"trial": True})):
        for wrong in (others, over, "x"):
            refused = marks(chess.teacher, lesson, entry(anna, status, subscription_id=wrong, **more))
            assert fields(refused) == ["attendances[0].subscription_id"]
        for _ in range(2):
            fine = marks(chess.teacher, lesson, entry(anna, status, subscription_id=own, **more))
            assert rows(good(fine, 200))[anna]["subscription_id"] is None
    used_up = chess.sells(bea, visits=1)
    good(marks(chess.teacher, lesson, entry(bea, subscription_id=used_up)), 200)
    excused = marks(chess.teacher, lesson, entry(bea, "excused", subscription_id=used_up))
    assert rows(good(excused, 200))[bea]["subscription_id"] is None, "the one that has paid may be named"
