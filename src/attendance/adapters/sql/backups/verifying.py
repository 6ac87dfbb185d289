"""Looking through a whole database for what must never be in it, in bounded memory and in one snapshot.

The store and the database keep these rules with every write; what is found here was written past them, or
lost on the way.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import groupby
from typing import Any, TypeAlias
from uuid import UUID

import sqlalchemy as sa

from attendance.adapters.sql.club.subscriptions import SqlSubscriptions
from attendance.adapters.sql.engine.databases import LASTS_ANY_TIME, Database
from attendance.adapters.sql.engine.errors import kind_of, raise_meaning, reason_of
from attendance.adapters.sql.schema.version import require_current
from attendance.adapters.sql.tables import accounts, attendance, events, lab_marks, lessons, subscriptions
from attendance.domain.club.subscriptions import Subscription
from attendance.domain.dates import week_of
from attendance.domain.permissions.roles import Role

BATCH = 1000
FIRST = UUID(int=0)
SNAPSHOT = {
    "sqlite": ["BEGIN"],
    "postgresql": [
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        "SET LOCAL statement_timeout = 0",
        "SET LOCAL idle_in_transaction_session_timeout = 0",
    ],
}
MARKED = ("status", "note", "minutes_late", "trial", "unpaid", "announced", "version")
NOTHING_KNOWN: Mapping[str, Any] = {"subscription_id": None, "unpaid": False}

Story: TypeAlias = list[Any]
"""The events of one subject, oldest first."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that must not be: what it is, and of which row."""

    text: str
    subject: str

    def __str__(self) -> str:
        return f"{self.subject} {self.text}"


@dataclass(frozen=True, slots=True)
class Verified:
    """How many rows were looked at by the name of what they are, and everything that was found."""

    looked_at: Mapping[str, int]
    findings: tuple[Finding, ...]


@contextmanager
def snapshot(database: Database) -> Iterator[sa.Connection]:
    """A connection that sees all as it is at one moment, for as long as it takes."""
    with database.engine.connect() as connection:
        for statement in SNAPSHOT[connection.dialect.name]:
            connection.exec_driver_sql(statement)
        connection.execution_options(**{LASTS_ANY_TIME: True})
        try:
            yield connection
        finally:
            # where the server has gone, this would hide what went wrong
            with suppress(sa.exc.SQLAlchemyError):
                connection.exec_driver_sql("ROLLBACK")


def verify(database: Database, *, most: int = 100) -> Verified:
    """Look through the whole database; at most so many findings are told of each kind of row.

    Raises Unavailable; UnusableDatabase where it is not of this code's shape.
    """
    require_current(database)
    try:
        with snapshot(database) as connection:
            return verified(connection, most)
    except Exception as error:
        raise_meaning(error)


def verified(connection: sa.Connection, most: int) -> Verified:
    """The same of what a connection sees."""
    looked_at: Counter[str] = Counter()
    findings: list[Finding] = []
    checks = {
        "tables": _broken(connection),
        "accounts": _owners(connection),
        "passes": _passes(connection, looked_at),
        "marks": _marks(connection, looked_at),
        "lab marks": _lab_marks(connection, looked_at),
    }
    for name, found in checks.items():
        looked_at[name] += 0
        try:
            for number, finding in enumerate(found):
                if number < most:
                    findings.append(finding)
        except sa.exc.DBAPIError as error:
            if kind_of(error) != "corrupt":
                raise
            findings.append(Finding(f"cannot be read: {reason_of(error)}", name))
    return Verified(dict(looked_at), tuple(findings))


def _broken(connection: sa.Connection) -> Iterator[Finding]:
    """What SQLite says of its file: pages that cannot be, rows that point nowhere."""
    if connection.dialect.name == "sqlite":
        for (text,) in connection.exec_driver_sql("PRAGMA integrity_check"):
            if text != "ok":
                yield Finding(text, "the file")
        for table, row, other, _ in connection.exec_driver_sql("PRAGMA foreign_key_check"):
            yield Finding(f"refers to a row of {other} that is not there", f"{table}, row {row}")


def _owners(connection: sa.Connection) -> Iterator[Finding]:
    """Once there was an owner, there is an active one."""
    states = connection.scalars(sa.select(accounts.c.active).where(accounts.c.role == Role.OWNER)).all()
    if states and not any(states):
        yield Finding("no owner is active", f"{len(states)} owners")


def _passes(connection: sa.Connection, looked_at: Counter[str]) -> Iterator[Finding]:
    """Charges of a pass: at most its visits, in all and in a week, and only for what it covers."""
    columns = SqlSubscriptions.mapper.columns[connection.dialect.name]
    after = sa.bindparam("after", type_=sa.Uuid)
    batch = sa.select(*columns).where(subscriptions.c.id > after).order_by(subscriptions.c.id).limit(BATCH)
    charged = (
        sa.select(attendance, lessons.c.group_id, lessons.c.cancelled)
        .join(lessons, lessons.c.id == attendance.c.lesson_id)
        .where(attendance.c.subscription_id.between(after, sa.bindparam("last", type_=sa.Uuid)))
        .order_by(attendance.c.subscription_id)
    )
    last = FIRST
    while passes := [*map(SqlSubscriptions.mapper.entity, connection.execute(batch, {"after": last}))]:
        looked_at["passes"] += len(passes)
        marks = connection.execute(charged, {"after": passes[0].id, "last": passes[-1].id})
        by_pass = {key: [*those] for key, those in groupby(marks, key=lambda mark: mark.subscription_id)}
        for each in passes:
            yield from _charges(each, by_pass.get(each.id, []))
        last = passes[-1].id


def _charges(payer: Subscription, marks: list[Any]) -> Iterator[Finding]:
    subject = f"pass {payer.id}"
    if payer.visits is not None and len(marks) > payer.visits:
        yield Finding(f"has paid for {len(marks)} visits of {payer.visits}", subject)
    if payer.visits_per_week is not None:
        for (since, _), number in Counter(week_of(mark.date) for mark in marks).items():
            if number > payer.visits_per_week:
                text = f"has paid for {number} visits of {payer.visits_per_week} in the week from {since}"
                yield Finding(text, subject)
    for mark in marks:
        of = f"mark of client {mark.client_id} in lesson {mark.lesson_id}"
        if mark.client_id != payer.client_id:
            yield Finding("is charged to the pass of somebody else", of)
        if not payer.covers(mark.date):
            yield Finding("is charged to a pass that does not cover its date", of)
        if not payer.is_for(mark.group_id):
            yield Finding("is charged to a pass for other groups", of)
        if mark.cancelled:
            yield Finding("is charged though its lesson is cancelled", of)


def _marks(connection: sa.Connection, looked_at: Counter[str]) -> Iterator[Finding]:
    """The events of each mark go on from each other and give the mark; each mark has events."""
    told = 0
    for stories in _stories(connection, "attendance.%"):
        kept = [(subject, *_retold(story)) for subject, story in stories]
        places = {
            (UUID(facts["lesson_id"]), UUID(facts["client_id"])): subject
            for subject, facts, _ in kept
            if "lesson_id" in facts
        }
        place = sa.tuple_(attendance.c.lesson_id, attendance.c.client_id)
        there = {
            places[mark.lesson_id, mark.client_id]: _facts(mark)
            for mark in connection.execute(sa.select(attendance).where(place.in_([*places])))
        }
        told += len(there)
        for subject, facts, faults in kept:
            yield from (Finding(fault, f"mark {subject}") for fault in faults)
            if facts != there.get(subject, NOTHING_KNOWN):
                yield Finding("is not what its events say", f"mark {subject}")
    number = connection.scalar(sa.select(sa.func.count()).select_from(attendance)) or 0
    looked_at["marks"] += number
    if number > told:
        yield Finding("have no events", f"{number - told} marks")
    owed = (
        sa.select(attendance.c.lesson_id, attendance.c.client_id)
        .join(lessons, lessons.c.id == attendance.c.lesson_id)
        .where(attendance.c.unpaid, lessons.c.cancelled)
    )
    for mark in connection.execute(owed):
        of = f"mark of client {mark.client_id} in lesson {mark.lesson_id}"
        yield Finding("is unpaid though its lesson is cancelled", of)


def _facts(mark: Any) -> dict[str, Any]:
    payer = mark.subscription_id
    return {
        "lesson_id": str(mark.lesson_id),
        "client_id": str(mark.client_id),
        **{name: getattr(mark, name) for name in MARKED},
        "subscription_id": None if payer is None else str(payer),
    }


def _retold(story: Story) -> tuple[Mapping[str, Any], list[str]]:
    """What the events of a mark come to, and what is wrong with them."""
    facts: dict[str, Any] = {**NOTHING_KNOWN}
    faults: list[str] = []
    for number, event in enumerate(story, start=1):
        before, after = _kept(event.before), _kept(event.after)
        goes_on = "status" not in facts if before is None else before.items() <= facts.items()
        if not goes_on:
            faults.append(f"its event {number} does not go on from the one before")
        facts = {**NOTHING_KNOWN} if after is None else facts | after
    return facts, faults


def _kept(told: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What a mark keeps of the facts of an event: not when it was noted down, which the log alone says."""
    return None if told is None else {name: fact for name, fact in told.items() if name != "noted_at"}


def _lab_marks(connection: sa.Connection, looked_at: Counter[str]) -> Iterator[Finding]:
    """The same of marks in labs, whose versions are the numbers of their events."""
    told = 0
    for stories in _stories(connection, "lab_attendance.%"):
        there = {
            mark.id: mark
            for mark in connection.execute(
                sa.select(lab_marks).where(lab_marks.c.id.in_([subject for subject, _ in stories]))
            )
        }
        told += len(there)
        for subject, story in stories:
            yield from (
                Finding(text, f"mark in a lab {subject}") for text in _lab_faults(there, subject, story)
            )
    number = connection.scalar(sa.select(sa.func.count()).select_from(lab_marks)) or 0
    looked_at["lab marks"] += number
    if number > told:
        yield Finding("have no events", f"{number - told} marks in labs")


def _lab_faults(there: Mapping[UUID, Any], subject: UUID, story: Story) -> Iterator[str]:
    facts = None
    for number, event in enumerate(story, start=1):
        if event.before != facts:
            yield f"its event {number} does not go on from the one before"
        facts = event.after
    mark = there.get(subject)
    stored = mark and {
        "lab_id": str(mark.lab_id),
        "user_id": str(mark.user_id),
        "date": mark.date.isoformat(),
        "status": mark.status,
        "note": mark.note,
    }
    if facts != stored:
        yield "is not what its events say"


def _stories(connection: sa.Connection, actions: str) -> Iterator[list[tuple[UUID, Story]]]:
    """The events of all subjects with such actions, some subjects at a time."""
    last = FIRST
    subjects = (
        sa.select(events.c.subject_id)
        .where(events.c.action.like(actions), events.c.subject_id > sa.bindparam("after", type_=sa.Uuid))
        .distinct()
        .order_by(events.c.subject_id)
        .limit(BATCH)
    )
    while batch := connection.scalars(subjects, {"after": last}).all():
        told = (
            sa.select(events)
            .where(events.c.subject_id.in_(batch), events.c.action.like(actions))
            .order_by(events.c.subject_id, events.c.position)
        )
        yield [(key, [*story]) for key, story in _grouped(connection.execute(told))]
        last = batch[-1]


def _grouped(rows: Iterable[Any]) -> Iterator[tuple[UUID, Iterator[Any]]]:
    return groupby(rows, key=lambda event: event.subject_id)
