"""What a campaign has to show: rows that are printed once all is over, whatever became of it."""

from collections import defaultdict
from collections.abc import Mapping

import pytest

Row = Mapping[str, object]
ROWS = pytest.StashKey[dict[str, list[Row]]]()


def add_row(config: pytest.Config, table: str, row: Row) -> None:
    """Rows of one table have the same columns."""
    config.stash.setdefault(ROWS, defaultdict(list))[table].append(row)


def markdown(rows: list[Row]) -> str:
    lines = [[*rows[0]], ["---"] * len(rows[0]), *([*map(str, row.values())] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
