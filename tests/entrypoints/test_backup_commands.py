"""The commands for a whole database, as an operator types them, and the page that tells how."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from attendance.adapters.sql.tables import attendance, metadata
from attendance.entrypoints.cli import main
from attendance.entrypoints.serving.notes import noted_on
from tests.conftest import databases
from tests.deploy.units import Installed
from tests.service import serving
from tests.stores.backups.clubs import PASSWORD, TOOLS, filled, library, opened

OPERATING = Path(__file__).parents[2] / "docs" / "operating.md"


def run(url: str, *arguments: str, bin_directory: object = TOOLS.directory) -> Result:
    settings = {"ATTENDANCE_DATABASE_URL": url, "ATTENDANCE_POSTGRESQL_BIN": str(bin_directory)}
    return CliRunner().invoke(main, arguments, env=settings)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_database_goes_into_a_file_and_comes_back(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    made = databases(request, kind)
    url, other, file = made.fresh(), made.empty(), str(tmp_path / "club.zip")
    filled(url)
    written = run(url, "backup", file)
    assert re.fullmatch(rf"written {file}: \d+ rows of {kind}, as of [-\d]+ [:\d]+ UTC, .*\n", written.output)
    restored = run(other, "restore", file)
    assert restored.output == written.output.replace("written", "restored from")
    verified = run(other, "verify")
    assert (verified.exit_code, restored.exit_code, written.exit_code) == (0, 0, 0)
    assert re.fullmatch(r"all is as it must be: \d+ passes, \d+ marks, 1 lab marks\n", verified.output)
    with library(other) as attendance:
        assert attendance.sign_in(username="demo-owner", password=PASSWORD)


@pytest.mark.slow
def test_what_is_refused_is_one_line_and_a_status(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    made = databases(request, "sqlite")
    url, file = made.fresh(), tmp_path / "club.zip"
    file.write_text("no backup")
    for arguments, status, why in (
        (("backup", str(file)), 1, "is there already"),
        (("restore", str(file)), 1, "is no backup of attendance, or damaged"),
        (("backup", str(tmp_path)), 2, "is a directory"),
        (("backup",), 2, "Missing argument 'FILE'"),
    ):
        refused = run(url, *arguments)
        assert (refused.exit_code, why in refused.output.splitlines()[-1]) == (status, True), refused.output
    for command in (("backup", "x.zip"), ("restore", "x.zip"), ("verify",)):
        assert "memory is gone when this command ends" in run("memory", *command).output
    elsewhere = run("postgresql://127.0.0.1:1/x", "verify")
    assert (elsewhere.exit_code, "the database is unavailable: connection" in elsewhere.output) == (1, True)


@pytest.mark.slow
def test_whatever_is_found_is_told_and_the_status_says_so(request: pytest.FixtureRequest) -> None:
    url = databases(request, "sqlite").fresh()
    assert run(url, "verify").output == "all is as it must be: nothing is stored yet\n"
    filled(url)
    with opened(url) as database, database.engine.connect() as connection:
        connection.execute(sa.update(attendance).values(note="forged"))
    found = run(url, "verify")
    assert found.exit_code == 1
    *lines, last = found.output.splitlines()
    assert last == f"Error: {len(lines)} things are not as they must be"
    assert all(re.fullmatch(r"mark \S+ is not what its events say", line) for line in lines)


@pytest.mark.parametrize(
    "arguments",
    [
        ["user", "list"],
        ["user", "invite", "ada", "--email", "ada@example.org"],
        ["events"],
        ["mail", "list"],
        ["backup", "club.zip"],
        ["verify"],
    ],
)
def test_who_asks_a_database_that_is_not_there_makes_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    """A setting is missing, or the directory is another one."""
    monkeypatch.chdir(tmp_path)
    refused = CliRunner().invoke(main, arguments)
    assert (refused.exit_code, "attendance.db is not there" in refused.output) == (2, True), refused.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_nothing_is_restored_where_a_service_serves(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Whatever has become of its file since: it goes on writing to what it opened."""
    made = databases(request, "sqlite")
    url, file = made.fresh(), str(tmp_path / "club.zip")
    filled(url)
    run(url, "backup", file)
    path = Path(str(sa.make_url(url).database))
    with noted_on(url):
        path.rename(f"{path}.before")
        refused = run(url, "restore", file)
    assert (refused.exit_code, f"a service serves {path}" in refused.output) == (1, True), refused.output
    assert run(url, "restore", file).exit_code == 0


@pytest.mark.processes
@pytest.mark.attacks
def test_a_backup_that_is_stopped_leaves_nothing(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    url = databases(request, "sqlite").fresh()
    filled(url)
    slow = (
        "import sys, time\n"
        "from attendance.adapters.sql.backups import taking\n"
        "from attendance.entrypoints.cli import main\n"
        "def write(target, copy, manifest):\n"
        "    print('begun', flush=True)\n"
        "    time.sleep(60)\n"
        "taking.write_archive = write\n"
        "main(['backup', sys.argv[1]])\n"
    )
    command = [sys.executable, "-c", slow, str(tmp_path / "club.zip")]
    environment = {**os.environ, "ATTENDANCE_DATABASE_URL": url}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"begun\n"
        assert list(tmp_path.iterdir())
        process.terminate()
        assert process.wait(10) == 128 + signal.SIGTERM
    assert list(tmp_path.iterdir()) == []


def told(section: str, part: str = "") -> list[str]:
    """The commands of a section of the operators' page, or of a part of it, in their order."""
    text = OPERATING.read_text().partition(f"## {section}\n")[2].partition("\n## ")[0]
    if part:
        text = text.partition(f"### {part}\n")[2].partition("\n### ")[0]
    return re.findall(r"```sh\n(.*?)```", text, re.DOTALL)


def typed(machine: Installed, commands: str) -> str:
    """What the page's commands say in a shell, on a machine where nothing else is set."""
    done = subprocess.run(
        ["/bin/sh", "-eu"],
        input=machine.here(commands),
        cwd="/",
        env=machine.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def labs(url: str) -> set[str]:
    with opened(url) as database, database.engine.connect() as connection:
        return {*connection.scalars(sa.select(metadata.tables["labs"].c.name))}


@pytest.mark.processes
@pytest.mark.thorough
def test_whoever_follows_the_page_has_the_club_back(tmp_path: Path) -> None:
    """Its commands as they stand, the service killed: what it stored last is in the old database still."""
    machine = Installed(tmp_path)
    old = f"sqlite:///{machine.kept}/var/attendance.db"
    filled(old)
    back_up, restore = told("Back up")[0], told("Restore", "SQLite")
    assert (len(restore), restore[0].count("attendance ")) == (1, 2)
    with serving(machine.kept, old) as service:
        assert "written" in typed(machine, back_up)
        with httpx.Client(base_url=service.url) as http:
            signed_in = http.post("/login", json={"username": "demo-owner", "password": PASSWORD})
            http.headers["Authorization"] = f"Bearer {signed_in.json()['access_token']}"
            assert http.post("/labs", json={"name": "The newest"}).status_code < 300
        service.kill()
    assert (machine.kept / "var/attendance.db-wal").stat().st_size > 0
    said = typed(machine, restore[0])
    assert "restored from" in said
    assert "all is as it must be" in said
    settings = dict(line.split("=", 1) for line in machine.settings.read_text().splitlines())
    new = settings["ATTENDANCE_DATABASE_URL"]
    assert (labs(new), labs(old)) == ({"Robots"}, {"Robots", "The newest"})
    with library(new) as attendance:
        assert attendance.sign_in(username="demo-owner", password=PASSWORD)


def recent(machine: Installed) -> str:
    [line] = [line for block in told("Back up") for line in block.splitlines() if line.startswith("find ")]
    return typed(machine, line)


@pytest.mark.processes
def test_a_backup_that_is_too_old_is_told(tmp_path: Path) -> None:
    machine = Installed(tmp_path)
    directory = machine.kept / "backups"
    directory.mkdir()
    assert recent(machine) == "no backup of attendance for 26 hours\n"
    backup = directory / "attendance-2026-11-28.zip"
    for hours, told_of in ((25, False), (27, True)):
        backup.touch()
        then = time.time() - hours * 3600
        os.utime(backup, (then, then))
        assert bool(recent(machine)) is told_of
