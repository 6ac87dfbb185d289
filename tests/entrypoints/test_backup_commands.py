"""The commands for a whole database, as an operator types them, and the page that tells how."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from attendance.adapters.sql.tables import attendance
from attendance.entrypoints.cli import main
from attendance.entrypoints.serving.notes import noted_on
from tests.conftest import databases
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


def told(section: str) -> list[str]:
    """The commands of a section of the operators' page, in their order."""
    text = OPERATING.read_text().partition(f"## {section}\n")[2].partition("\n## ")[0]
    return re.findall(r"```sh\n(.*?)```", text, re.DOTALL)


@pytest.mark.processes
def test_whoever_follows_the_page_has_the_club_back(tmp_path: Path) -> None:
    """Its commands as they stand, in a shell, on a machine where nothing is set."""
    (tmp_path / "var").mkdir()
    filled(f"sqlite:///{tmp_path}/var/attendance.db")
    commands = "\n".join([*told("Back up"), *told("Restore")])
    assert commands.count("attendance ") >= 3
    done = subprocess.run(
        ["/bin/sh", "-eux"],
        input=commands,
        cwd=tmp_path,
        env={"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "all is as it must be" in done.stdout
    with library(f"sqlite:///{tmp_path}/var/attendance.db") as attendance:
        assert attendance.sign_in(username="demo-owner", password=PASSWORD)
