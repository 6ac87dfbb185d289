"""Favorites, a row for each account that has chosen some."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from attendance.adapters.sql.engine.connection import Work, insert_into
from attendance.adapters.sql.tables import favorites
from attendance.application.ports import Contended
from attendance.application.ports import Favorites as FavoritesPort
from attendance.domain.club.favorites import Favorites
from attendance.domain.ids import AccountId

OF = sa.select(*favorites.c).where(favorites.c.account_id == sa.bindparam("account_id"))


def _save(insert: Any) -> Any:
    adding = insert(favorites).inline()
    replaced = {name: adding.excluded[name] for name in ("groups", "lessons", "version")}
    return adding.on_conflict_do_update(
        index_elements=["account_id"],
        set_=replaced,
        where=favorites.c.version == adding.excluded.version - 1,
    )


SAVE = {dialect: _save(insert) for dialect, insert in insert_into.items()}


@dataclass(frozen=True, slots=True)
class SqlFavorites(FavoritesPort):
    work: Work

    def of(self, account_id: AccountId) -> Favorites:
        row = self.work.run(OF, {"account_id": account_id}).one_or_none()
        if row is None:
            return Favorites(account_id=account_id)
        return Favorites(
            account_id=account_id,
            groups=tuple(map(UUID, row.groups)),
            lessons=tuple(map(UUID, row.lessons)),
            version=row.version,
        )

    def save(self, favorites: Favorites) -> None:
        row = {
            "account_id": favorites.account_id,
            "groups": [*map(str, favorites.groups)],
            "lessons": [*map(str, favorites.lessons)],
            "version": favorites.version,
        }
        if self.work.run(SAVE, row).rowcount != 1:
            raise Contended
