"""Accounts, and the guard of the owners."""

from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa

from attendance.adapters.sql.engine.bulk import among
from attendance.adapters.sql.engine.connection import Statements
from attendance.adapters.sql.engine.repository import SqlRepository, TableMapper
from attendance.adapters.sql.engine.searching import PostgresSearch, Search, SqliteSearch, has_words
from attendance.adapters.sql.tables import accounts, guards
from attendance.application.pagination import Page
from attendance.application.ports import Accounts
from attendance.application.ports.accounts import ACCOUNTS, AccountRow, AccountsPage, UserCriteria
from attendance.domain.accounts.accounts import Account
from attendance.domain.ids import AccountId

GUARD = sa.select(guards.c.name).where(guards.c.name == sa.literal_column("'owners'")).with_for_update()
USERNAMES: Statements = {
    dialect: sa.select(*accounts.c["id", "username"]).where(is_among)
    for dialect, is_among in among(accounts.c.id, "account_ids").items()
}
SEARCHED: dict[str, Any] = {
    "searched": "username_sort_key",
    "sorted_by": "username_sort_key",
    "columns": list(accounts.c["id", "username"]),
    "among": sa.and_(accounts.c.active, accounts.c.in_labs),
}
SEARCH: dict[str, Search] = {
    "postgresql": PostgresSearch(accounts, **SEARCHED),
    "sqlite": SqliteSearch(accounts, **SEARCHED),
}


class SqlAccounts(SqlRepository[Account, UserCriteria], Accounts):
    mapper = TableMapper(
        ACCOUNTS,
        accounts,
        conditions=lambda dialect: {
            "words": has_words(dialect, *accounts.c["username_sort_key", "name_key"]),
            "user_ids": among(accounts.c.id, "user_ids")[dialect],
        },
        locks_key=True,
    )

    def find_by_username(self, username_key: str) -> Account | None:
        return self._first(BY_USERNAME, {"username_key": username_key})

    def find_by_email(self, email_key: str) -> Account | None:
        return self._first(BY_EMAIL, {"email_key": email_key})

    def search(self, part: str, page: Page) -> AccountsPage:
        rows, total = SEARCH[self.connection.dialect].page(self.connection, part, page)
        return AccountsPage(tuple(AccountRow(row.id, row.username) for row in rows), total)

    def usernames(self, account_ids: Collection[AccountId]) -> Mapping[AccountId, str]:
        rows = self.connection.run(USERNAMES, {"account_ids": [*account_ids]}).rows
        return {row.id: row.username for row in rows}

    def guard_owners(self) -> tuple[Account, ...]:
        self.connection.run(GUARD, {})
        return self._entities(self.connection.run(OWNERS, {}).rows)


def _where(*conditions: Any) -> Statements:
    return {
        dialect: sa.select(*columns).where(*conditions).order_by(accounts.c.id)
        for dialect, columns in SqlAccounts.mapper.columns.items()
    }


BY_USERNAME = _where(accounts.c.username_key == sa.bindparam("username_key"))
BY_EMAIL = _where(accounts.c.email_key == sa.bindparam("email_key"))
OWNERS = _where(accounts.c.role == sa.literal_column("'owner'"), accounts.c.active)
