"""The same people, labs and marks for every contender: one owner of all labs, members, callers to refuse."""

import random
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any

from attendance.adapters.clock import new_id, utc_now
from attendance.adapters.security.tokens import JwtTokens
from attendance.domain.accounts.accounts import Account
from attendance.domain.accounts.sessions import Session, SessionLifetime
from attendance.domain.attendance.status import Status
from attendance.domain.ids import AccountId, LabId, LabMarkId, SessionId
from attendance.domain.labs.labs import Lab, Membership
from attendance.domain.labs.marks import LabEntry, LabMark

SECRET = "a secret of more than 32 bytes that only the benchmarks know"
LABS = 50
MEMBERS = 30
PEOPLE = 500
OWNERS_SESSIONS = 8
READ_ON = date(2026, 3, 20)
WRITE_ON = date(2026, 3, 21)
EMPTY_ON = date(2026, 3, 22)
DAYS_OF_MARKS = 20
LONG_AGO = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOTES = ("", "", "came by train", "überhört")
SYLLABLES = re.findall("..", "bacedifoguhajikolumaneprosutavewixoyuzaanerilonur")


@dataclass(frozen=True, kw_only=True)
class World:
    """Everything there is. `tokens` are the owner's; `refused` has the token of each who shall be refused."""

    accounts: tuple[Account, ...]
    sessions: tuple[Session, ...]
    labs: tuple[Lab, ...]
    members: tuple[Membership, ...]
    marks: tuple[LabMark, ...]
    owner: Account
    outsider: Account
    tokens: tuple[str, ...]
    refused: dict[str, str]

    @cached_property
    def cells(self) -> list[tuple[LabId, AccountId]]:
        """Every place of every sheet, neighbours in different labs: those who walk along never meet."""
        by_lab = [[each.user_id for each in self.members if each.lab_id == lab.id] for lab in self.labs]
        return [
            (lab.id, ids[place])
            for place in range(MEMBERS)
            for lab, ids in zip(self.labs, by_lab, strict=True)
        ]

    def sheet(self, lab: Lab, on: date) -> list[tuple[Account, LabMark]]:
        """A lab's marks on a date, each with whom it is about, by username."""
        by_id = {account.id: account for account in self.accounts}
        marks = [mark for mark in self.marks if (mark.lab_id, mark.date) == (lab.id, on)]
        pairs = [(by_id[mark.user_id], mark) for mark in marks]
        return sorted(pairs, key=lambda pair: (pair[0].username_sort_key, pair[0].id))


def account(name: str, **changes: Any) -> Account:
    usual: dict[str, Any] = {
        "id": AccountId(new_id()),
        "username": name,
        "in_labs": True,
        "password_hash": "$argon2id$",
        "created_at": LONG_AGO,
        "updated_at": LONG_AGO,
    }
    return Account(**usual | changes)


def username(rng: random.Random, number: int) -> str:
    """Reads like a name; the number makes it the only one."""
    return "".join(rng.choices(SYLLABLES, k=rng.randint(2, 4))) + str(number)


def session(of: Account, started_at: datetime | None = None) -> Session:
    started_at = started_at or utc_now()
    return Session(
        id=SessionId(new_id()),
        account_id=of.id,
        started_at=started_at,
        expires_at=started_at + SessionLifetime().absolute,
        last_seen_at=started_at,
    )


def issuer(secret: str = SECRET) -> JwtTokens:
    return JwtTokens(keys=(secret.encode(),), clock=utc_now, longest_life=SessionLifetime().absolute)


def world() -> World:
    rng = random.Random(2026)
    owner, stranger, outsider = account("owner"), account("stranger"), account("outsider")
    deactivated = account("deactivated", active=False)
    people = [account(username(rng, number)) for number in range(PEOPLE)]
    labs = [_lab(number, owner) for number in range(LABS)]
    members = [
        Membership(lab_id=lab.id, user_id=person.id, joined_at=LONG_AGO)
        for lab in labs
        for person in rng.sample(people, MEMBERS)
    ]
    days = [WRITE_ON - timedelta(days=ago) for ago in reversed(range(DAYS_OF_MARKS))]
    own = [session(owner) for _ in range(OWNERS_SESSIONS)]
    strangers, deactivateds = session(stranger), session(deactivated)
    unused = session(owner, started_at=utc_now() - SessionLifetime().idle - timedelta(minutes=1))
    tokens = issuer()
    return World(
        accounts=(owner, stranger, outsider, deactivated, *people),
        sessions=(*own, strangers, deactivateds, unused),
        labs=tuple(labs),
        members=tuple(members),
        marks=tuple(_mark(rng, place, on, owner) for on in days for place in members),
        owner=owner,
        outsider=outsider,
        tokens=tuple(tokens.issue(each) for each in own),
        refused={
            "stranger": tokens.issue(strangers),
            "deactivated": tokens.issue(deactivateds),
            "unused": tokens.issue(unused),
            "revoked": tokens.issue(session(owner)),
            "forged": issuer(SECRET[::-1]).issue(own[0]),
        },
    )


def _lab(number: int, owner: Account) -> Lab:
    return Lab(
        id=LabId(new_id()),
        owner_id=owner.id,
        name=f"Lab {number}",
        description="where things are measured",
        created_at=LONG_AGO,
    )


def _mark(rng: random.Random, place: Membership, on: date, by: Account) -> LabMark:
    return LabMark(
        id=LabMarkId(new_id()),
        lab_id=place.lab_id,
        user_id=place.user_id,
        date=on,
        entry=LabEntry(status=rng.choice(tuple(Status)), note=rng.choice(NOTES)),
        marked_by=by.id,
        marked_at=LONG_AGO,
    )
