"""Lists of pages as files for spreadsheets."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import TypeAlias

from attendance.adapters.http.server.exports.rows import harmless
from attendance.adapters.http.server.exports.tables import CSV, XLSX, Lines
from attendance.adapters.http.server.exports.workbooks import workbook
from attendance.adapters.http.server.wire import Reply
from attendance.adapters.web.server.languages import words
from attendance.domain.accounts.accounts import Language

FORMAT = "format"
IS_CSV = "csv"
Value: TypeAlias = str | int | date | Decimal | None


def xlsx_reply(
    name: str, language: Language, header: Sequence[str], rows: Iterable[Sequence[Value]]
) -> Reply:
    """The same to be saved as `<name>.xlsx`: days and numbers as such, and a text is never a formula."""
    body = b"".join(workbook(name, _titles(language, header), (list(row) for row in rows)))
    headers = [
        (b"content-type", XLSX.encode()),
        (b"content-disposition", f'attachment; filename="{name}.xlsx"'.encode()),
        (b"content-length", b"%d" % len(body)),
    ]
    return Reply(200, headers, body)


def _titles(language: Language, header: Sequence[str]) -> list[str]:
    return [words(language).gettext(title) for title in header]


def csv_reply(name: str, language: Language, header: Sequence[str], rows: Iterable[Sequence[Value]]) -> Reply:
    """A table to be saved as `<name>.csv`: days in ISO 8601, amounts with a point, its header translated.

    What somebody typed is never a formula.
    """
    body = b"".join(Lines(_titles(language, header), ([_cell(value) for value in row] for row in rows)))
    headers = [
        (b"content-type", f"{CSV}; charset=utf-8; header=present".encode()),
        (b"content-disposition", f'attachment; filename="{name}.csv"'.encode()),
        (b"content-length", b"%d" % len(body)),
    ]
    return Reply(200, headers, body)


def _cell(value: Value) -> str | int | None:
    if isinstance(value, date | Decimal):
        return str(value)
    return harmless(value) if isinstance(value, str) else value
