"""Registering and signing in, over every store."""

from dataclasses import replace

import pytest

from attendance.application.ports import Store
from attendance.domain.accounts.accounts import InvalidCredentials, UsernameTaken
from attendance.domain.errors import Invalid, Unauthenticated, Unavailable
from attendance.domain.events import Action
from attendance.domain.permissions.table import Directory
from attendance.domain.text import folded
from tests.fakes import PASSWORD, ContendedStore, World


def actions(store: Store, subject_id: object) -> list[Action]:
    with store.autocommit() as work:
        return [event.action for event in work.events.of(subject_id)]  # type: ignore[arg-type]


def test_whoever_registers_can_sign_in(store: Store) -> None:
    world = World(store)
    user_id = world.use_cases.register(username="Ada", password=PASSWORD)
    token = world.use_cases.sign_in(username="ａＤa", password=PASSWORD).access_token
    actor = world.use_cases.actor_of(token)
    assert actor.id == user_id
    assert actions(store, user_id) == [Action.ACCOUNT_REGISTERED]
    assert actions(store, actor.session_id) == [Action.SESSION_STARTED]


def test_a_password_is_compared_in_nfc(store: Store) -> None:
    world = World(store)
    world.use_cases.register(username="ada", password="Kafe\u0301 Kafe\u0301")
    assert world.use_cases.sign_in(username="ada", password="Kaf\u00e9 Kaf\u00e9")


@pytest.mark.parametrize(
    "password",
    ["", "short", "1234567", "password", "Ä" * 513, "x" * 1025, "nul\0 in the middle", "half \ud800 a pair"],
)
def test_a_password_that_breaks_a_rule_registers_nobody(store: Store, password: str) -> None:
    world = World(store)
    with pytest.raises(Invalid) as refused:
        world.use_cases.register(username="ada", password=password)
    assert [field_error.field for field_error in refused.value.field_errors] == ["password"]
    assert world.use_cases.search_accounts(None).total == 0


@pytest.mark.parametrize("password", ["12345678", "Ä" * 512, "ÄÖÜäöüß€"])
def test_a_password_at_the_edge_of_the_rules_is_accepted(store: Store, password: str) -> None:
    world = World(store)
    world.use_cases.register(username="ada", password=password)
    assert world.use_cases.sign_in(username="ada", password=password)


def test_a_taken_username_registers_nobody_and_logs_nothing(store: Store) -> None:
    world = World(store)
    world.use_cases.register(username="ada", password=PASSWORD)
    with pytest.raises(UsernameTaken) as refused:
        world.use_cases.register(username="ADA", password=PASSWORD)
    assert refused.value.field_errors == ()
    assert world.use_cases.search_accounts(None).total == 1


def test_signing_in_fails_alike_for_everybody_it_fails_for(store: Store) -> None:
    world = World(store)
    world.use_cases.register(username="ada", password=PASSWORD)
    gone_id = world.use_cases.register(username="gone", password=PASSWORD)
    with store.transaction() as work:
        gone = work.accounts.find_by_username("gone")
        assert gone
        assert gone.id == gone_id
        work.accounts.save(replace(gone, active=False, version=2))
    world.hasher.verified.clear()
    attempts = [
        ("nobody", PASSWORD),
        ("ada", "wrong password"),
        ("gone", PASSWORD),
        ("ada", ""),
        ("ada", "x" * 2000),
        ("ada", "half \ud800 a pair"),
        ("nul\0", PASSWORD),
        ("half \ud800", PASSWORD),
        ("x" * 100_000, PASSWORD),
        ("", PASSWORD),
    ]
    for username, password in attempts:
        with pytest.raises(InvalidCredentials) as refused:
            world.use_cases.sign_in(username=username, password=password)
        assert str(refused.value) == "invalid credentials"
    # each of them cost one verification: time tells nothing
    assert len(world.hasher.verified) == len(attempts)


def test_an_old_hash_is_renewed_at_sign_in_and_sessions_stay(store: Store) -> None:
    world = World(store)
    user_id = world.use_cases.register(username="ada", password=PASSWORD)
    before = world.use_cases.sign_in(username="ada", password=PASSWORD).access_token
    world.hasher.generation = 2
    assert world.use_cases.sign_in(username="ada", password=PASSWORD)
    with store.autocommit() as work:
        account = work.accounts.find_by_username(folded("ada"))
        events = work.events.of(user_id)
    assert account
    assert account.password_hash == f"2:{PASSWORD}"
    assert account.version == 2
    assert [event.action for event in events] == [Action.ACCOUNT_REGISTERED, Action.ACCOUNT_REHASHED]
    assert PASSWORD not in repr(events)
    assert world.use_cases.actor_of(before).id == user_id
    world.use_cases.sign_in(username="ada", password=PASSWORD)
    assert len(actions(store, user_id)) == 2


def test_a_wrong_password_renews_nothing(store: Store) -> None:
    world = World(store)
    user_id = world.use_cases.register(username="ada", password=PASSWORD)
    world.hasher.generation = 2
    with pytest.raises(InvalidCredentials):
        world.use_cases.sign_in(username="ada", password="wrong password")
    assert actions(store, user_id) == [Action.ACCOUNT_REGISTERED]


@pytest.mark.parametrize(
    ("uses", "lives"), [([2.9, 2.9, 2.9, 2.9], True), ([3], False), ([2.9] * 4 + [0.4], False)]
)
def test_a_session_ends_after_3_hours_unused_and_12_in_all(
    store: Store, uses: list[float], lives: bool
) -> None:
    world = World(store)
    user_id = world.use_cases.register(username="ada", password=PASSWORD)
    token = world.use_cases.sign_in(username="ada", password=PASSWORD).access_token
    for hours in uses[:-1]:
        world.clock.pass_by(hours=hours)
        assert world.use_cases.actor_of(token).id == user_id
    world.clock.pass_by(hours=uses[-1])
    if lives:
        assert world.use_cases.actor_of(token).id == user_id
    else:
        with pytest.raises(Unauthenticated):
            world.use_cases.actor_of(token)


def test_deactivation_holds_for_the_next_request(store: Store) -> None:
    world = World(store)
    world.use_cases.register(username="ada", password=PASSWORD)
    token = world.use_cases.sign_in(username="ada", password=PASSWORD).access_token
    world.use_cases.actor_of(token)
    with store.transaction() as work:
        account = work.accounts.find_by_username("ada")
        assert account
        work.accounts.save(replace(account, active=False, version=2))
    with pytest.raises(Unauthenticated):
        world.use_cases.actor_of(token)


def test_use_is_noted_at_most_once_a_minute_and_never_fails_a_request(store: Store) -> None:
    lost = ContendedStore(store)
    world = World(lost)
    world.use_cases.register(username="ada", password=PASSWORD)
    token = world.use_cases.sign_in(username="ada", password=PASSWORD).access_token
    session_id = world.use_cases.actor_of(token).session_id

    def seen() -> object:
        with store.autocommit() as work:
            found = work.sessions.find(session_id)
        assert found
        return found.session.last_seen_at

    first = seen()
    world.clock.pass_by(seconds=59)
    world.use_cases.actor_of(token)
    assert seen() == first
    world.clock.pass_by(seconds=1)
    world.use_cases.actor_of(token)
    assert seen() == world.clock.now
    assert actions(store, session_id) == [Action.SESSION_STARTED]

    real = world.use_cases.actor_of.run_in_background
    later: list[object] = []
    deferred = replace(world.use_cases.actor_of, run_in_background=later.append)
    world.clock.pass_by(minutes=2)
    assert deferred(token)
    (touch,) = later
    lost.times = 100
    real(touch)  # type: ignore[arg-type]
    assert [type(error) for error in world.run_in_background] == [Unavailable]
    lost.times = 0
    assert deferred(token)


def test_a_closed_directory_is_for_whoever_is_signed_in(store: Store) -> None:
    world = World(store, directory=Directory.SIGNED_IN)
    world.use_cases.register(username="ada", password=PASSWORD)
    actor = world.use_cases.actor_of(world.use_cases.sign_in(username="ada", password=PASSWORD).access_token)
    for search in (world.use_cases.search_accounts, world.use_cases.search_labs):
        with pytest.raises(Unauthenticated):
            search(None)
        assert search(actor).total in (0, 1)


@pytest.mark.parametrize(("limit", "offset"), [(0, 0), (1001, 0), (-1, 0), (1, -1), (1, 2**63)])
def test_a_page_that_cannot_be_is_refused(store: Store, limit: int, offset: int) -> None:
    world = World(store)
    for search in (world.use_cases.search_accounts, world.use_cases.search_labs):
        with pytest.raises(Invalid):
            search(None, limit=limit, offset=offset)


@pytest.mark.parametrize("part", ["nul\0", "half \ud800 a pair", "\x1f"])
def test_what_no_text_can_hold_is_not_looked_for(store: Store, part: str) -> None:
    world = World(store)
    with pytest.raises(Invalid):
        world.use_cases.search_accounts(None, name=part)
    with pytest.raises(Invalid):
        world.use_cases.search_labs(None, q=part)


def test_a_use_case_that_loses_is_tried_again_as_a_whole(store: Store) -> None:
    contended = ContendedStore(store, times=3)
    world = World(contended)
    user_id = world.use_cases.register(username="ada", password=PASSWORD)
    assert actions(store, user_id) == [Action.ACCOUNT_REGISTERED]
    contended.times = 4
    assert world.use_cases.sign_in(username="ada", password=PASSWORD)


def test_a_use_case_that_always_loses_is_unavailable_and_leaves_no_trace(store: Store) -> None:
    contended = ContendedStore(store, times=100)
    world = World(contended)
    with pytest.raises(Unavailable):
        world.use_cases.register(username="ada", password=PASSWORD)
    assert contended.times == 100 - contended.backoff
    contended.times = 0
    assert world.use_cases.search_accounts(None).total == 0
