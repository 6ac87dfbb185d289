"""The first owner, whom only whoever operates the machine can make."""

from dataclasses import dataclass

from attendance.application.accounts.registration import free_address
from attendance.application.accounts.sessions import found_by_username
from attendance.application.ports import Clock, EmailAddresses, Hasher, NewId, Store, Usernames
from attendance.application.retrying import retried
from attendance.domain.accounts.accounts import Account, UserNotFound
from attendance.domain.accounts.passwords import PasswordRules
from attendance.domain.errors import Conflict
from attendance.domain.events import ChangeContext
from attendance.domain.ids import OPERATOR_ID, AccountId
from attendance.domain.permissions.roles import Role
from attendance.domain.text import accepted_together


class OwnerExists(Conflict):
    """From the first owner on, owners make owners."""

    text = "there is an owner already"


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateOwner:
    """Open the first owner's account; the operator vouches for the address.

    Raises OwnerExists, Invalid, UsernameTaken, EmailTaken.
    """

    store: Store
    clock: Clock
    new_id: NewId
    hasher: Hasher
    usernames: Usernames
    email_addresses: EmailAddresses
    password_rules: PasswordRules

    def __call__(self, *, username: str, email: str, password: str) -> AccountId:
        shown, address, normal = accepted_together(
            lambda: self.usernames.accepted(username),
            lambda: self.email_addresses.accepted(email),
            lambda: self.password_rules.accepted(password),
        )
        return self._add(shown, address, self.hasher.hash(normal))

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
            change = ChangeContext(OPERATOR_ID, now, self.new_id)
            free_address(work, email, change)
            work.accounts.add(account)
            work.events.add(account.invited(change))
        return account.id


@dataclass(frozen=True, slots=True, kw_only=True)
class FindUser:
    """The account of this username. Raises UserNotFound. For the operator."""

    store: Store

    @retried
    def __call__(self, *, username: str) -> Account:
        with self.store.autocommit() as work:
            account = found_by_username(work, username)
        if account is None:
            raise UserNotFound
        return account
