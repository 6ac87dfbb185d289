"""What every store must do with passes and marks: what is counted, listed and told of them."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from random import Random
from typing import Any
from uuid import UUID

import pytest

from attendance.application.pagination import PageRequest, SortKey, parse_sort
from attendance.application.ports import Contended, Store
from attendance.application.ports.attendance import SheetEntry, VisitCriteria, VisitRow, VisitsSummary
from attendance.application.ports.club import SubscriptionCriteria
from attendance.domain.attendance.charging import NOTHING, UNPAID, Charge
from attendance.domain.attendance.marks import Changed, Mark
from attendance.domain.attendance.status import Status
from attendance.domain.club.clients import Client
from attendance.domain.club.groups import Group, GroupMembership
from attendance.domain.club.lessons import Lesson
from attendance.domain.club.subscriptions import Freeze, Subscription, SubscriptionNotFound, SubscriptionState
from attendance.domain.ids import OPERATOR_ID, ClientId, GroupId, LessonId, SubscriptionId
from attendance.domain.reporting.statistics import Counts, counts_of
from attendance.testing import make

MARCH_1 = date(2026, 3, 1)

DAY = timedelta(days=1)

LATER = datetime(2027, 1, 1, tzinfo=UTC)

BY_DATE = parse_sort("date,starts", ("date", "starts"))

P, L, A, E = Status.PRESENT, Status.LATE, Status.ABSENT, Status.EXCUSED


class Club:
    """Somebody who marks, a price, a location, and whoever else is needed."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.teacher, self.price, self.location = make.account(), make.price(), make.location()
        with store.transaction() as work:
            work.accounts.add(self.teacher)
            work.prices.add(self.price)
            work.locations.add(self.location)

    def clients(self, *names: str) -> list[Client]:
        clients = [make.client(name=name) for name in names]
        with self.store.transaction() as work:
            for client in clients:
                work.clients.add(client)
        return clients

    def group(self, *members: Client | tuple[Client, date, date | None]) -> Group:
        """Who is named alone has been a member since January."""
        spans = [it if isinstance(it, tuple) else (it, date(2026, 1, 1), None) for it in members]
        group = make.group(
            self.location,
            members=tuple(
                GroupMembership(client_id=client.id, since=since, until=until)
                for client, since, until in spans
            ),
        )
        with self.store.transaction() as work:
            work.groups.add(group)
        return group

    def lesson(self, group: Group, on: date = MARCH_1, starts: time = time(10), **changes: Any) -> Lesson:
        usual = {"date": on, "starts": starts, "ends": starts.replace(minute=59), "timezone": "UTC"}
        lesson = make.lesson(group, **usual | changes)
        with self.store.transaction() as work:
            work.lessons.add(lesson)
        return lesson

    def sell(self, client: Client, **changes: Any) -> Subscription:
        subscription = make.subscription(client, self.price, **changes)
        with self.store.transaction() as work:
            work.subscriptions.add(subscription)
        return subscription

    def mark(self, lesson: Lesson, client: Client, status: Status = P, **changes: Any) -> Mark:
        mark = make.mark(lesson, client, self.teacher, status=status, **changes)
        self.change(Changed(before=None, after=mark))
        return mark

    def change(self, *changes: Changed) -> None:
        with self.store.transaction() as work:
            work.attendance.save(changes)

    def marks(self, lesson: Lesson, *clients: Client) -> tuple[Mark, ...]:
        with self.store.read() as work:
            return work.attendance.of_lesson(lesson.id, [it.id for it in clients] if clients else None)

    def sheet(self, lesson: Lesson) -> tuple[SheetEntry, ...]:
        with self.store.read() as work:
            return work.attendance.sheet(lesson)

    def subscriptions(
        self, *orders: SortKey, on: date = MARCH_1, **criteria: Any
    ) -> tuple[Subscription, ...]:
        with self.store.read() as work:
            filter_ = SubscriptionCriteria(on=on, **criteria)
            found = work.subscriptions.list(filter_, PageRequest(order=orders, limit=1000))
            assert work.subscriptions.count(filter_) == len(found)
        return found

    def of_clients(self, on: date, *clients: Client) -> set[SubscriptionId]:
        with self.store.transaction() as work:
            found = work.subscriptions.of_clients([client.id for client in clients], on)
        assert len({it.id for it in found}) == len(found)
        return {it.id for it in found}

    def visits(self, client: Client, *, limit: int = 1000, **criteria: Any) -> tuple[VisitRow, ...]:
        page_request = {name: criteria.pop(name) for name in ("offset", "after") if name in criteria}
        with self.store.read() as work:
            return work.attendance.visits(
                VisitCriteria(client_id=client.id, **criteria),
                PageRequest(order=BY_DATE, limit=limit, **page_request),
            )

    def summary(self, client: Client, at: datetime = LATER, **criteria: Any) -> VisitsSummary:
        with self.store.read() as work:
            return work.attendance.summary(VisitCriteria(client_id=client.id, **criteria), at)


@pytest.fixture
def club(store: Store) -> Club:
    return Club(store)


def paid_by(subscription: Subscription) -> Charge:
    return Charge(subscription.id)


def ids(things: Iterable[Any]) -> list[Any]:
    return [thing.id for thing in things]


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
            assert {*repository.get_all_for_update([sold.id, others.id])} == {expected, others}
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


def test_marks_come_back_whole_by_client(club: Club) -> None:
    ada, bob, eve, joe = club.clients("Ada", "Bob", "Eve", "Joe")
    lesson = club.lesson(club.group())
    sold = club.sell(ada)
    club.mark(club.lesson(club.group()), ada)
    whole = club.mark(
        lesson,
        ada,
        L,
        note="Ä\u202f𐐀\n'\"\\",
        minutes_late=600,
        charge=paid_by(sold),
        marked_at=make.NOON + timedelta(microseconds=1),
        version=7,
        announced=True,
    )
    unpaid, trial = club.mark(lesson, bob, A, charge=UNPAID), club.mark(lesson, eve, trial=True)
    assert club.marks(lesson) == (whole, unpaid, trial)
    assert club.marks(lesson, eve, joe, ada) == (whole, trial)
    with club.store.read() as work:
        assert work.attendance.of_lesson(lesson.id, []) == ()


def test_marks_are_added_changed_and_taken_away_at_once(club: Club) -> None:
    ada, bob, eve, joe = club.clients("Ada", "Bob", "Eve", "Joe")
    lesson = club.lesson(club.group())
    sold = club.sell(bob)
    kept, changed, gone = (club.mark(lesson, it, L, minutes_late=5, note="n") for it in (ada, bob, eve))
    after = replace(
        changed,
        status=A,
        minutes_late=None,
        note="",
        charge=paid_by(sold),
        trial=True,
        version=2,
        announced=True,
    )
    new = make.mark(lesson, joe, club.teacher)
    club.change(
        Changed(before=kept, after=kept),
        Changed(before=changed, after=after),
        Changed(before=gone, after=None),
        Changed(before=None, after=new),
        Changed(before=None, after=None),
    )
    assert club.marks(lesson) == (kept, after, new)
    club.change()
    assert club.marks(lesson) == (kept, after, new)


def test_a_mark_taken_away_leaves_those_of_others_and_of_other_lessons(club: Club) -> None:
    ada, bob = club.clients("Ada", "Bob")
    group = club.group()
    first, second = club.lesson(group), club.lesson(group, MARCH_1 + DAY)
    marks = {(lesson, who): club.mark(lesson, who) for lesson in (first, second) for who in (ada, bob)}
    club.change(*(Changed(before=marks[place], after=None) for place in ((first, ada), (second, bob))))
    assert club.marks(first) == (marks[first, bob],)
    assert club.marks(second) == (marks[second, ada],)


def test_marks_of_a_unit_that_fails_are_as_they_were(club: Club) -> None:
    ada, bob = club.clients("Ada", "Bob")
    lesson = club.lesson(club.group())
    sold = club.sell(ada)
    before = club.mark(lesson, ada, charge=paid_by(sold))
    with pytest.raises(ZeroDivisionError), club.store.transaction() as work:
        new = make.mark(lesson, bob, club.teacher)
        work.attendance.save([Changed(before=before, after=None), Changed(before=None, after=new)])
        raise ZeroDivisionError
    assert club.marks(lesson) == (before,)
    assert club.subscriptions() == (replace(sold, charged=1),)


def test_unpaid_visits_are_told_oldest_first_with_their_lessons(club: Club) -> None:
    ada, bob = club.clients("Ada", "Bob")
    group, other = club.group(ada), club.group()
    late = club.lesson(group, date(2026, 3, 5), time(12), topic="Ä", teachers=(club.teacher.id,))
    ties = [club.lesson(it, date(2026, 3, 5), time(9)) for it in (group, other)]
    early = club.lesson(group, date(2026, 3, 4), time(20))
    marks = {it.id: club.mark(it, ada, charge=UNPAID) for it in (late, *reversed(ties), early)}
    club.mark(early, bob, charge=UNPAID)
    club.mark(club.lesson(group, date(2026, 3, 1)), ada)
    with club.store.transaction() as work:
        unpaid = work.attendance.unpaid_of(ada.id)
    expected = [early, *sorted(ties, key=lambda it: it.id), late]
    assert [it.lesson for it in unpaid] == [replace(it, is_marked=True) for it in expected]
    assert [it.mark for it in unpaid] == [marks[it.id] for it in expected]


def test_absences_are_planned_in_lessons_that_have_not_begun(club: Club) -> None:
    ada, bob = club.clients("Ada", "Bob")
    group = club.group()
    lessons = [club.lesson(group, MARCH_1 + n * DAY) for n in range(5)]
    marks = {it.id: club.mark(it, ada, status=Status.EXCUSED) for it in reversed(lessons)}
    for lesson in lessons:
        club.mark(lesson, bob, status=Status.EXCUSED)
    late = club.lesson(group, MARCH_1 + 9 * DAY)
    club.mark(late, ada)
    with club.store.read() as work:
        for at, expected in (
            (lessons[2].starts_at, lessons[3:]),
            (lessons[2].starts_at - timedelta(microseconds=1), lessons[2:]),
            (lessons[4].starts_at, []),
        ):
            planned = work.attendance.planned_absences([ada.id], at)
            assert planned == tuple(marks[it.id] for it in expected)
            of_both = work.attendance.planned_absences([bob.id, ada.id], at)
            assert {mark for mark in of_both if mark.client_id == ada.id} == {*planned}
            assert len(of_both) == 2 * len(planned)
            assert [*of_both] == sorted(of_both, key=lambda it: (it.lesson_id, it.client_id))
        assert work.attendance.planned_absences([], lessons[0].starts_at - DAY) == ()
        asked = [lessons[3].id, late.id, lessons[0].id]
        assert work.attendance.of_lessons(asked) == tuple(
            mark for lesson_id in sorted(asked) for mark in work.attendance.of_lesson(lesson_id)
        )
        assert work.attendance.of_lessons([]) == ()


def shown(club: Club, who: Client, mark: Mark | None, *, guest: bool, **around: Any) -> SheetEntry:
    """A client on a sheet, marked by the club's teacher or not."""
    entry = SheetEntry(who.id, who.name, who.birthday, guest, **around)
    if mark is None:
        return entry
    names = ("version", "status", "note", "minutes_late", "trial", "announced", "marked_by", "marked_at")
    return entry._replace(
        **{name: getattr(mark, name) for name in names},
        subscription_id=mark.charge.subscription_id,
        unpaid=mark.charge.unpaid,
        marked_by_name=club.teacher.name or club.teacher.username,
    )


def test_a_sheet_is_the_roster_by_name_then_guests_by_name(club: Club) -> None:
    zoe, ada, twin, other_twin, guest, early_guest = club.clients("zoe", "Ädä", "Twin", "twin", "b", "A")
    group = club.group(zoe, ada, twin, other_twin)
    lesson = club.lesson(group)
    marks = {who.id: club.mark(lesson, who) for who in (zoe, other_twin, guest, early_guest)}
    marks[zoe.id] = replace(
        marks[zoe.id], status=L, minutes_late=5, note="n", trial=True, announced=True, version=3
    )
    club.change(Changed(before=None, after=marks[zoe.id]))
    club.mark(club.lesson(group, MARCH_1 + DAY), ada)
    expected = [
        (ada, False),
        (twin, False),
        (other_twin, False),
        (zoe, False),
        (early_guest, True),
        (guest, True),
    ]
    assert club.sheet(lesson) == tuple(
        shown(club, who, marks.get(who.id), guest=is_guest) for who, is_guest in expected
    )


def test_a_sheet_tells_when_each_was_last_there_before_it_in_any_group(club: Club) -> None:
    ada, bob, eve, new = club.clients("Ada", "Bob", "Eve", "New")
    group, other = club.group(ada, bob, eve, new), club.group()
    lesson = club.lesson(group, MARCH_1, time(10))
    club.mark(club.lesson(group, MARCH_1 - 9 * DAY), ada, P)
    club.mark(club.lesson(other, MARCH_1 - 8 * DAY), ada, L)
    for day, status in ((7, A), (6, E)):
        club.mark(club.lesson(group, MARCH_1 - day * DAY), ada, status)
    called_off = club.lesson(group, MARCH_1 - 5 * DAY, cancelled=True, reason="snow")
    club.mark(called_off, ada, P)
    club.mark(club.lesson(other, MARCH_1, time(9)), bob, P)
    for later in (
        lesson,
        club.lesson(other, MARCH_1, time(10)),
        club.lesson(other, MARCH_1, time(11)),
        club.lesson(group, MARCH_1 + DAY, time(9)),
    ):
        for who in (ada, bob, eve):
            club.mark(later, who, P)
    rows = {row.name: row for row in club.sheet(lesson)}
    assert {name: row.last_visit_on for name, row in rows.items()} == {
        "Ada": MARCH_1 - 8 * DAY,
        "Bob": MARCH_1,
        "Eve": None,
        "New": None,
    }
    assert [name for name, row in rows.items() if row.first_visit] == ["Eve", "New"]


def test_a_sheet_tells_all_unpaid_visits_of_each_and_leaves_the_payer_open(club: Club) -> None:
    ada, bob = club.clients("Ada", "Bob")
    group, other = club.group(ada, bob), club.group()
    sold = club.sell(ada)
    lesson = club.lesson(group)
    club.mark(lesson, ada, charge=paid_by(sold))
    for each in (club.lesson(other, MARCH_1 - DAY), club.lesson(group, MARCH_1 + DAY)):
        club.mark(each, ada, charge=UNPAID)
    rows = club.sheet(lesson)
    assert [(row.name, row.unpaid_visits, row.payer) for row in rows] == [("Ada", 2, None), ("Bob", 0, None)]


def test_a_sheet_tells_who_marked_by_name_or_username(club: Club) -> None:
    ada, bob, eve = club.clients("Ada", "Bob", "Eve")
    birthday = replace(ada, birthday=date(2019, 2, 28), version=2)
    named = make.account(name="Nora Name")
    with club.store.transaction() as work:
        work.accounts.add(named)
        work.clients.save(birthday)
    lesson = club.lesson(club.group(ada, bob, eve))
    marked = [
        (ada, named.id, "Nora Name"),
        (bob, club.teacher.id, club.teacher.username),
        (eve, OPERATOR_ID, None),
    ]
    for who, by, _ in marked:
        club.mark(lesson, who, marked_by=by)
    assert [(row.client_id, row.marked_by, row.marked_by_name) for row in club.sheet(lesson)] == [
        (who.id, by, name) for who, by, name in marked
    ]
    assert [row.birthday for row in club.sheet(lesson)] == [birthday.birthday, None, None]


def test_a_pass_that_covers_a_date_is_told_with_what_its_price_was_called(club: Club) -> None:
    ada, bob = club.clients("Ada", "Bob")
    group = club.group()
    limited = club.sell(ada, visits=8, group_ids=(group.id, GroupId(make.new_id())), ends_on=None)
    other = club.sell(bob, sold_on=make.NOON.date() + DAY)
    club.mark(club.lesson(group), ada, charge=paid_by(limited))
    with club.store.transaction() as work:
        work.prices.save(replace(club.price, name="Renamed", version=2))
    with club.store.read() as work:
        found = work.subscriptions.covering([ada.id, bob.id], MARCH_1)
        assert work.subscriptions.covering([bob.id], MARCH_1) == found[1:]
        assert work.subscriptions.covering([], MARCH_1) == ()
    names = ("id", "client_id", "visits", "group_ids", "valid_until")
    for it, sold in zip(found, (limited, other), strict=True):
        assert {name: getattr(it, name) for name in names} == {name: getattr(sold, name) for name in names}
    assert [(it.price_name, it.visits_left) for it in found] == [
        (limited.price_name, 7),
        (other.price_name, None),
    ]


def test_passes_cover_a_date_as_the_domain_says(club: Club) -> None:
    ada, bob = club.clients("Ada", "Bob")
    frozen = (Freeze(since=date(2026, 3, 10), until=date(2026, 3, 19)), Freeze(since=MARCH_1, until=MARCH_1))
    kinds: list[dict[str, Any]] = [
        {},
        {"ends_on": None},
        {"freezes": frozen},
        {"freezes": frozen[:1], "cancelled_on": date(2026, 3, 25)},
        {"cancelled_on": date(2026, 3, 5)},
        {"cancelled_on": date(2026, 2, 1)},
        {"visits": 0},
    ]
    for number, kind in enumerate(kinds):
        days = {"sold_on": MARCH_1 - number % 3 * DAY, "created_at": make.NOON - number % 2 * DAY}
        club.sell((ada, bob)[number % 2], **kind, **days)
    client_ids = [ada.id, bob.id]
    seen = set()
    for day in (MARCH_1 + n * DAY for n in range(-2, 50)):
        with club.store.read() as work:
            passes = work.subscriptions.of_clients(client_ids, day)
            sold = sorted(passes, key=lambda it: (it.sold_on, it.created_at, it.id))
            expected = [it.id for it in sold if it.covers(day)]
            assert ids(work.subscriptions.covering(client_ids, day)) == expected
        seen.add(len(expected))
    assert {0, 1, 4} < seen


def test_the_roster_is_that_of_the_lessons_date(club: Club) -> None:
    last, left, first, coming, again, others = club.clients("1", "2", "3", "4", "5", "6")
    january = date(2026, 1, 1)
    group = club.group(
        (last, january, MARCH_1),
        (left, january, MARCH_1 - DAY),
        (first, MARCH_1, None),
        (coming, MARCH_1 + DAY, None),
        (again, january, date(2026, 1, 31)),
        (again, date(2026, 2, 15), date(2026, 3, 15)),
    )
    club.group(others)
    lesson = club.lesson(group)
    assert [row.client_id for row in club.sheet(lesson)] == ids([last, first, again])
    club.mark(lesson, left, A)
    assert [(row.client_id, row.guest) for row in club.sheet(lesson)] == [
        (last.id, False),
        (first.id, False),
        (again.id, False),
        (left.id, True),
    ]


def test_a_sheet_of_nobody_is_empty(club: Club) -> None:
    assert club.sheet(club.lesson(club.group())) == ()


def test_visits_are_sorted_by_date_start_and_lesson_wherever_they_are_cut(club: Club) -> None:
    ada, bob = club.clients("Ada", "Bob")
    group, other = club.group(), club.group()
    random = Random(5)
    places = [*product((group, other), range(1, 6), (time(9), time(9, 30)))]
    random.shuffle(places)
    lessons = [
        club.lesson(it, date(2026, 3, day), starts, id=LessonId(UUID(int=random.getrandbits(128))))
        for it, day, starts in places
    ]
    marks = {it.id: club.mark(it, ada, random.choice([*Status]), note=str(it.starts)) for it in lessons}
    for it in lessons[::3]:
        club.mark(it, bob)
    lessons.sort(key=lambda it: (it.date, it.starts, it.id))
    expected = tuple(
        VisitRow(mark=marks[it.id], group_id=it.group_id, date=it.date, starts=it.starts) for it in lessons
    )
    assert club.visits(ada) == expected
    for place, row in enumerate(expected):
        assert club.visits(ada, limit=3, after=row) == expected[place + 1 : place + 4]
        assert club.visits(ada, limit=3, offset=place) == expected[place : place + 3]


def test_visits_are_of_a_range_and_of_lessons_not_cancelled(club: Club) -> None:
    (ada,) = club.clients("Ada")
    group = club.group()
    lessons = [club.lesson(group, date(2026, 3, day)) for day in range(1, 6)]
    cancelled = club.lesson(group, date(2026, 3, 3), time(18), cancelled=True, reason="ill")
    for it in (*lessons, cancelled):
        club.mark(it, ada)

    def found(**criteria: Any) -> list[int]:
        rows = club.visits(ada, **criteria)
        with club.store.read() as work:
            assert work.attendance.count(VisitCriteria(client_id=ada.id, **criteria)) == len(rows)
        return [row.date.day for row in rows]

    assert found() == [1, 2, 3, 4, 5]
    assert found(since=date(2026, 3, 2), until=date(2026, 3, 4)) == [2, 3, 4]
    assert found(since=date(2026, 3, 5)) == [5]
    assert found(until=date(2026, 3, 1)) == [1]
    assert found(since=date(2026, 3, 6)) == []


def test_a_summary_counts_slots_unmarked_ones_and_guests_included(club: Club) -> None:
    (ada,) = club.clients("Ada")
    group = club.group((ada, date(2026, 3, 2), date(2026, 3, 6)))
    lessons = {day: club.lesson(group, date(2026, 3, day)) for day in range(1, 9)}
    club.mark(lessons[2], ada, P)
    club.mark(lessons[3], ada, L, trial=True)
    club.mark(lessons[4], ada, A)
    club.mark(lessons[8], ada, E)
    club.mark(club.lesson(club.group(), date(2026, 3, 7)), ada, P)
    assert club.summary(ada).counts == Counts(present=2, late=1, absent=1, excused=1, unmarked=2)
    within = club.summary(ada, since=date(2026, 3, 3), until=date(2026, 3, 5)).counts
    assert within == Counts(late=1, absent=1, unmarked=1)


def test_a_summary_knows_nothing_of_what_was_cancelled_or_has_not_begun(club: Club) -> None:
    ada, bob = club.clients("Ada", "Bob")
    group = club.group(ada)
    now = datetime(2026, 3, 5, 10, tzinfo=UTC)
    for it in (
        club.lesson(group, date(2026, 3, 1), cancelled=True, reason="ill"),
        club.lesson(group, date(2026, 3, 5), time(10, 1)),
    ):
        club.mark(it, ada, A)
        club.mark(it, bob, A)
    club.lesson(group, date(2026, 3, 2), cancelled=True, reason="ill")
    club.lesson(group, date(2026, 3, 6))
    nothing = VisitsSummary(counts=Counts(), consecutive_absences=0)
    assert club.summary(ada, now) == club.summary(bob, now) == nothing
    club.lesson(group, date(2026, 3, 5), time(10))
    assert club.summary(ada, now).counts == Counts(unmarked=1)
    assert club.summary(ada, now + timedelta(minutes=1)).counts == Counts(absent=1, unmarked=1)


@pytest.mark.parametrize(
    ("statuses", "run"),
    [
        ([], 0),
        ([P], 0),
        ([A], 1),
        ([None], 0),
        ([A, A, A], 3),
        ([A, A, P], 0),
        ([A, P, A, A], 2),
        ([A, L, A], 1),
        ([A, P, A, E, A, None], 2),
        ([A, None, E, None, A, E], 2),
        ([P, E, None], 0),
    ],
)
def test_the_newest_run_of_absences_is_broken_by_coming_alone(
    club: Club, statuses: Sequence[Status | None], run: int
) -> None:
    (ada,) = club.clients("Ada")
    group = club.group(ada)
    for n, status in enumerate(statuses):
        lesson = club.lesson(group, date(2026, 3, 1 + n))
        if status is not None:
            club.mark(lesson, ada, status)
    assert club.summary(ada).consecutive_absences == run
    club.mark(club.lesson(group, date(2026, 3, 20), cancelled=True, reason="ill"), ada, P)
    assert club.summary(ada).consecutive_absences == run


def test_a_run_of_absences_goes_on_from_before_the_range_and_ends_with_it(club: Club) -> None:
    (ada,) = club.clients("Ada")
    group = club.group(ada)
    for day, status in enumerate([P, A, A, A, P], start=1):
        club.mark(club.lesson(group, date(2026, 3, day)), ada, status)
    within = club.summary(ada, since=date(2026, 3, 3), until=date(2026, 3, 4))
    assert within == VisitsSummary(counts=Counts(absent=2), consecutive_absences=3)
    assert club.summary(ada, since=date(2026, 3, 10)).consecutive_absences == 0
    assert club.summary(ada, since=date(2026, 3, 10), until=date(2026, 3, 4)).counts == Counts()


def test_summaries_are_what_going_through_all_lessons_says(club: Club) -> None:
    random = Random(11)
    clients = club.clients("Ada", "Bob", "Eve")
    groups = [
        club.group(*(it for it in clients if random.random() < 0.5)),
        club.group(*((it, date(2026, 3, 3), date(2026, 3, 9)) for it in clients)),
    ]
    lessons: list[Lesson] = []
    marks: dict[tuple[Any, ClientId], Status] = {}
    for day, hour in product(range(1, 15), (9, 12)):
        off = {"cancelled": True, "reason": "ill"} if random.random() < 0.2 else {}
        lesson = club.lesson(random.choice(groups), date(2026, 3, day), time(hour), **off)
        lessons.append(lesson)
        for client in clients:
            if random.random() < 0.6:
                status = random.choice([P, L, A, A, A, E])
                marks[lesson.id, client.id] = club.mark(lesson, client, status).status
    rosters = {
        it.id: next(group for group in groups if group.id == it.group_id).roster_on(it.date) for it in lessons
    }
    for client, now, since, until in product(
        clients, (9, 15), (None, date(2026, 3, 4)), (None, date(2026, 3, 8))
    ):
        at = datetime(2026, 3, now, 12, tzinfo=UTC)
        slots = [
            (it, marks.get((it.id, client.id)))
            for it in lessons
            if not it.cancelled
            and it.starts_at <= at
            and it.date <= (until or it.date)
            and ((it.id, client.id) in marks or client.id in rosters[it.id])
        ]
        run = 0
        for _, slot in slots:
            run = 0 if slot in (P, L) else run + (slot is A)
        expected = VisitsSummary(
            counts=counts_of(status for it, status in slots if it.date >= (since or it.date)),
            consecutive_absences=run,
        )
        assert club.summary(client, at, since=since, until=until) == expected


def test_a_clients_marks_in_some_lessons_are_told_by_lesson(club: Club) -> None:
    ada, bob = club.clients("Ada", "Bob")
    group = club.group(ada, bob)
    lessons = sorted((club.lesson(group, MARCH_1 + n * DAY) for n in range(4)), key=lambda it: it.id)
    marks = [club.mark(lesson, ada, status) for lesson, status in zip(lessons, (P, E, L), strict=False)]
    club.mark(lessons[3], bob)

    def told(*of: Lesson) -> tuple[Mark, ...]:
        with club.store.read() as work:
            return work.attendance.of_client(ada.id, [lesson.id for lesson in of])

    assert told(*reversed(lessons)) == tuple(marks)
    assert told(lessons[1], lessons[3]) == (marks[1],)
    assert told() == told(lessons[3]) == ()
