"""Accounts by id, and by username key."""

from dataclasses import dataclass

from attendance.adapters.memory.tables import Tables
from attendance.application.ports import Accounts, Contended
from attendance.application.views import AccountRow, AccountsPage, Page
from attendance.domain.accounts import Account, UsernameTaken


@dataclass(frozen=True, slots=True)
class MemoryAccounts(Accounts):
    tables: Tables

    def find_by_username(self, username_key: str) -> Account | None:
        account_id = self.tables.usernames.get(username_key)
        return self.tables.accounts.get(account_id) if account_id else None

    def add(self, account: Account) -> None:
        if self.tables.usernames.get(account.username_key):
            raise UsernameTaken
        self.tables.usernames.put(account.username_key, account.id)
        self.tables.accounts.put(account.id, account)

    def save(self, account: Account) -> None:
        stored = self.tables.accounts.get(account.id)
        if stored is None or stored.version != account.version - 1:
            raise Contended
        self.tables.accounts.put(account.id, account)

    def search(self, part: str, page: Page) -> AccountsPage:
        found = sorted(
            (account.username_key, account.id, account.username)
            for account in self.tables.accounts.all()
            if account.active and part in account.username_key
        )
        shown = found[page.offset : page.offset + page.limit]
        return AccountsPage(tuple(AccountRow(id_, username) for _, id_, username in shown), len(found))
