"""Accounts."""

from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa

from attendance.adapters.sql.connection import Work, insert_into
from attendance.adapters.sql.searching import PostgresSearch, Search, SqliteSearch
from attendance.adapters.sql.tables import accounts
from attendance.application.ports import Accounts, Contended
from attendance.application.views import AccountRow, AccountsPage, Page
from attendance.domain.accounts import Account, UsernameTaken

FIELDS = ("id", "username", "password_hash", "active", "created_at", "updated_at", "version")
FIND = sa.select(*accounts.c[*FIELDS]).where(accounts.c.username_key == sa.bindparam("username_key"))
ADD = {
    dialect: insert(accounts).inline().on_conflict_do_nothing(index_elements=["username_key"])
    for dialect, insert in insert_into.items()
}
SAVE = (
    sa.update(accounts)
    .where(accounts.c.id == sa.bindparam("account_id"), accounts.c.version == sa.bindparam("version_before"))
    .values({name: sa.bindparam(name) for name in ("username", "username_key", *FIELDS[2:])})
)
SHOWN = list(accounts.c["id", "username"])
SEARCH: dict[str, Search] = {
    "postgresql": PostgresSearch(
        accounts, searched="username_key", sorted_by="username_key", shown=SHOWN, among=accounts.c.active
    ),
    "sqlite": SqliteSearch(
        accounts, searched="username_key", sorted_by="username_key", shown=SHOWN, among=accounts.c.active
    ),
}


@dataclass(frozen=True, slots=True)
class SqlAccounts(Accounts):
    work: Work

    def find_by_username(self, username_key: str) -> Account | None:
        row = self.work.run(FIND, {"username_key": username_key}).one_or_none()
        return Account(**row._asdict()) if row else None

    def add(self, account: Account) -> None:
        if self.work.run(ADD, _row(account)).rowcount != 1:
            raise UsernameTaken

    def save(self, account: Account) -> None:
        guard = {"account_id": account.id, "version_before": account.version - 1}
        row = _row(account)
        del row["id"]
        if self.work.run(SAVE, row | guard).rowcount != 1:
            raise Contended

    def search(self, part: str, page: Page) -> AccountsPage:
        rows, total = SEARCH[self.work.dialect].page(self.work, part, page)
        return AccountsPage(tuple(AccountRow(row.id, row.username) for row in rows), total)


def _row(account: Account) -> dict[str, Any]:
    return {**asdict(account), "username_key": account.username_key}
