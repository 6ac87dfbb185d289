"""Lists as tables for spreadsheets: the same items in the same order, a row each."""

import csv
import io
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Annotated, Any

import msgspec
from litestar import Response
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIResponse, Operation, Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.response import Stream

from attendance.adapters.http.server.exports.rows import Cell, cells, columns_of, values
from attendance.adapters.http.server.exports.workbooks import workbook
from attendance.application.forms.listing import BATCH

CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Format(StrEnum):
    JSON = "json"
    CSV = "csv"
    XLSX = "xlsx"


InFormat = Annotated[
    Format,
    msgspec.Meta(description="`csv` and `xlsx`: a table with a row for each item, for spreadsheets"),
]
ForExcel = Annotated[
    bool,
    msgspec.Meta(description="With `format=csv`: with a byte order mark and semicolons, as Excel opens it"),
]
BYTE_ORDER_MARK = "\ufeff".encode()


@dataclass(slots=True)
class Lines:
    """The lines of a table as CSV, some at a time."""

    header: list[str]
    rows: Iterator[list[Cell]]
    for_excel: bool = False

    def __iter__(self) -> Iterator[bytes]:
        delimiter, mark = (";", BYTE_ORDER_MARK) if self.for_excel else (",", b"")
        yield mark + _csv([self.header], delimiter)
        while some := [*islice(self.rows, BATCH)]:
            yield _csv(([_told(cell) for cell in row] for row in some), delimiter)


def for_excel(call: Callable[[], Any]) -> Any:
    """What a call answers, which is a table as CSV, so that Excel opens it."""
    answer = call()
    if isinstance(answer, Stream) and isinstance(answer.iterator, Lines):
        answer.iterator.for_excel = True
    return answer


def exported(
    name: str,
    kind: type[msgspec.Struct],
    views: Iterable[Any],
    form: Format,
    *,
    hidden: Collection[str] = (),
    in_front: tuple[str, ...] = (),
) -> Response[Any]:
    """Views of a `kind` as a file; `hidden` are the fields that the caller does not see in any of them.

    Columns are in the order of the view's fields, but for those that come `in_front`.
    """
    columns = columns_of(kind, frozenset(hidden), in_front)
    header = [column.name for column in columns]
    headers = {"Content-Disposition": f'attachment; filename="{name}.{form}"'}
    if form is Format.XLSX:
        rows = (values(view, columns) for view in views)
        return Stream(workbook(name, header, rows), media_type=XLSX, headers=headers)
    # said here: Litestar would add the charset at the end, and once more
    headers["Content-Type"] = f"{CSV}; charset=utf-8; header=present"
    return Stream(Lines(header, (cells(view, columns) for view in views)), headers=headers)


def _told(cell: Cell) -> Cell:
    return str(cell).lower() if isinstance(cell, bool) else cell


def _csv(rows: Iterable[Iterable[Cell]], delimiter: str) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue().encode()


@dataclass
class ExportingOperation(Operation):
    """Says in the OpenAPI document what else than JSON there is."""

    def __post_init__(self) -> None:
        success = (self.responses or {})["200"]
        if isinstance(success, OpenAPIResponse) and success.content:
            text = OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING))
            # in OpenAPI 3.1 bytes have no schema
            success.content |= {CSV: text, XLSX: OpenAPIMediaType(schema=Schema())}
