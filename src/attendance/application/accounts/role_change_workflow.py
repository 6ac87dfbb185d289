"""Changing a role or state at once or after confirmation, for actors who may.

The caller has locked the owners before: see `Accounts.guard_owners`.
"""

from dataclasses import dataclass, replace

from attendance.application.accounts.outbox import OutboxWriter, void_links
from attendance.application.accounts.read_models import RoleChangeDetails, UserDetails
from attendance.application.accounts.sessions import end_calendar_token, end_sessions
from attendance.application.ports import Clock, NewId, UnitOfWork
from attendance.domain.accounts.accounts import Account
from attendance.domain.accounts.mail import MailKind
from attendance.domain.accounts.role_changes import (
    Kind,
    OwnershipRules,
    RoleChange,
    RoleChangeAwaits,
    State,
    Value,
    applied,
    grants_top,
    may_request,
    must_await,
    require_possible,
)
from attendance.domain.events import ChangeContext
from attendance.domain.ids import OPERATOR_ID, AccountId, RoleChangeId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.roles import Level


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleChangeWorkflow:
    """Applies changes or stores them to await confirmation, and mails the owners."""

    clock: Clock
    new_id: NewId
    outbox_writer: OutboxWriter
    rules: OwnershipRules

    def ask(
        self,
        work: UnitOfWork,
        actor: Actor,
        target: Account,
        kind: Kind,
        value: Value,
        owners: tuple[Account, ...],
    ) -> UserDetails | RoleChangeDetails:
        """The user with the change applied, or the change that awaits confirmation.

        The present value again changes nothing. Raises NotConfirmedAndActive, LastOwner, RoleChangeAwaits.
        """
        if getattr(target, kind.value) == value:
            return UserDetails.of(target)
        require_possible(target, kind, value, active_owners=len(owners))
        if not must_await(self.rules, actor, target, kind, value):
            return UserDetails.of(self.apply(work, target, kind, value, by=actor.id))
        at = self.clock()
        for change in work.role_changes.awaiting():
            if change.user_id == target.id:
                if change.state(at=at) is State.AWAITING:
                    raise RoleChangeAwaits
                self._end(work, change)
        change = RoleChange(
            id=RoleChangeId(self.new_id()),
            user_id=target.id,
            requested_by=actor.id,
            kind=kind,
            before=getattr(target, kind.value),
            after=value,
            expires_at=at + self.rules.confirmation_period,
            created_at=at,
            updated_at=at,
        )
        work.role_changes.add(change)
        work.events.add(change.requested(ChangeContext(actor.id, at, self.new_id)))
        if self.rules.confirms_grant(kind, value):
            self._tell_of_grant(work, change, owners, target)
        else:
            self._tell(
                work, MailKind.ROLE_CHANGE_AWAITS, owners, target, by=actor.id, what=kind.value, to=str(value)
            )
        return RoleChangeDetails.of(change, at)

    def apply(self, work: UnitOfWork, target: Account, kind: Kind, value: Value, *, by: AccountId) -> Account:
        """Apply a change; the changes that it makes void end as superseded."""
        context = ChangeContext(by, self.clock(), self.new_id)
        after, event = applied(target, kind, value, context)
        work.accounts.save(after)
        work.events.add(event)
        if not after.active:
            end_sessions(work, after.id, context)
            end_calendar_token(work, after.id, context)
        void_links(work, after, is_every=not after.active)
        for change in work.role_changes.awaiting():
            has_lost_requester = change.requested_by == after.id and not may_request(after)
            if change.user_id == after.id or has_lost_requester:
                self._end(work, change)
        if grants_top(target, after):
            owners = work.accounts.guard_owners()
            self._tell(work, MailKind.ROLE_GRANTED, owners, after, by=by, role=after.role.value)
        return after

    def expire(self, work: UnitOfWork) -> None:
        """Store as expired the changes whose time for confirmation is over."""
        at = self.clock()
        for change in work.role_changes.awaiting():
            if change.state(at=at) is State.EXPIRED:
                self._end(work, change)

    def _end(self, work: UnitOfWork, change: RoleChange) -> None:
        ended, event = change.superseded(ChangeContext(None, self.clock(), self.new_id))
        work.role_changes.save(ended)
        work.events.add(event)

    def _tell_of_grant(
        self, work: UnitOfWork, change: RoleChange, owners: tuple[Account, ...], target: Account
    ) -> None:
        """Mail the owners, whoever is to have the role, and whoever asks for it, each of them once."""
        readers = {account.id: account for account in (*owners, target)}
        if change.requested_by != OPERATOR_ID:
            readers.setdefault(change.requested_by, work.accounts.get(change.requested_by))
        self._tell(
            work,
            MailKind.ROLE_GRANT_AWAITS,
            tuple(readers.values()),
            target,
            by=change.requested_by,
            role=str(change.after),
        )

    def _tell(
        self,
        work: UnitOfWork,
        kind: MailKind,
        readers: tuple[Account, ...],
        target: Account,
        *,
        by: AccountId,
        **facts: str,
    ) -> None:
        by_name = "operator" if by == OPERATOR_ID else work.accounts.get(by).username
        for reader in readers:
            self.outbox_writer.tell(work, kind, reader, about=target.username, by=by_name, **facts)


def as_of_now(work: UnitOfWork, actor: Actor) -> Actor:
    """The actor with its level as stored now, which may be lower than when the request began."""
    if actor.id == OPERATOR_ID:
        return actor
    account = work.accounts.get(actor.id)
    return replace(actor, level=account.level if account.active else Level.ANYBODY)
