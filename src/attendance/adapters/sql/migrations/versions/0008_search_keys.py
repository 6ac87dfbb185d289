"""Names are searched without accents, sorted by what they are searched by, and hold what a name may hold."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from alembic import op

from attendance.adapters.sql.schema.stored_keys import StoredKeys, renew
from attendance.domain.text import KEYS_VERSION, digits, folded, name_error, searched_text, sort_key, trimmed

revision = "0008"
down_revision = "0007"

BATCH = 1000

NAMES: dict[str, dict[str, str | None]] = {
    "accounts": {"name": ""},
    "clients": {"name": None, "guardian_name": "", "phone": ""},
    "contracts": {"number": None},
    "prices": {"name": None},
    "locations": {"name": None, "address": None, "url": ""},
    "groups": {"name": None},
    "labs": {"name": None},
    "lessons": {"topic": "", "reason": ""},
}
"""Names of one line by table, each with what there is where nothing is seen of it; None: the row's id."""

UNIQUE = {("contracts", "number"): 50, ("locations", "address"): 500}
"""Of which no two are compared as the same, and how long they may be."""

KEYS = (
    StoredKeys(
        table="accounts",
        texts=("username", "name"),
        keys={
            "username_sort_key": lambda row: sort_key(row.username),
            "name_key": lambda row: sort_key(row.name),
        },
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
    ),
    StoredKeys(
        table="locations",
        texts=("name", "address"),
        keys={"name_key": lambda row: sort_key(row.name), "address_key": lambda row: folded(row.address)},
    ),
    *(
        StoredKeys(table=table, texts=("name",), keys={"name_key": lambda row: sort_key(row.name)})
        for table in ("prices", "groups")
    ),
    StoredKeys(
        table="labs",
        texts=("name", "description"),
        keys={
            "name_key": lambda row: sort_key(row.name),
            "search_key": lambda row: searched_text(row.name, row.description),
        },
    ),
)
"""As they are from here on."""

FORMER_KEYS = (
    StoredKeys(table="accounts", texts=("name",), keys={"name_key": lambda row: folded(row.name)}),
    StoredKeys(
        table="clients",
        texts=("name", "guardian_name"),
        keys={
            "name_key": lambda row: folded(row.name),
            "guardian_name_key": lambda row: folded(row.guardian_name),
        },
    ),
    *(
        StoredKeys(table=table, texts=("name",), keys={"name_key": lambda row: folded(row.name)})
        for table in ("prices", "locations", "groups")
    ),
    StoredKeys(
        table="labs",
        texts=("name", "description"),
        keys={
            "name_key": lambda row: folded(row.name),
            "search_key": lambda row: folded(row.name) + "\x1f" + folded(row.description),
        },
    ),
)


ON_POSTGRES = (
    "DROP INDEX ix_accounts_grams",
    "CREATE INDEX ix_accounts_grams ON accounts USING gin (attendance_grams(username_key)) "
    "WITH (fastupdate = off)",
)
ON_SQLITE = (
    "DROP TRIGGER accounts_searched_when_added",
    "DROP TRIGGER accounts_searched_when_renamed",
    "DROP TABLE accounts_search",
    "CREATE VIRTUAL TABLE accounts_search USING fts5 "
    "(username_key, id UNINDEXED, tokenize = 'trigram case_sensitive 1')",
    "INSERT INTO accounts_search (username_key, id) SELECT username_key, id FROM accounts",
    "CREATE TRIGGER accounts_searched_when_added AFTER INSERT ON accounts BEGIN "
    "INSERT INTO accounts_search (username_key, id) VALUES (new.username_key, new.id); END",
    "CREATE TRIGGER accounts_searched_when_renamed AFTER UPDATE OF username_key ON accounts "
    "WHEN old.username_key <> new.username_key BEGIN "
    "UPDATE accounts_search SET username_key = new.username_key WHERE id = new.id; END",
)
LABS_SEARCHED_WHEN_CHANGED = (
    "CREATE TRIGGER labs_searched_when_changed AFTER UPDATE OF search_key ON labs "
    "WHEN old.search_key <> new.search_key BEGIN "
    "UPDATE labs_search SET search_key = new.search_key WHERE id = new.id; END"
)


def upgrade() -> None:
    for table, names in NAMES.items():
        _clean(table, names)
    _clean_closures()
    op.add_column("accounts", _column("username_sort_key"))
    op.add_column("contracts", _column("number_sort_key"))
    op.add_column("clients", _column("searched_text"))
    op.execute("ALTER TABLE clients DROP COLUMN guardian_name_key")
    _search_accounts_by("username_sort_key")
    if not _is_postgres():
        op.execute(LABS_SEARCHED_WHEN_CHANGED)
    for keys in KEYS:
        renew(op.get_bind(), keys)
    op.create_index("ix_accounts_username_sort_key_id", "accounts", ["username_sort_key", "id"])
    op.create_index("ix_contracts_number_sort_key_id", "contracts", ["number_sort_key", "id"])
    op.create_table(
        "key_version",
        sa.Column("version", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("version", name="pk_key_version"),
    )
    version = sa.table("key_version", sa.column("version"))
    op.execute(sa.insert(version).values(version=KEYS_VERSION))


def downgrade() -> None:
    """Names keep what they lost: what stood at their ends, or could not be seen."""
    op.drop_table("key_version")
    op.drop_index("ix_contracts_number_sort_key_id", "contracts")
    op.drop_index("ix_accounts_username_sort_key_id", "accounts")
    _search_accounts_by("username_key")
    op.add_column("clients", _column("guardian_name_key"))
    for keys in FORMER_KEYS:
        renew(op.get_bind(), keys)
    if not _is_postgres():
        op.execute("DROP TRIGGER labs_searched_when_changed")
    for table, column in (
        ("clients", "searched_text"),
        ("contracts", "number_sort_key"),
        ("accounts", "username_sort_key"),
    ):
        op.execute(f"ALTER TABLE {table} DROP COLUMN {column}")


def _search_accounts_by(column: str) -> None:
    """Have accounts found by any part of this column."""
    for statement in ON_POSTGRES if _is_postgres() else ON_SQLITE:
        op.execute(statement.replace("username_key", column))


def _clean(table: str, names: dict[str, str | None]) -> None:
    """Make names of these texts: as they are when they are some, else without what no name may hold."""
    columns = sa.table(table, sa.column("id", sa.Uuid), *(sa.column(it, sa.Text) for it in names))

    def cleaned(row: Any) -> dict[str, str]:
        made = {}
        for name, instead in names.items():
            text = _name(getattr(row, name), f"{table} {row.id.hex[-8:]}" if instead is None else instead)
            if name == "reason" and getattr(row, name) and not text:
                text = "cancelled"
            longest = UNIQUE.get((table, name))
            if longest and text != getattr(row, name) and _is_another(columns.c[name], text, row.id):
                text = f"{text[: longest - 9]} {row.id.hex[-8:]}"
            made[name] = text
        return made

    _each_row(columns, tuple(names), cleaned)


def _clean_closures() -> None:
    locations = sa.table("locations", sa.column("id", sa.Uuid), sa.column("closures", sa.JSON))

    def cleaned(row: Any) -> dict[str, Any]:
        closures = json.loads(row.closures) if isinstance(row.closures, str) else row.closures
        return {"closures": [{**it, "reason": _name(it.get("reason", ""), "")} for it in closures]}

    _each_row(locations, ("closures",), cleaned)


def _each_row(table: Any, names: tuple[str, ...], cleaned: Callable[[Any], dict[str, Any]]) -> None:
    connection, last = op.get_bind(), UUID(int=0)
    while True:
        batch = sa.select(table).where(table.c.id > last).order_by(table.c.id).limit(BATCH)
        rows = connection.execute(batch).all()
        for row in rows:
            values = cleaned(row)
            if any(values[name] != getattr(row, name) for name in names):
                connection.execute(sa.update(table).where(table.c.id == row.id).values(values))
        if len(rows) < BATCH:
            return
        last = rows[-1].id


def _is_another(column: Any, text: str, row_id: UUID) -> bool:
    """Whether another row has what is compared as the same."""
    key = sa.column(f"{column.name}_key", sa.Text)
    found = sa.select(column.table.c.id).select_from(column.table).where(key == folded(text))
    return any(it != row_id for it in op.get_bind().scalars(found))


def _name(text: str, instead: str) -> str:
    made = trimmed(text)
    if made and name_error("name", made, longest=len(made)):
        made = trimmed("".join(it for it in made if not name_error("name", f"x{it}x", longest=3)))
    if not made or name_error("name", made, longest=len(made)):
        return instead
    return made


def _column(name: str) -> sa.Column[str]:
    return sa.Column(
        name, sa.Text(collation="C") if _is_postgres() else sa.Text(), nullable=False, server_default=""
    )


def _is_postgres() -> bool:
    return op.get_bind().dialect.name == "postgresql"
