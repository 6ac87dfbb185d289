"""What must never be in a database is found in it, whatever way it came there."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from attendance.adapters.sql.backups import verifying
from attendance.adapters.sql.backups.verifying import verified, verify
from attendance.adapters.sql.engine.databases import Database
from attendance.adapters.sql.tables import (
    accounts,
    attendance,
    clients,
    events,
    lab_marks,
    lessons,
    subscriptions,
)
from attendance.domain.attendance.marks import SentMark
from attendance.domain.attendance.status import Status
from attendance.domain.permissions.actor import OPERATOR
from tests.conftest import databases
from tests.stores.backups.clubs import TODAY, filled, library, opened, tampered

A_CHARGED = sa.select(attendance.c.lesson_id).where(attendance.c.subscription_id.is_not(None)).limit(1)
A_PASS = sa.select(attendance.c.subscription_id).where(attendance.c.subscription_id.is_not(None)).limit(1)
A_MARK = sa.select(events.c.subject_id).where(events.c.action == "attendance.marked").limit(1)


def of_pass(table: sa.Table = subscriptions) -> sa.Update:
    return sa.update(table).where(table.c.id == A_PASS.scalar_subquery())


def of_charged_lesson() -> sa.Update:
    return sa.update(lessons).where(lessons.c.id == A_CHARGED.scalar_subquery())


FAULTS: dict[str, tuple[sa.Executable, str]] = {
    "a pass of fewer visits than it paid for": (
        of_pass().values(visits=0),
        r"pass \S+ has paid for \d+ visits of 0",
    ),
    "more visits in a week than it may pay for": (
        of_pass().values(visits_per_week=0),
        r"pass \S+ has paid for \d+ visits of 0 in the week from \d+-\d+-\d+",
    ),
    "a pass that begins after what it paid for": (
        of_pass().values(starts_on=date(2030, 1, 1), valid_until=None, ends_on=None),
        "is charged to a pass that does not cover its date",
    ),
    "a lesson that is cancelled and charged": (
        of_charged_lesson().values(cancelled=True),
        "is charged though its lesson is cancelled",
    ),
    "a mark that was changed past the log": (
        sa.update(attendance).where(attendance.c.status == "present").values(note="forged"),
        r"mark \S+ is not what its events say",
    ),
    "a mark that is gone": (
        sa.delete(attendance).where(attendance.c.subscription_id.is_(None)),
        r"mark \S+ is not what its events say",
    ),
    "a mark without events": (
        sa.delete(events).where(events.c.subject_id == A_MARK.scalar_subquery()),
        "1 marks have no events",
    ),
    "a log with a hole": (
        sa.delete(events).where(
            events.c.position
            == sa.select(sa.func.min(events.c.position))
            .where(events.c.action == "lab_attendance.marked")
            .scalar_subquery()
        ),
        r"mark in a lab \S+ its event 1 does not go on from the one before",
    ),
    "a lab's mark that was changed past the log": (
        sa.update(lab_marks).values(status="late"),
        r"mark in a lab \S+ is not what its events say",
    ),
    "a lab's mark without events": (
        sa.delete(events).where(events.c.action == "lab_attendance.marked"),
        "1 marks in labs have no events",
    ),
    "owners of whom none is active": (
        sa.update(accounts).where(accounts.c.role == "owner").values(active=False),
        r"\d owners no owner is active",
    ),
}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def club(request: pytest.FixtureRequest) -> Iterator[Database]:
    url = databases(request, request.param).fresh()
    filled(url)
    with opened(url) as database:
        yield database


def test_a_club_is_as_it_must_be(club: Database) -> None:
    sound = verify(club)
    assert sound.findings == ()
    assert min(sound.looked_at[name] for name in ("passes", "marks", "lab marks")) > 0


def test_marks_as_phones_send_them_are_as_they_must_be(club: Database) -> None:
    """With when they were noted down; and cleared, and marked again."""
    with library(club.engine.url.render_as_string(hide_password=False)) as attendance:
        noted_at = datetime.now(UTC) - timedelta(seconds=5)
        lessons = attendance.list_all_lessons(OPERATOR, since=TODAY - timedelta(days=90), until=TODAY)
        lesson = next(each for each in lessons if each.marked)
        client_id = attendance.show_sheet(OPERATOR, lesson_id=lesson.id).attendances[0].client_id
        for status in (Status.LATE, Status.PRESENT, None, Status.LATE):
            mark: SentMark = {"client_id": client_id, "status": status, "noted_at": noted_at}
            attendance.mark_attendance(OPERATOR, lesson_id=lesson.id, attendances=[mark])
    assert verify(club).findings == ()


@pytest.mark.parametrize("name", FAULTS)
def test_what_must_not_be_is_found(club: Database, name: str) -> None:
    statement, expected = FAULTS[name]
    with tampered(club, statement) as connection:
        findings = [str(finding) for finding in verified(connection, most=1000).findings]
    assert [text for text in findings if re.search(expected, text)], findings
    assert verify(club).findings == ()


def test_a_row_that_points_nowhere_is_found_in_a_file(club: Database) -> None:
    with tampered(club, sa.delete(clients)) as connection:
        findings = [str(finding) for finding in verified(connection, most=1000).findings]
        is_sqlite = connection.dialect.name == "sqlite"
    told = [text for text in findings if "refers to a row of clients that is not there" in text]
    assert bool(told) is is_sqlite


def test_the_same_fault_of_many_rows_is_told_so_often(club: Database) -> None:
    with tampered(club, sa.update(attendance).values(note="forged")) as connection:
        assert len(verified(connection, most=3).findings) == 3


@pytest.mark.thorough
def test_little_is_looked_at_at_a_time(club: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """By twos it finds the same as by thousands."""
    monkeypatch.setattr(verifying, "BATCH", 2)
    assert verify(club).findings == ()
    with tampered(club, FAULTS["a mark that was changed past the log"][0]) as connection:
        few = len(verified(connection, most=10_000).findings)
        marked = sa.select(sa.func.count()).where(attendance.c.note == "forged")
        assert few == connection.scalar(marked)
