"""When a pass begins that is to begin after the ones before it."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from attendance.domain.club.renewals import CurrentHasNoEnd, start_after_current
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
