"""Links in mails: of each account one of each purpose."""

from dataclasses import asdict, dataclass
from datetime import datetime

import sqlalchemy as sa

from attendance.adapters.sql.engine.connection import Connection, delete_some, upsert
from attendance.adapters.sql.tables import links
from attendance.application.ports import Links
from attendance.domain.accounts.links import Link
from attendance.domain.ids import AccountId

FIND = sa.select(*links.c).where(links.c.digest == sa.bindparam("digest"))
OF = sa.select(*links.c).where(links.c.account_id == sa.bindparam("account_id")).order_by(links.c.purpose)
PUT = upsert(links)
USE = (
    sa.update(links)
    .values(used_at=sa.bindparam("at"))
    .where(links.c.digest == sa.bindparam("used_digest"), links.c.used_at.is_(None))
)
VOID = sa.delete(links).where(links.c.digest == sa.bindparam("digest"))
PURGE = delete_some(links.c.digest, links.c.expires_at <= sa.bindparam("at"))


@dataclass(frozen=True, slots=True)
class SqlLinks(Links):
    connection: Connection

    def put(self, link: Link) -> None:
        self.connection.run(PUT, asdict(link))

    def find(self, digest: str) -> Link | None:
        row = self.connection.run(FIND, {"digest": digest}).one_or_none()
        return Link(**row._asdict()) if row else None

    def of(self, account_id: AccountId) -> tuple[Link, ...]:
        rows = self.connection.run(OF, {"account_id": account_id}).rows
        return tuple(Link(**row._asdict()) for row in rows)

    def use(self, link: Link) -> bool:
        used = {"used_digest": link.digest, "at": link.used_at}
        return self.connection.run(USE, used).rowcount == 1

    def void(self, link: Link) -> None:
        self.connection.run(VOID, {"digest": link.digest})

    def purge(self, at: datetime, *, most: int) -> int:
        return self.connection.run(PURGE, {"at": at, "most": most}).rowcount
