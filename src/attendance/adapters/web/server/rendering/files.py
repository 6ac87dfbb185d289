"""Lists of pages as files for spreadsheets."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import TypeAlias

from attendance.adapters.http.server.exports.rows import harmless
from attendance.adapters.http.server.exports.tables import CSV, Lines
from attendance.adapters.http.server.wire import Reply
from attendance.adapters.web.server.languages import words
from attendance.domain.accounts.accounts import Language

FORMAT = "format"
IS_CSV = "csv"
Value: TypeAlias = str | int | date | Decimal | None


def csv_reply(name: str, language: Language, header: Sequence[str], rows: Iterable[Sequence[Value]]) -> Reply:
    """A table to be saved as `<name>.csv`: days in ISO 8601, amounts with a point, its header translated.

    What somebody typed is never a formula.
    """
    titles = [words(language).gettext(title) for title in header]
    body = b"".join(Lines(titles, ([_cell(value) for value in row] for row in rows)))
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
