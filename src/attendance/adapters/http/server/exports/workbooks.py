"""Tables as XLSX: written row by row into a file that has no name and is gone once it is sent."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime, time
from decimal import Decimal
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO, Any
from xml.sax.saxutils import escape

from attendance.adapters.http.server.exports.rows import Value
from attendance.domain.errors import FieldError, Invalid

LARGEST_PIECE = 64 * 1024
MOST_ROWS = 1_048_576
"""The header included."""

LONGEST_CELL = 32_767
FIRST_YEAR = 1900
"""Of the dates that a sheet knows."""

MOST_DIGITS = 15
"""Of a number in a sheet: more would be lost."""

DATE, TIME, INSTANT = "yyyy-mm-dd", "hh:mm", "yyyy-mm-dd hh:mm:ss"


def workbook(title: str, header: list[str], rows: Iterable[list[Value]]) -> Iterator[bytes]:
    """The bytes of a workbook of one sheet, once it is complete.

    Raises Invalid for what no sheet can hold. A file that is read halfway goes with its reader.
    """
    with ExitStack() as stack:
        file = stack.enter_context(TemporaryFile())
        _write(file, title, header, rows)
        file.seek(0)
        stack.pop_all()
    return _pieces(file)


def _write(file: IO[bytes], title: str, header: list[str], rows: Iterable[list[Value]]) -> None:
    # imported by who needs it alone: it takes 10 MiB of each worker
    from xlsxwriter import Workbook  # type: ignore[import-untyped]

    with TemporaryDirectory(prefix="attendance-") as folder:
        options = {
            "constant_memory": True,
            "tmpdir": folder,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        }
        with Workbook(file, options) as book:
            sheet = Sheet(book, title)
            for place, name in enumerate(header):
                sheet.write(0, place, name)
            for number, row in enumerate(rows, 1):
                if number == MOST_ROWS:
                    raise Invalid(
                        FieldError("format", f"is for {MOST_ROWS - 1} rows at most: csv is for any")
                    )
                for place, value in enumerate(row):
                    sheet.write(number, place, value)


class Sheet:
    """A sheet that is written from above: each value as the cell that it is."""

    def __init__(self, book: Any, title: str) -> None:
        self._book, self._sheet = book, book.add_worksheet(title)
        self._formats: dict[str, Any] = {}

    def write(self, row: int, place: int, value: Value) -> None:
        """Raises Invalid for a text that no cell can hold."""
        match value:
            case None | "":
                return
            case str():
                self._write_text(row, place, value)
            case bool():
                self._sheet.write_boolean(row, place, value)
            case Decimal():
                digits = -int(value.as_tuple().exponent)
                form = f"0.{'0' * digits}" if digits > 0 else "0"
                self._write_number(row, place, value, form)
            case int() | float():
                self._write_number(row, place, value)
            case time():
                self._sheet.write_datetime(row, place, value, self._format(TIME))
            case datetime():
                local = value.astimezone(UTC).replace(tzinfo=None)
                self._write_date(row, place, local, INSTANT, f"{local.isoformat()}Z")
            case date():
                self._write_date(row, place, value, DATE, str(value))

    def _write_date(self, row: int, place: int, value: date, form: str, text: str) -> None:
        if value.year < FIRST_YEAR:
            self._write_text(row, place, text)
        else:
            self._sheet.write_datetime(row, place, value, self._format(form))

    def _write_number(self, row: int, place: int, value: Decimal | float, form: str | None = None) -> None:
        if not isinstance(value, float) and len(str(value).strip("-0").replace(".", "")) > MOST_DIGITS:
            self._write_text(row, place, str(value))
        else:
            self._sheet.write_number(row, place, value, self._format(form) if form else None)

    def _write_text(self, row: int, place: int, text: str) -> None:
        if len(text) > LONGEST_CELL:
            raise Invalid(
                FieldError("format", f"is for {LONGEST_CELL} characters in a cell at most: csv is for any")
            )
        # what looks like rich text is written as it is, so this is made rich text that says just that
        is_rich = text.startswith("<r>") and text.endswith("</r>")
        shown = f'<r><t xml:space="preserve">{escape(text)}</t></r>' if is_rich else text
        self._sheet.write_string(row, place, shown)

    def _format(self, form: str) -> Any:
        if form not in self._formats:
            self._formats[form] = self._book.add_format({"num_format": form})
        return self._formats[form]


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(LARGEST_PIECE):
            yield piece
