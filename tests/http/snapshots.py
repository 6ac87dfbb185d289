"""What a store in memory holds, to be put into another one."""

from collections.abc import Hashable, Mapping
from typing import Any, TypeAlias

from attendance.adapters.memory import MemoryStore
from attendance.adapters.memory.tables import TABLES, Table

Rows: TypeAlias = Mapping[Hashable, dict[Any, Any]]
"""By a table's name, or by the name and number of an index."""


def _tables(store: MemoryStore) -> dict[Hashable, Table[Any, Any]]:
    tables = store._tables
    return {name: getattr(tables, name) for name in TABLES} | dict(tables._indexes)


def _copied(rows: dict[Any, Any]) -> dict[Any, Any]:
    """Rows never change, but for those that are dictionaries themselves."""
    return {key: dict(row) if isinstance(row, dict) else row for key, row in rows.items()}


def rows_of(store: MemoryStore) -> Rows:
    return {name: _copied(table.rows) for name, table in _tables(store).items()}


def is_new(store: MemoryStore) -> bool:
    return not any(table.rows for table in _tables(store).values())


def fill(store: MemoryStore, rows: Rows) -> None:
    """A new one, with copies."""
    for name, of_table in rows.items():
        table = store._tables.index(*name) if isinstance(name, tuple) else getattr(store._tables, str(name))
        table.rows.update(_copied(of_table))
