"""Marks: what is said of them, what is wrong with them, until when, and that their events tell all of it."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from attendance.domain.attendance import marks as attendance
from attendance.domain.attendance.charging import NOTHING, UNPAID, Charge
from attendance.domain.attendance.marks import Mark, MarkingRules, entry_errors, mark_id, marked, time_error
from attendance.domain.attendance.status import Status
from attendance.domain.club.lessons import TooLate
from attendance.domain.events import Action, ChangeContext, Event
from attendance.domain.ids import AccountId, ClientId, EventId, LessonId, SubscriptionId
from attendance.domain.permissions.roles import Level
from tests import make

LESSON, CLIENT, OTHER = LessonId(UUID(int=1)), ClientId(UUID(int=2)), ClientId(UUID(int=3))
BY = AccountId(UUID(int=4))
PAID = Charge(SubscriptionId(UUID(int=5)))
RULES = MarkingRules()
THEN, DAY = date(2026, 3, 2), timedelta(days=1)
MINUTE, MICROSECOND = timedelta(minutes=1), timedelta(microseconds=1)


def change_context(minute: int = 0) -> ChangeContext:
    return ChangeContext(BY, make.NOON + timedelta(minutes=minute), lambda: EventId(UUID(int=9)))


def sent(status: Status | None = Status.PRESENT, client: ClientId = CLIENT, **more: Any) -> dict[str, Any]:
    return {"client_id": client, "status": status, **more}


def said(entry: dict[str, Any], before: Mark | None, charge: Charge, minute: int) -> attendance.Changed:
    if entry["status"] is not None:
        return marked(entry, before, charge, lesson_id=LESSON, context=change_context(minute), by=BY)
    return before.cleared(change_context(minute)) if before else attendance.Changed(before=None, after=None)


# Events

ENTRIES = st.builds(
    lambda status, more: sent(status, **more),
    st.none() | st.sampled_from(Status),
    st.fixed_dictionaries(
        {},
        optional={
            "note": st.none() | st.sampled_from(["", "x", "y"]),
            "minutes_late": st.none() | st.integers(1, 3),
            "trial": st.none() | st.booleans(),
            "noted_at": st.none() | st.just(make.NOON),
        },
    ),
)
CHARGES = st.sampled_from([NOTHING, UNPAID, PAID])


def facts_in(told: Mapping[str, Any] | None) -> dict[str, Any]:
    """Without when it was noted down: that is no part of a mark."""
    return {name: value for name, value in (told or {}).items() if name != "noted_at"}


def replayed(events: Sequence[Event]) -> dict[str, Any] | None:
    """What a mark's events tell of it in the end."""
    facts: dict[str, Any] | None = None
    for event in events:
        if event.action is Action.ATTENDANCE_CLEARED:
            assert facts_in(event.before) == facts
            facts = None
            continue
        facts = {"subscription_id": None, "unpaid": False} | (facts or {}) | facts_in(event.after)
    return facts


@given(st.lists(st.tuples(ENTRIES, CHARGES), max_size=8))
def test_replaying_the_events_of_a_mark_gives_the_mark(steps: list[tuple[dict[str, Any], Charge]]) -> None:
    mark, events = None, []
    for minute, (entry, charge) in enumerate(steps):
        change = said(entry, mark, charge, minute)
        assert change.before == mark
        assert bool(change.events) == (change.before != change.after)
        mark, events = change.after, [*events, *change.events]
        again = said(entry, mark, charge, minute + 100)
        assert (again.after, again.events) == (mark, ()), "the same again"
    assert replayed(events) == (
        None
        if mark is None
        else {
            **mark.payload(),
            "subscription_id": mark.charge.subscription_id and str(mark.charge.subscription_id),
            "unpaid": mark.charge.unpaid,
        }
    )
    assert {event.subject_id for event in events} <= {mark_id(LESSON, CLIENT)}


def test_who_marked_and_when_is_of_what_was_said_not_of_who_pays() -> None:
    first = said(sent(), None, UNPAID, 0).after
    assert first
    settled = said(sent(), first, PAID, 5)
    assert settled.after
    assert (settled.after.marked_at, settled.after.charge) == (make.NOON, PAID)
    assert [event.action for event in settled.events] == [Action.ATTENDANCE_CHARGED]
    corrected = said(sent(Status.LATE), first, UNPAID, 5).after
    assert corrected
    assert corrected.marked_at == make.NOON + timedelta(minutes=5)


def test_a_field_stays_unless_it_is_sent_and_null_resets_it() -> None:
    late = said(sent(Status.LATE, note="bus", minutes_late=5, trial=True), None, NOTHING, 0).after
    for entry, expected in [
        (sent(Status.LATE), ("bus", 5, True)),
        (sent(Status.LATE, note=None), ("", 5, True)),
        (sent(Status.LATE, minutes_late=None), ("bus", None, True)),
        (sent(Status.LATE, trial=None), ("bus", 5, False)),
        (sent(Status.PRESENT), ("bus", None, True)),
    ]:
        mark = said(entry, late, NOTHING, 1).after
        assert mark
        assert (mark.note, mark.minutes_late, mark.trial) == expected, entry


# What is wrong


def test_whatever_is_wrong_with_entries_is_told_by_place() -> None:
    late, present = Status.LATE, Status.PRESENT
    entries = [
        sent(late, minutes_late=1), sent(present, OTHER, minutes_late=1), sent(late, minutes_late=601),
        sent(None, OTHER, minutes_late=0), sent(late, ClientId(UUID(int=6)), note="\0", minutes_late=600),
        sent(present, ClientId(UUID(int=7)), note="x" * 1001),
        sent(None, ClientId(UUID(int=8)), note="a\n\tb"),
        sent(None, ClientId(UUID(int=9)), note="", trial=False, subscription_id=None, minutes_late=None),
        sent(None, ClientId(UUID(int=10)), trial=True, subscription_id=SubscriptionId(UUID(int=5))),
        sent(client=ClientId(UUID(int=11)), if_version=0, noted_at=make.NOON - 7 * DAY),
        sent(client=ClientId(UUID(int=12)), if_version=-1, noted_at=make.NOON - 7 * DAY - MICROSECOND),
        sent(client=ClientId(UUID(int=13)), noted_at=make.NOON + MINUTE),
        sent(client=ClientId(UUID(int=14)), noted_at=make.NOON + MINUTE + MICROSECOND),
    ]  # fmt: skip
    found = entry_errors(entries, at=make.NOON)
    assert [field_error.field.removeprefix("attendances") for field_error in found] == [
        "[1].minutes_late", "[2].client_id", "[2].minutes_late", "[3].client_id", "[3].minutes_late",
        "[3].minutes_late", "[4].note", "[5].note", "[6].note", "[8].trial", "[8].subscription_id",
        "[10].if_version", "[10].noted_at", "[12].noted_at",
    ]  # fmt: skip
    many = [sent(client=ClientId(UUID(int=n))) for n in range(1, 1002)]
    assert entry_errors(many[:1000], at=make.NOON) == []
    assert [field_error.field for field_error in entry_errors(many, at=make.NOON)] == ["attendances"]


def test_of_a_lesson_to_come_only_who_is_excused_is_known() -> None:
    entries = [sent(status) for status in (None, *Status)]
    found = [time_error(place, entry, None) for place, entry in enumerate(entries)]
    assert [field_error and field_error.field for field_error in found] == [
        f"attendances[{place}].status"
        if entry["status"] in (Status.PRESENT, Status.ABSENT, Status.LATE)
        else None
        for place, entry in enumerate(entries)
    ]


@pytest.mark.parametrize(
    ("level", "days"),
    [(Level.EMPLOYEE, 7), (Level.MANAGER, 60), (Level.HEAD_MANAGER, None), (Level.OWNER, None),
     (Level.ADMIN, None)],
)  # fmt: skip
def test_marks_are_changed_for_so_many_days_and_no_longer(level: Level, days: int | None) -> None:
    for ago in (-400, 0, 7, 8, 60, 61, 4000):
        today = THEN + ago * DAY
        if days is None or ago <= days:
            RULES.require_in_time(level, THEN, today=today)
        else:
            with pytest.raises(TooLate):
                RULES.require_in_time(level, THEN, today=today)


def test_the_days_are_those_of_the_settings() -> None:
    rules = MarkingRules(teacher_days=0, manager_days=1)
    rules.require_in_time(Level.EMPLOYEE, THEN, today=THEN)
    rules.require_in_time(Level.MANAGER, THEN, today=THEN + DAY)
    for level, ago in ((Level.EMPLOYEE, 1), (Level.MANAGER, 2)):
        with pytest.raises(TooLate):
            rules.require_in_time(level, THEN, today=THEN + ago * DAY)


def test_a_mark_is_one_for_a_client_and_a_lesson_for_ever() -> None:
    assert mark_id(LESSON, CLIENT) == mark_id(LESSON, CLIENT)
    assert len({mark_id(LessonId(a), ClientId(b)) for a in (LESSON, OTHER) for b in (LESSON, OTHER)}) == 4


@pytest.mark.plants
def test_a_payer_that_is_not_told_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    told = said(sent(), None, PAID, 0).events
    monkeypatch.setattr(attendance, "_facts", lambda _: {"unpaid": False})
    kept_back = said(sent(), None, PAID, 0).events
    assert replayed(told) != replayed(kept_back)
