"""The first owner, and finding accounts: for the operator, at the command line."""

from dataclasses import dataclass

from attendance.application.accounts.read_models import UserDetails
from attendance.application.accounts.registration import accept_username, free_address
from attendance.application.accounts.sessions import found_by_username
from attendance.application.forms.retrying import retried
from attendance.application.forms.use_case import Command, Query
from attendance.application.ports import EmailAddresses, Hasher, Usernames
from attendance.domain.accounts.accounts import Account, UserNotFound
from attendance.domain.accounts.passwords import PasswordRules
from attendance.domain.errors import Conflict
from attendance.domain.events import ChangeContext
from attendance.domain.ids import OPERATOR_ID, AccountId
from attendance.domain.permissions.roles import Role
from attendance.domain.text import accepted_together


class OwnerExists(Conflict):
    """There is an active owner: further owners are made by owners."""

    text = "there is an owner already"


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateOwner(Command):
    """Add the first owner's account and return its id. The address counts as confirmed.

    For the operator: it asks for no permission. Raises OwnerExists, Invalid, UsernameTaken, EmailTaken.
    """

    hasher: Hasher
    usernames: Usernames
    email_addresses: EmailAddresses
    password_rules: PasswordRules

    def __call__(self, *, username: str, email: str, password: str) -> AccountId:
        accepted_username, accepted_email, accepted_password = accepted_together(
            lambda: accept_username(self.usernames, username, email),
            lambda: self.email_addresses.accepted(email),
            lambda: self.password_rules.accepted(password),
        )
        return self._add(accepted_username, accepted_email, self.hasher.hash(accepted_password))

    @retried
    def _add(self, username: str, email: str, password_hash: str) -> AccountId:
        now = self.clock()
        account = Account(
            id=AccountId(self.new_id()),
            username=username,
            password_hash=password_hash,
            email=email,
            email_confirmed_at=now,
            role=Role.OWNER,
            owner_since=now,
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
