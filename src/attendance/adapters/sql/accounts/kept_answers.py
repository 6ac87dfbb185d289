"""Kept answers."""

from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import blake2b

import sqlalchemy as sa

from attendance.adapters.sql.engine.connection import Connection, insert_into
from attendance.adapters.sql.tables import kept_answers
from attendance.application.ports import Contended, KeptAnswers
from attendance.domain.accounts.kept_answers import KeptAnswer
from attendance.domain.ids import AccountId

IS_ITS = sa.and_(
    kept_answers.c.account_id == sa.bindparam("account_id"), kept_answers.c.key == sa.bindparam("key")
)
CLAIM = sa.select(
    sa.func.pg_try_advisory_xact_lock(sa.bindparam("lock", type_=sa.BigInteger), type_=sa.Boolean).label(
        "is_mine"
    )
)
FIND = sa.select(kept_answers).where(IS_ITS)
ADD = {
    dialect: insert(kept_answers).inline().on_conflict_do_nothing(index_elements=["account_id", "key"])
    for dialect, insert in insert_into.items()
}
REMOVE = sa.delete(kept_answers).where(IS_ITS)
KEYS = kept_answers.c["account_id", "key"]
PURGE = sa.delete(kept_answers).where(
    sa.tuple_(*KEYS).in_(
        sa.select(*KEYS)
        .where(kept_answers.c.created_at < sa.bindparam("before"))
        .order_by(kept_answers.c.created_at)
        .limit(sa.bindparam("most", type_=sa.Integer))
    )
)


@dataclass(frozen=True, slots=True)
class SqlKeptAnswers(KeptAnswers):
    connection: Connection

    def claim(self, account_id: AccountId, key: str) -> bool:
        if self.connection.dialect != "postgresql":
            # whoever writes to SQLite is alone
            return True
        claimed = self.connection.run(CLAIM, {"lock": _lock(account_id, key)})
        return bool(claimed.rows[0].is_mine)

    def find(self, account_id: AccountId, key: str) -> KeptAnswer | None:
        row = self.connection.run(FIND, {"account_id": account_id, "key": key}).one_or_none()
        return None if row is None else KeptAnswer(**row._asdict())

    def add(self, answer: KeptAnswer) -> None:
        if self.connection.run(ADD, asdict(answer)).rowcount != 1:
            raise Contended

    def remove(self, answer: KeptAnswer) -> None:
        self.connection.run(REMOVE, {"account_id": answer.account_id, "key": answer.key})

    def purge(self, before: datetime, *, most: int) -> int:
        return self.connection.run(PURGE, {"before": before, "most": most}).rowcount


def _lock(account_id: AccountId, key: str) -> int:
    """What PostgreSQL locks for a key. Two keys that come to the same wait for each other, and no more."""
    digest = blake2b(account_id.bytes + key.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
