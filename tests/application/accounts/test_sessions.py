"""One's own sessions: how long they last, where one is signed in, ending one, and what one may."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from attendance.application import maintenance
from attendance.application.accounts.sessions import EndSession
from attendance.application.ports import Sessions, Store, TokenSubject
from attendance.domain.accounts.mail import MailKind
from attendance.domain.accounts.sessions import InvalidToken, Session, SessionExpired, SessionNotFound
from attendance.domain.errors import Forbidden, Unauthenticated
from attendance.domain.events import Action
from attendance.domain.ids import SessionId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.roles import Level, Role
from attendance.domain.permissions.table import Permission
from tests import make
from tests.fakes import PASSWORD, World
from tests.make import NOON

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
HOME = "192.0.2.7"
IN_MEMORY = pytest.mark.parametrize("store_url", ["memory"])


@pytest.fixture
def world(store: Store) -> World:
    world = World(store)
    world.use_cases.register(username="ada", password=PASSWORD, email="ada@example.org")
    return world


def signed_in(world: World, **how: Any) -> tuple[str, Actor]:
    token = world.use_cases.sign_in(username="ada", password=PASSWORD, **how).access_token
    return token, world.use_cases.actor_of(token)


def own(world: World, actor: Actor) -> tuple[Any, ...]:
    return world.use_cases.own_sessions(actor, user_id=actor.id)


def ends(world: World, actor: Actor, session_id: object) -> None:
    world.use_cases.end_session(actor, user_id=actor.id, session_id=session_id)


# How long they last


@IN_MEMORY
def test_what_a_sign_in_says_of_how_long_it_lasts(world: World) -> None:
    usual = world.use_cases.sign_in(username="ada", password=PASSWORD)
    remembered = world.use_cases.sign_in(username="ada", password=PASSWORD, remember=True)
    assert (usual.expires_at - NOON, usual.idle_seconds) == (timedelta(hours=12), 3 * 3600)
    assert (remembered.expires_at - NOON, remembered.idle_seconds) == (timedelta(days=30), 14 * 86400)
    assert usual.access_token not in repr(usual)


@pytest.mark.parametrize(
    ("uses", "lives"),
    [([13.9, 13.9, 2.1], True), ([14], False), ([13.9, 13.9, 2.2], False)],
)
def test_a_remembered_session_ends_after_14_days_unused_and_30_in_all(
    world: World, uses: list[float], lives: bool
) -> None:
    token, _ = signed_in(world, remember=True)
    for days in uses[:-1]:
        world.clock.pass_by(days=days)
        assert world.use_cases.actor_of(token)
    world.clock.pass_by(days=uses[-1])
    if lives:
        assert world.use_cases.actor_of(token)
    else:
        with pytest.raises(SessionExpired):
            world.use_cases.actor_of(token)


# Where one is signed in


def test_everybody_sees_where_they_are_signed_in(world: World) -> None:
    _, phone = signed_in(world, remember=True, address="2001:db8::/64", user_agent=FIREFOX)
    world.clock.pass_by(minutes=5)
    token, here = signed_in(world, address=HOME)
    world.use_cases.register(username="bob", password=PASSWORD)
    world.use_cases.sign_in(username="bob", password=PASSWORD)
    world.clock.pass_by(minutes=2)
    world.use_cases.actor_of(token)
    latest, first = own(world, here)
    assert (latest.id, latest.current, latest.remembered) == (here.session_id, True, False)
    assert (latest.address, latest.user_agent) == (HOME, "")
    assert (latest.created_at, latest.last_seen_at) == (
        NOON + timedelta(minutes=5),
        NOON + timedelta(minutes=7),
    )
    assert (first.id, first.current, first.remembered) == (phone.session_id, False, True)
    assert (first.address, first.user_agent) == ("2001:db8::/64", FIREFOX)
    assert FIREFOX not in repr(first)
    assert HOME not in repr(latest)
    world.clock.pass_by(hours=4)
    assert own(world, phone) == (replace(first, current=True),)


@IN_MEMORY
@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("  Fennec\x00\x1b[31m\r\n1.0\x7f\x85 ", "Fennec[31m1.0"),
        ("right to left \u202egnp.exe\u2028\ud800", "right to left gnp.exe"),
        ("x" * 10_000, "x" * 256),
        ("\t \n", ""),
    ],
)
def test_what_a_client_says_of_itself_is_kept_as_far_as_it_can_be_shown(
    world: World, said: str, kept: str
) -> None:
    _, actor = signed_in(world, user_agent=said, address=said)
    (session,) = own(world, actor)
    assert session.user_agent == kept
    assert session.address == kept[:64]


def test_events_tell_nothing_of_where_somebody_signed_in_from(world: World) -> None:
    _, actor = signed_in(world, address=HOME, user_agent=FIREFOX, remember=True)
    ends(world, actor, actor.session_id)
    with world.store.autocommit() as work:
        started, ended = work.events.of(actor.session_id)
    assert (started.action, ended.action) == (Action.SESSION_STARTED, Action.SESSION_ENDED)
    assert started.after
    assert started.after["remembered"] is True
    for told in (HOME, FIREFOX):
        assert told not in repr((started, ended))


@IN_MEMORY
def test_nobody_sees_or_ends_the_sessions_of_somebody_else(world: World) -> None:
    _, ada = signed_in(world)
    world.use_cases.register(username="bob", password=PASSWORD)
    bob = world.use_cases.actor_of(world.use_cases.sign_in(username="bob", password=PASSWORD).access_token)
    admin = world.having(Role.ADMIN)
    for other in (bob, admin):
        with pytest.raises(Forbidden):
            world.use_cases.own_sessions(other, user_id=ada.id)
        with pytest.raises(Forbidden):
            world.use_cases.end_session(other, user_id=ada.id, session_id=ada.session_id)
        with pytest.raises(Forbidden):
            world.use_cases.show_permissions(other, user_id=ada.id)
    with pytest.raises(SessionNotFound, match="session not found"):
        ends(world, bob, ada.session_id)
    assert [session.id for session in own(world, ada)] == [ada.session_id]


# Ending one


def test_an_ended_session_is_over_on_the_next_request_and_no_other_is(world: World) -> None:
    (gone, lost), (kept, here) = signed_in(world, remember=True), signed_in(world)
    ends(world, here, lost.session_id)
    with pytest.raises(SessionExpired, match="authentication required"):
        world.use_cases.actor_of(gone)
    assert world.use_cases.actor_of(kept) == here
    with pytest.raises(SessionNotFound):
        ends(world, here, lost.session_id)
    ends(world, here, here.session_id)
    with pytest.raises(SessionExpired):
        world.use_cases.actor_of(kept)


def test_what_is_over_by_time_is_not_there_to_be_ended(world: World) -> None:
    _, old = signed_in(world)
    world.clock.pass_by(hours=3)
    _, new = signed_in(world)
    with pytest.raises(SessionNotFound):
        ends(world, new, old.session_id)
    with pytest.raises(SessionNotFound):
        ends(world, new, make.new_id())


AT_ONCE = 8


def ended_at_once(world: World) -> list[str]:
    """What each of several is told who end the same session at the same moment."""
    _, actor = signed_in(world)
    start = threading.Barrier(AT_ONCE)

    def end(_: int) -> str:
        start.wait()
        try:
            ends(world, actor, actor.session_id)
        except SessionNotFound:
            return "not found"
        return "ended"

    with ThreadPoolExecutor(AT_ONCE) as pool:
        told = [*pool.map(end, range(AT_ONCE))]
    with world.store.autocommit() as work:
        events = [event.action for event in work.events.of(actor.session_id)]
    assert events == [Action.SESSION_STARTED, Action.SESSION_ENDED], "one event for one end"
    return sorted(told)


def test_of_those_who_end_a_session_at_once_one_does(world: World) -> None:
    assert ended_at_once(world) == ["ended"] + ["not found"] * (AT_ONCE - 1)


@pytest.mark.plants
def test_without_the_guard_of_the_end_several_end_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = threading.Barrier(AT_ONCE)

    def end_unguarded(self: EndSession, actor: Actor, *, user_id: Any, session_id: SessionId) -> None:
        with self.store.autocommit() as work:
            assert work.sessions.find(session_id)
        looked.wait(timeout=20)
        context = self._change_context(actor)
        with self.store.transaction() as work:
            work.sessions.end(session_id)
            work.events.add(context.event(Action.SESSION_ENDED, session_id))

    monkeypatch.setattr(EndSession, "__call__", end_unguarded)
    with pytest.raises(AssertionError, match="one event for one end"):
        ended_at_once(world)


def used_while_it_is_ended(world: World, touch: Callable[[Sessions, SessionId, datetime], None]) -> None:
    """A request is under way, its use not noted yet, when its session is ended."""
    token, actor = signed_in(world)
    world.clock.pass_by(minutes=2)
    noting: list[Callable[[], None]] = []
    in_flight = replace(world.use_cases.actor_of, run_in_background=noting.append)(token)
    assert in_flight == actor
    ends(world, actor, actor.session_id)
    assert len(noting) == 1
    with world.store.transaction() as work:
        touch(work.sessions, actor.session_id, world.clock.now)
    noting[0]()
    with pytest.raises(SessionExpired):
        world.use_cases.actor_of(token)
    assert world.run_in_background == []


def test_a_request_under_way_brings_no_ended_session_back(world: World) -> None:
    used_while_it_is_ended(world, lambda sessions, session_id, at: sessions.touch(session_id, at))


@pytest.mark.plants
def test_a_use_that_stores_the_whole_session_brings_it_back(world: World) -> None:
    _, actor = signed_in(world)
    with world.store.autocommit() as work:
        (before,) = work.sessions.of(actor.id)

    def touch(sessions: Sessions, session_id: SessionId, at: datetime) -> None:
        sessions.add(replace(before, id=session_id, last_seen_at=at))

    with pytest.raises(pytest.fail.Exception):
        used_while_it_is_ended(world, touch)


# What a token that is not good is told


def test_what_ends_sessions_is_told_to_each_of_them(world: World) -> None:
    """Another password ends all but this one; a link for a password, and deactivation, end all."""
    (other, _), (mine, actor) = signed_in(world), signed_in(world, remember=True)
    world.use_cases.change_password(actor, current_password=PASSWORD, new_password="staple tarpaulin")
    check_over(world, other)
    assert world.use_cases.actor_of(mine) == actor
    world.use_cases.request_password_reset(email="ada@example.org")
    reset = world.token_mailed(MailKind.RESET_PASSWORD)
    world.use_cases.set_password(token=reset, password=PASSWORD)
    check_over(world, mine)
    (token, actor), head = signed_in(world, remember=True), world.having(Role.HEAD_MANAGER)
    world.use_cases.change_active(head, user_id=actor.id, active=False)
    check_over(world, token)
    with world.store.autocommit() as work:
        assert work.sessions.of(actor.id) == ()


def check_over(world: World, token: str) -> None:
    with pytest.raises(SessionExpired) as refused:
        world.use_cases.actor_of(token)
    assert isinstance(refused.value, Unauthenticated)
    assert refused.value.text == "authentication required"


def test_a_session_that_was_purged_is_told_to_be_over(world: World) -> None:
    token, actor = signed_in(world)
    world.clock.pass_by(hours=4)
    world.use_cases.run_maintenance()
    with world.store.autocommit() as work:
        assert work.sessions.find(actor.session_id) is None
    check_over(world, token)


@IN_MEMORY
def test_any_other_token_is_told_to_be_none(world: World) -> None:
    token, actor = signed_in(world)
    tokens: Any = world.use_cases.actor_of.tokens
    somebody = world.account()
    tokens._issued["of another"] = TokenSubject(actor.session_id, somebody.id)
    for bad in ("nonsense", "", "of another"):
        with pytest.raises(InvalidToken, match="authentication required"):
            world.use_cases.actor_of(bad)
    with pytest.raises(InvalidToken):
        world.use_cases.reader_of_calendars("nonsense")
    assert world.use_cases.actor_of(token) == actor


# What one may


@IN_MEMORY
@pytest.mark.parametrize("role", Role)
def test_everybody_is_told_what_their_level_may(world: World, role: Role) -> None:
    actor = world.having(role)
    told = world.use_cases.show_permissions(actor, user_id=actor.id)
    assert told.level == role.level
    assert list(told.permissions) == sorted(told.permissions)
    assert ("mark_attendance" in told.permissions) is (role.level >= Level.EMPLOYEE), "those one teaches"
    assert ("list_users" in told.permissions) is (role.level >= Level.MANAGER)
    assert ("confirm_role_change" in told.permissions) is (role is Role.OWNER)
    assert {*told.permissions} <= {permission.value for permission in Permission}


@IN_MEMORY
def test_without_a_confirmed_address_one_may_little(world: World) -> None:
    _, actor = signed_in(world)
    told = world.use_cases.show_permissions(actor, user_id=actor.id)
    assert told.level == 1
    assert "read_sessions" in told.permissions
    assert "read_lessons" not in told.permissions


# What time has ended


@dataclass(frozen=True, slots=True)
class Ended:
    """Sessions that are over, and one that is not."""

    over: tuple[Session, ...]
    live: Session


def with_sessions(world: World, number: int) -> Ended:
    account = world.account()
    long_ago = world.clock.now - timedelta(days=1)
    over = tuple(make.session(account, expires_at=long_ago, last_seen_at=long_ago) for _ in range(number))
    live = make.session(account)
    with world.store.transaction() as work:
        for session in (*over, live):
            work.sessions.add(session)
    return Ended(over, live)


def test_what_is_over_goes_in_batches(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maintenance, "BATCH", 3)
    ended = with_sessions(world, 7)
    transactions: list[int] = []
    begin = world.store.transaction

    def counted() -> Any:
        transactions.append(1)
        return begin()

    monkeypatch.setattr(type(world.store), "transaction", lambda _: counted())
    world.use_cases.run_maintenance()
    monkeypatch.undo()
    # one for role changes, three for the sessions, one for each of the other five
    assert len(transactions) == 1 + 3 + 5
    with world.store.autocommit() as work:
        assert work.sessions.of(ended.live.account_id) == (ended.live,)


def test_a_use_just_before_a_session_ends_is_not_lost_to_maintenance(world: World) -> None:
    token, _ = signed_in(world)
    world.clock.pass_by(hours=2, minutes=59, seconds=59)
    noting: list[Callable[[], None]] = []
    assert replace(world.use_cases.actor_of, run_in_background=noting.append)(token)
    world.clock.pass_by(seconds=2)
    world.use_cases.run_maintenance()
    noting[0]()
    assert world.use_cases.actor_of(token)


def test_maintenance_forgets_addresses_and_links_in_time(world: World) -> None:
    signed_in(world, address=HOME)
    with world.store.autocommit() as work:
        (account,) = [work.accounts.find_by_username("ada")]
        assert account
        assert len(work.links.of(account.id)) == 1
    world.clock.pass_by(hours=47, minutes=59)
    world.use_cases.run_maintenance()
    with world.store.autocommit() as work:
        assert len(work.links.of(account.id)) == 1
    world.clock.pass_by(minutes=1)
    world.use_cases.run_maintenance()
    with world.store.autocommit() as work:
        assert work.links.of(account.id) == ()
