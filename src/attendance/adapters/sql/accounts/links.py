"""Links in mails: of each account one of each purpose."""

from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa

from attendance.adapters.sql.engine.connection import Work, insert_into
from attendance.adapters.sql.tables import links
from attendance.application.ports import Links
from attendance.domain.accounts.links import Link, Purpose
from attendance.domain.ids import AccountId

FIND = sa.select(*links.c).where(links.c.digest == sa.bindparam("digest"))
OF = sa.select(*links.c).where(links.c.account_id == sa.bindparam("account_id")).order_by(links.c.purpose)


def _put(insert: Any) -> Any:
    adding = insert(links).inline()
    replaced = {name: adding.excluded[name] for name in ("digest", "email", "expires_at", "used_at")}
    return adding.on_conflict_do_update(index_elements=["account_id", "purpose"], set_=replaced)


PUT = {dialect: _put(insert) for dialect, insert in insert_into.items()}
USE = (
    sa.update(links)
    .values(used_at=sa.bindparam("at"))
    .where(links.c.digest == sa.bindparam("used_digest"), links.c.used_at.is_(None))
)
VOID = sa.delete(links).where(links.c.digest == sa.bindparam("digest"))


@dataclass(frozen=True, slots=True)
class SqlLinks(Links):
    work: Work

    def put(self, link: Link) -> None:
        self.work.run(PUT, asdict(link))

    def find(self, digest: str) -> Link | None:
        row = self.work.run(FIND, {"digest": digest}).one_or_none()
        return _link(row) if row else None

    def of(self, account_id: AccountId) -> tuple[Link, ...]:
        return tuple(map(_link, self.work.run(OF, {"account_id": account_id}).rows))

    def use(self, link: Link) -> bool:
        used = {"used_digest": link.digest, "at": link.used_at}
        return self.work.run(USE, used).rowcount == 1

    def void(self, link: Link) -> None:
        self.work.run(VOID, {"digest": link.digest})


def _link(row: Any) -> Link:
    return Link(**row._asdict() | {"purpose": Purpose(row.purpose)})
