"""Changes of roles and states: at once, or after confirmation.

What takes ownership from another awaits confirmation; what grants owner or admin does so by a setting.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, TypeAlias

from attendance.domain.accounts.accounts import Account
from attendance.domain.accounts.policy import TOP_ROLES
from attendance.domain.errors import Conflict, Forbidden, NotFound
from attendance.domain.events import Action, ChangeContext, Event
from attendance.domain.ids import AccountId, RoleChangeId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import require
from attendance.domain.permissions.roles import Role
from attendance.domain.revisions import revised


class RoleChangeNotFound(NotFound):
    text = "role change not found"


class NotConfirmedAndActive(Conflict):
    """Only active accounts with a confirmed address are promoted."""

    text = "account is not confirmed and active"


class RoleChangeAwaits(Conflict):
    """Another change of this account awaits confirmation."""

    text = "a role change is awaiting"
    code = "role_change_awaiting"


class NotAwaiting(Conflict):
    """The change was decided, withdrawn or superseded, or has expired."""

    text = "not awaiting confirmation"
    code = "not_awaiting_confirmation"


class LastOwner(Conflict):
    """No active owner would be left: make another owner first."""

    text = "the last owner cannot be removed"


class Kind(StrEnum):
    """The field of the account that is changed."""

    ROLE = "role"
    ACTIVE = "active"


class State(StrEnum):
    """`superseded`: another change, or one of its requester, made it void."""

    AWAITING = "awaiting"
    APPLIED = "applied"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"


class Decision(StrEnum):
    """What somebody may decide about a change that awaits confirmation."""

    CONFIRM = "confirm"
    REJECT = "reject"
    WITHDRAW = "withdraw"


Value: TypeAlias = Role | bool
"""A role, or whether the account is active."""

ACTION_OF = {
    State.AWAITING: Action.ROLE_CHANGE_REQUESTED,
    State.APPLIED: Action.ROLE_CHANGE_APPLIED,
    State.REJECTED: Action.ROLE_CHANGE_REJECTED,
    State.WITHDRAWN: Action.ROLE_CHANGE_WITHDRAWN,
    State.EXPIRED: Action.ROLE_CHANGE_EXPIRED,
    State.SUPERSEDED: Action.ROLE_CHANGE_SUPERSEDED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnershipRules:
    """`tenure`: how long one must have been an owner to confirm what somebody else requested.

    `confirmation_period`: how long a change awaits confirmation. `confirms_grants`: whether granting owner or
    admin awaits confirmation, too.
    """

    tenure: timedelta = timedelta(days=7)
    confirmation_period: timedelta = timedelta(days=7)
    confirms_grants: bool = False

    def confirms_grant(self, kind: Kind, value: Value) -> bool:
        """Whether a change to this value is a grant that awaits confirmation by an owner."""
        return self.confirms_grants and kind is Kind.ROLE and value in TOP_ROLES


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleChange:
    """A change of a user's role or state that awaits or awaited confirmation.

    `before`, `after`: the role, or whether the account is active. `stored_state` may still be awaiting after
    `expires_at`: `state` says what it is.
    """

    id: RoleChangeId
    user_id: AccountId
    requested_by: AccountId
    kind: Kind
    before: Value
    after: Value
    expires_at: datetime
    stored_state: State = State.AWAITING
    decided_by: AccountId | None = None
    decided_at: datetime | None = None
    created_at: datetime
    updated_at: datetime
    version: int = 1

    def state(self, *, at: datetime) -> State:
        """The state at an instant: expired from `expires_at` on, whether or not that is stored."""
        is_over = self.stored_state is State.AWAITING and at >= self.expires_at
        return State.EXPIRED if is_over else self.stored_state

    def as_of(self, at: datetime) -> "RoleChange":
        """The change with its state at an instant as its stored one."""
        if self.state(at=at) is self.stored_state:
            return self
        return replace(self, stored_state=State.EXPIRED, decided_at=self.expires_at)

    @property
    def people(self) -> tuple[AccountId, ...]:
        """Whom it is about, who asked for it, and who decided, if anybody did."""
        return (self.user_id, self.requested_by, *([] if self.decided_by is None else [self.decided_by]))

    def decisions_of(
        self, actor_id: AccountId, account: Account | None, *, at: datetime, rules: OwnershipRules
    ) -> frozenset[Decision]:
        """What an actor may decide now; `account`: the actor's, None for the operator."""
        if self.state(at=at) is not State.AWAITING:
            return frozenset()
        found = {Decision.WITHDRAW} if actor_id == self.requested_by else set()
        if account is not None and self._may_confirm(account, at=at, rules=rules):
            found.add(Decision.CONFIRM)
        if account is not None and self._may_reject(account):
            found.add(Decision.REJECT)
        return frozenset(found)

    def confirmable_from(
        self, account: Account | None, *, at: datetime, rules: OwnershipRules
    ) -> datetime | None:
        """From when on whoever is an owner, but not for long enough yet, may confirm; None for all others."""
        is_awaiting = self.state(at=at) is State.AWAITING
        if not is_awaiting or account is None or not _is_active_owner(account) or account.owner_since is None:
            return None
        since = account.owner_since + rules.tenure
        return since if account.id not in (self.user_id, self.requested_by) and since > at else None

    def requested(self, change_context: ChangeContext) -> Event:
        return self._event(None, change_context)

    def confirmed(
        self, by: Account, change_context: ChangeContext, *, rules: OwnershipRules
    ) -> tuple["RoleChange", Event]:
        """The change applied, and the event.

        By an owner of the rules' tenure who did not request it, or by the user it is about, who however
        confirms no grant. Raises Forbidden, NotAwaiting.
        """
        require(self._may_confirm(by, at=change_context.at, rules=rules), Forbidden)
        return self._decided(State.APPLIED, change_context)

    def rejected(self, by: Account, change_context: ChangeContext) -> tuple["RoleChange", Event]:
        """The change rejected, and the event.

        Raises Forbidden for the user it is about and for whoever is no active owner, NotAwaiting.
        """
        require(self._may_reject(by), Forbidden)
        return self._decided(State.REJECTED, change_context)

    def withdrawn(self, change_context: ChangeContext) -> tuple["RoleChange", Event]:
        """The change withdrawn, and the event. Raises NotAwaiting, and Forbidden but for its requester."""
        require(change_context.by == self.requested_by, Forbidden)
        return self._decided(State.WITHDRAWN, change_context)

    def superseded(self, change_context: ChangeContext) -> tuple["RoleChange", Event]:
        """The change superseded, or expired if its time is over, and the event."""
        is_over = self.state(at=change_context.at) is State.EXPIRED
        return self._ended(State.EXPIRED if is_over else State.SUPERSEDED, change_context.by_itself())

    def _may_confirm(self, by: Account, *, at: datetime, rules: OwnershipRules) -> bool:
        if not _is_active_owner(by):
            return False
        if by.id == self.user_id:
            return not rules.confirms_grant(self.kind, self.after)
        has_tenure = by.owner_since is not None and at - by.owner_since >= rules.tenure
        return by.id != self.requested_by and has_tenure

    def _may_reject(self, by: Account) -> bool:
        return _is_active_owner(by) and by.id != self.user_id

    def _decided(self, state: State, change_context: ChangeContext) -> tuple["RoleChange", Event]:
        if self.state(at=change_context.at) is not State.AWAITING:
            raise NotAwaiting
        return self._ended(state, change_context)

    def _ended(self, state: State, change_context: ChangeContext) -> tuple["RoleChange", Event]:
        after = replace(
            self,
            stored_state=state,
            decided_by=change_context.by,
            decided_at=self.expires_at if state is State.EXPIRED else change_context.at,
            updated_at=change_context.at,
            version=self.version + 1,
        )
        return after, after._event(self.stored_state, change_context)

    def _event(self, before: State | None, change_context: ChangeContext) -> Event:
        after = {
            "user_id": str(self.user_id),
            "kind": self.kind.value,
            "from": self.before,
            "to": self.after,
            "state": self.stored_state.value,
        }
        return change_context.event(
            ACTION_OF[self.stored_state],
            self.id,
            before=None if before is None else {"state": before.value},
            after=after,
        )


def must_await(rules: OwnershipRules, actor: Actor, target: Account, kind: Kind, value: Value) -> bool:
    """Whether a change needs confirmation: it takes ownership from another owner than the actor.

    By a rule also where it grants owner or admin.
    """
    if rules.confirms_grant(kind, value):
        return True
    takes_role = kind is Kind.ROLE and value is not Role.OWNER
    takes_state = kind is Kind.ACTIVE and not value and target.active
    return target.role is Role.OWNER and actor.id != target.id and (takes_role or takes_state)


def require_possible(target: Account, kind: Kind, value: Value, *, active_owners: int) -> None:
    """Raise NotConfirmedAndActive for promoting such an account, LastOwner where no owner would be left."""
    is_promotion = isinstance(value, Role) and value.level > target.role.level
    if is_promotion and (target.email_confirmed_at is None or not target.active):
        raise NotConfirmedAndActive
    stays = value is Role.OWNER if kind is Kind.ROLE else value
    if _is_active_owner(target) and not stays and active_owners <= 1:
        raise LastOwner


def applied(
    target: Account, kind: Kind, value: Value, change_context: ChangeContext
) -> tuple[Account, Event]:
    """The account with the change, and the event; `owner_since` begins or ends with active ownership.

    A pending address is removed: it may have been set by somebody who may no longer edit the account.
    """
    changes: dict[str, Any] = {kind.value: value, "pending_email": None}
    after = replace(target, **changes)
    if _is_active_owner(after) != _is_active_owner(target):
        changes["owner_since"] = change_context.at if _is_active_owner(after) else None
    action = Action.ACCOUNT_ROLE_CHANGED
    if kind is Kind.ACTIVE:
        action = Action.ACCOUNT_REACTIVATED if value else Action.ACCOUNT_DEACTIVATED
    return revised(target, changes, action, change_context)


def may_request(account: Account) -> bool:
    """Whether the account may request changes of owners: an active, confirmed owner or admin."""
    return account.active and account.email_confirmed_at is not None and account.role in TOP_ROLES


def grants_top(before: Account, after: Account) -> bool:
    """Whether the change made the account an active owner or admin: all owners are mailed then."""
    was, is_now = (account.active and account.role in TOP_ROLES for account in (before, after))
    return is_now and (not was or before.role is not after.role)


def _is_active_owner(account: Account) -> bool:
    return account.active and account.role is Role.OWNER
