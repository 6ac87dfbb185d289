"""What ends with something else: memberships and absences with a client, lessons with a group."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from threading import Barrier
from typing import Any

import pytest

from attendance.application.attendance.read_models import SheetDetails, SheetEntry
from attendance.application.club import groups as groups_module, locations as locations_module
from attendance.application.club.clients import EditClient
from attendance.application.club.lessons import LessonDetails
from attendance.application.ports import Store
from attendance.domain.attendance.marks import SentMark
from attendance.domain.attendance.status import Status
from attendance.domain.club import groups as groups_domain
from attendance.domain.club.clients import ClientNotFound
from attendance.domain.club.groups import Group, GroupFull, GroupMembership, OutsideGroup, RosterHeld
from attendance.domain.club.lessons import GROUP_ENDED, LessonsPlanned, LessonState
from attendance.domain.club.locations import Closure
from attendance.domain.errors import Outdated
from attendance.domain.events import Action
from attendance.domain.ids import ClientId
from tests.application.club.test_club_records import all_events, events
from tests.application.club.test_groups_and_lessons import (
    DAY,
    FIRST,
    SEEN,
    SEVEN_PM,
    SIX_PM,
    TODAY,
    TOMORROW,
    YESTERDAY,
    Club,
    club,
    in_memory,
    member,
)

__all__ = ["club"]


def archives(club: Club, client_id: ClientId, **more: Any) -> None:
    club.use.edit_client(club.clerk, client_id=client_id, active=False, **more)


def sheet(club: Club, lesson: LessonDetails) -> SheetDetails:
    return club.use.show_sheet(club.head, lesson_id=lesson.id)


def entries(club: Club, lesson: LessonDetails) -> list[tuple[ClientId, Status | None]]:
    return [(it.client_id, it.status) for it in sheet(club, lesson).attendances]


# A client


def test_who_is_archived_is_on_no_later_sheet_and_leaves_a_place_free(club: Club) -> None:
    anna, bea = club.client(), club.client("Bea")
    club.edits(club.manager, capacity=1, members=(member(anna),))
    before, today, later = (club.adds(TODAY + it * DAY) for it in (-7, 0, 7))
    club.marks(before, anna)
    with pytest.raises(GroupFull):
        club.edits(club.manager, members=(member(anna), member(bea, TOMORROW)))
    archives(club, anna)
    assert entries(club, before) == [(anna, Status.PRESENT)]
    assert entries(club, today) == [(anna, None)]
    assert entries(club, later) == []
    group = club.edits(club.manager, members=(member(anna, until=TODAY), member(bea, TOMORROW)))
    assert group.members == (member(anna, until=TODAY), member(bea, TOMORROW))
    assert [it.action for it in events(club.world, club.group.id)][-2:] == [Action.GROUP_EDITED] * 2
    assert events(club.world, club.group.id)[-2].actor_id == club.clerk.id


def test_what_had_ended_stays_and_what_had_not_begun_goes_in_every_group(club: Club) -> None:
    anna, bea = club.client(), club.client("Bea")
    ended, fixed, begins = (
        member(anna, FIRST, YESTERDAY),
        member(anna, TODAY, TODAY + 9 * DAY),
        member(anna, TODAY + 20 * DAY),
    )
    club.edits(club.manager, members=(ended, fixed, begins, member(bea)))
    other = club.use.add_group(
        club.manager, name="Other", location_id=club.location.id, members=(member(anna, FIRST, TODAY),)
    )
    third = club.use.add_group(
        club.manager, name="Third", location_id=club.location.id, members=(member(anna, TOMORROW),)
    )
    archives(club, anna)
    shown = [club.use.show_group(club.head, group_id=it.id) for it in (club.group, other, third)]
    assert {*shown[0].members} == {ended, member(anna, TODAY, TODAY), member(bea)}
    assert (shown[1].members, shown[1].version) == (other.members, 1), "it ended that day anyway"
    assert shown[2].members == ()
    before = all_events(club.world)
    archives(club, anna)
    assert all_events(club.world) == before
    club.use.edit_client(club.clerk, client_id=anna, active=True)
    assert club.use.show_group(club.head, group_id=third.id).members == (), "nothing is restored"


def test_planned_absences_go_with_who_is_archived_and_what_was_stays(club: Club) -> None:
    anna, bea = club.client(), club.client("Bea")
    club.edits(club.manager, members=(member(anna), member(bea)))
    was, comes = club.adds(YESTERDAY), club.adds(TOMORROW)
    for lesson in (was, comes):
        for client_id in (anna, bea):
            club.marks(lesson, client_id, Status.EXCUSED)
    archives(club, anna)
    assert entries(club, was) == [(anna, Status.EXCUSED), (bea, Status.EXCUSED)]
    assert entries(club, comes) == [(bea, Status.EXCUSED)]
    history = club.use.attendance_history(club.head, lesson_id=comes.id, client_id=anna)
    assert [it.event.action for it in history] == [Action.ATTENDANCE_MARKED, Action.ATTENDANCE_CLEARED]


def test_nothing_ends_with_what_is_refused(club: Club) -> None:
    anna = club.client()
    club.edits(club.manager, members=(member(anna),))
    before = all_events(club.world)
    with pytest.raises(Outdated):
        archives(club, anna, versions=[7])
    with pytest.raises(ClientNotFound):
        archives(club, ClientId(club.group.id))
    assert all_events(club.world) == before
    assert club.use.show_group(club.head, group_id=club.group.id).members == (member(anna),)


def absences_left_after(store: Store, rounds: int) -> int:
    """How often an absence that was planned for a member is still there once the client is archived."""
    club, left = Club(store), 0
    lesson = club.adds(TOMORROW)
    for _ in range(rounds):
        anna = club.client()
        club.edits(club.head, members=(member(anna),))
        barrier = Barrier(2)

        def mark(anna: ClientId = anna, barrier: Barrier = barrier) -> SheetEntry:
            barrier.wait(10)
            sent = [SentMark(client_id=anna, status=Status.EXCUSED)]
            answer = club.use.mark_attendance(club.head, lesson_id=lesson.id, attendances=sent)
            return next(it for it in answer.attendances if it.client_id == anna)

        def archive(anna: ClientId = anna, barrier: Barrier = barrier) -> None:
            barrier.wait(10)
            archives(club, anna)

        with ThreadPoolExecutor(2) as pool:
            marking, archiving = pool.submit(mark), pool.submit(archive)
            was_member = not marking.result(60).guest
            archiving.result(60)
        left += was_member and anna in dict(entries(club, lesson))
        club.marks(lesson, anna, None)
    return left


def test_no_absence_is_left_of_who_is_archived_while_it_is_planned(store: Store) -> None:
    assert absences_left_after(store, 15) == 0


@pytest.mark.plants
@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
def test_an_absence_is_seen_to_be_left_when_it_is_looked_for_too_early(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    end_memberships, clear_absences = EditClient._end_memberships, EditClient._clear_absences

    def too_early(use_case: EditClient, work: Any, client_id: ClientId, context: Any) -> Any:
        lesson_ids = end_memberships(use_case, work, client_id, context)
        clear_absences(use_case, work, client_id, lesson_ids, context)
        return lesson_ids

    monkeypatch.setattr(EditClient, "_end_memberships", too_early)
    monkeypatch.setattr(EditClient, "_clear_absences", lambda *_: None)
    assert absences_left_after(store, 60)


# A group


def test_a_group_ends_with_its_memberships_and_with_its_lessons_if_that_is_said(club: Club) -> None:
    anna, bea = club.client(), club.client("Bea")
    runs, later = member(anna), member(bea, TODAY + 20 * DAY)
    club.edits(club.manager, members=(runs, later))
    last, first, second, off = (club.adds(TODAY + it * DAY) for it in (7, 8, 15, 22))
    club.changes(club.manager, off, cancelled=True, reason="snow")
    club.marks(second, anna, Status.EXCUSED)
    end = last.date
    before = all_events(club.world)
    with pytest.raises(LessonsPlanned) as refused:
        club.edits(club.head, active_until=end)
    assert str(refused.value) == f"lessons are planned after that: {first.date} 08:00, {second.date} 08:00"
    assert [it.id for it in refused.value.lessons] == [first.id, second.id]
    assert all_events(club.world) == before
    group = club.edits(club.manager, active_until=end, cancel_lessons=True)
    assert (group.active_until, group.members) == (end, (replace(runs, until=end),))
    assert [(it.state, it.reason) for it in club.lessons()] == [
        (LessonState.PLANNED, ""),
        (LessonState.CANCELLED, GROUP_ENDED),
        (LessonState.CANCELLED, GROUP_ENDED),
        (LessonState.CANCELLED, "snow"),
    ]
    assert [it.action for it in events(club.world, first.id)] == [
        Action.LESSON_ADDED,
        Action.LESSON_CANCELLED,
    ]
    assert club.edits(club.manager, active_until=end, cancel_lessons=True) == group
    assert club.edits(club.manager, active_until=None).members == group.members, "nothing is restored"


@pytest.mark.plants
def test_lessons_are_seen_to_outlive_their_group_when_nobody_ends_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(groups_module, "end_lessons", lambda *_, **__: None)
    with pytest.raises(SEEN):
        test_a_group_ends_with_its_memberships_and_with_its_lessons_if_that_is_said(in_memory())


def test_nobody_is_in_a_group_after_its_end(club: Club) -> None:
    anna, bea, carl = (club.client(name) for name in ("Anna", "Bea", "Carl"))
    end, after = TODAY + 7 * DAY, TODAY + 8 * DAY
    club.edits(club.manager, active_until=end, members=(member(anna),))
    use, group_id, manager = club.use, club.group.id, club.manager
    new = {"name": "Other", "location_id": club.location.id, "active_until": end}
    before = all_events(club.world)
    for joins in (
        lambda: use.add_member(manager, group_id=group_id, client_id=bea, since=after),
        lambda: use.add_member(manager, group_id=group_id, client_id=bea, since=after, until=after),
        lambda: club.edits(manager, members=(member(anna), member(bea, after))),
        lambda: club.edits(club.head, members=(member(anna, after),)),
        lambda: club.edits(manager, active_until=TODAY, members=(member(anna), member(bea, end))),
        lambda: use.add_group(manager, **new, members=(member(anna, after),)),
    ):
        with pytest.raises(OutsideGroup):
            joins()
    assert all_events(club.world) == before
    clipped = (member(anna, FIRST, end), member(bea, end, end), member(carl, end, end))
    use.add_member(manager, group_id=group_id, client_id=bea, since=end)
    group = use.add_member(manager, group_id=group_id, client_id=carl, since=end, until=after)
    assert group.members == tuple(sorted(clipped, key=lambda it: (it.since, it.client_id)))
    sent = (member(anna), member(bea, end), member(carl, end, after))
    assert club.edits(manager, members=sent) == use.show_group(manager, group_id=group_id) == group
    added = use.add_group(manager, **new, members=(member(anna), member(bea, end, after)))
    assert added.members == clipped[:2]


@pytest.mark.plants
@pytest.mark.parametrize("taken_out", ["both", "the refusal"])
def test_somebody_is_seen_in_a_group_after_its_end_when_nobody_looks(
    taken_out: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unjudged(group: Group, before: Group | None = None) -> tuple[GroupMembership, ...]:
        return group.members

    if taken_out == "both":
        monkeypatch.setattr(Group, "members_to_its_end", unjudged)
    monkeypatch.setattr(groups_domain, "longer_members", lambda *_: [])
    with pytest.raises(SEEN):
        test_nobody_is_in_a_group_after_its_end(in_memory())


def test_who_was_in_a_group_after_its_end_can_still_leave(club: Club) -> None:
    anna, bea = club.client(), club.client("Bea")
    stored = (member(anna), member(bea, TOMORROW))
    kept = replace(as_stored(club), active_until=TODAY, members=stored, version=2)
    with club.world.store.transaction() as work:
        work.groups.save(kept)
    assert club.edits(club.manager, name="Choir").members == stored
    ended = club.use.end_member(club.manager, group_id=club.group.id, client_id=bea, until=TOMORROW)
    assert ended.members == (member(anna), member(bea, TOMORROW, TOMORROW))
    ended = club.use.end_member(club.manager, group_id=club.group.id, client_id=anna, until=TOMORROW)
    assert ended.members == (member(anna, FIRST, TODAY), member(bea, TOMORROW, TOMORROW))


def as_stored(club: Club) -> Group:
    with club.world.store.autocommit() as work:
        return work.groups.get(club.group.id)


def test_what_was_held_after_the_end_stays_and_is_in_its_way(club: Club) -> None:
    anna = club.client()
    club.edits(club.manager, members=(member(anna),))
    held = club.adds(YESTERDAY)
    club.marks(held, anna)
    with pytest.raises(RosterHeld):
        club.edits(club.manager, active_until=YESTERDAY - DAY)
    club.edits(club.head, active_until=YESTERDAY - DAY)
    assert club.now(held) == replace(held, state=LessonState.HELD)


def test_a_lesson_that_a_closure_cancelled_stays_cancelled_once_its_group_has_ended(club: Club) -> None:
    lesson = club.adds(TOMORROW)
    club.closes(Closure(since=TOMORROW, until=TOMORROW, reason="paint"))
    club.edits(club.manager, active_until=TODAY)
    club.closes()
    assert (club.now(lesson).state, club.now(lesson).reason) == (LessonState.CANCELLED, "paint")


def test_a_group_meets_on_no_day_on_which_it_is_not_active(club: Club) -> None:
    club.edits(club.manager, active_from=FIRST, active_until=TOMORROW)
    lesson = club.adds(TOMORROW)
    for day in (FIRST - DAY, TOMORROW + DAY):
        with pytest.raises(OutsideGroup):
            club.adds(day)
        with pytest.raises(OutsideGroup):
            club.changes(club.manager, lesson, date=day)
    club.changes(club.manager, lesson, cancelled=True, reason="snow")
    club.edits(club.manager, active_until=TODAY)
    with pytest.raises(OutsideGroup):
        club.changes(club.manager, lesson, cancelled=False)
    assert club.changes(club.manager, lesson, topic="chess").topic == "chess"
    assert club.changes(club.manager, lesson, cancelled=False, date=TODAY).state is LessonState.PLANNED


# A location's zone


def test_lessons_to_come_move_with_the_corrected_zone_and_others_stay(club: Club) -> None:
    anna = club.client()
    place = club.use.add_location(club.head, name="Annex", address="Annex", timezone="UTC")
    club.edits(club.manager, location_id=place.id)
    begun, marked, off, plain = (
        club.adds(day, SIX_PM, SEVEN_PM) for day in (YESTERDAY, *(TODAY + it * DAY for it in (0, 1, 2)))
    )
    club.marks(marked, anna, Status.EXCUSED)
    off = club.changes(club.manager, off, cancelled=True, reason="snow")
    marked = club.now(marked)
    club.use.edit_location(club.head, location_id=place.id, timezone="Europe/Berlin")
    assert club.now(begun) == begun
    assert club.now(marked) == marked
    assert (marked.timezone, marked.starts_at.hour) == ("UTC", 18)
    for lesson in (off, plain):
        now = club.now(lesson)
        assert (now.timezone, now.starts, now.ends) == ("Europe/Berlin", SIX_PM, SEVEN_PM)
        assert (now.starts_at, now.ends_at) == tuple(
            datetime.combine(lesson.date, time(it), tzinfo=UTC) for it in (17, 18)
        )
        assert (now.state, now.reason) == (lesson.state, lesson.reason)
    told = events(club.world, plain.id)[-1]
    assert (told.action, told.actor_id) == (Action.LESSON_EDITED, club.head.id)
    assert told.after is not None
    assert told.after.keys() == {"timezone", "starts_at", "ends_at"}
    summer = club.adds(date(2026, 7, 1), SIX_PM, SEVEN_PM)
    club.use.edit_location(club.head, location_id=place.id, timezone="Asia/Tokyo", name="Tokyo")
    assert club.now(summer).starts_at == datetime(2026, 7, 1, 9, tzinfo=UTC)
    before = all_events(club.world)
    club.use.edit_location(club.head, location_id=place.id, timezone="Asia/Tokyo", name="Tokyo")
    assert all_events(club.world) == before


@pytest.mark.plants
def test_lessons_are_seen_to_stay_in_the_wrong_zone_when_nobody_moves_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(locations_module, "correct_timezone", lambda *_: None)
    with pytest.raises(SEEN):
        test_lessons_to_come_move_with_the_corrected_zone_and_others_stay(in_memory())


def test_a_zone_is_corrected_and_a_place_closed_in_one_edit(club: Club) -> None:
    lesson = club.adds(TOMORROW + timedelta(days=1))
    closure = Closure(since=TOMORROW, until=lesson.date, reason="paint")
    club.use.edit_location(club.head, location_id=club.location.id, timezone="UTC", closures=(closure,))
    now = club.now(lesson)
    assert (now.timezone, now.state, now.version) == ("UTC", LessonState.CANCELLED, 3)
