"""What is limited is counted the same for all, over every store; nothing that did not happen counts."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import hypothesis.strategies as st
import pytest
from hypothesis import given

from attendance.application.accounts import rate_limiter
from attendance.application.ports import RateLimitWindows, Store, UnitOfWork
from attendance.domain.accounts.accounts import InvalidCredentials
from attendance.domain.accounts.mail import MailKind
from attendance.domain.accounts.passwords import WrongPassword
from attendance.domain.accounts.rate_limits import Limit, LimitReached, Limits, RateLimitWindow, window_key
from attendance.domain.errors import Unavailable
from tests.fakes import PASSWORD, World, replaced
from tests.make import NOON

HOME, SCHOOL = "192.0.2.7", "2001:db8::/64"


def failing(world: World, *, times: int, **who: str) -> None:
    for _ in range(times):
        with pytest.raises(InvalidCredentials):
            world.use_cases.sign_in(password="wrong", **who)


def refused(act: Callable[[], object]) -> int:
    with pytest.raises(LimitReached) as limit:
        act()
    assert str(limit.value) == "too many requests"
    return limit.value.retry_after


def test_ten_failures_in_five_minutes_close_an_account_from_there_to_all_but_those_inside(
    store: Store,
) -> None:
    world = World(store)
    user_id = world.use_cases.register(username="ada", password=PASSWORD, email="ada@example.org")
    inside = world.use_cases.sign_in(username="ada", password=PASSWORD).access_token
    failing(world, times=5, username="ＡDA")
    world.clock.pass_by(seconds=60)
    failing(world, times=5, email="Ada@example.org")
    world.hasher.verified.clear()
    for who in ({"username": "ada"}, {"email": "ada@example.org"}):
        assert refused(lambda who=who: world.use_cases.sign_in(password=PASSWORD, **who)) == 240
    assert world.hasher.verified == []
    assert world.use_cases.actor_of(inside).id == user_id
    world.clock.pass_by(seconds=239)
    assert refused(lambda: world.use_cases.sign_in(username="ada", password=PASSWORD)) == 1
    world.clock.pass_by(seconds=1)
    assert world.use_cases.sign_in(username="ada", password=PASSWORD)
    failing(world, times=5, username="ada")
    assert refused(lambda: world.use_cases.sign_in(username="ada", password=PASSWORD)) == 60


def test_a_name_nobody_has_is_closed_alike(store: Store) -> None:
    world = World(store)
    failing(world, times=10, username="nobody")
    assert refused(lambda: world.use_cases.sign_in(username="NOBODY", password="x")) == 300
    failing(world, times=10, email="nobody@example.org")
    assert refused(lambda: world.use_cases.sign_in(email="Nobody@example.org", password="x")) == 300
    failing(world, times=1, username="nul\0")


def test_a_name_tells_nothing_about_an_address_of_the_same_letters(store: Store) -> None:
    """An address typed where the name belongs closes nothing for whoever has it, nor for whoever has not."""
    world = World(store)
    world.use_cases.register(username="ada", password=PASSWORD, email="ada@example.org")
    for email in ("ada@example.org", "nobody@example.org"):
        failing(world, times=10, username=email)
        failing(world, times=1, email=email)
        assert refused(lambda name=email: world.use_cases.sign_in(username=name, password="x")) == 300


def test_successes_do_not_count_and_do_not_forgive(store: Store) -> None:
    world = World(store)
    world.use_cases.register(username="ada", password=PASSWORD)
    failing(world, times=9, username="ada")
    for _ in range(20):
        world.use_cases.sign_in(username="ada", password=PASSWORD)
    failing(world, times=1, username="ada")
    assert refused(lambda: world.use_cases.sign_in(username="ada", password=PASSWORD)) == 300


def test_what_was_never_evaluated_does_not_count(store: Store) -> None:
    world = World(store)
    world.use_cases.register(username="ada", password=PASSWORD)
    real = world.hasher.verify

    def full(password: str, password_hash: str | None) -> bool:
        raise Unavailable

    world.hasher.verify = full  # type: ignore[method-assign]
    for _ in range(30):
        with pytest.raises(Unavailable):
            world.use_cases.sign_in(username="ada", password=PASSWORD, address=HOME)
    world.hasher.verify = real  # type: ignore[method-assign]
    assert world.use_cases.sign_in(username="ada", password=PASSWORD, address=HOME)


def test_a_hundred_failures_from_one_address_close_it_for_every_name(store: Store) -> None:
    world = World(store)
    world.use_cases.register(username="ada", password=PASSWORD)
    for n in range(100):
        failing(world, times=1, username=f"name{n}", address=HOME)
    refused(lambda: world.use_cases.sign_in(username="ada", password=PASSWORD, address=HOME))
    assert world.use_cases.sign_in(username="ada", password=PASSWORD, address=SCHOOL)
    assert world.use_cases.sign_in(username="ada", password=PASSWORD)
    # the refusal itself counted for neither
    with store.autocommit() as work:
        assert len(work.rate_limit_windows.find(window_key("sign_in.address", HOME)).times) == 100


def refuses(world: World, **who: str) -> bool:
    """Whether a sign-in with the right password is refused."""
    try:
        world.use_cases.sign_in(password=PASSWORD, **who)
    except LimitReached:
        return True
    return False


def teachers_of(world: World) -> dict[str, str]:
    """Three of them by username, and the address each teaches from."""
    teachers = {f"teacher{n}": f"192.0.2.{n}" for n in range(3)}
    for name in teachers:
        world.use_cases.register(username=name, password=PASSWORD, email=f"{name}@example.org")
    return teachers


def test_who_has_a_list_of_usernames_locks_nobody_out(store: Store) -> None:
    world = World(store)
    teachers = teachers_of(world)
    for name in teachers:
        failing(world, times=10, username=name, address="203.0.113.66")
        assert refuses(world, username=name, address="203.0.113.66")
        assert refuses(world, email=f"{name}@example.org", address="203.0.113.66")
    assert not any(refuses(world, username=name, address=home) for name, home in teachers.items())


@pytest.mark.plants
def test_without_the_address_in_their_key_everybody_is_locked_out(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limiter, "address_key", lambda subject, _: window_key("sign_in", subject))
    with pytest.raises(AssertionError):
        test_who_has_a_list_of_usernames_locks_nobody_out(store)


def attack_from_everywhere(world: World, username: str) -> None:
    """A hundred failures within five minutes, from a hundred addresses."""
    for n in range(100):
        failing(world, times=1, username=username, address=f"203.0.113.{n}")


@pytest.mark.attacks
def test_from_a_hundred_addresses_nobody_is_locked_out_where_they_sign_in(store: Store) -> None:
    world = World(store)
    teachers = teachers_of(world)
    away, *at_home = teachers
    for name in at_home:
        assert not refuses(world, username=name, address=teachers[name])
    world.clock.pass_by(days=30)
    for name in teachers:
        attack_from_everywhere(world, name)
        assert refuses(world, username=name, address="198.51.100.1"), "where nobody signed in from"
    assert refuses(world, username=away, address=teachers[away])
    for name in at_home:
        assert refuses(world, username=name), "what has no address is a place like others"
        assert not refuses(world, username=name, address=teachers[name])
        failing(world, times=10, username=name, address=teachers[name])
        assert refuses(world, username=name, address=teachers[name]), "ten from there are enough"
    world.clock.pass_by(minutes=5)
    assert not refuses(world, username=away, address=teachers[away])


@pytest.mark.plants
def test_without_knowing_addresses_everybody_is_locked_out(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Limit, "counting_only", property(lambda limit: limit))
    with pytest.raises(AssertionError):
        test_from_a_hundred_addresses_nobody_is_locked_out_where_they_sign_in(store)


def test_an_address_is_known_for_thirty_days_to_its_account_alone(store: Store) -> None:
    limits = Limits(failed_sign_ins_everywhere=Limit(2, timedelta(minutes=5)))
    world = World(store, limits=limits)
    for name in ("ada", "bob"):
        world.use_cases.register(username=name, password=PASSWORD)
    world.use_cases.sign_in(username="ada", password=PASSWORD, address=HOME)
    world.use_cases.sign_in(username="bob", password=PASSWORD)
    world.clock.pass_by(days=30)
    for name in ("ada", "bob"):
        failing(world, times=2, username=name, address=SCHOOL)
    assert not refuses(world, username="bob"), "nor are those without an address locked out by others"
    assert refuses(world, username="bob", address=HOME)
    world.clock.pass_by(days=1)
    world.use_cases.run_maintenance()
    failing(world, times=2, username="ada", address=SCHOOL)
    assert refuses(world, username="ada", address=HOME)


def test_what_fails_where_somebody_is_known_counts_for_everywhere_else(store: Store) -> None:
    limits = Limits(failed_sign_ins_everywhere=Limit(3, timedelta(minutes=5)))
    world = World(store, limits=limits)
    world.use_cases.register(username="ada", password=PASSWORD)
    world.use_cases.sign_in(username="ada", password=PASSWORD, address=HOME)
    failing(world, times=5, username="ada", address=HOME)
    assert refused(lambda: world.use_cases.sign_in(username="ada", password="x", address=SCHOOL)) == 300
    assert not refuses(world, username="ada", address=HOME)


def test_a_name_nobody_has_is_closed_from_everywhere_alike(store: Store) -> None:
    world = World(store, limits=Limits(failed_sign_ins_everywhere=Limit(3, timedelta(minutes=5))))
    world.use_cases.register(username="ada", password=PASSWORD)
    for name in ("ada", "nobody"):
        for n in range(3):
            failing(world, times=1, username=name, address=f"203.0.113.{n}")
        assert (
            refused(lambda who=name: world.use_cases.sign_in(username=who, password="x", address=HOME)) == 300
        )


def test_a_guess_at_the_present_password_counts_where_it_is_made(store: Store) -> None:
    world = World(store)
    world.use_cases.register(username="ada", password=PASSWORD)
    actor = world.use_cases.actor_of(world.use_cases.sign_in(username="ada", password=PASSWORD).access_token)

    def change(address: str) -> None:
        world.use_cases.change_password(
            actor, current_password="wrong", new_password="staple tarpaulin", address=address
        )

    for _ in range(10):
        with pytest.raises(WrongPassword):
            change(SCHOOL)
    refused(lambda: change(SCHOOL))
    assert refuses(world, username="ada", address=SCHOOL)
    assert not refuses(world, username="ada", address=HOME)


def test_registrations_of_an_address_are_limited_and_only_accepted_ones_count(store: Store) -> None:
    limits = Limits(registrations_per_address=Limit(3, timedelta(hours=1)))
    world = World(store, limits=limits)
    world.use_cases.register(username="taken", password=PASSWORD)
    for n in range(3):
        with pytest.raises(ValueError, match="username is taken"):
            world.use_cases.register(username="TAKEN", password=PASSWORD, address=HOME)
        world.use_cases.register(username=f"ada{n}", password=PASSWORD, address=HOME)
    # before anything is wrong with it, and before it costs a hash
    assert refused(lambda: world.use_cases.register(username="", password="", address=HOME)) == 3600
    world.use_cases.register(username="bob", password=PASSWORD, address=SCHOOL)
    world.use_cases.register(username="cy", password=PASSWORD)
    world.clock.pass_by(hours=1)
    world.use_cases.register(username="ada3", password=PASSWORD, address=HOME)


def test_three_confirmation_mails_in_six_hours_the_first_included(store: Store) -> None:
    world = World(store)
    user_id = world.use_cases.register(username="ada", password=PASSWORD, email="ada@example.org")
    actor = world.use_cases.actor_of(world.use_cases.sign_in(username="ada", password=PASSWORD).access_token)
    world.use_cases.resend_confirmation(actor)
    world.use_cases.edit_user(actor, user_id=user_id, email="new@example.org")
    before = world.now(user_id)
    refused(lambda: world.use_cases.resend_confirmation(actor))
    refused(lambda: world.use_cases.edit_user(actor, user_id=user_id, email="other@example.org"))
    assert world.now(user_id) == before
    assert len(world.waiting(MailKind.CONFIRM_EMAIL)) == 3
    world.clock.pass_by(hours=6)
    world.use_cases.resend_confirmation(actor)


def test_five_reset_mails_a_day_and_then_silence(store: Store) -> None:
    world = World(store)
    world.use_cases.register(username="ada", password=PASSWORD, email="ada@example.org")
    for _ in range(8):
        world.use_cases.request_password_reset(email="ada@example.org")
    assert len(world.waiting(MailKind.RESET_PASSWORD)) == 5
    world.clock.pass_by(days=1)
    world.use_cases.request_password_reset(email="ada@example.org")
    assert len(world.waiting(MailKind.RESET_PASSWORD)) == 6


# Counting itself


@given(
    most=st.integers(1, 5),
    steps=st.lists(st.tuples(st.integers(0, 40), st.booleans()), max_size=60),
)
def test_no_stretch_of_time_ever_holds_more_than_allowed(most: int, steps: list[tuple[int, bool]]) -> None:
    limit, window, at = Limit(most, timedelta(seconds=60)), RateLimitWindow("key"), NOON
    granted: list[datetime] = []
    for seconds, gives_back in steps:
        at += timedelta(seconds=seconds)
        counted = [time for time in granted if time > at - limit.within]
        try:
            window = window.taken(limit, at=at)
        except LimitReached as reached:
            assert len(counted) >= most
            # waiting as long as one is told is enough, and a second less is not
            later = at + timedelta(seconds=reached.retry_after)
            window.require_room(limit, at=later)
            with pytest.raises(LimitReached):
                window.require_room(limit, at=later - timedelta(seconds=1))
            continue
        assert len(counted) < most
        granted.append(at)
        if gives_back:
            window = window.given_back(at)
            granted.remove(at)
    assert RateLimitWindow("key").given_back(NOON) == RateLimitWindow("key")


CROWD = 40


def evaluated(world: World, address: Callable[[int], str] = lambda _: HOME) -> int:
    """How many of a crowd of wrong sign-ins were let through to the password."""
    start = threading.Barrier(CROWD)

    def guess(number: int) -> bool:
        start.wait()
        try:
            world.use_cases.sign_in(username="ada", password="wrong", address=address(number))
        except InvalidCredentials:
            return True
        except LimitReached:
            return False
        raise AssertionError("let in")

    with ThreadPoolExecutor(CROWD) as pool:
        return sum(pool.map(guess, range(CROWD)))


def test_a_crowd_is_let_through_to_the_last_place_and_no_further(store: Store) -> None:
    assert evaluated(World(store)) == 10


def test_a_crowd_from_everywhere_is_let_through_to_the_last_place_and_no_further(store: Store) -> None:
    limits = Limits(failed_sign_ins_everywhere=Limit(15, timedelta(minutes=5)))
    assert evaluated(World(store, limits=limits), lambda number: f"203.0.113.{number}") == 15


@dataclass
class Unheld(Store):
    """A store that lets everybody look at a tally before anybody has counted."""

    inner: Store
    looked: threading.Barrier
    writing: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def transaction(self) -> Iterator[UnitOfWork]:
        with self.inner.autocommit() as work:
            yield replaced(work, rate_limit_windows=Glances(work.rate_limit_windows, self))

    def autocommit(self) -> AbstractContextManager[UnitOfWork]:
        return self.inner.autocommit()

    read = autocommit

    def ambient(self) -> AbstractContextManager[None]:
        return self.inner.ambient()

    def attempts(self) -> Iterator[None]:
        return self.inner.attempts()


@dataclass
class Glances(RateLimitWindows):
    """Tallies that nobody holds while counting."""

    rate_limit_windows: RateLimitWindows
    store: Unheld

    def find(self, key: str) -> RateLimitWindow:
        return self.rate_limit_windows.find(key)

    def get_for_update(self, key: str) -> RateLimitWindow:
        found = self.find(key)
        self.store.looked.wait(timeout=20)
        return found

    def save(self, window: RateLimitWindow) -> None:
        with self.store.writing:
            self.rate_limit_windows.get_for_update(window.key)
            self.rate_limit_windows.save(window)

    def purge(self, before: datetime, *, most: int) -> int:
        return 0


@pytest.mark.plants
@pytest.mark.parametrize("address", [lambda _: HOME, lambda number: f"203.0.113.{number}"])
def test_a_crowd_that_may_look_first_is_all_let_through(store: Store, address: Callable[[int], str]) -> None:
    crowd = 15  # as many as there are connections for
    start = threading.Barrier(crowd)
    everywhere = Limit(10, timedelta(minutes=5))
    world = World(Unheld(store, start), limits=Limits(failed_sign_ins_everywhere=everywhere))

    def guess(number: int) -> str:
        try:
            world.use_cases.sign_in(username="ada", password="wrong", address=address(number))
        except (InvalidCredentials, LimitReached) as refused:
            return type(refused).__name__
        raise AssertionError("let in")

    with ThreadPoolExecutor(crowd) as pool:
        assert [*pool.map(guess, range(crowd))] == ["InvalidCredentials"] * crowd
