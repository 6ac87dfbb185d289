"""What was sold and what ends, over every store."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from attendance.adapters.memory import MemoryStore
from attendance.application.ports import Store
from attendance.application.reporting import passes as module
from attendance.domain.attendance.charging import Charge
from attendance.domain.attendance.status import Status
from attendance.domain.club.subscriptions import Freeze
from attendance.domain.errors import Forbidden, Invalid
from attendance.domain.permissions.roles import Role
from attendance.domain.reporting import ending_passes
from attendance.domain.reporting.ending_passes import Ending
from tests import make
from tests.application.reporting.test_statistics import DAY, SEEN, TODAY, Club

FEBRUARY = {"since": date(2026, 2, 1), "until": date(2026, 2, 28)}


@pytest.fixture
def club(store: Store) -> Club:
    return Club(store)


def sells(club: Club, client: Any, price: Any = None, **changes: Any) -> Any:
    price = price or club.adds("prices", make.price())
    return club.adds("subscriptions", make.subscription(client, price, **changes))


def has_paid_for(club: Club, sold: Any, client: Any, visits: int, until: date) -> None:
    """A visit on each of the days before one."""
    for n in range(visits):
        charge = Charge(subscription_id=sold.id)
        club.lesson(club.chess, until - (n + 1) * DAY, (client, Status.PRESENT), charge=charge)


# What was sold


def test_sales_are_listed_newest_first_with_their_sums(club: Club) -> None:
    monthly, visits = make.price("80.00", name="Month"), make.price("8000", "JPY", name="12 visits")
    club.adds("prices", monthly, visits)
    first, last = FEBRUARY["since"], FEBRUARY["until"]
    sells(club, club.anna, monthly, sold_on=first, discount_percent=15)
    sells(club, club.bea, monthly, sold_on=last)
    sells(club, club.carl, visits, sold_on=first + DAY)
    for outside in (first - DAY, last + DAY):
        sells(club, club.dora, monthly, sold_on=outside)
    sells(club, club.dora, monthly, sold_on=first, starts_on=last, cancelled_on=first)
    sales = club.use.list_sales(club.head, **FEBRUARY)
    assert [(it.client_name, it.sold_on, str(it.amount_due), it.currency) for it in sales.rows] == [
        ("Bea", last, "80.00", "EUR"),
        ("Carl", first + DAY, "8000", "JPY"),
        ("Anna", first, "68.00", "EUR"),
    ]
    assert [(it.price_name, it.number, it.amount) for it in sales.by_price] == [
        ("Month", 2, Decimal("148.00")),
        ("12 visits", 1, Decimal(8000)),
    ]
    assert sales.totals == club.overview(club.head, **FEBRUARY).sales == {"EUR": 148, "JPY": 8000}
    second = club.use.list_sales(club.head, **FEBRUARY, page=2)
    assert ([*second.rows], second.rows.total, second.totals) == ([], 3, sales.totals)


def test_sales_up_to_a_day_are_told_from_those_of_the_range(club: Club) -> None:
    price = make.price("80.00", name="Month")
    club.adds("prices", price)
    first, last = FEBRUARY["since"], FEBRUARY["until"]
    for client, sold_on in ((club.anna, first), (club.bea, first + DAY), (club.carl, last)):
        sells(club, client, price, sold_on=sold_on)
    day = first + DAY
    told, asked = (
        club.use.list_sales(club.head, **FEBRUARY).up_to(day),
        club.use.list_sales(club.head, since=first, until=day),
    )
    assert [*told.rows] == [*asked.rows]
    assert (told.since, told.until, told.rows.total, told.totals, told.by_price) == (
        first,
        day,
        2,
        asked.totals,
        asked.by_price,
    )


def test_sales_are_those_of_the_month_up_to_today_unless_said(club: Club) -> None:
    sales = club.use.list_sales(club.head)
    assert (sales.since, sales.until, sales.today) == (TODAY.replace(day=1), TODAY, TODAY)
    assert sales.totals == {}


def test_sales_of_more_than_a_year_are_refused(club: Club) -> None:
    for since, until in ((TODAY - 366 * DAY, TODAY), (TODAY, TODAY - DAY)):
        with pytest.raises(Invalid):
            club.use.list_sales(club.head, since=since, until=until)
    club.use.list_sales(club.head, since=TODAY - 365 * DAY, until=TODAY)


def test_sales_are_for_head_managers_and_above(club: Club) -> None:
    for role in Role:
        actor = club.world.having(role)
        if role.level >= Role.HEAD_MANAGER.level:
            club.use.list_sales(actor)
        else:
            with pytest.raises(Forbidden):
                club.use.list_sales(actor)


@pytest.mark.plants
def test_sales_listed_for_everybody_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "sees_sales", lambda _: True)
    with pytest.raises(SEEN):
        test_sales_are_for_head_managers_and_above(Club(MemoryStore()))


# What ends


def told(club: Club) -> Mapping[str, Ending]:
    return {it.client_name: it.why for it in club.use.list_ending_passes(club.manager)}


def test_passes_end_by_their_last_day(club: Club) -> None:
    for client, last_day in zip(club.clients, (-15, -14, -1, 0), strict=True):
        sells(club, client, starts_on=TODAY - 90 * DAY, ends_on=TODAY + last_day * DAY)
    assert told(club) == {"Bea": Ending.ENDED, "Carl": Ending.ENDED, "Dora": Ending.ENDS_SOON}
    [first, *_] = club.use.list_ending_passes(club.manager)
    assert (first.client_name, first.last_day, first.visits_left) == ("Bea", TODAY - 14 * DAY, None)


def test_passes_that_run_longer_are_not_told(club: Club) -> None:
    sells(club, club.anna, starts_on=TODAY, ends_on=TODAY + 14 * DAY)
    sells(club, club.bea, starts_on=TODAY, ends_on=TODAY + 15 * DAY)
    sells(club, club.carl, starts_on=TODAY, ends_on=None)
    frozen = (Freeze(since=TODAY, until=TODAY),)
    sells(club, club.dora, starts_on=TODAY - DAY, ends_on=TODAY + 14 * DAY, freezes=frozen)
    assert told(club) == {"Anna": Ending.ENDS_SOON}


def test_passes_end_by_their_visits(club: Club) -> None:
    usual: dict[str, Any] = {"starts_on": TODAY - 90 * DAY, "ends_on": None}
    for n, (client, visits) in enumerate(zip(club.clients, (3, 5, 6, 2), strict=True)):
        sold = sells(club, client, visits=visits, **usual)
        if client is not club.dora:
            has_paid_for(club, sold, client, 3, until=TODAY - 10 * n * DAY)
    assert told(club) == {"Anna": Ending.USED_UP, "Bea": Ending.FEW_VISITS}
    [anna, bea] = club.use.list_ending_passes(club.manager)
    assert (anna.visits, anna.visits_left, anna.last_day) == (3, 0, None)
    assert (bea.visits, bea.visits_left) == (5, 2)


def test_passes_that_were_used_up_long_before_their_end_are_told_until_after_it(club: Club) -> None:
    for n, (client, last_day) in enumerate(((club.anna, -15), (club.bea, -14), (club.carl, 60))):
        usual: dict[str, Any] = {"starts_on": TODAY - 90 * DAY, "ends_on": TODAY + last_day * DAY}
        has_paid_for(club, sells(club, client, visits=1, **usual), client, 1, TODAY - (20 + n) * DAY)
    assert told(club) == {"Bea": Ending.USED_UP, "Carl": Ending.USED_UP}


def test_passes_that_were_cancelled_are_not_told(club: Club) -> None:
    ending: dict[str, Any] = {"starts_on": TODAY - 90 * DAY, "ends_on": TODAY}
    sells(club, club.anna, **ending, cancelled_on=TODAY - DAY)
    sells(club, club.bea, starts_on=TODAY, ends_on=TODAY, cancelled_on=TODAY - DAY)
    sells(club, club.carl, starts_on=TODAY, ends_on=None, cancelled_on=TODAY)
    assert told(club) == {"Carl": Ending.ENDS_SOON}


def test_passes_that_another_follows_are_not_told(club: Club) -> None:
    ending: dict[str, Any] = {"starts_on": TODAY - 90 * DAY, "ends_on": TODAY}
    following: dict[str, Any] = {"starts_on": TODAY + DAY, "ends_on": TODAY + 30 * DAY}
    chess, judo = (club.chess.id,), (club.judo.id,)
    for client in club.clients[:3]:
        sells(club, client, group_ids=chess, **ending)
    sells(club, club.anna, **following)
    sells(club, club.bea, group_ids=judo, **following)
    sells(club, club.carl, **following | {"cancelled_on": TODAY})
    sells(club, club.dora, **ending)
    sells(club, club.dora, group_ids=chess, **following)
    assert told(club) == dict.fromkeys(("Bea", "Carl", "Dora"), Ending.ENDS_SOON)


def test_of_several_at_their_end_the_last_is_told(club: Club) -> None:
    for last_day in (-3, 5, 4):
        sells(club, club.anna, starts_on=TODAY - 90 * DAY, ends_on=TODAY + last_day * DAY)
    [ending] = club.use.list_ending_passes(club.manager)
    assert (ending.why, ending.last_day) == (Ending.ENDS_SOON, TODAY + 5 * DAY)


@pytest.mark.plants
def test_a_pass_told_though_another_follows_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending_passes, "_is_for_groups_of", lambda *_: False)
    for test in (
        test_passes_that_another_follows_are_not_told,
        test_of_several_at_their_end_the_last_is_told,
    ):
        with pytest.raises((*SEEN, ValueError)):
            test(Club(MemoryStore()))


def test_passes_at_their_end_are_for_employees_and_above(club: Club) -> None:
    sells(club, club.anna, starts_on=TODAY - 9 * DAY, ends_on=TODAY)
    for role in Role:
        actor = club.world.having(role)
        if role.level >= Role.EMPLOYEE.level:
            assert club.use.list_ending_passes(actor).total == 1
            assert [*club.use.list_ending_passes(actor, page=2)] == []
        else:
            with pytest.raises(Forbidden):
                club.use.list_ending_passes(actor)


def test_a_pass_of_an_archived_client_is_not_told(club: Club) -> None:
    gone = club.adds("clients", make.client(name="Gone", active=False))
    sells(club, gone, starts_on=TODAY - 9 * DAY, ends_on=TODAY)
    sells(club, club.anna, starts_on=TODAY - 9 * DAY, ends_on=TODAY)
    assert told(club) == {"Anna": Ending.ENDS_SOON}


# What no pass has paid for


def test_unpaid_visits_are_told_by_client_the_most_first(club: Club) -> None:
    day = TODAY - DAY
    club.lesson(club.chess, day, (club.anna, Status.PRESENT), (club.bea, Status.LATE))
    club.lesson(club.chess, day - DAY, (club.bea, Status.ABSENT), (club.carl, Status.PRESENT))
    club.lesson(club.judo, day - 2 * DAY, (club.bea, Status.ABSENT), cancelled=True, reason="Ill")
    paid = sells(club, club.dora)
    charge = Charge(subscription_id=paid.id)
    club.lesson(club.judo, day, (club.dora, Status.PRESENT), charge=charge)
    unpaid = club.use.list_unpaid(club.manager)
    assert unpaid.visits == 4
    assert [(it.client_name, it.visits, it.first_on, it.last_on) for it in unpaid.rows] == [
        ("Bea", 2, day - DAY, day),
        ("Anna", 1, day, day),
        ("Carl", 1, day - DAY, day - DAY),
    ]
    second = club.use.list_unpaid(club.manager, page=2)
    assert ([*second.rows], second.rows.total, second.visits) == ([], 3, 4)


def test_unpaid_visits_are_for_managers_and_above(club: Club) -> None:
    for role in Role:
        actor = club.world.having(role)
        if role.level >= Role.MANAGER.level:
            club.use.list_unpaid(actor)
        else:
            with pytest.raises(Forbidden):
                club.use.list_unpaid(actor)


@pytest.mark.plants
def test_unpaid_visits_listed_for_everybody_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "sees_all_groups", lambda _: True)
    with pytest.raises(SEEN):
        test_unpaid_visits_are_for_managers_and_above(Club(MemoryStore()))
