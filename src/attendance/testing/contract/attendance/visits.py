"""What every store must tell of a client's visits, one by one and summed up."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from random import Random
from typing import Any
from uuid import UUID

import pytest

from attendance.application.ports.attendance import VisitCriteria, VisitRow, VisitsSummary
from attendance.domain.attendance.status import Status
from attendance.domain.club.lessons import Lesson
from attendance.domain.ids import ClientId, LessonId
from attendance.domain.reporting.statistics import Counts, counts_of
from attendance.testing.contract.attendance.scene import A, Club, E, L, P


def test_visits_are_sorted_by_date_start_and_lesson_wherever_they_are_cut(club: Club) -> None:
    ada, bob = club.clients("Ada", "Bob")
    group, other = club.group(), club.group()
    random = Random(5)
    places = [*product((group, other), range(1, 6), (time(9), time(9, 30)))]
    random.shuffle(places)
    lessons = [
        club.lesson(it, date(2026, 3, day), starts, id=LessonId(UUID(int=random.getrandbits(128))))
        for it, day, starts in places
    ]
    marks = {it.id: club.mark(it, ada, random.choice([*Status]), note=str(it.starts)) for it in lessons}
    for it in lessons[::3]:
        club.mark(it, bob)
    lessons.sort(key=lambda it: (it.date, it.starts, it.id))
    expected = tuple(
        VisitRow(mark=marks[it.id], group_id=it.group_id, date=it.date, starts=it.starts) for it in lessons
    )
    assert club.visits(ada) == expected
    for place, row in enumerate(expected):
        assert club.visits(ada, limit=3, after=row) == expected[place + 1 : place + 4]
        assert club.visits(ada, limit=3, offset=place) == expected[place : place + 3]


def test_visits_are_of_a_range_and_of_lessons_not_cancelled(club: Club) -> None:
    (ada,) = club.clients("Ada")
    group = club.group()
    lessons = [club.lesson(group, date(2026, 3, day)) for day in range(1, 6)]
    cancelled = club.lesson(group, date(2026, 3, 3), time(18), cancelled=True, reason="ill")
    for it in (*lessons, cancelled):
        club.mark(it, ada)

    def found(**criteria: Any) -> list[int]:
        rows = club.visits(ada, **criteria)
        with club.store.read() as work:
            assert work.attendance.count(VisitCriteria(client_id=ada.id, **criteria)) == len(rows)
        return [row.date.day for row in rows]

    assert found() == [1, 2, 3, 4, 5]
    assert found(since=date(2026, 3, 2), until=date(2026, 3, 4)) == [2, 3, 4]
    assert found(since=date(2026, 3, 5)) == [5]
    assert found(until=date(2026, 3, 1)) == [1]
    assert found(since=date(2026, 3, 6)) == []


def test_a_summary_counts_slots_unmarked_ones_and_guests_included(club: Club) -> None:
    (ada,) = club.clients("Ada")
    group = club.group((ada, date(2026, 3, 2), date(2026, 3, 6)))
    lessons = {day: club.lesson(group, date(2026, 3, day)) for day in range(1, 9)}
    club.mark(lessons[2], ada, P)
    club.mark(lessons[3], ada, L, trial=True)
    club.mark(lessons[4], ada, A)
    club.mark(lessons[8], ada, E)
    club.mark(club.lesson(club.group(), date(2026, 3, 7)), ada, P)
    assert club.summary(ada).counts == Counts(present=2, late=1, absent=1, excused=1, unmarked=2)
    within = club.summary(ada, since=date(2026, 3, 3), until=date(2026, 3, 5)).counts
    assert within == Counts(late=1, absent=1, unmarked=1)


def test_a_summary_knows_nothing_of_what_was_cancelled_or_has_not_begun(club: Club) -> None:
    ada, bob = club.clients("Ada", "Bob")
    group = club.group(ada)
    now = datetime(2026, 3, 5, 10, tzinfo=UTC)
    for it in (
        club.lesson(group, date(2026, 3, 1), cancelled=True, reason="ill"),
        club.lesson(group, date(2026, 3, 5), time(10, 1)),
    ):
        club.mark(it, ada, A)
        club.mark(it, bob, A)
    club.lesson(group, date(2026, 3, 2), cancelled=True, reason="ill")
    club.lesson(group, date(2026, 3, 6))
    nothing = VisitsSummary(counts=Counts(), consecutive_absences=0)
    assert club.summary(ada, now) == club.summary(bob, now) == nothing
    club.lesson(group, date(2026, 3, 5), time(10))
    assert club.summary(ada, now).counts == Counts(unmarked=1)
    assert club.summary(ada, now + timedelta(minutes=1)).counts == Counts(absent=1, unmarked=1)


@pytest.mark.parametrize(
    ("statuses", "run"),
    [
        ([], 0),
        ([P], 0),
        ([A], 1),
        ([None], 0),
        ([A, A, A], 3),
        ([A, A, P], 0),
        ([A, P, A, A], 2),
        ([A, L, A], 1),
        ([A, P, A, E, A, None], 2),
        ([A, None, E, None, A, E], 2),
        ([P, E, None], 0),
    ],
)
def test_the_newest_run_of_absences_is_broken_by_coming_alone(
    club: Club, statuses: Sequence[Status | None], run: int
) -> None:
    (ada,) = club.clients("Ada")
    group = club.group(ada)
    for n, status in enumerate(statuses):
        lesson = club.lesson(group, date(2026, 3, 1 + n))
        if status is not None:
            club.mark(lesson, ada, status)
    assert club.summary(ada).consecutive_absences == run
    club.mark(club.lesson(group, date(2026, 3, 20), cancelled=True, reason="ill"), ada, P)
    assert club.summary(ada).consecutive_absences == run


def test_a_run_of_absences_goes_on_from_before_the_range_and_ends_with_it(club: Club) -> None:
    (ada,) = club.clients("Ada")
    group = club.group(ada)
    for day, status in enumerate([P, A, A, A, P], start=1):
        club.mark(club.lesson(group, date(2026, 3, day)), ada, status)
    within = club.summary(ada, since=date(2026, 3, 3), until=date(2026, 3, 4))
    assert within == VisitsSummary(counts=Counts(absent=2), consecutive_absences=3)
    assert club.summary(ada, since=date(2026, 3, 10)).consecutive_absences == 0
    assert club.summary(ada, since=date(2026, 3, 10), until=date(2026, 3, 4)).counts == Counts()


def test_summaries_are_what_going_through_all_lessons_says(club: Club) -> None:
    random = Random(11)
    clients = club.clients("Ada", "Bob", "Eve")
    groups = [
        club.group(*(it for it in clients if random.random() < 0.5)),
        club.group(*((it, date(2026, 3, 3), date(2026, 3, 9)) for it in clients)),
    ]
    lessons: list[Lesson] = []
    marks: dict[tuple[Any, ClientId], Status] = {}
    for day, hour in product(range(1, 15), (9, 12)):
        off = {"cancelled": True, "reason": "ill"} if random.random() < 0.2 else {}
        lesson = club.lesson(random.choice(groups), date(2026, 3, day), time(hour), **off)
        lessons.append(lesson)
        for client in clients:
            if random.random() < 0.6:
                status = random.choice([P, L, A, A, A, E])
                marks[lesson.id, client.id] = club.mark(lesson, client, status).status
    rosters = {
        it.id: next(group for group in groups if group.id == it.group_id).roster_on(it.date) for it in lessons
    }
    for client, now, since, until in product(
        clients, (9, 15), (None, date(2026, 3, 4)), (None, date(2026, 3, 8))
    ):
        at = datetime(2026, 3, now, 12, tzinfo=UTC)
        slots = [
            (it, marks.get((it.id, client.id)))
            for it in lessons
            if not it.cancelled
            and it.starts_at <= at
            and it.date <= (until or it.date)
            and ((it.id, client.id) in marks or client.id in rosters[it.id])
        ]
        run = 0
        for _, slot in slots:
            run = 0 if slot in (P, L) else run + (slot is A)
        expected = VisitsSummary(
            counts=counts_of(status for it, status in slots if it.date >= (since or it.date)),
            consecutive_absences=run,
        )
        assert club.summary(client, at, since=since, until=until) == expected
