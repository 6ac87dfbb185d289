"""Whether contenders mark a lesson's clients alike: what they answer, and what they store."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import sqlalchemy as sa

from attendance.adapters.clock import IanaZones, new_id, utc_now
from attendance.adapters.sql.engine.databases import Database
from attendance.adapters.sql.engine.drivers.postgres import Postgres
from attendance.adapters.sql.engine.drivers.sqlite import Sqlite
from attendance.adapters.sql.store import SqlStore
from attendance.application.attendance.sheets import MarkAttendance
from attendance.domain.attendance.marks import MarkingRules
from attendance.domain.attendance.status import Status
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.roles import Level
from benchmarks.club import MEMBERS, Club
from benchmarks.contenders import OURS, Contender
from benchmarks.places import SQLITE, Ask, beside

NOWHERE = UUID(int=1)
SHOWN_BY_ALL = (
    "client_id", "name", "status", "note", "minutes_late", "trial", "guest", "subscription_id", "unpaid",
    "marked_by",
)  # fmt: skip
LESSONS_SHOWN_BY_ALL = ("lesson_id", "group_id", "date", "starts", "ends", "state", "total", "counts")
TOLD_BY_OURS_ALONE = {"announced", "version"}


@dataclass(frozen=True, slots=True)
class Question:
    """A request, and the status it is answered with."""

    what: str
    path: str
    token: str | None
    body: Any
    status: int


def faults(contenders: Sequence[Contender], club: Club) -> dict[str, list[str]]:
    """By contender everything it does otherwise than it shall, or than the service does."""
    answers = {each.name: [*_answers(each, club)] for each in contenders}
    found: dict[str, list[str]] = {}
    for name, of in answers.items():
        for question, ours, theirs in zip(_questions(club), answers[OURS], of, strict=True):
            if theirs[0] != question.status:
                found.setdefault(name, []).append(f"{question.what}: {theirs[0]} {theirs[1]}")
            elif theirs != ours:
                found.setdefault(name, []).append(f"{question.what}: {_difference(ours, theirs)}")
    return found


def _questions(club: Club) -> Iterator[Question]:
    token = club.tokens[0]
    lesson, other = club.lesson_aside(0, 5), club.lesson_aside(1, 5)
    members = club.clients[5 * MEMBERS :][:MEMBERS]
    guest = club.clients[0]
    path = f"/api/v1/lessons/{lesson.id}/attendance"

    def put(what: str, entries: list[dict[str, Any]], status: int = 200, *, at: str = path) -> Question:
        return Question(what, at, token, {"attendances": entries}, status)

    def each(statuses: str | None, **more: Any) -> list[dict[str, Any]]:
        return [{"client_id": str(it.id), "status": statuses, **more} for it in members]

    for status in Status:
        yield put(f"all {status}", each(status.value))
    yield put("the same again", each(Status.EXCUSED.value))
    yield put("elsewhere", each("present"), at=f"/api/v1/lessons/{other.id}/attendance")
    yield put("all absent again", each("absent", note="línea 1\nzwei 🚋"))
    yield put("late by minutes", each("late", minutes_late=5))
    yield put("still late", each("late"))
    yield put("on trial", each("present", trial=True))
    yield put("not on trial, anew", each("present", trial=None, subscription_id=None))
    yield put("cleared", each(None))
    yield put("none", [])
    yield put("first marks", each("present", note=None))
    yield put("a guest", [{"client_id": str(guest.id), "status": "present"}])
    yield put("no guest", [{"client_id": str(guest.id), "status": None}])
    own = {it.client_id: it for it in club.passes}
    named = [it for it in members if it.id in own and own[it.id].visits is None]
    naming = [
        {"client_id": str(it.id), "status": "present", "subscription_id": str(own[it.id].id)} for it in named
    ]
    yield put("passes named", naming)
    yield put(
        "another's pass named",
        [naming[0] | {"subscription_id": naming[1]["subscription_id"], "status": "late"}],
        400,
    )
    yield put("no client", [{"client_id": str(NOWHERE), "status": "present"}], 400)
    yield put("twice", each("absent")[:1] * 2, 400)
    yield put("minutes of who is present", each("present", minutes_late=5), 400)
    yield put("no status", each("asleep"), 400)
    yield put("no lesson", each("present"), 404, at=f"/api/v1/lessons/{NOWHERE}/attendance")
    for who, status in (("colleague", 403), ("member", 403), ("revoked", 401)):
        yield Question(who, path, club.refused[who], {"attendances": each("absent")}, status)


def _answers(contender: Contender, club: Club) -> Iterator[tuple[int, Any, Any]]:
    with httpx.Client(base_url=contender.server.url, timeout=10) as client, beside(contender.url) as ask:
        last = 0
        for question in _questions(club):
            headers = {"authorization": f"Bearer {question.token}"}
            answer = client.put(question.path, json=question.body, headers=headers)
            told = _told(ask, last)
            last = max([last, *(each[0] for each in told)])
            events = sorted(json.dumps([*map(_fact, each[1:])], sort_keys=True, default=str) for each in told)
            yield answer.status_code, _comparable(answer), events


def _comparable(answer: httpx.Response) -> Any:
    """The body without what each may say in its own way, and what the service alone says."""
    body = answer.json()
    if answer.status_code != httpx.codes.OK:
        return body["error"]
    rows = [
        {name: row[name] for name in SHOWN_BY_ALL} | {"marked_at": row["marked_at"] is not None}
        for row in body["attendances"]
    ]
    return {name: body[name] for name in LESSONS_SHOWN_BY_ALL} | {"attendances": rows}


def _told(ask: Ask, after: int) -> list[Any]:
    return [
        tuple(row)
        for row in ask(
            "SELECT position, actor_id, action, subject_kind, subject_id, before, after FROM events "
            "WHERE position > :after ORDER BY position",
            after=after,
        )
    ]


def _fact(column: Any) -> Any:
    """SQLite has facts as text, in whichever order they were said."""
    facts = json.loads(column) if isinstance(column, str) and column.startswith("{") else column
    if not isinstance(facts, dict):
        return facts
    return {name: value for name, value in facts.items() if name not in TOLD_BY_OURS_ALONE}


def _difference(ours: tuple[int, Any, Any], theirs: tuple[int, Any, Any]) -> str:
    """The first place that tells them apart."""
    (_, body, events), (_, their_body, their_events) = ours, theirs
    if isinstance(body, dict) and body != their_body:
        rows = zip(body["attendances"], their_body["attendances"], strict=False)
        pairs = [(one, two) for one, two in rows if one != two]
        return f"{pairs[0]}" if pairs else f"{their_body}"[:300]
    if events != their_events:
        one, two = (
            [it for it in events if it not in their_events],
            [it for it in their_events if it not in events],
        )
        return f"events {one[:1]} {two[:1]}"
    return f"{body} {their_body}"


def overcharged(contender: Contender) -> list[str]:
    """Passes that paid for more visits than they have."""
    with beside(contender.url) as ask:
        number = ask(
            "SELECT count(*) FROM subscriptions s WHERE s.visits < "
            "(SELECT count(*) FROM attendance a WHERE a.subscription_id = s.id)"
        ).scalar_one()
    return [f"{number} passes are overcharged"] if number else []


def statements(contender: Contender, club: Club, lengths: Sequence[int]) -> dict[str, int]:
    """How many statements the use case needs for a list, BEGIN and COMMIT included, by its length."""
    asked = 0
    url = sa.make_url(contender.url)
    kind: Any = Sqlite if url.get_backend_name() == SQLITE else Postgres

    class Counted(kind):
        def run(self, *arguments: Any) -> Any:
            nonlocal asked
            asked += 1
            return super().run(*arguments)

    counted: Database = Counted(url, pool_size=1)
    mark = MarkAttendance(
        store=SqlStore(counted, counted),
        clock=utc_now,
        new_id=new_id,
        zones=IanaZones("UTC"),
        marking_rules=MarkingRules(),
    )
    actor = Actor(id=club.accounts[0].id, session_id=None, level=Level.EMPLOYEE)
    lesson, members = club.lesson_aside(0, 0), club.clients[:MEMBERS]
    found = {}
    # the first one only lets those that follow change something
    for number, length in enumerate([MEMBERS, *lengths]):
        asked = 2
        status = (Status.EXCUSED, Status.PRESENT)[number % 2]
        mark(
            actor,
            lesson_id=lesson.id,
            attendances=[{"client_id": it.id, "status": status} for it in members[:length]],
        )
        found[str(length)] = asked
    counted.engine.dispose()
    return found
