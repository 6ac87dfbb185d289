"""Clients who write through both services all the time, and write down all that they were told."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count, cycle, pairwise
from time import monotonic
from uuid import UUID, uuid4

from attendance.domain.attendance.marks import mark_id
from attendance.domain.club.clients import Client
from attendance.domain.club.lessons import Lesson
from tests.cluster.patroni import PATIENCE_SECONDS
from tests.faults.books import books, check_books
from tests.faults.clients import Answer, Client as Connection, Request, connected
from tests.faults.clubs import Club, set_club
from tests.faults.ledgers import (
    Ledger,
    check_answers_were_expected,
    check_nothing_acknowledged_is_lost,
    sendings,
)
from tests.faults.records import is_subsequence, records
from tests.faults.scene import PASSWORD, Scene, set_scene
from tests.service import Service

MEMBERS, MARKERS, LESSONS, CLIENTS, DATES = 4, 2, 6, 6, 50
PAUSE_SECONDS = 0.05
"""Between two requests of a client: a cluster shares the cores of one machine with what it serves."""
IN_USE = "idempotency_key_in_use"


@dataclass(slots=True)
class Sheets:
    """Notes that were sent with marks of a club's lessons, and those of them that were acknowledged."""

    sent: dict[UUID, list[str]] = field(default_factory=lambda: defaultdict(list))
    acknowledged: dict[UUID, list[str]] = field(default_factory=lambda: defaultdict(list))


@dataclass(slots=True)
class Front:
    """One service, with a lab and a club that only its clients write to."""

    service: Service
    lab: Scene
    club: Club
    marks: Ledger = field(default_factory=Ledger)
    sheets: Sheets = field(default_factory=Sheets)
    sales: dict[UUID, list[str]] = field(default_factory=lambda: defaultdict(list))
    """By client, the id of the pass of each key, sent again until it was acknowledged."""
    others: Ledger = field(default_factory=Ledger)
    """Of everything but marks of the lab."""
    acknowledged_at: list[float] = field(default_factory=list)
    """When a write was acknowledged (`time.monotonic`)."""
    refused: Counter[int] = field(default_factory=Counter)
    """What writes and reads were answered instead of being done, by status."""

    @property
    def total(self) -> int:
        """How many writes were acknowledged."""
        return len(self.acknowledged_at)

    def note(self, answer: Answer, *, is_write: bool = True) -> None:
        if answer.status in (200, 201):
            if is_write:
                self.acknowledged_at.append(monotonic())
        else:
            self.refused[answer.status] += 1

    def longest_gap(self, since: float) -> float:
        """Seconds without a single acknowledged write, at most, from then on."""
        before = [at for at in self.acknowledged_at if at < since][-1:]
        times = [*before, *(at for at in self.acknowledged_at if at >= since)]
        return max(later - earlier for earlier, later in pairwise(times))


def front(service: Service, database_url: str) -> Front:
    lab = set_scene(database_url, members=MEMBERS)
    return Front(service, lab, set_club(database_url, clients=CLIENTS, lessons=LESSONS, members=True))


class Load:
    """Everybody at work from the beginning of the block to its end, on connections that must not break."""

    def __init__(self, *fronts: Front) -> None:
        self._fronts = fronts
        self._ends = asyncio.Event()
        self._clients: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> "Load":
        for each in self._fronts:
            tasks = [
                *(self._mark(each, member.id) for member in each.lab.members),
                *(self._take_sheets(each, number) for number in range(MARKERS)),
                self._sell(each),
                self._look(each),
            ]
            self._clients += [asyncio.create_task(task) for task in tasks]
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._ends.set()
        if kind is not None:
            for client in self._clients:
                client.cancel()
        await asyncio.gather(*self._clients, return_exceptions=kind is not None)

    async def until_acknowledged(self, more: int) -> None:
        """Wait until every service has acknowledged so many more writes."""
        goals = [each.total + more for each in self._fronts]
        deadline = monotonic() + PATIENCE_SECONDS
        while any(each.total < goal for each, goal in zip(self._fronts, goals, strict=True)):
            assert monotonic() < deadline, f"not served again in {PATIENCE_SECONDS} s"
            for client in self._clients:
                if client.done():
                    client.result()
                    raise AssertionError("a client has stopped")
            await asyncio.sleep(PAUSE_SECONDS)

    async def _mark(self, to: Front, user_id: str) -> None:
        async with connected(to.service.port) as connection:
            for place, note in sendings(user_id, name="note", number=10**9, dates=DATES):
                to.marks.sent[place].append(note)
                user_id, date = place
                answer = await connection.ask(to.lab.mark(note, user_id=user_id, date=date))
                to.marks.note_down(answer, place, note)
                to.note(answer)
                if await self._is_over():
                    return

    async def _take_sheets(self, to: Front, number: int) -> None:
        async with connected(to.service.port) as connection:
            for turn, (lesson, client) in enumerate(cycle(_places(to.club, number))):
                place, note = mark_id(lesson.id, client.id), f"{number}-{turn}"
                said = {client: "present" if turn % 3 else "absent"}
                to.sheets.sent[place].append(note)
                answer = await connection.ask(to.club.mark(lesson, said, note=note))
                to.others.note_down(answer)
                to.note(answer)
                if answer.status == 200:
                    to.sheets.acknowledged[place].append(note)
                if await self._is_over():
                    return

    async def _sell(self, to: Front) -> None:
        async with connected(to.service.port) as connection:
            for client in cycle(to.club.clients):
                sold = await self._sold(connection, to, to.club.sell(client, key=str(uuid4())))
                to.sales[client.id].append(sold)
                if await self._is_over(10):
                    return

    async def _sold(self, connection: Connection, to: Front, request: Request) -> str:
        """The pass that a key has come to stand for, however often it had to be sent."""
        for times in count():
            answer = await connection.ask(request)
            to.note(answer)
            if answer.status == 201:
                return str(answer.body["id"])
            if not (times and answer.status == 409 and answer.error == IN_USE):
                # what was sent before may still be under way in the database
                to.others.note_down(answer)
            await asyncio.sleep(10 * PAUSE_SECONDS)
        raise AssertionError

    async def _look(self, to: Front) -> None:
        who = {"username": to.lab.owner.username, "password": PASSWORD}
        asked = [
            Request(method="GET", path="/health/ready"),
            to.lab.sheet(),
            to.club.sheet(to.club.lessons[0]),
            to.lab.history(),
            Request(method="POST", path="/login", body=who),
        ]
        async with connected(to.service.port) as connection:
            for request in cycle(asked):
                answer = await connection.ask(request)
                to.others.note_down(answer)
                to.note(answer, is_write=False)
                if await self._is_over():
                    return

    async def _is_over(self, pauses: int = 1) -> bool:
        if not self._ends.is_set():
            await asyncio.sleep(pauses * PAUSE_SECONDS)
        return self._ends.is_set()


def _places(club: Club, number: int) -> Iterator[tuple[Lesson, Client]]:
    """Those of one of the people who take sheets."""
    for lesson in club.lessons[number::MARKERS]:
        for client in club.clients:
            yield lesson, client


def check_all_acknowledged_is_there(database_url: str, to: Front) -> None:
    """With its event and in its order, and none twice; nobody was told anything else than done or 503."""
    check_nothing_acknowledged_is_lost(to.marks, records(database_url, to.lab))
    check_answers_were_expected(to.others)
    found = books(database_url, to.club)
    check_books(found)
    for place, acknowledged in to.sheets.acknowledged.items():
        notes = [event.after["note"] for event in found.told.get(place, []) if "note" in (event.after or {})]
        assert is_subsequence(acknowledged, notes), f"of {acknowledged[-3:]} only {notes[-3:]} is lost"
        assert is_subsequence(notes, to.sheets.sent[place]), f"{notes[-3:]} were never sent so"
    for client in to.club.clients:
        passes = {str(each.id) for each in found.passes.values() if each.client_id == client.id}
        sold = to.sales[client.id]
        first = {str(each.id) for each in to.club.passes if each.client_id == client.id}
        assert len({*sold}) == len(sold), "two keys stand for one sale"
        assert {*sold} <= passes, "a sale is lost"
        assert passes - first == {*sold}, "something was sold twice"
