"""Whether a contender does the work at all: what it answers, and what it stores."""

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx

from benchmarks.contenders import Contender
from benchmarks.places import Ask, beside
from benchmarks.rounds import marks_told
from benchmarks.seed import EMPTY_ON, READ_ON, WRITE_ON, World

MARKED = "lab_attendance.marked"
NOWHERE = UUID(int=1)


@dataclass(frozen=True, slots=True)
class Question:
    """A request, the answer it shall have, and the event it shall leave: (before, after), if any."""

    what: str
    method: str
    path: str
    token: str | None
    body: Any
    status: int
    answer: dict[str, Any]
    event: tuple[Any, Any] | None = None


def faults(contender: Contender, world: World) -> list[str]:
    """Everything the contender does otherwise than it shall; nothing, if it may be measured."""
    with httpx.Client(base_url=contender.server.url, timeout=10) as client, beside(contender.url) as ask:
        return [fault for question in questions(world) for fault in _faults(client, ask, question, world)]


def questions(world: World) -> Iterator[Question]:
    yield from _marking(world)
    yield from _reading(world)
    yield from _refusing(world)


def _marking(world: World) -> Iterator[Question]:
    lab, token = world.labs[7], world.tokens[0]
    account, seeded = world.sheet(lab, WRITE_ON)[3]
    path = f"/labs/{lab.id}/attendance"
    old = _facts(lab.id, account.id, WRITE_ON, seeded.entry.status, seeded.entry.note)
    new = _facts(lab.id, account.id, WRITE_ON, "late", "línea 1\nzwei 🚋")
    bare = _facts(lab.id, account.id, WRITE_ON, "late", "")
    first = _facts(lab.id, account.id, EMPTY_ON + dt.timedelta(days=1), "excused", "")
    yield Question("a revision", "PUT", path, token, _sent(new), 200, new, (old, new))
    yield Question("the same again", "PUT", path, token, _sent(new), 200, new)
    without_note = {key: value for key, value in _sent(bare).items() if key != "note"}
    yield Question("without a note", "PUT", path, token, without_note, 200, bare, (new, bare))
    yield Question("a first mark", "PUT", path, token, _sent(first), 200, first, (None, first))
    yield Question("as it was", "PUT", path, token, _sent(old), 200, old, (bare, old))


def _reading(world: World) -> Iterator[Question]:
    lab, token = world.labs[11], world.tokens[-1]
    for on, marks in ((READ_ON, world.sheet(lab, READ_ON)), (EMPTY_ON, [])):
        rows = [
            {
                "user_id": str(account.id),
                "username": account.username,
                "status": mark.entry.status.value,
                "note": mark.entry.note,
            }
            for account, mark in marks
        ]
        answer = {"lab_id": str(lab.id), "date": str(on), "attendances": rows, "total": len(rows)}
        path = f"/labs/{lab.id}/attendance?date={on}"
        yield Question(f"a sheet of {len(rows)}", "GET", path, token, None, 200, answer)


def _refusing(world: World) -> Iterator[Question]:
    (lab_id, user_id), token = world.cells[0], world.tokens[0]
    good = _sent(_facts(lab_id, user_id, WRITE_ON, "absent", "must not be stored"))
    put, get = f"/labs/{lab_id}/attendance", f"/labs/{lab_id}/attendance?date={READ_ON}"
    nowhere = f"/labs/{NOWHERE}/attendance"
    nobody = {"error": "authentication required"}
    for who in ("revoked", "deactivated", "unused", "forged", None):
        sent = world.refused.get(who or "")
        yield Question(f"{who}, marking", "PUT", put, sent, good, 401, nobody)
        yield Question(f"{who}, reading", "GET", get, sent, None, 401, nobody)
    manage, view = ({"error": f"only lab owner can {verb} attendance"} for verb in ("manage", "view"))
    yield Question("a stranger, marking", "PUT", put, world.refused["stranger"], good, 403, manage)
    yield Question("a stranger, reading", "GET", get, world.refused["stranger"], None, 403, view)
    unknown = {"error": "lab or user not found"}
    yield Question("no lab, marking", "PUT", nowhere, token, good, 404, unknown)
    yield Question("no user", "PUT", put, token, good | {"user_id": str(NOWHERE)}, 404, unknown)
    no_lab = f"{nowhere}?date={READ_ON}"
    yield Question("no lab, reading", "GET", no_lab, token, None, 404, {"error": "lab not found"})
    outsider = good | {"user_id": str(world.outsider.id)}
    no_member = {"error": "user is not a member of the lab"}
    yield Question("not a member", "PUT", put, token, outsider, 409, no_member)
    malformed = {"error": "malformed request"}
    for wrong in ({"note": 5}, {"status": "asleep"}, {"date": "2026-02-30"}, {"more": 1}):
        yield Question(f"malformed: {wrong}", "PUT", put, token, good | wrong, 400, malformed)
    yield Question("no date", "GET", put, token, None, 400, malformed)


def _faults(client: httpx.Client, ask: Ask, question: Question, world: World) -> Iterator[str]:
    before = marks_told(ask)
    headers = {"authorization": f"Bearer {question.token}"} if question.token else {}
    answer = client.request(question.method, question.path, json=question.body or None, headers=headers)
    got = _comparable(answer)
    if (answer.status_code, got) != (question.status, question.answer):
        yield f"{question.what}: {answer.status_code} {answer.text}, not {question.status} {question.answer}"
    elif (told := marks_told(ask) - before) != (question.event is not None):
        yield f"{question.what}: {told} events"
    elif question.event and (stored := _event(ask, answer.json()["attendance_id"])) != (
        world.owner.id.hex,
        *question.event,
    ):
        yield f"{question.what}: the event is {stored}"


def _comparable(answer: httpx.Response) -> Any:
    """The body without what each may say in its own way."""
    try:
        body = answer.json()
    except ValueError:
        return None
    return {key: value for key, value in body.items() if key not in ("attendance_id", "details")}


def _event(ask: Ask, mark_id: str) -> tuple[str, Any, Any] | None:
    """By whom a mark was last changed, from what, to what."""
    found = ask(
        "SELECT actor_id, before, after FROM events WHERE replace(CAST(subject_id AS text), '-', '') = :id "
        "AND action = :action AND subject_kind = 'lab_attendance' ORDER BY at DESC LIMIT 1",
        id=UUID(mark_id).hex,
        action=MARKED,
    ).one_or_none()
    if found is None:
        return None
    actor, *facts = found
    return UUID(str(actor)).hex, *(json.loads(each) if isinstance(each, str) else each for each in facts)


def _facts(lab_id: UUID, user_id: UUID, on: dt.date, status: str, note: str) -> dict[str, str]:
    return {
        "lab_id": str(lab_id),
        "user_id": str(user_id),
        "date": on.isoformat(),
        "status": str(status),
        "note": note,
    }


def _sent(facts: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in facts.items() if key != "lab_id"}
