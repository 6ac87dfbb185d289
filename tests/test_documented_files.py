"""What the documents say where to look is there to be opened."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = ("docs/architecture.md", "CONTRIBUTING.md")
NAMED = re.compile(r"`([\w./-]+?(?:\.(?:css|html|jinja|js|lock|md|po|py|toml)|/))`")
NOT_THERE_YET = {"adapters/sql/migrations/versions/0017_nicknames.py"}
"""Those of a worked example."""
PATHS = [f"/{path.relative_to(ROOT)}" for top in ("src", "tests") for path in (ROOT / top).rglob("*")]


def missing(text: str) -> list[str]:
    """The files and directories that a document names and that are not there, from the root or further in."""

    def is_there(path: str) -> bool:
        return (ROOT / path).exists() or any(it.endswith(f"/{path.rstrip('/')}") for it in PATHS)

    return sorted(path for path in {*NAMED.findall(text)} - NOT_THERE_YET if not is_there(path))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_file_that_a_document_names_is_there(document: str) -> None:
    text = (ROOT / document).read_text()
    assert len(set(NAMED.findall(text))) > 9
    assert missing(text) == []


@pytest.mark.plants
@pytest.mark.parametrize(
    "path", ["adapters/http/server/middleware.py", "adapters/nowhere/", "of_long_ago.py", "nowhere/"]
)
def test_a_file_that_is_not_there_is_found(path: str) -> None:
    assert missing(f"`README.md`, `adapters/http/server/` and `{path}`") == [path]
