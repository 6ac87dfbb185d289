"""A mark's copy of when its lesson is: made and kept by the database, whatever is done to either."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, time
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from attendance.adapters.sql import SqlStore
from attendance.adapters.sql.engine.databases import Database
from attendance.adapters.sql.tables import attendance, lessons
from attendance.domain.attendance.marks import Changed
from attendance.domain.attendance.status import Status
from attendance.domain.club.lessons import Lesson
from attendance.testing import make

COPY = attendance.c["lesson_id", "date", "starts"]


@dataclass
class Marked:
    """Two lessons with two marks each."""

    database: Database

    def __post_init__(self) -> None:
        self.store = SqlStore(primary=self.database, replica=self.database)
        self.teacher, location = make.account(), make.location()
        self.clients = [make.client(), make.client()]
        self.group = make.group(location)
        self.lessons = [make.lesson(self.group, date=date(2026, 3, day)) for day in (1, 2)]
        with self.store.transaction() as work:
            work.accounts.add(self.teacher)
            work.locations.add(location)
            for client in self.clients:
                work.clients.add(client)
            work.groups.add(self.group)
            work.lessons.add_all(self.lessons)
        self.mark(*self.lessons)

    def mark(self, *lessons: Lesson, status: Status = Status.PRESENT) -> None:
        with self.store.transaction() as work:
            work.attendance.save([*self.marks(lessons, status)])

    def marks(self, lessons: tuple[Lesson, ...], status: Status) -> Iterator[Changed]:
        for lesson in lessons:
            for client in self.clients:
                yield Changed(before=None, after=make.mark(lesson, client, self.teacher, status=status))

    def copies(self) -> list[tuple[Any, ...]]:
        with self.database.engine.connect() as connection:
            return sorted(tuple(row) for row in connection.execute(sa.select(*COPY)))

    def run(self, statement: sa.Executable) -> None:
        with self.database.engine.connect() as connection:
            connection.execute(statement)


@pytest.fixture
def marked(database: Database) -> Marked:
    return Marked(database)


def told(*lessons: Lesson) -> list[tuple[Any, ...]]:
    return sorted((it.id, it.date, it.starts) for it in lessons for _ in range(2))


def test_a_mark_is_written_with_its_lessons_date_and_time(marked: Marked) -> None:
    assert marked.copies() == told(*marked.lessons)


def test_it_follows_a_lesson_that_is_moved(marked: Marked) -> None:
    first, other = marked.lessons
    moved = replace(first, date=date(2026, 4, 7), starts=time(7, 15), version=first.version + 1)
    with marked.store.transaction() as work:
        work.lessons.save(moved)
    assert marked.copies() == told(moved, other)
    marked.mark(moved, status=Status.LATE)
    assert marked.copies() == told(moved, other)


def test_it_follows_even_past_the_store(marked: Marked) -> None:
    first, other = marked.lessons
    moved = replace(first, date=date(2025, 12, 31))
    marked.run(sa.update(lessons).where(lessons.c.id == first.id).values(date=moved.date))
    assert marked.copies() == told(moved, other)


@pytest.mark.parametrize("wrong", [{"date": date(2026, 3, 2)}, {"starts": time(23)}, {"date": None}], ids=str)
def test_another_is_refused(marked: Marked, wrong: dict[str, Any]) -> None:
    first = attendance.c.lesson_id == marked.lessons[0].id
    with pytest.raises(sa.exc.IntegrityError):
        marked.run(sa.update(attendance).where(first).values(wrong))
    assert marked.copies() == told(*marked.lessons)


def test_a_mark_of_no_lesson_is_refused(marked: Marked) -> None:
    with pytest.raises((psycopg.IntegrityError, sqlite3.IntegrityError)):
        marked.mark(make.lesson(marked.group))
    assert marked.copies() == told(*marked.lessons)
