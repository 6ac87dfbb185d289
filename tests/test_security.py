"""docs/security.md names tests that are there, for items that are numbered once and in their order."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "docs/security.md"
ROW = re.compile(r"^\| (\d+)\.(\d+)\.(\d+) \| ([12]) \| ([^|]+) \| ([^|]+) \|([^|]*)\|$", re.MULTILINE)
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def missing(document: str) -> list[str]:
    """The tests that a document names and that are not there."""
    found = []
    for path, name in NAMED.findall(document):
        file = ROOT / path
        if not file.exists() or not re.search(rf"^def {name}\(", file.read_text(), re.MULTILINE):
            found.append(f"{path}::{name}")
    return found


def test_every_test_that_is_named_is_there() -> None:
    document = DOCUMENT.read_text()
    assert len(NAMED.findall(document)) > 100
    assert missing(document) == []


@pytest.mark.plants
@pytest.mark.parametrize(
    "planted", ["tests/test_security.py::test_planted", "tests/planted.py::test_planted"]
)
def test_a_test_that_is_not_there_is_seen(planted: str) -> None:
    assert missing(f"{DOCUMENT.read_text()}\n`{planted}`\n") == [planted]


def test_items_are_numbered_in_their_order() -> None:
    numbers = [tuple(map(int, row[:3])) for row in ROW.findall(DOCUMENT.read_text())]
    assert len(numbers) == len(re.findall(r"^\| \d+\.", DOCUMENT.read_text(), re.MULTILINE)) > 100
    assert numbers == sorted(set(numbers))


def test_a_yes_has_a_test_or_says_why_it_has_none() -> None:
    bare = [
        ".".join(row[:3])
        for row in ROW.findall(DOCUMENT.read_text())
        if row[5].strip() == "yes" and not NAMED.findall(row[6])
    ]
    assert bare == []
