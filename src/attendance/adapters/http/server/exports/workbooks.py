"""Tables as XLSX: written row by row into a file that has no name and is gone once it is sent."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO

from attendance.adapters.http.server.exports.rows import Cell
from attendance.domain.errors import FieldError, Invalid

LARGEST_PIECE = 64 * 1024
MOST_ROWS = 1_048_576
"""The header included."""

LONGEST_CELL = 32_767
TOO_LONG = -2


def workbook(title: str, header: list[str], rows: Iterable[list[Cell]]) -> Iterator[bytes]:
    """The bytes of a workbook of one sheet, once it is complete.

    Raises Invalid for what no sheet can hold. A file that is read halfway goes with its reader.
    """
    with ExitStack() as stack:
        file = stack.enter_context(TemporaryFile())
        _write(file, title, header, rows)
        file.seek(0)
        stack.pop_all()
    return _pieces(file)


def _write(file: IO[bytes], title: str, header: list[str], rows: Iterable[list[Cell]]) -> None:
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
            sheet = book.add_worksheet(title)
            sheet.write_row(0, 0, header)
            for number, row in enumerate(rows, 1):
                if number == MOST_ROWS:
                    raise Invalid(
                        FieldError("format", f"is for {MOST_ROWS - 1} rows at most: csv is for any")
                    )
                if sheet.write_row(number, 0, [_plain(cell) for cell in row]) == TOO_LONG:
                    field_error = f"is for {LONGEST_CELL} characters in a cell at most: csv is for any"
                    raise Invalid(FieldError("format", field_error))


def _plain(cell: Cell) -> Cell:
    """What begins like rich text would be written as it is, and be XML of somebody else's making."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith("<r>") else cell


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(LARGEST_PIECE):
            yield piece
