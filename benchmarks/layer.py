"""What HTTP adds to a use case: in process, on the memory store, no server; CPU time of all threads."""

import asyncio
import gc
import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, TypeAlias, cast

import msgspec
import uvloop
from litestar import Litestar

from attendance.adapters.clock import new_id
from attendance.application.ports import Store
from attendance.application.use_cases import UseCases
from attendance.domain.attendance.status import Status
from attendance.domain.events import ChangeContext
from attendance.domain.labs.marks import LabPlace
from attendance.entrypoints.asgi import application
from attendance.entrypoints.container import Container
from attendance.entrypoints.settings import Settings
from benchmarks.club import MEMBERS, ZONE, Club, club
from benchmarks.load import STATUSES
from benchmarks.options import Options
from benchmarks.seed import LONG_AGO, READ_ON, SECRET, WRITE_ON, World, world

REQUESTS = 400
"""In a round, of each operation."""

MARKED = 30
PLACE = "memory"

Headers: TypeAlias = list[tuple[bytes, bytes]]
Request: TypeAlias = tuple[dict[str, Any], bytes]
"""A scope and a body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An operation as a request, and what the same takes without HTTP. `number` is another each time."""

    method: str
    path: str
    token: str | None = None
    query: str = ""
    body: Callable[[int], dict[str, Any]] | None = None
    use_case: Callable[[int], object] | None = None

    def headers(self) -> Headers:
        """What a client such as a browser's page or a phone's program sends."""
        headers = [
            (b"host", b"127.0.0.1:8000"),
            (b"user-agent", b"benchmark/1.0"),
            (b"accept", b"*/*"),
            (b"accept-encoding", b"gzip, deflate"),
        ]
        if self.token:
            headers.append((b"authorization", b"Bearer " + self.token.encode()))
        return headers

    def request(self, number: int) -> Request:
        """The scope and the body, as a server would hand them over."""
        headers, raw = self.headers(), b""
        if self.body:
            raw = msgspec.json.encode(self.body(number))
            headers += [(b"content-type", b"application/json"), (b"content-length", str(len(raw)).encode())]
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": self.method,
            "scheme": "http",
            "path": self.path,
            "raw_path": self.path.encode(),
            "query_string": self.query.encode(),
            "root_path": "",
            "headers": headers,
            "client": ("127.0.0.1", 50000),
            "server": ("127.0.0.1", 8000),
            "state": {},
            "extensions": {},
        }
        return scope, raw


def measure(options: Options, home: Path) -> dict[str, Any]:  # noqa: ARG001 # nothing is kept in files
    container = Container(settings=Settings(database_url="memory", secret_key=SECRET, timezone=ZONE))
    store, use_cases = container.store(), container.use_cases()
    labs, lessons = world(), club()
    _store_labs(store, labs)
    _store_club(store, lessons)
    operations = _operations(use_cases, labs, lessons)
    return {PLACE: uvloop.run(_measured(application(container), use_cases, operations, options))}


def _store_labs(store: Store, labs: World) -> None:
    """One lab of them, with the marks of one day: memory looks through all marks for those of a day."""
    lab = labs.labs[0]
    with store.transaction() as work:
        for account in labs.accounts:
            work.accounts.add(account)
        for session in labs.sessions:
            work.sessions.add(session)
        work.labs.add(lab)
        members = [it for it in labs.members if it.lab_id == lab.id]
        for membership in members:
            work.labs.add_member(membership)
        context = ChangeContext(labs.owner.id, LONG_AGO, new_id)
        for _, mark in labs.sheet(lab, READ_ON):
            place = LabPlace(
                lab_id=lab.id,
                owner_id=labs.owner.id,
                user_id=mark.user_id,
                date=READ_ON,
                user_exists=True,
                is_member=True,
                mark=None,
            )
            marked = place.marked(mark.entry, context, by=labs.owner.id, mark_id=mark.id)
            assert marked.event
            work.lab_attendance.save(marked.mark, marked.event)


def _store_club(store: Store, lessons: Club) -> None:
    group = lessons.groups[0]
    ids = {it.client_id for it in group.members}
    with store.transaction() as work:
        for account in lessons.accounts:
            work.accounts.add(account)
        for session in lessons.sessions:
            work.sessions.add(session)
        work.locations.add(lessons.location)
        work.prices.add(lessons.price)
        for client in lessons.clients:
            if client.id in ids:
                work.clients.add(client)
        work.groups.add(group)
        work.lessons.add(lessons.lessons[0])
        for it in lessons.passes:
            if it.client_id in ids:
                work.subscriptions.add(it)


def _operations(use_cases: UseCases, labs: World, lessons: Club) -> dict[str, Asked]:
    lab, token, teachers = labs.labs[0], labs.tokens[0], lessons.tokens[0]
    owner, teacher = use_cases.actor_of(token), use_cases.actor_of(teachers)
    members = [it.user_id for it in labs.members if it.lab_id == lab.id]
    lesson, clients = lessons.lessons[0], [it.client_id for it in lessons.groups[0].members]
    path = f"/labs/{lab.id}/attendance"

    def mark(number: int) -> object:
        return use_cases.mark_lab_attendance(
            owner,
            lab_id=lab.id,
            user_id=members[number % len(members)],
            date=WRITE_ON,
            status=Status(_status(number, len(members))),
            note=f"request {number}",
        )

    def marking(number: int) -> dict[str, Any]:
        return {
            "user_id": str(members[number % len(members)]),
            "date": str(WRITE_ON),
            "status": _status(number, len(members)),
            "note": f"request {number}",
        }

    def listed(number: int) -> list[dict[str, Any]]:
        """Another status for each client than the time before."""
        first, walk = number * MARKED % MEMBERS, number * MARKED // MEMBERS
        return [
            {"client_id": client_id, "status": Status(STATUSES[(place + walk) % len(STATUSES)])}
            for place, client_id in enumerate(clients[first:][:MARKED])
        ]

    return {
        "no thread": Asked(method="GET", path="/health/live"),
        "W1": Asked(method="PUT", path=path, token=token, body=marking, use_case=mark),
        "W2": Asked(
            method="GET",
            path=path,
            query=f"date={READ_ON}",
            token=token,
            use_case=lambda _: use_cases.lab_attendance_by_date(owner, lab_id=lab.id, date=READ_ON),
        ),
        f"sheet, {MARKED} of {MEMBERS}": Asked(
            method="PUT",
            path=f"/api/v1/lessons/{lesson.id}/attendance",
            token=teachers,
            body=lambda number: {"attendances": listed(number)},
            use_case=lambda number: use_cases.mark_attendance(
                teacher, lesson_id=lesson.id, attendances=cast(Any, listed(number))
            ),
        ),
    }


def _status(number: int, members: int) -> str:
    """Another one than the member had before."""
    return STATUSES[number // members % len(STATUSES)]


async def _measured(
    app: Litestar, use_cases: UseCases, operations: dict[str, Asked], options: Options
) -> dict[str, dict[str, float]]:
    rounds: dict[str, list[dict[str, float]]] = {name: [] for name in operations}
    numbers = {name: itertools.count() for name in operations}
    async with app.lifespan():
        for number in range(options.rounds + 1):
            for name, asked in operations.items():
                taken = await _round(app, use_cases, asked, numbers[name], options)
                # the first is not counted: what is made once is made in it
                if number:
                    rounds[name].append(taken)
            options.say(f"{PLACE}: the layer {number}/{options.rounds}")
    return {
        name: {figure: median(each[figure] for each in of) for figure in of[0]} for name, of in rounds.items()
    }


async def _round(
    app: Litestar, use_cases: UseCases, asked: Asked, numbers: Iterator[int], options: Options
) -> dict[str, float]:
    """CPU in µs for each call: of the use case, of what tells who asks, of the application."""
    count = range(REQUESTS)
    numbered = [next(numbers) for _ in count]
    use_case = _cpu(lambda: [asked.use_case(number) for number in numbered]) if asked.use_case else 0.0
    actor = _cpu(lambda: [use_cases.actor_of(asked.token) for _ in count]) if asked.token else 0.0
    one_by_one = await _asked(app, [asked.request(next(numbers)) for _ in count], 1)
    together = await _asked(app, [asked.request(next(numbers)) for _ in count], options.connections)
    return {
        "use_case_us": use_case,
        "actor_us": actor,
        "one_by_one_us": one_by_one,
        "layer_one_by_one_us": one_by_one - use_case,
        "together_us": together,
        "layer_together_us": together - use_case,
    }


def _cpu(run: Callable[[], list[object]]) -> float:
    gc.collect()
    started = time.process_time()
    done = len(run())
    return (time.process_time() - started) / done * 1e6


async def _asked(app: Litestar, requests: list[Request], at_once: int) -> float:
    left, statuses = iter(requests), []

    async def ask_on() -> None:
        for scope, raw in left:
            statuses.append(await answered(app, scope, raw))

    gc.collect()
    started = time.process_time()
    await asyncio.gather(*(ask_on() for _ in range(at_once)))
    taken = time.process_time() - started
    if {*statuses} != {200}:
        raise RuntimeError(f"answered {sorted({*statuses})}")
    return taken / len(statuses) * 1e6


async def answered(app: Litestar, scope: dict[str, Any], raw: bytes) -> int:
    status = 0

    async def receive() -> Any:
        return {"type": "http.request", "body": raw, "more_body": False}

    async def send(message: Any) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]

    await app(cast(Any, scope), receive, send)
    return status
