"""Dates of sign-ins by the key of account and address."""

from dataclasses import dataclass
from datetime import date

from attendance.adapters.memory.tables import Tables
from attendance.application.ports import SignInAddresses
from attendance.domain.ids import AccountId


@dataclass(frozen=True, slots=True)
class MemorySignInAddresses(SignInAddresses):
    tables: Tables

    def has(self, key: str, *, since: date) -> bool:
        row = self.tables.sign_in_addresses.get(key)
        return row is not None and row[1] >= since

    def put(self, account_id: AccountId, key: str, on: date) -> None:
        if not self.has(key, since=on):
            self.tables.sign_in_addresses.put(key, (account_id, on))

    def purge(self, before: date, *, most: int) -> int:
        return self.tables.sign_in_addresses.remove_some(lambda row: row[1] < before, most)
