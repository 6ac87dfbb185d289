"""Kept answers by account and key."""

from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from attendance.adapters.memory.tables import Tables
from attendance.application.ports import Contended, KeptAnswers
from attendance.domain.accounts.kept_answers import KeptAnswer
from attendance.domain.ids import AccountId


@dataclass(frozen=True, slots=True)
class MemoryKeptAnswers(KeptAnswers):
    tables: Tables

    def claim(self, account_id: AccountId, key: str) -> bool:
        # whoever is in a transaction is alone
        return True

    def find(self, account_id: AccountId, key: str) -> KeptAnswer | None:
        return self.tables.kept_answers.get((account_id, key))

    def add(self, answer: KeptAnswer) -> None:
        if self.find(answer.account_id, answer.key) is not None:
            raise Contended
        self.tables.kept_answers.put((answer.account_id, answer.key), answer)

    def remove(self, answer: KeptAnswer) -> None:
        if self.find(answer.account_id, answer.key) is not None:
            self.tables.kept_answers.remove((answer.account_id, answer.key))

    def purge(self, before: datetime, *, most: int) -> int:
        old = (answer for answer in self.tables.kept_answers.all() if answer.created_at < before)
        purged = [*islice(old, most)]
        for answer in purged:
            self.remove(answer)
        return len(purged)
