"""Accounts by id, and by the keys of username and email address."""

from collections.abc import Iterator
from dataclasses import dataclass

from attendance.adapters.memory.pagination import page_of
from attendance.adapters.memory.tables import Table, Tables
from attendance.application.pagination import Page, PageRequest
from attendance.application.ports import Accounts, Contended
from attendance.application.ports.accounts import AccountRow, AccountsPage, UserCriteria
from attendance.domain.accounts.accounts import Account, EmailTaken, UsernameTaken, UserNotFound
from attendance.domain.ids import AccountId
from attendance.domain.permissions.roles import Role
from attendance.domain.text import folded


@dataclass(frozen=True, slots=True)
class MemoryAccounts(Accounts):
    tables: Tables

    def get(self, account_id: AccountId) -> Account:
        account = self.tables.accounts.get(account_id)
        if account is None:
            raise UserNotFound
        return account

    get_for_update = get

    def find_by_username(self, username_key: str) -> Account | None:
        account_id = self.tables.usernames.get(username_key)
        return self.tables.accounts.get(account_id) if account_id else None

    def find_by_email(self, email_key: str) -> Account | None:
        account_id = self.tables.emails.get(email_key)
        return self.tables.accounts.get(account_id) if account_id else None

    def add(self, account: Account) -> None:
        self._put(account, None)

    def save(self, account: Account) -> None:
        stored = self.tables.accounts.get(account.id)
        if stored is None or stored.version != account.version - 1:
            raise Contended
        self._put(account, stored)

    def _put(self, account: Account, before: Account | None) -> None:
        usernames, emails = self.tables.usernames, self.tables.emails
        if usernames.get(account.username_key) not in (None, account.id):
            raise UsernameTaken
        if account.email_key is not None and emails.get(account.email_key) not in (None, account.id):
            raise EmailTaken
        _move(usernames, before.username_key if before else None, account.username_key, account.id)
        _move(emails, before.email_key if before else None, account.email_key, account.id)
        self.tables.accounts.put(account.id, account)

    def search(self, part: str, page: Page) -> AccountsPage:
        found = sorted(
            (account.username_key, account.id, account.username)
            for account in self.tables.accounts.all()
            if account.active and part in account.username_key
        )
        shown = found[page.offset : page.offset + page.limit]
        return AccountsPage(tuple(AccountRow(id_, username) for _, id_, username in shown), len(found))

    def list(self, criteria: UserCriteria, page_request: PageRequest[Account]) -> tuple[Account, ...]:
        return page_of(
            self._matching(criteria),
            page_request,
            keys={
                "username": lambda account: account.username_key,
                "name": lambda account: folded(account.name),
                "email": lambda account: account.email_key,
                "created_at": lambda account: account.created_at,
            },
            tie=lambda account: account.id,
        )

    def count(self, criteria: UserCriteria) -> int:
        return sum(1 for _ in self._matching(criteria))

    def _matching(self, criteria: UserCriteria) -> Iterator[Account]:
        for account in self.tables.accounts.all():
            is_named = criteria.part in account.username_key or criteria.part in folded(account.name)
            if (
                is_named
                and criteria.role in (None, account.role)
                and criteria.active in (None, account.active)
            ):
                yield account

    def guard_owners(self) -> tuple[Account, ...]:
        owners = (it for it in self.tables.accounts.all() if it.active and it.role is Role.OWNER)
        return tuple(sorted(owners, key=lambda account: account.id))


def _move(index: Table[str, AccountId], before: str | None, after: str | None, account_id: AccountId) -> None:
    """Have the account found by the new key, and by the old one no more."""
    if before == after:
        return
    if before is not None:
        index.remove(before)
    if after is not None:
        index.put(after, account_id)
