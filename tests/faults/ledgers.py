"""What clients sent and what they were told, to be held against what a database has afterwards."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from tests.faults.clients import Answer, Request, connected
from tests.faults.records import Place, Records, check_marks_and_events_agree, is_subsequence
from tests.faults.scene import Scene

Sending = tuple[Place, str]
"""A place and the note that is sent there."""


@dataclass(slots=True)
class Ledger:
    """Each place belongs to one client, who sends its notes one after the other."""

    sent: dict[Place, list[str]] = field(default_factory=lambda: defaultdict(list))
    acknowledged: dict[Place, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))
    statuses: Counter[int] = field(default_factory=Counter)
    unexpected: list[Answer] = field(default_factory=list)
    awaited: list[tuple[Counter[int], asyncio.Event]] = field(default_factory=list)

    @property
    def total(self) -> int:
        """How many writes were acknowledged."""
        return self.statuses[200]

    def note_down(self, answer: Answer, place: Place | None = None, note: str = "") -> None:
        self.statuses[answer.status] += 1
        if answer.status == 503:
            is_expected = int(answer.headers.get("retry-after", 0)) > 0
        else:
            is_expected = answer.status == 200
        if not is_expected:
            self.unexpected.append(answer)
        elif place and answer.status == 200:
            self.acknowledged[place].append((note, answer.body["attendance_id"]))
        for goal, reached in self.awaited:
            if self.statuses >= goal:
                reached.set()

    async def until(self, more: dict[int, int]) -> None:
        """Wait until so many more answers of each status have come."""
        reached = asyncio.Event()
        self.awaited.append((self.statuses + Counter(more), reached))
        await reached.wait()


async def keep_marking(port: int, scene: Scene, ledger: Ledger, sendings: Iterable[Sending]) -> None:
    """One client on one connection, until nothing is left to send or the service is gone."""
    with suppress(OSError, EOFError):
        async with connected(port) as client:
            for place, note in sendings:
                user_id, date = place
                ledger.sent[place].append(note)
                answer = await client.ask(scene.mark(note, user_id=user_id, date=date))
                ledger.note_down(answer, place, note)


async def keep_asking(port: int, ledger: Ledger, requests: Iterable[Request]) -> None:
    """One client who changes no mark, until nothing is left to ask or the service is gone."""
    with suppress(OSError, EOFError):
        async with connected(port) as client:
            for request in requests:
                ledger.note_down(await client.ask(request))


def sendings(user_id: str, *, name: str, number: int, dates: int) -> Iterator[Sending]:
    """Notes for the dates in turn: each is marked, then revised as long as there are notes left."""
    for each in range(number):
        month, day = divmod(each % dates, 28)
        yield (user_id, f"2026-{month + 1:02}-{day + 1:02}"), f"{name}-{each}"


def check_answers_were_expected(ledger: Ledger) -> None:
    """200, or 503 with the time after which to try again."""
    assert not ledger.unexpected, f"{len(ledger.unexpected)} unexpected answers: {ledger.unexpected[0]}"


def check_nothing_acknowledged_is_lost(ledger: Ledger, found: Records) -> None:
    """Each place tells, in the order of sending, all that was acknowledged and nothing that was not sent."""
    check_answers_were_expected(ledger)
    check_marks_and_events_agree(found)
    marks = found.marks_by_place()
    for place, told in ledger.acknowledged.items():
        assert place in marks, f"the mark of {told} is lost"
    for place, (mark,) in marks.items():
        notes = [event.after["note"] for event in found.events_of(mark.id)]
        acknowledged = ledger.acknowledged[place]
        assert is_subsequence((note for note, _ in acknowledged), notes), f"of {acknowledged} only {notes}"
        assert is_subsequence(notes, ledger.sent[place]), f"{notes} were never sent so"
        assert {mark_id for _, mark_id in acknowledged} <= {str(mark.id)}
