"""Migrations build exactly the tables the store uses, and can be taken back, on both databases."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from attendance.adapters.sql.engine.databases import Database, open_database
from attendance.adapters.sql.engine.migrating import config, migrate, migrate_back
from attendance.adapters.sql.engine.schema_version import HEAD, bring_up_to_date, is_current
from attendance.adapters.sql.tables import metadata


@pytest.fixture
def database(empty_database_url: str) -> Iterator[Database]:
    database = open_database(empty_database_url, pool_size=4)
    yield database
    database.engine.dispose()


def differences(database: Database, expected: sa.MetaData) -> list[object]:
    """How the tables differ from the metadata, but for what serves the search."""

    def is_ours(thing: object, name: str | None, kind: str, reflected: bool, compared: object) -> bool:
        return not (kind == "table" and "_search" in (name or "")) and not (name or "").endswith("_grams")

    options = {"include_object": is_ours, "compare_type": True}
    with database.engine.connect() as connection:
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), expected))


def named(database: Database) -> set[str]:
    """Every table, index, trigger, function and constraint by name."""
    if database.engine.dialect.name == "sqlite":
        statement = "SELECT type || ' ' || name FROM sqlite_master"
    else:
        statement = (
            "SELECT relkind::text || relname FROM pg_class WHERE relnamespace = 'public'::regnamespace "
            "UNION SELECT 'function ' || proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace "
            "UNION SELECT 'trigger ' || tgname FROM pg_trigger WHERE NOT tgisinternal "
            "UNION SELECT 'constraint ' || conname FROM pg_constraint "
            "WHERE connamespace = 'public'::regnamespace"
        )
    with database.engine.connect() as connection:
        return {name for name in connection.exec_driver_sql(statement).scalars() if "alembic" not in name}


def constraint_names(database: Database) -> set[str]:
    inspector = sa.inspect(database.engine)
    found = set()
    for table in metadata.tables:
        found |= {key["name"] for key in inspector.get_foreign_keys(table)}
        found |= {key["name"] for key in inspector.get_unique_constraints(table)}
        found |= {key["name"] for key in inspector.get_check_constraints(table)}
        found |= {inspector.get_pk_constraint(table)["name"]}
    return found


def test_there_is_one_newest_migration_and_the_code_knows_it() -> None:
    assert ScriptDirectory.from_config(config()).get_heads() == [HEAD]


def test_migrations_make_the_tables_of_the_store(database: Database) -> None:
    migrate(database)
    assert differences(database, metadata) == []
    expected = {
        str(constraint.name) for table in metadata.tables.values() for constraint in table.constraints
    }
    assert constraint_names(database) == expected


@pytest.mark.plants
def test_a_difference_would_be_seen(database: Database) -> None:
    migrate(database)
    other = sa.MetaData(naming_convention=metadata.naming_convention)
    for table in metadata.tables.values():
        table.to_metadata(other)
    other.tables["labs"].append_column(sa.Column("colour", sa.Text))
    other.tables["events"].indexes.clear()
    assert len(differences(database, other)) == 2


def test_up_down_up_ends_where_it_began(database: Database) -> None:
    before = named(database)
    migrate(database)
    after = named(database)
    assert is_current(database)
    migrate_back(database)
    assert named(database) == before
    assert not is_current(database)
    migrate(database)
    assert named(database) == after
    assert is_current(database)


def test_migrating_twice_changes_nothing(database: Database) -> None:
    bring_up_to_date(database)
    after = named(database)
    bring_up_to_date(database)
    migrate(database)
    assert named(database) == after


def test_a_migration_that_fails_leaves_nothing_behind(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = named(database)

    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("alembic.op.create_index", fail)
    with pytest.raises(ZeroDivisionError):
        migrate(database)
    assert named(database) == before
    monkeypatch.undo()
    migrate(database)
    assert is_current(database)
