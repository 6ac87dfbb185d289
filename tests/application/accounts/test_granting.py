"""Granting owner or admin takes an owner's word where a setting says so, over every store."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from attendance.application.accounts.read_models import RoleChangeDetails, UserDetails
from attendance.application.ports import Store, UnitOfWork
from attendance.domain.accounts.mail import MailKind
from attendance.domain.accounts.role_changes import (
    Kind,
    LastOwner,
    NotAwaiting,
    NotConfirmedAndActive,
    OwnershipRules,
    RoleChangeAwaits,
    State,
)
from attendance.domain.errors import Forbidden
from attendance.domain.events import Action
from attendance.domain.permissions.actor import OPERATOR, Actor
from attendance.domain.permissions.roles import Role
from tests import make
from tests.application.accounts.test_role_changes import Club
from tests.application.accounts.test_role_races import ROUNDS, Unguarded, at_once
from tests.fakes import World, replaced

GRANTS = OwnershipRules(confirms_grants=True)
TOP = [Role.OWNER, Role.ADMIN]


class Careful(Club):
    """A club whose grants await confirmation, and somebody who is to have one."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.world = World(self.store, rules=GRANTS)
        self.cases = self.world.use_cases
        self.mia = self.world.having(Role.EMPLOYEE, username="mia")


@pytest.fixture
def club(store: Store) -> Careful:
    return Careful(store)


@pytest.mark.parametrize("role", TOP)
def test_a_grant_awaits_and_nothing_changes_until_an_owner_confirms_it(club: Careful, role: Role) -> None:
    change = club.asked(club.ann, club.mia, role)
    assert (change.kind, change.from_, change.to) == (Kind.ROLE, Role.EMPLOYEE, role)
    assert club.role(club.mia) is Role.EMPLOYEE
    done = club.cases.confirm_role_change(club.ben, role_change_id=change.id)
    assert (done.state, done.decided_by) == (State.APPLIED, club.ben.id)
    assert club.role(club.mia) is role
    assert club.actions(change.id) == [Action.ROLE_CHANGE_REQUESTED, Action.ROLE_CHANGE_APPLIED]
    assert len(club.world.waiting(MailKind.ROLE_GRANTED)) == club.owners()


def test_without_the_setting_it_is_given_at_once(store: Store) -> None:
    club = Club(store)
    mia = club.world.having(Role.USER)
    assert isinstance(club.cases.change_role(club.ann, user_id=mia.id, role=Role.OWNER), UserDetails)
    assert club.role(mia) is Role.OWNER


def test_owners_whoever_asks_and_whoever_is_concerned_are_told_once(club: Careful) -> None:
    club.asked(club.admin, club.mia, Role.OWNER)
    mails = club.world.waiting(MailKind.ROLE_GRANT_AWAITS)
    told = (club.ann, club.ben, club.cora, club.mia, club.admin)
    assert sorted(mail.to for mail in mails) == sorted(club.world.now(it.id).email or "" for it in told)
    assert mails[0].facts
    assert mails[0].facts.items() >= {"about": "mia", "by": "admin", "role": "owner"}.items()
    assert club.world.waiting(MailKind.ROLE_CHANGE_AWAITS) == []
    club.asked(OPERATOR, club.world.having(Role.USER), Role.ADMIN)
    assert len(club.world.waiting(MailKind.ROLE_GRANT_AWAITS)) == 5 + 4


def test_who_may_not_confirm_a_grant(club: Careful) -> None:
    """Neither its requester, nor an owner of this week, nor an admin, nor whom it concerns."""
    young = club.world.account(role=Role.OWNER, owner_since=club.world.clock.now)
    change = club.asked(club.ann, club.mia, Role.OWNER)
    for actor in (club.ann, make.actor(young), club.admin, OPERATOR, club.mia):
        with pytest.raises(Forbidden):
            club.cases.confirm_role_change(actor, role_change_id=change.id)
    assert club.state(change) is State.AWAITING
    club.cases.confirm_role_change(club.ben, role_change_id=change.id)


def test_an_owner_who_is_to_be_an_admin_does_not_confirm_that(club: Careful) -> None:
    """The same change without the setting takes ownership alone, and giving that up is theirs."""
    change = club.asked(club.admin, club.ann, Role.ADMIN)
    with pytest.raises(Forbidden):
        club.cases.confirm_role_change(club.ann, role_change_id=change.id)
    club.cases.confirm_role_change(club.ben, role_change_id=change.id)
    assert club.role(club.ann) is Role.ADMIN
    change = club.asked(club.admin, club.ben, Role.USER)
    club.cases.confirm_role_change(club.ben, role_change_id=change.id)
    assert club.role(club.ben) is Role.USER


def test_an_admin_does_not_become_an_owner_alone(club: Careful) -> None:
    change = club.asked(club.admin, club.admin, Role.OWNER)
    with pytest.raises(Forbidden):
        club.cases.confirm_role_change(club.admin, role_change_id=change.id)
    assert club.role(club.admin) is Role.ADMIN


def test_any_owner_rejects_a_grant_and_its_requester_withdraws_it(club: Careful) -> None:
    change = club.asked(club.admin, club.mia, Role.OWNER)
    for decide in (club.cases.reject_role_change, club.cases.withdraw_role_change):
        with pytest.raises(Forbidden):
            decide(club.mia, role_change_id=change.id)
    assert club.cases.reject_role_change(club.ann, role_change_id=change.id).state is State.REJECTED
    change = club.asked(club.ann, club.mia, Role.ADMIN)
    with pytest.raises(Forbidden):
        club.cases.withdraw_role_change(club.ben, role_change_id=change.id)
    assert club.cases.withdraw_role_change(club.ann, role_change_id=change.id).state is State.WITHDRAWN
    assert club.role(club.mia) is Role.EMPLOYEE


def test_a_grant_is_over_after_a_week(club: Careful) -> None:
    change = club.asked(club.admin, club.mia, Role.OWNER)
    with pytest.raises(RoleChangeAwaits):
        club.asked(club.ann, club.mia, Role.ADMIN)
    club.world.clock.pass_by(days=7)
    with pytest.raises(NotAwaiting):
        club.cases.confirm_role_change(club.ann, role_change_id=change.id)
    assert club.state(change) is State.EXPIRED
    club.asked(club.ann, club.mia, Role.ADMIN)


def test_what_happens_to_either_side_supersedes_a_grant(club: Careful) -> None:
    cases = club.cases
    ends: list[Callable[[], object]] = [
        lambda: cases.change_role(club.ann, user_id=club.mia.id, role=Role.MANAGER),
        lambda: cases.change_active(club.ann, user_id=club.mia.id, active=False),
    ]
    for end in ends:
        change = club.asked(club.admin, club.mia, Role.OWNER)
        end()
        assert club.state(change) is State.SUPERSEDED
    with pytest.raises(NotConfirmedAndActive):
        club.asked(club.ann, club.mia, Role.ADMIN)
    change = club.asked(club.admin, club.world.having(Role.USER), Role.OWNER)
    cases.change_role(club.ann, user_id=club.admin.id, role=Role.MANAGER)
    assert club.state_by(club.ann, change) is State.SUPERSEDED
    with pytest.raises(NotAwaiting):
        cases.confirm_role_change(club.ann, role_change_id=change.id)


def test_the_last_owner_is_not_made_an_admin_by_a_grant_either(store: Store) -> None:
    world = World(store, rules=GRANTS)
    owner, admin, other = world.having(Role.OWNER), world.having(Role.ADMIN), world.having(Role.OWNER)
    change = world.use_cases.change_role(admin, user_id=owner.id, role=Role.ADMIN)
    assert isinstance(change, RoleChangeDetails)
    with pytest.raises(RoleChangeAwaits):
        world.use_cases.change_role(other, user_id=owner.id, role=Role.ADMIN)
    world.use_cases.withdraw_role_change(admin, role_change_id=change.id)
    world.use_cases.change_role(other, user_id=other.id, role=Role.USER)
    with pytest.raises(LastOwner):
        world.use_cases.change_role(admin, user_id=owner.id, role=Role.ADMIN)


# Two at the same moment


def asked(world: World, by: Actor, mia: Actor) -> RoleChangeDetails:
    change = world.use_cases.change_role(by, user_id=mia.id, role=Role.ADMIN)
    assert isinstance(change, RoleChangeDetails)
    return change


def told_of(world: World, change: RoleChangeDetails) -> list[Action]:
    with world.store.autocommit() as work:
        return [event.action for event in work.events.of(change.id)]


def test_two_owners_who_confirm_a_grant_at_once_and_its_withdrawal_have_one_outcome(store: Store) -> None:
    world = World(store, rules=GRANTS)
    ann, ben, admin = (world.having(role) for role in (Role.OWNER, Role.OWNER, Role.ADMIN))
    seen = set()
    for number in range(ROUNDS // 2):
        change = asked(world, admin, mia := world.having(Role.USER))
        confirm = partial(world.use_cases.confirm_role_change, role_change_id=change.id)
        withdraw = partial(world.use_cases.withdraw_role_change, role_change_id=change.id)
        rivals = [partial(confirm, ben)] if number % 2 else [partial(withdraw, admin)]
        outcomes = at_once(partial(confirm, ann), *rivals)
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NotAwaiting", "RoleChangeDetails"]
        ended = told_of(world, change)
        assert len(ended) == 2
        assert (world.now(mia.id).role is Role.ADMIN) == (ended[1] is Action.ROLE_CHANGE_APPLIED)
        seen.add(ended[1])
    assert Action.ROLE_CHANGE_APPLIED in seen


class Forced:
    """A repository that saves over what was saved meanwhile; with a `meeting`, both read before one saves."""

    def __init__(self, inner: Any, turns: threading.Lock, meeting: threading.Barrier | None = None) -> None:
        self._inner, self._turns, self._meeting = inner, turns, meeting

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def get(self, entity_id: UUID) -> Any:
        found = self._inner.get(entity_id)
        if self._meeting is not None:
            # whoever had to try again finds the other gone
            with suppress(threading.BrokenBarrierError):
                self._meeting.wait(timeout=5)
        return found

    def save(self, entity: Any) -> None:
        # the version that it becomes is read and written by one at a time, or chance decides who is refused
        with self._turns:
            self._inner.save(replace(entity, version=self._inner.get(entity.id).version + 1))


@dataclass
class Careless(Unguarded):
    """A store without the owners' guard and without guarded writes."""

    turns: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def transaction(self) -> Iterator[UnitOfWork]:
        with self.inner.autocommit() as work:
            changes = Forced(work.role_changes, self.turns, self.meeting)
            yield replaced(work, accounts=Forced(work.accounts, self.turns), role_changes=changes)


@pytest.mark.plants
@pytest.mark.parametrize("rival", ["confirm", "withdraw"])
def test_without_guards_a_grant_has_two_outcomes(store: Store, rival: str) -> None:
    ordinary = World(store, rules=GRANTS)
    ann, ben, admin = (ordinary.having(role) for role in (Role.OWNER, Role.OWNER, Role.ADMIN))
    change = asked(ordinary, admin, ordinary.having(Role.USER))
    cases = World(Careless(store, threading.Barrier(2)), rules=GRANTS).use_cases
    decide = cases.confirm_role_change if rival == "confirm" else cases.withdraw_role_change
    outcomes = at_once(
        partial(cases.confirm_role_change, ann, role_change_id=change.id),
        partial(decide, ben if rival == "confirm" else admin, role_change_id=change.id),
    )
    assert [type(outcome) for outcome in outcomes] == [RoleChangeDetails] * 2
    assert len(told_of(ordinary, change)) == 3
