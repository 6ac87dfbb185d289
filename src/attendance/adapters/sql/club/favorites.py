"""Favorites, a row for each account that has chosen some."""

from dataclasses import asdict, dataclass

import sqlalchemy as sa

from attendance.adapters.sql.engine.connection import Connection, upsert
from attendance.adapters.sql.tables import favorites
from attendance.application.ports import Contended, Favorites as FavoritesPort
from attendance.domain.club.favorites import Favorites
from attendance.domain.ids import AccountId

OF = sa.select(*favorites.c).where(favorites.c.account_id == sa.bindparam("account_id"))
SAVE = upsert(favorites, only_newer=True)


@dataclass(frozen=True, slots=True)
class SqlFavorites(FavoritesPort):
    connection: Connection

    def of(self, account_id: AccountId) -> Favorites:
        row = self.connection.run(OF, {"account_id": account_id}).one_or_none()
        return Favorites(**row._asdict()) if row else Favorites(account_id=account_id)

    def save(self, favorites: Favorites) -> None:
        if self.connection.run(SAVE, asdict(favorites)).rowcount != 1:
            raise Contended
