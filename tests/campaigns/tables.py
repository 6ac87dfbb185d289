"""What a campaign has to show: rows that are printed once all is over, whatever became of it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

import pytest

Row = Mapping[str, str | int]
TABLE = "table "
"""What a test's property begins with that is a row of a table."""


def add_row(request: pytest.FixtureRequest, table: str, row: Row) -> None:
    """Rows of one table have the same columns; they get to where they are printed from any process."""
    request.node.user_properties.append((TABLE + table, dict(row)))


def tables_in(properties: Iterable[tuple[str, object]]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for name, row in properties:
        if name.startswith(TABLE) and isinstance(row, dict):
            found[name.removeprefix(TABLE)].append(row)
    return found


def markdown(rows: list[Row]) -> str:
    lines = [[*rows[0]], ["---"] * len(rows[0]), *([*map(str, row.values())] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
