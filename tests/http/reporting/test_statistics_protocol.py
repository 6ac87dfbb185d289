"""Statistics, letter for letter, over every store."""

from dataclasses import dataclass
from typing import Any

import pytest

from attendance.adapters.http.reporting import figures as figures_module
from attendance.application.reporting import statistics as use_cases
from attendance.domain.permissions.roles import Role
from tests.http.api import IN_MEMORY, UNKNOWN_ID, Api, Person, answer, fields, good
from tests.http.attendance.test_attendance_protocol import TODAY, TOMORROW, Class, entry, marks
from tests.http.club.test_clients_protocol import FORBIDDEN, NO
from tests.http.club_protocol import SIGN_IN_FIRST
from tests.http.operations import added

RANGE = {"from": "2026-02-01", "to": TODAY}
ASKED = {"from_": "2026-02-01"}
NOTHING = {
    "counts": {"present": 0, "late": 0, "absent": 0, "excused": 0, "unmarked": 0},
    "attendance_rate": None, "punctuality_rate": None, "marking_coverage": None, "fill_rate": None,
    "average_attendance": None, "lessons": {"planned": 0, "held": 0, "cancelled": 0, "untaken": 0},
    "taught_hours": 0.0, "unpaid_visits": 0,
}  # fmt: skip
RATES = ("attendance_rate", "punctuality_rate", "marking_coverage", "fill_rate", "average_attendance")
PATHS = ("", "/employees", "/locations", "/groups")
KINDS = {"employees": "user", "locations": "location", "groups": "group"}


@dataclass(frozen=True, slots=True)
class Term:
    """Chess of Anna, Bea and Carl in February, one lesson called off, one not marked; and an empty group."""

    chess: Class
    empty: str
    hall: str

    @classmethod
    def of(cls, api: Api) -> "Term":
        chess = Class.of(api)
        head, (anna, bea, carl) = chess.head, chess.members
        hall = added(head, "/locations", name="Hall", address="2 Main Street", capacity=4)
        empty = added(head, "/groups", name="Judo", location_id=hall)
        good(head.puts(f"/groups/{chess.group}", capacity=4), 200)
        lessons = [chess.lesson(f"2026-02-{day}") for day in ("01", "07", "14")]
        good(marks(head, lessons[0], entry(anna), entry(bea, "late"), entry(carl, "absent")), 200)
        good(marks(head, lessons[1], entry(anna, "excused"), entry(chess.guest, trial=True)), 200)
        chess.edits(chess.lesson("2026-02-20"), state="cancelled", reason="snow")
        chess.lesson(TOMORROW)
        return cls(chess, empty, hall)

    def ids(self) -> dict[str, str]:
        return {"employees": self.chess.teacher.id, "locations": self.hall, "groups": self.chess.group}


COUNTED = {
    "counts": {"present": 2, "late": 1, "absent": 1, "excused": 1, "unmarked": 5},
    "attendance_rate": 0.75, "punctuality_rate": 0.6667, "marking_coverage": 0.5, "fill_rate": 0.375,
    "average_attendance": 1.5, "lessons": {"planned": 1, "held": 2, "cancelled": 1, "untaken": 1},
    "taught_hours": 1.9667, "unpaid_visits": 3,
}  # fmt: skip
WEEK_OF_THE_7TH = {
    "counts": {"present": 1, "late": 0, "absent": 0, "excused": 1, "unmarked": 2},
    "attendance_rate": 1.0, "punctuality_rate": 1.0, "marking_coverage": 0.5, "fill_rate": 0.25,
    "average_attendance": 1.0, "lessons": {"planned": 0, "held": 1, "cancelled": 0, "untaken": 0},
    "taught_hours": 0.9833, "unpaid_visits": 0,
}  # fmt: skip


@pytest.fixture
def term(api: Api) -> Term:
    return Term.of(api)


def test_the_main_figures(term: Term) -> None:
    chess = term.chess
    assert answer(chess.head.reads("/statistics", **ASKED)) == (
        200,
        {**RANGE, **COUNTED, "sales": [], "at_risk": []},
    )
    response = chess.head.reads("/statistics", **ASKED)
    assert b'"punctuality_rate":0.6667,' in response.content
    assert answer(chess.teacher.reads("/statistics", **ASKED)) == (200, {**RANGE, **COUNTED, "at_risk": []})
    assert answer(chess.clerk.reads("/statistics", **ASKED)) == (200, {**RANGE, **NOTHING, "at_risk": []})
    manager = chess.api.having(Role.MANAGER)
    assert answer(manager.reads("/statistics", **ASKED)) == (200, {**RANGE, **COUNTED, "at_risk": []})
    month = good(chess.head.reads("/statistics"), 200)
    assert (month["from"], month["to"]) == ("2026-02-01", TODAY)


def test_sales_are_texts_by_currency(term: Term) -> None:
    anna, bea, _ = term.chess.members
    term.chess.sells(anna)
    term.chess.sells(bea, amount="8000", currency="JPY")
    assert good(term.chess.head.reads("/statistics"), 200)["sales"] == [
        {"currency": "EUR", "amount": "80.00"},
        {"currency": "JPY", "amount": "8000"},
    ]
    assert "sales" not in good(term.chess.api.having(Role.MANAGER).reads("/statistics"), 200)


def test_who_is_at_risk_and_why(term: Term) -> None:
    chess = term.chess
    anna = chess.members[0]
    for day in ("21", "22", "23"):
        good(marks(chess.head, chess.lesson(f"2026-02-{day}"), entry(anna, "absent")), 200)
    dates = ["2026-02-21", "2026-02-22", "2026-02-23"]
    assert good(chess.teacher.reads("/statistics"), 200)["at_risk"] == [
        {
            "client_id": anna,
            "name": "Anna",
            "reasons": [
                {"rule": "low_attendance", "dates": dates},
                {"rule": "absent_in_a_row", "dates": dates},
            ],
        }
    ]


def test_lists_tell_the_same_of_each(term: Term) -> None:
    chess, head = term.chess, term.chess.head
    assert answer(head.reads("/statistics/groups", **ASKED)) == (
        200,
        {
            **RANGE,
            "groups": [
                {"group_id": chess.group, "name": "Chess", **COUNTED},
                {"group_id": term.empty, "name": "Judo", **NOTHING},
            ],
            "total": 2,
        },
    )
    assert answer(head.reads("/statistics/locations", **ASKED, page=1)) == (
        200,
        {
            **RANGE,
            "locations": [
                {"location_id": term.hall, "name": "Hall", **NOTHING},
                {"location_id": place_of(term), "name": "Main", **COUNTED},
            ],
            "total": 2,
            "page": 1,
            "pages": 1,
        },
    )
    assert answer(head.reads("/statistics/employees", **ASKED, sort="-attendance_rate,name")) == (
        200,
        {
            **RANGE,
            "employees": [
                {"user_id": chess.teacher.id, "name": "teacher", **COUNTED},
                {"user_id": chess.clerk.id, "name": "clerk", **NOTHING},
                {"user_id": head.id, "name": "head", **NOTHING},
            ],
            "total": 3,
        },
    )
    assert good(chess.teacher.reads("/statistics/groups", **ASKED), 200) == {
        **RANGE,
        "groups": [{"group_id": chess.group, "name": "Chess", **COUNTED}],
        "total": 1,
    }
    assert good(chess.clerk.reads("/statistics/groups", **ASKED), 200) == {**RANGE, "groups": [], "total": 0}


def place_of(term: Term) -> str:
    place: str = good(term.chess.head.reads(f"/groups/{term.chess.group}"), 200)["location_id"]
    return place


def test_one_of_each_and_how_it_went(term: Term) -> None:
    chess, head = term.chess, term.chess.head
    weeks = [
        ("2026-02-01", "2026-02-01"), ("2026-02-02", "2026-02-08"), ("2026-02-09", "2026-02-15"),
        ("2026-02-16", "2026-02-22"), ("2026-02-23", "2026-03-01"), ("2026-03-02", "2026-03-02"),
    ]  # fmt: skip
    for kind, of, label in (
        ("groups", chess.group, {"group_id": chess.group, "name": "Chess"}),
        ("locations", place_of(term), {"location_id": place_of(term), "name": "Main"}),
        ("employees", chess.teacher.id, {"user_id": chess.teacher.id, "name": "teacher"}),
    ):
        path = f"/statistics/{kind}/{of}"
        assert answer(head.reads(path, **ASKED)) == (200, {**label, **RANGE, **COUNTED})
        shown = good(head.reads(path, **ASKED, trend="week"), 200)
        trend = shown.pop("trend")
        assert shown == {**label, **RANGE, **COUNTED}
        assert [(it["from"], it["to"]) for it in trend] == weeks
        assert trend[1] == {"from": "2026-02-02", "to": "2026-02-08", **WEEK_OF_THE_7TH}
        assert trend[5] == {"from": TODAY, "to": TODAY, **NOTHING}
        assert good(head.reads("/statistics", **ASKED, trend="week"), 200)["trend"] == trend
        months = good(head.reads(path, **ASKED, trend="month"), 200)["trend"]
        assert [it["from"] for it in months] == ["2026-02-01", "2026-03-01"]
        assert [it["to"] for it in months] == ["2026-02-28", TODAY]
        assert len(good(head.reads(path, **ASKED, trend="day"), 200)["trend"]) == 30


def test_an_employee_reads_what_is_their_own(term: Term) -> None:
    chess = term.chess
    own = {"user_id": chess.teacher.id, "name": "teacher", **RANGE, **COUNTED}
    assert answer(chess.teacher.reads(f"/statistics/employees/{chess.teacher.id}", **ASKED)) == (200, own)
    assert answer(chess.clerk.reads(f"/statistics/employees/{chess.teacher.id}")) == FORBIDDEN
    assert good(chess.teacher.reads(f"/statistics/groups/{chess.group}"), 200)["name"] == "Chess"
    assert answer(chess.clerk.reads(f"/statistics/groups/{chess.group}")) == FORBIDDEN
    assert answer(chess.teacher.reads(f"/statistics/groups/{term.empty}")) == FORBIDDEN
    # taught on the last day of the range alone, then not yet
    since = {"user_id": chess.clerk.id, "from": TODAY}
    good(chess.head.puts(f"/groups/{term.empty}", teachers=[since]), 200)
    assert answer(chess.clerk.reads(f"/statistics/groups/{term.empty}", from_="2026-01-01"))[0] == 200
    earlier = chess.clerk.reads(f"/statistics/groups/{term.empty}", from_="2026-01-01", to="2026-03-01")
    assert answer(earlier) == FORBIDDEN


@pytest.mark.plants
@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("sees_all_groups", lambda _: True),
        ("_visible", lambda *given: given[-1]),
        ("_is_own", lambda *_: True),
    ],
)
@IN_MEMORY
def test_a_guard_that_is_taken_out_is_seen(
    term: Term, monkeypatch: pytest.MonkeyPatch, name: str, other: Any
) -> None:
    monkeypatch.setattr(use_cases, name, other)
    with pytest.raises(AssertionError):
        test_the_main_figures(term)
        test_an_employee_reads_what_is_their_own(term)


@pytest.mark.plants
@IN_MEMORY
def test_sales_without_a_level_are_seen(term: Term, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(use_cases, "sees_sales", lambda _: True)
    with pytest.raises(AssertionError):
        test_sales_are_texts_by_currency(term)


# Precedence


MALFORMED: list[tuple[dict[str, Any], str]] = [
    ({"from": "x"}, "from"),
    ({"from": "2026-02-30"}, "from"),
    ({"to": "null"}, "to"),
    ({"to": ""}, "to"),
    ({"from": TOMORROW, "to": TODAY}, "from"),
    ({"unknown": 1}, "unknown"),
]
OF_LISTS: list[tuple[dict[str, Any], str]] = [
    ({"page": 0}, "page"),
    ({"page": "x"}, "page"),
    ({"sort": "counts"}, "sort"),
    ({"sort": "name,-name"}, "sort"),
    ({"trend": "day"}, "trend"),
]
OF_TRENDS: list[tuple[dict[str, Any], str]] = [
    ({"trend": "year"}, "trend"),
    ({"trend": ""}, "trend"),
    ({"trend": "day", "from": "2000-01-01"}, "trend"),
    ({"page": 1}, "page"),
    ({"sort": "name"}, "sort"),
]


@pytest.mark.slow
@IN_MEMORY
def test_401_then_400_then_403_by_level_then_404_then_403_by_relation(term: Term) -> None:
    api = term.chess.api
    parent, lists = api.having(), [f"/{kind}" for kind in KINDS]
    known = [f"/{kind}/{of}" for kind, of in term.ids().items()]
    unknown = [f"/{kind}/{of}" for kind in KINDS for of in (UNKNOWN_ID, "me", "x", "%00")]
    for path in ("", *lists, *known, *unknown):
        assert answer(api.nobody.reads(f"/statistics{path}", unknown=1)) == SIGN_IN_FIRST
        of_kind = OF_LISTS if path in lists else OF_TRENDS
        for query, field in (*MALFORMED, *of_kind):
            assert fields(parent.reads(f"/statistics{path}", **query)) == [field], (path, query)
        assert answer(parent.reads(f"/statistics{path}")) == FORBIDDEN
    clerk, manager = term.chess.clerk, api.having(Role.MANAGER)
    for kind, thing in KINDS.items():
        for of in (UNKNOWN_ID, "me", "x"):
            path = f"/statistics/{kind}/{of}"
            below = FORBIDDEN if kind == "locations" else NO[thing]
            assert answer(clerk.reads(path)) == answer(manager.reads(path)) == below
            assert answer(term.chess.head.reads(path)) == NO[thing]
    assert [clerk.reads(f"/statistics{path}").status_code for path in known] == [403, 403, 403]
    assert [manager.reads(f"/statistics{path}").status_code for path in known] == [200, 403, 200]
    assert [term.chess.head.reads(f"/statistics{path}").status_code for path in known] == [200, 200, 200]


@IN_MEMORY
def test_levels_of_lists(term: Term) -> None:
    api = term.chess.api
    may = {
        Role.USER: [403, 403, 403, 403],
        Role.EMPLOYEE: [200, 403, 403, 200],
        Role.MANAGER: [200, 200, 403, 200],
        Role.HEAD_MANAGER: [200] * 4,
        Role.OWNER: [200] * 4,
        Role.ADMIN: [200] * 4,
    }
    for role, statuses in may.items():
        person = api.having(role)
        assert [person.reads(f"/statistics{path}").status_code for path in PATHS] == statuses, role


# Sorting and paging


def test_lists_are_sorted_by_every_rate_with_nulls_last_and_ties_by_id(term: Term) -> None:
    chess, head = term.chess, term.chess.head
    anna, bea, carl = chess.members
    first = {"location_id": place_of(term), "capacity": 4}
    for name, statuses in (
        ("a", ["present", "absent"]),
        ("b", ["late", "late", "excused"]),
        ("c", ["present", "absent"]),
        ("d", []),
    ):
        members = [{"client_id": it, "from": "2026-01-01"} for it in chess.members]
        group = added(head, "/groups", name=name, members=members, **first)
        times = {"starts": "06:00", "ends": "07:00"}
        lesson = added(head, f"/groups/{group}/lessons", date="2026-02-10", **times)
        listed = [entry(it, status) for it, status in zip((anna, bea, carl), statuses, strict=False)]
        good(marks(head, lesson, *listed), 200)
    for rate in RATES:
        for sort in (rate, f"+{rate}", f"-{rate}"):
            rows = good(head.reads("/statistics/groups", **ASKED, sort=sort), 200)["groups"]
            assert len(rows) == 6
            known = [row for row in rows if row[rate] is not None]
            assert rows[: len(known)] == known, "nulls last"
            sign = -1 if sort.startswith("-") else 1
            keys = [(sign * row[rate], row["group_id"]) for row in known]
            assert keys == sorted(keys)
            nulls = [row["group_id"] for row in rows[len(known) :]]
            assert nulls == sorted(nulls)
    names = [it["name"] for it in read(head, "groups", sort="-name")]
    assert names == ["Judo", "d", "Chess", "c", "b", "a"]
    by_both = [it["name"] for it in read(head, "groups", sort="attendance_rate,-name")]
    assert by_both == ["c", "a", "Chess", "b", "Judo", "d"]


def read(by: Person, kind: str, **query: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = good(by.reads(f"/statistics/{kind}", **ASKED, **query), 200)[kind]
    return rows


def test_twenty_to_a_page(term: Term) -> None:
    head = term.chess.head
    for n in range(20):
        added(head, "/groups", name=f"Group {n:02}", location_id=term.hall)
    whole = good(head.reads("/statistics/groups", **ASKED), 200)
    assert whole.keys() == {"from", "to", "groups", "total"}
    assert (whole["total"], len(whole["groups"])) == (22, 22)
    pages = [good(head.reads("/statistics/groups", **ASKED, page=page), 200) for page in (1, 2, 3)]
    assert [(it["page"], it["pages"], it["total"], len(it["groups"])) for it in pages] == [
        (1, 2, 22, 20), (2, 2, 22, 2), (3, 2, 22, 0),
    ]  # fmt: skip
    assert [row for page in pages for row in page["groups"]] == whole["groups"]


@pytest.mark.plants
@IN_MEMORY
def test_a_figure_left_out_of_an_answer_is_seen(term: Term, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = figures_module._figures

    def without_a_rate(*given: Any, **more: Any) -> Any:
        return whole(*given, **more, attendance_rate=None)

    monkeypatch.setattr(figures_module, "_figures", without_a_rate)
    with pytest.raises(AssertionError):
        test_the_main_figures(term)
