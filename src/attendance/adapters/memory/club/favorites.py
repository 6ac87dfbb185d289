"""Favorites by account."""

from dataclasses import dataclass

from attendance.adapters.memory.tables import Tables
from attendance.application.ports import Contended, Favorites as FavoritesPort
from attendance.domain.club.favorites import Favorites
from attendance.domain.ids import AccountId


@dataclass(frozen=True, slots=True)
class MemoryFavorites(FavoritesPort):
    tables: Tables

    def of(self, account_id: AccountId) -> Favorites:
        return self.tables.favorites.get(account_id) or Favorites(account_id=account_id)

    def save(self, favorites: Favorites) -> None:
        if self.of(favorites.account_id).version != favorites.version - 1:
            raise Contended
        self.tables.favorites.put(favorites.account_id, favorites)
