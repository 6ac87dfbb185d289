"""Where several processes count together, so that each of them can show what all have counted.

The directory holds files that are mapped into memory, some for each worker. A worker that dies leaves its
files to the next that starts, which counts on: no count is lost or falls, and there are never more files
than there were workers at a time. prometheus-client by itself names files by process ids, and keeps those
of the dead for ever.
"""

import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

if sys.platform != "win32":
    import fcntl

log = logging.getLogger(__name__)

DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
"""The variable by which prometheus-client knows the directory; where another server runs us, its own."""

MOST_PROCESSES = 1024
IN_MEMORY = Path("/dev/shm")  # noqa: S108 # what is made there is its owner's alone


@contextmanager
def counting_together(name: str) -> Iterator[None]:
    """A block whose child processes count together. `name`: of what runs once at a time on this machine.

    In memory where there is such a place: a file on a disk that is full ends whoever has it mapped.
    """
    if os.environ.get(DIRECTORY):
        directory = Path(os.environ[DIRECTORY])
        directory.mkdir(parents=True, exist_ok=True)
        _empty(directory)
        yield
        return
    try:
        directory = _made(name)
    except OSError as error:
        log.warning("metrics are those of the worker that is asked alone: %s", error)
        yield
        return
    os.environ[DIRECTORY] = str(directory)
    try:
        yield
    finally:
        del os.environ[DIRECTORY]
        shutil.rmtree(directory, ignore_errors=True)


def _made(name: str) -> Path:
    """An empty directory of our own; what one that was killed has left there is gone."""
    root = IN_MEMORY if os.access(IN_MEMORY, os.W_OK) else Path(tempfile.gettempdir())
    owner = os.getuid() if hasattr(os, "getuid") else 0
    directory = root / f"attendance-metrics-{owner}-{name}"
    with suppress(OSError):
        if directory.lstat().st_uid == owner and not directory.is_symlink():
            shutil.rmtree(directory)
    try:
        directory.mkdir(mode=0o700)
    except FileExistsError:
        # somebody else's
        return Path(tempfile.mkdtemp(prefix="attendance-"))
    return directory


def _empty(directory: Path) -> None:
    for path in directory.glob("*.db"):
        path.unlink(missing_ok=True)


@cache
def own_number(directory: Path) -> int:
    """A number that no other living process has, as small as possible; this one's as long as it lives."""
    if sys.platform == "win32":
        return os.getpid()
    for number in range(MOST_PROCESSES):
        descriptor = os.open(_lock_of(directory, number), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
        else:
            # never closed: the system gives the lock back when this process ends, whatever it ends of
            return number
    raise RuntimeError(f"more than {MOST_PROCESSES} processes count in {directory}")


def is_alive(directory: Path, number: int) -> bool:
    """Whether the process of this number lives."""
    if sys.platform == "win32":
        return True
    try:
        descriptor = os.open(_lock_of(directory, number), os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        # whoever claims the number in this very moment takes the next: no harm is done
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def files_in(directory: Path) -> list[str]:
    """The files to show: all that was counted, and of what waits now only that of processes that live."""
    shown = []
    for path in sorted(directory.glob("*.db")):
        kind, _, number = path.stem.rpartition("_")
        is_of_living = kind.startswith("gauge_live")
        if not is_of_living or is_alive(directory, int(number)):
            shown.append(str(path))
    return shown


def _lock_of(directory: Path, number: int) -> Path:
    return directory / f"{number}.lock"
