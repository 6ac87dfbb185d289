"""Accounts, and the guard of the owners."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa

from attendance.adapters.sql.engine.connection import Work
from attendance.adapters.sql.engine.listing import Listing, SortColumn
from attendance.adapters.sql.engine.searching import PostgresSearch, Search, SqliteSearch, holding
from attendance.adapters.sql.tables import accounts, guards
from attendance.application.pagination import Page, PageRequest
from attendance.application.ports import Accounts, Contended
from attendance.application.ports.accounts import AccountRow, AccountsPage, UserCriteria
from attendance.domain.accounts.accounts import Account, UserNotFound
from attendance.domain.ids import AccountId
from attendance.domain.permissions.roles import Role
from attendance.domain.text import folded

FIELDS = (
    "id", "username", "password_hash", "email", "pending_email", "email_confirmed_at", "name", "role",
    "active", "owner_since", "created_at", "updated_at", "version",
)  # fmt: skip
KEYS = ("username_key", "email_key", "name_key")

FIND = sa.select(*accounts.c[*FIELDS])
GET = FIND.where(accounts.c.id == sa.bindparam("id"))
HOLD = GET.with_for_update()
BY_USERNAME = FIND.where(accounts.c.username_key == sa.bindparam("username_key"))
BY_EMAIL = FIND.where(accounts.c.email_key == sa.bindparam("email_key"))
ADD = sa.insert(accounts).inline()
SAVE = (
    sa.update(accounts)
    .where(accounts.c.id == sa.bindparam("account_id"), accounts.c.version == sa.bindparam("version_before"))
    .values({name: sa.bindparam(name) for name in (*FIELDS[1:], *KEYS)})
)
GUARD = sa.select(guards.c.name).where(guards.c.name == sa.literal_column("'owners'")).with_for_update()
OWNERS = FIND.where(accounts.c.role == sa.literal_column("'owner'"), accounts.c.active).order_by(
    accounts.c.id
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
LISTING: Mapping[str, Listing[Account]] = {
    dialect: Listing(
        shown=list(accounts.c[*FIELDS]),
        tie=SortColumn(accounts.c.id, lambda account: account.id),
        keys={
            "username": SortColumn(accounts.c.username_key, lambda account: account.username_key),
            "name": SortColumn(accounts.c.name_key, lambda account: folded(account.name)),
            "email": SortColumn(accounts.c.email_key, lambda account: account.email_key),
            "created_at": SortColumn(accounts.c.created_at, lambda account: account.created_at),
        },
        conditions={
            "part": sa.or_(holding(dialect, accounts.c.username_key), holding(dialect, accounts.c.name_key)),
            "role": accounts.c.role == sa.bindparam("role"),
            "active": accounts.c.active == sa.bindparam("active"),
        },
    )
    for dialect in SEARCH
}


@dataclass(frozen=True, slots=True)
class SqlAccounts(Accounts):
    work: Work

    def get(self, account_id: AccountId) -> Account:
        return self._one(GET, account_id)

    def get_for_update(self, account_id: AccountId) -> Account:
        return self._one(HOLD, account_id)

    def _one(self, statement: sa.Select[Any], account_id: AccountId) -> Account:
        row = self.work.run(statement, {"id": account_id}).one_or_none()
        if row is None:
            raise UserNotFound
        return _account(row)

    def find_by_username(self, username_key: str) -> Account | None:
        row = self.work.run(BY_USERNAME, {"username_key": username_key}).one_or_none()
        return _account(row) if row else None

    def find_by_email(self, email_key: str) -> Account | None:
        row = self.work.run(BY_EMAIL, {"email_key": email_key}).one_or_none()
        return _account(row) if row else None

    def add(self, account: Account) -> None:
        self.work.run(ADD, account_row(account))

    def save(self, account: Account) -> None:
        guard = {"account_id": account.id, "version_before": account.version - 1}
        row = account_row(account)
        del row["id"]
        if self.work.run(SAVE, row | guard).rowcount != 1:
            raise Contended

    def search(self, part: str, page: Page) -> AccountsPage:
        rows, total = SEARCH[self.work.dialect].page(self.work, part, page)
        return AccountsPage(tuple(AccountRow(row.id, row.username) for row in rows), total)

    def list(self, criteria: UserCriteria, page_request: PageRequest[Account]) -> tuple[Account, ...]:
        return tuple(
            map(_account, LISTING[self.work.dialect].rows(self.work, _given(criteria), page_request))
        )

    def count(self, criteria: UserCriteria) -> int:
        return LISTING[self.work.dialect].count(self.work, _given(criteria))

    def guard_owners(self) -> tuple[Account, ...]:
        self.work.run(GUARD, {})
        return tuple(map(_account, self.work.run(OWNERS, {}).rows))


def _given(criteria: UserCriteria) -> dict[str, Any]:
    given = {"part": criteria.part or None, "role": criteria.role, "active": criteria.active}
    return {name: value for name, value in given.items() if value is not None}


def _account(row: Any) -> Account:
    return Account(**row._asdict() | {"role": Role(row.role)})


def account_row(account: Account) -> dict[str, Any]:
    keys = {
        "username_key": account.username_key,
        "email_key": account.email_key,
        "name_key": folded(account.name),
    }
    return asdict(account) | keys
