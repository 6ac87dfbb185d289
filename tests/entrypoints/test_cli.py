"""The command explains itself, and says in one line what an operator can mend."""

import json
from importlib.metadata import version
from pathlib import Path
from socket import socket
from threading import Timer

import pytest
from click.testing import CliRunner, Result

from attendance.adapters.sql.engine.databases import open_database
from attendance.adapters.sql.schema.version import is_current
from attendance.entrypoints.cli import main
from attendance.entrypoints.commands import serving


def run(*arguments: str, **environment: str) -> Result:
    settings = {f"ATTENDANCE_{name.upper()}": value for name, value in environment.items()}
    return CliRunner().invoke(main, arguments, env=settings, catch_exceptions=False)


def test_help_explains_every_command() -> None:
    text = run("--help").output
    for word in (*main.commands, "ATTENDANCE_", "docs/settings.md"):
        assert word in text
    commands = {"serve", "migrate", "create-owner", "user", "mail", "openapi", "demo"}
    assert commands | {"backup", "restore", "verify", "settings", "doctor", "events"} == main.commands.keys()
    assert "--port" in run("serve", "--help").output


def test_the_version_is_the_packages() -> None:
    assert version("attendance") in run("--version").output


def test_migrate_brings_a_database_up_to_date(empty_database_url: str) -> None:
    for _ in range(2):
        done = run("migrate", database_url=empty_database_url)
        assert (done.exit_code, done.output) == (0, "the database is up to date\n")
    database = open_database(empty_database_url, pool_size=1)
    assert is_current(database)
    database.engine.dispose()


@pytest.mark.parametrize("command", ["serve", "migrate"])
@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"prot": "1"}, "ATTENDANCE_PROT is not a setting"),
        ({"port": "x"}, "ATTENDANCE_PORT"),
        ({"database_url": "mysql://x/y"}, "a database URL begins with"),
        ({"database_url": "postgresql://nobody@127.0.0.1:1/none"}, "the database is unavailable: connection"),
        ({"database_url": "postgresql://nobody@127.0.0.1:1/none?foo=bar"}, 'invalid connection option "foo"'),
        ({"database_url": "postgresql://a:p@ss@127.0.0.1:1/none"}, "%40"),
        ({"database_url": "sqlite:////etc"}, "the database is unavailable: unable to open database file"),
    ],
)
def test_what_stops_a_start_is_said_in_one_line(
    command: str, environment: dict[str, str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run(command, **environment)
    assert done.exit_code != 0
    last = done.output.strip().splitlines()[-1]
    assert last.startswith("Error: ")
    assert said in last


@pytest.mark.slow
@pytest.mark.parametrize(
    "environment",
    [
        {"secret_key": "short"},
        {"common_passwords": "/nowhere/at/all"},
        {"argon2_parallelism": "3", "argon2_memory_kib": "8"},
        {"smtp_url": "mail.example.org"},
        {"smtp_url": "smtp://user:secret/word@host"},
        {"mail_from": "nobody"},
        {"timezone": "Mars/Phobos"},
        {"trusted_proxies": "10.0.0.1, home"},
        {"database_url": "mysql://x/y"},
        {"confirm_link": "https://club.example.org/{token}/{token}"},
    ],
    ids=lambda environment: " ".join(environment),
)
def test_what_no_worker_could_use_stops_the_start_with_one_line_that_names_it(
    environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("serve", **environment)
    assert done.exit_code == 2
    (line,) = done.output.strip().splitlines()
    assert line.startswith("Error: ATTENDANCE_")
    assert any(f"ATTENDANCE_{name.upper()}" in line for name in environment)
    assert "secret/word" not in line


@pytest.mark.slow
def test_openapi_prints_the_document() -> None:
    document = json.loads(run("openapi").output)
    assert document["openapi"].startswith("3.1")
    assert "/labs/{lab_id}/attendance" in document["paths"]


def check_a_port_that_is_free_in_a_moment_is_taken() -> None:
    with socket() as dying:
        dying.bind(("127.0.0.1", 0))
        dying.listen()
        port = dying.getsockname()[1]
        ends = Timer(0.2, dying.close)
        ends.start()
        serving._alone_on("127.0.0.1", port).close()
        ends.join()


@pytest.mark.slow
def test_a_service_that_was_killed_can_be_started_at_once() -> None:
    check_a_port_that_is_free_in_a_moment_is_taken()


@pytest.mark.plants
def test_the_check_catches_a_start_that_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "ENDING_SECONDS", 0)
    with pytest.raises(ValueError, match="Address already in use"):
        check_a_port_that_is_free_in_a_moment_is_taken()
