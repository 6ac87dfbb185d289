"""Other Pythons are found where they work, and a shim that starts none is not taken for one."""

import os
from pathlib import Path

import pytest
from tools.pythons import found, works

VERSION = "9.9"


def python(directory: Path, script: str) -> Path:
    directory.mkdir(parents=True)
    path = directory / f"python{VERSION}"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where it is looked for: nowhere of this machine's."""
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path / "shims"), "/nowhere"]))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.setenv("UV_PYTHON_INSTALL_DIR", str(tmp_path / "uv"))
    return tmp_path


@pytest.mark.parametrize("script", ["exit 127", "echo 9.8", "exit 0", "echo 9.9; exit 1"])
def test_what_does_not_start_or_is_another_version_is_none(places: Path, script: str) -> None:
    assert not works(python(places / "shims", script), VERSION)
    assert found(VERSION) is None


def test_one_that_works_is_found_behind_a_shim_that_does_not(places: Path) -> None:
    python(places / "shims", "exit 127")
    behind = python(places / "pyenv/versions/9.9.4/bin", "echo 9.9")
    assert found(VERSION) == behind


def test_the_first_on_the_path_is_taken(places: Path) -> None:
    first = python(places / "shims", "echo 9.9")
    python(places / "uv/cpython-9.9.1-linux/bin", "echo 9.9")
    assert found(VERSION) == first
