"""Links by account and purpose."""

from dataclasses import dataclass
from datetime import datetime

from attendance.adapters.memory.tables import Tables
from attendance.application.ports import Links
from attendance.domain.accounts.links import Link
from attendance.domain.ids import AccountId


@dataclass(frozen=True, slots=True)
class MemoryLinks(Links):
    tables: Tables

    def put(self, link: Link) -> None:
        self.tables.links.put((link.account_id, link.purpose), link)

    def find(self, digest: str) -> Link | None:
        return next((link for link in self.tables.links.all() if link.digest == digest), None)

    def of(self, account_id: AccountId) -> tuple[Link, ...]:
        found = (link for link in self.tables.links.all() if link.account_id == account_id)
        return tuple(sorted(found, key=lambda link: link.purpose))

    def use(self, link: Link) -> bool:
        stored = self.find(link.digest)
        if stored is None or stored.used_at is not None:
            return False
        self.put(link)
        return True

    def void(self, link: Link) -> None:
        if self.find(link.digest) is not None:
            self.tables.links.remove((link.account_id, link.purpose))

    def purge(self, at: datetime, *, most: int) -> int:
        return self.tables.links.remove_some(lambda link: link.expires_at <= at, most)
