"""People who go on working whatever becomes of the service, and write down what it told them."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import count, cycle
from random import Random
from uuid import UUID

from tests.faults.books import Books
from tests.faults.clients import Answer, Client, Request, connected
from tests.faults.clubs import Club
from tests.faults.ledgers import Ledger, Sending, sendings
from tests.faults.records import Records, is_subsequence
from tests.faults.scene import PASSWORD, Person, Scene

DATES = 50
SELLERS = 2
PAUSE_SECONDS = 0.05
LONGEST_WAIT_SECONDS = 90
CANCELLED_AT_ONCE = 8
FIRST_CANCELLED = date(2015, 1, 1)


@dataclass(slots=True)
class Sales:
    """Each is asked for with a key of its own, again and again, until it is acknowledged."""

    clients: dict[str, UUID] = field(default_factory=dict)
    """Of each key: who gets the pass."""
    acknowledged: dict[str, str] = field(default_factory=dict)
    """Of each key: the pass that the service says it sold."""


@dataclass(eq=False)
class Load:
    """Markers of a lab, each with places of their own, sellers of a club, and readers.

    Who is told to sign in does so. `unanswered`: requests whose connection ended instead.
    """

    port: int
    scene: Scene
    club: Club
    marks: Ledger = field(default_factory=Ledger)
    others: Ledger = field(default_factory=Ledger)
    sales: Sales = field(default_factory=Sales)
    unanswered: int = 0
    signed_in_again: int = 0
    cancelled: int = 0
    is_over: bool = False
    tokens: dict[str, str] = field(default_factory=dict)

    @asynccontextmanager
    async def going_on(self) -> AsyncIterator[None]:
        """Until the end of the block; whoever is waiting for an answer then still gets it."""
        async with asyncio.TaskGroup() as group:
            # the last one's places are for those who leave
            *markers, _ = self.scene.members
            tasks = [group.create_task(self._mark(member)) for member in markers]
            tasks += [group.create_task(self._sell(number)) for number in range(SELLERS)]
            tasks.append(group.create_task(self._read()))
            yield
            assert not any(task.done() for task in tasks), "somebody stopped"
            self.is_over = True

    async def until(self, **more: int) -> None:
        """Wait for so many more `acknowledged` marks, or `refused` ones. Raises AssertionError in vain."""
        goal = {{"acknowledged": 200, "refused": 503}[name]: number for name, number in more.items()}
        before = self.marks.statuses.copy()
        try:
            async with asyncio.timeout(LONGEST_WAIT_SECONDS):
                await self.marks.until(goal)
        except TimeoutError as error:
            came = self.marks.statuses - before
            raise AssertionError(f"{dict(came)} is all that came in {LONGEST_WAIT_SECONDS} s") from error

    async def cancel(self, number: int, chance: Random) -> None:
        """So many marks whose sender leaves at some moment, from the first byte on to after the answer.

        Each at a place of its own: what comes later may overtake what nobody waits for.
        """
        member = self.scene.members[-1]

        async def leave(each: int) -> None:
            place = member.id, str(FIRST_CANCELLED + timedelta(days=each))
            message = self._mark_of(place, f"cancelled-{each}").encoded()
            sent = chance.choice([len(message), chance.randrange(len(message))])
            self.marks.sent[place].append(f"cancelled-{each}")
            async with connected(self.port) as client:
                await client.send(message[:sent])
                await asyncio.sleep(chance.uniform(0, 0.03))
            self.cancelled += 1

        for first in range(0, number, CANCELLED_AT_ONCE):
            some = range(first, min(number, first + CANCELLED_AT_ONCE))
            await asyncio.gather(*map(leave, some))

    def _mark_of(self, place: tuple[str, str], note: str) -> Request:
        user_id, date = place
        return self.scene.mark(note, user_id=user_id, date=date)

    async def _mark(self, member: Person) -> None:
        notes: Iterator[Sending] = sendings(member.id, name="note", number=10**9, dates=DATES)
        async with self._caller() as caller:
            while not self.is_over:
                place, note = next(notes)
                self.marks.sent[place].append(note)
                if answer := await caller.ask(self._mark_of(place, note), self.scene.owner):
                    self.marks.note_down(answer, place, note)

    async def _sell(self, seller: int) -> None:
        async with self._caller() as caller:
            clients = self.club.clients[seller::SELLERS]
            for number in count():
                if self.is_over:
                    return
                key = f"sale-{seller}-{number}"
                self.sales.clients[key] = clients[number % len(clients)].id
                await self._sold(caller, key)
                await asyncio.sleep(PAUSE_SECONDS)

    async def _sold(self, caller: "Caller", key: str) -> None:
        (client,) = (it for it in self.club.clients if it.id == self.sales.clients[key])
        while key not in self.sales.acknowledged:
            answer = await caller.ask(self.club.sell(client, key=key), self.club.head)
            if answer and answer.status == 201:
                self.sales.acknowledged[key] = answer.body["id"]
            elif answer:
                self.others.note_down(answer)
                await asyncio.sleep(PAUSE_SECONDS)

    async def _read(self) -> None:
        labs = Request(method="GET", path="/labs?q=opt")
        ready = Request(method="GET", path="/health/ready")
        async with self._caller() as caller:
            asked = cycle([labs, ready, self.scene.history()])
            while not self.is_over:
                request = next(asked)
                if answer := await caller.ask(request, self.scene.owner):
                    self.others.note_down(answer)
                await asyncio.sleep(PAUSE_SECONDS)

    @asynccontextmanager
    async def _caller(self) -> AsyncIterator["Caller"]:
        caller = Caller(self)
        try:
            yield caller
        finally:
            await caller.leave()


@dataclass(eq=False)
class Caller:
    """One connection, made anew when it ends."""

    load: Load
    client: Client | None = None
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def ask(self, request: Request, by: Person) -> Answer | None:
        """The answer, or None where the connection ended before it."""
        answer = await self._ask(self._as(request, by))
        if answer and answer.status == 401:
            await self._sign_in(by)
            answer = await self._ask(self._as(request, by))
        return answer

    def _as(self, request: Request, by: Person) -> Request:
        if request.token is None:
            return request
        return replace(request, token=self.load.tokens.get(by.username, by.token))

    async def _sign_in(self, who: Person) -> None:
        body = {"username": who.username, "password": PASSWORD}
        answer = await self._ask(Request(method="POST", path="/login", body=body))
        if answer and answer.status == 200:
            self.load.signed_in_again += 1
            self.load.tokens[who.username] = answer.body["access_token"]

    async def _ask(self, request: Request) -> Answer | None:
        try:
            if self.client is None:
                self.client = await self.stack.enter_async_context(connected(self.load.port))
            return await self.client.ask(request)
        except (OSError, EOFError):
            self.load.unanswered += self.client is not None
            await self.leave()
            await asyncio.sleep(PAUSE_SECONDS)
            return None

    async def leave(self) -> None:
        self.client = None
        with suppress(OSError):
            await self.stack.aclose()


def lost_marks(load: Load, found: Records) -> list[str]:
    """Every acknowledged note that no event tells of, in the order in which they were sent to each place."""
    marks = found.marks_by_place()
    lost: list[str] = []
    for place, acknowledged in load.marks.acknowledged.items():
        stored = [event.after["note"] for mark in marks.get(place, []) for event in found.events_of(mark.id)]
        missing = Counter(note for note, _ in acknowledged) - Counter(stored)
        lost += missing.elements()
        if not missing and not is_subsequence((note for note, _ in acknowledged), stored):
            lost.append(f"the order of {stored}")
    return lost


def lost_sales(load: Load, found: Books) -> list[str]:
    """Every acknowledged pass that is not there."""
    return [key for key, pass_id in load.sales.acknowledged.items() if UUID(pass_id) not in found.passes]


def check_each_is_sold_once(load: Load, found: Books) -> None:
    sold = Counter(it.client_id for it in found.passes.values())
    # each client has one pass from the start
    wanted = Counter(load.sales.clients.values()) + Counter(client.id for client in load.club.clients)
    assert sold == wanted, f"passes of each client: {sold} instead of {wanted}"
