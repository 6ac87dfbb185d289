"""Statistics: what is counted, who sees what, and that the past stays what it was, over every store."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest

from attendance.adapters.memory import MemoryStore
from attendance.application.ports import Kind, Store
from attendance.application.reporting import statistics as module
from attendance.domain.accounts.accounts import UserNotFound
from attendance.domain.attendance.charging import UNPAID, Charge
from attendance.domain.attendance.marks import Changed
from attendance.domain.attendance.status import Status
from attendance.domain.club.clients import Client
from attendance.domain.club.groups import Group, GroupMembership, GroupNotFound, Teaching
from attendance.domain.club.lessons import Lesson
from attendance.domain.club.locations import Closure, LocationNotFound
from attendance.domain.club.subscriptions import Freeze
from attendance.domain.errors import Forbidden, Invalid
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.roles import Role
from attendance.domain.reporting.at_risk import Rule
from attendance.domain.reporting.statistics import Counts, Figures, Lessons, Trend
from tests import make
from tests.fakes import World

TODAY, DAY = date(2026, 3, 2), timedelta(days=1)
FEBRUARY = {"since": date(2026, 2, 1), "until": date(2026, 2, 28)}
JANUARY_1 = date(2026, 1, 1)
P, L, A, E = Status.PRESENT, Status.LATE, Status.ABSENT, Status.EXCUSED
SEEN = (AssertionError, pytest.fail.Exception)
"""What a test comes to whose guard is taken out: something is otherwise, or is not refused."""


class Club:
    """Chess, which Eva teaches, in the hall; judo, which Finn teaches, in the attic."""

    def __init__(self, store: Store) -> None:
        self.world = World(store)
        self.use = self.world.use_cases
        self.eva, self.finn = (self.world.having(Role.EMPLOYEE, name=name) for name in ("Eva", "Finn"))
        self.manager, self.head = (self.world.having(it) for it in (Role.MANAGER, Role.HEAD_MANAGER))
        self.hall = make.location(name="Hall", capacity=10)
        self.attic = make.location(name="Attic")
        self.clients = [make.client(name=name) for name in ("Anna", "Bea", "Carl", "Dora")]
        self.anna, self.bea, self.carl, self.dora = self.clients
        self.chess = make.group(
            self.hall,
            name="Chess",
            capacity=8,
            teachers=(Teaching(user_id=self.eva.id, since=JANUARY_1),),
            members=tuple(GroupMembership(client_id=it.id, since=JANUARY_1) for it in self.clients[:3]),
        )
        self.judo = make.group(
            self.attic, name="Judo", teachers=(Teaching(user_id=self.finn.id, since=JANUARY_1),)
        )
        with store.transaction() as work:
            for kept, things in (
                (work.locations, [self.hall, self.attic]),
                (work.clients, self.clients),
                (work.groups, [self.chess, self.judo]),
            ):
                for thing in things:
                    kept.add(thing)  # type: ignore[attr-defined]

    def adds(self, kind: str, *things: Any) -> Any:
        """Straight into the store."""
        with self.world.store.transaction() as work:
            for thing in things:
                getattr(work, kind).add(thing)
        return things[0]

    def lesson(self, of: Group, on: date, *marks: tuple[Client, Status], **changes: Any) -> Lesson:
        """By default taught by the group's teachers, with places for as many as the group has."""
        charge = changes.pop("charge", UNPAID)
        teachers = tuple(it.user_id for it in of.teachers if it.covers(on))
        lesson = make.lesson(of, date=on, **{"teachers": teachers, "capacity": of.capacity} | changes)
        saved = [
            make.mark(lesson, client, self.world.now(self.eva.id), status=status, charge=charge)
            for client, status in marks
        ]
        with self.world.store.transaction() as work:
            work.lessons.add(lesson)
            work.attendance.save([Changed(before=None, after=mark) for mark in saved])
        return lesson

    def edits(self, group: Group, **changes: Any) -> Group:
        """Straight in the store, whatever the rules say."""
        with self.world.store.transaction() as work:
            stored = work.groups.get(group.id)
            work.groups.save(changed := replace(stored, version=stored.version + 1, **changes))
        return changed

    def overview(self, by: Actor, **asked: Any) -> module.Overview:
        return self.use.show_statistics(by, **asked)

    def listed(self, by: Actor, kind: Kind, **asked: Any) -> dict[str, Figures]:
        rows = self.use.list_statistics(by, kind=kind, **asked).rows
        return {row.name: row.figures for row in rows.items}

    def one(self, by: Actor, kind: Kind, of: Any, **asked: Any) -> module.StatisticsOfOne:
        return self.use.show_statistics_of(by, kind=kind, of_id=of, **asked)


@pytest.fixture
def club(store: Store) -> Club:
    return Club(store)


def in_memory() -> Club:
    return Club(MemoryStore())


def counts(present: int = 0, late: int = 0, absent: int = 0, excused: int = 0, unmarked: int = 0) -> Counts:
    return Counts(present=present, late=late, absent=absent, excused=excused, unmarked=unmarked)


# What is counted


def test_the_figures_of_one_lesson(club: Club) -> None:
    """Twelve members: P6 L2 A1 E1 U2."""
    more = [make.client() for _ in range(9)]
    club.adds("clients", *more)
    members = [*club.clients[:3], *more]
    entries = tuple(GroupMembership(client_id=it.id, since=JANUARY_1) for it in members)
    chess = club.edits(club.chess, members=entries, capacity=16)
    statuses = [P] * 6 + [L] * 2 + [A, E]
    club.lesson(chess, TODAY, *zip(members, statuses, strict=False), starts=time(9), ends=time(10, 30))
    overview = club.overview(club.head)
    figures = overview.figures
    assert figures == Figures(
        counts=counts(6, 2, 1, 1, 2),
        lessons=Lessons(held=1),
        places=16,
        placed=8,
        taught_seconds=5400,
        unpaid_visits=10,
    )
    rates = [figures.attendance_rate, figures.punctuality_rate, figures.marking_coverage]
    assert rates == [Decimal("0.8889"), Decimal("0.75"), Decimal("0.8333")]
    assert (figures.fill_rate, figures.average_attendance) == (Decimal("0.5"), Decimal(8))
    assert figures.taught_hours == Decimal("1.5")


def test_lessons_are_what_they_are_at_the_moment(club: Club) -> None:
    """It is noon in London, 13:00 in Berlin."""
    club.lesson(club.chess, TODAY - DAY, (club.anna, P))
    club.lesson(club.chess, TODAY - 2 * DAY)
    club.lesson(club.chess, TODAY - 3 * DAY, (club.anna, A), cancelled=True, reason="snow")
    # begins this moment; begins in a minute, and somebody said they would not come
    club.lesson(club.chess, TODAY, (club.anna, L), starts=time(13), ends=time(14))
    club.lesson(club.chess, TODAY, (club.anna, E), starts=time(13, 1), ends=time(14))
    figures = club.overview(club.head).figures
    assert figures.lessons == Lessons(planned=2, held=2, cancelled=1, untaken=1)
    assert figures.counts == counts(present=1, late=1, unmarked=2 + 3 + 2)
    club.world.clock.pass_by(minutes=1)
    later = club.overview(club.head).figures
    assert later.lessons == Lessons(planned=1, held=3, cancelled=1, untaken=1)
    assert later.counts == counts(present=1, late=1, excused=1, unmarked=2 + 3 + 2 + 2)


def test_guests_count_like_everybody(club: Club) -> None:
    club.lesson(club.chess, TODAY - DAY, (club.dora, P), (club.anna, A))
    assert club.overview(club.head).figures.counts == counts(present=1, absent=1, unmarked=2)


def test_each_teacher_has_a_lesson_in_full_and_an_overview_counts_it_once(club: Club) -> None:
    club.lesson(club.chess, TODAY - DAY, (club.anna, P), teachers=(club.eva.id, club.finn.id))
    hour = club.overview(club.head).figures
    assert (hour.lessons.held, hour.taught_hours) == (1, Decimal(1))
    employees = club.listed(club.head, Kind.EMPLOYEE)
    assert employees["Eva"] == employees["Finn"] == hour
    assert club.one(club.finn, Kind.EMPLOYEE, club.finn.id).row.figures == hour


def test_a_lesson_belongs_to_the_place_where_it_was(club: Club) -> None:
    club.lesson(club.chess, TODAY - DAY, (club.anna, P), location_id=club.attic.id)
    places = club.listed(club.head, Kind.LOCATION)
    assert [(name, it.lessons.held) for name, it in places.items()] == [("Attic", 1), ("Hall", 0)]
    assert club.one(club.head, Kind.LOCATION, club.attic.id).row.figures == places["Attic"]


def test_figures_of_parts_add_up_and_every_part_is_told(club: Club) -> None:
    for ago in (0, 1, 9, 20, 29, 30):
        club.lesson(club.chess, TODAY - ago * DAY, (club.anna, P), starts=time(8), ends=time(9))
    for trend, parts in ((Trend.DAY, 30), (Trend.WEEK, 6), (Trend.MONTH, 2)):
        overview = club.overview(club.head, trend=trend)
        assert overview.trend is not None
        assert len(overview.trend) == parts
        assert sum((it.figures for it in overview.trend), start=Figures()) == overview.figures
        assert overview.figures == club.overview(club.head).figures
        assert overview.figures.lessons.held == 5
        assert club.one(club.eva, Kind.GROUP, club.chess.id, trend=trend).trend == overview.trend
    assert club.overview(club.head).trend is None


# Ranges


def test_a_range_is_the_last_thirty_days_unless_said_otherwise(club: Club) -> None:
    def range_of(**asked: date) -> tuple[date, date]:
        overview = club.overview(club.head, **asked)
        rows = club.use.list_statistics(club.head, kind=Kind.GROUP, **asked)
        one = club.one(club.head, Kind.GROUP, club.chess.id, **asked)
        assert (rows.since, rows.until) == (one.since, one.until) == (overview.since, overview.until)
        return overview.since, overview.until

    assert range_of() == (TODAY - 29 * DAY, TODAY)
    assert range_of(since=JANUARY_1) == (JANUARY_1, TODAY)
    assert range_of(until=JANUARY_1) == (JANUARY_1 - 29 * DAY, JANUARY_1)
    assert range_of(since=TODAY + DAY) == (TODAY + DAY, TODAY + DAY)
    assert range_of(until=date.min + DAY) == (date.min, date.min + DAY)
    assert range_of(since=date.min, until=date.max) == (date.min, date.max)
    club.world.clock.now = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
    assert range_of() == (TODAY - 28 * DAY, TODAY + DAY), "today is a day in the zone of the organisation"


def test_a_range_that_cannot_be_is_refused_before_anything_else(club: Club) -> None:
    nobody = club.world.having(Role.USER)
    backwards = {"since": TODAY, "until": TODAY - DAY}
    far = {"since": date.min, "until": date.max, "trend": Trend.MONTH}
    asked: list[tuple[Callable[..., Any], dict[str, Any], str]] = [
        (club.overview, backwards, "from"),
        (club.overview, far, "trend"),
        *((club.listed, {"kind": kind, **backwards}, "from") for kind in Kind),
        *((club.listed, {"kind": kind, "page": 0}, "page") for kind in Kind),
        *((club.listed, {"kind": kind, "sort": "counts"}, "sort") for kind in Kind),
        *((club.one, {"kind": kind, "of": make.new_id(), **backwards}, "from") for kind in Kind),
        *((club.one, {"kind": kind, "of": make.new_id(), **far}, "trend") for kind in Kind),
    ]
    for ask, how, field in asked:
        with pytest.raises(Invalid) as refused:
            ask(nobody, **how)
        assert [it.field for it in refused.value.field_errors] == [field]


# Who sees what


def test_employees_see_the_groups_they_taught_and_themselves(club: Club) -> None:
    club.lesson(club.chess, TODAY - DAY, (club.anna, P))
    club.lesson(club.judo, TODAY - DAY, (club.dora, P), (club.bea, P))
    assert club.overview(club.eva).figures.counts == counts(present=1, unmarked=2)
    assert club.overview(club.finn).figures.counts == counts(present=2)
    assert [*club.listed(club.eva, Kind.GROUP)] == ["Chess"]
    assert [*club.listed(club.finn, Kind.GROUP)] == ["Judo"]
    assert club.one(club.eva, Kind.GROUP, club.chess.id).row.figures.lessons.held == 1
    assert club.one(club.eva, Kind.EMPLOYEE, club.eva.id).row.figures.lessons.held == 1
    for kind, of in (
        (Kind.GROUP, club.judo.id),
        (Kind.EMPLOYEE, club.finn.id),
        (Kind.LOCATION, club.hall.id),
        (Kind.LOCATION, make.new_id()),
    ):
        with pytest.raises(Forbidden):
            club.one(club.eva, kind, of)
    for kind in (Kind.EMPLOYEE, Kind.LOCATION):
        with pytest.raises(Forbidden):
            club.listed(club.eva, kind)
    with pytest.raises(GroupNotFound):
        club.one(club.eva, Kind.GROUP, make.new_id())
    with pytest.raises(UserNotFound):
        club.one(club.eva, Kind.EMPLOYEE, make.new_id())


GUARDS: list[tuple[str, Any]] = [
    ("sees_all_groups", lambda _: True),
    ("_visible", lambda *given: given[-1]),
    ("_is_own", lambda *_: True),
    ("_is_own", lambda *_: False),
]


@pytest.mark.plants
@pytest.mark.parametrize(("name", "other"), GUARDS)
def test_a_guard_that_is_taken_out_is_seen(monkeypatch: pytest.MonkeyPatch, name: str, other: Any) -> None:
    monkeypatch.setattr(module, name, other)
    with pytest.raises((*SEEN, Forbidden)):
        test_employees_see_the_groups_they_taught_and_themselves(in_memory())


def test_one_day_of_the_range_is_enough_to_have_taught_a_group(club: Club) -> None:
    """Eva taught judo from the 10th to the 12th, and stood in on the 20th."""
    first, last, stood_in = date(2026, 2, 10), date(2026, 2, 12), date(2026, 2, 20)
    club.edits(
        club.judo,
        teachers=(
            Teaching(user_id=club.finn.id, since=JANUARY_1),
            Teaching(user_id=club.eva.id, since=first, until=last),
        ),
    )
    club.lesson(club.judo, date(2026, 2, 1), (club.dora, P), teachers=(club.finn.id,))
    club.lesson(club.judo, stood_in, (club.dora, L), teachers=(club.eva.id,))
    club.lesson(club.judo, date(2026, 2, 25), (club.dora, A), teachers=(club.finn.id,))

    def sees(since: date, until: date) -> bool:
        asked = {"since": since, "until": until}
        is_listed = "Judo" in club.listed(club.eva, Kind.GROUP, **asked)
        judo = club.listed(club.head, Kind.GROUP, **asked)["Judo"]
        assert club.overview(club.eva, **asked).figures == (judo if is_listed else Figures())
        if is_listed:
            assert club.one(club.eva, Kind.GROUP, club.judo.id, **asked).row.figures == judo
        else:
            with pytest.raises(Forbidden):
                club.one(club.eva, Kind.GROUP, club.judo.id, **asked)
        return is_listed

    assert sees(date(2026, 2, 1), first)
    assert not sees(date(2026, 2, 1), first - DAY)
    assert sees(last, date(2026, 2, 19))
    assert not sees(last + DAY, date(2026, 2, 19))
    assert sees(stood_in, date(2026, 2, 28))
    assert not sees(stood_in + DAY, date(2026, 2, 28))
    assert sees(date(2026, 2, 1), date(2026, 2, 28))


def test_managers_see_all_groups_and_employees_and_no_locations(club: Club) -> None:
    club.lesson(club.chess, TODAY - DAY, (club.anna, P))
    club.lesson(club.judo, TODAY - DAY, (club.dora, P))
    overview = club.overview(club.manager)
    assert overview.figures.lessons.held == 2
    assert overview.sales is None
    assert [*club.listed(club.manager, Kind.GROUP)] == ["Chess", "Judo"]
    employees = club.listed(club.manager, Kind.EMPLOYEE)
    assert {name: it.lessons.held for name, it in employees.items() if it != Figures()} == {
        "Eva": 1,
        "Finn": 1,
    }
    assert club.one(club.manager, Kind.EMPLOYEE, club.finn.id).row.figures == employees["Finn"]
    assert club.one(club.manager, Kind.GROUP, club.judo.id).row.name == "Judo"
    with pytest.raises(Forbidden):
        club.listed(club.manager, Kind.LOCATION)
    for of in (club.hall.id, make.new_id()):
        with pytest.raises(Forbidden):
            club.one(club.manager, Kind.LOCATION, of)


def test_head_managers_and_above_see_everything(club: Club) -> None:
    for role in (Role.HEAD_MANAGER, Role.OWNER, Role.ADMIN):
        actor = club.world.having(role)
        assert club.overview(actor).sales == {}
        assert [*club.listed(actor, Kind.LOCATION)] == ["Attic", "Hall"]
        assert club.one(actor, Kind.LOCATION, club.hall.id).row.name == "Hall"
        with pytest.raises(LocationNotFound):
            club.one(actor, Kind.LOCATION, make.new_id())


def test_below_employees_nobody_sees_anything_though_they_teach(club: Club) -> None:
    for changes in ({"role": Role.USER}, {"role": Role.EMPLOYEE, "email_confirmed_at": None}):
        account = club.world.account(**changes)
        actor = make.actor(account)
        club.edits(club.chess, teachers=(Teaching(user_id=account.id, since=JANUARY_1),))
        with pytest.raises(Forbidden):
            club.overview(actor)
        for kind, of in zip(Kind, (club.chess.id, club.hall.id, actor.id), strict=True):
            for unknown in (of, make.new_id()):
                with pytest.raises(Forbidden):
                    club.one(actor, kind, unknown)
            with pytest.raises(Forbidden):
                club.listed(actor, kind)


def test_employees_are_those_who_work_here_and_those_who_taught(club: Club) -> None:
    club.world.account(role=Role.USER, name="Parent")
    club.world.account(role=Role.EMPLOYEE, name="Gone", active=False)
    club.world.account(role=Role.EMPLOYEE, name="New", email_confirmed_at=None)
    club.world.account(role=Role.OWNER, name="Olga")
    left = club.world.account(role=Role.EMPLOYEE, name="Left", active=False)
    club.lesson(club.chess, TODAY - DAY, (club.anna, P), teachers=(left.id,))
    usernames = {club.world.now(it.id).username for it in (club.manager, club.head)}
    assert {*club.listed(club.manager, Kind.EMPLOYEE)} == {"Eva", "Finn", "Olga", "Left", *usernames}
    assert "Left" not in club.listed(club.manager, Kind.EMPLOYEE, since=TODAY)


# Sales, and what is unpaid


def test_sales_are_what_is_due_for_passes_sold_in_the_range_by_currency(club: Club) -> None:
    euros, yen, dinar = make.price("80.00"), make.price("8000", "JPY"), make.price("1.005", "KWD")
    club.adds("prices", euros, yen, dinar)
    since, until = date(2026, 2, 1), date(2026, 2, 28)

    def sold(price: Any, on: date, **changes: Any) -> None:
        club.adds("subscriptions", make.subscription(club.anna, price, sold_on=on, **changes))

    sold(euros, since, discount_percent=15)
    sold(euros, until)
    sold(euros, since - DAY)
    sold(euros, until + DAY)
    starts = date(2026, 3, 1)
    # void: it never began; the next one ran for a day
    sold(euros, since, starts_on=starts, cancelled_on=starts - DAY)
    sold(yen, since, starts_on=starts, cancelled_on=starts)
    sold(dinar, since, discount_percent=50)
    sales = club.overview(club.head, since=since, until=until).sales
    assert sales is not None
    told = {currency: str(amount) for currency, amount in sales.items()}
    assert told == {"EUR": "148.00", "JPY": "8000", "KWD": "0.503"}
    assert [*told] == sorted(told)
    assert club.overview(club.manager, since=since, until=until).sales is None
    assert club.overview(club.eva, since=since, until=until).sales is None


@pytest.mark.plants
def test_sales_shown_to_everybody_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "sees_sales", lambda _: True)
    with pytest.raises(SEEN):
        test_sales_are_what_is_due_for_passes_sold_in_the_range_by_currency(in_memory())


def test_what_is_unpaid_is_what_is_unpaid_now(club: Club) -> None:
    price = club.adds("prices", make.price())
    paid = club.adds("subscriptions", make.subscription(club.anna, price))
    lesson = club.lesson(club.chess, TODAY, (club.anna, P), (club.bea, A), starts=time(8), ends=time(9))
    assert club.overview(club.head).figures.unpaid_visits == 2
    club.use.mark_attendance(
        club.head,
        lesson_id=lesson.id,
        attendances=[{"client_id": club.anna.id, "status": P, "subscription_id": paid.id}],
    )
    assert club.overview(club.head).figures.unpaid_visits == 1


# At risk


def risks(club: Club, by: Actor, **asked: Any) -> dict[str, dict[Rule, list[int]]]:
    """By name, the rules with how many days before the end of the range their dates are."""
    overview = club.overview(by, **asked)
    return {
        it.name: {why.rule: [(overview.until - day).days for day in why.dates] for why in it.reasons}
        for it in overview.at_risk
    }


LOW, ROW, AWAY = Rule.LOW_ATTENDANCE, Rule.ABSENT_IN_A_ROW, Rule.LONG_AWAY


def attends(club: Club, client: Client, *days: tuple[int, Status], group: Group | None = None) -> None:
    """Marked so many days ago."""
    for ago, status in days:
        starts = time(8, club.clients.index(client))
        group_of = group or club.chess
        club.lesson(group_of, TODAY - ago * DAY, (client, status), starts=starts, ends=time(9))


def test_rates_are_low_on_one_side_of_the_thresholds(club: Club) -> None:
    attends(club, club.dora, (1, P), (2, A), (3, L), (4, P), (5, E))
    attends(club, club.carl, (1, P), (2, A), (3, L), (4, P), (5, P))
    attends(club, club.bea, (1, P), (2, A), (3, L), (30, P))
    assert risks(club, club.head) == {"Dora": {LOW: [2]}}


def test_absences_in_a_row_are_over_all_history_and_neither_excused_nor_unmarked_breaks_them(
    club: Club,
) -> None:
    attends(club, club.anna, (1, A), (2, E), (40, A), (90, A), (91, P))
    attends(club, club.bea, (0, P), (1, A), (2, A), (40, A))
    attends(club, club.carl, (1, A), (2, A), (3, P))
    assert risks(club, club.head) == {"Anna": {ROW: [90, 40, 1]}}
    assert risks(club, club.head, until=TODAY - DAY) == {"Anna": {ROW: [89, 39, 0]}, "Bea": {ROW: [39, 1, 0]}}


@pytest.mark.parametrize(
    ("last_seen", "starts", "changes", "expected"),
    [
        (21, 60, {}, [21]),
        (20, 60, {}, None),
        (60, 21, {}, [21]),
        (60, 20, {}, None),
        (None, 21, {}, [21]),
        # what was frozen until a short while ago, what is frozen, used up or over
        (60, 90, {"freezes": (Freeze(since=TODAY - 50 * DAY, until=TODAY - 22 * DAY),)}, [21]),
        (60, 90, {"freezes": (Freeze(since=TODAY - 50 * DAY, until=TODAY - 21 * DAY),)}, None),
        (60, 90, {"freezes": (Freeze(since=TODAY, until=TODAY),)}, None),
        (60, 90, {"cancelled_on": TODAY}, [60]),
        (60, 90, {"cancelled_on": TODAY - DAY}, None),
        (60, 90, {"ends_on": TODAY}, [60]),
        (60, 90, {"ends_on": TODAY - DAY}, None),
    ],
)
def test_long_away_is_whoever_has_a_pass_and_does_not_come(
    club: Club, last_seen: int | None, starts: int, changes: dict[str, Any], expected: list[int] | None
) -> None:
    price = club.adds("prices", make.price())
    usual = {"starts_on": TODAY - starts * DAY, "ends_on": None}
    if "freezes" in changes:
        changes = {"ends_on": TODAY + 90 * DAY, **changes}
    club.adds("subscriptions", make.subscription(club.dora, price, **usual | changes))
    if last_seen is not None:
        attends(club, club.dora, (last_seen, P))
    attends(club, club.dora, (1, A), (2, E))
    assert risks(club, club.head) == ({"Dora": {AWAY: expected}} if expected else {})


@pytest.mark.parametrize("status", [None, E])
def test_what_nobody_marked_or_was_excused_is_no_staying_away(club: Club, status: Status | None) -> None:
    price = club.adds("prices", make.price())
    club.adds(
        "subscriptions",
        make.subscription(club.anna, price, starts_on=TODAY - 90 * DAY, ends_on=None),
    )
    attends(club, club.anna, (60, A), (59, P))
    for ago in (14, 7, 1):
        marks = [] if status is None else [(club.anna, status)]
        club.lesson(club.chess, TODAY - ago * DAY, *marks)
    # what did not take place is none either, nor what has not begun
    club.lesson(club.chess, TODAY - 2 * DAY, (club.anna, A), cancelled=True, reason="snow")
    club.lesson(club.chess, TODAY + DAY, (club.anna, A))
    assert risks(club, club.head) == {}
    attends(club, club.anna, (3, A))
    assert risks(club, club.head) == {"Anna": {AWAY: [59]}}


def test_who_was_absent_without_a_pass_alone_is_not_long_away(club: Club) -> None:
    price = club.adds("prices", make.price())
    club.adds("subscriptions", make.subscription(club.anna, price, starts_on=TODAY - 30 * DAY, ends_on=None))
    attends(club, club.anna, (60, P), (31, A))
    assert risks(club, club.head) == {}
    attends(club, club.anna, (30, A))
    assert risks(club, club.head) == {"Anna": {AWAY: [30]}}


def test_who_used_up_a_pass_is_not_expected(club: Club) -> None:
    price = club.adds("prices", make.price())
    used_up = club.adds(
        "subscriptions",
        make.subscription(club.dora, price, starts_on=TODAY - 90 * DAY, ends_on=None, visits=1),
    )
    club.lesson(club.chess, TODAY - 30 * DAY, (club.dora, P), charge=Charge(used_up.id))
    attends(club, club.dora, (1, A))
    assert risks(club, club.head) == {}


def test_at_risk_are_active_clients_by_name(club: Club) -> None:
    for client in (club.dora, club.anna, club.carl):
        attends(club, client, (1, A), (2, A), (3, A))
    assert [*risks(club, club.head)] == ["Anna", "Carl", "Dora"]
    club.use.edit_client(club.head, client_id=club.carl.id, active=False)
    assert [*risks(club, club.head)] == ["Anna", "Dora"]


def test_employees_are_told_of_their_groups_alone(club: Club) -> None:
    # absent everywhere: in judo alone it is a row
    attends(club, club.anna, (1, A), (3, A))
    attends(club, club.anna, (2, A), (4, P), group=club.judo)
    attends(club, club.dora, (1, A), (2, A), (3, A), group=club.judo)
    assert risks(club, club.head) == {"Anna": {LOW: [3, 2, 1], ROW: [3, 2, 1]}, "Dora": {ROW: [3, 2, 1]}}
    assert risks(club, club.eva) == {}
    assert risks(club, club.finn) == {"Dora": {ROW: [3, 2, 1]}}


# The past


@pytest.fixture
def history(club: Club) -> Club:
    """A February of lessons in both groups, with sales."""
    return with_a_past(club)


def with_a_past(club: Club) -> Club:
    price = club.adds("prices", make.price())
    club.adds(
        "subscriptions",
        make.subscription(club.anna, price, sold_on=date(2026, 2, 3), starts_on=date(2026, 2, 1)),
    )
    for ago, statuses in ((3, [P, L, A]), (9, [P, E]), (20, [A, A, P]), (27, [])):
        club.lesson(club.chess, TODAY - ago * DAY, *zip(club.clients, statuses, strict=False))
        club.lesson(club.judo, TODAY - ago * DAY, (club.dora, P), capacity=5)
    club.lesson(club.chess, TODAY - 5 * DAY, cancelled=True, reason="snow")
    return club


NOW_ALONE = {"today", "name", "active", "unpaid_visits", "at_risk"}


def without_what_is_of_now(told: Any) -> Any:
    if isinstance(told, dict):
        return {key: without_what_is_of_now(it) for key, it in told.items() if key not in NOW_ALONE}
    if isinstance(told, list | tuple):
        return [without_what_is_of_now(it) for it in told]
    return told


def february(club: Club) -> Iterator[Any]:
    """All that is told of February, but for labels and what is of now."""
    for by in (club.eva, club.manager, club.head):
        yield without_what_is_of_now(asdict(club.overview(by, **FEBRUARY, trend=Trend.WEEK)))
        for kind, of in ((Kind.GROUP, club.chess.id), (Kind.EMPLOYEE, club.eva.id)):
            yield without_what_is_of_now(asdict(club.one(by, kind, of, **FEBRUARY, trend=Trend.MONTH)))
        for kind in Kind:
            if by is club.head or kind is Kind.GROUP:
                rows = club.use.list_statistics(by, kind=kind, **FEBRUARY).rows.items
                told = [without_what_is_of_now(asdict(it)) for it in rows if it.figures != Figures()]
                yield sorted(told, key=lambda row: row["id"])


def everything_changes(club: Club) -> None:
    use, head = club.use, club.head
    chess = use.show_group(head, group_id=club.chess.id)
    hanna = use.add_client(head, name="Hanna").id
    substitute = club.world.having(Role.EMPLOYEE)
    use.edit_group(
        head,
        group_id=chess.id,
        name="Zugzwang",
        capacity=4,
        location_id=club.attic.id,
        members=(
            *(replace(it, until=TODAY - DAY) for it in chess.members),
            GroupMembership(client_id=hanna, since=TODAY),
        ),
        teachers=(
            *(replace(it, until=TODAY - DAY) for it in chess.teachers),
            Teaching(user_id=substitute.id, since=TODAY),
        ),
    )
    for client in club.clients:
        use.edit_client(head, client_id=client.id, name=f"No longer {client.name}", active=False)
    use.edit_location(
        head,
        location_id=club.hall.id,
        name="Ruin",
        capacity=1,
        timezone="Asia/Tokyo",
        active=False,
        closures=(Closure(since=FEBRUARY["since"], until=TODAY + DAY, reason="fire"),),
    )
    [sold] = use.list_subscriptions(head).items
    use.edit_subscription(
        head,
        subscription_id=sold.id,
        ends_on=TODAY + 30 * DAY,
        cancelled_on=TODAY,
        freezes=(Freeze(since=TODAY, until=TODAY + DAY),),
    )
    [price] = use.list_prices(head).items
    use.edit_price(head, price_id=price.id, amount=Decimal("1.00"))
    account = club.world.now(club.finn.id)
    with club.world.store.transaction() as work:
        work.accounts.save(replace(account, active=False, name="Gone", version=account.version + 1))
    club.world.clock.pass_by(days=3)


def test_a_past_month_stays_what_it_was_whatever_changes_now(history: Club) -> None:
    before = [*february(history)]
    assert before[0]["figures"]["lessons"] == {"planned": 1, "held": 3, "cancelled": 1, "untaken": 1}
    everything_changes(history)
    assert [*february(history)] == before


@pytest.mark.plants
def test_a_roster_of_now_is_seen_in_the_past(monkeypatch: pytest.MonkeyPatch) -> None:
    club = with_a_past(in_memory())
    roster_on = Group.roster_on
    monkeypatch.setattr(
        Group, "roster_on", lambda self, _: roster_on(self, club.world.clock().date() - 2 * DAY)
    )
    with pytest.raises(SEEN):
        before = [*february(club)]
        everything_changes(club)
        assert [*february(club)] == before


def test_labels_are_those_of_now(history: Club) -> None:
    everything_changes(history)
    assert [*history.listed(history.head, Kind.GROUP, **FEBRUARY)] == ["Judo", "Zugzwang"]
    assert [*history.listed(history.head, Kind.LOCATION, **FEBRUARY)] == ["Attic", "Ruin"]
    assert "Gone" in history.listed(history.head, Kind.EMPLOYEE, **FEBRUARY)


# Sorting


def test_lists_are_sorted_by_any_rate_with_nulls_last_and_ties_by_id(club: Club) -> None:
    groups = [make.group(club.hall, name=name) for name in ("a", "B", "c")]
    club.adds("groups", *groups)
    a, b, c = groups
    club.lesson(a, TODAY - DAY, (club.anna, P), (club.bea, A), capacity=4)
    club.lesson(b, TODAY - DAY, (club.anna, P), capacity=4)
    club.lesson(c, TODAY - DAY, (club.anna, P), (club.bea, A), capacity=2)

    def names(sort: str) -> list[str]:
        return [*club.listed(club.manager, Kind.GROUP, sort=sort)]

    assert names("") == names("name") == ["a", "B", "c", "Chess", "Judo"]
    assert names("-name") == ["Judo", "Chess", "c", "B", "a"]
    assert names("attendance_rate") == ["a", "c", "B", "Chess", "Judo"]
    assert names("-attendance_rate") == ["B", "a", "c", "Chess", "Judo"]
    assert names("-attendance_rate,-name") == ["B", "c", "a", "Judo", "Chess"]
    assert names("fill_rate,-name") == ["B", "a", "c", "Judo", "Chess"]
    with pytest.raises(Invalid):
        names("name,-name")


def test_ties_by_name_are_by_id_in_either_direction() -> None:
    club = in_memory()
    same = [make.group(club.hall, name="Chess") for _ in range(3)]
    club.adds("groups", *reversed(same))
    ids = [club.chess.id, *(it.id for it in same)]
    for sort in ("name", "-name", "fill_rate", "-fill_rate,name"):
        rows = club.use.list_statistics(club.manager, kind=Kind.GROUP, sort=sort).rows.items
        assert [row.id for row in rows if row.name == "Chess"] == sorted(ids)
