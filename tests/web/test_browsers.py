"""Which browser the tests of pages drive."""

from pathlib import Path

import pytest

from tests.web.browsers import INSTALLED, NAMED, Browser, NoBrowser, found_browser


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o755)
    return path


def nowhere(_: str) -> None:
    return None


def test_the_one_that_is_named_comes_before_all_others(tmp_path: Path) -> None:
    named = program(tmp_path / "mine")
    program(tmp_path / "browser/chromium/chromium")
    found = found_browser({NAMED: str(named)}, tmp_path / "browser", lambda name: f"/usr/bin/{name}")
    assert found == Browser(named)


def test_a_named_one_that_is_not_there_is_told_and_no_other_taken(tmp_path: Path) -> None:
    program(tmp_path / "browser/chromium/chromium")
    with pytest.raises(NoBrowser, match="no program"):
        found_browser({NAMED: str(tmp_path / "mine")}, tmp_path / "browser", nowhere)


def test_the_unpacked_one_has_its_libraries_and_fonts_with_it(tmp_path: Path) -> None:
    unpacked = program(tmp_path / "chromium/chromium")
    found = found_browser({}, tmp_path, lambda name: f"/usr/bin/{name}")
    assert found.program == unpacked
    assert {*found.environment} == {"LD_LIBRARY_PATH", "FONTCONFIG_PATH"}
    assert all(value.startswith(str(tmp_path)) for value in found.environment.values())


@pytest.mark.parametrize("name", INSTALLED)
def test_without_either_one_of_the_machine_is_taken(tmp_path: Path, name: str) -> None:
    found = found_browser({}, tmp_path, lambda asked: f"/usr/bin/{name}" if asked == name else None)
    assert found == Browser(Path(f"/usr/bin/{name}"))


def test_without_any_there_is_one_line_that_names_the_package(tmp_path: Path) -> None:
    with pytest.raises(NoBrowser) as none:
        found_browser({}, tmp_path, nowhere)
    assert "apt install chromium" in str(none.value)
    assert NAMED in str(none.value)
    assert "\n" not in str(none.value)
