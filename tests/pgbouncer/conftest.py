"""PostgreSQL behind PgBouncer of the system, run as the example in deploy/ says, in transaction mode."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
from sqlalchemy import make_url

from tests import postgres as server
from tests.databases import Databases, KeptDatabase, PostgresDatabases
from tests.deploy.proxies import DEPLOY, changed
from tests.http.conftest import api, application

__all__ = ["api", "application"]

PORT = "6432"
LONGEST_START_SECONDS = 20
NO_LIMITS = "no_limits"
"""A database of PgBouncer's whose server connections have no limits."""


def program() -> str:
    found = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    assert found, "apt install pgbouncer"
    return found


@dataclass(frozen=True)
class Pooler(Databases):
    """Databases behind PgBouncer, which waits at a socket in `home`; they are made and emptied past it."""

    home: Path
    direct: PostgresDatabases

    def through(self, url: str, *, pooling: str | None = "transaction", **changes: Any) -> str:
        parsed = make_url(url).update_query_dict({"host": str(self.home), "port": PORT}).set(**changes)
        parsed = parsed.difference_update_query(["pooling"])
        if pooling is not None:
            parsed = parsed.update_query_dict({"pooling": pooling})
        return parsed.render_as_string(hide_password=False)

    def empty(self) -> str:
        return self.through(self.direct.empty())

    def fresh(self) -> str:
        return self.through(self.direct.fresh())

    def resets(self, url: str) -> AbstractContextManager[Callable[[], None]]:
        return self.direct.resets(self.past(url))

    def past(self, url: str) -> str:
        return make_url(self.direct.url).set(database=make_url(url).database).render_as_string()


@contextmanager
def pooling(running: server.Server, **changes: str) -> Iterator[Path]:
    """PgBouncer in front of a server; each of `changes` is replaced in the example."""
    home = Path(tempfile.mkdtemp(prefix="attendance-pgbouncer-"))
    here = {
        "attendance = host=127.0.0.1 port=5432 dbname=attendance": (
            f"{NO_LIMITS} = host={running.home} dbname=postgres\n* = host={running.home}"
        ),
        "listen_addr = 127.0.0.1": "",
        "unix_socket_dir = /run/postgresql": f"unix_socket_dir = {home}",
        "auth_type = scram-sha-256": "auth_type = trust",
        "/etc/pgbouncer/userlist.txt": f"{home}/userlist.txt",
        "/var/log/postgresql/pgbouncer.log": f"{home}/log",
        "/run/postgresql/pgbouncer.pid": f"{home}/pid",
    }
    example = (DEPLOY / "pgbouncer.ini").read_text()
    (home / "pgbouncer.ini").write_text(changed(example, here | changes))
    (home / "userlist.txt").write_text('"postgres" ""\n')
    nobody: dict[str, Any] = {}
    if os.geteuid() == 0:
        # it refuses to run as root
        entry = pwd.getpwnam("nobody")
        nobody = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        for path in (home, *home.iterdir()):
            os.chown(path, entry.pw_uid, entry.pw_gid)
    with subprocess.Popen([program(), "-q", home / "pgbouncer.ini"], **nobody) as process:
        try:
            given_up = monotonic() + LONGEST_START_SECONDS
            while not (home / f".s.PGSQL.{PORT}").exists():
                assert process.poll() is None, (home / "log").read_text()
                assert monotonic() < given_up, (home / "log").read_text()
                sleep(0.05)
            yield home
        finally:
            process.terminate()
    shutil.rmtree(home)


@pytest.fixture(scope="session")
def pooler() -> Iterator[Pooler]:
    with server.running() as running, pooling(running) as home:
        yield Pooler(home, PostgresDatabases(running.url()))


@pytest.fixture(scope="session")
def kept_databases(pooler: Pooler) -> Iterator[Callable[[str], KeptDatabase]]:
    """In place of the suite's: there is one kind here."""
    kept = KeptDatabase(pooler)
    yield lambda _: kept
    kept.close()


@pytest.fixture
def store_url(kept_databases: Callable[[str], KeptDatabase]) -> str:
    return kept_databases("postgresql").reset().url
