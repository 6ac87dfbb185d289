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
from attendance.domain.accounts.accounts import email_key
from attendance.domain.text import KEYS_VERSION, digits, folded, searched_text, sort_key

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

    def of(self, row: Any) -> dict[str, str | None]:
        return {column: key(row) for column, key in self.keys.items()}


STORED_KEYS = (
    StoredKeys(
        table="accounts",
        texts=("username", "name", "email"),
        keys={
            "username_key": lambda row: folded(row.username),
            "username_sort_key": lambda row: sort_key(row.username),
            "name_key": lambda row: sort_key(row.name),
            "email_key": lambda row: None if row.email is None else email_key(row.email),
        },
        unique=frozenset({"username_key", "email_key"}),
    ),
    StoredKeys(
        table="clients",
        texts=("name", "guardian_name", "email", "phone"),
        keys={
            "name_key": lambda row: sort_key(row.name),
            "searched_text": lambda row: searched_text(
                row.name, row.guardian_name, row.email, digits(row.phone)
            ),
        },
    ),
    StoredKeys(
        table="contracts",
        texts=("number",),
        keys={
            "number_key": lambda row: folded(row.number),
            "number_sort_key": lambda row: sort_key(row.number),
        },
        unique=frozenset({"number_key"}),
    ),
    StoredKeys(table="prices", texts=("name",), keys={"name_key": lambda row: sort_key(row.name)}),
    StoredKeys(
        table="locations",
        texts=("name", "address"),
        keys={
            "name_key": lambda row: sort_key(row.name),
            "address_key": lambda row: folded(row.address),
        },
        unique=frozenset({"address_key"}),
    ),
    StoredKeys(table="groups", texts=("name",), keys={"name_key": lambda row: sort_key(row.name)}),
    StoredKeys(
        table="labs",
        texts=("name", "description"),
        keys={
            "name_key": lambda row: sort_key(row.name),
            "search_key": lambda row: searched_text(row.name, row.description),
        },
    ),
)
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
