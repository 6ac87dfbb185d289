"""Changing what somebody is: at once, or, where it takes ownership from somebody else, once confirmed."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, TypeAlias

from attendance.domain.accounts.accounts import Account
from attendance.domain.accounts.policy import TOP
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
    """Only whoever has confirmed an address and is active is promoted."""

    text = "account is not confirmed and active"


class RoleChangeAwaits(Conflict):
    """One change at a time: decide on that one first."""

    text = "a role change is awaiting"


class NotAwaiting(Conflict):
    """It was decided, withdrawn, overtaken, or its time is over."""

    text = "not awaiting confirmation"


class LastOwner(Conflict):
    """Without it nobody would own the place: make another owner first."""

    text = "the last owner cannot be removed"


class Kind(StrEnum):
    """What is changed; its name is the account's field."""

    ROLE = "role"
    ACTIVE = "active"


class State(StrEnum):
    AWAITING = "awaiting"
    APPLIED = "applied"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"


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
    """How long one must have been an owner to confirm, and how long a change awaits that."""

    tenure: timedelta = timedelta(days=7)
    backoff: timedelta = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleChange:
    """A change of somebody's role or state that awaits confirmation, or what became of it."""

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
        """What it is now: time passes whether or not anybody has noted it."""
        is_over = self.stored_state is State.AWAITING and at >= self.expires_at
        return State.EXPIRED if is_over else self.stored_state

    def seen(self, *, at: datetime) -> "RoleChange":
        """The change as it is to be shown."""
        if self.state(at=at) is self.stored_state:
            return self
        return replace(self, stored_state=State.EXPIRED, decided_at=self.expires_at)

    def requested(self, change_context: ChangeContext) -> Event:
        return self._event(None, change_context)

    def confirmed(
        self, by: Account, change_context: ChangeContext, *, tenure: timedelta
    ) -> tuple["RoleChange", Event]:
        """Applied: by whom it concerns, or by an owner of long standing who did not ask for it.

        Raises Forbidden, NotAwaiting.
        """
        is_of_long_standing = by.owner_since is not None and change_context.at - by.owner_since >= tenure
        others_may = by.id != self.requested_by and is_of_long_standing
        require(_is_active_owner(by) and (by.id == self.user_id or others_may), Forbidden)
        return self._decided(State.APPLIED, change_context)

    def rejected(self, by: Account, change_context: ChangeContext) -> tuple["RoleChange", Event]:
        """Raises Forbidden for whom it concerns and for whoever is no active owner, NotAwaiting."""
        require(_is_active_owner(by) and by.id != self.user_id, Forbidden)
        return self._decided(State.REJECTED, change_context)

    def withdrawn(self, change_context: ChangeContext) -> tuple["RoleChange", Event]:
        """Raises Forbidden for anybody but the requester, NotAwaiting."""
        require(change_context.by == self.requested_by, Forbidden)
        return self._decided(State.WITHDRAWN, change_context)

    def superseded(self, change_context: ChangeContext) -> tuple["RoleChange", Event]:
        """Overtaken by something else, or by time: where its time is over, that is what is noted."""
        is_over = self.state(at=change_context.at) is State.EXPIRED
        return self._ended(State.EXPIRED if is_over else State.SUPERSEDED, change_context.by_itself())

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


def must_await(actor: Actor, target: Account, kind: Kind, wanted: Value) -> bool:
    """Whether this takes ownership from somebody else. An owner may step down alone."""
    takes_role = kind is Kind.ROLE and wanted is not Role.OWNER
    takes_state = kind is Kind.ACTIVE and not wanted and target.active
    return target.role is Role.OWNER and actor.id != target.id and (takes_role or takes_state)


def require_possible(target: Account, kind: Kind, wanted: Value, *, active_owners: int) -> None:
    """Raise NotConfirmedAndActive for a promotion that cannot be, LastOwner where no owner would be left."""
    is_promotion = isinstance(wanted, Role) and wanted.level > target.role.level
    if is_promotion and (target.email_confirmed_at is None or not target.active):
        raise NotConfirmedAndActive
    stays = wanted is Role.OWNER if kind is Kind.ROLE else wanted
    if _is_active_owner(target) and not stays and active_owners <= 1:
        raise LastOwner


def applied(
    target: Account, kind: Kind, wanted: Value, change_context: ChangeContext
) -> tuple[Account, Event]:
    """The account as it is then. Whoever becomes an active owner has been one from now on.

    An address that was pending is given up: somebody may have named it who may not touch the account now.
    """
    changes: dict[str, Any] = {kind.value: wanted, "pending_email": None}
    after = replace(target, **changes)
    if _is_active_owner(after) != _is_active_owner(target):
        changes["owner_since"] = change_context.at if _is_active_owner(after) else None
    action = Action.ACCOUNT_ROLE_CHANGED
    if kind is Kind.ACTIVE:
        action = Action.ACCOUNT_REACTIVATED if wanted else Action.ACCOUNT_DEACTIVATED
    return revised(target, changes, action, change_context)


def may_ask(account: Account) -> bool:
    """Whether somebody may still ask for what awaits: only owners and admins touch an owner."""
    return account.active and account.email_confirmed_at is not None and account.role in TOP


def grants_top(before: Account, after: Account) -> bool:
    """Whether the change made somebody an owner or admin, which all owners are told."""
    was, is_now = (account.active and account.role in TOP for account in (before, after))
    return is_now and (not was or before.role is not after.role)


def _is_active_owner(account: Account) -> bool:
    return account.active and account.role is Role.OWNER
