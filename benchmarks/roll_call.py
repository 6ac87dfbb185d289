"""The roll call: how soon it is used on a slow phone, what its page costs beside the JSON of its sheet."""

import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, time as time_of_day, timedelta
from decimal import Decimal
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, Request, sync_playwright
from tests.service import CHEAP_HASHING, free_port
from tests.web.browsers import found_browser

from attendance import open_attendance
from attendance.application.use_cases import UseCases
from attendance.domain.accounts.mail import MailState
from attendance.domain.club.groups import GroupMembership, Teaching
from attendance.domain.permissions.actor import OPERATOR
from attendance.domain.permissions.roles import Role
from benchmarks.options import Options
from benchmarks.processes import Server, serving
from benchmarks.seed import SECRET

CLIENTS = (12, 30)
PASSWORD = "correct horse battery"
LATENCY, BYTES_PER_SECOND = 0.4, 400_000 / 8
PHONE: Any = {"viewport": {"width": 390, "height": 844}, "locale": "en-US"}
SQLITE = "SQLite"


@dataclass(frozen=True, slots=True)
class Opened:
    """A server, who is signed in, and the lesson by its number of clients."""

    server: Server
    token: str
    lessons: dict[int, str]


def measure(options: Options, home: Path) -> dict[str, Any]:
    times, rounds = (100, 3) if options.rounds < 3 else (400, 7)
    url = f"sqlite:///{home / 'club.db'}"
    with open_attendance(url, argon2_memory_kib=8, argon2_time_cost=1, secret_key=SECRET) as use:
        token, lessons = _filled(use)
    with _serving(url, home) as server:
        opened = Opened(server, token, lessons)
        costs = {str(length): _costs(opened, lesson, times) for length, lesson in lessons.items()}
        options.say("roll call: on a slow phone")
        return {SQLITE: {"costs": costs, "phone": _on_a_phone(opened, lessons[CLIENTS[0]], rounds)}}


@contextmanager
def _serving(url: str, home: Path) -> Iterator[Server]:
    port = free_port()
    chosen = {"port": str(port), "database_url": url, "secret_key": SECRET}
    settings = {f"ATTENDANCE_{key.upper()}": value for key, value in chosen.items()} | CHEAP_HASHING
    command = (sys.executable, "-m", "attendance", "serve")
    with serving(*command, port=port, home=home, settings=settings, live="/health/live") as server:
        yield server


def _filled(use: UseCases) -> tuple[str, dict[int, str]]:
    use.create_owner(username="owner-1", email="owner@example.org", password=PASSWORD)
    teacher = use.invite_user(
        OPERATOR, username="teacher-1", email="teacher@example.org", role=Role.HEAD_MANAGER
    )
    for mail in use.list_mail(state=MailState.WAITING):
        if mail.to == "teacher@example.org" and mail.facts:
            use.set_password(token=mail.facts["token"], password=PASSWORD)
    token = use.sign_in(username="teacher-1", password=PASSWORD, remember=True).access_token
    actor, today = use.actor_of(token), datetime.now(UTC).date()
    begun = today - timedelta(days=30)
    place = use.add_location(actor, name="House", address="1 Mill Lane")
    price = use.add_price(actor, name="Ten", amount=Decimal(80), currency="EUR", visits=10)
    lessons = {}
    for length in CLIENTS:
        clients = [
            use.add_client(actor, name=f"Anna{number} Berg{length}", birthday=begun)
            for number in range(length)
        ]
        for client in clients:
            use.sell_subscription(actor, client_id=client.id, price_id=price.id, starts_on=begun)
        group = use.add_group(
            actor,
            name="Clay",
            location_id=place.id,
            teachers=(Teaching(user_id=teacher.id, since=begun),),
            members=tuple(GroupMembership(client_id=client.id, since=begun) for client in clients),
        )
        made = use.add_lesson(
            actor,
            group_id=group.id,
            date=today,
            starts=time_of_day(0),
            ends=time_of_day(23, 59),
        )
        lessons[length] = str(made.id)
    return token, lessons


# What the server does for it


def _costs(opened: Opened, lesson: str, times: int) -> dict[str, float]:
    """Milliseconds of the server's CPU and until the answer, of the page and of the same sheet's JSON."""
    paths = {
        "page": (f"/app/lessons/{lesson}", {"Cookie": f"attendance={opened.token}", "Accept": "text/html"}),
        "json": (f"/api/v1/lessons/{lesson}/attendance", {"Authorization": f"Bearer {opened.token}"}),
    }
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in paths}
    connection = HTTPConnection("127.0.0.1", opened.server.port)
    for number in range(8):
        for name, (path, headers) in paths.items():
            cpu, begun = opened.server.tree.cpu(), time.perf_counter()
            for _ in range(times // 8):
                connection.request("GET", path, headers=headers | {"Accept-Encoding": "gzip"})
                answer = connection.getresponse()
                answer.read()
                assert answer.status == 200
            passed = time.perf_counter() - begun
            if number:
                found[name].append((opened.server.tree.cpu() - cpu, passed))
    connection.close()
    each = {
        f"{name}_{what}_ms": 1000 * median(pair[place] for pair in pairs) / (times // 8)
        for name, pairs in found.items()
        for place, what in enumerate(("cpu", "answer"))
    }
    return each | {
        f"{what}_ratio": each[f"page_{what}_ms"] / each[f"json_{what}_ms"] for what in ("cpu", "answer")
    }


# On a slow phone


def _on_a_phone(opened: Opened, lesson: str, rounds: int) -> dict[str, dict[str, float]]:
    """Seconds from a tap on a link until a tap on a client is heard, and what that takes of the net."""
    program = found_browser()
    environment: Any = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"} | program.environment
    arguments = ["--no-sandbox", "--no-zygote", "--disable-gpu"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program.program, args=arguments, env=environment)
        found = {
            "first time": [_emulated(browser, opened, lesson, is_cached=False) for _ in range(rounds)],
            "files cached": [_emulated(browser, opened, lesson, is_cached=True) for _ in range(rounds)],
            "opened before": [_kept(browser, opened, lesson) for _ in range(rounds)],
        }
        browser.close()
    return {
        name: {
            "seconds": median(each.seconds for each in all_of),
            "most_seconds": max(each.seconds for each in all_of),
            "requests": max(each.requests for each in all_of),
            "round_trips": max(each.round_trips for each in all_of),
            "kilobytes": max(each.kilobytes for each in all_of),
        }
        for name, all_of in found.items()
    }


@dataclass(frozen=True, slots=True)
class Taken:
    """What it takes until a page is used: requests that reach the net, and how many times one waits for it.

    `round_trips`: answers that come one latency after another are of different ones. `kilobytes`: as they are
    sent, with their headers.
    """

    seconds: float
    requests: int
    round_trips: int
    kilobytes: float


@dataclass
class Net:
    """What reaches the net, as Chromium tells it."""

    answered: dict[str, float] = field(default_factory=dict)
    """When answers began, in seconds, by request."""
    bytes_of: dict[str, int] = field(default_factory=dict)
    at_hand: set[str] = field(default_factory=set)
    """Requests that the memory of the browser answers."""

    def listen(self, session: CDPSession) -> None:
        session.on("Network.responseReceived", self._began)
        session.on("Network.requestServedFromCache", lambda event: self.at_hand.add(event["requestId"]))
        session.on("Network.dataReceived", lambda event: self._sent(event, event["encodedDataLength"]))
        session.on("Network.loadingFinished", self._ended)

    def taken(self, seconds: float) -> Taken:
        round_trips, since = 0, -LATENCY
        for at in sorted(self.answered.values()):
            if at - since > 0.75 * LATENCY:
                round_trips, since = round_trips + 1, at
        sent = sum(self.bytes_of.get(each, 0) for each in self.answered)
        return Taken(seconds, len(self.answered), round_trips, sent / 1e3)

    def _began(self, event: dict[str, Any]) -> None:
        if not event["response"]["fromDiskCache"] and event["requestId"] not in self.at_hand:
            self.answered[event["requestId"]] = event["timestamp"]

    def _sent(self, event: dict[str, Any], length: int) -> None:
        self.bytes_of[event["requestId"]] = self.bytes_of.get(event["requestId"], 0) + length

    def _ended(self, event: dict[str, Any]) -> None:
        self.bytes_of[event["requestId"]] = int(event["encodedDataLength"])


def _emulated(browser: Browser, opened: Opened, lesson: str, *, is_cached: bool) -> Taken:
    """By Chromium's own emulation, which a worker would get round: so without one."""
    with browser.new_context(base_url=opened.server.url, service_workers="block", **PHONE) as context:
        page = _signed_in(context, opened.server.url, opened.token)
        if is_cached:
            _opens(page, lesson)
            page.goto("/app/offline")
        slow = context.new_cdp_session(page)
        slow.send("Network.enable")
        slow.send(
            "Network.emulateNetworkConditions",
            {
                "offline": False,
                "latency": 1000 * LATENCY,
                "downloadThroughput": BYTES_PER_SECOND,
                "uploadThroughput": BYTES_PER_SECOND,
            },
        )
        net = Net()
        net.listen(slow)
        return net.taken(_opens(page, lesson))


def _kept(browser: Browser, opened: Opened, lesson: str) -> Taken:
    """With a worker that keeps it, over a net that is as slow for the worker too."""
    with SlowNet(opened.server.port).open() as port:
        url = f"http://127.0.0.1:{port}"
        with browser.new_context(base_url=url, **PHONE) as context:
            page = _signed_in(context, url, opened.token)
            _opens(page, lesson)
            page.evaluate(
                """async path => {
                    while (!await (await caches.open("pages")).match(path)) {
                        await new Promise(resolve => setTimeout(resolve, 50));
                    }
                }""",
                f"/app/lessons/{lesson}",
            )
            page.goto("/app/offline")
            # what the worker still does for the page before is not this one's
            page.wait_for_load_state("networkidle")
            reached: list[Request] = []

            def asked(request: Request) -> None:
                answer = request.response()
                if request.service_worker or not (answer and answer.from_service_worker):
                    reached.append(request)

            context.on("requestfinished", asked)
            # how much the worker fetches, and after what, no page is told
            return Taken(_opens(page, lesson), len(reached), min(len(reached), 1), 0.0)


def _signed_in(context: BrowserContext, url: str, token: str) -> Page:
    context.add_cookies(
        [{"name": "attendance", "value": token, "url": url, "httpOnly": True, "sameSite": "Lax"}]
    )
    page = context.new_page()
    page.goto("/app/offline")
    return page


def _opens(page: Page, lesson: str) -> float:
    """By a tap on a link, as today's page has it."""
    page.evaluate(
        """path => {
            const link = document.createElement("a");
            Object.assign(link, {href: path, id: "lesson", textContent: "17:00 Clay"});
            document.querySelector("main").append(link);
        }""",
        f"/app/lessons/{lesson}",
    )
    begun = time.perf_counter()
    page.locator("#lesson").click(no_wait_after=True)
    page.locator(".is-live").wait_for()
    return time.perf_counter() - begun


@dataclass
class SlowNet:
    """A net between a phone and a server: what is asked for waits, answers share what passes a second."""

    to_port: int
    _free_at: float = field(default=0.0, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    @contextmanager
    def open(self) -> Iterator[int]:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            threading.Thread(target=self._accept, args=(listening,), daemon=True).start()
            yield int(listening.getsockname()[1])

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                phone, _ = listening.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.to_port))
            for one, other, wait in ((phone, server, self._late), (server, phone, self._slowly)):
                threading.Thread(target=self._pass, args=(one, other, wait), daemon=True).start()

    def _pass(self, one: socket.socket, other: socket.socket, wait: Any) -> None:
        try:
            while piece := one.recv(4096):
                wait(len(piece))
                other.sendall(piece)
            other.shutdown(socket.SHUT_WR)
        except OSError:
            return

    def _late(self, _: int) -> None:
        time.sleep(LATENCY)

    def _slowly(self, length: int) -> None:
        with self._lock:
            begin = max(self._free_at, time.monotonic())
            self._free_at = begin + length / BYTES_PER_SECOND
        time.sleep(max(0, self._free_at - time.monotonic()))
