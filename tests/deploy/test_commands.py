"""How commands and backups are called under systemd: the script and the unit, without systemd."""

import os
import re
import subprocess
import time
from pathlib import Path

import pytest

from attendance.entrypoints.settings import PREFIX, Settings
from tests.deploy.units import DEPLOY, Installed
from tests.stores.backups.clubs import filled

SHOWS = """\
#!/bin/sh
for word in "$@"; do echo "[$word]"; done
pwd
env | grep ATTENDANCE_ | sort
for file in "${CREDENTIALS_DIRECTORY:-none}"/*; do [ ! -f "$file" ] || cat "$file"; done
"""
NIGHTLY = DEPLOY / "attendance-backup.service"
DAY_SECONDS = 24 * 3600

pytestmark = pytest.mark.processes


@pytest.fixture
def machine(tmp_path: Path) -> Installed:
    return Installed(tmp_path)


def called(machine: Installed, *words: str) -> list[str]:
    """What the program sees that the script calls."""
    script = machine.commands / "attendance"
    program = machine.command("program", SHOWS)
    script.write_text(re.sub(r"exec \S+/attendance \"\$@\"", f'exec {program} "$@"', script.read_text()))
    done = subprocess.run(
        [script, *words], env=machine.environment, capture_output=True, text=True, check=True, cwd="/"
    )
    return done.stdout.splitlines()


def test_a_command_has_the_settings_and_the_secrets_of_the_service(machine: Installed) -> None:
    machine.settings.write_text("ATTENDANCE_WORKERS=2\n")
    (machine.configured / "secrets/secret_key").write_text("a secret\n")
    (machine.configured / "secrets/database_url").write_text("postgresql://host/x\n")
    first, second, where, database, key, workers, *secrets = called(machine, "user", "list")
    assert [first, second, where] == ["[user]", "[list]", str(machine.kept)]
    assert re.fullmatch(r"ATTENDANCE_DATABASE_URL_FILE=/\S+/database_url", database)
    assert re.fullmatch(r"ATTENDANCE_SECRET_KEY_FILE=/\S+/secret_key", key)
    assert workers == "ATTENDANCE_WORKERS=2"
    assert secrets == ["postgresql://host/x", "a secret"]


def test_without_settings_and_secrets_it_is_called_as_well(machine: Installed) -> None:
    assert called(machine, "verify") == ["[verify]", str(machine.kept)]


def test_arguments_arrive_as_they_were_typed(machine: Installed) -> None:
    words = ["a b", "$HOME", "${PATH}", "it's", '"', "", "*"]
    assert called(machine, *words)[: len(words)] == [f"[{word}]" for word in words]


def test_it_runs_as_the_unit_does() -> None:
    called = (DEPLOY / "attendance.sh").read_text().partition("exec systemd-run")[2]
    said = re.findall(r"-p (\w+=\S+)", called)
    assert len(said) == 7
    for service in (DEPLOY / "attendance.service", NIGHTLY):
        assert {*said} <= {*service.read_text().splitlines()}


def of_the_unit(name: str) -> list[str]:
    commands = re.findall(rf"^{name}=(.+)$", NIGHTLY.read_text(), re.MULTILINE)
    assert commands
    return [command.replace("$$", "$").replace("%%", "%") for command in commands]


@pytest.mark.thorough
def test_each_night_there_is_one_more_and_the_old_ones_go(machine: Installed) -> None:
    filled(f"sqlite:///{machine.kept}/var/attendance.db")
    backups = machine.kept / "backups"
    backups.mkdir()
    for name, days in (
        ("attendance-long-ago.zip", 32),
        ("attendance-last-week.zip", 7),
        ("somebody-elses.zip", 99),
        (".attendance-stopped.zip.1f.part", 1),
        (".attendance-running.zip.2f.part", 0),
    ):
        (backups / name).touch()
        then = time.time() - days * DAY_SECONDS
        os.utime(backups / name, (then, then))
    commands = [of_the_unit(name) for name in ("ExecStartPre", "ExecStart", "ExecStartPost")]
    script = machine.here("\n".join(line for lines in commands for line in lines)).replace("exec ", "")
    done = subprocess.run(
        ["/bin/sh", "-eu"],
        input=script,
        cwd=machine.kept,
        env=machine.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    [made] = re.findall(r"written \S+/(attendance-20[\d-]+\.zip): ", done.stdout)
    assert {path.name for path in backups.iterdir()} == {
        made,
        "attendance-last-week.zip",
        "somebody-elses.zip",
        ".attendance-running.zip.2f.part",
    }


def test_what_they_name_are_settings() -> None:
    text = NIGHTLY.read_text() + (DEPLOY / "attendance.sh").read_text()
    named = {name.removesuffix("_FILE") for name in re.findall(r"ATTENDANCE_[A-Z_]+[A-Z]", text)}
    assert named == {f"{PREFIX}DATABASE_URL", f"{PREFIX}SECRET_KEY"}
    assert {name.removeprefix(PREFIX).lower() for name in named} <= {*Settings.__struct_fields__}


def test_nginx_leaves_a_connection_before_the_service_closes_it() -> None:
    upstream = (DEPLOY / "nginx.conf").read_text().partition("upstream ")[2].partition("}")[0]
    [seconds] = re.findall(r"^ *keepalive_timeout (\d+)s;$", upstream, re.MULTILINE)
    assert int(seconds) < Settings().receive_seconds
