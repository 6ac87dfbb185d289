"""Registering, and finding who is registered."""

from dataclasses import dataclass

from attendance.application.ports import Clock, Hasher, NewId, Store, Usernames
from attendance.application.retrying import retried
from attendance.application.views import LARGEST_PAGE, AccountsPage, Page
from attendance.domain.accounts import Account, PasswordRules
from attendance.domain.errors import Unauthenticated
from attendance.domain.ids import AccountId, EventId
from attendance.domain.policy import Directory, may_browse, require
from attendance.domain.sessions import Actor
from attendance.domain.text import accepted_together, searchable


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """Open an account under a username nobody has in any spelling that reads the same.

    Raises Invalid for a username or password that breaks a rule, UsernameTaken.
    """

    store: Store
    clock: Clock
    new_id: NewId
    hasher: Hasher
    usernames: Usernames
    password_rules: PasswordRules

    @retried
    def __call__(self, *, username: str, password: str) -> AccountId:
        name, normal_password = accepted_together(
            lambda: self.usernames.accepted(username), lambda: self.password_rules.accepted(password)
        )
        password_hash = self.hasher.hash(normal_password)
        now = self.clock()
        account = Account(
            id=AccountId(self.new_id()),
            username=name,
            password_hash=password_hash,
            created_at=now,
            updated_at=now,
        )
        with self.store.begin() as work:
            work.accounts.add(account)
            work.events.add(account.registered(event_id=EventId(self.new_id())))
        return account.id


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchAccounts:
    """Find users by any part of their name, in any case and width; all of them without one.

    At most 1000 per answer; `total` counts them all. Raises Unauthenticated where the directory is closed.
    """

    store: Store
    directory: Directory

    @retried
    def __call__(
        self, actor: Actor | None, *, name: str = "", limit: int = LARGEST_PAGE, offset: int = 0
    ) -> AccountsPage:
        require(may_browse(actor, self.directory), Unauthenticated)
        part, page = searchable("name", name), Page(limit, offset)
        with self.store.read() as work:
            return work.accounts.search(part, page)
