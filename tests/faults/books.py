"""What a database says of a club, read past the service, and what must be true of it."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from attendance.adapters.sql.club.lessons import SqlLessons
from attendance.adapters.sql.club.subscriptions import SqlSubscriptions
from attendance.adapters.sql.tables import attendance, events, lessons, locations
from attendance.domain.attendance.marks import mark_id
from attendance.domain.club.lessons import Lesson
from attendance.domain.club.subscriptions import Subscription
from tests.faults.clubs import Club
from tests.faults.records import snapshot

TOLD_OF_MARKS = sa.select(events).where(events.c.action.like("attendance.%")).order_by(events.c.position)
NAMES = ("status", "note", "minutes_late", "trial", "unpaid", "announced", "version")
NOTHING_KNOWN = {"subscription_id": None, "unpaid": False}


@dataclass(frozen=True, slots=True)
class Books:
    lessons: Mapping[UUID, Lesson]
    passes: Mapping[UUID, Subscription]
    marks: list[Any]
    told: Mapping[UUID, list[Any]]
    """The events of each mark, in order."""
    closures: list[tuple[str, str]]
    """Of the club's location: the first and the last day of each."""

    def marks_of(self, client_id: UUID) -> list[Any]:
        return [mark for mark in self.marks if mark.client_id == client_id]

    def marks_in(self, lesson_id: UUID) -> list[Any]:
        return [mark for mark in self.marks if mark.lesson_id == lesson_id]


def books(database_url: str, club: Club) -> Books:
    """Those of one club: its lessons, its clients' passes and marks."""
    clients = {client.id for client in club.clients}
    with snapshot(database_url) as connection:
        dialect = connection.dialect.name
        of_group = sa.select(*SqlLessons.mapper.columns[dialect]).where(lessons.c.group_id == club.group.id)
        taught = [*map(SqlLessons.mapper.entity, connection.execute(of_group))]
        passes = map(
            SqlSubscriptions.mapper.entity,
            connection.execute(sa.select(*SqlSubscriptions.mapper.columns[dialect])),
        )
        subjects = {mark_id(lesson.id, client_id) for lesson in taught for client_id in clients}
        told = defaultdict(list)
        for event in connection.execute(TOLD_OF_MARKS):
            if event.subject_id in subjects:
                told[event.subject_id].append(event)
        closures = connection.execute(
            sa.select(locations.c.closures).where(locations.c.id == club.location.id)
        ).scalar_one()
        return Books(
            lessons={lesson.id: lesson for lesson in taught},
            passes={it.id: it for it in passes if it.client_id in clients},
            marks=[it for it in connection.execute(sa.select(attendance)) if it.client_id in clients],
            told=told,
            closures=[(it.since.isoformat(), it.until.isoformat()) for it in closures],
        )


def check_books(found: Books) -> None:
    """No pass pays for more than was sold, in all or in a week, or for what it does not cover.

    What is told is what is there.
    """
    paid = Counter(mark.subscription_id for mark in found.marks if mark.subscription_id)
    for each in found.passes.values():
        is_within = each.visits is None or paid[each.id] <= each.visits
        assert is_within, f"{paid[each.id]} visits charged to a pass of {each.visits}"
    weeks = Counter(
        (mark.subscription_id, mark.date.isocalendar()[:2]) for mark in found.marks if mark.subscription_id
    )
    for (subscription_id, _), number in weeks.items():
        per_week = found.passes[subscription_id].visits_per_week
        assert per_week is None or number <= per_week, (
            f"{number} visits of a week charged to a pass of {per_week}"
        )
    for mark in found.marks:
        _check_charge(mark, found)
        assert found.told.get(mark_id(mark.lesson_id, mark.client_id)), "a mark without an event"
    there = {mark_id(mark.lesson_id, mark.client_id): mark for mark in found.marks}
    for subject_id, story in found.told.items():
        _check_story(story, there.get(subject_id))


def _check_charge(mark: Any, found: Books) -> None:
    lesson = found.lessons[mark.lesson_id]
    is_charged = mark.subscription_id is not None
    assert not (lesson.cancelled and (is_charged or mark.unpaid)), "a lesson that is cancelled is charged"
    if is_charged:
        payer = found.passes[mark.subscription_id]
        assert payer.client_id == mark.client_id, "somebody else's pass pays"
        assert payer.covers(lesson.date), "a visit is charged to a pass that does not cover it"
        assert payer.is_for(lesson.group_id), "a visit is charged to a pass for other groups"


def _check_story(story: list[Any], mark: Any | None) -> None:
    """The events go on from each other, and give the mark, or nothing where there is none."""
    facts: dict[str, Any] = {**NOTHING_KNOWN}
    for number, event in enumerate(story, start=1):
        goes_on = "status" not in facts if event.before is None else event.before.items() <= facts.items()
        assert goes_on, f"event {number} of a mark does not go on from the one before"
        facts = {**NOTHING_KNOWN} if event.after is None else facts | event.after
    told = {**NOTHING_KNOWN}
    if mark is not None:
        payer = mark.subscription_id
        told = {
            "lesson_id": str(mark.lesson_id),
            "client_id": str(mark.client_id),
            **{name: getattr(mark, name) for name in NAMES},
            "subscription_id": None if payer is None else str(payer),
        }
    assert facts == told, "the events of a mark do not replay to it"


def check_schedule(found: Books) -> None:
    """No place in a schedule has two lessons, and none stands on a day on which its location is closed."""
    for name, places in (
        ("one time", [(it.group_id, it.date, it.starts) for it in found.lessons.values()]),
        ("one place", [(it.group_id, it.scheduled) for it in found.lessons.values() if it.scheduled]),
    ):
        assert len({*places}) == len(places), f"two lessons at {name}"
    standing = [
        lesson
        for lesson in found.lessons.values()
        for since, until in found.closures
        if since <= lesson.date.isoformat() <= until and not lesson.cancelled
    ]
    assert not standing, f"{len(standing)} lessons stand while their location is closed"
