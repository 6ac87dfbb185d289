"""From where somebody signed in to which account, and on which date last."""

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from attendance.adapters.sql.engine.connection import Connection, delete_some, insert_into
from attendance.adapters.sql.tables import sign_in_addresses
from attendance.application.ports import SignInAddresses
from attendance.domain.ids import AccountId

HAS = sa.select(sign_in_addresses.c.key).where(
    sign_in_addresses.c.key == sa.bindparam("key"), sign_in_addresses.c.last_on >= sa.bindparam("since")
)
PUT = {
    dialect: (inserting := insert(sign_in_addresses).inline()).on_conflict_do_update(
        index_elements=["key"],
        set_={"last_on": inserting.excluded.last_on},
        where=sign_in_addresses.c.last_on < inserting.excluded.last_on,
    )
    for dialect, insert in insert_into.items()
}
PURGE = delete_some(sign_in_addresses.c.key, sign_in_addresses.c.last_on < sa.bindparam("before"))


@dataclass(frozen=True, slots=True)
class SqlSignInAddresses(SignInAddresses):
    connection: Connection

    def has(self, key: str, *, since: date) -> bool:
        return self.connection.run(HAS, {"key": key, "since": since}).one_or_none() is not None

    def put(self, account_id: AccountId, key: str, on: date) -> None:
        self.connection.run(PUT, {"key": key, "account_id": account_id, "last_on": on})

    def purge(self, before: date, *, most: int) -> int:
        return self.connection.run(PURGE, {"before": before, "most": most}).rowcount
