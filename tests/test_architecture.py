"""Imports point inwards, the core needs nothing but the standard library, and importing it is cheap."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import attendance

ROOT = Path(attendance.__file__).parent
MAY_IMPORT = {
    "domain": {"domain"},
    "application": {"domain", "application"},
    "adapters": {"domain", "application", "adapters"},
    "entrypoints": {"domain", "application", "adapters", "entrypoints"},
    "testing": {"domain", "application", "adapters", "testing"},
}
STDLIB_ONLY = {"domain", "application"}
LONGEST_MODULE = 250


def imports(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


def offences(room: str, source: str) -> list[str]:
    def allowed(name: str) -> bool:
        package, _, rest = name.partition(".")
        if package == "attendance":
            return rest.split(".")[0] in MAY_IMPORT[room]
        return bool(package) and (room not in STDLIB_ONLY or package in sys.stdlib_module_names)

    return [name for name in imports(source) if not allowed(name)]


def modules() -> list[Path]:
    return sorted(ROOT.glob("*/**/*.py"))


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_what_its_room_may(path: Path) -> None:
    assert offences(path.relative_to(ROOT).parts[0], path.read_text()) == []


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("domain", "import attendance.application.ports"),
        ("domain", "from sqlalchemy import select"),
        ("domain", "import msgspec"),
        ("application", "def late():\n    from attendance.adapters import sql"),
        ("application", "import litestar"),
        ("adapters", "from attendance.entrypoints import container"),
        ("domain", "from ..application import ports"),
    ],
)
def test_the_check_of_imports_catches(room: str, source: str) -> None:
    assert offences(room, source)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_can_be_read_in_one_sitting(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LONGEST_MODULE


def test_a_capability_has_the_same_name_in_every_room() -> None:
    rooms = [ROOT / "application", ROOT / "adapters/memory", ROOT / "adapters/sql", ROOT / "adapters/http"]
    capabilities = (
        *("accounts", "sessions", "role_changes", "favorites", "events", "labs", "lab_attendance"),
        *("clients", "contracts", "prices", "locations", "calendars"),
    )
    for capability in capabilities:
        assert [room.name for room in rooms if not (room / f"{capability}.py").exists()] == []


def test_importing_the_library_loads_no_third_party_package() -> None:
    program = (
        "import sys; before = set(sys.modules); import attendance; "
        "tops = {name.partition('.')[0] for name in set(sys.modules) - before}; "
        "print(*sorted(tops - sys.stdlib_module_names - {'attendance'}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_domain_and_application_ask_nobody_for_the_time_or_an_id() -> None:
    """Time, ids and people are arguments."""
    forbidden = {"now", "today", "utcnow", "uuid1", "uuid4", "time", "monotonic", "getenv"}

    def calls(source: str) -> set[str]:
        """What is called but neither an attribute of `self` nor an argument: those are given."""
        nodes = [*ast.walk(ast.parse(source))]
        arguments = {node.arg for node in nodes if isinstance(node, ast.arg)}
        called = [node.func for node in nodes if isinstance(node, ast.Call)]
        attributes = [func for func in called if isinstance(func, ast.Attribute)]
        names = {func.id for func in called if isinstance(func, ast.Name)}
        own = {id(func) for func in attributes if getattr(func.value, "id", "") == "self"}
        return names - arguments | {func.attr for func in attributes if id(func) not in own}

    for room in STDLIB_ONLY:
        for path in (ROOT / room).rglob("*.py"):
            assert calls(path.read_text()) & forbidden == set(), path
    assert calls("at = datetime.now(UTC)") & forbidden == {"now"}
    assert calls("def use(self, today): return date.today() or self.clock.now()") & forbidden == {
        "today",
        "now",
    }
    assert calls("from time import time\nat = time()") & forbidden == {"time"}
    assert calls("def use(self, today): return self.today() or today()") & forbidden == set()
