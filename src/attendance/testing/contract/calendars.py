"""What every store must do with calendars and their tokens."""

from dataclasses import replace
from datetime import UTC, date, time, timedelta
from typing import Any

import pytest

from attendance.application.ports import Store, UnitOfWork
from attendance.domain.accounts.accounts import Account
from attendance.domain.club.clients import Client
from attendance.domain.club.groups import Group, GroupMembership, GroupNotFound, Teaching
from attendance.domain.club.lessons import Lesson
from attendance.domain.club.locations import Location
from attendance.domain.permissions.roles import Level, Role
from attendance.domain.reporting.calendars import CalendarEntry, CalendarToken
from attendance.testing import make

MARCH_2 = date(2026, 3, 2)

DAY = timedelta(days=1)


class Club:
    """Two groups at a place, somebody who teaches one of them in March, and somebody who does not."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.location = make.location(name="Main", address="1 Main Street")
        self.teacher, self.other = make.confirmed(role=Role.EMPLOYEE), make.confirmed(role=Role.EMPLOYEE)
        with store.transaction() as work:
            work.locations.add(self.location)
            work.accounts.add(self.teacher)
            work.accounts.add(self.other)
        self.group = self.added(teachers=(self.teaching(MARCH_2, MARCH_2 + 29 * DAY),))
        self.elsewhere = self.added()

    def teaching(self, since: date, until: date | None = None) -> Teaching:
        return Teaching(user_id=self.teacher.id, since=since, until=until)

    def added(self, **changes: Any) -> Group:
        group = make.group(self.location, **changes)
        with self.store.transaction() as work:
            work.groups.add(group)
        return group

    def lesson(self, of: Group, day: date = MARCH_2, starts: time = time(17), **changes: Any) -> Lesson:
        ends = time(starts.hour + 1)
        lesson = make.lesson(of, date=day, starts=starts, ends=ends, **changes)
        with self.store.transaction() as work:
            work.lessons.add(lesson)
        return lesson

    def of_teacher(self, since: date = date.min, until: date = date.max) -> tuple[CalendarEntry, ...]:
        with self.store.read() as work:
            return work.calendars.of_teacher(self.teacher.id, since, until)

    def member(self, since: date, until: date | None = None) -> Client:
        """Somebody new in the group."""
        client = make.client()
        with self.store.transaction() as work:
            work.clients.add(client)
            before = work.groups.get_for_update(self.group.id)
            member = GroupMembership(client_id=client.id, since=since, until=until)
            work.groups.save(replace(before, members=(*before.members, member), version=before.version + 1))
        return client

    def of_client(
        self, client: Client, since: date = date.min, until: date = date.max
    ) -> tuple[CalendarEntry, ...]:
        with self.store.read() as work:
            return work.calendars.of_client(client.id, since, until)

    def of_group(self, since: date = date.min, until: date = date.max) -> tuple[CalendarEntry, ...]:
        with self.store.read() as work:
            return work.calendars.of_group(self.group.id, since, until)


@pytest.fixture
def club(store: Store) -> Club:
    return Club(store)


def shown(lesson: Lesson, group: Group, location: Location, *others: Location) -> CalendarEntry:
    """How a lesson at a location is shown, where there are others."""
    copied = ("topic", "timezone", "starts_at", "ends_at", "cancelled", "reason", "version")
    return CalendarEntry(
        group_updated_at=group.updated_at,
        group_version=group.version,
        locations_edited_at=max(
            (it.updated_at for it in (location, *others) if it.version > 1), default=None
        ),
        location_edits=sum(it.version - 1 for it in (location, *others)),
        lesson_id=lesson.id,
        group_name=group.name,
        location_name=location.name,
        address=location.address,
        created_at=lesson.created_at,
        updated_at=lesson.updated_at,
        **{name: getattr(lesson, name) for name in copied},
    )


def ids(entries: tuple[CalendarEntry, ...]) -> list[object]:
    return [entry.lesson_id for entry in entries]


def test_a_lesson_is_shown_whole(club: Club) -> None:
    lesson = club.lesson(
        club.group,
        teachers=(club.teacher.id,),
        timezone="Asia/Kathmandu",
        topic="clay ä 𐐀",
        cancelled=True,
        reason='"ill"',
        version=7,
        updated_at=make.NOON + timedelta(microseconds=1),
    )
    [entry] = club.of_group()
    assert entry == shown(lesson, club.group, club.location)
    assert entry.starts_at.tzinfo is UTC or entry.starts_at.utcoffset() == timedelta()
    assert club.of_teacher() == (entry,)


def test_a_lesson_elsewhere_is_shown_where_it_is(club: Club) -> None:
    hall = make.location(name="Hall", address="2 Main Street", version=3, updated_at=make.NOON + DAY)
    with club.store.transaction() as work:
        work.locations.add(hall)
    lesson = club.lesson(club.group, location_id=hall.id)
    assert club.of_group() == (shown(lesson, club.group, hall, club.location),)


def test_a_change_of_what_is_around_a_lesson_raises_its_numbers_and_none_falls(club: Club) -> None:
    """Wherever it moves to, and however often the place it leaves was changed."""
    hall = make.location(name="Hall", address="2 Main Street", version=9, updated_at=make.NOON + 9 * DAY)
    with club.store.transaction() as work:
        work.locations.add(hall)
    lesson = club.lesson(club.group, location_id=hall.id)
    seen = [*club.of_group()]

    def change(kind: str, thing: Any, **changes: Any) -> None:
        after = replace(thing, **changes, version=thing.version + 1)
        with club.store.transaction() as work:
            getattr(work, kind).save(after)
        seen.extend(club.of_group())

    change("lessons", lesson, location_id=club.location.id, updated_at=make.NOON + DAY)
    change("groups", club.group, name="Other", updated_at=make.NOON + 10 * DAY)
    change("locations", club.location, name="Annex", updated_at=make.NOON + 11 * DAY)
    assert [entry.sequence for entry in seen] == [9, 10, 11, 12]
    assert [(entry.changed_at - make.NOON).days for entry in seen] == [9, 9, 10, 11]
    assert [entry.location_name for entry in seen] == ["Hall", "Main", "Main", "Annex"]
    assert [entry.group_name for entry in seen][1:] == [club.group.name, "Other", "Other"]


def test_a_group_shows_its_own_lessons_by_their_beginning(club: Club) -> None:
    late = club.lesson(club.group, MARCH_2, time(19))
    early = club.lesson(club.group, MARCH_2, time(8))
    before = club.lesson(club.group, MARCH_2 - DAY, time(20))
    # the same local time is later here
    west = club.lesson(club.group, MARCH_2, time(18), timezone="America/New_York")
    club.lesson(club.elsewhere)
    assert ids(club.of_group()) == [before.id, early.id, late.id, west.id]


def test_a_range_is_of_local_dates_both_ends_included(club: Club) -> None:
    teachers, client = (club.teacher.id,), club.member(since=date(2026, 1, 1))
    lessons = [
        club.lesson(club.group, MARCH_2 + number * DAY, time(0), teachers=teachers) for number in range(5)
    ]
    expected = [lesson.id for lesson in lessons[1:4]]
    assert ids(club.of_group(MARCH_2 + DAY, MARCH_2 + 3 * DAY)) == expected
    assert ids(club.of_teacher(MARCH_2 + DAY, MARCH_2 + 3 * DAY)) == expected
    assert ids(club.of_client(client, MARCH_2 + DAY, MARCH_2 + 3 * DAY)) == expected
    assert club.of_group(MARCH_2 + 9 * DAY, date.max) == ()


def test_whoever_teaches_sees_the_lessons_that_name_them(club: Club) -> None:
    club.lesson(club.group, MARCH_2)
    named = club.lesson(club.group, MARCH_2 + DAY, teachers=(club.teacher.id,))
    # somebody else stands in
    club.lesson(club.group, MARCH_2 + 2 * DAY, teachers=(club.other.id,))
    substituted = club.lesson(club.elsewhere, MARCH_2 + 60 * DAY, teachers=(club.other.id, club.teacher.id))
    assert ids(club.of_teacher()) == [named.id, substituted.id]


def test_a_client_has_the_lessons_of_the_groups_it_is_in_on_their_date(club: Club) -> None:
    client, other = club.member(MARCH_2, MARCH_2 + DAY), club.member(MARCH_2 - DAY)
    before, first, last, after = (club.lesson(club.group, MARCH_2 + n * DAY) for n in (-1, 0, 1, 2))
    club.lesson(club.elsewhere)
    assert ids(club.of_client(client)) == [first.id, last.id]
    assert ids(club.of_client(other)) == [before.id, first.id, last.id, after.id]
    assert club.of_client(make.client()) == ()


def test_groups_taught_are_those_of_the_day(club: Club) -> None:
    forever = club.added(teachers=(club.teaching(MARCH_2 + DAY),))
    with club.store.read() as work:

        def taught(day: date) -> list[object]:
            return [*work.calendars.groups_taught(club.teacher.id, day)]

        assert taught(MARCH_2 - DAY) == []
        assert taught(MARCH_2) == [club.group.id]
        assert taught(MARCH_2 + 29 * DAY) == sorted([club.group.id, forever.id])
        assert taught(MARCH_2 + 30 * DAY) == [forever.id]
        assert [*work.calendars.groups_taught(club.other.id, MARCH_2)] == []


def test_a_group_tells_its_name_and_whether_somebody_teaches_it_on_a_day(club: Club) -> None:
    with club.store.autocommit() as work:

        def is_taught(by: Account, day: date) -> bool:
            found = work.calendars.group(club.group.id, by.id, day)
            assert found.name == club.group.name
            return found.is_taught

        assert is_taught(club.teacher, MARCH_2) is True
        assert is_taught(club.teacher, MARCH_2 + 29 * DAY) is True
        assert is_taught(club.teacher, MARCH_2 - DAY) is is_taught(club.teacher, MARCH_2 + 30 * DAY) is False
        assert is_taught(club.other, MARCH_2) is False
        assert work.calendars.group(club.elsewhere.id, club.teacher.id, MARCH_2).is_taught is False
        with pytest.raises(GroupNotFound):
            work.calendars.group(make.new_id(), club.teacher.id, MARCH_2)  # type: ignore[arg-type]


def token(of: Account, digest: str = "d" * 64, **changes: Any) -> CalendarToken:
    return CalendarToken(account_id=of.id, digest=digest, **{"created_at": make.NOON} | changes)


def put(work: UnitOfWork, *tokens: CalendarToken) -> None:
    for it in tokens:
        work.calendars.put_token(it)


def test_an_account_has_one_token_the_newest(club: Club) -> None:
    older, newer = token(club.teacher), token(club.teacher, "e" * 64, created_at=make.NOON + DAY)
    with club.store.transaction() as work:
        assert work.calendars.token_of(club.teacher.id) is None
        put(work, older)
    with club.store.transaction() as work:
        assert work.calendars.token_of(club.teacher.id) == older
        put(work, newer, token(club.other, "f" * 64))
    with club.store.autocommit() as work:
        assert work.calendars.token_of(club.teacher.id) == newer
        assert work.calendars.holder(older.digest) is None
        holder = work.calendars.holder(newer.digest)
        assert holder
        assert (holder.account_id, holder.level) == (club.teacher.id, Level.EMPLOYEE)
        work.calendars.remove_token(club.teacher.id)
        work.calendars.remove_token(club.teacher.id)
        assert work.calendars.token_of(club.teacher.id) is None
        assert work.calendars.holder(newer.digest) is None
        assert work.calendars.holder("f" * 64)


def test_a_token_stands_for_what_its_account_is_now(club: Club) -> None:
    with club.store.transaction() as work:
        put(work, token(club.teacher))
    account = club.teacher

    def changed(**changes: Any) -> Level | None:
        nonlocal account
        account = replace(account, version=account.version + 1, **changes)
        with club.store.transaction() as work:
            work.accounts.save(account)
        with club.store.autocommit() as work:
            holder = work.calendars.holder("d" * 64)
        return None if holder is None else holder.level

    assert changed(role=Role.USER) is Level.USER
    assert changed(role=Role.MANAGER) is Level.MANAGER
    assert changed(email_confirmed_at=None) is Level.UNCONFIRMED
    assert changed(active=False) is None
    assert changed(active=True) is Level.UNCONFIRMED


def test_what_is_taken_back_leaves_no_token(club: Club) -> None:
    with pytest.raises(ZeroDivisionError), club.store.transaction() as work:
        put(work, token(club.teacher))
        raise ZeroDivisionError
    with club.store.transaction() as work:
        assert work.calendars.token_of(club.teacher.id) is None
        put(work, token(club.teacher))
    with pytest.raises(ZeroDivisionError), club.store.transaction() as work:
        work.calendars.remove_token(club.teacher.id)
        raise ZeroDivisionError
    with club.store.autocommit() as work:
        assert work.calendars.holder("d" * 64)
