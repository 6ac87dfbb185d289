"""Pages of statistics: the figures of the API, as charts and tables, to whoever sees them there."""

import csv
import re
from datetime import date
from io import BytesIO
from urllib.parse import parse_qs, urlsplit

import httpx
import openpyxl
import pytest

from attendance.adapters.web.reporting.ranges import named_ranges, shown_trend, usual_trend
from attendance.application.reporting import statistics
from attendance.domain.attendance.status import Status
from attendance.domain.permissions.roles import Role
from attendance.domain.reporting.statistics import Trend
from tests.http.api import UNKNOWN_ID, Api, good
from tests.web.reporting.clubs import DAY, TODAY, Club, club_of, held, taught_by, untaken, with_members
from tests.web.visitors import Shown, leads_to, shown, signed_in, visitor, with_session

STATISTICS = "/app/statistics"
FROM = {
    STATISTICS: Role.EMPLOYEE,
    f"{STATISTICS}/groups": Role.EMPLOYEE,
    f"{STATISTICS}/employees": Role.MANAGER,
    f"{STATISTICS}/locations": Role.HEAD_MANAGER,
}
"""From which role on somebody sees a page."""


def of_kinds(club: Club) -> dict[str, Role]:
    """A page of one of each, none of which is anybody's own."""
    return {
        f"{STATISTICS}/groups/{club.chess.id}": Role.MANAGER,
        f"{STATISTICS}/employees/{club.eva.id}": Role.MANAGER,
        f"{STATISTICS}/locations/{club.hall.id}": Role.HEAD_MANAGER,
    }


def rows_of(html: str) -> list[list[str]]:
    """The cells of a page's table, row by row, as they are read out."""
    body = html.partition("<table")[2].partition("</table>")[0]
    body = re.sub(r'<span aria-hidden="true">[^<]*</span>', "", body)
    return [
        [
            " ".join(re.sub(r"<[^>]*>", "", cell).split())
            for cell in re.findall(r"<t[hd].*?</t[hd]>", row, re.DOTALL)
        ]
        for row in body.split("<tr>")[1:]
    ]


# Who sees what


@pytest.mark.slow
def test_a_page_is_shown_from_a_role_on(memory: Api) -> None:
    pages = FROM | of_kinds(club_of(memory))
    for role in Role:
        somebody = signed_in(memory, role)
        for path, lowest in pages.items():
            answered = somebody.opens(path)
            expected = 200 if role.level >= lowest.level else 403
            assert (role, path, answered.status_code) == (role, path, expected)
            assert ("You may not do this" in shown(answered).texts) is (expected == 403)
    for path in pages:
        assert leads_to(visitor(memory).opens(path)).startswith("/app/sign-in?next=")


@pytest.mark.plants
def test_a_page_that_is_shown_to_everybody_is_seen(memory: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statistics, "require_level", lambda *_, **__: None)
    with pytest.raises(AssertionError):
        test_a_page_is_shown_from_a_role_on(memory)


def test_what_nobody_has_is_not_found(memory: Api) -> None:
    head = signed_in(memory, Role.HEAD_MANAGER)
    for kind in ("groups", "employees", "locations"):
        for of_id in (UNKNOWN_ID, "x", "%00"):
            answered = head.opens(f"{STATISTICS}/{kind}/{of_id}")
            assert (answered.status_code, "alert" in shown(answered).roles) == (404, False)


def test_employees_see_what_they_taught_and_what_they_did(memory: Api) -> None:
    club = club_of(memory)
    held(club)
    untaken(club, 1)
    teacher = memory.having(Role.EMPLOYEE)
    taught_by(club, teacher.id)
    by_teacher = with_session(memory, teacher)
    page = shown(by_teacher.opens(STATISTICS))
    assert "Of the groups that you taught on these days." in page.texts
    assert page.texts[page.texts.index("Lessons held") + 1] == "4"
    assert page.texts[page.texts.index("Lessons not taken") + 1] == "0"
    groups = by_teacher.opens(f"{STATISTICS}/groups").text
    assert [row[0] for row in rows_of(groups)] == ["Name", "Chess"]
    own = f"{STATISTICS}/employees/{teacher.id}"
    assert any(link.startswith(own) for link in page.links)
    assert not any(link.startswith(f"{STATISTICS}/locations") for link in page.links)
    for path in (own, f"{STATISTICS}/groups/{club.chess.id}"):
        assert by_teacher.opens(path).status_code == 200
    assert by_teacher.opens(f"{STATISTICS}/groups/{club.judo.id}").status_code == 403
    manager = shown(signed_in(memory, Role.MANAGER).opens(STATISTICS))
    assert "Of the groups that you taught on these days." not in manager.texts
    assert not any(link.startswith(f"{STATISTICS}/locations") for link in manager.links)


# What is shown


def test_figures_are_those_of_the_api(memory: Api) -> None:
    club = club_of(memory)
    held(club)
    person = memory.having(Role.MANAGER)
    query = {"from": "2026-02-23", "to": "2026-03-02", "trend": "day"}
    answered = with_session(memory, person).opens(f"{STATISTICS}?from=2026-02-23&to=2026-03-02&by=day")
    shown(answered)
    told = person.reads("/statistics", **query).json()
    head, *days, in_all = rows_of(answered.text)
    assert head[:3] == ["Day", "Lessons held", "Came on time"]
    assert head[3:7] == ["Came late", "Were excused", "Were absent", "Not marked"]
    assert head[7:] == ["Attendance", "Punctuality", "Coverage", "Fill"]
    assert len(days) == 4
    for row, day in zip(days, [it for it in told["trend"] if it["lessons"]["held"]], strict=True):
        counts = [day["counts"][kind] for kind in ("present", "late", "excused", "absent", "unmarked")]
        assert row[1:7] == [str(number) for number in (day["lessons"]["held"], *counts)]
        rates = ("attendance_rate", "punctuality_rate", "marking_coverage", "fill_rate")
        assert row[7:] == [f"{round(100 * day[rate])}%" for rate in rates]
    assert in_all == ["In all", "4", "7", "1", "0", "4", "0", "67%", "88%", "100%", "25%"]


def test_each_chart_has_a_name_a_caption_and_is_drawn_without_colours_in_it(memory: Api) -> None:
    club = club_of(memory)
    held(club)
    html = signed_in(memory, Role.MANAGER).opens(STATISTICS).text
    plots = re.findall(r'<svg class="plot"[^>]*>', html)
    assert len(plots) == 5
    for plot in plots:
        assert 'role="img"' in plot
        for name in re.findall(r'aria-(?:labelledby|describedby)="([^"]*)"', plot):
            assert html.count(f'id="{name}"') == 1
    assert not re.search(r'(fill|stroke)="(?!url\(#kind-)', html)
    assert {*re.findall(r'fill="url\(#(kind-\w+)\)"', html)} == {"kind-late", "kind-absent"}


def test_zero_is_told_apart_from_what_is_not_known(memory: Api) -> None:
    club = club_of(memory)
    club.lesson(club.chess, TODAY - DAY, *((client, Status.ABSENT) for client in club.clients[:3]))
    html = signed_in(memory, Role.MANAGER).opens(f"{STATISTICS}?from=2026-02-28&to=2026-03-01&by=day").text
    [_, day, _] = rows_of(html)
    assert day[7:9] == ["0%", "no figure"]
    assert "There are no figures for these days." in html
    # at the bottom of the plot of attendance
    assert 'cx="75%" cy="100%"' in html
    compared = signed_in(memory, Role.MANAGER).opens(f"{STATISTICS}/groups").text
    assert [row[:2] for row in rows_of(compared)[1:]] == [["Chess", "0%"], ["Judo", "no figure"]]
    assert compared.count('class="track"') == 1


def test_a_club_without_lessons_has_statistics_all_the_same(memory: Api) -> None:
    head = signed_in(memory, Role.HEAD_MANAGER)
    page = shown(head.opens(STATISTICS))
    assert page.texts.count("no figure") >= 4
    for path in FROM:
        shown(head.opens(path))


def test_a_name_is_a_text_and_nothing_else(memory: Api) -> None:
    club = club_of(memory)
    held(club)
    name = '<title>Chess</title> & "co"'
    club.edits(club.chess, name=name)
    head = signed_in(memory, Role.HEAD_MANAGER)
    assert shown(head.opens(f"{STATISTICS}/groups")).texts.count(name) == 2
    assert name in shown(head.opens(f"{STATISTICS}/groups/{club.chess.id}")).texts


# Of which days


def test_days_with_a_name_end_today_or_are_over() -> None:
    found = {each.text: (each.since, each.until) for each in named_ranges(date(2026, 3, 4))}
    assert found == {
        "Last 30 days": (date(2026, 2, 3), date(2026, 3, 4)),
        "This week": (date(2026, 3, 2), date(2026, 3, 4)),
        "Last week": (date(2026, 2, 23), date(2026, 3, 1)),
        "This month": (date(2026, 3, 1), date(2026, 3, 4)),
        "Last month": (date(2026, 2, 1), date(2026, 2, 28)),
        "This school year": (date(2025, 9, 1), date(2026, 3, 4)),
        "Last school year": (date(2024, 9, 1), date(2025, 8, 31)),
    }
    in_autumn = {each.text: each.since for each in named_ranges(date(2026, 9, 1))}
    assert in_autumn["This school year"] == date(2026, 9, 1)
    assert in_autumn["Last school year"] == date(2025, 9, 1)


def test_how_finely_a_range_is_shown() -> None:
    assert [usual_trend(days) for days in (1, 31, 32, 371, 372)] == [
        Trend.DAY,
        Trend.DAY,
        Trend.WEEK,
        Trend.WEEK,
        Trend.MONTH,
    ]
    assert [shown_trend(Trend.DAY, days) for days in (120, 121, 840, 841)] == [
        Trend.DAY,
        Trend.WEEK,
        Trend.WEEK,
        Trend.MONTH,
    ]
    assert shown_trend(Trend.MONTH, 100_000) is Trend.MONTH


def link_named(html: str, text: str) -> str:
    main = html.partition("<main")[2]
    found = re.search(rf'<a [^>]*href="([^"]*)"[^>]*>{text}</a>', main)
    assert found, text
    return found[1].replace("&amp;", "&")


def test_days_with_a_name_are_a_click_away_and_stay_from_page_to_page(memory: Api) -> None:
    head = signed_in(memory, Role.HEAD_MANAGER)
    last_month = link_named(head.opens(STATISTICS).text, "Last month")
    assert last_month == "?from=2026-02-01&to=2026-02-28"
    page = head.opens(f"{STATISTICS}{last_month}").text
    assert 'aria-current="true">Last month' in page
    groups = link_named(page, "Groups")
    assert parse_qs(urlsplit(groups).query) == {"from": ["2026-02-01"], "to": ["2026-02-28"]}
    assert 'aria-current="true">Last month' in head.opens(groups).text


def test_how_finely_figures_are_told_stays_when_other_days_are_chosen(memory: Api) -> None:
    head = signed_in(memory, Role.HEAD_MANAGER)
    page = head.opens(f"{STATISTICS}?by=month").text
    assert link_named(page, "Last month") == "?from=2026-02-01&to=2026-02-28&by=month"
    groups = head.opens(f"{STATISTICS}/groups?by=month&sort=-fill_rate").text
    asked = parse_qs(urlsplit(link_named(groups, "Last month")).query)
    assert asked == {
        "from": ["2026-02-01"],
        "to": ["2026-02-28"],
        "by": ["month"],
        "sort": ["-fill_rate"],
    }


@pytest.mark.slow
def test_a_range_too_long_for_a_page_is_shown_more_coarsely(memory: Api) -> None:
    manager = signed_in(memory, Role.MANAGER)
    said = "So long a time is shown more coarsely than you chose; a download has all of it."
    for query, coarser in (
        ("from=2026-01-01&to=2026-03-02&by=day", False),
        ("from=2025-01-01&to=2026-03-02&by=day", True),
        ("from=2025-01-01&by=day", True),
        ("from=2025-01-01&by=week", False),
        ("from=2025-01-01", False),
    ):
        answered = manager.opens(f"{STATISTICS}?{query}")
        assert (query, said in shown(answered).texts) == (query, coarser)
        assert len(rows_of(answered.text)) <= 122
        if "by=day" in query:
            assert "by=day" in link_named(answered.text, "Download as CSV")


@pytest.mark.parametrize(
    ("query", "name", "fault"),
    [
        ("from=2026-03-02&to=2026-03-01", "from", "must not be after the last day"),
        ("from=yesterday", "from", "must be a date"),
        ("from=2026-02-30&to=x", "to", "must be a date"),
        ("by=year", "by", "must be one of the choices"),
        ("from=0001-01-01&to=9999-12-31", "trend", "must not have more than 3,700 parts"),
    ],
)
def test_what_cannot_be_answered_is_said_and_can_be_asked_again(
    memory: Api, query: str, name: str, fault: str
) -> None:
    answered = signed_in(memory, Role.MANAGER).opens(f"{STATISTICS}?{query}")
    page: Shown = shown(answered)
    assert (answered.status_code, page.roles) == (400, ["alert"])
    assert fault in " ".join(page.texts)
    assert page.texts[0].startswith("Error: ")
    asked = {field: values[0] for field, values in parse_qs(query).items() if field != "by"}
    assert {field: page.values[field] for field in asked} == asked
    if name in page.attributes:
        assert page.attributes[name]["aria-invalid"] == "true"


# Beside each other


def test_lists_are_sorted_by_a_click_on_a_column(memory: Api) -> None:
    club = club_of(memory)
    held(club)
    club.lesson(club.judo, TODAY - DAY, (club.anna, Status.ABSENT))
    manager = signed_in(memory, Role.MANAGER)
    page = manager.opens(f"{STATISTICS}/groups").text
    assert '<th scope="col" aria-sort="ascending">' in page
    best_first = manager.opens(f"{STATISTICS}/groups{link_named(page, 'Attendance')}").text
    assert [row[0] for row in rows_of(best_first)[1:]] == ["Chess", "Judo"]
    assert '<th scope="col" class="number" aria-sort="descending">' in best_first
    worst_first = manager.opens(f"{STATISTICS}/groups{link_named(best_first, 'Attendance')}").text
    assert [row[0] for row in rows_of(worst_first)[1:]] == ["Judo", "Chess"]
    by_fill = manager.opens(f"{STATISTICS}/groups?sort=-fill_rate").text
    assert '<h2 id="compared-title">Fill</h2>' in by_fill
    for query in ("sort=colour", "sort=name,name", "page=0", "page=x"):
        assert manager.opens(f"{STATISTICS}/groups?{query}").status_code == 400


def test_whoever_has_no_lessons_is_in_the_table_and_not_in_the_chart(memory: Api) -> None:
    club = club_of(memory)
    manager = signed_in(memory, Role.MANAGER, name="Nobody’s teacher")
    empty = manager.opens(f"{STATISTICS}/groups").text
    assert ("<figure" in empty, "2 without lessons on these days are in the table alone." in empty) == (
        False,
        True,
    )
    club.lesson(club.judo, TODAY - DAY, (club.anna, Status.ABSENT))
    page = manager.opens(f"{STATISTICS}/groups").text
    chart = page.partition("<figure")[2].partition("</figure>")[0]
    assert re.findall('<text class="name"[^>]*>([^<]*)<', chart) == ["Judo"]
    assert [row[0] for row in rows_of(page)[1:]] == ["Chess", "Judo"]
    assert "1 without lessons on these days is in the table alone." in page


def test_a_long_list_has_pages_which_keep_days_and_order(memory: Api) -> None:
    for _ in range(21):
        memory.having(Role.EMPLOYEE)
    manager = signed_in(memory, Role.MANAGER)
    path = f"{STATISTICS}/employees?from=2026-02-01&to=2026-02-28&sort=-name"
    following = link_named(manager.opens(path).text, "Next")
    assert parse_qs(urlsplit(following).query) == {
        "from": ["2026-02-01"],
        "to": ["2026-02-28"],
        "sort": ["-name"],
        "page": ["2"],
    }
    page = manager.opens(f"{STATISTICS}/employees{following}")
    assert "Page 2 of 2" in shown(page).texts
    assert 1 < len(rows_of(page.text)) < 21


# Files


def lines_of(answered: httpx.Response) -> list[dict[str, str]]:
    return [*csv.DictReader(answered.text.splitlines())]


def test_downloads_have_the_same_figures(memory: Api) -> None:
    club = club_of(memory)
    held(club)
    with_members(club, ["Zoe"])
    head = signed_in(memory, Role.HEAD_MANAGER)
    days = "from=2026-02-01&to=2026-03-02"
    for path in (*FROM, *of_kinds(club)):
        page = head.opens(f"{path}?{days}").text
        link = link_named(page, "Download as CSV")
        answered = head.opens(f"{path}{link}")
        assert answered.headers["content-disposition"] == 'attachment; filename="statistics.csv"'
        found = lines_of(answered)
        assert {"Attendance", "Came per lesson", "Lessons not taken", "Hours taught"} <= {*found[0]}
        link = link_named(page, r"Download for Excel \(XLSX\)")
        answered = head.opens(f"{path}{link}")
        assert answered.headers["content-disposition"] == 'attachment; filename="statistics.xlsx"'
        sheet = openpyxl.load_workbook(BytesIO(answered.content)).active
        assert [cell.value for cell in next(iter(sheet.rows))] == [*found[0]]
        assert sheet.max_row == len(found) + 1
        assert head.opens(f"{path}?{days}&format=pdf").status_code == 400
    groups = lines_of(head.opens(f"{STATISTICS}/groups?{days}&format=csv"))
    in_api = good(memory.having(Role.HEAD_MANAGER).reads(f"/statistics/groups?{days}"), 200)["groups"]
    assert [(it["Name"], it["Lessons held"], it["Attendance"]) for it in groups] == [
        (it["name"], str(it["lessons"]["held"]), _decimal(it["attendance_rate"])) for it in in_api
    ]
    by_month = lines_of(head.opens(f"{STATISTICS}?{days}&by=month&format=csv"))
    assert [(it["From"], it["To"]) for it in by_month] == [
        ("2026-02-01", "2026-02-28"),
        ("2026-03-01", "2026-03-02"),
    ]


def _decimal(rate: float | None) -> str:
    return "" if rate is None else f"{rate:.4f}"


def test_a_file_has_all_that_is_too_much_for_a_page(memory: Api) -> None:
    manager = signed_in(memory, Role.MANAGER)
    path = f"{STATISTICS}?from=2025-01-01&to=2026-03-02&by=day"
    link = link_named(manager.opens(path).text, "Download as CSV")
    assert len(lines_of(manager.opens(f"{STATISTICS}{link}"))) == 426
    for _ in range(21):
        memory.having(Role.EMPLOYEE)
    assert len(lines_of(manager.opens(f"{STATISTICS}/employees?format=csv"))) >= 22


@pytest.mark.parametrize(("language", "column"), [("de", "Anwesenheit"), ("ru", "Посещаемость")])
def test_files_of_pages_have_columns_in_ones_language(memory: Api, language: str, column: str) -> None:
    manager = signed_in(memory, Role.MANAGER)
    answered = manager.opens(f"{STATISTICS}?format=csv", **{"accept-language": language})
    assert column in {*lines_of(answered)[0]}
    assert "Lessons" not in answered.text


def test_whoever_may_not_see_figures_gets_no_file_of_them(memory: Api) -> None:
    for form in ("csv", "xlsx"):
        for path in FROM:
            parent = signed_in(memory, Role.USER)
            assert parent.opens(f"{path}?format={form}").status_code == 403
            assert visitor(memory).opens(f"{path}?format={form}").status_code == 303
