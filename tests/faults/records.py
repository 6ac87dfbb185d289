"""What a database holds, read past the service in one snapshot, and what must be true of it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from attendance.adapters.sql.engine.databases import open_database
from attendance.adapters.sql.events import OF as EVENTS_OF
from attendance.adapters.sql.tables import accounts, events, lab_marks, lab_members
from tests.faults.scene import Scene

SNAPSHOT = {"sqlite": "BEGIN", "postgresql": "BEGIN ISOLATION LEVEL REPEATABLE READ"}

Place = tuple[str, str]
"""Of a lab's mark: the user and the date, as they are sent."""


@dataclass(frozen=True, slots=True)
class Records:
    accounts: list[Any]
    members: list[Any]
    marks: list[Any]
    events: list[Any]

    def events_of(self, subject_id: UUID) -> list[Any]:
        return [event for event in self.events if event.subject_id == subject_id]

    def marks_by_place(self) -> Mapping[Place, list[Any]]:
        found = defaultdict(list)
        for mark in self.marks:
            found[str(mark.user_id), mark.date.isoformat()].append(mark)
        return found


def records(database_url: str, scene: Scene | None = None) -> Records:
    """Everything, or what concerns a scene's lab; the events of each subject as the library tells them."""
    found = _everything(database_url)
    if scene is None:
        return found
    lab_id = UUID(scene.lab_id)
    return Records(
        accounts=found.accounts,
        members=[member for member in found.members if member.lab_id == lab_id],
        marks=[mark for mark in found.marks if mark.lab_id == lab_id],
        events=[
            event
            for event in found.events
            if event.subject_id == lab_id or (event.after or {}).get("lab_id") == scene.lab_id
        ],
    )


def rows_of(database_url: str, table: sa.Table) -> list[Any]:
    database = open_database(database_url, pool_size=1)
    try:
        with database.engine.connect() as connection:
            return list(connection.execute(sa.select(table)))
    finally:
        database.engine.dispose()


@contextmanager
def snapshot(database_url: str) -> Iterator[sa.Connection]:
    """A connection that sees all as it is at one moment."""
    database = open_database(database_url, pool_size=1)
    try:
        with database.engine.connect() as connection:
            connection.exec_driver_sql(SNAPSHOT[connection.dialect.name])
            yield connection
            connection.exec_driver_sql("COMMIT")
    finally:
        database.engine.dispose()


def _everything(database_url: str) -> Records:
    with snapshot(database_url) as connection:
        return Records(
            *(list(connection.execute(sa.select(table))) for table in (accounts, lab_members, lab_marks)),
            events=[
                event
                for subject_id in connection.execute(sa.select(events.c.subject_id).distinct()).scalars()
                for event in connection.execute(EVENTS_OF, {"subject_id": subject_id})
            ],
        )


def check_marks_and_events_agree(found: Records) -> None:
    """One mark per place; each has its events and each event its mark; replayed, they give the mark."""
    places = Counter((mark.lab_id, mark.user_id, mark.date) for mark in found.marks)
    assert not places or max(places.values()) == 1, f"{max(places.values())} marks for one user and date"
    marked = [event for event in found.events if event.action == "lab_attendance.marked"]
    ids = {mark.id for mark in found.marks}
    without_mark = {event.subject_id for event in marked} - ids
    assert not without_mark, f"{len(without_mark)} marks have events but are not there"
    told = defaultdict(list)
    for event in marked:
        told[event.subject_id].append(event)
    for mark in found.marks:
        assert told[mark.id], "a mark without an event"
        _check_story(mark, told[mark.id])


def _check_story(mark: Any, story: list[Any]) -> None:
    facts = None
    for number, event in enumerate(story, start=1):
        assert event.before == facts, f"event {number} does not go on from the one before"
        facts = event.after
    told = {
        "lab_id": str(mark.lab_id),
        "user_id": str(mark.user_id),
        "date": mark.date.isoformat(),
        "status": mark.status,
        "note": mark.note,
    }
    assert facts == told, "the events do not replay to the mark"
    assert mark.version == len(story), f"version {mark.version} after {len(story)} events"


def is_subsequence(part: Iterable[Any], whole: Iterable[Any]) -> bool:
    rest = iter(whole)
    return all(item in rest for item in part)
