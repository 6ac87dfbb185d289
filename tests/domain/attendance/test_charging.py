"""Which pass pays for a visit, and when one is charged at all."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from attendance.domain.attendance import charging
from attendance.domain.attendance.charging import (
    NOTHING,
    UNPAID,
    Charge,
    NoCandidate,
    Visit,
    allocate,
    charge,
    moved,
)
from attendance.domain.attendance.payers import CoveringPass, payer_of
from attendance.domain.attendance.status import Status
from attendance.domain.club.subscriptions import Freeze, Subscription
from attendance.domain.ids import GroupId, SubscriptionId
from tests import make

CLIENT, PRICE = make.client(), make.price()
ONE, OTHER, THIRD = (GroupId(UUID(int=n)) for n in (1, 2, 3))
DAY = timedelta(days=1)
THEN = date(2026, 3, 10)
VISIT = Visit(date=THEN, group_id=ONE)
PRESENT, LATE, ABSENT, EXCUSED = Status.PRESENT, Status.LATE, Status.ABSENT, Status.EXCUSED


def a_pass(number: int = 1, **changes: Any) -> Subscription:
    """Of March, for eight visits to any group, known by its number."""
    return make.subscription(CLIENT, PRICE, **{"id": SubscriptionId(UUID(int=number)), "visits": 8} | changes)


def paid(number: int) -> Charge:
    return Charge(SubscriptionId(UUID(int=number)))


NO_CANDIDATES = {
    "begins later": {"starts_on": THEN + DAY},
    "is over": {"ends_on": THEN - DAY},
    "is frozen": {"freezes": (Freeze(since=THEN, until=THEN),)},
    "is cancelled": {"cancelled_on": THEN - DAY},
    "has no visit left": {"visits": 1, "charged": 1},
    "is for another group": {"group_ids": (OTHER,)},
    "has no visit left in the week": {"visits_per_week": 2, "charged_in_week": 2},
}
JUST_CANDIDATES = {
    "begins then": {"starts_on": THEN},
    "ends then": {"ends_on": THEN},
    "ends then for it was frozen": {
        "ends_on": THEN - DAY, "freezes": (Freeze(since=THEN - 5 * DAY, until=THEN - 5 * DAY),)
    },
    "is frozen from the next day": {"freezes": (Freeze(since=THEN + DAY, until=THEN + DAY),)},
    "is cancelled from the next day": {"cancelled_on": THEN},
    "has one visit left": {"visits": 2, "charged": 1},
    "has one visit left in the week": {"visits_per_week": 2, "charged_in_week": 1},
    "is for the group": {"group_ids": (OTHER, ONE)},
    "has an open end": {"ends_on": None},
    "any number of visits": {"visits": None, "charged": 1000},
}  # fmt: skip


@pytest.mark.parametrize("why", NO_CANDIDATES)
def test_what_does_not_cover_a_visit_does_not_pay_for_it(why: str) -> None:
    it = a_pass(**NO_CANDIDATES[why])
    assert allocate(VISIT, [it]) is None
    text = "all its visits of this week" if "week" in why else "does not cover this visit"
    with pytest.raises(NoCandidate, match=text):
        allocate(VISIT, [it], it.id)
    assert charge(PRESENT, VISIT, [it]) == UNPAID


@pytest.mark.parametrize("why", JUST_CANDIDATES)
def test_what_just_covers_a_visit_pays_for_it(why: str) -> None:
    it = a_pass(**JUST_CANDIDATES[why])
    assert allocate(VISIT, [it]) == allocate(VISIT, [it], it.id) == it
    assert charge(PRESENT, VISIT, [it]) == paid(1)


def test_candidates_pay_in_their_turn() -> None:
    """First without limit, then what ends earliest, then what is narrower, then what was sold earliest."""
    unlimited = {"visits": None}
    turn = [
        a_pass(9, **unlimited, ends_on=THEN),
        a_pass(8, **unlimited, ends_on=THEN + DAY, group_ids=(ONE,)),
        a_pass(7, **unlimited, ends_on=THEN + DAY),
        a_pass(6, **unlimited, ends_on=None),
        a_pass(5, ends_on=THEN, group_ids=(ONE, OTHER, THIRD)),
        a_pass(4, ends_on=THEN),
        a_pass(3, ends_on=THEN + DAY, group_ids=(ONE,), sold_on=THEN),
        a_pass(2, ends_on=THEN + DAY, group_ids=(ONE, OTHER), sold_on=THEN - DAY),
        a_pass(13, ends_on=THEN + DAY, sold_on=THEN - DAY, created_at=make.NOON),
        a_pass(12, ends_on=THEN + DAY, sold_on=THEN, created_at=make.NOON - DAY),
        a_pass(10, ends_on=THEN + DAY, sold_on=THEN, created_at=make.NOON),
        a_pass(11, ends_on=THEN + DAY, sold_on=THEN, created_at=make.NOON),
        a_pass(1, ends_on=None, group_ids=(ONE,), sold_on=THEN - 30 * DAY),
    ]
    for first in range(len(turn)):
        rest = turn[first:]
        assert allocate(VISIT, rest) == allocate(VISIT, rest[::-1]) == rest[0], first
        assert allocate(VISIT, rest, rest[-1].id) == rest[-1], "the named one comes before all"


def test_it_is_the_frozen_end_that_counts() -> None:
    early = a_pass(1, ends_on=THEN + DAY, freezes=(Freeze(since=THEN - 5 * DAY, until=THEN - 3 * DAY),))
    late = a_pass(2, ends_on=THEN + 2 * DAY)
    assert allocate(VISIT, [early, late]) == late


CHARGES, SPARES = a_pass(1), a_pass(2, charges_absence=False)
EARLY_CHARGES, EARLY_SPARES = a_pass(3, ends_on=THEN), a_pass(4, ends_on=THEN, charges_absence=False)
SPARES_USED_UP = a_pass(5, charges_absence=False, visits=1, charged=1)
WEEK_FULL = a_pass(7, ends_on=THEN, visits_per_week=1, charged=1, charged_in_week=1)
SPARES_WEEK_FULL = replace(WEEK_FULL, charges_absence=False)
SPARES_OTHERS = a_pass(6, charges_absence=False, group_ids=(OTHER,))
TABLE: list[tuple[Status, list[Subscription], Charge, Charge]] = [
    # status, passes, before, after
    (PRESENT, [], NOTHING, UNPAID),
    (LATE, [], NOTHING, UNPAID),
    (ABSENT, [], NOTHING, UNPAID),
    (EXCUSED, [], NOTHING, NOTHING),
    (PRESENT, [CHARGES], NOTHING, paid(1)),
    (LATE, [CHARGES], NOTHING, paid(1)),
    (ABSENT, [CHARGES], NOTHING, paid(1)),
    (EXCUSED, [CHARGES], NOTHING, NOTHING),
    (PRESENT, [SPARES], NOTHING, paid(2)),
    (LATE, [SPARES], NOTHING, paid(2)),
    (ABSENT, [SPARES], NOTHING, NOTHING),
    # of an absence the first candidate decides
    (ABSENT, [CHARGES, EARLY_SPARES], NOTHING, NOTHING),
    (ABSENT, [SPARES, EARLY_CHARGES], NOTHING, paid(3)),
    # without one: a pass that covers the date, though it may have no visit left
    (ABSENT, [SPARES_USED_UP], NOTHING, NOTHING),
    (PRESENT, [SPARES_USED_UP], NOTHING, UNPAID),
    (ABSENT, [SPARES_OTHERS], NOTHING, UNPAID),
    (ABSENT, [replace(SPARES, cancelled_on=THEN - DAY)], NOTHING, UNPAID),
    (ABSENT, [SPARES_USED_UP, CHARGES], NOTHING, paid(1)),
    # a pass whose week is full leaves the visit to another
    (PRESENT, [WEEK_FULL], NOTHING, UNPAID),
    (PRESENT, [WEEK_FULL, CHARGES], NOTHING, paid(1)),
    (ABSENT, [WEEK_FULL, SPARES], NOTHING, NOTHING),
    (ABSENT, [SPARES_WEEK_FULL], NOTHING, NOTHING),
    (ABSENT, [SPARES_WEEK_FULL, CHARGES], NOTHING, paid(1)),
    (LATE, [WEEK_FULL, CHARGES], paid(7), paid(7)),
    # what stays charged keeps its payer, whoever else could pay, or stays unpaid
    (LATE, [CHARGES, EARLY_CHARGES], paid(1), paid(1)),
    (ABSENT, [CHARGES, EARLY_CHARGES], paid(1), paid(1)),
    (PRESENT, [CHARGES], UNPAID, UNPAID),
    (LATE, [CHARGES], UNPAID, UNPAID),
    (ABSENT, [CHARGES], UNPAID, UNPAID),
    (PRESENT, [replace(CHARGES, visits=1, charged=1)], paid(1), paid(1)),
    # the pass that paid until now decides of an absence
    (ABSENT, [CHARGES, EARLY_SPARES], paid(1), paid(1)),
    (ABSENT, [SPARES, EARLY_CHARGES], paid(2), NOTHING),
    # nobody pays for who is excused
    (EXCUSED, [CHARGES], paid(1), NOTHING),
    (EXCUSED, [CHARGES], UNPAID, NOTHING),
    (ABSENT, [SPARES], UNPAID, NOTHING),
]


@pytest.mark.parametrize(("status", "passes", "before", "after"), TABLE)
def test_a_mark_costs_what_the_table_says(
    status: Status, passes: Sequence[Subscription], before: Charge, after: Charge
) -> None:
    for order in permutations(passes):
        assert charge(status, VISIT, order, before=before) == after
        assert charge(status, VISIT, order, before=before, trial=True) == NOTHING


def test_naming_another_pass_changes_the_payer() -> None:
    passes = [CHARGES, EARLY_CHARGES]
    for status in (PRESENT, LATE, ABSENT):
        for before in (NOTHING, UNPAID, paid(1), paid(3)):
            assert charge(status, VISIT, passes, before=before, subscription_id=CHARGES.id) == paid(1)
    assert charge(PRESENT, VISIT, passes, before=paid(3), subscription_id=EARLY_CHARGES.id) == paid(3)
    assert charge(ABSENT, VISIT, [CHARGES, SPARES], before=paid(1), subscription_id=SPARES.id) == NOTHING
    assert charge(EXCUSED, VISIT, passes, subscription_id=CHARGES.id) == NOTHING
    for before in (NOTHING, UNPAID, paid(1)):
        with pytest.raises(NoCandidate):
            charge(PRESENT, VISIT, passes, before=before, subscription_id=SPARES.id)


def test_a_named_pass_that_pays_already_needs_no_visit_more() -> None:
    full = replace(CHARGES, visits=1, charged=1)
    assert charge(PRESENT, VISIT, [full], before=paid(1), subscription_id=full.id) == paid(1)
    with pytest.raises(NoCandidate):
        charge(PRESENT, VISIT, [full], before=UNPAID, subscription_id=full.id)


def test_anew_it_is_decided_as_if_nobody_had_paid() -> None:
    full = replace(CHARGES, visits=1, charged=1)
    assert charge(PRESENT, VISIT, [full], before=paid(1), is_reset=True) == paid(1)
    assert charge(PRESENT, VISIT, [CHARGES, EARLY_CHARGES], before=paid(1), is_reset=True) == paid(3)
    assert charge(PRESENT, VISIT, [CHARGES], before=UNPAID, is_reset=True) == UNPAID


def test_anew_the_visit_itself_does_not_fill_the_week() -> None:
    assert charge(PRESENT, VISIT, [WEEK_FULL, CHARGES], before=paid(7), is_reset=True) == paid(7)
    fuller = replace(WEEK_FULL, charged=2, charged_in_week=2)
    assert charge(PRESENT, VISIT, [fuller, CHARGES], before=paid(7), is_reset=True) == paid(1)


def test_a_lesson_that_moves_into_a_full_week_is_paid_by_another() -> None:
    """The passes are read once it has moved: the visit is among those of the week."""
    room = replace(WEEK_FULL, visits_per_week=2, charged=2, charged_in_week=2)
    full = replace(room, charged=3, charged_in_week=3)
    for status in (PRESENT, ABSENT):
        assert moved(status, VISIT, [room, CHARGES], trial=False, before=paid(7)) == paid(7)
        assert moved(status, VISIT, [full, CHARGES], trial=False, before=paid(7)) == paid(1)
        assert moved(status, VISIT, [full], trial=False, before=paid(7)) == UNPAID


def test_a_lesson_that_moves_keeps_the_payer_that_covers_the_new_date() -> None:
    better = replace(EARLY_CHARGES, visits=None)
    for status in (PRESENT, ABSENT):
        assert moved(status, VISIT, [CHARGES, better], trial=False, before=paid(1)) == paid(1)
        for elsewhere in (paid(9), UNPAID):
            assert moved(status, VISIT, [CHARGES, better], trial=False, before=elsewhere) == paid(3)
            assert moved(status, VISIT, [], trial=False, before=elsewhere) == UNPAID
        assert moved(status, VISIT, [CHARGES], trial=False, before=NOTHING) == NOTHING
    outside = replace(CHARGES, cancelled_on=THEN - DAY)
    assert moved(PRESENT, VISIT, [outside, better], trial=False, before=paid(1)) == paid(3)
    assert moved(ABSENT, VISIT, [SPARES], trial=False, before=paid(9)) == NOTHING


# Whatever passes somebody has

DAYS = st.integers(-3, 3).map(lambda n: THEN + n * DAY)
GROUPS = st.lists(st.sampled_from([ONE, OTHER, THIRD]), unique=True).map(tuple)


@st.composite
def passes(draw: st.DrawFn) -> list[Subscription]:
    return [
        a_pass(
            number,
            starts_on=draw(DAYS) - 3 * DAY,
            ends_on=draw(st.none() | DAYS.map(lambda day: day + 3 * DAY)),
            visits=(visits := draw(st.none() | st.integers(1, 3))),
            charged=(charged := draw(st.integers(0, visits or 3))),
            visits_per_week=(per_week := draw(st.none() | st.integers(1, 3))),
            charged_in_week=0 if per_week is None else draw(st.integers(0, min(charged, per_week))),
            group_ids=draw(GROUPS),
            charges_absence=draw(st.booleans()),
            cancelled_on=draw(st.none() | DAYS),
            sold_on=draw(DAYS),
        )
        for number in range(1, draw(st.integers(0, 4)) + 1)
    ]


def charged(passes: Sequence[Subscription], before: Charge, after: Charge) -> list[Subscription]:
    """The passes, once a mark costs this instead of that."""

    def charged(it: Subscription) -> Subscription:
        more = (it.id == after.subscription_id) - (it.id == before.subscription_id)
        in_week = it.charged_in_week + more if it.visits_per_week else 0
        return replace(it, charged=it.charged + more, charged_in_week=in_week)

    return [*map(charged, passes)]


@given(passes())
def test_it_is_never_a_pass_without_visits_left_or_one_that_does_not_cover_the_visit(
    passes: list[Subscription],
) -> None:
    it = allocate(VISIT, passes)
    fine = [
        each
        for each in passes
        if each.covers(THEN)
        and each.is_for(ONE)
        and (each.visits is None or each.charged < each.visits)
        and (each.visits_per_week is None or each.charged_in_week < each.visits_per_week)
    ]
    assert (it is None) == (not fine)
    assert it is None or it in fine
    assert all(allocate(VISIT, order) == it for order in permutations(passes))
    for each in passes:
        try:
            assert allocate(VISIT, passes, each.id) == each
            assert each in fine
        except NoCandidate:
            assert each not in fine


@given(passes(), st.sampled_from(Status), st.sampled_from(Status), st.booleans(), st.booleans())
def test_charging_again_changes_nothing_and_never_costs_more_than_was_bought(
    passes: list[Subscription], first: Status, then: Status, trial: bool, anew: bool
) -> None:
    once = charge(first, VISIT, passes)
    after = charged(passes, NOTHING, once)
    twice = charge(then, VISIT, after, before=once, trial=trial, is_reset=anew)
    at_last = charged(after, once, twice)
    for some in (after, at_last):
        assert all(it.visits is None or 0 <= it.charged <= it.visits for it in some)
        assert all(0 <= it.charged_in_week <= (it.visits_per_week or 0) for it in some)
    if twice != NOTHING:
        assert charge(then, VISIT, at_last, before=twice, trial=trial, is_reset=anew) == twice


@given(passes(), st.sampled_from(Status))
def test_what_is_charged_and_given_back_leaves_all_as_it_was(
    passes: list[Subscription], status: Status
) -> None:
    once = charge(status, VISIT, passes)
    after = charged(passes, NOTHING, once)
    assert charge(EXCUSED, VISIT, after, before=once) == NOTHING
    assert charged(after, once, NOTHING) == passes


@given(passes())
def test_a_charged_pass_always_covers_the_visit(passes: list[Subscription]) -> None:
    for status in Status:
        payer = charge(status, VISIT, passes).subscription_id
        assert payer is None or all(VISIT.is_covered_by(it) for it in passes if it.id == payer)


@pytest.mark.plants
def test_a_pass_whose_week_is_full_is_seen_to_pay_when_nobody_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Subscription, "is_week_full", False)
    assert charging.charge(PRESENT, VISIT, [WEEK_FULL]) == paid(7)


@pytest.mark.plants
def test_a_pass_used_up_is_seen_to_pay_when_nobody_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Subscription, "visits_left", property(lambda _: 1))
    assert charging.charge(PRESENT, VISIT, [replace(CHARGES, visits=1, charged=1)]) == paid(1)


# What a sheet shows


def covering(passes: Sequence[Subscription]) -> list[CoveringPass]:
    """As a store tells of them."""
    sold = sorted(passes, key=lambda it: (it.sold_on, it.created_at, it.id))
    return [
        CoveringPass(
            *(it.id, it.client_id, it.price_name, it.visits, it.visits_left, it.group_ids, it.valid_until),
            it.is_week_full,
        )
        for it in sold
        if it.covers(THEN)
    ]


SOLD = st.builds(
    lambda number, **changes: a_pass(number, **changes),
    st.integers(1, 50),
    starts_on=st.sampled_from([THEN - DAY, THEN, THEN + DAY]),
    ends_on=st.sampled_from([None, THEN + DAY, THEN + 2 * DAY]),
    visits=st.sampled_from([None, 1, 2]),
    charged=st.integers(0, 1),
    visits_per_week=st.sampled_from([None, 1, 2]),
    charged_in_week=st.integers(0, 1),
    group_ids=st.sampled_from([(), (ONE,), (OTHER,), (ONE, OTHER)]),
    sold_on=st.sampled_from([THEN - DAY, THEN]),
    created_at=st.sampled_from([make.NOON, make.NOON + DAY]),
    cancelled_on=st.sampled_from([None, THEN - DAY, THEN]),
)


@given(st.lists(SOLD, max_size=6, unique_by=lambda it: it.id))
def test_a_sheet_shows_the_pass_that_charging_would_choose(passes: list[Subscription]) -> None:
    chosen = allocate(VISIT, passes)
    shown = payer_of(None, ONE, covering(passes))
    assert (shown and shown.id) == (chosen and chosen.id)


def test_a_sheet_shows_the_pass_that_has_paid_though_another_would_pay_first() -> None:
    used_up = a_pass(2, visits=1, charged=1)
    passes = covering([a_pass(1, visits=None), used_up])
    for paid_by, expected in ((used_up.id, 2), (None, 1), (SubscriptionId(UUID(int=9)), 1)):
        shown = payer_of(paid_by, ONE, passes)
        assert shown
        assert shown.id.int == expected
    assert payer_of(None, ONE, []) is None
