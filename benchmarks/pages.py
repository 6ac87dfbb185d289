"""What a page costs beside the JSON of the same data: in process, over HTTP without a server, on SQLite."""

import gc
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any, cast
from urllib.parse import urlencode

import uvloop
from litestar import Litestar

from attendance.adapters.http.server.wire import API
from attendance.application.reporting.events import lesson_of
from attendance.application.use_cases import UseCases
from attendance.domain.ids import LessonId
from attendance.domain.permissions.actor import Actor
from attendance.entrypoints.asgi import application
from attendance.entrypoints.container import Container
from attendance.entrypoints.demo.club import Demo, Size
from attendance.entrypoints.serving.process import settle
from attendance.entrypoints.settings import Settings
from benchmarks.club import ZONE
from benchmarks.options import Options
from benchmarks.places import SQLITE, place
from benchmarks.seed import SECRET

SIZE = Size(groups=12, clients=400, members=33)
PASSWORD = "a password of the benchmarks alone"
SECONDS = 0.25
"""How long a round of one page, or of its JSON, computes at least."""
TIMES = 5
"""How often each is asked for in a round at least."""
YEAR = timedelta(days=364)
WARM_UPS = 3

HEADERS = [
    (b"host", b"127.0.0.1:8000"),
    (b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0"),
    (b"accept-language", b"de-DE,de;q=0.9,en;q=0.8"),
]
COMPRESSED = (b"accept-encoding", b"gzip, deflate, br, zstd")
BY_TYPING = (b"sec-fetch-site", b"none")


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A page, with the requests of the API whose answers have what it shows, and nothing beside it.

    Where the API has a list by pages of another length, the fewest pages are asked for that have the rows.
    """

    name: str
    page: str
    asks: Sequence[str]
    by: str = "demo-owner"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    status: int
    body: bytes


def compared(use_cases: UseCases) -> Iterator[Compared]:
    """The main pages of the club of the demo. A page that is new has its `Compared` here."""
    owner = actor(use_cases, "demo-owner")
    today = date.today()  # noqa: DTZ011 # the club's: it was made for today
    group = next(iter(use_cases.list_groups(owner)))
    member = next(iter(group.members or ())).client_id
    year, month = (today.replace(month=1, day=1), today.replace(day=1))
    yield Compared(
        name="clients",
        page="/app/clients",
        asks=[
            # of a client's pass alone the API tells one by one, or of all
            *(asked("/clients", active="true", page=number) for number in (1, 2, 3)),
            asked("/groups"),
            *(asked("/subscriptions", sort="starts_on", page=number) for number in (1, 2, 3)),
        ],
    )
    of_client = f"/clients/{member}"
    of_year = {"from": year, "to": today.replace(month=12, day=31)}
    yield Compared(
        name="client card",
        page=f"/app/clients/{member}",
        asks=[
            asked(of_client),
            asked(f"{of_client}/attendance", **of_year),
            asked(f"{of_client}/subscriptions"),
            asked(f"{of_client}/groups"),
            asked(f"{of_client}/lessons"),
            asked(f"{of_client}/contracts"),
            asked("/attendance", client_id=member, **of_year),
            asked("/attendance", client_id=member, unpaid="true"),
        ],
    )
    yield Compared(
        name="today, everybody's",
        page="/app/today",
        asks=[
            asked("/lessons"),
            asked(
                "/lessons",
                **{"from": today - timedelta(days=7), "to": today - timedelta(days=1)},
                untaken="true",
            ),
            asked("/users", page=1, sort="name"),
            asked("/locations"),
        ],
    )
    yield Compared(
        name="today, one's own",
        page="/app/today",
        by="demo-teacher-1",
        asks=[
            asked("/lessons", teacher="me"),
            asked(
                "/lessons",
                **{"from": today - timedelta(days=7), "to": today - timedelta(days=1)},
                untaken="true",
                teacher="me",
            ),
        ],
    )
    a_year = {"from": today - YEAR, "to": today}
    last_of_before = month - timedelta(days=1)
    before = last_of_before.replace(day=1)
    same_day = before.replace(day=min(today.day, last_of_before.day))
    yield Compared(
        name="overview",
        page="/app/overview",
        asks=[
            # passes that end, which the page shows, too, the API does not have
            asked("/statistics"),
            asked("/statistics/employees", **a_year),
            asked("/lessons", **a_year, untaken="true", page=1, sort="-date"),
            asked("/attendance", unpaid="true", page=1),
            # what was sold this month, by the same day of the last one, and in all of that
            asked("/statistics", **{"from": month, "to": today}),
            asked("/statistics", **{"from": before, "to": same_day}),
            asked("/statistics", **{"from": before, "to": last_of_before}),
        ],
    )
    for trend in ("week", "day"):
        days = {"from": today - (YEAR if trend == "week" else timedelta(days=60)), "to": today}
        yield Compared(
            name=f"statistics by {trend}",
            page=f"/app/statistics?{urlencode(days | {'by': trend})}",
            asks=[asked("/statistics", **days, trend=trend)],
        )
    yield Compared(
        name="statistics of groups",
        page=f"/app/statistics/groups?{urlencode({'from': month, 'to': today})}",
        asks=[asked("/statistics/groups", **{"from": month, "to": today}, page=1)],
    )
    yield Compared(name="groups", page="/app/groups", asks=[asked("/groups", page=1), asked("/locations")])
    yield Compared(
        name="a group",
        page=f"/app/groups/{group.id}",
        asks=[
            asked(f"/groups/{group.id}"),
            # names and birthdays of its members
            *(asked("/clients", group_id=group.id, page=number) for number in (1, 2)),
            asked(f"/locations/{group.location_id}"),
            asked(f"/locations/{group.location_id}/closures"),
            asked("/lessons", group_id=group.id, page=1, **{"from": today, "to": today + YEAR}),
        ],
    )
    parent = actor(use_cases, "demo-parent")
    child = use_cases.own_clients(parent)[0].id
    of_child = f"/clients/{child}"
    yield Compared(
        name="a child",
        page=f"/app/children/{child}",
        by="demo-parent",
        asks=[
            asked(of_child),
            asked(f"{of_child}/subscriptions"),
            asked(f"{of_child}/lessons"),
            asked(f"{of_child}/lessons", **{"from": month, "to": month + timedelta(days=27)}),
            asked(f"{of_child}/attendance", **{"from": month, "to": month + timedelta(days=27)}),
            asked(f"{of_child}/attendance", **a_year, page=1),
        ],
    )
    yield Compared(name="office: users", page="/app/office/users", asks=[asked("/users", page=1)])
    yield Compared(
        name="office: prices",
        page="/app/office/prices",
        # all of them, and those that strangers see, which are on sale
        asks=[asked("/prices", page=1), asked("/prices")],
    )
    lessons = {lesson_of(it.event) for it in use_cases.list_events(owner, page=1)} - {None}
    told = use_cases.lessons_of_events(owner, lesson_ids=cast(set[LessonId], lessons))
    days = [of.date for of in told.values() if of.is_there]
    yield Compared(
        name="log",
        page="/app/office/log",
        # events have ids of lessons, the page says which these are
        asks=[asked("/events", page=1), asked("/lessons", **{"from": min(days), "to": max(days)}, page=1)],
    )
    taken = max(use_cases.list_all_lessons(owner, since=month, until=today), key=lambda each: each.date)
    yield Compared(
        name="roll call",
        page=f"/app/lessons/{taken.id}",
        # until when its reader is signed in is in the page, too; beside the sheet alone it takes 1.5 times
        asks=[asked(f"/lessons/{taken.id}/attendance"), asked("/users/me/sessions")],
    )


def asked(path: str, **query: object) -> str:
    """A request of the API."""
    return f"{API}{path}?{urlencode(query)}" if query else f"{API}{path}"


def actor(use_cases: UseCases, username: str) -> Actor:
    return use_cases.act_as(use_cases.find_user(username=username).id)


def measure(options: Options, home: Path) -> dict[str, Any]:
    with place(SQLITE, home) as where:
        url = where.databases.fresh()
        settings = Settings(
            database_url=url,
            secret_key=SECRET,
            timezone=ZONE,
            argon2_memory_kib=8,
            argon2_time_cost=1,
        )
        container = Container(settings=settings)
        use_cases = container.use_cases()
        options.say(f"{SQLITE}: making a club of {SIZE.clients}")
        now = datetime.now(UTC)
        for _ in Demo(use=use_cases, size=SIZE, today=now.date(), now=now, password=PASSWORD).fill():
            pass
        return {SQLITE: uvloop.run(_measured(container, application(container), options))}


async def _measured(container: Container, app: Litestar, options: Options) -> dict[str, Any]:
    use_cases = container.use_cases()
    pages = [*compared(use_cases)]
    tokens = {
        username: use_cases.sign_in(username=username, password=PASSWORD).access_token
        for username in {each.by for each in pages}
    }
    counted = Statements(container.primary())
    found = {}
    async with app.lifespan():
        # as the service does once it has started
        settle()
        for each in pages:
            found[each.name] = await _compared(app, each, tokens[each.by], counted, options)
            options.say(f"{SQLITE}: {each.name}, {found[each.name]['ratio']:.2f} times")
    return found


class Statements:
    """Counts what a database is asked."""

    def __init__(self, database: Any) -> None:
        self.number = 0
        run: Callable[..., Any] = database.run

        def counted(*arguments: Any) -> Any:
            self.number += 1
            return run(*arguments)

        database.run = counted


async def _compared(
    app: Litestar, each: Compared, token: str, statements: Statements, options: Options
) -> dict[str, Any]:
    cookie = (b"cookie", f"attendance={token}".encode())
    bearer = (b"authorization", f"Bearer {token}".encode())
    kinds: Mapping[str, list[dict[str, Any]]] = {
        "page": [request(each.page, [*HEADERS, BY_TYPING, cookie])],
        "json": [request(path, [*HEADERS, bearer]) for path in each.asks],
    }
    figures: dict[str, dict[str, float]] = {}
    for kind, requests in kinds.items():
        plain = [await answered(app, it) for it in requests]
        before = statements.number
        compressed = [await answered(app, with_header(it, COMPRESSED)) for it in requests]
        figures[kind] = {
            "statements": statements.number - before,
            "kB": sum(len(it.body) for it in plain) / 1e3,
            "compressed_kB": sum(len(it.body) for it in compressed) / 1e3,
        }
        if wrong := [it.status for it in (*plain, *compressed) if it.status != 200]:
            raise RuntimeError(f"{each.name}: {kind} answered {wrong}")
    taken: dict[str, list[float]] = {kind: [] for kind in kinds}
    for number in range(options.rounds + 1):
        for kind, requests in kinds.items():
            sent = [with_header(it, COMPRESSED) for it in requests]
            milliseconds = await _milliseconds(app, sent)
            # the first is not counted: what is made once is made in it
            if number:
                taken[kind].append(milliseconds)
    for kind, of in taken.items():
        figures[kind]["ms"] = median(of)
    return {
        **figures,
        "ratio": figures["page"]["ms"] / figures["json"]["ms"],
        "requests": [each.page, *each.asks],
    }


async def _milliseconds(app: Litestar, requests: Sequence[dict[str, Any]]) -> float:
    """CPU of all these requests together."""
    gc.collect()
    times, started = 0, time.process_time()
    while times < TIMES or time.process_time() - started < SECONDS:
        for it in requests:
            await answered(app, it)
        times += 1
    return (time.process_time() - started) / times * 1e3


def request(address: str, headers: list[tuple[bytes, bytes]]) -> dict[str, Any]:
    """The scope of a GET, as a server would hand it over."""
    path, _, query = address.partition("?")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8000),
        "extensions": {},
    }


def with_header(scope: dict[str, Any], header: tuple[bytes, bytes]) -> dict[str, Any]:
    return scope | {"headers": [*scope["headers"], header]}


async def answered(app: Litestar, scope: dict[str, Any]) -> Answered:
    """What is answered to a request, which is left as it was."""
    status, pieces = 0, []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        else:
            pieces.append(message.get("body", b""))

    await app(cast(Any, {**scope, "state": {}}), receive, send)
    return Answered(status=status, body=b"".join(pieces))
