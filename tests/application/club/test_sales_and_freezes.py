"""Passes renewed and frozen while others sell and mark, over every store."""

from collections.abc import Callable
from datetime import date, time
from time import sleep

import pytest

from attendance.adapters.memory import MemoryStore
from attendance.adapters.sql.club.clients import SqlClients
from attendance.application.attendance import sheets
from attendance.application.club import freezing, subscriptions
from attendance.application.club.freezing import FrozenSubscriptions, LaterPass
from attendance.application.club.subscriptions import SubscriptionDetails
from attendance.application.ports import Contended, Store
from attendance.domain.club.renewals import Start
from attendance.domain.club.subscriptions import Freeze, OutsideFreeze, Subscription, SubscriptionState
from attendance.domain.errors import Outdated
from tests.application.attendance.test_charging import (
    DAY,
    LAST_WEEK,
    PRESENT,
    ROUNDS_UNTIL_SEEN,
    TODAY,
    Club,
    another,
    at_once,
    club as club,
    without_transactions,
)

WITHOUT_LOCKS = pytest.mark.parametrize("store_url", ["memory", "sqlite"], indirect=True)
ON_POSTGRES = pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)


def renews(club: Club) -> SubscriptionDetails:
    return club.sells(valid_months=1, starts_on=Start.AFTER_CURRENT)


def freezes(club: Club, since: date = LAST_WEEK, until: date = TODAY) -> FrozenSubscriptions:
    return club.use.freeze_subscriptions(club.head, since=since, until=until)


def passes(club: Club) -> list[Subscription]:
    """The child's, as they are stored."""
    with club.world.store.transaction() as work:
        return [*work.subscriptions.of_clients([club.child.id], date.min, until=date.max)]


# Renewing


def test_a_renewal_sold_13_days_early_begins_when_the_current_pass_is_over(club: Club) -> None:
    current = club.sells(valid_days=30, starts_on=TODAY - 17 * DAY)
    assert current.valid_until == TODAY + 12 * DAY
    renewed = club.sells(valid_days=30, starts_on=Start.AFTER_CURRENT)
    assert (renewed.starts_on, renewed.valid_until) == (TODAY + 13 * DAY, TODAY + 42 * DAY)


def renewed_at_once(club: Club) -> list[tuple[date, date | None]]:
    """From when until when four passes run that are sold at once, each after the others."""
    at_once([lambda: renews(club)] * 4)
    return sorted((it.starts_on, it.valid_until) for it in passes(club))


MONTHS = [
    (date(2026, 3, 2), date(2026, 4, 1)),
    (date(2026, 4, 2), date(2026, 5, 1)),
    (date(2026, 5, 2), date(2026, 6, 1)),
    (date(2026, 6, 2), date(2026, 7, 1)),
]


def test_renewals_sold_at_once_follow_each_other(club: Club) -> None:
    assert renewed_at_once(club) == MONTHS


@pytest.mark.plants
@ON_POSTGRES
def test_renewals_are_seen_to_overlap_when_the_client_is_not_locked(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SqlClients, "get_for_update", SqlClients.get)
    assert any(renewed_at_once(another(store)) != MONTHS for _ in range(ROUNDS_UNTIL_SEEN))


@pytest.mark.plants
@WITHOUT_LOCKS
def test_renewals_are_seen_to_overlap_without_transactions(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_transactions(store, monkeypatch, subscriptions, "start_after_current")
    assert any(renewed_at_once(another(store)) != MONTHS for _ in range(ROUNDS_UNTIL_SEEN))


# Freezing all


def charged_and_frozen(club: Club) -> list[date]:
    """The dates on which a visit is charged to a pass that is frozen then."""
    found = []
    for it in passes(club):
        with club.world.store.autocommit() as work:
            days = work.subscriptions.days_charged(it.id)
        found += [day for day in days if any(freeze.covers(day) for freeze in it.freezes)]
    return found


def frozen_while_marking(club: Club, later: float = 0) -> list[date]:
    """What is charged to a frozen date after a roll call and, so many seconds later, a closure."""
    club.sells(visits=8)
    lessons = [club.lesson(TODAY, time(hour)) for hour in range(3)]
    marking: list[Callable[[], object]] = [
        lambda lesson=lesson: club.marks(lesson, PRESENT)  # type: ignore[misc]
        for lesson in lessons
    ]
    at_once([*marking, lambda: (sleep(later), freezes(club, TODAY, TODAY))])
    return charged_and_frozen(club)


def test_no_visit_is_charged_to_a_frozen_date_however_it_is_marked_meanwhile(club: Club) -> None:
    assert frozen_while_marking(club) == []


@pytest.mark.plants
@ON_POSTGRES
def test_a_visit_is_seen_to_be_charged_to_a_frozen_date_when_clients_are_not_locked(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SqlClients, "lock_existing", SqlClients.existing_ids)
    assert any(frozen_while_marking(another(store)) for _ in range(ROUNDS_UNTIL_SEEN))


@pytest.mark.plants
@WITHOUT_LOCKS
def test_a_visit_is_seen_to_be_charged_to_a_frozen_date_without_transactions(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_transactions(store, monkeypatch, sheets, "passes_by_client")
    assert any(frozen_while_marking(another(store), later=0.003) for _ in range(ROUNDS_UNTIL_SEEN))


def frozen_while_selling(club: Club) -> list[date]:
    """What is charged to a frozen date after a sale that settles, and a closure, at the same moment."""
    lesson = club.lesson(TODAY)
    club.marks(lesson, PRESENT)
    sell = lambda: club.sells(visits=1, settle_unpaid=True)  # noqa: E731
    at_once([sell, sell, lambda: freezes(club, TODAY, TODAY)])
    return charged_and_frozen(club)


def test_no_visit_is_charged_to_a_frozen_date_whatever_is_sold_meanwhile(club: Club) -> None:
    assert frozen_while_selling(club) == []


@pytest.mark.plants
def test_a_visit_is_seen_to_be_charged_to_a_frozen_date_when_nobody_asks_for_those_in_the_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        "attendance.adapters.memory.club.subscriptions.MemorySubscriptions.days_charged_between",
        lambda *_: {},
    )
    club = Club(MemoryStore())
    club.marks(club.lesson(TODAY), PRESENT)
    club.sells(visits=1, settle_unpaid=True)
    freezes(club, TODAY, TODAY)
    assert charged_and_frozen(club) == [TODAY]


def test_what_was_frozen_before_it_ended_early_stays_frozen_and_the_rest_is_when_it_is_sent_again(
    club: Club, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each part is kept by itself, all of one or nothing."""
    monkeypatch.setattr(freezing, "BATCH", 1)
    children = [club.child, club.guest]
    for child in children:
        for _ in range(2):
            club.sells(to=child)
    original, number = freezing._freeze, iter(range(99))

    def fails_once(*args: object) -> object:
        if next(number) == 3:
            raise ZeroDivisionError
        return original(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(freezing, "_freeze", fails_once)
    with pytest.raises(ZeroDivisionError):
        freezes(club)

    def frozen() -> list[int]:
        listed = [club.use.subscriptions_of_client(club.head, client_id=it.id) for it in children]
        return [sum(len(it.freezes) for it in each) for each in listed]

    assert frozen() == [2, 0]
    again = freezes(club)
    assert (again.frozen, [it.client_id for it in again.skipped]) == (2, 2 * [club.child.id])
    assert frozen() == [2, 2]


def test_in_one_transaction_with_others_all_parts_are_kept_or_none(
    club: Club, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(freezing, "BATCH", 1)
    for child in (club.child, club.guest):
        club.sells(to=child)
    with pytest.raises(ZeroDivisionError), club.world.store.ambient():
        assert freezes(club).frozen == 2
        raise ZeroDivisionError
    with club.world.store.ambient():
        assert freezes(club) == FrozenSubscriptions(frozen=2, skipped=())
    assert freezes(club).frozen == 0


def test_a_part_that_is_contended_is_tried_again_and_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    club = Club(MemoryStore())
    for child in (club.child, club.guest):
        club.sells(to=child)
    monkeypatch.setattr(freezing, "BATCH", 1)
    original, number = freezing._freeze, iter(range(99))

    def contended(*args: object) -> object:
        if next(number) in (1, 2):
            raise Contended
        return original(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(freezing, "_freeze", contended)
    assert freezes(club) == FrozenSubscriptions(frozen=2, skipped=())
    assert next(number) == 4


def test_a_range_frozen_by_itself_is_in_the_way_of_the_next(club: Club) -> None:
    it = club.sells(valid_days=30)
    assert freezes(club, TODAY, TODAY + DAY).frozen == 1
    assert freezes(club, TODAY + DAY, TODAY + 2 * DAY).frozen == 0
    assert freezes(club, TODAY + 2 * DAY, TODAY + 3 * DAY).frozen == 1
    stored = next(each for each in passes(club) if each.id == it.id)
    assert stored.freezes == (
        Freeze(since=TODAY, until=TODAY + DAY),
        Freeze(since=TODAY + 2 * DAY, until=TODAY + 3 * DAY),
    )
    assert it.valid_until
    assert stored.valid_until == it.valid_until + 4 * DAY


# Running again


def frozen_to_run_again(club: Club, runs_again_on: date) -> SubscriptionDetails:
    """A pass that was frozen for ten days from today on, and is to run again."""
    sold = club.sells(valid_days=30, starts_on=TODAY)
    freezes(club, TODAY, TODAY + 9 * DAY)
    return club.use.unfreeze_subscription(
        club.head, subscription_id=sold.id, since=TODAY, runs_again_on=runs_again_on
    )


def test_a_pass_runs_again_from_a_day_of_its_freeze_on(club: Club) -> None:
    unfrozen = frozen_to_run_again(club, TODAY + 4 * DAY)
    assert unfrozen.freezes == (Freeze(since=TODAY, until=TODAY + 3 * DAY),)
    assert unfrozen.valid_until == TODAY + 33 * DAY
    assert passes(club)[0].freezes == unfrozen.freezes
    gone = club.use.unfreeze_subscription(
        club.head, subscription_id=unfrozen.id, since=TODAY, runs_again_on=TODAY, versions=[unfrozen.version]
    )
    assert (gone.freezes, gone.valid_until) == ((), TODAY + 29 * DAY)
    with pytest.raises(Outdated):
        club.use.unfreeze_subscription(
            club.head, subscription_id=gone.id, since=TODAY, runs_again_on=TODAY, versions=[unfrozen.version]
        )


@pytest.mark.parametrize("days", [-1, 10, 150])
def test_a_pass_runs_again_on_no_day_outside_of_its_freeze(club: Club, days: int) -> None:
    with pytest.raises(OutsideFreeze):
        frozen_to_run_again(club, TODAY + days * DAY)
    assert passes(club)[0].freezes == (Freeze(since=TODAY, until=TODAY + 9 * DAY),)


@pytest.mark.plants
@pytest.mark.parametrize("store_url", ["memory"], indirect=True)
def test_a_freeze_is_seen_to_stay_where_no_day_is_refused(
    club: Club, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Subscription, "freezes_with_end", lambda it, *_, **__: it.freezes)
    assert frozen_to_run_again(club, TODAY + 150 * DAY).state is SubscriptionState.FROZEN


# Passes that begin after others


def test_freezing_all_tells_of_the_passes_that_then_overlap_and_moves_none(club: Club) -> None:
    current = club.sells(valid_days=30, starts_on=TODAY)
    later = club.sells(valid_days=30, starts_on=Start.AFTER_CURRENT)
    told = club.use.freeze_subscriptions(club.head, since=TODAY, until=TODAY + 4 * DAY, preview=True)
    assert club.use.later_passes_of_client(club.head, client_id=club.child.id) == {
        current.id: (
            LaterPass(id=later.id, price_name=later.price_name, starts_on=later.starts_on, both_until=None),
        )
    }
    # what is looked at is what is done, and what is told of the same days again
    for found in (told, freezes(club, TODAY, TODAY + 4 * DAY), freezes(club, TODAY, TODAY + 4 * DAY)):
        [overlapping] = found.overlapping
        assert overlapping.subscription_id == current.id
        assert [(it.id, it.both_until) for it in overlapping.later] == [(later.id, TODAY + 34 * DAY)]
    assert {it.id: it.starts_on for it in passes(club)}[later.id] == TODAY + 30 * DAY
    [after] = club.use.later_passes_of_client(club.head, client_id=club.child.id)[current.id]
    assert after.both_until == TODAY + 34 * DAY


def test_a_pass_that_is_over_before_the_next_one_overlaps_with_none(club: Club) -> None:
    club.sells(valid_days=30, starts_on=TODAY)
    club.sells(valid_days=30, starts_on=TODAY + 35 * DAY)
    assert freezes(club, TODAY, TODAY + 4 * DAY).overlapping == ()
    # and one frozen day more is too much
    assert len(freezes(club, TODAY + 7 * DAY, TODAY + 7 * DAY).overlapping) == 1
