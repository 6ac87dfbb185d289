"""Changing roles and states, and deciding about the changes that await confirmation."""

from collections.abc import Collection
from dataclasses import dataclass

from attendance.application.accounts.read_models import RoleChangeDetails, UserDetails
from attendance.application.accounts.role_change_workflow import RoleChangeWorkflow, as_of_now
from attendance.application.forms.editing import require_version
from attendance.application.forms.listing import Listed, listed
from attendance.application.forms.retrying import retried
from attendance.application.forms.use_case import Command, Query, TimedQuery
from attendance.application.pagination import PageChoice, PageRequest, SortKey
from attendance.application.ports import UnitOfWork
from attendance.application.ports.accounts import ROLE_CHANGES, RoleChangeCriteria
from attendance.domain.accounts.accounts import Account
from attendance.domain.accounts.policy import may_change_active, may_change_role
from attendance.domain.accounts.role_changes import Kind, RoleChange, State, require_possible
from attendance.domain.errors import Forbidden
from attendance.domain.ids import AccountId, RoleChangeId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import require, require_level
from attendance.domain.permissions.roles import Role
from attendance.domain.permissions.table import Permission, allows


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRole(Query):
    """Change the role of a user, and return the user; the same role again changes nothing.

    Where that takes ownership from another owner, or grants owner or admin and a setting says so, return the
    role change, which awaits confirmation. Sessions of the user go on, with the new level. `versions`: refuse
    unless the stored version is one of these; None: any. Raises Forbidden, UserNotFound, Outdated,
    NotConfirmedAndActive for a promotion of such a user, LastOwner, RoleChangeAwaits.
    """

    role_change_workflow: RoleChangeWorkflow

    @retried
    def __call__(
        self, actor: Actor, *, user_id: AccountId, role: Role, versions: Collection[int] | None = None
    ) -> UserDetails | RoleChangeDetails:
        require_level(actor, Permission.CHANGE_ROLE)
        with self.store.transaction() as work:
            owners = work.accounts.guard_owners()
            target = work.accounts.get_for_update(user_id)
            require(may_change_role(as_of_now(work, actor), target, role), Forbidden)
            require_version(target.version, versions)
            return self.role_change_workflow.ask(work, actor, target, Kind.ROLE, role, owners)

    def roles_for(self, actor: Actor, user: UserDetails) -> tuple[Role, ...]:
        """The roles that the actor may ask for this user, with the present one; none where it is fixed."""
        is_permitted = allows(Permission.CHANGE_ROLE, actor.level)
        return tuple(role for role in Role if is_permitted and may_change_role(actor, user, role))


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeActive(Query):
    """Deactivate or reactivate a user, and return the user; the same state again changes nothing.

    The sessions of a deactivated user end at once, and the calendar token for good. Where that takes
    ownership from another owner, return the role change, which awaits confirmation. `versions`: refuse unless
    the stored version is one of these; None: any. Raises Forbidden, UserNotFound, Outdated, LastOwner,
    RoleChangeAwaits.
    """

    role_change_workflow: RoleChangeWorkflow

    @retried
    def __call__(
        self, actor: Actor, *, user_id: AccountId, active: bool, versions: Collection[int] | None = None
    ) -> UserDetails | RoleChangeDetails:
        require_level(actor, Permission.CHANGE_ACTIVE)
        with self.store.transaction() as work:
            owners = work.accounts.guard_owners()
            target = work.accounts.get_for_update(user_id)
            require(may_change_active(as_of_now(work, actor), target), Forbidden)
            require_version(target.version, versions)
            return self.role_change_workflow.ask(work, actor, target, Kind.ACTIVE, active, owners)

    def is_open_to(self, actor: Actor, user: UserDetails) -> bool:
        """Whether the actor may ask for this user to be deactivated or reactivated."""
        return allows(Permission.CHANGE_ACTIVE, actor.level) and may_change_active(actor, user)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmRoleChange(Command):
    """Apply a change that awaits confirmation, and return it.

    For the user it is about, who however confirms no grant, or another owner who did not request it and has
    been an owner for 7 days (a setting). `versions`: refuse (Outdated) unless the change has one of these;
    None: any. Raises Forbidden, RoleChangeNotFound, Outdated, NotAwaiting, and LastOwner: then it still
    awaits.
    """

    role_change_workflow: RoleChangeWorkflow

    @retried
    def __call__(
        self, actor: Actor, *, role_change_id: RoleChangeId, versions: Collection[int] | None = None
    ) -> RoleChangeDetails:
        require_level(actor, Permission.CONFIRM_ROLE_CHANGE)
        with self.store.transaction() as work:
            owners = work.accounts.guard_owners()
            change = work.role_changes.get(role_change_id)
            require_version(change.version, versions)
            decided, event = change.confirmed(
                work.accounts.get_for_update(actor.id),
                self._change_context(actor),
                rules=self.role_change_workflow.rules,
            )
            target = work.accounts.get_for_update(change.user_id)
            require_possible(target, change.kind, change.after, active_owners=len(owners))
            work.role_changes.save(decided)
            work.events.add(event)
            self.role_change_workflow.apply(work, target, change.kind, change.after, by=actor.id)
        return RoleChangeDetails.of(decided, self.clock())


class RejectRoleChange(Command):
    """Reject a change that awaits confirmation, and return it: for any owner but the user it is about.

    `versions`: refuse (Outdated) unless the change has one of these; None: any. Raises Forbidden,
    RoleChangeNotFound, Outdated, NotAwaiting.
    """

    @retried
    def __call__(
        self, actor: Actor, *, role_change_id: RoleChangeId, versions: Collection[int] | None = None
    ) -> RoleChangeDetails:
        require_level(actor, Permission.REJECT_ROLE_CHANGE)
        with self.store.transaction() as work:
            work.accounts.guard_owners()
            change = work.role_changes.get(role_change_id)
            require_version(change.version, versions)
            decided, event = change.rejected(work.accounts.get(actor.id), self._change_context(actor))
            work.role_changes.save(decided)
            work.events.add(event)
        return RoleChangeDetails.of(decided, self.clock())


class WithdrawRoleChange(Command):
    """Withdraw a change that one has requested oneself, whatever one's level is now, and return it.

    `versions`: refuse (Outdated) unless the change has one of these; None: any. Raises Forbidden,
    RoleChangeNotFound, Outdated, NotAwaiting.
    """

    @retried
    def __call__(
        self, actor: Actor, *, role_change_id: RoleChangeId, versions: Collection[int] | None = None
    ) -> RoleChangeDetails:
        require_level(actor, Permission.WITHDRAW_ROLE_CHANGE)
        with self.store.transaction() as work:
            work.accounts.guard_owners()
            change = work.role_changes.get(role_change_id)
            require_version(change.version, versions)
            decided, event = change.withdrawn(self._change_context(actor))
            work.role_changes.save(decided)
            work.events.add(event)
        return RoleChangeDetails.of(decided, self.clock())


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRoleChanges(TimedQuery):
    """List the changes that await or awaited confirmation, with their state now; newest first, ties by id.

    Each with the usernames of whom it concerns, and what the actor may decide about it now. `state`: only
    those that have it now. `page` (from 1): that page of 20; None: the whole list. Raises Invalid, Forbidden.
    """

    role_change_workflow: RoleChangeWorkflow

    def __call__(
        self, actor: Actor, *, state: State | None = None, page: PageChoice = None
    ) -> Listed[RoleChangeDetails]:
        now = self.clock()
        criteria = RoleChangeCriteria(at=now, state=state)
        decider: Account | None = None
        names: dict[AccountId, str] = {}

        def named(work: UnitOfWork, page_request: PageRequest[RoleChange]) -> tuple[RoleChange, ...]:
            nonlocal decider
            decider = work.accounts.find(actor.id)
            changes = work.role_changes.list(criteria, page_request)
            names.update(work.accounts.usernames({each for change in changes for each in change.people}))
            return changes

        return listed(
            self.store,
            lambda: require_level(actor, Permission.READ_ROLE_CHANGES),
            order=(SortKey("created_at", descending=True),),
            page=page,
            count=lambda work: work.role_changes.count(criteria),
            rows=named,
            details=lambda change: RoleChangeDetails.of(
                change,
                now,
                names,
                change.decisions_of(actor.id, decider, at=now, rules=self.role_change_workflow.rules),
                change.confirmable_from(decider, at=now, rules=self.role_change_workflow.rules),
            ),
        )


class ShowRoleChange(TimedQuery):
    """Return one change that awaits or awaited confirmation. Raises Forbidden, RoleChangeNotFound."""

    @retried
    def __call__(self, actor: Actor, *, role_change_id: RoleChangeId) -> RoleChangeDetails:
        require_level(actor, Permission.READ_ROLE_CHANGES)
        return RoleChangeDetails.of(self._stored(ROLE_CHANGES, role_change_id), self.clock())
