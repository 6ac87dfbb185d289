"""The list of all marks, letter for letter, over every store."""

import csv
import io
from typing import Any

import pytest

from attendance.adapters.http.server import answers
from attendance.application.forms import listing
from attendance.domain.permissions.roles import Role
from tests.http.api import UNKNOWN_ID, Api, answer, fields, good
from tests.http.attendance.test_attendance_protocol import (
    NOON,
    TODAY,
    TOMORROW,
    YESTERDAY,
    Class,
    entry,
    marks,
)
from tests.http.club.test_clients_protocol import FORBIDDEN, NO
from tests.http.club_protocol import SIGN_IN_FIRST
from tests.http.operations import added

ATTENDANCE = "/attendance"
COLUMNS = [
    "lesson_id", "group_id", "date", "starts", "client_id", "name", "status", "note", "minutes_late", "trial",
    "subscription_id", "unpaid", "marked_by", "marked_at",
]  # fmt: skip


@pytest.fixture
def chess(api: Api) -> Class:
    return Class.of(api)


def of_judo(chess: Class) -> tuple[str, str]:
    """Another group, that nobody teaches, and a lesson of it."""
    [place] = good(chess.head.reads("/locations"), 200)["locations"]
    judo = added(chess.head, "/groups", name="Judo", location_id=place["id"])
    times = {"starts": "10:00", "ends": "11:00"}
    return judo, added(chess.head, f"/groups/{judo}/lessons", date=YESTERDAY, **times)


def test_all_marks_are_listed_by_date_start_lesson_and_client(chess: Class) -> None:
    anna, bea, carl = chess.members
    judo, other = of_judo(chess)
    later, earlier, called_off = chess.lesson(), chess.lesson(YESTERDAY), chess.lesson("2026-02-25")
    for lesson in (later, earlier, called_off):
        good(marks(chess.teacher, lesson, entry(bea, "late", note="=bus", minutes_late=5)), 200)
    chess.edits(called_off, state="cancelled", reason="snow")
    good(marks(chess.head, other, entry(chess.guest, trial=True)), 200)
    paid = chess.sells(anna)
    good(marks(chess.head, earlier, entry(carl, "excused"), entry(anna, "absent")), 200)

    def row(lesson: str, client: str, name: str, **more: Any) -> dict[str, Any]:
        known = {
            "lesson_id": lesson, "group_id": chess.group, "date": YESTERDAY, "starts": "09:00",
            "client_id": client, "name": name, "note": "", "minutes_late": None, "trial": False,
            "subscription_id": None, "unpaid": False, "marked_by": chess.head.id, "marked_at": NOON,
        }  # fmt: skip
        return known | more

    said = {"status": "late", "note": "=bus", "minutes_late": 5, "unpaid": True}
    said["marked_by"] = chess.teacher.id
    first = [
        row(earlier, anna, "Anna", status="absent", subscription_id=paid),
        row(earlier, bea, "Bea", **said),
        row(earlier, carl, "Carl", status="excused"),
    ]
    of_yesterday = [
        *sorted(first, key=lambda it: it["client_id"]),
        row(other, chess.guest, "Zoe", group_id=judo, starts="10:00", status="present", trial=True),
    ]
    of_today = [row(later, bea, "Bea", date=TODAY, **said)]
    expected = [*of_yesterday, *of_today]
    for role in (Role.MANAGER, Role.HEAD_MANAGER, Role.OWNER, Role.ADMIN):
        response = chess.api.having(role).reads(ATTENDANCE)
        assert answer(response) == (200, {"attendances": expected, "total": 5})
    assert [*good(response, 200)["attendances"][0]] == COLUMNS
    head, own = chess.head, [it for it in expected if it["group_id"] == chess.group]
    for query, found in (
        ({"from_": TODAY}, of_today),
        ({"to": YESTERDAY}, of_yesterday),
        ({"from_": YESTERDAY, "to": TODAY}, expected),
        ({"from_": TOMORROW}, []),
        ({"group_id": judo}, of_yesterday[-1:]),
        ({"group_id": chess.group, "to": YESTERDAY}, own[:-1]),
    ):
        assert answer(head.reads(ATTENDANCE, **query)) == (200, {"attendances": found, "total": len(found)})
    assert good(chess.teacher.reads(ATTENDANCE), 200) == {"attendances": own, "total": 4}
    assert good(chess.clerk.reads(ATTENDANCE), 200) == {"attendances": [], "total": 0}
    read = csv.reader(io.StringIO(head.reads(ATTENDANCE, format="csv").text, newline=""), strict=True)
    header, *rows = read
    assert (header, len(rows)) == (COLUMNS, 5)
    assert [it[4] for it in rows] == [it["client_id"] for it in expected]
    assert [it[7] for it in rows] == [it["note"].replace("=", "'=") for it in expected]


def test_who_may_see_which_marks(chess: Class) -> None:
    api, (judo, _) = chess.api, of_judo(chess)
    assert answer(api.nobody.reads(ATTENDANCE)) == SIGN_IN_FIRST
    for below in (api.having(), api.having(Role.OWNER, email_confirmed_at=None)):
        for query in ({}, {"group_id": chess.group}, {"group_id": UNKNOWN_ID}):
            assert answer(below.reads(ATTENDANCE, **query)) == FORBIDDEN
    for of in (judo, chess.group):
        assert answer(chess.clerk.reads(ATTENDANCE, group_id=of)) == FORBIDDEN
    assert answer(chess.teacher.reads(ATTENDANCE, group_id=judo)) == FORBIDDEN
    early = {"to": "2025-12-31", "group_id": chess.group}
    assert answer(chess.teacher.reads(ATTENDANCE, **early)) == FORBIDDEN
    assert good(chess.teacher.reads(ATTENDANCE, group_id=chess.group), 200)["total"] == 0
    for who in (chess.clerk, chess.head):
        for unknown in (UNKNOWN_ID, "x", chess.members[0]):
            assert answer(who.reads(ATTENDANCE, group_id=unknown)) == NO["group"]


def test_what_is_malformed_is_told(chess: Class) -> None:
    wrong: list[dict[str, Any]] = [
        {"from": "x"}, {"to": "2026-02-30"}, {"from": TOMORROW, "to": TODAY}, {"page": 0}, {"format": "xls"},
        {"sort": "starts"}, {"sort": "date,-date"}, {"status": "here"}, {"unpaid": "1"}, {"client": "x"},
    ]  # fmt: skip
    for query in wrong:
        for who in (chess.head, chess.api.having()):
            assert fields(who.reads(ATTENDANCE, **query)) == [next(iter(query))]


def test_marks_are_narrowed_to_what_is_asked_for_and_the_newest_may_come_first(chess: Class) -> None:
    anna, bea, carl = chess.members
    earlier, later = chess.lesson(YESTERDAY), chess.lesson()
    for lesson in (earlier, later):
        good(marks(chess.head, lesson, entry(anna), entry(bea, "excused"), entry(carl, "late")), 200)
    chess.sells(carl)
    good(marks(chess.head, later, entry(chess.guest, "absent")), 200)

    def found(**query: str) -> list[tuple[str, str]]:
        body = good(chess.head.reads(ATTENDANCE, **query), 200)
        assert body["total"] == len(body["attendances"])
        return [(it["date"], it["client_id"]) for it in body["attendances"]]

    whole = found()
    newest_first = sorted(sorted(whole), key=lambda it: it[0], reverse=True)
    assert found(sort="-date") == newest_first
    assert found(sort="+date") == found(sort="date") == whole
    assert found(client_id=anna) == [(YESTERDAY, anna), (TODAY, anna)]
    assert found(client_id=UNKNOWN_ID) == found(client_id="x") == []
    assert found(status="excused", sort="-date") == [(TODAY, bea), (YESTERDAY, bea)]
    unpaid = {(YESTERDAY, anna), (TODAY, anna), (YESTERDAY, carl), (TODAY, carl), (TODAY, chess.guest)}
    assert found(unpaid="true", sort="-date") == [it for it in newest_first if it in unpaid]
    assert found(unpaid="false") == [it for it in whole if it not in unpaid]
    assert found(unpaid="true", client_id=carl, from_=TODAY, group_id=chess.group) == [(TODAY, carl)]


@pytest.mark.parametrize("length", [1, 4, 1000])
def test_marks_are_the_same_whole_by_pages_and_as_a_table(
    chess: Class, monkeypatch: pytest.MonkeyPatch, length: int
) -> None:
    for module in (answers, listing):
        monkeypatch.setattr(module, "BATCH", length)
    for number in range(8):
        lesson = chess.lesson(f"2026-02-{1 + number // 2:02}", f"{9 + number % 2:02}:00")
        good(marks(chess.head, lesson, *map(entry, chess.members)), 200)
    whole = good(chess.teacher.reads(ATTENDANCE), 200)
    order = [(it["date"], it["starts"], it["lesson_id"], it["client_id"]) for it in whole["attendances"]]
    assert (order, len({*order}), whole["total"]) == (sorted(order), 24, 24)
    for page in (1, 2, 3):
        part = whole["attendances"][20 * (page - 1) : 20 * page]
        shown = good(chess.teacher.reads(ATTENDANCE, page=page), 200)
        assert shown == whole | {"attendances": part, "page": page, "pages": 2}
    _, *rows = csv.reader(io.StringIO(chess.teacher.reads(ATTENDANCE, format="csv").text, newline=""))
    assert [(it[2], it[3], it[0], it[4]) for it in rows] == order
