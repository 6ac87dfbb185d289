"""Processes that begin with everything loaded: forked from one that has loaded it, as the command would.

To load it is most of what a start takes, and the suite starts many. A process with a protection taken out
takes it out when it is forked, before it does anything: what is taken out is looked up when it is called.
"""

import gc
import json
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

REPOSITORY = Path(__file__).parents[1]
SABOTAGE = "ATTENDANCE_TEST_SABOTAGE"
"""Names the protections that a process takes out before it does anything else."""
POLL_SECONDS = 0.005


@cache
def loaded() -> "Loaded":
    """The one process that all of this one's are forked from. It ends with this one."""
    return Loaded()


class Loaded:
    """A process that has loaded the service and forks when it is told to."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.preloaded"],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(
        self,
        module: str,
        *arguments: str,
        home: Path,
        settings: dict[str, str],
        log: Path | None = None,
        out: Path | None = None,
    ) -> "Forked":
        """`python -m module arguments`, with this environment alone; output goes into the log, or is kept.

        `out` is a pipe with a name, where somebody reads what is printed.
        """
        out, err = (log, log) if log else (out or _empty_file(), _empty_file())
        pid = self.tell(
            {
                "module": module,
                "arguments": arguments,
                "home": str(home),
                "environment": settings,
                "out": str(out),
                "err": str(err),
            }
        )
        return Forked(pid, self, out, err)

    def tell(self, order: Any) -> Any:
        with self._lock:
            assert self._process.stdin
            assert self._process.stdout
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline())


@dataclass
class Forked:
    """What of `subprocess.Popen` the suite uses."""

    pid: int
    parent: Loaded = field(repr=False)
    out: Path
    err: Path
    returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None:
            self.returncode = self.parent.tell(self.pid)
        return self.returncode

    def wait(self, timeout: float) -> int:
        deadline = time.monotonic() + timeout
        while (status := self.poll()) is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(str(self.pid), timeout)
            time.sleep(POLL_SECONDS)
        return status

    def communicate(self, timeout: float = 60) -> tuple[str, str]:
        self.wait(timeout)
        return self.out.read_text(), self.err.read_text()

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def send_signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)


def _empty_file() -> Path:
    descriptor, name = tempfile.mkstemp(prefix="attendance-process-")
    os.close(descriptor)
    return Path(name)


def _status_of(child: int) -> int | None:
    pid, status = os.waitpid(child, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if pid else None


def _become(order: dict[str, Any]) -> None:
    os.setsid()
    os.chdir(order["home"])
    os.environ.clear()
    os.environ.update(order["environment"])
    for descriptor, path, flags in (
        (0, os.devnull, os.O_RDONLY),
        (1, order["out"], os.O_WRONLY | os.O_APPEND | os.O_CREAT),
        (2, order["err"], os.O_WRONLY | os.O_APPEND | os.O_CREAT),
    ):
        os.dup2(os.open(path, flags), descriptor)
    if SABOTAGE in order["environment"]:
        from tests.faults.saboteur import take_out

        take_out(order["environment"][SABOTAGE].split(","))
    sys.argv = ["", *order["arguments"]]
    runpy.run_module(order["module"], run_name="__main__", alter_sys=True)
    sys.exit(0)


def _obey() -> None:
    """One order a line: to fork, which is answered by the process, or to say how that one ended."""
    import granian

    import attendance.adapters.sql.schema.migrating
    import attendance.adapters.sql.schema.version
    import attendance.entrypoints.asgi
    import attendance.entrypoints.cli  # noqa: F401
    import tests.faults.saboteur  # noqa: F401

    assert granian
    gc.freeze()
    for line in sys.stdin:
        order = json.loads(line)
        if isinstance(order, int):
            answer: int | None = _status_of(order)
        elif not (answer := os.fork()):
            _become(order)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _obey()
