"""Each check of `make test` is seen to fail on a violation planted in a copy of the tree."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
DIRECTORIES = ("src", "tests", "tools", "docs", "benchmarks", "requirements")
FILES = ("pyproject.toml", "README.md", "LICENSE", "Makefile", ".env.example")
MYPY_CACHE = ROOT / ".mypy_cache"
"""What `make test` has found out about files that are the same here."""
LINT_IMPORTS = "lint-imports --no-cache"
CATALOGUES = "python tools/catalogues.py --check"
SETTINGS = "python tools/settings_table.py --check"
SETTINGS_IN_CODE = "src/attendance/entrypoints/settings.py"
DOMAIN = "src/attendance/domain"
WEB = "src/attendance/adapters/web"

pytestmark = pytest.mark.plants


@dataclass
class Copy:
    """A copy of the tree, in which each command was seen to pass before anything was planted."""

    home: Path
    _passed: set[str] = field(default_factory=set)

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        program, *arguments = command.split()
        return subprocess.run(
            [BIN / program, *arguments],
            cwd=self.home,
            capture_output=True,
            text=True,
            check=False,
            env={
                "PATH": "/usr/bin:/bin",
                "PYTHONPATH": str(self.home / "src"),
                "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            },
        )

    def check_passes(self, command: str) -> None:
        if command not in self._passed:
            done = self.run(command)
            assert done.returncode == 0, done.stdout + done.stderr
            self._passed.add(command)

    @contextmanager
    def planted(self, plant: "Plant") -> Iterator[None]:
        """The tree with the violation, and as it was afterwards."""
        before = {path: path.read_text() if path.exists() else None for path in map(self._path, plant.files)}
        new = {path.parent for path, text in before.items() if text is None and not path.parent.exists()}
        try:
            for path, text in zip(before, plant.files.values(), strict=True):
                path.parent.mkdir(exist_ok=True)
                path.write_text(text if isinstance(text, str) else text(before[path] or ""))
            yield
        finally:
            for path, was in before.items():
                if was is None:
                    path.unlink()
                else:
                    path.write_text(was)
            for directory in new:
                shutil.rmtree(directory)

    def _path(self, name: str) -> Path:
        return self.home / name


@dataclass(frozen=True)
class Plant:
    """What is written where, new or made of what is there, and what the command complains of then."""

    command: str
    files: dict[str, str | Callable[[str], str]]
    complaint: str


def module(text: str) -> str:
    return f'"""Planted."""\n\n{text}'


def architecture(test: str) -> str:
    return f"pytest -q -p no:cacheprovider tests/test_architecture.py -k {test}"


PLANTS = {
    "a lint": Plant("ruff check", {f"{DOMAIN}/planted.py": module("import os\n")}, "F401"),
    "a format": Plant("ruff format --check", {f"{DOMAIN}/planted.py": module("x = { 1:2 }\n")}, "planted.py"),
    "a type": Plant("mypy", {f"{DOMAIN}/planted.py": module("def f(x):\n    return x\n")}, "no-untyped-def"),
    "an import outwards": Plant(
        LINT_IMPORTS,
        {f"{DOMAIN}/planted.py": module("from attendance.adapters import clock as clock\n")},
        "Imports point inwards BROKEN",
    ),
    "a third-party import in the core": Plant(
        LINT_IMPORTS,
        {"src/attendance/application/planted.py": module("import sqlalchemy as sqlalchemy\n")},
        "need no third-party package BROKEN",
    ),
    "an adapter that knows another": Plant(
        LINT_IMPORTS,
        {"src/attendance/adapters/http/planted.py": module("from attendance.adapters import sql as sql\n")},
        "Adapters do not know each other BROKEN",
    ),
    "a page that knows a store": Plant(
        LINT_IMPORTS,
        {"src/attendance/adapters/web/planted.py": module("from attendance.adapters import sql as sql\n")},
        "pages know the mechanism of HTTP alone BROKEN",
    ),
    "a page that knows an operation": Plant(
        LINT_IMPORTS,
        {
            "src/attendance/adapters/web/planted.py": module(
                "from attendance.adapters.http.accounts import users as users\n"
            )
        },
        "pages know the mechanism of HTTP alone BROKEN",
    ),
    "an operation that knows the pages": Plant(
        LINT_IMPORTS,
        {"src/attendance/adapters/http/planted.py": module("from attendance.adapters import web as web\n")},
        "No adapter knows the pages BROKEN",
    ),
    "an adapter that decides": Plant(
        LINT_IMPORTS,
        {
            "src/attendance/adapters/http/planted.py": module(
                "from attendance.domain.permissions import policy as policy\n"
            )
        },
        "Adapters never decide BROKEN",
    ),
    "a circle between rooms": Plant(
        LINT_IMPORTS,
        {
            f"{DOMAIN}/labs/planted.py": module("from attendance.domain.club import planted as planted\n"),
            f"{DOMAIN}/club/planted.py": module("from attendance.domain.labs import planted as planted\n"),
        },
        "No circle between rooms BROKEN",
    ),
    "a circle between the rooms of an adapter": Plant(
        LINT_IMPORTS,
        {
            "src/attendance/adapters/http/server/planted.py": module(
                "from attendance.adapters.http.club import clients as clients\n"
            )
        },
        "No circle between rooms BROKEN",
    ),
    "a missing dependency": Plant(
        "deptry src", {"src/attendance/adapters/planted.py": module("import httpx\n")}, "DEP004"
    ),
    "an unused dependency": Plant(
        "deptry src",
        {
            "pyproject.toml": lambda text: text.replace(
                "\ndependencies = [", '\ndependencies = [\n    "httpx",', 1
            )
        },
        "DEP002",
    ),
    "a wrong README": Plant(
        "pytest -q -p no:cacheprovider README.md",
        {"README.md": lambda text: text + "\n```python\n>>> 1 + 1\n3\n\n```\n"},
        "Expected",
    ),
    "a common password that nobody listed": Plant(
        "python tools/common_passwords.py --check",
        {
            "src/attendance/adapters/security/data/common_passwords.txt": lambda text: (
                text + "planted-password\n"
            )
        },
        "common_passwords",
    ),
    "a text that nobody translated": Plant(
        CATALOGUES,
        {f"{WEB}/templates/planted.html": '{{ _("Planted") }}'},
        "web de.po: not translated: Planted",
    ),
    "a translation without its number": Plant(
        CATALOGUES,
        {f"{WEB}/locales/ru.po": lambda text: text.replace("через %(number)s минут", "позже")},
        "web ru.po: other placeholders",
    ),
    "an empty translation": Plant(
        CATALOGUES,
        {f"{WEB}/locales/de.po": lambda text: text.replace('"Abmelden"', '""')},
        "web de.po: not translated: Sign out",
    ),
    "a translation of nothing": Plant(
        CATALOGUES,
        {f"{WEB}/locales/de.po": lambda text: text + '\nmsgid "Planted"\nmsgstr "Gepflanzt"\n'},
        "web de.po is not of today's texts",
    ),
    "a setting that the table does not have": Plant(
        SETTINGS,
        {
            SETTINGS_IN_CODE: lambda text: text.replace(
                '    host: str = "127.0.0.1"\n',
                '    planted: int = 1\n    """Planted."""\n    host: str = "127.0.0.1"\n',
            )
        },
        "settings.md differs",
    ),
    "a setting that nothing is said of": Plant(
        SETTINGS,
        {SETTINGS_IN_CODE: lambda text: text.replace('    """The port to listen on."""\n', "")},
        "says nothing below port",
    ),
    "an example of other settings": Plant(
        SETTINGS,
        {".env.example": lambda text: text.replace("#ATTENDANCE_PORT=8000", "#ATTENDANCE_PORT=8001")},
        ".env.example differs",
    ),
    "an import past the contracts": Plant(
        architecture("imports_only_what_its_floor_may"),
        {f"{DOMAIN}/planted.py": module("def late() -> None:\n    import msgspec as msgspec\n")},
        "planted.py",
    ),
    "a room on one floor alone": Plant(
        architecture("has_the_same_room_on_every_floor"),
        {f"{DOMAIN}/billing/__init__.py": module("")},
        "billing",
    ),
    "a level that nobody sees through": Plant(
        architecture("is_seen_at_a_glance"),
        {f"{DOMAIN}/labs/planted_{number}.py": module("") for number in range(13)},
        "domain/labs",
    ),
    "a core that asks the time": Plant(
        architecture("ask_nobody_for_the_time"),
        {f"{DOMAIN}/planted.py": module("from datetime import date\n\nDAY = date.today()\n")},
        "planted.py",
    ),
}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    home = tmp_path_factory.mktemp("copy")
    for name in DIRECTORIES:
        shutil.copytree(ROOT / name, home / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(ROOT / name, home / name)
    if MYPY_CACHE.exists():
        shutil.copytree(MYPY_CACHE, home / MYPY_CACHE.name)
    return Copy(home)


@pytest.mark.parametrize("name", PLANTS)
def test_a_check_passes_here_and_catches(name: str, copy: Copy) -> None:
    plant = PLANTS[name]
    copy.check_passes(plant.command)
    with copy.planted(plant):
        after = copy.run(plant.command)
    assert after.returncode != 0
    assert plant.complaint in after.stdout + after.stderr
