"""Two people at the same moment: each change of a role happens once, and an owner is always left."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial

import pytest

from attendance.application.accounts.read_models import RoleChangeDetails
from attendance.application.ports import Contended, Store, UnitOfWork
from attendance.domain.accounts.accounts import Account
from attendance.domain.accounts.role_changes import State
from attendance.domain.errors import AttendanceError
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.roles import Role
from tests import make
from tests.fakes import World, replaced

pytestmark = pytest.mark.attacks

ROUNDS = 100


def at_once(*acts: Callable[[], object]) -> list[object]:
    """What each act returned or was refused with, all of them begun in the same instant."""
    start = threading.Barrier(len(acts))

    def act(what: Callable[[], object]) -> object:
        start.wait()
        try:
            return what()
        except AttendanceError as refused:
            return refused

    with ThreadPoolExecutor(len(acts)) as pool:
        return [*pool.map(act, acts)]


@dataclass
class Unguarded(Store):
    """A store whose writing units do not line up: each call is by itself, and both look before one writes."""

    inner: Store
    meeting: threading.Barrier

    @contextmanager
    def transaction(self) -> Iterator[UnitOfWork]:
        with self.inner.autocommit() as work:
            yield replaced(work, accounts=Hasty(work.accounts, self.meeting))  # type: ignore[arg-type]

    def autocommit(self) -> object:  # type: ignore[override]
        return self.inner.autocommit()

    read = autocommit  # type: ignore[assignment]

    def ambient(self) -> AbstractContextManager[None]:
        return self.inner.ambient()

    def attempts(self) -> Iterator[None]:
        return self.inner.attempts()


class Hasty:
    """Accounts whose guard guards nothing: whoever asks waits until the other has asked too."""

    def __init__(self, accounts: object, meeting: threading.Barrier) -> None:
        self._accounts = accounts
        self._meeting = meeting

    def __getattr__(self, name: str) -> object:
        return getattr(self._accounts, name)

    def guard_owners(self) -> tuple[Account, ...]:
        found: tuple[Account, ...] = self._accounts.guard_owners()  # type: ignore[attr-defined]
        with suppress(threading.BrokenBarrierError):
            self._meeting.wait(timeout=60)
        return found


def two_owners(store: Store) -> tuple[World, Actor, Actor]:
    world = World(store)
    return world, world.having(Role.OWNER), world.having(Role.OWNER)


def retire(world: World, owner: Actor) -> None:
    """So that the next round starts with two again."""
    account = world.now(owner.id)
    with world.store.transaction() as work:
        work.accounts.save(replace(account, role=Role.USER, owner_since=None, version=account.version + 1))


def owners_left(store: Store) -> int:
    with store.transaction() as work:
        return len(work.accounts.guard_owners())


def test_two_owners_who_step_down_at_the_same_moment_leave_one(store: Store) -> None:
    world = World(store)
    for _ in range(ROUNDS):
        ann, ben = world.having(Role.OWNER), world.having(Role.OWNER)
        outcomes = at_once(
            partial(world.use_cases.change_role, ann, user_id=ann.id, role=Role.USER),
            partial(world.use_cases.change_active, ben, user_id=ben.id, active=False),
        )
        assert owners_left(store) == 1
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["LastOwner", "UserDetails"]
        with store.transaction() as work:
            (left,) = work.accounts.guard_owners()
        retire(world, make.actor(left))


@pytest.mark.plants
def test_without_the_guard_nobody_is_left(store: Store) -> None:
    world, ann, ben = two_owners(Unguarded(store, threading.Barrier(2)))
    at_once(
        lambda: world.use_cases.change_role(ann, user_id=ann.id, role=Role.USER),
        lambda: world.use_cases.change_active(ben, user_id=ben.id, active=False),
    )
    assert owners_left(store) == 0


def test_two_owners_whose_demotions_are_confirmed_at_the_same_moment_leave_one(store: Store) -> None:
    world = World(store)
    admin = world.having(Role.ADMIN)
    for _ in range(ROUNDS):
        ann, ben = world.having(Role.OWNER), world.having(Role.OWNER)
        about_ann, about_ben = (
            world.use_cases.change_role(admin, user_id=owner.id, role=Role.USER) for owner in (ann, ben)
        )
        assert isinstance(about_ann, RoleChangeDetails)
        assert isinstance(about_ben, RoleChangeDetails)
        outcomes = at_once(
            partial(world.use_cases.confirm_role_change, ann, role_change_id=about_ben.id),
            partial(world.use_cases.confirm_role_change, ben, role_change_id=about_ann.id),
            partial(world.use_cases.withdraw_role_change, admin, role_change_id=about_ann.id),
        )
        assert owners_left(store) >= 1
        changes = [
            world.use_cases.show_role_change(admin, role_change_id=change.id)
            for change in (about_ann, about_ben)
        ]
        with store.autocommit() as work:
            for change in changes:
                told = [event.action for event in work.events.of(change.id)]
                # one outcome each, told once; or, for the last owner, none yet
                assert len(told) == (1 if change.state is State.AWAITING else 2), told
        assert not [it for it in outcomes if isinstance(it, Contended)]
        for owner in (ann, ben):
            if world.now(owner.id).role is Role.OWNER:
                retire(world, owner)
        for change in changes:
            if change.state is State.AWAITING:
                world.use_cases.withdraw_role_change(admin, role_change_id=change.id)


def test_two_requests_about_one_owner_at_the_same_moment_are_one(store: Store) -> None:
    world = World(store)
    ann, *asking = (world.having(role) for role in (Role.OWNER, Role.OWNER, Role.OWNER, Role.ADMIN))
    for _ in range(20):
        outcomes = at_once(
            *(partial(world.use_cases.change_role, by, user_id=ann.id, role=Role.USER) for by in asking)
        )
        assert sorted(type(outcome).__name__ for outcome in outcomes) == [
            "RoleChangeAwaits",
            "RoleChangeAwaits",
            "RoleChangeDetails",
        ]
        (change,) = (outcome for outcome in outcomes if isinstance(outcome, RoleChangeDetails))
        requester = next(by for by in asking if by.id == change.requested_by)
        world.use_cases.withdraw_role_change(requester, role_change_id=change.id)


def test_of_two_admins_who_demote_each_other_at_the_same_moment_one_is_left(store: Store) -> None:
    world = World(store)
    world.having(Role.OWNER)
    for _ in range(30):
        one, other = world.having(Role.ADMIN), world.having(Role.ADMIN)
        outcomes = at_once(
            partial(world.use_cases.change_role, one, user_id=other.id, role=Role.USER),
            partial(world.use_cases.change_role, other, user_id=one.id, role=Role.USER),
        )
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Forbidden", "UserDetails"]
        assert sorted(world.now(actor.id).role for actor in (one, other)) == [Role.ADMIN, Role.USER]


def test_on_the_level_of_a_moment_ago_both_would_be_gone(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("attendance.application.accounts.role_changes.as_of_now", lambda _, actor: actor)
    world = World(store)
    one, other = world.having(Role.ADMIN), world.having(Role.ADMIN)
    for by, about in ((one, other), (other, one)):
        world.use_cases.change_role(by, user_id=about.id, role=Role.USER)
    assert {world.now(actor.id).role for actor in (one, other)} == {Role.USER}
