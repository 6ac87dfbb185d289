"""Visits that no pass has paid for: listed, and paid for by a pass that is there, over every store."""

from datetime import time
from uuid import uuid4

import pytest

from attendance.adapters.sql.club.clients import SqlClients
from attendance.application.attendance import charging
from attendance.application.ports import Store
from attendance.domain.attendance.charging import NOTHING, UNPAID
from attendance.domain.club.clients import ClientNotFound
from attendance.domain.club.subscriptions import SubscriptionNotFound
from attendance.domain.ids import ClientId, SubscriptionId
from attendance.domain.permissions.actor import OPERATOR
from tests.application.attendance.test_charging import (
    ABSENT,
    DAY,
    LATE,
    PRESENT,
    ROUNDS_UNTIL_SEEN,
    TODAY,
    Club,
    another,
    at_once,
    club as club,
    paid_by,
    unpaid_visits,
    without_transactions,
)
from tests.application.club.test_sales_and_freezes import ON_POSTGRES, WITHOUT_LOCKS


def unpaid(club: Club) -> list[tuple[object, ...]]:
    found = club.use.unpaid_visits_of_client(club.head, client_id=club.child.id)
    return [(it.date, it.starts, it.group_name, it.status) for it in found]


def test_unpaid_visits_are_listed_oldest_first_with_their_groups(club: Club) -> None:
    early, late = club.lesson(TODAY, time(8)), club.lesson(TODAY, time(9), group=club.other)
    club.marks(late, LATE)
    club.marks(early, PRESENT)
    club.marks(club.lesson(TODAY - DAY), ABSENT)
    club.marks(club.lesson(TODAY, time(10)), PRESENT, trial=True)
    assert [(day, status) for day, _, _, status in unpaid(club)] == [
        (TODAY - DAY, ABSENT), (TODAY, PRESENT), (TODAY, LATE)
    ]  # fmt: skip
    assert [name for *_, name, _ in unpaid(club)] == [club.group.name, club.group.name, club.other.name]
    with pytest.raises(ClientNotFound):
        club.use.unpaid_visits_of_client(club.head, client_id=ClientId(uuid4()))


def test_a_pass_settles_what_is_unpaid_inside_it_oldest_first_and_once(club: Club) -> None:
    lessons = unpaid_visits(club)
    it = club.sells(visits=3, group_ids=(club.group.id,))
    assert it.visits_left == 3
    for _ in range(2):
        settled = club.use.settle_unpaid_visits(club.head, subscription_id=it.id)
        assert settled == club.now(it)
        assert settled.visits_left == 0
        paid = {name for name, lesson in lessons.items() if club.costs(lesson) == paid_by(it)}
        assert paid == {"5", "2 early", "2 late"}
    assert [event.action for event in club.events(lessons["5"])] == [
        "attendance.marked", "attendance.charged", "attendance.charged"
    ]  # fmt: skip
    with pytest.raises(SubscriptionNotFound):
        club.use.settle_unpaid_visits(club.head, subscription_id=SubscriptionId(uuid4()))


def test_of_a_week_it_pays_for_no_more_than_it_may_with_what_it_has_paid_for(club: Club) -> None:
    first, second = [club.lesson(TODAY - 6 * DAY, time(8 + n)) for n in range(2)]
    before, of_this_week = club.lesson(TODAY - 8 * DAY), club.lesson(TODAY)
    for lesson in (first, second, before, of_this_week):
        club.marks(lesson, PRESENT)
    it = club.sells(visits_per_week=2, starts_on=TODAY - 14 * DAY)
    assert club.marks(club.lesson(TODAY - 5 * DAY), PRESENT) == paid_by(it)
    club.use.settle_unpaid_visits(club.head, subscription_id=it.id)
    assert [club.costs(lesson) for lesson in (before, first, second, of_this_week)] == [
        paid_by(it), paid_by(it), UNPAID, paid_by(it)
    ]  # fmt: skip


def test_a_pass_that_spares_absences_settles_them_for_nothing(club: Club) -> None:
    absent = club.lesson(TODAY)
    club.marks(absent, ABSENT)
    assert club.costs(absent) == UNPAID
    it = club.sells(visits=1, charges_absence=False)
    assert club.use.settle_unpaid_visits(club.head, subscription_id=it.id).visits_left == 1
    assert club.costs(absent) == NOTHING


def test_what_would_be_sold_is_shown_and_nothing_is_stored(club: Club) -> None:
    price = club.use.add_price(
        club.head, name="Pass", amount=club.sells().amount, currency="EUR", valid_months=1, visits=8
    )
    sale = {"client_id": club.child.id, "price_id": price.id, "discount_percent": 10}
    events = club.use.list_events(OPERATOR).total
    passes = club.use.list_subscriptions(club.head).total
    preview = club.use.sell_subscription(club.head, **sale, preview=True)
    assert (preview.amount_due, preview.visits_left, preview.starts_on) == (72, 8, TODAY)
    assert club.use.list_subscriptions(club.head).total == passes
    assert club.use.list_events(OPERATOR).total == events
    sold = club.use.sell_subscription(club.head, **sale)
    assert (sold.amount_due, sold.valid_until) == (preview.amount_due, preview.valid_until)


def test_what_would_be_frozen_is_counted_and_nothing_is_stored(club: Club) -> None:
    free, charged = club.sells(to=club.guest), club.sells()
    club.marks(club.lesson(TODAY), PRESENT)
    closure = {"since": TODAY, "until": TODAY + DAY}
    preview = club.use.freeze_subscriptions(club.head, **closure, preview=True)
    assert (preview.frozen, [it.dates for it in preview.skipped]) == (1, [(TODAY,)])
    assert (club.now(free), club.now(charged).freezes) == (free, ())
    assert club.use.freeze_subscriptions(club.head, **closure) == preview
    assert len(club.now(free).freezes) == 1


def test_each_unpaid_visit_names_the_passes_that_cover_it_and_have_a_visit_left(club: Club) -> None:
    old, new, other = club.lesson(TODAY - 6 * DAY), club.lesson(TODAY), club.lesson(group=club.other)
    for lesson in (old, new, other):
        club.marks(lesson, PRESENT)
    first = club.sells(valid_days=7, group_ids=(club.group.id,))
    second = club.sells(starts_on=TODAY, visits=1)
    club.sells(to=club.guest)
    found = club.use.unpaid_visits_of_client(club.head, client_id=club.child.id)
    assert {it.lesson_id: it.covered_by for it in found} == {
        old.id: (first.id,), new.id: (second.id,), other.id: (second.id,)
    }  # fmt: skip
    club.use.settle_unpaid_visits(club.head, subscription_id=second.id)
    found = club.use.unpaid_visits_of_client(club.head, client_id=club.child.id)
    assert sorted(it.covered_by for it in found) == [(), (first.id,)]
    assert club.use.unpaid_visits_of_client(club.head, client_id=club.guest.id) == ()


# While others mark


def charged_while_settling(club: Club) -> int:
    """How many visits a pass of one is charged for when it is to settle one and another is marked at once."""
    unpaid_before, marked = club.lesson(TODAY - DAY), club.lesson(TODAY)
    club.marks(unpaid_before, PRESENT)
    it = club.sells(visits=1)
    at_once(
        [
            lambda: club.use.settle_unpaid_visits(club.head, subscription_id=it.id),
            lambda: club.marks(marked, PRESENT),
            lambda: club.use.settle_unpaid_visits(club.head, subscription_id=it.id),
        ]
    )
    return sum(club.costs(lesson) == paid_by(it) for lesson in (unpaid_before, marked))


def test_a_pass_never_pays_for_more_than_it_has_whoever_marks_meanwhile(club: Club) -> None:
    assert charged_while_settling(club) == 1


@pytest.mark.plants
@ON_POSTGRES
def test_it_is_seen_to_pay_for_more_when_the_client_is_not_locked(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SqlClients, "get_for_update", SqlClients.get)
    assert any(charged_while_settling(another(store)) > 1 for _ in range(ROUNDS_UNTIL_SEEN))


@pytest.mark.plants
@WITHOUT_LOCKS
def test_it_is_seen_to_pay_for_more_without_transactions(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_transactions(store, monkeypatch, charging, "charge")
    assert any(charged_while_settling(another(store)) > 1 for _ in range(ROUNDS_UNTIL_SEEN))
