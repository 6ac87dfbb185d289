"""Keys that are stored beside the texts they are made of, and made anew when the rules for them change.

Another Python may have another Unicode, and a new release other rules: what was stored before would then no
longer be found, or stand elsewhere in a list. `key_version` says by which rules all keys of a database were
made; when these are not the code's, a start renews the keys.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, TypeAlias
from uuid import UUID

import sqlalchemy as sa

from attendance.adapters.sql.engine.databases import Database
from attendance.adapters.sql.engine.errors import meaning, raise_meaning
from attendance.adapters.sql.labs import labs
from attendance.adapters.sql.tables import metadata
from attendance.adapters.sql.tables.columns import Key
from attendance.application.ports import RESOURCES, Resource
from attendance.domain.text import KEYS_VERSION

BATCH = 1000
RENEWING = "being renewed: "

Transaction: TypeAlias = Callable[[], AbstractContextManager[Any]]

_version = sa.table("key_version", sa.column("version", sa.Text))
_VERSION = sa.select(_version.c.version)


@dataclass(frozen=True, kw_only=True)
class StoredKeys:
    """The keys of a table, each made of some of a row's texts; those in `unique` no other row may have."""

    table: str
    texts: tuple[str, ...]
    keys: Mapping[str, Callable[[Any], str | None]]
    unique: frozenset[str] = frozenset()

    @classmethod
    def of_resource(cls, resource: Resource[Any, Any]) -> "StoredKeys":
        """Those columns of the resource's table that are keys; they are made of its other texts alone."""
        columns = metadata.tables[resource.name].c
        keys = {column.name: resource.keys[column.name] for column in columns if column.type is Key}
        return cls(
            table=resource.name,
            texts=tuple(it.name for it in columns if isinstance(it.type, sa.Text) and it.name not in keys),
            keys=keys,
            unique=frozenset(name for unique in resource.unique for name in unique.columns) & {*keys},
        )

    def of(self, row: Any) -> dict[str, str | None]:
        return {column: key(row) for column, key in self.keys.items()}


LABS = StoredKeys(table="labs", texts=("name", "description"), keys=labs.KEYS)
STORED_KEYS = (LABS, *filter(lambda it: it.keys, map(StoredKeys.of_resource, RESOURCES)))
"""All of them."""


class _Displaced(Exception):
    """Code with other rules has begun to renew the keys."""


def has_current_keys(database: Database) -> bool:
    """Whether all keys were made by this code's rules. Raise Unavailable when it cannot be asked."""
    try:
        with database.engine.connect() as connection:
            return list(connection.scalars(_VERSION)) == [KEYS_VERSION]
    except Exception as error:
        raise_meaning(error)


def renew_keys(database: Database) -> None:
    """Make all keys anew, batch by batch, each batch a transaction; what is written meanwhile is kept.

    Several processes may do so at once: all of them come to the same. Where their rules differ, the one that
    began last has its way, and the others stop. One that ends halfway is done again by the next start.
    """
    mine = RENEWING + KEYS_VERSION
    try:
        with database.engine.connect() as connection:

            def transaction() -> AbstractContextManager[Any]:
                return database.transaction(connection.connection.dbapi_connection)

            with transaction():
                _set_version(connection, mine)
            try:
                for stored_keys in STORED_KEYS:
                    renew(connection, stored_keys, transaction, guard=lambda: _require(connection, mine))
                with transaction():
                    _require(connection, mine)
                    _set_version(connection, KEYS_VERSION)
            except _Displaced:
                return
    except Exception as error:
        if (means := meaning(error)) is error:
            raise
        raise means from error


def renew(
    connection: sa.Connection,
    stored_keys: StoredKeys,
    transaction: Transaction = nullcontext,
    *,
    guard: Callable[[], None] = lambda: None,
) -> None:
    """Make the keys of one table anew, in the order of ids, each batch in a `transaction` behind a `guard`.

    Rows are locked as they are read. A key that another row has already stays as it was: both stay readable.
    """
    names = (*stored_keys.texts, *stored_keys.keys)
    table = sa.table(stored_keys.table, sa.column("id", sa.Uuid), *(sa.column(it, sa.Text) for it in names))
    after = sa.bindparam("after", type_=sa.Uuid)
    batch = sa.select(table).where(table.c.id > after).order_by(table.c.id).limit(BATCH)
    save = (
        sa.update(table)
        .where(table.c.id == sa.bindparam("row_id", type_=sa.Uuid))
        .values({it: sa.bindparam(it, type_=sa.Text) for it in stored_keys.keys})
    )
    last = UUID(int=0)
    while True:
        with transaction():
            guard()
            rows = connection.execute(batch.with_for_update(key_share=True), {"after": last}).all()
            changed = []
            for row in rows:
                before = {it: getattr(row, it) for it in stored_keys.keys}
                keys = stored_keys.of(row)
                for it in stored_keys.unique:
                    if keys[it] != before[it] and _is_taken(connection, table.c[it], keys[it]):
                        keys[it] = before[it]
                if keys != before:
                    changed.append({"row_id": row.id, **keys})
            if changed:
                connection.execute(save, changed)
        if len(rows) < BATCH:
            return
        last = rows[-1].id


def _is_taken(connection: sa.Connection, column: sa.ColumnClause[Any], key: str | None) -> bool:
    return connection.execute(sa.select(column).where(column == key).limit(1)).first() is not None


def _require(connection: sa.Connection, version: str) -> None:
    """Lock the version. Raises _Displaced where it is another, and not that of the same rules."""
    if connection.scalar(_VERSION.with_for_update()) not in (version, version.removeprefix(RENEWING)):
        raise _Displaced


def _set_version(connection: sa.Connection, version: str) -> None:
    if not connection.execute(sa.update(_version).values(version=version)).rowcount:
        connection.execute(sa.insert(_version).values(version=version))
