"""A service of the real thing, over the demo's club, and what people ask of it all day."""

import asyncio
import itertools
import os
import random
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests import postgres
from tests.campaigns.load import Asked, Connection
from tests.preloaded import REPOSITORY, SABOTAGE
from tests.service import SECRET, Service

CLUB = "/api/v1"
PASSWORD = re.compile(r"The password of all of them: (\S+)")
MARKS = 3000
"""How many marks the club has: the lists are as long as those of a club of a hundred children."""
STATUSES = ("present", "late", "absent", "excused")
SOURCE = REPOSITORY / "src"


@contextmanager
def database(kind: str, home: Path) -> Iterator[str]:
    """The URL of an empty database of this kind, which waits for its disk as one in use does."""
    if kind == "sqlite":
        yield f"sqlite:///{home}/soak.db"
        return
    with postgres.running(postgres.DURABLE) as server:
        yield server.url()


@dataclass(frozen=True, slots=True)
class Club:
    """A running service over a filled database, and who may be asked as."""

    service: Service
    database_url: str
    password: str
    settings: Mapping[str, str]

    @property
    def pid(self) -> int:
        assert self.service.process
        return self.service.process.pid


@contextmanager
def serving(kind: str, home: Path, *, workers: int, leak: str = "", **settings: str) -> Iterator[Club]:
    """The service with so many workers over a club; `leak`: a fault of `sabotage.py` that is planted."""
    with database(kind, home) as url:
        chosen = {
            "ATTENDANCE_DATABASE_URL": url,
            "ATTENDANCE_SECRET_KEY": SECRET,
            "ATTENDANCE_MAIL_DIRECTORY": str(home / "mail"),
            **{f"ATTENDANCE_{name.upper()}": value for name, value in settings.items()},
        }
        password = _filled(home, chosen)
        environment = {**chosen, "ATTENDANCE_WORKERS": str(workers), **({SABOTAGE: leak} if leak else {})}
        service = Service(home, environment)
        service.start(backoff=120)
        try:
            yield Club(service, url, password, chosen)
        finally:
            if service.process and service.process.poll() is None:
                service.kill()


def _filled(home: Path, settings: Mapping[str, str]) -> str:
    """Fill the database; the password of the people in it."""
    filling = subprocess.run(
        [sys.executable, "-m", "attendance", "demo", "--scale", str(MARKS)],
        cwd=home,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(SOURCE), **settings},
        check=True,
        capture_output=True,
        text=True,
    )
    found = PASSWORD.search(filling.stdout)
    assert found, filling.stdout
    return found[1]


@dataclass
class Day:
    """What people ask all day, in proportion: `draw` gives one request after the other.

    `marked`: the marks that the service has acknowledged, by lesson and client, newest last.
    """

    tokens: Mapping[str, str]
    password: str
    lessons: tuple[str, ...]
    clients: Mapping[str, tuple[str, ...]]
    seed: int = 1
    notes: "itertools.count[int]" = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._kinds = [self.sheet, self.mark, self.list, self.lessons_of_days, self.page, self.roll_call]
        self._kinds += [self.statistics, self.export, self.sign_in, self.health]
        self._weights = [26, 18, 16, 10, 10, 10, 3, 1, 1, 5]

    def draw(self) -> Asked:
        return self._random.choices(self._kinds, self._weights)[0]()

    def _get(self, path: str, who: str = "demo-head", *, kind: str) -> Asked:
        return Asked("GET", path, kind=kind, headers={"authorization": f"Bearer {self.tokens[who]}"})

    def _page(self, path: str, who: str, *, kind: str) -> Asked:
        return Asked("GET", path, kind=kind, headers={"cookie": f"attendance={self.tokens[who]}"})

    def sheet(self) -> Asked:
        return self._get(f"{CLUB}/lessons/{self._random.choice(self.lessons)}/attendance", kind="sheet")

    def mark(self) -> Asked:
        lesson = self._random.choice(self.lessons)
        client = self._random.choice(self.clients[lesson])
        note = f"said {next(self.notes)}"
        entry = {"client_id": client, "status": self._random.choice(STATUSES), "note": note}
        asked = self._get(f"{CLUB}/lessons/{lesson}/attendance", kind="mark")
        return Asked(
            "PUT",
            asked.path,
            kind="mark",
            headers=asked.headers,
            body={"attendances": [entry]},
            about=(lesson, client, note),
        )

    def list(self) -> Asked:
        page = self._random.randint(1, 5)
        return self._get(f"{CLUB}/clients?page={page}&sort=name", kind="list")

    def lessons_of_days(self) -> Asked:
        first = datetime.now(UTC).date() - timedelta(days=self._random.randint(0, 60))
        query = f"from={first}&to={first + timedelta(days=6)}"
        return self._get(f"{CLUB}/lessons?{query}", kind="lessons")

    def page(self) -> Asked:
        who = self._random.choice(["demo-teacher-1", "demo-manager", "demo-parent"])
        path = "/app/children" if who == "demo-parent" else "/app/today"
        return self._page(path, who, kind="page")

    def roll_call(self) -> Asked:
        return self._page(
            f"/app/lessons/{self._random.choice(self.lessons)}", "demo-manager", kind="roll call"
        )

    def statistics(self) -> Asked:
        return self._get(f"{CLUB}/statistics", kind="statistics")

    def export(self) -> Asked:
        form = self._random.choice(["csv", "xlsx"])
        return self._get(f"{CLUB}/clients?format={form}", kind="export")

    def sign_in(self) -> Asked:
        body = {"username": "demo-teacher-2", "password": self.password}
        return Asked("POST", f"{CLUB}/auth/login", kind="sign-in", body=body)

    def health(self) -> Asked:
        return Asked("GET", "/health/ready", kind="health")


async def day_of(club: Club, *, seed: int = 1, lessons: int = 40) -> Day:
    """What is asked of a club: sign everybody in once, and look which lessons there are."""
    tokens: dict[str, str] = {}
    async with Connection(club.service.port) as connection:
        for name in ("demo-head", "demo-manager", "demo-teacher-1", "demo-parent"):
            body = {"username": name, "password": club.password}
            answer = await connection.ask(Asked("POST", f"{CLUB}/auth/login", kind="sign-in", body=body))
            tokens[name] = answer.json()["access_token"]
        head = {"authorization": f"Bearer {tokens['demo-head']}"}
        until = datetime.now(UTC).date()
        query = f"from={until - timedelta(days=60)}&to={until - timedelta(days=1)}"
        listed = await connection.ask(Asked("GET", f"{CLUB}/lessons?{query}", kind="lessons", headers=head))
        held = [it["id"] for it in listed.json()["lessons"] if it["state"] == "held"][-lessons:]
        clients: dict[str, tuple[str, ...]] = {}
        for lesson in held:
            path = f"{CLUB}/lessons/{lesson}/attendance"
            sheet = await connection.ask(Asked("GET", path, kind="sheet", headers=head))
            if entries := sheet.json()["attendances"]:
                clients[lesson] = tuple(entry["client_id"] for entry in entries)
    assert clients, "the club has no lessons"
    return Day(tokens, club.password, (*clients,), clients, seed)


def prepared(club: Club, *, seed: int = 1) -> Day:
    return asyncio.run(day_of(club, seed=seed))
