"""Machines for a cluster on this one: network namespaces that a bridge joins, as root on Linux.

A machine's processes can be killed or stopped all at once, as a machine's are when it is; its cable can be
pulled out, and then it hears nothing and is told nothing.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

# of the networks that are kept for trying out such things (RFC 2544)
DATA_NETWORK, CONTROL_NETWORK = "198.18", "198.19"
# PostgreSQL refuses to run as root: inside, everybody's number is another
SOMEBODY = ("unshare", "--user", "--map-user=1000", "--map-group=1000", "--")
_numbers = count()


def ip(*arguments: str) -> str:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"ip {' '.join(arguments)}: {done.stderr.strip()} (root on Linux is needed)"
    return done.stdout


@dataclass
class Machine:
    """`data` is the address of its PostgreSQL, `control` that of what keeps the cluster together."""

    name: str
    data: str
    control: str
    home: Path
    _started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def cable(self) -> str:
        return f"{self.name}p"

    def run(self, arguments: Sequence[str | Path], log: str, **environment: str) -> None:
        """Start a program that stays."""
        with (self.home / log).open("ab") as opened:
            self._started.append(
                subprocess.Popen(
                    ["ip", "netns", "exec", self.name, *SOMEBODY, *arguments],
                    cwd=self.home,
                    env={"PATH": os.environ["PATH"], "HOME": str(self.home), "LC_ALL": "C", **environment},
                    stdin=subprocess.DEVNULL,
                    stdout=opened,
                    stderr=opened,
                    start_new_session=True,
                )
            )

    def pids(self) -> list[int]:
        return [int(pid) for pid in ip("netns", "pids", self.name).split()]

    def tell_all(self, what: signal.Signals) -> None:
        """A signal to every process, until none is left that has not had it."""
        told: set[int] = set()
        while fresh := {*self.pids()} - told:
            for pid in fresh:
                with suppress(ProcessLookupError):
                    os.kill(pid, what)
            told |= fresh

    def kill(self) -> None:
        self.tell_all(signal.SIGKILL)
        for process in self._started:
            process.wait()
        self._started.clear()

    def stop(self) -> None:
        self.tell_all(signal.SIGSTOP)

    def go_on(self) -> None:
        self.tell_all(signal.SIGCONT)

    def pull_the_cable(self) -> None:
        ip("link", "set", self.cable, "down")

    def plug_the_cable(self) -> None:
        ip("link", "set", self.cable, "up")

    def say_nothing_to(self, *addresses: str) -> None:
        """Whatever is sent there from here is lost."""
        for address in addresses:
            ip("netns", "exec", self.name, "ip", "route", "add", "blackhole", address)

    def speak_to(self, *addresses: str) -> None:
        """Again."""
        for address in addresses:
            ip("netns", "exec", self.name, "ip", "route", "delete", "blackhole", address)


@contextmanager
def machines(home: Path, number: int) -> Iterator[list[Machine]]:
    """So many, which reach each other and are reached from here, gone with all their processes in the end."""
    each = next(_numbers)
    mark, third = f"att{os.getpid()}x{each}", (os.getpid() + each) % 250
    bridge = f"{mark}b"
    made: list[Machine] = []
    try:
        ip("link", "add", bridge, "type", "bridge")
        for network in (DATA_NETWORK, CONTROL_NETWORK):
            ip("address", "add", f"{network}.{third}.1/24", "dev", bridge)
        ip("link", "set", bridge, "up")
        for each in range(number):
            name = f"{mark}n{each + 1}"
            data, control = (f"{network}.{third}.{each + 11}" for network in (DATA_NETWORK, CONTROL_NETWORK))
            machine = Machine(name, data, control, home / f"machine{each + 1}")
            machine.home.mkdir()
            ip("netns", "add", name)
            made.append(machine)
            inside = ("netns", "exec", name, "ip")
            ip("link", "add", machine.cable, "type", "veth", "peer", "name", "eth0", "netns", name)
            ip("link", "set", machine.cable, "master", bridge, "up")
            for address in (data, control):
                ip(*inside, "address", "add", f"{address}/24", "dev", "eth0")
            ip(*inside, "link", "set", "lo", "up")
            ip(*inside, "link", "set", "eth0", "up")
        yield made
    finally:
        for machine in made:
            machine.kill()
            with suppress(AssertionError):
                ip("link", "delete", machine.cable)
            ip("netns", "delete", machine.name)
        with suppress(AssertionError):
            ip("link", "delete", bridge)


def program(name: str) -> str:
    found = shutil.which(name)
    assert found, f"{name} is not there: `make test-cluster` installs it"
    return found
