"""Any sequence of changes of roles leaves an owner, and a log from which every account can be told again."""

from collections import Counter
from collections.abc import Callable
from functools import partial

import hypothesis.strategies as st
import pytest
from hypothesis.stateful import initialize, invariant, rule, run_state_machine_as_test

from attendance.application.accounts.read_models import RoleChangeDetails, UserDetails
from attendance.domain.accounts.role_changes import (
    LastOwner,
    NotAwaiting,
    NotConfirmedAndActive,
    RoleChangeAwaits,
    State,
)
from attendance.domain.errors import AttendanceError, Forbidden
from attendance.domain.ids import AccountId
from attendance.domain.permissions.actor import OPERATOR, Actor
from attendance.domain.permissions.roles import Role
from tests import make
from tests.conftest import STORES
from tests.decisions import DEACTIVATED, Case, answer_to, tables
from tests.fakes import World
from tests.machines import OverStore, hunt, over, profile

PEOPLE = st.integers(0, 6)
SAID = {Forbidden: 403, NotConfirmedAndActive: 409}


class Roles(OverStore):
    """The model: the written tables, and what each change that awaits may still become."""

    @initialize()
    def transaction(self) -> None:
        self.world = World(self.make_store())
        self.cases = self.world.use_cases
        roles = [Role.OWNER, Role.OWNER, Role.ADMIN, Role.HEAD_MANAGER, Role.MANAGER, Role.USER, Role.USER]
        self.people: list[AccountId] = [self.world.account(role=role).id for role in roles]
        self.first = {person: self.world.now(person) for person in self.people}

    def actor(self, person: int) -> Actor:
        return make.actor(self.world.now(self.people[person]))

    def said_of(self, by: int, about: int, kind: str, to: str) -> int:
        """What the tables say, but for the last owner and for what awaits already."""
        asker, target = (self.world.now(self.people[person]) for person in (by, about))
        state = "confirmed" if target.active else DEACTIVATED
        who = asker.role.value if asker.active else DEACTIVATED
        case = Case(actor=who, is_self=by == about, now=target.role.value, state=state, to=to)
        heading = {"role": "Changing roles", "active": "Deactivating and reactivating"}[kind]
        return answer_to(case, kind, tables()[heading])

    @rule(by=PEOPLE, about=PEOPLE, role=st.sampled_from(Role))
    def change_role(self, by: int, about: int, role: Role) -> None:
        if self.world.now(self.people[by]).active:
            self.ask(by, about, "role", role.value, partial(self.cases.change_role, role=role))

    @rule(by=PEOPLE, about=PEOPLE, active=st.booleans())
    def change_active(self, by: int, about: int, active: bool) -> None:
        if self.world.now(self.people[by]).active:
            to = "active" if active else "inactive"
            self.ask(by, about, "active", to, partial(self.cases.change_active, active=active))

    def ask(
        self, by: int, about: int, kind: str, to: str, act: Callable[..., UserDetails | RoleChangeDetails]
    ) -> None:
        written = self.said_of(by, about, kind, to)
        before = self.world.now(self.people[about])
        outcome: object
        try:
            outcome = act(self.actor(by), user_id=self.people[about])
        except AttendanceError as refusal:
            outcome = refusal
        match outcome:
            case Forbidden() | NotConfirmedAndActive():
                assert SAID[type(outcome)] == written
            case LastOwner():
                assert (written in (200, 202), self.owners()) == (True, 1)
            case RoleChangeAwaits():
                assert written == 202
                assert any(change.user_id == before.id for change in self.awaiting())
            case RoleChangeDetails():
                assert written == 202
            case _:
                assert written == 200
                return
        assert self.world.now(before.id) == before

    @rule(by=PEOPLE, n=st.integers(0, 20), how=st.sampled_from(["confirm", "reject", "withdraw"]))
    def decide(self, by: int, n: int, how: str) -> None:
        changes = [*self.cases.list_role_changes(OPERATOR).items]
        if not changes or not self.world.now(self.people[by]).active:
            return
        change = changes[n % len(changes)]
        decider, now = self.world.now(self.people[by]), self.world.clock.now
        is_of_long_standing = decider.owner_since and (now - decider.owner_since).days >= 7
        may = {
            "confirm": decider.role is Role.OWNER
            and (
                decider.id == change.user_id
                or (decider.id != change.requested_by and bool(is_of_long_standing))
            ),
            "reject": decider.role is Role.OWNER and decider.id != change.user_id,
            "withdraw": decider.id == change.requested_by,
        }[how]
        use_case = getattr(self.cases, f"{how}_role_change")
        try:
            done = use_case(self.actor(by), role_change_id=change.id)
        except Forbidden:
            assert not may
        except NotAwaiting:
            assert may
            assert change.state is not State.AWAITING
        except LastOwner:
            assert may
            assert (how, self.owners()) == ("confirm", 1)
        else:
            assert may
            assert change.state is State.AWAITING
            if how == "confirm":
                assert getattr(self.world.now(done.user_id), done.kind.value) == done.to

    @rule(days=st.sampled_from([0.5, 3, 8]), run_maintenance=st.booleans())
    def time_passes(self, days: float, run_maintenance: bool) -> None:
        self.world.clock.pass_by(days=days)
        if run_maintenance:
            self.cases.run_maintenance()

    def awaiting(self) -> list[RoleChangeDetails]:
        return [*self.cases.list_role_changes(OPERATOR, state=State.AWAITING).items]

    def owners(self) -> int:
        accounts = map(self.world.now, self.people)
        return sum(account.active and account.role is Role.OWNER for account in accounts)

    @invariant()
    def there_is_an_owner(self) -> None:
        assert self.owners() >= 1

    @invariant()
    def one_change_at_most_awaits_for_each(self) -> None:
        assert max(Counter(change.user_id for change in self.awaiting()).values(), default=1) == 1

    @invariant()
    def what_awaits_is_about_an_owner_by_somebody_who_may_still_ask(self) -> None:
        for change in self.awaiting():
            assert self.world.now(change.user_id).role is Role.OWNER
            requester = self.world.now(change.requested_by)
            assert requester.active
            assert requester.role in (Role.OWNER, Role.ADMIN)

    @invariant()
    def the_log_tells_every_account_and_every_change_again(self) -> None:
        for person in self.people:
            account, told = self.world.now(person), {"role": self.first[person].role, "active": True}
            with self.world.store.autocommit() as work:
                events = work.events.of(person)
            for event in events:
                before, after = dict(event.before or {}), dict(event.after or {})
                assert {name: told[name] for name in before} == before
                told |= after
            assert (told["role"], told["active"]) == (account.role, account.active)
        for change in self.cases.list_role_changes(OPERATOR).items:
            with self.world.store.autocommit() as work:
                states = [event.after and event.after["state"] for event in work.events.of(change.id)]
            assert states[0] == "awaiting"
            assert len(states) <= 2
            assert states[-1] in (change.state, "awaiting")


@pytest.mark.parametrize("kind", STORES)
def test_every_sequence_of_changes_of_roles_goes_by_the_tables(
    kind: str, request: pytest.FixtureRequest
) -> None:
    run_state_machine_as_test(over(kind, request, Roles), settings=profile(15, 25))


@pytest.mark.long
@pytest.mark.parametrize("kind", STORES)
def test_every_sequence_of_changes_of_roles_goes_by_the_tables_for_long(
    kind: str, request: pytest.FixtureRequest
) -> None:
    run_state_machine_as_test(over(kind, request, Roles), settings=profile(200, 50))


@pytest.mark.plants
def test_the_machine_finds_that_the_last_owner_goes(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "attendance.application.accounts.role_change_workflow.require_possible", lambda *_, **__: None
    )
    with pytest.raises(AssertionError):
        run_state_machine_as_test(over("memory", request, Roles), settings=hunt(30))
