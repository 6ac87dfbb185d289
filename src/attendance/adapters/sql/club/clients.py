"""Clients, each with the accounts linked to it, read in one statement."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from attendance.adapters.sql.club.groups import is_member_on
from attendance.adapters.sql.engine.bulk import Bulk, among
from attendance.adapters.sql.engine.connection import Statements
from attendance.adapters.sql.engine.repository import SqlRepository, TableMapper
from attendance.adapters.sql.engine.searching import has_words
from attendance.adapters.sql.tables import client_accounts, clients, group_members
from attendance.adapters.sql.tables.columns import Facts
from attendance.application.ports.club import CLIENTS, ClientCriteria
from attendance.domain.club.clients import Client
from attendance.domain.ids import AccountId, ClientId

AS_LIST = {"postgresql": sa.func.json_agg, "sqlite": sa.func.json_group_array}
CLIENT_ID: Any = sa.bindparam("client_id", type_=sa.Uuid)
# as a list, which an index of ids serves: what SQLite asks of each row it asks of every client
IS_LINKED = clients.c.id.in_(
    sa.select(client_accounts.c.client_id).where(
        client_accounts.c.account_id == sa.bindparam("user_id", type_=sa.Uuid)
    )
)
IS_MEMBER = clients.c.id.in_(
    sa.select(group_members.c.client_id).where(
        group_members.c.group_id == sa.bindparam("group_id", type_=sa.Uuid),
        is_member_on(sa.bindparam("member_on", type_=sa.Date)),
    )
)
LINKED = sa.select(client_accounts.c.account_id).where(client_accounts.c.client_id == CLIENT_ID)
LINK = Bulk(client_accounts)
UNLINK: Statements = {
    dialect: sa.delete(client_accounts).where(client_accounts.c.client_id == CLIENT_ID, is_one)
    for dialect, is_one in among(client_accounts.c.account_id, "account_ids").items()
}


def _user_ids(dialect: str) -> sa.Label[Any]:
    """The accounts linked to a client as one JSON list, or none; in any order: a client sorts them."""
    listed = sa.select(AS_LIST[dialect](client_accounts.c.account_id, type_=Facts))
    return listed.where(client_accounts.c.client_id == clients.c.id).scalar_subquery().label("user_ids")


def client(*, user_ids: list[str] | None, **fields: Any) -> Client:
    """A client as it is read, with the accounts linked to it."""
    return Client(user_ids=tuple(AccountId(UUID(it)) for it in user_ids or ()), **fields)


class SqlClients(SqlRepository[Client, ClientCriteria]):
    mapper = TableMapper(
        CLIENTS,
        clients,
        conditions=lambda dialect: {
            "words": has_words(dialect, clients.c.searched_text),
            "user_id": IS_LINKED,
            "group_id": IS_MEMBER,
        },
        more_columns=lambda dialect: [_user_ids(dialect)],
        make=client,
    )

    def add(self, entity: Client) -> None:
        with self.connection.transaction():
            super().add(entity)
            self._link(entity.id, entity.user_ids)

    def save(self, entity: Client) -> None:
        with self.connection.transaction():
            super().save(entity)
            # as they are now: the row is locked since it was written
            rows = self.connection.run(LINKED, {"client_id": entity.id}).rows
            before, after = {row.account_id for row in rows}, {*entity.user_ids}
            if removed := before - after:
                self.connection.run(UNLINK, {"client_id": entity.id, "account_ids": sorted(removed)})
            self._link(entity.id, after - before)

    def _link(self, client_id: ClientId, account_ids: Collection[AccountId]) -> None:
        rows = [{"client_id": client_id, "account_id": it} for it in sorted(account_ids)]
        LINK.write(self.connection, rows)
