"""Migrations build exactly the tables the store uses, and can be taken back, on both databases."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, time, timedelta
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from attendance.adapters.sql.accounts.accounts import SEARCHED
from attendance.adapters.sql.engine.databases import Database, open_database
from attendance.adapters.sql.schema.migrating import config, migrate, migrate_back
from attendance.adapters.sql.schema.upgrading import bring_up_to_date
from attendance.adapters.sql.schema.version import HEAD, VERSION_TABLE, UnusableDatabase, is_current
from attendance.adapters.sql.store import SqlStore
from attendance.adapters.sql.tables import accounts, metadata
from attendance.application.pagination import Page, PageRequest
from attendance.application.ports.attendance import MarkCriteria
from attendance.application.ports.club import ClientCriteria
from attendance.application.ports.events import EventCriteria
from attendance.domain.attendance.charging import NOTHING, UNPAID, Charge
from attendance.domain.attendance.marks import SentMark, marked
from attendance.domain.attendance.status import Status
from attendance.domain.club.groups import Slot
from attendance.domain.events import Action, ChangeContext
from attendance.domain.labs.labs import Membership
from attendance.domain.reporting.calendars import CalendarToken
from attendance.domain.revisions import created
from attendance.testing import make
from attendance.testing.contract.account_records import added, kept_answer
from attendance.testing.contract.attendance.scene import Club
from attendance.testing.contract.groups_and_lessons.scene import club_in
from attendance.testing.contract.marks import found
from tests.conftest import DATABASES, databases
from tests.databases import PostgresDatabases


@pytest.fixture
def database(empty_database_url: str) -> Iterator[Database]:
    database = open_database(empty_database_url, pool_size=4)
    yield database
    database.engine.dispose()


@pytest.fixture(params=DATABASES)
def current(request: pytest.FixtureRequest) -> Iterator[Database]:
    """One that all migrations have been through."""
    database = open_database(databases(request, request.param).fresh(), pool_size=4)
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


def test_migrations_make_the_tables_of_the_store(current: Database) -> None:
    assert differences(current, metadata) == []
    expected = {
        str(constraint.name) for table in metadata.tables.values() for constraint in table.constraints
    }
    assert constraint_names(current) == expected


@pytest.mark.plants
def test_a_difference_would_be_seen(current: Database) -> None:
    other = sa.MetaData(naming_convention=metadata.naming_convention)
    for table in metadata.tables.values():
        table.to_metadata(other)
    other.tables["labs"].append_column(sa.Column("colour", sa.Text))
    other.tables["events"].indexes.clear()
    # a column, and both indexes of events
    assert len(differences(current, other)) == 3


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


def test_schedules_and_lessons_of_the_shape_before_are_read_and_can_go_back(current: Database) -> None:
    store = SqlStore(primary=current, replica=current)
    club = club_in(store)
    old = Slot(weekday=1, starts=time(18), ends=time(19, 30))
    first, second = (
        Slot(weekday=2, starts=time(22), ends=time(0), every=2, since=date(2026, 3, day)) for day in (3, 10)
    )
    weekly, apart = club.group(schedule=(old,)), club.group(schedule=(first, second))
    late = make.lesson(apart, starts=time(22), ends=time(0))
    club.put(late)
    migrate_back(current, "0006")
    schedules = [json.loads(it) if isinstance(it, str) else it for it in told(current, SCHEDULES)]
    assert schedules == [
        [{"weekday": 1, "starts": "18:00:00", "ends": "19:30:00"}],
        [{"weekday": 2, "starts": "22:00:00", "ends": "23:59:00"}],
    ]
    assert [str(it)[:5] for it in told(current, "SELECT ends FROM lessons")] == ["23:59"]
    migrate(current)
    with store.read() as work:
        assert work.groups.get(weekly.id) == weekly
        (slot,) = work.groups.get(apart.id).schedule
        assert slot == replace(first, ends=time(23, 59), every=1, since=None)
        assert work.lessons.get(late.id) == replace(late, ends=time(23, 59))


def test_an_account_of_a_client_of_the_shape_before_becomes_one_of_several_and_can_go_back(
    current: Database,
) -> None:
    """A deactivated account, which had kept its calendar link, has none any more."""
    store = SqlStore(primary=current, replica=current)
    mother, father, gone = (make.account(active=active) for active in (True, True, False))
    anna = make.client(
        name="Ännchen", birthday=date(2020, 2, 29), notes="nuts", user_ids=(mother.id, father.id)
    )
    bea = make.client(name="Bea", active=False, user_ids=(father.id,), phone="+49 30 1")
    carl = make.client(name="Carl", version=7, updated_at=make.NOON + timedelta(microseconds=1))
    contract = make.contract(anna)
    tokens = [
        CalendarToken(account_id=it.id, digest=it.id.hex, created_at=make.NOON) for it in (mother, gone)
    ]
    with store.transaction() as work:
        for account in (mother, father, gone):
            work.accounts.add(account)
        for client in (anna, bea, carl):
            work.clients.add(client)
        work.contracts.add(contract)
        for token in tokens:
            work.calendars.put_token(token)
    objects = named(current)
    migrate_back(current, "0009")
    held = told(current, "SELECT user_id FROM clients ORDER BY name_key")
    assert [it and UUID(str(it)) for it in held] == [mother.id, father.id, None]
    with pytest.raises(sa.exc.IntegrityError):
        say(current, f"UPDATE clients SET user_id = '{make.new_id().hex}'")
    migrate(current)
    assert named(current) == objects
    assert differences(current, metadata) == []
    with store.transaction() as work:
        found = [work.clients.get(it.id) for it in (anna, bea, carl)]
        assert found == [replace(anna, user_ids=(mother.id,)), bea, carl]
        fathers = work.clients.list(ClientCriteria(user_id=father.id), PageRequest(order=(), limit=9))
        assert fathers == (bea,)
        assert work.contracts.get(contract.id) == contract
        assert [work.calendars.token_of(it.account_id) for it in tokens] == [tokens[0], None]
        work.clients.save(replace(carl, user_ids=(mother.id,), version=8))


def test_who_used_labs_before_is_in_the_directory_and_addresses_are_compared_anew(current: Database) -> None:
    store = SqlStore(primary=current, replica=current)
    names = ("club", "labs", "long_ago", "owner", "joined", "invited")
    club, labs, long_ago, owner, joined, invited = people = [
        make.account(username=name, in_labs=False, email=None if name == "labs" else f"{name}@straße.example")
        for name in names
    ]
    context = ChangeContext(None, make.NOON, make.new_id)
    lab = make.lab(owner)
    with store.transaction() as work:
        for account in people:
            work.accounts.add(account)
        for account in (club, labs, owner):
            work.events.add(account.registered(context))
        # before accounts had addresses
        work.events.add(context.event(Action.ACCOUNT_REGISTERED, long_ago.id, after={"username": "long_ago"}))
        work.events.add(joined.invited(context))
        work.events.add(replace(invited, email=None).invited(context))
        work.labs.add(lab)
        work.labs.add_member(Membership(lab_id=lab.id, user_id=joined.id, joined_at=make.NOON))
    migrate_back(current, "0009")
    say(
        current,
        "UPDATE accounts SET email_key = username || '@strasse.example' WHERE email IS NOT NULL",
        "UPDATE key_version SET version = '1 with Unicode 14.0.0'",
    )
    bring_up_to_date(current)
    with store.read() as work:
        found = work.accounts.search("", Page())
        assert [it.username for it in found.users] == ["joined", "labs", "long_ago", "owner"]
        assert work.accounts.get(club.id) == club
        assert work.accounts.get(owner.id) == replace(owner, in_labs=True)
        assert work.accounts.find_by_email("club@straße.example") == club
        assert work.accounts.find_by_email("club@strasse.example") is None


def test_the_directory_is_read_by_an_index_of_its_own(current: Database) -> None:
    dialect = current.engine.dialect
    with SqlStore(primary=current, replica=current).transaction() as work:
        for number in range(300):
            work.accounts.add(make.account(in_labs=number % 100 == 0))
    listing = (
        sa.select(accounts.c.id).where(SEARCHED["among"]).order_by(*accounts.c["username_sort_key", "id"])
    )
    sql = str(listing.compile(dialect=dialect))
    with current.engine.connect() as connection:
        if dialect.name == "postgresql":
            connection.exec_driver_sql("SET enable_seqscan = off")
        explained = "EXPLAIN " if dialect.name == "postgresql" else "EXPLAIN QUERY PLAN "
        plan = " ".join(str(row) for row in connection.exec_driver_sql(explained + sql).all())
    assert "ix_accounts_directory" in plan


BEFORE_VERSIONS = "0010"
SCHEDULES = "SELECT schedule FROM groups ORDER BY id"


def test_sessions_of_the_shape_before_go_on_and_remembered_ones_end_on_the_way_back(
    current: Database,
) -> None:
    store = SqlStore(primary=current, replica=current)
    ada = make.account()
    usual = make.session(ada, address="192.0.2.7", user_agent="Fennec")
    remembered = make.session(ada, remembered=True, expires_at=make.NOON + timedelta(days=30))
    with store.transaction() as work:
        work.accounts.add(ada)
        for session in (usual, remembered):
            work.sessions.add(session)
        work.sign_in_addresses.put(ada.id, "home", make.NOON.date())
    objects = named(current)
    migrate_back(current, "0009")
    assert len(told(current, "SELECT id FROM sessions")) == 1
    migrate(current)
    assert named(current) == objects
    with store.transaction() as work:
        assert work.sessions.of(ada.id) == (replace(usual, address=None, user_agent=""),)
        assert not work.sign_in_addresses.has("home", since=make.NOON.date())
        work.sessions.add(remembered)


def say(database: Database, *statements: str) -> None:
    with database.engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def told(database: Database, statement: str) -> list[object]:
    with database.engine.connect() as connection:
        return list(connection.exec_driver_sql(statement).scalars())


OLD_VERSION_TABLE = "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"


@pytest.mark.parametrize("reached", ["0001", pytest.param("0003", marks=pytest.mark.thorough), HEAD])
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


@pytest.mark.parametrize("theirs", ["ae1027a6acf", "0001", pytest.param(HEAD, marks=pytest.mark.thorough)])
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


def test_a_database_that_is_newer_than_the_code_is_refused_in_one_line(current: Database) -> None:
    say(current, f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    before = named(current)
    assert not is_current(current)
    with pytest.raises(UnusableDatabase, match=rf"^the database is newer \(9999\) than .*{HEAD}.*$"):
        bring_up_to_date(current)
    assert named(current) == before


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


def test_what_a_database_refuses_at_a_start_is_told_in_one_line(database: Database) -> None:
    """An index has the name of one of our tables."""
    with database.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE theirs (x INTEGER)")
        connection.exec_driver_sql("CREATE INDEX events ON theirs (x)")
    with pytest.raises(UnusableDatabase, match=r"^the database refuses: [^\n]*events[^\n]*$"):
        bring_up_to_date(database)


def test_events_of_the_shape_before_are_found_by_the_client_they_concern(current: Database) -> None:
    store = SqlStore(primary=current, replica=current)
    club = club_in(store)
    anna, ben, _ = club.clients
    group, price = club.group(), make.price()
    lesson, contract, other = make.lesson(group), make.contract(anna), make.contract(ben)
    sold = make.subscription(anna, price)
    mark, his = (make.mark(lesson, of, club.teacher, charge=UNPAID) for of in (anna, ben))
    context = ChangeContext(club.teacher.id, make.NOON, make.new_id)
    sent = SentMark(client_id=anna.id, status=Status.PRESENT)
    paid = mark.recharged(Charge(sold.id), context)
    events = [
        contract.added(context),
        other.added(context),
        created(sold, Action.SUBSCRIPTION_SOLD, context),
        *marked(sent, None, UNPAID, lesson_id=lesson.id, context=context, by=club.teacher.id).events,
        *paid.events,
        *his.cleared(context).events,
        group.added(context),
    ]
    with store.transaction() as work:
        work.prices.add(price)
        work.contracts.add(contract)
        work.contracts.add(other)
        work.subscriptions.add(sold)
        work.events.add_all(events)
    migrate_back(current, "0009")
    migrate(current)
    with store.read() as work:
        listed = work.events.list(EventCriteria(), PageRequest(order=(), limit=100))
        assert [row.event for row in reversed(listed)] == events
    with pytest.raises(sa.exc.DatabaseError, match="never changed"):
        say(current, "UPDATE events SET client_id = NULL")


def test_marks_are_kept_when_their_table_is_made_anew(current: Database) -> None:
    club = Club(SqlStore(primary=current, replica=current))
    ada, bob = club.clients("ada", "bob")
    lesson = club.lesson(club.group(ada, bob))
    expected = {club.mark(lesson, who) for who in (ada, bob)}
    objects = named(current)
    migrate_back(current, "0006")
    assert len(told(current, "SELECT note FROM attendance")) == len(expected)
    migrate(current)
    assert {*club.marks(lesson)} == expected
    assert named(current) == objects


def test_passes_of_the_shape_before_get_the_name_of_their_price_and_can_go_back(current: Database) -> None:
    club = Club(SqlStore(primary=current, replica=current))
    (ada,) = club.clients("ada")
    twice, other = make.price(name="Twice a week", visits_per_week=2), make.price(name="Ä\u202f𐐀")
    with club.store.transaction() as work:
        for price in (twice, other):
            work.prices.add(price)
    passes = [
        make.subscription(ada, price, visits=8, visits_per_week=price.visits_per_week)
        for price in (twice, twice, other)
    ]
    with club.store.transaction() as work:
        for it in passes:
            work.subscriptions.add(replace(it, price_name="what it was called at the sale"))
    lesson = club.lesson(club.group(ada))
    mark = club.mark(lesson, ada, charge=Charge(passes[0].id))
    objects = named(current)
    migrate_back(current, "0009")
    columns = {name: sa.inspect(current.engine).get_columns(name) for name in ("prices", "subscriptions")}
    assert {"price_name", "visits_per_week"}.isdisjoint(
        it["name"] for rows in columns.values() for it in rows
    )
    assert len(told(current, "SELECT id FROM subscriptions")) == 3
    migrate(current)
    assert named(current) == objects
    paid = {passes[0].id: 1}
    assert {*club.subscriptions()} == {
        replace(it, visits_per_week=None, charged=paid.get(it.id, 0)) for it in passes
    }
    with club.store.read() as work:
        assert work.prices.get(twice.id) == replace(twice, visits_per_week=None)
    assert club.marks(lesson) == (mark,)


def test_marks_of_the_shape_before_have_their_first_version_and_can_go_back(current: Database) -> None:
    club = Club(SqlStore(primary=current, replica=current))
    ada, bob = club.clients("ada", "bob")
    lesson = club.lesson(club.group(ada, bob))
    said = {"note": "ill", "version": 3, "announced": True}
    marks = [club.mark(lesson, who, Status.EXCUSED, **said) for who in (ada, bob)]
    migrate_back(current, BEFORE_VERSIONS)
    assert told(current, "SELECT note FROM attendance") == ["ill", "ill"]
    migrate(current)
    assert {*club.marks(lesson)} == {replace(it, version=1, announced=False) for it in marks}


def test_the_marks_of_a_lesson_lie_side_by_side_on_sqlite(current: Database) -> None:
    if current.engine.dialect.name == "sqlite":
        (made,) = told(current, "SELECT sql FROM sqlite_master WHERE name = 'attendance'")
        assert str(made).endswith("WITHOUT ROWID")


def test_unpaid_marks_of_the_shape_before_are_found_and_answers_are_forgotten_on_the_way_back(
    current: Database,
) -> None:
    club = Club(SqlStore(primary=current, replica=current))
    ada, bob = club.clients("ada", "bob")
    lesson = club.lesson(club.group(ada, bob))
    unpaid, _ = (club.mark(lesson, who, charge=charge) for who, charge in ((ada, UNPAID), (bob, NOTHING)))
    account = added(club.store)
    with club.store.transaction() as work:
        work.kept_answers.add(kept_answer(account))
    migrate_back(current, "0009")
    assert "kept_answers" not in sa.inspect(current.engine).get_table_names()
    migrate(current)
    assert [it.mark for it in found(club.store, MarkCriteria(unpaid=True))] == [unpaid]
    with club.store.transaction() as work:
        assert work.kept_answers.find(account.id, "key") is None
        work.kept_answers.add(kept_answer(account))
