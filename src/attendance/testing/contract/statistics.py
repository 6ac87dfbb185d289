"""Every store counts alike, whatever the club: random ones are recounted place by place."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from operator import attrgetter
from random import Random
from typing import Any

import pytest

from attendance.application.ports import (
    Employee,
    Kind,
    PassOfClient,
    StatisticsCriteria,
    Store,
    UnitOfWork,
    UnpaidOfClient,
)
from attendance.domain.attendance.charging import NOTHING, UNPAID, Charge
from attendance.domain.attendance.marks import Changed
from attendance.domain.attendance.status import Status
from attendance.domain.club.groups import GroupMembership, Teaching
from attendance.domain.club.subscriptions import Freeze
from attendance.domain.ids import ClientId
from attendance.domain.permissions.roles import Role
from attendance.domain.reporting.at_risk import Rule, at_risk
from attendance.domain.reporting.statistics import Figures
from attendance.domain.text import sort_key
from attendance.testing import make

FIRST = date(2026, 1, 5)

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)

DAY = timedelta(days=1)

VISITS = (Status.PRESENT, Status.LATE)


@dataclass
class RandomClub:
    """Rows of everything, the same for the same seed."""

    seed: int

    def __post_init__(self) -> None:
        self.random = random = Random(self.seed)  # it is to be the same each time
        self.teachers = [make.confirmed(role=Role.EMPLOYEE, name=name) for name in ("Eva", "Finn", "")]
        self.others = [make.confirmed(role=Role.USER), make.confirmed(role=Role.MANAGER, active=False)]
        self.locations = [make.location(capacity=random.choice([None, 4])) for _ in range(2)]
        self.clients = [make.client(name=f"Client {n % 4}", active=n != 3) for n in range(6)]
        self.groups = [
            make.group(
                random.choice(self.locations),
                teachers=tuple(
                    Teaching(user_id=it.id, since=self.day(), until=random.choice([None, date(2026, 4, 1)]))
                    for it in self.teachers[: random.randrange(3)]
                ),
                members=tuple(self.memberships()),
            )
            for _ in range(3)
        ]
        self.lessons = [
            make.lesson(
                random.choice(self.groups),
                date=FIRST + n * DAY,
                starts=time(9 + n % 3, random.choice([0, 30])),
                ends=time(14, random.choice([0, 45])),
                capacity=random.choice([None, 3, 6]),
                teachers=tuple(it.id for it in random.sample(self.teachers, random.randrange(3))),
                **random.choice([{}, {}, {}, {"cancelled": True, "reason": "snow"}]),
            )
            for n in range(60)
        ]
        self.prices = [make.price("80.00"), make.price("8000", "JPY"), make.price("1.005", "KWD")]
        self.passes = [
            make.subscription(
                random.choice(self.clients),
                price := random.choice(self.prices),
                currency=price.currency,
                amount=price.amount,
                discount_percent=random.choice([0, 15, 33]),
                visits=random.choice([None, 2]),
                sold_on=self.day(),
                starts_on=(starts := self.day()),
                ends_on=(ends := random.choice([None, starts + 40 * DAY])),
                freezes=(Freeze(since=starts + DAY, until=starts + 9 * DAY),) if ends else (),
                cancelled_on=random.choice([None, None, starts - DAY, starts + 20 * DAY]),
            )
            for _ in range(9)
        ]
        self.marks = [*self.all_marks()]

    def day(self) -> date:
        return FIRST + self.random.randrange(70) * DAY

    def memberships(self) -> Iterator[GroupMembership]:
        for client in self.clients:
            if self.random.random() < 0.7:
                since = self.day()
                until = self.random.choice([None, since + self.random.randrange(30) * DAY])
                yield GroupMembership(client_id=client.id, since=since, until=until)

    def all_marks(self) -> Iterator[Any]:
        for lesson in self.lessons:
            if self.random.random() < 0.2:
                continue
            for client in self.clients:
                if self.random.random() < 0.6:
                    status = self.random.choice([*Status, Status.ABSENT, Status.ABSENT])
                    yield make.mark(
                        lesson, client, self.teachers[0], status=status, charge=self.charge(client)
                    )

    def charge(self, client: Any) -> Charge:
        own = [it for it in self.passes if it.client_id == client.id]
        payer = self.random.choice([None, None, *own])
        return Charge(payer.id) if payer else self.random.choice([NOTHING, UNPAID])

    def add_to(self, store: Store) -> None:
        with store.transaction() as work:
            kept: dict[str, Iterable[Any]] = {
                "accounts": [*self.teachers, *self.others],
                "locations": self.locations,
                "clients": self.clients,
                "groups": self.groups,
                "lessons": self.lessons,
                "prices": self.prices,
                "subscriptions": self.passes,
            }
            for name, entities in kept.items():
                for entity in entities:
                    getattr(work, name).add(entity)
            work.attendance.save([Changed(before=None, after=mark) for mark in self.marks])


RANGES = [
    (FIRST, FIRST + 20 * DAY),
    (FIRST + 10 * DAY, date(2026, 3, 5)),
    (date.min, date.max),
    (FIRST, FIRST),
]


def ranges(club: RandomClub) -> Iterator[StatisticsCriteria]:
    for since, until in RANGES:
        whole = StatisticsCriteria(since=since, until=until, at=NOW)
        yield whole
        yield replace(whole, group_ids=frozenset({club.groups[0].id, club.groups[2].id}))
        yield replace(whole, group_ids=frozenset())
        yield replace(whole, location_id=club.locations[0].id)
        yield replace(whole, teacher_id=club.teachers[1].id)


def recounted(club: RandomClub, of: StatisticsCriteria) -> dict[str, Any]:
    """Counted place by place, by the words of the document."""
    marks = {(it.lesson_id, it.client_id): it for it in club.marks}
    groups = {it.id: it for it in club.groups}
    places: Counter[str] = Counter()
    lessons: Counter[str] = Counter()
    unpaid = 0
    for lesson in club.lessons:
        if not of.since <= lesson.date <= of.until:
            continue
        if of.group_ids is not None and lesson.group_id not in of.group_ids:
            continue
        if of.location_id not in (None, lesson.location_id):
            continue
        if of.teacher_id is not None and of.teacher_id not in lesson.teachers:
            continue
        is_marked = any(key[0] == lesson.id for key in marks)
        if lesson.cancelled:
            lessons["cancelled"] += 1
            continue
        if lesson.starts_at > NOW:
            lessons["planned"] += 1
            continue
        lessons["held" if is_marked else "planned"] += 1
        lessons["untaken"] += not is_marked
        for client in club.clients:
            mark = marks.get((lesson.id, client.id))
            if mark:
                places[mark.status.value] += 1
                unpaid += mark.charge.unpaid
            elif client.id in groups[lesson.group_id].roster_on(lesson.date):
                places["unmarked"] += 1
    return {"places": +places, "lessons": +lessons, "unpaid": unpaid}


def no_longer_visited(club: RandomClub) -> RandomClub:
    """The club with each client's visits up to a random day alone: what came later is not marked."""
    days = {it.id: it.date for it in club.lessons}
    last = {it.id: FIRST + club.random.randrange(40) * DAY for it in club.clients}
    club.marks = [
        it for it in club.marks if it.status not in VISITS or days[it.lesson_id] <= last[it.client_id]
    ]
    return club


def recounted_as_long_away(club: RandomClub, until: date) -> set[ClientId]:
    """Who is long away on a day, day by day and mark by mark, by the words of the document."""
    lessons = {it.id: it for it in club.lessons if not it.cancelled and it.starts_at <= NOW}
    found = set()
    for client in club.clients:
        own = [it for it in club.marks if it.client_id == client.id and it.lesson_id in lessons]
        marks = sorted(
            ((lessons[it.lesson_id].date, lessons[it.lesson_id].starts, it.status) for it in own),
            key=lambda it: it[:2],
        )
        marks = [it for it in marks if it[0] <= until]
        passes = [it for it in club.passes if it.client_id == client.id]
        paid = Counter(it.charge.subscription_id for it in club.marks)
        is_expected = any(
            it.covers(until) and (it.visits is None or paid[it.id] < it.visits) for it in passes
        )
        if not client.active or not is_expected:
            continue
        since = until
        while any(it.covers(since - DAY) for it in passes):
            since -= DAY
        visits = [n for n, it in enumerate(marks) if it[2] in VISITS]
        later = marks[visits[-1] + 1 :] if visits else marks
        since = max(since, marks[visits[-1]][0]) if visits else since
        is_absent = any(status is Status.ABSENT and day >= since for day, _, status in later)
        if is_absent and (until - since).days >= 21:
            found.add(client.id)
    return found


def counted(figures: Figures) -> dict[str, Any]:
    names = ("present", "late", "absent", "excused", "unmarked")
    return {
        "places": +Counter({name: getattr(figures.counts, name) for name in names}),
        "lessons": +Counter(
            {name: getattr(figures.lessons, name) for name in ("planned", "held", "cancelled", "untaken")}
        ),
        "unpaid": figures.unpaid_visits,
    }


def told(work: UnitOfWork, club: RandomClub, of: StatisticsCriteria) -> list[Any]:
    """Everything a store says of a range."""
    ask = work.statistics
    risks = [at_risk(it, min(of.until, date(2026, 3, 10))) for it in ask.at_risk_candidates(of)]
    return [
        ask.total(of),
        {day: it for day, it in ask.by_day(of).items() if it != Figures()},
        *(ask.by_kind(of, kind) for kind in Kind),
        ask.sales(of.since, of.until),
        [ask.groups_taught(it.id, of.since, of.until) for it in club.teachers],
        [it for it in risks if it],
    ]


def test_every_store_says_what_accounts_are_called_and_which_are_switched_off(store: Store) -> None:
    anna = make.confirmed(role=Role.EMPLOYEE, name="Anna")
    nameless = make.confirmed(role=Role.USER, name="", username="bob")
    off = make.confirmed(role=Role.EMPLOYEE, name="Carl", active=False)
    with store.transaction() as work:
        for account in (anna, nameless, off, make.confirmed()):
            work.accounts.add(account)
    with store.read() as work:
        assert work.statistics.employees([anna.id, nameless.id, off.id, make.new_id()]) == {
            anna.id: Employee(name="Anna", active=True),
            nameless.id: Employee(name="bob", active=True),
            off.id: Employee(name="Carl", active=False),
        }
        assert work.statistics.employees([]) == {}


@pytest.mark.parametrize("seed", range(6))
def test_every_store_counts_what_there_is(store: Store, seed: int) -> None:
    club = RandomClub(seed)
    club.add_to(store)
    with store.read() as work:
        for of in ranges(club):
            assert counted(work.statistics.total(of)) == recounted(club, of)
            days = work.statistics.by_day(of)
            assert sum(days.values(), start=Figures()) == work.statistics.total(of), (
                "days add up to the whole"
            )
            groups = work.statistics.by_kind(of, Kind.GROUP)
            assert sum(groups.values(), start=Figures()) == work.statistics.total(of)


def test_who_is_long_away_is_who_was_missed(store: Store) -> None:
    found = 0
    # in one store: ids tell the clubs apart
    for seed in range(6):
        club = no_longer_visited(RandomClub(seed))
        club.add_to(store)
        with store.read() as work:
            for until in (FIRST + n * DAY for n in range(14, 57, 6)):
                candidates = work.statistics.at_risk_candidates(
                    StatisticsCriteria(since=FIRST, until=until, at=NOW)
                )
                risks = [it for candidate in candidates if (it := at_risk(candidate, until))]
                away = {it.client_id for it in risks if Rule.LONG_AWAY in {why.rule for why in it.reasons}}
                of_club = {it.id for it in club.clients}
                assert away & of_club == recounted_as_long_away(club, until)
                found += len(away & of_club)
    assert found


@pytest.mark.parametrize("seed", range(6))
def test_every_store_says_the_same(store: Store, seed: int) -> None:
    from attendance.adapters.memory import MemoryStore

    club, memory = RandomClub(seed), MemoryStore()
    club.add_to(store)
    club.add_to(memory)
    for of in ranges(club):
        if of.until < date(2026, 3, 6):
            with store.read() as work, memory.read() as plain:
                assert told(work, club, of) == told(plain, club, of)


@pytest.mark.parametrize("seed", range(2))
def test_passes_are_told_with_their_clients(store: Store, seed: int) -> None:
    club = RandomClub(seed)
    club.add_to(store)
    names = {client.id: client.name for client in club.clients}
    is_active = {client.id: client.active for client in club.clients}
    with store.read() as work:
        every = sorted((work.subscriptions.get(it.id) for it in club.passes), key=attrgetter("id"))
        real = [it for it in every if not (it.cancelled_on and it.cancelled_on < it.starts_on)]
        assert len(real) < len(every)
        for since, until in RANGES:
            newest_first = sorted(real, key=attrgetter("sold_on"), reverse=True)
            assert work.statistics.passes_sold(since, until) == tuple(
                PassOfClient(client_name=names[it.client_id], subscription=it)
                for it in newest_first
                if since <= it.sold_on <= until
            )
            by_name = sorted(real, key=lambda it: (sort_key(names[it.client_id]), it.client_id))
            assert work.statistics.passes_not_over(since) == tuple(
                PassOfClient(client_name=names[it.client_id], subscription=it)
                for it in by_name
                if is_active[it.client_id] and (it.last_day is None or it.last_day >= since)
            )


@pytest.mark.parametrize("seed", range(2))
def test_who_has_not_paid_is_told_with_the_first_day_and_the_last(store: Store, seed: int) -> None:
    club = RandomClub(seed)
    club.add_to(store)
    days_of = {it.id: it.date for it in club.lessons if not it.cancelled}
    days: dict[ClientId, list[date]] = {}
    for mark in club.marks:
        if mark.charge.unpaid and mark.lesson_id in days_of:
            days.setdefault(mark.client_id, []).append(days_of[mark.lesson_id])
    by_name = sorted(club.clients, key=lambda client: (sort_key(client.name), client.id))
    expected = tuple(
        UnpaidOfClient(
            client_id=client.id,
            client_name=client.name,
            visits=len(days[client.id]),
            first_on=min(days[client.id]),
            last_on=max(days[client.id]),
        )
        for client in by_name
        if client.id in days
    )
    assert len(expected) > 1
    with store.read() as work:
        assert work.statistics.unpaid_by_client() == expected


def test_groups_places_and_who_may_teach_are_told_by_name(store: Store) -> None:
    club = RandomClub(0)
    club.add_to(store)
    retired = make.confirmed(role=Role.EMPLOYEE, name="Gil", active=False)
    with store.transaction() as work:
        work.accounts.add(retired)
    groups = {it.id: it.name for it in club.groups}
    places = {it.id: it.name for it in club.locations}
    teachers = {it.id: it.name or it.username for it in club.teachers}
    everybody = teachers | {it.id: it.name or it.username for it in (*club.others, retired)}
    with store.read() as work:
        ask = work.statistics
        assert [ask.names(kind) for kind in (Kind.GROUP, Kind.LOCATION)] == [groups, places]
        assert ask.names(Kind.EMPLOYEE) == teachers
        of_kinds: list[tuple[Kind, dict[Any, str]]] = [
            (Kind.GROUP, groups),
            (Kind.LOCATION, places),
            (Kind.EMPLOYEE, everybody),
        ]
        for kind, known in of_kinds:
            assert ask.names_of(kind, [*known, make.new_id()]) == known
            one = next(iter(known))
            assert ask.names_of(kind, [one]) == {one: known[one]}
            assert ask.names_of(kind, []) == {}
