"""Who may change whom, as docs/permissions.md has it for readers."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from attendance.domain.permissions.roles import Role

TABLE = Path(__file__).parents[1] / "docs/permissions.md"
ANONYMOUS, UNCONFIRMED, DEACTIVATED = "anonymous", "unconfirmed", "deactivated"
ACTORS = [ANONYMOUS, UNCONFIRMED, DEACTIVATED, *(role.value for role in Role)]
CONFIRMED = "confirmed"
STATES = [CONFIRMED, UNCONFIRMED, DEACTIVATED]
RANK = {role.value: role.level for role in Role}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Somebody asks about a target; `to` is a role, for a state "active" or "inactive", for a profile ""."""

    actor: str
    is_self: bool = False
    now: str
    state: str = CONFIRMED
    to: str = ""


def moves() -> Iterator[Case]:
    """Everybody, every target, every new role."""
    for actor, now, state, to in product(ACTORS, RANK, STATES, RANK):
        yield Case(actor=actor, now=now, state=state, to=to)
    for role, to in product(RANK, RANK):
        yield Case(actor=role, is_self=True, now=role, to=to)


def switches() -> Iterator[Case]:
    """Everybody, every target, switched on and off."""
    for actor, now, state, to in product(ACTORS, RANK, STATES, ("active", "inactive")):
        yield Case(actor=actor, now=now, state=state, to=to)
    for role, to in product(RANK, ("active", "inactive")):
        yield Case(actor=role, is_self=True, now=role, to=to)


def edits() -> Iterator[Case]:
    for actor, now, state in product(ACTORS, RANK, STATES):
        yield Case(actor=actor, now=now, state=state)


def invitations() -> Iterator[Case]:
    for actor, role in product(ACTORS, RANK):
        yield Case(actor=actor, now=role)


def tables() -> dict[str, list[list[str]]]:
    """The rows of each table by the heading it stands under."""
    found = {}
    for section in re.split(r"^## ", TABLE.read_text(), flags=re.MULTILINE)[1:]:
        heading, _, text = section.partition("\n")
        rows = [
            [cell.strip() for cell in line.strip("|").split("|")]
            for line in text.splitlines()
            if line.startswith("|")
        ]
        found[heading] = rows[2:]
    return found


def answer_to(case: Case, kind: str, rows: list[list[str]]) -> int:
    """What the first row that fits says; whoever is in none is refused, and strangers are not known."""
    if case.actor in (ANONYMOUS, DEACTIVATED):
        return 401
    fits = {
        "role": _fits_move,
        "grant": _fits_move,
        "active": _fits_switch,
        "edit": _fits_now,
        "invite": _fits_now,
    }[kind]
    return next((int(row[-1]) for row in rows if fits(case, row)), 403)


def _fits_move(case: Case, row: list[str]) -> bool:
    actors, target, now, to, _ = row
    return (
        _is_one(case.actor, actors)
        and _is_target(case, target)
        and _is_one(case.now, now)
        and _goes(case, to)
    )


def _fits_switch(case: Case, row: list[str]) -> bool:
    actors, target, now, _ = row
    return _is_one(case.actor, actors) and _is_target(case, target) and _is_one(case.now, now)


def _fits_now(case: Case, row: list[str]) -> bool:
    actors, now, _ = row
    return _is_one(case.actor, actors) and _is_one(case.now, now)


def _is_one(value: str, listed: str) -> bool:
    return listed == "any" or value in listed.split(", ")


def _is_target(case: Case, target: str) -> bool:
    match target:
        case "any":
            return True
        case "self":
            return case.is_self
        case "another":
            return not case.is_self
        case "another, not confirmed or not active":
            return not case.is_self and case.state != CONFIRMED
        case "another active one, deactivated":
            return not case.is_self and case.state != DEACTIVATED and case.to == "inactive"
    raise ValueError(target)


def _goes(case: Case, to: str) -> bool:
    if to.startswith("higher"):
        among = to.removeprefix("higher").removeprefix(" among ")
        return RANK[case.to] > RANK[case.now] and (not among or _is_one(case.to, among))
    return _is_one(case.to, to)
