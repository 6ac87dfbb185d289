"""Lists as tables: the same as in JSON, for whoever may see them, and harmless to whoever opens them."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import httpx
import openpyxl
import pytest
from openpyxl.utils.escape import unescape

from attendance.adapters.http.club.clients import ClientView
from attendance.adapters.http.server import answers
from attendance.adapters.http.server.exports import rows, workbooks
from attendance.adapters.http.server.exports.rows import Column
from attendance.adapters.http.server.exports.tables import CSV, XLSX, Format, Lines
from attendance.application.forms.listing import BATCH
from attendance.domain.club.clients import LONGEST_NOTES
from attendance.domain.permissions.roles import Role
from attendance.domain.text import name_error, trimmed
from tests import make
from tests.http.api import CLUB, IN_MEMORY, Api, Person, answer, fields, good, refusal, running
from tests.http.club.test_clients_protocol import adds, family
from tests.http.operations import NAMES, Operation, Scene, all_operations, operations
from tests.http.test_hostile import STRANGE

TABLES = [Format.CSV, Format.XLSX]
MEDIA_TYPE = {Format.CSV: f"{CSV}; charset=utf-8; header=present", Format.XLSX: XLSX}
LISTS = [
    name for name in NAMES
    if name.startswith("list_") or name.endswith(("_of_client", "_statistics"))
    or name in ("show_sheet", "attendance_history")
]  # fmt: skip
STATISTICS = [name for name in LISTS if name.startswith("show_") and name != "show_sheet"]
"""Of one thing or all: without a trend they are one row of figures."""

OF_ONESELF = {"own_sessions"}
"""Lists that are nothing of the club's."""

Table = list[dict[str, Any]]


# What a table says


def table(response: httpx.Response, form: Format) -> tuple[list[str], list[list[Any]]]:
    """The header and the rows of a table; in CSV all cells are texts."""
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == MEDIA_TYPE[form]
    disposition = response.headers["content-disposition"]
    assert disposition.startswith('attachment; filename="')
    assert disposition.endswith(f'.{form}"')
    read = {Format.CSV: read_csv, Format.XLSX: read_xlsx}[form](response.content)
    assert all(len(row) == len(read[0]) for row in read)
    return [*map(str, read[0])], read[1:]


def read_csv(content: bytes) -> list[list[Any]]:
    text = content.decode()
    assert text.endswith("\r\n")
    return [*csv.reader(io.StringIO(text, newline=""), strict=True)]


def read_xlsx(content: bytes) -> list[list[Any]]:
    with ZipFile(io.BytesIO(content)) as file:
        assert file.testzip() is None
        sheets = [file.read(name).decode() for name in file.namelist() if "worksheets" in name]
    assert not any(sign in sheet for sheet in sheets for sign in ("<f>", "<f ", "<hyperlink"))
    book = openpyxl.load_workbook(io.BytesIO(content))
    [sheet] = book.worksheets
    assert all(cell.data_type in "snbd" for row in sheet.iter_rows() for cell in row)
    read = [[cell.value for cell in row] for row in sheet.iter_rows()]
    # openpyxl leaves that to its callers where texts are in their cells
    return [[unescape(it) if isinstance(it, str) else it for it in row] for row in read]


def rows_of(response: httpx.Response, form: Format) -> Table:
    header, read = table(response, form)
    return [dict(zip(header, row, strict=True)) for row in read]


# What it is to say, of the same in JSON


def flat(item: dict[str, Any]) -> dict[str, Any]:
    """An item's fields with nested ones by path. What may be anything is one cell, and so is what is null."""
    told = {}
    for name, value in item.items():
        if isinstance(value, dict) and name not in ("before", "after"):
            told |= {f"{name}.{inner}": it for inner, it in flat(value).items()}
        else:
            told[name] = value
    return told


DATES = {
    "birthday", "signed_on", "cancelled_on", "sold_on", "starts_on", "ends_on", "valid_until", "date",
    "from", "to", "active_from", "active_until", "on_sale_from", "on_sale_until", "scheduled.date",
    "last_visit_on", "pass.valid_until", "marking_ends_on", "until",
}  # fmt: skip
INSTANTS = {
    "created_at", "updated_at", "starts_at", "ends_at", "at", "marked_at", "expires_at", "decided_at",
}  # fmt: skip
IN_BERLIN = timezone(timedelta(hours=1))
TIMES, AMOUNTS = {"starts", "ends", "scheduled.starts"}, {"amount", "amount_due"}


def cell(name: str, value: Any, form: Format) -> Any:
    """What a file says of a value of the JSON."""
    if isinstance(value, list) and not any(isinstance(it, dict) for it in value):
        value = " ".join(value)
    elif isinstance(value, list | dict):
        value = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if form is Format.XLSX:
        return typed(name, value)
    if isinstance(value, str) and value.lstrip(" ")[:1] in {*"=+-@\t\r"} and not harmless(value):
        value = "'" + value
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def harmless(text: str) -> bool:
    return {*text} <= {*"0123456789 +-().,/"}


def at(*moment: int) -> datetime:
    """A date or an instant as a sheet has it: without a zone."""
    return datetime(*moment)  # type: ignore[arg-type] # noqa: DTZ001


def typed(name: str, value: Any) -> Any:
    """As openpyxl reads it: a date is an instant at midnight."""
    if value in ("", None) or not isinstance(value, str):
        return None if value == "" else value
    if name in INSTANTS or (name in DATES and value[:1].isdigit()):
        return datetime.fromisoformat(value).replace(tzinfo=None)
    if name in TIMES:
        return time.fromisoformat(value)
    return float(value) if name in AMOUNTS else value


def expected(item: dict[str, Any], columns: list[str], form: Format) -> dict[str, Any]:
    told = flat(item)
    nulls = {name for name, value in told.items() if value is None}
    missing = {
        name for name in columns if name not in told and any(name.startswith(f"{it}.") for it in nulls)
    }
    assert {*columns} == ({*told} - {name.partition(".")[0] for name in missing}) | missing
    return {name: cell(name, told.get(name), form) for name in columns}


def items(name: str, body: dict[str, Any]) -> Table:
    """What is a row of its own in an answer."""
    if "trend" in body:
        return body["trend"]
    if name in STATISTICS:
        return [{field: value for field, value in body.items() if field != "at_risk"}]
    [found] = [value for value in body.values() if isinstance(value, list)]
    return found


def same(name: str, json_response: httpx.Response, response: httpx.Response, form: Format) -> Table:
    """The rows of a table, which say what the JSON says, in its order."""
    found = rows_of(response, form)
    shown = items(name, good(json_response, 200))
    assert len(found) == len(shown), name
    for row, item in zip(found, shown, strict=True):
        assert row == expected(item, [*row], form), name
    return found


def asked(operation: Operation, by: Person, form: Format, **query: str) -> httpx.Response:
    return by.asks("GET", operation.path, params=operation.query | query | {"format": form.value})


# Every list


@pytest.fixture
def scene(api: Api) -> Scene:
    """With something in every list."""
    scene = Scene.of(api)
    for name in ("edit_client", "edit_contract", "edit_price", "edit_location", "edit_group", "edit_lesson",
                 "edit_subscription", "mark_attendance"):  # fmt: skip
        operation = operations(scene)[name]
        good(operation.by.asks(operation.method, operation.path, json=operation.body), 200)
    return scene


@pytest.mark.slow
def test_every_list_of_the_club_is_a_table_too(memory: Api) -> None:
    scene, document = Scene.of(memory), memory.http.get("/schema/openapi.json").json()
    by_id = {
        listed["operationId"]: listed for methods in document["paths"].values() for listed in methods.values()
    }
    club = [
        name
        for name, operation in operations(scene).items()
        if operation.method == "GET" and operation.template.startswith(f"{CLUB}/")
    ]
    for name in NAMES:
        described = by_id[name]
        has_format = "format" in {parameter["name"] for parameter in described.get("parameters", [])}
        contents = [response.get("content", {}) for response in described["responses"].values()]
        assert has_format == (name in LISTS), name
        assert sum(it.keys() == {"application/json", CSV, XLSX} for it in contents) == has_format, name
        success = described["responses"].get("200", {}).get("content", {}).get("application/json", {})
        reference = success.get("schema", {}).get("$ref", "").rpartition("/")[2]
        schema = document["components"]["schemas"].get(reference, {"properties": {}})
        assert ("total" in schema["properties"] and name in club) <= (has_format or name in OF_ONESELF), name
    assert {*STATISTICS} < {*LISTS} <= {*club}


@pytest.mark.slow
@pytest.mark.parametrize("form", TABLES)
def test_every_table_says_what_the_json_says(scene: Scene, form: Format) -> None:
    for name in LISTS:
        operation = operations(scene)[name]
        for query in ({}, operation.query):
            request = replace(operation, query=query)
            in_json = asked(request, operation.by, Format.JSON)
            assert in_json.content == request.by.asks("GET", request.path, params=query).content
            found = same(name, in_json, asked(request, operation.by, form), form)
            assert found or query, name


@pytest.mark.slow
@pytest.mark.parametrize("form", TABLES)
def test_an_empty_list_has_its_header(scene: Scene, form: Format) -> None:
    """The same as that of a full one, whoever asks."""
    full, other = operations(scene), adds(scene.owner, "client", name="Bea")
    for name in LISTS:
        if name in STATISTICS or name == "show_sheet":
            continue
        operation = full[name]
        header, _ = table(asked(replace(operation, query={}), operation.by, form), form)
        query = {"page": "1000"} if "page" in operation.query else {}
        path = operation.path
        if name == "attendance_history" or not query:
            path = path.replace(scene.client_id, other["id"])
        request = replace(operation, path=path, query=query)
        assert table(asked(request, operation.by, form), form) == (header, []), name


def test_a_name_is_in_its_columns_place_as_in_json(memory: Api) -> None:
    scene = Scene.of(memory)
    header, _ = table(scene.owner.reads("/clients", format="csv"), Format.CSV)
    assert header == [*good(scene.owner.reads("/clients"), 200)["clients"][0]]
    header, _ = table(scene.owner.reads("/statistics/locations", format="csv"), Format.CSV)
    assert header[:4] == ["location_id", "name", "counts.present", "counts.late"]
    header, _ = table(scene.owner.reads("/statistics", format="csv", trend="day"), Format.CSV)
    assert header[:3] == ["from", "to", "counts.present"]


@pytest.mark.parametrize(
    ("path", "name"),
    [("/clients", "clients"), ("/role_changes", "role_changes"), ("/statistics", "statistics"),
     ("/statistics/groups", "groups"), ("/lessons/{held}/attendance", "attendances")],
)  # fmt: skip
def test_a_file_is_named_for_what_is_in_it(memory: Api, path: str, name: str) -> None:
    scene = Scene.of(memory)
    for form in TABLES:
        response = scene.owner.reads(path.format(held=scene.held_id), format=form)
        assert response.headers["content-disposition"] == f'attachment; filename="{name}.{form}"'
        assert "etag" not in response.headers, "that of the JSON is not that of this"


@pytest.mark.parametrize("wrong", ["", "CSV", "xls", "ods", "json,csv", "null", "text/csv"])
def test_another_format_is_malformed(memory: Api, wrong: str) -> None:
    scene = Scene.of(memory)
    for name in LISTS:
        operation = operations(scene)[name]
        response = operation.by.asks("GET", operation.path, params=operation.query | {"format": wrong})
        assert fields(response) == ["format"], name
    assert fields(scene.owner.asks("GET", f"{CLUB}/clients?format=csv&format=csv")) == ["format"]
    assert fields(scene.owner.asks("GET", "/labs?format=csv")) == ["format"]


def test_head_is_answered_like_get(memory: Api) -> None:
    scene = Scene.of(memory)
    for form in TABLES:
        for path in ("/clients", "/statistics", f"/lessons/{scene.held_id}/attendance"):
            got = scene.owner.reads(path, format=form)
            head = scene.owner.asks("HEAD", f"{CLUB}{path}", params={"format": form.value})
            assert (head.status_code, head.content) == (200, b"")
            for header in ("content-type", "content-disposition"):
                assert head.headers[header] == got.headers[header]


def test_a_page_of_another_origin_may_read_the_name_of_the_file() -> None:
    with running(cors_origins="*") as api:
        shown = api.http.get(f"{CLUB}/prices?format=csv", headers={"origin": "https://club.example"})
    assert "Content-Disposition" in shown.headers["access-control-expose-headers"]


# Filters, order and pages


@pytest.mark.parametrize("form", TABLES)
def test_a_table_is_sorted_filtered_and_paged_as_the_list_is(api: Api, form: Format) -> None:
    clerk = api.having(Role.EMPLOYEE)
    with api.store.transaction() as work:
        for n in range(45):
            work.clients.add(make.client(name=f"{'aB'[n % 2]}{n}", active=n % 3 > 0))
    for query in (
        {"sort": "-name"},
        {"q": "B", "sort": "birthday,-name"},
        {"active": "false", "page": "1"},
        {"page": "3", "sort": "-created_at"},
        {"page": "4"},
    ):
        in_json = clerk.reads("/clients", **query)
        same("list_clients", in_json, clerk.reads("/clients", format=form, **query), form)


# Who sees what

PRINCIPALS: dict[str, Callable[[Api, Person], Person]] = {
    "nobody": lambda api, _: api.nobody,
    "unconfirmed": lambda api, _: api.having(email_confirmed_at=None),
    "parent": lambda _, parent: parent,
    **{role.value: lambda api, _, role=role: api.having(role) for role in Role},  # type: ignore[misc]
}


@pytest.mark.slow
@IN_MEMORY
@pytest.mark.parametrize("principal", PRINCIPALS)
def test_whoever_asks_sees_in_a_table_what_they_see_in_json(api: Api, principal: str) -> None:
    scene = Scene.of(api)
    parent, statuses = api.having(), set()
    own = adds(scene.owner, "client", user_ids=[parent.id], notes="nuts")
    adds(scene.owner, "contract", client_id=own["id"], notes="by post")
    asking = PRINCIPALS[principal](api, parent)
    for name in LISTS:
        operation = operations(scene)[name]
        for client_id in (scene.client_id, own["id"]):
            request = replace(operation, path=operation.path.replace(scene.client_id, client_id), query={})
            in_json = asked(request, asking, Format.JSON)
            statuses.add(in_json.status_code)
            for form in TABLES:
                response = asked(request, asking, form)
                if in_json.status_code == 200:
                    same(name, in_json, response, form)
                else:
                    assert answer(response) == answer(in_json), name
    assert 200 in statuses


HIDDEN = {
    "list_groups": ("members", Role.USER, Role.EMPLOYEE),
    "list_prices": ("notes", Role.EMPLOYEE, Role.HEAD_MANAGER),
    "show_statistics": ("sales", Role.MANAGER, Role.HEAD_MANAGER),
}


@IN_MEMORY
@pytest.mark.parametrize("form", TABLES)
@pytest.mark.parametrize("name", HIDDEN)
def test_a_column_that_is_not_shown_is_not_there_even_when_it_would_be_empty(
    api: Api, name: str, form: Format
) -> None:
    column, below, above = HIDDEN[name]
    scene = Scene.of(api)
    operation = replace(operations(scene)[name], query={"page": "1000"} if name != "show_statistics" else {})
    header, _ = table(asked(operation, api.having(below), form), form)
    assert (column in header, "name" in header or "from" in header) == (False, True)
    header, _ = table(asked(operation, api.having(above), form), form)
    assert column in header


@IN_MEMORY
@pytest.mark.parametrize("form", TABLES)
def test_a_parents_tables_have_no_notes(api: Api, form: Format) -> None:
    head = api.having(Role.HEAD_MANAGER)
    parent, own, others = family(api, head)
    path = f"/clients/{own['client']['id']}"
    for part, column in (("contracts", "notes"), ("attendance", "note")):
        for query in ({}, {"page": "7"} if part == "attendance" else {}):
            header, _ = table(parent.reads(f"{path}/{part}", format=form, **query), form)
            assert column not in header
            header, _ = table(head.reads(f"{path}/{part}", format=form, **query), form)
            assert column in header
        refused = parent.reads(f"/clients/{others['client']['id']}/{part}", format=form)
        assert answer(refused) == refusal(403, "insufficient permissions")


# Cells

FORMULAS = ["=1+1", "+49a", "-1a", "@SUM(A1)", "=cmd|' /C calc'!A0", '=HYPERLINK("http://evil.example")',
            "=", "-Anna", "@", " =1"]  # fmt: skip
NUMBERS = ["+49 170 123-45", "(030) 1", "-1", "+", "-5.00", "+1,5/2", " -1", "+49\u00a01"]
CELLS = [
    *(
        "a,b",
        'a"b',
        '"',
        '""',
        "a;b",
        "'=1",
        "1=1",
        *NUMBERS,
        "a\tb",
        "''",
        "http://a.example/ b",
        "007",
        "1e5",
    ),
    *(
        "mailto:a@b.example",
        "internal:Sheet1!A1",
        "{=1}",
        "<r>",
        "<r><t>x</t></r>",
        "<r>&</r>",
        "&amp;",
        "]]>",
    ),
    *("_x0041_", "_x000D_", "TRUE", "2026-03-02", "Ünïcode Ж 漢字 🧪", "\u202e", *STRANGE),
]
LINES = ["a\nb", "\n", "a\n", "\ta\nb", "\n=1", "a\n\n\tb\n"]


def written(text: str, form: Format) -> Any:
    """How a text is read back."""
    return cell("", text, form)


@IN_MEMORY
@pytest.mark.parametrize("form", TABLES)
def test_a_text_is_read_back_as_it_is_unless_it_begins_a_formula(api: Api, form: Format) -> None:
    clerk = api.having(Role.EMPLOYEE)
    with api.store.transaction() as work:
        for n, text in enumerate([*FORMULAS, *CELLS, *LINES]):
            name = "x" if name_error("name", trimmed(text), longest=LONGEST_NOTES) else text[:200]
            at = make.NOON + timedelta(seconds=n)
            work.clients.add(make.client(name=name, notes=text, phone=FORMULAS[n % 10], created_at=at))
    shown = good(clerk.reads("/clients", sort="created_at"), 200)["clients"]
    found = rows_of(clerk.reads("/clients", sort="created_at", format=form), form)
    assert [row["notes"] for row in found] == [written(item["notes"], form) for item in shown]
    assert [row["name"] for row in found] == [written(item["name"], form) for item in shown]
    assert len(found) == len(FORMULAS) + len(CELLS) + len(LINES)
    if form is Format.CSV:
        formulas = [text for row in found for text in row.values() if text[:1] in {*"=+-@\t\r"}]
        assert all(map(harmless, formulas))
        assert {"+49 170 123-45", "-1", "-5.00"} <= {*formulas}


@pytest.mark.plants
def test_a_formula_is_seen_in_a_table_when_nothing_makes_it_harmless(
    memory: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "harmless", lambda text: text)
    clerk = memory.having(Role.EMPLOYEE)
    adds(clerk, "client", name="=1+1")
    [found] = rows_of(clerk.reads("/clients", format="csv"), Format.CSV)
    assert found["name"] == "=1+1"


@pytest.mark.plants
def test_a_text_that_is_not_escaped_is_xml_of_its_authors_making(
    memory: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    clerk = memory.having(Role.EMPLOYEE)
    adds(clerk, "client", name="<r><t>x</t></r>")
    assert rows_of(clerk.reads("/clients", format="xlsx"), Format.XLSX)[0]["name"] == "<r><t>x</t></r>"
    monkeypatch.setattr(workbooks, "escaped", lambda text: text)
    assert not rows_of(clerk.reads("/clients", format="xlsx"), Format.XLSX)[0]["name"]


def test_numbers_amounts_dates_and_times_are_such_cells_with_formats(memory: Api) -> None:
    head = memory.having(Role.HEAD_MANAGER)
    adds(head, "price", visits=8, charges_absence=False, amount="80.50", on_sale_from="2026-03-02")
    adds(head, "price", name="Yen", amount="800", currency="JPY")
    response = head.reads("/prices", format="xlsx", sort="amount")
    [sheet] = openpyxl.load_workbook(io.BytesIO(response.content)).worksheets
    header, first, second = sheet.iter_rows()
    found = {str(name.value): cell for name, cell in zip(header, first, strict=True)}
    shown = {name: (found[name].value, found[name].number_format) for name in found}
    assert shown["amount"] == (80.5, "0.00")
    assert shown["on_sale_from"] == (at(2026, 3, 2), "yyyy-mm-dd")
    assert shown["created_at"] == (at(2026, 3, 2, 12), "yyyy-mm-dd hh:mm:ss")
    assert (shown["visits"], shown["version"]) == ((8, "General"), (1, "General"))
    assert (shown["charges_absence"], shown["valid_days"], shown["notes"]) == (
        (False, "General"), (None, "General"), (None, "General"),
    )  # fmt: skip
    yen = {str(name.value): cell for name, cell in zip(header, second, strict=True)}["amount"]
    assert (yen.value, yen.number_format) == (800, "0")


def test_a_time_of_day_is_one_and_midnight_is_its_first(memory: Api) -> None:
    scene = Scene.of(memory)
    late = {"date": "2026-03-13", "starts": "22:00", "ends": "00:00"}
    good(scene.owner.posts(f"/groups/{scene.group_id}/lessons", **late), 201)
    path = f"/groups/{scene.group_id}/lessons"
    found = rows_of(scene.owner.reads(path, format="xlsx", from_="2026-03-13"), Format.XLSX)
    assert [(row["starts"], row["ends"]) for row in found] == [(time(22), time(0))]


@pytest.mark.parametrize(
    ("value", "found", "form"),
    [
        (date(1900, 1, 1), at(1900, 1, 1), "yyyy-mm-dd"),
        (date(1900, 3, 1), at(1900, 3, 1), "yyyy-mm-dd"),
        (date(9999, 12, 31), at(9999, 12, 31), "yyyy-mm-dd"),
        (date(1899, 12, 31), "1899-12-31", "General"),
        (date(1, 1, 1), "0001-01-01", "General"),
        (datetime(1899, 12, 31, 23, 59, tzinfo=UTC), "1899-12-31T23:59:00Z", "General"),
        (datetime(2026, 3, 2, 13, tzinfo=IN_BERLIN), at(2026, 3, 2, 12), "yyyy-mm-dd hh:mm:ss"),
        (Decimal("0.500"), 0.5, "0.000"),
        (Decimal("12345678901.2345"), 12345678901.2345, "0.0000"),
        (Decimal("1234567890123.4567"), "1234567890123.4567", "General"),
        (10**14, 10**14, "General"),
        (10**20 + 1, "100000000000000000001", "General"),
        (-0.25, -0.25, "General"),
        ("'=1", "'=1", "General"),
        ("<r><t>&</t></r>", "<r><t>&</t></r>", "General"),
        ("<r> </r>", "<r> </r>", "General"),
    ],
)  # fmt: skip
def test_a_value_is_the_cell_that_it_is(value: Any, found: Any, form: str) -> None:
    content = b"".join(workbooks.workbook("values", ["value"], iter([[value]])))
    [sheet] = openpyxl.load_workbook(io.BytesIO(content)).worksheets
    cell = sheet["A2"]
    assert (cell.value, cell.number_format) == (found, form)


# CSV for Excel


@pytest.mark.slow
def test_csv_for_excel_has_a_mark_and_semicolons(memory: Api) -> None:
    scene = Scene.of(memory)
    adds(scene.owner, "client", name="a;b, Ä", phone="+49 170 1")
    for name in LISTS:
        operation = operations(scene)[name]
        query = operation.query | {"format": "csv"}
        plain = operation.by.asks("GET", operation.path, params=query)
        excel = operation.by.asks("GET", operation.path, params=query | {"excel": "true"})
        assert excel.status_code == 200, name
        assert excel.content.startswith("\ufeff".encode())
        text = io.StringIO(excel.content.decode("utf-8-sig"), newline="")
        assert [*csv.reader(text, delimiter=";", strict=True)] == read_csv(plain.content), name
        for header in ("content-type", "content-disposition"):
            assert excel.headers[header] == plain.headers[header]
        same_again = operation.by.asks("GET", operation.path, params=query | {"excel": "false"})
        assert same_again.content == plain.content
    assert '"a;b, Ä"' in excel_of(scene.owner, "/clients")
    assert ";+49 170 1;" in excel_of(scene.owner, "/clients")


def excel_of(by: Person, path: str) -> str:
    return by.reads(path, format="csv", excel="true").content.decode()


def test_nothing_else_is_for_excel(memory: Api) -> None:
    scene = Scene.of(memory)
    for name in LISTS:
        operation = operations(scene)[name]
        for query in ({}, {"format": "json"}, {"format": "xlsx"}):
            sent = operation.query | query | {"excel": "true"}
            assert fields(operation.by.asks("GET", operation.path, params=sent)) == ["excel"], name
    for wrong in ("", "1", "yes", "TRUE"):
        assert fields(scene.owner.reads("/clients", format="csv", excel=wrong)) == ["excel"]
    assert fields(scene.owner.reads("/users/me", excel="true")) == ["excel"]


# Cells of several values


@pytest.mark.parametrize(
    ("value", "shown"),
    [(-5, -5), (-0.5, -0.5), (0, 0), (True, True), (None, None), ("", ""), ([], None), (["a", "=b"], "a =b"),
     (["=a", "b"], "'=a b"), ([{"a": "ä"}], '[{"a":"ä"}]'), ({"a": [1, None]}, '{"a":[1,null]}'),
     ("\t", "'\t"), ("\r", "'\r"), ("-5", "-5"), ("-5a", "'-5a"), (" =1", "' =1"), ("\n=1", "\n=1"),
     (" \t1", "' \t1"), ("+٤", "'+٤"), (date(2026, 3, 2), "2026-03-02")],
)  # fmt: skip
def test_a_number_stays_a_number_and_a_list_is_one_cell(value: Any, shown: Any) -> None:
    assert rows.cells({"it": value}, [Column(("it",))]) == [shown]
    nothing = [Column(("it", "inner")), Column(("other", "none"))]
    assert rows.cells({"it": None, "other": {}}, nothing) == [None, None]


# What a sheet cannot hold


def test_a_cell_that_is_longer_than_one_can_be_is_for_csv_alone(
    memory: Api, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    scene = Scene.of(memory)
    days = [date(2026, 3, 2) + timedelta(days=2 * n) for n in range(400)]
    members = [{"client_id": scene.client_id, "from": str(day), "until": str(day)} for day in days]
    good(scene.owner.puts(f"/groups/{scene.group_id}", members=members), 200)
    refused = scene.owner.reads("/groups", format="xlsx")
    assert fields(refused) == ["format"]
    assert "csv" in refused.json()["details"][0]["message"]
    assert [*tmp_path.iterdir()] == []
    in_json = scene.owner.reads("/groups")
    same("list_groups", in_json, scene.owner.reads("/groups", format="csv"), Format.CSV)


def test_more_rows_than_a_sheet_has_are_for_csv_alone(memory: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    clerk = memory.having(Role.EMPLOYEE)
    for name in ("Ann", "Bea", "Carl"):
        adds(clerk, "client", name=name)
    monkeypatch.setattr(workbooks, "MOST_ROWS", 4)
    assert len(rows_of(clerk.reads("/clients", format="xlsx"), Format.XLSX)) == 3
    monkeypatch.setattr(workbooks, "MOST_ROWS", 3)
    assert fields(clerk.reads("/clients", format="xlsx")) == ["format"]
    assert len(rows_of(clerk.reads("/clients", format="csv"), Format.CSV)) == 3


# Long lists


def put_in(api: Api, number: int) -> None:
    with api.store.transaction() as work:
        for n in range(number):
            work.clients.add(make.client(name=f"{n:05}"))


@pytest.mark.slow
@pytest.mark.parametrize("form", TABLES)
def test_a_list_of_more_than_is_read_at_once_is_whole(api: Api, form: Format) -> None:
    clerk = api.having(Role.EMPLOYEE)
    put_in(api, BATCH + 3)
    response = clerk.reads("/clients", sort="-name", format=form)
    found = same("list_clients", clerk.reads("/clients", sort="-name"), response, form)
    assert len(found) == BATCH + 3
    assert response.extensions["pieces"] > (2 if form is Format.CSV else 1)


def test_csv_begins_before_the_list_is_read_and_holds_no_more_than_a_part_of_it() -> None:
    made = iter(range(10 * BATCH))
    views = ({"name": str(n)} for n in made)
    parts = iter(Lines(["name"], (rows.cells(view, [Column(("name",))]) for view in views)))
    assert next(parts) == b"name\r\n"
    assert next(made) == 0, "nothing is read for the header"
    assert next(parts).count(b"\r\n") == BATCH
    assert next(made) == BATCH + 1, "one part is read for one part"
    assert max(len(part) for part in parts) < 20 * BATCH


@contextmanager
def traced() -> Iterator[Callable[[], int]]:
    """How many bytes were held at most."""
    import tracemalloc

    tracemalloc.start()
    try:
        yield lambda: tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.slow
@pytest.mark.parametrize("form", TABLES)
def test_a_long_table_takes_no_more_memory_than_a_short_one(form: Format) -> None:
    def held(number: int) -> int:
        views = ({"name": f"{n} " + "x" * 1000} for n in range(number))
        told = (rows.cells(view, [Column(("name",))]) for view in views)
        with traced() as most:
            parts = (
                Lines(["name"], told) if form is Format.CSV else workbooks.workbook("names", ["name"], told)
            )
            assert sum(len(part) for part in parts) > 0
            return most()

    held(10)
    few, many = held(BATCH), held(12 * BATCH)
    assert many < 1.5 * few + 1_000_000 < 12 * BATCH * 1000


def test_a_list_that_fails_halfway_leaves_no_file_behind(
    memory: Api, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    clerk = memory.having(Role.EMPLOYEE)
    put_in(memory, 3)

    def failing(kind: Any, listed: Any, form: Format) -> Any:
        def broken(item: Any) -> Any:
            if item.name == "00002":
                raise ArithmeticError
            return answers.view_of(ClientView, item)

        return answers.listing(kind, listed, form, view=broken)

    monkeypatch.setattr("attendance.adapters.http.club.clients.listing", failing)
    assert answer(clerk.reads("/clients", format="xlsx")) == refusal(500, "internal server error")
    assert [*tmp_path.iterdir()] == []
    monkeypatch.undo()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert len(rows_of(clerk.reads("/clients", format="xlsx"), Format.XLSX)) == 3
    assert [*tmp_path.iterdir()] == []


def test_labs_have_no_tables(memory: Api) -> None:
    for operation in all_operations(Scene.of(memory)):
        if operation.method == "GET" and not operation.template.startswith(CLUB):
            response = operation.by.asks("GET", operation.path, params=operation.query | {"format": "csv"})
            assert fields(response) == ["format"], operation.template
