"""A Dockerfile read and carried out without an engine: in a root of its own, over the system that is here.

What stands for the base image is this machine's system with this Python in /usr/local; each stage sees what
its own steps write, and nothing of that is left on the machine. It needs Linux and root.
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

KNOWN = frozenset(
    {"CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "RUN", "STOPSIGNAL", "USER"}
    | {"VOLUME", "WORKDIR"}
)
IMAGE_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# so that pip and apt find here what they find everywhere
HANDED_ON = ("PIP_", "http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "SSL_CERT_FILE")
ENTER = """\
set -e
mount -t tmpfs none {stage}
mkdir {stage}/upper {stage}/work {stage}/image
mount -t overlay overlay -o lowerdir=/,upperdir={stage}/upper,workdir={stage}/work {stage}/image
mount --bind {python} {stage}/image/usr/local
mount -t proc proc {stage}/image/proc
mount --rbind /dev {stage}/image/dev
"""


@dataclass(frozen=True)
class Instruction:
    name: str
    text: str

    @property
    def words(self) -> list[str]:
        """The words of a list in JSON, or of a line."""
        return json.loads(self.text) if self.text.startswith("[") else shlex.split(self.text)


def instructions(path: Path) -> Iterator[Instruction]:
    """In their order. Raises ValueError for one that this does not know."""
    lines = [line for line in path.read_text().splitlines() if not line.lstrip().startswith("#")]
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        if not line.strip():
            continue
        name, _, text = line.strip().partition(" ")
        if name not in KNOWN:
            raise ValueError(f"{path}: {name}")
        yield Instruction(name, " ".join(text.split()) if name == "RUN" else text.strip())


@dataclass
class Image:
    """What a Dockerfile makes: a program, run in its last stage as the engine would run it.

    `ignored` leaves out of the context what .dockerignore leaves out.
    """

    home: Path
    context: Path
    workdir: str = "/"
    user: str = "0"
    environment: dict[str, str] = field(default_factory=dict)
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)
    volumes: list[str] = field(default_factory=list)
    copied: list[str] = field(default_factory=list)
    """What is taken from the context."""

    _script: list[str] = field(default_factory=list)
    _stages: list[str] = field(default_factory=list)

    def build(self, dockerfile: Path) -> "Image":
        """The script of all its stages."""
        for each in instructions(dockerfile):
            getattr(self, f"_{each.name.lower()}")(each)
        return self

    def script(self, program: str) -> str:
        """What builds every stage, then does `program` in a shell, with `$ROOT` as the root of the last."""
        return "\n".join(["set -e", *self._script, f"ROOT={self._root}", program])

    def inside(self, words: list[str], *, user: str | None = None) -> str:
        """The line that runs words in the last stage as its user."""
        settings = [f"{name}={value}" for name, value in self._all().items()]
        as_user = [
            "setpriv",
            f"--reuid={user or self.user}",
            f"--regid={user or self.user}",
            "--clear-groups",
            "--no-new-privs",
        ]
        go = ["sh", "-c", f'cd {shlex.quote(self.workdir)} && exec "$0" "$@"', *words]
        return shlex.join(["chroot", self._root, "env", "-i", *settings, *as_user, *go])

    @property
    def _root(self) -> str:
        return f"{self.home}/{self._stages[-1]}/image"

    def _all(self) -> dict[str, str]:
        handed_on = {name: value for name, value in os.environ.items() if name.startswith(HANDED_ON)}
        base = {"PATH": IMAGE_PATH, "HOME": "/root", "LD_LIBRARY_PATH": "/usr/local/lib"}
        return {**base, **handed_on, **self.environment}

    def _from(self, each: Instruction) -> None:
        image, *alias = each.text.split(" AS ")
        assert image.startswith("python:"), image
        self.workdir, self.user, self.environment, self.copied = "/", "0", {}, [*self.copied]
        self._stages.append(alias[0] if alias else "last")
        stage = self.home / self._stages[-1]
        stage.mkdir()
        self._script.append(ENTER.format(stage=stage, python=sys.base_prefix))

    def _run(self, each: Instruction) -> None:
        self._script.append(f"echo {shlex.quote(f'RUN {each.text}')}")
        self._script.append(self.inside(["sh", "-ec", each.text], user=self.user))

    def _copy(self, each: Instruction) -> None:
        *sources, target = each.words
        if sources[0].startswith("--from="):
            start = f"{self.home}/{sources.pop(0).removeprefix('--from=')}/image"
        else:
            start = str(self.context)
            self.copied += sources
        whole = os.path.normpath(f"{self._root}/{Path(self.workdir) / target}")
        for source in sources:
            origin = os.path.normpath(f"{start}/{source}")
            # a directory's content goes into the target, a file below it where it is one
            into = f"{whole}/{Path(source).name}" if target.endswith("/") else whole
            copies = f"mkdir -p {whole}; cp -a {origin}/. {whole}/"
            self._script.append(
                f"mkdir -p $(dirname {into}); if [ -d {origin} ]; then {copies}; else cp {origin} {into}; fi"
            )

    def _env(self, each: Instruction) -> None:
        for pair in each.words:
            name, _, value = pair.partition("=")
            self.environment[name] = value.replace("$PATH", IMAGE_PATH)

    def _workdir(self, each: Instruction) -> None:
        self.workdir = each.text
        self._script.append(f"mkdir -p {self._root}{each.text}")

    def _user(self, each: Instruction) -> None:
        self.user = each.text

    def _volume(self, each: Instruction) -> None:
        self.volumes += each.words

    def _entrypoint(self, each: Instruction) -> None:
        self.entrypoint = each.words

    def _cmd(self, each: Instruction) -> None:
        self.command = each.words

    def _healthcheck(self, each: Instruction) -> None:
        self.health = json.loads(each.text.partition("CMD ")[2])

    def _expose(self, each: Instruction) -> None:
        assert each.text.isdecimal()

    def _stopsignal(self, each: Instruction) -> None:
        assert each.text == "SIGTERM"


def context_of(repository: Path, home: Path) -> Path:
    """What an engine would be sent: the files that .dockerignore lets through."""
    context = home / "context"
    let_through = [
        line.removeprefix("!")
        for line in (repository / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    ]
    for name in let_through:
        source, target = repository / name, context / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    return context


def in_own_mounts(script: str, home: Path) -> subprocess.CompletedProcess[str]:
    """Run a script whose mounts and processes are gone with it."""
    return subprocess.run(
        ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", script],
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )
