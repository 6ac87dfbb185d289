"""The base install has what the library needs; what is missing for more is named by its extra."""

import re
import subprocess
import sys
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement

WITHOUT_EXTRAS = """
import sys
from importlib.abc import MetaPathFinder

class Missing(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {missing!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Missing())
{program}
"""
USED = """
import datetime
from attendance import OPERATOR, open_attendance
for url in ("memory", "sqlite:///attendance.db"):
    with open_attendance(url, argon2_memory_kib=8, mail_directory="mail") as attendance:
        ada = attendance.register(username="ada", email="ada@example.org", password="correct horse battery")
        token = attendance.sign_in(username="ada", password="correct horse battery").access_token
        assert attendance.actor_of(token).id == ada
        assert attendance.dispatch_mail()
        with attendance.transaction():
            attendance.add_client(OPERATOR, name="Tom")
        assert attendance.list_clients(OPERATOR).total == 1
import attendance.ports, attendance.testing
attendance.testing.FrozenClock()
print("used")
"""


def needed_by(distribution: str) -> set[str]:
    """The distribution and what its base install needs, by normal name."""
    found: set[str] = set()
    waiting = [distribution]
    while waiting:
        name = re.split(r"[^A-Za-z0-9._-]", waiting.pop(), maxsplit=1)[0].lower().replace("_", "-")
        if name not in found:
            found.add(name)
            waiting += [one for one in requires(name) or [] if applies(one)]
    return found


def applies(requirement: str) -> bool:
    marker = Requirement(requirement).marker
    return marker is None or marker.evaluate({"extra": ""})


def missing() -> list[str]:
    """Every importable package here that the base install does not bring."""
    base = needed_by("attendance")
    return sorted(
        package
        for package, distributions in packages_distributions().items()
        if package not in sys.stdlib_module_names
        and not {name.lower().replace("_", "-") for name in distributions} & base
    )


def run(program: str, home: Path) -> subprocess.CompletedProcess[str]:
    whole = WITHOUT_EXTRAS.format(missing=missing(), program=program)
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", whole], cwd=home, capture_output=True, text=True
    )


@pytest.mark.slow
def test_the_extras_are_what_is_missing() -> None:
    assert {"click", "granian", "icalendar", "litestar", "psycopg", "pytest"} <= {*missing()}
    assert not {"attendance", "sqlalchemy", "msgspec", "jinja2"} & {*missing()}


@pytest.mark.processes
def test_memory_and_sqlite_need_no_extra(tmp_path: Path) -> None:
    done = run(USED, tmp_path)
    assert done.stdout == "used\n", done.stderr


@pytest.mark.processes
@pytest.mark.parametrize(
    ("program", "extra"),
    [
        (
            "from attendance import open_attendance\nopen_attendance('postgresql://x/y').__enter__()",
            "postgres",
        ),
        ("import attendance.entrypoints.asgi", "server"),
        ("import runpy; runpy.run_module('attendance', run_name='__main__')", "server"),
        ("from attendance.testing import StoreContract", "testing"),
    ],
)
@pytest.mark.thorough
def test_what_needs_an_extra_names_it(program: str, extra: str, tmp_path: Path) -> None:
    done = run(program, tmp_path)
    assert done.returncode == 1
    assert f"pip install 'attendance[{extra}]'" in done.stderr.splitlines()[-1]
