"""The floors and rooms of the source, what may be imported where, and what importing it costs."""

import ast
import subprocess
import sys
from collections import Counter
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
ROOMS = ("accounts", "labs", "club", "attendance", "reporting")
FLOORS = ("domain", "application", "adapters/memory", "adapters/sql", "adapters/http", "adapters/web")
OTHER_ROOMS = {
    "domain": {"permissions"},
    "application": {"ports", "forms"},
    "adapters/sql": {"engine", "schema", "tables", "migrations", "backups"},
    "adapters/http": {"server"},
    "adapters/web": {"server"},
}
"""What a floor has beside the rooms: what all of them share, or a mechanism."""
MOST_ENTRIES = 12
"""On one level, beside `__init__.py`: as many as one sees at a glance."""


def imports(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


def offences(floor: str, source: str) -> list[str]:
    def allowed(name: str) -> bool:
        package, _, rest = name.partition(".")
        if package == "attendance":
            return rest.split(".")[0] in MAY_IMPORT[floor]
        return bool(package) and (floor not in STDLIB_ONLY or package in sys.stdlib_module_names)

    return [name for name in imports(source) if not allowed(name)]


@pytest.mark.slow
def test_every_module_imports_only_what_its_floor_may() -> None:
    offending = {
        str(path.relative_to(ROOT)): found
        for path in sorted(ROOT.glob("*/**/*.py"))
        if (found := offences(path.relative_to(ROOT).parts[0], path.read_text()))
    }
    assert offending == {}


@pytest.mark.plants
@pytest.mark.parametrize(
    ("floor", "source"),
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
def test_the_check_of_imports_catches(floor: str, source: str) -> None:
    assert offences(floor, source)


def differing_rooms(root: Path) -> dict[str, set[str]]:
    """The floors that have other rooms than they must, with the names that are missing or too many."""
    differing = {}
    for floor in FLOORS:
        found = {path.parent.name for path in (root / floor).glob("*/__init__.py")}
        allowed = {*ROOMS, *OTHER_ROOMS.get(floor, ())}
        differing[floor] = found ^ allowed
    return {floor: names for floor, names in differing.items() if names}


def test_a_subject_has_the_same_room_on_every_floor() -> None:
    assert differing_rooms(ROOT) == {}


def crowded(root: Path) -> dict[str, int]:
    """The levels with more modules and packages than one may have, with how many; migrations only grow."""
    entries = Counter(
        path.parent
        for path in root.rglob("*")
        if (path.suffix == ".py" and path.name != "__init__.py") or (path / "__init__.py").exists()
    )
    return {
        str(level.relative_to(root)): n
        for level, n in entries.items()
        if n > MOST_ENTRIES and level.name != "versions"
    }


def test_a_level_is_seen_at_a_glance() -> None:
    assert crowded(ROOT) == {}


@pytest.mark.processes
def test_importing_the_library_loads_no_third_party_package() -> None:
    program = (
        "import sys; before = set(sys.modules); import attendance; "
        "tops = {name.partition('.')[0] for name in set(sys.modules) - before}; "
        "print(*sorted(tops - sys.stdlib_module_names - {'attendance'}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


FORBIDDEN = {"now", "today", "utcnow", "uuid1", "uuid4", "time", "monotonic", "getenv"}


def calls(source: str) -> set[str]:
    """What is called but neither an attribute of `self` nor an argument: those are given."""
    nodes = [*ast.walk(ast.parse(source))]
    arguments = {node.arg for node in nodes if isinstance(node, ast.arg)}
    called = [node.func for node in nodes if isinstance(node, ast.Call)]
    attributes = [func for func in called if isinstance(func, ast.Attribute)]
    names = {func.id for func in called if isinstance(func, ast.Name)}
    own = {id(func) for func in attributes if getattr(func.value, "id", "") == "self"}
    return names - arguments | {func.attr for func in attributes if id(func) not in own}


@pytest.mark.slow
def test_domain_and_application_ask_nobody_for_the_time_or_an_id() -> None:
    """Time, ids and people are arguments."""
    asking = {
        str(path.relative_to(ROOT)): found
        for floor in sorted(STDLIB_ONLY)
        for path in (ROOT / floor).rglob("*.py")
        if (found := calls(path.read_text()) & FORBIDDEN)
    }
    assert asking == {}


@pytest.mark.plants
@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("at = datetime.now(UTC)", {"now"}),
        ("def use(self, today): return date.today() or self.clock.now()", {"today", "now"}),
        ("from time import time\nat = time()", {"time"}),
        ("def use(self, today): return self.today() or today()", set()),
    ],
)
def test_the_check_of_calls_catches(source: str, found: set[str]) -> None:
    assert calls(source) & FORBIDDEN == found
