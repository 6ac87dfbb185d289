"""Groups and lessons: rosters that stay what they were, lessons by schedule and by hand, over every store."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from threading import Barrier
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from attendance.adapters.memory import MemoryStore
from attendance.adapters.memory.club.lessons import MemoryLessons
from attendance.adapters.memory.store import REPOSITORIES
from attendance.adapters.sql.club import lessons as sql_lessons
from attendance.application.attendance.read_models import SheetDetails
from attendance.application.club import (
    groups as groups_module,
    lessons as lessons_module,
    schedules as scheduling,
)
from attendance.application.club.lessons import LessonDetails
from attendance.application.forms.read_models import read_model
from attendance.application.ports import Store
from attendance.domain.accounts.accounts import UserNotFound
from attendance.domain.attendance.marks import MarkingRules, SentMark
from attendance.domain.attendance.status import Status
from attendance.domain.club import groups as groups_domain
from attendance.domain.club.clients import ClientArchived, ClientNotFound
from attendance.domain.club.favorites import Favorites
from attendance.domain.club.groups import (
    Group,
    GroupFull,
    GroupMembership,
    GroupNotFound,
    HeldRosterChanges,
    RosterHeld,
    Slot,
    Teaching,
)
from attendance.domain.club.lessons import (
    AttendedLesson,
    Lesson,
    LessonNotFound,
    LessonState,
    Scheduled,
    SlotTaken,
    TooLate,
)
from attendance.domain.club.locations import Closure, Location, LocationNotFound
from attendance.domain.errors import Forbidden, Invalid, Outdated, Unavailable
from attendance.domain.events import Action
from attendance.domain.ids import AccountId, ClientId, GroupId, LessonId, LocationId, PriceId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.roles import Level, Role
from tests import make
from tests.application.club.test_club_records import all_events, events, names
from tests.examples import examples
from tests.fakes import ContendedStore, World

TODAY, DAY = date(2026, 3, 2), timedelta(days=1)
YESTERDAY, TOMORROW, FIRST = TODAY - DAY, TODAY + DAY, date(2026, 2, 2)
EIGHT, NINE, SIX_PM, SEVEN_PM = time(8), time(9), time(18), time(19)
MONDAYS = Slot(weekday=1, starts=SIX_PM, ends=SEVEN_PM)
SEEN = (AssertionError, pytest.fail.Exception)
"""What a test comes to whose guard is taken out: something is otherwise, or is not refused."""


def plain(lesson: LessonDetails) -> LessonDetails:
    """A lesson as it is shown, without the warnings that come with a change."""
    return read_model(LessonDetails, lesson)


class Club:
    """A world with a group at a location, somebody who teaches it, and everybody who may more."""

    def __init__(self, store: Store) -> None:
        self.world = World(store)
        self.use = self.world.use_cases
        self.clerk, self.other, self.manager, self.head = (
            self.world.having(role)
            for role in (Role.EMPLOYEE, Role.EMPLOYEE, Role.MANAGER, Role.HEAD_MANAGER)
        )
        self.location = self.use.add_location(self.head, name="Main", address="1 Main Street", capacity=20)
        self.group = self.use.add_group(
            self.manager,
            name="Club",
            location_id=self.location.id,
            teachers=(Teaching(user_id=self.clerk.id, since=FIRST),),
            schedule=(MONDAYS,),
        )

    def client(self, name: str = "Anna", **fields: Any) -> ClientId:
        return self.use.add_client(self.clerk, name=name, **fields).id

    def edits(self, by: Actor, **changes: Any) -> Group:
        return self.use.edit_group(by, group_id=self.group.id, **changes)

    def closes(self, *closures: Closure) -> Location:
        return self.use.edit_location(self.head, location_id=self.location.id, closures=closures)

    def adds(self, day: date = TODAY, starts: time = EIGHT, ends: time = NINE, **more: Any) -> LessonDetails:
        return plain(
            self.use.add_lesson(
                more.pop("by", self.manager),
                group_id=self.group.id,
                date=day,
                starts=starts,
                ends=ends,
                **more,
            )
        )

    def makes(self, since: date, until: date) -> scheduling.MadeLessons:
        return self.use.make_lessons(self.clerk, group_id=self.group.id, since=since, until=until)

    def changes(self, by: Actor, lesson: LessonDetails, **changes: Any) -> LessonDetails:
        return plain(self.use.edit_lesson(by, group_id=lesson.group_id, lesson_id=lesson.id, **changes))

    def marks(
        self, lesson: LessonDetails, client_id: ClientId, status: Status | None = Status.PRESENT
    ) -> None:
        sent = SentMark(client_id=client_id, status=status)
        self.use.mark_attendance(self.head, lesson_id=lesson.id, attendances=[sent])

    def now(self, lesson: LessonDetails) -> LessonDetails:
        return self.use.show_lesson(self.head, group_id=lesson.group_id, lesson_id=lesson.id)

    def lessons(self, **criteria: Any) -> list[LessonDetails]:
        return [*self.use.list_lessons(self.head, group_id=self.group.id, **criteria).items]


@pytest.fixture
def club(store: Store) -> Club:
    return Club(store)


def in_memory() -> Club:
    return Club(MemoryStore())


def member(client_id: ClientId, since: date = FIRST, until: date | None = None) -> GroupMembership:
    return GroupMembership(client_id=client_id, since=since, until=until)


# Groups


def test_what_is_added_and_edited_is_kept_and_told(club: Club) -> None:
    anna, use = club.client(), club.use
    assert use.show_group(club.manager, group_id=club.group.id) == club.group
    club.world.clock.pass_by(hours=1)
    edited = club.edits(club.manager, versions=[1], members=(member(anna),), capacity=3, schedule=())
    assert edited == replace(
        club.group,
        members=(member(anna),),
        capacity=3,
        schedule=(),
        version=2,
        updated_at=club.world.clock.now,
    )
    assert use.show_group(club.manager, group_id=club.group.id) == edited
    told = events(club.world, club.group.id)
    assert [(it.action, it.actor_id) for it in told] == [
        (Action.GROUP_ADDED, club.manager.id),
        (Action.GROUP_EDITED, club.manager.id),
    ]
    assert told[1].after == {
        "capacity": 3,
        "members": [{"client_id": str(anna), "since": "2026-02-02", "until": None}],
        "schedule": [],
    }
    before = all_events(club.world)
    assert club.edits(club.manager, members=(member(anna),)) == club.edits(club.manager) == edited
    assert all_events(club.world) == before
    with pytest.raises(Outdated):
        club.edits(club.manager, versions=[1], capacity=4)


def test_members_are_for_those_who_work_here(club: Club) -> None:
    club.edits(club.manager, members=(member(club.client()),))
    parent = club.world.having(Role.USER)
    for actor, number in ((parent, None), (club.other, 1), (club.head, 1)):
        members = club.use.show_group(actor, group_id=club.group.id).members
        assert (members and len(members)) == number
        for page in (None, 1):
            listed = club.use.list_groups(actor, page=page)
            assert [group.members for group in listed] == [members]
            assert listed.hidden == (frozenset() if number else {"members"})


@pytest.mark.plants
def test_members_are_seen_to_be_told_when_nobody_keeps_them_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups_module, "sees_members", lambda _: True)
    with pytest.raises(SEEN):
        test_members_are_for_those_who_work_here(in_memory())


def test_no_date_has_more_members_than_places(club: Club) -> None:
    anna, bea, cy = (club.client(name) for name in ("Anna", "Bea", "Cy"))
    in_turn = (member(anna, until=YESTERDAY), member(bea), member(cy, TODAY))
    club.edits(club.manager, capacity=2, members=in_turn)
    for changes in (
        {"capacity": 1},
        {"members": (*in_turn, member(anna, TOMORROW))},
        {"members": (*in_turn, member(anna, date(9999, 12, 31)))},
    ):
        with pytest.raises(GroupFull):
            club.edits(club.head, **changes)
    with pytest.raises(GroupFull):
        club.use.add_group(
            club.manager, name="x", location_id=club.location.id, capacity=1, members=in_turn[1:]
        )
    assert club.edits(club.manager, capacity=None, members=(*in_turn, member(anna, TOMORROW))).version == 3


@pytest.mark.plants
def test_a_group_is_seen_to_be_overfull_when_nobody_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups_domain, "most_at_once", lambda _: 0)
    with pytest.raises(SEEN):
        test_no_date_has_more_members_than_places(in_memory())


def test_who_is_archived_joins_no_group_but_stays(club: Club) -> None:
    anna, bea = club.client(), club.client("Bea", active=False)
    club.edits(club.manager, members=(member(anna),))
    club.use.edit_client(club.clerk, client_id=anna, active=False)
    for joining in (
        (member(anna, until=TODAY), member(bea)),
        (member(anna, until=TODAY), member(anna, TOMORROW)),
        (member(anna, until=TOMORROW),),
        (member(anna),),
    ):
        with pytest.raises(ClientArchived):
            club.edits(club.head, members=joining)
    with pytest.raises(ClientArchived):
        club.use.add_group(club.manager, name="x", location_id=club.location.id, members=(member(bea),))
    assert club.edits(club.manager, members=(member(anna, until=TODAY),)).members[0].until == TODAY


@pytest.mark.plants
def test_who_is_archived_is_seen_to_join_when_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    get_all_for_update = REPOSITORIES["clients"].get_all_for_update
    monkeypatch.setattr(
        REPOSITORIES["clients"],
        "get_all_for_update",
        lambda repo, ids: tuple(replace(it, active=True) for it in get_all_for_update(repo, ids)),
    )
    with pytest.raises(SEEN):
        test_who_is_archived_joins_no_group_but_stays(in_memory())


def rosters_changed(store: Store, rounds: int) -> Iterator[bool]:
    """For each lesson, whether it has another roster than the sheet that its first mark was answered with."""
    club = Club(store)
    anna, bea = club.client(), club.client("Bea")
    sent = [SentMark(client_id=anna, status=Status.PRESENT)]
    for n in range(rounds):
        lesson = club.adds(YESTERDAY - n * DAY)
        club.edits(club.head, members=(member(anna),))
        sheets: list[SheetDetails] = []

        barrier = Barrier(2)

        def mark(
            lesson: LessonDetails = lesson, sheets: list[SheetDetails] = sheets, barrier: Barrier = barrier
        ) -> None:
            barrier.wait(60)
            sheets.append(club.use.mark_attendance(club.head, lesson_id=lesson.id, attendances=sent))

        def join(barrier: Barrier = barrier) -> None:
            barrier.wait(60)
            with suppress(RosterHeld):
                club.edits(club.manager, members=(member(anna), member(bea)))

        with ThreadPoolExecutor(2) as pool:
            for done in [pool.submit(mark), pool.submit(join)]:
                done.result(60)
        now = club.use.show_sheet(club.head, lesson_id=lesson.id)
        yield now.total != sheets[0].total
        club.use.mark_attendance(
            club.head, lesson_id=lesson.id, attendances=[SentMark(client_id=anna, status=None)]
        )


def test_no_roster_changes_while_its_lesson_gets_the_first_mark(store: Store) -> None:
    assert [*rosters_changed(store, 15)] == [False] * 15


@pytest.mark.plants
@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
def test_a_roster_is_seen_to_change_when_lessons_are_not_held(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql_lessons, "LOCK_BEGUN", sql_lessons.HELD_DATES)
    assert any(rosters_changed(store, 1000))


def test_dates_are_corrected_while_no_held_roster_is_touched(club: Club) -> None:
    """A membership that was typed with the wrong year, say."""
    anna, bea = club.client(), club.client("Bea")
    club.edits(club.manager, members=(member(anna, TODAY - 365 * DAY),))
    club.adds(YESTERDAY)
    for right in (
        {"members": (member(anna, TODAY),)},
        {"members": (member(bea, TODAY - 9 * DAY), member(anna, YESTERDAY, YESTERDAY))},
        {"teachers": (Teaching(user_id=club.other.id, since=FIRST + DAY, until=YESTERDAY - DAY),)},
        {"members": (), "teachers": ()},
    ):
        group = club.edits(club.manager, **right)
        assert {name: getattr(group, name) for name in right} == right


def held_twice(club: Club) -> tuple[ClientId, ClientId]:
    """Lessons on three days before today, of which two were held, with the first client."""
    anna, bea = club.client(), club.client("Bea")
    club.edits(club.manager, members=(member(anna),))
    for days, is_held in ((21, True), (14, False), (7, True)):
        lesson = club.adds(TODAY - timedelta(days=days))
        if is_held:
            club.marks(lesson, anna)
    return anna, bea


def test_the_roster_of_a_lesson_that_was_held_stays_below_head_managers(club: Club) -> None:
    anna, bea = held_twice(club)
    for since, touched in ((FIRST, [21, 7]), (TODAY - timedelta(days=20), [7]), (TODAY - DAY * 7, [7])):
        with pytest.raises(RosterHeld) as refused:
            club.edits(club.manager, members=(member(anna), member(bea, since)))
        days = [TODAY - timedelta(days=it) for it in touched]
        assert refused.value.days == (*days,)
        named = ", ".join(map(str, days))
        assert str(refused.value) == (
            f"lessons were held with another roster: {named}; only a head manager may change it"
        )
    later = (member(anna, until=YESTERDAY), member(bea, TODAY - timedelta(days=6)))
    assert club.edits(club.manager, members=later).version == 3
    assert club.edits(club.head, members=(member(bea),)).version == 4


def test_whoever_may_change_a_held_roster_is_told_of_it_first_if_they_like(club: Club) -> None:
    anna, bea = held_twice(club)
    days = (TODAY - timedelta(days=21), TODAY - timedelta(days=7))
    of, version = club.group.id, club.group.version
    told = (
        lambda by: club.edits(by, members=(member(bea),), keep_held_rosters=True),
        lambda by: club.use.add_member(by, group_id=of, client_id=bea, since=FIRST, keep_held_rosters=True),
        lambda by: club.use.end_member(
            by, group_id=of, client_id=anna, until=days[0] - DAY, keep_held_rosters=True
        ),
    )
    for changes in told:
        with pytest.raises(HeldRosterChanges) as asked:
            changes(club.head)
        assert asked.value.days == days
        with pytest.raises(RosterHeld):
            changes(club.manager)
    assert club.use.show_group(club.head, group_id=of).version == version + 1
    # what changes no such roster is done at once
    later = (member(anna), member(bea, TODAY))
    assert club.edits(club.head, members=later, keep_held_rosters=True).version == version + 2


@pytest.mark.plants
def test_a_held_roster_is_seen_to_change_when_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Group, "days_with_other_roster", lambda *_: [])
    with pytest.raises(SEEN):
        test_the_roster_of_a_lesson_that_was_held_stays_below_head_managers(in_memory())


def test_who_leaves_today_was_there_before(club: Club) -> None:
    anna, _ = held_twice(club)
    lesson = club.lessons()[1]

    def roster() -> list[tuple[ClientId, bool]]:
        sheet = club.use.show_sheet(club.head, lesson_id=lesson.id)
        return [(entry.client_id, entry.guest) for entry in sheet.attendances]

    assert roster() == [(anna, False)]
    club.edits(club.manager, members=(member(anna, until=YESTERDAY),))
    assert roster() == [(anna, False)]
    assert club.group.members == ()


# Lessons


def test_a_lesson_is_a_copy_of_what_group_and_place_are(club: Club) -> None:
    lesson = club.adds(by=club.clerk)
    assert (lesson.teachers, lesson.capacity, lesson.timezone) == ((club.clerk.id,), 20, "Europe/Berlin")
    assert (lesson.starts_at, lesson.ends_at) == (
        datetime(2026, 3, 2, 7, tzinfo=UTC),
        datetime(2026, 3, 2, 8, tzinfo=UTC),
    )
    club.edits(club.head, teachers=(), capacity=3)
    club.use.edit_location(club.head, location_id=club.location.id, timezone="UTC", capacity=4)
    assert club.now(lesson) == lesson
    assert [(it.action, it.actor_id) for it in events(club.world, lesson.id)] == [
        (Action.LESSON_ADDED, club.clerk.id)
    ]
    other = club.adds(TOMORROW)
    assert (other.teachers, other.capacity, other.timezone) == ((), 3, "UTC")


def test_a_lesson_moves_is_cancelled_and_restored_and_each_is_told(club: Club) -> None:
    lesson = club.adds()
    for changes, action in (
        ({"date": TOMORROW, "topic": "chess"}, Action.LESSON_EDITED),
        ({"cancelled": True, "reason": "snow"}, Action.LESSON_CANCELLED),
        ({"cancelled": False}, Action.LESSON_RESTORED),
    ):
        changed = club.changes(club.clerk, lesson, versions=[club.now(lesson).version], **changes)
        assert club.now(lesson) == changed
        assert club.changes(club.clerk, lesson, **changes) == changed
        assert events(club.world, lesson.id)[-1].action is action
    assert (changed.version, len(events(club.world, lesson.id))) == (4, 4)
    assert (changed.date, changed.reason) == (TOMORROW, "")
    with pytest.raises(Outdated):
        club.changes(club.clerk, lesson, versions=[3], topic="go")


def test_no_two_lessons_of_a_group_begin_at_one_time(club: Club) -> None:
    club.adds()
    other = club.adds(TOMORROW)
    with pytest.raises(SlotTaken):
        club.adds(ends=time(8, 30))
    with pytest.raises(SlotTaken):
        club.changes(club.clerk, other, date=TODAY)
    assert club.now(other) == other


def test_a_lesson_is_held_when_it_began_and_somebody_is_marked(club: Club) -> None:
    anna, lesson = club.client(), club.adds(starts=time(13, 10), ends=time(14))
    club.marks(lesson, anna)
    at = club.world.clock
    assert (at.now.hour, club.now(lesson).state) == (12, LessonState.PLANNED)
    at.pass_by(minutes=10)
    assert club.now(lesson).state is LessonState.HELD
    assert [it.id for it in club.lessons(state=LessonState.HELD)] == [lesson.id]
    club.marks(lesson, anna, None)
    assert club.now(lesson).state is LessonState.PLANNED
    assert club.lessons(state=LessonState.HELD) == []


# By the schedule


def test_tuesdays_and_wednesdays_of_four_weeks_are_eight_lessons_once(club: Club) -> None:
    club.edits(club.manager, schedule=(replace(MONDAYS, weekday=2), replace(MONDAYS, weekday=3)))
    made = club.makes(TODAY, TODAY + 27 * DAY)
    assert (len(made.lessons), made.existing) == (8, 0)
    assert [*made.lessons] == club.lessons()
    assert {it.scheduled for it in made.lessons} == {
        Scheduled(date=it.date, starts=SIX_PM) for it in made.lessons
    }
    before = all_events(club.world)
    again = club.makes(TODAY, TODAY + 27 * DAY)
    assert (again.lessons, again.existing) == ((), 8)
    assert all_events(club.world) == before
    for lesson in made.lessons:
        assert [it.action for it in events(club.world, lesson.id)] == [Action.LESSON_ADDED]


def test_a_lesson_that_was_moved_is_not_made_again(club: Club) -> None:
    made = club.makes(TODAY, TODAY + 7 * DAY).lessons
    club.changes(club.clerk, made[0], date=TOMORROW, starts=EIGHT, ends=NINE)
    club.changes(club.clerk, made[1], cancelled=True, reason="snow")
    again = club.makes(TODAY, TODAY + 7 * DAY)
    assert (again.lessons, again.existing) == ((), 2)
    assert [it.scheduled for it in club.lessons()] == [it.scheduled for it in made]


@pytest.mark.plants
def test_a_moved_lesson_is_seen_to_be_made_again_when_its_place_is_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def taken(repo: MemoryLessons, *_: object) -> frozenset[Any]:
        return frozenset((it.date, it.starts) for it in repo.table.all())

    monkeypatch.setattr(MemoryLessons, "slots_taken", taken)
    # the store refuses the place, however often it is tried
    with pytest.raises(Unavailable):
        test_a_lesson_that_was_moved_is_not_made_again(Club(ContendedStore(MemoryStore())))


def test_what_is_in_the_way_stays_as_it_is(club: Club) -> None:
    by_hand = club.adds(TODAY, SIX_PM, time(18, 30), topic="chess")
    made = club.makes(TODAY, TODAY)
    assert (made.lessons, made.existing, club.lessons()) == ((), 1, [by_hand])


def test_nothing_is_made_while_the_place_is_closed_or_the_group_is_not_active(club: Club) -> None:
    club.closes(Closure(since=TODAY + 7 * DAY, until=TODAY + 8 * DAY))
    club.edits(club.manager, active_from=TODAY, active_until=TODAY + 14 * DAY)
    made = club.makes(TODAY - 7 * DAY, TODAY + 21 * DAY)
    assert [it.date for it in made.lessons] == [TODAY, TODAY + 14 * DAY]
    club.closes()
    again = club.makes(TODAY - 7 * DAY, TODAY + 21 * DAY)
    assert ([it.date for it in again.lessons], again.existing) == ([TODAY + 7 * DAY], 2)


@pytest.mark.plants
def test_a_lesson_is_seen_to_be_made_over_a_closure_when_nobody_looks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Location, "closure_on", lambda *_: None)
    with pytest.raises(SEEN):
        test_nothing_is_made_while_the_place_is_closed_or_the_group_is_not_active(in_memory())


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=examples(40))
@given(
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Pacific/Apia", "Asia/Kathmandu", "UTC"]),
    slots=st.sets(st.tuples(st.integers(1, 7), st.integers(0, 23)), max_size=6),
    since=st.dates(date(2007, 1, 1), date(2012, 1, 31)),
    days=st.integers(0, 365),
)
def test_a_made_lesson_starts_by_the_schedule_but_where_clocks_skip_and_twice_makes_none(
    zone: str, slots: set[tuple[int, int]], since: date, days: int
) -> None:
    club = in_memory()
    club.use.edit_location(club.head, location_id=club.location.id, timezone=zone)
    schedule = tuple(Slot(weekday=day, starts=time(hour, 5), ends=time(hour, 50)) for day, hour in slots)
    club.edits(club.head, schedule=schedule)
    until = since + timedelta(days=days)
    made = club.makes(since, until)
    weekdays = [(since + timedelta(days=it)).isoweekday() for it in range(days + 1)]
    # what clocks move forward may come to be where another lesson is
    assert len(made.lessons) + made.existing == sum(weekdays.count(day) for day, _ in slots)
    assert made.existing <= 2
    for lesson in made.lessons:
        assert (lesson.date.isoweekday(), lesson.starts.hour) in slots
        local = lesson.starts_at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        said = datetime.combine(lesson.date, lesson.starts)
        exists = said.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).astimezone(ZoneInfo(zone))
        assert local == said or exists.replace(tzinfo=None) != said
        assert lesson.ends_at - lesson.starts_at == timedelta(minutes=45)
    again = club.makes(since, until)
    assert (again.lessons, again.existing) == ((), len(made.lessons) + made.existing)


@pytest.mark.parametrize(
    ("zone", "day", "starts_at"),
    [
        ("Europe/Berlin", date(2026, 3, 29), datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        ("Europe/Berlin", date(2026, 10, 25), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("America/New_York", date(2007, 3, 11), datetime(2007, 3, 11, 7, 30, tzinfo=UTC)),
    ],
)
def test_clocks_that_change_are_gone_by(club: Club, zone: str, day: date, starts_at: datetime) -> None:
    club.use.edit_location(club.head, location_id=club.location.id, timezone=zone)
    slot = Slot(weekday=day.isoweekday(), starts=time(2, 30), ends=time(3, 15))
    club.edits(club.manager, schedule=(slot,))
    (lesson,) = club.makes(day, day).lessons
    assert (lesson.starts_at, lesson.ends_at) == (starts_at, starts_at + timedelta(minutes=45))
    assert club.now(lesson) == lesson


# Closures


def test_a_closure_cancels_what_is_to_come_and_its_end_restores_exactly_that(club: Club) -> None:
    anna, moved_to = club.client(), TODAY + 40 * DAY
    begun = club.adds(TODAY, EIGHT, NINE)
    made = club.makes(TODAY, TODAY + 35 * DAY).lessons
    today, off, marked, moved, fine, outside = made
    off = club.changes(club.clerk, off, cancelled=True, reason="snow")
    club.marks(marked, anna, Status.EXCUSED)
    club.closes(Closure(since=YESTERDAY, until=fine.date, reason="paint"))
    closed = [it for it in club.lessons() if it.reason == "paint"]
    assert [(it.id, it.reason) for it in closed] == [(it.id, "paint") for it in (today, moved, fine)]
    assert club.now(begun) == begun
    assert club.now(off) == off
    assert club.now(marked).state is LessonState.PLANNED
    assert club.now(outside) == outside
    still = club.changes(club.clerk, moved, date=fine.date - DAY)
    assert (still.state, still.reason) == (LessonState.CANCELLED, "paint"), "it is closed there, too"
    opened = club.changes(club.clerk, moved, date=moved_to)
    assert (opened.state, opened.reason) == (LessonState.PLANNED, ""), "it is moved so as to take place"
    club.closes(Closure(since=YESTERDAY, until=TODAY, reason="paint"))
    assert club.now(fine) == replace(fine, version=3, updated_at=club.world.clock.now)
    assert club.now(today).state is LessonState.CANCELLED
    club.closes()
    assert [it.id for it in club.lessons() if it.state is LessonState.CANCELLED] == [off.id]
    assert [it.action for it in events(club.world, fine.id)] == [
        Action.LESSON_ADDED,
        Action.LESSON_CANCELLED,
        Action.LESSON_RESTORED,
    ]


@pytest.mark.plants
def test_a_closure_is_seen_to_cancel_what_was_when_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduling, "_is_to_come_unmarked", lambda *_: True)
    with pytest.raises(SEEN):
        test_a_closure_cancels_what_is_to_come_and_its_end_restores_exactly_that(in_memory())


@pytest.mark.plants
def test_what_somebody_cancelled_is_seen_to_be_restored_when_closures_are_not_told_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    edited = Lesson.edited

    def blamed(lesson: Lesson, changes: Any, does: Any, **more: Any) -> Any:
        after, event = edited(lesson, changes, does, **more)
        return replace(after, closed=after.cancelled), event

    monkeypatch.setattr(Lesson, "edited", blamed)
    with pytest.raises(SEEN):
        test_a_closure_cancels_what_is_to_come_and_its_end_restores_exactly_that(in_memory())


def test_closures_that_overlap_cancel_once_and_the_reason_is_that_of_one_there_is(club: Club) -> None:
    (lesson,) = club.makes(TODAY, TODAY).lessons
    first, second = (Closure(since=TODAY - it * DAY, until=TODAY + it * DAY, reason=f"{it}") for it in (1, 2))
    other = replace(second, reason="x")
    for closures, reason, version in (
        ([first], "1", 2),
        ([first, second], "1", 2),
        ([second], "2", 3),
        ([other], "x", 4),
    ):
        club.closes(*closures)
        assert (club.now(lesson).reason, club.now(lesson).version) == (reason, version), closures
    club.closes()
    assert (club.now(lesson).state, club.now(lesson).version) == (LessonState.PLANNED, 5)


# Who may


def test_who_teaches_the_group_may_and_who_does_not_may_not(club: Club) -> None:
    lesson, use, group_id = club.adds(), club.use, club.group.id
    parent = club.world.having(Role.USER)
    club.edits(
        club.head,
        teachers=(
            *club.group.teachers,
            Teaching(user_id=parent.id, since=FIRST),
            Teaching(user_id=club.other.id, since=FIRST, until=YESTERDAY),
        ),
    )
    for actor in (club.other, parent):
        for call in (
            lambda who: club.adds(TOMORROW, by=who),
            lambda who: use.make_lessons(who, group_id=group_id, since=TODAY, until=TODAY),
            lambda who: club.changes(who, lesson, topic="x"),
        ):
            with pytest.raises(Forbidden):
                call(actor)
    assert club.adds(TOMORROW, by=club.clerk).version == 1
    assert club.changes(club.clerk, lesson, topic="x").version == 2
    assert club.changes(club.other, club.adds(YESTERDAY), topic="x").version == 2, "who taught then"
    assert use.make_lessons(club.clerk, group_id=group_id, since=TODAY, until=TODAY).existing == 0


def test_a_substitute_may_change_the_lesson_and_only_managers_say_who_is_one(club: Club) -> None:
    lesson = club.adds()
    for teachers in ((), (club.other.id,), (club.clerk.id, club.other.id)):
        with pytest.raises(Forbidden):
            club.changes(club.clerk, lesson, teachers=teachers)
        with pytest.raises(Forbidden):
            club.adds(TOMORROW, by=club.clerk, teachers=teachers)
    assert club.changes(club.clerk, lesson, teachers=(club.clerk.id,)) == lesson
    assert club.changes(club.manager, lesson, teachers=(club.other.id,)).version == 2
    assert club.changes(club.other, lesson, topic="chess").version == 3
    assert club.changes(club.clerk, lesson, topic="go").version == 4
    with pytest.raises(Forbidden):
        club.changes(club.other, club.adds(TOMORROW), topic="x")


@pytest.mark.plants
@pytest.mark.parametrize("test", [
    test_who_teaches_the_group_may_and_who_does_not_may_not,
    test_a_substitute_may_change_the_lesson_and_only_managers_say_who_is_one,
])  # fmt: skip
def test_who_teaches_nothing_is_seen_to_do_it_when_nobody_asks(
    test: Callable[[Club], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lessons_module, "require_level", lambda *_, **__: None)
    with pytest.raises(SEEN):
        test(in_memory())


@pytest.mark.plants
def test_whoever_teaches_is_seen_to_say_who_else_does_when_nobody_asks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lessons_module, "may_choose_teachers", lambda _: True)
    with pytest.raises(SEEN):
        test_a_substitute_may_change_the_lesson_and_only_managers_say_who_is_one(in_memory())


WINDOWS = [(7, "clerk"), (60, "manager"), (5000, "head")]


@pytest.mark.parametrize(("days", "who"), WINDOWS)
def test_a_lesson_with_marks_is_changed_while_its_marks_may_be(club: Club, days: int, who: str) -> None:
    actor: Actor = getattr(club, who)
    lesson, unmarked = club.adds(), club.adds(starts=NINE, ends=time(10))
    club.marks(lesson, club.client())
    club.world.clock.pass_by(days=days)
    moves: list[dict[str, Any]] = [
        {"cancelled": True, "reason": "snow"}, {"cancelled": False}, {"starts": time(7)},
    ]  # fmt: skip
    for changes in moves:
        club.changes(actor, lesson, **changes)
    if who == "head":
        return
    club.world.clock.pass_by(days=1)
    for changes in (moves[0], moves[2] | {"starts": EIGHT}, {"date": TOMORROW}, {"ends": time(10)}):
        with pytest.raises(TooLate):
            club.changes(actor, lesson, **changes)
    assert club.changes(actor, lesson, topic="chess").topic == "chess"
    assert club.changes(actor, unmarked, date=TOMORROW, starts=EIGHT).date == TOMORROW


@pytest.mark.plants
@pytest.mark.parametrize(("days", "who"), WINDOWS[:2])
def test_a_lesson_is_seen_to_change_too_late_when_nobody_asks_the_date(
    days: int, who: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MarkingRules, "require_in_time", lambda *_, **__: None)
    with pytest.raises(SEEN):
        test_a_lesson_with_marks_is_changed_while_its_marks_may_be(in_memory(), days, who)


def test_a_lesson_with_marks_is_not_moved_to_where_it_is_still_to_come(club: Club) -> None:
    anna, lesson, planned = club.client(), club.adds(), club.adds(TODAY + 7 * DAY)
    club.marks(lesson, anna)
    club.marks(planned, anna, Status.EXCUSED)
    before = all_events(club.world)
    for actor in (club.clerk, club.manager, club.head):
        for move in ({"date": TODAY + 9 * DAY}, {"date": TOMORROW}, {"starts": time(20), "ends": time(21)}):
            with pytest.raises(AttendedLesson):
                club.changes(actor, lesson, **move)
    assert all_events(club.world) == before
    assert club.changes(club.clerk, lesson, starts=NINE, ends=time(10)).state is LessonState.HELD
    assert club.changes(club.clerk, planned, date=TODAY + 9 * DAY).date == TODAY + 9 * DAY
    club.marks(lesson, anna, Status.EXCUSED)
    assert club.changes(club.clerk, lesson, date=TOMORROW).state is LessonState.PLANNED


@pytest.mark.parametrize(("who", "days"), [("clerk", 7), ("manager", 60)])
def test_moving_a_lesson_with_marks_gives_nobody_more_days(club: Club, who: str, days: int) -> None:
    actor: Actor = getattr(club, who)
    club.world.clock.now -= days * DAY
    marked_on = TODAY - days * DAY
    lesson, wrong = club.adds(marked_on), club.adds(marked_on - DAY)
    for it in (lesson, wrong):
        club.marks(it, club.client())
    moved = club.changes(actor, wrong, date=marked_on, starts=NINE, ends=time(10))
    assert moved.date == marked_on, "the day on which the mark was made"
    club.world.clock.pass_by(days=days)
    for day in (marked_on + DAY, YESTERDAY, TODAY):
        with pytest.raises(TooLate):
            club.changes(actor, lesson, date=day)
    assert club.changes(club.head, lesson, date=TODAY).date == TODAY


@pytest.mark.plants
@pytest.mark.parametrize("test", [
    test_a_lesson_with_marks_is_not_moved_to_where_it_is_still_to_come,
    partial(test_moving_a_lesson_with_marks_gives_nobody_more_days, who="clerk", days=7),
])  # fmt: skip
def test_a_lesson_is_seen_to_move_away_from_its_marks_when_nobody_looks_at_them(
    test: Callable[[Club], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MarkingRules, "require_movable", lambda *_, **__: None)
    with pytest.raises(SEEN):
        test(in_memory())


def test_below_their_level_nobody_does_anything(club: Club) -> None:
    lesson, use = club.adds(), club.use
    unconfirmed = replace(club.manager, level=Level.UNCONFIRMED)
    user = club.world.having(Role.USER)
    nothing = GroupId(make.new_id())
    for actor, call in (
        (unconfirmed, lambda who: use.list_groups(who)),
        (unconfirmed, lambda who: use.show_group(who, group_id=nothing)),
        (unconfirmed, lambda who: use.list_lessons(who, group_id=nothing)),
        (unconfirmed, lambda who: use.show_lesson(who, group_id=nothing, lesson_id=lesson.id)),
        (club.clerk, lambda who: use.add_group(who, name="x", location_id=club.location.id)),
        (club.clerk, lambda who: use.edit_group(who, group_id=nothing, name="x")),
        (user, lambda who: use.add_lesson(who, group_id=nothing, date=TODAY, starts=EIGHT, ends=NINE)),
        (user, lambda who: use.make_lessons(who, group_id=nothing, since=TODAY, until=TODAY)),
        (user, lambda who: use.edit_lesson(who, group_id=nothing, lesson_id=lesson.id, topic="x")),
    ):
        with pytest.raises(Forbidden):
            call(actor)


# Refused


def test_what_is_refused_leaves_nothing(club: Club) -> None:
    lesson, use, unknown = club.adds(), club.use, make.new_id()
    before, group_id, who = all_events(club.world), club.group.id, club.head
    other = Group(**{**_fields(club.group), "id": GroupId(make.new_id()), "name": "Other"})
    with club.world.store.transaction() as work:
        work.groups.add(other)
    backwards = {"since": TODAY, "until": YESTERDAY}
    stranger = (Teaching(user_id=AccountId(unknown), since=TODAY),)
    nowhere = LocationId(unknown)
    refused: list[tuple[type[Exception], Callable[[], object]]] = [
        (Invalid, lambda: use.list_groups(who, sort="capacity")),
        (Invalid, lambda: use.list_groups(who, page=0)),
        (Invalid, lambda: use.add_group(who, name="", location_id=club.location.id)),
        (Invalid, lambda: club.edits(who, members=(member(ClientId(unknown), TODAY, YESTERDAY),))),
        (LocationNotFound, lambda: use.add_group(who, name="x", location_id=nowhere)),
        (LocationNotFound, lambda: club.edits(who, location_id=nowhere)),
        (UserNotFound, lambda: club.edits(who, teachers=stranger)),
        (ClientNotFound, lambda: club.edits(who, members=(member(ClientId(unknown)),))),
        (GroupNotFound, lambda: use.show_group(who, group_id=GroupId(unknown))),
        (GroupNotFound, lambda: use.edit_group(who, group_id=GroupId(unknown), name="x")),
        (GroupNotFound, lambda: use.list_lessons(who, group_id=GroupId(unknown))),
        (Invalid, lambda: use.list_lessons(who, group_id=group_id, **backwards)),
        (Invalid, lambda: use.list_lessons(who, group_id=group_id, sort="starts")),
        (Invalid, lambda: club.adds(TOMORROW, NINE, EIGHT)),
        (Invalid, lambda: club.adds(TOMORROW, teachers=(who.id, who.id))),
        (LocationNotFound, lambda: club.adds(TOMORROW, location_id=nowhere)),
        (UserNotFound, lambda: club.adds(TOMORROW, teachers=(AccountId(unknown),))),
        (SlotTaken, lambda: club.adds()),
        (Invalid, lambda: club.makes(TODAY, YESTERDAY)),
        (Invalid, lambda: club.makes(TODAY, TODAY + 366 * DAY)),
        (GroupNotFound, lambda: use.make_lessons(who, group_id=GroupId(unknown), since=TODAY, until=TODAY)),
        (LessonNotFound, lambda: use.show_lesson(who, group_id=group_id, lesson_id=LessonId(unknown))),
        (LessonNotFound, lambda: use.show_lesson(who, group_id=other.id, lesson_id=lesson.id)),
        (LessonNotFound, lambda: use.edit_lesson(who, group_id=other.id, lesson_id=lesson.id, topic="x")),
        (LessonNotFound, lambda: use.edit_lesson(who, group_id=group_id, lesson_id=LessonId(unknown))),
        (LocationNotFound, lambda: club.changes(who, lesson, location_id=nowhere)),
        (UserNotFound, lambda: club.changes(who, lesson, teachers=(AccountId(unknown),))),
        (Invalid, lambda: club.changes(who, lesson, cancelled=True)),
        (Invalid, lambda: club.changes(who, lesson, reason="x")),
        (Invalid, lambda: club.changes(who, lesson, starts=SEVEN_PM)),
        (Invalid, lambda: use.add_price(who, **PASS, group_ids=(GroupId(unknown),))),
        (Invalid, lambda: use.add_price(who, **PASS, group_ids=(group_id, group_id))),
    ]
    for refusal, call in refused:
        with pytest.raises(refusal):
            call()
    assert all_events(club.world) == before
    assert (use.show_group(who, group_id=group_id), club.lessons()) == (club.group, [lesson])


PASS: dict[str, Any] = {"name": "Pass", "amount": Decimal(80), "currency": "EUR"}


def _fields(group: Group) -> dict[str, Any]:
    return {name: getattr(group, name) for name in group.__dataclass_fields__}


def test_what_loses_against_somebody_else_is_done_again_and_once() -> None:
    store = ContendedStore(MemoryStore())
    club = Club(store)
    store.times = 2
    assert club.edits(club.manager, name="Other").version == 2
    store.times = 2
    made = club.makes(TODAY, TODAY + 7 * DAY)
    assert (len(made.lessons), len(club.lessons())) == (2, 2)
    store.times = 2
    club.closes(Closure(since=TODAY, until=TODAY))
    assert [len(events(club.world, it.id)) for it in club.lessons()] == [2, 1]


# Lists, prices and favorites


def test_groups_are_listed_by_name_and_lessons_by_date(club: Club) -> None:
    for name in ("b", "A"):
        club.use.add_group(club.manager, name=name, location_id=club.location.id)
    assert names(club.use.list_groups(club.clerk)) == ["A", "b", "Club"]
    assert names(club.use.list_groups(club.clerk, sort="-name", page=1)) == ["Club", "b", "A"]
    later, sooner = club.adds(TOMORROW), club.adds(TODAY)
    assert club.lessons() == [sooner, later]
    assert club.lessons(sort="-date", page=1) == [later, sooner]
    assert club.lessons(since=TOMORROW, until=TOMORROW) == [later]


def test_favorites_are_what_there_is_of_them(club: Club) -> None:
    lesson, unknown, use = club.adds(), make.new_id(), club.use
    chosen: dict[str, tuple[UUID, ...]] = {
        "groups": (unknown, club.group.id, lesson.id),
        "lessons": (lesson.id, unknown),
    }
    with pytest.raises(Invalid) as refused:
        use.replace_favorites(club.clerk, user_id=club.clerk.id, **chosen)
    assert [(error.field, error.message) for error in refused.value.field_errors] == [
        ("groups[0]", "is no group"), ("groups[2]", "is no group"), ("lessons[1]", "is no lesson"),
    ]  # fmt: skip
    with club.world.store.transaction() as work:
        work.favorites.save(Favorites(account_id=club.clerk.id, **chosen, version=1))
    shown = use.show_favorites(club.clerk, user_id=club.clerk.id)
    assert shown == use.show_favorites(club.clerk, user_id=club.clerk.id)
    assert shown == Favorites(
        account_id=club.clerk.id, groups=(club.group.id,), lessons=(lesson.id,), version=1
    )


def test_a_price_is_for_groups_that_there_are(club: Club) -> None:
    price = club.use.add_price(club.head, **PASS, group_ids=(club.group.id,))
    assert club.use.show_price(club.head, price_id=price.id).group_ids == (club.group.id,)
    with pytest.raises(Invalid) as refused:
        club.use.edit_price(
            club.head, price_id=PriceId(price.id), group_ids=(club.group.id, GroupId(make.new_id()))
        )
    assert [error.field for error in refused.value.field_errors] == ["group_ids[1]"]
