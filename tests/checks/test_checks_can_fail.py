"""Each check of `make test` is seen to fail on a violation planted in a copy of the tree."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent

pytestmark = pytest.mark.plants


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for name in ("src", "tests", "tools", "docs", "benchmarks", "requirements"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "Makefile"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def check(command: str, where: Path) -> subprocess.CompletedProcess[str]:
    program, *arguments = command.split()
    return subprocess.run(
        [BIN / program, *arguments],
        cwd=where,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(where / "src"), "PYTHONDONTWRITEBYTECODE": "1"},
    )


PLANTS = {
    "a lint": ("ruff check", "src/attendance/domain/planted.py", "import os\n", "F401"),
    "a format": ("ruff format --check", "src/attendance/domain/planted.py", "x = { 1:2 }\n", "planted.py"),
    "a type": ("mypy", "src/attendance/domain/planted.py", "def f(x):\n    return x\n", "no-untyped-def"),
    "an import outwards": (
        "lint-imports --no-cache",
        "src/attendance/domain/planted.py",
        "from attendance.adapters import clock as clock\n",
        "Imports point inwards BROKEN",
    ),
    "a third-party import in the core": (
        "lint-imports --no-cache",
        "src/attendance/application/planted.py",
        "import sqlalchemy as sqlalchemy\n",
        "need no third-party package BROKEN",
    ),
    "an adapter that knows another": (
        "lint-imports --no-cache",
        "src/attendance/adapters/http/planted.py",
        "from attendance.adapters import sql as sql\n",
        "Adapters do not know each other BROKEN",
    ),
    "an adapter that decides": (
        "lint-imports --no-cache",
        "src/attendance/adapters/http/planted.py",
        "from attendance.domain.permissions import policy as policy\n",
        "Adapters never decide BROKEN",
    ),
    "a missing dependency": ("deptry src", "src/attendance/adapters/planted.py", "import httpx\n", "DEP004"),
    "an unused dependency": ("deptry src", "pyproject.toml", "httpx", "DEP002"),
    "a wrong README": ("pytest -q README.md", "README.md", "\n```python\n>>> 1 + 1\n3\n\n```\n", "Expected"),
}


@pytest.mark.parametrize("plant", PLANTS)
def test_a_check_passes_here_and_catches(plant: str, copy: Path) -> None:
    command, path, planted, complaint = PLANTS[plant]
    before = check(command, copy)
    assert before.returncode == 0, before.stdout + before.stderr
    target = copy / path
    if path == "pyproject.toml":
        text = target.read_text()
        target.write_text(text.replace("dependencies = [", f'dependencies = [\n    "{planted}",', 1))
    elif path == "README.md":
        target.write_text(target.read_text() + planted)
    else:
        target.write_text(f'"""Planted."""\n\n{planted}')
    after = check(command, copy)
    assert after.returncode != 0
    assert complaint in after.stdout + after.stderr


def test_the_list_of_common_passwords_is_checked(copy: Path) -> None:
    command = "python tools/common_passwords.py --check"
    assert check(command, copy).returncode == 0
    path = copy / "src/attendance/adapters/security/data/common_passwords.txt"
    path.write_text(path.read_text() + "planted-password\n")
    assert check(command, copy).returncode != 0
