"""Accounts by id, and by the keys of username and email address."""

from collections.abc import Collection, Mapping

from attendance.adapters.memory.repository import MemoryRepository
from attendance.application.pagination import Page
from attendance.application.ports import Accounts
from attendance.application.ports.accounts import ACCOUNTS, AccountRow, AccountsPage, UserCriteria
from attendance.domain.accounts.accounts import Account
from attendance.domain.ids import AccountId
from attendance.domain.permissions.roles import Role
from attendance.domain.text import search_key, sort_key

USERNAMES, EMAILS = 0, 1


class MemoryAccounts(MemoryRepository[Account, UserCriteria], Accounts):
    resource = ACCOUNTS

    def find_by_username(self, username_key: str) -> Account | None:
        return self._by_key(USERNAMES, username_key)

    def find_by_email(self, email_key: str) -> Account | None:
        return self._by_key(EMAILS, email_key)

    def _by_key(self, index: int, key: str) -> Account | None:
        account_id = self._index(index).get((key,))
        return None if account_id is None else self.find(account_id)

    def search(self, part: str, page: Page) -> AccountsPage:
        found = sorted(
            (sort_key(account.username), account.id, account.username)
            for account in self.table.all()
            if account.active and account.in_labs and part in search_key(account.username)
        )
        rows = found[page.offset : page.offset + page.limit]
        return AccountsPage(tuple(AccountRow(id_, username) for _, id_, username in rows), len(found))

    def usernames(self, account_ids: Collection[AccountId]) -> Mapping[AccountId, str]:
        accounts = map(self.find, account_ids)
        return {account.id: account.username for account in accounts if account is not None}

    def guard_owners(self) -> tuple[Account, ...]:
        owners = (it for it in self.table.all() if it.active and it.role is Role.OWNER)
        return tuple(sorted(owners, key=lambda account: account.id))
