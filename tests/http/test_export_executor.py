"""Files and whole lists have threads of their own: who asks for many takes nobody else's."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import partial
from typing import Any

import httpx
import pytest

from attendance.adapters.http.server.exports import tables
from attendance.adapters.http.server.operations import export_executor
from attendance.adapters.http.server.operations.export_executor import ExportExecutor, unless_gone
from attendance.adapters.http.server.operations.request_threads import RequestThreads
from attendance.application.forms.listing import BATCH
from attendance.domain.accounts.rate_limits import LimitReached
from attendance.domain.permissions.roles import Role
from tests import make
from tests.http.api import Api, Person, good, running

SECONDS = 30
THREADS = 2
LOOPS = 2 * THREADS


class Gate:
    """Workbooks stop at it; how many are there at once, and how many were at most."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._made, self._lock = tables.workbook, threading.Lock()
        self.here = self.most = 0
        self.arrived, self.opened = threading.Semaphore(0), threading.Event()
        monkeypatch.setattr(tables, "workbook", self.workbook)

    def workbook(self, *about: Any) -> Iterator[bytes]:
        with self._lock:
            self.here += 1
            self.most = max(self.most, self.here)
        self.arrived.release()
        assert self.opened.wait(SECONDS)
        yield from self._made(*about)
        with self._lock:
            self.here -= 1


@contextmanager
def amid_workbooks(api: Api, gate: Gate, *, at_the_gate: int) -> Iterator[list[httpx.Response]]:
    """One teacher asks for some at once, as many as are named stand at the gate; then all their answers."""
    teacher = api.having(Role.EMPLOYEE)
    answers: list[httpx.Response] = []
    with ThreadPoolExecutor(LOOPS) as asking:
        asked = [asking.submit(teacher.reads, "/clients", format="xlsx") for _ in range(LOOPS)]
        for _ in range(at_the_gate):
            assert gate.arrived.acquire(timeout=SECONDS)
        try:
            yield answers
        finally:
            gate.opened.set()
            wait(asked)
    answers += [each.result() for each in asked]


def check_one_at_a_time(gate: Gate) -> None:
    assert gate.most == 1, f"{gate.most} workbooks are made at once"


def test_workbooks_of_one_person_are_made_one_after_the_other_while_others_are_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gate = Gate(monkeypatch)
    with running(threads=THREADS, exports_per_person=1) as api:
        owner = api.having(Role.OWNER)
        with amid_workbooks(api, gate, at_the_gate=1) as answers:
            for _ in range(2 * THREADS):
                assert good(owner.reads("/clients"), 200)["total"] == 0
        assert [answer.status_code for answer in answers] == [200] * LOOPS
        check_one_at_a_time(gate)


@pytest.mark.plants
def test_without_a_lane_workbooks_are_made_at_once_on_all_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(monkeypatch)
    monkeypatch.setattr(export_executor, "RequestThreads", lambda *_: RequestThreads(THREADS))
    with running(threads=THREADS, exports_per_person=LOOPS) as api:
        with amid_workbooks(api, gate, at_the_gate=THREADS):
            pass
        with pytest.raises(AssertionError, match="workbooks are made at once"):
            check_one_at_a_time(gate)


@pytest.mark.slow
def test_who_asks_for_more_than_are_made_for_one_is_told_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(monkeypatch)
    monkeypatch.setattr(
        "attendance.adapters.http.app.ExportExecutor", partial(ExportExecutor, longest_wait=0)
    )
    with running(exports=2, exports_per_person=1) as api:
        with amid_workbooks(api, gate, at_the_gate=1) as answers:
            another = api.having(Role.EMPLOYEE)
            assert another.reads("/clients", format="csv").status_code == 200
        told = sorted(answer.status_code for answer in answers)
        assert told == [200] + [429] * (LOOPS - 1)
        refused = next(answer for answer in answers if answer.status_code == 429)
        assert int(refused.headers["retry-after"]) >= 1
        assert refused.json()["code"] == "limit_reached"


def put_in(api: Api, number: int) -> None:
    with api.store.transaction() as work:
        for n in range(number):
            work.clients.add(make.client(name=f"{n:05}"))


class Seen:
    """Which threads made what."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.names: set[str] = set()
        monkeypatch.setattr(RequestThreads, "_start", self._started(RequestThreads._start))

    def _started(self, start: Callable[..., None]) -> Callable[..., None]:
        def started(threads: Any, task: Any) -> None:
            self.names.add(threads._name)
            start(threads, task)

        return started


@pytest.mark.slow
@pytest.mark.parametrize(
    ("query", "in_lane"),
    [
        ({}, True),
        ({"page": 1}, False),
        ({"format": "csv", "page": 1}, True),
        ({"format": "json", "page": 2}, False),
    ],
)
def test_a_long_list_without_a_page_and_every_table_is_made_in_the_lane(
    monkeypatch: pytest.MonkeyPatch, query: dict[str, Any], *, in_lane: bool
) -> None:
    seen = Seen(monkeypatch)
    with running() as api:
        put_in(api, BATCH + 1)
        good_answer = api.having(Role.EMPLOYEE).reads("/clients", **query)
        assert good_answer.status_code == 200
    assert ("attendance-export" in seen.names) == in_lane


def test_calendars_are_made_in_the_lane(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = Seen(monkeypatch)
    with running() as api:
        someone: Person = api.having(Role.EMPLOYEE)
        assert someone.reads("/users/me/calendar.ics").status_code == 200
    assert "attendance-export" in seen.names


def of_lane(ask: Callable[[ExportExecutor], Any], **options: Any) -> Any:
    async def asked() -> Any:
        executor = ExportExecutor(1, 1, **options)
        try:
            return await ask(executor)
        finally:
            await executor.close()

    return asyncio.run(asked())


def test_places_are_handed_on_in_the_order_in_which_they_were_asked_for() -> None:
    async def ask(executor: ExportExecutor) -> list[int]:
        had: list[int] = []

        async def take(number: int) -> None:
            async with executor.place("ann"):
                had.append(number)

        async with asyncio.TaskGroup() as group, executor.place("ann"):
            for number in range(4):
                group.create_task(take(number))
            await asyncio.sleep(0)
            async with executor.place("bea"):
                assert had == []
        return had

    assert of_lane(ask) == [0, 1, 2, 3]


def test_a_place_that_nobody_waits_for_any_more_is_not_lost() -> None:
    async def ask(executor: ExportExecutor) -> None:
        async def take() -> None:
            async with executor.place("ann"):
                pass

        async with executor.place("ann"):
            before, at_once, after = (asyncio.ensure_future(take()) for _ in range(3))
            await asyncio.sleep(0)
            before.cancel()
        # it is handed to the second, which leaves in the same moment
        at_once.cancel()
        await asyncio.gather(before, at_once, return_exceptions=True)
        await after
        async with executor.place("ann"):
            assert before.cancelled()

    of_lane(ask)


def test_of_those_who_wait_there_are_only_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_executor, "MOST_WAITING", 0)

    async def ask(executor: ExportExecutor) -> None:
        async with executor.place("ann"):
            with pytest.raises(LimitReached):
                async with executor.place("ann"):
                    pass

    of_lane(ask)


def test_what_is_made_for_a_client_who_leaves_is_not_made_to_its_end() -> None:
    async def ask() -> None:
        begun, ended = asyncio.Event(), asyncio.Event()

        async def made() -> str:
            begun.set()
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()
            return "made"

        async def receive() -> Any:
            await begun.wait()
            return {"type": "http.disconnect"}

        assert await unless_gone(receive, made()) is None
        assert ended.is_set()

    asyncio.run(ask())
