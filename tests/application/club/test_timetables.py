"""The groups and lessons of one client: which they are, what is told of them, and to whom."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from attendance.adapters.memory import MemoryStore
from attendance.adapters.sql import SqlStore
from attendance.adapters.sql.engine.databases import Database
from attendance.application.club.timetables import of_client
from attendance.application.club.timetables.of_client import LessonOfClientDetails
from attendance.domain.attendance.marks import SentMark, is_announced
from attendance.domain.attendance.status import Status
from attendance.domain.club.clients import ClientNotFound
from attendance.domain.club.groups import Teaching
from attendance.domain.club.lessons import LessonState
from attendance.domain.errors import Forbidden
from attendance.domain.ids import ClientId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.roles import Level, Role
from tests import make
from tests.application.club.test_groups_and_lessons import (
    DAY,
    FIRST,
    MONDAYS,
    NINE,
    SEEN,
    SIX_PM,
    TODAY,
    TOMORROW,
    YESTERDAY,
    Club,
    club,
    member,
)
from tests.domain.field_errors import field_errors
from tests.stores.test_statements import counted

__all__ = ["club"]


def lessons(
    club: Club, client_id: ClientId, by: Actor | None = None, **of: Any
) -> list[LessonOfClientDetails]:
    listed = club.use.lessons_of_client(by or club.clerk, client_id=client_id, **of)
    assert listed.total == len([*listed])
    return [*listed]


# Groups


def test_the_groups_of_a_client_are_those_it_is_in_or_will_be(club: Club) -> None:
    anna, bea = club.client(), club.client("Bea")
    ended, running = member(anna, FIRST, YESTERDAY), member(anna, TODAY)
    club.edits(club.head, members=(ended, running, member(bea)))
    other = club.use.add_group(
        club.manager,
        name="Älteste",
        location_id=club.location.id,
        members=(member(anna, TOMORROW, TOMORROW + DAY), member(anna, TODAY + 9 * DAY)),
    )
    club.use.add_group(
        club.manager, name="Left", location_id=club.location.id, members=(member(anna, FIRST, YESTERDAY),)
    )

    def told(**of: Any) -> list[tuple[str, date, date | None]]:
        listed = club.use.groups_of_client(club.clerk, client_id=anna, **of)
        assert listed.total == len([*listed])
        return [(it.name, it.since, it.until) for it in listed]

    now = [
        ("Älteste", TOMORROW, TOMORROW + DAY),
        ("Älteste", TODAY + 9 * DAY, None),
        ("Club", TODAY, None),
    ]
    assert told() == now
    assert told(ended=True) == [
        *now[:2], ("Club", FIRST, YESTERDAY), now[2], ("Left", FIRST, YESTERDAY),
    ]  # fmt: skip
    first = next(iter(club.use.groups_of_client(club.clerk, client_id=anna)))
    assert (first.group_id, first.location_id, first.location_name) == (other.id, club.location.id, "Main")
    assert [*club.use.groups_of_client(club.clerk, client_id=club.client())] == []
    club.world.clock.pass_by(days=2)
    assert told() == [("Älteste", TOMORROW, TOMORROW + DAY), *now[1:]]
    club.world.clock.pass_by(days=1)
    assert told() == now[1:]


def test_teachers_are_told_by_name_as_of_today_or_the_nearest_day(club: Club) -> None:
    zoe, unnamed = club.world.account(name="Zoe", role=Role.EMPLOYEE), club.world.account(username="ada")
    anna = club.client()
    teachers = (
        Teaching(user_id=zoe.id, since=FIRST),
        Teaching(user_id=unnamed.id, since=TODAY),
        Teaching(user_id=club.world.account(name="Late").id, since=TODAY + 5 * DAY),
        Teaching(user_id=club.world.account(name="Early").id, since=FIRST, until=YESTERDAY),
    )
    spans = ((FIRST, YESTERDAY), (TODAY, TODAY + DAY), (TODAY + 5 * DAY, None))
    club.edits(club.head, teachers=teachers, members=tuple(member(anna, *span) for span in spans))
    told = [*club.use.groups_of_client(club.clerk, client_id=anna, ended=True)]
    assert [it.teachers for it in told] == [("Early", "Zoe"), ("ada", "Zoe"), ("ada", "Late", "Zoe")]
    assert {it.schedule for it in told} == {(MONDAYS,)}


# Lessons


def test_the_lessons_of_a_client_are_those_of_its_groups_as_of_each_date(club: Club) -> None:
    anna, bea = club.client(), club.client("Bea")
    club.edits(club.head, members=(member(anna, TODAY, TOMORROW), member(bea)))
    other = club.use.add_group(
        club.manager, name="Other", location_id=club.location.id, members=(member(anna),)
    )
    club.adds(YESTERDAY)
    today, evening, tomorrow = club.adds(TODAY), club.adds(TODAY, SIX_PM, MONDAYS.ends), club.adds(TOMORROW)
    club.adds(TODAY + 2 * DAY)
    made = club.use.add_lesson(club.manager, group_id=other.id, date=TODAY, starts=NINE, ends=SIX_PM)
    club.changes(club.manager, tomorrow, cancelled=True, reason="snow")
    told = lessons(club, anna)
    assert [it.id for it in told] == [today.id, made.id, evening.id, tomorrow.id]
    assert [it.group_name for it in told] == ["Club", "Other", "Club", "Club"]
    assert {(it.location_name, it.status, it.announced) for it in told} == {("Main", None, False)}
    assert (told[-1].state, told[-1].reason) == (LessonState.CANCELLED, "snow")


def test_a_lesson_tells_what_is_marked_of_the_client_alone_and_no_note(club: Club) -> None:
    anna, bea = club.client(), club.client("Bea")
    club.edits(club.head, members=(member(anna), member(bea)))
    held, later = club.adds(TODAY), club.adds(TOMORROW)
    late = SentMark(client_id=anna, status=Status.LATE, note="bus", minutes_late=5)
    present = SentMark(client_id=bea, status=Status.PRESENT)
    club.use.mark_attendance(club.head, lesson_id=held.id, attendances=[late, present])
    excused = SentMark(client_id=bea, status=Status.EXCUSED)
    club.use.mark_attendance(club.head, lesson_id=later.id, attendances=[excused])

    def told(client_id: ClientId) -> list[tuple[Status | None, bool]]:
        return [(it.status, it.announced) for it in lessons(club, client_id)]

    assert told(anna) == [(Status.LATE, False), (None, False)]
    assert told(bea) == [(Status.PRESENT, False), (Status.EXCUSED, False)]
    assert "bus" not in repr(lessons(club, anna))


def test_an_absence_is_announced_where_its_mark_says_so() -> None:
    assert is_announced(None) is False
    account, client, location = make.account(), make.client(), make.location()
    lesson = make.lesson(make.group(location))
    for status in Status:
        assert is_announced(make.mark(lesson, client, account, status=status)) is False


def test_lessons_are_those_of_today_and_30_days_more_unless_said_otherwise(club: Club) -> None:
    anna = club.client()
    club.edits(club.head, members=(member(anna, date(2026, 1, 1)),))
    offsets = (-40, -1, 0, 30, 31, 60, 300)
    days = [TODAY + n * DAY for n in offsets]
    for day in days:
        club.adds(day)

    def told(**of: Any) -> list[int]:
        return [(it.date - TODAY).days for it in lessons(club, anna, **of)]

    assert told() == [0, 30]
    assert told(since=days[0]) == [-40, -1, 0, 30]
    assert told(since=TODAY + 30 * DAY) == [30, 31, 60]
    assert told(until=days[-1]) == [0, 30, 31, 60, 300]
    assert told(until=YESTERDAY) == [-1]
    assert told(since=days[0], until=days[0]) == [-40]
    assert told(since=date.max) == told(since=date.max - DAY) == []
    assert told(until=TODAY + 365 * DAY) == [0, 30, 31, 60, 300]
    for wrong, field in (
        ({"since": TOMORROW, "until": TODAY}, "from"),
        ({"until": TODAY + 366 * DAY}, "to"),
        ({"since": TODAY - 336 * DAY}, "to"),
        ({"since": date.min, "until": date.max}, "to"),
    ):
        assert field_errors(lambda of=wrong: lessons(club, anna, **of)) == [field], wrong


# Who


def everything_read(club: Club, by: Actor, client_id: ClientId) -> list[Callable[[], object]]:
    return [
        lambda: club.use.groups_of_client(by, client_id=client_id),
        lambda: club.use.lessons_of_client(by, client_id=client_id),
        lambda: club.use.show_client_calendar(by, client_id=client_id),
    ]


def test_a_clients_schedule_is_for_its_own_accounts_and_those_who_work_here(club: Club) -> None:
    parents = [club.world.account() for _ in range(2)]
    anna = club.use.add_client(club.manager, name="Anna", user_ids=tuple(it.id for it in parents)).id
    bea = club.client("Bea")
    nobody = ClientId(make.new_id())
    for account in parents:
        for read in everything_read(club, make.actor(account), anna):
            assert read() is not None
        unconfirmed = replace(make.actor(account), level=Level.UNCONFIRMED)
        for read in (
            *everything_read(club, unconfirmed, anna),
            *everything_read(club, make.actor(account), bea),
            *everything_read(club, make.actor(account), nobody),
        ):
            with pytest.raises(Forbidden):
                read()
    for person in (club.clerk, club.other, club.head):
        for read in everything_read(club, person, bea):
            assert read() is not None
        for read in everything_read(club, person, nobody):
            with pytest.raises(ClientNotFound):
                read()


@pytest.mark.plants
def test_a_stranger_is_seen_to_read_a_schedule_that_nobody_guards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(of_client, "readable_client", lambda *_: None)
    with pytest.raises(SEEN):
        test_a_clients_schedule_is_for_its_own_accounts_and_those_who_work_here(Club(MemoryStore()))


# What it costs


@pytest.mark.parametrize("number", [1, 30])
def test_a_clients_schedule_takes_a_constant_number_of_statements(database: Database, number: int) -> None:
    club = Club(SqlStore(primary=database, replica=database))
    anna = club.client()
    club.edits(club.head, members=(member(anna),))
    for n in range(number):
        lesson = club.adds(TODAY + n * DAY)
        if n == 0:
            club.marks(lesson, anna)
        club.use.add_group(
            club.manager,
            name=f"{n}",
            location_id=club.location.id,
            members=(member(anna),),
            teachers=(Teaching(user_id=club.world.account().id, since=FIRST),),
        )
    with counted(database) as statements:
        assert len([*club.use.groups_of_client(club.clerk, client_id=anna)]) == number + 1
    assert len(statements) == 4
    with counted(database) as statements:
        assert len([*club.use.lessons_of_client(club.clerk, client_id=anna)]) == number
    assert len(statements) == 5
    with counted(database) as statements:
        assert len(club.use.show_client_calendar(club.clerk, client_id=anna).entries) == number
    assert len(statements) == 2
