"""Passes for so many visits a week, over every store: wherever a visit is charged, and by however many."""

from collections import Counter
from datetime import date, time, timedelta

import pytest

from attendance.adapters.memory import MemoryStore
from attendance.adapters.sql.club.clients import SqlClients
from attendance.application.attendance import sheets
from attendance.application.club.lessons import LessonDetails
from attendance.application.club.subscriptions import SubscriptionDetails
from attendance.application.ports import Store
from attendance.domain.attendance.charging import NOTHING, UNPAID
from attendance.domain.club.subscriptions import Freeze, VisitsOutside
from tests.application.attendance.test_charging import (
    ABSENT,
    DAY,
    EXCUSED,
    LATE,
    PRESENT,
    ROUNDS_UNTIL_SEEN,
    TODAY,
    Club,
    another,
    at_once,
    club as club,
    paid_by,
    refused,
    without_transactions,
)

MONDAY, SUNDAY = date(2026, 2, 23), date(2026, 3, 1)
WEEK_FULL = [("attendances[0].subscription_id", "has paid for all its visits of this week")]
FIRST = date(2026, 2, 2)
IN_MEMORY = pytest.mark.parametrize("store_url", ["memory"], indirect=True)
"""What the domain decides alone."""


def sells(club: Club, per_week: int = 2, **fields: object) -> SubscriptionDetails:
    """A pass from the beginning of February on."""
    return club.sells(visits_per_week=per_week, **{"starts_on": FIRST, **fields})


def comes(club: Club, *days: date) -> list[LessonDetails]:
    """The lessons to which the child came, one after the other."""
    lessons = [club.lesson(day, time(8 + n)) for n, day in enumerate(days)]
    for lesson in lessons:
        club.marks(lesson, PRESENT)
    return lessons


def test_what_comes_on_top_of_a_weeks_visits_is_for_another_pass_or_unpaid(club: Club) -> None:
    it = sells(club)
    assert it.visits_per_week == 2
    lessons = comes(club, MONDAY, MONDAY, SUNDAY, TODAY, SUNDAY - 7 * DAY)
    assert [club.costs(lesson) for lesson in lessons] == [
        paid_by(it),
        paid_by(it),
        UNPAID,
        *2 * [paid_by(it)],
    ]
    other = club.sells(visits=8, starts_on=FIRST)
    assert club.marks(club.lesson(SUNDAY, time(15)), PRESENT) == paid_by(other)
    assert club.marks(club.lesson(TODAY, time(7)), PRESENT) == paid_by(it), "it has no limit in all"


@IN_MEMORY
def test_a_pass_named_for_a_week_that_is_full_is_refused(club: Club) -> None:
    it, other = sells(club, 1), club.sells(visits=8, starts_on=FIRST)
    lesson, _ = comes(club, MONDAY, TODAY)
    more = club.lesson(SUNDAY)
    assert club.costs(lesson) == paid_by(it)
    sent = {"subscription_id": it.id}
    assert refused(lambda: club.marks(more, PRESENT, **sent)) == WEEK_FULL
    assert club.marks(more, PRESENT) == paid_by(other)
    assert refused(lambda: club.marks(more, LATE, **sent)) == WEEK_FULL
    assert club.marks(lesson, LATE, **sent) == paid_by(it), "it pays already"
    club.marks(lesson, EXCUSED)
    assert club.marks(more, PRESENT, **sent) == paid_by(it)


@IN_MEMORY
def test_a_correction_counts_the_week_without_the_mark_itself(club: Club) -> None:
    it = sells(club, 1)
    first, second = comes(club, MONDAY, SUNDAY)
    for status in (LATE, ABSENT, PRESENT):
        assert (club.marks(first, status), club.marks(second, status)) == (paid_by(it), UNPAID)
    assert club.marks(first, PRESENT, subscription_id=None) == paid_by(it)
    club.marks(first, EXCUSED)
    assert club.marks(second, EXCUSED) == NOTHING
    assert club.marks(second, PRESENT) == paid_by(it)
    assert club.marks(first, PRESENT) == UNPAID
    club.marks(second, None)
    assert club.marks(first, PRESENT, subscription_id=it.id) == paid_by(it)


@IN_MEMORY
def test_an_absence_in_a_full_week_costs_nothing_where_the_pass_spares_absences(club: Club) -> None:
    it = sells(club, 1, charges_absence=False)
    comes(club, MONDAY)
    assert club.marks(club.lesson(SUNDAY, time(15)), ABSENT) == NOTHING
    assert club.marks(club.lesson(SUNDAY, time(16)), PRESENT) == UNPAID
    assert it.visits is None


def test_a_lesson_that_is_restored_finds_its_place_in_the_week_taken(club: Club) -> None:
    it = sells(club, 1)
    (first,) = comes(club, MONDAY)
    club.cancels(first)
    (second,) = comes(club, SUNDAY)
    assert club.costs(second) == paid_by(it)
    club.alters(first, cancelled=False)
    assert club.costs(first) == UNPAID
    club.cancels(second)
    club.cancels(first)
    club.alters(first, cancelled=False)
    assert club.costs(first) == paid_by(it)


def test_a_lesson_that_moves_into_a_full_week_is_for_another_pass_or_unpaid(club: Club) -> None:
    it = sells(club)
    lessons = comes(club, MONDAY, MONDAY + DAY, TODAY)
    moving = lessons[-1]
    club.alters(moving, date=SUNDAY)
    assert club.costs(moving) == UNPAID
    club.alters(moving, date=TODAY)
    assert club.costs(moving) == paid_by(it), "an unpaid one is allocated again"
    other = club.sells(visits=8, starts_on=FIRST)
    club.alters(moving, date=SUNDAY)
    assert club.costs(moving) == paid_by(other)
    assert [club.costs(lesson) for lesson in lessons[:2]] == 2 * [paid_by(it)]


def test_a_lesson_that_moves_within_its_week_keeps_its_payer(club: Club) -> None:
    it = sells(club)
    first, second = comes(club, MONDAY, MONDAY + DAY)
    club.sells()
    for day in (SUNDAY, MONDAY):
        club.alters(second, date=day)
        assert club.costs(second) == paid_by(it)
    club.alters(first, date=TODAY)
    assert club.costs(first) == paid_by(it)
    assert [event.action for event in club.events(first)] == ["attendance.marked", "attendance.charged"]


def test_a_new_pass_settles_of_each_week_as_many_as_it_may_oldest_first(club: Club) -> None:
    days = [SUNDAY, MONDAY, TODAY, MONDAY - DAY, MONDAY + 2 * DAY, TODAY]
    lessons = comes(club, *days)
    it = sells(club, 2, settle_unpaid=True)
    costs = [club.costs(lesson) for lesson in lessons]
    assert costs == [UNPAID, *5 * [paid_by(it)]]
    few = sells(club, 1, visits=1, settle_unpaid=True)
    assert club.costs(lessons[0]) == paid_by(few)
    assert few.visits_left == 0
    again = sells(club, 1, settle_unpaid=True)
    assert club.marks(club.lesson(SUNDAY, time(20)), PRESENT) == paid_by(again)


@IN_MEMORY
def test_both_limits_hold(club: Club) -> None:
    it = sells(club, 2, visits=3)
    lessons = comes(club, MONDAY, MONDAY, MONDAY, TODAY, TODAY)
    assert [club.costs(lesson) == paid_by(it) for lesson in lessons] == [True, True, False, True, False]
    assert club.left(it) == [0]


@IN_MEMORY
def test_dates_of_a_pass_are_edited_and_its_week_stays_what_was_sold(club: Club) -> None:
    it = sells(club, 1, valid_days=30)
    first, second = comes(club, MONDAY, SUNDAY)
    with pytest.raises(VisitsOutside, match=r"on 2026-02-23$"):
        club.edits(it, ends_on=MONDAY - DAY)
    longer = club.edits(it, ends_on=TODAY + 60 * DAY, freezes=(Freeze(since=SUNDAY, until=SUNDAY),))
    assert (longer.visits_per_week, longer.valid_until) == (1, TODAY + 61 * DAY)
    assert [club.costs(lesson) for lesson in (first, second)] == [paid_by(it), UNPAID]
    assert club.marks(club.lesson(MONDAY + DAY), PRESENT) == UNPAID


# Many at once


def charged_at_once(club: Club) -> Counter[str]:
    """What six visits of one week cost, marked or moved into it at once, with a pass of two a week."""
    it = sells(club)
    day = TODAY - timedelta(days=TODAY.weekday())
    there = [club.lesson(day, time(hour)) for hour in range(3)]
    elsewhere = [club.lesson(day - (n + 1) * 7 * DAY, time(6 + n)) for n in range(3)]
    for lesson in elsewhere:
        assert club.marks(lesson, PRESENT) == paid_by(it)
    at_once(
        [
            *(lambda lesson=lesson: club.marks(lesson, PRESENT) for lesson in there),  # type: ignore[misc]
            *(lambda lesson=lesson: club.alters(lesson, date=day) for lesson in elsewhere),  # type: ignore[misc]
        ]
    )
    costs = {paid_by(it): "paid", UNPAID: "unpaid"}
    return Counter(costs[club.costs(lesson) or NOTHING] for lesson in (*there, *elsewhere))


def test_there_are_never_more_charges_in_a_week_however_many_mark_and_move_at_once(club: Club) -> None:
    assert charged_at_once(club) == {"paid": 2, "unpaid": 4}


@pytest.mark.plants
@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
def test_a_week_is_seen_to_be_charged_too_often_when_clients_are_not_locked(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SqlClients, "lock_existing", SqlClients.existing_ids)
    assert any(charged_at_once(another(store))["paid"] > 2 for _ in range(ROUNDS_UNTIL_SEEN))


@pytest.mark.plants
@pytest.mark.parametrize("store_url", ["memory", "sqlite"], indirect=True)
def test_a_week_is_seen_to_be_charged_too_often_without_transactions(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_transactions(store, monkeypatch, sheets, "passes_by_client")
    assert any(charged_at_once(another(store))["paid"] > 2 for _ in range(ROUNDS_UNTIL_SEEN))


@pytest.mark.plants
def test_a_week_is_seen_to_be_charged_too_often_when_nobody_asks_whether_it_is_full(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("attendance.domain.club.subscriptions.Subscription.is_week_full", False)
    assert charged_at_once(Club(MemoryStore())) == {"paid": 6}
