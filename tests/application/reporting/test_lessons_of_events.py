"""Which lessons events are about: asked by owners alone, few statements, and also of what is gone."""

import pytest

from attendance.application.ports import Store
from attendance.application.reporting import events as events_use_cases
from attendance.application.reporting.events import lesson_of
from attendance.domain.errors import Forbidden
from attendance.domain.events import Action, ChangeContext, Event
from attendance.domain.ids import ClientId, LessonId
from attendance.domain.permissions.actor import OPERATOR
from tests import make
from tests.application.reporting.test_statistics import TODAY, Club


@pytest.fixture
def club(store: Store) -> Club:
    return Club(store)


def event(action: Action, **facts: object) -> Event:
    context = ChangeContext(None, make.NOON, make.new_id)
    return context.event(action, make.new_id(), after=facts or None, client_id=ClientId(make.new_id()))


def test_nobody_below_an_owner_is_told(club: Club) -> None:
    club.lesson(club.judo, TODAY)
    for actor in (club.eva, club.manager, club.head):
        with pytest.raises(Forbidden):
            club.use.lessons_of_events(actor, lesson_ids=[])


@pytest.mark.plants
def test_whoever_is_told_without_a_question_is_seen(monkeypatch: pytest.MonkeyPatch, club: Club) -> None:
    monkeypatch.setattr(events_use_cases, "require_level", lambda *_: None)
    with pytest.raises(pytest.fail.Exception):
        test_nobody_below_an_owner_is_told(club)


def test_lessons_are_told_that_are_there_and_that_are_gone(club: Club) -> None:
    lesson = club.lesson(club.judo, TODAY)
    gone = make.lesson(club.judo, date=TODAY)
    deleted = gone.deleted(ChangeContext(None, make.NOON, make.new_id))
    with club.world.store.transaction() as work:
        work.events.add(deleted)
    asked = [
        event(Action.ATTENDANCE_MARKED, lesson_id=str(lesson.id)),
        event(Action.ATTENDANCE_CLEARED, lesson_id=str(gone.id)),
        # as they were stored once, and of what nothing is known
        event(Action.ATTENDANCE_CHARGED, unpaid=True),
        event(Action.ATTENDANCE_MARKED, lesson_id=str(make.new_id())),
        event(Action.CLIENT_EDITED, name="Anna"),
    ]
    ids = [lesson_id for each in asked if (lesson_id := lesson_of(each))]
    assert len(ids) == 3
    told = club.use.lessons_of_events(OPERATOR, lesson_ids=ids)
    assert {*told} == {lesson.id, gone.id}
    assert (told[lesson.id].group_name, told[lesson.id].date, told[lesson.id].is_there) == (
        "Judo",
        TODAY,
        True,
    )
    was = told[LessonId(gone.id)]
    assert (was.group_name, was.date, was.starts, was.is_there) == ("Judo", TODAY, gone.starts, False)
