"""Calendars without HTTP: who reads which, what is in them, and tokens that read nothing else."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from attendance.adapters.memory import MemoryStore
from attendance.adapters.sql import SqlStore
from attendance.adapters.sql.engine.databases import Database
from attendance.application.accounts import role_change_workflow
from attendance.application.ports import Store, UnitOfWork
from attendance.application.reporting import calendars
from attendance.domain.accounts.accounts import Account
from attendance.domain.accounts.links import digest_of
from attendance.domain.club.clients import Client, ClientNotFound
from attendance.domain.club.groups import Group, GroupNotFound, Teaching
from attendance.domain.club.lessons import Lesson
from attendance.domain.errors import Forbidden, Unauthenticated
from attendance.domain.events import Action
from attendance.domain.ids import ClientId, GroupId
from attendance.domain.permissions.actor import OPERATOR, Actor
from attendance.domain.permissions.roles import Level, Role
from attendance.domain.reporting.calendars import Calendar, CalendarToken
from tests import make
from tests.application.accounts.test_role_races import at_once
from tests.application.club.test_club_records import events
from tests.fakes import ContendedStore, World, replaced

TODAY, DAY = date(2026, 3, 2), timedelta(days=1)
SEEN = (AssertionError, pytest.fail.Exception)
"""What a test comes to whose guard is taken out: something is otherwise, or is not refused."""


class Club:
    """A world with a group that somebody teaches from today on, and somebody of each level."""

    def __init__(self, store: Store) -> None:
        self.world = World(store)
        self.use = self.world.use_cases
        self.location = make.location(name="Main", address="1 Main Street")
        self.people = {role: self.world.having(role) for role in Role}
        self.teacher = self.world.having(Role.EMPLOYEE)
        with store.transaction() as work:
            work.locations.add(self.location)
        self.group = self.added(teachers=(Teaching(user_id=self.teacher.id, since=TODAY),))

    def added(self, **changes: Any) -> Group:
        group = make.group(self.location, **changes)
        with self.world.store.transaction() as work:
            work.groups.add(group)
        return group

    def lesson(self, day: date = TODAY, of: Group | None = None, **changes: Any) -> Lesson:
        group = of or self.group
        lesson = make.lesson(group, date=day, **{"teachers": group.teachers_on(day), **changes})
        with self.world.store.transaction() as work:
            work.lessons.add(lesson)
        return lesson

    def joins(self, *parents: Account) -> Client:
        """Somebody new in the group from today on, linked to these accounts."""
        client = make.client(user_ids=tuple(account.id for account in parents))
        with self.world.store.transaction() as work:
            work.clients.add(client)
        self.use.add_member(
            self.people[Role.MANAGER], group_id=self.group.id, client_id=client.id, since=TODAY
        )
        return client

    def token(self, of: Actor | None = None) -> str:
        who = of or self.teacher
        return self.use.make_calendar_token(who, user_id=who.id).token

    def own(self, of: Actor | None = None) -> Calendar:
        who = of or self.teacher
        return self.use.show_user_calendar(who, user_id=who.id)

    def alters(self, who: Actor, **changes: Any) -> None:
        with self.world.store.transaction() as work:
            account = work.accounts.get_for_update(who.id)
            work.accounts.save(replace(account, version=account.version + 1, **changes))

    def reader(self, token: str) -> Actor | None:
        try:
            return self.use.reader_of_calendars(token)
        except Unauthenticated:
            return None


@pytest.fixture
def club(store: Store) -> Club:
    return Club(store)


def in_memory() -> Club:
    return Club(MemoryStore())


def ids(calendar: Calendar) -> list[UUID]:
    return [entry.lesson_id for entry in calendar.entries]


# Tokens


def test_a_token_reads_in_the_name_of_whoever_made_it(club: Club) -> None:
    made = club.use.make_calendar_token(club.teacher, user_id=club.teacher.id)
    assert len(made.token) == 43
    assert (made.user_id, made.group_ids) == (club.teacher.id, (club.group.id,))
    assert club.reader(made.token) == Actor(club.teacher.id, None, Level.EMPLOYEE)
    with club.world.store.autocommit() as work:
        kept = work.calendars.token_of(club.teacher.id)
        assert kept
        assert kept.digest == digest_of(made.token)
    for wrong in ("", "x", made.token[:-1], made.token.swapcase(), digest_of(made.token), "\ud800", "\0"):
        assert club.reader(wrong) is None


def test_a_new_token_ends_the_one_before_and_revoking_ends_it(club: Club) -> None:
    first, other = club.token(), club.token(club.people[Role.MANAGER])
    second = club.token()
    assert club.reader(first) is None
    assert club.reader(second)
    club.use.revoke_calendar_token(club.teacher, user_id=club.teacher.id)
    assert club.reader(second) is None
    assert club.reader(other)


def test_whether_there_is_a_token_is_told_to_its_user_alone(club: Club) -> None:
    teacher, tell = club.teacher, club.use.make_calendar_token.made_at
    assert tell(teacher, user_id=teacher.id) is None
    club.token()
    assert tell(teacher, user_id=teacher.id) == club.world.clock()
    club.use.revoke_calendar_token(teacher, user_id=teacher.id)
    assert tell(teacher, user_id=teacher.id) is None
    with pytest.raises(Forbidden):
        tell(club.people[Role.MANAGER], user_id=teacher.id)


def test_a_token_is_no_session_and_a_session_no_token(club: Club) -> None:
    with pytest.raises(Unauthenticated):
        club.use.actor_of(club.token())
    session = make.session(club.world.now(club.teacher.id))
    with club.world.store.transaction() as work:
        work.sessions.add(session)
    signed_in = club.use.actor_of.tokens.issue(session)
    assert club.use.actor_of(signed_in)
    assert club.reader(signed_in) is None


def test_a_token_stands_for_what_its_user_may_now(club: Club) -> None:
    token, lesson = club.token(), club.lesson()

    def shown() -> list[UUID]:
        reader = club.use.reader_of_calendars(token)
        own = club.use.show_user_calendar(reader, user_id=reader.id)
        group = club.use.show_group_calendar(reader, group_id=club.group.id)
        assert ids(own) == ids(group)
        return ids(own)

    assert shown() == [lesson.id]
    club.alters(club.teacher, role=Role.USER)
    assert ids(club.own(club.use.reader_of_calendars(token))) == []
    with pytest.raises(Forbidden):
        shown()
    club.alters(club.teacher, role=Role.EMPLOYEE, active=False)
    assert club.reader(token) is None


def test_tokens_leave_events_that_do_not_tell_them(club: Club) -> None:
    tokens = [club.token()]
    club.world.clock.pass_by(hours=1)
    tokens.append(club.token())
    for _ in range(2):
        club.use.revoke_calendar_token(club.teacher, user_id=club.teacher.id)
    told = events(club.world, club.teacher.id)
    assert [event.action for event in told] == [
        Action.CALENDAR_TOKEN_MADE,
        Action.CALENDAR_TOKEN_MADE,
        Action.CALENDAR_TOKEN_REVOKED,
    ]
    first, second = ({"created_at": f"2026-03-02T{hour}:00:00+00:00"} for hour in (12, 13))
    assert [(event.before, event.after) for event in told] == [
        (None, first), (first, second), (second, None),
    ]  # fmt: skip
    assert {(event.actor_id, event.subject_id) for event in told} == {(club.teacher.id, club.teacher.id)}
    assert not any(secret in repr(told) for token in tokens for secret in (token, digest_of(token)))


def test_deactivation_ends_a_token_for_good(club: Club) -> None:
    token, owner = club.token(), club.people[Role.OWNER]
    club.use.change_active(owner, user_id=club.teacher.id, active=False)
    assert club.reader(token) is None
    with club.world.store.autocommit() as work:
        assert work.calendars.token_of(club.teacher.id) is None
    with pytest.raises(Unauthenticated):
        # a request that began before
        club.token()
    club.use.change_active(owner, user_id=club.teacher.id, active=True)
    assert club.reader(token) is None
    told = [(event.action, event.actor_id) for event in events(club.world, club.teacher.id)]
    assert told == [
        (Action.CALENDAR_TOKEN_MADE, club.teacher.id),
        (Action.ACCOUNT_DEACTIVATED, owner.id),
        (Action.CALENDAR_TOKEN_REVOKED, owner.id),
        (Action.ACCOUNT_REACTIVATED, owner.id),
    ]
    assert club.reader(club.token())


def test_a_token_is_its_own_users_business_alone(club: Club) -> None:
    token = club.token()
    for role, person in club.people.items():
        for use in (club.use.make_calendar_token, club.use.revoke_calendar_token):
            with pytest.raises(Forbidden):
                use(person, user_id=club.teacher.id)
        with pytest.raises(Forbidden):
            club.use.show_user_calendar(person, user_id=club.teacher.id)
        assert club.reader(club.token(person)), role
    with pytest.raises(Forbidden):
        club.use.make_calendar_token(OPERATOR, user_id=club.teacher.id)
    assert club.reader(token)


def test_groups_told_with_a_token_are_those_taught_today_by_whoever_works_here(club: Club) -> None:
    def told() -> set[GroupId]:
        return {*club.use.make_calendar_token(club.teacher, user_id=club.teacher.id).group_ids}

    later = club.added(teachers=(Teaching(user_id=club.teacher.id, since=TODAY + DAY),))
    club.added(teachers=(Teaching(user_id=club.teacher.id, since=TODAY - DAY, until=TODAY - DAY),))
    club.lesson(of=club.added(), teachers=(club.teacher.id,))
    assert told() == {club.group.id}
    club.world.clock.pass_by(days=1)
    assert told() == {club.group.id, later.id}
    club.teacher = replace(club.teacher, level=Level.USER)
    assert told() == set()
    manager = club.people[Role.MANAGER]
    assert club.use.make_calendar_token(manager, user_id=manager.id).group_ids == ()


@pytest.mark.parametrize("times", range(1, 4))
def test_what_gets_in_the_way_is_tried_again_and_leaves_one_event(times: int) -> None:
    store = ContendedStore(MemoryStore())
    club = Club(store)
    store.times = times
    token = club.token()
    store.times = times
    assert club.reader(token)
    store.times = times
    assert club.own().entries == ()
    store.times = times
    assert club.use.show_group_calendar(club.teacher, group_id=club.group.id).entries == ()
    assert [it.action for it in events(club.world, club.teacher.id)] == [Action.CALENDAR_TOKEN_MADE]


# Calendars


def test_a_calendar_reaches_from_90_days_ago_to_366_days_ahead(club: Club) -> None:
    club.group = club.added(teachers=(Teaching(user_id=club.teacher.id, since=date(2025, 1, 1)),))
    days = [TODAY + number * DAY for number in (-91, -90, 0, 366, 367)]
    lessons = [club.lesson(day).id for day in days]
    assert ids(club.own()) == lessons[1:4]
    assert ids(club.use.show_group_calendar(club.teacher, group_id=club.group.id)) == lessons[1:4]
    # today is the organisation's: there it is past midnight
    club.world.clock.pass_by(hours=11, minutes=30)
    assert ids(club.own()) == lessons[2:5]


def test_ones_own_calendar_holds_what_one_teaches(club: Club) -> None:
    taught = club.lesson()
    elsewhere = club.added()
    club.lesson(of=elsewhere)
    substituted = club.lesson(TODAY + DAY, of=elsewhere, teachers=(club.teacher.id,))
    club.lesson(TODAY + 2 * DAY, teachers=(club.world.having(Role.EMPLOYEE).id,))
    assert ids(club.own()) == [taught.id, substituted.id]
    for person in club.people.values():
        assert club.own(person).entries == ()


def test_a_groups_calendar_is_for_who_teaches_it_today_and_managers(club: Club) -> None:
    lesson = club.lesson()

    def shown(by: Actor, group: Group) -> list[UUID]:
        return ids(club.use.show_group_calendar(by, group_id=group.id))

    def is_refused(by: Actor, group: Group) -> bool:
        with pytest.raises(Forbidden):
            shown(by, group)
        return True

    assert shown(club.teacher, club.group) == [lesson.id]
    assert is_refused(replace(club.teacher, level=Level.USER), club.group)
    for role, person in club.people.items():
        if role.level >= Level.MANAGER:
            assert shown(person, club.group) == [lesson.id]
        else:
            assert is_refused(person, club.group)
    assert is_refused(club.teacher, club.added())
    tomorrow = club.added(teachers=(Teaching(user_id=club.teacher.id, since=TODAY + DAY),))
    assert is_refused(club.teacher, tomorrow)
    club.world.clock.pass_by(days=1)
    assert shown(club.teacher, tomorrow) == []


def test_a_clients_calendar_is_for_its_own_accounts_and_whoever_works_here(club: Club) -> None:
    parents = [club.world.account() for _ in range(2)]
    client = club.joins(*parents)
    lesson = club.lesson(TODAY + DAY)
    club.lesson(TODAY - DAY)
    club.lesson(of=club.added())
    for account in parents:
        shown = club.use.show_client_calendar(make.actor(account), client_id=client.id)
        assert (shown.name, ids(shown)) == (client.name, [lesson.id])
    stranger, unconfirmed = club.world.account(), replace(make.actor(parents[0]), level=Level.UNCONFIRMED)
    for somebody in (make.actor(stranger), unconfirmed, club.people[Role.USER]):
        for client_id in (client.id, ClientId(make.new_id())):
            with pytest.raises(Forbidden):
                club.use.show_client_calendar(somebody, client_id=client_id)
    for role in (Role.EMPLOYEE, Role.MANAGER, Role.ADMIN):
        person = club.people[role]
        assert ids(club.use.show_client_calendar(person, client_id=client.id)) == [lesson.id]
        with pytest.raises(ClientNotFound):
            club.use.show_client_calendar(person, client_id=ClientId(make.new_id()))


def test_a_token_tells_of_and_reads_the_clients_that_are_ones_own_now(club: Club) -> None:
    parent = club.world.account()
    first, second = club.joins(parent), club.joins(parent)
    made = club.use.make_calendar_token(make.actor(parent), user_id=parent.id)
    assert made.client_ids == tuple(it.id for it in sorted((first, second), key=lambda it: it.name))
    assert club.use.make_calendar_token(club.teacher, user_id=club.teacher.id).client_ids == ()
    reader = club.use.reader_of_calendars(made.token)
    assert club.use.show_client_calendar(reader, client_id=first.id).name == first.name
    club.use.edit_client(club.people[Role.MANAGER], client_id=first.id, user_ids=())
    with pytest.raises(Forbidden):
        club.use.show_client_calendar(reader, client_id=first.id)
    assert club.use.show_client_calendar(reader, client_id=second.id)


def test_a_group_that_is_none_is_told_to_those_who_may_read_some(club: Club) -> None:
    nothing = GroupId(make.new_id())
    for person in (club.people[Role.MANAGER], club.teacher):
        with pytest.raises(GroupNotFound):
            club.use.show_group_calendar(person, group_id=nothing)
    with pytest.raises(Forbidden):
        club.use.show_group_calendar(club.people[Role.USER], group_id=nothing)


# Twins: each guard taken out


def stored_client(store: Store, client_id: ClientId) -> Client:
    with store.autocommit() as work:
        return work.clients.get(client_id)


@pytest.mark.plants
def test_a_token_is_seen_to_outlive_a_deactivation_that_does_not_end_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(role_change_workflow, "end_calendar_token", lambda *_: None)
    with pytest.raises(SEEN):
        test_deactivation_ends_a_token_for_good(in_memory())


@pytest.mark.plants
@pytest.mark.parametrize(
    ("guard", "test"),
    [
        ("may_teach", test_a_token_stands_for_what_its_user_may_now),
        ("may_teach", test_groups_told_with_a_token_are_those_taught_today_by_whoever_works_here),
        ("require_level", test_a_token_is_its_own_users_business_alone),
        ("require", test_deactivation_ends_a_token_for_good),
        ("readable_client", test_a_clients_calendar_is_for_its_own_accounts_and_whoever_works_here),
        ("require_level", test_a_groups_calendar_is_for_who_teaches_it_today_and_managers),
        ("require_level_for_some", test_a_group_that_is_none_is_told_to_those_who_may_read_some),
        ("digest_of", test_a_token_reads_in_the_name_of_whoever_made_it),
    ],
)
def test_a_guard_taken_out_is_seen(
    guard: str, test: Callable[[Club], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    others: dict[str, Any] = {
        "digest_of": lambda token: token,
        "readable_client": lambda store, _, client_id: stored_client(store, client_id),
    }
    monkeypatch.setattr(calendars, guard, others.get(guard, lambda *_, **__: True))
    with pytest.raises((*SEEN, GroupNotFound, ClientNotFound)):
        test(in_memory())


# At once


@dataclass
class Unheld(Store):
    """A store whose writing units do not line up: two look at the token before one replaces it."""

    inner: Store
    meeting: threading.Barrier

    @contextmanager
    def transaction(self) -> Iterator[UnitOfWork]:
        with self.inner.autocommit() as work:
            yield replaced(work, calendars=Hasty(work.calendars, self.meeting))  # type: ignore[arg-type]

    def autocommit(self) -> AbstractContextManager[UnitOfWork]:
        return self.inner.autocommit()

    read = autocommit

    def ambient(self) -> AbstractContextManager[None]:
        return self.inner.ambient()

    def attempts(self) -> Iterator[None]:
        return self.inner.attempts()


@dataclass
class Hasty:
    """Calendars of which a token is asked by both before either goes on."""

    calendars: Any
    meeting: threading.Barrier

    def __getattr__(self, name: str) -> object:
        return getattr(self.calendars, name)

    def token_of(self, account_id: object) -> CalendarToken | None:
        found: CalendarToken | None = self.calendars.token_of(account_id)
        with suppress(threading.BrokenBarrierError):
            # once to say that it has looked, once more to go on
            self.meeting.wait(timeout=60)
            self.meeting.wait(timeout=60)
        return found


def made_at_once(club: Club) -> tuple[int, int]:
    """Of two tokens made at once: how many are good, and how many are told to be the first."""
    tokens = at_once(club.token, club.token)
    told = events(club.world, club.teacher.id)
    assert len(told) == 2
    return sum(club.reader(str(token)) is not None for token in tokens), [it.before for it in told].count(
        None
    )


@pytest.mark.parametrize("round_", range(5))
def test_of_two_tokens_made_at_once_one_is_good_and_one_was_the_first(club: Club, round_: int) -> None:
    assert made_at_once(club) == (1, 1)


@pytest.mark.plants
def test_without_holding_the_account_both_are_told_to_be_the_first(database: Database) -> None:
    club = Club(SqlStore(primary=database, replica=database))
    use: Any = club.use.make_calendar_token
    club.use = replace(
        club.use, make_calendar_token=replace(use, store=Unheld(use.store, threading.Barrier(2)))
    )
    assert made_at_once(club) == (1, 2)


def made_while_deactivated(club: Club, act: Callable[..., list[object]]) -> bool:
    """Whether a token outlives the deactivation of its account in the moment in which it is made."""
    owner = club.world.having(Role.OWNER)
    teacher = club.world.having(Role.EMPLOYEE)

    def deactivates() -> None:
        club.use.change_active(owner, user_id=teacher.id, active=False)

    made, _ = act(lambda: club.token(teacher), deactivates)
    assert isinstance(made, str | Unauthenticated)
    with club.world.store.autocommit() as work:
        return work.calendars.token_of(teacher.id) is not None


@pytest.mark.parametrize("round_", range(5))
def test_no_token_outlives_a_deactivation_in_the_moment_it_is_made(club: Club, round_: int) -> None:
    assert not made_while_deactivated(club, at_once)


@pytest.mark.plants
def test_without_holding_the_account_a_token_outlives_its_deactivation(database: Database) -> None:
    club = Club(SqlStore(primary=database, replica=database))
    use: Any = club.use.make_calendar_token
    meeting = threading.Barrier(2)
    club.use = replace(club.use, make_calendar_token=replace(use, store=Unheld(use.store, meeting)))

    def meet(makes: Callable[[], object], deactivates: Callable[[], object]) -> list[object]:
        """The deactivation is over before the token is stored, and after the account was looked at."""

        def before() -> None:
            meeting.wait(timeout=60)
            deactivates()
            meeting.wait(timeout=60)

        return at_once(makes, before)

    assert made_while_deactivated(club, meet)
