"""What the benchmarks copy into a database past its use cases is what its tables take."""

from datetime import date

import pytest
from benchmarks.histories import History

from attendance.adapters.sql.tables.columns import metadata

HISTORY = History(marks=1000, owner="", location="", price="", until=date(2026, 3, 2))
COPIED = {name: columns.split(", ") for name, (columns, _) in HISTORY.tables()}


def refused(table: str, columns: list[str]) -> set[str]:
    """The columns that a table does not have, and those that it needs and is not given."""
    known = metadata.tables[table].c
    needed = {
        column.name
        for column in known
        if not (column.nullable or column.server_default is not None or column.autoincrement is True)
    }
    return ({*columns} - {*known.keys()}) | (needed - {*columns})


@pytest.mark.parametrize("table", COPIED)
def test_what_is_copied_has_the_columns_of_its_table(table: str) -> None:
    assert refused(table, COPIED[table]) == set()


@pytest.mark.plants
@pytest.mark.parametrize(
    ("columns", "found"),
    [([*COPIED["clients"], "guardian_name_key"], "guardian_name_key"), (COPIED["clients"][1:], "id")],
)
def test_a_column_of_another_time_is_found(columns: list[str], found: str) -> None:
    assert refused("clients", columns) == {found}
