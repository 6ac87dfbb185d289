"""PostgreSQL on three machines that elect their leader by themselves: Patroni, over etcd on three others.

The etcd that the package index has, 3.5.1, ends the lease of a new leader when it was stopped and wakes
(docs/cluster.md): it is cut off from who leads, and neither stopped nor killed itself.
"""

import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, build_opener

import psycopg
import yaml

from tests import postgres
from tests.cluster.machines import Machine, machines, program
from tests.preloaded import REPOSITORY

PATIENCE_SECONDS = 180
POLL_SECONDS = 0.2
NUMBER = 3
EXAMPLE = REPOSITORY / "deploy/patroni.yaml"
# the least that Patroni takes; a lease that runs out later makes the gap as much longer
TIMES = {"ttl": 20, "loop_wait": 2, "retry_timeout": 4}
SYNCHRONOUS: Mapping[str, bool] = {}
"""As the example has it."""
ASYNCHRONOUS = {"synchronous_mode": False, "synchronous_mode_strict": False}
_direct = build_opener(ProxyHandler({}))


@dataclass
class Cluster:
    machines: list[Machine]
    stores: list[Machine]
    """Those of etcd."""
    replication: Mapping[str, bool]
    """What of the example's settings is otherwise: `SYNCHRONOUS` or `ASYNCHRONOUS`."""
    password: str = field(default_factory=lambda: secrets.token_urlsafe(12))

    def url(self, database: str = "attendance") -> str:
        """As an operator would say it: every server by name, and that the one that writes is meant."""
        servers = ",".join(f"{machine.data}:5432" for machine in self.machines)
        who = f"postgres:{self.password}"
        return f"postgresql://{who}@{servers}/{database}?target_session_attrs=read-write"

    def start(self) -> None:
        for store in self.stores:
            self._start_store(store)
        for machine in self.machines:
            self.start_machine(machine)
        self.wait_until_whole()
        with psycopg.connect(self.url("postgres"), autocommit=True) as operator:
            operator.execute("CREATE DATABASE attendance")

    def _start_store(self, store: Machine) -> None:
        peers = ",".join(f"{each.name}=http://{each.control}:2380" for each in self.stores)
        clients, own = f"http://{store.control}:2379", f"http://{store.control}:2380"
        store.run(
            [
                *(program("etcd"), "--name", store.name, "--data-dir", store.home / "etcd"),
                *("--listen-peer-urls", own, "--initial-advertise-peer-urls", own),
                *("--listen-client-urls", clients, "--advertise-client-urls", clients),
                *("--initial-cluster", peers, "--initial-cluster-state", "new"),
                *("--heartbeat-interval", "250", "--election-timeout", "2500", "--log-level", "warn"),
            ],
            "etcd.log",
        )

    def start_machine(self, machine: Machine) -> None:
        configuration = machine.home / "patroni.yaml"
        # JSON is YAML
        configuration.write_text(json.dumps(self._configuration(machine), indent=2))
        machine.run([program("patroni"), configuration], "patroni.log")

    def members_as_seen_by(self, machine: Machine) -> list[dict[str, Any]]:
        """None where it does not answer."""
        try:
            with _direct.open(f"http://{machine.control}:8008/cluster", timeout=2) as answer:
                members: list[dict[str, Any]] = json.load(answer)["members"]
                return members
        except (OSError, ValueError, KeyError):
            return []

    def leader(self) -> Machine:
        """Once all are there and agree: one leads and the others follow it."""
        self.wait_until_whole()
        with psycopg.connect(self.url(), autocommit=True) as connection:
            (address,) = connection.execute("SELECT host(inet_server_addr())").fetchone() or ("",)
        return next(machine for machine in self.machines if machine.data == address)

    def wait_until_whole(self) -> None:
        def seen() -> list[list[dict[str, Any]]]:
            return [self.members_as_seen_by(machine) for machine in self.machines]

        def is_whole(seen: list[list[dict[str, Any]]]) -> bool:
            leaders = {it["name"] for members in seen for it in members if it["role"] == "leader"}
            return len(leaders) == 1 and all(map(self._is_whole, seen))

        until(seen, is_whole, lambda: self.logs)

    def successor(self) -> str | None:
        """The name of the replica that commits wait for and that may lead next; None where there is none."""
        members = self.members_as_seen_by(self.machines[0])
        return next((member["name"] for member in members if member["role"] == "sync_standby"), None)

    def wait_for_another_leader(self, than: Machine) -> str:
        """As each of the others sees it; its name."""
        others = [machine for machine in self.machines if machine is not than]

        def seen() -> list[set[str]]:
            return [
                {it["name"] for it in self.members_as_seen_by(machine) if it["role"] == "leader"}
                for machine in others
            ]

        def is_agreed(seen: list[set[str]]) -> bool:
            return len(set.union(*seen)) == 1 and all(seen) and than.name not in seen[0]

        (leader,) = until(seen, is_agreed, lambda: self.logs)[0]
        return str(leader)

    def _is_whole(self, members: Sequence[dict[str, Any]]) -> bool:
        roles = sorted(member["role"] for member in members)
        follower = "replica" if self.replication else "sync_standby"
        return (
            roles == sorted(["leader", "replica", follower])
            and all(member["state"] in ("running", "streaming") for member in members)
            and len({member.get("timeline") for member in members}) == 1
        )

    @property
    def logs(self) -> str:
        return "\n".join(
            f"== {log}\n{log.read_text(errors='replace')[-3000:]}"
            for machine in [*self.machines, *self.stores]
            for log in sorted(machine.home.glob("*.log"))
        )

    def _configuration(self, machine: Machine) -> Mapping[str, Any]:
        example = yaml.safe_load(EXAMPLE.read_text())["bootstrap"]
        superuser = {"username": "postgres", "password": self.password}
        return {
            "scope": "attendance",
            "name": machine.name,
            "restapi": {"listen": f"{machine.control}:8008", "connect_address": f"{machine.control}:8008"},
            "etcd3": {"hosts": [f"{each.control}:2379" for each in self.stores]},
            "watchdog": {"mode": "off"},
            "bootstrap": example | {"dcs": example["dcs"] | TIMES | self.replication},
            "postgresql": {
                "bin_dir": str(postgres.binaries()),
                "data_dir": str(machine.home / "data"),
                "listen": f"{machine.data}:5432",
                "connect_address": f"{machine.data}:5432",
                "pgpass": str(machine.home / "pgpass"),
                "authentication": {
                    "superuser": superuser,
                    "replication": {"username": "replicator", "password": self.password},
                },
                "pg_hba": [
                    "local all all trust",
                    "host replication replicator 0.0.0.0/0 scram-sha-256",
                    "host all all 0.0.0.0/0 scram-sha-256",
                ],
                "parameters": {"unix_socket_directories": str(machine.home), "shared_buffers": "32MB"},
            },
        }


def until(look: Callable[[], Any], is_so: Callable[[Any], bool], why: Callable[[], str]) -> Any:
    """What is seen once it is so; an AssertionError where it takes too long."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so(seen := look()):
        assert time.monotonic() < deadline, f"not so in {PATIENCE_SECONDS} s: {seen}\n{why()}"
        time.sleep(POLL_SECONDS)
    return seen


@contextmanager
def running(home: Path, replication: Mapping[str, bool]) -> Iterator[Cluster]:
    with machines(home, 2 * NUMBER) as found:
        cluster = Cluster(found[:NUMBER], found[NUMBER:], replication)
        cluster.start()
        yield cluster
