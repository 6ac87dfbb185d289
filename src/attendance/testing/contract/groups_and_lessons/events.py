"""How every store tells the events of subjects."""

from attendance.application.ports import Store
from attendance.domain.events import Action, Event
from attendance.domain.ids import EventId
from attendance.testing import make
from attendance.testing.contract.groups_and_lessons.scene import HOUR


def test_events_are_numbered_by_subject(store: Store) -> None:
    one, other, none = (make.new_id() for _ in range(3))
    with store.transaction() as work:
        for subject_id in (one, other, one, one):
            work.events.add(
                Event(
                    id=EventId(make.new_id()),
                    at=make.NOON,
                    actor_id=None,
                    action=Action.ATTENDANCE_MARKED,
                    subject_id=subject_id,
                )
            )
        assert work.events.numbers_of([one, none]) == {one: 3}
        assert work.events.numbers_of([other, one]) == {one: 3, other: 1}
        assert work.events.numbers_of([]) == {}


def test_events_of_many_subjects_are_found_by_what_happened(store: Store) -> None:
    one, other, none = (make.new_id() for _ in range(3))
    events = [
        Event(
            id=EventId(make.new_id()),
            at=make.NOON,
            actor_id=None,
            action=action,
            subject_id=subject_id,
            before={"date": "2026-03-02"},
        )
        for subject_id in (one, other, one)
        for action in (Action.LESSON_EDITED, Action.LESSON_DELETED)
    ]
    with store.transaction() as work:
        work.events.add_all(events)
        deleted = Action.LESSON_DELETED
        assert work.events.of_all([other, none, one], deleted) == tuple(events[1::2])
        assert work.events.of_all([other], deleted) == (events[3],)
        assert work.events.of_all([none], deleted) == work.events.of_all([], deleted) == ()


def test_many_events_are_kept_in_their_order(store: Store) -> None:
    subject = make.new_id()
    events = [
        Event(
            id=EventId(make.new_id()),
            at=make.NOON - HOUR * n,
            actor_id=None,
            action=Action.ATTENDANCE_MARKED,
            subject_id=subject,
            before=None if n % 2 else {"note": "ä", "minutes_late": None},
            after={"trial": True},
        )
        for n in range(50)
    ]
    with store.transaction() as work:
        work.events.add(events[0])
        work.events.add_all(events[1:])
        work.events.add_all([])
        assert work.events.of(subject) == (*events,)
