"""When a visit is charged, and to which pass: every sentence of it, over every store."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from threading import Barrier
from time import sleep
from typing import Any

import pytest

from attendance.adapters.memory import MemoryStore
from attendance.adapters.memory.club.subscriptions import MemorySubscriptions
from attendance.adapters.sql.club.clients import SqlClients
from attendance.application.attendance import sheets as attendance_module
from attendance.application.club import lessons as lessons_module
from attendance.application.club.clients import ClientDetails
from attendance.application.club.groups import GroupDetails
from attendance.application.club.lessons import LessonDetails
from attendance.application.club.subscriptions import SubscriptionDetails
from attendance.application.ports import Store
from attendance.application.ports.attendance import SheetEntry
from attendance.domain.attendance import charging
from attendance.domain.attendance.charging import NOTHING, UNPAID, Charge
from attendance.domain.attendance.marks import mark_id
from attendance.domain.attendance.status import Status
from attendance.domain.club.groups import GroupMembership
from attendance.domain.club.lessons import LessonCancelled
from attendance.domain.club.subscriptions import Freeze, Subscription, SubscriptionState, VisitsOutside
from attendance.domain.errors import Invalid, Unavailable
from attendance.domain.events import Action, Event
from attendance.domain.ids import SubscriptionId
from attendance.domain.permissions.roles import Role
from tests import make
from tests.fakes import BERLIN, World

TODAY, DAY = date(2026, 3, 2), timedelta(days=1)
LAST_WEEK = TODAY - 7 * DAY
PRESENT, LATE, ABSENT, EXCUSED = Status.PRESENT, Status.LATE, Status.ABSENT, Status.EXCUSED
IN_PRICE = ("visits", "visits_per_week", "valid_days", "valid_months", "group_ids", "charges_absence")


class Club:
    """Two groups, a child that is in both, another that is in none, and a head manager who does it all."""

    def __init__(self, store: Store) -> None:
        self.world = World(store)
        self.use = self.world.use_cases
        self.head = self.world.having(Role.HEAD_MANAGER)
        self.child = self.use.add_client(self.head, name="Anna")
        self.guest = self.use.add_client(self.head, name="Bea")
        self.hall = self.use.add_location(
            self.head, name="Main", address="1 Main Street", timezone="Europe/Berlin"
        )
        self.group, self.other = self.meets("Chess"), self.meets("Go")

    def meets(self, name: str) -> GroupDetails:
        member = GroupMembership(client_id=self.child.id, since=TODAY - 30 * DAY)
        return self.use.add_group(self.head, name=name, location_id=self.hall.id, members=(member,))

    def lesson(
        self, day: date = TODAY, starts: time = time(9), group: GroupDetails | None = None
    ) -> LessonDetails:
        """An hour later than the last where nothing is said."""
        group = group or self.group
        ends = starts.replace(minute=59)
        return self.use.add_lesson(self.head, group_id=group.id, date=day, starts=starts, ends=ends)

    def sells(self, *, to: ClientDetails | None = None, **fields: Any) -> SubscriptionDetails:
        """A pass from last week on."""
        of_price = {name: fields.pop(name) for name in IN_PRICE if name in fields}
        price = self.use.add_price(self.head, name="Pass", amount=Decimal(80), currency="EUR", **of_price)
        sale = {"starts_on": LAST_WEEK} | fields
        return self.use.sell_subscription(
            self.head, client_id=(to or self.child).id, price_id=price.id, **sale
        )

    def marks(
        self, lesson: LessonDetails, status: Status | None, who: ClientDetails | None = None, **more: Any
    ) -> Charge | None:
        """What it costs."""
        who = who or self.child
        entry: Any = {"client_id": who.id, "status": status, **more}
        self.use.mark_attendance(self.head, lesson_id=lesson.id, attendances=[entry])
        return self.costs(lesson, who)

    def row(self, lesson: LessonDetails, who: ClientDetails | None = None) -> SheetEntry:
        sheet = self.use.show_sheet(self.head, lesson_id=lesson.id)
        return next(it for it in sheet.attendances if it.client_id == (who or self.child).id)

    def costs(self, lesson: LessonDetails, who: ClientDetails | None = None) -> Charge | None:
        entry = self.row(lesson, who)
        return Charge(entry.subscription_id, entry.unpaid) if entry.status else None

    def now(self, subscription: SubscriptionDetails) -> SubscriptionDetails:
        return self.use.show_subscription(self.head, subscription_id=subscription.id)

    def left(self, *subscriptions: SubscriptionDetails) -> list[int | None]:
        return [self.now(it).visits_left for it in subscriptions]

    def edits(self, subscription: SubscriptionDetails, **changes: Any) -> SubscriptionDetails:
        return self.use.edit_subscription(self.head, subscription_id=subscription.id, **changes)

    def alters(self, lesson: LessonDetails, **changes: Any) -> LessonDetails:
        return self.use.edit_lesson(self.head, group_id=lesson.group_id, lesson_id=lesson.id, **changes)

    def cancels(self, lesson: LessonDetails) -> LessonDetails:
        return self.alters(lesson, cancelled=True, reason="snow")

    def events(self, lesson: LessonDetails) -> list[Event]:
        """Of the child's mark."""
        with self.world.store.autocommit() as work:
            return [*work.events.of(mark_id(lesson.id, self.child.id))]


@pytest.fixture
def club(store: Store) -> Club:
    return Club(store)


def another(store: Store) -> Club:
    """A club in a store that gets more of them: its location leaves the address to the next one's."""
    club = Club(store)
    club.use.edit_location(club.head, location_id=club.hall.id, address=str(club.hall.id))
    return club


def paid_by(subscription: SubscriptionDetails) -> Charge:
    return Charge(subscription.id)


def refused(act: Callable[[], object]) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as caught:
        act()
    return [(field_error.field, field_error.message) for field_error in caught.value.field_errors]


NOT_COVERED = [("attendances[0].subscription_id", "does not cover this visit")]


# What costs a visit


def test_who_comes_is_charged_and_who_is_excused_or_on_trial_is_not(club: Club) -> None:
    it = club.sells(visits=8)
    costs = {
        (status, trial): club.marks(club.lesson(starts=time(hour)), status, trial=trial)
        for hour, (status, trial) in enumerate([(it, trial) for it in Status for trial in (False, True)])
    }
    assert costs == {
        (status, trial): NOTHING if trial or status is EXCUSED else paid_by(it)
        for status in Status
        for trial in (False, True)
    }
    assert club.left(it) == [5]
    club.lesson(starts=time(12))
    assert club.left(it) == [5], "nobody is charged who is not marked"


def test_a_fact_is_never_refused_for_money(club: Club) -> None:
    for hour, status in enumerate((PRESENT, LATE, ABSENT)):
        assert club.marks(club.lesson(starts=time(hour)), status) == UNPAID
    assert club.marks(club.lesson(starts=time(9)), EXCUSED) == NOTHING
    assert club.marks(club.lesson(starts=time(10)), PRESENT, trial=True) == NOTHING


def test_marks_never_change_the_pass_itself(club: Club) -> None:
    it = club.sells(visits=8)
    club.world.clock.pass_by(minutes=1)
    club.marks(club.lesson(), PRESENT)
    now = club.now(it)
    assert (now.version, now.updated_at, now.visits_left) == (1, it.updated_at, 7)


def test_clearing_a_mark_leaves_all_as_it_was(club: Club) -> None:
    it, lesson = club.sells(visits=1), club.lesson()
    club.marks(lesson, PRESENT)
    assert club.left(it) == [0]
    assert club.marks(lesson, None) is None
    assert club.now(it) == it


def test_the_same_again_is_once(club: Club) -> None:
    it, lesson = club.sells(visits=8), club.lesson()
    for sent in ({}, {"subscription_id": it.id}, {"subscription_id": None}):
        assert club.marks(lesson, PRESENT, **sent) == paid_by(it)
        club.world.clock.pass_by(minutes=1)
    assert club.left(it) == [7]
    assert [event.action for event in club.events(lesson)] == ["attendance.marked", "attendance.charged"]
    assert club.row(lesson).marked_at == make.NOON


def test_the_same_again_is_once_for_an_absence_that_was_spared(club: Club) -> None:
    """The pass that paid until now spares absences; another one, whose turn is first, would charge them."""
    sparing, lesson = club.sells(visits=8, charges_absence=False), club.lesson()
    club.marks(lesson, PRESENT)
    charging = club.sells()
    for _ in range(2):
        assert club.marks(lesson, ABSENT) == NOTHING
    assert club.left(sparing, charging) == [8, None]


# Candidates


def test_it_is_the_lessons_local_date_that_is_to_be_covered(club: Club) -> None:
    old = club.sells(valid_days=1)
    new = club.sells(valid_days=1, starts_on=TODAY)
    tomorrow = club.sells(valid_days=1, starts_on=TODAY + DAY)
    assert club.marks(club.lesson(LAST_WEEK), PRESENT) == paid_by(old)
    assert club.marks(club.lesson(TODAY - DAY), PRESENT) == UNPAID
    night = club.lesson(TODAY + DAY, time(0, 15))
    assert night.starts_at.date() == TODAY
    club.world.clock.now = datetime(2026, 3, 2, 23, 15, tzinfo=night.starts_at.tzinfo)
    assert club.world.clock.now.astimezone(BERLIN).date() == TODAY + DAY
    assert club.marks(night, PRESENT) == paid_by(tomorrow)
    club.world.clock.pass_by(days=30)
    assert club.marks(club.lesson(TODAY), PRESENT) == paid_by(new), "it is expired today"


def test_what_does_not_cover_a_visit_does_not_pay_for_it(club: Club) -> None:
    frozen, cancelled, used_up = club.sells(), club.sells(), club.sells(visits=1)
    club.edits(frozen, freezes=(Freeze(since=TODAY, until=TODAY),))
    club.edits(cancelled, cancelled_on=TODAY - DAY)
    assert club.marks(club.lesson(LAST_WEEK), PRESENT, subscription_id=used_up.id) == paid_by(used_up)
    others = [
        frozen,
        cancelled,
        used_up,
        club.sells(valid_days=7),
        club.sells(starts_on=TODAY + DAY),
        club.sells(group_ids=(club.other.id,)),
        club.sells(to=club.guest),
    ]
    lesson = club.lesson()
    assert club.marks(lesson, PRESENT) == UNPAID
    for it in others:
        sent = {"subscription_id": it.id}
        assert refused(lambda: club.marks(lesson, PRESENT, **sent)) == NOT_COVERED, it  # noqa: B023 # at once
    unknown = SubscriptionId(make.new_id())
    assert refused(lambda: club.marks(lesson, PRESENT, subscription_id=unknown)) == NOT_COVERED
    assert club.costs(lesson) == UNPAID
    fits = club.sells(group_ids=(club.other.id, club.group.id), valid_days=8, visits=1)
    assert club.marks(lesson, PRESENT, subscription_id=fits.id) == paid_by(fits)


def test_passes_pay_in_their_turn(club: Club) -> None:
    """Named, then without limit, what ends earliest, what is narrower, what was sold earliest."""
    turn = [
        (club.sells(visits=1, valid_months=6, sold_on=TODAY), True),
        (club.sells(valid_days=8), False),
        (club.sells(valid_days=9), False),
        (club.sells(), False),
        (club.sells(visits=1, valid_days=8), False),
        (club.sells(visits=1, valid_days=9, group_ids=(club.group.id,)), False),
        (club.sells(visits=1, valid_days=9, group_ids=(club.group.id, club.other.id)), False),
        (club.sells(visits=1, valid_days=9, sold_on=TODAY - DAY), False),
        (club.sells(visits=1, valid_days=9, sold_on=TODAY), False),
        (club.sells(visits=1, valid_days=9, sold_on=TODAY), False),
        (club.sells(visits=1), False),
    ]
    for hour, (expected, named) in enumerate(turn):
        lesson = club.lesson(starts=time(hour))
        sent = {"subscription_id": expected.id} if named else {}
        assert club.marks(lesson, PRESENT, **sent) == paid_by(expected), hour
        if expected.visits is None:
            club.marks(lesson, None)
            club.edits(expected, cancelled_on=TODAY - DAY)
    assert club.marks(club.lesson(starts=time(12)), PRESENT) == UNPAID


@pytest.mark.plants
def test_a_pass_is_seen_to_pay_for_what_it_does_not_cover_when_nobody_looks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(charging.Visit, "is_covered_by", lambda *_: True)
    club = Club(MemoryStore())
    it = club.sells(group_ids=(club.other.id,))
    assert club.marks(club.lesson(), PRESENT, subscription_id=it.id) == paid_by(it)


# Absences


def test_of_an_absence_the_first_candidate_decides(club: Club) -> None:
    charging, sparing = club.sells(visits=8, valid_days=8), club.sells(visits=8, charges_absence=False)
    assert club.marks(club.lesson(starts=time(8)), ABSENT) == paid_by(charging)
    sent = {"subscription_id": sparing.id}
    assert club.marks(club.lesson(starts=time(9)), ABSENT, **sent) == NOTHING
    first = club.sells(charges_absence=False)
    assert club.marks(club.lesson(starts=time(10)), ABSENT) == NOTHING
    assert club.left(charging, sparing, first) == [7, 8, None]


def test_of_an_absence_the_pass_that_paid_until_now_decides(club: Club) -> None:
    charging, one, two = club.sells(visits=8), club.lesson(starts=time(8)), club.lesson(starts=time(9))
    assert club.marks(one, PRESENT) == paid_by(charging)
    sparing = club.sells(visits=8, valid_days=8, charges_absence=False)
    assert club.marks(two, PRESENT) == paid_by(sparing)
    assert club.marks(one, ABSENT) == paid_by(charging)
    assert club.marks(two, ABSENT) == NOTHING
    assert club.left(charging, sparing) == [7, 8]


def test_an_absence_without_a_candidate_is_unpaid_unless_a_pass_of_that_day_spares_it(club: Club) -> None:
    lesson, other = club.lesson(starts=time(8)), club.lesson(starts=time(9), group=club.other)
    assert club.marks(lesson, ABSENT) == UNPAID
    sparing = club.sells(visits=1, charges_absence=False, group_ids=(club.group.id,))
    club.marks(club.lesson(starts=time(10)), PRESENT)
    assert club.left(sparing) == [0]
    assert club.marks(club.lesson(starts=time(11)), ABSENT) == NOTHING
    assert club.marks(club.lesson(starts=time(12)), PRESENT) == UNPAID
    assert club.marks(other, ABSENT) == UNPAID
    assert club.marks(club.lesson(LAST_WEEK - DAY), ABSENT) == UNPAID


# Correcting


def test_what_stays_charged_keeps_its_payer_and_what_is_unpaid_stays_so(club: Club) -> None:
    it, one, two = club.sells(visits=1), club.lesson(starts=time(8)), club.lesson(starts=time(9))
    assert (club.marks(one, PRESENT), club.marks(two, PRESENT)) == (paid_by(it), UNPAID)
    better = club.sells()
    for status in (LATE, ABSENT, PRESENT):
        assert (club.marks(one, status), club.marks(two, status)) == (paid_by(it), UNPAID)
    assert club.left(it, better) == [0, None]


def test_what_is_no_longer_charged_gives_its_visit_back_even_to_an_expired_pass(club: Club) -> None:
    it, lesson = club.sells(visits=1, valid_days=8), club.lesson()
    for status, more in ((EXCUSED, {}), (PRESENT, {"trial": True}), (None, {})):
        club.marks(lesson, PRESENT, trial=None)
        assert club.left(it) == [0]
        club.world.clock.pass_by(days=30)
        assert club.now(it).state is SubscriptionState.USED_UP
        assert club.marks(lesson, status, **more) in (NOTHING, None)
        assert club.left(it) == [1]
        assert club.now(it).state is SubscriptionState.EXPIRED


def test_what_is_newly_charged_is_allocated(club: Club) -> None:
    lesson = club.lesson()
    assert club.marks(lesson, EXCUSED) == NOTHING
    it = club.sells(visits=8)
    assert club.marks(lesson, LATE) == paid_by(it)
    assert club.marks(lesson, LATE, trial=True) == NOTHING
    assert club.marks(lesson, LATE) == NOTHING, "an absent field stays"
    assert club.marks(lesson, LATE, trial=None) == paid_by(it)
    assert club.left(it) == [7]


def test_another_pass_pays_when_it_is_named_and_the_first_again_when_none_is_to_be(club: Club) -> None:
    first, other, lesson = club.sells(visits=1, valid_days=8), club.sells(visits=1), club.lesson()
    assert club.marks(lesson, PRESENT) == paid_by(first)
    assert club.marks(lesson, PRESENT, subscription_id=other.id) == paid_by(other)
    assert club.left(first, other) == [1, 0]
    assert club.marks(lesson, PRESENT) == paid_by(other)
    assert club.marks(lesson, PRESENT, subscription_id=None) == paid_by(first)
    assert club.left(first, other) == [0, 1]


def test_each_change_of_payer_is_told_of_the_mark(club: Club) -> None:
    first, other, lesson = club.sells(visits=1, valid_days=8), club.sells(visits=1), club.lesson()
    club.marks(lesson, PRESENT)
    club.marks(lesson, PRESENT, subscription_id=other.id)
    club.marks(lesson, EXCUSED)
    club.marks(lesson, ABSENT)
    club.marks(lesson, None)
    told = [
        (
            event.action,
            (event.before or {}).get("subscription_id"),
            (event.after or {}).get("subscription_id"),
        )
        for event in club.events(lesson)
    ]
    one, two, marked = str(first.id), str(other.id), (Action.ATTENDANCE_MARKED, None, None)
    assert told == [
        marked, (Action.ATTENDANCE_CHARGED, None, one), (Action.ATTENDANCE_CHARGED, one, two), marked,
        (Action.ATTENDANCE_CHARGED, two, None), marked, (Action.ATTENDANCE_CHARGED, None, one),
        (Action.ATTENDANCE_CLEARED, one, None),
    ]  # fmt: skip
    assert {(event.actor_id, event.subject_id) for event in club.events(lesson)} == {
        (club.head.id, mark_id(lesson.id, club.child.id))
    }


@pytest.mark.plants
def test_a_correction_is_seen_to_change_the_payer_when_nobody_remembers_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def forgetful(*args: Any, **rest: Any) -> Charge:
        return charging.charge(*args, **rest | {"before": NOTHING, "subscription_id": None})

    monkeypatch.setattr(attendance_module, "charge", forgetful)
    club = Club(MemoryStore())
    it, lesson = club.sells(visits=1), club.lesson()
    assert club.marks(lesson, PRESENT) == paid_by(it)
    better = club.sells()
    assert club.marks(lesson, LATE) == paid_by(better)


# Unpaid


def test_an_unpaid_visit_is_settled_by_naming_a_pass(club: Club) -> None:
    lesson = club.lesson()
    assert club.marks(lesson, PRESENT) == UNPAID
    it = club.sells(visits=1)
    assert club.marks(lesson, PRESENT) == UNPAID
    assert club.marks(lesson, PRESENT, subscription_id=it.id) == paid_by(it)
    assert club.row(lesson).marked_at == make.NOON
    assert [event.action for event in club.events(lesson)] == [
        "attendance.marked", "attendance.charged", "attendance.charged"
    ]  # fmt: skip


def unpaid_visits(club: Club) -> dict[str, LessonDetails]:
    """By day and hour; made in another order than they are to be settled."""
    made = {
        "2 early": club.lesson(TODAY - 2 * DAY, time(8)),
        "today": club.lesson(TODAY),
        "2 late": club.lesson(TODAY - 2 * DAY, time(9)),
        "too old": club.lesson(LAST_WEEK - DAY),
        "5": club.lesson(TODAY - 5 * DAY),
        "other": club.lesson(TODAY - 6 * DAY, group=club.other),
        "excused": club.lesson(TODAY - 6 * DAY),
        "cancelled": club.lesson(TODAY - 6 * DAY, time(10)),
    }
    for name, lesson in made.items():
        club.marks(lesson, EXCUSED if name == "excused" else PRESENT)
    club.cancels(made["cancelled"])
    return made


def test_a_new_pass_settles_what_is_unpaid_inside_it_oldest_first(club: Club) -> None:
    lessons = unpaid_visits(club)
    it = club.sells(visits=3, group_ids=(club.group.id,), settle_unpaid=True)
    assert it.visits_left == 0
    assert club.now(it) == it
    assert {name for name, lesson in lessons.items() if club.costs(lesson) == paid_by(it)} == {
        "5", "2 early", "2 late"
    }  # fmt: skip
    assert {name for name, lesson in lessons.items() if club.costs(lesson) == UNPAID} == {
        "today", "too old", "other"
    }  # fmt: skip
    more = club.sells(settle_unpaid=True, visits=8)
    assert more.visits_left == 6
    assert club.costs(lessons["too old"]) == UNPAID
    assert club.left(club.sells(settle_unpaid=True, visits=8)) == [8], "there is nothing more to settle"


def test_a_new_pass_settles_nothing_that_it_is_not_asked_to(club: Club) -> None:
    lessons = unpaid_visits(club)
    it = club.sells(visits=8)
    assert club.left(it) == [8]
    frozen_out = club.sells(visits=8, settle_unpaid=True, to=club.guest)
    assert club.left(frozen_out) == [8]
    assert club.costs(lessons["5"]) == UNPAID


def test_a_new_pass_that_spares_absences_settles_them_for_nothing(club: Club) -> None:
    absent, present = club.lesson(starts=time(8)), club.lesson(starts=time(9))
    club.marks(absent, ABSENT)
    club.marks(present, LATE)
    it = club.sells(visits=1, charges_absence=False, settle_unpaid=True)
    assert (club.costs(absent), club.costs(present)) == (NOTHING, paid_by(it))
    assert it.visits_left == 0


@pytest.mark.plants
def test_a_new_pass_is_seen_to_settle_more_than_it_has_when_nobody_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Subscription, "visits_left", property(lambda _: 1))
    club = Club(MemoryStore())
    lessons = unpaid_visits(club)
    it = club.sells(visits=3, settle_unpaid=True)
    assert sum(club.costs(lesson) == paid_by(it) for lesson in lessons.values()) > 3


# Lessons that are cancelled, restored and moved


def test_a_cancelled_lesson_gives_its_visits_back_and_a_restored_one_is_charged_anew(club: Club) -> None:
    it, lesson = club.sells(visits=1), club.lesson()
    club.marks(lesson, PRESENT)
    club.marks(lesson, PRESENT, club.guest)
    club.cancels(lesson)
    assert club.left(it) == [1]
    assert club.alters(lesson, cancelled=False).reason == ""
    assert (club.costs(lesson), club.costs(lesson, club.guest)) == (paid_by(it), UNPAID)
    club.cancels(lesson)
    better = club.sells()
    club.alters(lesson, cancelled=False)
    assert club.costs(lesson) == paid_by(better)
    assert club.left(it) == [1]
    told = [event.action for event in club.events(lesson)]
    assert told == ["attendance.marked", *["attendance.charged"] * 5]


def test_what_cost_nothing_costs_nothing_when_its_lesson_is_restored(club: Club) -> None:
    it, lesson, other = club.sells(visits=8), club.lesson(starts=time(8)), club.lesson(starts=time(9))
    club.marks(lesson, EXCUSED)
    club.marks(other, PRESENT, trial=True)
    for each in (lesson, other):
        club.cancels(each)
        club.alters(each, cancelled=False)
        assert club.costs(each) == NOTHING
    assert club.left(it) == [8]


def test_a_moved_lesson_keeps_the_payer_that_covers_the_new_date(club: Club) -> None:
    it, lesson = club.sells(visits=1), club.lesson()
    club.marks(lesson, PRESENT)
    better = club.sells()
    club.alters(lesson, date=TODAY - DAY)
    assert club.costs(lesson) == paid_by(it)
    assert [event.action for event in club.events(lesson)] == ["attendance.marked", "attendance.charged"]
    assert club.left(it, better) == [0, None]


def test_a_moved_lesson_is_paid_by_another_where_its_payer_does_not_cover_the_date(club: Club) -> None:
    old, new, lesson = (
        club.sells(visits=1, valid_days=7),
        club.sells(visits=1, starts_on=TODAY),
        club.lesson(),
    )
    club.marks(lesson, PRESENT)
    assert club.costs(lesson) == paid_by(new)
    for day, charge in (
        (TODAY - DAY, paid_by(old)), (LAST_WEEK - DAY, UNPAID), (TODAY - 2 * DAY, paid_by(old)),
        (TODAY, paid_by(new)),
    ):  # fmt: skip
        club.alters(lesson, date=day)
        assert club.costs(lesson) == charge, day
    assert club.left(old, new) == [1, 0]


def test_what_cost_nothing_costs_nothing_on_another_date(club: Club) -> None:
    sparing, lesson = club.sells(valid_days=7, visits=8, charges_absence=False), club.lesson(LAST_WEEK)
    charging = club.sells(starts_on=TODAY, visits=8)
    club.marks(lesson, ABSENT)
    club.alters(lesson, date=TODAY)
    assert club.costs(lesson) == NOTHING
    assert club.left(sparing, charging) == [8, 8]


def test_who_is_not_on_the_roster_of_the_new_date_becomes_a_guest(club: Club) -> None:
    lesson = club.lesson()
    club.marks(lesson, PRESENT)
    assert not club.row(lesson).guest
    club.alters(lesson, date=TODAY - 31 * DAY)
    assert club.row(lesson).guest
    club.alters(lesson, date=TODAY)
    assert not club.row(lesson).guest


@pytest.mark.plants
def test_a_cancelled_lesson_is_seen_to_keep_its_visits_when_nobody_charges_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lessons_module, "charge_again", lambda *_: None)
    club = Club(MemoryStore())
    it, lesson = club.sells(visits=1), club.lesson()
    club.marks(lesson, PRESENT)
    club.cancels(lesson)
    assert club.left(it) == [0]


# Edits of a pass that has paid

OUTSIDE: list[tuple[dict[str, Any], str]] = [
    ({"ends_on": TODAY - DAY}, "2026-03-02"),
    ({"cancelled_on": TODAY - 3 * DAY}, "2026-02-28, 2026-03-02"),
    ({"cancelled_on": LAST_WEEK - DAY}, "2026-02-23, 2026-02-28, 2026-03-02"),
    ({"freezes": (Freeze(since=TODAY - 2 * DAY, until=TODAY - DAY),)}, "2026-02-28"),
    ({"freezes": (Freeze(since=LAST_WEEK, until=TODAY),)}, "2026-02-23, 2026-02-28, 2026-03-02"),
]
INSIDE: list[dict[str, Any]] = [
    {"ends_on": TODAY}, {"ends_on": None}, {"cancelled_on": TODAY},
    {"freezes": (Freeze(since=TODAY - DAY, until=TODAY - DAY), Freeze(since=TODAY + DAY, until=TODAY + DAY))},
]  # fmt: skip


def test_an_edit_that_would_leave_a_charged_visit_outside_is_refused_and_names_the_dates(club: Club) -> None:
    it = club.sells(visits=8, valid_days=30)
    for day in (TODAY, LAST_WEEK, TODAY - 2 * DAY):
        club.marks(club.lesson(day), PRESENT)
    club.marks(club.lesson(TODAY - DAY), EXCUSED)
    before = club.now(it)
    for changes, days in OUTSIDE:
        with pytest.raises(VisitsOutside, match=f"^visits are charged to it on {days}$"):
            club.edits(it, **changes)
        assert club.now(it) == before
    for version, changes in enumerate(INSIDE, 2):
        assert club.edits(it, **changes).version == version
    assert club.left(it) == [5]


def test_a_visit_that_was_given_back_is_in_nobodys_way(club: Club) -> None:
    it, lesson = club.sells(visits=8), club.lesson()
    club.marks(lesson, PRESENT)
    with pytest.raises(VisitsOutside):
        club.edits(it, cancelled_on=TODAY - DAY)
    club.marks(lesson, EXCUSED)
    assert club.edits(it, cancelled_on=TODAY - DAY).state is SubscriptionState.CANCELLED


@pytest.mark.plants
def test_an_edit_is_seen_to_leave_visits_outside_when_nobody_asks_for_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(MemorySubscriptions, "days_charged", lambda *_: frozenset())
    club = Club(MemoryStore())
    it = club.sells(visits=8)
    club.marks(club.lesson(), PRESENT)
    assert club.edits(it, cancelled_on=TODAY - DAY).version == 2


# Many at once


ROUNDS_UNTIL_SEEN = 200


def at_once(acts: list[Callable[[], object]]) -> None:
    barrier = Barrier(len(acts))

    def act(it: Callable[[], object]) -> None:
        barrier.wait(60)
        with suppress(Unavailable, LessonCancelled):
            it()

    with ThreadPoolExecutor(len(acts)) as pool:
        for done in [pool.submit(act, it) for it in acts]:
            done.result(60)


def without_transactions(store: Store, monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> None:
    """Every call is one of its own, and others have their turn after the function of that name."""
    original = getattr(module, name)

    def others_first(*args: Any, **rest: Any) -> Any:
        found = original(*args, **rest)
        sleep(0.005)
        return found

    monkeypatch.setattr(type(store), "transaction", type(store).autocommit)
    monkeypatch.setattr(module, name, others_first)


def charged_at_once(club: Club) -> tuple[int, int]:
    """How many visits of a pass of two are charged, and how many are unpaid, when six are marked at once."""
    it = club.sells(visits=2)
    lessons = [club.lesson(starts=time(hour)) for hour in range(6)]
    at_once([lambda lesson=lesson: club.marks(lesson, PRESENT) for lesson in lessons])  # type: ignore[misc]
    costs = [club.costs(lesson) for lesson in lessons]
    assert club.left(it) == [2 - costs.count(paid_by(it))]
    return costs.count(paid_by(it)), costs.count(UNPAID)


def test_there_are_never_more_charges_than_visits_however_many_mark_at_once(club: Club) -> None:
    assert charged_at_once(club) == (2, 4)


@pytest.mark.plants
@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
def test_more_visits_are_seen_to_be_charged_when_clients_are_not_held(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SqlClients, "lock_existing", SqlClients.existing_ids)
    assert any(charged_at_once(another(store))[0] > 2 for _ in range(ROUNDS_UNTIL_SEEN))


def test_a_pass_is_sold_and_a_visit_marked_at_once_and_paid_for_at_most_once(club: Club) -> None:
    lesson = club.lesson()
    club.marks(lesson, PRESENT)
    it = club.sells(visits=1)
    at_once(
        [
            lambda: club.sells(visits=1, settle_unpaid=True),
            lambda: club.sells(visits=1, settle_unpaid=True),
            lambda: club.marks(lesson, LATE, subscription_id=it.id),
            lambda: club.cancels(lesson),
        ]
    )
    club.alters(lesson, cancelled=False)
    listed = club.use.subscriptions_of_client(club.head, client_id=club.child.id)
    charge = club.costs(lesson)
    assert charge
    assert charge.subscription_id
    assert sorted(each.visits_left or 0 for each in listed) == [0, 1, 1]
