"""What a pass covers, for how long, what it costs and what it is on a date."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from attendance.domain.club import subscriptions
from attendance.domain.club.subscriptions import (
    Freeze,
    FreezeAfterEnd,
    FreezeBeforeStart,
    FreezesOverlap,
    OutsideFreeze,
    Subscription,
    SubscriptionState,
    VisitsOutside,
    end_of,
    sold,
)
from attendance.domain.errors import Conflict, Invalid
from attendance.domain.events import ChangeContext
from attendance.domain.ids import AccountId, ContractId, EventId, GroupId, SubscriptionId
from tests import make
from tests.domain.field_errors import field_errors

DAY = timedelta(days=1)
CLIENT, PRICE = make.client(), make.price()
DOING = ChangeContext(AccountId(UUID(int=1)), make.NOON, lambda: EventId(UUID(int=2)))
SEPTEMBER = {"starts_on": date(2026, 9, 1), "ends_on": date(2026, 9, 30)}


def on(month_and_day: str, year: int = 2026) -> date:
    return date.fromisoformat(f"{year}-{month_and_day}")


def frozen(*spans: str) -> tuple[Freeze, ...]:
    """From `09-10..09-19`, or `09-30` alone."""
    ends = [span.partition("..") for span in spans]
    return tuple(Freeze(since=on(since), until=on(until or since)) for since, _, until in ends)


def september(*spans: str, **changes: Any) -> Subscription:
    return make.subscription(CLIENT, PRICE, **SEPTEMBER | {"freezes": frozen(*spans)} | changes)


# How long it runs


@pytest.mark.parametrize(
    ("start", "days", "months", "end"),
    [
        ("2026-01-15", None, 1, "2026-02-14"), ("2026-01-31", None, 1, "2026-02-28"),
        ("2028-01-30", None, 1, "2028-02-29"), ("2026-02-28", None, 1, "2026-03-27"),
        ("2026-12-31", None, 2, "2027-02-28"), ("2028-01-29", None, 1, "2028-02-28"),
        ("2026-01-29", None, 1, "2026-02-28"), ("2028-02-29", None, 12, "2029-02-28"),
        ("2026-03-01", None, 12, "2027-02-28"), ("2026-03-31", None, 1, "2026-04-30"),
        ("2026-12-01", None, 1, "2026-12-31"), ("2026-09-01", 1, None, "2026-09-01"),
        ("2026-09-01", 30, None, "2026-09-30"), ("2026-12-31", 2, None, "2027-01-01"),
        ("2026-09-01", None, None, None),
    ],
)  # fmt: skip
def test_a_pass_ends_after_its_days_or_on_the_day_before_the_same_day_months_on(
    start: str, days: int | None, months: int | None, end: str | None
) -> None:
    ended = end_of(date.fromisoformat(start), days=days, months=months)
    assert ended == (end and date.fromisoformat(end))


def test_a_pass_ends_within_the_calendar() -> None:
    assert end_of(date.max, days=1, months=None) == date.max
    for start, days, months in ((date.max, 2, None), (date(9999, 11, 30), None, 2), (date.max, None, 1)):
        with pytest.raises(Invalid, match="starts_on: is too late"):
            end_of(start, days=days, months=months)


@given(st.dates(max_value=date(9000, 1, 1)), st.integers(1, 1200))
def test_months_end_on_the_day_before_or_on_the_last_of_a_month_that_is_too_short(
    start: date, months: int
) -> None:
    end = end_of(start, days=None, months=months)
    assert end
    after = end + DAY
    assert after.day in (start.day, 1)
    passed = (after.year - start.year) * 12 + after.month - start.month
    assert passed == (months if after.day == start.day else months + 1)


@pytest.mark.parametrize(
    ("spans", "last"),
    [
        ([], "09-30"), (["09-10..09-19"], "10-10"), (["09-10..09-19", "10-05..10-06"], "10-12"),
        (["09-25..10-10"], "10-16"), (["09-30"], "10-01"), (["08-25..09-05"], "10-05"),
        (["08-01..08-31"], "09-30"), (["09-01"], "10-01"), (["09-30", "10-01"], "10-02"),
        (["09-29..10-31", "11-01"], "11-03"), (["08-01..10-31"], "11-30"),
    ],
)  # fmt: skip
def test_a_pass_runs_as_much_longer_as_it_is_frozen(spans: list[str], last: str) -> None:
    assert september(*spans).valid_until == on(last)
    assert september(*reversed(spans)).valid_until == on(last)
    assert september(*spans, ends_on=None).valid_until is None


@pytest.mark.parametrize(
    ("spans", "refusal"),
    [
        (["09-10..09-12", "09-12..09-13"], FreezesOverlap), (["09-10", "09-10"], FreezesOverlap),
        (["09-01..09-30", "09-10"], FreezesOverlap), (["10-01"], FreezeAfterEnd),
        (["09-30", "10-02"], FreezeAfterEnd), (["09-10..09-19", "10-11"], FreezeAfterEnd),
    ],
)  # fmt: skip
def test_freezes_that_overlap_or_begin_after_the_end_are_refused(
    spans: list[str], refusal: type[Conflict]
) -> None:
    for order in (spans, spans[::-1]):
        with pytest.raises(refusal):
            september(*order)


def test_a_freeze_that_is_over_before_the_pass_begins_is_not_added() -> None:
    for spans in (["08-31"], ["09-10", "08-01..08-31"]):
        with pytest.raises(FreezeBeforeStart):
            september("09-10").edited({"freezes": frozen(*spans)}, DOING, charged_on=())
    after, _ = september().edited({"freezes": frozen("08-01..09-01")}, DOING, charged_on=())
    assert after.freezes == frozen("08-01..09-01")
    # one that is stored stays, and may go
    old = september("08-31")
    assert old.edited({"freezes": frozen("08-31", "09-10")}, DOING, charged_on=())[0].freezes
    assert old.edited({"freezes": ()}, DOING, charged_on=())[0].freezes == ()


def test_an_open_end_is_never_too_early_for_a_freeze() -> None:
    assert september("12-24", ends_on=None).freezes == frozen("12-24")


def test_a_freeze_ends_when_it_begins_at_the_earliest() -> None:
    assert field_errors(Freeze, since=on("09-02"), until=on("09-01")) == ["freezes.until"]


def test_what_cannot_be_sold_like_this_is_refused() -> None:
    assert field_errors(september, ends_on=on("08-31")) == ["ends_on"]
    assert field_errors(september, discount_percent=101) == ["discount_percent"]
    assert field_errors(september, discount_percent=-1, ends_on=on("08-31")) == [
        "discount_percent",
        "ends_on",
    ]
    days = [on("09-01") + n * DAY for n in range(101)]
    assert field_errors(september, freezes=tuple(Freeze(since=it, until=it) for it in days)) == ["freezes"]
    at_the_end = {"starts_on": date.max - DAY, "ends_on": date.max}
    assert field_errors(september, **at_the_end, freezes=(Freeze(since=date.max, until=date.max),)) == [
        "freezes"
    ]


STARTS = st.integers(0, 60).map(lambda n: on("08-15") + n * DAY)


@st.composite
def passes(draw: st.DrawFn, **changes: Any) -> Subscription:
    """A pass with as many of some freezes as it may have."""
    start = draw(STARTS)
    end = start + draw(st.integers(0, 40)) * DAY
    made = september(starts_on=start, ends_on=draw(st.sampled_from([end, end, None])), **changes)
    for since, length in draw(st.lists(st.tuples(STARTS, st.integers(0, 12)), max_size=5)):
        try:
            made = replace(made, freezes=(*made.freezes, Freeze(since=since, until=since + length * DAY)))
        except Conflict:
            continue
    cancelled_on = draw(st.none() | STARTS)
    return replace(made, cancelled_on=cancelled_on, **changes)


def days_of(it: Subscription) -> list[date]:
    return [it.starts_on + n * DAY for n in range(-30, 200)]


def is_frozen(it: Subscription, day: date) -> bool:
    return any(freeze.since <= day <= freeze.until for freeze in it.freezes)


@given(passes())
def test_a_pass_buys_exactly_as_many_unfrozen_days_as_it_was_sold_for(it: Subscription) -> None:
    last = it.valid_until
    if it.ends_on is None:
        assert last is None
        return
    assert last
    bought = (it.ends_on - it.starts_on).days + 1
    run = [day for day in days_of(it) if it.starts_on <= day <= last and not is_frozen(it, day)]
    assert len(run) == bought
    assert run[-1] == last, "the last day is one of them"


@given(passes())
def test_a_pass_covers_a_day_iff_it_has_begun_is_not_over_not_frozen_and_not_cancelled_before(
    it: Subscription,
) -> None:
    for day in days_of(it):
        expected = (
            it.starts_on <= day
            and (it.valid_until is None or day <= it.valid_until)
            and not is_frozen(it, day)
            and (it.cancelled_on is None or day <= it.cancelled_on)
        )
        assert it.covers(day) is expected, day


@given(passes())
def test_an_active_pass_is_one_that_covers_today(it: Subscription) -> None:
    for day in days_of(it):
        assert (it.state(day) is SubscriptionState.ACTIVE) is it.covers(day), day


# What it is on a date


def states(it: Subscription, days: Sequence[str]) -> str:
    return " ".join(it.state(on(day)) for day in days)


def test_a_pass_is_pending_then_active_then_expired() -> None:
    days = ["08-31", "09-01", "09-30", "10-01"]
    assert states(september(), days) == "pending active active expired"
    assert states(september(ends_on=None), days) == "pending active active active"


def test_the_first_state_that_holds_is_said() -> None:
    days = ["08-31", "09-01", "09-09", "09-10", "09-12", "09-13", "10-01", "10-03", "10-04"]
    it = september("09-10..09-12")
    assert states(it, days) == "pending active active frozen frozen active active active expired"
    early = september("08-25..09-05")
    assert states(early, ["08-24", "08-25", "09-05", "09-06"]) == "pending frozen frozen active"
    used_up = replace(it, visits=2, charged=2)
    assert states(used_up, days) == " ".join(["used_up"] * 9)
    left = replace(it, visits=2, charged=1)
    assert states(left, days) == states(it, days)
    cancelled = replace(used_up, cancelled_on=on("09-11"))
    assert states(cancelled, ["09-11", "09-12", "10-04"]) == "used_up cancelled cancelled"
    assert states(replace(it, cancelled_on=on("09-11")), ["09-11", "09-12"]) == "frozen cancelled"
    void = september(cancelled_on=on("08-30"))
    assert states(void, ["08-30", "08-31", "09-01", "10-01"]) == "cancelled cancelled cancelled cancelled"
    assert not any(void.covers(day) for day in days_of(void))


def test_visits_left_are_those_sold_less_those_charged() -> None:
    assert september(visits=8, charged=3).visits_left == 5
    assert september(visits=None, charged=3).visits_left is None


def test_a_week_is_full_once_as_many_visits_are_charged_as_it_may_have() -> None:
    assert [september(visits_per_week=2, charged_in_week=n).is_week_full for n in range(4)] == [
        False, False, True, True
    ]  # fmt: skip
    assert not september(visits_per_week=None, charged_in_week=1000).is_week_full
    back = september(visits_per_week=2, charged=5, charged_in_week=2).with_visit_back()
    assert (back.charged, back.charged_in_week) == (4, 1)
    unlimited = september(charged=5).with_visit_back()
    assert (unlimited.charged, unlimited.charged_in_week) == (4, 0)


def test_the_last_day_is_the_one_before_which_it_is_not_cancelled() -> None:
    assert september().last_day == on("09-30")
    assert september(cancelled_on=on("09-12")).last_day == on("09-12")
    assert september(cancelled_on=on("10-12")).last_day == on("09-30")
    assert september("09-10..09-19").last_day == on("10-10")
    assert september(ends_on=None).last_day is None
    assert september(ends_on=None, cancelled_on=on("09-12")).last_day == on("09-12")


def test_it_runs_in_a_range_of_which_it_covers_a_day_or_would_were_it_not_frozen() -> None:
    def runs(since: str, until: str, **changes: Any) -> bool:
        return september("09-10..09-19", **changes).runs_between(on(since), on(until))

    assert [runs("08-01", "08-31"), runs("08-01", "09-01")] == [False, True]
    assert [runs("10-10", "10-31"), runs("10-11", "10-31")] == [True, False]
    assert [runs("09-12", "09-12"), runs("08-01", "12-31")] == [True, True]
    cancelled = on("09-12")
    assert [runs(day, "09-30", cancelled_on=cancelled) for day in ("09-12", "09-13")] == [True, False]
    assert not runs("08-01", "12-31", cancelled_on=on("08-31")), "it is void"
    assert runs("12-31", "12-31", ends_on=None)


def test_a_pass_for_no_groups_is_for_all() -> None:
    one, other = GroupId(UUID(int=1)), GroupId(UUID(int=2))
    assert september().is_for(one)
    assert september(group_ids=(one,)).is_for(one)
    assert not september(group_ids=(one,)).is_for(other)


# What is to be paid


@pytest.mark.parametrize(
    ("amount", "currency", "percent", "due"),
    [
        ("80.00", "EUR", 0, "80.00"), ("80.00", "EUR", 100, "0.00"), ("80.05", "EUR", 50, "40.03"),
        ("0.01", "EUR", 50, "0.01"), ("0.01", "EUR", 51, "0.00"), ("9.99", "EUR", 15, "8.49"),
        ("10.10", "EUR", 25, "7.58"), ("33.33", "EUR", 33, "22.33"),
        ("501", "JPY", 50, "251"), ("499", "JPY", 50, "250"), ("1", "JPY", 49, "1"), ("1", "JPY", 51, "0"),
        ("1.001", "KWD", 50, "0.501"), ("1.000", "KWD", 33, "0.670"), ("0.005", "KWD", 10, "0.005"),
    ],
)  # fmt: skip
def test_what_is_due_is_rounded_half_up_to_the_minor_unit(
    amount: str, currency: str, percent: int, due: str
) -> None:
    it = september(amount=Decimal(amount), currency=currency, discount_percent=percent)
    assert str(it.amount_due) == due


def test_a_sale_copies_what_the_price_is() -> None:
    group_ids = (GroupId(UUID(int=1)),)
    price = make.price(
        "80.00",
        name="Twice a week",
        visits=8,
        visits_per_week=2,
        valid_months=1,
        group_ids=group_ids,
        charges_absence=False,
    )
    contract_id = ContractId(UUID(int=3))
    pass_id = SubscriptionId(UUID(int=4))
    it = sold(
        price,
        subscription_id=pass_id,
        client_id=CLIENT.id,
        contract_id=contract_id,
        discount_percent=10,
        sold_on=on("01-30"),
        starts_on=on("01-31"),
        at=make.NOON,
    )
    assert it == Subscription(
        id=pass_id,
        client_id=CLIENT.id,
        price_id=price.id,
        price_name="Twice a week",
        contract_id=contract_id,
        sold_on=on("01-30"),
        amount=Decimal("80.00"),
        currency="EUR",
        discount_percent=10,
        visits=8,
        visits_per_week=2,
        group_ids=group_ids,
        charges_absence=False,
        starts_on=on("01-31"),
        ends_on=on("02-28"),
        created_at=make.NOON,
        updated_at=make.NOON,
    )
    event = it.sold(DOING)
    assert (event.action, event.subject_id, event.before) == ("subscription.sold", it.id, None)
    assert event.after
    assert (event.after["amount"], event.after["ends_on"]) == ("80.00", "2026-02-28")
    assert (event.after["price_name"], event.after["visits_per_week"]) == ("Twice a week", 2)
    assert {"charged", "charged_in_week"}.isdisjoint(event.after)


# Edits


def test_an_edit_that_leaves_a_charged_visit_outside_is_refused_and_names_the_days() -> None:
    it, charged_on = september(), [on("09-30"), on("09-02"), on("09-15")]
    for changes, named in [
        ({"ends_on": on("09-29")}, "2026-09-30"),
        ({"cancelled_on": on("09-14")}, "2026-09-15, 2026-09-30"),
        ({"cancelled_on": on("08-31")}, "2026-09-02, 2026-09-15, 2026-09-30"),
        ({"freezes": frozen("09-15")}, "2026-09-15"),
        ({"freezes": frozen("09-01..09-20")}, "2026-09-02, 2026-09-15"),
    ]:
        with pytest.raises(VisitsOutside, match=f"visits are charged to it on {named}$"):
            it.edited(changes, DOING, charged_on=charged_on)
    for fine in ({"ends_on": None}, {"cancelled_on": on("09-30")}, {"freezes": frozen("09-16..09-20")}):
        after, event = it.edited(fine, DOING, charged_on=charged_on)
        assert (after.version, event and event.action) == (2, "subscription.edited")


def test_only_the_first_days_are_named() -> None:
    days = [on("09-01") + n * DAY for n in range(12)]
    with pytest.raises(VisitsOutside, match=r"on 2026-09-01, .*, 2026-09-10 and 2 more$"):
        september().edited({"cancelled_on": on("08-31")}, DOING, charged_on=days)


def test_the_same_freezes_in_another_order_change_nothing() -> None:
    it = september("09-10", "09-20")
    assert it.edited({"freezes": frozen("09-10", "09-20")}, DOING, charged_on=()) == (it, None)
    assert it.edited({"freezes": frozen("09-20", "09-10")}, DOING, charged_on=()) == (it, None)


@pytest.mark.plants
def test_a_pass_that_does_not_run_longer_when_frozen_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscriptions, "_last_day", lambda _start, end, _freezes: end)
    assert september("09-10..09-19").valid_until != on("10-10")


# Running again


@pytest.mark.parametrize(
    ("again", "left"),
    [("09-10", ("09-20",)), ("09-11", ("09-10", "09-20")), ("09-19", ("09-10..09-18", "09-20"))],
)
def test_a_freeze_is_over_the_day_before_the_pass_runs_again(again: str, left: tuple[str, ...]) -> None:
    found = september("09-20", "09-10..09-19").freezes_with_end(on("09-10"), runs_again_on=on(again))
    assert sorted(found) == [*frozen(*left)]


@pytest.mark.parametrize(
    ("since", "again"),
    [("09-10", "09-09"), ("09-10", "09-20"), ("09-10", "09-25"), ("09-11", "09-12"), ("09-20", "09-12")],
)
def test_a_pass_runs_again_on_no_day_outside_of_that_freeze(since: str, again: str) -> None:
    with pytest.raises(OutsideFreeze):
        september("09-10..09-19", "09-25").freezes_with_end(on(since), runs_again_on=on(again))
