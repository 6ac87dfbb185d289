"""For the operator, at the command line: the first owner, finding accounts, helping somebody in and out."""

from dataclasses import dataclass
from datetime import datetime

from attendance.application.accounts.outbox import OutboxWriter
from attendance.application.accounts.read_models import SessionDetails, UserDetails
from attendance.application.accounts.registration import accept_username, free_address
from attendance.application.accounts.sessions import end_sessions, found_by_username, live_sessions
from attendance.application.forms.retrying import retried
from attendance.application.forms.use_case import Command, Query, TimedQuery
from attendance.application.ports import EmailAddresses, Hasher, Usernames
from attendance.domain.accounts.accounts import Account, UserNotFound
from attendance.domain.accounts.passwords import PasswordRules
from attendance.domain.accounts.role_changes import NotConfirmedAndActive
from attendance.domain.accounts.sessions import SessionLifetimes
from attendance.domain.errors import Conflict, accepted_together
from attendance.domain.events import ChangeContext
from attendance.domain.ids import OPERATOR_ID, AccountId
from attendance.domain.permissions.actor import OPERATOR
from attendance.domain.permissions.roles import Role


class OwnerExists(Conflict):
    """There is an active owner: further owners are made by owners."""

    text = "there is an owner already"


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateOwner(Command):
    """Add the first owner's account and return its id. The address counts as confirmed.

    `owner_since`: since when it is one, for whoever ran the club before it was kept here; now unless given,
    and at the latest. It counts toward the days as an owner that confirming a role change takes.

    For the operator: it asks for no permission. Raises OwnerExists, Invalid, UsernameTaken, EmailTaken.
    """

    hasher: Hasher
    usernames: Usernames
    email_addresses: EmailAddresses
    password_rules: PasswordRules

    def __call__(
        self, *, username: str, email: str, password: str, owner_since: datetime | None = None
    ) -> AccountId:
        accepted_username, accepted_email, accepted_password = accepted_together(
            lambda: accept_username(self.usernames, username, email),
            lambda: self.email_addresses.accepted(email),
            lambda: self.password_rules.accepted(password),
        )
        password_hash = self.hasher.hash(accepted_password)
        return self._add(accepted_username, accepted_email, password_hash, owner_since)

    @retried
    def _add(self, username: str, email: str, password_hash: str, owner_since: datetime | None) -> AccountId:
        now = self.clock()
        account = Account(
            id=AccountId(self.new_id()),
            username=username,
            password_hash=password_hash,
            email=email,
            email_confirmed_at=now,
            role=Role.OWNER,
            owner_since=min(owner_since or now, now),
            created_at=now,
            updated_at=now,
        )
        with self.store.transaction() as work:
            if work.accounts.guard_owners():
                raise OwnerExists
            context = ChangeContext(OPERATOR_ID, now, self.new_id)
            free_address(work, email, context)
            work.accounts.add(account)
            work.events.add(account.invited(context))
        return account.id


class FindUser(Query):
    """Return the user with this username, in any spelling that is compared as the same.

    For the operator: it asks for no permission. Raises UserNotFound.
    """

    @retried
    def __call__(self, *, username: str) -> UserDetails:
        with self.store.autocommit() as work:
            account = found_by_username(work, username)
        if account is None:
            raise UserNotFound
        return UserDetails.of(account)


@dataclass(frozen=True, slots=True, kw_only=True)
class MakePasswordLink(Command):
    """Return the token of a link that sets an account's password; the link before it is void.

    Whoever uses it has confirmed the account's address thereby: the operator vouches for it.

    For the operator: it asks for no permission. Raises UserNotFound, and NotConfirmedAndActive for an account
    that is inactive or has no address.
    """

    outbox_writer: OutboxWriter

    @retried
    def __call__(self, *, user_id: AccountId) -> str:
        with self.store.transaction() as work:
            account = work.accounts.get_for_update(user_id)
            if account.email is None or not account.active:
                raise NotConfirmedAndActive
            return self.outbox_writer.make_password_link(work, account, account.email, by=OPERATOR_ID)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionsOfUser(TimedQuery):
    """Return the sessions that somebody is signed in with now, newest first, ties by id downwards.

    For the operator: it asks for no permission.
    """

    session_lifetimes: SessionLifetimes

    @retried
    def __call__(self, *, user_id: AccountId) -> tuple[SessionDetails, ...]:
        return live_sessions(self.store, user_id, OPERATOR, self.session_lifetimes, at=self.clock())


class EndSessionsOfUser(Command):
    """End all sessions of an account, with effect on the next request of each.

    For the operator: it asks for no permission.
    """

    @retried
    def __call__(self, *, user_id: AccountId) -> None:
        context = self._change_context(OPERATOR)
        with self.store.transaction() as work:
            end_sessions(work, user_id, context)
