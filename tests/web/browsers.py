"""The browser that tests drive: one that is named, what `make test` unpacks, or one of the machine's."""

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

NAMED = "ATTENDANCE_TEST_BROWSER"
UNPACKED = Path(sys.prefix) / "browser"
INSTALLED = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


class NoBrowser(Exception):
    """There is none, and the tests of pages cannot do without."""


@dataclass(frozen=True)
class Browser:
    """A browser's program, and what it needs of its environment."""

    program: Path
    environment: dict[str, str] = field(default_factory=dict)


def found_browser(
    environment: Mapping[str, str] = os.environ,
    unpacked: Path = UNPACKED,
    which: Callable[[str], str | None] = shutil.which,
) -> Browser:
    """The first of those there are. Raises NoBrowser with a line that says what to do."""
    if named := environment.get(NAMED):
        if not os.access(named, os.X_OK):
            raise NoBrowser(f"{NAMED} names {named}, which is no program")
        return Browser(Path(named))
    chromium = unpacked / "chromium"
    if os.access(chromium / "chromium", os.X_OK):
        return Browser(
            chromium / "chromium",
            {"LD_LIBRARY_PATH": str(chromium / "al2023/lib"), "FONTCONFIG_PATH": str(chromium / "fonts")},
        )
    for name in INSTALLED:
        if program := which(name):
            return Browser(Path(program))
    raise NoBrowser(
        f"no browser for the tests of pages: `make test` brings one to Linux on x86-64; elsewhere "
        f"`apt install chromium`, or name one in {NAMED}"
    )
