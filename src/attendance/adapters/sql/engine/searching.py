"""Finding rows by any part of a text, a page at a time, without reading them all.

PostgreSQL keeps every run of one to three characters in a GIN index over `attendance_grams(text)`, SQLite the
runs of three in an FTS5 table. Both only narrow the search; the text itself decides.
"""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import UserDefinedType

from attendance.adapters.sql.engine.connection import Connection
from attendance.application.pagination import Page

GRAM = 3
PART = sa.bindparam("part", type_=sa.Text)
NOWHERE: sa.ColumnElement[int] = sa.literal_column("0")


def holding(dialect: str, column: sa.Column[str]) -> sa.ColumnElement[bool]:
    """Whether a text holds the part, letter for letter."""
    position = {"postgresql": sa.func.strpos, "sqlite": sa.func.instr}[dialect]
    return position(column, PART) > NOWHERE


class _Words(UserDefinedType[Any]):
    """Words, each in two forms, bound as one JSON text."""

    def bind_processor(self, dialect: sa.Dialect) -> Callable[[Any], str]:
        return lambda words: msgspec.json.encode(words).decode()


def has_words(dialect: str, *columns: sa.Column[str]) -> sa.ColumnElement[bool]:
    """Whether each of the `words` is in one of the columns, in one of its forms; of any number of words."""
    bound, form = sa.bindparam("words", type_=_Words()), "word.value"
    forms: list[sa.ColumnElement[str]]
    if dialect == "postgresql":
        words = sa.func.json_array_elements(sa.cast(bound, sa.JSON)).table_valued("value", name="word")
        forms = [sa.literal_column(f"{form} ->> {n}") for n in (0, 1)]
    else:
        words = sa.func.json_each(bound).table_valued("value", name="word")
        forms = [sa.literal_column(f"json_extract({form}, '$[{n}]')") for n in (0, 1)]
    position = {"postgresql": sa.func.strpos, "sqlite": sa.func.instr}[dialect]
    missing = (position(column, form) == NOWHERE for column in columns for form in forms)
    return ~sa.exists(sa.select(sa.literal_column("1")).select_from(words).where(*missing))


def grams(part: str) -> list[str]:
    """What the index has of any text that holds `part`: its runs of three characters, or itself."""
    return sorted({part[start : start + GRAM] for start in range(max(1, len(part) - GRAM + 1))})


class Search(Protocol):
    """Pages of a table sorted by a text (ties by id): all rows, or those whose text holds a part."""

    @abstractmethod
    def page(self, connection: Connection, part: str, page: Page) -> tuple[list[sa.Row[Any]], int]:
        """The rows of the page, and how many there are on all pages."""


class PostgresSearch(Search):
    """Any part narrows the search."""

    def __init__(
        self, table: sa.Table, *, searched: str, sorted_by: str, columns: Sequence[Any], among: Any = None
    ) -> None:
        among = sa.true() if among is None else among
        column = table.c[searched]
        indexed = sa.func.attendance_grams(column, type_=ARRAY(sa.Text))
        narrowed = sa.and_(
            among,
            indexed.contains(sa.bindparam("grams", type_=ARRAY(sa.Text))),
            holding("postgresql", column),
        )
        self._all = _page(table, table.c[sorted_by], columns, among)
        self._holding = _page(table, table.c[sorted_by], columns, narrowed, kept=True)

    def page(self, connection: Connection, part: str, page: Page) -> tuple[list[sa.Row[Any]], int]:
        if not part:
            return _found(connection, self._all, page, {})
        return _found(connection, self._holding, page, {"part": part, "grams": grams(part)})


class SqliteSearch(Search):
    """The FTS5 table `<table>_search` narrows it for a part of three characters or more."""

    def __init__(
        self, table: sa.Table, *, searched: str, sorted_by: str, columns: Sequence[Any], among: Any = None
    ) -> None:
        among = sa.true() if among is None else among
        name = f"{table.name}_search"
        index = sa.table(name, sa.column("id", sa.Uuid))
        narrowed = sa.select(index.c.id).where(sa.literal_column(name).op("MATCH")(sa.bindparam("phrase")))
        scanned = sa.and_(among, holding("sqlite", table.c[searched]))
        self._all = _page(table, table.c[sorted_by], columns, among)
        self._scanned = _page(table, table.c[sorted_by], columns, scanned, kept=True)
        self._holding = _page(
            table, table.c[sorted_by], columns, sa.and_(table.c.id.in_(narrowed), scanned), kept=True
        )

    def page(self, connection: Connection, part: str, page: Page) -> tuple[list[sa.Row[Any]], int]:
        if not part:
            return _found(connection, self._all, page, {})
        if len(part) < GRAM:
            return _found(connection, self._scanned, page, {"part": part})
        phrase = '"' + part.replace('"', '""') + '"'
        return _found(connection, self._holding, page, {"part": part, "phrase": phrase})


def _page(
    table: sa.Table, sort_key: sa.Column[str], columns: Sequence[Any], condition: Any, *, kept: bool = False
) -> sa.Select[Any]:
    """One row per item of the page, each with the total; where the page is empty, one row without an item.

    `kept` finds the matches once, for the total and the page alike; without it both walk an index.
    """
    matching = sa.select(table.c.id, sort_key.label("sort_key")).where(condition)
    matches: Any = matching.cte("matches") if kept else matching.subquery()
    total = sa.select(sa.func.count().label("total")).select_from(matches).subquery("counted")
    page: Any = (
        sa.select(matches)
        .order_by(matches.c.sort_key, matches.c.id)
        .limit(sa.bindparam("limit"))
        .offset(sa.bindparam("offset"))
        .subquery("page")
    )
    joined = total.outerjoin(page, sa.true()).outerjoin(table, table.c.id == page.c.id)
    return sa.select(total.c.total, *columns).select_from(joined).order_by(page.c.sort_key, page.c.id)


def _found(
    connection: Connection, statement: sa.Select[Any], page: Page, parameters: dict[str, Any]
) -> tuple[list[sa.Row[Any]], int]:
    rows = connection.run(statement, {**parameters, "limit": page.limit, "offset": page.offset}).rows
    return [row for row in rows if row.id is not None], rows[0].total
