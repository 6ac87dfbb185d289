"""Groups with the names of their people, and what would be made of a schedule, over every store."""

from datetime import date, time, timedelta

import pytest

from attendance.application.club import schedules
from attendance.application.club.schedules import WhySkipped
from attendance.application.club.timetables import overviews, rosters
from attendance.application.ports import Store
from attendance.domain.club.groups import GroupNotFound, Slot, Teaching
from attendance.domain.club.locations import Closure
from attendance.domain.errors import Forbidden
from attendance.domain.ids import GroupId
from attendance.domain.permissions.roles import Role
from tests import make
from tests.application.club.test_club_records import all_events
from tests.application.club.test_groups_and_lessons import (
    DAY,
    EIGHT,
    FIRST,
    NINE,
    SEEN,
    TODAY,
    TOMORROW,
    YESTERDAY,
    Club,
    in_memory,
    member,
)

FIVE_WEEKS = TODAY + 34 * DAY


@pytest.fixture
def club(store: Store) -> Club:
    return Club(store)


def test_a_roster_is_told_as_of_a_day_with_its_names(club: Club) -> None:
    anna, bea, cy = club.client("Änna"), club.client("Bea", notes="asthma"), club.client("Cy")
    coming, gone = TODAY + 9 * DAY, TODAY + 5 * DAY
    club.edits(
        club.manager, members=(member(bea), member(anna, until=gone), member(cy, coming, coming + DAY))
    )
    roster = club.use.show_roster(club.clerk, group_id=club.group.id)
    assert (roster.day, roster.today, roster.location.name) == (TODAY, TODAY, "Main")
    assert [(it.client.name, it.client.notes, it.since, it.until) for it in roster.entries] == [
        ("Änna", "", FIRST, gone),
        ("Bea", "asthma", FIRST, None),
    ]
    assert roster.changes == (gone + DAY, coming, coming + 2 * DAY)
    assert [(it.user_id, it.since, it.until) for it in roster.teachers] == [(club.clerk.id, FIRST, None)]
    later = club.use.show_roster(club.clerk, group_id=club.group.id, day=coming)
    assert [it.client.name for it in later.entries] == ["Bea", "Cy"]
    assert (later.day, later.changes) == (coming, (coming + 2 * DAY,))
    assert club.use.show_roster(club.clerk, group_id=club.group.id, day=FIRST - DAY).entries == ()


def test_a_roster_says_who_teaches_and_may_add_lessons(club: Club) -> None:
    said = [
        (roster.teaches, roster.may_add_lessons)
        for actor in (club.clerk, club.other, club.manager, club.head)
        for roster in [club.use.show_roster(actor, group_id=club.group.id)]
    ]
    assert said == [(True, True), (False, False), (False, True), (False, True)]
    club.edits(club.manager, teachers=(Teaching(user_id=club.clerk.id, since=FIRST, until=YESTERDAY),))
    assert not club.use.show_roster(club.clerk, group_id=club.group.id).may_add_lessons


def test_people_of_groups_are_for_those_who_work_here(club: Club) -> None:
    parent = club.world.having(Role.USER)
    for ask in (
        lambda: club.use.show_roster(parent, group_id=club.group.id),
        lambda: club.use.list_group_overviews(parent),
        lambda: club.use.list_teachers(parent),
    ):
        with pytest.raises(Forbidden):
            ask()
    with pytest.raises(GroupNotFound):
        club.use.show_roster(club.clerk, group_id=GroupId(make.new_id()))


@pytest.mark.plants
def test_people_of_groups_are_seen_to_be_told_when_nobody_asks_who(monkeypatch: pytest.MonkeyPatch) -> None:
    for asked in (overviews, rosters):
        monkeypatch.setattr(asked, "require_level", lambda *_: None)
    with pytest.raises(SEEN):
        test_people_of_groups_are_for_those_who_work_here(in_memory())


def test_teachers_are_those_who_may_teach_and_who_taught(club: Club) -> None:
    gone = club.world.having(Role.USER)
    found = club.use.list_teachers(club.clerk, user_ids=[gone.id, club.clerk.id, make.new_id()])
    assert {(it.user_id, it.may_teach) for it in found} == {
        *((actor.id, True) for actor in (club.clerk, club.other, club.manager, club.head)),
        (gone.id, False),
    }
    assert gone.id not in {it.user_id for it in club.use.list_teachers(club.clerk)}


def test_groups_are_told_with_what_they_are_like_today(club: Club) -> None:
    elsewhere = club.use.add_location(club.head, name="Yard", address="2 Side Street")
    over = club.use.add_group(
        club.manager, name="Ärea", location_id=elsewhere.id, active_from=FIRST, active_until=YESTERDAY
    )
    club.edits(
        club.manager,
        members=(member(club.client("Bea")), member(club.client("Cy"), TOMORROW)),
        teachers=(
            Teaching(user_id=club.other.id, since=FIRST, until=YESTERDAY),
            Teaching(user_id=club.clerk.id, since=FIRST),
        ),
    )
    club.adds(YESTERDAY)
    following = club.adds(TOMORROW)
    (first, second) = club.use.list_group_overviews(club.other, page=1)
    (teacher,) = (it.name for it in club.use.list_teachers(club.clerk) if it.user_id == club.clerk.id)
    assert (first.name, first.location_name, first.size, first.active) == ("Ärea", "Yard", 0, False)
    assert (first.teacher_names, first.next_lesson) == ((), None)
    assert (second.name, second.location_name, second.size, second.active) == ("Club", "Main", 1, True)
    assert (second.teacher_names, second.next_lesson) == ((teacher,), following)
    for found, question in (
        ([over.id], {"q": "area"}),
        ([over.id], {"active": False}),
        ([over.id], {"location_id": elsewhere.id}),
        ([club.group.id], {"teacher_id": club.clerk.id}),
        ([], {"teacher_id": club.other.id}),
    ):
        for page in (None, 1):
            listed = club.use.list_group_overviews(club.clerk, page=page, **question)  # type: ignore[arg-type]
            assert [group.id for group in listed] == found
            assert listed.total == len(found)


def test_a_whole_list_of_overviews_goes_on_beyond_its_first_batch(
    club: Club, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("attendance.application.forms.listing.BATCH", 2)
    for name in ("A", "B", "D", "E"):
        club.use.add_group(club.manager, name=name, location_id=club.location.id)
    assert [it.name for it in club.use.list_group_overviews(club.clerk)] == ["A", "B", "Club", "D", "E"]


# What would be made of a schedule


def test_what_would_be_made_is_told_and_not_made(club: Club) -> None:
    monday = timedelta(days=7)
    kept = club.use.make_lessons(club.clerk, group_id=club.group.id, since=TODAY, until=TODAY).lessons
    stale = club.use.make_lessons(
        club.clerk, group_id=club.group.id, since=TODAY + monday, until=TODAY + monday
    ).lessons
    club.adds(TODAY + 2 * monday, time(18, 30), time(19, 30))
    club.closes(Closure(since=TODAY + 3 * monday, until=TODAY + 3 * monday, reason="Holidays"))
    before, lessons = all_events(club.world), club.lessons()
    seen = club.use.make_lessons(
        club.clerk, group_id=club.group.id, since=TODAY, until=FIVE_WEEKS, preview=True
    )
    assert [it.date for it in seen.lessons] == [TODAY + 4 * monday]
    assert [(it.date, it.why, it.reason) for it in seen.skipped] == [
        (TODAY, WhySkipped.MADE_BEFORE, ""),
        (TODAY + monday, WhySkipped.MADE_BEFORE, ""),
        (TODAY + 2 * monday, WhySkipped.IN_THE_WAY, ""),
        (TODAY + 3 * monday, WhySkipped.CLOSED, "Holidays"),
    ]
    assert (seen.existing, seen.removed, seen.removed_lessons) == (3, 0, ())
    assert (all_events(club.world), club.lessons()) == (before, lessons)
    assert kept[0] in lessons
    assert stale[0] in lessons
    done = club.use.make_lessons(club.clerk, group_id=club.group.id, since=TODAY, until=FIVE_WEEKS)
    assert [it.date for it in done.lessons] == [it.date for it in seen.lessons]
    assert done.skipped == seen.skipped


def test_what_would_be_replaced_is_told_and_stays(club: Club) -> None:
    club.makes(TODAY, FIVE_WEEKS)
    club.edits(club.manager, schedule=(Slot(weekday=2, starts=EIGHT, ends=NINE),))
    before, lessons = all_events(club.world), club.lessons()

    def make_again(*, preview: bool) -> schedules.MadeLessons:
        return club.use.make_lessons(
            club.manager,
            group_id=club.group.id,
            since=TOMORROW,
            until=FIVE_WEEKS,
            replace=True,
            preview=preview,
        )

    seen = make_again(preview=True)
    assert (seen.removed, len(seen.lessons), len(seen.skipped)) == (4, 5, 0)
    assert seen.removed_lessons == tuple(lessons[1:])
    assert (all_events(club.world), club.lessons()) == (before, lessons)
    done = make_again(preview=False)
    assert (done.removed_lessons, done.removed) == (seen.removed_lessons, 4)
    assert [it.date.isoweekday() for it in club.lessons()] == [1, 2, 2, 2, 2, 2]


@pytest.mark.plants
def test_what_is_looked_at_is_seen_to_be_made_when_it_is_not_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    club = in_memory()
    make_lessons = type(club.use.make_lessons)
    called = make_lessons.__call__
    monkeypatch.setattr(
        make_lessons,
        "__call__",
        lambda self, *args, **named: called(self, *args, **{**named, "preview": False}),
    )
    with pytest.raises(SEEN):
        test_what_would_be_replaced_is_told_and_stays(club)


def test_whoever_may_not_make_lessons_may_not_look_either(club: Club) -> None:
    with pytest.raises(Forbidden):
        club.use.make_lessons(
            club.other, group_id=club.group.id, since=TODAY, until=date(2026, 4, 1), preview=True
        )
