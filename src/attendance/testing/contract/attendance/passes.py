"""What every store must do with passes: what they paid for, and how they are found."""

from dataclasses import replace
from datetime import date, time, timedelta
from itertools import product
from typing import Any

import pytest

from attendance.application.pagination import PageRequest, SortKey
from attendance.application.ports import Contended
from attendance.application.ports.club import SubscriptionCriteria
from attendance.domain.attendance.charging import NOTHING, UNPAID
from attendance.domain.attendance.marks import Changed
from attendance.domain.club.clients import Client
from attendance.domain.club.subscriptions import Freeze, Subscription, SubscriptionNotFound, SubscriptionState
from attendance.domain.ids import GroupId, SubscriptionId
from attendance.testing import make
from attendance.testing.contract.attendance.scene import DAY, MARCH_1, Club, E, ids, paid_by


def test_a_pass_comes_back_whole_and_so_does_what_it_becomes(club: Club) -> None:
    (client,) = club.clients("Ada")
    contract = make.contract(client)
    with club.store.transaction() as work:
        work.contracts.add(contract)
    before = make.subscription(
        client,
        club.price,
        contract_id=contract.id,
        sold_on=date(2026, 2, 28),
        amount=make.price("80.50").amount,
        price_name="Ä pass\u202f𐐀",
        discount_percent=15,
        visits=8,
        visits_per_week=2,
        group_ids=(GroupId(make.new_id()), GroupId(make.new_id())),
        charges_absence=False,
        freezes=(
            Freeze(since=date(2026, 3, 20), until=date(2026, 3, 22)),
            Freeze(since=MARCH_1, until=MARCH_1),
        ),
        cancelled_on=date.max,
        updated_at=make.NOON + timedelta(microseconds=1),
    )
    after = replace(
        make.subscription(client, replace(club.price, currency="JPY"), id=before.id),
        ends_on=None,
        version=2,
    )
    with club.store.transaction() as work:
        work.subscriptions.add(before)
        for kept in (before, after):
            if kept is after:
                work.subscriptions.save(after)
            repository, one = work.subscriptions, kept.id
            assert repository.get(one) == repository.find(one) == repository.get_for_update(one) == kept
            assert repository.get_all_for_update([one]) == (kept,)
            assert repository.of_clients([client.id], MARCH_1 + DAY) == (kept,)
    assert club.subscriptions() == (after,)


def test_a_pass_nobody_knows_is_not_found(club: Club) -> None:
    nobodys = SubscriptionId(make.new_id())
    with club.store.transaction() as work:
        assert work.subscriptions.find(nobodys) is None
        assert work.subscriptions.get_all_for_update([nobodys]) == ()
        assert work.subscriptions.existing_ids([nobodys]) == frozenset()
        assert work.subscriptions.days_charged(nobodys) == frozenset()
        for found in (work.subscriptions.get, work.subscriptions.get_for_update):
            with pytest.raises(SubscriptionNotFound):
                found(nobodys)


def test_a_pass_is_saved_only_over_the_version_before(club: Club) -> None:
    (client,) = club.clients("Ada")
    sold = club.sell(client)
    for version in (1, 3):
        with pytest.raises(Contended), club.store.transaction() as work:
            work.subscriptions.save(replace(sold, version=version))
    assert club.subscriptions() == (sold,)


def test_what_a_pass_has_paid_for_is_counted_however_it_is_read(club: Club) -> None:
    ada, bob = club.clients("Ada", "Bob")
    group = club.group()
    sold, others = club.sell(ada, visits=8), club.sell(bob)
    marks = [club.mark(club.lesson(group, MARCH_1 + n * DAY), ada, charge=paid_by(sold)) for n in range(3)]
    club.mark(club.lesson(group, date(2026, 3, 9)), ada, charge=UNPAID)
    club.mark(club.lesson(group, date(2026, 3, 10)), ada, E)

    def charged(number: int) -> None:
        expected = replace(sold, charged=number)
        with club.store.transaction() as work:
            repository = work.subscriptions
            assert (
                repository.get(sold.id)
                == repository.find(sold.id)
                == repository.get_for_update(sold.id)
                == expected
            )
            in_order = tuple(sorted((expected, others), key=lambda it: it.id))
            assert repository.get_all_for_update([others.id, sold.id]) == in_order
            assert {*repository.of_clients([ada.id, bob.id], MARCH_1)} == {expected, others}
        assert {*club.subscriptions()} == {expected, others}

    charged(3)
    club.change(Changed(before=marks[0], after=None))
    charged(2)
    club.change(Changed(before=marks[1], after=replace(marks[1], charge=NOTHING)))
    charged(1)
    club.change(Changed(before=marks[2], after=replace(marks[2], note="still")))
    charged(1)


def test_a_count_is_never_kept_with_the_pass(club: Club) -> None:
    (client,) = club.clients("Ada")
    sold = club.sell(client, charged=7)
    with club.store.transaction() as work:
        assert work.subscriptions.get(sold.id).charged == 0
        work.subscriptions.save(replace(sold, charged=5, version=2))
        assert work.subscriptions.get(sold.id).charged == 0


def test_the_days_a_pass_paid_for_are_those_of_the_lessons(club: Club) -> None:
    (client,) = club.clients("Ada")
    group = club.group()
    sold, other = club.sell(client), club.sell(client)
    for day, hour in ((1, 9), (1, 12), (31, 9)):
        club.mark(club.lesson(group, date(2026, 3, day), time(hour)), client, charge=paid_by(sold))
    club.mark(club.lesson(group, date(2026, 3, 5)), client, charge=paid_by(other))
    with club.store.transaction() as work:
        assert work.subscriptions.days_charged(sold.id) == {date(2026, 3, 1), date(2026, 3, 31)}


def test_visits_of_a_week_are_counted_for_the_week_of_the_date_by_the_lessons_dates(club: Club) -> None:
    ada, bob = club.clients("Ada", "Bob")
    group = club.group()
    capped = club.sell(ada, visits_per_week=2, starts_on=date(2026, 2, 1))
    uncapped, others = club.sell(ada, starts_on=date(2026, 2, 1)), club.sell(bob, visits_per_week=1)
    # from Sunday to Monday a week ends; the last two are on one day
    for day, hour in ((date(2026, 2, 23), 9), (MARCH_1, 9), (MARCH_1 + DAY, 9), (date(2026, 3, 8), 9)):
        club.mark(club.lesson(group, day, time(hour)), ada, charge=paid_by(capped))
    moving = club.lesson(group, date(2026, 3, 8), time(12))
    club.mark(moving, ada, charge=paid_by(capped))
    for number, charge in ((3, paid_by(uncapped)), (4, UNPAID), (5, NOTHING)):
        club.mark(club.lesson(group, date(2026, 3, number)), ada, charge=charge)
    club.mark(club.lesson(group, date(2026, 3, 6)), bob, charge=paid_by(others))

    def charged(on: date) -> list[int]:
        with club.store.transaction() as work:
            found = {it.id: it for it in work.subscriptions.of_clients([ada.id, bob.id], on)}
        for it in found.values():
            assert it.charged == {capped.id: 5, uncapped.id: 1, others.id: 1}[it.id]
        return [found[it.id].charged_in_week if it.id in found else 0 for it in (capped, uncapped, others)]

    assert charged(date(2026, 2, 22)) == [0, 0, 0]
    assert [charged(day) for day in (date(2026, 2, 23), MARCH_1)] == 2 * [[2, 0, 0]]
    assert [charged(day) for day in (MARCH_1 + DAY, date(2026, 3, 8))] == 2 * [[3, 0, 1]]
    with club.store.transaction() as work:
        starts_at, ends_at = (it - 7 * DAY for it in (moving.starts_at, moving.ends_at))
        moved = replace(moving, date=MARCH_1, starts_at=starts_at, ends_at=ends_at, version=2)
        work.lessons.save(moved)
    assert [charged(day) for day in (MARCH_1, MARCH_1 + DAY)] == [[3, 0, 0], [2, 0, 1]]
    with club.store.transaction() as work:
        assert work.subscriptions.get(capped.id).charged_in_week == 0, "it was read for no week"


def test_the_last_week_of_the_calendar_ends_with_it(club: Club) -> None:
    (ada,) = club.clients("Ada")
    sold = club.sell(ada, visits_per_week=1, ends_on=None)
    lesson = club.lesson(club.group(), date(9999, 12, 30))
    club.mark(lesson, ada, charge=paid_by(sold))
    with club.store.transaction() as work:
        (found,) = work.subscriptions.of_clients([ada.id], date.max)
    assert found.charged_in_week == 1


def test_passes_are_found_by_the_state_that_the_domain_says(club: Club) -> None:
    """On both sides of every edge: begun, over, frozen, cancelled, used up, and these at once."""
    march, april = date(2026, 3, 1), date(2026, 4, 1)
    freezes: list[tuple[Freeze, ...]] = [
        (),
        (Freeze(since=date(2026, 3, 10), until=date(2026, 3, 19)),),
        (Freeze(since=date(2026, 2, 20), until=march), Freeze(since=date(2026, 3, 31), until=april)),
    ]
    kinds = [
        *product(
            [None, date(2026, 3, 31), march],
            freezes[:1],
            [None, date(2026, 2, 1), date(2026, 3, 15), date(2026, 5, 1)],
            [None, 1, 2],
        ),
        *product([None, date(2026, 3, 31)], freezes[1:], [None, date(2026, 3, 15), april], [None, 1, 2]),
    ]
    clients = club.clients(*(f"Client {n}" for n in range(len(kinds))))
    lesson = club.lesson(club.group())
    passes = [
        make.subscription(
            client, club.price, starts_on=march, ends_on=end, freezes=frozen, cancelled_on=off, visits=visits
        )
        for client, (end, frozen, off, visits) in zip(clients, kinds, strict=True)
    ]
    with club.store.transaction() as work:
        for it in passes:
            work.subscriptions.add(it)
    club.change(
        *(
            Changed(before=None, after=make.mark(lesson, client, club.teacher, charge=paid_by(it)))
            for client, it in zip(clients, passes, strict=True)
        )
    )
    passes = [replace(it, charged=1) for it in passes]
    edges = {date.min + DAY, date.max - DAY, march}
    for it in passes:
        edges |= {day for day in (it.valid_until, it.cancelled_on) if day}
        edges |= {day for freeze in it.freezes for day in (freeze.since, freeze.until)}
    seen = set()
    for on in sorted({edge + n * DAY for edge in edges for n in (-1, 0, 1)}):
        for state in SubscriptionState:
            expected = {it.id for it in passes if it.state(on) is state}
            assert {*ids(club.subscriptions(on=on, state=state))} == expected, (on, state)
            seen |= {state} if expected else set()
    assert seen == {*SubscriptionState}


def test_passes_are_found_by_client_and_contract(club: Club) -> None:
    ada, bob = club.clients("Ada", "Bob")
    contract = make.contract(ada)
    with club.store.transaction() as work:
        work.contracts.add(contract)
    first, second = club.sell(ada), club.sell(ada, contract_id=contract.id)
    third = club.sell(bob, cancelled_on=date(2026, 2, 1))
    assert club.subscriptions() == (first, second, third)
    assert club.subscriptions(client_id=ada.id) == (first, second)
    assert club.subscriptions(client_id=bob.id) == (third,)
    assert club.subscriptions(contract_id=contract.id) == (second,)
    assert club.subscriptions(client_id=bob.id, contract_id=contract.id) == ()
    assert club.subscriptions(client_id=bob.id, state=SubscriptionState.CANCELLED) == (third,)
    assert club.subscriptions(client_id=bob.id, state=SubscriptionState.ACTIVE) == ()
    assert club.subscriptions(client_ids=frozenset({ada.id, bob.id})) == (first, second, third)
    assert club.subscriptions(client_ids=frozenset({bob.id})) == (third,)
    assert club.subscriptions(client_ids=frozenset({ada.id}), contract_id=contract.id) == (second,)
    assert club.subscriptions(client_ids=frozenset()) == ()


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("field", ["starts_on", "ends_on", "sold_on"])
def test_passes_are_sorted_open_ends_last_and_ties_by_id(club: Club, field: str, descending: bool) -> None:
    clients = club.clients("Ada", "Bob")
    days = [date(2026, 3, n % 3 + 1) for n in range(12)]
    for n, day in enumerate(days):
        end = None if n % 4 == 0 else day + 30 * DAY
        club.sell(clients[n % 2], starts_on=day, ends_on=end, sold_on=days[-n])
    order = SortKey(field, descending=descending)

    def transaction(it: Subscription) -> tuple[Any, ...]:
        value = getattr(it, field)
        number = 0 if value is None else value.toordinal()
        return value is None, -number if descending else number, it.id

    found = club.subscriptions(order)
    assert [*found] == sorted(club.subscriptions(), key=transaction)
    for place, it in enumerate(found):
        with club.store.read() as work:
            page_request: PageRequest[Subscription] = PageRequest(order=(order,), limit=4, after=it)
            rest = work.subscriptions.list(SubscriptionCriteria(on=MARCH_1), page_request)
        assert rest == found[place + 1 : place + 5]


def test_passes_of_clients_are_those_begun_and_not_over_frozen_and_cancelled_ones_too(club: Club) -> None:
    ada, bob, eve = club.clients("Ada", "Bob", "Eve")
    frozen = Freeze(since=date(2026, 3, 10), until=date(2026, 3, 19))
    march = club.sell(ada)
    longer = club.sell(ada, freezes=(frozen,))
    cancelled = club.sell(bob, cancelled_on=date(2026, 3, 5))
    open_ended = club.sell(bob, ends_on=None)
    club.sell(eve)
    everything = {march.id, longer.id, cancelled.id, open_ended.id}
    assert club.of_clients(date(2026, 2, 28), ada, bob) == set()
    assert club.of_clients(date(2026, 3, 1), ada, bob) == everything
    assert club.of_clients(date(2026, 3, 15), ada, bob) == everything
    assert club.of_clients(date(2026, 3, 31), ada) == {march.id, longer.id}
    assert club.of_clients(date(2026, 4, 1), ada, bob) == {longer.id, open_ended.id}
    assert club.of_clients(date(2026, 4, 10), ada) == {longer.id}
    assert club.of_clients(date(2026, 4, 11), ada, bob) == {open_ended.id}
    assert club.of_clients(date.max, bob) == {open_ended.id}
    assert club.of_clients(date(2026, 3, 1)) == set()


def test_passes_of_clients_in_a_range_are_those_that_run_on_some_day_of_it(club: Club) -> None:
    ada, bob = club.clients("Ada", "Bob")
    march, cancelled = club.sell(ada), club.sell(ada, cancelled_on=date(2026, 3, 5))
    longer = club.sell(ada, freezes=(Freeze(since=date(2026, 3, 10), until=date(2026, 3, 19)),))
    april = club.sell(bob, starts_on=date(2026, 4, 1), ends_on=None)

    def between(since: date, until: date, *clients: Client) -> set[SubscriptionId]:
        with club.store.transaction() as work:
            found = work.subscriptions.of_clients([it.id for it in clients], since, until=until)
        assert ids(found) == sorted(ids(found))
        return {*ids(found)}

    everything = {march.id, cancelled.id, longer.id, april.id}
    assert between(date(2026, 2, 1), date(2026, 2, 28), ada, bob) == set()
    assert between(date(2026, 2, 1), MARCH_1, ada, bob) == everything - {april.id}
    assert between(date(2026, 3, 31), date(2026, 4, 1), ada, bob) == everything
    assert between(date(2026, 3, 31), date(2026, 4, 1), bob) == {april.id}
    assert between(date(2026, 4, 10), date.max, ada, bob) == {longer.id, april.id}
    assert between(date(2026, 4, 11), date.max, ada, bob) == {april.id}


def test_clients_with_a_pass_in_a_range_are_told_by_id_wherever_they_are_cut(club: Club) -> None:
    since, until = date(2026, 3, 9), date(2026, 3, 15)
    clients = club.clients(*"ABCDEFGH")
    spans: list[dict[str, Any]] = [
        {},
        {"starts_on": until},
        {"starts_on": until + DAY, "ends_on": None},
        {"ends_on": since},
        {"ends_on": since - DAY},
        {"ends_on": since - DAY, "freezes": (Freeze(since=MARCH_1, until=MARCH_1),)},
        {"cancelled_on": since},
        {"cancelled_on": since - DAY},
    ]
    for client, span in zip(clients, spans, strict=True):
        club.sell(client, **span)
    club.sell(clients[0], ends_on=None)
    expected = sorted(clients[n].id for n in (0, 1, 3, 5, 6))
    with club.store.transaction() as work:
        between = work.subscriptions.clients_between
        assert [*between(since, until, limit=10)] == expected
        for place, after in enumerate([None, *expected]):
            assert [*between(since, until, after=after, limit=2)] == expected[place : place + 2]


def test_clients_of_a_location_are_members_of_a_group_there_on_some_day_of_the_range(club: Club) -> None:
    since, until = date(2026, 3, 9), date(2026, 3, 15)
    clients = club.clients(*"ABCDEFG")
    a, b, c, d, e, f, g = clients
    january = date(2026, 1, 1)
    club.group(a, (b, january, since), (c, until, None), (d, january, since - DAY), (e, until + DAY, None))
    club.group(a, (f, january, january), (f, since, since))
    here, club.location = club.location, make.location()
    with club.store.transaction() as work:
        work.locations.add(club.location)
    club.group(a, g)
    for client in clients:
        club.sell(client, ends_on=None)
    with club.store.transaction() as work:
        between = work.subscriptions.clients_between
        assert [*between(since, until, location_id=here.id, limit=10)] == sorted(ids([a, b, c, f]))
        there = sorted(ids([a, g]))
        assert [*between(since, until, location_id=club.location.id, limit=10)] == there
        assert [*between(since, until, location_id=club.location.id, after=there[0], limit=10)] == there[1:]


def test_the_days_that_passes_paid_for_in_a_range_are_told_of_each(club: Club) -> None:
    (client,) = club.clients("Ada")
    group = club.group()
    one, other, none = club.sell(client), club.sell(client), club.sell(client)
    for day, hour, payer in (
        (1, 9, one),
        (2, 9, one),
        (2, 12, one),
        (9, 9, one),
        (9, 12, other),
        (10, 9, none),
    ):
        club.mark(club.lesson(group, date(2026, 3, day), time(hour)), client, charge=paid_by(payer))
    with club.store.transaction() as work:
        between = work.subscriptions.days_charged_between
        assert between([one.id, other.id, none.id], date(2026, 3, 2), date(2026, 3, 9)) == {
            one.id: {date(2026, 3, 2), date(2026, 3, 9)},
            other.id: {date(2026, 3, 9)},
        }
        assert between([other.id], MARCH_1, date(2026, 3, 8)) == {}
        assert between([], MARCH_1, date.max) == {}


def test_how_long_a_pass_runs_follows_its_freezes(club: Club) -> None:
    (client,) = club.clients("Ada")
    sold = club.sell(client)
    frozen = replace(sold, freezes=(Freeze(since=MARCH_1, until=MARCH_1 + DAY),), version=2)
    assert club.of_clients(date(2026, 4, 2), client) == set()
    with club.store.transaction() as work:
        work.subscriptions.save(frozen)
    assert club.of_clients(date(2026, 4, 2), client) == {sold.id}
    with club.store.transaction() as work:
        work.subscriptions.save(replace(frozen, freezes=(), version=3))
    assert club.of_clients(date(2026, 4, 2), client) == set()
