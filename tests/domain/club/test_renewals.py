"""When a pass begins that is to begin after the ones before it."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from attendance.domain.club.renewals import CurrentHasNoEnd, both_until, later_passes, start_after_current
from attendance.domain.club.subscriptions import Freeze, Subscription
from attendance.domain.errors import Invalid
from attendance.domain.ids import GroupId
from tests import make

TODAY, DAY = date(2026, 9, 15), timedelta(days=1)
CLIENT, PRICE = make.client(), make.price()
ONE, OTHER = GroupId(UUID(int=1)), GroupId(UUID(int=2))


def september(**changes: Any) -> Subscription:
    return make.subscription(
        CLIENT, PRICE, **{"starts_on": date(2026, 9, 1), "ends_on": date(2026, 9, 30)} | changes
    )


def start(*passes: Subscription, group_ids: tuple[GroupId, ...] = ()) -> str:
    price = make.price(group_ids=group_ids)
    found = start_after_current(price, passes, today=TODAY)
    assert start_after_current(price, passes[::-1], today=TODAY) == found
    return found.isoformat()


def test_it_begins_on_the_day_after_the_last_one_of_the_current_pass() -> None:
    assert start(september()) == "2026-10-01"


def test_it_begins_today_where_there_is_none() -> None:
    assert start() == "2026-09-15"
    assert start(september(ends_on=TODAY - DAY)) == "2026-09-15", "expired"
    assert start(september(ends_on=TODAY)) == "2026-09-16"
    assert start(september(visits=8, charged=8)) == "2026-09-15", "used up"
    assert start(september(cancelled_on=TODAY - DAY)) == "2026-09-15", "cancelled"


def test_frozen_and_pending_ones_count_and_the_last_day_of_all_is_what_counts() -> None:
    frozen = september(freezes=(Freeze(since=TODAY, until=TODAY + 9 * DAY),))
    assert start(frozen) == "2026-10-11"
    october = september(starts_on=date(2026, 10, 1), ends_on=date(2026, 10, 31))
    assert start(october) == "2026-11-01"
    assert start(september(), october) == "2026-11-01"
    assert start(frozen, september(), september(visits=8, charged=7)) == "2026-10-11"


def test_one_that_is_cancelled_from_a_later_day_on_is_over_then() -> None:
    assert start(september(cancelled_on=date(2026, 9, 20))) == "2026-09-21"
    assert start(september(ends_on=None, cancelled_on=date(2026, 9, 20))) == "2026-09-21"
    void = september(starts_on=date(2026, 10, 1), ends_on=date(2026, 10, 31), cancelled_on=TODAY)
    assert start(void) == "2026-09-15"


def test_only_those_for_the_same_groups_count_in_whatever_order() -> None:
    narrow = september(group_ids=(ONE,), ends_on=date(2026, 9, 20))
    both = september(group_ids=(OTHER, ONE), ends_on=date(2026, 9, 25))
    passes = (september(), narrow, both)
    assert start(*passes) == "2026-10-01"
    assert start(*passes, group_ids=(ONE,)) == "2026-09-21"
    assert start(*passes, group_ids=(ONE, OTHER)) == "2026-09-26"
    assert start(*passes, group_ids=(OTHER,)) == "2026-09-15"


def test_there_is_no_day_after_one_without_an_end() -> None:
    with pytest.raises(CurrentHasNoEnd, match=r"^a current subscription has no end$"):
        start(september(), september(ends_on=None))
    assert start(september(ends_on=None), group_ids=(ONE,)) == "2026-09-15"
    with pytest.raises(Invalid, match="starts_on: is too late"):
        start(september(ends_on=date.max))


# Passes that begin after others, and stay there


def test_those_for_the_same_groups_that_begin_later_come_after_one_in_their_order() -> None:
    november = september(starts_on=date(2026, 11, 1), ends_on=date(2026, 11, 30))
    october = september(starts_on=date(2026, 10, 1), ends_on=date(2026, 10, 31))
    others = [
        september(starts_on=date(2026, 10, 1), ends_on=None, group_ids=(ONE,)),
        september(starts_on=date(2026, 10, 1), ends_on=date(2026, 10, 31), cancelled_on=TODAY),
        september(starts_on=date(2026, 8, 1), ends_on=date(2026, 9, 20)),
        # sold to run beside it
        september(starts_on=date(2026, 9, 30), ends_on=date(2026, 10, 31)),
        make.subscription(make.client(), PRICE, starts_on=date(2026, 10, 1), ends_on=None),
    ]
    current = september()
    assert later_passes(current, [november, *others, current, october], today=TODAY) == [october, november]


@pytest.mark.parametrize(
    "changes",
    [{"ends_on": None}, {"visits": 8, "charged": 8}, {"cancelled_on": TODAY - DAY}, {"ends_on": TODAY - DAY}],
)
def test_nothing_comes_after_a_pass_that_is_over_or_has_no_end(changes: dict[str, Any]) -> None:
    october = september(starts_on=date(2026, 10, 1), ends_on=date(2026, 10, 31))
    assert later_passes(september(**changes), [october], today=TODAY) == []


def test_both_run_from_the_first_day_of_the_later_to_the_last_of_the_earlier() -> None:
    october = september(starts_on=date(2026, 10, 1), ends_on=date(2026, 10, 3))
    assert both_until(september(), october) is None
    assert both_until(frozen_for(1), october) == date(2026, 10, 1)
    assert both_until(frozen_for(2), october) == date(2026, 10, 2)
    assert both_until(frozen_for(9), october) == date(2026, 10, 3), "the later one is over first"
    assert both_until(frozen_for(9), september(starts_on=date(2026, 10, 1), ends_on=None)) == date(
        2026, 10, 9
    )


def frozen_for(days: int) -> Subscription:
    return september(freezes=(Freeze(since=TODAY, until=TODAY + (days - 1) * DAY),))
