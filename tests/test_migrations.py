"""Migrations build exactly the tables the store uses, and can be taken back, on both databases."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, time
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from attendance.adapters.sql.engine.databases import Database, open_database
from attendance.adapters.sql.schema.migrating import config, migrate, migrate_back
from attendance.adapters.sql.schema.upgrading import bring_up_to_date
from attendance.adapters.sql.schema.version import HEAD, VERSION_TABLE, UnusableDatabase, is_current
from attendance.adapters.sql.store import SqlStore
from attendance.adapters.sql.tables import metadata
from attendance.domain.attendance.status import Status
from attendance.domain.club.groups import Slot
from attendance.testing import make
from attendance.testing.contract.attendance import Club
from attendance.testing.contract.groups_and_lessons import club_in
from tests.databases import PostgresDatabases


@pytest.fixture
def database(empty_database_url: str) -> Iterator[Database]:
    database = open_database(empty_database_url, pool_size=4)
    yield database
    database.engine.dispose()


def differences(database: Database, expected: sa.MetaData) -> list[object]:
    """How the tables differ from the metadata, but for what serves the search."""

    def is_ours(thing: object, name: str | None, kind: str, reflected: bool, compared: object) -> bool:
        return not (kind == "table" and "_search" in (name or "")) and not (name or "").endswith("_grams")

    options = {"include_object": is_ours, "compare_type": True, "version_table": VERSION_TABLE}
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
        return {name for name in connection.exec_driver_sql(statement).scalars() if VERSION_TABLE not in name}


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


def test_schedules_and_lessons_of_the_shape_before_are_read_and_can_go_back(database: Database) -> None:
    migrate(database)
    store = SqlStore(primary=database, replica=database)
    club = club_in(store)
    old = Slot(weekday=1, starts=time(18), ends=time(19, 30))
    first, second = (
        Slot(weekday=2, starts=time(22), ends=time(0), every=2, since=date(2026, 3, day)) for day in (3, 10)
    )
    weekly, apart = club.group(schedule=(old,)), club.group(schedule=(first, second))
    late = make.lesson(apart, starts=time(22), ends=time(0))
    club.put(late)
    migrate_back(database, "0006")
    schedules = [json.loads(it) if isinstance(it, str) else it for it in told(database, SCHEDULES)]
    assert schedules == [
        [{"weekday": 1, "starts": "18:00:00", "ends": "19:30:00"}],
        [{"weekday": 2, "starts": "22:00:00", "ends": "23:59:00"}],
    ]
    assert [str(it)[:5] for it in told(database, "SELECT ends FROM lessons")] == ["23:59"]
    migrate(database)
    with store.read() as work:
        assert work.groups.get(weekly.id) == weekly
        (slot,) = work.groups.get(apart.id).schedule
        assert slot == replace(first, ends=time(23, 59), every=1, since=None)
        assert work.lessons.get(late.id) == replace(late, ends=time(23, 59))


BEFORE_VERSIONS = "0009"
SCHEDULES = "SELECT schedule FROM groups ORDER BY id"


def say(database: Database, *statements: str) -> None:
    with database.engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def told(database: Database, statement: str) -> list[object]:
    with database.engine.connect() as connection:
        return list(connection.exec_driver_sql(statement).scalars())


OLD_VERSION_TABLE = "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"


@pytest.mark.parametrize("reached", ["0001", "0003", HEAD])
def test_a_database_of_ours_with_the_former_version_table_is_taken_over(
    database: Database, reached: str
) -> None:
    migrate(database, reached)
    say(
        database,
        OLD_VERSION_TABLE,
        f"INSERT INTO alembic_version SELECT version_num FROM {VERSION_TABLE}",
        f"DROP TABLE {VERSION_TABLE}",
    )
    assert not is_current(database)
    bring_up_to_date(database)
    assert is_current(database)
    assert differences(database, metadata) == []
    assert "alembic_version" not in sa.inspect(database.engine).get_table_names()


@pytest.mark.parametrize("theirs", ["ae1027a6acf", "0001", HEAD])
def test_the_version_and_the_tables_of_another_program_are_left_alone(
    database: Database, theirs: str
) -> None:
    say(
        database,
        OLD_VERSION_TABLE,
        f"INSERT INTO alembic_version VALUES ('{theirs}')",
        "CREATE TABLE invoices (number TEXT)",
        "INSERT INTO invoices VALUES ('2026/1')",
    )
    bring_up_to_date(database)
    assert is_current(database)
    migrate_back(database)
    assert told(database, "SELECT version_num FROM alembic_version") == [theirs]
    assert told(database, "SELECT number FROM invoices") == ["2026/1"]


@pytest.mark.parametrize("theirs", [None, "0001", "ae1027a6acf"])
def test_tables_of_our_names_that_are_not_ours_are_refused_in_one_line(
    database: Database, theirs: str | None
) -> None:
    say(database, "CREATE TABLE clients (name TEXT)", "CREATE TABLE events (name TEXT)")
    if theirs is not None:
        say(database, OLD_VERSION_TABLE, f"INSERT INTO alembic_version VALUES ('{theirs}')")
    before = named(database)
    with pytest.raises(UnusableDatabase, match=r"^[^\n]*names of ours: clients, events$"):
        bring_up_to_date(database)
    assert named(database) == before


def test_a_database_that_is_newer_than_the_code_is_refused_in_one_line(database: Database) -> None:
    migrate(database)
    say(database, f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    before = named(database)
    assert not is_current(database)
    with pytest.raises(UnusableDatabase, match=rf"^the database is newer \(9999\) than .*{HEAD}.*$"):
        bring_up_to_date(database)
    assert named(database) == before


def test_the_search_path_of_a_url_says_where_the_tables_are(postgres: PostgresDatabases) -> None:
    url = postgres.empty()
    say_to(url, "CREATE SCHEMA one", "CREATE SCHEMA two", "CREATE TABLE clients (name TEXT)")
    for schema in ("one", "two"):
        database = open_database(searching(url, f"{schema},public"), pool_size=1)
        bring_up_to_date(database)
        assert is_current(database)
        assert {*sa.inspect(database.engine).get_table_names(schema)} >= {VERSION_TABLE, *metadata.tables}
        assert told(database, "SELECT current_setting('lock_timeout')") == ["5s"]
        database.engine.dispose()
    nowhere = open_database(searching(url, "nowhere"), pool_size=1)
    with pytest.raises(UnusableDatabase, match="search_path"):
        bring_up_to_date(nowhere)
    nowhere.engine.dispose()
    public = open_database(url, pool_size=1)
    assert sa.inspect(public.engine).get_table_names() == ["clients"]
    public.engine.dispose()


def searching(url: str, path: str) -> str:
    whole = sa.make_url(url).update_query_dict({"options": f"-csearch_path={path}"})
    return whole.render_as_string(hide_password=False)


def say_to(url: str, *statements: str) -> None:
    database = open_database(url, pool_size=1)
    say(database, *statements)
    database.engine.dispose()


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


def test_a_version_table_of_another_make_is_told_from_ours(database: Database) -> None:
    say(database, "CREATE TABLE alembic_version (x INTEGER)")
    bring_up_to_date(database)
    assert is_current(database)
    say(database, f"DROP TABLE {VERSION_TABLE}", f"CREATE TABLE {VERSION_TABLE} (x INTEGER)")
    assert not is_current(database)
    with pytest.raises(UnusableDatabase, match=rf"^[^\n]*{VERSION_TABLE} that is not attendance's$"):
        bring_up_to_date(database)


def test_a_view_of_one_of_our_names_is_refused_in_one_line(database: Database) -> None:
    say(database, "CREATE VIEW clients AS SELECT 1 AS one")
    with pytest.raises(UnusableDatabase, match=r"^[^\n]*names of ours: clients$"):
        bring_up_to_date(database)


def test_a_file_that_is_no_database_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "letter.db"
    path.write_text("Dear Anna, " * 100)
    text = path.read_text()
    with pytest.raises(UnusableDatabase, match=r"^the file is not an SQLite database$"):
        bring_up_to_date(open_database(f"sqlite:///{path}", pool_size=1))
    assert path.read_text() == text


def test_marks_are_kept_when_their_table_is_made_anew(database: Database) -> None:
    migrate(database)
    club = Club(SqlStore(primary=database, replica=database))
    ada, bob = club.clients("ada", "bob")
    lesson = club.lesson(club.group(ada, bob))
    expected = {club.mark(lesson, who) for who in (ada, bob)}
    objects = named(database)
    migrate_back(database, "0006")
    assert len(told(database, "SELECT note FROM attendance")) == len(expected)
    migrate(database)
    assert {*club.marks(lesson)} == expected
    assert named(database) == objects


def test_marks_of_the_shape_before_have_their_first_version_and_can_go_back(database: Database) -> None:
    migrate(database)
    club = Club(SqlStore(primary=database, replica=database))
    ada, bob = club.clients("ada", "bob")
    lesson = club.lesson(club.group(ada, bob))
    said = {"note": "ill", "version": 3, "announced": True}
    marks = [club.mark(lesson, who, Status.EXCUSED, **said) for who in (ada, bob)]
    migrate_back(database, BEFORE_VERSIONS)
    assert told(database, "SELECT note FROM attendance") == ["ill", "ill"]
    migrate(database)
    assert {*club.marks(lesson)} == {replace(it, version=1, announced=False) for it in marks}


def test_the_marks_of_a_lesson_lie_side_by_side_on_sqlite(database: Database) -> None:
    migrate(database)
    if database.engine.dialect.name == "sqlite":
        (made,) = told(database, "SELECT sql FROM sqlite_master WHERE name = 'attendance'")
        assert str(made).endswith("WITHOUT ROWID")
