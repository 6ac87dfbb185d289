"""Runs a part of the suite on other Pythons than that of everything else, where they are on the machine.

`python tools/pythons.py 3.12 3.13` says of each which one was found, or that none was. Each found gets an
environment of its own, with what the lock has for it. All run at once. Fails where one of them fails.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "requirements" / "suite.lock"
PART = [
    "tests/adapters",
    "tests/domain",
    "tests/entrypoints",
    "tests/library",
]
"""What a Python may do otherwise: processes, threads, signals, SQLite, dates, texts, warnings."""
LEFT_OUT = ["tests/entrypoints/test_backup_commands.py", "tests/stores/backups"]
"""These need the programs of PostgreSQL, which are a third of all there is to install."""
SAME_ON_ALL = ["tests/library/test_opening.py::test_mypy_finds_a_misspelt_setting"]
"""This asks a tool that reads the code, whatever runs it, and is not installed there."""
PYTEST = [
    *("-m", "pytest", "-q", "-p", "no:cacheprovider", "--stores", "memory,sqlite"),
    *(
        "--hypothesis-profile",
        "quick",
        "-m",
        "not long and not plants and not attacks and not thorough and not browsers",
    ),
]
LEFT = [*(f"--ignore={path}" for path in LEFT_OUT), *(f"--deselect={test}" for test in SAME_ON_ALL)]
NEEDED = "import ensurepip, sqlite3, ssl, sys, venv; print('{}.{}'.format(*sys.version_info))"


def candidates(version: str) -> Iterator[Path]:
    """Where a Python of this version may be, the usual places first."""
    name = f"python{version}"
    for directory in os.get_exec_path():
        yield Path(directory) / name
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    uv = Path(os.environ.get("UV_PYTHON_INSTALL_DIR", Path.home() / ".local/share/uv/python"))
    for home in (pyenv / "versions", uv, Path("/opt/hostedtoolcache/Python")):
        for directory in sorted(home.glob(f"*{version}.*"), reverse=True):
            yield directory / "bin" / name
            yield directory / "x64" / "bin" / name


def works(python: Path, version: str) -> bool:
    """Whether it starts, is of this version and has what the suite needs of it: a shim alone may not."""
    try:
        done = subprocess.run(  # noqa: S603
            [python, "-c", NEEDED], capture_output=True, text=True, check=False
        )
    except OSError:
        return False
    return done.returncode == 0 and done.stdout.strip() == version


def found(version: str) -> Path | None:
    return next((python for python in candidates(version) if works(python, version)), None)


def tried(python: Path) -> tuple[int, str]:
    """The status of the part of the suite on it, and what was said."""
    with tempfile.TemporaryDirectory(prefix="attendance-python-") as home:
        own = Path(home) / "venv" / "bin" / "python"
        # its own: that of an older Python, as Debian's, knows nothing of a newer one
        pip = [str(own), "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-compile"]
        steps = [
            [str(python), "-m", "venv", str(own.parents[1])],
            [*pip, "--require-hashes", "-r", str(LOCK)],
            [*pip, "--no-deps", "--no-build-isolation", "-e", str(ROOT)],
            [str(own), *PYTEST, *LEFT, *PART],
        ]
        said = ""
        for step in steps:
            done = subprocess.run(  # noqa: S603
                step, cwd=ROOT, capture_output=True, text=True, check=False
            )
            said += done.stdout
            if done.returncode:
                return done.returncode, said + done.stderr
        return 0, said.strip().splitlines()[-1]


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> None:
    pythons = {version: found(version) for version in sys.argv[1:]}
    for version, python in pythons.items():
        say(f"Python {version}: {python or 'not on this machine, so nothing is tried on it'}")
    here = {version: python for version, python in pythons.items() if python}
    with ThreadPoolExecutor(max_workers=len(here) or 1) as threads:
        results = [*threads.map(tried, here.values())]
    for version, (status, said) in zip(here, results, strict=True):
        say(f"Python {version}: {said if status == 0 else f'failed ({status}){chr(10)}{said}'}")
    sys.exit(any(status for status, _ in results))


if __name__ == "__main__":
    main()
