"""What every store must do with the marks of lessons and clients."""

from dataclasses import replace
from datetime import date, time, timedelta

import pytest

from attendance.domain.attendance.charging import UNPAID
from attendance.domain.attendance.marks import Changed, Mark
from attendance.domain.attendance.status import Status
from attendance.domain.club.lessons import Lesson
from attendance.testing import make
from attendance.testing.contract.attendance.scene import DAY, MARCH_1, A, Club, E, L, P, paid_by


def test_marks_come_back_whole_by_client(club: Club) -> None:
    ada, bob, eve, joe = club.clients("Ada", "Bob", "Eve", "Joe")
    lesson = club.lesson(club.group())
    sold = club.sell(ada)
    club.mark(club.lesson(club.group()), ada)
    whole = club.mark(
        lesson,
        ada,
        L,
        note="Ä\u202f𐐀\n'\"\\",
        minutes_late=600,
        charge=paid_by(sold),
        marked_at=make.NOON + timedelta(microseconds=1),
        version=7,
        announced=True,
    )
    unpaid, trial = club.mark(lesson, bob, A, charge=UNPAID), club.mark(lesson, eve, trial=True)
    assert club.marks(lesson) == (whole, unpaid, trial)
    assert club.marks(lesson, eve, joe, ada) == (whole, trial)
    with club.store.read() as work:
        assert work.attendance.of_lesson(lesson.id, []) == ()


def test_marks_are_added_changed_and_taken_away_at_once(club: Club) -> None:
    ada, bob, eve, joe = club.clients("Ada", "Bob", "Eve", "Joe")
    lesson = club.lesson(club.group())
    sold = club.sell(bob)
    kept, changed, gone = (club.mark(lesson, it, L, minutes_late=5, note="n") for it in (ada, bob, eve))
    after = replace(
        changed,
        status=A,
        minutes_late=None,
        note="",
        charge=paid_by(sold),
        trial=True,
        version=2,
        announced=True,
    )
    new = make.mark(lesson, joe, club.teacher)
    club.change(
        Changed(before=kept, after=kept),
        Changed(before=changed, after=after),
        Changed(before=gone, after=None),
        Changed(before=None, after=new),
        Changed(before=None, after=None),
    )
    assert club.marks(lesson) == (kept, after, new)
    club.change()
    assert club.marks(lesson) == (kept, after, new)


def test_a_mark_taken_away_leaves_those_of_others_and_of_other_lessons(club: Club) -> None:
    ada, bob = club.clients("Ada", "Bob")
    group = club.group()
    first, second = club.lesson(group), club.lesson(group, MARCH_1 + DAY)
    marks = {(lesson, who): club.mark(lesson, who) for lesson in (first, second) for who in (ada, bob)}
    club.change(*(Changed(before=marks[place], after=None) for place in ((first, ada), (second, bob))))
    assert club.marks(first) == (marks[first, bob],)
    assert club.marks(second) == (marks[second, ada],)


def test_marks_of_a_unit_that_fails_are_as_they_were(club: Club) -> None:
    ada, bob = club.clients("Ada", "Bob")
    lesson = club.lesson(club.group())
    sold = club.sell(ada)
    before = club.mark(lesson, ada, charge=paid_by(sold))
    with pytest.raises(ZeroDivisionError), club.store.transaction() as work:
        new = make.mark(lesson, bob, club.teacher)
        work.attendance.save([Changed(before=before, after=None), Changed(before=None, after=new)])
        raise ZeroDivisionError
    assert club.marks(lesson) == (before,)
    assert club.subscriptions() == (replace(sold, charged=1),)


def test_unpaid_visits_are_told_oldest_first_with_their_lessons(club: Club) -> None:
    ada, bob = club.clients("Ada", "Bob")
    group, other = club.group(ada), club.group()
    late = club.lesson(group, date(2026, 3, 5), time(12), topic="Ä", teachers=(club.teacher.id,))
    ties = [club.lesson(it, date(2026, 3, 5), time(9)) for it in (group, other)]
    early = club.lesson(group, date(2026, 3, 4), time(20))
    marks = {it.id: club.mark(it, ada, charge=UNPAID) for it in (late, *reversed(ties), early)}
    club.mark(early, bob, charge=UNPAID)
    club.mark(club.lesson(group, date(2026, 3, 1)), ada)
    with club.store.transaction() as work:
        unpaid = work.attendance.unpaid_of(ada.id)
    expected = [early, *sorted(ties, key=lambda it: it.id), late]
    assert [it.lesson for it in unpaid] == [replace(it, is_marked=True) for it in expected]
    assert [it.mark for it in unpaid] == [marks[it.id] for it in expected]


def test_absences_are_planned_in_lessons_that_have_not_begun(club: Club) -> None:
    ada, bob = club.clients("Ada", "Bob")
    group = club.group()
    lessons = [club.lesson(group, MARCH_1 + n * DAY) for n in range(5)]
    marks = {it.id: club.mark(it, ada, status=Status.EXCUSED) for it in reversed(lessons)}
    for lesson in lessons:
        club.mark(lesson, bob, status=Status.EXCUSED)
    late = club.lesson(group, MARCH_1 + 9 * DAY)
    club.mark(late, ada)
    with club.store.read() as work:
        for at, expected in (
            (lessons[2].starts_at, lessons[3:]),
            (lessons[2].starts_at - timedelta(microseconds=1), lessons[2:]),
            (lessons[4].starts_at, []),
        ):
            planned = work.attendance.planned_absences([ada.id], at)
            assert planned == tuple(marks[it.id] for it in expected)
            of_both = work.attendance.planned_absences([bob.id, ada.id], at)
            assert {mark for mark in of_both if mark.client_id == ada.id} == {*planned}
            assert len(of_both) == 2 * len(planned)
            assert [*of_both] == sorted(of_both, key=lambda it: (it.lesson_id, it.client_id))
        assert work.attendance.planned_absences([], lessons[0].starts_at - DAY) == ()
        asked = [lessons[3].id, late.id, lessons[0].id]
        assert work.attendance.of_lessons(asked) == tuple(
            mark for lesson_id in sorted(asked) for mark in work.attendance.of_lesson(lesson_id)
        )
        assert work.attendance.of_lessons([]) == ()


def test_a_clients_marks_in_some_lessons_are_told_by_lesson(club: Club) -> None:
    ada, bob = club.clients("Ada", "Bob")
    group = club.group(ada, bob)
    lessons = sorted((club.lesson(group, MARCH_1 + n * DAY) for n in range(4)), key=lambda it: it.id)
    marks = [club.mark(lesson, ada, status) for lesson, status in zip(lessons, (P, E, L), strict=False)]
    club.mark(lessons[3], bob)

    def told(*of: Lesson) -> tuple[Mark, ...]:
        with club.store.read() as work:
            return work.attendance.of_client(ada.id, [lesson.id for lesson in of])

    assert told(*reversed(lessons)) == tuple(marks)
    assert told(lessons[1], lessons[3]) == (marks[1],)
    assert told() == told(lessons[3]) == ()
