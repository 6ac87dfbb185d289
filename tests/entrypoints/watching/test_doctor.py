"""`attendance doctor`: each trouble is planted, and told; what is well is no trouble."""

import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from attendance.adapters.mail import FileNotifier, MailRenderer, SmtpNotifier
from attendance.adapters.sql import SqlStore
from attendance.adapters.sql.engine.databases import Database
from attendance.adapters.sql.schema.version import HEAD, VERSION_TABLE
from attendance.application.ports.accounts import Backlog
from attendance.domain.accounts.mail import MailState
from attendance.domain.events import Action, ChangeContext
from attendance.domain.ids import OPERATOR_ID
from attendance.entrypoints.cli import main
from attendance.entrypoints.settings import Settings
from attendance.entrypoints.watching import diagnosis
from attendance.entrypoints.watching.diagnosis import Findings, Level
from attendance.testing.contract.account_records import mail
from tests import make, postgres as postgres_server
from tests.adapters.mail.servers import Temper, running
from tests.databases import PostgresDatabases, SqliteDatabases, opened

NOW = datetime.now(UTC)
GOOD_KEY = "aB3dE5gH7jK9mN1pQ3sT5vW7yZ0bC2eF"
GIB = 1024**3
AWAY = "postgresql://nobody:s3cret@127.0.0.1:1/none"


def told(findings: Findings) -> list[tuple[Level, str]]:
    """What is not well, in its first words."""
    return [(it.level, it.text) for it in findings if it.level is not Level.OK]


def levels(findings: Findings) -> list[Level]:
    return [it.level for it in findings]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (Settings(), None),
        (Settings(base_url="https://club.example.org"), None),
        (Settings(host="0.0.0.0"), "ATTENDANCE_BASE_URL is not set"),
        (Settings(base_url="http://club.example.org"), "http://club.example.org is not https"),
        (Settings(base_url="http://localhost:8000", host="192.0.2.1"), "links in mails begin with"),
    ],
)
def test_where_links_lead(settings: Settings, said: str | None) -> None:
    found = told(diagnosis.address_of_pages(settings))
    assert [level for level, _ in found] == ([Level.WARNING] if said else [])
    assert all(text.startswith(said or "") for _, text in found)


@pytest.mark.parametrize(
    ("settings", "level"),
    [
        (Settings(), None),
        (Settings(base_url="https://x.example.org"), Level.WARNING),
        (Settings(base_url="https://x.example.org", trusted_proxies="10.0.0.0/8"), None),
        (Settings(trusted_proxies="10.0.0.1, ::/0"), Level.TROUBLE),
    ],
)
def test_whose_word_on_addresses_is_taken(settings: Settings, level: Level | None) -> None:
    assert [it for it, _ in told(diagnosis.proxies(settings))] == ([level] if level else [])


def test_metrics_are_open_to_the_network() -> None:
    assert levels(diagnosis.metrics(Settings(host="0.0.0.0"))) == [Level.WARNING]
    assert levels(diagnosis.metrics(Settings(host="0.0.0.0", metrics_token="t" * 16))) == []
    assert levels(diagnosis.metrics(Settings())) == []


@pytest.mark.parametrize(
    ("key", "weak"),
    [
        (GOOD_KEY, []),
        ("k" * 40, ["the key"]),
        (f"{GOOD_KEY},short", ["key 2"]),
        (f"x,{GOOD_KEY}", ["the key"]),
    ],
)
def test_a_key_that_can_be_guessed(key: str, weak: list[str]) -> None:
    found = told(diagnosis.secret_key(Settings(secret_key=key)))
    assert [(level, text.partition(" can")[0]) for level, text in found] == [
        (Level.TROUBLE, which) for which in weak
    ]
    assert all(part not in text for _, text in found for part in key.split(","))


def test_a_key_that_others_may_read(tmp_path: Path) -> None:
    kept = tmp_path / "secret_key"
    assert levels(diagnosis.secret_key(Settings(), kept)) == [Level.OK]
    kept.touch(mode=0o600)
    assert levels(diagnosis.secret_key(Settings(), kept)) == []
    kept.chmod(0o640)
    assert told(diagnosis.secret_key(Settings(), kept)) == [
        (Level.TROUBLE, f"{kept} is open to others on this machine (640): chmod 600 {kept}")
    ]
    environment = {"ATTENDANCE_SECRET_KEY_FILE": str(kept), "OTHER_FILE": str(kept), "ATTENDANCE_PORT": "1"}
    [finding] = diagnosis.secret_files(environment)
    assert (finding.level, finding.about) == (Level.TROUBLE, "ATTENDANCE_SECRET_KEY_FILE")


@pytest.mark.parametrize(
    ("free", "level"), [(50 * 1024**2, Level.TROUBLE), (GIB // 2, Level.WARNING), (5 * GIB, Level.OK)]
)
def test_a_disk_with_little_room(free: int, level: Level, tmp_path: Path) -> None:
    def usage(_: Path) -> SimpleNamespace:
        return SimpleNamespace(free=free)

    assert levels(diagnosis.disk(tmp_path / "not" / "yet", "disk", usage)) == [level]


def test_a_directory_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert Level.TROUBLE in levels(diagnosis.disk(tmp_path, "disk", lambda _: SimpleNamespace(free=5 * GIB)))


def test_a_database_that_is_well(database: Database) -> None:
    now = datetime.now(UTC)
    checks = (diagnosis.shape, diagnosis.writing, diagnosis.keys, diagnosis.size)
    assert [told(check(database)) for check in checks] == [[]] * len(checks)
    assert told(diagnosis.clock(database, now)) == []
    assert any("takes" in finding.text for finding in diagnosis.size(database))


def test_a_database_of_another_shape(empty_database_url: str) -> None:
    with opened(empty_database_url) as database:
        [(level, text)] = told(diagnosis.shape(database))
    assert (level, text) == (
        Level.TROUBLE,
        "the database has no tables of attendance: run `attendance migrate`",
    )


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ("0001", "the database is older (0001) than this code: run `attendance migrate`"),
        ("9999", f"the database is newer (9999) than this attendance ({HEAD})"),
    ],
)
def test_a_database_of_another_version(database_url: str, version: str, said: str) -> None:
    def set_version(version: str) -> None:
        with database.engine.connect() as connection:
            connection.execute(sa.text(f"UPDATE {VERSION_TABLE} SET version_num = '{version}'"))

    with opened(database_url) as database:
        set_version(version)
        try:
            [(level, text)] = told(diagnosis.shape(database))
        finally:
            set_version(HEAD)
    assert (level, text) == (Level.TROUBLE, said)


def test_whether_a_backup_can_be_made(postgres: PostgresDatabases, tmp_path: Path) -> None:
    old = tmp_path / "pg_dump"
    old.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.1'\n")
    old.chmod(0o700)
    with opened(postgres.fresh()) as database:
        [fits] = diagnosis.tools(database, str(postgres_server.binaries()))
        assert str(fits).startswith("ok       backup: pg_dump is of version ")
        [(level, text)] = told(diagnosis.tools(database, str(tmp_path)))
        assert (level, text.startswith("pg_dump is of version 9, the server of ")) == (Level.WARNING, True)
        old.unlink()
        [(level, text)] = told(diagnosis.tools(database, str(tmp_path)))
    assert (level, "install PostgreSQL's client programs" in text) == (Level.WARNING, True)


def test_a_database_that_is_away() -> None:
    with opened(AWAY) as database:
        [(level, text)] = told(diagnosis.shape(database))
    assert (level, text.partition(":")[0]) == (Level.TROUBLE, "cannot be reached")
    assert "s3cret" not in text


def test_a_database_that_only_reads(postgres: PostgresDatabases) -> None:
    url = sa.make_url(postgres.fresh()).update_query_dict(
        {"options": "-c default_transaction_read_only=on"}, append=True
    )
    with opened(url.render_as_string(hide_password=False)) as database:
        assert [level for level, _ in told(diagnosis.writing(database))] == [Level.TROUBLE]


def test_keys_by_the_rules_of_another_version(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("attendance.adapters.sql.schema.stored_keys.KEYS_VERSION", "another")
    assert [level for level, _ in told(diagnosis.keys(database))] == [Level.TROUBLE]


def test_a_log_of_writes_that_cannot_be_emptied(
    sqlite_databases: SqliteDatabases, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(sqlite_databases.fresh()) as database:
        path = diagnosis.file_of(database)
        assert path
        with closing(sqlite3.connect(path)) as reader:
            reader.execute("PRAGMA journal_mode = wal")
            reader.execute("BEGIN").execute("SELECT * FROM events").fetchall()
            with SqlStore(primary=database, replica=database).transaction() as work:
                work.outbox.add(mail())
            assert told(diagnosis.size(database)) == []
            monkeypatch.setattr(diagnosis, "LARGE_LOG", 1000)
            assert [level for level, _ in told(diagnosis.size(database))] == [Level.WARNING]


@pytest.mark.parametrize(
    ("behind", "level"), [(timedelta(seconds=20), Level.WARNING), (timedelta(hours=1), Level.TROUBLE)]
)
def test_a_clock_that_is_behind(database: Database, behind: timedelta, level: Level) -> None:
    now = datetime.now(UTC)
    with SqlStore(primary=database, replica=database).transaction() as work:
        context = ChangeContext(OPERATOR_ID, now, make.new_id)
        work.events.add(context.event(Action.CLIENT_ADDED, make.new_id(), after={}))
    found = told(diagnosis.clock(database, now - behind))
    assert {it for it, _ in found} == {level}
    # PostgreSQL has a clock of its own, which disagrees as well
    assert len(found) == (2 if database.engine.dialect.name == "postgresql" else 1)


@pytest.mark.parametrize(
    ("backlog", "expected"),
    [
        (Backlog(waiting=0, oldest=None, given_up=0), []),
        (Backlog(waiting=1, oldest=NOW - timedelta(minutes=1), given_up=0), []),
        (Backlog(waiting=1, oldest=NOW - timedelta(minutes=30), given_up=0), [Level.WARNING]),
        (Backlog(waiting=1, oldest=NOW - timedelta(hours=3), given_up=0), [Level.TROUBLE]),
        (Backlog(waiting=0, oldest=None, given_up=2), [Level.WARNING]),
    ],
)
def test_mails_that_wait_or_were_given_up(backlog: Backlog, expected: list[Level]) -> None:
    assert levels(diagnosis.mails(Settings(), backlog, NOW)) == expected


def test_what_waits_is_counted_as_the_outbox_does(database: Database) -> None:
    store = SqlStore(primary=database, replica=database)
    with store.transaction() as work:
        for one in (mail(), mail(state=MailState.DEAD), mail(state=MailState.SENT)):
            work.outbox.add(one)
        expected = work.outbox.backlog()
    assert diagnosis.backlog_of(database) == expected


def test_a_mail_server_that_is_away_or_well() -> None:
    renderer = MailRenderer(base_url="https://club.example.org")
    away = SmtpNotifier(url="smtp://club:s3cret@127.0.0.1:1", renderer=renderer, timeout=5)
    [(level, text)] = told(diagnosis.mail_server(Settings(), away))
    assert level is Level.TROUBLE
    assert "s3cret" not in text
    with running(Temper()) as port:
        well = SmtpNotifier(url=f"smtp://127.0.0.1:{port}", renderer=renderer, timeout=5)
        assert levels(diagnosis.mail_server(Settings(), well)) == [Level.OK]
    files = FileNotifier(renderer=renderer, directory=Path("var/mail"))
    assert levels(diagnosis.mail_server(Settings(), files)) == [Level.WARNING]


def test_sizes_are_told_in_their_units() -> None:
    assert [*map(diagnosis.bytes_of, (0, 1023, 1024, 1536 * 1024, 5 * GIB, 1024**5))] == [
        "0 bytes", "1023 bytes", "1.0 KB", "1.5 MB", "5.0 GB", "1024.0 TB",
    ]  # fmt: skip


def run(home: Path, monkeypatch: pytest.MonkeyPatch, **environment: str) -> tuple[int, str]:
    monkeypatch.chdir(home)
    settings = {f"ATTENDANCE_{name.upper()}": value for name, value in environment.items()}
    done = CliRunner().invoke(main, ["doctor"], env=settings, catch_exceptions=False)
    return done.exit_code, done.output


def test_warnings_alone_are_no_trouble(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = sa.make_url(database_url)
    if url.get_backend_name() == "sqlite":
        # a copy of a template has its permissions
        Path(str(url.database)).chmod(0o600)
        tools = {}
    else:
        tools = {"postgresql_bin": str(postgres_server.binaries())}
    status, output = run(
        tmp_path,
        monkeypatch,
        database_url=database_url,
        secret_key=GOOD_KEY,
        **tools,
    )
    assert status == 0, output
    assert "warning  mail: ATTENDANCE_SMTP_URL is not set" in output
    assert output.endswith("0 troubles, 1 warnings\n")
    assert GOOD_KEY not in output


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"prot": "1"}, "trouble  settings: ATTENDANCE_PROT is not a setting"),
        ({"secret_key": "k" * 40}, "trouble  secret key: "),
        ({"common_passwords": "/nowhere"}, "trouble  settings: ATTENDANCE_COMMON_PASSWORDS: "),
        ({"smtp_url": "mail.example.org"}, "trouble  mail: ATTENDANCE_SMTP_URL: "),
        ({"database_url": "mysql://x/y"}, "trouble  database: ATTENDANCE_DATABASE_URL: "),
        ({"database_url": "postgresql://u:s3cret@127.0.0.1:1/n"}, "trouble  database: cannot be reached: "),
        (
            {
                "database_url": "postgresql://u:s3cret@127.0.0.1:1/n",
                "read_database_url": "postgresql://u:s3cret@127.0.0.1:1/n",
            },
            "trouble  replica: cannot be reached: ",
        ),
    ],
)
def test_trouble_is_told_in_words_and_by_the_exit_status(
    environment: dict[str, str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    status, output = run(tmp_path, monkeypatch, **environment)
    assert status == 1
    assert said in output
    assert "Traceback" not in output
    assert "s3cret" not in output
    assert not (tmp_path / "var").exists(), "it changes nothing"


def test_where_nothing_was_started_yet_it_says_so_and_makes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    status, output = run(tmp_path, monkeypatch)
    assert status == 0
    assert "warning  database: var/attendance.db is not there yet" in output
    assert [*tmp_path.iterdir()] == []
    assert "everything is gone" in run(tmp_path, monkeypatch, database_url="memory")[1]
