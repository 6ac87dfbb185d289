"""The real service: `attendance serve` in a process of its own, on a free port."""

import os
import signal
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from tests.preloaded import Forked, loaded

# cheap, so that tests of something else than hashing do not wait for it
CHEAP_HASHING = {
    "ATTENDANCE_ARGON2_TIME_COST": "1",
    "ATTENDANCE_ARGON2_MEMORY_KIB": "8",
    "ATTENDANCE_ARGON2_PARALLELISM": "1",
}
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For a client of a service: to read whom the machine trusts takes longer than a request."""
SECRET = "a secret of more than 32 bytes that only the tests know"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Service:
    """`settings` are environment variables beside PATH; `home` is where it is started and keeps its log."""

    home: Path
    settings: dict[str, str]
    port: int = field(default_factory=free_port)
    process: Forked | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return (self.home / "service.log").read_text()

    def start(self, *, backoff: float = 20) -> None:
        environment = {"PATH": os.environ["PATH"], "ATTENDANCE_PORT": str(self.port), **self.settings}
        log = self.home / "service.log"
        start = loaded().start
        self.process = start("attendance", "serve", home=self.home, settings=environment, log=log)
        deadline = time.monotonic() + backoff
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.log
            if self._is_live():
                return
            time.sleep(0.01)
        raise AssertionError(f"not started in {backoff} s:\n{self.log}")

    def _is_live(self) -> bool:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/health/live")
            connection.getresponse()
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()
        return True

    def stop(self) -> int:
        """SIGTERM; the exit status."""
        assert self.process
        self.process.terminate()
        return self.process.wait(timeout=20)

    def kill(self) -> None:
        """SIGKILL to every process of the service at once."""
        assert self.process
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=20)


@contextmanager
def serving(home: Path, database_url: str, **settings: str) -> Iterator[Service]:
    """A service over a database; further settings by their names without prefix, in lower case."""
    chosen = {f"ATTENDANCE_{name.upper()}": value for name, value in settings.items()}
    service = Service(
        home,
        {
            "ATTENDANCE_DATABASE_URL": database_url,
            "ATTENDANCE_SECRET_KEY": SECRET,
            **CHEAP_HASHING,
            **chosen,
        },
    )
    service.start()
    try:
        yield service
    finally:
        if service.process and service.process.poll() is None:
            service.kill()
